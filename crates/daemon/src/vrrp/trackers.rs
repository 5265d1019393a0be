//! Tracked scripts, files and processes. Interfaces are told of by the watch over the kernel.

use super::file_watch::FileWatch;
use super::hub::{Hub, Wanted};
use super::processes::{self, Processes};
use crate::descriptors::readable;
use api::Level;
use config::keepalived::settings::{TrackFile, TrackProcess};
use linux::process_events::{ProcessEvent, ProcessEvents};
use rustix::fs::OFlags;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep_until};
use vrrp::config::Tracked;
use vrrp::{Condition, Input};

/// Processes are looked at this often where the kernel tells nothing of them, and files whose
/// directory can't be watched.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Files are looked at this often although nothing was told of them: some file systems don't tell
/// what other machines write.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);
/// Events of processes taken in before anything else gets its turn.
const EVENTS_AT_ONCE: usize = 256;
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
    processes: Processes,
    /// Processes that are otherwise than told, since when.
    turned: BTreeMap<String, Instant>,
}

impl Looker {
    /// Looks at everything; gives what is otherwise than told.
    pub(crate) fn look(
        &mut self,
        files: &[TrackFile],
        processes: &[TrackProcess],
        now: Instant,
    ) -> Vec<(Tracked, Condition)> {
        // What is tracked again after it was not is told again.
        self.told.retain(|what, _| match what {
            Tracked::File(name) => files.iter().any(|file| file.name == *name),
            Tracked::Process(name) => processes.iter().any(|process| process.name == *name),
            Tracked::Script(_) | Tracked::Interface(_) | Tracked::Bfd(_) => false,
        });
        self.turned.retain(|name, _| processes.iter().any(|process| process.name == *name));
        let mut news = self.read(files);
        self.processes.list(processes);
        news.extend(self.judge(processes, now));
        news
    }

    /// Reads the files.
    fn read(&mut self, files: &[TrackFile]) -> Vec<(Tracked, Condition)> {
        let mut news = Vec::new();
        for file in files {
            let what = Tracked::File(file.name.clone());
            let condition = Condition::Value(number(&file.path));
            if self.told.get(&what) != Some(&condition) {
                self.told.insert(what.clone(), condition);
                news.push((what, condition));
            }
        }
        news
    }

    /// Something happened to a process.
    fn take(
        &mut self,
        event: ProcessEvent,
        processes: &[TrackProcess],
        now: Instant,
    ) -> Vec<(Tracked, Condition)> {
        if self.processes.take(event, processes) { self.judge(processes, now) } else { Vec::new() }
    }

    /// Counts the processes that are known of.
    fn judge(&mut self, processes: &[TrackProcess], now: Instant) -> Vec<(Tracked, Condition)> {
        let mut news = Vec::new();
        for process in processes {
            let enough = self.processes.are_enough(process);
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
                let since = *self.turned.entry(process.name.clone()).or_insert(now);
                let over = now.duration_since(since) >= delay(process, condition);
                if over {
                    self.turned.remove(&process.name);
                }
                over
            }
        }
    }

    /// When the first of the delays that run is over.
    fn next_judgement(&self, processes: &[TrackProcess]) -> Option<Instant> {
        let ends = processes.iter().filter_map(|process| {
            let told = self.told.get(&Tracked::Process(process.name.clone()))?;
            let now = if *told == Condition::Good { Condition::Bad } else { Condition::Good };
            Some(*self.turned.get(&process.name)? + delay(process, now))
        });
        ends.min()
    }
}

/// For how long a process must be so before it counts.
const fn delay(process: &TrackProcess, condition: Condition) -> Duration {
    match condition {
        Condition::Good => process.fork_delay,
        Condition::Bad | Condition::Value(_) => process.terminate_delay,
    }
}

/// What happens to processes, while any are tracked and the kernel tells it.
pub(crate) struct Following {
    events: Option<AsyncFd<ProcessEvents>>,
    /// It was tried; what came of it was told.
    tried: bool,
}

