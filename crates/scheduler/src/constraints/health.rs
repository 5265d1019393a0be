//! Node health: attributes `#health*` move resources away.

use cib::value::{Role, Score};

use crate::unpack::options::Health;
use crate::world::resource::Discovery;
use crate::world::{Flags, NodeIx, World};

/// What a node's health attributes say together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Color {
    Green,
    Yellow,
    Red,
}

fn attributes<'a>(w: &'a World<'_>, node: NodeIx) -> impl Iterator<Item = &'a str> {
    let all = w[node].attributes.iter();
    all.filter(|(name, _)| name.starts_with("#health")).map(|(_, text)| *text)
}

/// The worst color of a node's attributes.
pub(crate) fn color(w: &World<'_>, node: NodeIx) -> Color {
    let options = &w.options;
    let of = |text: &str| {
        let Some(score) = options.score(text) else { return Color::Green };
        if text == "red" || score <= options.health_red {
            Color::Red
        } else if text == "yellow"
            || (score <= options.health_yellow && options.health_yellow != options.health_green)
        {
            Color::Yellow
        } else {
            Color::Green
        }
    };
    attributes(w, node).map(of).max().unwrap_or(Color::Green)
}

/// What the strategy gives a node.
fn score(w: &World<'_>, node: NodeIx) -> Score {
    let value = |text: &str| match (w.options.health, text) {
        (Health::MigrateOnRed | Health::OnlyGreen, "red") | (Health::OnlyGreen, "yellow") => {
            Score::NEG_INF
        }
        (Health::MigrateOnRed | Health::OnlyGreen, "yellow" | "green") => Score::ZERO,
        _ => w.options.score(text).unwrap_or(Score::ZERO),
    };
    let start = match w.options.health {
        Health::Progressive => w.options.health_base,
        _ => Score::ZERO,
    };
    attributes(w, node).map(value).fold(start, |sum, one| sum + one)
}

/// The id of the locations made here.
pub(crate) const ID: &str = "#health";

/// Makes one location per unhealthy node and top-level resource.
pub(crate) fn apply(w: &mut World<'_>) {
    if w.options.health == Health::None {
        return;
    }
    for node in (0..w.nodes.len() as u32).map(NodeIx) {
        let score = score(w, node);
        if score == Score::ZERO {
            continue;
        }
        for rsc in w.top.clone() {
            if score < Score::ZERO && w[rsc].is(Flags::ALLOW_UNHEALTHY) {
                continue;
            }
            let nodes = vec![(node, score)];
            super::location::add(w, ID, rsc, Role::Unknown, Discovery::Always, nodes);
        }
    }
}
