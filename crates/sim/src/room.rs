//! A host's resources, and the executor that starts and stops them: what `Output::Run` leads to.
//!
//! A job is begun (its duration and its luck are thrown then) and finished later; between the two
//! the host may lose its power. A resource changes when its job is finished.

use base::{Dice, GroupKey, NodeName};
use cluster::config::{Config, Resource};
use cluster::{Action, Outcome};
use std::time::Duration;

/// The quickest and the slowest an address is added or removed by an operation of ours: the probe
/// of a planned move takes 20 ms, that of an unplanned one may have run before.
const ADDRESS_TIME: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(40));

/// The same for a script that works: httpd here took 20 to 250 ms
/// (docs/ancestors/heartbeat.md §3.7, measured).
const SCRIPT_TIME: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// The same for a question (`status`, a probe, a hook, a service check).
const QUESTION_TIME: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(30));

/// The same for a fence device: a power switch reached over the network.
const FENCE_TIME: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(1500));

/// The same for a script that is planned to be slow.
const SLOW_TIME: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(6));

/// Which of a script's two deeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// `start`.
    Start,
    /// `stop`.
    Stop,
}

/// What is wrong with a script on a host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// It fails and changes nothing.
    Fails,
    /// It takes seconds, then works.
    Slow,
}

/// A resource by its places: group, resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Index into the configuration's groups.
    pub group: usize,
    /// Index into the group's resources.
    pub resource: usize,
}

/// An operation on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Job {
    /// `status` of a resource.
    Status(Place),
    /// `start` or `stop` of a resource.
    Change {
        /// Which.
        place: Place,
        /// Which deed.
        verb: Verb,
        /// True when it will fail.
        fails: bool,
    },
    /// Something without an effect on resources, with its answer.
    Question(Outcome),
    /// A fence device at work.
    Fence {
        /// Whom it switches off.
        target: NodeName,
        /// True when it will.
        works: bool,
    },
}

/// What a finished job did to the world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing.
    None,
    /// The resource runs now.
    Started(Place),
    /// The resource is stopped now.
    Stopped(Place),
    /// This node is off now.
    Fenced(NodeName),
}

/// One host's resources and the plans for its scripts.
#[derive(Clone, Debug)]
pub struct Room {
    running: Vec<Vec<bool>>,
    troubles: Vec<(Place, Verb, Trouble)>,
    fence_works: bool,
}

impl Room {
    /// Nothing runs, everything works.
    pub fn new(config: &Config) -> Self {
        Self {
            running: config.groups.iter().map(|g| vec![false; g.resources.len()]).collect(),
            troubles: Vec::new(),
            fence_works: true,
        }
    }

    /// True if the resource runs here.
    pub fn runs(&self, place: Place) -> bool {
        self.running.get(place.group).and_then(|g| g.get(place.resource)).is_some_and(|r| *r)
    }

    /// True if any resource of the group runs here.
    pub fn runs_any(&self, group: usize) -> bool {
        self.running.get(group).is_some_and(|g| g.contains(&true))
    }

    /// True if every resource of the group runs here.
    pub fn runs_all(&self, group: usize) -> bool {
        self.running.get(group).is_some_and(|g| !g.contains(&false))
    }

    /// The power went: nothing runs any more.
    pub fn power_off(&mut self) {
        for group in &mut self.running {
            group.fill(false);
        }
    }

    /// Plans trouble for a script.
    pub fn plan(&mut self, place: Place, verb: Verb, trouble: Trouble) {
        self.troubles.push((place, verb, trouble));
    }

    /// Plans whether fence devices used from here work.
    pub fn plan_fence(&mut self, works: bool) {
        self.fence_works = works;
    }

    /// Forgets all plans: everything works.
    pub fn repair(&mut self) {
        self.troubles.clear();
        self.fence_works = true;
    }

    fn trouble(&self, place: Place, verb: Verb) -> Option<Trouble> {
        self.troubles.iter().find(|(p, v, _)| (*p, *v) == (place, verb)).map(|(.., t)| *t)
    }

    /// Begins an operation: what it will be, and how long it takes.
    pub fn begin(&self, config: &Config, action: &Action, dice: &mut Dice) -> (Job, Duration) {
        let (job, (low, high)) = match action {
            Action::Status { group, resource } => match place(config, group, resource) {
                Some(place) => (Job::Status(place), QUESTION_TIME),
                None => unknown(resource),
            },
            Action::Start { group, resource, .. } => match place(config, group, resource) {
                Some(place) => self.change(config, place, Verb::Start),
                None => unknown(resource),
            },
            Action::Stop { group, resource } => match place(config, group, resource) {
                Some(place) => self.change(config, place, Verb::Stop),
                None => unknown(resource),
            },
            Action::Hook { .. } => (Job::Question(Outcome::No), QUESTION_TIME),
            Action::Probe { .. } | Action::Announce { .. } | Action::Check { .. } => {
                (Job::Question(Outcome::Yes), QUESTION_TIME)
            }
            Action::Fence { target, .. } => {
                (Job::Fence { target: target.clone(), works: self.fence_works }, FENCE_TIME)
            }
        };
        (job, dice.between(low, high))
    }

