//! Processes that are tracked: which of those that run are meant, and how many there are
//! (docs/ancestors/keepalived.md §2.3).

use api::Level;
use config::keepalived::settings::{ParamMatch, TrackProcess};
use linux::process_events::{ProcessEvent, ProcessEvents};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Longest name of a process the kernel keeps, in bytes (`TASK_COMM_LEN` without its zero).
const NAME_MAX: usize = 15;

/// What is known of a process that runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Process {
    /// `Name` in /proc/PID/status: the beginning of the program's file name, unless it calls
    /// itself otherwise.
    name: String,
    /// The program and its arguments; not what a program writes over them.
    words: Vec<String>,
}

/// The processes that are meant, by what tracks them.
#[derive(Default)]
pub(crate) struct Processes(BTreeMap<String, BTreeSet<u32>>);

impl Processes {
    /// Looks through the list of all processes.
    pub(crate) fn list(&mut self, tracked: &[TrackProcess]) {
        self.0 = tracked.iter().map(|of| (of.name.clone(), BTreeSet::new())).collect();
        if tracked.is_empty() {
            return;
        }
        let Ok(entries) = fs::read_dir("/proc") else { return };
        let numbers =
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        for number in numbers {
            self.see(number, tracked);
        }
    }

    /// How many run, by what tracks them.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        self.0.iter().map(|(name, running)| (name.clone(), running.len())).collect()
    }

    /// Takes an event in; true when somebody may count otherwise now.
    pub(crate) fn take(&mut self, event: ProcessEvent, tracked: &[TrackProcess]) -> bool {
        let before: usize = self.0.values().map(BTreeSet::len).sum();
        match event {
            ProcessEvent::Forked { parent, child } => {
                for running in self.0.values_mut().filter(|running| running.contains(&parent)) {
                    running.insert(child);
                }
            }
            ProcessEvent::Changed(number) => self.see(number, tracked),
            ProcessEvent::Ended(number) => {
                for running in self.0.values_mut() {
                    running.remove(&number);
                }
            }
            ProcessEvent::Lost => {
                self.list(tracked);
                return true;
            }
        }
        before != self.0.values().map(BTreeSet::len).sum::<usize>()
    }

    /// Whether as many run as are wanted.
    pub(crate) fn are_enough(&self, of: &TrackProcess) -> bool {
        let count = self.0.get(&of.name).map_or(0, BTreeSet::len);
        count >= usize::from(of.quorum) && of.quorum_max.is_none_or(|max| count <= usize::from(max))
    }

    fn see(&mut self, number: u32, tracked: &[TrackProcess]) {
        let process = read(number);
        for of in tracked {
            let running = self.0.entry(of.name.clone()).or_default();
            if process.as_ref().is_some_and(|process| is_meant(of, process)) {
                running.insert(number);
            } else {
                running.remove(&number);
            }
        }
    }
}

/// Listens for what happens to processes, in the network the role was started in: the kernel tells
/// it nowhere else. When it tells nothing, a sentence for it.
pub(crate) fn listen() -> Result<ProcessEvents, (Level, String)> {
    let opened = match ProcessEvents::open() {
        // The parent never left the network of the start.
        Err(error)
            if error.raw_os_error() == Some(rustix::io::Errno::PROTONOSUPPORT.raw_os_error()) =>
        {
            let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
            fs::File::open(format!("/proc/{parent}/ns/net"))
                .and_then(|network| linux::namespace::in_network(network, ProcessEvents::open)?)
        }
        opened => opened,
    };
    opened.map_err(|error| {
        let text = format!(
            "the kernel tells nothing of processes here ({error}): tracked ones are looked for four \
             times a second, and one that is gone for less may be missed"
        );
        (Level::Warning, text)
    })
}

/// A process as it is now; `None` for one that has ended, and for threads of the kernel.
fn read(number: u32) -> Option<Process> {
    let line = fs::read(format!("/proc/{number}/cmdline")).ok().filter(|line| !line.is_empty())?;
    let line = line.strip_suffix(&[0]).unwrap_or(&line);
    let words = line.split(|byte| *byte == 0);
    let words = words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let name = fs::read_to_string(format!("/proc/{number}/comm")).ok()?;
    Some(Process { name: name.trim_end_matches('\n').to_owned(), words })
}

