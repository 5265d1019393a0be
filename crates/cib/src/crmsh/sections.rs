//! Everything beside resources and constraints: options, nodes, fencing, access, tags, alerts.

use super::attributes::{block, fill};
use super::ids::{free, numbered};
use super::line::Words;
use super::{Read, element, section};
use crate::xml::{Document, Node, NodeId};

/// A section of options: its name, the element of a set of them, and that set's usual id.
#[derive(Debug)]
pub(super) struct Options {
    section: &'static str,
    set: &'static str,
    id: &'static str,
}

/// `property`.
pub(super) const PROPERTY: Options =
    Options { section: "crm_config", set: "cluster_property_set", id: "cib-bootstrap-options" };
/// `rsc_defaults`.
pub(super) const RSC_DEFAULTS: Options =
    Options { section: "rsc_defaults", set: "meta_attributes", id: "rsc-options" };
/// `op_defaults`.
pub(super) const OP_DEFAULTS: Options =
    Options { section: "op_defaults", set: "meta_attributes", id: "op-options" };

/// `property [ID:] NAME=VALUE…` and the defaults.
pub(super) fn options(doc: &mut Document, of: &Options, words: &mut Words) -> Read {
    let id = words.with_colon().unwrap_or_else(|| of.id.to_owned());
    let id = id.strip_prefix("$id=").unwrap_or(&id).to_owned();
    let parent = section(doc, of.section);
    let held = {
        let mut sets = doc.node(parent).children_named(of.set);
        sets.find(|set| set.get("id") == Some(&id)).map(Node::id)
    };
    let set = held.unwrap_or_else(|| {
        let set = doc.append(parent, of.set);
        doc.set(set, "id", &id);
        set
    });
    fill(doc, set, &id, words)?;
    nothing_left(words)
}

fn nothing_left(words: &mut Words) -> Read {
    match words.next() {
        Some(word) => Err(format!("`{word}` means nothing here; write name=value")),
        None => Ok(()),
    }
}

/// `node [ID:] NAME[:TYPE] [attributes …] [utilization …]`.
pub(super) fn node(doc: &mut Document, words: &mut Words) -> Read {
    let given = words.with_colon();
    let named = words.wanted("the node's name")?;
    let (name, kind) = super::resources::split(&named);
    let parent = section(doc, "nodes");
    let held = {
        let mut nodes = doc.node(parent).children_named("node");
        nodes.find(|node| node.get("uname") == Some(&name)).map(Node::id)
    };
    let node = held.unwrap_or_else(|| doc.append(parent, "node"));
    let inside: Vec<NodeId> = doc.node(node).children().map(Node::id).collect();
    for child in inside {
        doc.remove(child);
    }
    if held.is_none() {
        doc.set(node, "id", given.as_deref().unwrap_or(&name));
        doc.set(node, "uname", &name);
    }
    if let Some(kind) = kind {
        doc.set(node, "type", &kind);
    }
    while let Some(word) = words.next() {
        match word.as_str() {
            "attributes" => block(doc, node, "instance_attributes", &name, words)?,
            "utilization" => block(doc, node, "utilization", &name, words)?,
            other => {
                return Err(format!(
                    "`{other}` is no part of a node; write attributes or utilization"
                ));
            }
        }
    }
    Ok(())
}

/// What fencing levels are for: the attribute that says so and its value, or two for a node
/// attribute.
fn target(word: &str) -> Vec<(&'static str, String)> {
    if let Some((name, value)) = word.strip_prefix("attr:").and_then(|rest| rest.split_once('=')) {
        return vec![("target-attribute", name.to_owned()), ("target-value", value.to_owned())];
    }
    match word.strip_prefix("pattern:") {
        Some(pattern) => vec![("target-pattern", pattern.to_owned())],
        None => vec![("target", word.to_owned())],
    }
}

/// `fencing_topology NODE: DEVICE[,DEVICE]… …`: one level a word; without a target for each node.
pub(super) fn topology(doc: &mut Document, words: &mut Words) -> Read {
    let parent = section(doc, "fencing-topology");
    let old: Vec<NodeId> = doc.node(parent).children().map(Node::id).collect();
    for level in old {
        doc.remove(level);
    }
    let mut targets: Vec<Vec<(&str, String)>> = Vec::new();
    let mut index = 0;
    while !words.is_empty() {
        if let Some(word) = words.with_colon().or_else(|| bare_target(words)) {
            (targets, index) = (vec![target(&word)], 0);
            continue;
        }
        if targets.is_empty() {
            targets = every_node(doc);
        }
        let devices = words.wanted("a device")?;
        index += 1;
        for target in &targets {
            level(doc, parent, target, index, &devices);
        }
    }
    Ok(())
}

