//! Replacing a file so that at every moment, power cuts included, it holds the old or the new
//! content in full.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Puts `bytes` in the place of `path` with permissions `mode` (such as `0o600`): written beside
/// it, synced, renamed over it, and the directory synced too. Blocks as long as the disk does.
///
/// # Errors
/// Those of creating, writing, syncing and renaming (`NotFound` where the directory is missing,
/// `StorageFull`, `PermissionDenied`). The old content then stands untouched.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let (directory, beside) = neighbours(path)?;
    let written = write_synced(&beside, bytes, mode).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        // The leftover is of no use; what matters is the first error.
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    File::open(directory)?.sync_all()
}

fn neighbours(path: &Path) -> io::Result<(&Path, PathBuf)> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "path names no file"))?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".new.{}", std::process::id()));
    Ok((directory, directory.join(beside)))
}

fn write_synced(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // A leftover of a process with our number, killed in the middle.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    // The mode given to open is cut by the umask; this one is not.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_has_the_new_content_and_mode_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("hb_generation");
        replace(&path, b"1\n", 0o644).expect("creates");
        replace(&path, b"2\n", 0o600).expect("replaces");
        assert_eq!(fs::read(&path).expect("reads"), b"2\n");
        assert_eq!(fs::metadata(&path).expect("exists").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).expect("lists").count(), 1);
    }

    #[test]
    fn a_failed_replacement_leaves_the_old_content() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("taken");
        fs::create_dir(&path).expect("creates");
        fs::write(path.join("inside"), b"old").expect("writes");
        assert!(replace(&path, b"new", 0o600).is_err());
        assert_eq!(fs::read(path.join("inside")).expect("reads"), b"old");
        assert_eq!(fs::read_dir(directory.path()).expect("lists").count(), 1);
    }
}
