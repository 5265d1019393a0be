//! The way into the cluster: asking what the peer holds, then starting what is our own.

use super::{Phase, Purpose, RQSTDELAY};
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Held, Level, Subject};
use wire::heartbeat::Message;

impl Node {
    pub(crate) fn communication_up(&mut self, step: &mut Step<'_>) {
        let text = "every node was heard or given up: resources may be handled now";
        step.cause =
            Some(step.tell(Level::Info, EventKind::CommunicationUp, Subject::Cluster, text));
        self.ipfail_join(step);
        if !self.config.manage_resources {
            self.phase = Phase::Stable;
            return;
        }
        if !self.is_nice() {
            return self.legacy_start(step);
        }
        self.phase = Phase::Starting { ask_again_at: step.now + RQSTDELAY };
        let message = self.with_group_list(Message::of_type("starting"));
        self.send(step, message);
        if !self.peer_alive() {
            self.peer_dead(step);
        }
    }

    /// The peer starts, or asks what we hold.
    pub(crate) fn peer_starting(&mut self, step: &mut Step<'_>, message: &Message) {
        let Some(peer) = &mut self.peer else { return };
        peer.stable = false;
        peer.left = false;
        peer.ours |= message.text("ho").is_some();
        let (name, ours) = (peer.name.clone(), peer.ours);
        if ours {
            self.believe_groups(message);
        }
        let text = format!("{name} starts and asks what we hold");
        step.cause = Some(step.tell(
            Level::Info,
            EventKind::PeerResources,
            Subject::Node(name.to_string()),
            text,
        ));
        self.fencing.forget(&name);
        self.offered.clear();
        if self.auto_returns() && !self.claimed().is_empty() {
            self.failback.needed = true;
        }
        if self.phase == Phase::Down {
            return;
        }
        self.state(step, None);
        if ours && matches!(self.phase, Phase::Starting { .. } | Phase::Received { .. }) {
            // It lists what it runs, so there is no doubt to wait out.
            self.take_own(step);
        }
        if ours {
            self.adopt_orphans(step);
        }
    }

    /// A question that was overtaken by the peer's later words: what it lists is over, but it may
    /// still wait for the answer.
    pub(crate) fn tell_late_starter(&mut self, step: &mut Step<'_>) {
        if self.phase != Phase::Down {
            self.state(step, None);
        }
    }

    /// What the peer's word means for our own way into the cluster.
    pub(super) fn join_after(
        &mut self,
        step: &mut Step<'_>,
        stable: bool,
        ours: bool,
        newly_stable: bool,
    ) {
        match self.phase {
            Phase::Starting { .. } | Phase::Received { .. } if stable || ours => {
                self.take_own(step);
            }
            Phase::Starting { .. } => {
                self.phase = Phase::Received { act_at: step.now + RQSTDELAY };
            }
            Phase::Stable if newly_stable => self.state(step, None),
            Phase::Down | Phase::Received { .. } | Phase::Acquiring | Phase::Stable => {}
        }
    }

    /// Takes the groups whose home we are, except those the peer answers for.
    pub(crate) fn take_own(&mut self, step: &mut Step<'_>) {
        self.phase = Phase::Acquiring;
        let peer_has_all = self
            .peer
            .as_ref()
            .filter(|_| self.peer_alive())
            .is_some_and(|peer| !peer.ours && peer.held.is_some_and(|held| held.foreign));
        let own = Held { local: true, foreign: false };
        let keys = if peer_has_all { Vec::new() } else { self.obtainable(self.keys_of(own)) };
        let peer_runs_some = self.peer.as_ref().is_some_and(|peer| {
            self.peer_alive() && self.keys_of(own).iter().any(|key| peer.groups.contains(key))
        });
        let runs = self.running_halves();
        self.held.local = runs.local || !peer_has_all && !peer_runs_some;
        self.held.foreign |= runs.foreign;
        self.failback.needed |= runs.foreign;
        let text = match keys.len() {
            0 => "no group of our own to start now".to_owned(),
            n => format!("starting our own groups ({n})"),
        };
        step.cause = Some(step.tell(Level::Info, EventKind::Takeover, Subject::Cluster, text));
        let batch = self.start_released(step, &keys);
        self.purposes.insert(batch, Purpose::Initial);
    }
}
