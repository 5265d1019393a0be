//! What was done on nodes, and what of it failed.

use crate::unpack::failcount;
use crate::unpack::history::{Op, operations, rc, status};
use crate::world::{Flags, NodeIx, RscIx, World};

/// What was done with a resource on a node.
#[derive(Clone, Debug)]
pub struct ResourceHistory {
    /// The resource's name there.
    pub name: String,
    /// It is not configured any more.
    pub removed: bool,
    /// After how many failures it leaves the node.
    pub threshold: i32,
    /// How often it failed there; 1000000 is infinite.
    pub fail_count: i32,
    /// When it failed last, seconds since 1970; 0 if that is not known.
    pub last_failure: i64,
    /// Operations, oldest first, without probes that found nothing.
    pub operations: Vec<Operation>,
}

/// One operation and its result.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its key: resource, task and interval.
    pub key: String,
    /// What was done.
    pub task: String,
    /// Milliseconds.
    pub interval: u32,
    /// The number of the call; -1 while it is under way.
    pub call: i64,
    /// The agent's exit status.
    pub rc: i32,
    /// How the execution went.
    pub status: i32,
    /// What the agent said of a failure.
    pub reason: Option<String>,
    /// When the result last changed, seconds since 1970.
    pub changed: Option<i64>,
    /// How long it took, in milliseconds.
    pub executed: Option<String>,
    /// How long it waited, in milliseconds.
    pub queued: Option<String>,
}

/// An operation that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The resource's name in the history.
    pub resource: String,
    /// The node's name.
    pub node: String,
    /// What failed.
    pub operation: Operation,
}

impl Operation {
    fn of(op: &Op<'_>) -> Self {
        let text = |name: &str| op.xml.get(name).map(str::to_owned);
        Self {
            key: text("operation_key").unwrap_or_else(|| op.id.to_owned()),
            task: op.task.to_owned(),
            interval: op.interval,
            call: op.xml.get("call-id").and_then(|call| call.parse().ok()).unwrap_or(-1),
            rc: op.rc,
            status: op.status,
            reason: text("exit-reason").filter(|reason| !reason.is_empty()),
            changed: op.changed,
            executed: text("exec-time"),
            queued: text("queue-time"),
        }
    }

    /// It asked whether the resource runs, once.
    pub fn is_probe(&self) -> bool {
        self.task == "monitor" && self.interval == 0
    }

    /// The execution ended by itself, whatever came of it.
    pub fn completed(&self) -> bool {
        self.status == status::DONE
    }
}

/// What is recorded as failed; of one operation on one node only the first.
pub(super) fn failures(w: &World<'_>) -> Vec<Failure> {
    let mut found: Vec<Failure> = Vec::new();
    for (rsc, node, xml) in &w.failed {
        let Some(op) = Op::read(*xml) else { continue };
        let (operation, node) = (Operation::of(&op), w[*node].name);
        if !found.iter().any(|old| old.operation.key == operation.key && old.node == node) {
            let resource = w[*rsc].history_name().to_owned();
            found.push(Failure { resource, node: node.to_owned(), operation });
        }
    }
    found
}

/// The history of a node that is online.
pub(super) fn of_node(w: &World<'_>, node: NodeIx) -> Vec<ResourceHistory> {
    let Some(state) = w[node].state.filter(|_| w[node].online) else { return Vec::new() };
    let lists = state.children_named("lrm").flat_map(|lrm| lrm.children_named("lrm_resources"));
    let mut found = Vec::new();
    for entry in lists.flat_map(|list| list.children_named("lrm_resource")) {
        let Some(id) = entry.get("id") else { continue };
        let known = w.history.iter().find(|h| h.node == node && h.xml.get("id") == Some(id));
        let Some(rsc) = known.map(|h| h.rsc).or_else(|| named(w, id)) else { continue };
        let nothing = |op: &Op<'_>| op.is_probe() && op.rc == rc::NOT_RUNNING;
        let ops = operations(entry);
        let shown: Vec<Operation> =
            ops.iter().filter(|op| !nothing(op)).map(Operation::of).collect();
        let failures = failcount::recorded(w, rsc, node);
        if shown.is_empty() && failures.count.get() == 0 {
            continue;
        }
        found.push(ResourceHistory {
            name: id.to_owned(),
            removed: w[rsc].is(Flags::REMOVED),
            threshold: w[rsc].migration_threshold.get(),
            fail_count: failures.count.get(),
            last_failure: failures.last,
            operations: shown,
        });
    }
    found
}

fn named(w: &World<'_>, id: &str) -> Option<RscIx> {
    let mut all = (0..w.resources.len() as u32).map(RscIx);
    all.find(|rsc| w[*rsc].is_primitive() && (w[*rsc].id == id || w[*rsc].history_name() == id))
}
