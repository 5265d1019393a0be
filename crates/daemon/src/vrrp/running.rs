//! The configuration's files as a worker of this run read them. Its successor goes on with exactly
//! these words: an edit counts when a reload has taken it in, not because a process was killed
//! while somebody was writing.

use super::hub::Hub;
use super::settings::Files;
use crate::paths;
use api::Level;
use config::keepalived::Sources;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;

/// On a file system that a reboot empties.
const FILE: &str = "/run/handover/keepalived.running";
/// Passwords stand in it.
const MODE: u32 = 0o600;

/// What was read: texts by path, and the paths that patterns of `include` stood for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Words {
    texts: BTreeMap<String, String>,
    matches: BTreeMap<String, Vec<String>>,
}

impl Words {
    /// All texts, each below a comment with its path.
    pub(crate) fn text(&self) -> String {
        let mut all = String::new();
        for (path, text) in &self.texts {
            all.push_str("# ");
            all.push_str(path);
            all.push('\n');
            all.push_str(text);
            if !text.ends_with('\n') {
                all.push('\n');
            }
        }
        all
    }
}

impl Sources for Words {
    fn read(&self, path: &str) -> Option<String> {
        self.texts.get(path).cloned()
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        self.matches.get(pattern).cloned().unwrap_or_default()
    }
}

/// The host's files, noting what is read of them.
#[derive(Default)]
pub(crate) struct Noting(RefCell<Words>);

impl Noting {
    /// What was read.
    pub(crate) fn words(self) -> Words {
        self.0.into_inner()
    }

    /// Adds a text that was read already.
    pub(crate) fn add(&self, path: &str, text: &str) {
        self.0.borrow_mut().texts.insert(path.to_owned(), text.to_owned());
    }
}

impl Sources for Noting {
    fn read(&self, path: &str) -> Option<String> {
        let text = Files.read(path)?;
        self.add(path, &text);
        Some(text)
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let paths = Files.matching(pattern);
        self.0.borrow_mut().matches.insert(pattern.to_owned(), paths.clone());
        paths
    }
}

/// Notes what runs from now on.
///
/// # Errors
/// Those of the file system.
pub(crate) fn note(words: &Words) -> io::Result<()> {
    // Renamed into place, and not synced: it is for a successor, not for after a crash of the host.
    let beside = format!("{FILE}.new");
    fs::create_dir_all(paths::OWN_RUN_DIR)?;
    // One that was left half written may have any mode.
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&beside)?;
    file.write_all(&serde_json::to_vec(words)?)?;
    fs::rename(beside, FILE)
}

/// For a successor: what runs from now on.
pub(super) fn note_for_successor(hub: &Hub, words: &Words) {
    if let Err(error) = note(words) {
        let text = format!("what runs can't be noted; a successor reads the files anew: {error}");
        hub.notice(Level::Error, text);
    }
}

/// What a worker before this one ran with.
pub(crate) fn find() -> Option<Words> {
    serde_json::from_slice(&fs::read(FILE).ok()?).ok()
}

/// Nothing runs any more, or a new run begins.
pub(crate) fn forget() {
    let _ = fs::remove_file(FILE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_answers_as_the_host_did_after_the_files_changed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.conf").to_string_lossy().into_owned();
        let pattern = directory.path().join("*.conf").to_string_lossy().into_owned();
        fs::write(&path, "before").unwrap();
        let noting = Noting::default();
        assert_eq!(noting.matching(&pattern), std::slice::from_ref(&path));
        assert_eq!(noting.read(&path).as_deref(), Some("before"));
        fs::write(&path, "after").unwrap();
        fs::write(directory.path().join("b.conf"), "new").unwrap();
        let bytes = serde_json::to_vec(&noting.words()).unwrap();
        let words: Words = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(words.matching(&pattern), std::slice::from_ref(&path));
        assert_eq!(words.read(&path).as_deref(), Some("before"));
        assert_eq!(words.read("/never/read"), None);
    }
}
