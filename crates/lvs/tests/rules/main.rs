//! The rules of virtual servers, each shown on a director in virtual time with a kernel and
//! servers of its own. Figures: docs/ancestors/keepalived.md §4 and §5.

mod adopting;
mod checking;
mod kernel;
mod properties;
mod quorum;
mod reloading;
mod services;
mod starting;
mod stopping;
mod suspending;
mod syncing;
mod telling;
mod weights;
mod world;
