//! What the other node said of itself.

use super::Phase;
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, Held, Level, Subject};
use base::{GroupKey, Instant, NodeName};
use std::collections::BTreeSet;
use wire::heartbeat::Message;

/// Most group names believed from one peer message.
const PEER_GROUPS_MAX: usize = 4096;

/// What the other node said and what follows from it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) name: NodeName,
    /// Its own word; `None` until it spoke, or when it may have died in between.
    pub(crate) held: Option<Held>,
    pub(crate) stable: bool,
    /// One of ours: its `hogroups` count.
    pub(crate) ours: bool,
    /// The groups it answers for (ours only).
    pub(crate) groups: BTreeSet<GroupKey>,
    /// The groups it no longer answers for but has not stopped yet (ours only).
    pub(crate) stopping: BTreeSet<GroupKey>,
    /// The groups it ran when it last lost sight of us (ours only).
    pub(crate) before: BTreeSet<GroupKey>,
    /// Groups it can't run now: failed there, or a check of theirs fails. `*` is all.
    pub(crate) unfit: BTreeSet<String>,
    /// Digest of its configuration (ours only).
    pub(crate) digest: Option<String>,
    /// Generation and sequence of its last statement, so that a late older one isn't believed.
    pub(crate) stated: (u64, u64),
    /// Since when both of us answer for the same group.
    pub(crate) conflict_since: Option<Instant>,
    /// It said goodbye (`shutdone`).
    pub(crate) left: bool,
    /// It fell silent and what it had was inherited.
    pub(crate) inherited: bool,
    /// We told it that we are back after a cut, and it has not said what it holds since.
    pub(crate) owes_statement: bool,
}

impl Peer {
    pub(crate) const fn new(name: NodeName) -> Self {
        Self {
            name,
            held: None,
            stable: false,
            ours: false,
            groups: BTreeSet::new(),
            stopping: BTreeSet::new(),
            before: BTreeSet::new(),
            unfit: BTreeSet::new(),
            digest: None,
            stated: (0, 0),
            conflict_since: None,
            left: false,
            inherited: false,
            owes_statement: false,
        }
    }

    /// Can run that group now, as far as we know.
    pub(crate) fn is_fit_for(&self, key: &GroupKey) -> bool {
        !self.unfit.contains("*") && !self.unfit.contains(key.as_str())
    }
}

/// The blank-separated words of a field, so many of them as are believed.
fn words<'m>(message: &'m Message, name: &str) -> impl Iterator<Item = &'m str> {
    let text = message.text(name).unwrap_or_default();
    text.split_ascii_whitespace().take(PEER_GROUPS_MAX)
}

impl Node {
    /// The fields of ours in the peer's status messages.
    pub(crate) fn peer_status(&mut self, step: &mut Step<'_>, message: &Message) {
        let Some(peer) = &mut self.peer else { return };
        let known = std::mem::replace(&mut peer.ours, message.text("ho").is_some());
        if !peer.ours {
            return;
        }
        if matches!(self.phase, Phase::Acquiring | Phase::Stable) {
            if peer.owes_statement {
                // Our words may have been lost: each of its beats shows that it may hear us now.
                self.state(step, Some("healed"));
            } else if !known {
                // In legacy mode nothing was said to it before.
                self.state(step, None);
            }
        }
        let Some(peer) = &mut self.peer else { return };
        let unfit: BTreeSet<_> = words(message, "hohealth").map(str::to_owned).collect();
        let better = peer.unfit.difference(&unfit).next().is_some();
        peer.unfit = unfit;
        let digest = message.text("hodigest").map(str::to_owned);
        if peer.digest != digest {
            peer.digest.clone_from(&digest);
            let name = peer.name.clone();
            if digest.is_some_and(|digest| digest != self.config.digest) {
                step.tell(
                    Level::Warning,
                    EventKind::Notice,
                    Subject::Node(name.to_string()),
                    format!(
                        "{name} runs with another configuration than this node: compare ha.cf and \
                         haresources on both"
                    ),
                );
            }
        }
        if better {
            self.try_failback(step);
        }
    }

