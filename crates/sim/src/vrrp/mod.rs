//! Virtual routers in virtual time: groups of two to five hosts whose role is the daemon's own
//! machine, configured by the text of a keepalived.conf, under a menu of faults.
//!
//! [`Setup`] is what a seed decides about the routers, [`Schedule`] what goes wrong when,
//! [`World`] plays it, `promises` and `watch` look on, and [`search`] shrinks what fails. The rules
//! that are checked are those of docs/ancestors/keepalived.md §2.3 and §2.4. Start at [`play`].

mod act;
mod command;
mod host;
mod promises;
mod run;
mod schedule;
mod setup;
mod sin;
mod text;
mod watch;
mod world;

pub(crate) use command::command;
pub use run::{play, search};
pub use schedule::{Act, Schedule, Step};
pub use setup::{Keys, Plan, Preemption, Setup, Tracking};
pub use sin::{Sin, Violation};
pub use world::World;

use ::vrrp::config::Config;
use ::vrrp::{Boot, Inherited, Input, Output, Role};
use api::vrrp::VrrpStatus;
use base::Machine;

/// A role that can be simulated: ours, or in tests a deliberately wrong one.
pub trait Subject: Machine<Input = Input, Output = Output> {
    /// Makes one that was not ticked yet.
    fn born(config: Config, boot: Boot) -> Self;

    /// The masters it would leave to a successor at this moment.
    fn inheritance(&self) -> Vec<Inherited>;

    /// What it says of itself.
    fn status(&self) -> VrrpStatus;
}

impl Subject for Role {
    fn born(config: Config, boot: Boot) -> Self {
        Self::new(config, boot)
    }

    fn inheritance(&self) -> Vec<Inherited> {
        Self::inheritance(self)
    }

    fn status(&self) -> VrrpStatus {
        Self::status(self)
    }
}
