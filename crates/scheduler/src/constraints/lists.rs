//! The colocations that concern a resource, as dependent and as primary, in the order in which
//! they are applied.

use std::cmp::{Ordering, Reverse};

use cib::value::Score;

use crate::world::{Colocation, Flags, Kind, RscIx, World};

/// Which side of a colocation the other resource is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Other {
    Primary,
    Dependent,
}

impl Other {
    fn of(self, colocation: &Colocation<'_>) -> RscIx {
        match self {
            Other::Primary => colocation.primary,
            Other::Dependent => colocation.dependent,
        }
    }
}

/// Adds a colocation to the world.
pub(crate) fn add<'d>(w: &mut World<'d>, colocation: Colocation<'d>) {
    if colocation.score == Score::ZERO {
        return;
    }
    let at = w.colocations.len() as u32;
    let (dependent, primary) = (colocation.dependent, colocation.primary);
    w.colocations.push(colocation);
    let mut list = std::mem::take(&mut w[dependent].this_with);
    insert(w, &mut list, at, Other::Primary);
    w[dependent].this_with = list;
    let mut list = std::mem::take(&mut w[primary].with_this);
    insert(w, &mut list, at, Other::Dependent);
    w[primary].with_this = list;
}

fn rank(w: &World<'_>, rsc: RscIx) -> (Reverse<Score>, u8, u8) {
    let rsc = &w[rsc];
    let variant = match rsc.kind {
        Kind::Bundle(_) => 0,
        Kind::Clone(_) => 1,
        Kind::Group(_) => 2,
        Kind::Primitive => 3,
    };
    (Reverse(rsc.priority), variant, u8::from(!rsc.is_promotable()))
}

fn compare(w: &World<'_>, a: u32, b: u32, other: Other) -> Ordering {
    let side = |at: u32| other.of(&w.colocations[at as usize]);
    let (a, b) = (side(a), side(b));
    rank(w, a).cmp(&rank(w, b)).then_with(|| w[a].id.cmp(&w[b].id))
}

/// Inserts by order, before equal ones.
fn insert(w: &World<'_>, list: &mut Vec<u32>, at: u32, other: Other) {
    let place = list
        .iter()
        .position(|have| compare(w, at, *have, other) != Ordering::Greater)
        .unwrap_or(list.len());
    list.insert(place, at);
}

/// Merges a list into another. Into a list that has something already, the first of the added
/// ones is inserted as often as there are added ones: so the ancestor does it.
fn merge(w: &World<'_>, list: &mut Vec<u32>, added: &[u32], other: Other) {
    if list.is_empty() {
        list.extend_from_slice(added);
        return;
    }
    if let Some(first) = added.first() {
        for _ in added {
            insert(w, list, *first, other);
        }
    }
}

/// Colocations in which the resource is the dependent.
pub(crate) fn this_with(w: &World<'_>, rsc: RscIx) -> Vec<u32> {
    let mut list = Vec::new();
    add_this_with(w, rsc, rsc, &mut list);
    list
}

/// Colocations in which the resource is the primary.
pub(crate) fn with_this(w: &World<'_>, rsc: RscIx) -> Vec<u32> {
    let mut list = Vec::new();
    add_with_this(w, rsc, rsc, &mut list);
    list
}

fn add_this_with(w: &World<'_>, rsc: RscIx, of: RscIx, list: &mut Vec<u32>) {
    match &w[rsc].kind {
        Kind::Primitive => member_list(w, rsc, of, list, Other::Primary),
        Kind::Group(group) => {
            let first = w[rsc].children.first().copied();
            if of != rsc && Some(of) != first {
                behind_unmanaged(w, rsc, of, list);
                return;
            }
            merge(w, list, &w[rsc].this_with, Other::Primary);
            if let Some(parent) = w[rsc].parent {
                add_this_with(w, parent, of, list);
            }
            if group.colocated {
                for member in w[rsc].children.iter().filter(|member| **member != of) {
                    add_this_with(w, *member, of, list);
                }
            }
        }
        Kind::Bundle(_) => {
            if bundle_lists_concern(w, rsc, of) {
                merge(w, list, &w[rsc].this_with, Other::Primary);
            }
        }
        Kind::Clone(_) => {
            merge(w, list, &w[rsc].this_with, Other::Primary);
            if let Some(parent) = w[rsc].parent {
                add_this_with(w, parent, of, list);
            }
        }
    }
}

/// Later members follow the first; behind an unmanaged one the group's mandatory colocations are
/// theirs too.
fn behind_unmanaged(w: &World<'_>, group: RscIx, of: RscIx, list: &mut Vec<u32>) {
    for member in &w[group].children {
        if *member == of {
            return;
        }
        if !w[*member].is(Flags::MANAGED) {
            for at in &w[group].this_with {
                if w.colocations[*at as usize].score == Score::INF {
                    insert(w, list, *at, Other::Primary);
                }
            }
            return;
        }
    }
}

fn add_with_this(w: &World<'_>, rsc: RscIx, of: RscIx, list: &mut Vec<u32>) {
    match &w[rsc].kind {
        Kind::Primitive => member_list(w, rsc, of, list, Other::Dependent),
        Kind::Group(group) => {
            if of != rsc && Some(&of) != w[rsc].children.last() {
                return;
            }
            merge(w, list, &w[rsc].with_this, Other::Dependent);
            if let Some(parent) = w[rsc].parent {
                add_with_this(w, parent, of, list);
            }
            if group.colocated {
                for member in w[rsc].children.iter().filter(|member| **member != of) {
                    add_with_this(w, *member, of, list);
                }
            }
        }
        Kind::Bundle(_) => {
            if bundle_lists_concern(w, rsc, of) {
                merge(w, list, &w[rsc].with_this, Other::Dependent);
            }
        }
        Kind::Clone(_) => {
            merge(w, list, &w[rsc].with_this, Other::Dependent);
            if let Some(parent) = w[rsc].parent {
                add_with_this(w, parent, of, list);
            }
        }
    }
}

/// A bundle's colocations are those of its containers. They concern what is inside only when roles
/// are given: the bundled clone once its instances are sorted for promotion, an instance once it
/// has its node.
fn bundle_lists_concern(w: &World<'_>, bundle: RscIx, of: RscIx) -> bool {
    if of == bundle || w.replica_of_container(of).is_some() {
        return true;
    }
    let top = crate::unpack::operations::top(w, of);
    if !w[top].is_promotable() {
        return false;
    }
    if of == top { w[of].is(Flags::PROMOTION_SORTED) } else { !w[of].is(Flags::UNASSIGNED) }
}

/// A primitive's own list and what its parent adds; for another member only what is configured.
fn member_list(w: &World<'_>, rsc: RscIx, of: RscIx, list: &mut Vec<u32>, other: Other) {
    let own = match other {
        Other::Primary => &w[rsc].this_with,
        Other::Dependent => &w[rsc].with_this,
    };
    if rsc != of {
        for at in own.iter().filter(|at| w.colocations[**at as usize].explicit) {
            insert(w, list, *at, other);
        }
        return;
    }
    merge(w, list, own, other);
    if let Some(parent) = w[rsc].parent {
        match other {
            Other::Primary => add_this_with(w, parent, of, list),
            Other::Dependent => add_with_this(w, parent, of, list),
        }
    }
}
