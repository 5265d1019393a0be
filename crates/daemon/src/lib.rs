//! The running heartbeat role: a parent that watches, a worker that beats, an executor that runs
//! scripts.
//!
//! [`heartbeat_main`] is what `heartbeat` starts; [`internal`] is how it finds itself again in the
//! child processes. A datagram's way: `links` (socket) → `real_time` (clock, node) → `channel` →
//! `worker` → `perform` (a resource's operation) → `builtin` or `agents` and `executor` → back.
#![forbid(unsafe_code)]

mod address;
mod agents;
mod channel;
mod descriptors;
mod environment;
mod executor;
mod frames;
mod journal;
mod links;
mod logs;
mod ocf;
mod paths;
mod real_time;
mod state;
