//! Who holds which groups: starting, taking over from the dead, healing, giving back.
//!
//! The protocol is Heartbeat 3.0.6's for `auto_failback on|off` (docs/ancestors/heartbeat.md
//! §3.5); between nodes of ours every `resource` message also lists the groups one by one
//! (`hogroups`), which the ancestor ignores, and that list decides (`statement`, `peer`).
//!
//! `joining` is the way in, `leave` the graceful way out, `inherit` what follows a death, `heal` what
//! follows a cut, `failed` what follows a failure here, `orphans` what nobody runs any more;
//! `request` takes the commands, `standby` is the negotiated move, `failback` the automatic one, and
//! `legacy` the `ip-request` protocol.

mod failback;
mod failed;
mod heal;
mod inherit;
mod joining;
mod leave;
mod legacy;
mod orphans;
mod peer;
mod probe;
mod request;
mod standby;
mod statement;

use crate::groups::Finished;
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Level, StandbySet, Subject};
use base::{GroupKey, Instant};
use std::time::Duration;
use wire::heartbeat::Message;

pub(crate) use failback::Failback;
pub(crate) use leave::Shutdown;
pub(crate) use legacy::Legacy;
pub(crate) use peer::Peer;
pub(crate) use request::Waiting;
pub(crate) use standby::Standby;

/// How long a starting node waits for a peer that starts too, before it takes what is its own
/// (`RQSTDELAY`, docs/ancestors/heartbeat.md §3.1). Between nodes of ours it isn't needed.
const RQSTDELAY: Duration = Duration::from_secs(10);
/// Where the node is on its way into the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// Not every node was heard or given up yet.
    Down,
    /// `starting` was sent; the peer's state is not known. Sent again when due.
    Starting { ask_again_at: Instant },
    /// The peer answered and is on its way too; at the latest then we take what is ours.
    Received { act_at: Instant },
    /// Our own groups are being started for the first time.
    Acquiring,
    /// Part of the cluster.
    Stable,
}

/// What a batch of group operations was for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// Our own groups at the start.
    Initial,
    /// Whatever a dead or leaving peer leaves.
    Inherit,
    /// Standby: we give.
    Give(StandbySet),
    /// Standby: we take.
    Take(StandbySet),
    /// Released because the peer is to keep it.
    Yield,
    /// Released because it does no good here; then offered to the peer. With a reason it counts
    /// as failed here until an administrator moves it back.
    MoveAway(GroupKey, Option<String>),
    /// Started because the peer offered it.
    Offered(GroupKey),
    /// Legacy: given to the peer that asked.
    Granted(GroupKey),
    /// Legacy: started after the peer granted it.
    Requested(GroupKey),
    /// A check asked for the restart.
    Restart(GroupKey),
    /// A changed haresources: the old groups are down.
    Replace,
    /// A changed haresources: the new groups are up.
    Replaced,
    /// Stop: what we held.
    StopHeld,
    /// Stop: the scripts of everything else.
    StopRest,
}

impl Node {
    /// What was asked of the groups is done, or failed.
    pub(crate) fn batch_finished(&mut self, step: &mut Step<'_>, finished: &Finished) {
        let Some(purpose) = self.purposes.remove(&finished.batch) else { return };
        self.refresh_status_fields();
        match purpose {
            Purpose::Initial | Purpose::Inherit => {
                if self.phase == Phase::Acquiring {
                    self.phase = Phase::Stable;
                }
                self.state(step, None);
            }
            Purpose::Give(set) => self.given(step, set),
            Purpose::Take(set) => self.taken(step, set, finished),
            Purpose::MoveAway(key, failed) => {
                if let Some(reason) = failed {
                    self.groups.mark_failed(&key, reason);
                    self.refresh_status_fields();
                }
                self.offer(step, &key);
                // A request for standby is the last word until it is answered.
                if self.standby == Standby::None {
                    self.state(step, None);
                }
            }
            Purpose::Offered(key) => self.offer_taken(step, &key, finished.failed.is_empty()),
            Purpose::Granted(key) => self.grant(step, &key),
            Purpose::Requested(key) => {
                self.request_served(&key);
                self.state(step, None);
            }
            Purpose::Restart(key) => Self::restarted(step, &key, finished.failed.is_empty()),
            Purpose::Replace => self.replace_groups(step),
            Purpose::Yield | Purpose::Replaced => self.state(step, None),
            Purpose::StopHeld => self.released_for_stop(step),
            Purpose::StopRest => self.stop_finished(step),
        }
        for key in &finished.failed {
            self.group_failed(step, key);
        }
        self.go_on_stopping(step);
    }

    fn replace_groups(&mut self, step: &mut Step<'_>) {
        let config = std::sync::Arc::clone(&self.config);
        self.groups.replace(&config.groups);
        let keys = self.obtainable(self.keys_of(self.held));
        let batch = self.start_released(step, &keys);
        self.purposes.insert(batch, Purpose::Replaced);
    }

    pub(crate) fn takeover_tick(&mut self, step: &mut Step<'_>) {
        match self.phase {
            Phase::Starting { ask_again_at } if ask_again_at <= step.now => {
                self.phase = Phase::Starting { ask_again_at: step.now + RQSTDELAY };
                let text = "the peer lives but has not said what it holds; asking again";
                step.tell(Level::Warning, EventKind::PeerResources, Subject::Cluster, text);
                let message = self.with_group_list(Message::of_type("starting"));
                self.send(step, message);
            }
            Phase::Received { act_at } if act_at <= step.now => self.take_own(step),
            _ => {}
        }
        if self.failback.next_try.is_some_and(|at| at <= step.now) {
            self.failback.next_try = None;
            self.try_failback(step);
        }
        self.probe_ahead(step);
        self.standby_tick(step);
        self.reconsider_waiting(step);
        self.conflict_tick(step);
        self.orphans_tick(step);
        self.legacy_tick(step);
        self.leave_tick(step);
    }

    pub(crate) fn takeover_deadline(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Starting { ask_again_at: at } | Phase::Received { act_at: at } => Some(at),
            Phase::Down | Phase::Acquiring | Phase::Stable => None,
        };
        [
            phase,
            self.failback.next_try,
            self.probe_at(),
            self.standby_deadline(),
            self.waiting_deadline(),
            self.conflict_deadline(),
            self.adopting,
            self.legacy_deadline(),
            self.leave_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
