//! Notifications: a clone that asks for them is told before and after each operation of its
//! instances.
//!
//! Per operation there is a chain of points: pre, confirmed-pre, the operation itself, post,
//! confirmed-post. The instances' own notify actions hang between a point and its confirmation.

use cib::value::{Role, Score};

use super::{add, blank, edge, newest};
use crate::world::{ActFlags, ActIx, Flags, Kind, NodeIx, Order, Rel, RscIx, Side, Task, World};

/// The four points around one operation.
#[derive(Clone, Copy)]
struct Chain {
    pre: ActIx,
    pre_done: ActIx,
    post: ActIx,
    post_done: ActIx,
}

/// The operations notifications are about.
const OPERATIONS: [Task; 4] = [Task::Start, Task::Stop, Task::Promote, Task::Demote];

fn key(id: &str, kind: &str, operation: Task) -> String {
    format!("{id}_{kind}_notify_{}_0", operation.text())
}

/// Creates the points around an operation of a clone, which exists with its completion.
pub(crate) fn surround(w: &mut World<'_>, clone: RscIx, task: Task) {
    if !w[clone].is(Flags::NOTIFY) {
        return;
    }
    let (Some(action), Some(complete)) =
        (newest(w, clone, task, None), newest(w, clone, task.completion(), None))
    else {
        return;
    };
    let pre = point(w, clone, (Task::Notify, "pre"), (task, task), action);
    let pre_done = point(w, clone, (Task::Notified, "confirmed-pre"), (task, task), action);
    let done = task.completion();
    let post = point(w, clone, (Task::Notify, "post"), (task, done), complete);
    let post_done = point(w, clone, (Task::Notified, "confirmed-post"), (task, done), complete);
    for at in [post, post_done] {
        w[at].priority = Score::INF.get();
    }
    let chain = [(pre, pre_done), (pre_done, action), (complete, post), (post, post_done)];
    for (first, then) in chain.into_iter().chain([(pre_done, post)]) {
        let (first, then) = (Side::Action(first), Side::Action(then));
        w.orders.push(Order { id: "", first, then, rel: Rel::ORDERED });
    }
}