    /// The peer's word on what it holds.
    pub(crate) fn peer_resource(&mut self, step: &mut Step<'_>, message: &Message) {
        let Some(peer) = &mut self.peer else { return };
        let said = message.text("rsc_hold").and_then(Held::parse).unwrap_or_default();
        peer.owes_statement = false;
        let full = message.text("rtype") == Some("full");
        let was = peer.held.unwrap_or_default();
        let either = Held { local: was.local || said.local, foreign: was.foreign || said.foreign };
        let held = if full || said == Held::NONE { said } else { either };
        peer.held = Some(held);
        peer.ours |= message.text("ho").is_some();
        let stable = message.text("isstable") == Some("1");
        let newly_stable = stable && !peer.stable;
        peer.stable = stable;
        let (name, ours) = (peer.name.clone(), peer.ours);
        if ours {
            self.believe_groups(message);
        }
        if newly_stable || held != was {
            let state = if stable { "stable" } else { "in transition" };
            step.cause = Some(step.tell(
                Level::Info,
                EventKind::PeerResources,
                Subject::Node(name.to_string()),
                format!("{name} holds {} resources and is {state}", held.word()),
            ));
        }
        if stable {
            self.giver_is_done(step);
        }
        if stable && ours {
            self.taker_is_done(step);
        }
        self.join_after(step, stable, ours, newly_stable);
        self.peer_healed(step, message);
        self.agree_on_halves(stable && ours);
        self.peer_intends(step, message);
        self.resolve_conflict(step);
        self.adopt_orphans(step);
        self.ipfail_peer_stable(step, stable && message.text("info").is_none());
        self.try_failback(step);
    }

    /// True unless a later word of the peer on its resources was already seen: a message that
    /// was lost and sent again comes late, and what it says may be over.
    pub(crate) fn is_latest(&mut self, kind: &str, message: &Message) -> bool {
        let speaks = ["starting", "resource", "ask_resources", "shutdone", "ho-group"];
        let stamp = (message.hex("hg").unwrap_or(0), message.hex("seq").unwrap_or(0));
        let Some(peer) = self.peer.as_mut().filter(|_| speaks.contains(&kind)) else {
            return true;
        };
        let latest = stamp >= peer.stated;
        if latest {
            peer.stated = stamp;
        }
        latest
    }

    pub(crate) fn believe_groups(&mut self, message: &Message) {
        let keys = |name| words(message, name).map(GroupKey::from).collect();
        if let Some(peer) = &mut self.peer {
            (peer.groups, peer.before) = (keys("hogroups"), keys("hobefore"));
            peer.stopping = keys("hostopping");
            peer.unfit = words(message, "hohealth").map(str::to_owned).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messaging::tests::pair;
    use crate::node::Boot;
    use api::Journal;
    use base::Dice;
    use std::sync::Arc;

    /// node1, stable beside a stable node2 that answers for `kept` and has said much since.
    fn settled() -> Node {
        let boot = Boot { generation: 1, uuid: [1; 16], dice: Dice::new(1), predecessor: None };
        let mut node = Node::new(Arc::new(pair("node1")), boot);
        node.phase = Phase::Stable;
        let peer = node.peer.as_mut().expect("a pair");
        (peer.ours, peer.stable, peer.stated) = (true, true, (1, 0x20));
        peer.groups = BTreeSet::from(["kept".into()]);
        node
    }

    fn after(mut node: Node, message: &Message) -> Peer {
        let (mut out, mut journal) = (Vec::new(), Journal::default());
        let now = Instant::ZERO;
        let mut step = Step { now, out: &mut out, journal: &mut journal, cause: None };
        node.message(&mut step, &"node2".into(), message);
        node.peer.expect("a pair")
    }

    fn old(kind: &str) -> Message {
        let message = Message::of_type(kind).with("hg", "1").with("ho", "1");
        message.with("hogroups", "gone")
    }

    #[test]
    fn a_question_of_the_start_that_comes_late_changes_no_belief() {
        let peer = after(settled(), &old("starting").with("seq", "10"));
        assert_eq!(peer.groups, BTreeSet::from(["kept".into()]));
        assert!(peer.stable);
    }

    #[test]
    fn a_request_that_comes_late_changes_no_belief() {
        let late =
            old("ask_resources").with("seq", "10").with("rsc_hold", "all").with("info", "other");
        let peer = after(settled(), &late);
        assert_eq!(peer.groups, BTreeSet::from(["kept".into()]));
    }

    #[test]
    fn the_same_words_in_time_are_believed() {
        let peer = after(settled(), &old("starting").with("seq", "21"));
        assert_eq!(peer.groups, BTreeSet::from(["gone".into()]));
        assert!(!peer.stable);
    }
}
