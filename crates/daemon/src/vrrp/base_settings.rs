//! Settings of interfaces that virtual routers take (docs/ancestors/keepalived.md §3.4), and what
//! they were before: noted for a successor, and put back when nobody needs them any more.
//! keepalived leaves them changed.

use super::settings::Settings;
use crate::paths;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

/// On a file system that a reboot empties, as it does the settings.
const FILE: &str = "/run/handover/keepalived.interfaces";
/// The base doesn't answer ARP for the addresses of the interfaces on it.
const OF_BASE: [&str; 2] = ["arp_ignore", "arp_filter"];
/// Other addresses of a network stay when its first one is removed.
const PROMOTE: &str = "promote_secondaries";
/// What each of them is set to.
const WANTED: &str = "1";
/// The kernel sends reports for groups of the link. It is about all interfaces, and stands under
/// no interface's name.
const REPORTS: &str = "igmp_link_local_mcast_reports";
/// What that is set to.
const NO_REPORTS: &str = "0";

/// The values before ours, by interface and setting.
#[derive(Default, PartialEq, Debug, Serialize, Deserialize)]
struct Before(BTreeMap<String, BTreeMap<String, String>>);

/// An interface and one of its settings.
type Setting = (String, &'static str);

/// What a configuration takes.
pub(crate) fn wanted(settings: &Settings) -> BTreeSet<Setting> {
    let mut all = BTreeSet::new();
    for instance in &settings.vrrp.instances {
        let Some(interface) = &instance.interface else { continue };
        if instance.vmac.is_some() {
            all.extend(OF_BASE.map(|key| (interface.clone(), key)));
        }
        let extras = settings.whole.extras.iter().find(|(name, _)| *name == instance.name);
        if extras.is_some_and(|(_, extras)| extras.promote_secondaries) {
            all.insert((interface.clone(), PROMOTE));
        }
    }
    for made in &settings.whole.address_interfaces {
        all.extend(OF_BASE.map(|key| (made.base.clone(), key)));
    }
    if settings.whole.disable_local_igmp {
        all.insert((String::new(), REPORTS));
    }
    all
}

fn value_of(key: &str) -> &'static str {
    if key == REPORTS { NO_REPORTS } else { WANTED }
}

/// What an interface's setting was before ours; `None`: it is not changed.
pub(crate) fn before(interface: &str, key: &str) -> Option<String> {
    read().0.get(interface)?.get(key).cloned()
}

/// Sets what is wanted and notes what it was; puts back what is wanted no more, unless somebody
/// else has set it since. Sentences for what failed.
pub(crate) fn settle(wanted: &BTreeSet<Setting>) -> Vec<String> {
    let mut before = read();
    give_back(&mut before, wanted);
    let mut troubles = Vec::new();
    for (interface, key) in wanted {
        if let Err(error) = take(&mut before, interface, key) {
            let of = if interface.is_empty() { "this host" } else { interface };
            troubles.push(format!("{key} of {of} can't be set: {error}"));
        }
    }
    before.0.retain(|_, settings| !settings.is_empty());
    if before.0.is_empty() {
        // There is none, mostly.
        let _ = fs::remove_file(FILE);
    } else if let Err(error) = write(&before) {
        troubles.push(format!("settings of interfaces can't be noted: {error}"));
    }
    troubles
}

/// The note stands before anything is changed: a successor would take our value for the host's.
fn take(before: &mut Before, interface: &str, key: &str) -> io::Result<()> {
    let now = match fs::read_to_string(path(interface, key)) {
        // It comes later; then this is called again.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read?,
    };
    let now = now.trim();
    if now == value_of(key) {
        return Ok(());
    }
    let known = before.0.entry(interface.to_owned()).or_default();
    known.entry(key.to_owned()).or_insert_with(|| now.to_owned());
    write(before)?;
    fs::write(path(interface, key), value_of(key))
}

fn give_back(before: &mut Before, still: &BTreeSet<Setting>) {
    for (interface, settings) in &mut before.0 {
        settings.retain(|key, value| {
            let stays = still.iter().any(|(name, wanted)| name == interface && wanted == key);
            if !stays {
                let now = fs::read_to_string(path(interface, key)).unwrap_or_default();
                if now.trim() == value_of(key) {
                    // An interface that is gone has no settings.
                    let _ = fs::write(path(interface, key), &*value);
                }
            }
            stays
        });
    }
}

fn path(interface: &str, key: &str) -> String {
    if interface.is_empty() {
        return format!("/proc/sys/net/ipv4/{key}");
    }
    format!("/proc/sys/net/ipv4/conf/{interface}/{key}")
}

fn read() -> Before {
    let text = fs::read_to_string(FILE).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn write(before: &Before) -> io::Result<()> {
    fs::create_dir_all(paths::OWN_RUN_DIR)?;
    let part = format!("{FILE}.part");
    fs::write(&part, serde_json::to_string(before).map_err(io::Error::other)?)?;
    fs::rename(part, FILE)
}
