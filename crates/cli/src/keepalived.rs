//! `keepalived`: the old daemon's command line (`docs/ancestors/keepalived.md §2.6`).
//!
//! Starting and checking are handed back to the caller, because this crate knows no daemon.

use crate::Next;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use std::path::PathBuf;

/// The version the old command prints: scripts compare it. What we are is in `handover --version`.
const VERSION: &str = "Keepalived v2.2.7 (01/16,2022)";

/// How the daemon is to be started.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct KeepalivedStart {
    /// `-n`: stay in the foreground.
    pub foreground: bool,
    /// `-l`: log to the terminal too.
    pub log_console: bool,
    /// `-D`: say more.
    pub detail: bool,
    /// `-G`: nothing to syslog.
    pub without_syslog: bool,
    /// `-S`: syslog's facility, by its number.
    pub facility: Option<u8>,
    /// `-f`: the configuration.
    pub file: Option<PathBuf>,
    /// `-i`: whose lines of it count.
    pub config_id: Option<String>,
    /// `-p`: the parent's pid file.
    pub pid_file: Option<PathBuf>,
    /// `-r`: the worker's.
    pub worker_pid_file: Option<PathBuf>,
    /// `-s`: the network namespace to run in.
    pub namespace: Option<String>,
    /// `-u`: the umask.
    pub umask: Option<u32>,
    /// `-V`: addresses stay at the end.
    pub keep: bool,
    /// `-I`: what IPVS was told stays at the end.
    pub keep_servers: bool,
    /// `-c`: the pid file of the process that checks servers.
    pub checkers_pid_file: Option<PathBuf>,
    /// `-P`: run virtual routers; without `-C` nothing else.
    pub routers: bool,
    /// `-C`: run virtual servers; without `-P` nothing else.
    pub servers: bool,
    /// `-t`: only check the configuration.
    pub check: Option<Check>,
}

/// Where the findings of a check go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// To standard error.
    Terminal,
    /// Into this file.
    File(PathBuf),
}

/// Whether an option has a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    None,
    Needed,
    /// Only attached: `-tFILE`, `--config-test=FILE`.
    Attached,
}

/// One option: its letter (`-` for none), its name, its value, what the help says.
type Row = (char, &'static str, Value, &'static str);

/// All options, in the order of the help. What the help says nothing of is taken for the
/// ancestor's sake and does nothing here; [`unused`] says why.
const OPTIONS: [Row; 33] = [
    ('f', "use-file", Value::Needed, "read this configuration file"),
    ('P', "vrrp", Value::None, "run virtual routers only"),
    ('C', "check", Value::None, "run health checkers only"),
    ('B', "no_bfd", Value::None, ""),
    ('-', "all", Value::None, "run virtual routers and health checkers"),
    ('l', "log-console", Value::None, "log to the terminal too"),
    ('D', "log-detail", Value::None, "log more"),
    (
        'S',
        "log-facility",
        Value::Needed,
        "log to this facility: 0 to 7, local0 to local7, user, daemon",
    ),
    ('G', "no-syslog", Value::None, "don't log to syslog"),
    ('u', "umask", Value::Needed, "mode bits that files don't have"),
    ('X', "release-vips", Value::None, ""),
    ('V', "dont-release-vrrp", Value::None, "leave addresses and routes in place at the end"),
    ('I', "dont-release-ipvs", Value::None, "leave IPVS as it is at the end"),
    ('R', "dont-respawn", Value::None, ""),
    ('n', "dont-fork", Value::None, "stay in the foreground"),
    ('d', "dump-conf", Value::None, ""),
    ('p', "pid", Value::Needed, "the parent's pid file"),
    ('r', "vrrp_pid", Value::Needed, "the worker's pid file"),
    ('c', "checkers_pid", Value::Needed, "the pid file of the process that checks servers"),
    ('a', "address-monitoring", Value::None, ""),
    ('b', "bfd_pid", Value::Needed, ""),
    ('x', "snmp", Value::None, ""),
    ('A', "snmp-agent-socket", Value::Needed, ""),
    ('s', "namespace", Value::Needed, "run in this network namespace"),
    ('m', "core-dump", Value::None, ""),
    ('M', "core-dump-pattern", Value::Attached, ""),
    ('e', "all-config", Value::None, ""),
    ('i', "config-id", Value::Needed, "keep the configuration's lines that begin with @ID"),
    (
        '-',
        "signum",
        Value::Needed,
        "print a signal's number: STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON",
    ),
    (
        't',
        "config-test",
        Value::Attached,
        "check the configuration; findings go into the file, if one is named",
    ),
    ('v', "version", Value::None, "print the version"),
    ('h', "help", Value::None, "print this"),
    ('T', "genhash", Value::None, ""),
];

