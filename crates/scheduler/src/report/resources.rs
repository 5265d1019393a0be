//! The resource list of the cluster's status.

use std::fmt::Write as _;

use cib::value::{Role, numeric_name_order};

use super::status::target_role;
use crate::unpack::history::{Op, rc};
use crate::unpack::operations::unusable;
use crate::world::resource::{BundleKind, CloneKind};
use crate::world::{Flags, Kind, NodeIx, RscIx, World};

/// What is shown of resources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Show {
    /// Operations that have not ended yet.
    pub(crate) pending: bool,
    /// What is not active.
    pub(crate) inactive: bool,
    /// Every instance of a clone by itself.
    pub(crate) detail: bool,
    /// Where a primitive is.
    pub(crate) names: bool,
    /// Say `maintenance` where that is why something is unmanaged, as Pacemaker does since 2.1.6.
    pub(crate) maintenance: bool,
    /// Only what is on this node.
    pub(crate) only: Option<NodeIx>,
}

impl Show {
    /// Everything, each instance on a line of its own only where there is something to say of it.
    pub(crate) fn all(pending: bool) -> Self {
        Self { pending, inactive: true, detail: false, names: true, maintenance: true, only: None }
    }
}

/// Writes a resource and all in it. `depth` is the indentation in steps of two blanks.
pub(crate) fn write(w: &World<'_>, rsc: RscIx, depth: usize, show: Show, out: &mut String) {
    if w[rsc].is(Flags::REMOVED) && w[rsc].active.is_empty() && w[rsc].parent.is_none() {
        return;
    }
    match &w[rsc].kind {
        Kind::Primitive => primitive(w, rsc, depth, show, out),
        Kind::Group(_) => group(w, rsc, depth, show, out),
        Kind::Clone(kind) => clone(w, rsc, kind, depth, show, out),
        Kind::Bundle(kind) => bundle(w, rsc, kind, depth, show, out),
    }
}

fn item(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
    out.push_str("* ");
}

fn group(w: &World<'_>, rsc: RscIx, depth: usize, show: Show, out: &mut String) {
    let seen = |child: &&RscIx| show.inactive || any_active(w, **child);
    item(depth, out);
    let _ = writeln!(out, "{}", group_title(w, rsc, show));
    for child in w[rsc].children.iter().filter(seen) {
        write(w, *child, depth + 1, show, out);
    }
}

/// A group's first line; where inactive members are not shown, it counts them.
pub(crate) fn group_title(w: &World<'_>, rsc: RscIx, show: Show) -> String {
    let inactive = w[rsc].children.iter().filter(|child| !any_active(w, **child)).count();
    let counted = match inactive {
        _ if show.inactive => None,
        0 => None,
        1 => Some("1 member inactive".to_owned()),
        more => Some(format!("{more} members inactive")),
    };
    let flags = flags(w, rsc, show, counted.as_deref().into_iter().collect());
    format!("Resource Group: {}{flags}:", w[rsc].id)
}

/// The flags of a collective, in parentheses.
fn flags(w: &World<'_>, rsc: RscIx, show: Show, mut flags: Vec<&str>) -> String {
    if target_role(w, rsc) == Some(Role::Stopped) {
        flags.push("disabled");
    }
    if show.maintenance && w[rsc].is(Flags::MAINTENANCE) {
        flags.push("maintenance");
    } else if !w[rsc].is(Flags::MANAGED) {
        flags.push("unmanaged");
    }
    if flags.is_empty() { String::new() } else { format!(" ({})", flags.join(", ")) }
}

fn primitive(w: &World<'_>, rsc: RscIx, depth: usize, show: Show, out: &mut String) {
    if w[rsc].is(Flags::IMPLICIT) {
        return;
    }
    if !w[rsc].active.is_empty() && show.only.is_some_and(|node| !w[rsc].active.contains(&node)) {
        return;
    }
    item(depth, out);
    let _ = writeln!(out, "{}", line(w, rsc, show));
}

/// A primitive's line.
pub(crate) fn line(w: &World<'_>, rsc: RscIx, show: Show) -> String {
    // What is only beginning somewhere is shown there.
    let nowhere = w[rsc].active.is_empty();
    let beginning = w[rsc].pending.filter(|_| show.pending && nowhere).map(|(_, node)| node);
    line_as(w, rsc, name(w, rsc), shown_node(w, rsc).or(beginning), show)
}

