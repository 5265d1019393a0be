//! File systems: mount, unmount, and what is mounted now.

use rustix::mount::{MountFlags, UnmountFlags};
use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Something mounted, as the kernel tells it in `mountinfo`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    /// Where.
    pub directory: PathBuf,
    /// What: a device, `host:/path`, or a name the file system made up.
    pub source: OsString,
    /// The kind of file system.
    pub kind: String,
    /// The options of this mount, such as `rw,noatime`.
    pub options: String,
}

/// Options that are flags of the system call: the word, the flag, and whether the word sets it.
const FLAGS: [(&str, MountFlags, bool); 20] = [
    ("ro", MountFlags::RDONLY, true),
    ("rw", MountFlags::RDONLY, false),
    ("nosuid", MountFlags::NOSUID, true),
    ("suid", MountFlags::NOSUID, false),
    ("nodev", MountFlags::NODEV, true),
    ("dev", MountFlags::NODEV, false),
    ("noexec", MountFlags::NOEXEC, true),
    ("exec", MountFlags::NOEXEC, false),
    ("sync", MountFlags::SYNCHRONOUS, true),
    ("async", MountFlags::SYNCHRONOUS, false),
    ("dirsync", MountFlags::DIRSYNC, true),
    ("noatime", MountFlags::NOATIME, true),
    ("atime", MountFlags::NOATIME, false),
    ("nodiratime", MountFlags::NODIRATIME, true),
    ("diratime", MountFlags::NODIRATIME, false),
    ("relatime", MountFlags::RELATIME, true),
    ("norelatime", MountFlags::RELATIME, false),
    ("strictatime", MountFlags::STRICTATIME, true),
    ("bind", MountFlags::BIND, true),
    ("rbind", MountFlags::BIND.union(MountFlags::REC), true),
];

/// Words that only tell mount(8) and `/etc/fstab` something; the kernel doesn't know them.
const FOR_OTHERS: [&str; 9] =
    ["defaults", "auto", "noauto", "user", "nouser", "users", "group", "owner", "nofail"];

/// Mounts `device` of the file system `kind` at `directory`, with `options` as in mount(8)'s
/// `-o`. Blocks as long as the device does.
///
/// Some kinds need a program that knows more (NFS asks the server's address): see [`helper`].
///
/// # Errors
/// `NotFound` without device or directory, `ENODEV` for a kind the kernel doesn't have,
/// `ResourceBusy` when it is mounted there, `InvalidInput` for what is no such file system or an
/// option it doesn't know, `PermissionDenied`.
pub fn mount(device: &str, directory: &Path, kind: &str, options: &str) -> io::Result<()> {
    let (flags, data) = split_options(options);
    let data = CString::new(data)?;
    Ok(rustix::mount::mount(device, directory, kind, flags, &*data)?)
}

/// Unmounts what is mounted at `directory`. With `lazy` it vanishes at once and ends when its
/// last user does; with `force` an unreachable network file system gives up.
///
/// # Errors
/// `ResourceBusy` while it is used, `InvalidInput` when nothing is mounted there,
/// `PermissionDenied`.
pub fn unmount(directory: &Path, lazy: bool, force: bool) -> io::Result<()> {
    let mut flags = UnmountFlags::NOFOLLOW;
    if lazy {
        flags |= UnmountFlags::DETACH;
    }
    if force {
        flags |= UnmountFlags::FORCE;
    }
    Ok(rustix::mount::unmount(directory, flags)?)
}

/// The program that must mount this kind (`/sbin/mount.nfs`), if it is installed: called as
/// `PROGRAM DEVICE DIRECTORY -o OPTIONS`.
pub fn helper(kind: &str) -> Option<PathBuf> {
    let name = format!("mount.{kind}");
    if kind.is_empty() || kind.contains('/') {
        return None;
    }
    ["/sbin", "/usr/sbin"].iter().map(|dir| Path::new(dir).join(&name)).find(|path| path.exists())
}

/// What is mounted at `directory` now: the topmost, if several are.
///
/// # Errors
/// `NotFound` when the directory is missing; those of reading `/proc`.
pub fn mounted_at(directory: &Path) -> io::Result<Option<Mount>> {
    let directory = directory.canonicalize()?;
    Ok(mounts()?.into_iter().rfind(|mount| mount.directory == directory))
}

