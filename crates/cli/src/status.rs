//! `handover status`: one screen, what needs attention first.

use crate::clock::{Clock, ago, span};
use crate::console::Paint;
use crate::story::place;
use api::{
    Event, GroupState, Level, LinkState, LinkStatus, NodeKind, NodeState, NodeStatus, RoleStatus,
};
use std::fmt::Write as _;

/// Events shown at the end; `handover events` has the rest.
const EVENTS_SHOWN: usize = 6;

/// Something an administrator should look at: a warning of at least this level makes
/// `status --strict` fail.
const ATTENTION: Level = Level::Warning;

/// Whether `status --strict` fails.
pub fn needs_attention(warnings: &[(Level, String)]) -> bool {
    warnings.iter().any(|(level, _)| *level >= ATTENTION)
}

/// The whole screen.
pub fn render(status: &RoleStatus, clock: &Clock, colour: bool) -> String {
    let mut text = String::new();
    warnings(&mut text, &status.warnings, colour);
    heading(&mut text, status, clock, colour);
    groups(&mut text, status, colour);
    nodes(&mut text, status, colour);
    footer(&mut text, status, clock, colour);
    text
}

/// What needs attention, a line each.
pub(crate) fn warnings(text: &mut String, all: &[(Level, String)], colour: bool) {
    for (level, sentence) in all {
        let (word, paint) = match level {
            Level::Critical => ("CRITICAL", Paint::Bad),
            Level::Error => ("ERROR", Paint::Bad),
            Level::Warning => ("warning", Paint::Warn),
            Level::Info | Level::Debug => ("note", Paint::Faint),
        };
        let _ = writeln!(text, "{} {sentence}", paint.on(colour, &format!("{word}:")));
    }
    if !all.is_empty() {
        text.push('\n');
    }
}

fn heading(text: &mut String, status: &RoleStatus, clock: &Clock, colour: bool) {
    let alive = members(status).filter(|node| node.state.is_alive()).count();
    let _ = writeln!(
        text,
        "{}  handover {}  {}  {alive} of {} nodes, {}",
        Paint::Bold.on(colour, &status.node),
        status.version,
        clock.date_time(status.wall),
        members(status).count(),
        if status.stable { "stable" } else { "resources on their way" },
    );
}

fn members(status: &RoleStatus) -> impl Iterator<Item = &NodeStatus> {
    status.nodes.iter().filter(|node| node.kind == NodeKind::Normal)
}

fn groups(text: &mut String, status: &RoleStatus, colour: bool) {
    let _ = writeln!(text, "\n{}", Paint::Bold.on(colour, "Groups"));
    if status.groups.is_empty() {
        text.push_str("  none in haresources\n");
    }
    for group in &status.groups {
        let (word, paint) = match &group.state {
            GroupState::Running => ("running", Paint::Good),
            GroupState::Starting => ("starting", Paint::Warn),
            GroupState::Stopping => ("stopping", Paint::Warn),
            GroupState::Failed { .. } => ("FAILED", Paint::Bad),
            GroupState::Stopped => ("stopped", Paint::Faint),
        };
        let _ = writeln!(
            text,
            "  {}  {}; here: {}",
            group.key,
            place(status, group),
            paint.on(colour, word)
        );
        for resource in group.resources.iter().filter(|resource| **resource != group.key) {
            let _ = writeln!(text, "      {resource}");
        }
        if let GroupState::Failed { resource, reason } = &group.state {
            let failed = format!("{resource}: {reason}");
            let _ = writeln!(text, "      {}", Paint::Bad.on(colour, &failed));
        }
        for check in &group.failing_checks {
            let failing = format!("check fails: {check}");
            let _ = writeln!(text, "      {}", Paint::Warn.on(colour, &failing));
        }
    }
}

fn nodes(text: &mut String, status: &RoleStatus, colour: bool) {
    let _ = writeln!(text, "\n{}", Paint::Bold.on(colour, "Nodes"));
    let width = status.nodes.iter().map(|node| node.name.len()).max().unwrap_or(0);
    for node in &status.nodes {
        let paint = match node.state {
            NodeState::Active | NodeState::Ping => Paint::Good,
            NodeState::Dead => Paint::Bad,
            NodeState::Unknown | NodeState::Init | NodeState::Up => Paint::Warn,
        };
        // Padded before it is painted: the escapes have no width on the screen.
        let state = paint.on(colour, &format!("{:<7}", node.state.word()));
        let _ = write!(text, "  {:width$}  {state}  {}", node.name, seen(status, node));
        if let Some(held) = node.holds {
            let _ = write!(text, ", holds {}", held.word());
        }
        if !node.is_me && node.kind == NodeKind::Normal && node.state.is_alive() {
            text.push_str(if node.is_handover { ", handover" } else { ", Heartbeat" });
        }
        text.push('\n');
        if node.config_differs {
            let differs = "its configuration differs from ours: compare ha.cf and haresources";
            let _ = writeln!(text, "      {}", Paint::Warn.on(colour, differs));
        }
        // Most media don't carry our own packets back to us: such a link says nothing.
        let telling = |link: &&LinkStatus| !node.is_me || link.last_heard.is_some();
        for link in node.links.iter().filter(telling) {
            let state = match link.state {
                LinkState::Up => Paint::Good.on(colour, "up"),
                LinkState::Dead => Paint::Bad.on(colour, "dead"),
            };
            let _ = writeln!(
                text,
                "      {} {state}, heard {}",
                link.name,
                ago(status.now, link.last_heard)
            );
        }
    }
}

fn seen(status: &RoleStatus, node: &NodeStatus) -> String {
    if node.is_me {
        return "this node".to_owned();
    }
    let what = match node.kind {
        NodeKind::Normal => "beat",
        NodeKind::Ping => "answer",
    };
    node.last_beat.map_or_else(
        || format!("no {what} yet"),
        |beat| format!("last {what} {} ago", span(status.now.since(beat))),
    )
}

fn footer(text: &mut String, status: &RoleStatus, clock: &Clock, colour: bool) {
    let _ = writeln!(text, "\nauto_failback {}", status.auto_failback);
    let refused: Vec<String> = status
        .refused
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    if !refused.is_empty() {
        let _ = writeln!(text, "packets refused since start: {}", refused.join(", "));
    }
    latest(text, &status.events, clock, colour);
}

/// The last few events.
pub(crate) fn latest(text: &mut String, events: &[Event], clock: &Clock, colour: bool) {
    let kept: Vec<_> = events.iter().filter(|event| event.level > Level::Debug).collect();
    if kept.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", Paint::Bold.on(colour, "Latest"));
    for event in kept.iter().skip(kept.len().saturating_sub(EVENTS_SHOWN)) {
        let _ = writeln!(text, "  {}  {}", clock.time(event.wall), event.text);
    }
}
