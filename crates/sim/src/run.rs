//! One run: a schedule's troubles, then quiet, then the question whether the cluster recovered.

use crate::layout::Layout;
use crate::schedule::Schedule;
use crate::setup::{NODES, Setup};
use crate::subject::Subject;
use crate::violation::Sin;
use crate::world::World;
use base::{Dice, Instant};
use cluster::config::AutoFailback;
use std::sync::Arc;
use std::time::Duration;

/// How long a host may take to stop or start after the faults, beside initdead: a stop waits for
/// what is under way, and a failing script is stopped ten times (docs/ancestors/heartbeat.md §3.11).
const GRACE: Duration = Duration::from_secs(20);

/// How long the cluster is watched after its bound: the ancestor's rules let a state settle for
/// ten seconds (docs/ancestors/heartbeat.md §3.1, RQSTDELAY).
const WATCHED: Duration = Duration::from_secs(14);

/// With a fence device: one failed try, the pause of 5 s after it, one that works.
const FENCE_ALLOWANCE: Duration = Duration::from_secs(8);

/// The world of a setup, before anything happens.
pub fn world<S: Subject>(setup: &Setup, dice: Dice) -> World<S> {
    let configs = (0..NODES.len()).map(|host| Arc::new(setup.config(host))).collect();
    let addresses: Vec<_> = NODES.iter().map(|n| (*n).to_owned()).zip(0..).collect();
    World::new(Arc::new(Layout::new(configs, &addresses)), dice)
}

/// Plays a schedule to its end or to the first violation; `log` keeps what happened.
pub fn play<S: Subject>(schedule: &Schedule, log: bool) -> World<S> {
    let mut world = world(&schedule.setup, Dice::new(!schedule.seed));
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

/// Ends every fault and watches whether the cluster recovers within its bounds.
pub fn settle<S: Subject>(world: &mut World<S>, setup: &Setup) {
    world.repair();
    let initdead = Duration::from_secs(setup.initdead);
    if !all_up(world, world.now() + initdead + GRACE) {
        return;
    }
    let mut bound = initdead.max(Duration::from_secs(setup.deadtime) * 2);
    if setup.stonith {
        bound += FENCE_ALLOWANCE;
    }
    world.calm_down(bound);
    world.run_until(world.now() + bound + WATCHED);
    if world.violation().is_none() && all_up(world, world.now() + GRACE) {
        agree(world, setup);
    }
}

/// Waits until a daemon runs on every host.
fn all_up<S: Subject>(world: &mut World<S>, limit: Instant) -> bool {
    loop {
        let missing =
            (0..world.hosts()).find(|host| !world.is_up(*host) || world.is_stopping(*host));
        match missing {
            _ if world.violation().is_some() => return false,
            None => return true,
            Some(host) if world.now() >= limit => {
                world.blame(Sin::Stuck { host });
                return false;
            }
            Some(_) => world.run_until(world.now() + Duration::from_millis(500)),
        }
    }
}

/// The nodes are stable, see each other, and say what is so.
fn agree<S: Subject>(world: &mut World<S>, setup: &Setup) {
    for host in 0..world.hosts() {
        if let Some(story) = disagreement(world, setup, host) {
            world.blame(Sin::Disagreement { story });
            return;
        }
    }
}

fn disagreement<S: Subject>(world: &World<S>, setup: &Setup, host: usize) -> Option<String> {
    let status = world.status(host)?;
    let me = format!("node{}", host + 1);
    if !status.stable {
        return Some(format!("{me} is not stable"));
    }
    if let Some(node) = status.nodes.iter().find(|node| !node.state.is_alive()) {
        return Some(format!("{me} takes {} to be {}", node.name, node.state.word()));
    }
    let excused = (0..setup.groups).any(|group| world.checks().is_excused(group));
    if excused || setup.auto_failback == AutoFailback::Legacy {
        return None;
    }
    for home in 0..NODES.len() {
        let mut half = (0..setup.groups).filter(|group| group % NODES.len() == home).peekable();
        if half.peek().is_none() {
            continue;
        }
        let here = half.any(|group| world.checks().holders(group).any(|holder| holder == host));
        let told = if home == host { status.held.local } else { status.held.foreign };
        if told != here {
            let truth = if here { "some" } else { "none" };
            return Some(format!(
                "{me} says it holds {}, and of node{}'s groups it holds {truth}",
                status.held.word(),
                home + 1
            ));
        }
    }
    for node in status.nodes.iter().filter(|node| !node.is_me) {
        let other = NODES.iter().position(|name| *name == node.name);
        let theirs = other.and_then(|other| world.status(other)).map(|s| s.held);
        if let (Some(told), Some(theirs)) = (node.holds, theirs)
            && told != theirs
        {
            let (told, theirs) = (told.word(), theirs.word());
            return Some(format!("{me} takes {} to hold {told}, which holds {theirs}", node.name));
        }
    }
    None
}