/// Everything mounted in this mount namespace, in the order of mounting.
///
/// # Errors
/// Those of reading `/proc`.
pub fn mounts() -> io::Result<Vec<Mount>> {
    let text = std::fs::read("/proc/thread-self/mountinfo")?;
    Ok(text.split(|byte| *byte == b'\n').filter_map(read_line).collect())
}

/// Reads `36 35 98:0 /root /dir rw,noatime shared:1 - ext4 /dev/sda1 rw` (proc(5)).
fn read_line(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|byte| *byte == b' ');
    let directory = words.nth(4)?;
    let options = words.next()?;
    words.find(|word| *word == b"-")?;
    let (kind, source) = (words.next()?, words.next()?);
    Some(Mount {
        directory: unescape(directory).into(),
        source: unescape(source),
        kind: String::from_utf8_lossy(kind).into_owned(),
        options: String::from_utf8_lossy(options).into_owned(),
    })
}

/// Space, tab, newline and backslash stand as `\040` and the like.
fn unescape(word: &[u8]) -> OsString {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&first, tail)) = rest.split_first() {
        let octal = match tail {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] if first == b'\\' => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        bytes.push(octal.unwrap_or(first));
        rest = if octal.is_some() { &tail[3..] } else { tail };
    }
    OsString::from_vec(bytes)
}

fn split_options(options: &str) -> (MountFlags, String) {
    let mut flags = MountFlags::empty();
    let mut data = Vec::new();
    for word in options.split(',').filter(|word| !word.is_empty()) {
        if let Some((_, flag, sets)) = FLAGS.iter().find(|(name, ..)| *name == word) {
            flags.set(*flag, *sets);
        } else if !FOR_OTHERS.contains(&word) && !word.starts_with('_') && !word.starts_with("x-") {
            data.push(word);
        }
    }
    (flags, data.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_mountinfo_is_read_with_its_escapes() {
        let line = br"98 26 0:45 / /srv/my\040data\134x rw,noatime shared:5 master:1 - nfs4 host:/a\040b rw,vers=4";
        let mount = read_line(line).expect("reads");
        assert_eq!(mount.directory, Path::new("/srv/my data\\x"));
        assert_eq!(mount.source, "host:/a b");
        assert_eq!((mount.kind.as_str(), mount.options.as_str()), ("nfs4", "rw,noatime"));
        assert_eq!(read_line(b""), None);
        assert_eq!(read_line(b"98 26 0:45 / /srv rw nothing"), None);
    }

    #[test]
    fn options_are_parted_into_flags_and_what_the_file_system_reads() {
        let (flags, data) = split_options("defaults,ro,noatime,nofail,x-a=b,data=ordered,rw,acl");
        assert_eq!(flags, MountFlags::NOATIME);
        assert_eq!(data, "data=ordered,acl");
        assert_eq!(split_options(""), (MountFlags::empty(), String::new()));
    }

    #[test]
    fn a_file_system_comes_is_seen_and_goes() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: mounting needs root");
            return;
        }
        // A thread with a mount namespace of its own.
        std::thread::spawn(|| {
            let spaces = crate::namespace::Spaces { mount: true, ..Default::default() };
            crate::namespace::unshare(spaces).expect("unshares");
            crate::namespace::private_mounts().expect("private");
            let directory = tempfile::tempdir().expect("directory");
            mount("none", directory.path(), "tmpfs", "ro,size=64k").expect("mounts");
            let written = std::fs::write(directory.path().join("x"), "x").expect_err("read-only");
            assert_eq!(written.kind(), io::ErrorKind::ReadOnlyFilesystem);
            let seen = mounted_at(directory.path()).expect("reads").expect("mounted");
            assert_eq!((seen.kind.as_str(), seen.source.to_str()), ("tmpfs", Some("none")));
            unmount(directory.path(), false, false).expect("unmounts");
            assert_eq!(mounted_at(directory.path()).expect("reads"), None);
            std::fs::write(directory.path().join("x"), "x").expect("writable again");
            let error = unmount(directory.path(), false, false).expect_err("nothing there");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            let error = mount("none", directory.path(), "nosuchfs", "").expect_err("no such kind");
            assert_eq!(error.raw_os_error(), Some(libc::ENODEV));
        })
        .join()
        .expect("joins");
        assert_eq!(mounted_at(Path::new("/proc")).expect("reads").expect("mounted").kind, "proc");
        assert_eq!(mounted_at(Path::new("/proc/self/fd")).expect("reads"), None);
    }
}
