//! The status as text.

use super::sections::Section;
use super::{Shown, fields};
use scheduler::view::{NodeView, Operation, ResourceHistory, ResourceKind, ResourceView};
use std::fmt::Write as _;

/// Width of the columns for names and values of attributes.
const WIDTHS: (usize, usize) = (32, 10);

/// Writes all sections asked for, a blank line between two.
pub(super) fn write(shown: &Shown<'_>) -> String {
    let sections = [
        summary(shown),
        nodes(shown),
        resources(shown),
        attributes(shown),
        history(shown),
        failures(shown),
        tickets(shown),
        bans(shown),
    ];
    let written: Vec<String> = sections.into_iter().filter(|text| !text.is_empty()).collect();
    written.join("\n")
}

/// A section: its title and its lines, each with its own indentation; nothing without lines.
fn section(title: &str, lines: &str) -> String {
    if lines.is_empty() { String::new() } else { format!("{title}:\n{lines}") }
}

fn summary(shown: &Shown<'_>) -> String {
    let mut lines = String::new();
    for line in summary_lines(shown) {
        let _ = writeln!(lines, "  * {line}");
    }
    let maintenance = shown.has(Section::Maintenance) || shown.has(Section::Options);
    let mut text = section("Cluster Summary", &lines);
    if maintenance && shown.yes("maintenance-mode", false) {
        text.push_str(
            "\n              *** Resource management is DISABLED ***\n  \
             The cluster will not attempt to start, stop or recover services\n",
        );
    } else if maintenance && shown.yes("stop-all-resources", false) {
        text.push_str(
            "\n    *** Resource management is DISABLED ***\n  \
             The cluster will keep all resources stopped\n",
        );
    }
    text
}

fn summary_lines(shown: &Shown<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if shown.has(Section::Stack) {
        lines.push(format!("Stack: {}", shown.stack()));
    }
    // That there is none is always said (measured).
    if shown.has(Section::Dc) || shown.controller().is_none() {
        lines.push(controller(shown));
    }
    if shown.has(Section::Times) && !shown.quiet {
        lines.push(format!("Last updated: {}", fields::moment(shown.now)));
        lines.push(format!("Last change:  {}", change(shown)));
    }
    if shown.has(Section::Counts) {
        let (total, disabled, blocked) = shown.view.counts;
        lines.push(format!("{} configured", fields::plural(shown.node_count(), "node")));
        let instances = fields::plural(total, "resource instance");
        lines.push(format!("{instances} configured{}", fields::troubles(disabled, blocked)));
    }
    if shown.has(Section::Options) {
        let on = |on: bool| if on { "enabled" } else { "disabled" };
        let fencing = on(shown.yes("stonith-enabled", true));
        lines.push(format!("STONITH of failed nodes {fencing}"));
        let symmetric = shown.yes("symmetric-cluster", true);
        lines.push(format!("Cluster is {}", if symmetric { "symmetric" } else { "asymmetric" }));
        lines.push(format!(
            "No quorum policy: {}",
            no_quorum(shown.view.option("no-quorum-policy"))
        ));
    }
    lines
}

/// The line of the designated controller.
pub(super) fn controller(shown: &Shown<'_>) -> String {
    let Some((name, id)) = shown.controller() else { return "Current DC: NONE".to_owned() };
    let quorum = if shown.view.quorate { "with" } else { "WITHOUT" };
    let version = shown.version();
    format!(
        "Current DC: {} (version {version}) - partition {quorum} quorum",
        with_id(shown, name, id)
    )
}

/// Who changed the information base last, and when.
pub(super) fn change(shown: &Shown<'_>) -> String {
    let change = shown.change();
    let mut text = change.time.to_owned();
    for (word, value) in [("by", change.user), ("via", change.client), ("on", change.origin)] {
        if !value.is_empty() {
            let _ = write!(text, " {word} {value}");
        }
    }
    text
}

fn no_quorum(policy: Option<&str>) -> &'static str {
    match policy {
        Some("freeze") => "Freeze resources",
        Some("ignore") => "Ignore",
        Some("demote") => "Demote promotable resources and stop all other resources",
        Some("suicide" | "fence") => "Suicide",
        _ => "Stop ALL resources",
    }
}

fn name(shown: &Shown<'_>, node: &NodeView) -> String {
    with_id(shown, &node.name, &node.id)
}

