//! A schedule: a cluster and what happens to it when. A seed makes one; a person can read it.

use crate::network::{Weather, Wire};
use crate::room::{Place, Trouble, Verb};
use crate::setup::{LINKS, Setup};
use api::StandbySet;
use base::Dice;
use std::fmt;
use std::time::Duration;

/// One thing that happens to the cluster. Hosts are numbered from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// One direction of a wire loses everything.
    Cut(Wire, usize, usize),
    /// It delivers again.
    Heal(Wire, usize, usize),
    /// One direction of a wire keeps everything back.
    Clog(Wire, usize, usize),
    /// It delivers what it kept back, and goes on.
    Unclog(Wire, usize, usize),
    /// A host's way to the ping nodes is cut.
    CutPing(usize),
    /// It is healed.
    HealPing(usize),
    /// The weather changes on every wire.
    Weather(Weather),
    /// A host loses its power.
    PowerOff(usize),
    /// It is switched on; with its state files gone if `lost`.
    Boot {
        /// Which host.
        host: usize,
        /// `/var/lib/heartbeat` is gone: generation and uuid begin anew.
        lost: bool,
    },
    /// The daemon is killed; its parent starts the next one within half a second.
    KillDaemon(usize),
    /// The daemon is asked to stop.
    Stop(usize),
    /// No process of the daemon runs, packets queue.
    Pause(usize),
    /// They run again.
    Resume(usize),
    /// The wall clock jumps, by seconds.
    ClockJump(usize, i64),
    /// `hb_standby`.
    Standby(usize, StandbySet),
    /// `hb_takeover`.
    Takeover(usize, StandbySet),
    /// A script is in trouble on this host until the faults stop.
    Plan(usize, Place, Verb, Trouble),
    /// Fence devices used from this host work, or don't.
    Fence(usize, bool),
}

/// An act and its moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Since the run's beginning.
    pub at: Duration,
    /// What happens.
    pub act: Act,
}

/// A cluster and its misfortunes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// What made it; the dice of network and scripts follow from it too.
    pub seed: u64,
    /// The cluster.
    pub setup: Setup,
    /// In order of time.
    pub steps: Vec<Step>,
    /// Which of the seed's steps these are, when some were left out.
    pub kept: Option<Vec<usize>>,
    /// From here on nothing goes wrong any more.
    pub quiet_at: Duration,
}

/// How long things go wrong: room for a few partitions of a few dead times each.
const TROUBLED: Duration = Duration::from_secs(40);

/// Between a fault's beginning and its end.
const FAULT_TIME: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(12));

/// A host that lost its state counts generations by the clock, in seconds: no machine gets a new
/// disk in less.
const REINSTALLED: Duration = Duration::from_secs(2);

/// How many things go wrong at most; each may have a beginning and an end.
const FAULTS_MAX: u64 = 8;

/// The furthest a wall clock jumps, in seconds.
const JUMP_MAX: u64 = 100_000;

impl Schedule {
    /// The schedule of a seed.
    pub fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let setup = Setup::random(&mut dice);
        let mut steps = Vec::new();
        // The hosts start together, or the second one late.
        let late = if dice.percent(50) { Duration::ZERO } else { spread(&mut dice, 12) };
        let first = dice.below(2) as usize;
        steps.push(Step { at: Duration::ZERO, act: Act::Boot { host: first, lost: false } });
        steps.push(Step { at: late, act: Act::Boot { host: 1 - first, lost: false } });
        // A host whose clock jumps keeps its state files: without both, nothing is left to count
        // generations by, and no implementation could keep them from going back.
        let jumpy = dice.below(2) as usize;
        for _ in 0..=dice.below(FAULTS_MAX) {
            misfortune(&mut dice, &setup, jumpy, &mut steps);
        }
        steps.sort_by_key(|step| step.at);
        Self { seed, setup, steps, kept: None, quiet_at: TROUBLED }
    }

    /// The same with only those steps, by their places in the seed's own schedule.
    #[must_use]
    pub fn keeping(&self, kept: &[usize]) -> Self {
        let steps = kept.iter().filter_map(|i| self.steps.get(*i).copied()).collect();
        Self { steps, kept: Some(kept.to_vec()), ..self.clone() }
    }
}

fn spread(dice: &mut Dice, seconds: u64) -> Duration {
    dice.between(Duration::ZERO, Duration::from_secs(seconds))
}

