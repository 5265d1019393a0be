//! The cluster in a deterministic simulator: hosts, wires, faults, checkers, scenarios.
//!
//! It drives the same machine as the daemon does. [`World`] holds hosts and wires under one clock
//! that jumps to whatever is due next; [`Schedule`] is what goes wrong, made from a seed;
//! [`search()`] plays seed after seed and shrinks what fails; [`exhaustive`] tries every order of
//! the first events; [`player`] runs the files of `scenarios/`; [`vrrp`] does the same for groups of
//! virtual routers. Pure: clock, files and terminal
//! are the caller's ([`Shell`]). Start reading at [`World`].
#![forbid(unsafe_code)]

mod act;
mod checks;
mod command;
pub mod exhaustive;
mod host;
mod hunt;
mod layout;
mod network;
mod pick;
pub mod player;
mod room;
mod run;
pub mod scenario;
mod schedule;
mod search;
mod setup;
mod subject;
mod violation;
pub mod vrrp;
mod witness;
mod world;

pub use checks::{Checks, HEAL_BOUND};
pub use command::{HELP, Shell, main};
pub use hunt::{FAILURES_MAX, Failure, Report, Trial};
pub use layout::{Layout, Outlet};
pub use network::{CLOG_MAX, Fate, Network, STRAGGLE_MAX, Weather, Wire};
pub use room::{Effect, Job, Place, Room, Trouble, Verb};
pub use run::{play, settle, world};
pub use schedule::{Act, Schedule, Step};
pub use search::search;
pub use setup::{LINKS, NODES, Setup};
pub use subject::Subject;
pub use violation::{Sin, Violation};
pub use witness::Witness;
pub use world::World;
