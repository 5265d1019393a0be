//! What the old commands share: the line format of their complaints, options as getopt reads
//! them, and talking to the daemon in their words.

use crate::clock::Clock;
use crate::console::{Console, Stop};
use base::WallTime;
use std::time::{SystemTime, UNIX_EPOCH};

/// Who complains, for the prefix `Nov 21 14:52:15 host cl_status: [196]: ERROR: `, which scripts
/// cut off by its shape (`docs/ancestors/heartbeat.md §6.10`; measured).
pub struct Voice {
    /// The command's name.
    pub program: &'static str,
    /// This machine's name.
    pub host: String,
    /// Our process id.
    pub pid: u32,
    /// How the date is shown.
    pub clock: Clock,
}

impl Voice {
    /// The voice of this process under the name `program`.
    pub fn new(program: &'static str) -> Self {
        Self { program, host: host_name(), pid: std::process::id(), clock: Clock::local() }
    }

    /// One line on stderr.
    ///
    /// # Errors
    /// When stderr can't be written.
    pub fn say(&self, console: &mut Console<'_>, level: &str, text: &str) -> Result<(), Stop> {
        let date = self.clock.syslog(now());
        let Self { program, host, pid, .. } = self;
        writeln!(console.err, "{date} {host} {program}: [{pid}]: {level}: {text}")?;
        Ok(())
    }
}

/// This machine's name as `uname -n` prints it.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The wall clock.
pub(crate) fn now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Options and words of an old command line: clustered single letters, values attached or next,
/// `--` ends the options; options may stand behind words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// The letters in order, with their values.
    pub options: Vec<(char, Option<String>)>,
    /// Everything else.
    pub words: Vec<String>,
}

/// Why an old command line is refused, in getopt's words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadOption {
    /// A letter the command doesn't know.
    Unknown(char),
    /// A letter that needs a value and stands last.
    NoValue(char),
}

impl std::fmt::Display for BadOption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(letter) => write!(f, "invalid option -- '{letter}'"),
            Self::NoValue(letter) => write!(f, "option requires an argument -- '{letter}'"),
        }
    }
}

/// Reads an old command line. `known` lists the letters, each followed by `:` if it has a value.
///
/// # Errors
/// At the first letter that is unknown or lacks its value.
pub(crate) fn parse(known: &str, args: &[String]) -> Result<Parsed, BadOption> {
    let mut parsed = Parsed::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--" {
            parsed.words.extend(args.by_ref().cloned());
            break;
        }
        let Some(letters) = arg.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            parsed.words.push(arg.clone());
            continue;
        };
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let at = known.find(letter).filter(|_| letter != ':');
            let at = at.ok_or(BadOption::Unknown(letter))?;
            if known[at + letter.len_utf8()..].starts_with(':') {
                let attached = rest.as_str();
                let value = if attached.is_empty() {
                    args.next().cloned().ok_or(BadOption::NoValue(letter))?
                } else {
                    attached.to_owned()
                };
                parsed.options.push((letter, Some(value)));
                break;
            }
            parsed.options.push((letter, None));
        }
    }
    Ok(parsed)
}

impl Parsed {
    /// Whether the letter was given.
    pub(crate) fn has(&self, letter: char) -> bool {
        self.options.iter().any(|(given, _)| *given == letter)
    }

    /// The last value given to the letter.
    pub(crate) fn value(&self, letter: char) -> Option<&str> {
        let mut given = self.options.iter().rev().filter(|(given, _)| *given == letter);
        given.next().and_then(|(_, value)| value.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn letters_may_be_clustered_and_values_attached() {
        let parsed = parse("dRC:", &words("-ddR -Call x -- -d")).expect("good");
        assert_eq!(parsed.options.len(), 4);
        assert_eq!(parsed.value('C'), Some("all"));
        assert_eq!(parsed.words, ["x", "-d"]);
    }

    #[test]
    fn a_bad_letter_is_named() {
        assert_eq!(parse("d", &words("-dq")), Err(BadOption::Unknown('q')));
        assert_eq!(parse("C:", &words("-C")), Err(BadOption::NoValue('C')));
        assert_eq!(parse("C:", &words("-:")), Err(BadOption::Unknown(':')));
    }
}
