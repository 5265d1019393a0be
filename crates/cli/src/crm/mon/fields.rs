//! What several forms of the status say in the same words.

use super::Shown;
use cib::value::boolean;
use cib::xml::{Document, Node};
use scheduler::view::{Ban, Failure, NodeView, Operation, ResourceHistory, ResourceView};
use std::fmt::Write as _;

/// The feature set of a node that told none.
const OLDEST_FEATURES: &str = "<3.15.1";

/// Who last changed the information base, and when.
pub(super) struct Change<'d> {
    pub(super) time: &'d str,
    pub(super) user: &'d str,
    pub(super) client: &'d str,
    pub(super) origin: &'d str,
}

/// A ticket's state.
pub(super) struct Ticket<'d> {
    pub(super) id: &'d str,
    pub(super) granted: bool,
    pub(super) standby: bool,
    pub(super) last_granted: Option<String>,
}

/// The members of a tag; of no tag, the name itself.
pub(super) fn tagged<'d>(document: &'d Document, name: &'d str) -> Vec<&'d str> {
    let configuration = document.root().child("configuration");
    let tags = configuration.and_then(|part| part.child("tags"));
    let mut tags = tags.into_iter().flat_map(|all| all.children_named("tag"));
    match tags.find(|tag| tag.get("id") == Some(name)) {
        Some(tag) => tag.children_named("obj_ref").filter_map(|member| member.get("id")).collect(),
        None => vec![name],
    }
}

impl<'a> Shown<'a> {
    /// The stack the cluster runs on.
    pub(super) fn stack(&self) -> &str {
        self.view.option("cluster-infrastructure").unwrap_or("unknown")
    }

    /// The version the designated controller is of.
    pub(super) fn version(&self) -> &str {
        self.view.option("dc-version").unwrap_or("unknown")
    }

    /// The designated controller.
    pub(super) fn controller(&self) -> Option<(&str, &str)> {
        self.view.controller.as_ref().map(|(name, id)| (name.as_str(), id.as_str()))
    }

    /// An option that is on or off.
    pub(super) fn yes(&self, name: &str, default: bool) -> bool {
        self.view.option(name).and_then(boolean).unwrap_or(default)
    }

    /// The last change, as far as it is known.
    pub(super) fn change(&self) -> Change<'a> {
        let root = self.document.root();
        let text = |name| root.get(name).unwrap_or_default();
        Change {
            time: text("cib-last-written"),
            user: text("update-user"),
            client: text("update-client"),
            origin: text("update-origin"),
        }
    }

    /// How many nodes are configured.
    pub(super) fn node_count(&self) -> usize {
        let configuration = self.document.root().child("configuration");
        let nodes = configuration.and_then(|part| part.child("nodes"));
        let configured = nodes.into_iter().flat_map(Node::children).count();
        configured.max(self.view.nodes.iter().filter(|node| node.expected).count())
    }

    /// True if a resource is among those asked for.
    pub(super) fn is_wanted(&self, resource: &ResourceView) -> bool {
        self.resources.as_ref().is_none_or(|wanted| {
            let all = resource.all();
            let ids = all.iter().flat_map(|r| [&r.id, &r.configured, &r.shown]);
            ids.into_iter().any(|id| wanted.contains(&id.as_str()))
        })
    }

    /// The top-level resources to list.
    pub(super) fn listed(&self) -> Vec<&'a ResourceView> {
        let wanted = |resource: &&ResourceView| {
            self.is_wanted(resource)
                && (self.inactive || resource.any_active)
                && !(self.by_node && resource.all_active)
        };
        self.view.resources.iter().filter(wanted).collect()
    }

    /// What failed, of the resources and nodes asked for.
    pub(super) fn failures(&self) -> Vec<&'a Failure> {
        let wanted = |failure: &&Failure| {
            let of = |resource: &ResourceView| {
                self.is_wanted(resource)
                    && resource.all().iter().any(|r| r.shown == failure.resource)
            };
            let on = self.view.nodes.iter().any(|node| node.name == failure.node);
            on && (self.resources.is_none() || self.view.resources.iter().any(of))
        };
        self.view.failures.iter().filter(wanted).collect()
    }

    /// Histories of a node, of the resources asked for.
    pub(super) fn histories(&self, node: &'a NodeView) -> Vec<&'a ResourceHistory> {
        let of = |name: &str| {
            let mut top = self.view.resources.iter().filter(|resource| self.is_wanted(resource));
            top.any(|resource| resource.all().iter().any(|r| r.shown == name))
        };
        let wanted = |history: &&ResourceHistory| self.resources.is_none() || of(&history.name);
        node.history.iter().filter(wanted).collect()
    }

    /// What keeps resources off nodes.
    pub(super) fn bans(&self) -> impl Iterator<Item = &'a Ban> {
        let prefix = self.ban_prefix.to_owned();
        self.view.bans.iter().filter(move |ban| ban.id.starts_with(&prefix))
    }

    /// Tickets by name.
    pub(super) fn tickets(&self) -> Vec<Ticket<'a>> {
        let status = self.document.root().child("status");
        let all = status.and_then(|status| status.child("tickets"));
        let mut tickets: Vec<Ticket<'_>> = Vec::new();
        for state in all.into_iter().flat_map(|all| all.children_named("ticket_state")) {
            let Some(id) = state.get("id") else { continue };
            let yes = |name| state.get(name).and_then(boolean).unwrap_or(false);
            let last: Option<i64> = state.get("last-granted").and_then(|text| text.parse().ok());
            tickets.push(Ticket {
                id,
                granted: yes("granted"),
                standby: yes("standby"),
                last_granted: last.map(moment),
            });
        }
        tickets.sort_by_key(|ticket| ticket.id);
        tickets
    }
}

