//! Notifications: a clone that asks for them is told before and after each operation of its
//! instances.
//!
//! Per operation there is a chain of points: pre, confirmed-pre, the operation itself, post,
//! confirmed-post. The instances' own notify actions hang between a point and its confirmation.

use cib::value::{Role, Score};

use super::{add, blank, edge, newest};
use crate::world::{ActFlags, ActIx, Flags, Kind, NodeIx, Rel, RscIx, Task, World};

/// A point at which instances are told, and the one at which all have been.
type Points = (ActIx, ActIx);

/// The four points around one operation. After a fencing, which nobody asks for, nobody is told
/// before.
#[derive(Clone, Copy)]
struct Chain {
    pre: Option<Points>,
    post: Points,
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
    for at in [pre, pre_done] {
        w[at].flags.set(ActFlags::RUNNABLE);
    }
    edge(w, pre, pre_done, Rel::ORDERED);
    edge(w, pre_done, action, Rel::ORDERED);
    let (post, _) = after(w, clone, (task, task.completion()), complete);
    edge(w, pre_done, post, Rel::ORDERED);
}

/// The points after something that completes an operation.
fn after(w: &mut World<'_>, rsc: RscIx, tasks: (Task, Task), complete: ActIx) -> Points {
    let post = point(w, rsc, (Task::Notify, "post"), tasks, complete);
    let post_done = point(w, rsc, (Task::Notified, "confirmed-post"), tasks, complete);
    for at in [post, post_done] {
        w[at].priority = Score::INF.get();
    }
    edge(w, complete, post, Rel::FIRST_IMPLIES_THEN);
    edge(w, post, post_done, Rel::FIRST_IMPLIES_THEN);
    (post, post_done)
}

