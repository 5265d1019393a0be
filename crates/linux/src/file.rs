//! Files: replaced so that at every moment, power cuts included, they hold the old or the new
//! content in full; read up to a limit; and found by pattern.

use std::ffi::{CStr, CString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
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

/// An ordinary file's text, bytes that are no UTF-8 replaced, and its permissions.
///
/// # Errors
/// Those of opening and reading; `InvalidInput` for what is no ordinary file, which a FIFO, on
/// which reading would wait, isn't; `FileTooLarge` for more than `max` bytes, of which none are
/// returned: half a configuration is none.
pub fn text(path: &Path, max: u64) -> io::Result<(String, u32)> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
    }
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        let what = format!("it is longer than {max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok((String::from_utf8_lossy(&bytes).into_owned(), about.permissions().mode() & 0o7777))
}

/// The paths that match a shell's pattern, with braces too, sorted. Blocks for the directories.
pub fn matching(pattern: &str) -> Vec<String> {
    let Ok(pattern) = CString::new(pattern) else { return Vec::new() };
    // SAFETY: `glob_t` is plain C data of numbers and pointers, for which zero is a value.
    let mut found: libc::glob_t = unsafe { std::mem::zeroed() };
    // SAFETY: the pattern is a C string that lives through the call, and `found` is zeroed.
    let rc = unsafe { libc::glob(pattern.as_ptr(), libc::GLOB_BRACE, None, &raw mut found) };
    let count = if rc == 0 { found.gl_pathc } else { 0 };
    let paths = (0..count)
        .map(|place| {
            // SAFETY: the call succeeded, so there are `gl_pathc` pointers to C strings, which
            // live until they are freed below.
            let path = unsafe { CStr::from_ptr(*found.gl_pathv.add(place)) };
            path.to_string_lossy().into_owned()
        })
        .collect();
    // SAFETY: initialised by zeroes or by the call, and not used again.
    unsafe { libc::globfree(&raw mut found) };
    paths
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
    fn a_text_is_an_ordinary_file_read_in_full_or_not_at_all() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("k.conf");
        replace(&path, b"a\xffb", 0o640).expect("creates");
        assert_eq!(text(&path, 3).expect("reads"), ("a\u{fffd}b".to_owned(), 0o640));
        let kind = |path: &Path, max| text(path, max).map_err(|error| error.kind());
        assert_eq!(kind(&path, 2), Err(io::ErrorKind::FileTooLarge));
        assert_eq!(kind(directory.path(), 2), Err(io::ErrorKind::InvalidInput));
        assert_eq!(kind(Path::new("/dev/zero"), 2), Err(io::ErrorKind::InvalidInput));
        let fifo = directory.path().join("fifo");
        let name = CString::new(fifo.to_string_lossy().into_owned()).expect("no NUL");
        // SAFETY: the name is a C string that lives through the call.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        assert_eq!(kind(&fifo, 2), Err(io::ErrorKind::InvalidInput), "and nobody waits");
    }

    #[test]
    fn patterns_match_as_in_a_shell_and_sorted() {
        let directory = tempfile::tempdir().expect("directory");
        for name in ["b.conf", "a.conf", "c.txt", "d.bak"] {
            fs::write(directory.path().join(name), b"").expect("writes");
        }
        let found = |pattern: &str| -> Vec<String> {
            let pattern = directory.path().join(pattern);
            let names = matching(&pattern.to_string_lossy()).into_iter();
            names.filter_map(|path| Some(path.rsplit_once('/')?.1.to_owned())).collect()
        };
        assert_eq!(found("*.conf"), ["a.conf", "b.conf"]);
        assert_eq!(found("{c,d}.*"), ["c.txt", "d.bak"]);
        assert_eq!(found("nothing*"), Vec::<String>::new());
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