/// A moment as it is shown, from seconds since 1970.
pub(super) fn moment(epoch: i64) -> String {
    scheduler::ctime(cib::date::DateTime::from_epoch(epoch))
}

/// The feature set of a node: only of members that are there.
pub(super) fn feature_set(node: &NodeView) -> Option<&str> {
    let told = node.online && !node.remote;
    told.then(|| node.feature_set.as_deref().unwrap_or(OLDEST_FEATURES))
}

/// What an agent's exit status means.
pub(super) fn exit_text(code: i32) -> &'static str {
    match code {
        0 => "ok",
        1 => "error",
        2 => "invalid parameter",
        3 => "unimplemented feature",
        4 => "insufficient privileges",
        5 => "not installed",
        6 => "not configured",
        7 => "not running",
        8 => "promoted",
        9 => "promoted (failed)",
        190 => "OCF_DEGRADED",
        191 => "promoted (degraded)",
        _ => "unknown",
    }
}

/// How an execution went.
pub(super) fn status_text(status: i32) -> &'static str {
    match status {
        -1 => "pending",
        0 => "complete",
        1 => "Cancelled",
        2 => "Timed Out",
        3 => "NOT SUPPORTED",
        4 => "Error",
        5 => "Hard error",
        6 => "Fatal error",
        7 => "Not installed",
        8 => "Internal communication failure",
        10 => "Cannot execute now",
        11 => "No fence device",
        12 => "CIB secrets unavailable",
        _ => "UNKNOWN!",
    }
}

/// Milliseconds in larger units: each is used from just above one of it on (by experiment: 60000 is
/// 60s, 3600000 is 60m).
pub(super) fn span(ms: u64) -> String {
    const UNITS: [(u64, char); 3] = [(86_400_000, 'd'), (3_600_000, 'h'), (60_000, 'm')];
    if ms == 0 {
        return "0s".to_owned();
    }
    let (mut text, mut rest) = (String::new(), ms);
    for (unit, letter) in UNITS {
        if rest > unit {
            let _ = write!(text, "{}{letter}", rest / unit);
            rest %= unit;
        }
    }
    match (rest / 1000, rest % 1000) {
        (0, 0) => {}
        (0, _) | (1, 0) => {
            let _ = write!(text, "{rest}ms");
        }
        (seconds, 0) => {
            let _ = write!(text, "{seconds}s");
        }
        (seconds, part) => {
            let _ = write!(text, "{seconds}.{part:03}s");
        }
    }
    text
}

/// A failure as a sentence.
pub(super) fn failure(failed: &Failure) -> String {
    let Operation { task, interval, rc, status, .. } = &failed.operation;
    let operation = &failed.operation;
    let every = if *interval > 0 {
        format!("{}-interval ", span(u64::from(*interval)))
    } else {
        String::new()
    };
    let task = if operation.is_probe() { "probe" } else { task };
    let mut text = format!("{} {every}{task} on {} ", failed.resource, failed.node);
    let _ = if operation.completed() {
        write!(text, "returned '{}'", exit_text(*rc))
    } else {
        write!(text, "could not be executed ({})", status_text(*status))
    };
    if let Some(reason) = &operation.reason {
        let _ = write!(text, " ({reason})");
    }
    if let Some(changed) = operation.changed {
        let _ = write!(text, " at {}", moment(changed));
    }
    if let Some(ms) =
        operation.executed.as_ref().and_then(|ms| ms.parse().ok()).filter(|ms| *ms > 0)
    {
        let _ = write!(text, " after {}", span(ms));
    }
    text
}

/// A failure with everything that is known of it.
pub(super) fn failure_in_detail(failed: &Failure) -> String {
    let operation = &failed.operation;
    let Operation { key, rc, call, status, .. } = operation;
    let mut text = format!(
        "{key} on {} '{}' ({rc}): call={call}, status='{}'",
        failed.node,
        exit_text(*rc),
        status_text(*status)
    );
    if let Some(reason) = &operation.reason {
        let _ = write!(text, ", exitreason='{reason}'");
    }
    if let Some(changed) = operation.changed {
        let number = |text: &Option<String>| text.clone().unwrap_or_else(|| "0".to_owned());
        let (queued, executed) = (number(&operation.queued), number(&operation.executed));
        let at = moment(changed);
        let _ = write!(text, ", last-rc-change='{at}', queued={queued}ms, exec={executed}ms");
    }
    text
}

/// A count and what is counted: `1 node`, `3 nodes`.
pub(super) fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What the resources counted are, behind their number: `(1 DISABLED, 2 BLOCKED ...)`.
pub(super) fn troubles(disabled: usize, blocked: usize) -> String {
    let blocked_text = "BLOCKED from further action due to failure";
    match (disabled, blocked) {
        (0, 0) => String::new(),
        (_, 0) => format!(" ({disabled} DISABLED)"),
        (0, _) => format!(" ({blocked} {blocked_text})"),
        _ => format!(" ({disabled} DISABLED, {blocked} {blocked_text})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_used_from_just_above_one_of_it_on() {
        let said: Vec<String> =
            [0, 999, 1000, 1200, 10_000, 61_500, 3_600_000, 90_061_001].map(span).into();
        let expected =
            ["0s", "999ms", "1000ms", "1.200s", "10s", "1m1.500s", "60m", "1d1h1m1.001s"];
        assert_eq!(said, expected);
    }
}