/// A primitive's line in a list of one node's resources: it does not repeat the node, but tells the
/// resource's description.
pub(crate) fn line_on_node(w: &World<'_>, rsc: RscIx, show: Show) -> String {
    let mut text = line(w, rsc, Show { names: false, ..show });
    if let Some(description) = w[rsc].xml.get("description") {
        let _ = write!(text, " {description}");
    }
    text
}

/// A primitive's line under another name and node.
fn line_as(w: &World<'_>, rsc: RscIx, label: &str, node: Option<NodeIx>, show: Show) -> String {
    let resource = &w[rsc];
    let provider = resource.provider.map(|p| format!(":{p}")).unwrap_or_default();
    let mut text = format!("{label}\t({}{provider}:{}):\t", resource.class, resource.agent);
    if resource.is(Flags::REMOVED) {
        text.push_str(" ORPHANED");
    }
    if resource.is(Flags::FAILED) {
        text.push_str(" FAILED");
        if resource.role == Role::Promoted {
            text.push_str(" Promoted");
        }
    } else {
        let _ = write!(text, " {}", shown_role(w, rsc, show));
    }
    if let Some(node) = node.filter(|_| show.names) {
        let _ = write!(text, " {}", w[node].name);
    }
    if let Some(masked) = masked_probe(w, rsc, node) {
        let _ = write!(text, " ({masked}) ");
    }
    let flags = line_flags(w, rsc, node, show);
    if !flags.is_empty() {
        let _ = write!(text, " ({})", flags.join(", "));
    }
    if resource.active.len() > 1 && show.names {
        if let Some(description) = resource.xml.get("description") {
            let _ = write!(text, " ({description})");
        }
        let names: Vec<&str> = resource.active.iter().map(|node| w[*node].name).collect();
        let _ = write!(text, " [ {} ]", names.join(" "));
    }
    text
}

/// An instance of an anonymous clone goes by the configured name.
pub(crate) fn name<'a>(w: &'a World<'_>, rsc: RscIx) -> &'a str {
    if w[rsc].is(Flags::UNIQUE) { &w[rsc].id } else { w[rsc].base }
}

/// The one node a primitive is on; if it is down and locked, the node it waits for.
fn shown_node(w: &World<'_>, rsc: RscIx) -> Option<NodeIx> {
    match w[rsc].active[..] {
        [] => w[rsc].lock_node,
        [node] => Some(node),
        _ => None,
    }
}

