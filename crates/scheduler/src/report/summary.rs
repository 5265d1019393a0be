//! The transition summary: what the plan does to each node and resource, and why.

use std::fmt::Write as _;

use cib::value::Role;

use crate::actions::{newest, primitive};
use crate::world::{ActIx, Flags, Kind, NodeIx, RscIx, Task, World};

/// Writes the summary's lines.
pub(crate) fn write(w: &World<'_>, out: &mut String) {
    for at in (0..w.actions.len() as u32).rev().map(ActIx) {
        node_action(w, at, out);
    }
    for rsc in &w.top {
        resource(w, *rsc, out);
    }
}

fn node_action(w: &World<'_>, at: ActIx, out: &mut String) {
    let action = &w[at];
    let Some(node) = action.node.filter(|_| action.required()) else { return };
    if action.task == Task::Fence {
        let guest = w[node].container.filter(|_| w[node].is_guest());
        let container = guest.map(|rsc| format!(" (resource: {})", w[rsc].id)).unwrap_or_default();
        let reason = action.reason.as_ref().map(|why| format!(" '{why}'")).unwrap_or_default();
        let verb = action.verb.unwrap_or_default();
        let _ = writeln!(out, "  * Fence ({verb}) {}{container}{reason}", w[node].name);
    }
}

fn resource(w: &World<'_>, rsc: RscIx, out: &mut String) {
    match &w[rsc].kind {
        Kind::Primitive => primitive_lines(w, rsc, out),
        Kind::Group(_) | Kind::Clone(_) => {
            for child in &w[rsc].children {
                resource(w, *child, out);
            }
        }
        Kind::Bundle(bundle) => {
            for replica in &bundle.replicas {
                let parts = [replica.ip, Some(replica.container), replica.remote, replica.child];
                for part in parts.into_iter().flatten() {
                    resource(w, part, out);
                }
            }
        }
    }
}

/// What happens to one primitive.
struct Change<'w, 'd> {
    w: &'w World<'d>,
    rsc: RscIx,
    current: Option<NodeIx>,
    next: Option<NodeIx>,
    role: Role,
    next_role: Role,
}

fn primitive_lines(w: &World<'_>, rsc: RscIx, out: &mut String) {
    let current = primitive::current(w, rsc);
    let next = w[rsc].assigned;
    if current.is_none() && next.is_none() {
        return;
    }
    if !w[rsc].is(Flags::MANAGED) {
        return;
    }
    let mut role = w[rsc].role;
    if current.is_some() && role <= Role::Stopped {
        role = Role::Started;
    }
    let change = Change { w, rsc, current, next, role, next_role: w[rsc].next_role };
    change.write(out);
}

impl Change<'_, '_> {
    fn action(&self, task: Task, node: Option<NodeIx>) -> Option<ActIx> {
        newest(self.w, self.rsc, task, node)
    }

    fn moving(&self) -> bool {
        self.current.is_some() && self.next.is_some() && self.current != self.next
    }

    fn failed(&self) -> bool {
        self.w[self.rsc].is(Flags::FAILED)
    }

    fn write(&self, out: &mut String) {
        let w = self.w;
        let start_node = if self.current.is_none() { None } else { self.next };
        let start = self
            .action(Task::Start, start_node)
            .or_else(|| if self.current.is_none() { self.action(Task::Start, None) } else { None });
        let same_as_before = self.role == self.next_role;
        if self.current.is_some() && self.next.is_some() && same_as_before {
            self.same_role(start, out);
            return;
        }
        let stop_any = self.action(Task::Stop, self.current).or(self.action(Task::Stop, None));
        let blocked_start = start.is_some_and(|start| !w[start].runnable());
        if stop_any.is_some() && (self.next_role == Role::Stopped || blocked_start) {
            self.stops(start, out);
            return;
        }
        let stop = stop_any;
        if stop.is_some() && self.failed() && w[self.rsc].is(Flags::STOP_IF_FAILED) {
            self.line("Recover", stop, start.or(stop), out);
        } else if self.moving() {
            self.line("Move", stop, stop, out);
        } else if w[self.rsc].is(Flags::RELOAD) {
            self.line("Reload", start, start, out);
        } else if stop.is_some_and(|stop| w[stop].required()) {
            self.line("Restart", start, start, out);
        } else if self.role == Role::Promoted {
            let demote = self.action(Task::Demote, self.next);
            self.line("Demote", demote, demote, out);
        } else if self.next_role == Role::Promoted {
            let promote =
                self.action(Task::Promote, self.next).or(self.action(Task::Promote, None));
            self.line("Promote", promote, promote, out);
        } else if self.role <= Role::Stopped && self.next_role > Role::Stopped {
            self.line("Start", start, start, out);
        }
    }

