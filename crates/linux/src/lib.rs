//! The kernel as the rest of Handover sees it: sockets, netlink, processes, clocks, devices.
//!
//! The only crate with `unsafe`, and each use of it says why it is sound. Thin and typed: every
//! function does one thing and returns what the kernel said; which address to take, when to give
//! up and what to log is decided elsewhere. No runtime: calls either return at once or say in
//! their documentation how long they block. Start reading at [`media`] and [`rt`].
#![deny(unsafe_op_in_unsafe_fn)]

pub mod arp;
pub mod bfd;
pub mod calendar;
pub mod file;
pub mod ipvs;
pub mod media;
pub mod memory;
pub mod mount;
pub mod namespace;
pub mod ndisc;
pub mod netlink;
pub mod nftables;
mod packet;
pub mod probe;
pub mod process;
pub mod process_events;
pub mod rt;
mod sockopt;
pub mod system;
pub mod vrrp;
pub mod watchdog;

#[cfg(test)]
mod testing;

pub use wire::ethernet::Mac;
