//! The promises that can be broken, and what is said of one that was.

use super::setup::NAMES;
use base::Instant;
use std::fmt;
use std::time::Duration;

/// A broken promise, with the moment it was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// When.
    pub at: Instant,
    /// What.
    pub what: Sin,
}

/// What must not be. Hosts and virtual routers are numbered from 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sin {
    /// Two masters hear each other, and go on for longer than an advert interval.
    TwoMasters {
        /// The virtual router.
        router: usize,
        /// Who.
        hosts: (usize, usize),
        /// For how long.
        lasted: Duration,
    },
    /// Nobody is master, long after the faults stopped.
    NoMaster {
        /// The virtual router.
        router: usize,
    },
    /// Long after the faults stopped a master is not worth as much as another router.
    NotTheBest {
        /// The virtual router.
        router: usize,
        /// The master.
        master: usize,
        /// The better one.
        better: usize,
    },
    /// A backup heard no master for longer than it has patience, and did not take over.
    Late {
        /// Who.
        host: usize,
        /// The virtual router.
        router: usize,
    },
    /// A backup took over although it had just heard a master it must accept.
    Hasty {
        /// Who.
        host: usize,
        /// The virtual router.
        router: usize,
    },
    /// A master that slept so long that another took over goes on as if nothing had been.
    TookBack {
        /// Who.
        host: usize,
        /// The virtual router.
        router: usize,
    },
    /// A router holds other addresses than its state says.
    Addresses {
        /// Who.
        host: usize,
        /// The virtual router.
        router: usize,
    },
    /// A new master did not announce its addresses when it was to.
    NotAnnounced {
        /// Who.
        host: usize,
        /// The virtual router.
        router: usize,
    },
    /// A master was stopped and did not say goodbye.
    NoGoodbye {
        /// Who.
        host: usize,
        /// The virtual router.
        router: usize,
    },
    /// Members of a sync group are not masters together.
    GroupDisagrees {
        /// Where.
        host: usize,
    },
    /// A router is master although its interface is down, its address is gone, or what it tracks
    /// without a weight failed.
    Unfit {
        /// Who.
        host: usize,
        /// The virtual router.
        router: usize,
    },
    /// A router's effective priority is not what its file and trackers make it.
    Worth {
        /// Who.
        host: usize,
        /// The virtual router.
        router: usize,
        /// What it says.
        says: u8,
        /// What it should be.
        should: u8,
    },
    /// A router refused the advert of one that is configured like it.
    Refused {
        /// Who.
        host: usize,
        /// The virtual router.
        router: usize,
        /// Why.
        reason: String,
    },
    /// A configuration with a fatal mistake was taken, or a good one refused.
    Misread {
        /// Who.
        host: usize,
    },
    /// A tick doesn't move the deadline that asked for it.
    Spins {
        /// Who.
        host: usize,
    },
}

impl Sin {
    /// True if both are the same kind of sin: what a shrunken schedule must still show.
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} s: {}", self.at, self.what)
    }
}

impl fmt::Display for Sin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = |host: &usize| host + 1;
        match self {
            Self::TwoMasters { router, hosts: (a, b), lasted } => write!(
                f,
                "node{} and node{} are both masters of {} for {lasted:?}, and hear each other",
                node(a),
                node(b),
                NAMES[*router]
            ),
            Self::NoMaster { router } => write!(f, "nobody is master of {}", NAMES[*router]),
            Self::NotTheBest { router, master, better } => write!(
                f,
                "node{} is master of {}, and node{} would be better",
                node(master),
                NAMES[*router],
                node(better)
            ),
            Self::Late { host, router } => write!(
                f,
                "node{} is still backup of {} although it heard no master for long enough",
                node(host),
                NAMES[*router]
            ),
            Self::Hasty { host, router } => write!(
                f,
                "node{} became master of {} although it heard one that it must accept",
                node(host),
                NAMES[*router]
            ),
            Self::TookBack { host, router } => write!(
                f,
                "node{} slept, and goes on as master of {} beside the one that took over",
                node(host),
                NAMES[*router]
            ),
            Self::Addresses { host, router } => write!(
                f,
                "node{} does not hold exactly the addresses that its state of {} asks for",
                node(host),
                NAMES[*router]
            ),
            Self::NotAnnounced { host, router } => {
                write!(f, "node{} did not announce {} in time", node(host), NAMES[*router])
            }
            Self::NoGoodbye { host, router } => {
                write!(f, "node{} left {} without a goodbye", node(host), NAMES[*router])
            }
            Self::GroupDisagrees { host } => {
                write!(f, "on node{} members of the sync group disagree", node(host))
            }
            Self::Unfit { host, router } => write!(
                f,
                "node{} is master of {} although something stands against it",
                node(host),
                NAMES[*router]
            ),
            Self::Worth { host, router, says, should } => write!(
                f,
                "node{} counts {says} for {}, and should count {should}",
                node(host),
                NAMES[*router]
            ),
            Self::Refused { host, router, reason } => write!(
                f,
                "node{} refused an advert for {} from its like: {reason}",
                node(host),
                NAMES[*router]
            ),
            Self::Misread { host } => {
                write!(
                    f,
                    "node{} takes a wrong file for right, or a right one for wrong",
                    node(host)
                )
            }
            Self::Spins { host } => write!(f, "node{}'s deadline does not move", node(host)),
        }
    }
}