    fn same_role(&self, start: Option<ActIx>, out: &mut String) {
        let w = self.w;
        let stop = self.action(Task::Stop, self.current);
        let migrate = self.action(Task::MigrateFrom, self.next);
        if migrate.is_some_and(|from| w[from].runnable()) {
            self.line("Migrate", start, start, out);
        } else if w[self.rsc].is(Flags::RELOAD) {
            self.line("Reload", start, start, out);
        } else if start.is_none_or(|start| w[start].optional()) {
            let demote = self.action(Task::Demote, self.current);
            let promote = self.action(Task::Promote, self.next);
            let both =
                demote.is_some_and(|a| w[a].required()) && promote.is_some_and(|a| w[a].required());
            if both {
                self.line("Re-promote", promote, demote, out);
            }
        } else if start.is_some_and(|start| !w[start].runnable()) {
            let reason = stop.filter(|stop| w[*stop].reason.is_some()).or(start);
            self.line_to("Stop", None, stop, reason, out);
        } else if self.moving() {
            let change = if self.failed() { "Recover" } else { "Move" };
            self.line(change, stop, stop, out);
        } else if self.failed() {
            self.line("Recover", stop, stop, out);
        } else {
            self.line("Restart", start, start, out);
        }
    }

    /// One line for each node it is active on.
    fn stops(&self, start: Option<ActIx>, out: &mut String) {
        let w = self.w;
        for node in &w[self.rsc].active {
            let stop = self.action(Task::Stop, Some(*node));
            let reason = stop.filter(|stop| w[*stop].reason.is_some()).or(start);
            let one = Change {
                w,
                rsc: self.rsc,
                current: Some(*node),
                next: None,
                role: self.role,
                next_role: Role::Stopped,
            };
            one.line_to("Stop", None, stop, reason, out);
        }
    }

    fn line(&self, change: &str, action: Option<ActIx>, reason: Option<ActIx>, out: &mut String) {
        self.line_to(change, self.next, action, reason, out);
    }

    fn line_to(
        &self,
        change: &str,
        next: Option<NodeIx>,
        action: Option<ActIx>,
        reason: Option<ActIx>,
        out: &mut String,
    ) {
        let details = self.details(change, next);
        let blocked = action.is_some_and(|action| !self.w[action].runnable());
        let why = reason.and_then(|action| self.w[action].reason.as_deref());
        let why = match (why, blocked) {
            (Some(why), true) => format!("  due to {why} (blocked)"),
            (Some(why), false) => format!("  due to {why}"),
            (None, true) => "  blocked".to_owned(),
            (None, false) => String::new(),
        };
        let id = &self.w[self.rsc].id;
        let _ = writeln!(out, "  * {change:<10} {id} ( {details} ){why}");
    }

    fn details(&self, change: &str, next: Option<NodeIx>) -> String {
        let w = self.w;
        let name = |node: Option<NodeIx>| node.map_or("", |node| w[node].name);
        let need_role = self.role > Role::Started || self.next_role > Role::Unpromoted;
        let same_role = self.role == self.next_role;
        let (r1, r2) = (role_name(self.role), role_name(self.next_role));
        let (n1, n2) = (name(self.current), name(next));
        if self.current.is_none() {
            return if need_role { format!("{r1} -> {r2} {n2}") } else { n2.to_owned() };
        }
        if next.is_none() {
            return if need_role { format!("{r1} {n1}") } else { n1.to_owned() };
        }
        let same_node = self.current == next;
        match (same_node, same_role, need_role) {
            (true, true, true) => format!("{r1} {n1}"),
            (true, true, false) => n1.to_owned(),
            (true, false, _) if change == "Start" => n1.to_owned(),
            (true, false, _) => format!("{r1} -> {r2} {n1}"),
            (false, true, true) => format!("{n1} -> {n2} {r1}"),
            (false, true, false) => format!("{n1} -> {n2}"),
            (false, false, _) => format!("{r1} {n1} -> {r2} {n2}"),
        }
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Unknown => "Stopped",
        role => role.name(),
    }
}
