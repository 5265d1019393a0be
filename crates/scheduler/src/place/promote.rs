//! Promotion: which instances of a promotable clone get the Promoted role.

use std::cmp::Ordering;

use cib::value::{Role, Score};

use super::dependents::{Collected, Mode, collect, factor, has_influence};
use super::{assigned_node, colocate, instances, role_of};
use crate::constraints::lists;
use crate::report::scores::ScoreLine;
use crate::trace::{Cause, during};
use crate::unpack::options::NoQuorum;
use crate::unpack::state::locate;
use crate::world::{Flags, Kind, NodeIx, RscIx, World};

/// Adds the recorded promotion scores to the instances' node scores; the highest is an instance's
/// priority.
pub(crate) fn add_scores(w: &mut World<'_>, clone: RscIx) {
    for instance in w[clone].children.clone() {
        for node in w[instance].allowed.nodes() {
            // Where nothing can be promoted a score would only shuffle the instances.
            if !w.node_available(node) {
                continue;
            }
            let Some(score) = promotion_score(w, clone, instance, node) else { continue };
            if score > Score::ZERO {
                during(w, Cause::Promotion, |w| w[instance].allowed.add(node, score));
            }
            if score > w[instance].promotion.max(Score::ZERO) {
                w[instance].promotion = score;
            }
        }
    }
}

/// The promotion score of an instance on a node, if one is recorded that applies to it; of a
/// group the sum of its members'.
fn promotion_score(w: &World<'_>, clone: RscIx, instance: RscIx, node: NodeIx) -> Option<Score> {
    if !w[instance].is_primitive() {
        let members = w[instance].children.iter();
        let scores = members.filter_map(|member| promotion_score(w, clone, *member, node));
        return scores.reduce(|sum, one| sum + one);
    }
    if !applies(w, clone, instance, node) {
        return None;
    }
    let planned = !w[instance].is(Flags::UNASSIGNED);
    let recorded = |name: &str| {
        let text = w.attribute_for(instance, node, &format!("master-{name}"), planned)?;
        Score::parse(text)
    };
    let rsc = &w[instance];
    recorded(rsc.history_name())
        .or_else(|| if rsc.is(Flags::UNIQUE) { None } else { recorded(rsc.base) })
}

/// All members of a clone's instances that are one configured primitive.
fn same_member(w: &World<'_>, rsc: RscIx, base: &str, out: &mut Vec<RscIx>) {
    if w[rsc].is_primitive() {
        if w[rsc].base == base {
            out.push(rsc);
        }
        return;
    }
    for child in &w[rsc].children {
        same_member(w, *child, base, out);
    }
}

/// Whether a recorded score of a node is this instance's.
fn applies(w: &World<'_>, clone: RscIx, instance: RscIx, node: NodeIx) -> bool {
    let allowed = w[instance].allowed.get(node).is_some_and(|score| score >= Score::ZERO);
    if !w[instance].is(Flags::UNIQUE) {
        let mut all = Vec::new();
        same_member(w, clone, w[instance].base, &mut all);
        let active = all.iter().copied().find(|one| w[*one].active.contains(&node));
        if active == Some(instance) {
            return allowed;
        }
        if active.is_none() && all.iter().any(|one| w[*one].known.contains(&node)) {
            return true;
        }
    }
    if w[instance].active.is_empty() && w[instance].known.is_empty() {
        return true;
    }
    allowed && w[instance].known.contains(&node)
}

/// Gives the instances their roles.
pub(crate) fn set_roles(w: &mut World<'_>, clone: RscIx) {
    let Kind::Clone(kind) = w[clone].kind.clone() else { return };
    started_is_unpromoted(w, clone);
    for instance in w[clone].children.clone() {
        set_priority(w, clone, instance);
    }
    sort(w, clone);
    let mut promoted = 0;
    let mut per_node = vec![0; w.nodes.len()];
    for instance in w[clone].children.clone() {
        print(w, instance);
        let may = may_promote(w, instance, promoted < kind.promoted_max, |node: NodeIx| {
            per_node[node.0 as usize] < kind.promoted_node_max
        });
        if may {
            if let Some(node) = assigned_node(w, instance) {
                per_node[node.0 as usize] += 1;
            }
            promoted += 1;
            set_role(w, instance, Role::Promoted);
        } else {
            let placed = assigned_node(w, instance).is_some();
            let role = if placed { Role::Unpromoted } else { Role::Stopped };
            set_role(w, instance, role);
        }
    }
}

/// Inside a promotable clone what is started is unpromoted at least.
fn started_is_unpromoted(w: &mut World<'_>, rsc: RscIx) {
    for child in w[rsc].children.clone() {
        started_is_unpromoted(w, child);
    }
    if w[rsc].role == Role::Started {
        w[rsc].role = Role::Unpromoted;
    }
}

fn set_role(w: &mut World<'_>, rsc: RscIx, role: Role) {
    for child in w[rsc].children.clone() {
        let placed = assigned_node(w, child).is_some();
        set_role(w, child, if placed { role } else { Role::Stopped });
    }
    if role == Role::Unpromoted
        && w[rsc].next_role != Role::Unknown
        && w[rsc].is_primitive()
        && w[rsc].next_role == Role::Stopped
    {
        return;
    }
    w[rsc].next_role = role;
}

