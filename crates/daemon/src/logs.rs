//! Where log lines go: the configured files, syslog and, in the foreground, stderr.
//!
//! File lines have the ancestor's form, `Mon DD HH:MM:SS host heartbeat: [pid]: level: text`
//! (docs/ancestors/heartbeat.md §6.10), with the role's own name. Files are opened again when they were moved away, at the
//! latest with the next line a second later, and at once on SIGUSR1.

use api::Level;
use base::WallTime;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The host's syslog (or journald) socket.
const SYSLOG_SOCKET: &str = "/dev/log";
/// How often it is looked whether a file was moved away. A rotation loses no line: the old file
/// is still open until then.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longest line, in bytes; a datagram to syslog is cut by some daemons at 2 KiB or 8 KiB.
const LINE_MAX: usize = 2000;

/// Where to log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Targets {
    /// `logfile`: everything but debug lines.
    pub logfile: Option<PathBuf>,
    /// `debugfile`: everything.
    pub debugfile: Option<PathBuf>,
    /// `logfacility` as syslog's number (RFC 5424 table 1).
    pub facility: Option<u8>,
    /// In the foreground also to stderr.
    pub stderr: bool,
}

/// The open log.
#[derive(Debug)]
pub(crate) struct Log {
    host: String,
    program: &'static str,
    targets: Targets,
    logfile: Option<LogFile>,
    debugfile: Option<LogFile>,
    syslog: Option<UnixDatagram>,
    /// Debug lines are written when this is above zero (`debug`, SIGUSR1, SIGUSR2).
    debug: u8,
    looked: Instant,
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
}

impl Log {
    /// Opens everything that can be opened; what can't is told by the sentences returned.
    pub(crate) fn open(host: &str, targets: Targets, debug: u8) -> (Self, Vec<String>) {
        let mut log = Self {
            host: host.to_owned(),
            program: "heartbeat",
            targets,
            logfile: None,
            debugfile: None,
            syslog: None,
            debug,
            looked: Instant::now(),
        };
        let troubles = log.reopen();
        (log, troubles)
    }

    /// The same log under another program's name.
    pub(crate) fn of(self, program: &'static str) -> Self {
        Self { program, ..self }
    }

    /// Opens all files anew.
    pub(crate) fn reopen(&mut self) -> Vec<String> {
        let mut troubles = Vec::new();
        let mut open = |path: &Option<PathBuf>| {
            let path = path.as_ref()?;
            match LogFile::open(path) {
                Ok(file) => Some(file),
                Err(error) => {
                    troubles.push(format!("cannot write the log file {}: {error}", path.display()));
                    None
                }
            }
        };
        self.logfile = open(&self.targets.logfile);
        self.debugfile = open(&self.targets.debugfile);
        troubles
    }

    /// Logs to other places from now on.
    pub(crate) fn retarget(&mut self, targets: Targets) -> Vec<String> {
        self.targets = targets;
        self.reopen()
    }

    /// One level more, or less, of debug lines; says what is in force.
    pub(crate) fn change_debug(&mut self, up: bool) -> u8 {
        self.debug = if up { self.debug.saturating_add(1) } else { self.debug.saturating_sub(1) };
        self.debug
    }

    /// Writes one line to all places that want it. A place that fails is tried again with the
    /// next line; there is nobody left to tell.
    pub(crate) fn write(&mut self, wall: WallTime, level: Level, text: &str) {
        if level == Level::Debug && self.debug == 0 {
            return;
        }
        if self.looked.elapsed() >= LOOK_EVERY {
            self.looked = Instant::now();
            self.reopen_moved();
        }
        let text = one_line(text);
        let line = line(wall, &self.host, self.program, level, &text);
        if level != Level::Debug {
            append(self.logfile.as_mut(), &line);
        }
        append(self.debugfile.as_mut(), &line);
        if self.targets.stderr {
            let _ = io::stderr().write_all(line.as_bytes());
        }
        self.send_to_syslog(level, &text);
    }

    fn reopen_moved(&mut self) {
        for (file, path) in [
            (&mut self.logfile, &self.targets.logfile),
            (&mut self.debugfile, &self.targets.debugfile),
        ] {
            if let Some(path) = path
                && file.as_ref().is_none_or(LogFile::was_moved)
                && let Ok(new) = LogFile::open(path)
            {
                *file = Some(new);
            }
        }
    }

    fn send_to_syslog(&mut self, level: Level, text: &str) {
        let Some(facility) = self.targets.facility else { return };
        let priority = u32::from(facility) * 8 + severity(level);
        let message = format!(
            "<{priority}>{}: [{}]: {}: {text}",
            self.program,
            std::process::id(),
            word(level)
        );
        // A restarted syslog has a new socket: one new try per line.
        for _ in 0..2 {
            if self.syslog.is_none() {
                self.syslog = connect_syslog(Path::new(SYSLOG_SOCKET)).ok();
            }
            match &self.syslog {
                Some(socket) if socket.send(message.as_bytes()).is_ok() => return,
                Some(_) => self.syslog = None,
                None => return,
            }
        }
    }
}

impl LogFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o644).open(path)?;
        let metadata = file.metadata()?;
        Ok(Self { path: path.to_owned(), file, identity: (metadata.dev(), metadata.ino()) })
    }

    fn was_moved(&self) -> bool {
        match std::fs::metadata(&self.path) {
            Ok(metadata) => (metadata.dev(), metadata.ino()) != self.identity,
            Err(_) => true,
        }
    }
}

