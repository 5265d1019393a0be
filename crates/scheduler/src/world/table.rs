//! A row of node scores: which nodes a resource may use, and how well it likes each.

use cib::value::Score;

use super::{NodeInfo, NodeIx};

/// Scores by node; a node that is not in the table may not be used at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table(Vec<Option<Score>>);

impl Table {
    pub(crate) fn none(nodes: usize) -> Table {
        Table(vec![None; nodes])
    }

    /// All nodes that are for all resources, each with its score.
    pub(crate) fn where_listed(nodes: &[NodeInfo<'_>]) -> Table {
        let open = |node: &NodeInfo<'_>| node.listed && !node.reserved;
        Table(nodes.iter().map(|node| open(node).then_some(node.score)).collect())
    }

    pub(crate) fn get(&self, node: NodeIx) -> Option<Score> {
        self.0.get(node.0 as usize).copied().flatten()
    }

    pub(crate) fn has(&self, node: NodeIx) -> bool {
        self.get(node).is_some()
    }

    pub(crate) fn set(&mut self, node: NodeIx, score: Score) {
        self.0[node.0 as usize] = Some(score);
    }

    pub(crate) fn remove(&mut self, node: NodeIx) {
        self.0[node.0 as usize] = None;
    }

    /// Adds to a node that is in the table; others stay out.
    pub(crate) fn add(&mut self, node: NodeIx, score: Score) {
        if let Some(have) = &mut self.0[node.0 as usize] {
            *have += score;
        }
    }

    pub(crate) fn set_everywhere(&mut self, score: Score) {
        for have in self.0.iter_mut().flatten() {
            *have = score;
        }
    }

    /// The nodes in the table with their scores, in list order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (NodeIx, Score)> + '_ {
        self.0.iter().enumerate().filter_map(|(at, score)| score.map(|s| (NodeIx(at as u32), s)))
    }

    pub(crate) fn nodes(&self) -> Vec<NodeIx> {
        self.iter().map(|(node, _)| node).collect()
    }
}
