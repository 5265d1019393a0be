//! `handover why`: from the packet, or the silence, to the script, with times.
//!
//! Every event carries the event that caused it. The story of a group or node is the walk from
//! the root of that chain to the last decisive event about it, with what was done for it on the
//! way (scripts, addresses, announcements).

use crate::clock::{Clock, span};
use crate::console::Paint;
use crate::suggest;
use api::Subject;
use api::{Event, EventKind, GroupState, GroupStatus, Level, NodeStatus, Placement, RoleStatus};
use base::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Longest chain of causes followed; a longer one can only be a loop in what a daemon sent.
const CHAIN_MAX: usize = 1_000;

/// What `why` is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic<'a> {
    /// A group.
    Group(&'a GroupStatus),
    /// A node or ping node.
    Node(&'a NodeStatus),
}

/// Finds what `word` means: a group's key, one of its resources, a script's name or an address in
/// it; else a node, without regard to case.
///
/// # Errors
/// A sentence that names what there is, when nothing is called so or several groups are.
pub fn topic<'a>(status: &'a RoleStatus, word: &str) -> Result<Topic<'a>, String> {
    let mut groups = status.groups.iter().filter(|group| concerns(group, word));
    if let Some(group) = groups.next() {
        return match groups.next() {
            Some(other) if group.key != word && other.key != word => Err(format!(
                "{word} is in more than one group; name one of: {}, {}",
                group.key, other.key
            )),
            Some(other) if other.key == word => Ok(Topic::Group(other)),
            _ => Ok(Topic::Group(group)),
        };
    }
    if let Some(node) = status.nodes.iter().find(|node| node.name.eq_ignore_ascii_case(word)) {
        return Ok(Topic::Node(node));
    }
    Err(unknown(word, &names(status)))
}

/// Everything `why` can be asked about.
pub(crate) fn names(status: &RoleStatus) -> Vec<&str> {
    let resources = status.groups.iter().flat_map(|group| &group.resources).map(String::as_str);
    resources.chain(status.nodes.iter().map(|node| node.name.as_str())).collect()
}

fn unknown(word: &str, known: &[&str]) -> String {
    format!(
        "no group, resource, address or node is called {word}{}; there are: {}",
        suggest::hint(word, known.iter().copied()),
        known.join(", ")
    )
}

/// Whether a group is meant by `word`.
fn concerns(group: &GroupStatus, word: &str) -> bool {
    group.key == word
        || group.resources.iter().any(|resource| {
            resource == word
                || resource.split("::").any(|part| part == word)
                || resource.split("::").any(|part| part.split('/').next() == Some(word))
        })
}

/// The events of the story, oldest first.
pub fn walk<'a>(events: &'a [Event], topic: Topic<'_>) -> Vec<&'a Event> {
    let noted = match topic {
        Topic::Group(group) => group.because,
        Topic::Node(_) => None,
    };
    trace(events, noted, &|subject| about(subject, topic), &decides)
}

/// The walk from the root of the causes to the last event that `decides` something `about` the
/// topic, with what followed for it on the way. `noted` is what the daemon says brought it there.
pub(crate) fn trace<'a>(
    events: &'a [Event],
    noted: Option<u64>,
    about: &dyn Fn(&Subject) -> bool,
    decides: &dyn Fn(EventKind) -> bool,
) -> Vec<&'a Event> {
    let by_id: BTreeMap<u64, &Event> = events.iter().map(|event| (event.id, event)).collect();
    let last = |wanted: &dyn Fn(&Event) -> bool| events.iter().rev().find(|event| wanted(event));
    let noted = noted.and_then(|id| by_id.get(&id).copied());
    let decided = last(&|event| about(&event.subject) && decides(event.kind));
    // The daemon notes what brought it here; what was decided later counts more.
    let latest = match (noted, decided) {
        (Some(noted), Some(decided)) => Some(if noted.id > decided.id { noted } else { decided }),
        (noted, decided) => noted.or(decided),
    };
    let Some(end) = latest.or_else(|| last(&|event| about(&event.subject))) else {
        return Vec::new();
    };
    let mut story = BTreeSet::new();
    let mut at = Some(end.id);
    while let Some(event) = at.and_then(|id| by_id.get(&id)).filter(|_| story.len() < CHAIN_MAX) {
        if !story.insert(event.id) {
            break;
        }
        at = event.cause;
    }
    // What was done for it on the way: consequences of the chain that are about the topic.
    for event in events.iter().filter(|event| about(&event.subject)) {
        if event.cause.is_some_and(|cause| story.contains(&cause)) {
            story.insert(event.id);
        }
    }
    story.iter().filter_map(|id| by_id.get(id).copied()).collect()
}

