//! What this node tells its peer of itself, and what it is made of.

use super::{Phase, Standby, orphans};
use crate::config::AutoFailback;
use crate::node::Node;
use crate::step::Step;
use api::{GroupState, Held};
use base::GroupKey;
use std::collections::BTreeSet;
use wire::heartbeat::Message;

impl Node {
    /// Whether this node's home is `key`'s.
    pub(crate) fn is_local(&self, key: &GroupKey) -> bool {
        self.groups.get(key).is_some_and(|run| run.group.home.folded() == self.config.me.folded())
    }

    /// The keys of a set named from our point of view, in file order.
    pub(crate) fn keys_of(&self, set: Held) -> Vec<GroupKey> {
        let keys = self.groups.all().iter().map(|run| run.group.key.clone());
        keys.filter(|key| if self.is_local(key) { set.local } else { set.foreign }).collect()
    }

    /// The groups this node answers for.
    pub(crate) fn claimed(&self) -> BTreeSet<GroupKey> {
        let keys = self.groups.all().iter().map(|run| &run.group.key);
        keys.filter(|key| self.groups.claims(key)).cloned().collect()
    }

    /// The halves of which this node answers for at least one group.
    pub(crate) fn running_halves(&self) -> Held {
        let mut halves = Held::NONE;
        for key in self.claimed() {
            let local = self.is_local(&key);
            halves.local |= local;
            halves.foreign |= !local;
        }
        halves
    }

    /// The groups that the live peer runs or has not stopped yet.
    pub(crate) fn peers_groups(&self) -> BTreeSet<GroupKey> {
        match self.peer.as_ref().filter(|_| self.peer_alive()) {
            Some(peer) => peer.groups.union(&peer.stopping).cloned().collect(),
            None => BTreeSet::new(),
        }
    }

    /// The peer may start something now: until it says what it runs, nothing is known.
    pub(crate) fn peer_may_start(&mut self) {
        if let Some(peer) = &mut self.peer {
            peer.stable = false;
        }
    }

    /// Those of `keys` that nobody else answers for and that didn't fail here.
    pub(crate) fn obtainable(&self, keys: Vec<GroupKey>) -> Vec<GroupKey> {
        let alive = self.peer_alive();
        let taken = |key: &GroupKey| {
            alive
                && self
                    .peer
                    .as_ref()
                    .is_some_and(|peer| peer.groups.contains(key) || peer.stopping.contains(key))
        };
        let failed = |key: &GroupKey| {
            self.groups.get(key).is_some_and(|run| matches!(run.state, GroupState::Failed { .. }))
        };
        keys.into_iter().filter(|key| !taken(key) && !failed(key)).collect()
    }

    /// Nothing is on its way here.
    pub(crate) fn is_settled(&self) -> bool {
        self.phase == Phase::Stable
            && self.standby == Standby::None
            && self.purposes.is_empty()
            && self.shutdown.is_none()
    }

    /// Speaks the protocol of `auto_failback on|off`, not `ip-request`.
    pub(crate) fn is_nice(&self) -> bool {
        self.config.auto_failback != AutoFailback::Legacy
    }

    /// Our word on what we hold, with the fields that only nodes of ours read.
    pub(crate) fn statement(&self, info: Option<&str>) -> Message {
        let flux = ["shutdown", "standby", orphans::INTENDS];
        let settled = self.is_settled() && self.adopting.is_none();
        let stable = settled && info.is_none_or(|info| !flux.contains(&info));
        let mut message = Message::of_type("resource")
            .with("rsc_hold", self.held.word())
            .with("rtype", "full")
            .with("isstable", if stable { "1" } else { "0" });
        if let Some(info) = info {
            message = message.with("info", info);
        }
        self.with_group_list(message)
    }

    pub(crate) fn with_group_list(&self, message: Message) -> Message {
        let words = |keys: &BTreeSet<GroupKey>| {
            keys.iter().map(GroupKey::as_str).collect::<Vec<_>>().join(" ")
        };
        let message = message
            .with("ho", "1")
            .with("hogroups", words(&self.claimed()))
            .with("hobefore", words(&self.before));
        let stopping: BTreeSet<GroupKey> = self
            .groups
            .all()
            .iter()
            .filter(|run| run.is_up_in_part() && !self.groups.claims(&run.group.key))
            .map(|run| run.group.key.clone())
            .collect();
        let message = if stopping.is_empty() {
            message
        } else {
            message.with("hostopping", words(&stopping))
        };
        let unfit: Vec<_> = self.unfit().into_iter().collect();
        if unfit.is_empty() { message } else { message.with("hohealth", unfit.join(" ")) }
    }

    /// Tells what we hold. In legacy mode only nodes of ours understand it.
    pub(crate) fn state(&mut self, step: &mut Step<'_>, info: Option<&str>) {
        let ours = self.peer.as_ref().is_some_and(|peer| peer.ours);
        if self.is_nice() || ours {
            let message = self.statement(info);
            self.send(step, message);
        }
    }

    /// The groups that can't run here now, as our status messages tell them.
    pub(crate) fn unfit(&self) -> BTreeSet<String> {
        let failed = self.groups.all().iter().filter_map(|run| match run.state {
            GroupState::Failed { .. } => Some(run.group.key.to_string()),
            _ => None,
        });
        failed.chain(self.checks.unfit()).collect()
    }

    /// Puts what nodes of ours tell each other into the status messages.
    pub(crate) fn refresh_status_fields(&mut self) {
        let mut fields = vec![
            ("ho".to_owned(), "1".to_owned()),
            ("hodigest".to_owned(), self.config.digest.clone()),
        ];
        let unfit: Vec<_> = self.unfit().into_iter().collect();
        if !unfit.is_empty() {
            fields.push(("hohealth".to_owned(), unfit.join(" ")));
        }
        self.messaging.set_status_fields(fields);
    }
}
