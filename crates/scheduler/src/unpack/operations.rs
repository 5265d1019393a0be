//! What a recorded operation says about its resource: its role, whether it failed, and what the
//! failure asks for.

use cib::value::{self, Role, Score};
use cib::xml::Node;

use super::history::{Op, rc, status};
use super::nodes::fence;
use super::values::{Facts, block};
use crate::actions::{Wanted, create};
use crate::trace::{Cause, during};
use crate::world::{Flags, NodeIx, RscIx, Task, World};

/// What a failure asks for, by severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OnFail {
    Ignore,
    Demote,
    Restart,
    ResetRemote,
    RestartContainer,
    /// Move away.
    Ban,
    Block,
    Stop,
    Standby,
    Fence,
}

/// What judging a history has found so far.
pub(crate) struct Judged<'d> {
    pub(crate) rsc: RscIx,
    pub(crate) node: NodeIx,
    pub(crate) on_fail: OnFail,
    pub(crate) last_failure: Option<Op<'d>>,
    /// Ids of recurring operations whose failure is forgotten.
    pub(crate) expired: Vec<&'d str>,
}

/// The resource whose bans concern all its instances.
pub(crate) fn top(w: &World<'_>, rsc: RscIx) -> RscIx {
    let mut at = rsc;
    while let Some(up) = w[at].parent.filter(|up| !w[*up].is_bundle()) {
        at = up;
    }
    at
}

/// The configured operation of a name and interval.
pub(crate) fn find_config<'d>(
    w: &World<'d>,
    rsc: RscIx,
    task: &str,
    interval: u32,
    disabled_too: bool,
) -> Option<Node<'d>> {
    let ops = &w[rsc].ops;
    let find = |name: &str, interval: u32| {
        ops.iter()
            .find(|op| op.name == name && op.interval == interval && (disabled_too || op.enabled))
            .map(|op| op.xml)
    };
    find(task, interval).or_else(|| match task {
        "migrate_to" | "migrate_from" => find("migrate", 0),
        _ => None,
    })
}

/// A meta-attribute of an operation: its own block, its element, the defaults.
pub(crate) fn op_meta<'d>(
    w: &World<'d>,
    rsc: RscIx,
    task: &str,
    interval: u32,
    name: &str,
) -> Option<&'d str> {
    let config = find_config(w, rsc, task, interval, true);
    let facts = Facts::of_operation(w[rsc].xml, task, interval);
    let own = config.and_then(|op| {
        let in_block = block(w, op, "meta_attributes", &facts);
        in_block.into_iter().find(|(have, _)| *have == name).map(|(_, v)| v).or(op.get(name))
    });
    own.or_else(|| {
        let defaults = super::expand::section(w.doc, "op_defaults")?;
        let all = block(w, w.doc.node(defaults), "meta_attributes", &facts);
        all.into_iter().find(|(have, _)| *have == name).map(|(_, value)| value)
    })
}

/// What the configuration says an operation's failure asks for, if it says anything usable.
pub(crate) fn on_fail_configured(
    w: &World<'_>,
    rsc: RscIx,
    task: &str,
    interval: u32,
) -> Option<OnFail> {
    let mut text = op_meta(w, rsc, task, interval, "on-fail");
    if task == "demote" && text.is_none() {
        text = promoted_monitor_on_fail(w, rsc);
    }
    let wanted = match text? {
        "ignore" | "nothing" => OnFail::Ignore,
        "block" => OnFail::Block,
        "standby" => OnFail::Standby,
        "fence" if w.options.fencing => OnFail::Fence,
        "stop" | "fence" => OnFail::Stop,
        "migrate" | "ban" => OnFail::Ban,
        "restart" => OnFail::Restart,
        "restart-container" if w[rsc].container.is_some() => OnFail::RestartContainer,
        "demote" => OnFail::Demote,
        _ => return None,
    };
    let stop_may_not = matches!(wanted, OnFail::Standby | OnFail::Demote)
        || (wanted == OnFail::Stop && text != Some("fence"));
    if task == "stop" && stop_may_not {
        return None;
    }
    if wanted == OnFail::Demote && task != "promote" {
        let promoted =
            op_meta(w, rsc, task, interval, "role").and_then(Role::parse) == Some(Role::Promoted);
        if !(task == "monitor" && interval > 0 && promoted) {
            return None;
        }
    }
    Some(wanted)
}

