//! What the director changed in the kernel's load balancer beside its services: the timeouts.
//! Noted before they are changed, so that a successor puts the host's own back and not ours.

use crate::paths;
use lvs::ChangedTimeouts;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use wire::ipvs::Timeouts;

/// On a file system that a reboot empties, as it does the timeouts.
const FILE: &str = "/run/handover/keepalived.ipvs";
/// Nothing in it is secret.
const MODE: u32 = 0o644;

/// TCP, TCP after a FIN, UDP; in seconds.
type Seconds = [u32; 3];

#[derive(Serialize, Deserialize)]
struct Note {
    own: Seconds,
    ours: Seconds,
}

/// The note, and what stands in it.
pub(super) struct Noted {
    file: PathBuf,
    now: Option<ChangedTimeouts>,
}

impl Noted {
    /// What a predecessor left.
    pub(super) fn find() -> Self {
        Self::at(Path::new(FILE))
    }

    fn at(file: &Path) -> Self {
        let note = fs::read(file).ok().and_then(|text| serde_json::from_slice::<Note>(&text).ok());
        let now =
            note.map(|note| ChangedTimeouts { own: timeouts(note.own), ours: timeouts(note.ours) });
        Self { file: file.to_owned(), now }
    }

    /// What stands there.
    pub(super) const fn now(&self) -> Option<ChangedTimeouts> {
        self.now
    }

    /// Notes what is going to be changed. What was put back is not forgotten before it was: see
    /// [`forget`](Self::forget).
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn note(&mut self, changed: Option<ChangedTimeouts>) -> io::Result<()> {
        let Some(changed) = changed.filter(|changed| self.now != Some(*changed)) else {
            return Ok(());
        };
        fs::create_dir_all(self.file.parent().unwrap_or(Path::new(paths::OWN_RUN_DIR)))?;
        let note = Note { own: seconds(changed.own), ours: seconds(changed.ours) };
        linux::file::replace(&self.file, &serde_json::to_vec(&note)?, MODE)?;
        self.now = Some(changed);
        Ok(())
    }

    /// The kernel has its own timeouts again.
    pub(super) fn forget(&mut self) {
        if self.now.take().is_some() {
            let _ = fs::remove_file(&self.file);
        }
    }
}

const fn seconds(of: Timeouts) -> Seconds {
    [of.tcp, of.tcp_fin, of.udp]
}

const fn timeouts([tcp, tcp_fin, udp]: Seconds) -> Timeouts {
    Timeouts { tcp, tcp_fin, udp }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_finds_what_was_changed_until_it_was_put_back() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("run/keepalived.ipvs");
        let changed =
            ChangedTimeouts { own: timeouts([900, 120, 300]), ours: timeouts([100, 120, 300]) };
        let mut noted = Noted::at(&file);
        assert_eq!(noted.now(), None);
        noted.note(Some(changed)).unwrap();
        noted.note(None).unwrap();
        assert_eq!(Noted::at(&file).now(), Some(changed));
        noted.forget();
        assert_eq!(Noted::at(&file).now(), None);
        fs::write(&file, "not ours").unwrap();
        assert_eq!(Noted::at(&file).now(), None);
    }
}