/// A target that needs no colon.
fn bare_target(words: &mut Words) -> Option<String> {
    let is = |word: &str| word.starts_with("attr:") || word.starts_with("pattern:");
    if words.peek().is_some_and(is) { words.next() } else { None }
}

fn every_node(doc: &Document) -> Vec<Vec<(&'static str, String)>> {
    let nodes = doc.root().child("configuration").and_then(|all| all.child("nodes"));
    let nodes = nodes.into_iter().flat_map(|nodes| nodes.children_named("node"));
    nodes.filter_map(|node| Some(target(node.get("uname")?))).collect()
}

fn level(doc: &mut Document, parent: NodeId, target: &[(&str, String)], index: u32, devices: &str) {
    let level = doc.append(parent, "fencing-level");
    let mut put = |name: &str, value: &str| doc.set(level, name, value);
    let by_name = matches!(target, [("target", _)]);
    for (name, value) in target.iter().filter(|_| by_name) {
        put(name, value);
    }
    put("index", &index.to_string());
    put("devices", devices);
    for (name, value) in target.iter().filter(|_| !by_name) {
        put(name, value);
    }
    let id = free(doc, "fencing");
    doc.set(level, "id", &id);
}

/// Words for parts of the CIB in access rules.
const SHORT: &[(&str, &str)] = &[
    ("cib", "/cib"),
    ("status", "/cib/status"),
    ("config", "/cib/configuration"),
    ("nodes", "//cib/configuration/nodes"),
    ("resources", "//cib/configuration/resources"),
    ("constraints", "//cib/configuration/constraints"),
    ("crm_config", "//cib/configuration/crm_config"),
];

/// The path a specification such as `meta:web:target-role` stands for.
fn path(spec: &str) -> Option<String> {
    let parts: Vec<&str> = spec.split(':').collect();
    let blocks = [
        ("meta", "meta_attributes"),
        ("params", "instance_attributes"),
        ("utilization", "utilization"),
    ];
    let block = |word: &str| blocks.iter().find(|(short, _)| *short == word).map(|(_, name)| *name);
    Some(match parts.as_slice() {
        [word] => SHORT.iter().find(|(short, _)| short == word)?.1.to_owned(),
        ["property", name] => {
            format!("//crm_config/cluster_property_set/nvpair[@name='{name}']")
        }
        ["location", id] => format!("//rsc_location[@id='{id}']"),
        ["node", name] => format!("//node[@uname='{name}']"),
        [word, id] => format!("//primitive[@id='{id}']/{}", block(word)?),
        [word, id, name] => {
            format!("//primitive[@id='{id}']/{}/nvpair[@name='{name}']", block(word)?)
        }
        _ => return None,
    })
}

/// `role ID read|write|deny SPEC…`.
pub(super) fn role(doc: &mut Document, words: &mut Words) -> Read {
    let id = words.wanted("the role's id")?;
    let made = element(doc, "acls", "acl_role", &id)?;
    let mut kind = None;
    while let Some(word) = words.next() {
        if ["read", "write", "deny"].contains(&word.as_str()) {
            kind = Some(word);
            continue;
        }
        let Some(kind) = &kind else {
            return Err(format!("`{word}` stands before read, write or deny"));
        };
        let permission = doc.append(made, "acl_permission");
        doc.set(permission, "kind", kind);
        if let Some(xpath) = word.strip_prefix("xpath:") {
            doc.set(permission, "xpath", xpath);
        } else if let Some(reference) = word.strip_prefix("ref:") {
            doc.set(permission, "reference", reference);
        } else if let Some(tag) = word.strip_prefix("type:") {
            doc.set(permission, "object-type", tag);
        } else {
            let known = "xpath:\"…\", ref:ID, type:TAG, meta:RSC:NAME, params:RSC:NAME, property:NAME, \
                         cib, status, nodes, resources, constraints";
            let path = path(&word)
                .ok_or_else(|| format!("`{word}` names no part of the CIB; write {known}"))?;
            doc.set(permission, "xpath", &path);
        }
        let name = numbered(doc, &id);
        doc.set(permission, "id", &name);
    }
    Ok(())
}

