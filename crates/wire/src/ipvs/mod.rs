//! The generic netlink messages that program the kernel's load balancer (family `IPVS`,
//! version 1), as keepalived sends them, and the kernel's answers
//! (docs/ancestors/keepalived.md §4.1; numbers: `linux/ip_vs.h`).
//!
//! [`request`] makes what a netlink socket sends; [`messages`] takes apart what it gives back,
//! and [`Reply::decode`] reads it. Every request is acknowledged or answered with a dump, and
//! the next is sent after that. The family's number differs from kernel to kernel:
//! [`family_request`] asks for it, [`family_of`] reads the answer.
//!
//! Numbers are in the machine's own byte order except ports and addresses.

mod command;
mod daemon;
mod destination;
mod frame;
mod reply;
mod service;

pub use crate::attributes::Malformed;
pub use command::{Command, Timeouts};
pub use daemon::{Daemon, SyncState};
pub use destination::{Destination, Encapsulation, Forward, Tunnel};
pub use frame::{Message, family_of, family_request, messages, request};
pub use reply::{Counters, Info, Reply};
pub use service::{Family, Flags, Mask, Protocol, Service, ServiceKey};

/// The family's name.
pub const FAMILY_NAME: &str = "IPVS";
/// The version of its commands.
pub const VERSION: u8 = 1;
/// Bytes of a generic netlink header: command, version, two reserved.
pub const HEADER_LEN: usize = 4;
/// The longest name of a scheduler, persistence engine or interface, in bytes: the kernel has
/// 16, one of them for the end.
pub const NAME_MAX: usize = 15;
