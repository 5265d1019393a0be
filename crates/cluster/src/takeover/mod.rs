//! Who holds which groups: starting, taking over from the dead, healing, giving back.
//!
//! The protocol is Heartbeat 3.0.6's for `auto_failback on|off` (docs/ancestors/heartbeat.md
//! §3.5); between nodes of ours every `resource` message also lists the groups one by one
//! (`hogroups`), which the ancestor ignores, and that list decides. `request` takes the commands,
//! `standby` is the negotiated move, `failed` what follows a failure here, `heal` what follows a
//! cut, `orphans` what nobody runs any more, `legacy` the `ip-request` protocol, `leave` the graceful stop.

mod failed;
mod heal;
mod leave;
mod legacy;
mod orphans;
mod request;
mod standby;

use crate::config::AutoFailback;
use crate::fencing::Inheritance;
use crate::groups::{Finished, Permit};
use crate::node::Node;
use crate::step::Step;
use api::{EventKind, GroupState, Held, Level, NodeState, StandbySet, Subject};
use base::{GroupKey, Instant, NodeName};
use std::collections::BTreeSet;
use std::time::Duration;
use wire::heartbeat::Message;

pub(crate) use leave::Shutdown;
pub(crate) use legacy::Legacy;
pub(crate) use request::Waiting;
pub(crate) use standby::Standby;

/// How long a starting node waits for a peer that starts too, before it takes what is its own
/// (`RQSTDELAY`, docs/ancestors/heartbeat.md §3.1). Between nodes of ours it isn't needed.
const RQSTDELAY: Duration = Duration::from_secs(10);
/// A failback that can't begin is tried again after this (docs/ancestors/heartbeat.md §3.5).
const FAILBACK_RETRY: Duration = Duration::from_secs(1);
/// Most group names believed from one peer message.
const PEER_GROUPS_MAX: usize = 4096;

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
            owes_statement: false,
        }
    }

    /// Can run that group now, as far as we know.
    pub(crate) fn is_fit_for(&self, key: &GroupKey) -> bool {
        !self.unfit.contains("*") && !self.unfit.contains(key.as_str())
    }
}

/// Groups that are to go back to their home once it is ready.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Failback {
    pub(crate) needed: bool,
    pub(crate) next_try: Option<Instant>,
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

/// The blank-separated words of a field, so many of them as are believed.
fn words<'m>(message: &'m Message, name: &str) -> impl Iterator<Item = &'m str> {
    let text = message.text(name).unwrap_or_default();
    text.split_ascii_whitespace().take(PEER_GROUPS_MAX)
}

impl Node {
    // ── what we are and say ─────────────────────────────────────────────────────────────────

    /// Whether this node's home is `key`'s.
    pub(crate) fn is_local(&self, key: &GroupKey) -> bool {
        self.groups.get(key).is_some_and(|run| run.group.home.folded() == self.config.me.folded())
    }

    /// The keys of a set named from our point of view, in file order.
    pub(crate) fn keys_of(&self, set: Held) -> Vec<GroupKey> {
        let keys = self.groups.all().iter().map(|run| run.group.key.clone());
        keys.filter(|key| if self.is_local(key) { set.local } else { set.foreign }).collect()
    }

    /// The groups this node answers for.
    pub(crate) fn claimed(&self) -> BTreeSet<GroupKey> {
        let keys = self.groups.all().iter().map(|run| &run.group.key);
        keys.filter(|key| self.groups.claims(key)).cloned().collect()
    }

    /// The halves of which this node answers for at least one group.
    pub(crate) fn running_halves(&self) -> Held {
        let mut halves = Held::NONE;
        for key in self.claimed() {
            let local = self.is_local(&key);
            halves.local |= local;
            halves.foreign |= !local;
        }
        halves
    }

