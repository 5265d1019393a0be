//! An address that heartbeat's haresources and keepalived.conf both have: each role says so when
//! it reads its own configuration.

use crate::paths;
use crate::vrrp::with_keepalived_host;
use config::keepalived::keepalived;
use config::{FILE_MAX, File, Shared, shared_addresses};
use std::path::Path;
use std::sync::Arc;
use vrrp::config::Instance;

/// The other role's file; `None` without one, which is the ordinary case.
fn text(path: &str) -> Option<File> {
    let (text, _) = linux::file::text(Path::new(path), FILE_MAX).ok()?;
    Some(File::new(path, text))
}

/// What the keepalived role says of these instances.
pub(crate) fn beside_haresources(instances: &[Arc<Instance>]) -> Vec<String> {
    let haresources = text(&format!("{}/haresources", paths::CONFIG_DIR));
    haresources.map_or_else(Vec::new, |file| sentences(&file, instances))
}

/// What the heartbeat role says of its haresources.
pub(crate) fn beside_keepalived(haresources: Option<&File>) -> Vec<String> {
    let (Some(haresources), Some(conf)) = (haresources, text(paths::VRRP_CONFIG)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    with_keepalived_host(&mut |host| {
        found = sentences(haresources, &keepalived(&conf, host).vrrp.instances);
    });
    found
}

fn sentences(haresources: &File, instances: &[Arc<Instance>]) -> Vec<String> {
    let shared = shared_addresses(haresources, instances);
    shared
        .iter()
        .map(|one| {
            let (line, column) = one.finding(haresources).line_column(&haresources.text);
            let (path, what) = (&haresources.path, one.sentence());
            format!("{path}:{line}:{column}: {what}: {}; {}", Shared::EFFECT, Shared::CURE)
        })
        .collect()
}
