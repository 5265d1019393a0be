//! One step of the machine: the moment, the outputs, and the story being told.

use crate::io::{Action, Output};
use api::{Event, EventId, EventKind, Level, Subject};
use base::{Instant, OpId, WallTime};
use std::collections::BTreeMap;

/// What outlives a step: the numbers already given out, and how the wall runs beside our clock.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    last_event: EventId,
    last_op: u64,
    wall: WallTime,
    wall_read_at: Instant,
}

impl Journal {
    /// Notes what the wall clock says.
    pub fn set_wall(&mut self, now: Instant, wall: WallTime) {
        (self.wall, self.wall_read_at) = (wall, now);
    }

    /// The wall time of `now`.
    pub fn wall(&self, now: Instant) -> WallTime {
        self.wall + now.since(self.wall_read_at)
    }
}

/// One step: everything that happens inside one `handle`.
pub struct Step<'a> {
    /// The moment.
    pub now: Instant,
    /// Where outputs go.
    pub out: &'a mut Vec<Output>,
    /// The story.
    pub journal: &'a mut Journal,
    /// The event that everything in this step follows from, unless said otherwise.
    pub cause: Option<EventId>,
}

impl Step<'_> {
    /// Tells an event, caused by [`cause`](Self::cause), and returns its number.
    pub fn tell(
        &mut self,
        level: Level,
        kind: EventKind,
        subject: Subject,
        text: impl Into<String>,
    ) -> EventId {
        self.journal.last_event += 1;
        let id = self.journal.last_event;
        self.out.push(Output::Event(Event {
            id,
            cause: self.cause,
            at: self.now,
            wall: self.journal.wall(self.now),
            level,
            kind,
            subject,
            text: text.into(),
        }));
        id
    }

    /// Starts an operation and returns its number.
    pub fn run(&mut self, action: Action, environment: BTreeMap<String, String>) -> OpId {
        self.journal.last_op += 1;
        let op = OpId(self.journal.last_op);
        self.out.push(Output::Run { op, action, environment });
        op
    }
}
