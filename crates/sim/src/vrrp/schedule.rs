//! What happens to the routers of a run, and when. A seed makes it; a person can read it.

use super::setup::{Keys, NAMES, Plan, Setup, Tracking, WIRES};
use super::text::{self, Mistake};
use crate::network::{Weather, Wire};
use base::Dice;
use std::fmt;
use std::time::Duration;

/// One thing that happens. Hosts, networks and virtual routers are numbered from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// One direction of a network loses everything between two hosts.
    Cut(Wire, usize, usize),
    /// It delivers again.
    Heal(Wire, usize, usize),
    /// The weather changes on all networks.
    Weather(Weather),
    /// A host loses its power.
    PowerOff(usize),
    /// It is switched on, or its stopped daemon is started.
    Boot(usize),
    /// The worker is killed; its parent starts the next one a little later.
    Kill(usize, Duration),
    /// The daemon is asked to stop.
    Stop(usize),
    /// It is stopped for an upgrade, addresses stay, and the next one starts a little later.
    Upgrade(usize, Duration),
    /// Nothing of it runs, packets queue (SIGSTOP).
    Freeze(usize),
    /// It runs again.
    Thaw(usize),
    /// An interface of a host goes up or down.
    Link(usize, usize, bool),
    /// The address it speaks from is removed from an interface, or given back.
    Address(usize, usize, bool),
    /// Somebody removes an address of a virtual router, if it is there.
    Snatch(usize, usize),
    /// What is tracked on a host is well, or not.
    Tracked(usize, bool),
    /// The host's priority is changed in its file, and the file is read again.
    Priority(usize, u8),
    /// The file gets a mistake, is read again, and is mended.
    Mistake(usize, Mistake),
    /// The wall clock jumps, by milliseconds.
    ClockJump(usize, i64),
}

/// An act and its moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Since the run's beginning.
    pub at: Duration,
    /// What happens.
    pub act: Act,
}

/// Routers and their misfortunes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// What made it; the dice of network and timers follow from it too.
    pub seed: u64,
    /// The routers.
    pub setup: Setup,
    /// In order of time.
    pub steps: Vec<Step>,
    /// Which of the seed's steps these are, when some were left out.
    pub kept: Option<Vec<usize>>,
    /// From here on nothing goes wrong any more.
    pub quiet_at: Duration,
}

/// Things go wrong for so many times the longest failover.
const TROUBLED: u32 = 10;

/// A fault lasts at most so many times the longest failover.
const FAULT_MAX: u32 = 3;

/// How many things go wrong at most; each may have a beginning and an end.
const FAULTS_MAX: u64 = 9;

/// The furthest a wall clock jumps, in milliseconds: a day and a night.
const JUMP_MAX: u64 = 86_400_000;

/// With signed adverts, all jumps together must stay inside the window; they count as replays
/// when a clock goes back, so that it only goes forward.
const SIGNED_JUMP_MAX: u64 = text::HMAC_WINDOW.as_millis() as u64 / (4 * FAULTS_MAX);

impl Schedule {
    /// The schedule of a seed.
    pub fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let setup = Setup::random(&mut dice);
        let unit = setup.master_down_max();
        let quiet_at = unit * TROUBLED;
        let mut steps: Vec<Step> = (0..setup.hosts)
            .map(|host| {
                let late = if dice.percent(60) { Duration::ZERO } else { unit * 3 };
                Step { at: dice.between(Duration::ZERO, late), act: Act::Boot(host) }
            })
            .collect();
        for _ in 0..=dice.below(FAULTS_MAX) {
            let mut add = |at: Duration, act| steps.push(Step { at: at.min(quiet_at), act });
            misfortune(&mut dice, &setup, &mut add);
        }
        steps.sort_by_key(|step| step.at);
        Self { seed, setup, steps, kept: None, quiet_at }
    }

    /// The same with only those steps, by their places in the seed's own schedule.
    #[must_use]
    pub fn keeping(&self, kept: &[usize]) -> Self {
        let steps = kept.iter().filter_map(|i| self.steps.get(*i).copied()).collect();
        Self { steps, kept: Some(kept.to_vec()), ..self.clone() }
    }

    /// The command that runs exactly this.
    pub fn command(&self) -> String {
        let keep = self.kept.as_ref().map_or(String::new(), |kept| {
            let list: Vec<String> = kept.iter().map(ToString::to_string).collect();
            format!(" --keep {}", list.join(","))
        });
        format!("handover sim vrrp --seed {}{keep}", self.seed)
    }
}