fn point(
    w: &mut World<'_>,
    clone: RscIx,
    (task, kind): (Task, &'static str),
    (operation, keyed): (Task, Task),
    like: ActIx,
) -> ActIx {
    let mut action = blank(task, Some(clone), 0, None, w[like].optional());
    action.flags.set(ActFlags::PSEUDO);
    if !w[like].runnable() {
        action.flags.clear(ActFlags::RUNNABLE);
    }
    action.name = Some(key(&w[clone].id, kind, keyed));
    action.around = Some(keyed);
    let when = kind.trim_start_matches("confirmed-");
    action.meta = vec![
        ("CRM_meta_notify_key_type", kind.to_owned()),
        ("CRM_meta_notify_key_operation", keyed.text().to_owned()),
        ("CRM_meta_notify_type", when.to_owned()),
        ("CRM_meta_notify_operation", operation.text().to_owned()),
    ];
    add(w, action)
}

fn chain(w: &World<'_>, clone: RscIx, task: Task) -> Option<Chain> {
    let find = |kind: &str, keyed: Task| {
        let name = key(&w[clone].id, kind, keyed);
        let actions = w[clone].actions.iter().copied();
        actions.into_iter().find(|at| w[*at].name.as_deref() == Some(name.as_str()))
    };
    let done = task.completion();
    Some(Chain {
        pre: find("pre", task)?,
        pre_done: find("confirmed-pre", task)?,
        post: find("post", done)?,
        post_done: find("confirmed-post", done)?,
    })
}

/// Orders the chains of different operations: what goes down is done before what comes up.
pub(crate) fn order_chains(w: &mut World<'_>, clone: RscIx) {
    let pairs = [
        (Task::Stop, Task::Start),
        (Task::Start, Task::Promote),
        (Task::Stop, Task::Promote),
        (Task::Demote, Task::Promote),
        (Task::Demote, Task::Start),
        (Task::Demote, Task::Stop),
    ];
    for (first, then) in pairs {
        if let (Some(first), Some(then)) = (chain(w, clone, first), chain(w, clone, then)) {
            let (first, then) = (Side::Action(first.post_done), Side::Action(then.pre));
            w.orders.push(Order { id: "", first, then, rel: Rel::ORDERED });
        }
    }
}

/// Resources with the nodes they are on.
type Entries = Vec<(RscIx, Option<NodeIx>)>;

/// What all notifications of a clone say.
#[derive(Default)]
struct Told {
    active: Entries,
    inactive: Entries,
    promoted: Entries,
    unpromoted: Entries,
    start: Entries,
    stop: Entries,
    promote: Entries,
    demote: Entries,
}

/// Creates the instances' notify actions of all clones that ask for them, in list order.
pub(crate) fn create_all(w: &mut World<'_>) {
    for rsc in w.top.clone() {
        let clone = match &w[rsc].kind {
            Kind::Clone(_) => Some(rsc),
            Kind::Bundle(bundle) => bundle.child,
            _ => None,
        };
        if let Some(clone) = clone.filter(|clone| w[*clone].is(Flags::NOTIFY)) {
            create(w, clone);
        }
    }
}

fn create(w: &mut World<'_>, clone: RscIx) {
    let mut primitives = Vec::new();
    gather(w, clone, &mut primitives);
    let mut told = Told::default();
    for rsc in &primitives {
        collect(w, *rsc, &mut told);
    }
    told.sort(w);
    let meta = told.meta(w, clone);
    for task in OPERATIONS {
        let Some(chain) = chain(w, clone, task) else { continue };
        let planned = match task {
            Task::Start => !told.start.is_empty(),
            Task::Stop => !told.stop.is_empty(),
            Task::Promote => !told.promote.is_empty(),
            _ => !told.demote.is_empty(),
        };
        if planned {
            for at in [chain.pre, chain.pre_done, chain.post, chain.post_done] {
                w[at].flags.clear(ActFlags::OPTIONAL);
            }
        }
        for rsc in &primitives {
            tell_operations(w, *rsc, task, &meta);
            if planned || task == Task::Stop {
                notify_instance(w, *rsc, task, chain, &meta);
            }
        }
    }
}

fn gather(w: &World<'_>, rsc: RscIx, out: &mut Vec<RscIx>) {
    if w[rsc].is_primitive() {
        out.push(rsc);
    }
    for child in &w[rsc].children {
        gather(w, *child, out);
    }
}

fn collect(w: &World<'_>, rsc: RscIx, told: &mut Told) {
    let entry = (rsc, w[rsc].active.first().copied());
    match w[rsc].role {
        Role::Started => told.active.push(entry),
        Role::Unpromoted => {
            told.unpromoted.push(entry);
            told.active.push(entry);
        }
        Role::Promoted => {
            told.promoted.push(entry);
            told.active.push(entry);
        }
        Role::Stopped | Role::Unknown => told.inactive.push((rsc, None)),
    }
    for at in &w[rsc].actions {
        let action = &w[*at];
        if action.optional() || action.node.is_none() {
            continue;
        }
        let entry = (rsc, action.node);
        match action.task {
            Task::Start => told.start.push(entry),
            Task::Stop => told.stop.push(entry),
            Task::Promote => told.promote.push(entry),
            Task::Demote => told.demote.push(entry),
            _ => {}
        }
    }
}

impl Told {
    fn sort(&mut self, w: &World<'_>) {
        let lists = [
            &mut self.active,
            &mut self.inactive,
            &mut self.promoted,
            &mut self.unpromoted,
            &mut self.start,
            &mut self.stop,
            &mut self.promote,
            &mut self.demote,
        ];
        for list in lists {
            list.sort_by(|a, b| {
                let node = |entry: &(RscIx, Option<NodeIx>)| entry.1.map(|node| w[node].id);
                w[a.0].id.cmp(&w[b.0].id).then_with(|| node(a).cmp(&node(b)))
            });
            list.dedup_by_key(|entry| entry.0);
        }
    }

    fn meta(&self, w: &World<'_>, clone: RscIx) -> Vec<(&'static str, String)> {
        let mut meta = Vec::new();
        let lists: [(&'static str, &'static str, &Entries); 9] = [
            ("CRM_meta_notify_stop_resource", "CRM_meta_notify_stop_uname", &self.stop),
            ("CRM_meta_notify_start_resource", "CRM_meta_notify_start_uname", &self.start),
            ("CRM_meta_notify_demote_resource", "CRM_meta_notify_demote_uname", &self.demote),
            ("CRM_meta_notify_promote_resource", "CRM_meta_notify_promote_uname", &self.promote),
            ("CRM_meta_notify_active_resource", "CRM_meta_notify_active_uname", &self.active),
            ("CRM_meta_notify_slave_resource", "CRM_meta_notify_slave_uname", &self.unpromoted),
            (
                "CRM_meta_notify_unpromoted_resource",
                "CRM_meta_notify_unpromoted_uname",
                &self.unpromoted,
            ),
            ("CRM_meta_notify_master_resource", "CRM_meta_notify_master_uname", &self.promoted),
            ("CRM_meta_notify_promoted_resource", "CRM_meta_notify_promoted_uname", &self.promoted),
        ];
        for (resources, nodes, entries) in lists {
            meta.push((resources, ids(w, entries)));
            meta.push((nodes, joined(entries.iter().filter_map(|e| e.1).map(|n| w[n].name))));
        }
        meta.push(("CRM_meta_notify_inactive_resource", ids(w, &self.inactive)));
        // All nodes of the table, also those that are banned.
        let available = w[clone].allowed.iter().map(|(node, _)| w[node].name);
        meta.push(("CRM_meta_notify_available_uname", joined(available)));
        meta.push(("CRM_meta_notify_all_uname", joined(w.nodes.iter().map(|node| node.name))));
        meta
    }
}

fn ids(w: &World<'_>, entries: &Entries) -> String {
    joined(entries.iter().map(|(rsc, _)| w[*rsc].id.as_str()))
}

/// Names in one text; no names are one blank.
fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    if all.is_empty() { " ".to_owned() } else { all.join(" ") }
}

