//! What the lines of a ha.cf mean together: timers that contradict each other, a missing node,
//! a cluster on one wire.

use super::reader::{REFUSED, REFUSED_EFFECT, Reader};
use super::{media, programs};
use crate::heartbeat::timing;
use base::{Severity, Span};
use cluster::config::AutoFailback;
use std::time::Duration;

/// Below this, nodes that boot slowly are declared dead by those that boot fast
/// (docs/ancestors/heartbeat.md §5.2, the ancestor's own warning).
const INITDEAD_SHORT: Duration = Duration::from_secs(10);

/// Looks at the whole file; `names` are the directives of all its lines.
pub(super) fn whole(reader: &mut Reader<'_>, names: &[&str]) {
    let media_named = names.iter().any(|name| {
        ["bcast", "udp", "mcast", "mcast6", "ucast", "ucast6"].contains(name)
            || ["serial", "ping", "ping6", "ping_group"].contains(name)
    });
    let refused_already = reader.found.iter().any(|found| found.severity == Severity::Error);
    media::require(reader, media_named && refused_already);
    members(reader);
    timers(reader);
    logging(reader, names);
    if reader.draft.crm == Some(true) {
        return;
    }
    failback(reader);
    let pings = reader.draft.links.iter().filter(|(link, _)| link.medium.is_ping()).count();
    let legacy = reader.draft.auto_failback.unwrap_or(AutoFailback::Legacy) == AutoFailback::Legacy;
    programs::ipfail_can_work(reader, legacy, pings);
    one_wire(reader, pings);
}

/// A place in the file for what a directive did, or the file as a whole.
fn place(reader: &Reader<'_>, name: &str) -> Span {
    reader.given.get(name).map_or(Span::default(), |given| given.span)
}

fn members(reader: &mut Reader<'_>) {
    let nodes = &reader.draft.nodes;
    if nodes.is_empty() {
        let message = "no node is configured";
        let found = reader.finding(Severity::Error, "no-nodes", Span::default(), message);
        let help = "add a line `node NAME` for every node, named as `uname -n` prints it there";
        return reader.add(found.effect(REFUSED_EFFECT).compat(REFUSED).help(help));
    }
    let me = reader.host.node_name;
    if !nodes.iter().any(|(node, _)| node.as_str().eq_ignore_ascii_case(me)) {
        let message = format!("this node, `{me}`, is not among the nodes of the file");
        let found = reader.finding(Severity::Error, "not-a-member", place(reader, "node"), message);
        let found = found.effect(REFUSED_EFFECT).compat(REFUSED);
        let help = format!(
            "add `node {me}`, or check the file for another node with `handover check --node NAME`"
        );
        return reader.add(found.help(help));
    }
    if let (3.., Some((_, span))) = (nodes.len(), nodes.last().cloned()) {
        let message = format!("{} nodes share the groups of haresources", nodes.len());
        let found = reader.finding(Severity::Warning, "more-than-two-nodes", span, message);
        let found = found.effect("takeover is decided between two nodes; the others only listen");
        reader.add(found.compat("Heartbeat 3.0.6 accepts it and may start a group on two nodes"));
    }
}

fn timers(reader: &mut Reader<'_>) {
    let timing = timing(&reader.draft);
    let twice = timing.keepalive.saturating_mul(2);
    let short = |reader: &mut Reader<'_>, name: &str, value: Duration, least: String| {
        let message = format!("`{name}` of {value:?} is too short");
        let found = reader.finding(Severity::Error, "timers", place(reader, name), message);
        let found = found.label(least).effect(REFUSED_EFFECT).compat(REFUSED);
        reader.add(found.help(format!("raise `{name}`, or lower what it is measured against")));
    };
    let more = format!("must be more than 2 x keepalive, {twice:?}");
    if timing.deadtime <= twice {
        short(reader, "deadtime", timing.deadtime, more.clone());
    }
    if reader.draft.deadping.is_some() && timing.deadping <= twice {
        short(reader, "deadping", timing.deadping, more);
    }
    if timing.initdead < timing.deadtime {
        let least = format!("must be at least deadtime, {:?}", timing.deadtime);
        short(reader, "initdead", timing.initdead, least);
    } else if reader.draft.initdead.is_some() && timing.initdead < INITDEAD_SHORT {
        let message = format!("`initdead` of {:?} may be too short", timing.initdead);
        let effect = "a node that boots faster than its switch port or its peer takes everything";
        let help = "60 seconds are usual";
        let span = place(reader, "initdead");
        reader.warn("initdead-short", span, message, effect, help);
    }
    if timing.warntime > timing.deadtime {
        let message = "`warntime` is longer than `deadtime`";
        let effect = "no beat is ever told to be late: the node is dead before";
        let span = place(reader, "warntime");
        reader.warn("timers", span, message, effect, "write half of deadtime or less");
    }
}

/// Where messages go when nothing is said (docs/ancestors/heartbeat.md §5.2).
fn logging(reader: &mut Reader<'_>, names: &[&str]) {
    let somewhere = ["logfile", "debugfile", "logfacility"].iter().any(|name| names.contains(name));
    if somewhere {
        return;
    }
    if reader.draft.use_logd == Some(false) {
        let message = "messages would go nowhere";
        let found = reader.finding(Severity::Error, "no-log", place(reader, "use_logd"), message);
        let help = "add `logfacility daemon`, or a logfile";
        reader.add(found.effect(REFUSED_EFFECT).compat(REFUSED).help(help));
    } else if reader.draft.use_logd.is_none() {
        let message = "no directive says where messages go";
        let found = reader.finding(Severity::Note, "no-log", Span::default(), message);
        let found = found.effect("they go to syslog, facility daemon");
        reader
            .add(found.compat("Heartbeat 3.0.6 tries its logging daemon and falls back to syslog"));
    }
}

fn failback(reader: &mut Reader<'_>) {
    if reader.draft.auto_failback.is_none() {
        let message = "`auto_failback` is not set";
        let found = reader.finding(Severity::Warning, "no-auto-failback", Span::default(), message);
        let found = found.effect("`legacy` is in force: groups return to their home node");
        let found = found.compat("the same in Heartbeat 3.0.6, whose hb_standby then does nothing");
        reader.add(found.help("say what you want: `auto_failback on` or `auto_failback off`"));
    }
}

/// One wire that breaks makes two masters, unless something else tells the nodes apart.
fn one_wire(reader: &mut Reader<'_>, pings: usize) {
    let wires: Vec<_> =
        reader.draft.links.iter().filter(|(link, _)| !link.medium.is_ping()).cloned().collect();
    let Some((first, span)) = wires.first().cloned() else { return };
    if wires.iter().any(|(link, _)| link.name != first.name) {
        return;
    }
    if pings == 0 && reader.draft.stonith.is_empty() && reader.draft.nodes.len() > 1 {
        let message = "all heartbeats go over one wire, and nothing else tells the nodes apart";
        let found = reader.finding(Severity::Warning, "one-medium", span, message);
        let found = found.label(format!("the only link, {}", first.name));
        let found = found.effect("when it breaks, both nodes run everything");
        reader.add(found.help("add a second link, `ping ROUTER` with ipfail, or `stonith_host`"));
    }
}
