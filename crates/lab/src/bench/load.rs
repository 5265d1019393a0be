//! A busy machine: two loops that never sleep, and one that starts processes as fast as it can.

use anyhow::{Context, Result};
use std::process::{Child, Command, Stdio};

/// The loops: two CPU hogs and the fork load.
const LOOPS: [&str; 3] =
    ["while :; do :; done", "while :; do :; done", "while :; do /bin/true; done"];

/// The load, until it is dropped. It runs outside of the lab's hosts and inside of its world, so
/// that it can't outlive either.
pub(super) struct Load(Vec<Child>);

impl Load {
    /// Starts it.
    pub(super) fn start() -> Result<Self> {
        let mut load = Self(Vec::new());
        for text in LOOPS {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", text]).stdin(Stdio::null()).stdout(Stdio::null());
            load.0.push(command.spawn().context("cannot start a hog")?);
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that ended by itself is as good.
            child.kill().ok();
            child.wait().ok();
        }
    }
}