/// The priority by which an instance is promoted.
fn set_priority(w: &mut World<'_>, clone: RscIx, instance: RscIx) {
    let Some(node) = assigned_node(w, instance) else {
        w[instance].sort_index = Score::NEG_INF;
        return;
    };
    let next = role_of(w, instance, true);
    match next {
        Role::Unknown | Role::Started => {
            let score = promotion_score(w, clone, instance, node);
            w[instance].promotion = score.unwrap_or(Score::new(-1));
        }
        Role::Unpromoted | Role::Stopped => w[instance].promotion = Score::NEG_INF,
        Role::Promoted => {}
    }
    for at in [w[instance].locations.clone(), w[clone].locations.clone()].concat() {
        let location = &w.locations[at as usize];
        if location.role == Role::Promoted {
            let score = location.nodes.iter().find(|(on, _)| *on == node).map(|(_, s)| *s);
            if let Some(score) = score {
                w[instance].promotion += score;
            }
        }
    }
    for at in lists::this_with(w, instance) {
        let colocation = w.colocations[at as usize].clone();
        during(w, Cause::Follows(at), |w| {
            colocate::apply(w, instance, colocation.primary, &colocation, true);
        });
    }
    w[instance].sort_index =
        if next == Role::Promoted { Score::INF } else { w[instance].promotion };
}

/// Sorts instances by how much each should be promoted.
fn sort(w: &mut World<'_>, clone: RscIx) {
    w[clone].flags.set(Flags::PROMOTION_SORTED);
    for instance in w[clone].children.clone() {
        let priority = w[instance].sort_index;
        if let Some(node) = assigned_node(w, instance).filter(|_| priority >= Score::ZERO) {
            during(w, Cause::Promotion, |w| w[clone].allowed.add(node, priority));
        }
    }
    for at in lists::with_this(w, clone) {
        let colocation = w.colocations[at as usize].clone();
        if colocation.primary_role != Role::Promoted || !has_influence(w, &colocation) {
            continue;
        }
        let mut collected = Collected { table: w[clone].allowed.clone(), frozen: Vec::new() };
        let mode = Mode { nonnegative: true, inner: true, ..Mode::default() };
        let by = factor(colocation.score);
        let dependent = colocation.dependent;
        collect(w, dependent, clone, &mut collected, Some(&colocation), by, mode);
        during(w, Cause::Wish(at), |w| w[clone].allowed = collected.table);
    }
    require_tickets(w, clone);
    for instance in w[clone].children.clone() {
        if !w[instance].is(Flags::MANAGED) && role_of(w, instance, true) == Role::Promoted {
            w[instance].sort_index = Score::INF;
            continue;
        }
        let node = assigned_node(w, instance);
        if let Some(node) = node.filter(|_| w[instance].sort_index >= Score::ZERO) {
            w[instance].sort_index = w[clone].allowed.get(node).unwrap_or(Score::NEG_INF);
        }
    }
    let mut children = w[clone].children.clone();
    let liked = instances::likings(w, &children);
    crate::sort::stable(&mut children, |a, b| by_promotion(w, *a, *b, &liked));
    w[clone].children = children;
}

fn by_promotion(w: &World<'_>, a: RscIx, b: RscIx, liked: &instances::Likings) -> Ordering {
    w[b].sort_index
        .cmp(&w[a].sort_index)
        .then_with(|| role_of(w, b, false).cmp(&role_of(w, a, false)))
        .then_with(|| instances::compare(w, a, b, liked))
}

/// Without the ticket for the Promoted role nobody is promoted.
fn require_tickets(w: &mut World<'_>, clone: RscIx) {
    for at in w[clone].tickets.clone() {
        let constraint = &w.ticket_constraints[at as usize];
        if constraint.role != Role::Promoted {
            continue;
        }
        let ticket = w.tickets.get(constraint.ticket).copied().unwrap_or_default();
        if !ticket.granted || ticket.standby {
            during(w, Cause::Ticket(at), |w| locate(w, clone, None, Score::NEG_INF));
        }
    }
}

fn print(w: &mut World<'_>, instance: RscIx) {
    let node = assigned_node(w, instance);
    let line = ScoreLine {
        emitter: None,
        resource: w[instance].id.clone(),
        node: node.map(|node| w[node].name.to_owned()),
        score: if node.is_some() { w[instance].sort_index } else { Score::NEG_INF },
    };
    w.scores.push(line);
}

fn may_promote(
    w: &World<'_>,
    instance: RscIx,
    room: bool,
    room_on: impl Fn(NodeIx) -> bool,
) -> bool {
    if !w[instance].is(Flags::MANAGED) {
        return role_of(w, instance, false) == Role::Promoted;
    }
    if !room || w[instance].sort_index < Score::ZERO {
        return false;
    }
    let Some(node) = assigned_node(w, instance) else { return false };
    let all_placed = w[instance].children.iter().all(|child| assigned_node(w, *child).is_some());
    if !w.node_available_with_guest(node) || !all_placed || !room_on(node) {
        return false;
    }
    let frozen = !w.quorate
        && w.options.no_quorum == NoQuorum::Freeze
        && role_of(w, instance, false) < Role::Promoted;
    !frozen
}
