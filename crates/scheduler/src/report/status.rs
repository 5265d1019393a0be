//! The cluster's status: nodes, then resources.

use std::fmt::Write as _;

use cib::value::Role;

use super::resources::{self, Show};
use crate::constraints::health::{Color, color};
use crate::unpack::options::Health;
use crate::world::{Flags, NodeIx, NodeKind, RscIx, World};

/// Writes the warning of maintenance mode and the count of what is disabled or blocked.
pub(crate) fn headline(w: &World<'_>, out: &mut String) {
    if w.options.maintenance {
        out.push_str(
            "\n              *** Resource management is DISABLED ***\n  \
             The cluster will not attempt to start, stop or recover services\n\n",
        );
    }
    let (total, disabled, blocked) = counts(w);
    if disabled + blocked == 0 {
        return;
    }
    let _ = writeln!(
        out,
        "{disabled} of {total} resource instances DISABLED and {blocked} BLOCKED from \
         further action due to failure\n"
    );
}

/// How many resource instances there are, how many of them are disabled, and how many blocked.
pub(crate) fn counts(w: &World<'_>) -> (usize, usize, usize) {
    let (mut total, mut disabled, mut blocked) = (0, 0, 0);
    for rsc in all_primitives(w) {
        if w[rsc].is(Flags::REMOVED) && w[rsc].active.is_empty() {
            continue;
        }
        total += 1;
        disabled += usize::from(is_disabled(w, rsc));
        blocked += usize::from(w[rsc].is(Flags::BLOCKED));
    }
    (total, disabled, blocked)
}

fn all_primitives(w: &World<'_>) -> Vec<RscIx> {
    let all = (0..w.resources.len() as u32).map(RscIx);
    all.filter(|rsc| w[*rsc].is_primitive()).collect()
}

/// Disabled by its target role.
pub(crate) fn is_disabled(w: &World<'_>, rsc: RscIx) -> bool {
    match target_role(w, rsc) {
        Some(Role::Stopped) => true,
        Some(Role::Unpromoted) => {
            std::iter::successors(Some(rsc), |r| w[*r].parent).any(|r| w[r].is_promotable())
        }
        _ => false,
    }
}

/// The configured target role.
pub(crate) fn target_role(w: &World<'_>, rsc: RscIx) -> Option<Role> {
    w[rsc].meta("target-role").and_then(Role::parse)
}

/// Writes nodes and resources. `pending` shows operations that have not ended yet.
pub(crate) fn write(w: &World<'_>, pending: bool, out: &mut String) {
    out.push_str("  * Node List:\n");
    nodes(w, 2, None, out);
    out.push_str("\n  * Full List of Resources:\n");
    let before = out.len();
    for rsc in &w.top {
        resources::write(w, *rsc, 2, Show::all(pending), out);
    }
    if out.len() == before {
        out.push_str("    * No resources\n");
    }
}

/// Nodes that are told of.
pub(crate) fn known(w: &World<'_>) -> impl Iterator<Item = NodeIx> {
    (0..w.nodes.len() as u32).map(NodeIx).filter(|node| !w[*node].leftover)
}

/// Writes the list of nodes, of all or only of one. `depth` is the indentation in steps of two blanks.
pub(crate) fn nodes(w: &World<'_>, depth: usize, only: Option<NodeIx>, out: &mut String) {
    let pad = "  ".repeat(depth);
    let mut lists: [Vec<&str>; 5] = Default::default();
    for node in known(w).filter(|node| only.is_none_or(|only| only == *node)) {
        if let Some(line) = alone(w, node) {
            let _ = writeln!(out, "{pad}* {line}");
            continue;
        }
        let on = &w[node];
        let list = match (on.kind, on.online) {
            (NodeKind::Member, true) => 0,
            (NodeKind::Member, false) => 1,
            (NodeKind::Remote, true) => 2,
            (NodeKind::Remote, false) => 3,
            (NodeKind::Guest, true) => 4,
            (NodeKind::Guest, false) => continue,
        };
        lists[list].push(on.name);
    }
    let titles = ["Online", "OFFLINE", "RemoteOnline", "RemoteOFFLINE", "GuestOnline"];
    for (title, names) in titles.iter().zip(&lists) {
        if !names.is_empty() {
            let _ = writeln!(out, "{pad}* {title}: [ {} ]", names.join(" "));
        }
    }
}

/// The line of a node that is not merely online or offline.
fn alone(w: &World<'_>, node: NodeIx) -> Option<String> {
    let on = &w[node];
    let hidden = on.is_guest() && !on.online;
    let ordinary = !on.unclean
        && !on.pending
        && !on.standby_on_fail
        && !on.standby
        && (!on.maintenance || hidden)
        && health(w, node) == Color::Green;
    if ordinary {
        return None;
    }
    let kind = kind(w, node);
    Some(format!("{kind} {}: {}", on.name, state_and_health(w, node)))
}

/// What a node is, as lines begin.
pub(crate) fn kind(w: &World<'_>, node: NodeIx) -> &'static str {
    match w[node].kind {
        NodeKind::Member => "Node",
        NodeKind::Remote => "RemoteNode",
        NodeKind::Guest => "GuestNode",
    }
}

/// A node's state and, unless it is good, its health.
pub(crate) fn state_and_health(w: &World<'_>, node: NodeIx) -> String {
    let health = match health(w, node) {
        Color::Green => "",
        Color::Yellow => " (health is YELLOW)",
        Color::Red => " (health is RED)",
    };
    format!("{}{health}", state(w, node))
}

/// A node's health, where health matters at all.
pub(crate) fn health(w: &World<'_>, node: NodeIx) -> Color {
    if w.options.health == Health::None { Color::Green } else { color(w, node) }
}

fn state(w: &World<'_>, node: NodeIx) -> &'static str {
    let on = &w[node];
    if on.unclean {
        return match (on.online, on.pending) {
            (true, _) => "UNCLEAN (online)",
            (_, true) => "UNCLEAN (pending)",
            _ => "UNCLEAN (offline)",
        };
    }
    if on.pending {
        "pending"
    } else if on.standby_on_fail && on.online {
        "standby (on-fail)"
    } else if on.standby {
        match (on.online, on.running.is_empty()) {
            (false, _) => "OFFLINE (standby)",
            (true, true) => "standby",
            (true, false) => "standby (with active resources)",
        }
    } else if on.maintenance {
        if on.online { "maintenance" } else { "OFFLINE (maintenance)" }
    } else if on.online {
        "online"
    } else {
        "OFFLINE"
    }
}
