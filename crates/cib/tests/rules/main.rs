//! Rules and the blocks they guard, against what the scheduler of Pacemaker 2.1.5 made of them.

use cib::date::DateTime;
use cib::rules::{Context, NextChange, passes};
use cib::xml::Document;

mod blocks;
mod dates;
mod expressions;

/// 2009-12-01 05:10:20Z, a Tuesday in the 49th week.
const NOW: DateTime = DateTime::from_epoch(1_259_644_220);

/// What the node `n1` of these tests has.
fn attribute(name: &str) -> Option<&'static str> {
    let held =
        [("#uname", "n1"), ("a", "5"), ("s", "abc"), ("f", "5.5"), ("v", "1.10.2"), ("e", "")];
    held.iter().find(|(held, _)| *held == name).map(|(_, value)| *value)
}

/// Judges a rule with these conditions on `n1`; also when it may turn out otherwise.
fn judge(conditions: &str) -> (bool, Option<i64>) {
    let rule = Document::parse(format!("<rule>{conditions}</rule>")).expect("well-formed");
    let mut next = NextChange::default();
    let holds = passes(rule.root(), &Context::at(NOW).on_node(&attribute), &mut next);
    (holds, next.at)
}
