//! Checking a configuration: every mistake with the element, the attribute and the cure.
//!
//! Knows the elements of the 3.x schemas and what 4.0 added; older configurations are upgraded first
//! ([`crate::upgrade`]). The status section belongs to the cluster and is not checked. A mistake is
//! what Pacemaker's own schemas refuse: an unknown element or attribute, a missing one, a value out
//! of its range, an id twice, a reference to nothing.

mod nearest;
mod schema;
mod values;

use crate::xml::{Document, Node, NodeId};
use nearest::nearest;
use schema::Element;
use std::collections::BTreeMap;
use std::fmt;

/// The most findings that are told: who made more mistakes begins with these.
pub const MAX_FINDINGS: usize = 1000;

/// One mistake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The element it is in.
    pub node: NodeId,
    /// The element as people write it, such as `op "web-monitor"`.
    pub element: String,
    /// The attribute concerned, if it is one.
    pub attribute: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.element)?;
        if let Some(attribute) = &self.attribute {
            write!(f, ", attribute {attribute}")?;
        }
        write!(f, ": {}; {}", self.what, self.cure)
    }
}

/// Finds the mistakes of a configuration, in document order.
pub fn validate(document: &Document) -> Vec<Finding> {
    let mut check = Check { document, ids: BTreeMap::new(), findings: Vec::new() };
    check.collect_ids();
    let root = document.root();
    match schema::element("cib") {
        Some(cib) if root.is("cib") => check.element(root, cib),
        _ => check.say(root, None, "is not the root of a CIB", "the root is called cib"),
    }
    check.findings.sort_by_key(|finding| finding.node);
    check.findings.truncate(MAX_FINDINGS);
    check.findings
}

struct Check<'d> {
    document: &'d Document,
    /// Who has each id first.
    ids: BTreeMap<&'d str, NodeId>,
    findings: Vec<Finding>,
}

impl<'d> Check<'d> {
    fn say(&mut self, node: Node<'_>, attribute: Option<&str>, what: &str, cure: &str) {
        let element = match node.get("id").or_else(|| node.get("id-ref")) {
            Some(id) => format!("{} \"{id}\"", node.name()),
            None => node.name().to_owned(),
        };
        self.findings.push(Finding {
            node: node.id(),
            element,
            attribute: attribute.map(str::to_owned),
            what: what.into(),
            cure: cure.into(),
        });
    }

    /// Ids belong to one element each. Those that name another element, nodes or users are no ids.
    fn collect_ids(&mut self) {
        let Some(configuration) = self.document.root().child("configuration") else { return };
        for node in configuration.descendants() {
            let Some(id) = node.get("id").filter(|_| schema::has_own_id(node.name())) else {
                continue;
            };
            let Some(first) = self.ids.get(id) else {
                self.ids.insert(id, node.id());
                continue;
            };
            let other = self.document.node(*first).name();
            let what = format!("\"{id}\" is the id of another {other} already");
            self.say(node, Some("id"), &what, "give each element an id of its own");
        }
    }

    fn element(&mut self, node: Node<'d>, rules: &Element) {
        if rules.is_free {
            return;
        }
        self.attributes(node, rules);
        self.required(node, rules);
        self.once(node);
        for child in node.children() {
            match schema::element(child.name()) {
                Some(known) if rules.children.contains(&child.name()) => {
                    // Documents have a limited depth (`xml::MAX_DEPTH`), and so has this recursion.
                    self.element(child, known);
                }
                _ => self.unknown_child(node, child, rules),
            }
        }
    }

    fn once(&mut self, node: Node<'_>) {
        for names in schema::once(node.name()) {
            let children = node.children().filter(|child| names.contains(&child.name()));
            for extra in children.skip(1) {
                let what = format!("{} has one already", node.name());
                let cure = format!("keep one {} and remove the others", names.join(" or "));
                self.say(extra, None, &what, &cure);
            }
        }
    }

    fn unknown_child(&mut self, parent: Node<'_>, child: Node<'_>, rules: &Element) {
        let what = format!("may not stand in {}", parent.name());
        let cure = match nearest(child.name(), rules.children.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None if rules.children.is_empty() => format!("nothing stands in {}", parent.name()),
            None => format!("in {} stand {}", parent.name(), rules.children.join(", ")),
        };
        self.say(child, None, &what, &cure);
    }

    fn attributes(&mut self, node: Node<'d>, rules: &Element) {
        for (name, value) in node.attributes() {
            let Some((_, kind)) = rules.attributes.iter().find(|(known, _)| *known == name) else {
                self.unknown_attribute(node, name, rules);
                continue;
            };
            if let Err((what, cure)) = values::check(value, *kind) {
                self.say(node, Some(name), &what, &cure);
            } else if values::is_reference(*kind) && !self.ids.contains_key(value) {
                let what = format!("nothing has the id \"{value}\"");
                let cure = match nearest(value, self.ids.keys().copied()) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => "name something that is configured, or remove this".into(),
                };
                self.say(node, Some(name), &what, &cure);
            }
        }
    }

    fn unknown_attribute(&mut self, node: Node<'_>, name: &str, rules: &Element) {
        let names = rules.attributes.iter().map(|(name, _)| *name);
        let what = format!("{} has no such attribute", node.name());
        let cure = match nearest(name, names.clone()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("it has {}", names.collect::<Vec<_>>().join(", ")),
        };
        self.say(node, Some(name), &what, &cure);
    }

    /// Of each list one attribute or child must be there.
    fn required(&mut self, node: Node<'_>, rules: &Element) {
        // What refers to another element has all from there.
        if node.get("id-ref").is_some()
            && rules.attributes.iter().any(|(name, _)| *name == "id-ref")
        {
            return;
        }
        for choice in rules.required {
            let is_there = |name: &&str| node.get(name).is_some() || node.child(name).is_some();
            if choice.iter().any(is_there) {
                continue;
            }
            let what = format!("{} is missing", choice.join(" or "));
            self.say(node, None, &what, &format!("add {}", choice.join(" or ")));
        }
        let is_ocf = node.get("class") == Some("ocf") && node.get("provider").is_none();
        if is_ocf && matches!(node.name(), "primitive" | "template") {
            let cure = "say whose agent it is, such as provider=\"heartbeat\"";
            self.say(node, None, "provider is missing", cure);
        }
    }
}
