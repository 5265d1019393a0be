//! The negotiated move: `hb_standby`, `hb_takeover`, automatic failback, ipfail.
//!
//! Giver: asks (`me`), releases when the other agrees (`other`), says so (`done`), and is finished
//! when the other says that it started everything (`done`). docs/ancestors/heartbeat.md §3.8.

use super::Phase;
use super::Purpose;
use crate::groups::Finished;
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Level, StandbySet, Subject};
use base::{GroupKey, Instant};
use std::time::Duration;
use wire::heartbeat::Message;

/// An unanswered request is cancelled after this (docs/ancestors/heartbeat.md §3.1).
const REPLY_WITHIN: Duration = Duration::from_secs(10);
/// The other node's scripts may take this long (docs/ancestors/heartbeat.md §3.1).
const SCRIPTS_WITHIN: Duration = Duration::from_hours(1);

/// A move under way; sets are named from the giver's point of view, as on the wire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Standby {
    /// None.
    None,
    /// We asked; the other has not agreed yet.
    Asked { set: StandbySet, auto: bool, until: Instant, request: Option<u64> },
    /// We release.
    Giving { set: StandbySet, auto: bool, request: Option<u64> },
    /// We released; the other starts.
    Given { set: StandbySet, until: Instant, request: Option<u64> },
    /// We agreed to take; the other releases.
    Agreed { set: StandbySet, auto: bool, until: Instant },
    /// We start what it released.
    Taking { set: StandbySet },
}

impl Node {
    /// Asks the peer to take groups. The caller has made sure that nothing is in the way.
    pub(crate) fn ask_standby(
        &mut self,
        step: &mut Step<'_>,
        set: StandbySet,
        auto: bool,
        request: Option<u64>,
    ) {
        self.standby = Standby::Asked { set, auto, until: step.now + REPLY_WITHIN, request };
        let mut message = self.asking(set, "me");
        if auto {
            message = message.with("hoauto", "1");
        }
        self.send(step, message);
    }

    /// A standby request that a local script or client sent in our name.
    pub(crate) fn injected_standby(&mut self, step: &mut Step<'_>, message: &Message) {
        let Some(set) = message.text("rsc_hold").and_then(StandbySet::parse) else { return };
        if self.standby == Standby::None && self.standby_obstacle().is_none() {
            let until = step.now + REPLY_WITHIN;
            self.standby = Standby::Asked { set, auto: false, until, request: None };
        }
    }

    /// `ask_resources` from the peer: `me`, `other` or `done`.
    pub(crate) fn peer_asks(&mut self, step: &mut Step<'_>, message: &Message, latest: bool) {
        let Some(set) = message.text("rsc_hold").and_then(StandbySet::parse) else { return };
        let auto = message.text("hoauto").is_some();
        if latest && message.text("hogroups").is_some() {
            self.believe_groups(message);
        }
        match (message.text("info").unwrap_or_default(), self.standby.clone()) {
            ("me", _) => self.peer_wants_to_give(step, set, auto),
            ("other", Standby::Asked { set: asked, auto, request, .. }) if asked == set => {
                self.give(step, set, auto, request);
            }
            ("done", Standby::Agreed { set: agreed, auto, .. }) if agreed == set => {
                self.take(step, set, auto);
            }
            ("done", Standby::Given { set: given, request, .. }) if given == set => {
                self.peer_took(step, set, request);
            }
            (info, _) => {
                let text =
                    format!("standby message '{info}' of the peer ignored: not expected now");
                step.tell(Level::Warning, EventKind::Standby, Subject::Cluster, text);
                // The peer may wait for a move that is void here: our word ends that.
                self.state(step, None);
            }
        }
    }

    /// The peer says that it is stable: it no longer wants to give what we agreed to take.
    pub(crate) fn giver_is_done(&mut self, step: &mut Step<'_>) {
        if matches!(self.standby, Standby::Agreed { .. }) {
            self.standby_interrupted(step);
            self.go_on_stopping(step);
        }
    }

