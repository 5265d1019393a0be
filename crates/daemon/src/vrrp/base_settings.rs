//! Settings of base interfaces that virtual MAC addresses take (docs/ancestors/keepalived.md §3.4),
//! and what they were before: noted for a successor, and put back when nobody needs them any more.
//! keepalived leaves them changed.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

/// On a file system that a reboot empties, as it does the settings.
const FILE: &str = "/run/handover/keepalived.interfaces";
/// The base doesn't answer ARP for the addresses of the interfaces on it.
const WANTED: [(&str, &str); 2] = [("arp_ignore", "1"), ("arp_filter", "1")];

/// The values before ours, by interface and setting.
#[derive(Default, PartialEq, Debug, Serialize, Deserialize)]
struct Before(BTreeMap<String, BTreeMap<String, String>>);

/// Sets what a base interface needs, and notes what it was.
///
/// # Errors
/// Those of the file system; the note stands before anything is changed.
pub(crate) fn take(interface: &str) -> io::Result<()> {
    let mut before = read();
    for (key, wanted) in WANTED {
        let now = fs::read_to_string(path(interface, key))?;
        let now = now.trim();
        if now == wanted {
            continue;
        }
        let known = before.0.entry(interface.to_owned()).or_default();
        known.entry(key.to_owned()).or_insert_with(|| now.to_owned());
        write(&before)?;
        fs::write(path(interface, key), wanted)?;
    }
    Ok(())
}

/// Puts everything back on interfaces that are not among these, unless somebody else has set it
/// since.
pub(crate) fn give_back(still: &BTreeSet<&str>) {
    let mut before = read();
    let done: Vec<String> =
        before.0.keys().filter(|name| !still.contains(name.as_str())).cloned().collect();
    for interface in &done {
        for (key, value) in before.0.remove(interface).unwrap_or_default() {
            let ours = WANTED.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
            let now = fs::read_to_string(path(interface, &key)).unwrap_or_default();
            if Some(now.trim()) == ours {
                // An interface that is gone has no settings.
                let _ = fs::write(path(interface, &key), value);
            }
        }
    }
    if !done.is_empty() {
        // Without the note a successor would find our values and take them for the host's.
        let _ = if before.0.is_empty() { fs::remove_file(FILE) } else { write(&before) };
    }
}

fn path(interface: &str, key: &str) -> String {
    format!("/proc/sys/net/ipv4/conf/{interface}/{key}")
}

fn read() -> Before {
    let text = fs::read_to_string(FILE).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn write(before: &Before) -> io::Result<()> {
    let part = format!("{FILE}.part");
    fs::write(&part, serde_json::to_string(before).map_err(io::Error::other)?)?;
    fs::rename(part, FILE)
}
