//! The fixed point: every edge is looked at until nothing changes any more.
//!
//! The order of visits can be seen in the reasons that actions get, so it is the one of a depth
//! first walk; the walk keeps its own stack, for chains of any length.

use super::apply::{inside, stuck};
use super::collective;
use super::relations::Changed;
use crate::actions::{edge, newest_of_key};
use crate::place::assigned_node;
use crate::world::{ActFlags, ActIx, Edge, Flags, Key, NodeIx, Rel, Task, World};

/// One action that is being looked at.
struct Frame {
    then: ActIx,
    begun: bool,
    /// How many of its predecessors are still to be looked at (the newest first).
    left: usize,
    changed: bool,
    before: ActFlags,
    runnable: u32,
}

/// How often edges may be looked at for one action to be settled: beyond it the configuration
/// contradicts itself.
const MAX_STEPS: usize = 20_000_000;

/// How deep visits may be nested in visits: each level takes room on the machine's stack. What
/// would be deeper is visited a little later, which can be seen in reasons only.
const MAX_NESTED: usize = 200;

/// Looks at an action's predecessors, and at all that changes by that.
pub(crate) fn update(w: &mut World<'_>, action: ActIx) {
    Walk::default().visit(w, action);
}

/// What a walk has still to do beside the action it is at.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    steps: usize,
    nested: usize,
    /// Actions to be looked at after the edge at hand.
    pub(super) later: Vec<ActIx>,
}

impl Walk {
    fn visit(&mut self, w: &mut World<'_>, action: ActIx) {
        let mut stack = vec![frame(action)];
        while let Some(mut top) = stack.pop() {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return;
            }
            if !top.begun {
                begin(w, &mut top);
            }
            if top.left == 0 {
                finish(w, &top, &mut stack);
                continue;
            }
            top.left -= 1;
            let edge = w[top.then].before[top.left];
            let changed = look(w, top.then, top.left, edge, &mut top.runnable, self);
            top.changed |= changed.then;
            let first = edge.other;
            stack.push(top);
            if changed.first {
                stack.push(frame(first));
                stack.extend(w[first].after.iter().map(|edge| frame(edge.other)));
            }
            stack.extend(std::mem::take(&mut self.later).into_iter().map(frame));
        }
    }

    /// Looks at an action before anything else.
    pub(super) fn at_once(&mut self, w: &mut World<'_>, action: ActIx) {
        if self.nested == MAX_NESTED {
            self.later.push(action);
            return;
        }
        self.nested += 1;
        self.visit(w, action);
        self.nested -= 1;
    }

    /// Applies one edge. What changes inside a group or clone is looked at before its siblings
    /// are, so that these get what follows from it.
    pub(super) fn relate(
        &mut self,
        w: &mut World<'_>,
        first: ActIx,
        then: ActIx,
        flags: (ActFlags, ActFlags),
        rel: u32,
    ) -> Changed {
        let changed = super::relations::relate(w, first, then, flags, rel);
        if changed.then && w[then].rsc.is_some_and(|rsc| w[rsc].parent.is_some()) {
            self.at_once(w, then);
        }
        changed
    }
}

fn frame(then: ActIx) -> Frame {
    Frame { then, begun: false, left: 0, changed: false, before: ActFlags::default(), runnable: 0 }
}

fn begin(w: &mut World<'_>, frame: &mut Frame) {
    frame.begun = true;
    frame.left = w[frame.then].before.len();
    frame.before = w[frame.then].flags;
    if w[frame.then].is(ActFlags::MIN_RUNNABLE) {
        w[frame.then].flags.clear(ActFlags::RUNNABLE);
    }
}

/// All predecessors have been looked at: a change concerns the action itself and its successors.
fn finish(w: &mut World<'_>, done: &Frame, stack: &mut Vec<Frame>) {
    let then = done.then;
    let mut changed = done.changed;
    if w[then].is(ActFlags::MIN_RUNNABLE) {
        changed = w[then].flags != done.before;
    }
    if !changed {
        return;
    }
    if done.before.has(ActFlags::RUNNABLE) && !w[then].runnable() {
        super::dependents::block(w, then);
    }
    stack.extend(w[then].after.iter().map(|edge| frame(edge.other)));
    stack.push(frame(then));
}

/// Where a group's start happens is where the group goes.
fn node_of(w: &World<'_>, action: ActIx) -> Option<NodeIx> {
    match w[action].rsc {
        Some(rsc) if w[rsc].is_group() && w[action].task == Task::Start => assigned_node(w, rsc),
        _ => w[action].node,
    }
}

fn look(
    w: &mut World<'_>,
    then: ActIx,
    at: usize,
    this: Edge,
    runnable: &mut u32,
    walk: &mut Walk,
) -> Changed {
    let mut changed = Changed::default();
    let mut first = this.other;
    if this.rel == 0 {
        return changed;
    }
    if this.rel & Rel::IF_ON_SAME_NODE != 0 {
        let (a, b) = (node_of(w, first), node_of(w, then));
        if a.is_some() && b.is_some() && a != b {
            w[then].before[at].rel = 0;
            return changed;
        }
    }
    if this.rel & Rel::THEN_CANCELS_FIRST != 0
        && w[then].required()
        && let Some(rsc) = w[first].rsc
    {
        w[first].flags.set(ActFlags::OPTIONAL);
        if w[first].task == Task::ReloadAgent {
            w[rsc].flags.clear(Flags::RELOAD);
        }
    }
    if let (Some(one), Some(other)) = (w[first].rsc, w[then].rsc)
        && one != other
        && !inside(w, other, one)
    {
        first = completion(w, first);
    }
    if first != this.other {
        let known = w[first].after.len();
        edge(w, first, then, this.rel);
        changed.then = w[first].after.len() > known;
        w[then].before[at].rel = 0;
        return changed;
    }
    let then_node = w[then].node;
    let first_node = w[first].node;
    let first_flags = collective::flags(w, first, then_node);
    let then_flags = collective::flags(w, then, first_node);
    apply(w, first, then, (first_flags, then_flags), this.rel, runnable, walk)
}

