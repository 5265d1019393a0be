//! Groups go back to their home by themselves, once it is ready.

use crate::config::AutoFailback;
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Level, StandbySet, Subject};
use base::Instant;
use std::time::Duration;

/// A failback that can't begin is tried again after this (docs/ancestors/heartbeat.md §3.5).
const FAILBACK_RETRY: Duration = Duration::from_secs(1);

/// Groups that are to go back to their home once it is ready.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Failback {
    pub(crate) needed: bool,
    pub(crate) next_try: Option<Instant>,
}

impl Node {
    /// Groups go home by themselves.
    pub(crate) fn auto_returns(&self) -> bool {
        self.config.auto_failback == AutoFailback::On
    }

    /// Gives the peer's groups back if they are to go and it is ready.
    pub(crate) fn try_failback(&mut self, step: &mut Step<'_>) {
        if !self.failback.needed || !self.auto_returns() || self.failback.next_try.is_some() {
            return;
        }
        let Some(peer) = &self.peer else { return };
        if !self.peer_alive() || peer.left {
            return;
        }
        if !peer.stable || !self.is_settled() {
            self.failback.next_try = Some(step.now + FAILBACK_RETRY);
            return;
        }
        let foreign = self.keys_of(StandbySet::Foreign.held());
        let ready = foreign.is_empty()
            || foreign.iter().any(|key| self.groups.claims(key) && peer.is_fit_for(key));
        if !self.held.foreign && !foreign.iter().any(|key| self.groups.claims(key)) {
            self.failback.needed = false;
        } else if ready {
            let text = format!("giving {}'s groups back to it (auto_failback on)", peer.name);
            step.cause = Some(step.tell(Level::Info, EventKind::Standby, Subject::Cluster, text));
            self.ask_standby(step, StandbySet::Foreign, true, None);
        }
    }
}
