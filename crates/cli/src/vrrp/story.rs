//! `handover why` for virtual routers and servers: from the packet, the link or the script's exit
//! code to the state, and what stands as it is now.

use super::{servers, status as screen};
use crate::clock::Clock;
use crate::console::Paint;
use crate::story::{narrate, trace};
use crate::suggest;
use api::lvs::{RealServerStatus, VirtualServerStatus};
use api::vrrp::{RouterState, RouterStatus, SyncGroupStatus, TrackerStatus, VrrpReport};
use api::{Event, EventKind, Subject};
use std::fmt::Write as _;

/// What `why` is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic<'a> {
    /// A virtual router.
    Router(&'a RouterStatus),
    /// A sync group.
    Group(&'a SyncGroupStatus),
    /// Something tracked.
    Tracker(&'a TrackerStatus),
    /// A virtual server.
    Server(&'a VirtualServerStatus),
    /// A real server of one.
    Real(&'a VirtualServerStatus, &'a RealServerStatus),
    /// What the configuration names and can't run.
    Disabled(&'a str),
}

/// Finds what `word` means: a router, group, tracker or server by its name, or whose address it is.
///
/// # Errors
/// The names there are.
pub fn topic<'a>(report: &'a VrrpReport, word: &str) -> Result<Topic<'a>, Vec<&'a str>> {
    let status = &report.status;
    let servers = || report.lvs.iter().flat_map(|lvs| &lvs.servers);
    let reals = || servers().flat_map(|server| server.real.iter().map(move |real| (server, real)));
    let address = |of: &str| of == word || of.split('/').next() == Some(word);
    let router = status.routers.iter().find(|router| router.name == word);
    let holder =
        || status.routers.iter().find(|router| router.addresses.iter().any(|held| address(held)));
    let found = router
        .map(Topic::Router)
        .or_else(|| status.groups.iter().find(|group| group.name == word).map(Topic::Group))
        .or_else(|| {
            let disabled = report.disabled.iter().find(|name| *name == word);
            disabled.map(|name| Topic::Disabled(name))
        })
        .or_else(|| {
            let tracker = status.trackers.iter().find(|tracker| tracker.name == word);
            tracker.map(Topic::Tracker)
        })
        .or_else(|| holder().map(Topic::Router))
        .or_else(|| servers().find(|server| is_called(&server.name, word)).map(Topic::Server))
        .or_else(|| {
            let real = reals().find(|(_, real)| is_called(&real.name, word));
            real.map(|(server, real)| Topic::Real(server, real))
        });
    found.ok_or_else(|| {
        let routers = status.routers.iter().map(|router| router.name.as_str());
        let groups = status.groups.iter().map(|group| group.name.as_str());
        let trackers = status.trackers.iter().map(|tracker| tracker.name.as_str());
        let disabled = report.disabled.iter().map(String::as_str);
        let virtuals = servers().map(|server| server.name.as_str());
        let reals = reals().map(|(_, real)| real.name.as_str());
        routers.chain(groups).chain(trackers).chain(disabled).chain(virtuals).chain(reals).collect()
    })
}

/// Whether a server's name, as keepalived writes it (`[10.0.0.1]:tcp:80`), is meant.
fn is_called(name: &str, word: &str) -> bool {
    let inner = name.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let port = |rest: &str| rest.rsplit(':').next().unwrap_or_default().to_owned();
    name == word
        || inner.is_some_and(|(address, rest)| {
            address == word || [address, ":", &port(rest)].concat() == word
        })
}

/// The sentence for a name that nothing has.
pub fn unknown(word: &str, known: &[&str]) -> String {
    /// Names listed; beyond them a list helps nobody.
    const LISTED: usize = 30;
    let hint = suggest::hint(word, known.iter().copied());
    let shown: Vec<&str> = known.iter().copied().take(LISTED).collect();
    let more = match known.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let there = if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") };
    format!("nothing here is called {word}{hint}; there are: {there}{more}")
}

/// The events of the story, oldest first: the chain of causes of the last state, and what happened
/// to the topic since the state before, which timers and adverts led on from.
pub fn walk<'a>(events: &'a [Event], topic: Topic<'_>) -> Vec<&'a Event> {
    let about = |subject: &Subject| about(subject, topic);
    let mut story = trace(events, None, &about, &decides);
    let states = |event: &&Event| about(&event.subject) && decides(event.kind);
    let mut last = events.iter().rev().filter(states);
    if let (Some(now), Some(before)) = (last.next(), last.next()) {
        let between = before.id..now.id;
        let led = events.iter().filter(|of| between.contains(&of.id) && about(&of.subject));
        story.extend(led);
    }
    story.sort_by_key(|event| event.id);
    story.dedup_by_key(|event| event.id);
    // Of a long wait the last steps matter.
    story.split_off(story.len().saturating_sub(STEPS_MAX))
}

/// So many steps of a story are told.
const STEPS_MAX: usize = 30;

const fn decides(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::RouterState | EventKind::Quorum | EventKind::RealServer | EventKind::Tracker
    )
}

fn about(subject: &Subject, topic: Topic<'_>) -> bool {
    match (subject, topic) {
        (Subject::Router(name), Topic::Router(router)) => *name == router.name,
        (Subject::SyncGroup(name), Topic::Group(group)) => *name == group.name,
        (Subject::Router(name), Topic::Group(group)) => group.members.contains(name),
        (Subject::Tracker(name), Topic::Tracker(tracker)) => *name == tracker.name,
        (Subject::VirtualServer(name), Topic::Server(server)) => *name == server.name,
        (Subject::RealServer(of, _), Topic::Server(server)) => *of == server.name,
        (Subject::RealServer(of, name), Topic::Real(server, real)) => {
            *of == server.name && *name == real.name
        }
        _ => false,
    }
}

/// The story as text.
pub fn tell(report: &VrrpReport, topic: Topic<'_>, clock: &Clock, colour: bool) -> String {
    let mut text = headline(report, topic, colour);
    if !matches!(topic, Topic::Disabled(_)) {
        narrate(&mut text, &walk(&report.events, topic), report.now, clock, colour);
    }
    text
}

fn headline(report: &VrrpReport, topic: Topic<'_>, colour: bool) -> String {
    let mut text = String::new();
    match topic {
        Topic::Router(router) => about_router(&mut text, report, router, colour),
        Topic::Group(group) => {
            let sentence = format!("sync group {} is {}", group.name, group.state.word());
            let _ = writeln!(text, "{}", Paint::Bold.on(colour, &sentence));
            faults(&mut text, &group.faults, colour);
            for name in &group.members {
                let member = report.status.routers.iter().find(|router| router.name == *name);
                let state = member.map_or("not running", |member| member.state.word());
                let _ = writeln!(text, "  {name} is {state}");
            }
        }
        Topic::Tracker(tracker) => {
            let (word, _) = screen::verdict(tracker);
            let sentence = format!("{} {}: {word}", tracker.kind, tracker.name);
            let _ = writeln!(text, "{}", Paint::Bold.on(colour, &sentence));
            if !tracker.said.is_empty() {
                let _ = writeln!(text, "  its last run: {}", tracker.said);
            }
            let effects = screen::effects(report, tracker);
            if !effects.is_empty() {
                let _ = writeln!(text, "  it does: {effects}");
            }
        }
        Topic::Server(server) => {
            for line in servers::lines(server, report.now, colour) {
                let _ = writeln!(text, "{line}");
            }
        }
        Topic::Real(server, real) => {
            let state = if real.up { "UP" } else { "DOWN" };
            let sentence = format!("{} of {} is {state}", real.name, server.name);
            let _ = writeln!(text, "{}", Paint::Bold.on(colour, &sentence));
            for checker in &real.checkers {
                let _ = writeln!(text, "  {}", servers::checker(checker, report.now));
            }
        }
        Topic::Disabled(name) => {
            let sentence = format!("{name} does not run");
            let _ = writeln!(text, "{}", Paint::Bold.on(colour, &sentence));
            text.push_str("  The configuration has an error there: handover check shows it.\n");
        }
    }
    text
}

fn about_router(text: &mut String, report: &VrrpReport, router: &RouterStatus, colour: bool) {
    let sentence = format!("{} is {}", router.name, router.state.word());
    let _ = writeln!(text, "{}", Paint::Bold.on(colour, &sentence));
    faults(text, &router.faults, colour);
    let _ = writeln!(text, "  {}", screen::priority(router));
    for line in screen::details(router, report.now) {
        let _ = writeln!(text, "  {line}");
    }
    for refused in &router.refused {
        let line = screen::refusal(refused, report.now);
        let _ = writeln!(text, "  {}", Paint::Warn.on(colour, &line));
    }
    if router.state == RouterState::Master && !router.refused.is_empty() {
        text.push_str("  A router whose adverts are refused may be master as well.\n");
    }
}

fn faults(text: &mut String, faults: &[String], colour: bool) {
    for fault in faults {
        let _ = writeln!(text, "  {}", Paint::Bad.on(colour, fault));
    }
}
