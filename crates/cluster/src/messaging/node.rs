//! What is known about one node: a member, a ping node, or ourselves.

use super::sequence::Tracker;
use crate::config::{Config, Timing};
use api::{NodeKind, NodeState};
use base::{Instant, LinkId, NodeName};
use std::time::Duration;

/// The shortest dead time that is taken from a peer. Less would be a slip or a lie, and would
/// have us judge it at every packet.
const DEAD_AFTER_MIN: Duration = Duration::from_millis(10);

/// The longest dead time that is taken from a peer: one day. A node that asks for more would
/// never be missed.
const DEAD_AFTER_MAX: Duration = Duration::from_hours(24);

/// `hb_setweight`'s number before anybody sets one (docs/ancestors/heartbeat.md §6.7).
pub(super) const WEIGHT: u32 = 100;

/// One link to one node.
#[derive(Clone, Debug)]
pub(super) struct LinkLife {
    pub(super) id: LinkId,
    pub(super) up: bool,
    pub(super) last_heard: Option<Instant>,
}

/// One node as we hear it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// As configured, or as it was added.
    pub(super) name: NodeName,
    pub(super) kind: NodeKind,
    pub(super) is_me: bool,
    pub(super) state: NodeState,
    /// The state it had when it fell silent, to return to.
    pub(super) before_death: NodeState,
    /// In the order of the configuration's media.
    pub(super) links: Vec<LinkLife>,
    /// The link its latest message came over first.
    pub(super) last_link: Option<LinkId>,
    /// The highest generation heard; `None`: nothing heard yet.
    pub(super) generation: Option<u64>,
    pub(super) uuid: Option<[u8; 16]>,
    pub(super) tracker: Tracker,
    /// When its latest status came.
    pub(super) last_beat: Option<Instant>,
    /// The number of that status.
    pub(super) last_status: u64,
    /// Since when we wait for its first status; `None`: from the next tick on.
    pub(super) waiting_since: Option<Instant>,
    /// The dead time it advertises.
    pub(super) dead_after: Option<Duration>,
    /// Its own time, in seconds, in its newest message: what is older is not new.
    pub(super) said_at: u64,
    /// What it has of ours, as it acknowledged.
    pub(super) acked: u64,
    /// What we had sent when it was first heard: it cannot be asked to acknowledge that.
    pub(super) acked_from: u64,
    /// Since when, and how often since, a request of it was refused.
    pub(super) naks: (Instant, u64),
    /// We were late ourselves and wait so much longer for what may lie unread.
    pub(super) grace_until: Option<Instant>,
    pub(super) weight: u32,
    pub(super) site: String,
}

impl Node {
    fn new(name: NodeName, kind: NodeKind, is_me: bool) -> Self {
        Self {
            name,
            kind,
            is_me,
            state: NodeState::Unknown,
            before_death: NodeState::Init,
            links: Vec::new(),
            last_link: None,
            generation: None,
            uuid: None,
            tracker: Tracker::default(),
            last_beat: None,
            last_status: 0,
            waiting_since: None,
            dead_after: None,
            said_at: 0,
            acked: 0,
            acked_from: 0,
            naks: (Instant::ZERO, 0),
            grace_until: None,
            weight: WEIGHT,
            site: String::new(),
        }
    }

    /// A member, with a link for each medium name that is no ping's: several `ucast` lines of one
    /// interface share what comes in on it (docs/ancestors/heartbeat.md §3.3).
    pub(super) fn member(name: NodeName, config: &Config) -> Self {
        let is_me = same(&name, config.me.as_str());
        let mut node = Self::new(name, NodeKind::Normal, is_me);
        node.links = config
            .links
            .iter()
            .enumerate()
            .filter(|(at, link)| !link.medium.is_ping() && first_of_name(config, *at) == *at)
            .map(|(at, _)| LinkLife { id: link_id(at), up: false, last_heard: None })
            .collect();
        node
    }

    /// The ping node of the ping medium `id`.
    pub(super) fn ping(name: &str, id: LinkId) -> Self {
        let mut node = Self::new(name.into(), NodeKind::Ping, false);
        node.links.push(LinkLife { id, up: false, last_heard: None });
        node
    }

    /// Takes over what `old` knew about the same node, link by link where the medium is the same.
    pub(super) fn inherit(&mut self, old: Self, new: &Config, before: &Config) {
        let fresh = std::mem::take(&mut self.links);
        let links = fresh.into_iter().map(|link| {
            let medium = new.links.get(usize::from(link.id.0));
            let known = old.links.iter().find(|l| before.links.get(usize::from(l.id.0)) == medium);
            known.map_or(link.clone(), |known| LinkLife { id: link.id, ..known.clone() })
        });
        *self = Self { links: links.collect(), name: self.name.clone(), last_link: None, ..old };
    }

    /// A member other than ourselves.
    pub(super) fn is_peer(&self) -> bool {
        self.kind == NodeKind::Normal && !self.is_me
    }

    /// A member other than ourselves that is heard.
    pub(super) fn is_live_peer(&self) -> bool {
        self.is_peer() && self.state.is_alive()
    }

    /// Lost messages are asked for only from a node that takes part
    /// (docs/ancestors/heartbeat.md §1.8).
    pub(super) fn can_be_asked(&self) -> bool {
        self.is_peer() && matches!(self.state, NodeState::Up | NodeState::Active)
    }

    /// The dead time it advertised, within reason.
    pub(super) fn advertise(&mut self, millis: u64) {
        let after = Duration::from_millis(millis).clamp(DEAD_AFTER_MIN, DEAD_AFTER_MAX);
        self.dead_after = (millis > 0).then_some(after);
    }

    /// The silence after which this node, or a link to it, is dead: what the node itself
    /// advertises, or deadping; and initdead until it was heard, and for all as long as
    /// communication is not up (docs/ancestors/heartbeat.md §3.1, §3.2).
    pub(super) fn limit(&self, timing: &Timing, comm_up: bool) -> Duration {
        let usual = match self.kind {
            NodeKind::Ping => timing.deadping,
            NodeKind::Normal => self.dead_after.unwrap_or(timing.deadtime),
        };
        match (self.last_beat, comm_up) {
            (Some(_), true) => usual,
            (Some(_), false) => usual.max(timing.initdead),
            (None, _) => timing.initdead,
        }
    }

    /// When it is dead unless it is heard before.
    pub(super) fn death_at(&self, timing: &Timing, comm_up: bool) -> Option<Instant> {
        if self.is_me || self.state == NodeState::Dead {
            return None;
        }
        let since = self.last_beat.or(self.waiting_since)?;
        Some(since + self.limit(timing, comm_up))
    }

    /// The link with that number.
    pub(super) fn link_mut(&mut self, id: LinkId) -> Option<&mut LinkLife> {
        self.links.iter_mut().find(|link| link.id == id)
    }
}

/// The first place whose medium has the name of the one at `at`: its link stands for all of them.
pub(super) fn first_of_name(config: &Config, at: usize) -> usize {
    let Some(name) = config.links.get(at).map(|link| &link.name) else { return at };
    let same = |link: &crate::config::Link| link.name == *name && !link.medium.is_ping();
    config.links.iter().position(same).unwrap_or(at)
}

/// The number of the medium at that place of the configuration.
pub(super) fn link_id(at: usize) -> LinkId {
    LinkId(u16::try_from(at).unwrap_or(u16::MAX))
}

/// Names are compared without regard to case (docs/ancestors/heartbeat.md §5.2).
pub(super) fn same(name: &NodeName, text: &str) -> bool {
    name.as_str().eq_ignore_ascii_case(text)
}
