//! The story of this run: every event under a number of its own, the latest kept in memory and all
//! in a file of bounded length.
//!
//! The node numbers its own events; the shell has some to tell as well (a script's start, an
//! announcement on the wire). Here both get one sequence, and causes are translated.

use api::{Event, EventId, EventKind, Level, RoleStatus, Subject};
use base::{Instant, WallTime};
use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Events kept in memory: a day of a busy cluster, some 3 MB at worst and next to nothing when
/// nothing happens.
const KEPT: usize = 10_000;
/// Events that a status shows.
const IN_STATUS: usize = 50;
/// Length of `events.jsonl` at which it becomes `events.jsonl.1`: 10,000 events or more.
const FILE_MAX: u64 = 4 << 20;
/// Events a slow follower may lag behind before it has to ask again.
const FOLLOWER_LAG: usize = 256;

/// The events of this run.
#[derive(Debug)]
pub(crate) struct Journal {
    last: EventId,
    /// Our number of each of the node's events that is still kept.
    numbers: BTreeMap<EventId, EventId>,
    kept: VecDeque<Arc<Event>>,
    /// The latest event about each group, or virtual router: the cause of what the shell tells
    /// about it. A role has one kind of them.
    latest_of_group: BTreeMap<String, EventId>,
    followers: broadcast::Sender<Arc<Event>>,
    file: Option<EventFile>,
}

/// What the shell itself has to tell.
#[derive(Debug)]
pub(crate) struct Told {
    /// How loud.
    pub level: Level,
    /// What kind.
    pub kind: EventKind,
    /// About what.
    pub subject: Subject,
    /// The group or virtual router it happened for: the latest event of that group is the cause.
    pub group: Option<String>,
    /// The sentence.
    pub text: String,
}

impl Journal {
    /// An empty journal that also writes to `events.jsonl` in `directory`, if there is one.
    pub(crate) fn new(directory: Option<&Path>) -> Self {
        Self {
            last: 0,
            numbers: BTreeMap::new(),
            kept: VecDeque::new(),
            latest_of_group: BTreeMap::new(),
            followers: broadcast::channel(FOLLOWER_LAG).0,
            file: directory.and_then(|directory| EventFile::open(directory).ok()),
        }
    }

    /// Takes an event of the node in, under its number here.
    pub(crate) fn take(&mut self, mut event: Event) -> Arc<Event> {
        let original = event.id;
        event.cause = event.cause.and_then(|cause| self.numbers.get(&cause).copied());
        let event = self.keep(event);
        self.numbers.insert(original, event.id);
        event
    }

    /// Takes in what the shell tells.
    pub(crate) fn tell(&mut self, told: Told, at: Instant, wall: WallTime) -> Arc<Event> {
        let cause = told.group.as_ref().and_then(|group| self.latest_of_group.get(group)).copied();
        let Told { level, kind, subject, text, .. } = told;
        self.keep(Event { id: 0, cause, at, wall, level, kind, subject, text })
    }

    fn keep(&mut self, mut event: Event) -> Arc<Event> {
        self.last += 1;
        event.id = self.last;
        if let Subject::Group(group) | Subject::Resource(_, group) | Subject::Router(group) =
            &event.subject
        {
            self.latest_of_group.insert(group.clone(), event.id);
        }
        // A copy of its own: what came from another thread lies between short-lived things there,
        // and would keep all of their memory from being given back.
        let event = Arc::new(event.clone());
        self.kept.push_back(Arc::clone(&event));
        if self.kept.len() > KEPT {
            self.kept.pop_front();
            let oldest = self.kept.front().map_or(0, |kept| kept.id);
            // Both numbers grow together.
            while self.numbers.first_entry().is_some_and(|first| *first.get() < oldest) {
                self.numbers.pop_first();
            }
        }
        if let Some(file) = &mut self.file
            && file.append(&event).is_err()
        {
            self.file = None;
        }
        let _ = self.followers.send(Arc::clone(&event));
        event
    }

    /// The kept events after number `after`, oldest first.
    pub(crate) fn after(&self, after: EventId) -> Vec<Event> {
        self.kept.iter().filter(|event| event.id > after).map(|event| (**event).clone()).collect()
    }

    /// Every event from now on.
    pub(crate) fn follow(&self) -> broadcast::Receiver<Arc<Event>> {
        self.followers.subscribe()
    }

    /// Puts our numbers and the latest events into a status that the node made.
    pub(crate) fn complete(&self, status: &mut RoleStatus) {
        for group in &mut status.groups {
            group.because = group.because.and_then(|id| self.numbers.get(&id).copied());
        }
        status.events = self.latest();
    }

    /// The latest events, as a status shows them.
    pub(crate) fn latest(&self) -> Vec<Event> {
        let skipped = self.kept.len().saturating_sub(IN_STATUS);
        self.kept.iter().skip(skipped).map(|event| (**event).clone()).collect()
    }
}

/// `events.jsonl`: one event a line, and one older file.
#[derive(Debug)]
struct EventFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl EventFile {
    fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join("events.jsonl");
        let file = OpenOptions::new().append(true).create(true).mode(0o640).open(&path)?;
        let length = file.metadata()?.len();
        Ok(Self { path, file, length })
    }

    fn append(&mut self, event: &Event) -> io::Result<()> {
        if self.length > FILE_MAX {
            std::fs::rename(&self.path, self.path.with_extension("jsonl.1"))?;
            let directory = self.path.parent().unwrap_or(Path::new("/")).to_owned();
            *self = Self::open(&directory)?;
        }
        let mut line = serde_json::to_vec(event).map_err(io::Error::other)?;
        line.push(b'\n');
        self.length += line.len() as u64;
        self.file.write_all(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_node(id: EventId, cause: Option<EventId>, group: &str) -> Event {
        Event {
            id,
            cause,
            at: Instant::ZERO,
            wall: WallTime::default(),
            level: Level::Info,
            kind: EventKind::GroupStarting,
            subject: Subject::Group(group.into()),
            text: format!("event {id}"),
        }
    }

    fn own(group: &str) -> Told {
        Told {
            level: Level::Info,
            kind: EventKind::Announced,
            subject: Subject::Address("192.0.2.1".into()),
            group: Some(group.into()),
            text: "announced".into(),
        }
    }

    #[test]
    fn causes_survive_the_shells_own_events_in_between() {
        let mut journal = Journal::new(None);
        journal.take(of_node(1, None, "g"));
        let announced = journal.tell(own("g"), Instant::ZERO, WallTime::default());
        assert_eq!(announced.cause, Some(1));
        let last = journal.take(of_node(2, Some(1), "g"));
        assert_eq!((last.id, last.cause), (3, Some(1)));
        assert_eq!(journal.take(of_node(3, Some(2), "g")).cause, Some(3));
    }

    #[test]
    fn a_bounded_number_is_kept() {
        let mut journal = Journal::new(None);
        for id in 1..=KEPT as u64 + 10 {
            journal.take(of_node(id, None, "g"));
        }
        let kept = journal.after(0);
        assert_eq!((kept.len(), kept[0].id), (KEPT, 11));
        assert_eq!(journal.numbers.len(), KEPT);
        assert_eq!(journal.after(KEPT as u64 + 9).len(), 1);
    }

    #[test]
    fn events_are_appended_to_the_file_one_a_line() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(Some(dir.path()));
        journal.take(of_node(1, None, "g"));
        drop(journal);
        Journal::new(Some(dir.path())).take(of_node(1, None, "h"));
        let text = std::fs::read_to_string(dir.path().join("events.jsonl")).unwrap();
        let read: Vec<Event> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(read.len(), 2);
    }
}
