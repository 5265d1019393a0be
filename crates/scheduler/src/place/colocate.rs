//! Applying a colocation to its dependent, once the primary is assigned.

use cib::value::{Role, Score};

use super::choose;
use crate::world::{Colocation, Flags, Kind, NodeIx, RscIx, World};

/// What a colocation changes of its dependent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affects {
    Nothing,
    /// The node scores.
    Location,
    /// The promotion priority.
    Role,
}

/// What a colocation changes, given how far both sides are.
pub(crate) fn affects(
    w: &World<'_>,
    dependent: RscIx,
    primary: RscIx,
    colocation: &Colocation<'_>,
    preview: bool,
) -> Affects {
    if !preview && w[primary].is(Flags::UNASSIGNED) {
        return Affects::Nothing;
    }
    let (dependent_with_role, primary_with_role) =
        (w.role_bearer(dependent), w.role_bearer(primary));
    let promotable = w[dependent_with_role].parent.is_some_and(|up| w[up].is_promotable());
    let has_role = !w[dependent_with_role].is(Flags::UNASSIGNED);
    if colocation.dependent_role >= Role::Unpromoted && promotable && has_role {
        return Affects::Role;
    }
    if !preview && !w[dependent].is(Flags::UNASSIGNED) {
        return Affects::Nothing;
    }
    let differs = |role: Role, rsc: RscIx| role != Role::Unknown && role != w[rsc].next_role;
    if differs(colocation.dependent_role, dependent_with_role)
        || differs(colocation.primary_role, primary_with_role)
    {
        return Affects::Nothing;
    }
    Affects::Location
}

/// Applies a colocation; `for_dependent` says whose kind decides how.
pub(crate) fn apply(
    w: &mut World<'_>,
    dependent: RscIx,
    primary: RscIx,
    colocation: &Colocation<'_>,
    for_dependent: bool,
) {
    if for_dependent {
        match &w[dependent].kind {
            Kind::Group(kind) => {
                let colocated = kind.colocated;
                group_dependent(w, dependent, primary, colocation, colocated);
                return;
            }
            Kind::Primitive | Kind::Clone(_) | Kind::Bundle(_) => {}
        }
    }
    match &w[primary].kind {
        Kind::Primitive => match affects(w, dependent, primary, colocation, false) {
            Affects::Nothing => {}
            Affects::Location => to_scores(w, dependent, primary, colocation),
            Affects::Role => to_priority(w, dependent, primary, colocation),
        },
        Kind::Group(kind) => {
            let colocated = kind.colocated;
            group_primary(w, dependent, primary, colocation, colocated);
        }
        Kind::Clone(_) => {
            super::instances::apply_to_dependent(w, dependent, primary, colocation);
        }
        Kind::Bundle(_) => super::bundles::apply_to_dependent(w, dependent, primary, colocation),
    }
}

fn group_dependent(
    w: &mut World<'_>,
    dependent: RscIx,
    primary: RscIx,
    colocation: &Colocation<'_>,
    colocated: bool,
) {
    if affects(w, dependent, primary, colocation, false) == Affects::Role {
        apply(w, dependent, primary, colocation, false);
        return;
    }
    let members = w[dependent].children.clone();
    if colocated {
        if let Some(first) = members.first() {
            apply(w, *first, primary, colocation, true);
        }
        return;
    }
    if colocation.score >= Score::INF {
        return;
    }
    for member in members {
        apply(w, member, primary, colocation, true);
    }
}

fn group_primary(
    w: &mut World<'_>,
    dependent: RscIx,
    primary: RscIx,
    colocation: &Colocation<'_>,
    colocated: bool,
) {
    if w[primary].is(Flags::UNASSIGNED) {
        return;
    }
    let members = w[primary].children.clone();
    if colocated {
        let member = if colocation.score >= Score::INF { members.last() } else { members.first() };
        if let Some(member) = member {
            apply(w, dependent, *member, colocation, false);
        }
        return;
    }
    if colocation.score >= Score::INF {
        return;
    }
    for member in members {
        apply(w, dependent, member, colocation, false);
    }
}

/// The node that counts for a resource in a colocation. What is in a bundle is where its container
/// is: nothing else can be on the replica's own node. So is what takes its attributes from a
/// guest's host.
pub(crate) fn place(w: &World<'_>, rsc: RscIx, node: NodeIx) -> Option<NodeIx> {
    let Some(container) = w[node].container.filter(|_| w[node].is_guest()) else {
        return Some(node);
    };
    let inside = w[node].reserved && w.inside_bundle(rsc);
    let of_host = || w[rsc].meta("container-attribute-target") == Some("host");
    if inside || of_host() { w[container].assigned } else { Some(node) }
}

/// Whether two resources on two nodes are at one place to a colocation.
pub(crate) fn same_place(
    w: &World<'_>,
    a: (RscIx, NodeIx),
    b: (RscIx, NodeIx),
    colocation: &Colocation<'_>,
) -> bool {
    let (a, b) = (place(w, a.0, a.1), place(w, b.0, b.1));
    let Some(name) = colocation.attribute else { return a == b };
    let value = |node: Option<NodeIx>| node.and_then(|node| w[node].attribute(name));
    match (value(a), value(b)) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        (None, None) => true,
        _ => false,
    }
}

fn to_scores(w: &mut World<'_>, dependent: RscIx, primary: RscIx, colocation: &Colocation<'_>) {
    let there = w[primary].assigned;
    let score = colocation.score;
    if there.is_none() && score < Score::ZERO {
        return;
    }
    let mut table = w[dependent].allowed.clone();
    for node in table.nodes() {
        match there {
            None => table.add(node, -score),
            Some(there) if same_place(w, (dependent, node), (primary, there), colocation) => {
                if score < Score::INF {
                    table.add(node, score);
                }
            }
            Some(_) if score >= Score::INF => table.add(node, Score::NEG_INF),
            Some(_) => {}
        }
    }
    if score.is_infinite() || choose::any_available(w, &table) {
        w[dependent].allowed = table;
    }
}

fn to_priority(w: &mut World<'_>, dependent: RscIx, primary: RscIx, colocation: &Colocation<'_>) {
    let Some(here) = super::assigned_node(w, dependent) else { return };
    let promoted = colocation.dependent_role == Role::Promoted;
    let together = w[primary]
        .assigned
        .is_some_and(|there| same_place(w, (dependent, here), (primary, there), colocation));
    if !together {
        if colocation.score == Score::INF && promoted {
            w[dependent].promotion = Score::NEG_INF;
        }
        return;
    }
    let role = colocation.primary_role;
    if role != Role::Unknown && role != w[w.role_bearer(primary)].next_role {
        return;
    }
    let score = if colocation.dependent_role == Role::Unpromoted {
        -colocation.score
    } else {
        colocation.score
    };
    w[dependent].promotion += score;
}
