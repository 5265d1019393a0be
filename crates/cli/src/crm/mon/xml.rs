//! The status as XML.

use super::fields::{self, exit_text, status_text};
use super::sections::Section;
use super::{Shown, text};
use crate::crm::xml::Builder;
use cib::date::DateTime;
use cib::xml::escaped;
use scheduler::view::{NodeView, Operation, ResourceHistory, ResourceKind, ResourceView};

/// An element's attributes; those without a value are left out.
type Attributes<'a> = Vec<(&'a str, Option<String>)>;

#[expect(clippy::unnecessary_wraps, reason = "an attribute that is always there")]
fn yes(value: bool) -> Option<String> {
    Some(value.to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "an attribute that is always there")]
fn some(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

fn open(out: &mut Builder, name: &str, attributes: &Attributes<'_>) {
    let present: Vec<(&str, &str)> =
        attributes.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    out.open(name, &present);
}

fn leaf(out: &mut Builder, name: &str, attributes: &Attributes<'_>) {
    open(out, name, attributes);
    out.close();
}

/// Writes all sections asked for.
pub(super) fn write(shown: &Shown<'_>, out: &mut Builder) {
    summary(shown, out);
    if shown.has(Section::Nodes) {
        out.open("nodes", &[]);
        for node in &shown.view.nodes {
            self::node(shown, node, out);
        }
        out.close();
    }
    if shown.has(Section::Resources) && text::resources_title(shown).is_some() {
        let listed = shown.listed();
        if !listed.is_empty() {
            out.open("resources", &[]);
            for resource in listed {
                self::resource(resource, out);
            }
            out.close();
        }
    }
    attributes(shown, out);
    history(shown, out);
    failures(shown, out);
    tickets(shown, out);
    bans(shown, out);
}

fn summary(shown: &Shown<'_>, out: &mut Builder) {
    let parts = [Section::Stack, Section::Dc, Section::Times, Section::Counts, Section::Options];
    let leaderless = shown.controller().is_none();
    if !leaderless && !parts.into_iter().any(|part| shown.has(part)) {
        return;
    }
    out.open("summary", &[]);
    if shown.has(Section::Stack) {
        out.leaf("stack", &[("type", shown.stack())]);
    }
    if shown.has(Section::Dc) || leaderless {
        controller(shown, out);
    }
    if shown.has(Section::Times) {
        out.leaf("last_update", &[("time", &fields::moment(shown.now))]);
        let change = shown.change();
        let (user, client) = (change.user, change.client);
        let who =
            [("time", change.time), ("user", user), ("client", client), ("origin", change.origin)];
        out.leaf("last_change", &who);
    }
    if shown.has(Section::Counts) {
        let (total, disabled, blocked) = shown.view.counts;
        out.leaf("nodes_configured", &[("number", &shown.node_count().to_string())]);
        let (disabled, blocked) = (some(disabled), some(blocked));
        let counts = vec![("number", some(total)), ("disabled", disabled), ("blocked", blocked)];
        leaf(out, "resources_configured", &counts);
    }
    if shown.has(Section::Options) {
        options(shown, out);
    }
    out.close();
}

fn controller(shown: &Shown<'_>, out: &mut Builder) {
    let Some((name, id)) = shown.controller() else {
        out.leaf("current_dc", &[("present", "false")]);
        return;
    };
    let attributes = vec![
        ("present", yes(true)),
        ("version", some(shown.version())),
        ("name", some(name)),
        ("id", some(id)),
        ("with_quorum", yes(shown.view.quorate)),
        ("mixed_version", yes(false)),
    ];
    leaf(out, "current_dc", &attributes);
}

fn options(shown: &Shown<'_>, out: &mut Builder) {
    let policy = match shown.view.option("no-quorum-policy") {
        Some("fence") => "suicide",
        Some(policy @ ("freeze" | "ignore" | "demote" | "suicide")) => policy,
        _ => "stop",
    };
    let milliseconds = |name: &str, default: u64| {
        some(shown.view.option(name).and_then(cib::value::interval_ms).unwrap_or(default))
    };
    let attributes = vec![
        ("stonith-enabled", yes(shown.yes("stonith-enabled", true))),
        ("symmetric-cluster", yes(shown.yes("symmetric-cluster", true))),
        ("no-quorum-policy", some(policy)),
        ("maintenance-mode", yes(shown.yes("maintenance-mode", false))),
        ("stop-all-resources", yes(shown.yes("stop-all-resources", false))),
        ("stonith-timeout-ms", milliseconds("stonith-timeout", 60_000)),
        ("priority-fencing-delay-ms", milliseconds("priority-fencing-delay", 0)),
    ];
    leaf(out, "cluster_options", &attributes);
}

fn node(shown: &Shown<'_>, node: &NodeView, out: &mut Builder) {
    let attributes = vec![
        ("name", some(&node.name)),
        ("id", some(&node.id)),
        ("online", yes(node.online)),
        ("standby", yes(node.standby)),
        ("standby_onfail", yes(node.standby_on_fail)),
        ("maintenance", yes(node.maintenance)),
        ("pending", yes(node.pending)),
        ("unclean", yes(node.unclean)),
        ("health", some(node.health)),
        ("feature_set", fields::feature_set(node).map(str::to_owned)),
        ("shutdown", yes(node.shutdown)),
        ("expected_up", yes(node.expected)),
        ("is_dc", yes(node.controller)),
        ("resources_running", some(node.running.len())),
        ("type", some(if node.remote { "remote" } else { "member" })),
        ("id_as_resource", node.container.clone()),
    ];
    open(out, "node", &attributes);
    if shown.by_node {
        for running in node.running.iter().filter(|resource| shown.is_wanted(resource)) {
            resource(running, out);
        }
    }
    out.close();
}

fn resource(resource: &ResourceView, out: &mut Builder) {
    match resource.kind {
        ResourceKind::Primitive => primitive(resource, out),
        ResourceKind::Group => group(resource, out),
        ResourceKind::Clone { promotable, unique } => clone(resource, promotable, unique, out),
        ResourceKind::Bundle => bundle(resource, out),
    }
}

fn primitive(resource: &ResourceView, out: &mut Builder) {
    let attributes = vec![
        ("id", some(&resource.shown)),
        ("resource_agent", some(&resource.agent)),
        ("role", some(resource.role)),
        ("target_role", resource.target_role.clone()),
        ("active", yes(resource.any_active)),
        ("orphaned", yes(resource.removed)),
        ("blocked", yes(resource.blocked)),
        ("managed", yes(resource.managed)),
        ("failed", yes(resource.failed)),
        ("failure_ignored", yes(resource.failure_ignored)),
        ("nodes_running_on", some(resource.active.len())),
        ("locked_to", resource.locked_to.clone()),
    ];
    open(out, "resource", &attributes);
    for (name, id) in &resource.active {
        out.leaf("node", &[("name", name), ("id", id), ("cached", "true")]);
    }
    out.close();
}

fn group(resource: &ResourceView, out: &mut Builder) {
    let attributes = vec![
        ("id", some(&resource.id)),
        ("number_resources", some(resource.children.len())),
        ("managed", yes(resource.managed)),
        ("disabled", yes(resource.disabled)),
    ];
    within(resource, "group", &attributes, out);
}

fn clone(resource: &ResourceView, promotable: bool, unique: bool, out: &mut Builder) {
    let attributes = vec![
        ("id", some(&resource.id)),
        ("multi_state", yes(promotable)),
        ("unique", yes(unique)),
        ("managed", yes(resource.managed)),
        ("disabled", yes(resource.disabled)),
        ("failed", yes(resource.failed)),
        ("failure_ignored", yes(resource.failure_ignored)),
        ("target_role", resource.target_role.clone()),
    ];
    within(resource, "clone", &attributes, out);
}

fn bundle(resource: &ResourceView, out: &mut Builder) {
    let bundle = resource.bundle.clone().unwrap_or_default();
    let attributes = vec![
        ("id", some(&resource.id)),
        ("type", some(bundle.agent)),
        ("image", some(bundle.image)),
        ("unique", yes(bundle.unique)),
        ("managed", yes(resource.managed)),
        ("failed", yes(resource.failed)),
    ];
    open(out, "bundle", &attributes);
    for (at, replica) in bundle.replicas.iter().enumerate() {
        out.open("replica", &[("id", &at.to_string())]);
        for part in replica {
            self::resource(part, out);
        }
        out.close();
    }
    out.close();
}

fn within(parent: &ResourceView, name: &str, attributes: &Attributes<'_>, out: &mut Builder) {
    open(out, name, attributes);
    for child in &parent.children {
        resource(child, out);
    }
    out.close();
}

fn attributes(shown: &Shown<'_>, out: &mut Builder) {
    let with = |node: &&NodeView| node.online && !node.attributes.is_empty();
    let mut nodes = shown.view.nodes.iter().filter(with).peekable();
    if !shown.has(Section::Attributes) || nodes.peek().is_none() {
        return;
    }
    out.open("node_attributes", &[]);
    for node in nodes {
        out.open("node", &[("name", &node.name)]);
        for (name, value) in &node.attributes {
            out.leaf("attribute", &[("name", name), ("value", value)]);
        }
        out.close();
    }
    out.close();
}

fn history(shown: &Shown<'_>, out: &mut Builder) {
    let operations = shown.has(Section::Operations);
    if !operations && !shown.has(Section::Failcounts) {
        return;
    }
    let mut opened = false;
    for node in &shown.view.nodes {
        let mut histories = shown.histories(node);
        histories.retain(|history| {
            if operations { !history.operations.is_empty() } else { history.fail_count > 0 }
        });
        if histories.is_empty() {
            continue;
        }
        if !opened {
            out.open("node_history", &[]);
            opened = true;
        }
        out.open("node", &[("name", &node.name)]);
        for history in histories {
            resource_history(history, operations, out);
        }
        out.close();
    }
    if opened {
        out.close();
    }
}

fn resource_history(history: &ResourceHistory, operations: bool, out: &mut Builder) {
    let failed = history.fail_count > 0;
    let last = (history.last_failure > 0).then(|| fields::moment(history.last_failure));
    let attributes = vec![
        ("id", some(&history.name)),
        ("orphan", yes(false)),
        ("migration-threshold", some(history.threshold)),
        ("fail-count", some(history.fail_count).filter(|_| failed)),
        ("last-failure", last),
    ];
    open(out, "resource_history", &attributes);
    for operation in history.operations.iter().filter(|_| operations) {
        performed(operation, out);
    }
    out.close();
}

fn performed(operation: &Operation, out: &mut Builder) {
    let interval = operation.interval;
    let ms = |text: &Option<String>| text.as_ref().map(|text| format!("{text}ms"));
    let attributes = vec![
        ("call", some(operation.call)),
        ("task", some(&operation.task)),
        ("rc", some(operation.rc)),
        ("rc_text", some(exit_text(operation.rc))),
        ("interval", (interval > 0).then(|| format!("{interval}ms"))),
        ("last-rc-change", operation.changed.map(fields::moment)),
        ("exec-time", ms(&operation.executed)),
        ("queue-time", ms(&operation.queued)),
    ];
    leaf(out, "operation_history", &attributes);
}

fn failures(shown: &Shown<'_>, out: &mut Builder) {
    let failures = shown.failures();
    if !shown.has(Section::Failures) || failures.is_empty() {
        return;
    }
    out.open("failures", &[]);
    for failure in failures {
        let operation = &failure.operation;
        let changed = operation.changed.map(|at| DateTime::from_epoch(at).local_text());
        let dated = |value: Option<String>| value.filter(|_| changed.is_some());
        // The reason is escaped once more than it need be (by experiment).
        let reason = operation.reason.as_deref().map_or("none".to_owned(), escaped);
        let attributes = vec![
            ("op_key", some(&operation.key)),
            ("node", some(&failure.node)),
            ("exitstatus", some(exit_text(operation.rc))),
            ("exitreason", Some(reason)),
            ("exitcode", some(operation.rc)),
            ("call", some(operation.call)),
            ("status", some(status_text(operation.status))),
            ("last-rc-change", changed.clone()),
            ("queued", dated(operation.queued.clone())),
            ("exec", dated(operation.executed.clone())),
            ("interval", dated(some(operation.interval))),
            ("task", dated(some(&operation.task))),
        ];
        leaf(out, "failure", &attributes);
    }
    out.close();
}

fn tickets(shown: &Shown<'_>, out: &mut Builder) {
    let tickets = shown.tickets();
    if !shown.has(Section::Tickets) || tickets.is_empty() {
        return;
    }
    out.open("tickets", &[]);
    for ticket in tickets {
        let attributes = vec![
            ("id", some(ticket.id)),
            ("status", some(if ticket.granted { "granted" } else { "revoked" })),
            ("standby", yes(ticket.standby)),
            ("last-granted", ticket.last_granted),
        ];
        leaf(out, "ticket", &attributes);
    }
    out.close();
}

fn bans(shown: &Shown<'_>, out: &mut Builder) {
    let mut bans = shown.bans().peekable();
    if !shown.has(Section::Bans) || bans.peek().is_none() {
        return;
    }
    out.open("bans", &[]);
    for ban in bans {
        let attributes = vec![
            ("id", some(&ban.id)),
            ("resource", some(&ban.resource)),
            ("node", some(&ban.node.0)),
            ("weight", some(ban.score.get())),
            ("promoted-only", yes(ban.promoted_only)),
            ("master_only", yes(ban.promoted_only)),
        ];
        leaf(out, "ban", &attributes);
    }
    out.close();
}
