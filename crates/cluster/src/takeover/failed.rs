//! A group that can't run here goes to the other node, once per cause and never in circles.
//!
//! Between nodes of ours one group moves by `ho-group` messages: `offer` says "I don't run it and
//! can't", and is answered by a new `resource` statement, or by `refuse`. A real Heartbeat can
//! only be given a whole half, by standby; that is tried once.

use super::Purpose;
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, GroupState, Level, StandbySet, Subject};
use base::GroupKey;
use wire::heartbeat::Message;

impl Node {
    /// A batch left this group failed.
    pub(crate) fn group_failed(&mut self, step: &mut Step<'_>, key: &GroupKey) {
        self.refresh_status_fields();
        if self.shutdown.is_some() {
            return;
        }
        self.offer(step, key);
    }

    /// Stops a running group and offers it to the peer; with a reason it counts as failed here.
    pub(crate) fn move_away(&mut self, step: &mut Step<'_>, key: &GroupKey, why: Option<String>) {
        let batch = self.groups.release(step, std::slice::from_ref(key));
        self.purposes.insert(batch, Purpose::MoveAway(key.clone(), why));
        self.state(step, None);
    }

    /// The group is down here and can't come up: the peer may try, if it wasn't asked before.
    pub(crate) fn offer(&mut self, step: &mut Step<'_>, key: &GroupKey) {
        let subject = Subject::Group(key.to_string());
        let peer = self.peer.as_ref().filter(|p| self.peer_alive() && !p.left);
        let Some(peer) = peer.filter(|peer| peer.is_fit_for(key)) else {
            return self.no_better_place(step, key);
        };
        if !self.offered.insert(key.clone()) {
            let text = format!(
                "{key} runs nowhere: {} was offered it before; after repairing the cause, run \
                 hb_takeover or hb_standby",
                peer.name
            );
            step.tell(Level::Critical, EventKind::GroupFailed, subject, text);
            return;
        }
        let (name, ours) = (peer.name.clone(), peer.ours);
        let text = format!("{key} can't run here: offering it to {name}");
        step.cause = Some(step.tell(Level::Error, EventKind::Takeover, subject, text));
        if ours {
            self.peer_may_start();
            let message = Message::of_type("ho-group")
                .with("dest", name.as_str())
                .with("group", key.as_str())
                .with("verb", "offer");
            self.send(step, message);
        } else if self.standby_obstacle().is_none() {
            // It turns away who is in flux, as we were while the group stopped.
            self.state(step, None);
            let set = if self.is_local(key) { StandbySet::Local } else { StandbySet::Foreign };
            self.ask_standby(step, set, false, None);
        }
    }

    /// `ho-group` from the peer.
    pub(crate) fn peer_offers_group(&mut self, step: &mut Step<'_>, message: &Message) {
        let (Some(key), Some(verb)) =
            (message.text("group").map(GroupKey::from), message.text("verb"))
        else {
            return;
        };
        if self.groups.get(&key).is_none() {
            return;
        }
        let subject = Subject::Group(key.to_string());
        if verb == "refuse" {
            return self.no_better_place(step, &key);
        }
        if let Some(peer) = &mut self.peer {
            peer.groups.remove(&key);
            peer.stopping.remove(&key);
        }
        if self.groups.claims(&key) {
            return self.state(step, None);
        }
        let failed =
            self.groups.get(&key).is_some_and(|r| matches!(r.state, GroupState::Failed { .. }));
        let stops = self.shutdown.is_some();
        if failed || stops || self.checks.unfit().any(|unfit| unfit == "*" || key == unfit.as_str())
        {
            return self.refuse_group(step, &key);
        }
        let text = format!("{key} can't run on the peer: starting it here");
        step.cause = Some(step.tell(Level::Warning, EventKind::Takeover, subject, text));
        self.failback.needed = true;
        let batch = self.start_released(step, std::slice::from_ref(&key));
        self.purposes.insert(batch, Purpose::Offered(key));
    }

    /// No other node can run this group now. If only a check spoke against it here, a group whose
    /// service ails is still better than none; if it failed here, it stays down.
    fn no_better_place(&mut self, step: &mut Step<'_>, key: &GroupKey) {
        let subject = Subject::Group(key.to_string());
        if self.obtainable(vec![key.clone()]).is_empty() {
            let text =
                format!("{key} runs nowhere: it can't run here, and no other node can run it now");
            step.tell(Level::Critical, EventKind::GroupFailed, subject, text);
            return;
        }
        let text = format!("{key}: the peer can do no better, starting it here again");
        step.cause = Some(step.tell(Level::Error, EventKind::Takeover, subject, text));
        let batch = self.start_released(step, std::slice::from_ref(key));
        self.purposes.insert(batch, Purpose::Replaced);
    }

    /// An offered group runs here now, or failed here too.
    pub(crate) fn offer_taken(&mut self, step: &mut Step<'_>, key: &GroupKey, runs: bool) {
        if runs {
            self.state(step, None);
        } else {
            // It failed on both: don't offer it back.
            self.offered.insert(key.clone());
            self.refuse_group(step, key);
        }
    }

    fn refuse_group(&mut self, step: &mut Step<'_>, key: &GroupKey) {
        let Some(peer) = &self.peer else { return };
        let message = Message::of_type("ho-group")
            .with("dest", peer.name.as_str())
            .with("group", key.as_str())
            .with("verb", "refuse");
        self.send(step, message);
        self.state(step, None);
    }

    /// An address of ours was removed by somebody else and put back. Once is repaired, twice
    /// within a minute is a fight that this node loses.
    pub(crate) fn address_lost(&mut self, step: &mut Step<'_>, group: &GroupKey, address: &str) {
        step.cause = Some(step.tell(
            Level::Error,
            EventKind::AddressLost,
            Subject::Address(address.to_owned()),
            format!("{address} was removed by somebody else twice within a minute: {group} moves"),
        ));
        self.move_away(step, group, Some(format!("{address} is fought over on this machine")));
    }
}
