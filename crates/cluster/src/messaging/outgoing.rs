//! What we say: beats, messages of the layer above, and the fields that all have in common.

use super::node::same;
use super::refusals::shown;
use super::{Heard, Messaging, services};
use crate::config::{Config, Medium};
use crate::io::Output;
use crate::step::Step;
use api::{EventKind, Level, NodeKind, NodeState, Subject};
use base::Instant;
use std::sync::Arc;
use std::time::Duration;
use wire::heartbeat::{
    DATAGRAM_MAX, Format, Keys, MESSAGE_MAX, Message, Packing, Value, encode, pack,
};

/// What the dead time we advertise is longer by while we start (docs/ancestors/heartbeat.md §3.1).
const START_EXTRA: Duration = Duration::from_secs(2);

/// How long that lasts (docs/ancestors/heartbeat.md §3.1).
const START_EXTRA_FOR: Duration = Duration::from_secs(5);

/// Messages of ours that not every live node has acknowledged: at these numbers clients are
/// paused, it is told, and told louder (docs/ancestors/heartbeat.md §1.8).
const BACKLOG_STAGES: [u64; 3] = [250, 375, 450];

/// How far the acknowledgements of others lag behind what we sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// How many of [`BACKLOG_STAGES`] are reached.
    stage: usize,
}

/// True when authkeys has more than one key.
pub(super) fn many_keys(keys: &Keys) -> bool {
    (0..=u8::MAX).filter(|index| keys.get(*index).is_some()).take(2).count() > 1
}

impl Messaging {
    /// Sends a message of ours to the cluster: completes it, keeps it for those who miss it, and
    /// hands our own copy upward unless it is for another node alone.
    ///
    /// Too long a message is not sent, and told: no medium would carry it, and every peer would
    /// ask for it for ever (docs/ancestors/heartbeat.md §1.5).
    pub fn send(&mut self, step: &mut Step<'_>, message: Message, up: &mut Vec<Heard>) {
        let seq = self.history.highest() + 1;
        let message = self.complete(step, message, Some(seq));
        let packed =
            pack(message.clone(), packing(&self.config), self.config.format, &self.config.keys);
        let Some(size) = self.transmit(step, &packed) else { return };
        self.history.keep(packed, size);
        let now = step.now;
        let slowest = self.config.timing.max_rexmit_delay;
        if let Some(me) = self.nodes.iter_mut().find(|node| node.is_me) {
            me.tracker.take(seq, now, &mut self.dice, slowest);
        }
        if seq % services::ACK_EVERY == self.ack_trigger {
            let me = self.config.me.clone();
            self.acknowledge(step, me.as_str(), seq);
        }
        self.watch_window(step);
        let for_us = message.text("dest").is_none_or(|dest| same(&self.config.me, dest));
        if for_us {
            self.own_copy(step, message, up);
        }
    }

    fn own_copy(&mut self, step: &mut Step<'_>, message: Message, up: &mut Vec<Heard>) {
        if message.message_type() == Some("status")
            && let Some(me) = self.nodes.iter_mut().find(|node| node.is_me)
        {
            me.last_beat = Some(step.now);
            me.state = self.state;
        }
        let from = self.config.me.clone();
        self.administer(step, &from, &message);
        up.push(Heard::Message { from, message });
    }

    /// Sends a message that has no number: requests, refusals and acknowledgements.
    pub(super) fn send_unnumbered(&mut self, step: &mut Step<'_>, message: Message) {
        let message = self.complete(step, message, None);
        self.transmit(step, &message);
    }

