//! service_checks: what must answer for this node to be healthy, one check a line.
//!
//! ```text
//! tcp 12345 interval 10s timeout 2s failures 2
//! http http://127.0.0.1/ping group 192.0.2.21 restart
//! command /usr/local/bin/probe --deep interval 1m
//! unit nginx.service
//! ```
//! The ancestor has nothing like it. Options stand behind what is tried; a word in double quotes
//! is never an option. The file stands beside haresources.

use crate::File;
use crate::text::{Word, lines, nearest, quote};
use base::{Diagnostic, GroupKey, Severity, Span};
use cluster::config::{Check, Probe};
use std::time::Duration;

/// Between the starts of two tries, unless `interval` is written.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long a try may take, unless `timeout` is written.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Failures in a row that count, unless `failures` is written: one lost answer is no fault.
const FAILURES: u32 = 2;
/// The shortest interval and timeout: a tighter loop would be load, not a check.
const TIME_MIN: Duration = Duration::from_millis(100);
/// The longest: a day. Longer ones are slips.
const TIME_MAX: Duration = Duration::from_hours(24);
/// The most failures in a row that may be waited for.
const FAILURES_MAX: u32 = 1000;
/// The most checks in a file; each can be a program started every interval.
const CHECKS_MAX: usize = 256;
/// The words that begin an option.
const OPTIONS: [&str; 5] = ["interval", "timeout", "failures", "restart", "group"];
/// The words that begin a line.
const KINDS: [&str; 4] = ["tcp", "http", "command", "unit"];

/// Reads the checks; `keys` are the groups of haresources.
pub(crate) fn read(file: &File, keys: &[GroupKey], found: &mut Vec<Diagnostic>) -> Vec<Check> {
    let mut reading = Reading { file, keys, found };
    let checks: Vec<Check> = lines(&file.text)
        .filter_map(|(start, line)| {
            let words = quoted_words(start, line);
            let (kind, rest) = words.split_first()?;
            reading.line(line, *kind, rest)
        })
        .collect();
    if checks.len() > CHECKS_MAX {
        let text = format!("{} checks are more than {CHECKS_MAX}", checks.len());
        reading.refuse("too-many", Span::default(), text, "let one command check several things");
    }
    checks
}

struct Reading<'a> {
    file: &'a File,
    keys: &'a [GroupKey],
    found: &'a mut Vec<Diagnostic>,
}

