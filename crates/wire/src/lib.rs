//! Bytes that other machines send us, to messages and back. Total functions only: no input makes
//! anything here panic, and nothing is believed before its digest is checked.
//!
//! [`heartbeat`] is what cluster nodes say to each other, [`vrrp`] what virtual routers do; [`arp`]
//! and [`ndisc`] tell the network where an address lives, and ask whether somebody has it;
//! [`bfd`] is how two routers watch the path between them; [`icmp`] asks ping nodes; [`ipvs`]
//! programs the kernel's load balancer, [`routing`] its routes and rules.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "a test that panics has found something"
    )
)]

pub mod arp;
mod attributes;
pub mod bfd;
pub mod checksum;
pub mod ethernet;
pub mod heartbeat;
pub mod icmp;
pub mod ip;
pub mod ipvs;
pub mod ndisc;
pub mod routing;
pub mod vrrp;
