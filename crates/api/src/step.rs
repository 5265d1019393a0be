//! One step of a machine that tells events: the moment, the outputs, and the story being told.

use crate::{Event, EventId, EventKind, Level, Subject};
use base::{Instant, OpId, WallTime};

/// What outlives a step: the numbers already given out, and how the wall runs beside our clock.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    last_event: EventId,
    last_operation: u64,
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

    /// A number for an operation, never given before.
    pub fn next_operation(&mut self) -> OpId {
        self.last_operation += 1;
        OpId(self.last_operation)
    }
}

/// One step: everything that happens while a machine takes one input in. `O` is what it puts out.
#[derive(Debug)]
pub struct Step<'a, O> {
    /// The moment.
    pub now: Instant,
    /// Where outputs go.
    pub out: &'a mut Vec<O>,
    /// The story.
    pub journal: &'a mut Journal,
    /// The event that everything in this step follows from, unless said otherwise.
    pub cause: Option<EventId>,
}

impl<O: From<Event>> Step<'_, O> {
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
        let event = Event {
            id,
            cause: self.cause,
            at: self.now,
            wall: self.wall(),
            level,
            kind,
            subject,
            text: text.into(),
        };
        self.out.push(event.into());
        id
    }

    /// The wall clock of this step.
    pub fn wall(&self) -> WallTime {
        self.journal.wall(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn events_are_numbered_across_steps_and_dated_by_the_wall_that_was_told() {
        let (mut out, mut journal) = (Vec::<Event>::new(), Journal::default());
        journal.set_wall(Instant::ZERO, WallTime::from_millis(1_000));
        let mut cause = None;
        for millis in [5, 7] {
            let now = Instant::ZERO + Duration::from_millis(millis);
            let mut step = Step { now, out: &mut out, journal: &mut journal, cause };
            cause = Some(step.tell(Level::Info, EventKind::Started, Subject::Cluster, "it began"));
        }
        let told: Vec<_> = out.iter().map(|e| (e.id, e.cause, e.wall.as_millis())).collect();
        assert_eq!(told, [(1, None, 1_005), (2, Some(1), 1_007)]);
    }

    #[test]
    fn no_operation_has_the_number_of_another() {
        let mut journal = Journal::default();
        assert_ne!(journal.next_operation(), journal.next_operation());
    }
}
