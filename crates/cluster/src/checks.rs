//! Service checks: a program that died is restarted, or its group moves.
//!
//! A check of a group that consists of addresses alone looks after a service that runs on both
//! nodes, so it is tried on both all the time, and a node where it fails is unfit for the group.
//! A service that the group itself starts is only tried where the group runs; a node that lost it
//! stays unfit until an administrator moves the group back, so that it never goes in circles.

use crate::config::{Check, Resource};
use crate::io::{Action, Outcome};
use crate::node::Node;
use crate::step::{self, Step};
use crate::takeover::Purpose;
use api::{EventKind, GroupState, Level, StandbySet, Subject};
use base::{GroupKey, Instant, OpId};
use std::collections::{BTreeMap, BTreeSet};

/// Resources that are addresses; anything else in a group is a service that the group starts.
const ADDRESSES: [&str; 5] = ["IPaddr", "IPaddr2", "IPv6addr", "SendArp", "IPsrcaddr"];

fn is_address(resource: &Resource) -> bool {
    ADDRESSES.contains(&resource.name.as_str())
}

#[derive(Clone, Debug)]
struct State {
    check: Check,
    running: Option<OpId>,
    next_at: Instant,
    failures: u32,
    failing: bool,
    restarted: bool,
}

/// All service checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checks {
    states: Vec<State>,
}

impl Checks {
    pub(crate) fn new(checks: &[Check]) -> Self {
        let state = |check: &Check| State {
            check: check.clone(),
            running: None,
            next_at: Instant::ZERO,
            failures: 0,
            failing: false,
            restarted: false,
        };
        Self { states: checks.iter().map(state).collect() }
    }

    /// The groups a failing check makes this node unfit for; `*` is all.
    pub(crate) fn unfit(&self) -> impl Iterator<Item = String> + '_ {
        self.states.iter().filter(|state| state.failing).map(|state| {
            state.check.group.as_ref().map_or_else(|| "*".to_owned(), ToString::to_string)
        })
    }

    /// The failing checks that concern `key`, as written.
    pub(crate) fn failing_for(&self, key: &GroupKey) -> Vec<String> {
        self.states
            .iter()
            .filter(|s| s.failing && s.check.group.as_ref().is_none_or(|group| group == key))
            .map(|s| s.check.written.clone())
            .collect()
    }
}

impl Node {
    fn groups_of(&self, check: &Check) -> Vec<GroupKey> {
        let keys = self.groups.all().iter().map(|run| run.group.key.clone());
        keys.filter(|key| check.group.as_ref().is_none_or(|group| group == key)).collect()
    }

    /// True when the group itself starts what the check looks at.
    fn is_managed(&self, check: &Check) -> bool {
        self.groups_of(check)
            .iter()
            .filter_map(|key| self.groups.get(key))
            .any(|run| run.group.resources.iter().any(|resource| !is_address(resource)))
    }

    fn is_tried_here(&self, check: &Check) -> bool {
        !self.is_managed(check)
            || self
                .groups_of(check)
                .iter()
                .filter_map(|key| self.groups.get(key))
                .any(|run| run.state == GroupState::Running)
    }

    pub(crate) fn checks_tick(&mut self, step: &mut Step<'_>) {
        if !self.messaging.is_comm_up() || self.shutdown.is_some() {
            return;
        }
        for at in 0..self.checks.states.len() {
            let Some(state) = self.checks.states.get(at) else { continue };
            if state.running.is_some() || state.next_at > step.now {
                continue;
            }
            let (probe, timeout) = (state.check.probe.clone(), state.check.timeout);
            let next_at = step.now + state.check.interval;
            let tried = self.is_tried_here(&state.check);
            let op =
                tried.then(|| step::run(step, Action::Check { probe, timeout }, BTreeMap::new()));
            if let Some(state) = self.checks.states.get_mut(at) {
                (state.running, state.next_at) = (op, next_at);
                if !tried {
                    (state.failures, state.failing) = (0, false);
                }
            }
        }
    }

    pub(crate) fn checks_deadline(&self) -> Option<Instant> {
        if !self.messaging.is_comm_up() || self.shutdown.is_some() {
            return None;
        }
        let waiting = self.checks.states.iter().filter(|state| state.running.is_none());
        waiting.map(|state| state.next_at).min()
    }

