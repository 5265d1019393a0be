//! The exhaustive search: a pair, and every order of the events that come next.
//!
//! At each state the choices are: deliver or lose the oldest datagram of a direction, end an
//! operation, let the next timer run (whatever is on its way is late then), crash a host, start
//! it, give an administrator's command. The search goes one level deeper each time until the caller
//! stops it. Checkers watch every state; some of the deepest also run on without faults and
//! must recover.

use crate::run::{settle, world};
use crate::schedule::Act;
use crate::setup::{NODES, Setup};
use crate::subject::Subject;
use crate::violation::Violation;
use crate::world::World;
use api::StandbySet;
use base::{Dice, Instant};
use std::fmt;
use std::time::Duration;

/// One thing that may happen next. Hosts are numbered from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// The oldest datagram of a direction arrives.
    Deliver {
        /// Who sent it.
        from: usize,
        /// Who gets it.
        to: usize,
    },
    /// It is lost.
    Lose {
        /// Who sent it.
        from: usize,
        /// Who would have got it.
        to: usize,
    },
    /// The oldest operation of a host ends.
    Finish(usize),
    /// The clock moves to the next timer.
    Timer,
    /// A host loses its power.
    Crash(usize),
    /// A host starts.
    Restart(usize),
    /// `hb_standby all`.
    Standby(usize),
}

/// Where a search begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Situation {
    /// Both daemons have just been started.
    Cold,
    /// One has run long enough to hold everything; the other has just been started.
    Joining,
    /// Both have run long enough to be stable.
    Settled,
}

impl Situation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cold, Self::Joining, Self::Settled];
}

/// How far the search went in one situation.
#[derive(Clone, Debug)]
pub struct Reached {
    /// Where it began.
    pub situation: Situation,
    /// Every order of this many events was tried.
    pub depth: usize,
    /// States visited at all depths.
    pub states: u64,
    /// States from which recovery was tried.
    pub recoveries: u64,
    /// What went wrong first, and the way there.
    pub failure: Option<(Vec<Choice>, Violation)>,
}

/// Recovery takes a minute of cluster time, a thousand times more than a state: it is tried from
/// every so many of the deepest states.
const RECOVERY_EVERY: u64 = 997;

/// How long a situation's daemons run before the search begins: initdead and the ten seconds after.
const WARM_UP: Duration = Duration::from_secs(25);

struct Search<'a> {
    setup: Setup,
    keep_going: &'a mut dyn FnMut() -> bool,
    path: Vec<Choice>,
    reached: Reached,
}

/// Searches one situation, deeper and deeper, up to `depth_max` or while `keep_going` says so.
pub fn exhaust<S: Subject>(
    setup: &Setup,
    situation: Situation,
    depth_max: usize,
    keep_going: &mut dyn FnMut() -> bool,
) -> Reached {
    let begin = begin::<S>(setup, situation);
    let reached = Reached { situation, depth: 0, states: 0, recoveries: 0, failure: None };
    let mut search = Search { setup: setup.clone(), keep_going, path: Vec::new(), reached };
    for depth in 1..=depth_max {
        if !search.descend(&begin, depth) {
            break;
        }
        search.reached.depth = depth;
    }
    search.reached
}

fn begin<S: Subject>(setup: &Setup, situation: Situation) -> World<S> {
    let mut world = world::<S>(setup, Dice::new(1));
    let late = if situation == Situation::Joining { WARM_UP } else { Duration::ZERO };
    world.act(Act::Boot { host: 0, lost: false });
    world.run_until(Instant::ZERO + late);
    world.act(Act::Boot { host: 1, lost: false });
    if situation == Situation::Settled {
        world.run_until(Instant::ZERO + WARM_UP);
    }
    world
}

impl Search<'_> {
    /// Tries everything up to `depth` events from here; false when the search is over.
    fn descend<S: Subject>(&mut self, from: &World<S>, depth: usize) -> bool {
        for choice in choices(from) {
            if !(self.keep_going)() {
                return false;
            }
            let mut next = from.clone();
            take(&mut next, choice);
            self.reached.states += 1;
            self.path.push(choice);
            let fine = if next.violation().is_some() {
                self.fail(&next)
            } else if depth > 1 {
                self.descend(&next, depth - 1)
            } else {
                self.recovers(next)
            };
            self.path.pop();
            if !fine {
                return false;
            }
        }
        true
    }

    fn recovers<S: Subject>(&mut self, mut world: World<S>) -> bool {
        if !self.reached.states.is_multiple_of(RECOVERY_EVERY) {
            return true;
        }
        self.reached.recoveries += 1;
        settle(&mut world, &self.setup);
        world.violation().is_none() || self.fail(&world)
    }

    fn fail<S: Subject>(&mut self, world: &World<S>) -> bool {
        let violation = world.violation().cloned();
        self.reached.failure = violation.map(|violation| (self.path.clone(), violation));
        false
    }
}

fn choices<S: Subject>(world: &World<S>) -> Vec<Choice> {
    let mut choices = Vec::new();
    let hosts = 0..NODES.len();
    for (from, to) in [(0, 1), (1, 0)] {
        if world.has_datagram(from, to) {
            choices.push(Choice::Deliver { from, to });
            choices.push(Choice::Lose { from, to });
        }
    }
    choices.extend(hosts.clone().filter(|host| world.has_job(*host)).map(Choice::Finish));
    choices.push(Choice::Timer);
    for host in hosts {
        if world.is_up(host) {
            choices.push(Choice::Crash(host));
            choices.push(Choice::Standby(host));
        } else {
            choices.push(Choice::Restart(host));
        }
    }
    choices
}

fn take<S: Subject>(world: &mut World<S>, choice: Choice) {
    match choice {
        Choice::Deliver { from, to } => world.deliver_next(from, to),
        Choice::Lose { from, to } => world.lose_next(from, to),
        Choice::Finish(host) => world.finish_next(host),
        Choice::Timer => world.next_timer(),
        Choice::Crash(host) => world.act(Act::PowerOff(host)),
        Choice::Restart(host) => world.act(Act::Boot { host, lost: false }),
        Choice::Standby(host) => world.act(Act::Standby(host, StandbySet::All)),
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}: every order of {} events; {} states, {} recoveries",
            self.situation, self.depth, self.states, self.recoveries
        )?;
        if let Some((path, violation)) = &self.failure {
            write!(f, "\n  {violation}, after:")?;
            for choice in path {
                write!(f, "\n    {choice:?}")?;
            }
        }
        Ok(())
    }
}
