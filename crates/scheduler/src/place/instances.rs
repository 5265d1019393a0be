//! Instances of clones: which comes first, and what a clone means to a dependent.

use std::cmp::{Ordering, Reverse};

use cib::value::{Role, Score, numeric_name_order};

use super::clones::current;
use super::dependents::{Collected, Mode, collect, factor, has_influence};
use super::{colocate, primitive, role_of};
use crate::constraints::lists;
use crate::order::interleave;
use crate::world::{Colocation, Flags, Kind, NodeIx, RscIx, Table, World};

/// Sorts a clone's instances: those that should be assigned first come first.
pub(crate) fn sort(w: &mut World<'_>, clone: RscIx) {
    let mut children = w[clone].children.clone();
    let liked = likings(w, &children);
    crate::sort::stable(&mut children, |a, b| compare(w, *a, *b, &liked));
    w[clone].children = children;
}

/// How well colocations like each instance's current node.
pub(crate) type Likings = std::collections::BTreeMap<RscIx, Score>;

/// Computes the likings of all instances.
pub(crate) fn likings(w: &mut World<'_>, instances: &[RscIx]) -> Likings {
    let mut found = Likings::new();
    for instance in instances {
        if let Some(node) = current(w, *instance) {
            let score = liking(w, *instance, node);
            found.insert(*instance, score);
        }
    }
    found
}

fn liking(w: &mut World<'_>, instance: RscIx, node: NodeIx) -> Score {
    let mut table = Table::none(w.nodes.len());
    table.set(node, w[node].score);
    let mut collected = Collected { table, frozen: Vec::new() };
    for at in lists::this_with(w, instance) {
        let colocation = w.colocations[at as usize].clone();
        let by = factor(colocation.score);
        let mode = Mode::default();
        let primary = colocation.primary;
        collect(w, primary, instance, &mut collected, Some(&colocation), by, mode);
    }
    for at in lists::with_this(w, instance) {
        let colocation = w.colocations[at as usize].clone();
        if !has_influence(w, &colocation) {
            continue;
        }
        let by = factor(colocation.score);
        let mode = Mode { nonnegative: true, ..Mode::default() };
        let dependent = colocation.dependent;
        collect(w, dependent, instance, &mut collected, Some(&colocation), by, mode);
    }
    collected.table.get(node).unwrap_or(Score::NEG_INF)
}

/// Which of two instances comes first.
pub(crate) fn compare(w: &World<'_>, a: RscIx, b: RscIx, liked: &Likings) -> Ordering {
    let (one, other) = (current(w, a), current(w, b));
    if one.is_some() && other.is_some() {
        let by_nodes = places(w, a).cmp(&places(w, b));
        if by_nodes != Ordering::Equal {
            return by_nodes;
        }
    }
    let allowed = |rsc: RscIx, node: Option<NodeIx>| {
        node.is_none_or(|node| {
            let score = w[rsc].allowed.get(node);
            let lost = !w[node].online || w[node].unclean;
            !lost && score.is_some_and(|score| score >= Score::ZERO)
        })
    };
    let first = |yes: bool| Reverse(yes);
    let early = first(allowed(a, one))
        .cmp(&first(allowed(b, other)))
        .then_with(|| w[b].promotion.cmp(&w[a].promotion));
    if early != Ordering::Equal {
        return early;
    }
    let (one, other) = match (one, other) {
        (None, None) => return Ordering::Equal,
        (Some(_), None) => return Ordering::Less,
        (None, Some(_)) => return Ordering::Greater,
        (Some(one), Some(other)) => (one, other),
    };
    let listed =
        |rsc: RscIx, node: NodeIx| w[rsc].parent.is_some_and(|parent| w[parent].allowed.has(node));
    let count = |rsc: RscIx, node: NodeIx| {
        let parent = w[rsc].parent;
        parent.and_then(|parent| w[parent].counts.get(node.0 as usize).copied()).unwrap_or(0)
    };
    let score = |rsc: RscIx| liked.get(&rsc).copied().unwrap_or(Score::NEG_INF);
    first(w.node_available(one))
        .cmp(&first(w.node_available(other)))
        .then_with(|| first(listed(a, one)).cmp(&first(listed(b, other))))
        .then_with(|| count(a, one).cmp(&count(b, other)))
        .then_with(|| failed(w, a).cmp(&failed(w, b)))
        .then_with(|| score(b).cmp(&score(a)))
        .then_with(|| numeric_name_order(&w[a].id, &w[b].id))
}

fn failed(w: &World<'_>, rsc: RscIx) -> bool {
    w[rsc].is(Flags::FAILED) || w[rsc].children.iter().any(|child| failed(w, *child))
}

/// On how many nodes an instance is active.
fn places(w: &World<'_>, rsc: RscIx) -> usize {
    if w[rsc].is_primitive() {
        return w[rsc].active.len();
    }
    let mut nodes: Vec<NodeIx> = Vec::new();
    for child in &w[rsc].children {
        nodes.extend(w[*child].active.iter().copied());
    }
    nodes.sort_unstable();
    nodes.dedup();
    nodes.len()
}

