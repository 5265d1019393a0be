//! What was not let in: counted by reason, told at most once a minute for each.
//!
//! A flood must cost little: no text is made unless it is told.

use crate::step::Step;
use api::{EventKind, Level, Subject};
use base::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

/// Between two events about one reason. A neighbour cluster with another key on the same port
/// would fill the log for ever (docs/ancestors/heartbeat.md §1.3).
const TELL_INTERVAL: Duration = Duration::from_mins(1);

/// Characters of a text from the network that are shown.
const SHOWN_MAX: usize = 100;

/// Authenticated, but without one of the fields every message has.
pub(super) const INCOMPLETE: &str = "incomplete";
/// From a node that is not configured here.
pub(super) const UNKNOWN_NODE: &str = "unknown_node";
/// Of an earlier generation of its node.
pub(super) const OLD_GENERATION: &str = "old_generation";
/// With a sequence number, or a time, that its node has left behind.
pub(super) const OLD_SEQUENCE: &str = "old_sequence";
/// With our own name, and not ours.
pub(super) const OUR_NAME: &str = "our_name";
/// On a link where its sender doesn't speak: a member's on a ping link, or the other way round.
pub(super) const WRONG_LINK: &str = "wrong_link";
/// An answer to a ping that we didn't send, or sent too long ago.
pub(super) const OLD_PING: &str = "old_ping";
/// Acknowledges or requests what was never sent.
pub(super) const BAD_NUMBER: &str = "bad_number";
/// Asks for a message that we no longer keep.
pub(super) const NO_LONGER_KEPT: &str = "no_longer_kept";
/// Would add more nodes than a cluster may have.
pub(super) const TOO_MANY_NODES: &str = "too_many_nodes";

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    count: u64,
    told_count: u64,
    told_at: Option<Instant>,
}

/// Counters by reason.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals(BTreeMap<&'static str, Tally>);

impl Refusals {
    /// The counts since start, by reason.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(reason, tally)| (*reason, tally.count))
    }

    /// Counts one packet from `from`, and tells it if that is due. `why` makes the words.
    pub(super) fn count<W: ToString>(
        &mut self,
        step: &mut Step<'_>,
        reason: &'static str,
        from: &str,
        why: impl FnOnce() -> W,
    ) {
        let tally = self.0.entry(reason).or_default();
        tally.count += 1;
        if tally.told_at.is_some_and(|at| step.now.since(at) < TELL_INTERVAL) {
            return;
        }
        let number = tally.count - tally.told_count;
        (tally.told_at, tally.told_count) = (Some(step.now), tally.count);
        let packets = if number == 1 { "packet" } else { "packets" };
        let (from, why) = (shown(from), why().to_string());
        let text = format!("{number} {packets} refused, the last from {from}: {why}");
        step.tell(Level::Warning, EventKind::PacketsRefused, Subject::Cluster, text);
    }
}

/// A text from the network as it may stand in a log line: short, and without control characters.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_MAX).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::Output;
    use api::Journal;

    #[test]
    fn ten_thousand_packets_a_second_are_told_once_a_minute() {
        let (mut out, mut journal, mut refusals) =
            (vec![], Journal::default(), Refusals::default());
        for millis in 0..61_000 {
            let now = Instant::ZERO + Duration::from_millis(millis);
            let mut step = Step { now, out: &mut out, journal: &mut journal, cause: None };
            refusals.count(&mut step, "bad_digest", "192.0.2.9", || "wrong key");
        }
        let texts: Vec<_> = out
            .iter()
            .filter_map(|o| if let Output::Event(e) = o { Some(e.text.as_str()) } else { None })
            .collect();
        assert_eq!(
            texts,
            [
                "1 packet refused, the last from 192.0.2.9: wrong key",
                "60000 packets refused, the last from 192.0.2.9: wrong key"
            ]
        );
        assert_eq!(refusals.counts().collect::<Vec<_>>(), [("bad_digest", 61_000)]);
    }

    #[test]
    fn control_characters_of_strangers_do_not_reach_the_log() {
        assert_eq!(shown("a\x1b[2Jb\n"), "a?[2Jb?");
        assert_eq!(shown(&"x".repeat(1000)).len(), SHOWN_MAX);
    }
}