/// A demote without a word follows the first recurring monitor of the promoted role.
pub(crate) fn promoted_monitor_on_fail<'d>(w: &World<'d>, rsc: RscIx) -> Option<&'d str> {
    let op = w[rsc].ops.iter().find(|op| {
        op.name == "monitor" && op.enabled && op.interval > 0 && op.role == Role::Promoted
    })?;
    op_meta(w, rsc, "monitor", op.interval, "on-fail").filter(|text| *text != "demote")
}

/// What an operation's failure asks for, and in which role the resource should be then.
pub(crate) fn on_fail(w: &World<'_>, rsc: RscIx, task: &str, interval: u32) -> OnFail {
    if let Some(configured) = on_fail_configured(w, rsc, task, interval) {
        return configured;
    }
    let connection = w[rsc].is(Flags::CONNECTION) && w[rsc].container.is_none();
    if w[rsc].container.is_some() {
        OnFail::RestartContainer
    } else if connection && task != "start" && !(task == "monitor" && interval == 0) {
        OnFail::ResetRemote
    } else if task == "stop" {
        if w.options.fencing { OnFail::Fence } else { OnFail::Block }
    } else {
        OnFail::Restart
    }
}

/// Bans a resource from a node, or from everywhere.
pub(crate) fn ban(w: &mut World<'_>, rsc: RscIx, node: Option<NodeIx>) {
    during(w, Cause::Failure, |w| super::state::locate(w, rsc, node, Score::NEG_INF));
}

/// The operation under which a failure is recorded that nobody asked for (`crm_resource --fail`).
const REPORTED_FAILURE: &str = "asyncmon";

/// Judges one operation of a history.
pub(crate) fn judge<'d>(w: &mut World<'d>, h: &mut Judged<'d>, op: &Op<'d>) {
    let known = Task::parse(op.task).is_some() || op.task == REPORTED_FAILURE;
    let skipped = op.status == status::CANCELLED
        || op.status == status::INVALID
        || op.status < status::PENDING
        || op.status > status::MAX;
    if !known || skipped {
        return;
    }
    let mut op = *op;
    if masked(w, h.rsc, &op) {
        super::expiry::expired(w, h, &op);
        mask(w, h, &mut op);
        return;
    }
    op.rc = match op.rc {
        rc::DEGRADED => rc::OK,
        rc::DEGRADED_PROMOTED => rc::PROMOTED,
        other => other,
    };
    let expired = op.status != status::NOT_INSTALLED && super::expiry::expired(w, h, &op);
    remap(w, h, &mut op, expired);
    let unexpected = op.expected.is_none_or(|expected| expected != op.rc);
    if expired && unexpected && op.status != status::PENDING && op.status != status::DONE {
        if op.interval > 0 {
            h.expired.push(op.id);
        }
        return;
    }
    match op.status {
        status::PENDING => pending(w, h, &op),
        status::DONE => success(w, h, &op, op.rc),
        _ => failure(w, h, &op),
    }
}

/// A probe that found the agent missing or unusable tells that the resource does not run there.
fn masked(w: &World<'_>, rsc: RscIx, op: &Op<'_>) -> bool {
    let bundled = std::iter::successors(Some(rsc), |r| w[*r].parent).any(|r| w[r].is_bundle());
    op.is_probe() && !bundled && unusable(op)
}

/// Whether a probe's result means that the resource cannot run on that node.
pub(crate) fn unusable(op: &Op<'_>) -> bool {
    op.status == status::NOT_INSTALLED
        || (op.status != status::PENDING && matches!(op.rc, rc::NOT_INSTALLED | rc::INVALID_PARAM))
}

fn mask<'d>(w: &mut World<'d>, h: &mut Judged<'d>, op: &mut Op<'d>) {
    w[h.rsc].role = Role::Stopped;
    w.failed.push((h.rsc, h.node, op.xml));
    ban(w, top(w, h.rsc), Some(h.node));
    success(w, h, op, op.rc);
}