/// Applies a colocation with a clone to its dependent.
pub(crate) fn apply_to_dependent(
    w: &mut World<'_>,
    dependent: RscIx,
    clone: RscIx,
    colocation: &Colocation<'_>,
) {
    if w[clone].is(Flags::UNASSIGNED) {
        return;
    }
    if w[clone].is_promotable() && colocation.primary_role != Role::Unknown {
        if w[dependent].is(Flags::UNASSIGNED) {
            with_role(w, dependent, clone, colocation);
        } else if colocation.dependent_role == Role::Promoted {
            priority_with_role(w, dependent, clone, colocation);
        }
        return;
    }
    if interleaved(w, dependent, clone) {
        match interleave::partner(w, dependent, clone, false) {
            Some(instance) => colocate::apply(w, dependent, instance, colocation, true),
            None if colocation.score >= Score::INF => primitive::lose(w, dependent),
            None => {}
        }
        return;
    }
    let instances = w[clone].children.clone();
    if colocation.score >= Score::INF {
        let nodes: Vec<(NodeIx, Score)> = instances
            .iter()
            .filter(|instance| !blocked(w, **instance))
            .filter_map(|instance| super::assigned_node(w, *instance))
            .map(|node| (node, Score::ZERO))
            .collect();
        limit(w, dependent, clone, colocation, &nodes);
        return;
    }
    for instance in instances {
        colocate::apply(w, dependent, instance, colocation, false);
    }
}

fn blocked(w: &World<'_>, rsc: RscIx) -> bool {
    w[rsc].is(Flags::BLOCKED) || w[rsc].children.iter().any(|child| blocked(w, *child))
}

/// Whether a dependent's clone takes the primary's instances one by one.
fn interleaved(w: &World<'_>, dependent: RscIx, clone: RscIx) -> bool {
    let clones = std::iter::successors(w[dependent].parent, |up| w[*up].parent);
    let Some(own) = clones.filter(|up| w[*up].has_instances()).last() else { return false };
    let per_node = |rsc: RscIx| match &w[rsc].kind {
        Kind::Clone(clone) => clone.node_max,
        Kind::Bundle(bundle) => bundle.per_host,
        _ => 1,
    };
    let interleave = w[own].meta("interleave").and_then(cib::value::boolean).unwrap_or(false);
    interleave && per_node(own) == per_node(clone)
}

/// Only these nodes remain; what they add is added.
pub(crate) fn limit(
    w: &mut World<'_>,
    dependent: RscIx,
    primary: RscIx,
    colocation: &Colocation<'_>,
    nodes: &[(NodeIx, Score)],
) {
    for node in w[dependent].allowed.nodes() {
        let found = nodes.iter().find(|(other, _)| {
            let (one, other) = ((dependent, node), (primary, *other));
            colocate::same_place(w, one, other, colocation)
        });
        let score = found.map_or(Score::NEG_INF, |(_, score)| *score);
        w[dependent].allowed.add(node, score);
    }
}

/// A dependent of a role goes where instances will have it.
fn with_role(w: &mut World<'_>, dependent: RscIx, clone: RscIx, colocation: &Colocation<'_>) {
    let in_role: Vec<(NodeIx, Score)> = w[clone]
        .children
        .iter()
        .filter(|instance| role_of(w, **instance, true) == colocation.primary_role)
        .filter_map(|instance| {
            let node = super::assigned_node(w, *instance)?;
            // What is not managed is where it is, whatever its own scores are: the node's counts.
            let own = w[*instance].allowed.get(node).unwrap_or(Score::ZERO);
            let managed = w[*instance].is(Flags::MANAGED);
            Some((node, if managed { own } else { w[node].score }))
        })
        .collect();
    if colocation.score >= Score::INF {
        let both = colocation.dependent_role == Role::Promoted
            && colocation.primary_role == Role::Promoted;
        if !both {
            limit(w, dependent, clone, colocation, &in_role);
        }
        return;
    }
    for (place, _) in in_role {
        for node in w[dependent].allowed.nodes() {
            if colocate::same_place(w, (dependent, node), (clone, place), colocation) {
                w[dependent].allowed.add(node, colocation.score);
            }
        }
    }
}

fn priority_with_role(
    w: &mut World<'_>,
    dependent: RscIx,
    clone: RscIx,
    colocation: &Colocation<'_>,
) {
    let Some(place) = super::assigned_node(w, dependent) else { return };
    let partner = w[clone].children.iter().any(|instance| {
        role_of(w, *instance, true) == colocation.primary_role
            && super::assigned_node(w, *instance).is_some_and(|node| {
                let (one, other) = ((dependent, place), (*instance, node));
                colocate::same_place(w, one, other, colocation)
            })
    });
    if partner {
        w[dependent].promotion += colocation.score;
    } else if colocation.score >= Score::INF {
        w[dependent].promotion = Score::NEG_INF;
    }
}
