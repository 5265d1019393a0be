//! `auto_failback legacy`: each node asks for its own groups one by one with `ip-request` and
//! gives up any group that is asked for (docs/ancestors/heartbeat.md §3.4 d).

use super::{Phase, Purpose};
use crate::groups::GroupRun;
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Held, Level, Subject};
use base::{GroupKey, Instant};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::heartbeat::Message;

/// An unanswered request is repeated after this.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Requests for groups of our own that the peer has not answered, with the time to repeat them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legacy {
    asked: BTreeMap<GroupKey, Instant>,
}

impl Node {
    pub(crate) fn legacy_start(&mut self, step: &mut Step<'_>) {
        self.phase = Phase::Stable;
        self.held.local = true;
        if !self.peer_alive() {
            return self.peer_dead(step);
        }
        for key in self.keys_of(Held { local: true, foreign: false }) {
            if !self.groups.claims(&key) {
                self.request_group(step, &key);
            }
        }
        self.state(step, None);
    }

    fn request_group(&mut self, step: &mut Step<'_>, key: &GroupKey) {
        self.legacy.asked.insert(key.clone(), step.now + ASK_AGAIN_AFTER);
        self.send(step, Message::of_type("ip-request").with("ipaddr", key.as_str()));
    }

    /// The peer wants a group: it gets it.
    pub(crate) fn peer_requests_group(&mut self, step: &mut Step<'_>, message: &Message) {
        // In the middle of a move the answer is its end, or a later request.
        if self.is_nice() || self.standby != super::Standby::None {
            return;
        }
        let Some(key) = message.text("ipaddr").map(GroupKey::from) else { return };
        if !self.groups.claims(&key) {
            // While it is still being stopped the answer is the end of that, or a later request.
            let stops = self.groups.get(&key).is_some_and(GroupRun::is_up_in_part);
            if !stops {
                self.grant(step, &key);
            }
            return;
        }
        step.cause = Some(step.tell(
            Level::Info,
            EventKind::Release,
            Subject::Group(key.to_string()),
            format!("the peer asks for {key}: releasing it"),
        ));
        let batch = self.groups.release(step, std::slice::from_ref(&key));
        self.purposes.insert(batch, Purpose::Granted(key));
    }

    pub(crate) fn grant(&mut self, step: &mut Step<'_>, key: &GroupKey) {
        let Some(peer) = self.peer.as_ref().map(|peer| peer.name.clone()) else { return };
        self.peer_may_start();
        let foreign = self.keys_of(Held { local: false, foreign: true });
        self.held.foreign &= foreign.iter().any(|key| self.groups.claims(key));
        self.send(
            step,
            Message::of_type("ip-request-resp")
                .with("dest", peer.as_str())
                .with("ipaddr", key.as_str())
                .with("ok", "OK"),
        );
        self.state(step, None);
    }

    /// The peer granted a group that we asked for.
    pub(crate) fn peer_granted_group(&mut self, step: &mut Step<'_>, message: &Message) {
        let Some(key) = message.text("ipaddr").map(GroupKey::from) else { return };
        let asked = self.legacy.asked.remove(&key).is_some();
        if message.text("ok") != Some("OK") || !asked || self.shutdown.is_some() {
            return;
        }
        if let Some(peer) = &mut self.peer {
            peer.groups.remove(&key);
            peer.stopping.remove(&key);
        }
        step.cause = Some(step.tell(
            Level::Info,
            EventKind::Takeover,
            Subject::Group(key.to_string()),
            format!("the peer granted {key}: starting it"),
        ));
        let batch = self.start_released(step, std::slice::from_ref(&key));
        self.purposes.insert(batch, Purpose::Requested(key));
    }

    /// What is given away now is not asked for any more.
    pub(crate) fn withdraw_requests(&mut self) {
        self.legacy.asked.clear();
    }

    pub(crate) fn request_served(&mut self, key: &GroupKey) {
        self.legacy.asked.remove(key);
    }

    pub(crate) fn legacy_tick(&mut self, step: &mut Step<'_>) {
        let due: Vec<_> = self
            .legacy
            .asked
            .iter()
            .filter(|(_, at)| **at <= step.now)
            .map(|(key, _)| key.clone())
            .collect();
        for key in due {
            if self.peer_alive() && !self.groups.claims(&key) {
                self.request_group(step, &key);
            } else {
                self.legacy.asked.remove(&key);
            }
        }
    }

    pub(crate) fn legacy_deadline(&self) -> Option<Instant> {
        self.legacy.asked.values().min().copied()
    }
}
