//! The latest events in memory, packed: thousands of virtual routers tell thousands of events, and
//! each would else be four pieces of memory that live beside short-lived ones.

use api::{Event, EventId, EventKind, Level, Subject};
use base::{Instant, WallTime};
use std::collections::VecDeque;

/// Events in memory: a day of a busy cluster.
pub(crate) const KEPT: usize = 10_000;
/// Bytes of their sentences, which may be of any length.
const TEXT_MAX: usize = 2 << 20;
/// Events that are forgotten together, at most.
const TOGETHER: usize = 250;
/// And bytes of their sentences, with those of one event more.
const TEXT_TOGETHER: usize = 64 << 10;

/// Events of consecutive numbers, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    chunks: VecDeque<Chunk>,
    number: usize,
    text: usize,
}

/// Some of them, with all their words in one text.
#[derive(Debug)]
struct Chunk {
    first: EventId,
    events: Vec<Packed>,
    text: String,
}

/// An event without its number and words.
#[derive(Debug)]
struct Packed {
    cause: Option<EventId>,
    at: Instant,
    wall: WallTime,
    level: Level,
    kind: EventKind,
    about: About,
    /// Where its words end in the chunk's text: the subject's one or two, the sentence.
    ends: [u32; 3],
}

/// A subject without its words.
#[derive(Clone, Copy, Debug)]
enum About {
    Cluster,
    Node,
    Link,
    Group,
    Resource,
    Address,
    Router,
    SyncGroup,
    Tracker,
    VirtualServer,
    RealServer,
}

impl About {
    /// Of a subject, with its words.
    fn of(subject: &Subject) -> (Self, &str, &str) {
        match subject {
            Subject::Cluster => (Self::Cluster, "", ""),
            Subject::Node(name) => (Self::Node, name, ""),
            Subject::Link(node, link) => (Self::Link, node, link),
            Subject::Group(key) => (Self::Group, key, ""),
            Subject::Resource(name, group) => (Self::Resource, name, group),
            Subject::Address(address) => (Self::Address, address, ""),
            Subject::Router(name) => (Self::Router, name, ""),
            Subject::SyncGroup(name) => (Self::SyncGroup, name, ""),
            Subject::Tracker(name) => (Self::Tracker, name, ""),
            Subject::VirtualServer(name) => (Self::VirtualServer, name, ""),
            Subject::RealServer(of, name) => (Self::RealServer, of, name),
        }
    }

    fn subject(self, one: &str, other: &str) -> Subject {
        let one = one.to_owned();
        match self {
            Self::Cluster => Subject::Cluster,
            Self::Node => Subject::Node(one),
            Self::Link => Subject::Link(one, other.to_owned()),
            Self::Group => Subject::Group(one),
            Self::Resource => Subject::Resource(one, other.to_owned()),
            Self::Address => Subject::Address(one),
            Self::Router => Subject::Router(one),
            Self::SyncGroup => Subject::SyncGroup(one),
            Self::Tracker => Subject::Tracker(one),
            Self::VirtualServer => Subject::VirtualServer(one),
            Self::RealServer => Subject::RealServer(one, other.to_owned()),
        }
    }
}

impl Chunk {
    fn push(&mut self, event: &Event) {
        let (about, one, other) = About::of(&event.subject);
        let ends = [one, other, &event.text].map(|words| {
            self.text.push_str(words);
            // A chunk has a few hundred sentences.
            u32::try_from(self.text.len()).unwrap_or(u32::MAX)
        });
        self.events.push(Packed {
            cause: event.cause,
            at: event.at,
            wall: event.wall,
            level: event.level,
            kind: event.kind,
            about,
            ends,
        });
    }

    /// The event at a place of it.
    fn event(&self, place: usize) -> Option<Event> {
        let packed = self.events.get(place)?;
        let before = place.checked_sub(1).and_then(|place| self.events.get(place));
        let start = before.map_or(0, |before| before.ends[2]);
        let words = |from: u32, to: u32| self.text.get(from as usize..to as usize);
        let [one, other, sentence] = packed.ends;
        Some(Event {
            id: self.first + place as u64,
            cause: packed.cause,
            at: packed.at,
            wall: packed.wall,
            level: packed.level,
            kind: packed.kind,
            subject: packed.about.subject(words(start, one)?, words(one, other)?),
            text: words(other, sentence)?.to_owned(),
        })
    }

