//! What was not let in: counted by reason, told at most once a minute for each.
//!
//! A flood must cost little: no text is made unless it is told.

use crate::step::Step;
use api::{EventKind, Level, Subject};
use base::Instant;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Between two events about one reason: two routers with different passwords would else fill the
/// log for ever (docs/ancestors/keepalived.md §8/5).
const TELL_INTERVAL: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    count: u64,
    told_count: u64,
    told_at: Option<Instant>,
}

/// Counters by reason. Reasons are words of the program, so that strangers can't add any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals(BTreeMap<&'static str, Tally>);

impl Refusals {
    /// The counts since start, by reason.
    pub(crate) fn counts(&self) -> Vec<(String, u64)> {
        self.0.iter().map(|(reason, tally)| ((*reason).to_owned(), tally.count)).collect()
    }

    /// Counts one more. `Some(how many since it was last told)` if it is to be told now.
    pub(crate) fn count(&mut self, now: Instant, reason: &'static str) -> Option<u64> {
        let tally = self.0.entry(reason).or_default();
        tally.count += 1;
        if tally.told_at.is_some_and(|at| now.since(at) < TELL_INTERVAL) {
            return None;
        }
        let number = tally.count - tally.told_count;
        (tally.told_at, tally.told_count) = (Some(now), tally.count);
        Some(number)
    }
}

/// Tells that `number` packets were refused, the last of them from `source`.
pub(crate) fn tell(
    step: &mut Step<'_>,
    subject: Subject,
    number: u64,
    source: IpAddr,
    why: impl std::fmt::Display,
) {
    let packets = if number == 1 { "advert" } else { "adverts" };
    let text = format!("{number} {packets} refused, the last from {source}: {why}");
    step.tell(Level::Warning, EventKind::PacketsRefused, subject, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_packets_a_second_are_told_once_a_minute() {
        let mut refusals = Refusals::default();
        let told: Vec<_> = (0..61_000)
            .filter_map(|millis| {
                refusals.count(Instant::ZERO + Duration::from_millis(millis), "checksum")
            })
            .collect();
        assert_eq!(told, [1, 60_000]);
        assert_eq!(refusals.counts(), [("checksum".to_owned(), 61_000)]);
    }
}
