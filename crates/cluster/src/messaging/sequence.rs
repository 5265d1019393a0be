//! The order in which one node's messages were meant: what is new, what is a copy, what is lost.
//!
//! Every sequenced message of a node passes [`Tracker::take`]. The rules are those of
//! docs/ancestors/heartbeat.md §1.8; one is ours: a copy is worth no more than its original, so
//! a tracker remembers when each of the latest messages came first.

use base::{Dice, Instant};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// A gap up to this many messages is asked for again; a longer one is given up at once
/// (docs/ancestors/heartbeat.md §1.8, measured).
pub(super) const GAP_MAX: u64 = 250;

/// Messages waited for at one time. The sender keeps 500; older ones cannot be had.
const MISSING_MAX: usize = 500;

/// The latest messages whose first arrival is remembered. A medium that lags behind the others by
/// more than this carries nothing worth knowing.
const RECENT_MAX: usize = 64;

/// Copies of one message that may come: one for each further medium, and again for each time that
/// it is repeated for somebody. More are no accident.
const COPIES_MAX: u32 = 16;

/// Real nodes send their own packets slightly out of order in every standby; nothing is asked
/// for before this has passed (docs/ancestors/heartbeat.md §0/4).
const REORDER_WAIT: Duration = Duration::from_millis(50);

/// When a node is heard for the first time, or again after a silence, so many messages just before
/// the first one may still arrive: it may have overtaken them.
const OVERTAKEN_MAX: u64 = 8;

/// How long those are waited for; they are not asked for.
const OVERTAKEN_WITHIN: Duration = Duration::from_secs(1);

/// Between two requests for one message (docs/ancestors/heartbeat.md §1.8).
const REQUEST_INTERVAL: Duration = Duration::from_millis(250);

/// Requests sent to one node at one moment, so that a burst of losses does not become a burst of
/// requests.
const REQUESTS_AT_ONCE: usize = 50;

/// When more than [`REQUESTS_AT_ONCE`] are due, the others wait this long.
const REQUEST_PACE: Duration = Duration::from_millis(20);

/// After so many requests (10 s) a message is given up: the sender neither has it nor says so.
const REQUESTS_MAX: u32 = 40;

/// What a message's sequence number says about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// Newer than all before; `lost` messages between are missing.
    Fresh {
        /// How many.
        lost: u64,
    },
    /// Newer than all before, by more than [`GAP_MAX`]: what lies between is given up.
    Leap {
        /// How many.
        lost: u64,
    },
    /// One that was missing.
    Late,
    /// Seen before, first at that moment.
    Copy(Instant),
    /// Too old to be of use, or copied too often: a replay, or a medium that lags far behind.
    Stale,
}

/// What is due now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Requests {
    /// Ask for these.
    pub(super) ask: Vec<u64>,
    /// These are given up.
    pub(super) given_up: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Wanted {
    next: Instant,
    asked: u32,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    seq: u64,
    at: Instant,
    copies: u32,
}

/// The sequence of one node's messages within one generation.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracker {
    last: Option<u64>,
    recent: VecDeque<Arrival>,
    missing: BTreeMap<u64, Wanted>,
    overtaken: BTreeSet<u64>,
    overtaken_until: Instant,
    ack_due: Option<u64>,
}

impl Tracker {
    /// The highest number taken.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// Judges the message with number `seq` and accounts for it.
    pub(super) fn take(
        &mut self,
        seq: u64,
        now: Instant,
        dice: &mut Dice,
        slowest_request: Duration,
    ) -> Verdict {
        let Some(last) = self.last else {
            self.resume_at(seq, now);
            self.arrived(seq, now);
            self.last = Some(seq);
            return Verdict::Fresh { lost: 0 };
        };
        if seq > last {
            let lost = seq - last - 1;
            self.last = Some(seq);
            if lost > GAP_MAX {
                self.forget();
                self.arrived(seq, now);
                return Verdict::Leap { lost };
            }
            for gone in last + 1..seq {
                let wait = dice.between(REORDER_WAIT, slowest_request.max(REORDER_WAIT));
                self.missing.insert(gone, Wanted { next: now + wait, asked: 0 });
            }
            while self.missing.len() > MISSING_MAX {
                self.missing.pop_first();
            }
            self.arrived(seq, now);
            return Verdict::Fresh { lost };
        }
        if self.missing.remove(&seq).is_some() {
            self.arrived(seq, now);
            return Verdict::Late;
        }
        if self.overtaken.remove(&seq) && now <= self.overtaken_until {
            self.arrived(seq, now);
            return Verdict::Late;
        }
        match self.recent.iter_mut().rev().find(|arrival| arrival.seq == seq) {
            Some(arrival) if arrival.copies < COPIES_MAX => {
                arrival.copies += 1;
                Verdict::Copy(arrival.at)
            }
            _ => Verdict::Stale,
        }
    }