fn with_id(shown: &Shown<'_>, name: &str, id: &str) -> String {
    if shown.detail { format!("{name} ({id})") } else { name.to_owned() }
}

fn nodes(shown: &Shown<'_>) -> String {
    if !shown.has(Section::Nodes) {
        return String::new();
    }
    if !shown.by_node && !shown.detail {
        return section("Node List", &shown.view.node_list);
    }
    let mut lines = String::new();
    for node in &shown.view.nodes {
        let mut title = format!("{} {}: {}", node.title, name(shown, node), node.state);
        if let Some(features) = fields::feature_set(node).filter(|_| shown.detail) {
            let _ = write!(title, ", feature set {features}");
        }
        if !shown.by_node {
            let _ = writeln!(lines, "  * {title}");
            continue;
        }
        let running: Vec<&ResourceView> =
            node.running.iter().filter(|resource| shown.is_wanted(resource)).collect();
        if shown.brief {
            let counts = brief(&running, false, true);
            if counts.is_empty() {
                continue;
            }
            let _ = writeln!(lines, "  * {title}:\n    * Resources:");
            for line in counts {
                let _ = writeln!(lines, "      * {line}");
            }
            continue;
        }
        let _ = writeln!(lines, "  * {title}:\n    * Resources:");
        for resource in running {
            let _ = writeln!(lines, "      * {}", resource.line_on_node);
        }
    }
    section("Node List", &lines)
}

