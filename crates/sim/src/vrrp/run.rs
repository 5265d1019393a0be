//! One run: a schedule's troubles, then quiet, then the question who is master.

use super::Subject;
use super::schedule::Schedule;
use super::setup::{Keys, Preemption, Setup};
use super::sin::{Sin, Violation};
use super::watch::Phase;
use super::world::World;
use crate::hunt::{Report, Trial, hunt};
use base::{Dice, Instant};
use std::sync::Arc;
use std::time::Duration;

/// Timers and packets on the way, in all that happens while the routers settle.
const ALLOWANCE: Duration = Duration::from_millis(50);

/// Plays a schedule to its end or to the first violation; `log` keeps what happened.
pub fn play<S: Subject>(schedule: &Schedule, log: bool) -> World<S> {
    let setup = Arc::new(schedule.setup.clone());
    let mut world = World::new(setup, Dice::new(!schedule.seed));
    if log {
        world.keep_log();
    }
    for step in &schedule.steps {
        world.run_until(Instant::ZERO + step.at);
        if world.violation().is_some() {
            return world;
        }
        world.act(step.act);
    }
    world.run_until(Instant::ZERO + schedule.quiet_at);
    settle(&mut world, &schedule.setup);
    world
}

/// How long the routers may take after the faults until there is one master, the right one: two
/// failovers (whoever waits least takes over, then the best one preempts), what delays them, the
/// first results of scripts, and adverts that are still on their way.
fn settling(setup: &Setup) -> Duration {
    let interval = setup.interval_max();
    setup.master_down_max() * 2
        + setup.preempt_delay()
        + setup.startup_delay
        + interval * (setup.fall_rise.1 + 6)
        + ALLOWANCE
}

fn settle<S: Subject>(world: &mut World<S>, setup: &Setup) {
    if world.violation().is_some() {
        return;
    }
    world.repair();
    world.run_until(world.now() + settling(setup));
    world.promises.calm_down();
    world.run_until(world.now() + setup.master_down_max() * 2);
    for router in 0..setup.routers() {
        if world.violation().is_none() {
            one_master(world, setup, router);
        }
    }
}

/// Exactly one of those that understand each other is master, and where they preempt, the best.
fn one_master<S: Subject>(world: &mut World<S>, setup: &Setup, router: usize) {
    let now = world.now();
    for host in 0..setup.hosts {
        if let Some(sin) = contradiction(world, setup, host, router) {
            return world.promises.blame(now, sin);
        }
    }
    let watch = |host: usize| &world.promises.watches[host][router];
    let all = (0..setup.hosts).filter(|host| setup.odd != Some(*host));
    let masters: Vec<usize> =
        all.clone().filter(|host| watch(*host).phase == Phase::Master).collect();
    let sin = match *masters.as_slice() {
        [] => Some(Sin::NoMaster { router }),
        [a, b, ..] => Some(Sin::TwoMasters { router, hosts: (a, b), lasted: Duration::ZERO }),
        [_] if matches!(setup.preemption, Preemption::Never) => None,
        [master] => all
            .max_by_key(|host| watch(*host).effective)
            .filter(|best| watch(*best).effective > watch(master).effective)
            .map(|better| Sin::NotTheBest { router, master, better }),
    };
    if let Some(sin) = sin {
        world.promises.blame(now, sin);
    }
}

/// What a daemon says of itself against what it told and what its file says.
fn contradiction<S: Subject>(
    world: &World<S>,
    setup: &Setup,
    host: usize,
    router: usize,
) -> Option<Sin> {
    let status = world.status(host)?;
    let said = status.routers.get(router)?;
    let own = setup.priority_of(host, router, &world.hosts[host].priorities);
    let weight = match setup.tracking.weight() {
        Some(weight) if own != 255 => weight.max(0),
        _ => 0,
    };
    let should = if own == 255 { 255 } else { (i32::from(own) + weight).clamp(1, 254) as u8 };
    // Where several own the addresses, they count less when they hear of each other.
    let one_owner = setup.priorities.iter().filter(|own| **own == 255).nth(1).is_none();
    if said.effective_priority != should && one_owner {
        return Some(Sin::Worth { host, router, says: said.effective_priority, should });
    }
    // Sequence numbers and stamps are refused where packets overtake each other.
    let may_refuse = setup.odd.is_some() || matches!(setup.keys, Keys::Ah | Keys::Hmac);
    let refused = said.refused.iter().find(|refused| refused.count > 0 && !may_refuse);
    refused.map(|refused| Sin::Refused { host, router, reason: refused.reason.clone() })
}

impl Trial for Schedule {
    type Violation = Violation;

    fn random(seed: u64) -> Self {
        Self::random(seed)
    }

    fn steps(&self) -> usize {
        self.steps.len()
    }

    fn keeping(&self, kept: &[usize]) -> Self {
        self.keeping(kept)
    }

    fn replay(&self) -> String {
        self.command()
    }

    fn is_like(found: &Violation, first: &Violation) -> bool {
        found.what.is_like(&first.what)
    }
}

/// Plays the schedules of these seeds while `keep_going` says so.
pub fn search<S: Subject>(
    seeds: impl IntoIterator<Item = u64>,
    keep_going: &mut dyn FnMut() -> bool,
) -> Report<Schedule> {
    hunt(seeds, &|schedule| play::<S>(schedule, false).violation().cloned(), keep_going)
}