    /// Adds the common fields in the order of docs/ancestors/heartbeat.md §1.4.
    fn complete(&self, step: &Step<'_>, mut message: Message, seq: Option<u64>) -> Message {
        let me = self.config.me.as_str();
        if let Some(uuid) = message.text("dest").and_then(|dest| self.uuid_of(dest)) {
            message.push("destuuid", Value::Binary(uuid.to_vec()));
        }
        // Whatever a client wrote there: nobody speaks for another node, or with another's
        // number.
        message.set("src", me);
        for field in ["srcuuid", "seq", "hg", "ts", "ld", "ttl", "auth"] {
            message.remove(field);
        }
        message.push("srcuuid", Value::Binary(self.uuid.to_vec()));
        if let Some(seq) = seq {
            message.push("seq", hex(seq));
        }
        message.push("hg", hex(self.generation.into()));
        message.push("ts", hex(time(step)));
        if seq.is_some() {
            message.push("ld", Value::Text(self.load.clone().into_bytes()));
        }
        message.with("ttl", self.time_to_live().to_string())
    }

    fn time_to_live(&self) -> u64 {
        let pinged: usize = self.config.links.iter().map(|link| pinged_hosts(&link.medium)).sum();
        let members = self.nodes.iter().filter(|node| node.kind == NodeKind::Normal).count();
        u64::from(self.config.hopfudge) + (members + pinged) as u64
    }

    fn uuid_of(&self, name: &str) -> Option<[u8; 16]> {
        let node = &self.nodes[self.find(name)?];
        if node.is_me { Some(self.uuid) } else { node.uuid }
    }

    /// Signs a complete message and puts it on every member link. Returns its length in bytes;
    /// `None` if it is too long for any.
    pub(super) fn transmit(&mut self, step: &mut Step<'_>, message: &Message) -> Option<usize> {
        let config = Arc::clone(&self.config);
        let sign =
            |form| -> Arc<[u8]> { encode(message, form, config.format, &config.keys).into() };
        let datagram = sign(self.datagram_format(message));
        let limit = if config.links.iter().any(|link| is_udp(&link.medium)) {
            DATAGRAM_MAX
        } else {
            MESSAGE_MAX
        };
        if datagram.len() > limit {
            let kind = shown(message.message_type().unwrap_or_default());
            let text = format!(
                "a message of type {kind} with {} bytes was not sent: {limit} is the most that fits",
                datagram.len()
            );
            step.tell(Level::Error, EventKind::Notice, Subject::Cluster, text);
            return None;
        }
        let mut line = None;
        for (at, link) in config.links.iter().enumerate() {
            let bytes = match link.medium {
                Medium::Ping { .. } => continue,
                Medium::Serial { .. } => line.get_or_insert_with(|| sign(Format::Classic)),
                _ => &datagram,
            };
            let link = super::node::link_id(at);
            step.out.push(Output::Send { link, bytes: Arc::clone(bytes) });
        }
        Some(datagram.len())
    }

    /// Everything on UDP is netstring, with one exception: while keys change, a real node checks
    /// netstring packets with its own active key instead of the one they name, and only the
    /// classic format with the right one (docs/ancestors/heartbeat.md §0/7).
    fn datagram_format(&self, message: &Message) -> Format {
        let plain = |value: &Value| matches!(value, Value::Text(_) | Value::Binary(_));
        if self.many_keys && message.fields().iter().all(|field| plain(&field.value)) {
            Format::Classic
        } else {
            Format::Netstring
        }
    }

    /// One beat: our status on the member links, a ping on the others.
    pub(super) fn beat(&mut self, step: &mut Step<'_>, up: &mut Vec<Heard>) {
        let mut status = Message::of_type("status")
            .with("st", self.state.word())
            .with("dt", format!("{:x}", self.advertised(step.now).as_millis()))
            .with("protocol", "1");
        for (name, value) in &self.status_fields {
            status.push(name, Value::Text(value.clone().into_bytes()));
        }
        self.send(step, status, up);
        self.ping(step);
    }

    pub(super) fn beat_if_due(&mut self, step: &mut Step<'_>, up: &mut Vec<Heard>) {
        let Some(due) = self.beat_at.filter(|due| *due <= step.now) else { return };
        let next = due + self.config.timing.keepalive;
        let missed = next <= step.now;
        self.beat_at = Some(if missed { step.now + self.config.timing.keepalive } else { next });
        self.beat(step, up);
    }