/// Throws one misfortune: what begins, and what ends it.
fn misfortune(dice: &mut Dice, setup: &Setup, add: &mut impl FnMut(Duration, Act)) {
    let unit = setup.master_down_max();
    let begin = dice.between(Duration::ZERO, unit * TROUBLED);
    let lasts = dice.between(unit / 20, unit * FAULT_MAX);
    let end = begin + lasts;
    let host = dice.below(setup.hosts as u64) as usize;
    let router = dice.below(setup.routers() as u64) as usize;
    let wire = setup.wire_of(router);
    match dice.below(100) {
        0..=15 => part(dice, setup, (begin, end), host, add),
        16..=23 => {
            let other = (host + 1 + dice.below(setup.hosts as u64 - 1) as usize) % setup.hosts;
            add(begin, Act::Cut(Wire(wire), host, other));
            add(end, Act::Heal(Wire(wire), host, other));
        }
        24..=33 => {
            add(begin, Act::Weather(bad_weather(dice, setup)));
            add(end, Act::Weather(fair(setup)));
        }
        34..=43 => {
            add(begin, Act::PowerOff(host));
            add(end, Act::Boot(host));
        }
        44..=50 => add(begin, Act::Kill(host, dice.between(unit / 100, unit / 2))),
        51..=57 => {
            add(begin, Act::Stop(host));
            add(end, Act::Boot(host));
        }
        58..=61 => add(begin, Act::Upgrade(host, dice.between(unit / 100, unit / 2))),
        62..=70 => {
            add(begin, Act::Freeze(host));
            add(end, Act::Thaw(host));
        }
        71..=76 => {
            let wire = dice.below(WIRES.len() as u64) as usize;
            add(begin, Act::Link(host, wire, false));
            add(end, Act::Link(host, wire, true));
        }
        77..=79 => {
            add(begin, Act::Address(host, wire, false));
            add(end, Act::Address(host, wire, true));
        }
        80..=83 => {
            add(begin, Act::Snatch(host, router));
            if dice.percent(50) {
                add(begin + lasts / 8, Act::Snatch(host, router));
            }
        }
        84..=90 => {
            add(begin, Act::Tracked(host, false));
            add(end, Act::Tracked(host, true));
        }
        91..=94 => add(begin, Act::Priority(host, another_priority(dice, setup))),
        95..=97 => {
            let number = Mistake::ALL.len() - usize::from(setup.unicast);
            let mistake = Mistake::ALL[dice.below(number as u64) as usize];
            add(begin, Act::Mistake(host, mistake));
        }
        _ => add(begin, Act::ClockJump(host, jump(dice, setup))),
    }
}

/// A host is parted from all others, on one network or on both.
fn part(
    dice: &mut Dice,
    setup: &Setup,
    (begin, end): (Duration, Duration),
    host: usize,
    add: &mut impl FnMut(Duration, Act),
) {
    let one = (setup.plan == Plan::Group && dice.percent(50)).then(|| dice.below(2) as usize);
    for wire in 0..WIRES.len() {
        if one.is_some_and(|one| one != wire) {
            continue;
        }
        for other in (0..setup.hosts).filter(|other| *other != host) {
            for (from, to) in [(host, other), (other, host)] {
                add(begin, Act::Cut(Wire(wire), from, to));
                add(end, Act::Heal(Wire(wire), from, to));
            }
        }
    }
}

/// The weather while nothing is wrong: packets take up to a millisecond, or a tenth of a shorter
/// interval.
pub(crate) fn fair(setup: &Setup) -> Weather {
    let delay_max = Weather::FAIR.delay_max.min(setup.interval_min() / 10);
    Weather { delay_max, straggle_max: Duration::ZERO, ..Weather::FAIR }
}

