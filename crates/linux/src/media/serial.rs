//! A serial line (docs/ancestors/heartbeat.md §4.2).

use super::{Origin, uninterrupted};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::process::Pid;
use rustix::termios::{ControlModes, OptionalActions, QueueSelector};
use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where the lock files of serial lines are (the habit of UUCP; FHS 3.0 §5.9).
const LOCK_DIRECTORY: &str = "/var/lock";

#[derive(Debug)]
pub(super) struct Serial {
    line: OwnedFd,
    /// The end of a message that the line had no room for. It goes before the next one, so that
    /// messages stay whole.
    rest: RefCell<Vec<u8>>,
    _lock: Option<Lock>,
}

impl Serial {
    pub(super) fn open(path: &Path, baud: u32) -> io::Result<Self> {
        let lock = Lock::take(path, Path::new(LOCK_DIRECTORY))?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let line = rustix::fs::open(path, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&line)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::CharacterDevice {
            let text = format!("{} is no character device", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        set_up(&line, baud)?;
        Ok(Self { line, rest: RefCell::default(), _lock: lock })
    }

    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = self.rest.borrow_mut();
        let sent = self.write(&rest)?;
        rest.drain(..sent);
        if !rest.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let sent = self.write(bytes)?;
        if sent == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        rest.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    /// Writes as much as there is room for.
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        match uninterrupted(|| Ok(rustix::io::write(&self.line, bytes)?)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }

    pub(super) fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, Origin)> {
        let hung_up = || io::Error::new(io::ErrorKind::UnexpectedEof, "the line is hung up");
        match uninterrupted(|| Ok(rustix::io::read(&self.line, &mut *buffer)?)) {
            Ok(0) => Err(hung_up()),
            Ok(length) => Ok((length, Origin::Line)),
            Err(error) if error.raw_os_error() == Some(libc::EIO) => Err(hung_up()),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Serial {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }
}

/// Raw, 8N1, no modem control lines, hardware flow control; what came before is forgotten.
fn set_up(line: &OwnedFd, baud: u32) -> io::Result<()> {
    let mut settings = rustix::termios::tcgetattr(line)?;
    settings.make_raw();
    settings.control_modes.remove(ControlModes::CSTOPB);
    settings.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD | ControlModes::CRTSCTS;
    settings.set_speed(baud)?;
    rustix::termios::tcsetattr(line, OptionalActions::Now, &settings)?;
    Ok(rustix::termios::tcflush(line, QueueSelector::IOFlush)?)
}

/// A UUCP lock: a file that names the process which uses the line. Removed when dropped.
#[derive(Debug)]
struct Lock(PathBuf);

impl Lock {
    /// `None` for pseudo-terminals and where there is no lock directory.
    fn take(line: &Path, directory: &Path) -> io::Result<Option<Self>> {
        let name = line.file_name().unwrap_or_default().to_string_lossy();
        if line.starts_with("/dev/pts") || !directory.is_dir() {
            return Ok(None);
        }
        let path = directory.join(format!("LCK..{name}"));
        if let Err(error) = Self::create(&path) {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(error);
            }
            if let Some(pid) = holder(&path) {
                let text = format!("{} is used by process {pid}", line.display());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
            }
            fs::remove_file(&path)?;
            Self::create(&path)?;
        }
        Ok(Some(Self(path)))
    }

    /// Ten digits and a line end, as the Filesystem Hierarchy Standard has it.
    fn create(path: &Path) -> io::Result<()> {
        let mut file = fs::File::create_new(path)?;
        file.write_all(format!("{:>10}\n", std::process::id()).as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // If it can't be removed, the next one finds that we are gone.
        let _ = fs::remove_file(&self.0);
    }
}

/// The living process, other than this one, that holds a lock.
fn holder(path: &Path) -> Option<i32> {
    let text = fs::read_to_string(path).ok()?;
    let pid = text.trim().parse().ok().filter(|pid| *pid > 0 && *pid != own_pid())?;
    let alive = rustix::process::test_kill_process(Pid::from_raw(pid)?);
    (alive != Err(rustix::io::Errno::SRCH)).then_some(pid)
}

fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

#[cfg(test)]
mod tests {
    use super::super::Medium;
    use super::*;
    use std::ffi::CStr;
    use std::os::fd::FromRawFd;

    /// A pseudo-terminal: the master's descriptor and the path of the other end.
    fn pty() -> (OwnedFd, String) {
        // SAFETY: a plain call; the result is checked before it is owned.
        let master = unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY) };
        assert!(master >= 0);
        let mut name = [0; 64];
        // SAFETY: `master` is an open master and `name` has the room that is told.
        unsafe {
            assert_eq!(libc::unlockpt(master), 0);
            assert_eq!(libc::ptsname_r(master, name.as_mut_ptr(), name.len()), 0);
        }
        // SAFETY: `ptsname_r` wrote a string with its end; nobody else owns `master`.
        let (path, master) =
            unsafe { (CStr::from_ptr(name.as_ptr()), OwnedFd::from_raw_fd(master)) };
        (master, path.to_str().expect("ASCII").to_owned())
    }

    #[test]
    fn bytes_pass_unchanged_both_ways() {
        let (other, path) = pty();
        let line = Medium::serial(&path, 19_200).expect("opens");
        let message: Vec<u8> = b">>>\n".iter().copied().chain(0..=255).collect();
        line.send(&message).expect("sends");
        let mut buffer = [0; 1024];
        let mut heard = Vec::new();
        while heard.len() < message.len() {
            let length = rustix::io::read(&other, &mut buffer).expect("reads");
            heard.extend_from_slice(&buffer[..length]);
        }
        assert_eq!(heard, message);

        rustix::io::write(&other, &message).expect("writes");
        let mut heard = Vec::new();
        while heard.len() < message.len() {
            if let Some((length, from)) = line.recv(&mut buffer).expect("receives") {
                assert_eq!(from, Origin::Line);
                heard.extend_from_slice(&buffer[..length]);
            }
        }
        assert_eq!(heard, message, "raw: no echo, no translation");
    }

    #[test]
    fn a_full_line_refuses_messages_whole() {
        let (other, path) = pty();
        let line = Medium::serial(&path, 19_200).expect("opens");
        let message = [b'a'; 999];
        let mut taken = 0;
        while line.send(&message).is_ok() {
            taken += 1;
        }
        assert!(taken > 0);
        let mut buffer = vec![0; 65_536];
        let mut heard = 0;
        // What was accepted comes out in full, the last rest with the next send.
        while heard < taken * message.len() {
            heard += rustix::io::read(&other, &mut buffer).expect("reads");
            // Refused as long as the rest doesn't fit.
            let _ = line.send(b"");
        }
        assert_eq!(heard, taken * message.len());
    }

    #[test]
    fn a_hung_up_line_is_told() {
        let (other, path) = pty();
        let line = Medium::serial(&path, 19_200).expect("opens");
        drop(other);
        let error = line.recv(&mut [0; 8]).expect_err("hung up");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_file_is_no_serial_line() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let error = Medium::serial(file.path().to_str().expect("path"), 19_200).expect_err("file");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_lock_of_a_living_process_holds_and_one_of_a_dead_does_not() {
        let directory = tempfile::tempdir().expect("directory");
        let line = Path::new("/dev/ttyS7");
        let path = directory.path().join("LCK..ttyS7");
        fs::write(&path, "         1\n").expect("writes");
        let error = Lock::take(line, directory.path()).expect_err("process 1 lives");
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        fs::write(&path, "2147483646\n").expect("writes");
        let lock = Lock::take(line, directory.path()).expect("stale");
        let own = format!("{:>10}\n", std::process::id());
        assert_eq!(fs::read_to_string(&path).expect("reads"), own);
        drop(lock);
        assert!(!path.exists());
    }
}