const fn decides(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::GroupStarted
            | EventKind::GroupStopped
            | EventKind::GroupFailed
            | EventKind::NodeStatus
            | EventKind::NodeDead
            | EventKind::NodeRestarted
            | EventKind::PartitionHealed
    )
}

fn about(subject: &Subject, topic: Topic<'_>) -> bool {
    match (subject, topic) {
        (Subject::Group(key) | Subject::Resource(_, key), Topic::Group(group)) => *key == group.key,
        (Subject::Address(address), Topic::Group(group)) => {
            concerns(group, address.split('/').next().unwrap_or(address))
        }
        (Subject::Node(name) | Subject::Link(name, _), Topic::Node(node)) => {
            name.eq_ignore_ascii_case(&node.name)
        }
        _ => false,
    }
}

/// The story as text.
pub fn tell(status: &RoleStatus, topic: Topic<'_>, clock: &Clock, colour: bool) -> String {
    let mut text = headline(status, topic, colour);
    narrate(&mut text, &walk(&status.events, topic), status.now, clock, colour);
    text
}

/// Adds the events of a story with their times, and how long nothing has happened since.
pub(crate) fn narrate(
    text: &mut String,
    story: &[&Event],
    now: Instant,
    clock: &Clock,
    colour: bool,
) {
    let Some(first) = story.first() else {
        text.push_str("No event about it is kept; it has been so since before the oldest one.\n");
        return;
    };
    if first.cause.is_some() {
        text.push_str("(earlier causes are no longer kept)\n");
    }
    for event in story {
        let after = event.at.since(first.at);
        let offset = format!("+{:.3} s", after.as_secs_f64());
        let sentence = match event.level {
            Level::Error | Level::Critical => Paint::Bad.on(colour, &event.text),
            Level::Warning => Paint::Warn.on(colour, &event.text),
            Level::Info | Level::Debug => event.text.clone(),
        };
        let _ = writeln!(text, "  {}  {offset:>10}  {sentence}", clock.time(event.wall));
    }
    let age = now.since(story.last().map_or(first.at, |event| event.at));
    let _ = writeln!(text, "Since then: nothing for {}.", span(age));
}

fn headline(status: &RoleStatus, topic: Topic<'_>, colour: bool) -> String {
    let sentence = match topic {
        Topic::Node(node) => {
            let me = if node.is_me { " (this node)" } else { "" };
            format!("{}{me} is {}", node.name, node.state.word())
        }
        Topic::Group(group) => format!("{} {}", group.key, place(status, group)),
    };
    let mut text = format!("{}\n", Paint::Bold.on(colour, &sentence));
    if let Topic::Group(group) = topic {
        if let GroupState::Failed { resource, reason } = &group.state {
            let failed = format!("{resource} failed here: {reason}");
            let _ = writeln!(text, "{}", Paint::Bad.on(colour, &failed));
        }
        for check in &group.failing_checks {
            let failing = format!("its check fails now: {check}");
            let _ = writeln!(text, "{}", Paint::Warn.on(colour, &failing));
        }
    }
    text
}

/// Where a group is, as the rest of a sentence that begins with its key.
pub fn place(status: &RoleStatus, group: &GroupStatus) -> String {
    let home = |node: &str| {
        if group.home.eq_ignore_ascii_case(node) {
            ", its home".to_owned()
        } else {
            format!(" (its home is {})", group.home)
        }
    };
    match &group.placement {
        Placement::Here => format!("runs here on {}{}", status.node, home(&status.node)),
        Placement::There(node) => format!("runs on {node}{}", home(node)),
        Placement::Nowhere => "runs nowhere".to_owned(),
        Placement::Moving => "is on its way".to_owned(),
        Placement::Both => "runs on more than one node".to_owned(),
    }
}