/// The operations themselves are told the same as the notifications.
fn tell_operations(w: &mut World<'_>, rsc: RscIx, task: Task, meta: &[(&'static str, String)]) {
    for at in w[rsc].actions.clone() {
        if w[at].task == task && w[at].required() && w[at].node.is_some() {
            w[at].meta.extend(meta.iter().cloned());
        }
    }
}

fn notify_instance(
    w: &mut World<'_>,
    rsc: RscIx,
    task: Task,
    chain: Chain,
    meta: &[(&'static str, String)],
) {
    match task {
        Task::Stop | Task::Demote => {
            for node in w[rsc].active.clone() {
                let stop = newest(w, rsc, Task::Stop, Some(node));
                if stop.is_some_and(|stop| w[stop].pseudo()) {
                    continue;
                }
                tell(w, rsc, node, (chain.pre, chain.pre_done), (task, "pre"), meta);
                if task == Task::Demote || stop.is_none_or(|stop| w[stop].optional()) {
                    tell_after(w, rsc, node, chain, task, meta);
                }
            }
        }
        _ => {
            let Some(node) = w[rsc].assigned else { return };
            let start = newest(w, rsc, Task::Start, Some(node));
            if task != Task::Start || start.is_none_or(|start| w[start].optional()) {
                tell(w, rsc, node, (chain.pre, chain.pre_done), (task, "pre"), meta);
            }
            tell_after(w, rsc, node, chain, task, meta);
        }
    }
}

/// One instance's notify action between a point and its confirmation.
fn tell(
    w: &mut World<'_>,
    rsc: RscIx,
    node: NodeIx,
    (point, confirmed): (ActIx, ActIx),
    (task, when): (Task, &'static str),
    meta: &[(&'static str, String)],
) -> Option<ActIx> {
    if !w[node].online || !w[point].runnable() {
        return None;
    }
    let mut action = blank(Task::Notify, Some(rsc), 0, Some(node), w[point].optional());
    action.name = Some(key(&w[rsc].id, when, task));
    action.meta.clone_from(&w[point].meta);
    action.meta.extend(meta.iter().cloned());
    let action = add(w, action);
    edge(w, point, action, Rel::ORDERED);
    edge(w, action, confirmed, Rel::ORDERED);
    Some(action)
}

/// After everybody has been told, monitors begin.
fn tell_after(
    w: &mut World<'_>,
    rsc: RscIx,
    node: NodeIx,
    chain: Chain,
    task: Task,
    meta: &[(&'static str, String)],
) {
    let told = tell(w, rsc, node, (chain.post, chain.post_done), (task, "post"), meta);
    let Some(told) = told else { return };
    w[told].priority = Score::INF.get();
    for monitor in w[rsc].actions.clone() {
        if w[monitor].interval > 0 && w[monitor].task == Task::Monitor {
            edge(w, chain.post_done, monitor, Rel::ORDERED);
        }
    }
}
