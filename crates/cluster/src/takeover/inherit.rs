//! The peer dies, restarts or leaves: what it held is taken over, at the price of a proof.

use super::{Phase, Purpose};
use crate::fencing::{Inheritance, Released, Standing};
use crate::groups::{Batch, Permit};
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Held, Level, Subject};
use base::{GroupKey, NodeName};
use wire::heartbeat::Message;

impl Node {
    pub(crate) fn peer_restarted(&mut self, step: &mut Step<'_>, node: &NodeName) {
        if !self.is_peer(node) {
            return;
        }
        if let Some(peer) = &mut self.peer {
            // What it held may still be in place: unknown until it says so.
            peer.held = None;
            peer.stable = false;
            peer.left = false;
            peer.stated = (0, 0);
        }
        self.adopting = None;
        self.standby_interrupted(step);
    }

    pub(crate) fn peer_dead(&mut self, step: &mut Step<'_>) {
        if !self.config.manage_resources || self.shutdown.is_some() {
            return;
        }
        self.standby_interrupted(step);
        self.adopting = None;
        self.probed = false;
        let Some(peer) = &mut self.peer else {
            return self.take_own(step);
        };
        // Where neither holds anything, each may think that of the other, and both would start.
        let held_nothing = peer.held == Some(Held::NONE) && peer.groups.is_empty() && peer.stable;
        let gave_up = peer.left || (held_nothing && self.held != Held::NONE);
        let name = peer.name.clone();
        peer.conflict_since = None;
        if self.phase == Phase::Down {
            // Dead before the others were heard; handled when communication is up.
            return;
        }
        self.before = self.claimed();
        let config = std::sync::Arc::clone(&self.config);
        if let Some(inheritance) = self.fencing.inherit(step, &config, &name, gave_up) {
            let result = if gave_up { "unneeded" } else { "n_stnth" };
            self.announce_stonith(step, name.as_str(), result);
            self.inherit(step, inheritance);
        }
    }

    /// How it stands with the peer, as far as starting groups goes.
    fn standing(&self) -> Standing {
        match &self.peer {
            None => Standing::Alone,
            Some(_) if self.peer_alive() => Standing::Speaks,
            Some(peer) if peer.left => Standing::Left,
            Some(peer) if peer.inherited => Standing::Inherited,
            Some(_) => Standing::Silent,
        }
    }

    /// Starts groups that the peer doesn't answer for; none, while it is silent without proof. The
    /// inheritance that follows the proof starts them then.
    pub(crate) fn start_released(&mut self, step: &mut Step<'_>, keys: &[GroupKey]) -> Batch {
        match Released::given(self.standing()) {
            Some(released) => self.groups.acquire(step, keys, &Permit::PeerReleased(released)),
            None => self.groups.nothing(step),
        }
    }

    pub(crate) fn announce_stonith(&mut self, step: &mut Step<'_>, node: &str, result: &str) {
        let message = Message::of_type("stonith").with("node", node).with("result", result);
        self.send(step, message);
    }

    /// Starts whatever the dead or departed peer leaves. The price is the proof.
    pub(crate) fn inherit(&mut self, step: &mut Step<'_>, inheritance: Inheritance) {
        if self.shutdown.is_some() {
            return;
        }
        if let Some(peer) = &mut self.peer {
            peer.held = Some(Held::NONE);
            peer.groups.clear();
            peer.stopping.clear();
            peer.stable = true;
            peer.inherited = true;
        }
        let name = inheritance.node().clone();
        self.take_everything(
            step,
            &format!("taking over everything from {name}: {}", inheritance.proof()),
            Some(inheritance),
        );
    }

    /// Starts whatever doesn't run here: of a dead peer, or of one that said goodbye.
    pub(crate) fn take_everything(
        &mut self,
        step: &mut Step<'_>,
        text: &str,
        inheritance: Option<Inheritance>,
    ) {
        let keys: Vec<_> = self.keys_of(Held::ALL);
        let keys: Vec<_> =
            self.obtainable(keys).into_iter().filter(|key| !self.groups.claims(key)).collect();
        self.held = Held::ALL;
        self.failback.needed = true;
        self.phase = Phase::Acquiring;
        step.cause = Some(step.tell(Level::Warning, EventKind::Takeover, Subject::Cluster, text));
        let batch = match inheritance {
            Some(proof) => self.groups.acquire(step, &keys, &Permit::Inherited(proof)),
            None => self.start_released(step, &keys),
        };
        self.purposes.insert(batch, Purpose::Inherit);
    }
}