    /// The groups that the live peer runs or has not stopped yet.
    pub(crate) fn peers_groups(&self) -> BTreeSet<GroupKey> {
        match self.peer.as_ref().filter(|_| self.peer_alive()) {
            Some(peer) => peer.groups.union(&peer.stopping).cloned().collect(),
            None => BTreeSet::new(),
        }
    }

    /// The peer may start something now: until it says what it runs, nothing is known.
    pub(crate) fn peer_may_start(&mut self) {
        if let Some(peer) = &mut self.peer {
            peer.stable = false;
        }
    }

    /// Those of `keys` that nobody else answers for and that didn't fail here.
    pub(crate) fn obtainable(&self, keys: Vec<GroupKey>) -> Vec<GroupKey> {
        let alive = self.peer_alive();
        let taken = |key: &GroupKey| {
            alive
                && self
                    .peer
                    .as_ref()
                    .is_some_and(|peer| peer.groups.contains(key) || peer.stopping.contains(key))
        };
        let failed = |key: &GroupKey| {
            self.groups.get(key).is_some_and(|run| matches!(run.state, GroupState::Failed { .. }))
        };
        keys.into_iter().filter(|key| !taken(key) && !failed(key)).collect()
    }

    /// Nothing is on its way here.
    pub(crate) fn is_settled(&self) -> bool {
        self.phase == Phase::Stable
            && self.standby == Standby::None
            && self.purposes.is_empty()
            && self.shutdown.is_none()
    }

    /// Speaks the protocol of `auto_failback on|off`, not `ip-request`.
    pub(crate) fn is_nice(&self) -> bool {
        self.config.auto_failback != AutoFailback::Legacy
    }

    /// Our word on what we hold, with the fields that only nodes of ours read.
    pub(crate) fn statement(&self, info: Option<&str>) -> Message {
        let flux = ["shutdown", "standby", orphans::INTENDS];
        let settled = self.is_settled() && self.adopting.is_none();
        let stable = settled && info.is_none_or(|info| !flux.contains(&info));
        let mut message = Message::of_type("resource")
            .with("rsc_hold", self.held.word())
            .with("rtype", "full")
            .with("isstable", if stable { "1" } else { "0" });
        if let Some(info) = info {
            message = message.with("info", info);
        }
        self.with_group_list(message)
    }

    pub(crate) fn with_group_list(&self, message: Message) -> Message {
        let words = |keys: &BTreeSet<GroupKey>| {
            keys.iter().map(GroupKey::as_str).collect::<Vec<_>>().join(" ")
        };
        let message = message
            .with("ho", "1")
            .with("hogroups", words(&self.claimed()))
            .with("hobefore", words(&self.before));
        let stopping: BTreeSet<GroupKey> = self
            .groups
            .all()
            .iter()
            .filter(|run| run.is_up_in_part() && !self.groups.claims(&run.group.key))
            .map(|run| run.group.key.clone())
            .collect();
        let message = if stopping.is_empty() {
            message
        } else {
            message.with("hostopping", words(&stopping))
        };
        let unfit: Vec<_> = self.unfit().into_iter().collect();
        if unfit.is_empty() { message } else { message.with("hohealth", unfit.join(" ")) }
    }

    /// Tells what we hold. In legacy mode only nodes of ours understand it.
    pub(crate) fn state(&mut self, step: &mut Step<'_>, info: Option<&str>) {
        let ours = self.peer.as_ref().is_some_and(|peer| peer.ours);
        if self.is_nice() || ours {
            let message = self.statement(info);
            self.send(step, message);
        }
    }

    /// The groups that can't run here now, as our status messages tell them.
    pub(crate) fn unfit(&self) -> BTreeSet<String> {
        let failed = self.groups.all().iter().filter_map(|run| match run.state {
            GroupState::Failed { .. } => Some(run.group.key.to_string()),
            _ => None,
        });
        failed.chain(self.checks.unfit()).collect()
    }