fn append(file: Option<&mut LogFile>, line: &str) {
    if let Some(file) = file {
        let _ = file.file.write_all(line.as_bytes());
    }
}

/// Never blocks: a syslog that doesn't read loses lines, not heartbeats' companions.
fn connect_syslog(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The text without line breaks and other control characters, cut to [`LINE_MAX`].
fn one_line(text: &str) -> String {
    let mut line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LINE_MAX).collect();
    while line.len() > LINE_MAX {
        line.pop();
    }
    line
}

/// The line of a file, with its end.
fn line(wall: WallTime, host: &str, program: &str, level: Level, text: &str) -> String {
    let pid = std::process::id();
    format!("{} {host} {program}: [{pid}]: {}: {text}\n", local_time(wall), word(level))
}

/// `Mon DD HH:MM:SS` in the host's time zone.
fn local_time(wall: WallTime) -> String {
    let millis = i64::try_from(wall.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map(|stamp| {
            stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%b %d %H:%M:%S").to_string()
        })
        .unwrap_or_default()
}

/// The ancestor's word for a level.
pub(crate) const fn word(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "WARN",
        Level::Error => "ERROR",
        Level::Critical => "CRIT",
    }
}

/// Syslog's severity (RFC 5424 table 2).
const fn severity(level: Level) -> u32 {
    match level {
        Level::Critical => 2,
        Level::Error => 3,
        Level::Warning => 4,
        Level::Info => 6,
        Level::Debug => 7,
    }
}

/// Syslog's number of a facility by its name (RFC 5424 table 1); `None` for an unknown name and
/// for `none`.
pub(crate) fn facility(name: &str) -> Option<u8> {
    Some(match name {
        "kern" => 0,
        "user" => 1,
        "mail" => 2,
        "daemon" => 3,
        "auth" | "security" => 4,
        "syslog" => 5,
        "lpr" => 6,
        "news" => 7,
        "uucp" => 8,
        "cron" => 9,
        "authpriv" => 10,
        "ftp" => 11,
        local => 16 + local.strip_prefix("local")?.parse::<u8>().ok().filter(|n| *n < 8)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: WallTime = WallTime::from_millis(1_700_000_000_000);

    fn log_to(targets: Targets) -> Log {
        let (log, troubles) = Log::open("node1", targets, 0);
        assert_eq!(troubles, Vec::<String>::new());
        log
    }

    #[test]
    fn a_line_has_the_ancestors_form() {
        let text = line(WALL, "node1", "heartbeat", Level::Warning, "late");
        let (time, rest) = text.split_at(15);
        assert!(time.starts_with("Nov 1"), "{time}");
        let pid = std::process::id();
        assert_eq!(rest, format!(" node1 heartbeat: [{pid}]: WARN: late\n"));
    }

    #[test]
    fn a_moved_file_is_opened_anew_and_no_line_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ha-log");
        let mut log = log_to(Targets { logfile: Some(path.clone()), ..Targets::default() });
        log.write(WALL, Level::Info, "one");
        std::fs::rename(&path, dir.path().join("ha-log.1")).unwrap();
        log.reopen_moved();
        log.write(WALL, Level::Info, "two");
        assert!(std::fs::read_to_string(path).unwrap().ends_with("info: two\n"));
        assert!(std::fs::read_to_string(dir.path().join("ha-log.1")).unwrap().ends_with("one\n"));
    }

    #[test]
    fn debug_lines_go_to_the_debug_file_only_and_only_when_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let (logfile, debugfile) = (dir.path().join("log"), dir.path().join("debug"));
        let mut log = log_to(Targets {
            logfile: Some(logfile.clone()),
            debugfile: Some(debugfile.clone()),
            ..Targets::default()
        });
        log.write(WALL, Level::Debug, "unheard");
        assert_eq!(log.change_debug(true), 1);
        log.write(WALL, Level::Debug, "heard");
        assert_eq!(std::fs::read_to_string(logfile).unwrap(), "");
        let text = std::fs::read_to_string(debugfile).unwrap();
        assert!(text.contains("debug: heard") && !text.contains("unheard"));
    }

    #[test]
    fn a_text_with_line_breaks_stays_one_line() {
        assert_eq!(one_line("a\nNov 14 forged"), "a Nov 14 forged");
        assert!(one_line(&"é".repeat(3000)).len() <= LINE_MAX);
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_told_and_the_rest_works() {
        let dir = tempfile::tempdir().unwrap();
        let good = dir.path().join("debug");
        let targets = Targets {
            logfile: Some(dir.path().join("no/such/dir")),
            debugfile: Some(good.clone()),
            ..Targets::default()
        };
        let (mut log, troubles) = Log::open("n", targets, 0);
        assert_eq!(troubles.len(), 1);
        log.write(WALL, Level::Info, "here");
        assert!(std::fs::read_to_string(good).unwrap().contains("here"));
    }

    #[test]
    fn facilities_have_syslogs_numbers() {
        assert_eq!(facility("daemon"), Some(3));
        assert_eq!(facility("local0"), Some(16));
        assert_eq!(facility("local7"), Some(23));
        assert_eq!(facility("local8"), None);
        assert_eq!(facility("none"), None);
    }
}