    pub(crate) fn check_done(&mut self, step: &mut Step<'_>, op: OpId, outcome: &Outcome) {
        let Some(at) = self.checks.states.iter().position(|s| s.running == Some(op)) else {
            return;
        };
        let Some(state) = self.checks.states.get_mut(at) else { return };
        state.running = None;
        let check = state.check.clone();
        if *outcome == Outcome::Yes {
            state.failures = 0;
            state.restarted = false;
            if std::mem::replace(&mut state.failing, false) {
                let text = format!("service check passes again: {}", check.written);
                step.tell(Level::Info, EventKind::Check, Subject::Cluster, text);
                self.check_passes_again(step, &check);
            }
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failing || state.failures < check.failures {
            return;
        }
        let why = match outcome {
            Outcome::Failed { reason } => reason.clone(),
            _ => "it says no".to_owned(),
        };
        let restart = check.restart && !std::mem::replace(&mut state.restarted, true);
        state.failing = !restart;
        state.failures = 0;
        let text = format!("service check fails: {}: {why}", check.written);
        step.cause = Some(step.tell(Level::Error, EventKind::Check, Subject::Cluster, text));
        if restart {
            self.restart_for(step, &check);
        } else {
            self.refresh_status_fields();
            self.hand_over_for(step, &check);
            self.state(step, None);
        }
    }

    fn restart_for(&mut self, step: &mut Step<'_>, check: &Check) {
        for key in self.groups_of(check) {
            if self.groups.get(&key).is_some_and(|run| run.state == GroupState::Running) {
                let batch = self.groups.restart_last(step, &key);
                self.purposes.insert(batch, Purpose::Restart(key));
            }
        }
    }

    /// A restart that a check asked for is over.
    pub(crate) fn restarted(step: &mut Step<'_>, key: &GroupKey, runs: bool) {
        let text = if runs { "runs again" } else { "did not come up again" };
        step.tell(
            if runs { Level::Info } else { Level::Error },
            EventKind::Check,
            Subject::Group(key.to_string()),
            format!("{key}: its last resource was restarted and {text}"),
        );
    }

    fn hand_over_for(&mut self, step: &mut Step<'_>, check: &Check) {
        let running: Vec<_> =
            self.groups_of(check).into_iter().filter(|key| self.groups.claims(key)).collect();
        if running.is_empty() {
            return;
        }
        let fit = |key: &GroupKey| {
            self.peer_alive() && self.peer.as_ref().is_some_and(|peer| peer.is_fit_for(key))
        };
        let (movable, stuck): (BTreeSet<_>, BTreeSet<_>) = running.into_iter().partition(fit);
        for key in stuck {
            let text = format!("{key} stays here: no other node can do better");
            step.tell(Level::Critical, EventKind::Check, Subject::Group(key.to_string()), text);
        }
        let ours = self.peer.as_ref().is_some_and(|peer| peer.ours);
        for key in movable {
            if ours {
                let why = format!("service check fails: {}", check.written);
                self.move_away(step, &key, self.is_managed(check).then_some(why));
            } else if self.standby_obstacle().is_none() {
                let set = if self.is_local(&key) { StandbySet::Local } else { StandbySet::Foreign };
                self.ask_standby(step, set, false, None);
            }
        }
    }

    /// The node is fit again: the peer reads that from our next status and gives our groups back
    /// if `auto_failback` says so. What runs nowhere starts here at once.
    fn check_passes_again(&mut self, step: &mut Step<'_>, check: &Check) {
        for key in self.groups_of(check) {
            self.offered.remove(&key);
        }
        self.refresh_status_fields();
        let nowhere: Vec<_> = self
            .obtainable(self.groups_of(check))
            .into_iter()
            .filter(|key| !self.groups.claims(key) && self.is_ours_to_run(key))
            .collect();
        if self.is_settled() && !nowhere.is_empty() {
            let batch = self.start_released(step, &nowhere);
            self.purposes.insert(batch, Purpose::Replaced);
        }
    }

    /// We hold the half this group is in, so nobody else will start it.
    fn is_ours_to_run(&self, key: &GroupKey) -> bool {
        let peer_has = self
            .peer
            .as_ref()
            .is_some_and(|peer| self.peer_alive() && (!peer.ours || peer.groups.contains(key)));
        let half = if self.is_local(key) { self.held.local } else { self.held.foreign };
        half && !peer_has
    }
}
