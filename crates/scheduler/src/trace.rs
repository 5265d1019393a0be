//! What changes a resource's node scores, written down while it happens.
//!
//! Off by default, and then it costs one comparison per stage. When a resource is traced, each
//! stage that changes scores says what it acts for; the difference it leaves in the resource's
//! table is its contribution. A difference nobody claims is the cluster's own doing. So the
//! contributions of a node, folded in their order, always give the node's score.

use cib::value::Score;

use crate::world::{NodeIx, RscIx, Table, World};

/// For what a stage changes scores; constraints by their index in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Nobody claimed it.
    Own,
    /// The table as the resource was read.
    Begin,
    Location(u32),
    /// The resource follows the colocation's primary.
    Follows(u32),
    /// The colocation's dependent has wishes.
    Wish(u32),
    /// Active on more than one node, and it may not be.
    SeveralActive,
    Stickiness,
    Threshold,
    /// A failure's `on-fail`, or a stop that failed.
    Failure,
    Unmanaged,
    Ticket(u32),
    ExclusiveDiscovery,
    ShutdownLock,
    Capacity,
    /// The clone has as many instances as it may have.
    CloneMax,
    /// The node has as many instances as it may have, or takes none.
    CloneNodeMax,
    /// The recorded promotion score.
    Promotion,
    /// The resource is to be stopped.
    Stopped,
    Container,
    NotOnRemote,
    Removed,
}

/// One change of one node's score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) rsc: RscIx,
    pub(crate) node: NodeIx,
    pub(crate) cause: Cause,
    pub(crate) before: Option<Score>,
    pub(crate) after: Option<Score>,
}

/// The recorder.
#[derive(Debug)]
pub(crate) struct Trace {
    /// The resource that was asked about.
    asked: RscIx,
    /// All resources of the whole it is in, with their last known tables.
    watched: Vec<(RscIx, Table)>,
    /// So many of the world's resources were looked at: instances are made while reading.
    seen: usize,
    /// What the running stages act for, the innermost last.
    causes: Vec<Cause>,
    pub(crate) changes: Vec<Change>,
    /// How many changes there were when a resource's scores were printed last.
    pub(crate) printed: Vec<(RscIx, usize)>,
}

/// Starts tracing a resource.
pub(crate) fn start(w: &mut World<'_>, asked: RscIx) {
    w.trace = Some(Box::new(Trace {
        asked,
        watched: Vec::new(),
        seen: 0,
        causes: vec![Cause::Begin],
        changes: Vec::new(),
        printed: Vec::new(),
    }));
    note(w);
    if let Some(trace) = &mut w.trace {
        trace.causes.clear();
    }
}

/// Does what changes scores for a cause.
pub(crate) fn during<'d, R>(
    w: &mut World<'d>,
    cause: Cause,
    act: impl FnOnce(&mut World<'d>) -> R,
) -> R {
    if w.trace.is_none() {
        return act(w);
    }
    note(w);
    if let Some(trace) = &mut w.trace {
        trace.causes.push(cause);
    }
    let done = act(w);
    note(w);
    if let Some(trace) = &mut w.trace {
        trace.causes.pop();
    }
    done
}

/// Claims what changed since the last note for what runs now.
fn note(w: &mut World<'_>) {
    let Some(mut trace) = w.trace.take() else { return };
    trace.look_for_new(w);
    let cause = trace.causes.last().copied().unwrap_or(Cause::Own);
    for (rsc, known) in &mut trace.watched {
        let table = &w[*rsc].allowed;
        if table == known {
            continue;
        }
        for node in (0..w.nodes.len() as u32).map(NodeIx) {
            let (before, after) = (known.get(node), table.get(node));
            if before != after {
                trace.changes.push(Change { rsc: *rsc, node, cause, before, after });
            }
        }
        known.clone_from(table);
    }
    w.trace = Some(trace);
}

impl Trace {
    /// Watches resources that belong together with the one asked about and were not there before.
    fn look_for_new(&mut self, w: &World<'_>) {
        for at in self.seen..w.resources.len() {
            let rsc = RscIx(at as u32);
            if whole(w, rsc) == whole(w, self.asked) {
                self.watched.push((rsc, Table::none(w.nodes.len())));
            }
        }
        self.seen = w.resources.len();
    }
}

/// The topmost resource something is in.
fn whole(w: &World<'_>, rsc: RscIx) -> RscIx {
    std::iter::successors(Some(rsc), |rsc| w[*rsc].parent).last().unwrap_or(rsc)
}

/// How far the record is, to come back to if a try is undone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(usize);

/// Remembers how far the record is.
pub(crate) fn mark(w: &mut World<'_>) -> Mark {
    note(w);
    Mark(w.trace.as_ref().map_or(0, |trace| trace.changes.len()))
}

/// A try was undone and the tables are as they were: it contributed nothing.
pub(crate) fn undo(w: &mut World<'_>, mark: Mark) {
    let Some(mut trace) = w.trace.take() else { return };
    for (rsc, known) in &mut trace.watched {
        known.clone_from(&w[*rsc].allowed);
    }
    trace.changes.truncate(mark.0);
    w.trace = Some(trace);
}

/// A resource's scores are printed as they are now.
pub(crate) fn printed(w: &mut World<'_>, rsc: RscIx) {
    if w.trace.is_none() {
        return;
    }
    note(w);
    if let Some(trace) = &mut w.trace {
        let now = trace.changes.len();
        trace.printed.retain(|(other, _)| *other != rsc);
        trace.printed.push((rsc, now));
    }
}

/// The last changes are claimed.
pub(crate) fn end(w: &mut World<'_>) -> Option<Box<Trace>> {
    note(w);
    w.trace.take()
}
