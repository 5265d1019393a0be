//! `handover status` for virtual routers: each one's state, the sum its priority comes from, its
//! master, what it refuses; then groups and what is tracked.

use super::servers;
use crate::clock::{Clock, ago, span};
use crate::console::Paint;
use crate::status::{latest, warnings};
use api::vrrp::{RefusedStatus, RouterState, RouterStatus, TrackEffect, TrackerStatus, VrrpReport};
use base::Instant;
use std::fmt::Write as _;

/// The whole screen.
pub fn render(report: &VrrpReport, clock: &Clock, colour: bool) -> String {
    let mut text = String::new();
    warnings(&mut text, &report.warnings, colour);
    heading(&mut text, report, clock, colour);
    routers(&mut text, report, colour);
    groups(&mut text, report, colour);
    trackers(&mut text, report, colour);
    if let Some(lvs) = &report.lvs {
        servers::render(&mut text, lvs, report.now, colour);
    }
    strangers(&mut text, report);
    latest(&mut text, &report.events, clock, colour);
    text
}

fn heading(text: &mut String, report: &VrrpReport, clock: &Clock, colour: bool) {
    let routers = &report.status.routers;
    let count = |state| routers.iter().filter(|router| router.state == state).count();
    let states: Vec<String> =
        [RouterState::Master, RouterState::Backup, RouterState::Fault, RouterState::Init]
            .into_iter()
            .map(|state| (count(state), state))
            .filter(|(count, _)| *count > 0)
            .map(|(count, state)| format!("{count} {}", state.word()))
            .collect();
    let states = if states.is_empty() { String::new() } else { format!(": {}", states.join(", ")) };
    let plural = if routers.len() == 1 { "" } else { "s" };
    let _ = writeln!(
        text,
        "{}  handover {} as keepalived  {}  {} virtual router{plural}{states}",
        Paint::Bold.on(colour, &report.node),
        report.version,
        clock.date_time(report.wall),
        routers.len(),
    );
}

/// How a state is painted.
pub(crate) const fn paint(state: RouterState) -> Paint {
    match state {
        RouterState::Master => Paint::Good,
        RouterState::Backup => Paint::Bold,
        RouterState::Init => Paint::Warn,
        RouterState::Fault => Paint::Bad,
    }
}

fn routers(text: &mut String, report: &VrrpReport, colour: bool) {
    let all = &report.status.routers;
    if all.is_empty() && report.disabled.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", Paint::Bold.on(colour, "Virtual routers"));
    let names = all.iter().map(|router| &router.name);
    let width = names.chain(&report.disabled).map(String::len).max().unwrap_or(0);
    for router in all {
        let state = paint(router.state).on(colour, &format!("{:<6}", router.state.word()));
        let _ = writeln!(
            text,
            "  {:width$}  {state}  for {}; VRID {} on {}, version {}, {}",
            router.name,
            span(report.now.since(router.since)),
            router.vrid,
            router.interface.as_deref().unwrap_or("no interface"),
            router.version,
            priority(router),
        );
        for line in details(router, report.now) {
            let _ = writeln!(text, "      {line}");
        }
        for fault in &router.faults {
            let _ = writeln!(text, "      {}", Paint::Bad.on(colour, fault));
        }
        for refused in &router.refused {
            let line = refusal(refused, report.now);
            let _ = writeln!(text, "      {}", Paint::Warn.on(colour, &line));
        }
    }
    for name in &report.disabled {
        let state = Paint::Bad.on(colour, "DISABLED");
        let _ = writeln!(text, "  {name:width$}  {state} by an error in the configuration");
    }
}

/// The priority, and the sum it is.
pub(crate) fn priority(router: &RouterStatus) -> String {
    let mut parts = String::new();
    for track in router.tracks.iter().filter(|track| track.adds != 0) {
        let _ = write!(parts, ", {} {} {:+}", track.kind, track.name, track.adds);
    }
    if parts.is_empty() && router.effective_priority == router.base_priority {
        return format!("priority {}", router.effective_priority);
    }
    format!("priority {} (base {}{parts})", router.effective_priority, router.base_priority)
}

