//! How a resource of haresources becomes a command line, and what its answer means.
//!
//! Pure: the file system is asked through a function, so every command is tested as text. Nothing
//! here passes through a shell. Rules: docs/ancestors/heartbeat.md §3.11.

use crate::{ocf, paths};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a resource is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    /// Is it running?
    Status,
    /// Start it.
    Start,
    /// Stop it.
    Stop,
}

impl Verb {
    /// The word a script is called with.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Start => "start",
            Self::Stop => "stop",
        }
    }
}

/// A program to run: no shell, no inherited environment beyond what the executor adds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Command {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Further environment.
    pub environment: BTreeMap<String, String>,
    /// How its end is to be read.
    pub reading: Reading,
}

/// How a program's answer to a status question is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// By its text, as the ancestor reads scripts.
    Text,
    /// By its exit code, as OCF agents speak.
    Ocf,
    /// By its exit code, 0 or not: `systemctl is-active`.
    ExitCode,
}

/// What the lookup asks of the file system.
pub(crate) trait Files {
    /// True for a file that may be executed.
    fn is_executable(&self, path: &Path) -> bool;
    /// True for a file that exists.
    fn exists(&self, path: &Path) -> bool;
}

/// What carries a resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Carrier {
    /// A script of `resource.d` or `init.d`.
    Script(PathBuf),
    /// An OCF agent.
    Ocf(PathBuf),
    /// A systemd unit.
    Unit(String),
}

/// Finds what carries the resource `name`: `resource.d`, `init.d`, the OCF agent of that name, a
/// systemd unit of that name. A file without the x bit is passed over, as the ancestor does
/// (docs/ancestors/heartbeat.md §3.11). The name can't leave these directories.
pub(crate) fn locate(name: &str, files: &dyn Files) -> Option<Carrier> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return None;
    }
    for dir in [paths::RESOURCE_DIR, paths::INIT_DIR] {
        let script = Path::new(dir).join(name);
        if files.is_executable(&script) {
            return Some(Carrier::Script(script));
        }
    }
    let agent = Path::new(paths::OCF_HEARTBEAT).join(name);
    if files.is_executable(&agent) {
        return Some(Carrier::Ocf(agent));
    }
    let unit = if name.contains('.') { name.to_owned() } else { format!("{name}.service") };
    paths::UNIT_DIRS
        .iter()
        .any(|dir| files.exists(&Path::new(dir).join(&unit)))
        .then_some(Carrier::Unit(unit))
}

/// The command line of one operation on a resource.
///
/// # Errors
/// A sentence, when an argument has no place in the agent's parameters.
pub(crate) fn command(
    carrier: &Carrier,
    name: &str,
    args: &[String],
    verb: Verb,
) -> Result<Command, String> {
    Ok(match carrier {
        Carrier::Script(path) => {
            let mut argv = vec![path.display().to_string()];
            argv.extend(args.iter().cloned());
            argv.push(verb.word().to_owned());
            Command { argv, environment: BTreeMap::new(), reading: Reading::Text }
        }
        Carrier::Ocf(path) => {
            let verb = if verb == Verb::Status { "monitor" } else { verb.word() };
            let mut environment = ocf::parameters(name, args)?;
            environment.insert("OCF_ROOT".into(), paths::OCF_ROOT.into());
            environment.insert("OCF_RA_VERSION_MAJOR".into(), "1".into());
            environment.insert("OCF_RA_VERSION_MINOR".into(), "0".into());
            environment.insert("OCF_RESOURCE_TYPE".into(), name.into());
            environment.insert("OCF_RESOURCE_PROVIDER".into(), "heartbeat".into());
            environment.insert("OCF_RESOURCE_INSTANCE".into(), instance(name, args));
            Command {
                argv: vec![path.display().to_string(), verb.into()],
                environment,
                reading: Reading::Ocf,
            }
        }
        Carrier::Unit(unit) => {
            let verb = if verb == Verb::Status { "is-active" } else { verb.word() };
            Command {
                argv: vec!["/usr/bin/systemctl".into(), verb.into(), unit.clone()],
                environment: BTreeMap::new(),
                reading: Reading::ExitCode,
            }
        }
    })
}

/// A name for this use of an agent: the agent keeps its state files under it, so two resources
/// of one type must differ.
fn instance(name: &str, args: &[String]) -> String {
    let mut text = name.to_owned();
    for arg in args {
        text.push('_');
        text.extend(
            arg.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }),
        );
    }
    text
}

/// What a status answer means.
pub(crate) fn is_running(reading: Reading, code: Option<i32>, output: &str) -> bool {
    match reading {
        Reading::Text => says_running(output),
        // 8: running as master, which a plain resource can also answer.
        Reading::Ocf => matches!(code, Some(0 | 8)),
        Reading::ExitCode => code == Some(0),
    }
}

/// The ancestor's reading of a status text: `not running` (each word's first letter in either
/// case) says no, before `running` (first letter in either case) or `OK` says yes; anything else
/// is no. The exit code is not looked at (docs/ancestors/heartbeat.md §3.11, measured).
pub(crate) fn says_running(output: &str) -> bool {
    let contains = |pattern: &[u8], either_case: &[usize]| {
        output.as_bytes().windows(pattern.len()).any(|window| {
            window.iter().zip(pattern).enumerate().all(|(at, (got, want))| {
                got == want || (either_case.contains(&at) && got.eq_ignore_ascii_case(want))
            })
        })
    };
    // `[Nn][Oo][Tt] [Rr]unning`, then `[Rr]unning` or `OK`.
    !contains(b"not running", &[0, 1, 2, 4]) && (contains(b"running", &[0]) || contains(b"OK", &[]))
}

