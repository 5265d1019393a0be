//! The serial cable of the lab: two pseudo-terminals, whose other ends one thread joins.
//!
//! Bytes go over as fast as they come, whatever speed is set; what the other end has no room for
//! is lost, as on a line that is overrun.

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, fcntl_setfl, open};
use rustix::io::{read, write};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most bytes carried at once: what a terminal holds.
const CHUNK: usize = 4096;

/// The cable between the two nodes.
pub(crate) struct Serial {
    ports: [PathBuf; 2],
    cut: Arc<AtomicBool>,
    /// Held open: a pseudo-terminal that nobody has open hangs up.
    _open: [OwnedFd; 2],
}

impl Serial {
    /// Lays it.
    pub(crate) fn new() -> Result<Self> {
        let [(one, open_one, path_one), (two, open_two, path_two)] = [port()?, port()?];
        let cut = Arc::new(AtomicBool::new(false));
        let cuts = Arc::clone(&cut);
        // Ends with the world: until then both ends are open.
        std::thread::spawn(move || join(&[one, two], &cuts));
        Ok(Self { ports: [path_one, path_two], cut, _open: [open_one, open_two] })
    }

    /// The device of one end.
    pub(crate) fn port(&self, node: usize) -> &Path {
        &self.ports[node]
    }

    /// Cuts the cable, or mends it.
    pub(crate) fn set_cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }
}

/// A pseudo-terminal: our end, the host's end opened once, and its path.
fn port() -> Result<(OwnedFd, OwnedFd, PathBuf)> {
    let make = || -> rustix::io::Result<_> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        fcntl_setfl(&ours, OFlags::NONBLOCK)?;
        let path = ptsname(&ours, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let theirs = open(&path, flags, Mode::empty())?;
        let mut settings = tcgetattr(&theirs)?;
        settings.make_raw();
        tcsetattr(&theirs, OptionalActions::Now, &settings)?;
        Ok((ours, theirs, PathBuf::from(path.to_string_lossy().into_owned())))
    };
    make().context("cannot make a pseudo-terminal for the serial cable")
}

fn join(ends: &[OwnedFd; 2], cut: &AtomicBool) {
    let mut bytes = [0_u8; CHUNK];
    loop {
        let mut ready = [0, 1].map(|end| PollFd::new(&ends[end], PollFlags::IN));
        if poll(&mut ready, None).is_err() {
            continue;
        }
        for end in [0, 1] {
            if let Ok(length) = read(&ends[end], &mut bytes)
                && !cut.load(Ordering::Relaxed)
            {
                // No room at the other end: lost.
                let _ = write(&ends[1 - end], &bytes[..length]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::io::{Read, Write};

    #[test]
    fn what_goes_in_at_one_end_comes_out_unchanged_at_the_other() {
        let cable = Serial::new().expect("pseudo-terminals");
        let open = |end| OpenOptions::new().read(true).write(true).open(cable.port(end));
        let (mut one, mut two) = (open(0).expect("opens"), open(1).expect("opens"));
        let mut got = [0; 6];
        one.write_all(b"\x03>>>\r\n").expect("writes");
        two.read_exact(&mut got).expect("reads");
        assert_eq!(&got, b"\x03>>>\r\n");
        two.write_all(b"answer").expect("writes");
        one.read_exact(&mut got).expect("reads");
        assert_eq!(&got, b"answer");
    }
}