/// Why an option does nothing, and what to use instead (docs/reference/not-built.md).
const UNUSED: [(&str, &str); 12] = [
    ("no_bfd", "BFD sessions need no process of their own; without a `bfd_instance` there is none"),
    ("release-vips", "addresses are always released when a router ceases to be master"),
    (
        "dont-respawn",
        "a worker that dies is always started again: without it nobody would guard its addresses",
    ),
    ("dump-conf", "the configuration as it was understood: `handover check`, or SIGUSR1"),
    ("address-monitoring", "changes of addresses are in the journal; `ip monitor address` has all"),
    ("bfd_pid", "BFD sessions need no process of their own"),
    ("snmp", "there is no SNMP agent; figures are in Prometheus' format, see handover.toml(5)"),
    ("snmp-agent-socket", "there is no SNMP agent"),
    ("core-dump", "`LimitCORE=infinity` in a drop-in of the unit"),
    ("core-dump-pattern", "`sysctl kernel.core_pattern`, or systemd-coredump"),
    ("all-config", "`includem` in the configuration asks for a file that must be there"),
    ("genhash", "the digest of a page for `HTTP_GET`: `curl -s URL | md5sum`"),
];

/// Why an option does nothing here; `None` for one that acts.
pub(crate) fn unused(name: &str) -> Option<&'static str> {
    UNUSED.iter().find(|(known, _)| *known == name).map(|(_, why)| *why)
}

/// The options as the manual lists them: as written, and what each does.
pub(crate) fn listed() -> impl Iterator<Item = (String, &'static str)> {
    OPTIONS.iter().filter_map(|(letter, name, value, help)| {
        let what = if help.is_empty() { unused(name)? } else { help };
        Some((spelled(*letter, name, *value), what))
    })
}

/// An option that does nothing is listed apart.
pub(crate) fn acts(written: &str) -> bool {
    OPTIONS.iter().any(|(letter, name, value, help)| {
        !help.is_empty() && spelled(*letter, name, *value) == written
    })
}

/// `-f, --use-file=VALUE`.
fn spelled(letter: char, name: &str, value: Value) -> String {
    let letter = if letter == '-' { String::new() } else { format!("-{letter}, ") };
    let value = match value {
        Value::None => "",
        Value::Needed => "=VALUE",
        Value::Attached => "[=FILE]",
    };
    format!("{letter}--{name}{value}")
}

/// The command line as a shell completes it.
pub(crate) fn completed() -> clap::Command {
    let arg = |(letter, name, value, help): &Row| {
        let why = unused(name).unwrap_or_default();
        let help = if help.is_empty() { why } else { help };
        let arg = clap::Arg::new(*name).long(*name).help(help.replace('`', ""));
        let arg = if *letter == '-' { arg } else { arg.short(*letter) };
        match (*name, value) {
            (_, Value::None) => arg.action(clap::ArgAction::SetTrue),
            ("signum", _) => arg.value_parser(SIGNALS.map(|(word, _)| word)),
            ("use-file" | "pid" | "vrrp_pid" | "config-test", _) => {
                arg.value_hint(clap::ValueHint::FilePath)
            }
            _ => arg.action(clap::ArgAction::Set),
        }
    };
    clap::Command::new("keepalived")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(OPTIONS.iter().map(arg))
}

/// Each option's name, and whether its help says nothing.
#[cfg(test)]
pub(crate) fn options() -> impl Iterator<Item = (&'static str, bool)> {
    OPTIONS.iter().map(|(_, name, _, help)| (*name, help.is_empty()))
}

/// What `--signum` prints (docs/ancestors/keepalived.md §2.6).
const SIGNALS: [(&str, u8); 6] =
    [("STOP", 15), ("RELOAD", 1), ("DATA", 10), ("STATS", 12), ("STATS_CLEAR", 63), ("JSON", 36)];

