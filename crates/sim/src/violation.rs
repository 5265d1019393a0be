//! What a checker saw that must not be.

use base::Instant;
use std::fmt;

/// A broken promise, with the moment it was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// When.
    pub at: Instant,
    /// What.
    pub what: Sin,
}

/// The promises that can be broken. Hosts and groups are numbered from 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sin {
    /// Two hosts hold a group's address, and they could have known of each other.
    TwoHolders {
        /// The group.
        group: usize,
    },
    /// Nobody holds a group's address, long after the faults stopped.
    NoHolder {
        /// The group.
        group: usize,
    },
    /// A group is started while its last holder is neither known to have released it nor fenced.
    NotFenced {
        /// The group.
        group: usize,
        /// Who starts it.
        by: usize,
    },
    /// A host sent a lower generation than before.
    GenerationBack {
        /// Who.
        host: usize,
    },
    /// A host sent two different messages under one sequence number, or went back in them.
    SequenceBack {
        /// Who.
        host: usize,
        /// The number.
        sequence: u64,
    },
    /// A host sent something that its own keys don't decode.
    BadPacket {
        /// Who.
        host: usize,
    },
    /// A tick doesn't move the deadline that asked for it.
    Spins {
        /// Who.
        host: usize,
    },
    /// A host that was told to stop, or to start, isn't there long after the faults stopped.
    Stuck {
        /// Who.
        host: usize,
    },
    /// Long after the faults stopped the nodes are not stable or tell different stories.
    Disagreement {
        /// Who tells it, and what is wrong with it.
        story: String,
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
        match self {
            Self::TwoHolders { group } => write!(f, "two nodes hold group {}", group + 1),
            Self::NoHolder { group } => write!(f, "no node holds group {}", group + 1),
            Self::NotFenced { group, by } => {
                write!(f, "node{} starts group {} without a proof", by + 1, group + 1)
            }
            Self::GenerationBack { host } => {
                write!(f, "node{} sends a lower generation than before", host + 1)
            }
            Self::SequenceBack { host, sequence } => {
                write!(f, "node{} uses sequence number {sequence} for another message", host + 1)
            }
            Self::BadPacket { host } => write!(f, "node{} sends what nobody can read", host + 1),
            Self::Spins { host } => write!(f, "node{}'s deadline does not move", host + 1),
            Self::Stuck { host } => write!(f, "node{} does not start or stop", host + 1),
            Self::Disagreement { story } => f.write_str(story),
        }
    }
}
