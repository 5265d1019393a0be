//! Sync groups: members become master together, step down together, and are in fault together.

use crate::config::SyncGroup;
use crate::notify;
use crate::role::Role;
use crate::router::{Fault, Id, Standing, State};
use crate::step::Step;
use api::vrrp::RouterState;
use api::{EventKind, Level, Subject};
use std::collections::BTreeSet;

/// One sync group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) config: SyncGroup,
    pub(crate) members: Vec<Id>,
    /// Members that wait for first results.
    waiting: BTreeSet<Id>,
    /// Members that can't be backup or master.
    faulty: BTreeSet<Id>,
    /// What the group's own trackers say.
    own: Standing,
    pub(crate) faults: Vec<Fault>,
    /// What they add to each member's priority.
    pub(crate) weight: i64,
    pub(crate) state: RouterState,
}

impl Group {
    pub(crate) fn new(config: &SyncGroup, find: impl Fn(&str) -> Option<Id>) -> Self {
        Self {
            members: config.members.iter().filter_map(|name| find(name)).collect(),
            config: config.clone(),
            waiting: BTreeSet::new(),
            faulty: BTreeSet::new(),
            own: Standing::Able,
            faults: Vec::new(),
            weight: 0,
            state: RouterState::Init,
        }
    }

    /// What its members can be together.
    pub(crate) fn standing(&self) -> Standing {
        if self.own == Standing::Faulty || !self.faulty.is_empty() {
            Standing::Faulty
        } else if self.own == Standing::Waiting || !self.waiting.is_empty() {
            Standing::Waiting
        } else {
            Standing::Able
        }
    }

    /// Notes what a member can be by itself.
    pub(crate) fn note(&mut self, member: Id, standing: Standing) {
        self.waiting.remove(&member);
        self.faulty.remove(&member);
        match standing {
            Standing::Able => {}
            Standing::Waiting => drop(self.waiting.insert(member)),
            Standing::Faulty => drop(self.faulty.insert(member)),
        }
    }
}

impl Role {
    /// Asks a group's own trackers again, without consequences.
    pub(crate) fn examine_group(&mut self, place: usize) {
        let group = &mut self.groups[place];
        let verdict = self.trackers.judge(&group.config.tracks, group.config.tracking_weight);
        group.own = verdict.standing();
        (group.faults, group.weight) = (verdict.faults, verdict.weight);
    }

    /// Asks a group's own trackers again; its members follow.
    pub(crate) fn assess_group(&mut self, step: &mut Step<'_>, place: usize) {
        let (standing, weight) = (self.groups[place].standing(), self.groups[place].weight);
        self.examine_group(place);
        let reweighed = self.groups[place].weight != weight;
        let turned = self.groups[place].standing() != standing;
        for member in self.groups[place].members.clone() {
            if reweighed {
                self.assess(step, member);
            }
            if turned {
                self.follow(step, member);
            }
        }
    }

    /// A router whose interface was never there: a name that is mistyped, mostly. Its group goes on
    /// without it until the interface comes (keepalived doesn't run such a file at all:
    /// docs/ancestors/keepalived.md §2.1), unless interfaces are said to come and go.
    pub(crate) fn is_absent(&self, id: Id) -> bool {
        let interface = self.routers[id].config.interface.as_deref();
        !self.config.dynamic_interfaces
            && interface.is_some_and(|name| self.links.was_never_there(name))
    }

    /// The others of a router's group, as far as they take part in it.
    pub(crate) fn siblings(&self, id: Id) -> Vec<Id> {
        let Some(place) = self.routers[id].group else { return Vec::new() };
        let members = self.groups[place].members.iter().copied();
        members.filter(|member| *member != id && !self.is_absent(*member)).collect()
    }

    /// Whether all others of a router's group are masters or miss theirs: then it may become
    /// master, and they with it.
    pub(crate) fn siblings_ready(&self, id: Id) -> bool {
        self.siblings(id).into_iter().all(|member| {
            matches!(
                self.routers[member].state,
                State::Master { .. } | State::Backup { wants: true, .. }
            )
        })
    }

    /// Tells what groups have become, after their members.
    pub(crate) fn settle_groups(&mut self, step: &mut Step<'_>) {
        while let Some(place) = self.unsettled.pop_first() {
            let group = &self.groups[place];
            let present = group.members.iter().filter(|id| !self.is_absent(**id));
            let states: BTreeSet<_> = present.map(|id| self.routers[*id].state.public()).collect();
            if states.is_empty() {
                continue;
            }
            let state = together(&states);
            if state == group.state {
                continue;
            }
            let group = &mut self.groups[place];
            group.state = state;
            let Some(what) = notify::what(state) else { continue };
            let level = if state == RouterState::Fault { Level::Error } else { Level::Info };
            let text = format!("all of sync group {} is {}", group.config.name, state.word());
            let subject = Subject::SyncGroup(group.config.name.clone());
            step.tell(level, EventKind::RouterState, subject, text);
            notify::group(step, &group.config, what);
        }
    }
}

/// What members in these states are together.
fn together(states: &BTreeSet<RouterState>) -> RouterState {
    if states.contains(&RouterState::Fault) {
        RouterState::Fault
    } else if states.contains(&RouterState::Init) {
        RouterState::Init
    } else if states.iter().all(|state| *state == RouterState::Master) {
        RouterState::Master
    } else {
        RouterState::Backup
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_master_only_if_all_are() {
        use RouterState::{Backup, Fault, Init, Master};
        for (states, expected) in [
            (vec![Master], Master),
            (vec![Master, Backup], Backup),
            (vec![Master, Fault], Fault),
            (vec![Init, Backup], Init),
            (vec![Init, Fault], Fault),
        ] {
            assert_eq!(together(&states.iter().copied().collect()), expected, "{states:?}");
        }
    }
}