/// Sets the status that the result really means.
fn remap<'d>(w: &mut World<'d>, h: &mut Judged<'d>, op: &mut Op<'d>, expired: bool) {
    if op.status != status::DONE && op.status != status::ERROR {
        return;
    }
    let expected = op.expected.unwrap_or(if op.is_probe() { rc::NOT_RUNNING } else { rc::OK });
    op.status = if op.rc == expected { status::DONE } else { status::ERROR };
    match op.rc {
        rc::OK if op.is_probe() && expected == rc::NOT_RUNNING => op.status = status::DONE,
        rc::NOT_RUNNING if (op.is_probe() || expected == op.rc || !w[h.rsc].is(Flags::MANAGED)) => {
            op.status = status::DONE;
            w[h.rsc].role = Role::Stopped;
            h.on_fail = OnFail::Ignore;
            w[h.rsc].next_role = Role::Unknown;
        }
        rc::PROMOTED => {
            if op.is_probe() && op.rc != expected {
                op.status = status::DONE;
            }
            if !expired || op.rc == expected {
                w[h.rsc].role = Role::Promoted;
            }
        }
        rc::FAILED_PROMOTED => {
            if !expired {
                w[h.rsc].role = Role::Promoted;
            }
            op.status = status::ERROR;
        }
        rc::NOT_CONFIGURED => op.status = status::ERROR_FATAL,
        rc::UNIMPLEMENTED if op.interval > 0 => op.status = status::NOT_SUPPORTED,
        rc::UNIMPLEMENTED | rc::NOT_INSTALLED | rc::INVALID_PARAM | rc::INSUFFICIENT_PRIVILEGE => {
            let fenceable = crate::actions::fencing::can_fence(w, h.node);
            if !fenceable && op.task == "stop" && !expired {
                w[h.rsc].flags.clear(Flags::MANAGED);
                w[h.rsc].flags.set(Flags::BLOCKED);
            }
            op.status = status::ERROR_HARD;
        }
        rc::OK | rc::NOT_RUNNING => {}
        // Whatever was expected: any other exit status is a failure.
        _ => op.status = status::ERROR,
    }
}

/// The resource is active at least.
fn set_active(w: &mut World<'_>, rsc: RscIx) {
    let promotable =
        std::iter::successors(Some(rsc), |r| w[*r].parent).any(|r| w[r].is_promotable());
    w[rsc].role = if promotable { Role::Unpromoted } else { Role::Started };
}

fn pending<'d>(w: &mut World<'d>, h: &mut Judged<'d>, op: &Op<'d>) {
    if let Some(failed) = &h.last_failure {
        let same = failed.task == op.task && failed.interval == op.interval;
        if same && failed.changed > op.changed {
            return;
        }
    }
    let rsc = h.rsc;
    match op.task {
        "start" => {
            w[rsc].flags.set(Flags::START_PENDING);
            set_active(w, rsc);
        }
        "promote" => w[rsc].role = Role::Promoted,
        "migrate_to" if w[h.node].unclean => {
            let target = super::migration::node_named(w, op.xml.get("migrate_target"));
            if let Some(node) = target {
                stop(w, rsc, node);
            }
        }
        _ => {}
    }
    if w[rsc].pending.is_none() && !op.is_probe() {
        w[rsc].pending = Some((op.task, h.node));
        w[rsc].pending_monitor = op.interval > 0;
    }
}

/// Requires a stop on a node.
pub(crate) fn stop(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    create(w, Wanted { rsc, task: Task::Stop, interval: 0, node: Some(node), optional: false });
}

fn success<'d>(w: &mut World<'d>, h: &mut Judged<'d>, op: &Op<'d>, exit: i32) {
    let rsc = h.rsc;
    let mut clear = false;
    if exit == rc::NOT_INSTALLED || masked(w, rsc, op) {
        w[rsc].role = Role::Stopped;
    } else if exit == rc::NOT_RUNNING {
        clear = true;
    } else {
        match op.task {
            "monitor" => {
                clear = h
                    .last_failure
                    .is_some_and(|last| last.task == op.task && last.interval == op.interval);
                if w[rsc].role < Role::Started {
                    set_active(w, rsc);
                }
            }
            "start" | "migrate_from" => {
                w[rsc].role = Role::Started;
                clear = true;
            }
            "stop" => {
                w[rsc].role = Role::Stopped;
                clear = true;
            }
            "promote" => {
                w[rsc].role = Role::Promoted;
                clear = true;
            }
            "demote" => {
                clear = h.on_fail == OnFail::Demote;
                w[rsc].role = Role::Unpromoted;
            }
            "migrate_to" => super::migration::to_success(w, h, op),
            _ if w[rsc].role < Role::Started => set_active(w, rsc),
            _ => {}
        }
    }
    if clear {
        clear_past(w, h);
    }
}

