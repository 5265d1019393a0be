//! What one edge means for its two actions.

use cib::value::Role;

use crate::world::{ActFlags, ActIx, Flags, Rel, Task, World};

/// Which of the two actions has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) first: bool,
    pub(crate) then: bool,
}

impl Changed {
    pub(crate) fn and(self, other: Changed) -> Changed {
        Changed { first: self.first || other.first, then: self.then || other.then }
    }
}

/// Clears a flag because of another action; the first reason between two resources is kept.
fn because(w: &mut World<'_>, action: ActIx, flag: u16, cause: ActIx) -> bool {
    if !w[action].is(flag) {
        return false;
    }
    w[action].flags.clear(flag);
    if w[action].rsc != w[cause].rsc && w[action].reason.is_none() {
        let change = match flag {
            ActFlags::RUNNABLE => "unrunnable",
            ActFlags::MIGRATABLE => "unmigrateable",
            _ => "required",
        };
        let cause = &w[cause];
        let what = match (&cause.name, cause.rsc) {
            (Some(name), None) if cause.task == Task::Point => name.clone(),
            (_, Some(rsc)) => format!("{} {}", w[rsc].id, cause.task.text()),
            _ => cause.task.text().to_owned(),
        };
        w[action].reason = Some(format!("{change} {what}"));
    }
    true
}

/// Applies one edge's kinds to two primitives' actions (or pseudo actions).
///
/// `flags` is how the two sides look to this edge: a collective's state on a node.
pub(crate) fn relate(
    w: &mut World<'_>,
    first: ActIx,
    then: ActIx,
    flags: (ActFlags, ActFlags),
    rel: u32,
) -> Changed {
    let (first_flags, then_flags) = flags;
    let mut changed = Changed::default();
    let has = |kind: u32| rel & kind != 0;
    if has(Rel::ASYMMETRIC) {
        changed.then |= asymmetric(w, first, then);
    }
    if has(Rel::THEN_IMPLIES_FIRST)
        && !then_flags.has(ActFlags::OPTIONAL)
        && w[first].is(ActFlags::MIGRATABLE)
        && !w[then].is(ActFlags::MIGRATABLE)
    {
        changed.first |= because(w, first, ActFlags::MIGRATABLE, then);
    }
    if has(Rel::PROMOTED_THEN_IMPLIES_FIRST) {
        let promoted = w[then].rsc.is_some_and(|rsc| w[rsc].role == Role::Promoted);
        if promoted && w[then].required() {
            changed.first |= because(w, first, ActFlags::OPTIONAL, then);
            if w[first].is(ActFlags::MIGRATABLE) && !w[then].is(ActFlags::MIGRATABLE) {
                changed.first |= because(w, first, ActFlags::MIGRATABLE, then);
            }
        }
    }
    if has(Rel::UNMIGRATABLE_THEN_BLOCKS) {
        if !w[then].runnable() || !w[then].is(ActFlags::MIGRATABLE) {
            changed.first |= because(w, first, ActFlags::RUNNABLE, then);
        }
        if w[then].required() {
            changed.first |= because(w, first, ActFlags::OPTIONAL, then);
        }
    }
    if has(Rel::FIRST_ELSE_THEN) && !w[first].runnable() {
        changed.then |= because(w, then, ActFlags::MIGRATABLE, first);
        if w[then].pseudo() {
            w[then].flags.clear(ActFlags::PSEUDO);
            changed.then = true;
        }
    }
    if has(Rel::UNRUNNABLE_FIRST_BLOCKS)
        && w[then].runnable()
        && !first_flags.has(ActFlags::RUNNABLE)
    {
        changed.then |= because(w, then, ActFlags::RUNNABLE, first);
        changed.then |= because(w, then, ActFlags::MIGRATABLE, first);
    }
    if has(Rel::FIRST_IMPLIES_THEN)
        && w[then].optional()
        && !first_flags.has(ActFlags::OPTIONAL)
        && !w[first].is(ActFlags::MIGRATABLE)
    {
        changed.then |= because(w, then, ActFlags::OPTIONAL, first);
    }
    if has(Rel::INTERMEDIATE_STOP) {
        changed = changed.and(intermediate_stop(w, first, then));
    }
    changed
}

/// A first that cannot run forbids the then, without any other consequence.
fn asymmetric(w: &mut World<'_>, first: ActIx, then: ActIx) -> bool {
    let Some(rsc) = w[then].rsc else { return false };
    if w[first].runnable() {
        return false;
    }
    let role = crate::place::role_of(w, rsc, false);
    let idle_stop = w[then].task == Task::Stop && w[then].optional() && role == Role::Stopped;
    let up = w[rsc].single_active();
    let idle_start = w[then].task == Task::Start
        && w[then].optional()
        && role >= Role::Started
        && up.is_some()
        && w[then].node == up;
    if idle_stop || idle_start {
        return false;
    }
    let required = because(w, then, ActFlags::OPTIONAL, first);
    let blocked = because(w, then, ActFlags::RUNNABLE, first);
    required || blocked
}

/// A restart: a start that is needed, or impossible, needs the stop before it.
fn intermediate_stop(w: &mut World<'_>, first: ActIx, then: ActIx) -> Changed {
    let mut changed = Changed::default();
    let managed = w[then].rsc.is_some_and(|rsc| w[rsc].is(Flags::MANAGED));
    let same = w[then].rsc == w[first].rsc;
    let restart = w[then].required();
    let impossible = !w[then].runnable() && managed && same;
    if !restart && !impossible {
        return changed;
    }
    if restart || w[first].runnable() {
        changed.first |= because(w, first, ActFlags::OPTIONAL, then);
    }
    if w[first].required() && !w[first].runnable() {
        changed.then |= because(w, then, ActFlags::RUNNABLE, first);
    }
    if w[first].is(ActFlags::MIGRATABLE) && !w[then].is(ActFlags::MIGRATABLE) {
        changed.first |= because(w, first, ActFlags::MIGRATABLE, then);
    }
    changed
}