    /// Puts what nodes of ours tell each other into the status messages.
    pub(crate) fn refresh_status_fields(&mut self) {
        let mut fields = vec![
            ("ho".to_owned(), "1".to_owned()),
            ("hodigest".to_owned(), self.config.digest.clone()),
        ];
        let unfit: Vec<_> = self.unfit().into_iter().collect();
        if !unfit.is_empty() {
            fields.push(("hohealth".to_owned(), unfit.join(" ")));
        }
        self.messaging.set_status_fields(fields);
    }

    // ── starting ────────────────────────────────────────────────────────────────────────────

    pub(crate) fn communication_up(&mut self, step: &mut Step<'_>) {
        let text = "every node was heard or given up: resources may be handled now";
        step.cause =
            Some(step.tell(Level::Info, EventKind::CommunicationUp, Subject::Cluster, text));
        self.ipfail_join(step);
        if !self.config.manage_resources {
            self.phase = Phase::Stable;
            return;
        }
        if !self.is_nice() {
            return self.legacy_start(step);
        }
        self.phase = Phase::Starting { ask_again_at: step.now + RQSTDELAY };
        let message = self.with_group_list(Message::of_type("starting"));
        self.send(step, message);
        if !self.peer_alive() {
            self.peer_dead(step);
        }
    }