/// Whether a process is one of those looked for.
fn is_meant(of: &TrackProcess, process: &Process) -> bool {
    let (Some(wanted), Some(program)) = (of.process.first(), process.words.first()) else {
        return false;
    };
    let arguments = of.process.get(1..).unwrap_or_default();
    let given = process.words.get(1..).unwrap_or_default();
    let short = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    if arguments.is_empty() && of.param_match.is_none() && !of.full_command {
        // A program may write over its arguments, as nginx does, and keeps its name.
        return if wanted.contains('/') {
            program == wanted
        } else {
            process.name == known_to_the_kernel(wanted) || short(program) == *wanted
        };
    }
    let named = if of.full_command || wanted.contains('/') {
        program == wanted
    } else {
        short(program) == *wanted
    };
    named
        && match of.param_match {
            None => arguments == given,
            // Written without arguments it asks for none.
            Some(_) if arguments.is_empty() => given.is_empty(),
            Some(ParamMatch::Initial) => given.starts_with(arguments),
            Some(ParamMatch::Partial) => match arguments.split_last() {
                None => given.is_empty(),
                Some((last, before)) => {
                    given.starts_with(before)
                        && given.get(before.len()).is_some_and(|word| word.starts_with(last))
                }
            },
        }
}

/// The part of a name that the kernel keeps.
fn known_to_the_kernel(name: &str) -> &str {
    let end = (0..=name.len().min(NAME_MAX)).rev().find(|end| name.is_char_boundary(*end));
    name.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn tracked(words: &[&str], param_match: Option<ParamMatch>) -> TrackProcess {
        TrackProcess {
            name: "p".into(),
            process: words.iter().map(ToString::to_string).collect(),
            param_match,
            weight: 0,
            reverse: false,
            quorum: 1,
            quorum_max: None,
            fork_delay: Duration::ZERO,
            terminate_delay: Duration::ZERO,
            full_command: false,
        }
    }

    fn running(name: &str, words: &str) -> Process {
        Process { name: name.into(), words: words.split(' ').map(str::to_owned).collect() }
    }

    #[test]
    fn a_process_is_found_by_its_program_and_arguments() {
        let nginx = running("nginx", "/usr/sbin/nginx -g daemon");
        let meant = |words: &[&str], how| is_meant(&tracked(words, how), &nginx);
        assert!(meant(&["nginx"], None));
        assert!(!meant(&["ngin"], None));
        assert!(!meant(&["nginx", "-g"], None));
        assert!(meant(&["nginx", "-g", "daemon"], None));
        assert!(meant(&["nginx", "-g"], Some(ParamMatch::Initial)));
        assert!(meant(&["nginx", "-g", "dae"], Some(ParamMatch::Partial)));
        assert!(!meant(&["nginx", "-x"], Some(ParamMatch::Partial)));
        assert!(
            !meant(&["nginx"], Some(ParamMatch::Initial)),
            "without arguments it asks for none"
        );
        assert!(meant(&["/usr/sbin/nginx"], None));
    }

    #[test]
    fn a_process_that_writes_over_its_arguments_keeps_its_name() {
        let words = vec!["nginx: master process /usr/sbin/nginx -g daemon on;".to_owned()];
        let nginx = Process { name: "nginx".into(), words };
        assert!(is_meant(&tracked(&["nginx"], None), &nginx));
        let long = running("a-very-long-nam", "/opt/x");
        assert!(is_meant(&tracked(&["a-very-long-name-of-a-program"], None), &long));
    }

    #[test]
    fn children_count_until_they_run_something_else() {
        let of = [TrackProcess { quorum: 2, ..tracked(&["no-such-program-runs"], None) }];
        let mut processes = Processes::default();
        processes.list(&of);
        // Numbers that no process has (`PID_MAX_LIMIT`).
        let (one, other) = (1 << 23, (1 << 23) + 1);
        processes.0.entry("p".into()).or_default().insert(one);
        assert!(!processes.are_enough(&of[0]));
        assert!(processes.take(ProcessEvent::Forked { parent: one, child: other }, &of));
        assert!(processes.are_enough(&of[0]));
        assert!(processes.take(ProcessEvent::Changed(other), &of), "it is something else now");
        assert!(!processes.take(ProcessEvent::Ended(other), &of));
        assert!(processes.take(ProcessEvent::Ended(one), &of));
        assert!(!processes.take(ProcessEvent::Forked { parent: one, child: other }, &of));
    }

    #[test]
    fn this_very_process_is_in_the_list() {
        let own = read(std::process::id()).expect("it runs");
        let of = [tracked(&[&own.name], None)];
        let mut processes = Processes::default();
        processes.list(&of);
        assert!(processes.are_enough(&of[0]), "{own:?}");
    }
}
