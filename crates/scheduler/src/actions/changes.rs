//! Changes of the configuration since an operation ran: restarts, reloads, cancelled operations,
//! cleaned histories.

use std::collections::BTreeMap;

use super::primitive::single;
use super::{Wanted, create, fencing};
use crate::digest::{Verdict, verdict, with_secrets};
use crate::unpack::failcount;
use crate::unpack::history::{History, Op, active_since};
use crate::unpack::operations::find_config;
use crate::unpack::values::needs_host_name;
use crate::world::{ActFlags, Flags, Key, NodeIx, Order, Rel, RscIx, Side, Task, World};

/// Compares every history with the configuration: before anything is assigned those whose
/// parameters are known then, `late` the others.
pub(crate) fn check_all(w: &mut World<'_>, late: bool) {
    let histories = std::mem::take(&mut w.history);
    let bearers = bearers(w);
    for node in (0..w.nodes.len() as u32).map(NodeIx) {
        let on = &w[node];
        if !on.maintenance && !w.node_available(node) {
            continue;
        }
        for history in histories.iter().filter(|history| history.node == node) {
            for rsc in named(&bearers, history) {
                if needs_host_name(w, rsc) == late {
                    check(w, rsc, history);
                }
            }
        }
    }
    w.history = histories;
}

/// Primitives by their names: ids, and what histories call them.
type Bearers = BTreeMap<String, Vec<RscIx>>;

fn bearers(w: &World<'_>) -> Bearers {
    let mut found = Bearers::new();
    for at in (0..w.resources.len() as u32).map(RscIx).filter(|at| w[*at].is_primitive()) {
        let rsc = &w[at];
        let mut name = |name: &str| {
            let all = found.entry(name.to_owned()).or_default();
            if !all.contains(&at) {
                all.push(at);
            }
        };
        name(&rsc.id);
        if let Some(other) = rsc.history_id {
            name(other);
        }
    }
    found
}

/// Whom a history is compared with: all that bear its name now, not the one that took it over when
/// it was read. An instance may have taken over a name with another number.
fn named(bearers: &Bearers, history: &History<'_>) -> Vec<RscIx> {
    let name = history.xml.get("id").unwrap_or_default();
    bearers.get(name).cloned().unwrap_or_default()
}

fn check<'d>(w: &mut World<'d>, rsc: RscIx, history: &History<'d>) {
    let node = history.node;
    if w[rsc].is(Flags::REMOVED) {
        let instance = w[rsc].parent.is_some();
        if !instance {
            clean_up(w, rsc, node);
        }
        return;
    }
    let active = w[rsc].active.contains(&node);
    if agent_changed(w, rsc, history) {
        if active {
            single(w, rsc, Task::Stop, node, false);
        }
        clean_up(w, rsc, node);
        fencing::unfence_for(w, rsc, node, "Device definition changed");
    }
    if !active {
        return;
    }
    let mut seen = Vec::new();
    let (start, _) = active_since(&history.ops);
    for (at, op) in (0_i64..).zip(&history.ops) {
        if at >= start {
            check_op(w, rsc, history, op, &mut seen);
        }
    }
}

fn check_op<'d>(
    w: &mut World<'d>,
    rsc: RscIx,
    history: &History<'d>,
    op: &Op<'d>,
    seen: &mut Vec<((Task, u32), Verdict)>,
) {
    let node = history.node;
    if op.interval > 0 && (w[rsc].is(Flags::MAINTENANCE) || w[node].maintenance) {
        cancel(w, rsc, node, op);
        return;
    }
    let checked = ["monitor", "start", "promote", "migrate_from"].contains(&op.task);
    if op.interval == 0 && !checked {
        return;
    }
    if changed(w, rsc, history, op, seen) && failcount::effective(w, rsc, node).count.get() != 0 {
        failcount::clear(w, rsc, node, "action definition changed");
    }
}

/// Acts on a changed definition; false if the definition is the same.
fn changed<'d>(
    w: &mut World<'d>,
    rsc: RscIx,
    history: &History<'d>,
    op: &Op<'d>,
    seen: &mut Vec<((Task, u32), Verdict)>,
) -> bool {
    let node = history.node;
    if op.interval > 0 && find_config(w, rsc, op.task, op.interval, false).is_none() {
        if w.options.cancel_removed {
            cancel(w, rsc, node, op);
        }
        return true;
    }
    let key = (compared_as(op), op.interval);
    let verdict = if op.interval > 0 && history.expired.contains(&op.id) {
        Verdict::Restart
    } else if let Some((_, verdict)) = seen.iter().find(|(have, _)| *have == key) {
        *verdict
    } else {
        let verdict = verdict(w, rsc, node, op);
        seen.push((key, verdict));
        verdict
    };
    match verdict {
        Verdict::Same => false,
        Verdict::Restart => {
            force_restart(w, rsc, node, (key.0, op.interval));
            true
        }
        Verdict::Mismatch | Verdict::Unknown => {
            if op.interval > 0 {
                let action = create(
                    w,
                    Wanted {
                        rsc,
                        task: key.0,
                        interval: op.interval,
                        node: Some(node),
                        optional: true,
                    },
                );
                w[action].flags.set(ActFlags::RESCHEDULE);
            } else if op.xml.get("op-restart-digest").is_some() {
                reload(w, rsc, node);
            } else {
                force_restart(w, rsc, node, (key.0, op.interval));
            }
            true
        }
    }
}

