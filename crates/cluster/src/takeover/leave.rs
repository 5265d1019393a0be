//! The graceful stop: release, say `shutdone` so that the peer takes over at once, then go.

use super::{Phase, Purpose, Standby};
use crate::io::Output;
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Held, Level, Subject};
use base::Instant;
use std::time::Duration;
use wire::heartbeat::Message;

/// After the last word the node stays this long to send again what the peer may have missed
/// (docs/ancestors/heartbeat.md §3.9).
const LINGER: Duration = Duration::from_secs(1);
/// With `keep`, the peer is told to wait this long for our successor; the ancestor says the same
/// before it restarts itself (docs/ancestors/heartbeat.md §3.1). The next beat says it.
const RESTART_WITHIN: Duration = Duration::from_secs(30);

/// Where the stop stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shutdown {
    /// Asked for; what is under way is finished first.
    Waiting { keep: bool },
    /// Releasing what we held.
    Releasing,
    /// The peer knows; the scripts of everything else are told to stop.
    StoppingRest,
    /// Everything is done; the last packets may be asked for again.
    Lingering { until: Instant },
    /// Nothing is said or done any more.
    Gone,
}

impl Node {
    pub(crate) fn stop_command(&mut self, step: &mut Step<'_>, keep: bool) {
        if self.shutdown.is_some() {
            return;
        }
        let text = if keep {
            "stopping, resources stay for a successor"
        } else {
            "stopping: giving up all resources"
        };
        step.cause = Some(step.tell(Level::Info, EventKind::Stopping, Subject::Cluster, text));
        self.shutdown = Some(Shutdown::Waiting { keep });
        self.go_on_stopping(step);
    }

    /// Takes the next step of the stop if nothing is under way.
    pub(crate) fn go_on_stopping(&mut self, step: &mut Step<'_>) {
        let Some(Shutdown::Waiting { keep }) = self.shutdown else { return };
        if !matches!(self.standby, Standby::Giving { .. } | Standby::Taking { .. }) {
            self.standby_interrupted(step);
        }
        if !self.purposes.is_empty() {
            return;
        }
        if keep {
            self.messaging.advertise_deadtime_extra(RESTART_WITHIN, step.now + RESTART_WITHIN);
            let until = step.now + self.config.timing.keepalive;
            self.shutdown = Some(Shutdown::Lingering { until });
            return;
        }
        self.shutdown = Some(Shutdown::Releasing);
        self.held = Held::NONE;
        let claimed = self.claimed();
        let keys: Vec<_> =
            self.keys_of(Held::ALL).into_iter().filter(|key| claimed.contains(key)).collect();
        let batch = self.groups.release(step, &keys);
        self.purposes.insert(batch, Purpose::StopHeld);
        if self.phase != Phase::Down && self.config.manage_resources {
            self.state(step, Some("shutdown"));
        }
    }

    /// What we held is down: the peer may have it. Then every other script is told to stop, as
    /// the ancestor does, so that nothing is left running that we would have managed.
    pub(crate) fn released_for_stop(&mut self, step: &mut Step<'_>) {
        self.say_goodbye(step);
        self.shutdown = Some(Shutdown::StoppingRest);
        let rest: Vec<_> = self
            .groups
            .all()
            .iter()
            .filter(|_| self.config.manage_resources)
            .filter(|run| run.state != api::GroupState::Stopped || run.because.is_none())
            .map(|run| run.group.key.clone())
            .collect();
        let batch = self.groups.release(step, &rest);
        self.purposes.insert(batch, Purpose::StopRest);
    }

    fn say_goodbye(&mut self, step: &mut Step<'_>) {
        if self.config.manage_resources {
            let message = Message::of_type("shutdone").with("st", "dead");
            self.send(step, message);
        }
    }

    pub(crate) fn stop_finished(&mut self, step: &mut Step<'_>) {
        self.shutdown = Some(Shutdown::Lingering { until: step.now + LINGER });
    }

    pub(crate) fn leave_tick(&mut self, step: &mut Step<'_>) {
        if let Some(Shutdown::Lingering { until }) = self.shutdown
            && until <= step.now
        {
            self.messaging.leave();
            self.shutdown = Some(Shutdown::Gone);
            let text = "heartbeat shutdown complete";
            step.tell(Level::Info, EventKind::Stopped, Subject::Cluster, text);
            step.out.push(Output::Exit);
        }
    }

    pub(crate) const fn leave_deadline(&self) -> Option<Instant> {
        match self.shutdown {
            Some(Shutdown::Lingering { until }) => Some(until),
            _ => None,
        }
    }

    /// The peer said goodbye: everything it had is down there.
    pub(crate) fn peer_left(&mut self, step: &mut Step<'_>) {
        let Some(peer) = &mut self.peer else { return };
        peer.left = true;
        peer.held = Some(Held::NONE);
        peer.groups.clear();
        peer.stopping.clear();
        peer.stable = true;
        let name = peer.name.clone();
        step.cause = Some(step.tell(
            Level::Info,
            EventKind::PeerResources,
            Subject::Node(name.to_string()),
            format!("{name} has released everything and stops"),
        ));
        self.standby_interrupted(step);
        let apart = self.phase == Phase::Down;
        if self.shutdown.is_some() || !self.config.manage_resources || apart {
            return;
        }
        let text = format!("taking what {name} released");
        self.take_everything(step, &text, None);
        // It may have held addresses until a moment ago, also ones that we hold.
        self.announce(step, &self.claimed());
    }
}