pub(crate) fn shown_role(w: &World<'_>, rsc: RscIx, show: Show) -> &'static str {
    if let Some((task, _)) = w[rsc].pending.filter(|_| show.pending) {
        match task {
            "start" => return "Starting",
            "stop" => return "Stopping",
            "migrate_to" | "migrate_from" => return "Migrating",
            "promote" => return "Promoting",
            "demote" => return "Demoting",
            _ => {}
        }
    }
    match w[rsc].role {
        Role::Started if in_promotable(w, rsc) => "Unpromoted",
        Role::Unknown => "Stopped",
        role => role.name(),
    }
}

fn in_promotable(w: &World<'_>, rsc: RscIx) -> bool {
    std::iter::successors(Some(rsc), |r| w[*r].parent).any(|r| w[r].is_promotable())
}

fn line_flags(w: &World<'_>, rsc: RscIx, node: Option<NodeIx>, show: Show) -> Vec<String> {
    let resource = &w[rsc];
    let mut flags: Vec<String> = Vec::new();
    if node.is_some_and(|node| !w[node].online && w[node].unclean) {
        flags.push("UNCLEAN".to_owned());
    }
    if resource.lock_node.is_some() && resource.lock_node == node {
        flags.push("LOCKED".to_owned());
    }
    if show.pending && resource.pending.is_some_and(|(task, _)| task == "monitor") {
        flags.push("Monitoring".to_owned());
    }
    match target_role(w, rsc) {
        Some(Role::Stopped) => flags.push("disabled".to_owned()),
        Some(Role::Unpromoted) if in_promotable(w, rsc) => {
            let text = resource.meta("target-role").unwrap_or_default();
            flags.push(format!("target-role:{text}"));
        }
        _ => {}
    }
    if resource.is(Flags::BLOCKED) {
        flags.push("blocked".to_owned());
    } else if !resource.is(Flags::MANAGED) {
        let maintenance = show.maintenance && resource.is(Flags::MAINTENANCE);
        let text = if maintenance { "maintenance" } else { "unmanaged" };
        flags.push(text.to_owned());
    }
    if resource.is(Flags::FAILURE_IGNORED) {
        flags.push("failure ignored".to_owned());
    }
    flags
}

/// Why a stopped resource could not be probed, on a node or anywhere.
fn masked_probe(w: &World<'_>, rsc: RscIx, node: Option<NodeIx>) -> Option<&'static str> {
    if w[rsc].role != Role::Stopped && w[rsc].role != Role::Unknown {
        return None;
    }
    failed_probe(w, rsc, node)
}

fn failed_probe(w: &World<'_>, rsc: RscIx, node: Option<NodeIx>) -> Option<&'static str> {
    let histories = w
        .history
        .iter()
        .filter(|history| history.rsc == rsc && (node.is_none() || Some(history.node) == node));
    let mut ops = histories.flat_map(|history| history.ops.iter());
    let bad = |op: &&Op<'_>| op.is_probe() && unusable(op);
    ops.find(bad).map(|op| rc_text(op.rc))
}

fn rc_text(code: i32) -> &'static str {
    match code {
        rc::INVALID_PARAM => "invalid parameter",
        rc::NOT_INSTALLED => "Not installed",
        rc::OK => "ok",
        rc::NOT_CONFIGURED => "not configured",
        rc::NOT_RUNNING => "not running",
        _ => "error",
    }
}

fn clone(w: &World<'_>, rsc: RscIx, kind: &CloneKind, depth: usize, show: Show, out: &mut String) {
    let mut first = Vec::new();
    if kind.promotable {
        first.push("promotable");
    }
    if kind.unique {
        first.push("unique");
    }
    item(depth, out);
    let child = w[rsc].children.first().map_or("", |child| w[*child].base);
    let flags = flags(w, rsc, show, first);
    let _ = writeln!(out, "Clone Set: {} [{child}]{flags}:", w[rsc].id);
    let mut lists = Lists::default();
    for child in &w[rsc].children {
        instance(w, *child, kind, depth + 1, show, &mut lists, out);
    }
    if !show.detail {
        lists.write(w, rsc, kind, depth + 1, show, out);
    }
}

fn bundle(
    w: &World<'_>,
    rsc: RscIx,
    kind: &BundleKind,
    depth: usize,
    show: Show,
    out: &mut String,
) {
    item(depth, out);
    let set = if kind.replicas.len() > 1 { " set" } else { "" };
    let mut flags = String::new();
    if w[rsc].is(Flags::UNIQUE) && kind.per_host > 1 {
        flags.push_str(" (unique)");
    }
    if show.maintenance && w[rsc].is(Flags::MAINTENANCE) {
        flags.push_str(" (maintenance)");
    } else if !w[rsc].is(Flags::MANAGED) {
        flags.push_str(" (unmanaged)");
    }
    let _ = writeln!(out, "Container bundle{set}: {} [{}]{flags}:", w[rsc].id, kind.image);
    for replica in &kind.replicas {
        item(depth + 1, out);
        let shown = replica.child.unwrap_or(replica.container);
        let named = replica.remote.unwrap_or(replica.container);
        let address = replica.ip.and_then(|ip| {
            let pairs = crate::unpack::values::parameters(w, ip, None);
            pairs.into_iter().find(|(name, _)| *name == "ip").map(|(_, ip)| format!(" ({ip})"))
        });
        let label = format!("{}{}", w[named].id, address.unwrap_or_default());
        let node = shown_node(w, replica.container);
        let _ = writeln!(out, "{}", line_as(w, shown, &label, node, show));
    }
}

#[derive(Default)]
struct Lists {
    started: Vec<NodeIx>,
    promoted: Vec<NodeIx>,
    active: i32,
}

/// An instance is printed in full when there is something to say of it, else listed.
fn instance(
    w: &World<'_>,
    child: RscIx,
    kind: &CloneKind,
    depth: usize,
    show: Show,
    lists: &mut Lists,
    out: &mut String,
) {
    let partially = partially_active(w, child);
    let any = any_active(w, child);
    let mut full = false;
    if show.detail {
        full = true;
    } else if kind.unique {
        full = (!w[child].is(Flags::REMOVED) && show.inactive) || any;
        if !full {
            return;
        }
    } else if any_flag(w, child, |rsc| rsc.is(Flags::REMOVED)) && any {
        full = true;
    } else if !any {
        return pending_instance(w, child, depth, show, out);
    } else if partially
        || any_flag(w, child, |rsc| !rsc.is(Flags::MANAGED) || rsc.is(Flags::FAILED))
        || (show.pending && any_flag(w, child, |rsc| rsc.pending.is_some()))
    {
        full = true;
    } else if let Some(node) = crate::order::interleave::place(w, child, true) {
        if !w[node].online && w[node].unclean {
            full = true;
        } else {
            lists.active += 1;
            if crate::place::role_of(w, child, false) == Role::Promoted {
                lists.promoted.push(node);
            } else {
                lists.started.push(node);
            }
        }
    } else {
        full = true;
    }
    if full {
        write(w, child, depth, show, out);
    }
}

/// An inactive instance is worth a line only while something is under way.
fn pending_instance(w: &World<'_>, child: RscIx, depth: usize, show: Show, out: &mut String) {
    if show.pending && any_flag(w, child, |rsc| rsc.pending.is_some()) {
        write(w, child, depth, show, out);
    }
}

fn any_flag(
    w: &World<'_>,
    rsc: RscIx,
    wanted: impl Fn(&crate::world::Resource<'_>) -> bool + Copy,
) -> bool {
    wanted(&w[rsc]) || w[rsc].children.iter().any(|child| any_flag(w, *child, wanted))
}

pub(crate) fn any_active(w: &World<'_>, rsc: RscIx) -> bool {
    if w[rsc].is_primitive() {
        // On a guest that went down with its host a managed resource is active no more.
        let gone = |node: &NodeIx| !w[*node].online && !w[*node].unclean;
        return w[rsc].active.iter().any(|node| !gone(node) || !w[rsc].is(Flags::MANAGED));
    }
    w[rsc].children.iter().any(|child| any_active(w, *child))
}

fn partially_active(w: &World<'_>, rsc: RscIx) -> bool {
    any_active(w, rsc) && w[rsc].children.iter().any(|child| !any_active(w, *child))
}

impl Lists {
    fn write(
        &self,
        w: &World<'_>,
        clone: RscIx,
        kind: &CloneKind,
        depth: usize,
        show: Show,
        out: &mut String,
    ) {
        let seen = |nodes: &[NodeIx]| -> Vec<NodeIx> {
            let wanted = |node: &&NodeIx| show.only.is_none_or(|only| only == **node);
            nodes.iter().filter(wanted).copied().collect()
        };
        list(w, "Promoted", &seen(&self.promoted), depth, out);
        let title = match (kind.promotable, target_role(w, clone)) {
            (true, Some(Role::Unpromoted)) => "Unpromoted (target-role)",
            (true, _) => "Unpromoted",
            (false, _) => "Started",
        };
        list(w, title, &seen(&self.started), depth, out);
        if kind.unique || kind.max <= self.active || !show.inactive {
            return;
        }
        Self::stopped(w, clone, depth, show, out);
    }

    /// Nodes where the clone could be but is not.
    fn stopped(w: &World<'_>, clone: RscIx, depth: usize, show: Show, out: &mut String) {
        let candidates: Vec<NodeIx> =
            if w.options.symmetric { w[clone].allowed.nodes() } else { w[clone].known.clone() };
        let mut plain = Vec::new();
        let mut told: Vec<(&'static str, Vec<NodeIx>)> = Vec::new();
        for node in candidates {
            if active_on(w, clone, node) || show.only.is_some_and(|only| only != node) {
                continue;
            }
            let text = w[clone].children.iter().find_map(|c| probe_text(w, *c, node));
            match text {
                Some(text) => match told.iter_mut().find(|(have, _)| *have == text) {
                    Some((_, nodes)) => nodes.push(node),
                    None => told.push((text, vec![node])),
                },
                None => plain.push(node),
            }
        }
        let disabled = target_role(w, clone) == Some(Role::Stopped);
        list(w, if disabled { "Stopped (disabled)" } else { "Stopped" }, &plain, depth, out);
        told.sort_by_key(|(text, _)| *text);
        for (text, nodes) in told {
            list(w, &format!("Stopped ({text})"), &nodes, depth, out);
        }
    }
}

fn probe_text(w: &World<'_>, rsc: RscIx, node: NodeIx) -> Option<&'static str> {
    failed_probe(w, rsc, Some(node))
        .or_else(|| w[rsc].children.iter().find_map(|child| probe_text(w, *child, node)))
}

fn active_on(w: &World<'_>, rsc: RscIx, node: NodeIx) -> bool {
    w[rsc].active.contains(&node) || w[rsc].children.iter().any(|c| active_on(w, *c, node))
}

fn list(w: &World<'_>, title: &str, nodes: &[NodeIx], depth: usize, out: &mut String) {
    if nodes.is_empty() {
        return;
    }
    let mut names: Vec<&str> = nodes.iter().map(|node| w[*node].name).collect();
    names.sort_by(|a, b| numeric_name_order(a, b));
    names.dedup();
    item(depth, out);
    let _ = writeln!(out, "{title}: [ {} ]", names.join(" "));
}
