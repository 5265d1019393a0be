//! The scheduler: given a cluster information base and a moment, what must happen, in which order,
//! and why.
//!
//! Pure and without memory: the same document and the same moment give the same plan. What it
//! hands on is a [`graph::Graph`]; [`execute()`] carries one out in memory, [`inject()`] makes things
//! happen before.

#![forbid(unsafe_code)]

mod actions;
mod constraints;
mod digest;
mod emit;
mod execute;
pub mod graph;
mod inject;
mod order;
mod pattern;
mod place;
mod plan;
mod report;
mod simulate;
mod sort;
pub mod status;
mod trace;
mod unpack;
pub mod view;
pub mod what_if;
pub mod why;
mod world;

pub use execute::{Execution, Failure, World, execute};
pub use inject::{Event, Injected, inject, parse_result};
pub use plan::{Plan, attributes_of, failures_of, moment, plan, status_of};
pub use report::details::ctime;
pub use report::scores::ScoreLine;

pub use simulate::{After, Request, Simulation, plain, simulate};

/// The feature set's version that executors are told and that stands in the history: that of
/// Pacemaker 3.0.2, whose plans these are.
pub const FEATURE_SET: &str = "3.20.5";
