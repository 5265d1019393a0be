//! Waits until a tracked file may have changed: inotify on the directories they stand in, because
//! a file may be replaced, or not be there yet.

use crate::descriptors::readable;
use config::keepalived::settings::TrackFile;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use tokio::io::unix::AsyncFd;

/// What in a directory can change the number in a file of it.
const EVENTS: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);
/// News are read in pieces of this size and not looked at: whatever changed, all files are read.
const NEWS: usize = 4096;

/// The watch over the directories of tracked files.
#[derive(Default)]
pub(crate) struct FileWatch {
    news: Option<AsyncFd<OwnedFd>>,
    /// The kernel's number of each directory's watch.
    directories: BTreeMap<PathBuf, i32>,
}

impl FileWatch {
    /// Watches the directories of these files; false if one of them can't be watched and must be
    /// looked at instead.
    pub(crate) fn follow(&mut self, files: &[TrackFile]) -> bool {
        let wanted: Vec<PathBuf> = files.iter().map(|file| directory(&file.path)).collect();
        let Some(fd) = self.open(!wanted.is_empty()) else { return wanted.is_empty() };
        self.directories.retain(|known, number| {
            let stays = wanted.contains(known);
            if !stays {
                // Fails when the directory is gone, and the watch with it.
                let _ = inotify::remove_watch(&fd, *number);
            }
            stays
        });
        let mut all = true;
        for path in wanted {
            // One that is watched already has the same number again; one that was made anew, another.
            match inotify::add_watch(&fd, &path, EVENTS) {
                Ok(number) => _ = self.directories.insert(path, number),
                Err(_) => all = false,
            }
        }
        all
    }

    fn open(&mut self, needed: bool) -> Option<OwnedFd> {
        if self.news.is_none() && needed {
            let flags = CreateFlags::NONBLOCK | CreateFlags::CLOEXEC;
            let opened = inotify::init(flags).map_err(io::Error::from).and_then(readable);
            self.news = opened.ok();
        }
        self.news.as_ref().and_then(|news| news.get_ref().try_clone().ok())
    }

    /// Comes back when something may have changed; never without a watch.
    pub(crate) async fn changed(&self) {
        let Some(news) = &self.news else { return std::future::pending().await };
        let Ok(mut guard) = news.readable().await else { return std::future::pending().await };
        let mut buffer = [0; NEWS];
        while matches!(rustix::io::read(news.get_ref(), &mut buffer), Ok(1..)) {}
        guard.clear_ready();
    }
}

fn directory(file: &str) -> PathBuf {
    Path::new(file).parent().map_or_else(|| "/".into(), Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Duration;
    use tokio::time::timeout;

    fn file(path: &Path) -> TrackFile {
        TrackFile {
            name: "f".into(),
            path: path.to_string_lossy().into_owned(),
            weight: 1,
            reverse: false,
            init: None,
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_file_that_is_written_replaced_or_removed_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n");
        let mut watch = FileWatch::default();
        assert!(watch.follow(&[file(&path)]));
        let soon = Duration::from_secs(5);
        let long = Duration::from_millis(50);
        fs::write(&path, "5").unwrap();
        timeout(soon, watch.changed()).await.expect("made");
        fs::write(&path, "6").unwrap();
        timeout(soon, watch.changed()).await.expect("written");
        fs::write(dir.path().join("new"), "7").unwrap();
        fs::rename(dir.path().join("new"), &path).unwrap();
        timeout(soon, watch.changed()).await.expect("replaced");
        assert!(timeout(long, watch.changed()).await.is_err(), "nothing happens");
        fs::remove_file(&path).unwrap();
        timeout(soon, watch.changed()).await.expect("removed");
        assert!(watch.follow(&[]));
        fs::write(&path, "8").unwrap();
        // The end of the watch is news itself.
        let _ = timeout(long, watch.changed()).await;
        assert!(timeout(long, watch.changed()).await.is_err(), "nobody asks for it any more");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_directory_that_is_missing_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("later/n");
        let mut watch = FileWatch::default();
        assert!(!watch.follow(&[file(&missing)]));
        fs::create_dir(dir.path().join("later")).unwrap();
        assert!(watch.follow(&[file(&missing)]));
    }
}
