//! Requests to move groups: `hb_standby` here, `hb_takeover` here or on the peer.
//!
//! The ancestor ignores a request while resources are in flux. We wait a little: an administrator
//! who types two commands in a row means both.

use super::Standby;
use crate::io::Output;
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Level, StandbySet, Subject};
use base::Instant;
use std::time::Duration;
use wire::heartbeat::Message;

/// How long a request waits for resources to become stable.
const WAITS: Duration = Duration::from_secs(10);

/// What somebody wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wish {
    /// The peer is to have groups of ours; the set is named from our point of view.
    Give(StandbySet),
    /// We are to have groups of the peer; the set is named from our point of view.
    Get(StandbySet),
}

/// A request that waits for stable resources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    wish: Wish,
    /// Who waits for an answer: a command on this node, or nobody (the peer's `hb_takeover`).
    request: Option<u64>,
    until: Instant,
}

/// Why no move can begin now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Obstacle {
    /// It will not go away by itself soon.
    Lasting(String),
    /// Resources are in flux.
    Passing(String),
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Lasting(why) | Self::Passing(why)) = self;
        f.write_str(why)
    }
}

impl Node {
    /// `hb_standby` on this node.
    pub(crate) fn standby_command(&mut self, step: &mut Step<'_>, set: StandbySet, request: u64) {
        self.wish(step, Wish::Give(set), Some(request));
    }

    /// `hb_takeover` on this node; `set` is named from our point of view.
    pub(crate) fn takeover_command(&mut self, step: &mut Step<'_>, set: StandbySet, request: u64) {
        self.wish(step, Wish::Get(set), Some(request));
    }

    /// `hb_takeover` from the peer: give it what it asks for.
    pub(crate) fn peer_wants_takeover(&mut self, step: &mut Step<'_>, message: &Message) {
        let Some(set) = message.text("rsc_hold").and_then(StandbySet::parse) else { return };
        let text = format!("the peer asks for its {} groups", set.word());
        step.cause = Some(step.tell(Level::Info, EventKind::Standby, Subject::Cluster, text));
        self.wish(step, Wish::Give(set.swapped()), None);
    }

    fn wish(&mut self, step: &mut Step<'_>, wish: Wish, request: Option<u64>) {
        match self.standby_obstacle() {
            None => self.fulfil(step, wish, request),
            Some(Obstacle::Passing(why)) if self.waiting.is_none() => {
                let text = format!("a request to move groups waits: {why}");
                step.tell(Level::Info, EventKind::Standby, Subject::Cluster, text);
                self.waiting = Some(Waiting { wish, request, until: step.now + WAITS });
            }
            Some(obstacle) => refuse(step, request, obstacle.to_string()),
        }
    }

    fn fulfil(&mut self, step: &mut Step<'_>, wish: Wish, request: Option<u64>) {
        let mut tell = |text| {
            step.cause = Some(step.tell(Level::Info, EventKind::Standby, Subject::Cluster, text));
        };
        match wish {
            Wish::Give(set) => {
                tell(format!("standby requested: giving {} groups to the peer", set.word()));
                self.ask_standby(step, set, false, request);
            }
            Wish::Get(set) => {
                tell(format!("takeover requested: asking the peer for our {} groups", set.word()));
                let message = Message::of_type("hb_takeover").with("rsc_hold", set.word());
                self.send(step, message);
                if let Some(request) = request {
                    let result = Ok(format!("asked the peer to give up {} groups", set.word()));
                    step.out.push(Output::Answer { request, result });
                }
            }
        }
    }

    /// Does what waits, if it can be done now; gives up what waited too long, or in vain.
    pub(crate) fn reconsider_waiting(&mut self, step: &mut Step<'_>) {
        let Some(Waiting { wish, request, until }) = self.waiting else { return };
        match self.standby_obstacle() {
            None => {
                self.waiting = None;
                self.fulfil(step, wish, request);
            }
            Some(Obstacle::Passing(_)) if step.now < until => {}
            Some(obstacle) => {
                self.waiting = None;
                refuse(step, request, obstacle.to_string());
            }
        }
    }

    pub(crate) fn waiting_deadline(&self) -> Option<Instant> {
        self.waiting.map(|waiting| waiting.until)
    }

    /// Why no move can begin now, in one sentence.
    pub(crate) fn standby_obstacle(&self) -> Option<Obstacle> {
        self.lasting_obstacle().map(Obstacle::Lasting).or_else(|| {
            let why = self.passing_obstacle()?;
            Some(Obstacle::Passing(why))
        })
    }

    fn lasting_obstacle(&self) -> Option<String> {
        let Some(peer) = &self.peer else {
            return Some("this cluster has one node: nobody could take the groups".into());
        };
        let name = &peer.name;
        if !self.peer_alive() || peer.left {
            return Some(format!("{name} is not there to take the groups: start it first"));
        }
        if !self.is_nice() && !peer.ours {
            return Some(format!(
                "auto_failback is legacy and {name} runs the ancestor, which then refuses standby: \
                 set auto_failback on or off on both nodes"
            ));
        }
        self.shutdown.is_some().then(|| "this node is stopping".into())
    }

    fn passing_obstacle(&self) -> Option<String> {
        if !matches!(self.standby, Standby::None) {
            return Some("another standby is in progress: try again when it is done".into());
        }
        if !self.is_settled() {
            return Some(
                "resources of this node are in flux: try again when they are stable".into(),
            );
        }
        let peer = self.peer.as_ref()?;
        let flux = !peer.stable && (self.is_nice() || peer.held.is_some());
        flux.then(|| format!("resources of {} are in flux: try again when it is stable", peer.name))
    }
}

fn refuse(step: &mut Step<'_>, request: Option<u64>, why: String) {
    let text = format!("request refused: {why}");
    step.tell(Level::Warning, EventKind::Standby, Subject::Cluster, text);
    if let Some(request) = request {
        step.out.push(Output::Answer { request, result: Err(why) });
    }
}
