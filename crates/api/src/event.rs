//! Events: one plain sentence each, with the event that caused it.

use base::{Instant, WallTime};
use serde::{Deserialize, Serialize};

/// Numbers events of one daemon run, from 1.
pub type EventId = u64;

/// One thing that happened, told in one sentence.
///
/// Following `cause` from event to event leads from a started script back to the packet, or the
/// silence, that began it: `handover why` prints that walk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// This event.
    pub id: EventId,
    /// The event that led to this one, if one did.
    pub cause: Option<EventId>,
    /// When, on the clock that drives timers.
    pub at: Instant,
    /// When, on the wall.
    pub wall: WallTime,
    /// How loud.
    pub level: Level,
    /// What kind of thing happened, for programs.
    pub kind: EventKind,
    /// What it happened to.
    pub subject: Subject,
    /// The sentence, for people.
    pub text: String,
}

/// How loud an event is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For those who debug us.
    Debug,
    /// The normal course of things.
    Info,
    /// Not as it should be, and handled.
    Warning,
    /// Something failed.
    Error,
    /// Service is lost or data in danger: somebody should look now.
    Critical,
}

/// What an event is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// The cluster as a whole, or this daemon.
    Cluster,
    /// A node or ping node, by name.
    Node(String),
    /// A link to a node: node name, link name.
    Link(String, String),
    /// A resource group, by key.
    Group(String),
    /// A resource as written in haresources, with its group's key.
    Resource(String, String),
    /// An address.
    Address(String),
    /// A virtual router (`vrrp_instance`), by name.
    Router(String),
    /// A sync group, by name.
    SyncGroup(String),
    /// Something tracked: a script, interface, file, process or BFD session, by name.
    Tracker(String),
    /// A virtual server (`virtual_server`), as keepalived writes it.
    VirtualServer(String),
    /// A real server: as keepalived writes its virtual server, and itself.
    RealServer(String, String),
}

/// The kinds of events. Their kebab-case names are stable; scripts may match on them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The daemon started.
    Started,
    /// The daemon is stopping, by request.
    Stopping,
    /// The daemon has stopped; everything is released.
    Stopped,
    /// The configuration was read again.
    Reloaded,
    /// Every configured node was heard or declared dead; resources may be handled now.
    CommunicationUp,
    /// A node was heard on a link again, or for the first time.
    LinkUp,
    /// A link to a node fell silent.
    LinkDown,
    /// A node's status changed (init, up, active, ping).
    NodeStatus,
    /// A node was silent on all links for longer than its dead time.
    NodeDead,
    /// A beat came later than warntime.
    LateBeat,
    /// A node restarted: a higher generation was heard while it counted as alive.
    NodeRestarted,
    /// A node believed dead had been alive: the cut between us healed.
    PartitionHealed,
    /// Packets were lost, re-requested or given up.
    PacketsLost,
    /// Packets were refused (bad digest, malformed, replayed); counted, told at most once a minute.
    PacketsRefused,
    /// What the peer holds, or that it is stable, changed.
    PeerResources,
    /// A standby or takeover request, and each step of its negotiation.
    Standby,
    /// We decided to take groups over.
    Takeover,
    /// We decided to give groups up.
    Release,
    /// Fencing was asked for, or answered.
    Fencing,
    /// A group began to start.
    GroupStarting,
    /// All resources of a group run here.
    GroupStarted,
    /// A group began to stop.
    GroupStopping,
    /// All resources of a group are stopped here.
    GroupStopped,
    /// A group could not be started or stopped.
    GroupFailed,
    /// A resource's script (or built-in) began to run.
    ScriptStarted,
    /// It ended as it should.
    ScriptFinished,
    /// It failed; the sentence quotes its last words.
    ScriptFailed,
    /// An address was added to an interface.
    AddressUp,
    /// An address was removed from an interface.
    AddressDown,
    /// Gratuitous ARP or an unsolicited neighbour advertisement went out.
    Announced,
    /// Somebody else answered for an address that we are to hold.
    DuplicateAddress,
    /// Somebody else removed an address that we hold.
    AddressLost,
    /// A service check failed or passed again.
    Check,
    /// ipfail compared connectivity and decided.
    Connectivity,
    /// A respawned client started, ended or was given up.
    Client,
    /// A virtual router or sync group became master, backup or unable to be either.
    RouterState,
    /// A virtual router's effective priority changed.
    RouterPriority,
    /// Another router's advert decided something, or asked for an answer.
    Election,
    /// Something tracked turned good or bad.
    Tracker,
    /// A virtual server won or lost its quorum.
    Quorum,
    /// A real server came up or went down, or its weight changed.
    RealServer,
    /// What the kernel's balancer was told, or refused.
    Balancer,
    /// Something the administrator should know that fits nowhere above.
    Notice,
}
