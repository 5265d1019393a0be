//! Virtual servers: what the kernel's balancer (IPVS) is told, and the checks that decide it, as
//! keepalived does both (docs/ancestors/keepalived.md §4, §5). Pure: results of checks, time and
//! answers come in, actions go out.
//!
//! Start reading at [`Director`]. A turn comes in `director`, `probe` says what is done and
//! [`check`] how it is spoken; the result goes through `results` (what does it mean) and
//! `checker` (does it count yet) to `settle`, which tells the kernel by `table` and everybody
//! else.
#![forbid(unsafe_code)]

mod begin;
pub mod check;
mod checker;
pub mod config;
mod director;
mod io;
mod name;
mod probe;
mod real;
mod reload;
mod results;
mod server;
mod services;
mod settle;
mod status;
mod step;
mod stop;
mod sync;
mod table;

pub use director::{Boot, ChangedTimeouts, Director};
pub use io::{Check, Input, Kernel, Mail, Notification, Outcome, Output, Probe, Transport};
