//! Migrations found in the history: finished, interrupted, failed on either side.

use cib::value::Role;

use super::history::{Op, rc, status};
use super::operations::Judged;
use crate::world::{Flags, NodeIx, RscIx, World};

/// The node of a name.
pub(crate) fn node_named(w: &World<'_>, name: Option<&str>) -> Option<NodeIx> {
    let name = name?;
    let at = w.nodes.iter().position(|node| node.name.eq_ignore_ascii_case(name))?;
    Some(NodeIx(at as u32))
}

/// The recorded operations of a resource on a node.
fn recorded<'d>(w: &World<'d>, id: &str, node: NodeIx) -> Vec<Op<'d>> {
    let resources = w[node]
        .state
        .and_then(|state| state.child("lrm"))
        .and_then(|lrm| lrm.child("lrm_resources"));
    resources
        .iter()
        .flat_map(|all| all.children_named("lrm_resource"))
        .find(|rsc| rsc.get("id") == Some(id))
        .map(super::history::operations)
        .unwrap_or_default()
}

fn newest<'a, 'd>(ops: &'a [Op<'d>], task: &str, source: Option<&str>) -> Option<&'a Op<'d>> {
    ops.iter()
        .rev()
        .find(|op| op.task == task && (source.is_none() || op.xml.get("migrate_source") == source))
}

/// Whether a result says something about the resource's state.
fn tells(op: &Op<'_>) -> bool {
    op.status == status::DONE || (op.status > status::DONE && op.rc != rc::UNKNOWN)
}

