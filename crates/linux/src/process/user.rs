//! Users and groups by name, and who is at the other end of a local socket.

use rustix::fd::AsFd;
use std::ffi::{CStr, CString};
use std::io;

/// Longest entry of the user or group database that is read, in bytes. A group with thousands
/// of members needs it.
const ENTRY_LIMIT: usize = 1024 * 1024;

/// Most groups a user can be in (`NGROUPS_MAX` of Linux).
const GROUPS_LIMIT: usize = 65_536;

/// A user and all groups it is in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its first group.
    pub gid: u32,
    /// All its groups, the first one included.
    pub groups: Vec<u32>,
}

/// Who connected to a local socket, as the kernel vouches for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// Its process.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// Its first group.
    pub gid: u32,
}

impl User {
    /// The user of this name, from wherever the system keeps users. May block for that.
    ///
    /// # Errors
    /// Those of the user database; no such user is `None`.
    pub fn by_name(name: &str) -> io::Result<Option<Self>> {
        let Ok(name) = CString::new(name) else { return Ok(None) };
        Self::lookup(|entry, buffer, found| {
            // SAFETY: all pointers are valid for the call, and `buffer` has the told length.
            unsafe {
                libc::getpwnam_r(name.as_ptr(), entry, buffer.as_mut_ptr(), buffer.len(), found)
            }
        })
    }

    /// The user of this number. May block.
    ///
    /// # Errors
    /// Those of the user database; no such user is `None`.
    pub fn by_id(uid: u32) -> io::Result<Option<Self>> {
        Self::lookup(|entry, buffer, found| {
            // SAFETY: all pointers are valid for the call, and `buffer` has the told length.
            unsafe { libc::getpwuid_r(uid, entry, buffer.as_mut_ptr(), buffer.len(), found) }
        })
    }

    fn lookup(
        ask: impl Fn(*mut libc::passwd, &mut [libc::c_char], *mut *mut libc::passwd) -> libc::c_int,
    ) -> io::Result<Option<Self>> {
        // SAFETY: `passwd` is plain C data of numbers and pointers, for which zero is a value.
        let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
        let mut buffer = vec![0; 4096];
        if !with_room(&mut buffer, |buffer, found| ask(&raw mut entry, buffer, found))? {
            return Ok(None);
        }
        // SAFETY: the entry was found, so `pw_name` is a string within `buffer`, which lives.
        let name = unsafe { CStr::from_ptr(entry.pw_name) };
        let groups = groups_of(name, entry.pw_gid)?;
        let name = name.to_string_lossy().into_owned();
        Ok(Some(Self { name, uid: entry.pw_uid, gid: entry.pw_gid, groups }))
    }

    /// Makes the calling thread this user, for good. Called between fork and exec.
    pub(super) fn become_it(&self) -> io::Result<()> {
        // By system call: the C library's functions would try to change other threads too.
        // SAFETY: `groups` is valid for the told number of entries, which the kernel only reads.
        let groups =
            unsafe { libc::syscall(libc::SYS_setgroups, self.groups.len(), self.groups.as_ptr()) };
        if groups != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: plain numbers.
        if unsafe { libc::syscall(libc::SYS_setgid, self.gid) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a plain number.
        if unsafe { libc::syscall(libc::SYS_setuid, self.uid) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

/// The number of the group of this name. May block.
///
/// # Errors
/// Those of the group database; no such group is `None`.
pub fn group_id(name: &str) -> io::Result<Option<u32>> {
    let Ok(name) = CString::new(name) else { return Ok(None) };
    // SAFETY: `group` is plain C data of numbers and pointers, for which zero is a value.
    let mut entry: libc::group = unsafe { std::mem::zeroed() };
    let mut buffer = vec![0; 4096];
    let found = with_room(&mut buffer, |buffer, found| {
        // SAFETY: all pointers are valid for the call, and `buffer` has the told length.
        unsafe {
            let (start, length) = (buffer.as_mut_ptr(), buffer.len());
            libc::getgrnam_r(name.as_ptr(), &raw mut entry, start, length, found)
        }
    })?;
    Ok(found.then_some(entry.gr_gid))
}

/// Who connected to this local stream socket.
///
/// # Errors
/// `ENOTSOCK` and the like for what is no local socket.
pub fn peer_credentials(socket: impl AsFd) -> io::Result<Credentials> {
    let told = rustix::net::sockopt::socket_peercred(socket)?;
    Ok(Credentials {
        pid: told.pid.as_raw_nonzero().get(),
        uid: told.uid.as_raw(),
        gid: told.gid.as_raw(),
    })
}

impl Credentials {
    /// True for root and for members of the group `gid`. May block for the user database.
    ///
    /// # Errors
    /// Those of the user database.
    pub fn is_root_or_in(&self, gid: u32) -> io::Result<bool> {
        if self.uid == 0 || self.gid == gid {
            return Ok(true);
        }
        Ok(User::by_id(self.uid)?.is_some_and(|user| user.groups.contains(&gid)))
    }
}

/// Asks a database with more and more room. True when the entry was found.
fn with_room<T>(
    buffer: &mut Vec<libc::c_char>,
    mut ask: impl FnMut(&mut [libc::c_char], *mut *mut T) -> libc::c_int,
) -> io::Result<bool> {
    loop {
        let mut found: *mut T = std::ptr::null_mut();
        match ask(buffer, &raw mut found) {
            0 => return Ok(!found.is_null()),
            libc::EINTR => {}
            libc::ERANGE if buffer.len() < ENTRY_LIMIT => buffer.resize(buffer.len() * 4, 0),
            // Some databases say "no such entry" in these ways (getpwnam(3)).
            libc::ENOENT | libc::ESRCH => return Ok(false),
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
}

fn groups_of(name: &CStr, gid: libc::gid_t) -> io::Result<Vec<u32>> {
    let mut groups: Vec<libc::gid_t> = vec![0; 64];
    loop {
        let mut count = libc::c_int::try_from(groups.len()).unwrap_or(libc::c_int::MAX);
        // SAFETY: `groups` has room for `count` entries, and `name` is a string.
        let rc =
            unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &raw mut count) };
        if rc >= 0 {
            groups.truncate(usize::try_from(count).unwrap_or(0));
            return Ok(groups);
        }
        if groups.len() >= GROUPS_LIMIT {
            return Err(io::Error::other("the user is in too many groups"));
        }
        groups.resize(groups.len() * 4, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn root_is_found_by_name_and_number_and_nobody_by_no_name() {
        let root = User::by_name("root").expect("asks").expect("exists");
        assert_eq!((root.uid, root.gid), (0, 0));
        assert!(root.groups.contains(&0));
        assert_eq!(User::by_id(0).expect("asks").as_ref(), Some(&root));
        assert_eq!(User::by_name("no-such-user").expect("asks"), None);
        assert_eq!(User::by_name("a\0b").expect("asks"), None);
        assert_eq!(group_id("root").expect("asks"), Some(0));
        assert_eq!(group_id("no-such-group").expect("asks"), None);
    }

    #[test]
    fn the_peer_of_a_local_socket_is_told() {
        let (one, _two) = UnixStream::pair().expect("pair");
        let peer = peer_credentials(&one).expect("asks");
        assert_eq!(peer.pid, rustix::process::getpid().as_raw_nonzero().get());
        assert_eq!(peer.uid, rustix::process::getuid().as_raw());
        assert!(peer.is_root_or_in(peer.gid).expect("asks"));
        let stranger = Credentials { pid: 1, uid: 4_000_000, gid: 4_000_000 };
        assert!(!stranger.is_root_or_in(0).expect("asks"));
    }
}
