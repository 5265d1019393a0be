//! After a cut: both nodes may hold the same groups; one keeps each, the other releases.
//!
//! Nodes of ours don't restart as the ancestor does. Each tells which groups it answers for and
//! which it ran before the cut; from the two lists both compute the same keeper. The loser
//! releases first; the keeper announces its addresses when the loser's list no longer has the
//! group. A keeper that is not obeyed concludes that it isn't heard, and yields: better one
//! holder that can't hear us than two.
//!
//! A real Heartbeat restarts after a cut, and has released what it held within two seconds
//! (docs/ancestors/heartbeat.md §3.6). But one whose own deadtime ran out just as the cut healed
//! doesn't notice that there was one, and keeps everything (measured): then this node yields.

use super::Purpose;
use crate::config::AutoFailback;
use crate::io::Action;
use crate::node::Node;
use crate::step::{self, Step};
use api::{EventKind, Held, Level, Subject};
use base::{GroupKey, Instant, NodeName};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wire::heartbeat::Message;

/// How long a real Heartbeat may hold what we hold too: it had begun to release after 2 s.
const RESTARTS_WITHIN: Duration = Duration::from_secs(6);

/// How long a keeper waits to be obeyed, beside three keepalives.
const OBEYED_WITHIN: Duration = Duration::from_secs(2);

impl Node {
    /// The peer was never dead: we were cut off from each other.
    pub(crate) fn healed(&mut self, step: &mut Step<'_>, node: &NodeName) {
        if !self.is_peer(node) {
            return;
        }
        self.fencing.forget(node);
        if let Some(peer) = &mut self.peer {
            peer.stable = false;
            peer.held = None;
            peer.left = false;
            peer.owes_statement = true;
        }
        self.adopting = None;
        // Nothing is announced yet: neighbours that hear both of us change their mind once a second
        // at most, and the last word should be the keeper's.
        self.state(step, Some("healed"));
    }

    /// A node of ours that was cut off from us is told what we hold.
    pub(crate) fn peer_healed(&mut self, step: &mut Step<'_>, message: &Message) {
        let ours = message.text("ho").is_some();
        if ours && message.text("info") == Some("healed") {
            self.state(step, None);
        }
    }

    /// Groups both of us answer for.
    fn contested(&self) -> BTreeSet<GroupKey> {
        let Some(peer) = self.peer.as_ref().filter(|_| self.peer_alive()) else {
            return BTreeSet::new();
        };
        if peer.ours {
            return peer.groups.iter().filter(|key| self.groups.claims(key)).cloned().collect();
        }
        // A real node names halves, from its own point of view.
        let halves = peer.held.filter(|_| peer.stable).unwrap_or_default();
        let mirrored = Held { local: halves.foreign, foreign: halves.local };
        let keys = self.keys_of(mirrored).into_iter();
        keys.filter(|key| self.groups.claims(key)).collect()
    }

    /// Whether this node keeps `key`: the home's, unless `auto_failback off` leaves it with the
    /// one that ran it before the cut.
    fn keeps(&self, key: &GroupKey) -> bool {
        if self.peer.as_ref().is_some_and(|peer| !peer.ours) {
            return true;
        }
        let mine = self.before.contains(key);
        let theirs = self.peer.as_ref().is_some_and(|peer| peer.before.contains(key));
        match (self.config.auto_failback, mine, theirs) {
            (AutoFailback::Off, true, false) => true,
            (AutoFailback::Off, false, true) => false,
            _ => self.is_local(key) || !self.is_peer_home(key),
        }
    }

    fn is_peer_home(&self, key: &GroupKey) -> bool {
        self.groups.get(key).is_some_and(|run| self.is_peer(&run.group.home))
    }

    /// Called after every word of the peer: settles what both hold.
    pub(crate) fn resolve_conflict(&mut self, step: &mut Step<'_>) {
        let contested = self.contested();
        let waited = self.peer.as_ref().and_then(|peer| peer.conflict_since);
        if contested.is_empty() {
            if waited.is_some() {
                let text = "the peer released what both of us held: announcing ours again";
                step.tell(Level::Info, EventKind::PartitionHealed, Subject::Cluster, text);
                self.announce(step, &self.claimed());
            }
            if let Some(peer) = &mut self.peer {
                peer.conflict_since = None;
            }
            return;
        }
        let (kept, lost): (Vec<_>, Vec<_>) = contested.into_iter().partition(|key| self.keeps(key));
        if !lost.is_empty() {
            self.yield_groups(step, &lost, "the peer is to keep them after the cut");
        }
        if let Some(peer) = &mut self.peer {
            peer.conflict_since = match (kept.is_empty(), waited) {
                (true, _) => None,
                (false, Some(since)) => Some(since),
                (false, None) => Some(step.now),
            };
        }
        if !kept.is_empty() && waited.is_none() {
            let names = kept.iter().map(GroupKey::as_str).collect::<Vec<_>>().join(", ");
            let waits = self.conflict_patience().as_secs();
            let text = format!(
                "both nodes hold {names}: this node keeps them, if the peer releases them within \
                 {waits} s"
            );
            step.tell(Level::Critical, EventKind::PartitionHealed, Subject::Cluster, text);
            self.state(step, Some("healed"));
        }
    }

    fn yield_groups(&mut self, step: &mut Step<'_>, keys: &[GroupKey], why: &str) {
        let names = keys.iter().map(GroupKey::as_str).collect::<Vec<_>>().join(", ");
        step.cause = Some(step.tell(
            Level::Critical,
            EventKind::Release,
            Subject::Cluster,
            format!("both nodes hold {names}: releasing them here, {why}"),
        ));
        let batch = self.groups.release(step, keys);
        self.purposes.insert(batch, Purpose::Yield);
        let runs = self.running_halves();
        self.held.local &= runs.local;
        self.held.foreign &= runs.foreign;
        self.state(step, None);
    }

    fn conflict_patience(&self) -> Duration {
        if self.peer.as_ref().is_some_and(|peer| peer.ours) {
            OBEYED_WITHIN + self.config.timing.keepalive * 3
        } else {
            RESTARTS_WITHIN
        }
    }

    pub(crate) fn conflict_tick(&mut self, step: &mut Step<'_>) {
        if self.conflict_deadline().is_none_or(|at| at > step.now) {
            return;
        }
        if let Some(peer) = &mut self.peer {
            peer.conflict_since = None;
        }
        let contested: Vec<_> = self.contested().into_iter().collect();
        if !contested.is_empty() {
            self.yield_groups(step, &contested, "because the peer doesn't release them");
        }
    }

    pub(crate) fn conflict_deadline(&self) -> Option<Instant> {
        Some(self.peer.as_ref()?.conflict_since? + self.conflict_patience())
    }

    /// Announces the addresses of these groups again: a peer held them too for a while.
    pub(crate) fn announce(&self, step: &mut Step<'_>, keys: &BTreeSet<GroupKey>) {
        let resources = self.groups.resources_of(keys);
        if !resources.is_empty() {
            step::run(step, Action::Announce { resources }, BTreeMap::new());
        }
    }
}