    /// The peer starts, or asks what we hold.
    pub(crate) fn peer_starting(&mut self, step: &mut Step<'_>, message: &Message) {
        let Some(peer) = &mut self.peer else { return };
        peer.stable = false;
        peer.left = false;
        peer.ours |= message.text("ho").is_some();
        let (name, ours) = (peer.name.clone(), peer.ours);
        if ours {
            self.believe_groups(message);
        }
        let text = format!("{name} starts and asks what we hold");
        step.cause = Some(step.tell(
            Level::Info,
            EventKind::PeerResources,
            Subject::Node(name.to_string()),
            text,
        ));
        self.fencing.forget(&name);
        self.offered.clear();
        if self.auto_returns() && !self.claimed().is_empty() {
            self.failback.needed = true;
        }
        if self.phase == Phase::Down {
            return;
        }
        self.state(step, None);
        if ours && matches!(self.phase, Phase::Starting { .. } | Phase::Received { .. }) {
            // It lists what it runs, so there is no doubt to wait out.
            self.take_own(step);
        }
        if ours {
            self.adopt_orphans(step);
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

    /// What the peer's word means for our own way into the cluster.
    fn join_after(&mut self, step: &mut Step<'_>, stable: bool, ours: bool, newly_stable: bool) {
        match self.phase {
            Phase::Starting { .. } | Phase::Received { .. } if stable || ours => {
                self.take_own(step);
            }
            Phase::Starting { .. } => {
                self.phase = Phase::Received { act_at: step.now + RQSTDELAY };
            }
            Phase::Stable if newly_stable => self.state(step, None),
            Phase::Down | Phase::Received { .. } | Phase::Acquiring | Phase::Stable => {}
        }
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

    /// Takes the groups whose home we are, except those the peer answers for.
    pub(crate) fn take_own(&mut self, step: &mut Step<'_>) {
        self.phase = Phase::Acquiring;
        let peer_has_all = self
            .peer
            .as_ref()
            .filter(|_| self.peer_alive())
            .is_some_and(|peer| !peer.ours && peer.held.is_some_and(|held| held.foreign));
        let own = Held { local: true, foreign: false };
        let keys = if peer_has_all { Vec::new() } else { self.obtainable(self.keys_of(own)) };
        let peer_runs_some = self.peer.as_ref().is_some_and(|peer| {
            self.peer_alive() && self.keys_of(own).iter().any(|key| peer.groups.contains(key))
        });
        let runs = self.running_halves();
        self.held.local = runs.local || !peer_has_all && !peer_runs_some;
        self.held.foreign |= runs.foreign;
        self.failback.needed |= runs.foreign;
        let text = match keys.len() {
            0 => "no group of our own to start now".to_owned(),
            n => format!("starting our own groups ({n})"),
        };
        step.cause = Some(step.tell(Level::Info, EventKind::Takeover, Subject::Cluster, text));
        let batch = self.groups.acquire(step, &keys, &Permit::PeerReleased);
        self.purposes.insert(batch, Purpose::Initial);
    }

    // ── the peer dies, restarts, leaves ─────────────────────────────────────────────────────

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
        }
        let name = inheritance.node().clone();
        self.take_everything(
            step,
            &format!("taking over everything from {name}: {}", inheritance.proof()),
            &Permit::Inherited(inheritance),
        );
    }

    pub(crate) fn take_everything(&mut self, step: &mut Step<'_>, text: &str, permit: &Permit) {
        let keys: Vec<_> = self.keys_of(Held::ALL);
        let keys: Vec<_> =
            self.obtainable(keys).into_iter().filter(|key| !self.groups.claims(key)).collect();
        self.held = Held::ALL;
        self.failback.needed = true;
        self.phase = Phase::Acquiring;
        step.cause = Some(step.tell(Level::Warning, EventKind::Takeover, Subject::Cluster, text));
        let batch = self.groups.acquire(step, &keys, permit);
        self.purposes.insert(batch, Purpose::Inherit);
    }

    // ── batches, time ───────────────────────────────────────────────────────────────────────

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
                self.state(step, None);
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
        let batch = self.groups.acquire(step, &keys, &Permit::PeerReleased);
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

    // ── giving back ─────────────────────────────────────────────────────────────────────────

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

    // ── what else the peer tells ────────────────────────────────────────────────────────────

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

    /// An address of ours was removed by somebody else and put back. Once is repaired, twice
    /// within a minute is a fight that this node loses.
    pub(crate) fn address_lost(&mut self, step: &mut Step<'_>, group: &GroupKey, address: &str) {
        step.cause = Some(step.tell(
            Level::Error,
            EventKind::AddressLost,
            Subject::Address(address.to_owned()),
            format!("{address} was removed by somebody else twice within a minute: {group} moves"),
        ));
        self.move_away(step, group, Some(format!("{address} is fought over on this machine")));
    }

    // ── probing while the dead time still runs ──────────────────────────────────────────────

    /// When the peer's silence is long enough to look for other holders of what we may inherit.
    fn probe_at(&self) -> Option<Instant> {
        let peer = self.peer.as_ref()?;
        let holds = peer.held.is_some_and(|held| held != Held::NONE) || !peer.groups.is_empty();
        let watching = self.phase == Phase::Stable
            && !self.probed
            && holds
            && self.messaging.node_state(&peer.name) == NodeState::Active;
        let beat = self.messaging.last_beat(&peer.name)?;
        watching.then(|| beat + self.config.timing.deadtime * 3 / 4)
    }

    fn probe_ahead(&mut self, step: &mut Step<'_>) {
        match self.probe_at() {
            Some(at) if at <= step.now => {
                self.probed = true;
                let keys = self.obtainable_after_death();
                let resources = self
                    .groups
                    .all()
                    .iter()
                    .filter(|run| keys.contains(&run.group.key))
                    .flat_map(|run| run.group.resources.iter().cloned())
                    .collect();
                step.run(crate::io::Action::Probe { resources }, std::collections::BTreeMap::new());
            }
            Some(_) => self.probed = false,
            None => {
                let peer = self.peer.as_ref().map(|peer| peer.name.clone());
                let fresh = peer
                    .and_then(|name| self.messaging.last_beat(&name))
                    .is_some_and(|beat| step.now.since(beat) < self.config.timing.deadtime / 2);
                if fresh {
                    self.probed = false;
                }
            }
        }
    }

    fn obtainable_after_death(&self) -> BTreeSet<GroupKey> {
        let keys = self.keys_of(Held::ALL).into_iter();
        keys.filter(|key| !self.groups.claims(key)).collect()
    }
}