/// What else there is to say of a router, a line each.
pub(crate) fn details(router: &RouterStatus, now: Instant) -> Vec<String> {
    let mut lines = Vec::new();
    let addresses = router.addresses.join(", ");
    match router.state {
        RouterState::Master => {
            let announced = ago(now, router.last_announced);
            let holds = if addresses.is_empty() { "no address" } else { &addresses };
            lines.push(format!("holds {holds}; announced {announced}"));
        }
        RouterState::Backup => {
            let master = match (router.master, router.last_heard) {
                (Some(master), heard) => format!("master {master}, heard {}", ago(now, heard)),
                (None, _) => "no master is heard".to_owned(),
            };
            let waits = router.takes_over_at.map_or_else(String::new, |at| {
                format!("; takes over in {} without another advert", span(at.since(now)))
            });
            lines.push(format!("{master}{waits}"));
        }
        RouterState::Init | RouterState::Fault => {}
    }
    if let Some(group) = &router.group {
        lines.push(format!("in sync group {group}"));
    }
    lines
}

/// Packets that were refused, and from whom the last one came.
pub(crate) fn refusal(refused: &RefusedStatus, now: Instant) -> String {
    let last = refused.from.map_or_else(String::new, |from| {
        format!(", the last from {from} {}", ago(now, refused.at))
    });
    let why = if refused.why.is_empty() { &refused.reason } else { &refused.why };
    let adverts = if refused.count == 1 { "advert" } else { "adverts" };
    format!("{} {adverts} refused{last}: {why}", refused.count)
}

fn groups(text: &mut String, report: &VrrpReport, colour: bool) {
    if report.status.groups.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", Paint::Bold.on(colour, "Sync groups"));
    for group in &report.status.groups {
        let state = paint(group.state).on(colour, group.state.word());
        let _ = writeln!(text, "  {}  {state}  of {}", group.name, group.members.join(", "));
        for fault in &group.faults {
            let _ = writeln!(text, "      {}", Paint::Bad.on(colour, fault));
        }
    }
}

fn trackers(text: &mut String, report: &VrrpReport, colour: bool) {
    if report.status.trackers.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", Paint::Bold.on(colour, "Tracked"));
    for tracker in &report.status.trackers {
        let (word, paint) = verdict(tracker);
        let effects = effects(report, tracker);
        let effects = if effects.is_empty() { String::new() } else { format!("; {effects}") };
        let _ = writeln!(
            text,
            "  {} {}  {}{}{effects}",
            tracker.kind,
            tracker.name,
            paint.on(colour, &word),
            said(tracker),
        );
    }
}

/// What a tracker says, in a word.
pub(crate) fn verdict(tracker: &TrackerStatus) -> (String, Paint) {
    match (tracker.value, tracker.good) {
        (Some(number), _) => (format!("says {number}"), Paint::Bold),
        (None, Some(true)) => ("well".to_owned(), Paint::Good),
        (None, Some(false)) => ("NOT WELL".to_owned(), Paint::Bad),
        (None, None) => ("not known yet".to_owned(), Paint::Warn),
    }
}

fn said(tracker: &TrackerStatus) -> String {
    match (tracker.said.as_str(), tracker.running) {
        ("", false) => String::new(),
        ("", true) => ", runs right now".to_owned(),
        (said, false) => format!(", last: {said}"),
        (said, true) => format!(", last: {said}, runs right now"),
    }
}

/// What a tracker does to whom: `VI_1 -20, VI_2 FAULT`.
pub(crate) fn effects(report: &VrrpReport, tracker: &TrackerStatus) -> String {
    let of = |track: &&TrackEffect| track.kind == tracker.kind && track.name == tracker.name;
    let all: Vec<String> = report
        .status
        .routers
        .iter()
        .flat_map(|router| router.tracks.iter().filter(of).map(|track| (&router.name, track)))
        .map(|(name, track)| match (track.is_fault, track.adds) {
            (true, _) => format!("{name} FAULT"),
            (false, adds) => format!("{name} {adds:+}"),
        })
        .collect();
    all.join(", ")
}

fn strangers(text: &mut String, report: &VrrpReport) {
    if !report.status.refused.is_empty() {
        text.push_str("\nOf no virtual router here\n");
    }
    for refused in &report.status.refused {
        let _ = writeln!(text, "  {}", refusal(refused, report.now));
    }
}