    /// The peer says that it is stable: what we released runs there, or it never will, because the
    /// peer forgot that it agreed.
    pub(crate) fn taker_is_done(&mut self, step: &mut Step<'_>) {
        let Standby::Given { set, request, .. } = self.standby else { return };
        let keys = self.keys_of(set.held());
        if self.peer.as_ref().is_some_and(|p| keys.iter().any(|key| p.groups.contains(key))) {
            self.peer_took(step, set, request);
        } else {
            self.standby_interrupted(step);
        }
        self.go_on_stopping(step);
    }

    fn asking(&self, set: StandbySet, info: &str) -> Message {
        let message =
            Message::of_type("ask_resources").with("rsc_hold", set.word()).with("info", info);
        self.with_group_list(message)
    }

    fn peer_wants_to_give(&mut self, step: &mut Step<'_>, set: StandbySet, auto: bool) {
        let name = self.peer.as_ref().map(|peer| peer.name.to_string()).unwrap_or_default();
        let busy = !matches!(self.standby, Standby::None) || !self.is_settled();
        // Both asked at the same moment: the node that sorts first gives, the other takes.
        let crossed = matches!(self.standby, Standby::Asked { .. })
            && self.config.me.folded().as_str() > name.to_ascii_lowercase().as_str();
        if busy && !crossed {
            let text =
                format!("{name} wants to give {} groups: ignored, ours are in flux", set.word());
            step.tell(Level::Warning, EventKind::Standby, Subject::Node(name), text);
            return;
        }
        if crossed {
            self.standby_interrupted(step);
        }
        let text = format!("{name} wants to give its {} groups: agreed", set.word());
        step.cause = Some(step.tell(Level::Info, EventKind::Standby, Subject::Node(name), text));
        self.standby = Standby::Agreed { set, auto, until: step.now + SCRIPTS_WITHIN };
        let message = self.asking(set, "other");
        self.send(step, message);
    }

    /// The peer agreed: release. Of an automatic move, what the peer can't run stays here.
    fn give(&mut self, step: &mut Step<'_>, set: StandbySet, auto: bool, request: Option<u64>) {
        let text = format!("the peer can take our {} groups", set.word());
        step.cause = Some(step.tell(Level::Info, EventKind::Standby, Subject::Cluster, text));
        let fit = |key: &GroupKey| self.peer.as_ref().is_some_and(|peer| peer.is_fit_for(key));
        // What is on its way down already must be down too before the peer may start it.
        let here = |key: &GroupKey| {
            self.groups.claims(key)
                || self.groups.get(key).is_some_and(crate::groups::GroupRun::is_up_in_part)
        };
        let keys: Vec<_> = self
            .keys_of(set.held())
            .into_iter()
            .filter(|key| here(key) && (!auto || fit(key)))
            .collect();
        let kept =
            self.keys_of(set.held()).iter().any(|k| self.groups.claims(k) && !keys.contains(k));
        self.withdraw_requests();
        self.standby = Standby::Giving { set, auto, request };
        let gone = set.held();
        self.held.local &= !gone.local;
        self.held.foreign &= !gone.foreign;
        self.failback.needed = kept;
        if !auto {
            self.offered.clear();
        }
        let batch = self.groups.release(step, &keys);
        self.purposes.insert(batch, Purpose::Give(set));
        self.state(step, Some("standby"));
    }

    /// Everything is released: the peer may start.
    pub(crate) fn given(&mut self, step: &mut Step<'_>, set: StandbySet) {
        let Standby::Giving { request, .. } = self.standby else { return };
        self.peer_may_start();
        self.standby = Standby::Given { set, until: step.now + SCRIPTS_WITHIN, request };
        let message = self.asking(set, "done");
        self.send(step, message);
    }

