//! What dependents would like counts for their primary too.

use cib::value::Score;

use super::{choose, colocate};
use crate::constraints::lists;
use crate::trace::{Cause, during};
use crate::world::{Colocation, Flags, Kind, NodeInfo, NodeIx, RscIx, Table, World};

/// How preferences are collected.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mode {
    /// A positive score that would become negative is frozen and ends as 1.
    pub(crate) nonnegative: bool,
    /// Follow primaries instead of dependents.
    pub(crate) this_with: bool,
    /// Below the top level, a step that leaves no node is dropped.
    pub(crate) inner: bool,
}

/// The value of a frozen node while preferences are collected: no score is as high.
fn frozen(node: NodeIx, list: &[NodeIx]) -> bool {
    list.contains(&node)
}

/// A collection of preferences: the table and the nodes that are frozen in it.
#[derive(Clone, Debug)]
pub(crate) struct Collected {
    pub(crate) table: Table,
    pub(crate) frozen: Vec<NodeIx>,
}

/// Adds to a primary's table what the dependent of a colocation would like.
pub(crate) fn add_preferences(w: &mut World<'_>, at: u32, primary: RscIx) {
    let colocation = w.colocations[at as usize].clone();
    if !has_influence(w, &colocation) {
        return;
    }
    let nonnegative = w[primary].has_instances();
    let mode = Mode { nonnegative, inner: true, ..Mode::default() };
    let mut collected = Collected { table: w[primary].allowed.clone(), frozen: Vec::new() };
    let factor = factor(colocation.score);
    collect(w, colocation.dependent, primary, &mut collected, Some(&colocation), factor, mode);
    during(w, Cause::Wish(at), |w| w[primary].allowed = collected.table);
}

/// A score as a part of infinity.
pub(crate) fn factor(score: Score) -> f32 {
    score.get() as f32 / Score::INF.get() as f32
}

/// Whether what the dependent would like counts.
pub(crate) fn has_influence(w: &World<'_>, colocation: &Colocation<'_>) -> bool {
    let (dependent, primary) = (&w[colocation.dependent], &w[colocation.primary]);
    let nested = dependent.is(Flags::CONNECTION)
        && dependent.is(Flags::REPLICA)
        && !primary.is(Flags::FAILED)
        && primary.active.len() == 1;
    if nested {
        return false;
    }
    let influence = colocation.influence.unwrap_or_else(|| dependent.is(Flags::CRITICAL));
    influence || primary.active.is_empty()
}

/// Adds a resource's preferences, and those of what depends on it, to a table.
pub(crate) fn collect(
    w: &mut World<'_>,
    source: RscIx,
    target: RscIx,
    into: &mut Collected,
    colocation: Option<&Colocation<'_>>,
    factor: f32,
    mode: Mode,
) {
    if w[source].is(Flags::VISITED) {
        return;
    }
    w[source].flags.set(Flags::VISITED);
    if let Kind::Group(_) = w[source].kind {
        let member =
            if mode.this_with { w[source].children.last() } else { w[source].children.first() };
        if let Some(member) = member.copied() {
            collect(w, member, target, into, colocation, factor, mode);
        }
    } else {
        collect_one(w, source, target, into, colocation, factor, mode);
    }
    w[source].flags.clear(Flags::VISITED);
}

fn collect_one(
    w: &mut World<'_>,
    source: RscIx,
    target: RscIx,
    into: &mut Collected,
    colocation: Option<&Colocation<'_>>,
    by: f32,
    mode: Mode,
) {
    let mut work = into.clone();
    if let Some(colocation) = colocation {
        add_matching(w, source, target, &mut work, colocation, by, mode);
    }
    if any_left(w, &work) {
        let list =
            if mode.this_with { lists::this_with(w, source) } else { lists::with_this(w, source) };
        for at in list {
            let next = w.colocations[at as usize].clone();
            if !mode.this_with && !has_influence(w, &next) {
                continue;
            }
            let other = if mode.this_with { next.primary } else { next.dependent };
            let by = by * next.score.get() as f32 / Score::INF.get() as f32;
            let inner = Mode { inner: true, ..mode };
            collect(w, other, target, &mut work, Some(&next), by, inner);
        }
    } else if mode.inner {
        return;
    }
    if mode.nonnegative {
        for node in std::mem::take(&mut work.frozen) {
            work.table.set(node, Score::new(1));
        }
    }
    *into = work;
}