/// The title of the list of resources.
pub(super) fn resources_title(shown: &Shown<'_>) -> Option<&'static str> {
    match (shown.by_node, shown.inactive) {
        (true, false) => None,
        (true, true) => Some("Inactive Resources"),
        (false, true) => Some("Full List of Resources"),
        (false, false) => Some("Active Resources"),
    }
}

fn resources(shown: &Shown<'_>) -> String {
    let title = resources_title(shown).filter(|_| shown.has(Section::Resources));
    let Some(title) = title else { return String::new() };
    let mut lines = String::new();
    let listed = shown.listed();
    if shown.brief && !shown.by_node {
        let single: Vec<&ResourceView> =
            listed.iter().filter(|r| r.kind == ResourceKind::Primitive).copied().collect();
        for line in brief(&single, shown.inactive, false) {
            let _ = writeln!(lines, "  * {line}");
        }
    }
    for resource in listed {
        match resource.kind {
            ResourceKind::Primitive if shown.brief && !shown.by_node => {}
            ResourceKind::Group if shown.brief => {
                let _ = writeln!(lines, "  * {}", resource.line);
                let members: Vec<&ResourceView> = resource.children.iter().collect();
                // A group's members are all counted, whether inactive ones are shown or not.
                for line in brief(&members, true, false) {
                    let _ = writeln!(lines, "    * {line}");
                }
            }
            _ => lines.push_str(&resource.text),
        }
    }
    if lines.is_empty() {
        let what = match (shown.by_node, shown.inactive) {
            (_, false) => "No active resources",
            (true, true) => "No inactive resources",
            (false, true) => "No resources",
        };
        lines = format!("  * {what}\n");
    }
    section(title, &lines)
}

/// Resources counted by agent and node; `of_all` tells how many there are of each, `here` leaves
/// the node out.
fn brief(resources: &[&ResourceView], of_all: bool, here: bool) -> Vec<String> {
    let mut agents: Vec<&str> = resources.iter().map(|r| r.agent.as_str()).collect();
    agents.sort_unstable();
    agents.dedup();
    let mut lines = Vec::new();
    for agent in agents {
        let of: Vec<&&ResourceView> = resources.iter().filter(|r| r.agent == agent).collect();
        let total = if of_all { format!("/{}", of.len()) } else { String::new() };
        if here {
            lines.push(format!("{}\t({agent}):\tActive ", of.len()));
            continue;
        }
        let on: Vec<&str> =
            of.iter().filter_map(|r| r.active.first()).map(|(name, _)| name.as_str()).collect();
        let mut nodes = on.clone();
        nodes.sort_unstable();
        nodes.dedup();
        if nodes.is_empty() && of_all {
            lines.push(format!("0{total}\t({agent}):\tActive"));
        }
        for node in nodes {
            let count = on.iter().filter(|name| **name == node).count();
            lines.push(format!("{count}{total}\t({agent}):\tActive {node}"));
        }
    }
    lines
}

fn attributes(shown: &Shown<'_>) -> String {
    if !shown.has(Section::Attributes) {
        return String::new();
    }
    let (name_width, value_width) = WIDTHS;
    let mut lines = String::new();
    let with = |node: &&NodeView| node.online && !node.attributes.is_empty();
    for node in shown.view.nodes.iter().filter(with) {
        let _ = writeln!(lines, "  * Node: {}:", name(shown, node));
        for (attribute, value) in &node.attributes {
            let _ = writeln!(lines, "    * {attribute:<name_width$}\t: {value:<value_width$}");
        }
    }
    section("Node Attributes", &lines)
}

fn history(shown: &Shown<'_>) -> String {
    let operations = shown.has(Section::Operations);
    if !operations && !shown.has(Section::Failcounts) {
        return String::new();
    }
    let mut lines = String::new();
    for node in &shown.view.nodes {
        let mut histories = shown.histories(node);
        histories.retain(|history| {
            if operations { !history.operations.is_empty() } else { history.fail_count > 0 }
        });
        if histories.is_empty() {
            continue;
        }
        let _ = writeln!(lines, "  * Node: {}:", name(shown, node));
        for history in histories {
            let end = if operations { ":" } else { "" };
            let _ = writeln!(lines, "    * {}{end}", resource_history(history));
            for operation in history.operations.iter().filter(|_| operations) {
                let _ = writeln!(lines, "      * {}", performed(operation, shown.timing));
            }
        }
    }
    section(if operations { "Operations" } else { "Migration Summary" }, &lines)
}

fn resource_history(history: &ResourceHistory) -> String {
    let mut text = format!("{}: migration-threshold={}", history.name, history.threshold);
    if history.fail_count > 0 {
        let _ = write!(text, " fail-count={}", history.fail_count);
    }
    if history.last_failure > 0 {
        let _ = write!(text, " last-failure='{}'", fields::moment(history.last_failure));
    }
    text
}

fn performed(operation: &Operation, timing: bool) -> String {
    let mut details = String::new();
    if operation.interval > 0 {
        let _ = write!(details, " interval=\"{}ms\"", operation.interval);
    }
    if timing {
        if let Some(changed) = operation.changed {
            let _ = write!(details, " last-rc-change=\"{}\"", fields::moment(changed));
        }
        let times = [("exec-time", &operation.executed), ("queue-time", &operation.queued)];
        for (name, ms) in times {
            if let Some(ms) = ms {
                let _ = write!(details, " {name}=\"{ms}ms\"");
            }
        }
        let _ = write!(details, " rc={} ({})", operation.rc, fields::exit_text(operation.rc));
    }
    let end = if details.is_empty() { "" } else { ":" };
    format!("({}) {}{end}{details}", operation.call, operation.task)
}

fn failures(shown: &Shown<'_>) -> String {
    if !shown.has(Section::Failures) {
        return String::new();
    }
    let mut lines = String::new();
    for failure in shown.failures() {
        let line = if shown.detail {
            fields::failure_in_detail(failure)
        } else {
            fields::failure(failure)
        };
        let _ = writeln!(lines, "  * {line}");
    }
    section("Failed Resource Actions", &lines)
}

fn tickets(shown: &Shown<'_>) -> String {
    if !shown.has(Section::Tickets) {
        return String::new();
    }
    let mut lines = String::new();
    for ticket in shown.tickets() {
        let granted = if ticket.granted { "granted" } else { "revoked" };
        let standby = if ticket.standby { " [standby]" } else { "" };
        let last = ticket.last_granted.map(|at| format!(" last-granted=\"{at}\""));
        let last = last.unwrap_or_default();
        let _ = writeln!(lines, "  * {}: {granted}{standby}{last}", ticket.id);
    }
    section("Tickets", &lines)
}

fn bans(shown: &Shown<'_>) -> String {
    if !shown.has(Section::Bans) {
        return String::new();
    }
    let mut lines = String::new();
    for ban in shown.bans() {
        let (name, id) = &ban.node;
        let node = with_id(shown, name, id);
        let promoted = if ban.promoted_only { "as promoted " } else { "" };
        let (id, resource) = (&ban.id, &ban.resource);
        let _ = writeln!(lines, "  * {id}\tprevents {resource} from running {promoted}on {node}");
    }
    section("Negative Location Constraints", &lines)
}
