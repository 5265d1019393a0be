//! What outlives the process: uuid and generation as the ancestor keeps them, and our own note of
//! what runs here, for a successor.
//!
//! Every file is replaced atomically, so a kill -9 at any moment leaves the old content or the new.
//! Formats: docs/ancestors/heartbeat.md §5.5.

use base::{GroupKey, WallTime};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Version of [`Left`]'s file; another version is disregarded.
const LEFT_VERSION: u32 = 1;
/// Longest state file read, in bytes: a list of a thousand groups is below 100 KB.
const FILE_MAX: u64 = 1 << 20;

/// The state directories.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    heartbeat: PathBuf,
    own: PathBuf,
}

/// A generation, and whether it had to be invented.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Generation {
    /// The number of this start, greater than that of every start before.
    pub number: u32,
    /// True when no earlier one was on disk: `No Previous generation - starting at N`.
    pub is_first: bool,
}

/// What a process left running when it ended, for its successor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Left {
    version: u32,
    /// Boot of the machine in which this was true (`/proc/sys/kernel/random/boot_id`): after a
    /// reboot nothing runs.
    boot: String,
    /// The halves it held in the cluster's eyes.
    pub held: api::Held,
    /// Keys of the groups that ran, or were on their way up or down.
    pub groups: Vec<GroupKey>,
}

impl Store {
    /// The state under these two directories, which are created if they are missing.
    ///
    /// # Errors
    /// Those of creating a directory.
    pub(crate) fn open(heartbeat: &Path, own: &Path) -> io::Result<Self> {
        fs::create_dir_all(heartbeat)?;
        fs::create_dir_all(own)?;
        Ok(Self { heartbeat: heartbeat.to_owned(), own: own.to_owned() })
    }

    /// This node's uuid: 16 raw bytes in `hb_uuid`, made at first start.
    ///
    /// # Errors
    /// Those of reading and writing; `InvalidData` for a file of another length, which is left
    /// alone: a node must not change its uuid by accident.
    pub(crate) fn uuid(&self) -> io::Result<[u8; 16]> {
        let path = self.heartbeat.join("hb_uuid");
        match read_bounded(&path) {
            Ok(bytes) => bytes.try_into().map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "hb_uuid does not have 16 bytes")
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let uuid = random_uuid()?;
                linux::file::replace(&path, &uuid, 0o600)?;
                Ok(uuid)
            }
            Err(error) => Err(error),
        }
    }

    /// The number of this start (`hbgenmethod file`): one more than on disk; without a readable
    /// file the second after now, as the ancestor does, which is above every number that was ever
    /// counted up from an earlier second.
    ///
    /// # Errors
    /// Those of writing. Without the new number on disk the node must not speak.
    pub(crate) fn next_generation(&self, now: WallTime) -> io::Result<Generation> {
        let path = self.heartbeat.join("hb_generation");
        let previous = match read_bounded(&path) {
            Ok(bytes) => {
                std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse::<u32>().ok())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let number = match previous {
            Some(number) => number.checked_add(1).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "hb_generation is at its end")
            })?,
            None => generation_of_time(now).saturating_add(1),
        };
        linux::file::replace(&path, format!("{number:15}\n").as_bytes(), 0o644)?;
        Ok(Generation { number, is_first: previous.is_none() })
    }

    /// Notes what runs here. Renamed into place but not synced to the disk: it has to survive this
    /// process, not the machine, and a takeover must not wait for a disk.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn note_left(&self, held: api::Held, groups: &[GroupKey]) -> io::Result<()> {
        let left = Left { version: LEFT_VERSION, boot: boot_id(), held, groups: groups.to_vec() };
        let text = serde_json::to_vec(&left).map_err(io::Error::other)?;
        let beside = self.own.join(".held.json.new");
        fs::write(&beside, text)?;
        fs::rename(beside, self.own.join("held.json"))
    }

    /// What the process before this one noted, if that was since the machine's boot. A file that
    /// can't be read says nothing: it is disposable.
    pub(crate) fn left(&self) -> Option<Left> {
        let bytes = read_bounded(&self.own.join("held.json")).ok()?;
        let left: Left = serde_json::from_slice(&bytes).ok()?;
        (left.version == LEFT_VERSION && left.boot == boot_id()).then_some(left)
    }

    /// The directory of state that only we have.
    pub(crate) fn own_directory(&self) -> &Path {
        &self.own
    }
}

/// The generation of `hbgenmethod time`: the second of the start.
pub(crate) fn generation_of_time(now: WallTime) -> u32 {
    u32::try_from(now.as_secs()).unwrap_or(u32::MAX)
}