    fn is_full(&self) -> bool {
        self.events.len() >= TOGETHER || self.text.len() >= TEXT_TOGETHER
    }

    /// It has all that it will have: no room is kept for more.
    fn close(&mut self) {
        self.events.shrink_to_fit();
        self.text.shrink_to_fit();
    }
}

impl Kept {
    /// Adds the next event. The oldest go when there are too many. True when some went.
    pub(crate) fn push(&mut self, event: &Event) -> bool {
        if self.chunks.back().is_none_or(Chunk::is_full) {
            if let Some(full) = self.chunks.back_mut() {
                full.close();
            }
            self.chunks.push_back(Chunk { first: event.id, events: vec![], text: String::new() });
        }
        if let Some(last) = self.chunks.back_mut() {
            let before = last.text.len();
            last.push(event);
            self.text += last.text.len() - before;
            self.number += 1;
        }
        let mut some_went = false;
        while self.chunks.len() > 1
            && (self.number > KEPT || self.text > TEXT_MAX)
            && let Some(oldest) = self.chunks.pop_front()
        {
            self.number -= oldest.events.len();
            self.text -= oldest.text.len();
            some_went = true;
        }
        some_went
    }

    /// The number of the oldest.
    pub(crate) fn oldest(&self) -> EventId {
        self.chunks.front().map_or(0, |chunk| chunk.first)
    }

    /// Those after number `after`, oldest first.
    pub(crate) fn after(&self, after: EventId) -> Vec<Event> {
        let chunks = self.chunks.iter().filter(|c| c.first + c.events.len() as u64 > after + 1);
        let all = chunks.flat_map(|chunk| {
            let skipped = (after + 1).saturating_sub(chunk.first) as usize;
            (skipped..chunk.events.len()).filter_map(|place| chunk.event(place))
        });
        all.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: EventId, subject: Subject, text: &str) -> Event {
        Event {
            id,
            cause: id.checked_sub(1).filter(|cause| *cause > 0),
            at: Instant::from_nanos(id),
            wall: WallTime::from_millis(id),
            level: Level::Warning,
            kind: EventKind::Announced,
            subject,
            text: text.into(),
        }
    }

    #[test]
    fn every_event_comes_back_as_it_was() {
        let (one, two) = (|| "Knoten ä".to_owned(), || "zwei".to_owned());
        let subjects = [
            Subject::Cluster,
            Subject::Node(one()),
            Subject::Link(one(), two()),
            Subject::Group(one()),
            Subject::Resource(one(), two()),
            Subject::Address(one()),
            Subject::Router(one()),
            Subject::SyncGroup(one()),
            Subject::Tracker(one()),
            Subject::VirtualServer(one()),
            Subject::RealServer(one(), two()),
        ];
        let numbered = subjects.into_iter().zip(1..);
        let events: Vec<_> = numbered
            .map(|(subject, id)| event(id, subject, ["", "größer"][id as usize % 2]))
            .collect();
        let mut kept = Kept::default();
        for event in &events {
            kept.push(event);
        }
        assert_eq!(kept.after(0), events);
        assert_eq!(kept.after(9), events[9..]);
        assert_eq!(kept.after(99), []);
    }

    #[test]
    fn neither_many_events_nor_long_ones_take_more_than_their_bound() {
        let mut kept = Kept::default();
        for id in 1..=2 * KEPT as u64 {
            kept.push(&event(id, Subject::Cluster, "short"));
        }
        let all = kept.after(0);
        assert!(all.len() <= KEPT && all.len() > KEPT - TOGETHER, "{}", all.len());
        assert_eq!((all[0].id, all.last().map(|event| event.id)), (kept.oldest(), Some(20_000)));
        let long = "long ".repeat(1000);
        for id in 20_001..=22_000 {
            kept.push(&event(id, Subject::Cluster, &long));
        }
        let all = kept.after(0);
        let bytes: usize = all.iter().map(|event| event.text.len()).sum();
        assert!(bytes <= TEXT_MAX && all.len() > TOGETHER, "{bytes} bytes of {}", all.len());
    }
}