impl Following {
    /// Begins to listen if processes are tracked. Look at them after this: nothing is missed then.
    pub(crate) fn begin(hub: &Hub) -> Self {
        let mut following = Self { events: None, tried: false };
        following.follow(hub);
        following
    }

    fn follow(&mut self, hub: &Hub) {
        if hub.settings().whole.track_processes.is_empty() {
            (self.events, self.tried) = (None, false);
        } else if !self.tried {
            self.tried = true;
            match processes::listen() {
                Ok(events) => self.events = readable(events).ok(),
                Err((level, text)) => hub.notice(level, text),
            }
        }
    }

    /// The next things that happened; never without anybody to tell of them.
    async fn next(&mut self) -> io::Result<Vec<ProcessEvent>> {
        let Some(events) = &mut self.events else { return std::future::pending().await };
        let mut ready = events.readable_mut().await?;
        let mut all = Vec::new();
        while all.len() < EVENTS_AT_ONCE {
            let Some(event) = ready.get_inner_mut().next()? else {
                ready.clear_ready();
                break;
            };
            all.push(event);
        }
        Ok(all)
    }
}

/// Looks whenever something may have changed; what did is told to the machine.
pub(crate) async fn watch(hub: Rc<Hub>, mut looker: Looker, mut following: Following) {
    let mut watched = FileWatch::default();
    let tell = |news: Vec<(Tracked, Condition)>| {
        for (what, condition) in news {
            hub.input(Input::Tracker { what, condition });
        }
    };
    loop {
        let settings = hub.settings();
        let (files, processes) = (&settings.whole.track_files, &settings.whole.track_processes);
        let all = watched.follow(files) && (processes.is_empty() || following.events.is_some());
        let look_at = Instant::now() + if all { LOOK_ANYWAY } else { LOOK_EVERY };
        let judge_at = looker.next_judgement(processes).unwrap_or(look_at);
        tokio::select! {
            () = sleep_until(look_at) => {}
            () = sleep_until(judge_at), if judge_at < look_at => {
                tell(looker.judge(processes, Instant::now()));
                continue;
            }
            () = watched.changed() => {
                tell(looker.read(files));
                continue;
            }
            happened = following.next() => {
                match happened {
                    // One after the other: what ended and was started again was away.
                    Ok(events) => for event in events {
                        tell(looker.take(event, processes, Instant::now()));
                    },
                    Err(error) => {
                        following.events = None;
                        let text = format!("the kernel tells nothing of processes any more: {error}");
                        hub.notice(Level::Warning, text);
                    }
                }
                continue;
            }
            // Files and processes may be others.
            () = hub.reloaded.notified() => following.follow(&hub),
        }
        let settings = hub.settings();
        let (files, processes) = (&settings.whole.track_files, &settings.whole.track_processes);
        tell(looker.look(files, processes, Instant::now()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{FileType, Mode};

    fn process(program: &str) -> TrackProcess {
        TrackProcess {
            name: "p".into(),
            process: vec![program.to_owned()],
            param_match: None,
            weight: 0,
            reverse: false,
            quorum: 1,
            quorum_max: None,
            fork_delay: Duration::ZERO,
            terminate_delay: Duration::ZERO,
            full_command: false,
        }
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
        let mut gone = process("no-such-program-runs");
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

    #[test]
    fn a_delay_ends_by_itself_when_nothing_more_happens() {
        let mut looker = Looker::default();
        let gone = process("no-such-program-runs");
        let gone = [TrackProcess { terminate_delay: Duration::from_millis(300), ..gone }];
        let start = Instant::now();
        looker.look(&[], &gone, start);
        let what = Tracked::Process("p".into());
        looker.told.insert(what.clone(), Condition::Good);
        assert_eq!(looker.next_judgement(&gone), None);
        assert_eq!(looker.judge(&gone, start), []);
        let end = looker.next_judgement(&gone).expect("it runs");
        assert_eq!(end, start + Duration::from_millis(300));
        assert_eq!(looker.judge(&gone, end), [(what, Condition::Bad)]);
        assert_eq!(looker.next_judgement(&gone), None);
    }
}
