//! Groups of our own that nobody answers for any more: the peer ran them and lost them in a crash too
//! short to be seen as its death, or both of us released them.
//!
//! The peer believes that we don't run them, and would take that for proof if we fell silent now. So
//! it is told first (`info=adopts`), and nothing starts before it answered (`info=heard`).

use super::Purpose;
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Held, Level, Subject};
use base::GroupKey;
use std::time::Duration;
use wire::heartbeat::Message;

/// Said with a statement by the one that is about to start orphans.
pub(super) const INTENDS: &str = "adopts";
/// Its answer.
const HEARD: &str = "heard";

/// Without an answer the peer is told again after this.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

impl Node {
    /// Begins to adopt, if there is something to adopt and nothing speaks against it.
    pub(crate) fn adopt_orphans(&mut self, step: &mut Step<'_>) {
        let Some(peer) = self.peer.as_ref().filter(|peer| peer.stable) else { return };
        let known = peer.ours || peer.held.is_some_and(|held| !held.foreign);
        let orphans = self.orphans();
        if self.adopting.is_some() || !known || orphans.is_empty() {
            return;
        }
        if !peer.ours {
            return self.adopt(step, &orphans);
        }
        self.announce_adoption(step);
    }

    fn announce_adoption(&mut self, step: &mut Step<'_>) {
        self.adopting = Some(step.now + ANSWER_WITHIN);
        self.state(step, Some(INTENDS));
    }

    /// Takes in what a statement of the peer says about adopting.
    pub(crate) fn peer_intends(&mut self, step: &mut Step<'_>, message: &Message) {
        match message.text("info") {
            Some(INTENDS) => self.state(step, Some(HEARD)),
            Some(HEARD) if self.adopting.take().is_some() => {
                let orphans = self.orphans();
                if orphans.is_empty() {
                    self.state(step, None);
                } else {
                    self.adopt(step, &orphans);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn orphans_tick(&mut self, step: &mut Step<'_>) {
        if self.adopting.is_none_or(|at| at > step.now) {
            return;
        }
        self.adopting = None;
        if self.orphans().is_empty() {
            self.state(step, None);
        } else {
            self.announce_adoption(step);
        }
    }

    /// Groups of our own that neither of us runs, and that could run here.
    fn orphans(&self) -> Vec<GroupKey> {
        let unfit = self.unfit();
        let speaks = self.is_nice() || self.peer.as_ref().is_some_and(|peer| peer.ours);
        if !self.is_settled() || !speaks || !self.peer_alive() || unfit.contains("*") {
            return Vec::new();
        }
        let startable = |key: &GroupKey| !self.groups.claims(key) && !unfit.contains(key.as_str());
        let own = self.keys_of(Held { local: true, foreign: false });
        self.obtainable(own).into_iter().filter(startable).collect()
    }

    fn adopt(&mut self, step: &mut Step<'_>, orphans: &[GroupKey]) {
        let text = "nobody runs our own groups any more: starting them here";
        step.cause = Some(step.tell(Level::Warning, EventKind::Takeover, Subject::Cluster, text));
        self.held.local = true;
        for key in orphans {
            self.request_served(key);
        }
        let batch = self.start_released(step, orphans);
        self.purposes.insert(batch, Purpose::Replaced);
    }

    /// Where groups of a half run on both nodes, or on the other one than before, the words for the
    /// halves follow the groups.
    pub(crate) fn agree_on_halves(&mut self, both_speak: bool) {
        if !both_speak || !self.is_settled() {
            return;
        }
        let (runs, mut theirs) = (self.running_halves(), Held::NONE);
        for key in self.peers_groups() {
            let local = self.is_local(&key);
            theirs.local |= local;
            theirs.foreign |= !local;
        }
        self.held.local = runs.local || self.held.local && !theirs.local;
        self.held.foreign = runs.foreign || self.held.foreign && !theirs.foreign;
    }
}
