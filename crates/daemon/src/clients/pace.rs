//! How fast clients may be, and how often it is told what they did wrong.

use base::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

/// A bucket of so many permissions, filled again at an even rate.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    burst: u32,
    /// When the bucket would be full again.
    full_at: Instant,
}

impl Pace {
    /// A full bucket: `burst` at once, then `per_second`.
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self { interval, burst, full_at: Instant::ZERO }
    }

    /// Takes so many permissions, and says how long to wait before using them.
    pub(super) fn take(&mut self, now: Instant, count: u32) -> Duration {
        self.full_at = self.full_at.max(now) + self.interval * count;
        self.full_at.since(now).saturating_sub(self.interval * self.burst)
    }

    /// True when nothing was taken lately.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

/// The same complaint is written no more often than this.
const TOLD_EVERY: Duration = Duration::from_mins(1);

/// Different complaints kept apart; more share the last one's place.
const KINDS_MAX: usize = 64;

/// What clients did wrong, each kind of it told at once and then once a minute.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    kinds: BTreeMap<(&'static str, u32), Told>,
}

#[derive(Debug)]
struct Told {
    at: Instant,
    untold: u64,
}

impl Complaints {
    /// Counts something that a program of this user did. `Some` is the sentence to write now.
    pub(super) fn count(
        &mut self,
        kind: &'static str,
        uid: u32,
        now: Instant,
        text: impl FnOnce() -> String,
    ) -> Option<String> {
        let full = self.kinds.len() >= KINDS_MAX && !self.kinds.contains_key(&(kind, uid));
        let key = if full { ("", u32::MAX) } else { (kind, uid) };
        let Some(told) = self.kinds.get_mut(&key) else {
            self.kinds.insert(key, Told { at: now, untold: 0 });
            return Some(text());
        };
        if now.since(told.at) < TOLD_EVERY {
            told.untold += 1;
            return None;
        }
        let before = std::mem::replace(told, Told { at: now, untold: 0 }).untold;
        let more = if before == 0 { String::new() } else { format!(" (and {before} before it)") };
        Some(text() + &more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_burst_is_free_and_what_follows_comes_at_the_rate() {
        let mut pace = Pace::new(10, 5);
        let waits: Vec<_> = (0..8).map(|_| pace.take(at(1000), 1).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 100, 200, 300]);
        assert_eq!(pace.take(at(10_000), 5), Duration::ZERO, "rested");
        assert!(!pace.is_full(at(10_400)) && pace.is_full(at(10_500)));
    }

    #[test]
    fn a_complaint_comes_once_a_minute_with_the_number_of_the_others() {
        let mut complaints = Complaints::default();
        let mut count = |uid, millis| complaints.count("k", uid, at(millis), || "text".into());
        assert_eq!(count(1, 0).as_deref(), Some("text"));
        assert_eq!(count(1, 10), None);
        assert_eq!(count(2, 20).as_deref(), Some("text"), "another user is another matter");
        assert_eq!(count(1, 59_000), None);
        assert_eq!(count(1, 61_000).as_deref(), Some("text (and 2 before it)"));
    }

    #[test]
    fn however_many_users_complain_memory_and_lines_stay_few() {
        let mut complaints = Complaints::default();
        let lines = (0..10_000)
            .filter(|uid| complaints.count("k", *uid, at(0), String::new).is_some())
            .count();
        assert_eq!(lines, KINDS_MAX + 1);
    }
}
