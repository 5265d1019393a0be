//! Choosing a node from a table of scores.

use std::cmp::{Ordering, Reverse};

use cib::value::Score;

use super::utilization;
use crate::unpack::options::Placement;
use crate::world::{Flags, NodeIx, RscIx, Table, World};

/// Whether some node could be used.
pub(crate) fn any_available(w: &World<'_>, table: &Table) -> bool {
    table.iter().any(|(node, score)| score >= Score::ZERO && w.node_available(node))
}

/// What a node's score counts: a node that is not available has none.
fn counted(w: &World<'_>, node: NodeIx, score: Score) -> Score {
    if w.node_available_with_guest(node) { score } else { Score::NEG_INF }
}

/// Nodes of a table, the best first.
pub(crate) fn sorted(w: &World<'_>, table: &Table, current: Option<NodeIx>) -> Vec<NodeIx> {
    let mut nodes: Vec<(NodeIx, Score)> = table.iter().collect();
    nodes.sort_by(|a, b| compare(w, *a, *b, current));
    nodes.into_iter().map(|(node, _)| node).collect()
}

fn compare(
    w: &World<'_>,
    a: (NodeIx, Score),
    b: (NodeIx, Score),
    current: Option<NodeIx>,
) -> Ordering {
    let by_score = Reverse(counted(w, a.0, a.1)).cmp(&Reverse(counted(w, b.0, b.1)));
    let by_load = || {
        if w.options.placement == Placement::Minimal {
            return Ordering::Equal;
        }
        let capacity = match w.options.placement {
            Placement::Balanced => utilization::compare(w, a.0, b.0),
            _ => Ordering::Equal,
        };
        let here = |node: NodeIx| Reverse(current == Some(node));
        capacity
            .then_with(|| w[a.0].assigned.cmp(&w[b.0].assigned))
            .then_with(|| here(a.0).cmp(&here(b.0)))
    };
    by_score.then_with(by_load).then_with(|| w[a.0].name.cmp(w[b.0].name))
}

/// The node a primitive should get. The preferred one wins if it is as good as the best, and so
/// does the current one (except for instances of unique clones).
pub(crate) fn choose(w: &World<'_>, rsc: RscIx, prefer: Option<NodeIx>) -> Option<NodeIx> {
    let current = w[rsc].active.first().copied();
    let nodes = sorted(w, &w[rsc].allowed, current);
    let best = *nodes.first()?;
    let score = |node: NodeIx| w[rsc].allowed.get(node).unwrap_or(Score::NEG_INF);
    if let Some(prefer) = prefer.filter(|node| w[rsc].allowed.has(*node)) {
        let usable = w.node_available_with_guest(prefer) && score(prefer) >= Score::ZERO;
        if usable && score(prefer) >= score(best) {
            return Some(prefer);
        }
    }
    let unique_instance =
        w[rsc].is(Flags::UNIQUE) && w[rsc].parent.is_some_and(|up| w[up].is_clone());
    if score(best) > Score::ZERO && w.node_available_with_guest(best) && !unique_instance {
        let stay = current.filter(|node| {
            w[rsc].allowed.has(*node)
                && w.node_available_with_guest(*node)
                && score(*node) == score(best)
        });
        if let Some(stay) = stay {
            return Some(stay);
        }
    }
    Some(best)
}
