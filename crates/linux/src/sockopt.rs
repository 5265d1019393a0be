//! The few socket options that the socket crates leave out.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Sets an option whose value is a plain C structure or number.
pub(crate) fn set<T: Copy>(
    fd: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    value: &T,
) -> io::Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    let pointer = std::ptr::from_ref(value).cast::<libc::c_void>();
    // SAFETY: `pointer` is valid for `length` bytes; the kernel only reads them.
    let rc = unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, pointer, length) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
