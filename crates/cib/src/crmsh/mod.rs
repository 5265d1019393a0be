//! crmsh's language of configuration: text as `crm configure load update FILE` takes it becomes
//! part of a CIB, with the ids crmsh makes (by experiment with crmsh 4.4.1).
//!
//! One line is one object; `\` at its end joins the next line to it, `#` begins a comment line.

mod attributes;
mod constraints;
mod ids;
mod line;
mod resources;
mod rule;
mod sections;

use std::fmt;

use crate::xml::{Document, NodeId};
use line::Words;

/// More lines than any configuration written by people has.
pub const MAX_LINES: usize = 100_000;

/// A mistake in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line the object begins on, from 1.
    pub line: usize,
    /// What is wrong, what it means, what to write.
    pub sentence: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.sentence)
    }
}

/// What one object's reader says.
type Read = Result<(), String>;

/// Puts the objects of a text into a document; those that are there already are replaced, as
/// `load update` does.
///
/// # Errors
/// All mistakes; the document is then as far as the objects without one.
pub fn load(doc: &mut Document, text: &str) -> Result<(), Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let lines = match line::lines(text) {
        Ok(lines) => lines,
        Err(mistake) => return Err(vec![mistake]),
    };
    for (number, line) in lines {
        let read = Words::split(&line).and_then(|mut words| object(doc, &line, &mut words));
        if let Err(sentence) = read {
            mistakes.push(Mistake { line: number, sentence });
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

fn object(doc: &mut Document, line: &str, words: &mut Words) -> Read {
    let kind = words.next().unwrap_or_default();
    match kind.as_str() {
        "node" => sections::node(doc, words),
        "primitive" | "rsc_template" => resources::primitive(doc, &kind, words),
        "group" => resources::group(doc, words),
        "clone" | "ms" | "master" => resources::clone(doc, &kind, words),
        "bundle" => resources::bundle(doc, words),
        "monitor" => resources::monitor(doc, words),
        "location" => constraints::location(doc, words),
        "colocation" | "collocation" => constraints::colocation(doc, words),
        "order" => constraints::order(doc, words),
        "rsc_ticket" => constraints::ticket(doc, words),
        "property" => sections::options(doc, &sections::PROPERTY, words),
        "rsc_defaults" => sections::options(doc, &sections::RSC_DEFAULTS, words),
        "op_defaults" => sections::options(doc, &sections::OP_DEFAULTS, words),
        "fencing_topology" => sections::topology(doc, words),
        "role" => sections::role(doc, words),
        "acl_target" | "acl_group" | "user" => sections::roles_of(doc, &kind, words),
        "tag" => sections::tag(doc, words),
        "alert" => sections::alert(doc, words),
        "xml" => sections::xml(doc, line),
        _ => Err(format!(
            "`{kind}` begins no object, so the line is not taken over; objects are primitive, group, \
             clone, ms, bundle, rsc_template, location, colocation, order, rsc_ticket, property, \
             rsc_defaults, op_defaults, node, fencing_topology, role, acl_target, acl_group, tag, \
             alert and xml"
        )),
    }
}

/// A section of the configuration, made where it is missing.
fn section(doc: &mut Document, name: &str) -> NodeId {
    let root = doc.root().id();
    let mut at = root;
    for name in ["configuration", name] {
        let held = doc.node(at).child(name).map(crate::xml::Node::id);
        at = held.unwrap_or_else(|| doc.append(at, name));
    }
    at
}

/// An empty element with an id: one that has the id is emptied, else it is appended to a section.
fn element(doc: &mut Document, parent: &str, name: &str, id: &str) -> Result<NodeId, String> {
    if let Some(old) = doc.by_id(id) {
        if doc.node(old).name() != name {
            let other = doc.node(old).name();
            return Err(format!("there is a {other} called {id} already; ids are unique"));
        }
        let inside: Vec<NodeId> = doc.node(old).children().map(crate::xml::Node::id).collect();
        for child in inside {
            doc.remove(child);
        }
        let names: Vec<String> =
            doc.node(old).attributes().map(|(name, _)| name.to_owned()).collect();
        for name in names.iter().filter(|name| *name != "id") {
            doc.unset(old, name);
        }
        return Ok(old);
    }
    let parent = section(doc, parent);
    let made = doc.append(parent, name);
    doc.set(made, "id", id);
    Ok(made)
}