    /// The giver released everything: start it here.
    fn take(&mut self, step: &mut Step<'_>, set: StandbySet, auto: bool) {
        let name = self.peer.as_ref().map(|peer| peer.name.to_string()).unwrap_or_default();
        let text = format!("{name} released its {} groups: starting them here", set.word());
        step.cause = Some(step.tell(Level::Info, EventKind::Standby, Subject::Node(name), text));
        let mine = set.swapped().held();
        let keys = self.keys_of(mine);
        if !auto {
            for key in &keys {
                self.groups.clear_failure(key);
            }
            self.offered.clear();
        }
        self.held.local |= mine.local;
        self.held.foreign |= mine.foreign;
        if let Some(peer) = &mut self.peer
            && !peer.ours
        {
            peer.groups.clear();
            peer.stopping.clear();
        }
        let keys = self.obtainable(keys);
        self.standby = Standby::Taking { set };
        let batch = self.start_released(step, &keys);
        self.purposes.insert(batch, Purpose::Take(set));
    }

    /// What the giver released runs here (or failed here).
    pub(crate) fn taken(&mut self, step: &mut Step<'_>, set: StandbySet, _: &Finished) {
        if !matches!(self.standby, Standby::Taking { .. }) {
            return;
        }
        self.standby = Standby::None;
        let message = self.asking(set, "done");
        self.send(step, message);
        self.state(step, None);
    }

    fn peer_took(&mut self, step: &mut Step<'_>, set: StandbySet, request: Option<u64>) {
        self.standby = Standby::None;
        let text = format!("the peer completed the takeover of our {} groups", set.word());
        step.cause =
            Some(step.tell(Level::Info, EventKind::Standby, Subject::Cluster, text.clone()));
        if let Some(request) = request {
            step.out.push(crate::io::Output::Answer { request, result: Ok(text) });
        }
        self.state(step, None);
    }

    /// The peer died or restarted in the middle of a move: whatever was agreed is void.
    pub(crate) fn standby_interrupted(&mut self, step: &mut Step<'_>) {
        let request = match std::mem::replace(&mut self.standby, Standby::None) {
            Standby::None => return,
            Standby::Asked { request, .. }
            | Standby::Giving { request, .. }
            | Standby::Given { request, .. } => request,
            Standby::Agreed { .. } | Standby::Taking { .. } => None,
        };
        let why = "the standby in progress is void: the peer is no longer the one that agreed";
        step.tell(Level::Warning, EventKind::Standby, Subject::Cluster, why);
        if let Some(request) = request {
            step.out.push(crate::io::Output::Answer { request, result: Err(why.into()) });
        }
        let moves = |p: &Purpose| matches!(p, Purpose::Give(_) | Purpose::Take(_));
        for purpose in self.purposes.values_mut().filter(|p| moves(p)) {
            *purpose = Purpose::Yield;
        }
    }

    pub(crate) fn standby_tick(&mut self, step: &mut Step<'_>) {
        if self.standby_deadline().is_none_or(|at| at > step.now) {
            return;
        }
        let (text, request) = match std::mem::replace(&mut self.standby, Standby::None) {
            Standby::Asked { request, .. } => {
                ("no reply to the standby request within 10 s: cancelled", request)
            }
            Standby::Given { request, .. } => {
                ("the peer has not started our groups within an hour", request)
            }
            Standby::Agreed { .. } => ("the peer has not released its groups within an hour", None),
            other => {
                self.standby = other;
                return;
            }
        };
        step.tell(Level::Error, EventKind::Standby, Subject::Cluster, text);
        if let Some(request) = request {
            step.out.push(crate::io::Output::Answer { request, result: Err(text.into()) });
        }
        if self.phase == Phase::Stable {
            self.state(step, None);
        }
        self.go_on_stopping(step);
    }

    pub(crate) const fn standby_deadline(&self) -> Option<Instant> {
        match self.standby {
            Standby::Asked { until, .. }
            | Standby::Given { until, .. }
            | Standby::Agreed { until, .. } => Some(until),
            Standby::None | Standby::Giving { .. } | Standby::Taking { .. } => None,
        }
    }
}