/// Runs `keepalived ARGS`.
///
/// # Errors
/// A sentence and a code, as everywhere.
pub(crate) fn run(args: &[String], console: &mut Console<'_>) -> Result<Next, Stop> {
    let options = match parse(args) {
        Ok(options) => options,
        Err(sentence) => {
            writeln!(console.err, "keepalived: {sentence}")?;
            usage(console.err)?;
            return Ok(Next::Exit(Exit::Failed));
        }
    };
    let mut start = KeepalivedStart::default();
    for (name, value) in options {
        match (name, value) {
            ("help", _) => {
                usage(console.out)?;
                return Ok(Next::Exit(Exit::Done));
            }
            ("version", _) => {
                writeln!(console.err, "{VERSION}")?;
                return Ok(Next::Exit(Exit::Done));
            }
            ("signum", Some(word)) => {
                let found = SIGNALS.iter().find(|(known, _)| *known == word);
                let Some((_, number)) = found else {
                    return Err(Stop::failed(format!("keepalived: unknown signal {word}")));
                };
                writeln!(console.out, "{number}")?;
                return Ok(Next::Exit(Exit::Done));
            }
            ("genhash", _) => {
                let text = "keepalived: genhash is not part of this program; MD5 of a page: \
                            `curl -s URL | md5sum`";
                return Err(Stop::failed(text.to_owned()));
            }
            (name, value) => start.set(name, value).map_err(Stop::failed)?,
        }
    }
    Ok(Next::Keepalived(Box::new(start)))
}