/// Whether something newer than a migration is known on its other side. There the migration is
/// best told by the operation of that side, if there is one: call ids of one node can be compared.
fn newer_beyond(ops: &[Op<'_>], op: &Op<'_>, beyond: Option<&Op<'_>>) -> bool {
    match beyond {
        Some(half) => newer_state(ops, half, true),
        None => newer_state(ops, op, false),
    }
}

/// Whether something newer than `op` is known of the resource's state on a node.
fn newer_state(ops: &[Op<'_>], op: &Op<'_>, same_node: bool) -> bool {
    ops.iter().any(|other| {
        let state = match other.task {
            "start" | "stop" | "migrate_to" | "migrate_from" => true,
            "monitor" => other.interval == 0 && tells(other),
            _ => false,
        };
        state && other.id != op.id && is_newer(other, op, same_node)
    })
}

fn is_newer(a: &Op<'_>, b: &Op<'_>, same_node: bool) -> bool {
    if same_node && a.call >= 0 && b.call >= 0 && a.call != b.call {
        return a.call > b.call;
    }
    match (a.changed, b.changed) {
        (Some(a), Some(b)) => a > b,
        _ => a.in_later_transition(b),
    }
}

/// Whether nothing but results that tell nothing is recorded.
fn unknown_there(ops: &[Op<'_>]) -> bool {
    !ops.iter().any(|op| match op.task {
        "monitor" if op.interval == 0 => op.rc != rc::UNKNOWN,
        _ => true,
    })
}

/// A migrate_to that went well, on its source.
pub(crate) fn to_success<'d>(w: &mut World<'d>, h: &mut Judged<'d>, op: &Op<'d>) {
    let (Some(source), Some(target)) = (op.xml.get("migrate_source"), op.xml.get("migrate_target"))
    else {
        return;
    };
    let id = w.history.last().and_then(|history| history.xml.get("id")).unwrap_or_default();
    let here = recorded(w, id, h.node);
    let over = here.iter().any(|other| {
        matches!(other.task, "start" | "stop" | "migrate_to" | "migrate_from")
            && other.id != op.id
            && is_newer(other, op, true)
    });
    if over {
        return;
    }
    let target_node = node_named(w, Some(target));
    let there = target_node.map(|node| recorded(w, id, node)).unwrap_or_default();
    let from = newest(&there, "migrate_from", Some(source)).copied();
    let newer = target_node.is_some() && newer_beyond(&there, op, from.as_ref());
    let newer_except_from = newer
        && there.iter().any(|other| other.task != "migrate_from" && is_newer(other, op, false));
    w[h.rsc].role = Role::Started;
    let online = target_node.is_some_and(|node| w[node].online);
    match from {
        Some(from) if from.status == status::PENDING => {
            both_sides(w, h, target_node, online, source);
        }
        Some(from) if from.rc == rc::OK && from.status == status::DONE => {
            // The target has it: what is left on the source must stop.
            w[h.rsc].role = Role::Stopped;
            w[h.rsc].dangling.push(h.node);
        }
        Some(_) => {
            // The migration arrived but failed.
            match target_node.filter(|_| online && !newer) {
                Some(node) => {
                    super::state::add_running(w, h.rsc, node);
                    w[h.rsc].flags.set(Flags::FAILED);
                }
                None => recover(w, h.rsc),
            }
        }
        None if newer_except_from => {
            w[h.rsc].role = Role::Stopped;
            w[h.rsc].dangling.push(h.node);
        }
        None => both_sides(w, h, target_node, online, source),
    }
}

/// The migration was interrupted half way: active on both sides, if the target is there.
fn both_sides(
    w: &mut World<'_>,
    h: &Judged<'_>,
    target: Option<NodeIx>,
    online: bool,
    source: &str,
) {
    let Some(target) = target.filter(|_| online) else {
        recover(w, h.rsc);
        return;
    };
    let source_node = node_named(w, Some(source));
    let source_online = source_node.is_some_and(|node| w[node].online);
    if source_online {
        w[h.rsc].partial_target = Some(target);
        w[h.rsc].partial_source = source_node;
    }
    super::state::add_running(w, h.rsc, target);
}

/// What is lost between two nodes is stopped and started.
fn recover(w: &mut World<'_>, rsc: RscIx) {
    w[rsc].flags.set(Flags::FAILED);
    w[rsc].flags.set(Flags::STOP_IF_FAILED);
    w[rsc].flags.clear(Flags::MIGRATABLE);
}

/// A migrate_to that failed, on its source.
pub(crate) fn to_failure<'d>(w: &mut World<'d>, h: &mut Judged<'d>, op: &Op<'d>) {
    w[h.rsc].role = Role::Started;
    let id = w.history.last().and_then(|history| history.xml.get("id")).unwrap_or_default();
    let target = node_named(w, op.xml.get("migrate_target"));
    let there = target.map(|node| recorded(w, id, node)).unwrap_or_default();
    let known = !there.is_empty() && !unknown_there(&there);
    let half = newest(&there, "migrate_from", op.xml.get("migrate_source"));
    if known && !newer_beyond(&there, op, half) {
        if let Some(node) = target.filter(|node| w[*node].online) {
            super::state::add_running(w, h.rsc, node);
        }
    } else {
        let source = op.xml.get("migrate_source");
        let arrived = newest(&there, "migrate_from", source).is_some();
        let here = recorded(w, id, h.node);
        if !arrived && !newer_state(&here, op, true) {
            w[h.rsc].dangling.push(h.node);
        }
    }
}

/// A migrate_from that failed, on its target.
pub(crate) fn from_failure<'d>(w: &mut World<'d>, h: &mut Judged<'d>, op: &Op<'d>) {
    w[h.rsc].role = Role::Started;
    let id = w.history.last().and_then(|history| history.xml.get("id")).unwrap_or_default();
    let source = node_named(w, op.xml.get("migrate_source"));
    let there = source.map(|node| recorded(w, id, node)).unwrap_or_default();
    let known = !there.is_empty() && !unknown_there(&there);
    let half = newest(&there, "migrate_to", op.xml.get("migrate_source"));
    if known
        && !newer_beyond(&there, op, half)
        && let Some(node) = source.filter(|node| w[*node].online)
    {
        super::state::add_running(w, h.rsc, node);
    }
}
