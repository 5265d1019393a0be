//! Requests over `/run/handover/ROLE.sock` and their replies.

use crate::vrrp::VrrpReport;
use crate::{Event, Held, RoleStatus};
use serde::{Deserialize, Serialize};

/// Version of this protocol; both sides put it into each frame's object as `v`.
pub const PROTOCOL: u32 = 1;

/// Longest frame either side accepts, in bytes. A status of 100 nodes and 1,000 groups has 1 MB.
pub const FRAME_MAX: usize = 4 << 20;

/// Which groups a standby or takeover request is about, from the giving node's point of view.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StandbySet {
    /// Every group.
    All,
    /// Those whose home is the giver.
    Local,
    /// Those whose home is the other node.
    Foreign,
}

impl StandbySet {
    /// The word of the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Local => "local",
            Self::Foreign => "foreign",
        }
    }

    /// The set named by a word of the wire or of the command line (`failback` is `foreign`).
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "all" => Some(Self::All),
            "local" => Some(Self::Local),
            "foreign" | "failback" => Some(Self::Foreign),
            _ => None,
        }
    }

    /// The same groups as the other node names them.
    #[must_use]
    pub const fn swapped(self) -> Self {
        match self {
            Self::All => Self::All,
            Self::Local => Self::Foreign,
            Self::Foreign => Self::Local,
        }
    }

    /// As a set of halves.
    pub const fn held(self) -> Held {
        match self {
            Self::All => Held::ALL,
            Self::Local => Held { local: true, foreign: false },
            Self::Foreign => Held { local: false, foreign: true },
        }
    }
}

/// What a client asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "request")]
pub enum Request {
    /// Everything. Answered with [`Reply::Status`].
    Status,
    /// Events after `after` (0: all that are kept); `follow` keeps the stream open.
    /// Answered with one [`Reply::Events`], or with many.
    Events {
        /// The last event the client has.
        after: u64,
        /// Keep sending.
        follow: bool,
    },
    /// Give these groups to the peer. Answered when it is done, or refused.
    Standby {
        /// Which.
        set: StandbySet,
    },
    /// Take these groups (named from our point of view) from the peer.
    Takeover {
        /// Which.
        set: StandbySet,
    },
    /// A configured parameter as `cl_status hbparameter` shows it.
    Parameter {
        /// Its name in ha.cf.
        name: String,
    },
    /// Whether a client is signed on at a node, as `cl_status clientstatus` asks. Answered with
    /// [`Reply::Parameter`]: `online`, `offline`, or nothing when the node is unknown or did not
    /// answer in time.
    ClientStatus {
        /// The node.
        node: String,
        /// The client's name.
        client: String,
        /// How long to wait for another node's answer, in milliseconds.
        timeout_ms: u64,
    },
    /// Add nodes, as `hb_addnode`.
    AddNodes {
        /// Names.
        names: Vec<String>,
    },
    /// Remove dead nodes, as `hb_delnode`.
    DeleteNodes {
        /// Names.
        names: Vec<String>,
    },
    /// Read the configuration again.
    Reload,
    /// Stop, handing over first; `keep` leaves resources in place for a successor.
    Stop {
        /// Leave resources running.
        keep: bool,
    },
}

/// What the daemon answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reply")]
pub enum Reply {
    /// To [`Request::Status`], of the heartbeat role.
    Status(Box<RoleStatus>),
    /// To [`Request::Status`], of the VRRP role.
    Vrrp(Box<VrrpReport>),
    /// To [`Request::Events`].
    Events {
        /// In order.
        events: Vec<Event>,
    },
    /// Done, with one sentence.
    Done {
        /// What was done.
        text: String,
    },
    /// Not done, with the reason and the next step in one sentence.
    Refused {
        /// Why.
        text: String,
    },
    /// To [`Request::Parameter`] and [`Request::ClientStatus`].
    Parameter {
        /// `None`: there is no such thing.
        value: Option<String>,
    },
}
