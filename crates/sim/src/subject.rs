//! What can be put under test: a node of ours, or in tests a deliberately wrong one.

use api::RoleStatus;
use base::{Instant, Machine};
use cluster::{Boot, Config, Input, Node, Output};
use std::sync::Arc;

/// A machine that the simulator can start, feed and question.
pub trait Subject: Machine<Input = Input, Output = Output> + Clone {
    /// Makes one that has not started yet.
    fn born(config: Arc<Config>, boot: Boot) -> Self;

    /// Starts it; called once, after the first [`Input::Ambient`].
    fn start(&mut self, now: Instant, out: &mut Vec<Output>);

    /// Its own view of the cluster.
    fn status(&self, now: Instant) -> RoleStatus;
}

impl Subject for Node {
    fn born(config: Arc<Config>, boot: Boot) -> Self {
        Self::new(config, boot)
    }

    fn start(&mut self, now: Instant, out: &mut Vec<Output>) {
        Self::start(self, now, out);
    }

    fn status(&self, now: Instant) -> RoleStatus {
        Self::status(self, now)
    }
}