/// The uuid of `uuidfrom nodename`: two FNV-1a sums over the name in lower case. Not a secret; it
/// has to be the same at each start and to differ between nodes.
pub(crate) fn uuid_of_name(name: &str) -> [u8; 16] {
    let name = name.to_ascii_lowercase();
    let sum = |salt: u8| {
        name.bytes().chain([salt]).fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    };
    let mut uuid = [0; 16];
    uuid[..8].copy_from_slice(&sum(0).to_be_bytes());
    uuid[8..].copy_from_slice(&sum(1).to_be_bytes());
    uuid
}

/// A seed for the node's dice.
///
/// # Errors
/// Those of reading the kernel's random numbers.
pub(crate) fn random_seed() -> io::Result<u64> {
    let mut seed = [0; 8];
    fs::File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(u64::from_ne_bytes(seed))
}

/// 16 random bytes with the marks of a version 4 uuid (RFC 9562 §5.4).
fn random_uuid() -> io::Result<[u8; 16]> {
    let mut uuid = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut uuid)?;
    uuid[6] = (uuid[6] & 0x0f) | 0x40;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
    Ok(uuid)
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("hb"), &dir.path().join("own")).unwrap();
        (dir, store)
    }

    const NOW: WallTime = WallTime::from_millis(1_700_000_000_000);

    #[test]
    fn the_first_generation_is_the_second_after_now() {
        let (dir, store) = store();
        let first = store.next_generation(NOW).unwrap();
        assert_eq!(first, Generation { number: 1_700_000_001, is_first: true });
        let text = fs::read_to_string(dir.path().join("hb/hb_generation")).unwrap();
        assert_eq!(text, "     1700000001\n");
    }

    #[test]
    fn each_start_counts_one_up_whatever_the_clock_says() {
        let (_dir, store) = store();
        let first = store.next_generation(NOW).unwrap().number;
        let second = store.next_generation(WallTime::from_millis(0)).unwrap();
        assert_eq!(second, Generation { number: first + 1, is_first: false });
    }

    #[test]
    fn a_generation_file_of_the_ancestor_is_continued() {
        let (dir, store) = store();
        fs::write(dir.path().join("hb/hb_generation"), "     1795271972\n").unwrap();
        assert_eq!(store.next_generation(NOW).unwrap().number, 1_795_271_973);
    }

    #[test]
    fn a_generation_file_cut_short_by_a_crash_of_another_program_is_replaced_by_the_time() {
        let (dir, store) = store();
        fs::write(dir.path().join("hb/hb_generation"), "").unwrap();
        assert_eq!(store.next_generation(NOW).unwrap().number, 1_700_000_001);
    }

    #[test]
    fn the_uuid_is_made_once() {
        let (_dir, store) = store();
        assert_eq!(store.uuid().unwrap(), store.uuid().unwrap());
    }

    #[test]
    fn a_uuid_of_the_wrong_length_is_refused_and_left_alone() {
        let (dir, store) = store();
        let path = dir.path().join("hb/hb_uuid");
        fs::write(&path, b"short").unwrap();
        assert!(store.uuid().is_err());
        assert_eq!(fs::read(path).unwrap(), b"short");
    }

    #[test]
    fn names_that_share_their_beginning_have_different_uuids() {
        let (a, b) = (uuid_of_name("node1.anyisalin.com"), uuid_of_name("node1.anyisalin.net"));
        assert_ne!(a, b);
        assert_eq!(a, uuid_of_name("NODE1.anyisalin.com"));
    }

    #[test]
    fn a_successor_reads_what_its_predecessor_held() {
        let (dir, store) = store();
        assert_eq!(store.left(), None);
        store.note_left(api::Held::ALL, &[GroupKey::from("IPaddr::192.0.2.1")]).unwrap();
        assert_eq!(store.left().unwrap().groups, [GroupKey::from("IPaddr::192.0.2.1")]);
        fs::write(dir.path().join("own/held.json"), b"{\"version\":").unwrap();
        assert_eq!(store.left(), None);
    }

    #[test]
    fn what_was_held_before_a_reboot_is_not_held_now() {
        let (dir, store) = store();
        let old = r#"{"version":1,"boot":"another","held":{"local":true,"foreign":false},"groups":["g"]}"#;
        fs::write(dir.path().join("own/held.json"), old).unwrap();
        assert_eq!(store.left(), None);
    }

    #[test]
    fn a_writer_killed_between_writing_and_renaming_leaves_the_old_content() {
        let (dir, store) = store();
        let first = store.next_generation(NOW).unwrap().number;
        fs::write(dir.path().join("hb/.hb_generation.new.1"), b"garb").unwrap();
        assert_eq!(store.next_generation(NOW).unwrap().number, first + 1);
    }
}