/// One sentence for a failed operation: what ran, how it ended, its last words.
pub(crate) fn failure(command: &Command, verdict: &str, output: &str) -> String {
    let called = command.argv.join(" ");
    match last_words(output) {
        Some(words) => format!("{called} {verdict}: {words}"),
        None => format!("{called} {verdict} and said nothing"),
    }
}

/// Longest quotation from a script in a sentence, in characters: a line of a terminal or two.
const QUOTE_MAX: usize = 200;

/// The last line of a script's output that says something, cut to a readable length and without
/// control characters (it ends in logs and terminals).
pub(crate) fn last_words(output: &str) -> Option<String> {
    let line = output.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    let clean: String = line.chars().filter(|c| !c.is_control()).take(QUOTE_MAX).collect();
    (!clean.is_empty()).then_some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(&'static [&'static str], &'static [&'static str]);
    impl Files for Tree {
        fn is_executable(&self, path: &Path) -> bool {
            self.0.iter().any(|p| Path::new(p) == path)
        }
        fn exists(&self, path: &Path) -> bool {
            self.is_executable(path) || self.1.iter().any(|p| Path::new(p) == path)
        }
    }

    fn line(name: &str, args: &[&str], verb: Verb, tree: &Tree) -> String {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let command = command(&locate(name, tree).unwrap(), name, &args, verb).unwrap();
        let mut text: Vec<String> =
            command.environment.iter().map(|(k, v)| format!("{k}={v}")).collect();
        text.extend(command.argv);
        text.join(" ")
    }

    #[test]
    fn a_script_of_resource_d_wins_and_gets_its_arguments_before_the_verb() {
        let tree = Tree(&["/etc/ha.d/resource.d/httpd", "/etc/init.d/httpd"], &[]);
        assert_eq!(
            line("httpd", &["a", "b c"], Verb::Start, &tree),
            "/etc/ha.d/resource.d/httpd a b c start"
        );
    }

    #[test]
    fn a_script_without_the_x_bit_is_passed_over() {
        let tree = Tree(&["/etc/init.d/httpd"], &["/etc/ha.d/resource.d/httpd"]);
        assert_eq!(line("httpd", &[], Verb::Status, &tree), "/etc/init.d/httpd status");
    }

    #[test]
    fn an_agent_gets_its_parameters_by_environment_and_is_monitored() {
        let tree = Tree(&["/usr/lib/ocf/resource.d/heartbeat/apache"], &[]);
        assert_eq!(
            line("apache", &["/etc/a.conf"], Verb::Status, &tree),
            "OCF_RA_VERSION_MAJOR=1 OCF_RA_VERSION_MINOR=0 OCF_RESKEY_configfile=/etc/a.conf \
             OCF_RESOURCE_INSTANCE=apache__etc_a.conf OCF_RESOURCE_PROVIDER=heartbeat \
             OCF_RESOURCE_TYPE=apache OCF_ROOT=/usr/lib/ocf \
             /usr/lib/ocf/resource.d/heartbeat/apache monitor"
        );
    }

    #[test]
    fn a_unit_is_used_where_no_script_exists() {
        let tree = Tree(&[], &["/lib/systemd/system/nginx.service"]);
        assert_eq!(line("nginx", &[], Verb::Stop, &tree), "/usr/bin/systemctl stop nginx.service");
        assert_eq!(
            line("nginx", &[], Verb::Status, &tree),
            "/usr/bin/systemctl is-active nginx.service"
        );
    }

    #[test]
    fn a_name_cannot_leave_its_directory() {
        struct All;
        impl Files for All {
            fn is_executable(&self, _: &Path) -> bool {
                true
            }
            fn exists(&self, _: &Path) -> bool {
                true
            }
        }
        for name in ["", ".", "..", "../../bin/sh", "/bin/sh"] {
            assert_eq!(locate(name, &All), None, "{name}");
        }
    }

    #[test]
    fn the_verdict_on_a_status_text_is_the_ancestors() {
        for (text, expected) in [
            ("running", true),
            ("httpd (pid 12) is Running...", true),
            ("OK", true),
            ("it is OK", true),
            ("ok", false),
            ("not running", false),
            ("Not Running", false),
            ("nOt running", false),
            ("httpd is not running, OK", false),
            ("RUNNING", false),
            ("stopped", false),
            ("", false),
        ] {
            assert_eq!(says_running(text), expected, "{text}");
        }
    }

    #[test]
    fn the_exit_code_decides_for_agents_and_units_only() {
        assert!(!is_running(Reading::Text, Some(0), "stopped"));
        assert!(is_running(Reading::Ocf, Some(0), ""));
        assert!(!is_running(Reading::Ocf, Some(7), "running"));
        assert!(!is_running(Reading::ExitCode, Some(3), "inactive"));
    }

    #[test]
    fn last_words_are_one_clean_line() {
        assert_eq!(last_words("a\n port in use\x1b[0m \n\n"), Some("port in use[0m".into()));
        assert_eq!(last_words(" \n"), None);
    }
}
