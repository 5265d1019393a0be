//! Resources: primitives, templates, groups, clones, bundles.

use super::attributes::block;
use super::ids::{free, numbered};
use super::line::Words;
use super::{Read, element};
use crate::xml::{Document, Node, NodeId};

/// The elements that are resources.
const RESOURCES: &[&str] = &["primitive", "group", "clone", "master", "bundle", "template"];

/// Attributes of an operation itself; others are parameters of the agent for it.
const OPERATION: &[&str] = &[
    "name",
    "interval",
    "timeout",
    "description",
    "start-delay",
    "interval-origin",
    "requires",
    "enabled",
    "role",
    "on-fail",
    "record-pending",
    "id",
];

/// `primitive ID AGENT …` and `rsc_template ID AGENT …`.
pub(super) fn primitive(doc: &mut Document, kind: &str, words: &mut Words) -> Read {
    let id = words.wanted("the id")?;
    let agent = words.wanted("the agent, such as ocf:heartbeat:IPaddr2")?;
    let name = if kind == "rsc_template" { "template" } else { "primitive" };
    let made = element(doc, "resources", name, &id)?;
    if let Some(template) = agent.strip_prefix('@') {
        doc.set(made, "template", template);
    } else {
        set_agent(doc, made, &agent)?;
    }
    while let Some((name, value)) = words.pair() {
        match name.as_str() {
            "description" => doc.set(made, "description", &value),
            _ => return Err(format!("`{name}={value}` stands before `params`, `meta` or `op`")),
        }
    }
    parts(doc, made, &id, words)
}

/// Class, provider and type as crmsh completes them: `IPaddr2` is `ocf:heartbeat:IPaddr2`.
fn set_agent(doc: &mut Document, made: NodeId, agent: &str) -> Read {
    let parts: Vec<&str> = agent.splitn(3, ':').collect();
    let (class, provider, kind) = match parts.as_slice() {
        [kind] | ["ocf", kind] => ("ocf", Some("heartbeat"), *kind),
        [class, kind] => (*class, None, *kind),
        [class, provider, kind] => (*class, Some(*provider), *kind),
        _ => return Err(format!("`{agent}` is no agent; write class:provider:type")),
    };
    if kind.is_empty() || class.is_empty() || provider == Some("") {
        return Err(format!("`{agent}` is no agent; write class:provider:type"));
    }
    doc.set(made, "class", class);
    if let Some(provider) = provider {
        doc.set(made, "provider", provider);
    }
    doc.set(made, "type", kind);
    Ok(())
}

/// `params`, `meta`, `utilization`, `operations` and `op` of a resource.
fn parts(doc: &mut Document, made: NodeId, id: &str, words: &mut Words) -> Read {
    while let Some(word) = words.next() {
        match word.as_str() {
            "params" => block(doc, made, "instance_attributes", id, words)?,
            "meta" => block(doc, made, "meta_attributes", id, words)?,
            "utilization" => block(doc, made, "utilization", id, words)?,
            "operations" => {
                let operations = operations(doc, made);
                while let Some((name, value)) = words.pair() {
                    doc.set(operations, name.trim_start_matches('$'), &value);
                }
            }
            "op" => operation(doc, made, id, words)?,
            other => {
                return Err(format!(
                    "`{other}` means nothing here; parts of {id} begin with params, meta, \
                     utilization, operations or op"
                ));
            }
        }
    }
    Ok(())
}

fn operations(doc: &mut Document, made: NodeId) -> NodeId {
    let held = doc.node(made).child("operations").map(Node::id);
    held.unwrap_or_else(|| doc.append(made, "operations"))
}

fn operation(doc: &mut Document, made: NodeId, id: &str, words: &mut Words) -> Read {
    let name = words.wanted("the operation's name")?;
    let operations = operations(doc, made);
    let op = doc.append(operations, "op");
    doc.set(op, "name", &name);
    let (mut given, mut parameters) = (None, Vec::new());
    while let Some((name, value)) = words.pair() {
        match name.trim_start_matches('$') {
            "id" => given = Some(value),
            name if OPERATION.contains(&name) => doc.set(op, name, &value),
            _ => parameters.push((name, value)),
        }
    }
    if doc.node(op).get("interval").is_none() {
        doc.set(op, "interval", "0s");
    }
    let interval = doc.node(op).get("interval").unwrap_or_default().to_owned();
    let op_id = given.unwrap_or_else(|| free(doc, &format!("{id}-{name}-{interval}")));
    doc.set(op, "id", &op_id);
    if !parameters.is_empty() {
        let made = doc.append(op, "instance_attributes");
        let block_id = free(doc, &format!("{op_id}-instance_attributes"));
        doc.set(made, "id", &block_id);
        for (name, value) in parameters {
            super::attributes::set(doc, made, &block_id, &name, &value);
        }
    }
    while let Some(word) = words.one_of(&["op_params", "op_meta"]) {
        let name = if word == "op_meta" { "meta_attributes" } else { "instance_attributes" };
        block(doc, op, name, &op_id, words)?;
    }
    Ok(())
}

