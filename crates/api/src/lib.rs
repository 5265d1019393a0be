//! What clients ask a role's daemon, what it answers, and the events it tells.
//!
//! Plain data with serde, nothing else; the daemon, the commands, the lab and (later) the web page
//! speak it. Frames on the socket are a `u32` little-endian length and that many bytes of JSON.
#![forbid(unsafe_code)]

mod event;
pub mod lvs;
mod request;
mod status;
mod step;
pub mod vrrp;

pub use event::{Event, EventId, EventKind, Level, Subject};
pub use request::{FRAME_MAX, PROTOCOL, Reply, Request, StandbySet};
pub use status::{
    GroupState, GroupStatus, Held, LinkState, LinkStatus, NodeKind, NodeState, NodeStatus,
    Placement, RoleStatus,
};
pub use step::{Journal, Step};
