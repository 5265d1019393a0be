//! Virtual routers keep every promise under random faults; and roles that are wrong on purpose are
//! caught, by a short schedule that can be replayed.

use ::vrrp::config::Config;
use ::vrrp::{Boot, Inherited, Input, Output, Role};
use api::vrrp::VrrpStatus;
use base::{Instant, Machine};
use sim::vrrp::{Act, Plan, Preemption, Schedule, Setup, Sin, Step, Subject, play, search};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// A kind of wrongness, put around a right role.
trait Vice {
    fn drops(_input: &Input) -> bool {
        false
    }

    fn spoils(_out: &mut Vec<Output>) {}

    fn deadline(at: Option<Instant>) -> Option<Instant> {
        at
    }
}

struct Wrong<V> {
    role: Role,
    vice: PhantomData<V>,
}

impl<V: Vice> Machine for Wrong<V> {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
        if !V::drops(&input) {
            self.role.handle(now, input, out);
            V::spoils(out);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        V::deadline(self.role.next_deadline())
    }
}

impl<V: Vice> Subject for Wrong<V> {
    fn born(config: Config, boot: Boot) -> Self {
        Self { role: Role::new(config, boot), vice: PhantomData }
    }

    fn inheritance(&self) -> Vec<Inherited> {
        self.role.inheritance()
    }

    fn status(&self) -> VrrpStatus {
        self.role.status()
    }
}

/// Hears nobody.
struct Deaf;

impl Vice for Deaf {
    fn drops(input: &Input) -> bool {
        matches!(input, Input::Packet(_))
    }
}

/// Says nothing when it leaves.
struct Rude;

impl Vice for Rude {
    fn spoils(out: &mut Vec<Output>) {
        if out.contains(&Output::Exit) {
            out.retain(|output| !matches!(output, Output::Send(_)));
        }
    }
}

/// Keeps its addresses.
struct Greedy;

impl Vice for Greedy {
    fn spoils(out: &mut Vec<Output>) {
        out.retain(|output| !matches!(output, Output::Release { .. }));
    }
}

/// Tells no switch where the addresses are.
struct Silent;

impl Vice for Silent {
    fn spoils(out: &mut Vec<Output>) {
        out.retain(|output| !matches!(output, Output::Announce { .. }));
    }
}

/// Wakes up half a second late, again and again.
struct Sleepy;

impl Vice for Sleepy {
    fn deadline(at: Option<Instant>) -> Option<Instant> {
        at.map(|at| at + Duration::from_millis(500))
    }
}

/// Takes no notice of its interfaces.
struct Blind;

impl Vice for Blind {
    fn drops(input: &Input) -> bool {
        matches!(input, Input::Link { up: false, .. })
    }
}

fn schedule(setup: Setup, steps: &[(u64, Act)]) -> Schedule {
    let boots = (0..setup.hosts).map(|host| (0, Act::Boot(host)));
    let steps = boots
        .chain(steps.iter().copied())
        .map(|(seconds, act)| Step { at: Duration::from_secs(seconds), act });
    let quiet_at = Duration::from_secs(40);
    Schedule { seed: 1, steps: steps.collect(), kept: None, quiet_at, setup }
}

fn sin<S: Subject>(schedule: &Schedule) -> Option<Sin> {
    play::<S>(schedule, false).violation().map(|violation| violation.what.clone())
}

fn plain(steps: &[(u64, Act)]) -> Schedule {
    schedule(Setup::plain(), steps)
}

#[test]
fn three_hundred_random_schedules_break_no_promise() {
    let report = search::<Role>(1..=300, &mut || true);
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(report.schedules, 300);
}

#[test]
fn one_seed_is_one_story() {
    let schedule = Schedule::random(77);
    let story = || play::<Role>(&schedule, true).log().join("\n");
    assert_eq!(story(), story());
    assert!(story().contains("is MASTER"), "{}", story());
}

#[test]
fn a_plain_pair_fails_over_and_back() {
    let schedule = plain(&[(10, Act::PowerOff(0)), (20, Act::Boot(0))]);
    let world = play::<Role>(&schedule, true);
    assert_eq!(world.violation(), None);
    let masters: Vec<&str> = world
        .log()
        .iter()
        .filter(|line| line.contains("is MASTER"))
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    assert_eq!(masters, ["node1", "node2", "node1"]);
}

