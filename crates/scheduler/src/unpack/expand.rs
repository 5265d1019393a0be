//! What a configuration says in short is written out before it is read: templates are copied into
//! the resources that name them, and guests get their connection resources.

use cib::xml::{Document, NodeId};

/// Writes out templates and guests' connections.
pub(crate) fn expand(doc: &mut Document) {
    turn_operation_defaults(doc);
    let Some(resources) = section(doc, "resources") else { return };
    let users: Vec<(NodeId, NodeId)> = doc
        .node(resources)
        .descendants()
        .filter(|node| node.is("primitive"))
        .filter_map(|node| {
            let template = doc.by_id(node.get("template")?)?;
            doc.node(template).is("template").then_some((node.id(), template))
        })
        .collect();
    for (user, template) in users {
        apply_template(doc, user, template);
    }
    add_guest_connections(doc, resources);
    super::bundles::expand(doc, resources);
}

/// Of two blocks of operation defaults with the same score the later one counts: they are turned
/// round, since the first of equal ones is asked first.
fn turn_operation_defaults(doc: &mut Document) {
    let Some(section) = section(doc, "op_defaults") else { return };
    let blocks: Vec<NodeId> =
        doc.node(section).children_named("meta_attributes").map(cib::xml::Node::id).collect();
    for block in blocks {
        let first = doc.node(section).children().next().map(cib::xml::Node::id);
        if first != Some(block) {
            doc.move_before(block, section, first);
        }
    }
}

/// A section of the configuration.
pub(crate) fn section(doc: &Document, name: &str) -> Option<NodeId> {
    Some(doc.root().child("configuration")?.child(name)?.id())
}

/// Whether two operations of a resource and its template are the same one: Started and Unpromoted
/// say no more than no role at all.
fn same_operation(doc: &Document, one: NodeId, other: NodeId) -> bool {
    let role = |id: NodeId| match doc.node(id).get("role") {
        None => "Started",
        Some(role) if role.eq_ignore_ascii_case("unpromoted") => "Started",
        Some(role) if role.eq_ignore_ascii_case("slave") => "Started",
        Some(role) => role,
    };
    doc.node(one).get("name") == doc.node(other).get("name") && role(one) == role(other)
}

/// Puts the template's children before the resource's own, and its operations after the
/// resource's; attributes the resource lacks come from the template.
fn apply_template(doc: &mut Document, user: NodeId, template: NodeId) {
    let attributes: Vec<(String, String)> = doc
        .node(template)
        .attributes()
        .filter(|(name, _)| *name != "id" && doc.node(user).get(name).is_none())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, value) in attributes {
        doc.set(user, &name, &value);
    }
    let before = doc.node(user).children().next().map(cib::xml::Node::id);
    let children: Vec<NodeId> = doc.node(template).children().map(cib::xml::Node::id).collect();
    let own_operations = doc.node(user).child("operations").map(cib::xml::Node::id);
    for child in children {
        match own_operations {
            Some(own) if doc.node(child).is("operations") => merge_operations(doc, own, child),
            _ => {
                doc.copy(user, before, child);
            }
        }
    }
}

fn merge_operations(doc: &mut Document, own: NodeId, from: NodeId) {
    let theirs: Vec<NodeId> = doc.node(from).children_named("op").map(cib::xml::Node::id).collect();
    for op in theirs {
        let overridden =
            doc.node(own).children_named("op").any(|mine| same_operation(doc, mine.id(), op));
        if !overridden {
            doc.copy(own, None, op);
        }
    }
}

/// A primitive with `remote-node` is the container of a guest; the guest's connection is a
/// resource of its own that nobody wrote.
fn add_guest_connections(doc: &mut Document, resources: NodeId) {
    let guests: Vec<Guest> = doc
        .node(resources)
        .descendants()
        .filter(|node| node.is("primitive"))
        .filter_map(|node| guest(doc, node.id()))
        .collect();
    for guest in guests {
        let taken = doc
            .node(resources)
            .descendants()
            .any(|node| node.get("id") == Some(guest.name.as_str()) && node.is("primitive"));
        if !taken {
            guest.append(doc, resources);
        }
    }
}

struct Guest {
    container: String,
    name: String,
    address: Option<String>,
    port: Option<String>,
    connect_timeout: Option<String>,
    allow_migrate: Option<String>,
    managed: Option<String>,
}

fn guest(doc: &Document, primitive: NodeId) -> Option<Guest> {
    let node = doc.node(primitive);
    let meta = |name: &str| {
        node.children_named("meta_attributes")
            .flat_map(|block| block.children_named("nvpair"))
            .find(|pair| pair.get("name") == Some(name))
            .and_then(|pair| pair.get("value"))
            .map(str::to_owned)
    };
    Some(Guest {
        container: node.get("id")?.to_owned(),
        name: meta("remote-node")?,
        address: meta("remote-addr"),
        port: meta("remote-port"),
        connect_timeout: meta("remote-connect-timeout"),
        allow_migrate: meta("remote-allow-migrate"),
        managed: meta("is-managed"),
    })
}

/// How long connecting to a guest may take if `remote-connect-timeout` does not say it
/// (Pacemaker Explained, "Guest nodes").
const CONNECT_TIMEOUT: &str = "60s";

impl Guest {
    fn append(&self, doc: &mut Document, resources: NodeId) {
        let rsc = doc.append(resources, "primitive");
        for (name, value) in [
            ("id", self.name.as_str()),
            ("class", "ocf"),
            ("provider", "pacemaker"),
            ("type", "remote"),
        ] {
            doc.set(rsc, name, value);
        }
        let mut meta =
            vec![("internal_rsc", "true".to_owned()), ("container", self.container.clone())];
        meta.extend(self.allow_migrate.clone().map(|value| ("allow-migrate", value)));
        meta.extend(self.managed.clone().map(|value| ("is-managed", value)));
        block(doc, rsc, "meta_attributes", &meta);
        let operations = doc.append(rsc, "operations");
        operation(doc, operations, &self.name, "monitor", "30s", "30s");
        let timeout = self.connect_timeout.as_deref().unwrap_or(CONNECT_TIMEOUT);
        operation(doc, operations, &self.name, "start", "0", timeout);
        let mut parameters = Vec::new();
        parameters.extend(self.address.clone().map(|value| ("addr", value)));
        parameters.extend(self.port.clone().map(|value| ("port", value)));
        if !parameters.is_empty() {
            block(doc, rsc, "instance_attributes", &parameters);
        }
    }
}

/// Appends a block of names and values.
pub(crate) fn block(doc: &mut Document, parent: NodeId, kind: &str, pairs: &[(&str, String)]) {
    let id = format!("{}-{kind}", doc.node(parent).get("id").unwrap_or_default());
    let block = doc.append(parent, kind);
    doc.set(block, "id", &id);
    for (name, value) in pairs {
        let pair = doc.append(block, "nvpair");
        doc.set(pair, "id", &format!("{id}-{name}"));
        doc.set(pair, "name", name);
        doc.set(pair, "value", value);
    }
}

/// Appends an operation.
pub(crate) fn operation(
    doc: &mut Document,
    operations: NodeId,
    rsc: &str,
    name: &str,
    interval: &str,
    timeout: &str,
) {
    let op = doc.append(operations, "op");
    doc.set(op, "id", &format!("{rsc}-{name}-interval-{interval}"));
    doc.set(op, "name", name);
    doc.set(op, "interval", interval);
    if !timeout.is_empty() {
        doc.set(op, "timeout", timeout);
    }
}