/// Whether a collection leaves a node: one that is frozen is none.
fn any_left(w: &World<'_>, work: &Collected) -> bool {
    if work.frozen.is_empty() {
        return choose::any_available(w, &work.table);
    }
    let mut table = work.table.clone();
    for node in &work.frozen {
        table.set(*node, Score::NEG_INF);
    }
    choose::any_available(w, &table)
}

fn add_matching(
    w: &World<'_>,
    source: RscIx,
    target: RscIx,
    work: &mut Collected,
    colocation: &Colocation<'_>,
    factor: f32,
    mode: Mode,
) {
    let liked = likes(w, source, colocation);
    for node in work.table.nodes() {
        let score = best(w, &liked, source, (target, node), colocation);
        if factor < 0.0 && score < Score::ZERO && !pressing(w, source, target, colocation, score) {
            continue;
        }
        if frozen(node, &work.frozen) {
            continue;
        }
        let have = work.table.get(node).unwrap_or(Score::ZERO);
        let new = have + scaled(factor, score);
        if mode.nonnegative && new < Score::ZERO && have > Score::ZERO {
            work.frozen.push(node);
            continue;
        }
        if mode.nonnegative && new < Score::ZERO && have == Score::ZERO {
            continue;
        }
        work.table.set(node, new);
    }
}

/// A score times a factor, rounded half away from zero; what was something does not become
/// nothing.
fn scaled(factor: f32, score: Score) -> Score {
    let product = factor * score.get() as f32;
    let rounded = if product < 0.0 { product - 0.5 } else { product + 0.5 } as i64;
    match rounded {
        0 if score != Score::ZERO && factor > 0.0 => Score::new(1),
        0 if score != Score::ZERO && factor < 0.0 => Score::new(-1),
        other => Score::new(other),
    }
}

/// An anti-colocation normally makes no node better because the dependent avoids it; but it does
/// if the dependent has only one node left.
fn pressing(
    w: &World<'_>,
    source: RscIx,
    target: RscIx,
    colocation: &Colocation<'_>,
    score: Score,
) -> bool {
    if w[target].stickiness >= -score {
        return false;
    }
    let influence =
        colocation.influence.unwrap_or_else(|| w[colocation.dependent].is(Flags::CRITICAL));
    let usable = w[source].allowed.iter().filter(|(_, score)| *score >= Score::ZERO).count();
    influence && usable == 1
}

/// The table whose scores are a dependent's wishes: of a later group member that is named in the
/// constraint, with the group's locations.
fn likes(w: &World<'_>, source: RscIx, colocation: &Colocation<'_>) -> Table {
    let mut table = w[source].allowed.clone();
    let Some(group) = w[source].parent.filter(|up| w[*up].is_group()) else { return table };
    let later = w[group].children.first() != Some(&source);
    if colocation.explicit && later && colocation.dependent == source {
        for at in &w[group].locations {
            let location = &w.locations[*at as usize];
            if location.role == cib::value::Role::Promoted {
                continue;
            }
            for (node, score) in &location.nodes {
                let have = table.get(*node);
                table.set(*node, have.map_or(*score, |have| have + *score));
            }
        }
    }
    table
}

/// The best score a source has among nodes that are one with the target's `node` to the
/// colocation.
fn best(
    w: &World<'_>,
    liked: &Table,
    source: RscIx,
    (target, node): (RscIx, NodeIx),
    colocation: &Colocation<'_>,
) -> Score {
    if colocation.attribute.is_none() && !w.nodes.iter().any(NodeInfo::is_guest) {
        let score = liked.get(node).filter(|_| w.node_available(node));
        return score.unwrap_or(Score::NEG_INF);
    }
    liked
        .iter()
        .filter(|(other, _)| w.node_available(*other))
        .filter(|(other, _)| colocate::same_place(w, (source, *other), (target, node), colocation))
        .map(|(_, score)| score)
        .max()
        .unwrap_or(Score::NEG_INF)
}

/// A resource's scores with those of what it must be with.
pub(crate) fn merged(w: &mut World<'_>, rsc: RscIx) -> Table {
    let mut collected = Collected { table: w[rsc].allowed.clone(), frozen: Vec::new() };
    let mode = Mode { this_with: true, ..Mode::default() };
    collect(w, rsc, rsc, &mut collected, None, 1.0, mode);
    collected.table
}