#[test]
fn two_routers_that_hear_nothing_are_caught_although_they_mean_well() {
    // Of equal worth, they take over in the same moment, before either could be heard.
    let setup = Setup { priorities: vec![100, 100], ..Setup::plain() };
    let found = sin::<Wrong<Deaf>>(&schedule(setup, &[]));
    assert!(matches!(found, Some(Sin::TwoMasters { router: 0, hosts: (0, 1), .. })), "{found:?}");
}

#[test]
fn a_master_that_leaves_without_a_goodbye_is_caught() {
    let found = sin::<Wrong<Rude>>(&plain(&[(10, Act::Stop(0))]));
    assert_eq!(found, Some(Sin::NoGoodbye { host: 0, router: 0 }));
}

#[test]
fn a_backup_that_keeps_the_addresses_is_caught() {
    let setup = Setup { priorities: vec![90, 100], ..Setup::plain() };
    let late = schedule(setup, &[(10, Act::PowerOff(1)), (20, Act::Boot(1))]);
    assert_eq!(sin::<Wrong<Greedy>>(&late), Some(Sin::Addresses { host: 0, router: 0 }));
}

#[test]
fn a_master_that_announces_nothing_is_caught() {
    assert_eq!(sin::<Wrong<Silent>>(&plain(&[])), Some(Sin::NotAnnounced { host: 0, router: 0 }));
}

#[test]
fn a_backup_that_wakes_up_late_is_caught() {
    let found = sin::<Wrong<Sleepy>>(&plain(&[]));
    assert!(matches!(found, Some(Sin::Late { .. })), "{found:?}");
}

#[test]
fn a_master_without_its_interface_is_caught() {
    let found = sin::<Wrong<Blind>>(&plain(&[(10, Act::Link(0, 0, false))]));
    // It is not told, so that the next thing that happens to it is the time to look.
    assert_eq!(found, Some(Sin::Unfit { host: 0, router: 0 }));
}

#[test]
fn a_backup_that_must_not_preempt_and_does_is_caught() {
    // A role whose file says otherwise than the run is told of.
    struct Eager(Role);
    impl Machine for Eager {
        type Input = Input;
        type Output = Output;
        fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
            self.0.handle(now, input, out);
        }
        fn next_deadline(&self) -> Option<Instant> {
            self.0.next_deadline()
        }
    }
    impl Subject for Eager {
        fn born(mut config: Config, boot: Boot) -> Self {
            config.instances.iter_mut().for_each(|instance| Arc::make_mut(instance).preempt = true);
            Self(Role::new(config, boot))
        }
        fn inheritance(&self) -> Vec<Inherited> {
            self.0.inheritance()
        }
        fn status(&self) -> VrrpStatus {
            self.0.status()
        }
    }
    let setup = Setup { preemption: Preemption::Never, ..Setup::plain() };
    let back = schedule(setup, &[(10, Act::PowerOff(0)), (20, Act::Boot(0))]);
    assert_eq!(sin::<Role>(&back), None);
    assert_eq!(sin::<Eager>(&back), Some(Sin::Hasty { host: 0, router: 0 }));
}

#[test]
fn a_failing_seed_shrinks_and_its_command_replays_it() {
    let report = search::<Wrong<Rude>>(1..1000, &mut || true);
    let failure = report.failures.first().expect("a rude router fails soon");
    assert!(failure.shrunk.steps.len() <= 4, "{failure}");
    let kept = failure.shrunk.kept.clone().unwrap_or_default();
    let again = Schedule::random(failure.seed).keeping(&kept);
    assert_eq!(play::<Wrong<Rude>>(&again, false).violation(), Some(&failure.shrunk_violation));
    let command = format!("handover sim vrrp --seed {} --keep", failure.seed);
    assert!(failure.to_string().contains(&command), "{failure}");
}

#[test]
fn a_seed_turns_every_knob() {
    let setups: Vec<Setup> = (0..500).map(|seed| Schedule::random(seed).setup).collect();
    let any = |is: &dyn Fn(&Setup) -> bool| setups.iter().any(is);
    assert!((2..=5).all(|hosts| any(&|setup| setup.hosts == hosts)));
    assert!([Plan::One, Plan::Mirrored, Plan::Group].iter().all(|p| any(&|s| s.plan == *p)));
    assert!(any(&|s| s.ipv6 && s.version == 3) && any(&|s| s.ipv6 && s.version == 2));
    assert!(any(&|s| s.intervals[0] == Duration::from_millis(10)));
    assert!(any(&|s| s.unicast) && any(&|s| s.odd.is_some()) && any(&|s| s.excluded));
    assert!(any(&|s| s.priorities.contains(&255)));
}
