//! Virtual servers: what the kernel's balancer (IPVS) is told, and the checks that decide it, as
//! keepalived does both (docs/ancestors/keepalived.md §4, §5). Pure: results of checks, time and
//! answers come in, actions go out.
#![forbid(unsafe_code)]

pub mod check;
pub mod config;
mod io;

pub use io::{Check, Input, Kernel, Mail, Notification, Outcome, Output, Probe, Transport};