    /// When the message with that number came first, if it is one of the latest.
    pub(super) fn first_arrival(&self, seq: u64) -> Option<Instant> {
        self.recent.iter().rev().find(|arrival| arrival.seq == seq).map(|arrival| arrival.at)
    }

    fn arrived(&mut self, seq: u64, now: Instant) {
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Arrival { seq, at: now, copies: 0 });
    }

    /// Waits for nothing any more, and remembers no arrivals. The highest number stays, so that
    /// what was captured before still counts as old.
    pub(super) fn forget(&mut self) {
        self.missing.clear();
        self.overtaken.clear();
        self.recent.clear();
        self.ack_due = None;
    }

    /// The next message has that number, which may be any higher one: the sender was cut off from
    /// us for so long that what lies between is of no interest, except the very latest.
    pub(super) fn resume_at(&mut self, seq: u64, now: Instant) {
        let oldest = seq.saturating_sub(OVERTAKEN_MAX).max(self.last.map_or(1, |last| last + 1));
        self.forget();
        self.overtaken = (oldest..seq).collect();
        self.overtaken_until = now + OVERTAKEN_WITHIN;
        self.last = Some(seq.saturating_sub(1));
    }

    /// `seq` will never come; true if it was waited for.
    pub(super) fn give_up(&mut self, seq: u64) -> bool {
        self.missing.remove(&seq).is_some()
    }

    /// An acknowledgement up to `seq` is owed.
    pub(super) fn owe_ack(&mut self, seq: u64) {
        self.ack_due = self.ack_due.max(Some(seq));
    }

    /// The acknowledgement owed, unless something older is still missing: then it is held back
    /// (docs/ancestors/heartbeat.md §1.8).
    pub(super) fn ack(&mut self) -> Option<u64> {
        if self.missing.is_empty() { self.ack_due.take() } else { None }
    }

    /// Which messages are to be asked for at `now`, and which are given up.
    pub(super) fn due(&mut self, now: Instant) -> Requests {
        let mut requests = Requests::default();
        for (&seq, wanted) in self.missing.iter_mut().filter(|(_, wanted)| wanted.next <= now) {
            if requests.ask.len() == REQUESTS_AT_ONCE {
                wanted.next = now + REQUEST_PACE;
            } else if wanted.asked == REQUESTS_MAX {
                requests.given_up.push(seq);
            } else {
                wanted.asked += 1;
                wanted.next = now + REQUEST_INTERVAL;
                requests.ask.push(seq);
            }
        }
        for seq in &requests.given_up {
            self.missing.remove(seq);
        }
        requests
    }

    /// When [`due`](Self::due) has something next.
    pub(super) fn next_request(&self) -> Option<Instant> {
        self.missing.values().map(|wanted| wanted.next).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOWEST: Duration = Duration::from_millis(250);

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(millis)
    }

    fn take(tracker: &mut Tracker, seq: u64, millis: u64) -> Verdict {
        tracker.take(seq, at(millis), &mut Dice::new(seq), SLOWEST)
    }

    #[test]
    fn the_first_message_may_have_any_number() {
        assert_eq!(take(&mut Tracker::default(), 77, 0), Verdict::Fresh { lost: 0 });
    }

    #[test]
    fn what_the_first_message_overtook_is_taken_within_a_second_and_not_asked_for() {
        let mut tracker = Tracker::default();
        take(&mut tracker, 77, 0);
        assert_eq!(tracker.next_request(), None);
        assert_eq!(take(&mut tracker, 76, 1), Verdict::Late);
        assert_eq!(take(&mut tracker, 76, 1), Verdict::Copy(at(1)));
        assert_eq!(take(&mut tracker, 77 - OVERTAKEN_MAX - 1, 1), Verdict::Stale);
        assert_eq!(take(&mut tracker, 75, 1_001), Verdict::Stale);
    }

    #[test]
    fn a_message_that_overtook_another_is_not_asked_for_within_50_ms() {
        let mut tracker = Tracker::default();
        take(&mut tracker, 1, 0);
        assert_eq!(take(&mut tracker, 3, 0), Verdict::Fresh { lost: 1 });
        assert_eq!(tracker.due(at(49)), Requests::default());
        assert_eq!(take(&mut tracker, 2, 49), Verdict::Late);
        assert_eq!(tracker.next_request(), None);
    }

    #[test]
    fn a_missing_message_is_asked_for_every_250_ms_and_given_up_after_10_s() {
        let mut tracker = Tracker::default();
        take(&mut tracker, 1, 0);
        take(&mut tracker, 3, 0);
        let first = tracker.next_request().expect("2 is missing");
        assert!((at(50)..=at(250)).contains(&first));
        let mut asked = 0;
        while let Some(next) = tracker.next_request() {
            let requests = tracker.due(next);
            asked += requests.ask.len();
            if !requests.given_up.is_empty() {
                assert_eq!(requests.given_up, [2]);
            }
        }
        assert_eq!(asked, 40);
    }

    #[test]
    fn a_gap_of_251_is_not_asked_for() {
        let mut tracker = Tracker::default();
        take(&mut tracker, 1, 0);
        assert_eq!(take(&mut tracker, 252, 0), Verdict::Fresh { lost: 250 });
        let mut tracker = Tracker::default();
        take(&mut tracker, 1, 0);
        assert_eq!(take(&mut tracker, 253, 0), Verdict::Leap { lost: 251 });
        assert_eq!(tracker.next_request(), None);
    }

    #[test]
    fn a_copy_tells_when_its_original_came() {
        let mut tracker = Tracker::default();
        take(&mut tracker, 5, 10);
        take(&mut tracker, 6, 20);
        assert_eq!(take(&mut tracker, 5, 900), Verdict::Copy(at(10)));
        assert_eq!(take(&mut tracker, 4, 1_900), Verdict::Stale);
    }

    #[test]
    fn one_copy_too_many_is_a_replay() {
        let mut tracker = Tracker::default();
        take(&mut tracker, 5, 10);
        for _ in 0..COPIES_MAX {
            assert_eq!(take(&mut tracker, 5, 20), Verdict::Copy(at(10)));
        }
        assert_eq!(take(&mut tracker, 5, 20), Verdict::Stale);
    }

    #[test]
    fn an_acknowledgement_waits_until_the_gap_is_closed() {
        let mut tracker = Tracker::default();
        take(&mut tracker, 1, 0);
        take(&mut tracker, 3, 0);
        tracker.owe_ack(3);
        assert_eq!(tracker.ack(), None);
        take(&mut tracker, 2, 1);
        assert_eq!(tracker.ack(), Some(3));
        assert_eq!(tracker.ack(), None);
    }

    #[test]
    fn what_is_waited_for_has_a_bound_whatever_a_liar_sends() {
        let mut tracker = Tracker::default();
        take(&mut tracker, 1, 0);
        for step in 1..100 {
            take(&mut tracker, 1 + step * 251, 0);
        }
        assert!(tracker.missing.len() <= MISSING_MAX);
        assert_eq!(take(&mut tracker, u64::MAX, 0), Verdict::Leap { lost: u64::MAX - 24_850 - 1 });
        assert_eq!(take(&mut tracker, 24_850, 0), Verdict::Stale);
    }

    #[test]
    fn at_most_50_requests_leave_at_one_moment() {
        let mut tracker = Tracker::default();
        take(&mut tracker, 1, 0);
        take(&mut tracker, 202, 0);
        assert_eq!(tracker.due(at(1000)).ask.len(), 50);
        assert_eq!(tracker.due(at(1000)).ask.len(), 0);
        assert_eq!(tracker.due(at(1020)).ask.len(), 50);
    }
}
