//! The running roles, heartbeat and VRRP: of each a parent that watches, a worker that beats, an
//! executor that runs scripts. VRRP's own part is in `vrrp`; what follows is heartbeat's.
//!
//! [`heartbeat_main`] is what `heartbeat` starts; [`internal`] is how it finds itself again in the
//! child processes. A datagram's way: `links` (socket) → `real_time` (clock, node) → `channel` →
//! `worker` → `perform` (a resource's operation) → `builtin` or `agents` and `executor` → back.
#![forbid(unsafe_code)]

mod address;
mod addresses;
mod agents;
mod api_server;
mod both;
mod builtin;
mod channel;
mod clients;
mod descriptors;
mod environment;
mod executor;
mod family;
mod fence;
mod fifo;
mod filesystem;
mod frames;
mod hub;
mod journal;
mod kept;
mod links;
mod logs;
mod lvs;
mod mail;
mod metrics;
mod ocf;
mod ordinary;
mod paths;
mod perform;
mod predecessor;
mod probes;
mod real_time;
mod respawn;
mod settings;
mod state;
mod vrrp;
mod watch;
mod worker;

pub use family::{StartOptions, heartbeat_main, internal};
pub use settings::with_this_host;
pub use vrrp::{KeepalivedOptions, Part, keepalived_check, keepalived_main, with_keepalived_host};
