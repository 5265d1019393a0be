//! What was not let in: counted by reason, told at most once a minute for each.
//!
//! A flood must cost little: no text is made unless it is told.

use crate::step::Step;
use api::vrrp::RefusedStatus;
use api::{EventKind, Level, Subject};
use base::Instant;
use std::net::IpAddr;
use std::time::Duration;

/// Between two events about one reason: two routers with different passwords would else fill the
/// log for ever (docs/ancestors/keepalived.md §8/5).
const TELL_INTERVAL: Duration = Duration::from_mins(1);

#[derive(Clone, Debug, Default)]
struct Tally {
    count: u64,
    told_count: u64,
    told_at: Option<Instant>,
    last: Option<(IpAddr, Instant)>,
    /// The reason as it was last told.
    why: String,
}

/// Counters by reason, sorted. Reasons are words of the program, so that strangers can't add any.
/// A short list: most of thousands of routers have one reason or none, and a tree would take room
/// for eleven.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals(Vec<(&'static str, Tally)>);

impl Refusals {
    /// The counts since start, by reason.
    pub(crate) fn counts(&self) -> Vec<RefusedStatus> {
        self.0
            .iter()
            .map(|(reason, tally)| RefusedStatus {
                reason: (*reason).to_owned(),
                count: tally.count,
                from: tally.last.map(|(source, _)| source),
                at: tally.last.map(|(_, at)| at),
                why: tally.why.clone(),
            })
            .collect()
    }

    /// Counts one more. `Some(how many since it was last told)` if it is to be told now.
    pub(crate) fn count(
        &mut self,
        now: Instant,
        reason: &'static str,
        source: IpAddr,
    ) -> Option<u64> {
        let place = match self.0.binary_search_by_key(&reason, |(known, _)| known) {
            Ok(place) => place,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (reason, Tally::default()));
                place
            }
        };
        let (_, tally) = &mut self.0[place];
        tally.count += 1;
        tally.last = Some((source, now));
        if tally.told_at.is_some_and(|at| now.since(at) < TELL_INTERVAL) {
            return None;
        }
        let number = tally.count - tally.told_count;
        (tally.told_at, tally.told_count) = (Some(now), tally.count);
        Some(number)
    }

    /// Notes in words what is being told.
    pub(crate) fn note(&mut self, reason: &'static str, why: impl std::fmt::Display) {
        if let Some((_, tally)) = self.0.iter_mut().find(|(known, _)| *known == reason) {
            tally.why = why.to_string();
        }
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
                let now = Instant::ZERO + Duration::from_millis(millis);
                refusals.count(now, "checksum", IpAddr::from([192, 0, 2, 7]))
            })
            .collect();
        assert_eq!(told, [1, 60_000]);
        let counted = refusals.counts();
        assert_eq!((counted.len(), counted[0].count), (1, 61_000));
        assert_eq!(counted[0].from, Some(IpAddr::from([192, 0, 2, 7])));
    }
}
