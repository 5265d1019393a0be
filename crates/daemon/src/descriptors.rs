//! Descriptors handed from process to process: a child finds its sockets as standard input and
//! standard output, which any process can be given without unsafe code.

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Two ends of a socket that keeps message boundaries and tells when the other end is gone.
///
/// # Errors
/// When the process is out of descriptors.
pub(crate) fn message_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// Takes what was given as standard input and puts `/dev/null` in its place.
///
/// # Errors
/// When the process is out of descriptors.
pub(crate) fn take_stdin() -> io::Result<OwnedFd> {
    let taken = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(OpenOptions::new().read(true).open("/dev/null")?)?;
    Ok(taken)
}

/// Takes what was given as standard output and puts `/dev/null` in its place.
///
/// # Errors
/// When the process is out of descriptors.
pub(crate) fn take_stdout() -> io::Result<OwnedFd> {
    let taken = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(OpenOptions::new().write(true).open("/dev/null")?)?;
    Ok(taken)
}

/// Puts `/dev/null` in the place of standard error.
///
/// # Errors
/// When the process is out of descriptors.
pub(crate) fn silence_stderr() -> io::Result<()> {
    rustix::stdio::dup2_stderr(OpenOptions::new().write(true).open("/dev/null")?)?;
    Ok(())
}

/// Lets tokio wait until `inner` can be read. For types that own their descriptor and never change
/// it, as all of ours do.
///
/// # Errors
/// When the descriptor can't be watched.
#[expect(deprecated, reason = "its successor is unsafe; the condition above is what it asks for")]
pub(crate) fn readable<T: AsRawFd>(inner: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(inner, Interest::READABLE)
}
