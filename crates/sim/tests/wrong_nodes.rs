//! The checkers can fire: nodes that are wrong on purpose are caught, and what caught them shrinks
//! to a short scenario that can be replayed.

use api::RoleStatus;
use base::{Instant, Machine, OpId};
use cluster::{Action, Boot, Config, Input, Node, Output};
use sim::{Schedule, Setup, Sin, Subject, play, search};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A kind of wrongness, put around a right node.
trait Vice: Clone {
    fn tempt(_boot: &mut Boot) {}
    fn act(_config: &Config, _out: &mut Vec<Output>) {}
    fn drops(_input: &Input) -> bool {
        false
    }
}

#[derive(Clone)]
struct Wrong<V> {
    node: Node,
    config: Arc<Config>,
    vice: std::marker::PhantomData<V>,
}

impl<V: Vice> Machine for Wrong<V> {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
        if !V::drops(&input) {
            self.node.handle(now, input, out);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.node.next_deadline()
    }
}

impl<V: Vice> Subject for Wrong<V> {
    fn born(config: Arc<Config>, mut boot: Boot) -> Self {
        V::tempt(&mut boot);
        let node = Node::new(config.clone(), boot);
        Self { node, config, vice: std::marker::PhantomData }
    }

    fn start(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.node.start(now, out);
        V::act(&self.config, out);
    }

    fn status(&self, now: Instant) -> RoleStatus {
        self.node.status(now)
    }
}

/// Takes every group as soon as it starts, without waiting for anybody.
#[derive(Clone)]
struct Hasty;

impl Vice for Hasty {
    fn act(config: &Config, out: &mut Vec<Output>) {
        for (index, group) in config.groups.iter().enumerate() {
            let action = Action::Start {
                group: group.key.clone(),
                resource: group.resources[0].clone(),
                planned: false,
            };
            let op = OpId(u64::MAX - index as u64);
            out.push(Output::Run { op, action, environment: BTreeMap::new() });
        }
    }
}

/// Begins every life with the same generation.
#[derive(Clone)]
struct Forgetful;

impl Vice for Forgetful {
    fn tempt(boot: &mut Boot) {
        boot.generation = 7;
    }
}

/// Hears nothing, so it can't know of anybody.
#[derive(Clone)]
struct Deaf;

impl Vice for Deaf {
    fn drops(input: &Input) -> bool {
        matches!(input, Input::Datagram { .. })
    }
}

/// A schedule in which both hosts start, the second one `late` seconds after the first.
fn start_both(late: u64, stonith: bool) -> Schedule {
    let mut schedule = Schedule::random(1);
    schedule.setup = Setup { stonith, ..Setup::plain() };
    let boot = |at, host| sim::Step {
        at: std::time::Duration::from_secs(at),
        act: sim::Act::Boot { host, lost: false },
    };
    schedule.steps = vec![boot(0, 0), boot(late, 1)];
    schedule
}

fn sin<S: Subject>(schedule: &Schedule) -> Option<Sin> {
    play::<S>(schedule, false).violation().map(|violation| violation.what.clone())
}

#[test]
fn a_node_that_does_not_wait_is_caught_with_two_holders() {
    assert_eq!(sin::<Wrong<Hasty>>(&start_both(20, false)), Some(Sin::TwoHolders { group: 0 }));
}

#[test]
fn a_node_that_does_not_wait_is_caught_before_it_fenced() {
    let found = sin::<Wrong<Hasty>>(&start_both(20, true));
    assert_eq!(found, Some(Sin::NotFenced { group: 0, by: 1 }));
}

#[test]
fn two_nodes_that_hear_nothing_are_caught_although_they_mean_well() {
    assert_eq!(sin::<Wrong<Deaf>>(&start_both(20, false)), Some(Sin::TwoHolders { group: 0 }));
}

#[test]
fn a_node_that_forgets_its_generation_is_caught() {
    let mut schedule = start_both(0, false);
    let at = std::time::Duration::from_secs(20);
    schedule.steps.push(sim::Step { at, act: sim::Act::PowerOff(0) });
    let act = sim::Act::Boot { host: 0, lost: false };
    schedule.steps.push(sim::Step { at: at * 2, act });
    let found = sin::<Wrong<Forgetful>>(&schedule);
    assert!(matches!(found, Some(Sin::SequenceBack { host: 0, .. })), "{found:?}");
}

#[test]
fn a_failing_seed_shrinks_and_its_command_replays_it() {
    let report = search::<Wrong<Hasty>>(1..100, &mut || true);
    let failure = report.failures.first().expect("a hasty node fails soon");
    assert!(failure.shrunk.steps.len() <= 4, "{failure}");
    let kept = failure.shrunk.kept.clone().unwrap_or_default();
    let again = Schedule::random(failure.seed).keeping(&kept);
    let world = play::<Wrong<Hasty>>(&again, false);
    assert_eq!(world.violation(), Some(&failure.shrunk_violation));
    assert!(failure.to_string().contains(&format!("handover sim --seed {} --keep", failure.seed)));
}