/// A success makes earlier failures unimportant, unless they ask for lasting measures.
fn clear_past(w: &mut World<'_>, h: &mut Judged<'_>) {
    match h.on_fail {
        OnFail::Stop | OnFail::Ban | OnFail::Standby | OnFail::Fence => {}
        OnFail::ResetRemote if reconnects(w, h.rsc) => {}
        _ => {
            h.on_fail = OnFail::Ignore;
            w[h.rsc].next_role = Role::Unknown;
        }
    }
}

/// Whether a remote connection is tried again after a while.
pub(crate) fn reconnects(w: &World<'_>, rsc: RscIx) -> bool {
    reconnect_interval_ms(w, rsc).is_some_and(|ms| ms > 0)
}

/// How long (ms) a connection that failed waits before it is tried again, if that is configured.
pub(crate) fn reconnect_interval_ms(w: &World<'_>, rsc: RscIx) -> Option<u64> {
    if !w[rsc].is(Flags::CONNECTION) {
        return None;
    }
    super::values::parameters(w, rsc, None)
        .iter()
        .find(|(name, _)| *name == "reconnect_interval")
        .and_then(|(_, text)| value::interval_ms(text))
}

fn failure<'d>(w: &mut World<'d>, h: &mut Judged<'d>, op: &Op<'d>) {
    let rsc = h.rsc;
    w.failed.push((rsc, h.node, op.xml));
    let mut severity = on_fail(w, rsc, op.task, op.interval);
    if op.status == status::NOT_INSTALLED {
        if severity == OnFail::Ignore {
            severity = OnFail::Ban;
        }
        ban(w, top(w, rsc), Some(h.node));
    }
    let container_stop = severity == OnFail::RestartContainer && op.task == "stop";
    if severity == OnFail::Ignore || container_stop {
        let expected = op.expected.unwrap_or(rc::OK);
        success(w, h, op, expected);
        w[rsc].flags.set(Flags::FAILURE_IGNORED);
        if container_stop && h.on_fail <= OnFail::Restart {
            h.on_fail = severity;
        }
        return;
    }
    record_failure(w, h, op, severity);
    match op.status {
        status::ERROR_HARD => ban(w, top(w, rsc), Some(h.node)),
        status::ERROR_FATAL => ban(w, top(w, rsc), None),
        _ => {}
    }
}

fn record_failure<'d>(w: &mut World<'d>, h: &mut Judged<'d>, op: &Op<'d>, severity: OnFail) {
    let rsc = h.rsc;
    h.last_failure = Some(*op);
    h.on_fail = h.on_fail.max(severity);
    match op.task {
        "stop" => ban(w, rsc, Some(h.node)),
        "migrate_to" => super::migration::to_failure(w, h, op),
        "migrate_from" => super::migration::from_failure(w, h, op),
        "promote" => w[rsc].role = Role::Promoted,
        "demote" if severity == OnFail::Block => {
            w[rsc].role = Role::Promoted;
            w[rsc].next_role = Role::Stopped;
        }
        "demote" if op.rc == rc::NOT_RUNNING => w[rsc].role = Role::Stopped,
        "demote" => w[rsc].role = Role::Unpromoted,
        _ => {}
    }
    if op.is_probe() && op.rc == rc::NOT_INSTALLED {
        w[rsc].role = Role::Stopped;
    } else if w[rsc].role < Role::Started {
        set_active(w, rsc);
    }
    let stays_down = severity == OnFail::ResetRemote && reconnects(w, rsc);
    if severity == OnFail::Stop || stays_down {
        w[rsc].next_role = Role::Stopped;
        ban(w, failing(w, rsc), None);
    }
}

/// What a failure of a resource is a failure of: of an anonymous clone's instance, all of the clone.
fn failing(w: &World<'_>, rsc: RscIx) -> RscIx {
    let top = top(w, rsc);
    if w[rsc].is(Flags::UNIQUE) || !w[top].is_clone() { rsc } else { top }
}

/// Asks for a node to be fenced because of a resource.
pub(crate) fn fence_for(w: &mut World<'_>, node: NodeIx, rsc: RscIx, what: &str) {
    let reason = format!("{} {what}", w[rsc].id);
    fence(w, node, &reason);
}