/// `monitor RSC[:ROLE] INTERVAL[:TIMEOUT]`.
pub(super) fn monitor(doc: &mut Document, words: &mut Words) -> Read {
    let named = words.wanted("the resource")?;
    let times = words.wanted("the interval")?;
    let (id, role) = split(&named);
    let at = resource(doc, &id)?;
    let (interval, timeout) = split(&times);
    let operations = operations(doc, at);
    let op = doc.append(operations, "op");
    doc.set(op, "name", "monitor");
    if let Some(role) = role {
        doc.set(op, "role", &role);
    }
    doc.set(op, "interval", &interval);
    if let Some(timeout) = timeout {
        doc.set(op, "timeout", &timeout);
    }
    let op_id = free(doc, &format!("{id}-monitor-{interval}"));
    doc.set(op, "id", &op_id);
    Ok(())
}

/// `a:b` as its two parts.
pub(super) fn split(text: &str) -> (String, Option<String>) {
    match text.split_once(':') {
        Some((one, other)) => (one.to_owned(), Some(other.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// The element of a resource.
fn resource(doc: &Document, id: &str) -> Result<NodeId, String> {
    let found = doc.by_id(id).filter(|at| RESOURCES.contains(&doc.node(*at).name()));
    found.ok_or_else(|| format!("there is no resource {id}; it must stand before this line"))
}

/// `group ID MEMBER… [meta …]`.
pub(super) fn group(doc: &mut Document, words: &mut Words) -> Read {
    let id = words.wanted("the id")?;
    let mut members = Vec::new();
    while let Some(word) = words.peek() {
        if ["params", "meta"].contains(&word) || word.contains('=') {
            break;
        }
        members.extend(words.next());
    }
    if members.is_empty() {
        return Err(format!("the group {id} has no members"));
    }
    collective(doc, "group", &id, &members, words)
}

/// `clone ID RSC [meta …]` and `ms ID RSC [meta …]`.
pub(super) fn clone(doc: &mut Document, kind: &str, words: &mut Words) -> Read {
    let id = words.wanted("the id")?;
    let member = words.wanted("the resource that is cloned")?;
    let name = if kind == "clone" { "clone" } else { "master" };
    collective(doc, name, &id, &[member], words)
}

/// Members move into the collective, behind its attributes.
fn collective(
    doc: &mut Document,
    name: &str,
    id: &str,
    members: &[String],
    words: &mut Words,
) -> Read {
    let found: Result<Vec<NodeId>, String> = members.iter().map(|id| resource(doc, id)).collect();
    let found = found?;
    let inside =
        found.iter().any(|at| doc.node(*at).parent().is_some_and(|up| up.get("id") == Some(id)));
    if inside {
        let resources = super::section(doc, "resources");
        for member in &found {
            doc.move_before(*member, resources, None);
        }
    }
    let made = element(doc, "resources", name, id)?;
    while let Some((name, value)) = words.pair() {
        match name.as_str() {
            "description" => doc.set(made, "description", &value),
            _ => return Err(format!("`{name}={value}` stands before `params` or `meta`")),
        }
    }
    parts(doc, made, id, words)?;
    for member in found {
        doc.move_before(member, made, None);
    }
    Ok(())
}

/// `bundle ID docker|podman|rkt … network … storage … primitive RSC meta …`.
pub(super) fn bundle(doc: &mut Document, words: &mut Words) -> Read {
    let id = words.wanted("the id")?;
    let made = element(doc, "resources", "bundle", &id)?;
    let mut at = made;
    while let Some(word) = words.next() {
        let inside = match word.as_str() {
            "docker" | "podman" | "rkt" | "network" | "storage" => {
                at = doc.append(made, &word);
                at
            }
            "port-mapping" | "storage-mapping" => doc.append(at, &word),
            "primitive" => {
                let member = words.wanted("the primitive inside the bundle")?;
                let member = resource(doc, &member)?;
                doc.move_before(member, made, None);
                continue;
            }
            "meta" => {
                block(doc, made, "meta_attributes", &id, words)?;
                continue;
            }
            other => return Err(format!("`{other}` is no part of a bundle")),
        };
        while let Some((name, value)) = words.pair() {
            doc.set(inside, &name, &value);
        }
        if word.ends_with("-mapping") && doc.node(inside).get("id").is_none() {
            let mapping = numbered(doc, &id);
            doc.set(inside, "id", &mapping);
        }
    }
    Ok(())
}
