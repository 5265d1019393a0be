//! Score lines, in the order in which assignment makes them.

use cib::value::Score;

use crate::world::{Flags, RscIx, World};

/// One line of scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreLine {
    /// Which stage says it; none for promotion scores.
    pub emitter: Option<&'static str>,
    /// The resource's id.
    pub resource: String,
    /// The node's name; none for an instance that has no node.
    pub node: Option<String>,
    /// The score.
    pub score: Score,
}

impl std::fmt::Display for ScoreLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (rsc, score) = (&self.resource, self.score);
        match (self.emitter, &self.node) {
            (Some(emitter), node) => {
                let node = node.as_deref().unwrap_or("none");
                write!(f, "{emitter}: {rsc} allocation score on {node}: {score}")
            }
            (None, Some(node)) => write!(f, "{rsc} promotion score on {node}: {score}"),
            (None, None) => write!(f, "{rsc} promotion score (inactive): {score}"),
        }
    }
}

/// Notes a resource's scores, and those of all in it.
pub(crate) fn print(w: &mut World<'_>, rsc: RscIx, emitter: &'static str) {
    if w[rsc].is(Flags::REMOVED) {
        return;
    }
    let lines: Vec<ScoreLine> = w[rsc]
        .allowed
        .iter()
        .map(|(node, score)| ScoreLine {
            emitter: Some(emitter),
            resource: w[rsc].id.clone(),
            node: Some(w[node].name.to_owned()),
            score,
        })
        .collect();
    w.scores.extend(lines);
    crate::trace::printed(w, rsc);
    for child in w[rsc].children.clone() {
        print(w, child, emitter);
    }
}
