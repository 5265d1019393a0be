//! ipfail, built in: the node that reaches fewer ping nodes gives its groups up.
//!
//! Speaks the messages of the ancestor's ipfail client (docs/ancestors/heartbeat.md §6.1), so a
//! real ipfail on the other node is a full partner.

use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Level, NodeKind, NodeState, StandbySet, Subject};
use base::Instant;
use std::cmp::Ordering;
use wire::heartbeat::Message;

/// Why a node gives up.
const WORSE_OFF: &str = "the peer reaches more ping nodes";

/// What ipfail has in mind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ipfail {
    /// Give these groups up then, unless the peer says that it is no better off.
    giveup: Option<(Instant, StandbySet)>,
    /// The same, put off until the peer is stable.
    delayed: Option<StandbySet>,
}

impl Node {
    /// Signs on as the client `ipfail`, so that the peer's asks us.
    pub(crate) fn ipfail_join(&mut self, step: &mut Step<'_>) {
        if self.ipfail.is_none() {
            return;
        }
        let message = Message::of_type("hbapi-clstat")
            .with("st", "join")
            .with("from_id", "ipfail")
            .with("to_id", "ipfail")
            .with("src", self.config.me.as_str())
            .with("info", "signon")
            .with("client_gen", "0");
        self.send(step, message);
    }

    /// Ping nodes that answer now.
    fn reachable(&self) -> usize {
        let nodes = self.messaging.nodes();
        nodes.filter(|n| n.kind == NodeKind::Ping && n.state == NodeState::Ping).count()
    }

    /// Tells the peer's ipfail how many ping nodes we reach.
    pub(crate) fn ipfail_ask(&mut self, step: &mut Step<'_>) {
        let Some(peer) = self.peer.as_ref().filter(|_| self.ipfail.is_some()) else { return };
        if !self.messaging.is_comm_up() {
            return;
        }
        let message = Message::of_type("num_ping_nodes")
            .with("src", self.config.me.as_str())
            .with("num_ping", self.reachable().to_string())
            .with("dest", peer.name.as_str())
            .with("from_id", "ipfail")
            .with("to_id", "ipfail")
            .with("client_gen", "0");
        self.send(step, message);
    }

    pub(crate) fn ipfail_link_lost(&mut self, step: &mut Step<'_>) {
        if self.ipfail.is_some() {
            let text = format!("a link fell silent: {} ping nodes answer here", self.reachable());
            step.cause =
                Some(step.tell(Level::Warning, EventKind::Connectivity, Subject::Cluster, text));
            self.ipfail_ask(step);
        }
    }

    pub(crate) fn ipfail_message(&mut self, step: &mut Step<'_>, kind: &str, message: &Message) {
        if message.text("from_id") != Some("ipfail") {
            return;
        }
        match kind {
            "hbapi-clstat" if message.text("st") == Some("join") => self.ipfail_ask(step),
            "num_ping_nodes" => self.compare(step, message.decimal("num_ping")),
            "you_are_dead" => {
                self.plan_giveup(step, StandbySet::All, WORSE_OFF);
            }
            "abort_giveup" => {
                if let Some(ipfail) = &mut self.ipfail {
                    (ipfail.giveup, ipfail.delayed) = (None, None);
                }
            }
            _ => {}
        }
    }

    fn compare(&mut self, step: &mut Step<'_>, theirs: Option<i64>) {
        let mine = self.reachable();
        let theirs = theirs.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        let text = format!("ping nodes reached: {mine} here, {theirs} on the peer");
        step.cause = Some(step.tell(Level::Info, EventKind::Connectivity, Subject::Cluster, text));
        match mine.cmp(&theirs) {
            Ordering::Greater => self.tell_ipfail(step, "you_are_dead"),
            Ordering::Less => self.plan_giveup(step, StandbySet::All, WORSE_OFF),
            Ordering::Equal => self.balanced(step),
        }
    }

    /// Both reach the same: nobody need give up; with `auto_failback on` the peer's groups go home.
    fn balanced(&mut self, step: &mut Step<'_>) {
        self.tell_ipfail(step, "abort_giveup");
        let pending = self.ipfail.as_mut().is_some_and(|ipfail| {
            let pending = ipfail.giveup.is_some() || ipfail.delayed.is_some();
            (ipfail.giveup, ipfail.delayed) = (None, None);
            pending
        });
        let holds_foreign = self.held.foreign
            && self.keys_of(StandbySet::Foreign.held()).iter().any(|k| self.groups.claims(k));
        if !pending && self.auto_returns() && holds_foreign && self.is_settled() {
            self.plan_giveup(step, StandbySet::Foreign, "connectivity is balanced again");
        }
    }

    fn plan_giveup(&mut self, step: &mut Step<'_>, set: StandbySet, why: &str) {
        let at = step.now + self.config.timing.keepalive * 2;
        let Some(ipfail) = &mut self.ipfail else { return };
        if ipfail.giveup.is_none() {
            ipfail.giveup = Some((at, set));
            let text = format!("giving up {} groups unless that changes: {why}", set.word());
            step.tell(Level::Warning, EventKind::Connectivity, Subject::Cluster, text);
        }
    }

    fn tell_ipfail(&mut self, step: &mut Step<'_>, kind: &str) {
        let Some(peer) = &self.peer else { return };
        let message = Message::of_type(kind)
            .with("dest", peer.name.as_str())
            .with("from_id", "ipfail")
            .with("to_id", "ipfail")
            .with("client_gen", "0");
        self.send(step, message);
    }

    pub(crate) fn ipfail_tick(&mut self, step: &mut Step<'_>) {
        let Some(ipfail) = &mut self.ipfail else { return };
        if let Some((at, set)) = ipfail.giveup
            && at <= step.now
        {
            ipfail.giveup = None;
            self.ipfail_give_up(step, set);
        }
    }

    fn ipfail_give_up(&mut self, step: &mut Step<'_>, set: StandbySet) {
        if !self.keys_of(set.held()).iter().any(|key| self.groups.claims(key)) {
            return;
        }
        match self.standby_obstacle() {
            None => {
                let text = format!("ipfail: giving {} groups to the peer", set.word());
                step.cause = Some(step.tell(
                    Level::Warning,
                    EventKind::Connectivity,
                    Subject::Cluster,
                    text,
                ));
                self.ask_standby(step, set, false, None);
            }
            Some(why) => {
                let text = format!("ipfail: can't give up {} groups now: {why}", set.word());
                step.tell(Level::Warning, EventKind::Connectivity, Subject::Cluster, text);
                if let Some(ipfail) = &mut self.ipfail {
                    ipfail.delayed = Some(set);
                }
            }
        }
    }

    /// The peer is stable again: what was put off may be done.
    pub(crate) fn ipfail_peer_stable(&mut self, step: &mut Step<'_>, stable: bool) {
        if let Some(set) = self.ipfail.as_mut().filter(|_| stable).and_then(|i| i.delayed.take()) {
            self.ipfail_give_up(step, set);
        }
    }

    pub(crate) fn ipfail_deadline(&self) -> Option<Instant> {
        self.ipfail.as_ref()?.giveup.map(|(at, _)| at)
    }
}