/// Throws one misfortune: what begins, and what ends it.
fn misfortune(dice: &mut Dice, setup: &Setup, jumpy: usize, steps: &mut Vec<Step>) {
    let begin = spread(dice, TROUBLED.as_secs());
    let lasts = dice.between(FAULT_TIME.0, FAULT_TIME.1);
    let end = (begin + lasts).min(TROUBLED);
    let middle = (begin + lasts / 2).min(TROUBLED);
    let host = dice.below(2) as usize;
    let mut add = |at: Duration, act: Act| steps.push(Step { at, act });
    match dice.below(100) {
        // Every wire in both directions: a partition. The wires may heal one after another.
        0..=19 => {
            for wire in (0..setup.links).map(Wire) {
                let heal = if dice.percent(50) { end } else { middle };
                for (from, to) in [(0, 1), (1, 0)] {
                    add(begin, Act::Cut(wire, from, to));
                    add(heal, Act::Heal(wire, from, to));
                }
            }
        }
        // One direction of every wire.
        20..=31 => {
            for wire in (0..setup.links).map(Wire) {
                add(begin, Act::Cut(wire, host, 1 - host));
                add(end, Act::Heal(wire, host, 1 - host));
            }
        }
        32..=39 => {
            let wire = Wire(dice.below(setup.links as u64) as usize);
            add(begin, Act::Clog(wire, host, 1 - host));
            add(end, Act::Unclog(wire, host, 1 - host));
        }
        40..=49 => {
            add(begin, Act::Weather(bad_weather(dice)));
            add(end, Act::Weather(Weather::FAIR));
        }
        50..=63 => {
            add(begin, Act::PowerOff(host));
            let lost = host != jumpy && dice.percent(30) && end.saturating_sub(begin) > REINSTALLED;
            add(end, Act::Boot { host, lost });
        }
        64..=68 => add(begin, Act::KillDaemon(host)),
        69..=74 => {
            add(begin, Act::Stop(host));
            add(end, Act::Boot { host, lost: false });
        }
        75..=80 => {
            add(begin, Act::Pause(host));
            add(end, Act::Resume(host));
        }
        81..=83 => {
            let seconds = dice.below(2 * JUMP_MAX).cast_signed() - JUMP_MAX.cast_signed();
            add(begin, Act::ClockJump(jumpy, seconds));
        }
        84..=89 => add(begin, Act::Standby(host, set(dice))),
        90..=92 => add(begin, Act::Takeover(host, set(dice))),
        93..=95 if setup.ipfail => {
            add(begin, Act::CutPing(host));
            add(end, Act::HealPing(host));
        }
        96..=97 if setup.stonith => {
            add(begin, Act::Fence(host, false));
            add(end, Act::Fence(host, true));
        }
        _ => {
            let group = dice.below(setup.groups as u64) as usize;
            let place = Place { group, resource: 1 };
            let verb = if dice.percent(60) { Verb::Start } else { Verb::Stop };
            let trouble = if dice.percent(60) { Trouble::Slow } else { Trouble::Fails };
            add(begin, Act::Plan(host, place, verb, trouble));
        }
    }
}

fn bad_weather(dice: &mut Dice) -> Weather {
    Weather {
        loss: dice.below(40) as u32,
        duplicate: dice.below(30) as u32,
        straggle: dice.below(30) as u32,
        delay_min: Duration::from_micros(100),
        delay_max: Duration::from_millis(1 + dice.below(100)),
        ..Weather::FAIR
    }
}

fn set(dice: &mut Dice) -> StandbySet {
    [StandbySet::All, StandbySet::Local, StandbySet::Foreign][dice.below(3) as usize]
}

