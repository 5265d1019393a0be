//! The operation history: what was done where, sorted by age.

use std::cmp::Ordering;

use cib::xml::Node;

use crate::world::{NodeIx, RscIx};

/// Result codes of operations, as resource agents give them.
pub(crate) mod rc {
    pub(crate) const OK: i32 = 0;
    pub(crate) const INVALID_PARAM: i32 = 2;
    pub(crate) const UNIMPLEMENTED: i32 = 3;
    pub(crate) const INSUFFICIENT_PRIVILEGE: i32 = 4;
    pub(crate) const NOT_INSTALLED: i32 = 5;
    pub(crate) const NOT_CONFIGURED: i32 = 6;
    pub(crate) const NOT_RUNNING: i32 = 7;
    pub(crate) const PROMOTED: i32 = 8;
    pub(crate) const FAILED_PROMOTED: i32 = 9;
    pub(crate) const DEGRADED: i32 = 190;
    pub(crate) const DEGRADED_PROMOTED: i32 = 191;
    /// Nothing was reported.
    pub(crate) const UNKNOWN: i32 = 193;
}

/// How the execution of an operation went.
pub(crate) mod status {
    pub(crate) const PENDING: i32 = -1;
    pub(crate) const DONE: i32 = 0;
    pub(crate) const CANCELLED: i32 = 1;
    pub(crate) const NOT_SUPPORTED: i32 = 3;
    pub(crate) const ERROR: i32 = 4;
    pub(crate) const ERROR_HARD: i32 = 5;
    pub(crate) const ERROR_FATAL: i32 = 6;
    pub(crate) const NOT_INSTALLED: i32 = 7;
    pub(crate) const INVALID: i32 = 9;
    /// The highest there is.
    pub(crate) const MAX: i32 = 12;
}

/// One recorded operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op<'d> {
    pub(crate) xml: Node<'d>,
    pub(crate) id: &'d str,
    pub(crate) task: &'d str,
    /// Milliseconds.
    pub(crate) interval: u32,
    pub(crate) call: i64,
    pub(crate) rc: i32,
    pub(crate) status: i32,
    /// The result that was expected when it was asked for.
    pub(crate) expected: Option<i32>,
    /// Seconds since 1970 of the last change of the result.
    pub(crate) changed: Option<i64>,
    /// Number and identity of the transition it belongs to.
    transition: Option<(i64, &'d str)>,
}

impl<'d> Op<'d> {
    pub(crate) fn read(xml: Node<'d>) -> Option<Op<'d>> {
        let number = |name: &str| xml.get(name).and_then(|text| text.trim().parse::<i64>().ok());
        let op_status = number("op-status").map_or(status::INVALID, |n| n as i32);
        let key = xml.get("transition-key").and_then(transition_key);
        let magic = xml
            .get("transition-magic")
            .and_then(|text| text.split_once(';').and_then(|(_, key)| transition_key(key)));
        Some(Op {
            xml,
            id: xml.get("id")?,
            task: xml.get("operation")?,
            interval: number("interval").map_or(0, |ms| u32::try_from(ms).unwrap_or(u32::MAX)),
            call: number("call-id").unwrap_or(-1),
            rc: number("rc-code").map_or(rc::UNKNOWN, |n| n as i32),
            status: op_status,
            expected: key.map(|key| key.expected),
            changed: number("last-rc-change").filter(|at| *at > 0),
            transition: magic.or(key).map(|key| (key.transition, key.identity)),
        })
    }

    pub(crate) fn is_probe(&self) -> bool {
        self.task == "monitor" && self.interval == 0
    }

    /// Whether an operation belongs to a later transition of the same controller.
    pub(crate) fn in_later_transition(&self, than: &Op<'_>) -> bool {
        match (self.transition, than.transition) {
            (Some((a, of)), Some((b, other))) => of == other && a > b,
            _ => false,
        }
    }

    pub(crate) fn pending(&self) -> bool {
        self.status == status::PENDING
    }
}

#[derive(Clone, Copy)]
struct TransitionKey<'d> {
    transition: i64,
    expected: i32,
    identity: &'d str,
}

/// `ACTION:TRANSITION:EXPECTED:IDENTITY`.
fn transition_key(text: &str) -> Option<TransitionKey<'_>> {
    let mut parts = text.splitn(4, ':');
    let _action: i64 = parts.next()?.parse().ok()?;
    let transition = parts.next()?.parse().ok()?;
    let expected = parts.next()?.parse().ok()?;
    Some(TransitionKey { transition, expected, identity: parts.next()? })
}

/// Which of two operations on one resource and node is older.
///
/// Call numbers say it; a pending operation has none, and then the transitions are compared.
pub(crate) fn by_age(a: &Op<'_>, b: &Op<'_>) -> Ordering {
    if a.call == -1 && b.call == -1 {
        return Ordering::Equal;
    }
    if a.call >= 0 && b.call >= 0 {
        let changed = |op: &Op<'_>| op.changed.unwrap_or(-1);
        return a.call.cmp(&b.call).then_with(|| changed(a).cmp(&changed(b)));
    }
    let (Some((a_number, a_identity)), Some((b_number, b_identity))) = (a.transition, b.transition)
    else {
        return Ordering::Equal;
    };
    if a_identity != b_identity || a_number == b_number {
        return if b.call == -1 { Ordering::Less } else { Ordering::Greater };
    }
    if (a_number >= 0 && a_number < b_number) || b_number == -1 {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

/// The history of one resource on one node.
#[derive(Clone, Debug)]
pub(crate) struct History<'d> {
    pub(crate) rsc: RscIx,
    pub(crate) node: NodeIx,
    /// The `lrm_resource` element.
    pub(crate) xml: Node<'d>,
    /// Oldest first.
    pub(crate) ops: Vec<Op<'d>>,
    /// Where in `ops` the current activity began: recurring operations before it are over.
    pub(crate) since: usize,
    pub(crate) expired: Vec<&'d str>,
}

/// All histories, in the order in which they were read.
pub(crate) type Histories<'d> = Vec<History<'d>>;

/// The operations of an `lrm_resource`, oldest first.
pub(crate) fn operations(xml: Node<'_>) -> Vec<Op<'_>> {
    let mut ops: Vec<Op<'_>> = xml.children_named("lrm_rsc_op").filter_map(Op::read).collect();
    crate::sort::stable(&mut ops, by_age);
    ops
}

/// From which operation on the resource has been active (the last start, or what else implies that
/// it is active), and the newest successful stop; -1 for none.
pub(crate) fn active_since(ops: &[Op<'_>]) -> (i64, i64) {
    let (mut start, mut stop) = (-1, -1);
    let (mut monitor, mut promoted) = (-1, -1);
    for (at, op) in (0_i64..).zip(ops) {
        match op.task {
            "stop" if op.status == status::DONE => stop = at,
            "start" | "migrate_from" => start = at,
            "monitor" if monitor <= stop => {
                let active = [rc::OK, rc::PROMOTED, rc::DEGRADED, rc::DEGRADED_PROMOTED];
                if active.contains(&op.rc) {
                    monitor = at;
                }
            }
            "promote" | "demote" => promoted = at,
            _ => {}
        }
    }
    let implied = if promoted == -1 { monitor } else { promoted };
    (if start == -1 { implied } else { start }, stop)
}