impl Reading<'_> {
    fn refuse(&mut self, code: &str, span: Span, text: impl Into<String>, help: &str) {
        let code = format!("service-checks::{code}");
        let found = Diagnostic::new(Severity::Error, code, &self.file.path, span, text);
        let found = found.effect("heartbeat doesn't start on this node");
        self.found.push(found.compat("Heartbeat has no service checks").help(help));
    }

    fn line(&mut self, line: &str, kind: Quoted<'_>, rest: &[Quoted<'_>]) -> Option<Check> {
        let options_at = rest
            .iter()
            .position(|word| !word.quoted && OPTIONS.contains(&word.word.text))
            .unwrap_or(rest.len());
        let (target, options) = rest.split_at_checked(options_at)?;
        let probe = self.probe(kind.word, target);
        let mut check = Check {
            written: line.trim().to_owned(),
            probe: Probe::Unit { name: String::new() },
            group: None,
            interval: INTERVAL,
            timeout: TIMEOUT,
            failures: FAILURES,
            restart: false,
        };
        let timeout_written = options.iter().any(|o| o.word.text == "timeout" && !o.quoted);
        self.options(options, &mut check);
        if check.timeout > check.interval {
            if timeout_written {
                let text = "the timeout is longer than the interval";
                let help = "tries don't overlap: write a longer interval or a shorter timeout";
                self.refuse("timeout", kind.word.span, text, help);
            }
            check.timeout = check.interval;
        }
        check.probe = probe?;
        Some(check)
    }

    fn probe(&mut self, kind: Word<'_>, target: &[Quoted<'_>]) -> Option<Probe> {
        if !KINDS.contains(&kind.text) {
            let text = format!("{} is no kind of check", quote(kind.text));
            let help = match nearest(kind.text, KINDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a line begins with tcp, http, command or unit".to_owned(),
            };
            self.refuse("kind", kind.span, text, &help);
            return None;
        }
        let Some((first, more)) = target.split_first() else {
            let text = format!("`{}` needs something to try", kind.text);
            let help = "write a port, URL, path or unit behind it";
            self.refuse("target", kind.span, text, help);
            return None;
        };
        if let (false, Some(stray)) = (kind.text == "command", more.first()) {
            let text = format!("{} is no option", quote(stray.word.text));
            self.refuse("option", stray.word.span, text, OPTIONS_HELP);
        }
        let word = first.word;
        let probe = match kind.text {
            "tcp" => tcp(word.text),
            "http" => http(word.text),
            "unit" => Some(Probe::Unit { name: word.text.to_owned() }),
            _ => word.text.starts_with('/').then(|| Probe::Command {
                path: word.text.to_owned(),
                args: more.iter().map(|arg| arg.word.text.to_owned()).collect(),
            }),
        };
        if probe.is_none() {
            let help = match kind.text {
                "tcp" => "write PORT or HOST:PORT, IPv6 as [::1]:80",
                "http" => "write http://HOST/PATH; for https use `command` with a client of yours",
                _ => "write the full path of a program",
            };
            let text = format!("{} can't be tried by `{}`", quote(word.text), kind.text);
            self.refuse("target", word.span, text, help);
        }
        probe
    }

    fn options(&mut self, options: &[Quoted<'_>], check: &mut Check) {
        let mut rest = options;
        while let Some((option, tail)) = rest.split_first() {
            rest = tail;
            let name = option.word;
            if name.text == "restart" {
                check.restart = true;
                continue;
            }
            if !OPTIONS.contains(&name.text) {
                let text = format!("{} is no option", quote(name.text));
                self.refuse("option", name.span, text, OPTIONS_HELP);
                continue;
            }
            let Some((value, tail)) = tail.split_first() else {
                let text = format!("`{}` needs a value", name.text);
                self.refuse("option", name.span, text, OPTIONS_HELP);
                return;
            };
            rest = tail;
            self.option(name.text, value.word, check);
        }
    }

    fn option(&mut self, name: &str, value: Word<'_>, check: &mut Check) {
        let done = match name {
            "interval" => duration(value.text).map(|time| check.interval = time),
            "timeout" => duration(value.text).map(|time| check.timeout = time),
            "failures" => (value.text.parse().ok())
                .filter(|count| (1..=FAILURES_MAX).contains(count))
                .map(|count| check.failures = count),
            _ => return self.group(value, check),
        };
        if done.is_none() {
            let text = format!("{} is no value for `{name}`", quote(value.text));
            self.refuse("option", value.span, text, OPTIONS_HELP);
        }
    }

    /// A group by its key, or by the address in it.
    fn group(&mut self, value: Word<'_>, check: &mut Check) {
        let means = |key: &GroupKey| {
            key.as_str() == value.text
                || key.as_str().split("::").any(|part| part.split('/').next() == Some(value.text))
        };
        check.group = self.keys.iter().find(|key| means(key)).cloned();
        if check.group.is_none() {
            let text = format!("haresources has no group {}", quote(value.text));
            let help = "name the group's first resource, or the address in it";
            self.refuse("group", value.span, text, help);
        }
    }
}

const OPTIONS_HELP: &str =
    "options: interval 10s, timeout 2s (100ms to 24h), failures 2, restart, group ADDRESS";

fn tcp(target: &str) -> Option<Probe> {
    let (host, port) = match target.rsplit_once(':') {
        Some((host, port)) => (host, port),
        None => ("127.0.0.1", target),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then(|| Probe::Tcp { host: host.to_owned(), port })
}

fn http(url: &str) -> Option<Probe> {
    let host = url.strip_prefix("http://")?;
    (!host.is_empty() && !host.starts_with('/')).then(|| Probe::Http { url: url.to_owned() })
}

/// `10s`, `500ms`, `1m`, `1h`, or seconds without a unit; whole numbers.
pub(crate) fn duration(word: &str) -> Option<Duration> {
    let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    let number: u32 = number.parse().ok()?;
    let one = match unit {
        "ms" => Duration::from_millis(1),
        "" | "s" => Duration::from_secs(1),
        "m" | "min" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        _ => return None,
    };
    one.checked_mul(number).filter(|time| (TIME_MIN..=TIME_MAX).contains(time))
}

/// A word and whether it stood in quotes.
#[derive(Clone, Copy)]
struct Quoted<'a> {
    word: Word<'a>,
    quoted: bool,
}

/// Words between blanks; one that begins with `"` ends at the next `"`. `#` begins a comment.
fn quoted_words(start: usize, line: &str) -> Vec<Quoted<'_>> {
    let (mut found, mut rest, mut at) = (Vec::new(), line, start);
    loop {
        let trimmed = rest.trim_start();
        at = at.saturating_add(rest.len().saturating_sub(trimmed.len()));
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return found;
        }
        let (text, used, quoted) = if let Some(inner) = trimmed.strip_prefix('"') {
            let end = inner.find('"').unwrap_or(inner.len());
            (inner.split_at(end).0, end.saturating_add(2).min(trimmed.len()), true)
        } else {
            let end = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
            (trimmed.split_at(end).0, end, false)
        };
        let span = Span::new(at, at.saturating_add(used));
        found.push(Quoted { word: Word { text, span }, quoted });
        rest = trimmed.get(used..).unwrap_or("");
        at = at.saturating_add(used);
    }
}