fn bad_weather(dice: &mut Dice, setup: &Setup) -> Weather {
    Weather {
        loss: dice.below(40) as u32,
        duplicate: dice.below(30) as u32,
        straggle: dice.below(30) as u32,
        delay_min: Weather::FAIR.delay_min,
        delay_max: dice.between(Weather::FAIR.delay_max, setup.interval_min()),
        straggle_max: setup.interval_min() * 2,
    }
}

/// 255 changes what else is allowed in the file, so that it is never come by or left.
fn another_priority(dice: &mut Dice, setup: &Setup) -> u8 {
    if setup.priorities.contains(&255) { 0 } else { 1 + dice.below(254) as u8 }
}

fn jump(dice: &mut Dice, setup: &Setup) -> i64 {
    if setup.keys == Keys::Hmac {
        return dice.below(SIGNED_JUMP_MAX).cast_signed();
    }
    dice.below(2 * JUMP_MAX).cast_signed() - JUMP_MAX.cast_signed()
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = |host: &usize| format!("node{}", host + 1);
        match self {
            Self::Cut(wire, from, to) => {
                write!(f, "cut {}->{} {}", node(from), node(to), WIRES[wire.0])
            }
            Self::Heal(wire, from, to) => {
                write!(f, "heal {}->{} {}", node(from), node(to), WIRES[wire.0])
            }
            Self::Weather(w) => write!(
                f,
                "weather: loss {} %, twice {} %, late {} %, delay up to {:?}",
                w.loss, w.duplicate, w.straggle, w.delay_max
            ),
            Self::PowerOff(host) => write!(f, "power off {}", node(host)),
            Self::Boot(host) => write!(f, "start {}", node(host)),
            Self::Kill(host, after) => {
                write!(f, "kill the worker on {}; the next starts after {after:?}", node(host))
            }
            Self::Stop(host) => write!(f, "stop {}", node(host)),
            Self::Upgrade(host, after) => {
                write!(f, "upgrade {}; the next starts after {after:?}", node(host))
            }
            Self::Freeze(host) => write!(f, "freeze {}", node(host)),
            Self::Thaw(host) => write!(f, "thaw {}", node(host)),
            Self::Link(host, wire, up) => {
                let word = if *up { "up" } else { "down" };
                write!(f, "{} {word} on {}", WIRES[*wire], node(host))
            }
            Self::Address(host, wire, there) => {
                let word = if *there { "gets its address back" } else { "loses its address" };
                write!(f, "{} on {} {word}", WIRES[*wire], node(host))
            }
            Self::Snatch(host, router) => {
                write!(f, "somebody removes an address of {} on {}", NAMES[*router], node(host))
            }
            Self::Tracked(host, good) => {
                let word = if *good { "is well again" } else { "fails" };
                write!(f, "what is tracked on {} {word}", node(host))
            }
            Self::Priority(host, priority) => {
                write!(f, "reload {} with priority {priority}", node(host))
            }
            Self::Mistake(host, mistake) => {
                write!(f, "reload {} with a mistake in its file ({mistake:?})", node(host))
            }
            Self::ClockJump(host, ms) => {
                write!(f, "the wall clock of {} jumps by {ms} ms", node(host))
            }
        }
    }
}

/// The files, then what happens when; with the command that replays it exactly.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}", self.setup)?;
        writeln!(f, "# replay: {}", self.command())?;
        writeln!(f, "# keepalived.conf of node1:")?;
        f.write_str(&text::keepalived_conf(&self.setup, 0, &self.setup.priorities))?;
        writeln!(f, "# what happens:")?;
        for step in &self.steps {
            writeln!(f, "{:>10.3} s  {}", step.at.as_secs_f64(), step.act)?;
        }
        writeln!(f, "{:>10.3} s  all faults end", self.quiet_at.as_secs_f64())
    }
}

/// Whether there is something on a host that [`Act::Tracked`] can break.
pub(crate) const fn can_fail(setup: &Setup) -> bool {
    matches!(setup.tracking, Tracking::Script(_) | Tracking::Process(_))
}
