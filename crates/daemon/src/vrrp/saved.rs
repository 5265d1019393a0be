//! `config_save_dir`: every configuration that was put in force, as it was read
//! (docs/ancestors/keepalived.md §2.6).

use super::hub::Hub;
use super::running::Words;
use api::Level;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Passwords stand in it.
const MODE: u32 = 0o600;
/// Files of one parent; who reloads more often than this has removed none for years.
const FILES_MAX: u32 = 100_000;

/// Saves what is in force from now on, if that is wanted.
pub(crate) async fn save(hub: &Hub, words: &Words) {
    let Some(directory) = hub.settings().whole.config_save_dir.clone() else { return };
    let text = words.text();
    let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
    let written = tokio::task::spawn_blocking({
        let directory = directory.clone();
        move || write(Path::new(&directory), parent, &text)
    });
    if let Ok(Err(error)) = written.await {
        let text = format!(
            "config_save_dir {directory}: the configuration can't be saved: {error}; it is in \
             force all the same"
        );
        hub.notice(Level::Warning, text);
    }
}

/// Writes a new file beside the earlier ones, as keepalived numbers them.
fn write(directory: &Path, parent: i32, text: &str) -> io::Result<()> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    for number in 0..FILES_MAX {
        let path = directory.join(format!("keepalived.conf.{parent}.{number}"));
        match OpenOptions::new().write(true).create_new(true).mode(MODE).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened?.write_all(text.as_bytes()),
        }
    }
    Err(io::Error::other("it is full"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn each_configuration_gets_a_file_of_its_own_that_only_root_reads() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("saved");
        write(&directory, 7, "one").unwrap();
        write(&directory, 7, "two").unwrap();
        for (number, text) in ["one", "two"].iter().enumerate() {
            let path = directory.join(format!("keepalived.conf.7.{number}"));
            assert_eq!(fs::read_to_string(&path).unwrap(), *text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        }
        assert!(write(&place.path().join("no/such"), 7, "x").is_err(), "parents must be there");
    }
}
