//! The watchdog device: reboots the machine when nobody pets it any more.
//!
//! Opening it arms it. Only [`Watchdog::disarm`] disarms it; dropped without that, as when the
//! process dies, it stays armed and does its work. A plain file, FIFO or socket may stand in for
//! the device, as tests of Heartbeat do (docs/ancestors/heartbeat.md §6.4).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// `_IOWR('W', 6, int)` of the kernel's watchdog interface: the timeout in whole seconds.
const WDIOC_SETTIMEOUT: libc::Ioctl = 0xC004_5706_u32 as libc::Ioctl;

/// An armed watchdog.
#[derive(Debug)]
pub struct Watchdog {
    file: File,
}

impl Watchdog {
    /// Opens and so arms the device at `path`. Never blocks, also if a FIFO stands in.
    ///
    /// # Errors
    /// `NotFound` without such a device, `ResourceBusy` when somebody else pets it, `ENXIO` for
    /// a FIFO that nobody reads.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        Ok(Self { file })
    }

    /// Sets how long the device waits for a pet, rounded up to whole seconds. Returns what the
    /// driver made of it, or `None` for a stand-in that isn't a watchdog.
    ///
    /// # Errors
    /// `InvalidInput` when the driver refuses the value, `Unsupported` when its timeout is fixed.
    pub fn set_timeout(&self, timeout: Duration) -> io::Result<Option<Duration>> {
        let whole = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
        let mut seconds = libc::c_int::try_from(whole).unwrap_or(libc::c_int::MAX);
        // SAFETY: the request takes one int, and `seconds` lives through the call.
        let rc = unsafe { libc::ioctl(self.file.as_raw_fd(), WDIOC_SETTIMEOUT, &raw mut seconds) };
        if rc == 0 {
            return Ok(Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))));
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::ENOTTY) => Ok(None),
            _ => Err(error),
        }
    }

    /// Says that all is well, by one zero byte as Heartbeat does.
    ///
    /// # Errors
    /// Those of writing; the device then counts on.
    pub fn pet(&mut self) -> io::Result<()> {
        self.file.write_all(&[0])
    }

    /// Disarms the device by the magic `V` and closes it. A driver loaded with `nowayout` stays
    /// armed all the same.
    ///
    /// # Errors
    /// Those of writing; the device is then still armed.
    pub fn disarm(mut self) -> io::Result<()> {
        self.file.write_all(b"V")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_sees_each_pet_and_the_goodbye() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let mut watchdog = Watchdog::open(file.path()).expect("opens");
        assert_eq!(watchdog.set_timeout(Duration::from_millis(2_010)).expect("no device"), None);
        watchdog.pet().expect("pets");
        watchdog.pet().expect("pets");
        watchdog.disarm().expect("disarms");
        assert_eq!(std::fs::read(file.path()).expect("reads"), b"\0\0V");
    }

    #[test]
    fn a_dropped_watchdog_stays_armed() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let mut watchdog = Watchdog::open(file.path()).expect("opens");
        watchdog.pet().expect("pets");
        drop(watchdog);
        assert_eq!(std::fs::read(file.path()).expect("reads"), b"\0");
    }

    #[test]
    fn a_missing_device_is_an_error() {
        let error = Watchdog::open(Path::new("/nonexistent/watchdog")).expect_err("missing");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
