//! What we sent, kept for those who missed it.
//!
//! docs/ancestors/heartbeat.md §1.8: 500 slots, freed as far as every live node acknowledged.

use base::Instant;
use std::collections::VecDeque;
use std::time::Duration;
use wire::heartbeat::Message;

/// Messages kept (docs/ancestors/heartbeat.md §1.8).
const SLOTS: usize = 500;

/// Bytes kept, all messages together: 500 messages of the largest size would be 32 MB, and this
/// memory is locked. Beats take 300 bytes each.
const BYTES_MAX: usize = 2 << 20;

/// A message asked for again within this time of its last repetition is not repeated
/// (docs/ancestors/heartbeat.md §1.8).
pub(super) const REPEAT_INTERVAL: Duration = Duration::from_millis(240);

#[derive(Clone, Debug)]
struct Sent {
    message: Message,
    size: usize,
    repeated: Option<Instant>,
}

/// The answer to a request for one message.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Found<'a> {
    /// Send it again.
    Message(&'a Message),
    /// It was repeated a moment ago.
    JustRepeated,
    /// No longer kept.
    TooLow,
    /// Never sent.
    TooHigh,
}

/// The messages we sent lately, with consecutive numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    sent: VecDeque<Sent>,
    bytes: usize,
    highest: u64,
}

impl History {
    /// The number of the message sent last; 0 before the first.
    pub(super) fn highest(&self) -> u64 {
        self.highest
    }

    /// The lowest number still kept, or the next to be sent.
    fn lowest(&self) -> u64 {
        self.highest + 1 - self.sent.len() as u64
    }

    /// Keeps the message with the next number; `size` is its length in bytes on the wire.
    pub(super) fn keep(&mut self, message: Message, size: usize) {
        self.highest += 1;
        self.bytes += size;
        self.sent.push_back(Sent { message, size, repeated: None });
        while self.sent.len() > SLOTS || (self.bytes > BYTES_MAX && self.sent.len() > 1) {
            self.drop_lowest();
        }
    }

    /// Everybody has what we sent up to `seq`.
    pub(super) fn free(&mut self, seq: u64) {
        while !self.sent.is_empty() && self.lowest() <= seq {
            self.drop_lowest();
        }
    }

    fn drop_lowest(&mut self) {
        if let Some(gone) = self.sent.pop_front() {
            self.bytes -= gone.size;
        }
    }

    /// Looks up `seq` to send it again.
    pub(super) fn repeat(&mut self, seq: u64, now: Instant) -> Found<'_> {
        if seq > self.highest {
            return Found::TooHigh;
        }
        let Some(index) = seq.checked_sub(self.lowest()) else { return Found::TooLow };
        let Some(sent) = self.sent.get_mut(index as usize) else { return Found::TooLow };
        if sent.repeated.is_some_and(|at| now.since(at) < REPEAT_INTERVAL) {
            return Found::JustRepeated;
        }
        sent.repeated = Some(now);
        Found::Message(&sent.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u64, size: usize) -> History {
        let mut history = History::default();
        (0..count).for_each(|_| history.keep(Message::of_type("status"), size));
        history
    }

    #[test]
    fn five_hundred_messages_are_kept() {
        let mut history = filled(501, 300);
        assert_eq!(history.repeat(1, Instant::ZERO), Found::TooLow);
        assert!(matches!(history.repeat(2, Instant::ZERO), Found::Message(_)));
        assert!(matches!(history.repeat(501, Instant::ZERO), Found::Message(_)));
        assert_eq!(history.repeat(502, Instant::ZERO), Found::TooHigh);
        assert_eq!(history.repeat(0, Instant::ZERO), Found::TooLow);
    }

    #[test]
    fn large_messages_cannot_fill_the_memory() {
        assert!(filled(500, 65_000).bytes <= BYTES_MAX);
    }

    #[test]
    fn a_message_is_repeated_once_within_240_ms() {
        let mut history = filled(3, 300);
        let at = |millis| Instant::ZERO + Duration::from_millis(millis);
        assert!(matches!(history.repeat(2, at(0)), Found::Message(_)));
        assert_eq!(history.repeat(2, at(239)), Found::JustRepeated);
        assert!(matches!(history.repeat(2, at(240)), Found::Message(_)));
    }

    #[test]
    fn what_everybody_acknowledged_is_freed() {
        let mut history = filled(10, 300);
        history.free(7);
        assert_eq!(history.repeat(7, Instant::ZERO), Found::TooLow);
        assert!(matches!(history.repeat(8, Instant::ZERO), Found::Message(_)));
        history.free(u64::MAX);
        assert_eq!((history.bytes, history.lowest()), (0, 11));
    }
}
