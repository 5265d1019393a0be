//! The state of a role as a client sees it.

use crate::{Event, Level};
use base::{Instant, WallTime};
use serde::{Deserialize, Serialize};

/// Which of the two halves of haresources a node holds: the groups whose home it is (local), the
/// others (foreign), both or neither. The two-bit set of the wire's `rsc_hold`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Held {
    /// The groups whose home is this node.
    pub local: bool,
    /// The groups whose home is the other node.
    pub foreign: bool,
}

impl Held {
    /// Holds nothing.
    pub const NONE: Self = Self { local: false, foreign: false };
    /// Holds everything.
    pub const ALL: Self = Self { local: true, foreign: true };

    /// The word of the wire and of `cl_status rscstatus`.
    pub const fn word(self) -> &'static str {
        match (self.local, self.foreign) {
            (false, false) => "none",
            (true, false) => "local",
            (false, true) => "foreign",
            (true, true) => "all",
        }
    }

    /// The set a word names; `None` if it names none.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::NONE),
            "local" => Some(Self { local: true, foreign: false }),
            "foreign" => Some(Self { local: false, foreign: true }),
            "all" => Some(Self::ALL),
            _ => None,
        }
    }
}

/// What kind of node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A member of the cluster.
    Normal,
    /// A host or group of hosts that only answers pings.
    Ping,
}

/// A node's status, by the words of the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// Never heard, and not yet given up.
    Unknown,
    /// Its first packet was heard.
    Init,
    /// It runs and does not take part yet.
    Up,
    /// It takes part.
    Active,
    /// A ping node that answers.
    Ping,
    /// Silent on all links, or stopped.
    Dead,
}

impl NodeState {
    /// The word of the wire (`unknown` is never sent).
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Init => "init",
            Self::Up => "up",
            Self::Active => "active",
            Self::Ping => "ping",
            Self::Dead => "dead",
        }
    }

    /// Heard lately, in whatever state.
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Init | Self::Up | Self::Active | Self::Ping)
    }
}

/// A link's state, as last heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Heard within the dead time.
    Up,
    /// Silent.
    Dead,
}

/// One link to one node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkStatus {
    /// Interface, device or pinged host.
    pub name: String,
    /// As last heard.
    pub state: LinkState,
    /// When the last packet came over it.
    pub last_heard: Option<Instant>,
}

/// One node or ping node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NodeStatus {
    /// As configured.
    pub name: String,
    /// Member or ping node.
    pub kind: NodeKind,
    /// As last heard; our own node's is what we send.
    pub state: NodeState,
    /// Whether this is the node that answers.
    pub is_me: bool,
    /// Its links.
    pub links: Vec<LinkStatus>,
    /// When its last status came.
    pub last_beat: Option<Instant>,
    /// What it said it holds, if it said anything (on/off mode).
    pub holds: Option<Held>,
    /// True when it is one of ours, not the ancestor.
    pub is_handover: bool,
    /// True when its configuration digest differs from ours.
    pub config_differs: bool,
    /// `hb_setweight`'s number, 100 by default.
    pub weight: u32,
    /// `hb_setsite`'s text.
    pub site: String,
    /// Its UUID, once it is known. For the daemon itself; not sent to those who ask for status.
    #[serde(skip)]
    pub uuid: Option<[u8; 16]>,
}

/// What a group does here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum GroupState {
    /// Not here.
    Stopped,
    /// Being started.
    Starting,
    /// Runs here.
    Running,
    /// Being stopped.
    Stopping,
    /// Could not be started here.
    Failed {
        /// The resource that failed.
        resource: String,
        /// Why, with the script's last words.
        reason: String,
    },
}

/// Where a group is, as far as this node knows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// On this node.
    Here,
    /// On the other one, by name.
    There(String),
    /// On no node we hear.
    Nowhere,
    /// On its way.
    Moving,
    /// On more than one node.
    Both,
}

/// One resource group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GroupStatus {
    /// Its key.
    pub key: String,
    /// The node named first in its line.
    pub home: String,
    /// Its resources as written.
    pub resources: Vec<String>,
    /// What it does here.
    pub state: GroupState,
    /// Where it is.
    pub placement: Placement,
    /// The event that brought it there.
    pub because: Option<u64>,
    /// Service checks that fail for it now, as written.
    pub failing_checks: Vec<String>,
}

/// Everything `handover status` shows of the heartbeat role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleStatus {
    /// This node.
    pub node: String,
    /// Our version.
    pub version: String,
    /// Now, on both clocks.
    pub now: Instant,
    /// Now, on the wall.
    pub wall: WallTime,
    /// What this node holds.
    pub held: Held,
    /// False while resources are on their way.
    pub stable: bool,
    /// `on`, `off` or `legacy`.
    pub auto_failback: String,
    /// Members first in file order, then ping nodes.
    pub nodes: Vec<NodeStatus>,
    /// In file order.
    pub groups: Vec<GroupStatus>,
    /// What an administrator should look at, loudest first.
    pub warnings: Vec<(Level, String)>,
    /// Packets refused since start, by reason.
    pub refused: Vec<(String, u64)>,
    /// The latest events, oldest first.
    pub events: Vec<Event>,
}
