//! What a worker leaves to its successor: the routers that are masters, noted before anything
//! follows from it. It is worth something only within one run of the parent, unless it was left
//! on purpose.

use super::addresses;
use crate::paths;
use linux::netlink::Netlink;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::Duration;
use vrrp::Inherited;
use vrrp::config::Config;

/// On a file system that a reboot empties.
const FILE: &str = "/run/handover/keepalived.left";
/// Adverts that may have left between the last note and the end. Peers refuse a sequence number
/// that they have seen; one that is skipped costs nothing.
const SEQUENCE_MARGIN: u32 = 64;

/// What was left in place on purpose is taken over by a start within this time; later another
/// router has it.
const KEPT_FOR: Duration = Duration::from_mins(1);

#[derive(Default, Serialize, Deserialize)]
struct Note {
    masters: Vec<Master>,
    /// Left on purpose, by a worker that ended in good order: when, in milliseconds since 1970.
    kept_at: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Master {
    instance: String,
    ah_sequence: u32,
}

/// Masters by the name of their instance, each with its last AH sequence number.
pub(crate) type Masters = BTreeMap<String, u32>;

/// Those that were found in place.
pub(crate) fn masters(inherited: &[Inherited]) -> Masters {
    inherited.iter().map(|left| (left.instance.clone(), left.ah_sequence)).collect()
}

/// Notes the masters of this moment.
///
/// # Errors
/// Those of the file system.
pub(crate) fn note(masters: &Masters) -> io::Result<()> {
    let master = |(instance, ah_sequence): (&String, &u32)| Master {
        instance: instance.clone(),
        ah_sequence: *ah_sequence,
    };
    write(&Note { masters: masters.iter().map(master).collect(), kept_at: None })
}

/// The worker ends and leaves everything in place for another run.
///
/// # Errors
/// Those of the file system.
pub(crate) fn keep() -> io::Result<()> {
    let kept_at = Some(linux::rt::wall().as_millis());
    write(&Note { kept_at, ..read().unwrap_or_default() })
}

fn write(note: &Note) -> io::Result<()> {
    // Renamed into place, and not synced: it is for a successor, not for after a crash of the host.
    let beside = format!("{FILE}.new");
    fs::create_dir_all(paths::OWN_RUN_DIR)?;
    fs::write(&beside, serde_json::to_vec(note)?)?;
    fs::rename(beside, FILE)
}

fn read() -> Option<Note> {
    serde_json::from_slice(&fs::read(FILE).ok()?).ok()
}

/// A new run begins: what a run before it left counts only if that was on purpose.
pub(crate) fn begin() {
    let now = linux::rt::wall().as_millis();
    let is_kept = |at: u64| now.saturating_sub(at) < KEPT_FOR.as_millis() as u64;
    if !read().and_then(|note| note.kept_at).is_some_and(is_kept) {
        forget();
    }
}

/// Forgets everything: nothing is in place any more.
pub(crate) fn forget() {
    let _ = fs::remove_file(FILE);
}

/// True when no worker of this run was here before.
pub(crate) fn is_first() -> bool {
    read().is_none_or(|note| note.kept_at.is_some())
}

/// The masters that a worker before this one left, and whose addresses are still in place.
pub(crate) fn find(netlink: &mut Netlink, config: &Config) -> Vec<Inherited> {
    let masters = read().unwrap_or_default().masters;
    if masters.is_empty() {
        return Vec::new();
    }
    let standing = addresses::Standing::list(netlink).unwrap_or_default();
    let instances: BTreeMap<&str, _> =
        config.instances.iter().map(|instance| (instance.name.as_str(), instance)).collect();
    masters
        .into_iter()
        .filter(|master| {
            let instance = instances.get(master.instance.as_str());
            instance.is_some_and(|instance| standing.has_all(instance))
        })
        .map(|master| Inherited {
            instance: master.instance,
            ah_sequence: match master.ah_sequence {
                0 => 0,
                number => number.saturating_add(SEQUENCE_MARGIN),
            },
        })
        .collect()
}
