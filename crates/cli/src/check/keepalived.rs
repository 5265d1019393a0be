//! keepalived.conf under `handover check`: read as the daemon reads it.

use super::needed;
use super::wanted::KEEPALIVED_CONF;
use crate::console::{Machine, Stop};
use config::keepalived::{Host, Keepalived, keepalived};
use std::path::Path;

/// Reads a file and what it includes. In its own place this machine answers for interfaces, users
/// and programs; elsewhere, or as another node, all are assumed to be there.
///
/// # Errors
/// When the file can't be read.
pub(super) fn check(path: &Path, node: Option<&str>, machine: Machine) -> Result<Keepalived, Stop> {
    let file = needed(path)?;
    let here = node.is_none() && path == Path::new(KEEPALIVED_CONF);
    let mut read = None;
    (machine.keepalived)(&mut |host| {
        let elsewhere = Host {
            config_id: node,
            directory: host.directory,
            sources: host.sources,
            environment: host.environment,
            ..Host::assumed(node.unwrap_or(host.name))
        };
        read = Some(keepalived(&file, if here { host } else { &elsewhere }));
    });
    read.ok_or_else(|| Stop::failed("this machine gave no answer"))
}
