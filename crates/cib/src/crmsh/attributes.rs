//! Blocks of names and values: `params`, `meta`, `utilization`, with rules.

use super::ids::free;
use super::line::Words;
use super::rule;
use crate::xml::{Document, NodeId};

/// Reads the pairs behind a word such as `params` and puts them into a block of its own.
pub(super) fn block(
    doc: &mut Document,
    parent: NodeId,
    name: &str,
    owner: &str,
    words: &mut Words,
) -> Result<(), String> {
    let made = doc.append(parent, name);
    let id = free(doc, &format!("{owner}-{name}"));
    doc.set(made, "id", &id);
    fill(doc, made, &id, words)
}

/// Reads rules and pairs and puts them into a block that is there.
pub(super) fn fill(
    doc: &mut Document,
    block: NodeId,
    id: &str,
    words: &mut Words,
) -> Result<(), String> {
    let mut id = id.to_owned();
    loop {
        if words.one_of(&["rule"]).is_some() {
            rule::read(doc, block, &id, words)?;
            continue;
        }
        let Some((name, value)) = words.pair() else { break };
        match name.as_str() {
            "$id" => {
                doc.set(block, "id", &value);
                id = value;
            }
            "$id-ref" => {
                doc.unset(block, "id");
                doc.set(block, "id-ref", &value);
            }
            _ => set(doc, block, &id, &name, &value),
        }
    }
    Ok(())
}

/// Sets a pair of a block: one that is there keeps its place and id.
pub(super) fn set(doc: &mut Document, block: NodeId, owner: &str, name: &str, value: &str) {
    let held = {
        let mut pairs = doc.node(block).children_named("nvpair");
        pairs.find(|pair| pair.get("name") == Some(name)).map(crate::xml::Node::id)
    };
    if let Some(pair) = held {
        doc.set(pair, "value", value);
        return;
    }
    let pair = doc.append(block, "nvpair");
    doc.set(pair, "name", name);
    doc.set(pair, "value", value);
    let id = free(doc, &format!("{owner}-{name}"));
    doc.set(pair, "id", &id);
}