/// The instances that stay are told of a stop that a fencing stands for. They are told by this
/// alone: what the clone's own notification waits for may itself wait for them.
pub(crate) fn after_fencing(w: &mut World<'_>, rsc: RscIx, fencing: ActIx) {
    if !w[rsc].is(Flags::NOTIFY) {
        return;
    }
    let mut around = std::iter::successors(w[rsc].parent, |up| w[*up].parent);
    let Some(clone) = around.find(|up| w[*up].is_clone()) else { return };
    let post = after(w, rsc, (Task::Stop, Task::Fence), fencing);
    let mut primitives = Vec::new();
    gather(w, clone, &mut primitives);
    // What is said of stops now stays, whatever else stops.
    let stopped = [(rsc, w[fencing].node)].to_vec();
    let meta = [
        ("CRM_meta_notify_stop_resource", ids(w, &stopped)),
        ("CRM_meta_notify_stop_uname", nodes(w, &stopped)),
    ];
    for told in primitives {
        for task in OPERATIONS {
            tell_operations(w, told, task, &meta);
        }
        notify_instance(w, told, Task::Stop, Chain { pre: None, post }, &meta);
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
        pre: Some((find("pre", task)?, find("confirmed-pre", task)?)),
        post: (find("post", done)?, find("confirmed-post", done)?),
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
        let (first, then) = (chain(w, clone, first), chain(w, clone, then));
        let pre = then.and_then(|then| then.pre);
        if let (Some(first), Some((pre, _))) = (first, pre) {
            edge(w, first.post.1, pre, Rel::ORDERED);
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

/// Looks a last time at what each clone's points follow from, the newest first, and creates the
/// instances' notify actions of those that ask for them; in list order.
pub(crate) fn create_all(w: &mut World<'_>) {
    for rsc in w.top.clone() {
        let clone = match &w[rsc].kind {
            Kind::Clone(_) => Some(rsc),
            Kind::Bundle(bundle) => bundle.child,
            _ => None,
        };
        let Some(clone) = clone else { continue };
        for action in w[clone].actions.clone().into_iter().rev() {
            crate::order::collective::flags(w, action, None);
        }
        if w[clone].is(Flags::NOTIFY) {
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
            for (point, confirmed) in chain.pre.into_iter().chain([chain.post]) {
                w[point].flags.clear(ActFlags::OPTIONAL);
                w[confirmed].flags.clear(ActFlags::OPTIONAL);
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
        let gone = action.task == Task::Stop && action.node.is_some_and(|node| w[node].unclean);
        if !action.runnable() && !gone {
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
        for (resources, unames, entries) in lists {
            meta.push((resources, ids(w, entries)));
            meta.push((unames, nodes(w, entries)));
        }
        meta.push(("CRM_meta_notify_inactive_resource", ids(w, &self.inactive)));
        // All nodes of the table, also those that are banned.
        let available = w[clone].allowed.iter().map(|(node, _)| w[node].name);
        meta.push(("CRM_meta_notify_available_uname", joined(available)));
        meta.push(("CRM_meta_notify_all_uname", joined(w.nodes.iter().map(|node| node.name))));
        if on_hosts(w, clone) {
            let hosts = (0..w.nodes.len() as u32).map(NodeIx).map(|node| w[host(w, node)].name);
            meta.push(("CRM_meta_notify_all_hosts", joined(hosts)));
        }
        meta
    }
}

/// Whether what is told inside a bundle is about its hosts.
fn on_hosts(w: &World<'_>, clone: RscIx) -> bool {
    let first = w[clone].children.first().copied().unwrap_or(clone);
    w.inside_bundle(first) && w[first].meta("container-attribute-target") == Some("host")
}

/// The node a guest runs on now; of any other node, and a guest that runs nowhere, the node itself.
fn host(w: &World<'_>, node: NodeIx) -> NodeIx {
    let container = w[node].container.filter(|_| w[node].is_guest());
    container.and_then(|container| w[container].active.first().copied()).unwrap_or(node)
}

fn ids(w: &World<'_>, entries: &Entries) -> String {
    joined(entries.iter().map(|(rsc, _)| w[*rsc].id.as_str()))
}

fn nodes(w: &World<'_>, entries: &Entries) -> String {
    joined(entries.iter().filter_map(|(_, node)| *node).map(|node| w[node].name))
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
            say(w, at, meta);
        }
    }
}

/// What an action has been told already stays.
fn say(w: &mut World<'_>, at: ActIx, meta: &[(&'static str, String)]) {
    for (name, text) in meta {
        if w[at].meta.iter().all(|(have, _)| have != name) {
            w[at].meta.push((name, text.clone()));
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
                // What a fencing stands for: there is nobody to be told.
                if task == Task::Stop && stop.is_some_and(|stop| w[stop].pseudo()) {
                    continue;
                }
                if let Some(pre) = chain.pre {
                    tell(w, rsc, node, pre, (task, "pre"), meta);
                }
                if task == Task::Demote || stop.is_none_or(|stop| w[stop].optional()) {
                    tell_after(w, rsc, node, chain, task, meta);
                }
            }
        }
        _ => {
            let Some(node) = w[rsc].assigned.filter(|_| w[rsc].next_role > Role::Stopped) else {
                return;
            };
            let start = newest(w, rsc, Task::Start, Some(node));
            if start.is_some_and(|start| w[start].required() && !w[start].runnable()) {
                return;
            }
            let up = task != Task::Start || start.is_none_or(|start| w[start].optional());
            if let Some(pre) = chain.pre.filter(|_| up) {
                tell(w, rsc, node, pre, (task, "pre"), meta);
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
    let name = key(&w[rsc].id, when, task);
    let mut own = w[rsc].actions.iter().copied();
    let known = own.find(|at| w[*at].name.as_deref() == Some(&name) && w[*at].node == Some(node));
    let action = known.unwrap_or_else(|| {
        let mut action = blank(Task::Notify, Some(rsc), 0, Some(node), w[point].optional());
        action.name = Some(name);
        // Who asked first says what it is about.
        action.meta.clone_from(&w[point].meta);
        add(w, action)
    });
    super::judge_runnable(w, action);
    if w[point].required() {
        w[action].flags.clear(ActFlags::OPTIONAL);
    }
    say(w, action, meta);
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
    if let Some(told) = tell(w, rsc, node, chain.post, (task, "post"), meta) {
        w[told].priority = Score::INF.get();
    }
    for monitor in w[rsc].actions.clone() {
        if w[monitor].interval > 0 && w[monitor].task == Task::Monitor {
            edge(w, chain.post.1, monitor, Rel::ORDERED);
        }
    }
}
