//! One step of the machine: the moment, the outputs, and the story being told.

use crate::io::Output;
use api::{Event, EventId, EventKind, Level, Subject};
use base::{Instant, WallTime};

/// What outlives a step: the numbers already given out, and how the wall runs beside our clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    last_event: EventId,
    wall: WallTime,
    wall_read_at: Instant,
}

impl Journal {
    /// Notes what the wall clock says.
    pub(crate) fn set_wall(&mut self, now: Instant, wall: WallTime) {
        (self.wall, self.wall_read_at) = (wall, now);
    }
}

/// One step: everything that happens inside one `handle`.
pub(crate) struct Step<'a> {
    /// The moment.
    pub(crate) now: Instant,
    /// Where outputs go.
    pub(crate) out: &'a mut Vec<Output>,
    /// The story.
    pub(crate) journal: &'a mut Journal,
    /// The event that everything in this step follows from, unless said otherwise.
    pub(crate) cause: Option<EventId>,
}

impl Step<'_> {
    /// Tells an event, caused by [`cause`](Self::cause), and returns its number.
    pub(crate) fn tell(
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
            wall: self.journal.wall + self.now.since(self.journal.wall_read_at),
            level,
            kind,
            subject,
            text: text.into(),
        }));
        id
    }
}