impl KeepalivedStart {
    fn set(&mut self, name: &str, value: Option<String>) -> Result<(), String> {
        let path = || value.clone().map(PathBuf::from);
        match name {
            "dont-fork" => self.foreground = true,
            "log-console" => self.log_console = true,
            "log-detail" => self.detail = true,
            "no-syslog" => self.without_syslog = true,
            "dont-release-vrrp" => self.keep = true,
            "dont-release-ipvs" => self.keep_servers = true,
            "checkers_pid" => self.checkers_pid_file = path(),
            "vrrp" => self.routers = true,
            "check" => self.servers = true,
            "all" => (self.routers, self.servers) = (false, false),
            "use-file" => self.file = path(),
            "pid" => self.pid_file = path(),
            "vrrp_pid" => self.worker_pid_file = path(),
            "config-id" => self.config_id = value,
            "namespace" => self.namespace = value,
            "config-test" => self.check = Some(path().map_or(Check::Terminal, Check::File)),
            "log-facility" => {
                let word = value.unwrap_or_default();
                let number = facility(&word);
                self.facility =
                    Some(number.ok_or_else(|| format!("keepalived: no log facility {word}"))?);
            }
            "umask" => {
                let word = value.unwrap_or_default();
                let number = umask(&word);
                self.umask = Some(number.ok_or_else(|| format!("keepalived: no umask {word}"))?);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Options as getopt_long reads them: clustered letters, values attached or next, names cut short
/// as long as they are one option's.
fn parse(args: &[String]) -> Result<Vec<(&'static str, Option<String>)>, String> {
    let mut found = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if let Some(long) = arg.strip_prefix("--") {
            if long.is_empty() {
                if rest.next().is_some() {
                    return Err("it takes options only".into());
                }
                break;
            }
            let (name, attached) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let &(_, name, kind, _) = by_name(name)?;
            let value = match (kind, attached) {
                (Value::None, Some(_)) => return Err(format!("option '--{name}' has no value")),
                (Value::Needed, None) => Some(
                    rest.next()
                        .cloned()
                        .ok_or_else(|| format!("option '--{name}' needs a value"))?,
                ),
                (_, attached) => attached,
            };
            found.push((name, value));
        } else if let Some(cluster) = arg.strip_prefix('-').filter(|cluster| !cluster.is_empty()) {
            let mut letters = cluster.chars();
            while let Some(letter) = letters.next() {
                let row = OPTIONS.iter().find(|(known, ..)| *known == letter && letter != '-');
                let &(_, name, kind, _) =
                    row.ok_or_else(|| format!("invalid option -- '{letter}'"))?;
                if kind == Value::None {
                    found.push((name, None));
                    continue;
                }
                // Scripts write `-t=FILE`, as the manual page shows it.
                let attached = letters.as_str();
                let attached = attached.strip_prefix('=').unwrap_or(attached);
                let value = match (attached, kind) {
                    ("", Value::Needed) => Some(
                        rest.next()
                            .cloned()
                            .ok_or_else(|| format!("option requires an argument -- '{letter}'"))?,
                    ),
                    ("", _) => None,
                    (attached, _) => Some(attached.to_owned()),
                };
                found.push((name, value));
                break;
            }
        } else {
            return Err(format!("unexpected argument {arg}"));
        }
    }
    Ok(found)
}

fn by_name(name: &str) -> Result<&'static Row, String> {
    if let Some(row) = OPTIONS.iter().find(|(_, known, ..)| *known == name) {
        return Ok(row);
    }
    let mut begin: Vec<&Row> =
        OPTIONS.iter().filter(|(_, known, ..)| known.starts_with(name)).collect();
    match (begin.pop(), begin.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => Err(format!("option '--{name}' is ambiguous")),
        (None, _) => Err(format!("unrecognized option '--{name}'")),
    }
}

/// syslog's number of a facility (RFC 5424 table 1).
fn facility(word: &str) -> Option<u8> {
    const LOCAL0: u8 = 16;
    match word {
        "user" => Some(1),
        "daemon" => Some(3),
        _ => {
            let digits = word.strip_prefix("local").unwrap_or(word);
            let number: u8 = digits.parse().ok().filter(|number| *number < 8)?;
            Some(LOCAL0 + number)
        }
    }
}

/// A umask, as C writes numbers: octal with a 0 in front.
fn umask(word: &str) -> Option<u32> {
    const ALL: u32 = 0o777;
    let number = match word.strip_prefix('0') {
        Some("") => Ok(0),
        Some(octal) => u32::from_str_radix(octal, 8),
        None => word.parse(),
    };
    number.ok().filter(|number| *number <= ALL)
}

fn usage(out: &mut dyn std::io::Write) -> Result<(), Stop> {
    writeln!(out, "Usage: keepalived [OPTION...]")?;
    for (letter, name, value, help) in OPTIONS.iter().filter(|(.., help)| !help.is_empty()) {
        let indent = if *letter == '-' { "    " } else { "" };
        let written = format!("{indent}{}", spelled(*letter, name, *value));
        writeln!(out, "  {written:<28}{help}")?;
    }
    writeln!(out, "Also taken, without effect here:")?;
    let silent = OPTIONS.iter().filter(|(.., help)| help.is_empty());
    let names: Vec<String> = silent.map(|(_, name, ..)| format!("--{name}")).collect();
    writeln!(out, "  {}", names.join(" "))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(words: &str) -> Result<KeepalivedStart, String> {
        let args: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        let mut start = KeepalivedStart::default();
        for (name, value) in parse(&args)? {
            start.set(name, value)?;
        }
        Ok(start)
    }

    #[test]
    fn the_options_of_debians_unit_and_of_labs_are_understood() {
        let unit = start("--dont-fork -D -S 3").unwrap();
        assert!(unit.foreground && unit.detail);
        assert_eq!(unit.facility, Some(19));
        let lab = start("-nlGf /etc/k.conf --pid=/run/a.pid -r/run/b.pid -P -x").unwrap();
        assert!(lab.foreground && lab.log_console && lab.without_syslog);
        assert_eq!(lab.file, Some("/etc/k.conf".into()));
        assert_eq!(lab.pid_file, Some("/run/a.pid".into()));
        assert_eq!(lab.worker_pid_file, Some("/run/b.pid".into()));
    }

    #[test]
    fn a_check_goes_to_the_terminal_or_into_a_file() {
        assert_eq!(start("-t").unwrap().check, Some(Check::Terminal));
        for words in ["-t=/tmp/log", "-t/tmp/log", "--config-test=/tmp/log"] {
            assert_eq!(
                start(words).unwrap().check,
                Some(Check::File("/tmp/log".into())),
                "{words}"
            );
        }
        let with_file = start("-t -f /etc/k.conf").unwrap();
        assert_eq!(with_file.check, Some(Check::Terminal));
        assert_eq!(with_file.file, Some("/etc/k.conf".into()));
    }

    #[test]
    fn names_may_be_cut_short_as_long_as_they_are_clear() {
        assert!(start("--dont-f").unwrap().foreground);
        assert!(start("--dont").is_err());
        for wrong in
            ["-z", "--nothing", "-f", "--use-file", "--dont-fork=1", "word", "-S 9", "-u 8x"]
        {
            assert!(start(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_umask_is_read_as_c_reads_numbers() {
        assert_eq!(start("-u 0177").unwrap().umask, Some(0o177));
        assert_eq!(start("-u 18").unwrap().umask, Some(18));
    }
}
