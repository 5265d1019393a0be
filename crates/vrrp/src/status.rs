//! The role as clients see it.

use crate::config::{Tracked, Version};
use crate::io::Condition;
use crate::role::Role;
use crate::router::{Id, State};
use api::vrrp::{RouterStatus, SyncGroupStatus, TrackEffect, TrackerStatus, VrrpStatus};

impl Role {
    /// Everything there is to know, at this moment.
    pub fn status(&self) -> VrrpStatus {
        VrrpStatus {
            routers: (0..self.routers.len()).map(|id| self.router_status(id)).collect(),
            groups: self.groups.iter().map(|group| self.group_status(group)).collect(),
            trackers: self.tracker_status(),
            refused: self.strangers.counts(),
        }
    }

    fn router_status(&self, id: Id) -> RouterStatus {
        let router = &self.routers[id];
        let config = &router.config;
        RouterStatus {
            name: config.name.clone(),
            vrid: config.vrid.0,
            interface: config.interface.clone(),
            version: if config.version == Version::V2 { 2 } else { 3 },
            state: router.state.public(),
            since: router.since,
            faults: self.faults(id).iter().map(ToString::to_string).collect(),
            base_priority: config.priority,
            effective_priority: router.effective,
            master: router.master,
            last_heard: router.heard_at,
            takes_over_at: match router.state {
                State::Backup { down_at, .. } => Some(down_at),
                State::Init | State::Master { .. } | State::Fault => None,
            },
            master_interval_us: router.master_interval.as_micros() as u64,
            last_announced: router.announcing.last,
            addresses: config
                .addresses
                .iter()
                .chain(&config.excluded)
                .map(|address| format!("{}/{}", address.ip, address.prefix))
                .collect(),
            tracks: self.effects(id),
            group: router.group.map(|place| self.groups[place].config.name.clone()),
            counters: router.counters,
            refused: router.refusals.counts(),
        }
    }

    /// What everything tracked does to a router, its group's last.
    fn effects(&self, id: Id) -> Vec<TrackEffect> {
        let router = &self.routers[id];
        let mut effects = self.trackers.effects(&router.config.tracks, self.is_weighed(id));
        if let Some(place) = router.group {
            effects.extend(self.trackers.effects(&self.groups[place].config.tracks, true));
        }
        effects
    }

    fn group_status(&self, group: &crate::groups::Group) -> SyncGroupStatus {
        let own = group.faults.iter().map(ToString::to_string);
        let members = group.members.iter().flat_map(|id| {
            let router = &self.routers[*id];
            router.faults.iter().map(move |fault| format!("{}: {fault}", router.config.name))
        });
        SyncGroupStatus {
            name: group.config.name.clone(),
            state: group.state,
            members: group.config.members.clone(),
            faults: own.chain(members).collect(),
        }
    }

    fn tracker_status(&self) -> Vec<TrackerStatus> {
        let status = |what: &Tracked, condition: Option<Condition>| {
            let (kind, name) = what.words();
            let script = matches!(what, Tracked::Script(_)).then(|| self.scripts.get(name));
            TrackerStatus {
                kind: kind.to_owned(),
                name: name.to_owned(),
                good: condition.map(|condition| condition != Condition::Bad),
                value: match condition {
                    Some(Condition::Value(number)) => Some(number),
                    _ => None,
                },
                said: script.flatten().map(|script| script.said.clone()).unwrap_or_default(),
                running: script.flatten().is_some_and(|script| script.running),
            }
        };
        self.trackers.iter().map(|(what, watch)| status(what, watch.condition)).collect()
    }
}
