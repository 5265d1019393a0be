//! One cluster node as a pure machine.
//!
//! [`Node`] takes [`Input`]s (datagrams, results of operations, commands, ticks) and pushes
//! [`Output`]s (datagrams, operations, events). Its parts, in the order a datagram walks them:
//! `messaging` (authentication, sequence, liveness), `takeover` (who holds which groups),
//! `groups` (the operations on one group), and beside them `ipfail`, `checks` and `fencing`.
//! Start reading at [`Node`].
#![forbid(unsafe_code)]

mod checks;
pub mod config;
mod fencing;
mod groups;
pub mod io;
mod ipfail;
pub mod messaging;
mod node;
mod status;
pub mod step;
mod takeover;

pub use config::Config;
pub use fencing::{Inheritance, Proof};
pub use io::{Action, Input, Outcome, Output};
pub use node::{Boot, Node, Predecessor};