/// As a line of a scenario file; what that language has no word for stands in a comment.
impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = |host: &usize| format!("node{}", host + 1);
        match self {
            Self::Cut(wire, from, to) => {
                write!(f, "cut {}->{} {}", node(from), node(to), LINKS[wire.0])
            }
            Self::Heal(wire, from, to) => {
                write!(f, "heal {}->{} {}", node(from), node(to), LINKS[wire.0])
            }
            Self::Clog(wire, from, to) => {
                write!(f, "# sim: clog {}->{} {}", node(from), node(to), LINKS[wire.0])
            }
            Self::Unclog(wire, from, to) => {
                write!(f, "# sim: unclog {}->{} {}", node(from), node(to), LINKS[wire.0])
            }
            Self::CutPing(host) => write!(f, "# sim: cut {}->gateway", node(host)),
            Self::HealPing(host) => write!(f, "# sim: heal {}->gateway", node(host)),
            Self::Weather(w) => write!(
                f,
                "# sim: weather: loss {} %, twice {} %, late {} %, delay up to {:?}",
                w.loss, w.duplicate, w.straggle, w.delay_max
            ),
            Self::PowerOff(host) => write!(f, "kill host {}", node(host)),
            Self::Boot { host, lost: false } => write!(f, "boot {}", node(host)),
            Self::Boot { host, lost: true } => {
                write!(f, "boot {}  # sim: with its state files lost", node(host))
            }
            Self::KillDaemon(host) => {
                write!(f, "kill daemon {}  # sim: its parent starts the next", node(host))
            }
            Self::Stop(host) => write!(f, "stop {}", node(host)),
            Self::Pause(host) => write!(f, "# sim: pause {}", node(host)),
            Self::Resume(host) => write!(f, "# sim: resume {}", node(host)),
            Self::ClockJump(host, s) => write!(f, "# sim: the clock of {} jumps {s} s", node(host)),
            Self::Standby(host, set) => {
                write!(f, "run hb_standby {} on {}", set.word(), node(host))
            }
            Self::Takeover(host, set) => {
                write!(f, "run hb_takeover {} on {}", set.word(), node(host))
            }
            Self::Plan(host, place, verb, trouble) => write!(
                f,
                "# sim: {:?} of resource {} of group {} on {}: {:?}",
                verb,
                place.resource + 1,
                place.group + 1,
                node(host),
                trouble
            ),
            Self::Fence(host, works) => {
                write!(
                    f,
                    "# sim: fencing from {} {}",
                    node(host),
                    if *works { "works" } else { "fails" }
                )
            }
        }
    }
}

/// As a scenario file, with the command that replays it exactly.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# A schedule of the simulator; exactly: {}", self.command())?;
        write!(f, "{}", self.setup)?;
        let mut now = Duration::ZERO;
        let mut started = [false; 2];
        for step in &self.steps {
            if step.at > now {
                writeln!(f, "wait {}ms", step.at.saturating_sub(now).as_millis())?;
                now = step.at;
            }
            match step.act {
                Act::Boot { host, lost: false } if !std::mem::replace(&mut started[host], true) => {
                    writeln!(f, "start node{}", host + 1)?;
                }
                act => writeln!(f, "{act}")?,
            }
        }
        if self.quiet_at > now {
            writeln!(f, "wait {}ms", self.quiet_at.saturating_sub(now).as_millis())?;
        }
        writeln!(f, "heal all")?;
        writeln!(f, "expect one holder")
    }
}

impl Schedule {
    /// The command that runs exactly this.
    pub fn command(&self) -> String {
        let keep = self.kept.as_ref().map_or(String::new(), |kept| {
            let list: Vec<String> = kept.iter().map(ToString::to_string).collect();
            format!(" --keep {}", list.join(","))
        });
        format!("handover sim --seed {}{keep}", self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_schedule_and_its_steps_are_in_order() {
        for seed in 0..200 {
            let schedule = Schedule::random(seed);
            assert_eq!(schedule, Schedule::random(seed));
            assert!(schedule.steps.is_sorted_by_key(|s| s.at));
            assert!(schedule.steps.iter().all(|s| s.at <= schedule.quiet_at));
        }
        assert_ne!(Schedule::random(1), Schedule::random(2));
    }

    #[test]
    fn no_host_loses_its_state_and_its_clock_in_one_run() {
        for seed in 0..2_000 {
            let steps = Schedule::random(seed).steps;
            let jumps =
                |host| steps.iter().any(|s| matches!(s.act, Act::ClockJump(h, _) if h == host));
            for step in &steps {
                if let Act::Boot { host, lost: true } = step.act {
                    assert!(!jumps(host), "seed {seed}");
                }
            }
        }
    }

    #[test]
    fn a_printed_schedule_is_a_scenario() {
        for seed in 0..200 {
            let text = Schedule::random(seed).to_string();
            let read = crate::scenario::parse("seed", &text);
            assert!(read.is_ok(), "{text}\n{read:#?}");
        }
    }

    #[test]
    fn what_is_kept_can_be_named_on_the_command_line() {
        let all = Schedule::random(5);
        let some = all.keeping(&[0, 1]);
        assert_eq!(some.steps, all.steps[..2]);
        assert_eq!(some.command(), "handover sim --seed 5 --keep 0,1");
    }
}
