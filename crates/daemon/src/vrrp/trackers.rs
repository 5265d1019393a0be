//! Tracked scripts, files and processes. Interfaces are told of by the watch over the kernel.

use super::file_watch::FileWatch;
use super::hub::{Hub, Wanted};
use config::keepalived::settings::{ParamMatch, TrackFile, TrackProcess};
use rustix::fs::OFlags;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;
use vrrp::config::Tracked;
use vrrp::{Condition, Input};

/// Processes are looked at this often, and files whose directory can't be watched.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Files are looked at this often although nothing was told of them: some file systems don't tell
/// what other machines write.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);
/// A tracked file holds a number; longer ones are read no further.
const FILE_MAX: u64 = 64;

/// Runs a tracked script; its end is told to the machine.
pub(crate) fn run(hub: &Rc<Hub>, name: String) {
    let settings = hub.settings();
    let script = settings.vrrp.scripts.iter().find(|script| script.name == name);
    let wanted = script
        .map(|script| Wanted::configured(&script.command, &[], Some(script.timeout), &settings));
    let hub = Rc::clone(hub);
    tokio::task::spawn_local(async move {
        let (success, how) = match wanted {
            Some(wanted) => {
                let end = hub.run_tracked(wanted).await;
                (end.code == Some(0), end.how)
            }
            None => (false, "it is not configured any more".to_owned()),
        };
        hub.input(Input::ScriptDone { name, success, how });
    });
}

/// Files and processes as they were last told.
#[derive(Default)]
pub(crate) struct Looker {
    told: BTreeMap<Tracked, Condition>,
    /// Processes that are otherwise than told, since when.
    turned: BTreeMap<String, Instant>,
}

impl Looker {
    /// What changed since the last look.
    pub(crate) fn look(
        &mut self,
        files: &[TrackFile],
        processes: &[TrackProcess],
        now: Instant,
    ) -> Vec<(Tracked, Condition)> {
        let mut news = Vec::new();
        // What is tracked again after it was not is told again.
        self.told.retain(|what, _| match what {
            Tracked::File(name) => files.iter().any(|file| file.name == *name),
            Tracked::Process(name) => processes.iter().any(|process| process.name == *name),
            Tracked::Script(_) | Tracked::Interface(_) | Tracked::Bfd(_) => false,
        });
        for file in files {
            let what = Tracked::File(file.name.clone());
            let condition = Condition::Value(number(&file.path));
            if self.told.get(&what) != Some(&condition) {
                self.told.insert(what.clone(), condition);
                news.push((what, condition));
            }
        }
        if processes.is_empty() {
            return news;
        }
        let running = command_lines();
        for process in processes {
            let count = running.iter().filter(|words| matches(process, words)).count();
            let enough = count >= usize::from(process.quorum)
                && process.quorum_max.is_none_or(|max| count <= usize::from(max));
            let condition = if enough { Condition::Good } else { Condition::Bad };
            if self.counts(process, condition, now) {
                let what = Tracked::Process(process.name.clone());
                self.told.insert(what.clone(), condition);
                news.push((what, condition));
            }
        }
        news
    }

    /// True when a process has been otherwise than told for as long as its delay asks.
    fn counts(&mut self, process: &TrackProcess, condition: Condition, now: Instant) -> bool {
        match self.told.get(&Tracked::Process(process.name.clone())) {
            None => true,
            Some(told) if *told == condition => {
                self.turned.remove(&process.name);
                false
            }
            Some(_) => {
                let delay = match condition {
                    Condition::Good => process.fork_delay,
                    Condition::Bad | Condition::Value(_) => process.terminate_delay,
                };
                let since = *self.turned.entry(process.name.clone()).or_insert(now);
                let over = now.duration_since(since) >= delay;
                if over {
                    self.turned.remove(&process.name);
                }
                over
            }
        }
    }
}

/// Looks whenever something may have changed; what did is told to the machine.
pub(crate) async fn watch(hub: Rc<Hub>, mut looker: Looker) {
    let mut watched = FileWatch::default();
    loop {
        let settings = hub.settings();
        let (files, processes) = (&settings.whole.track_files, &settings.whole.track_processes);
        let all = watched.follow(files);
        let rest = if processes.is_empty() && all { LOOK_ANYWAY } else { LOOK_EVERY };
        // Also woken by a reload, whose files may be others.
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = watched.changed() => {}
            () = hub.reloaded.notified() => continue,
        }
        for (what, condition) in looker.look(files, processes, Instant::now()) {
            hub.input(Input::Tracker { what, condition });
        }
    }
}

