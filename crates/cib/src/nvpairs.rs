//! Blocks of name-value pairs: options, parameters, meta-attributes, utilization.
//!
//! An element may have several blocks of one kind. Those whose rules do not hold do not count; of
//! the others the one with the highest score is asked first, and the first value of a name wins
//! (Pacemaker Explained, "Using rules to control resource options").

use crate::rules::{Context, NextChange, are_unmet};
use crate::value::Score;
use crate::xml::Node;

/// The block of cluster options that is asked before all others.
const BOOTSTRAP: &str = "cib-bootstrap-options";
/// The value that takes a name out again, as if no block before had set it.
const UNSET: &str = "#default";

/// The names and values that count, in the order in which they were first found.
pub type Pairs<'d> = Vec<(&'d str, &'d str)>;

/// Evaluates the blocks called `block_name` (`meta_attributes`, ...) under an element.
pub fn evaluate<'d>(
    parent: Node<'d>,
    block_name: &str,
    context: &Context<'_>,
    next: &mut NextChange,
) -> Pairs<'d> {
    let mut pairs = Pairs::new();
    for block in blocks(parent, block_name) {
        if !are_unmet(block, context, next) {
            block.children_named("nvpair").for_each(|pair| take(pair, &mut pairs));
        }
    }
    pairs
}

/// The value of a name in evaluated pairs.
pub fn get<'d>(pairs: &[(&'d str, &'d str)], name: &str) -> Option<&'d str> {
    pairs.iter().find(|(held, _)| *held == name).map(|(_, value)| *value)
}

/// The blocks of one kind under an element in the order in which they are asked, references
/// resolved; references to nothing are left out.
pub fn blocks<'d>(parent: Node<'d>, block_name: &str) -> Vec<Node<'d>> {
    let mut blocks: Vec<_> =
        parent.children_named(block_name).filter_map(|block| referred(block)).collect();
    blocks.sort_by_key(|block| {
        let score = block.get("score").and_then(Score::parse).unwrap_or_default();
        (block.get("id") != Some(BOOTSTRAP), -score)
    });
    blocks
}

/// The element itself, or the one of the same name that its `id-ref` names.
pub fn referred(element: Node<'_>) -> Option<Node<'_>> {
    match element.get("id-ref") {
        None => Some(element),
        Some(id) => {
            let document = element.document();
            let target = document.node(document.by_id(id)?);
            target.is(element.name()).then_some(target)
        }
    }
}

fn take<'d>(pair: Node<'d>, pairs: &mut Pairs<'d>) {
    let Some(content) = referred(pair) else { return };
    let Some(name) = pair.get("name").or_else(|| content.get("name")) else { return };
    let Some(value) = content.get("value") else { return };
    let held = pairs.iter().position(|(held, _)| *held == name);
    match held {
        Some(position) if value == UNSET => drop(pairs.remove(position)),
        None if value != UNSET => pairs.push((name, value)),
        _ => {}
    }
}
