//! One cluster node as a pure machine.
//!
//! [`Node`] takes [`Input`]s (datagrams, results of operations, commands, ticks) and pushes
//! [`Output`]s (datagrams, operations, events). Its parts, in the order a datagram walks them:
//! `messaging` (authentication, sequence, liveness), `takeover` (who holds which groups),
//! `groups` (the operations on one group), and beside them `ipfail`, `checks` and `fencing`.
//! Start reading at [`Node`].
#![forbid(unsafe_code)]

pub mod config;
pub mod io;

pub use config::Config;
pub use io::{Action, Input, Outcome, Output};