/// Creates the tracked files that are to begin with a number.
pub(crate) fn create_files(files: &[TrackFile]) -> Vec<String> {
    let mut troubles = Vec::new();
    for file in files {
        let Some((number, overwrite)) = file.init else { continue };
        if !overwrite && fs::symlink_metadata(&file.path).is_ok() {
            continue;
        }
        if let Err(error) = fs::write(&file.path, format!("{number}\n")) {
            troubles.push(format!("the tracked file {} can't be written: {error}", file.path));
        }
    }
    troubles
}

/// The number at the beginning of a file; 0 without one. Never waits: who may write to the directory
/// may put a FIFO there.
fn number(path: &str) -> i32 {
    let mut bytes = Vec::new();
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file = fs::OpenOptions::new().read(true).custom_flags(nonblocking).open(path);
    if file.and_then(|file| file.take(FILE_MAX).read_to_end(&mut bytes)).is_err() {
        return 0;
    }
    // What stands behind the number may be any text, and may be cut in the middle of a letter.
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let signed = text.len() - digits.len() + end;
    text[..signed].parse().unwrap_or(0)
}

/// The command lines of all processes but kernel threads.
fn command_lines() -> Vec<Vec<String>> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let is_process = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(is_process))
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .filter(|line| !line.is_empty())
        .map(|line| {
            let line = line.strip_suffix(&[0]).unwrap_or(&line);
            let words = line.split(|byte| *byte == 0);
            words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
        })
        .collect()
}

/// Whether a process is one of those looked for.
fn matches(process: &TrackProcess, words: &[String]) -> bool {
    let (Some(wanted), Some(program)) = (process.process.first(), words.first()) else {
        return false;
    };
    let short = program.rsplit('/').next().unwrap_or(program);
    let named = if process.full_command || wanted.contains('/') {
        program == wanted
    } else {
        short == wanted
    };
    let (wanted, given) = (&process.process[1..], &words[1..]);
    named
        && match process.param_match {
            None if wanted.is_empty() && !process.full_command => true,
            None => wanted == given,
            Some(ParamMatch::Initial) => given.starts_with(wanted),
            Some(ParamMatch::Partial) => match wanted.split_last() {
                None => true,
                Some((last, before)) => {
                    given.starts_with(before)
                        && given.get(before.len()).is_some_and(|word| word.starts_with(last))
                }
            },
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{FileType, Mode};

    fn process(words: &[&str], param_match: Option<ParamMatch>) -> TrackProcess {
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

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_process_is_found_by_its_program_and_arguments() {
        let running = words("/usr/sbin/nginx -g daemon");
        assert!(matches(&process(&["nginx"], None), &running));
        assert!(!matches(&process(&["ngin"], None), &running));
        assert!(!matches(&process(&["nginx", "-g"], None), &running));
        assert!(matches(&process(&["nginx", "-g", "daemon"], None), &running));
        assert!(matches(&process(&["nginx", "-g"], Some(ParamMatch::Initial)), &running));
        assert!(matches(&process(&["nginx", "-g", "dae"], Some(ParamMatch::Partial)), &running));
        assert!(!matches(&process(&["nginx", "-x"], Some(ParamMatch::Partial)), &running));
        assert!(matches(&process(&["/usr/sbin/nginx"], None), &running));
    }

    #[test]
    fn a_file_is_a_number_with_something_behind_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n");
        for (text, expected) in
            [("5\n", 5), (" -12 x", -12), ("x", 0), ("", 0), ("99999999999", 0), ("-", 0)]
        {
            fs::write(&path, text).unwrap();
            assert_eq!(number(&path.to_string_lossy()), expected, "{text:?}");
        }
        assert_eq!(number("/no/such/file"), 0);
        fs::write(&path, format!("7 {}", "ü".repeat(100))).unwrap();
        assert_eq!(number(&path.to_string_lossy()), 7, "cut in the middle of a letter");
        fs::write(&path, b"8 \xff").unwrap();
        assert_eq!(number(&path.to_string_lossy()), 8);
        let fifo = dir.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(number(&fifo.to_string_lossy()), 0, "and nobody waits for its writer");
    }

    #[test]
    fn only_changes_are_told_and_an_end_counts_after_its_delay() {
        let mut looker = Looker::default();
        let mut gone = process(&["no-such-program-runs"], None);
        gone.terminate_delay = Duration::from_secs(2);
        let start = Instant::now();
        let news = looker.look(&[], std::slice::from_ref(&gone), start);
        assert_eq!(news.len(), 1, "the first look is told at once");
        looker.told.insert(Tracked::Process("p".into()), Condition::Good);
        let mut at = |seconds| {
            let now = start + Duration::from_secs(seconds);
            looker.look(&[], std::slice::from_ref(&gone), now)
        };
        assert_eq!(at(1), []);
        assert_eq!(at(2), []);
        assert_eq!(at(3), [(Tracked::Process("p".into()), Condition::Bad)]);
        assert_eq!(at(9), []);
    }
}