/// `acl_target ID ROLE…` and `acl_group ID ROLE…`.
pub(super) fn roles_of(doc: &mut Document, kind: &str, words: &mut Words) -> Read {
    let id = words.wanted("the id")?;
    let kind = if kind == "user" { "acl_target" } else { kind };
    let made = element(doc, "acls", kind, &id)?;
    while let Some(word) = words.next() {
        let role = doc.append(made, "role");
        doc.set(role, "id", word.strip_prefix("role:").unwrap_or(&word));
    }
    Ok(())
}

/// `tag ID[:] OBJECT…`.
pub(super) fn tag(doc: &mut Document, words: &mut Words) -> Read {
    let id = match words.with_colon() {
        Some(id) => id,
        None => words.wanted("the tag's id")?,
    };
    let made = element(doc, "tags", "tag", &id)?;
    while let Some(word) = words.next() {
        let reference = doc.append(made, "obj_ref");
        doc.set(reference, "id", &word);
    }
    Ok(())
}

/// `alert ID PATH [attributes …] [meta …] [select …] [to RECIPIENT…]`.
pub(super) fn alert(doc: &mut Document, words: &mut Words) -> Read {
    let id = words.wanted("the alert's id")?;
    let path = words.wanted("the program's path")?;
    let made = element(doc, "alerts", "alert", &id)?;
    doc.set(made, "path", &path);
    let (mut owner, mut at) = (id.clone(), made);
    let mut recipients = 0;
    while let Some(word) = words.next() {
        match word.as_str() {
            "attributes" => block(doc, at, "instance_attributes", &owner, words)?,
            "meta" => block(doc, at, "meta_attributes", &owner, words)?,
            "select" => select(doc, made, &id, words)?,
            "to" | "{" | "}" => {}
            value => {
                recipients += 1;
                at = doc.append(made, "recipient");
                owner = format!("{id}-recipient-{recipients}");
                doc.set(at, "id", &owner);
                doc.set(at, "value", value);
            }
        }
    }
    Ok(())
}

/// What an alert is told of.
fn select(doc: &mut Document, alert: NodeId, id: &str, words: &mut Words) -> Read {
    let made = doc.append(alert, "select");
    while let Some(word) = words.one_of(&["nodes", "fencing", "resources", "attributes"]) {
        let kind = doc.append(made, &format!("select_{word}"));
        if word == "attributes" && words.one_of(&["{"]).is_some() {
            loop {
                match words.wanted("`}`")?.as_str() {
                    "}" => break,
                    name => {
                        let attribute = doc.append(kind, "attribute");
                        doc.set(attribute, "name", name);
                        let attribute_id = free(doc, &format!("{id}-attribute-{name}"));
                        doc.set(attribute, "id", &attribute_id);
                    }
                }
            }
        }
    }
    Ok(())
}

/// The section an element belongs to.
fn home(name: &str) -> Option<&'static str> {
    Some(match name {
        "primitive" | "group" | "clone" | "master" | "bundle" | "template" => "resources",
        "rsc_location" | "rsc_colocation" | "rsc_order" | "rsc_ticket" => "constraints",
        "node" => "nodes",
        "cluster_property_set" => "crm_config",
        "tag" => "tags",
        "alert" => "alerts",
        "acl_role" | "acl_target" | "acl_group" => "acls",
        "fencing-level" => "fencing-topology",
        _ => return None,
    })
}

/// `xml <…>`: an element as it is.
pub(super) fn xml(doc: &mut Document, line: &str) -> Read {
    let text = line.trim_start().strip_prefix("xml").unwrap_or(line).trim();
    let parsed =
        Document::parse(text).map_err(|error| format!("the XML cannot be read: {error}"))?;
    let root = parsed.root();
    let home = home(root.name())
        .ok_or_else(|| format!("<{}> has no place in a configuration", root.name()))?;
    if let Some(old) = root.get("id").and_then(|id| doc.by_id(id)) {
        doc.remove(old);
    }
    let parent = section(doc, home);
    doc.import(parent, None, root);
    Ok(())
}