    /// Pings carry our generation and a number, which the echo brings back: an old echo proves
    /// nothing.
    fn ping(&mut self, step: &mut Step<'_>) {
        self.pings += 1;
        let config = Arc::clone(&self.config);
        for (at, link) in config.links.iter().enumerate() {
            let Medium::Ping { group, .. } = link.medium else { continue };
            let mut ping = Message::of_type("NS_st")
                .with("st", NodeState::Ping.word())
                .with("info", if group { "ping_group" } else { "ping" })
                .with("src", link.name.as_str());
            ping.push("ts", hex(time(step)));
            ping.push("hg", hex(self.generation.into()));
            ping.push("seq", hex(self.pings));
            let bytes = encode(&ping, Format::Netstring, config.format, &config.keys).into();
            step.out.push(Output::Send { link: super::node::link_id(at), bytes });
        }
    }

    /// The dead time we ask others to apply to us.
    fn advertised(&self, now: Instant) -> Duration {
        let starting = now.since(self.started_at) < START_EXTRA_FOR;
        let start = if starting { START_EXTRA } else { Duration::ZERO };
        let asked = self.extra.filter(|(_, until)| now < *until).map_or(Duration::ZERO, |(e, _)| e);
        self.config.timing.deadtime + start.max(asked)
    }

    /// Asks the others, from the next beat on and until `until`, to be so much more patient with
    /// us: something slow is ahead.
    pub fn advertise_deadtime_extra(&mut self, extra: Duration, until: Instant) {
        self.extra = Some((extra, until));
    }

    /// Fields of ours that each status carries from now on. A real node ignores them.
    pub fn set_status_fields(&mut self, fields: Vec<(String, String)>) {
        self.status_fields = fields;
    }

    /// Messages of ours that some live node has not acknowledged.
    pub(super) fn backlog(&self) -> u64 {
        let acked = |node: &super::Node| node.acked.max(node.acked_from);
        let slowest = self.nodes.iter().filter(|n| n.is_live_peer()).map(acked).min();
        slowest.map_or(0, |acked| self.history.highest().saturating_sub(acked))
    }

    /// Tells when acknowledgements begin to lag, and when they caught up.
    pub(super) fn watch_window(&mut self, step: &mut Step<'_>) {
        let backlog = self.backlog();
        let stage = BACKLOG_STAGES.iter().filter(|limit| backlog >= **limit).count();
        let before = std::mem::replace(&mut self.window.stage, stage);
        let (level, text) = match (before, stage) {
            (0, 1) => (
                Level::Warning,
                format!("{backlog} messages are not acknowledged: clients are paused"),
            ),
            (1.., 0) => (Level::Info, String::from("acknowledgements caught up: clients resume")),
            (old, new) if new > old => (
                if new == BACKLOG_STAGES.len() { Level::Error } else { Level::Warning },
                format!("{backlog} messages are not acknowledged: the history fills up"),
            ),
            _ => return,
        };
        step.tell(level, EventKind::Notice, Subject::Cluster, text);
    }

    /// False while so many messages are not acknowledged that local clients have to wait.
    pub fn clients_may_send(&self) -> bool {
        self.window.stage == 0
    }
}

/// The wall clock in seconds as `ts` has it; never zero, which a real node drops
/// (docs/ancestors/heartbeat.md §1.5).
fn time(step: &Step<'_>) -> u64 {
    step.journal.wall(step.now).as_secs().max(1)
}

fn packing(config: &Config) -> Packing {
    Packing {
        algorithm: config.compression,
        threshold: config.compression_threshold,
        traditional: config.traditional_compression,
    }
}

fn is_udp(medium: &Medium) -> bool {
    !matches!(medium, Medium::Ping { .. } | Medium::Serial { .. })
}

/// Pinged hosts count like nodes (docs/ancestors/heartbeat.md §4.3).
fn pinged_hosts(medium: &Medium) -> usize {
    if let Medium::Ping { hosts, .. } = medium { hosts.len() } else { 0 }
}

/// A number as the common fields have it.
fn hex(number: u64) -> Value {
    Value::Text(format!("{number:x}").into_bytes())
}
