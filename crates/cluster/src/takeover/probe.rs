//! While the dead time still runs, other holders of what we may inherit are looked for.

use super::Phase;
use crate::io::Action;
use crate::node::Node;
use crate::step::{self, Step};
use api::{Held, NodeState};
use base::{GroupKey, Instant};
use std::collections::{BTreeMap, BTreeSet};

impl Node {
    /// When the peer's silence is long enough to look for other holders of what we may inherit.
    pub(super) fn probe_at(&self) -> Option<Instant> {
        let peer = self.peer.as_ref()?;
        let holds = peer.held.is_some_and(|held| held != Held::NONE) || !peer.groups.is_empty();
        let watching = self.phase == Phase::Stable
            && !self.probed
            && holds
            && self.messaging.node_state(&peer.name) == NodeState::Active;
        let beat = self.messaging.last_beat(&peer.name)?;
        watching.then(|| beat + self.config.timing.deadtime * 3 / 4)
    }

    pub(super) fn probe_ahead(&mut self, step: &mut Step<'_>) {
        match self.probe_at() {
            Some(at) if at <= step.now => {
                self.probed = true;
                let resources = self.groups.resources_of(&self.obtainable_after_death());
                step::run(step, Action::Probe { resources }, BTreeMap::new());
            }
            Some(_) => self.probed = false,
            None => {
                let peer = self.peer.as_ref().map(|peer| peer.name.clone());
                let fresh = peer
                    .and_then(|name| self.messaging.last_beat(&name))
                    .is_some_and(|beat| step.now.since(beat) < self.config.timing.deadtime / 2);
                if fresh {
                    self.probed = false;
                }
            }
        }
    }

    fn obtainable_after_death(&self) -> BTreeSet<GroupKey> {
        let keys = self.keys_of(Held::ALL).into_iter();
        keys.filter(|key| !self.groups.claims(key)).collect()
    }
}
