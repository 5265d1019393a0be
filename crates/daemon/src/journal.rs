//! The story of this run: every event under a number of its own, the latest kept in memory and all
//! in a file of bounded length.
//!
//! The node numbers its own events; the shell has some to tell as well (a script's start, an
//! announcement on the wire). Here both get one sequence, and causes are translated.

use crate::kept::Kept;
use api::{Event, EventId, EventKind, Level, RoleStatus, Subject};
use base::{Instant, WallTime};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Events that a status shows.
const IN_STATUS: u64 = 50;
/// Length of `events.jsonl` at which it becomes `events.jsonl.1`: 10,000 events or more.
const FILE_MAX: u64 = 4 << 20;
/// Events a slow follower may lag behind before it has to ask again.
const FOLLOWER_LAG: usize = 256;

/// The events of this run.
#[derive(Debug)]
pub(crate) struct Journal {
    last: EventId,
    numbers: Numbers,
    kept: Kept,
    /// The latest event about each group, or virtual router: the cause of what the shell tells
    /// about it. A role has one kind of them.
    latest_of_group: BTreeMap<Box<str>, EventId>,
    followers: broadcast::Sender<Arc<Event>>,
    file: Option<EventFile>,
}

/// Our numbers of the machines' events that are still kept. Most follow each other on both sides:
/// by the first of each such run, its length and our first.
#[derive(Debug, Default)]
struct Numbers(BTreeMap<EventId, (u64, EventId)>);

impl Numbers {
    /// Notes that `original` is `ours` here.
    fn note(&mut self, original: EventId, ours: EventId) {
        if let Some((first, (length, our_first))) = self.0.range_mut(..=original).next_back()
            && (*first + *length, *our_first + *length) == (original, ours)
        {
            *length += 1;
        } else {
            self.0.insert(original, (1, ours));
        }
    }

    /// Ours of an event.
    fn get(&self, original: EventId) -> Option<EventId> {
        let (first, (length, ours)) = self.0.range(..=original).next_back()?;
        let place = original - first;
        (place < *length).then(|| ours + place)
    }

    /// Ours below `oldest` are not kept any more.
    fn forget_before(&mut self, oldest: EventId) {
        self.0.retain(|_, (length, ours)| *ours + *length > oldest);
    }
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
            numbers: Numbers::default(),
            kept: Kept::default(),
            latest_of_group: BTreeMap::new(),
            followers: broadcast::channel(FOLLOWER_LAG).0,
            file: directory.and_then(|directory| EventFile::open(directory).ok()),
        }
    }

    /// Takes an event of the node in, under its number here.
    pub(crate) fn take(&mut self, mut event: Event) -> Arc<Event> {
        let original = event.id;
        event.cause = event.cause.and_then(|cause| self.ours(cause));
        let event = self.keep(event);
        self.numbers.note(original, event.id);
        event
    }

    /// Takes in what the shell tells.
    pub(crate) fn tell(&mut self, told: Told, at: Instant, wall: WallTime) -> Arc<Event> {
        let cause =
            told.group.as_ref().and_then(|group| self.latest_of_group.get(group.as_str())).copied();
        let Told { level, kind, subject, text, .. } = told;
        self.keep(Event { id: 0, cause, at, wall, level, kind, subject, text })
    }

    fn keep(&mut self, mut event: Event) -> Arc<Event> {
        self.last += 1;
        event.id = self.last;
        if let Subject::Group(group) | Subject::Resource(_, group) | Subject::Router(group) =
            &event.subject
        {
            match self.latest_of_group.get_mut(group.as_str()) {
                Some(latest) => *latest = event.id,
                None => _ = self.latest_of_group.insert(group.as_str().into(), event.id),
            }
        }
        if self.kept.push(&event) {
            self.numbers.forget_before(self.kept.oldest());
        }
        let event = Arc::new(event);
        if let Some(file) = &mut self.file
            && file.append(&event).is_err()
        {
            self.file = None;
        }
        let _ = self.followers.send(Arc::clone(&event));
        event
    }

    /// Our number of a machine's event, if that is still kept.
    fn ours(&self, original: EventId) -> Option<EventId> {
        self.numbers.get(original).filter(|ours| *ours >= self.kept.oldest())
    }

    /// The kept events after number `after`, oldest first.
    pub(crate) fn after(&self, after: EventId) -> Vec<Event> {
        self.kept.after(after)
    }

    /// Every event from now on.
    pub(crate) fn follow(&self) -> broadcast::Receiver<Arc<Event>> {
        self.followers.subscribe()
    }

    /// Puts our numbers and the latest events into a status that the node made.
    pub(crate) fn complete(&self, status: &mut RoleStatus) {
        for group in &mut status.groups {
            group.because = group.because.and_then(|id| self.ours(id));
        }
        status.events = self.latest();
    }

    /// The latest events, as a status shows them.
    pub(crate) fn latest(&self) -> Vec<Event> {
        self.kept.after(self.last.saturating_sub(IN_STATUS))
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
    use crate::kept::KEPT;

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
    fn what_is_not_kept_any_more_is_no_cause() {
        let mut journal = Journal::new(None);
        for id in 1..=KEPT as u64 + 10 {
            journal.take(of_node(id, None, "g"));
        }
        let oldest = journal.after(0)[0].id;
        assert!(oldest > 1);
        let next = KEPT as u64 + 11;
        assert_eq!(journal.take(of_node(next, Some(oldest - 1), "g")).cause, None);
        assert_eq!(journal.take(of_node(next + 1, Some(oldest), "g")).cause, Some(oldest));
    }

    #[test]
    fn two_machines_and_the_shell_share_one_sequence() {
        /// Where the second machine's numbers begin.
        const SECOND: EventId = 1 << 63;
        let mut journal = Journal::new(None);
        journal.take(of_node(1, None, "g"));
        journal.take(of_node(SECOND + 1, None, "h"));
        journal.take(of_node(2, Some(1), "g"));
        journal.tell(own("g"), Instant::ZERO, WallTime::default());
        let last = journal.take(of_node(SECOND + 2, Some(SECOND + 1), "h"));
        assert_eq!((last.id, last.cause), (5, Some(2)));
        assert_eq!(journal.take(of_node(3, Some(2), "g")).cause, Some(3));
        assert_eq!(journal.take(of_node(4, Some(9), "g")).cause, None, "was never told");
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