/// Other resources wait for a collective's completion, not for its beginning; of one that asks for
/// notifications until these have been given. (A bundle has none itself, only its clone: what is
/// ordered after a bundle that asks for them waits for the beginning.)
fn completion(w: &World<'_>, action: ActIx) -> ActIx {
    let Some(rsc) = w[action].rsc.filter(|rsc| !w[*rsc].is_primitive()) else { return action };
    let task = w[action].task.completion();
    let completes = matches!(task, Task::Running | Task::Stopped | Task::Promoted | Task::Demoted);
    if !completes || w[action].interval > 0 {
        return action;
    }
    if w[rsc].is(Flags::NOTIFY) && w[rsc].has_instances() {
        let name = format!("{}_confirmed-post_notify_{}_0", w[rsc].id, task.text());
        let found = w[rsc].actions.iter().copied().find(|a| w[*a].name.as_deref() == Some(&name));
        return found.unwrap_or(action);
    }
    newest_of_key(w, Key { rsc, task, interval: 0 }, None).unwrap_or(action)
}

/// Applies all kinds of one edge.
fn apply(
    w: &mut World<'_>,
    first: ActIx,
    then: ActIx,
    flags: (ActFlags, ActFlags),
    rel: u32,
    runnable: &mut u32,
    walk: &mut Walk,
) -> Changed {
    let (first_flags, then_flags) = flags;
    let mut changed = Changed::default();
    let mut rel = rel;
    let mut node = w[then].node;
    if rel & Rel::FIRST_IMPLIES_SAME_NODE_THEN != 0 {
        rel |= Rel::FIRST_IMPLIES_THEN;
        node = w[first].node;
    }
    if rel & Rel::NESTED_REMOTE_PROBE != 0 {
        let running = w[first].rsc.is_some_and(|rsc| !w[rsc].active.is_empty());
        if running && !first_flags.has(ActFlags::RUNNABLE) {
            forget(w, first, then, Rel::NESTED_REMOTE_PROBE);
            rel &= !Rel::NESTED_REMOTE_PROBE;
        } else {
            rel |= Rel::UNRUNNABLE_FIRST_BLOCKS;
        }
    }
    let has_rsc = w[then].rsc.is_some();
    let plain = w[first].rsc.is_none_or(|rsc| w[rsc].is_primitive());
    for kind in [
        Rel::FIRST_IMPLIES_THEN,
        Rel::INTERMEDIATE_STOP,
        Rel::THEN_IMPLIES_FIRST,
        Rel::PROMOTED_THEN_IMPLIES_FIRST,
        Rel::MIN_RUNNABLE,
        Rel::UNRUNNABLE_FIRST_BLOCKS,
        Rel::UNMIGRATABLE_THEN_BLOCKS,
        Rel::FIRST_ELSE_THEN,
        Rel::ORDERED,
        Rel::ASYMMETRIC,
    ] {
        if rel & kind == 0 || (kind == Rel::ORDERED && !super::interleave::applies(w, first, then))
        {
            continue;
        }
        if kind == Rel::MIN_RUNNABLE {
            if first_flags.has(ActFlags::RUNNABLE) {
                *runnable += 1;
                if *runnable >= w[then].required_runnable && !w[then].runnable() {
                    w[then].flags.set(ActFlags::RUNNABLE);
                    changed.then = true;
                }
            }
        } else if kind == Rel::THEN_IMPLIES_FIRST && plain {
            // What the first must do is a matter of the first alone.
            changed = changed.and(walk.relate(w, first, then, flags, kind));
        } else if has_rsc {
            let one = collective::update(w, first, then, node, flags, kind, walk);
            changed = changed.and(one);
        } else {
            changed = changed.and(walk.relate(w, first, then, flags, kind));
        }
    }
    if w[first].runnable() || rel & Rel::THEN_IMPLIES_FIRST_GRAPHED != 0 {
        if rel & Rel::FIRST_IMPLIES_THEN_GRAPHED != 0 && !first_flags.has(ActFlags::OPTIONAL) {
            w[then].flags.set(ActFlags::FORCED);
        }
        if rel & Rel::THEN_IMPLIES_FIRST_GRAPHED != 0 && !then_flags.has(ActFlags::OPTIONAL) {
            w[first].flags.set(ActFlags::FORCED);
        }
    }
    let implies = Rel::FIRST_IMPLIES_THEN | Rel::THEN_IMPLIES_FIRST | Rel::INTERMEDIATE_STOP;
    if rel & implies != 0 && stuck(w, first) && w[then].runnable() {
        w[then].flags.clear(ActFlags::RUNNABLE);
        changed.then = true;
    }
    changed
}

/// Takes an edge of a kind out of a plan.
fn forget(w: &mut World<'_>, first: ActIx, then: ActIx, kind: u32) {
    for edge in w[then].before.iter_mut().filter(|edge| edge.other == first) {
        edge.rel &= !kind;
    }
}
