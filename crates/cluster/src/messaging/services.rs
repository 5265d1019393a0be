//! Messages without a number, which keep the others whole: acknowledgements, requests for lost
//! messages, and refusals of those (docs/ancestors/heartbeat.md §1.8).
//!
//! The ancestor does not protect these against replay. Here they count only while they are not
//! older, by their sender's own clock, than what it said since; and none of them is a sign of
//! life.

use super::history::{Found, REPEAT_INTERVAL};
use super::refusals;
use super::{Messaging, node};
use crate::step::Step;
use api::{EventKind, Level, NodeState, Subject};
use std::ops::RangeInclusive;
use wire::heartbeat::Message;

/// One message in so many is acknowledged.
pub(super) const ACK_EVERY: u64 = 10;

/// Messages repeated for one request.
const REPEAT_MAX: u64 = 50;

/// Seconds that such a message may seem older than a beat of the same sender: `ts` has whole
/// seconds, and packets overtake each other.
const TS_SLACK: u64 = 2;

impl Messaging {
    /// Takes an unnumbered message of the member at `index`.
    pub(super) fn service(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        message: &Message,
        generation: u64,
        from: &str,
    ) {
        let node = &self.nodes[index];
        let known = node.generation.is_some() && node.state != NodeState::Dead;
        if !known || node.generation < Some(generation) {
            // Its next status will introduce it.
            return;
        }
        if node.generation > Some(generation) {
            let name = node.name.clone();
            return self.refusals.count(step, refusals::OLD_GENERATION, from, || {
                format!("a message of {name} from before its restart")
            });
        }
        let patience = self.config.timing.keepalive.as_secs() + TS_SLACK;
        if message.hex("ts").is_none_or(|ts| ts.saturating_add(patience) < node.said_at) {
            let name = node.name.clone();
            return self.refusals.count(step, refusals::OLD_SEQUENCE, from, || {
                format!("an old message of {name}, replayed")
            });
        }
        if !message.text("dest").is_some_and(|dest| node::same(&self.config.me, dest)) {
            return;
        }
        match message.message_type() {
            Some("NS_ackmsg") => self.acknowledged(step, index, message, from),
            Some("NS_rexmit") => self.repeat(step, index, message, from),
            Some("NS_nak_rexmit") => self.irretrievable(step, index, message),
            _ => {}
        }
    }

    fn acknowledged(&mut self, step: &mut Step<'_>, index: usize, message: &Message, from: &str) {
        let sent = self.history.highest();
        let Some(seq) = message.hex("ackseq").filter(|seq| *seq <= sent) else {
            return self.refuse_number(step, index, from);
        };
        let node = &mut self.nodes[index];
        node.acked = node.acked.max(seq);
        let everybody = self.nodes.iter().filter(|n| n.is_live_peer()).map(|n| n.acked).min();
        self.history.free(everybody.unwrap_or(0));
        self.watch_window(step);
    }

    fn refuse_number(&mut self, step: &mut Step<'_>, index: usize, from: &str) {
        let name = self.nodes[index].name.clone();
        self.refusals.count(step, refusals::BAD_NUMBER, from, || {
            format!("{name} acknowledges or asks for a message that was never sent")
        });
    }

    fn repeat(&mut self, step: &mut Step<'_>, index: usize, message: &Message, from: &str) {
        let Some(asked) = requested(message) else {
            return self.refuse_number(step, index, from);
        };
        let acked = self.nodes[index].acked;
        for seq in asked {
            if seq <= acked {
                continue;
            }
            match self.history.repeat(seq, step.now) {
                Found::Message(message) => {
                    let message = message.clone();
                    self.transmit(step, &message);
                }
                Found::JustRepeated => {}
                Found::TooHigh => return self.refuse_number(step, index, from),
                Found::TooLow => self.refuse_request(step, index, seq, from),
            }
        }
    }

    /// Says that a message is no longer kept: no more often than messages are repeated, so that a
    /// request replayed again and again is not answered by a flood.
    fn refuse_request(&mut self, step: &mut Step<'_>, index: usize, seq: u64, from: &str) {
        let node = &mut self.nodes[index];
        if step.now.since(node.naks.0) >= REPEAT_INTERVAL {
            node.naks = (step.now, 0);
        }
        node.naks.1 += 1;
        let (name, is_many) = (node.name.clone(), node.naks.1 > REPEAT_MAX);
        if is_many {
            return;
        }
        let refusal = Message::of_type("NS_nak_rexmit")
            .with("firstseq", format!("{seq:x}"))
            .with("dest", name.as_str())
            .with("info", "seqno too low");
        self.send_unnumbered(step, refusal);
        self.refusals.count(step, refusals::NO_LONGER_KEPT, from, || {
            format!("{name} asks for our message {seq}, which is no longer kept")
        });
    }

    fn irretrievable(&mut self, step: &mut Step<'_>, index: usize, message: &Message) {
        let node = &mut self.nodes[index];
        let Some(seq) = message.hex("firstseq").filter(|seq| node.tracker.give_up(*seq)) else {
            return;
        };
        self.tell_lost(step, index, seq);
        self.settle_ack(step, index);
    }

    fn tell_lost(&self, step: &mut Step<'_>, index: usize, seq: u64) {
        let name = self.nodes[index].name.as_str();
        let text = format!("{name}: its message {seq} is lost for good");
        let subject = Subject::Node(name.to_owned());
        step.tell(Level::Warning, EventKind::PacketsLost, subject, text);
    }

    /// Asks every node that takes part for what is missing and due.
    pub(super) fn request_missing(&mut self, step: &mut Step<'_>) {
        for index in 0..self.nodes.len() {
            let node = &mut self.nodes[index];
            if !node.can_be_asked() {
                continue;
            }
            let requests = node.tracker.due(step.now);
            let name = node.name.clone();
            for seq in requests.ask {
                let request = Message::of_type("NS_rexmit")
                    .with("dest", name.as_str())
                    .with("firstseq", seq.to_string())
                    .with("lastseq", seq.to_string());
                self.send_unnumbered(step, request);
            }
            for seq in &requests.given_up {
                self.tell_lost(step, index, *seq);
            }
            if !requests.given_up.is_empty() {
                self.settle_ack(step, index);
            }
        }
    }

    /// Sends the acknowledgement owed to that node, unless it must wait.
    pub(super) fn settle_ack(&mut self, step: &mut Step<'_>, index: usize) {
        let node = &mut self.nodes[index];
        if let Some(seq) = node.tracker.ack() {
            let name = node.name.clone();
            self.acknowledge(step, name.as_str(), seq);
        }
    }

    pub(super) fn acknowledge(&mut self, step: &mut Step<'_>, dest: &str, seq: u64) {
        let ack =
            Message::of_type("NS_ackmsg").with("dest", dest).with("ackseq", format!("{seq:x}"));
        self.send_unnumbered(step, ack);
    }
}

/// The numbers a request names, in decimal; never more than [`REPEAT_MAX`].
fn requested(message: &Message) -> Option<RangeInclusive<u64>> {
    let number = |name| message.decimal(name).and_then(|n| u64::try_from(n).ok());
    let first = number("firstseq").filter(|first| *first > 0)?;
    let last = number("lastseq").filter(|last| *last >= first)?;
    Some(first..=last.min(first.saturating_add(REPEAT_MAX - 1)))
}