    fn change(&self, config: &Config, place: Place, verb: Verb) -> (Job, (Duration, Duration)) {
        let trouble = self.trouble(place, verb);
        let time = match trouble {
            Some(Trouble::Slow) => SLOW_TIME,
            _ if address_of(config, place.group) == place.resource => ADDRESS_TIME,
            _ => SCRIPT_TIME,
        };
        (Job::Change { place, verb, fails: trouble == Some(Trouble::Fails) }, time)
    }

    /// Finishes an operation: how it ended, and what it did.
    pub fn finish(&mut self, job: Job) -> (Outcome, Effect) {
        match job {
            Job::Status(place) => {
                (if self.runs(place) { Outcome::Yes } else { Outcome::No }, Effect::None)
            }
            Job::Question(outcome) => (outcome, Effect::None),
            Job::Change { fails: true, .. } => {
                (Outcome::Failed { reason: "exit code 1: planned to fail".into() }, Effect::None)
            }
            Job::Change { place, verb, fails: false } => {
                let runs = verb == Verb::Start;
                if let Some(flag) =
                    self.running.get_mut(place.group).and_then(|g| g.get_mut(place.resource))
                {
                    *flag = runs;
                }
                let effect = if runs { Effect::Started(place) } else { Effect::Stopped(place) };
                (Outcome::Yes, effect)
            }
            Job::Fence { target, works: true } => (Outcome::Yes, Effect::Fenced(target)),
            Job::Fence { works: false, .. } => (
                Outcome::Failed { reason: "the power switch does not answer".into() },
                Effect::None,
            ),
        }
    }
}

/// The index of the group's address among its resources; its first resource if it has none.
pub(crate) fn address_of(config: &Config, group: usize) -> usize {
    const ADDRESSES: [&str; 3] = ["IPaddr", "IPaddr2", "IPv6addr"];
    config
        .groups
        .get(group)
        .and_then(|g| g.resources.iter().position(|r| ADDRESSES.contains(&r.name.as_str())))
        .unwrap_or(0)
}

fn place(config: &Config, key: &GroupKey, resource: &Resource) -> Option<Place> {
    let group = config.groups.iter().position(|g| g.key == *key)?;
    let resource =
        config.groups[group].resources.iter().position(|r| r.written == resource.written)?;
    Some(Place { group, resource })
}

fn unknown(resource: &Resource) -> (Job, (Duration, Duration)) {
    let reason = format!("{}: no such script", resource.written);
    (Job::Question(Outcome::Failed { reason }), QUESTION_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Setup;

    const HTTPD: Place = Place { group: 0, resource: 1 };

    fn start(config: &Config, place: Place) -> Action {
        let group = &config.groups[place.group];
        let resource = group.resources[place.resource].clone();
        Action::Start { group: group.key.clone(), resource, planned: false }
    }

    fn status(config: &Config, place: Place) -> Action {
        let group = &config.groups[place.group];
        Action::Status {
            group: group.key.clone(),
            resource: group.resources[place.resource].clone(),
        }
    }

    fn run(room: &mut Room, config: &Config, action: &Action) -> Outcome {
        let (job, _) = room.begin(config, action, &mut Dice::new(1));
        room.finish(job).0
    }

    #[test]
    fn a_script_runs_between_start_and_the_end_of_power() {
        let config = Setup::plain().config(0);
        let mut room = Room::new(&config);
        assert_eq!(run(&mut room, &config, &status(&config, HTTPD)), Outcome::No);
        assert_eq!(run(&mut room, &config, &start(&config, HTTPD)), Outcome::Yes);
        assert_eq!(run(&mut room, &config, &status(&config, HTTPD)), Outcome::Yes);
        room.power_off();
        assert_eq!(run(&mut room, &config, &status(&config, HTTPD)), Outcome::No);
    }

    #[test]
    fn a_script_that_fails_changes_nothing_until_it_is_repaired() {
        let config = Setup::plain().config(0);
        let mut room = Room::new(&config);
        room.plan(HTTPD, Verb::Start, Trouble::Fails);
        assert!(matches!(run(&mut room, &config, &start(&config, HTTPD)), Outcome::Failed { .. }));
        assert!(!room.runs(HTTPD));
        room.repair();
        assert_eq!(run(&mut room, &config, &start(&config, HTTPD)), Outcome::Yes);
    }

    #[test]
    fn a_slow_script_takes_seconds_and_works() {
        let config = Setup::plain().config(0);
        let mut room = Room::new(&config);
        room.plan(HTTPD, Verb::Start, Trouble::Slow);
        let (job, after) = room.begin(&config, &start(&config, HTTPD), &mut Dice::new(1));
        assert!(after >= SLOW_TIME.0);
        assert_eq!(room.finish(job), (Outcome::Yes, Effect::Started(HTTPD)));
    }

    #[test]
    fn only_a_fence_that_works_switches_somebody_off() {
        let config = Setup::plain().config(0);
        let mut room = Room::new(&config);
        let target = config.nodes[1].clone();
        let device = cluster::config::StonithDevice { kind: "null".into(), parameters: vec![] };
        let fence = Action::Fence { target: target.clone(), device };
        room.plan_fence(false);
        let (job, _) = room.begin(&config, &fence, &mut Dice::new(1));
        assert_eq!(room.finish(job).1, Effect::None);
        room.plan_fence(true);
        let (job, _) = room.begin(&config, &fence, &mut Dice::new(1));
        assert_eq!(room.finish(job).1, Effect::Fenced(target));
    }
}