/// Probes, promotions and migrations are judged as starts.
pub(crate) fn compared_as(op: &Op<'_>) -> Task {
    match (op.task, op.interval) {
        ("monitor", 0) | ("migrate_from" | "promote" | "start", _) => Task::Start,
        (task, _) => Task::parse(task).unwrap_or(Task::Monitor),
    }
}

/// Whether parameters have changed since an operation, for forgetting its failure.
pub(crate) fn parameters_changed(w: &World<'_>, rsc: RscIx, node: NodeIx, op: &Op<'_>) -> bool {
    if !["start", "monitor"].contains(&op.task) {
        return false;
    }
    matches!(with_secrets(w, rsc, node, op), Verdict::Restart | Verdict::Mismatch)
}

fn force_restart(w: &mut World<'_>, rsc: RscIx, node: NodeIx, (task, interval): (Task, u32)) {
    let action = create(w, Wanted { rsc, task, interval, node: None, optional: false });
    w[action].reason = Some("resource definition change".to_owned());
    fencing::unfence_for(w, rsc, node, "Device parameters changed");
}

fn reload(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    if !w[rsc].is(Flags::MANAGED) || w[rsc].is(Flags::FAILED) {
        return;
    }
    if w[rsc].is(Flags::START_PENDING) {
        single(w, rsc, Task::Stop, node, false);
        return;
    }
    fencing::unfence_for(w, rsc, node, "Device parameters changed (reload)");
    w[rsc].flags.set(Flags::RELOAD);
    let reload = single(w, rsc, Task::ReloadAgent, node, false);
    if w[reload].reason.is_none() {
        w[reload].reason = Some("resource definition change".to_owned());
    }
    for task in [Task::Stop, Task::Demote] {
        let then = Side::Key(Key { rsc, task, interval: 0 });
        let rel = Rel::ORDERED | Rel::THEN_CANCELS_FIRST;
        w.orders.push(Order { id: "", first: Side::Action(reload), then, rel });
    }
}

/// Cancels a recurring operation that is not configured any more.
fn cancel<'d>(w: &mut World<'d>, rsc: RscIx, node: NodeIx, op: &Op<'d>) {
    let action = super::recurring::cancel(w, rsc, op.task, op.interval, node);
    w[action].verb = Some(op.task);
    w[action].meta.push(("CRM_meta_call_id", op.xml.get("call-id").unwrap_or("0").to_owned()));
    let first = Side::Key(Key { rsc, task: Task::Stop, interval: 0 });
    w.orders.push(Order { id: "", first, then: Side::Action(action), rel: Rel::ORDERED });
}

/// Failures of resources that are not configured any more are forgotten, before they stop.
pub(crate) fn forget_removed(w: &mut World<'_>) {
    let removed: Vec<RscIx> =
        w.top.iter().copied().filter(|rsc| w[*rsc].is(Flags::REMOVED)).collect();
    for rsc in removed {
        for node in (0..w.nodes.len() as u32).map(NodeIx) {
            let there = w[node].online && !w[node].unclean;
            if there && failcount::effective(w, rsc, node).count.get() != 0 {
                let clear = failcount::clear(w, rsc, node, "it is orphaned");
                let then = Side::Key(Key { rsc, task: Task::Stop, interval: 0 });
                let first = Side::Action(clear);
                w.orders.push(Order { id: "", first, then, rel: Rel::ORDERED });
            }
        }
    }
}

/// Whether the history is of another agent than the configured one.
fn agent_changed(w: &World<'_>, rsc: RscIx, history: &History<'_>) -> bool {
    let rsc = &w[rsc];
    let recorded = |name: &str| history.xml.get(name);
    recorded("type").is_some_and(|text| text != rsc.agent)
        || recorded("class").is_some_and(|text| text != rsc.class)
        || recorded("provider") != rsc.provider && recorded("type").is_some()
}

/// Removes the history of a resource from a node, once it is stopped there.
fn clean_up(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    if w[rsc].is(Flags::FAILED) || w[node].unclean || !w[node].online {
        return;
    }
    let delete = single(w, rsc, Task::Delete, node, false);
    let key = |task| Side::Key(Key { rsc, task, interval: 0 });
    let mut order = |first: Side, then: Side| {
        w.orders.push(Order { id: "", first, then, rel: Rel::ORDERED });
    };
    order(key(Task::Stop), Side::Action(delete));
    order(Side::Action(delete), key(Task::Start));
}
