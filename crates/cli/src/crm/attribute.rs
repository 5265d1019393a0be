//! `crm_attribute`: cluster options, defaults and node attributes of an information base in a
//! file.

use super::nvpair::{Wanted, child_or_new, sanitized};
use super::options::{Options, Row, flag, maybe, value};
use super::tool::{self, Answer, Failed, Tool, code};
use crate::cib_file::Whereabouts;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::old;
use cib::xml::{Document, Node, NodeId};
use std::fmt::Write as _;

/// Every option.
pub(super) const ROWS: [Row; 17] = [
    flag('G', "query", "print the value"),
    value('v', "update", "VALUE", "set the value"),
    flag('D', "delete", "delete it"),
    value('n', "name", "NAME", "of the option or attribute of this name"),
    value('P', "pattern", "PATTERN", "of all whose name matches a regular expression, with -G"),
    maybe('p', "promotion", "RESOURCE", "of the promotion score of a resource"),
    value('i', "id", "ID", "of the one with this XML id"),
    value('s', "set-name", "ID", "of the block with this XML id"),
    value('t', "type", "SECTION", "crm_config, rsc_defaults, op_defaults, nodes, status, tickets"),
    value('N', "node", "NODE", "a node's attribute instead of a cluster option"),
    value('\0', "node-uname", "NODE", "the same"),
    value('l', "lifetime", "LIFETIME", "of a node's attribute: `forever` or until `reboot`"),
    value('d', "default", "VALUE", "what to print if it is not set"),
    flag('z', "utilization", "a node's utilization instead of its attributes"),
    flag('q', "quiet", "print only the value"),
    flag('Q', "quiet-too", "the same"),
    value('!', "inhibit-policy-engine", "VALUE", "accepted"),
];

/// Runs `crm_attribute`.
///
/// # Errors
/// Only when the streams can't be written.
pub(super) fn run(tool: Tool<'_>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    tool.run(console, work)
}

/// Which attribute a command line is about.
struct Target<'o> {
    section: &'o str,
    name: Option<String>,
    set: Option<&'o str>,
    id: Option<&'o str>,
    /// The node's id.
    node: Option<String>,
    utilization: bool,
}

pub(super) fn work(
    options: &Options,
    places: &Whereabouts,
    answer: &mut Answer,
) -> Result<(), Failed> {
    let name = match options.given().rev().find(|(given, _)| *given == "promotion") {
        Some((_, given)) => Some(promotion(given)?),
        None => options.get("name").map(str::to_owned),
    };
    let changes = options.has("update") || options.has("delete");
    if options.has("delete") && name.is_none() && !options.has("id") {
        return Err(Failed::usage("Error: must specify attribute name or pattern to delete"));
    }
    if options.has("update") && name.is_none() && !options.has("id") {
        return Err(Failed::new(code::SOFTWARE, "an attribute's name is needed to set it"));
    }
    let mut file = if changes { tool::edit(places)? } else { tool::read(places)? };
    let section = section(options)?;
    let node = match section {
        "nodes" | "status" => {
            let name = options.get("node").or(options.get("node-uname"));
            let name = name.map_or_else(old::host_name, str::to_owned);
            Some(node_id(file.document(), &name).ok_or_else(|| {
                Failed::new(code::NO_SUCH, format!("Could not map name={name} to a UUID"))
            })?)
        }
        _ => None,
    };
    let (set, id) = (options.get("set-name"), options.get("id"));
    let target = Target { section, name, set, id, node, utilization: options.has("utilization") };
    if let Some(value) = options.get("update") {
        let changed = target.update(file.document(), value)?;
        file.adopt(changed)?;
        file.save()?;
    } else if options.has("delete") {
        if let Some(changed) = target.delete(file.document(), answer)? {
            file.adopt(changed)?;
            file.save()?;
        }
    } else {
        target.query(file.document(), options, answer)?;
    }
    Ok(())
}

/// The name of a resource's promotion score.
fn promotion(resource: Option<&str>) -> Result<String, Failed> {
    let given = resource.map(str::to_owned);
    let resource = given.or_else(|| std::env::var("OCF_RESOURCE_INSTANCE").ok());
    let missing = || {
        Failed::usage(
            "-p/--promotion must be called from an OCF resource agent or with a resource ID \
             specified",
        )
    };
    let resource = resource.filter(|name| !name.is_empty()).ok_or_else(missing)?;
    // Instances of a clone share one score's name.
    let base = resource.split_once(':').map_or(resource.as_str(), |(base, _)| base);
    Ok(format!("master-{base}"))
}

/// The section a command line is about.
fn section(options: &Options) -> Result<&str, Failed> {
    let of_lifetime = |lifetime: &str| match lifetime {
        "reboot" => Ok("status"),
        "forever" => Ok("nodes"),
        _ => Err(Failed::new(
            code::PROTOCOL,
            "Error performing operation: No message of desired type",
        )),
    };
    if let Some(given) = options.get("type").filter(|given| !["nodes", "status"].contains(given)) {
        return Ok(given);
    }
    if let Some(lifetime) = options.get("lifetime") {
        return of_lifetime(lifetime);
    }
    if let Some(given) = options.get("type") {
        return Ok(given);
    }
    if options.has("promotion") {
        return Ok("status");
    }
    let of_node = options.has("node") || options.has("node-uname") || options.has("utilization");
    Ok(if of_node { "nodes" } else { "crm_config" })
}

/// The id of the node of this name.
pub(super) fn node_id(document: &Document, name: &str) -> Option<String> {
    let configuration = document.root().child("configuration");
    let nodes = configuration.and_then(|c| c.child("nodes")).into_iter();
    let mut nodes = nodes.flat_map(|nodes| nodes.children_named("node"));
    let same = |given: Option<&str>| given.is_some_and(|given| given.eq_ignore_ascii_case(name));
    if let Some(node) = nodes.find(|node| same(node.get("uname"))) {
        return node.get("id").map(str::to_owned);
    }
    // Remote nodes have no entry of their own until they were seen.
    let status = document.root().child("status")?;
    let mut states = status.children_named("node_state");
    states.find(|state| same(state.get("uname"))).and_then(|s| s.get("id")).map(str::to_owned)
}

impl Target<'_> {
    /// The element that holds the blocks.
    fn parent(&self, document: &Document) -> Option<NodeId> {
        let root = document.root();
        let by_id = |within: Node<'_>, name: &str| {
            let id = self.node.as_deref();
            let found = within.children_named(name).find(|node| node.get("id") == id);
            found.map(Node::id)
        };
        match self.section {
            "nodes" => by_id(root.child("configuration")?.child("nodes")?, "node"),
            "status" => {
                let state = document.node(by_id(root.child("status")?, "node_state")?);
                state.child("transient_attributes").map(Node::id)
            }
            "tickets" => root.child("status")?.child("tickets").map(Node::id),
            section => root.child("configuration")?.child(section).map(Node::id),
        }
    }

    /// The same element, made if it is not there.
    fn parent_or_new(&self, document: &mut Document) -> Result<NodeId, Failed> {
        if let Some(parent) = self.parent(document) {
            return Ok(parent);
        }
        let root = document.root().id();
        match self.section {
            "nodes" => Err(Failed::no_such()),
            "status" => {
                let status = child_or_new(document, root, "status");
                let id = self.node.as_deref().unwrap_or_default();
                let state = {
                    let mut states = document.node(status).children_named("node_state");
                    states.find(|state| state.get("id") == Some(id)).map(Node::id)
                };
                // What is new comes last, as an update of the status puts it there.
                let attributes =
                    document.append(state.ok_or_else(Failed::no_such)?, "transient_attributes");
                document.set(attributes, "id", id);
                Ok(attributes)
            }
            "tickets" => {
                let status = child_or_new(document, root, "status");
                Ok(child_or_new(document, status, "tickets"))
            }
            section => {
                let configuration = child_or_new(document, root, "configuration");
                Ok(child_or_new(document, configuration, section))
            }
        }
    }

    fn block(&self) -> &'static str {
        match self.section {
            "crm_config" => "cluster_property_set",
            "nodes" | "status" | "tickets" if self.utilization => "utilization",
            "nodes" | "status" | "tickets" => "instance_attributes",
            _ => "meta_attributes",
        }
    }

    /// The block that new pairs go to.
    fn block_id(&self) -> String {
        if let Some(set) = self.set {
            return set.to_owned();
        }
        let id = match (self.section, self.node.as_deref()) {
            ("crm_config", _) => "cib-bootstrap-options".to_owned(),
            ("tickets", _) => "status-tickets".to_owned(),
            (section, Some(node)) if self.utilization => format!("{section}-{node}-utilization"),
            (section, Some(node)) => format!("{section}-{node}"),
            (section, None) => format!("{section}-options"),
        };
        sanitized(&id)
    }

    fn wanted(&self, parent: NodeId) -> Wanted<'_> {
        let name = self.name.as_deref();
        Wanted { parent, block: self.block(), set: self.set, id: self.id, name }
    }

    fn update(&self, document: &Document, value: &str) -> Result<Document, Failed> {
        let mut document = document.clone();
        let parent = self.parent_or_new(&mut document)?;
        let wanted = self.wanted(parent);
        let found: Vec<NodeId> = wanted.find(&document).into_iter().map(Node::id).collect();
        match found[..] {
            [] => {
                let name = self.name.as_deref().ok_or_else(Failed::no_such)?;
                wanted.add(&mut document, &self.block_id(), name, &counted("", value));
            }
            [pair] => {
                let held = document.node(pair).get("value").unwrap_or_default().to_owned();
                document.set(pair, "value", &counted(&held, value));
            }
            _ => return Err(self.several(&wanted.find(&document))),
        }
        Ok(document)
    }

    fn delete(&self, document: &Document, answer: &mut Answer) -> Result<Option<Document>, Failed> {
        let Some(parent) = self.parent(document) else { return Ok(None) };
        let found = self.wanted(parent).find(document);
        let [pair] = found[..] else {
            return if found.is_empty() { Ok(None) } else { Err(self.several(&found)) };
        };
        let what = if self.node.is_some() { "attribute" } else { "option" };
        let (id, name) = (pair.get("id").unwrap_or_default(), pair.get("name").unwrap_or_default());
        let _ = writeln!(answer.text, "Deleted {} {what}: id={id} name={name}", self.section);
        let mut changed = document.clone();
        changed.remove(pair.id());
        Ok(Some(changed))
    }

    fn several(&self, found: &[Node<'_>]) -> Failed {
        let name = self.name.as_deref().unwrap_or_default();
        let mut failed =
            Failed::new(code::MULTIPLE, format!("Multiple attributes match name={name}"));
        for pair in found {
            let (id, value) = (pair.get("id"), pair.get("value"));
            let set = pair.parent().and_then(|set| set.get("id"));
            let [value, set, id] = [value, set, id].map(Option::unwrap_or_default);
            failed.said.push(format!("  Value: {value} \t(set={set}, id={id})"));
        }
        failed
    }

    fn query(
        &self,
        document: &Document,
        options: &Options,
        answer: &mut Answer,
    ) -> Result<(), Failed> {
        let pattern = match options.get("pattern") {
            Some(pattern) => {
                let made = regex::Regex::new(pattern);
                Some(made.map_err(|error| Failed::usage(error.to_string()))?)
            }
            None => None,
        };
        let parent = self.parent(document);
        let found = parent.map(|parent| self.wanted(parent).find(document)).unwrap_or_default();
        let quiet = options.has("quiet") || options.has("quiet-too");
        let mut any = false;
        for pair in found {
            let (name, value) = (pair.get("name").unwrap_or_default(), pair.get("value"));
            if pattern.as_ref().is_some_and(|pattern| !pattern.is_match(name)) {
                continue;
            }
            any = true;
            self.show(name, value.unwrap_or_default(), quiet, answer);
        }
        match (any || pattern.is_some(), options.get("default"), &self.name) {
            (true, _, _) => Ok(()),
            (false, Some(value), Some(name)) => {
                self.show(name, value, quiet, answer);
                Ok(())
            }
            _ => Err(Failed::no_such()),
        }
    }

    fn show(&self, name: &str, value: &str, quiet: bool, answer: &mut Answer) {
        let section = self.section;
        if quiet {
            let _ = writeln!(answer.text, "{value}");
        } else {
            let id = self.id.map(|id| format!("id={id}")).unwrap_or_default();
            let _ = writeln!(answer.text, "scope={section} {id} name={name} value={value}");
        }
        let mut attributes = vec![("name", name), ("value", value), ("scope", section)];
        attributes.extend(self.id.map(|id| ("id", id)));
        answer.xml.leaf("attribute", &attributes);
    }
}

/// The new value: `value++` and `value+=N` count up from the old one.
fn counted(held: &str, value: &str) -> String {
    let Some(change) = value.strip_prefix("value") else { return value.to_owned() };
    let by = match (change, change.strip_prefix("+=")) {
        ("++", _) => 1,
        (_, Some(number)) => number.trim().parse().unwrap_or(0),
        _ => return value.to_owned(),
    };
    let held = cib::value::Score::parse(held).unwrap_or_default();
    (held + cib::value::Score::new(by)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIB: &str = "<cib><configuration><crm_config/><nodes><node id=\"1\" uname=\"n1\"/>\
                       </nodes></configuration><status><node_state id=\"1\" uname=\"n1\"/>\
                       </status></cib>";

    fn target(section: &'static str, node: Option<&str>) -> Target<'static> {
        let (name, node) = (Some("a".to_owned()), node.map(str::to_owned));
        Target { section, name, set: None, id: None, node, utilization: false }
    }

    #[test]
    fn a_value_that_is_not_there_gets_the_ids_of_its_section() {
        let document = Document::parse(CIB).expect("a document");
        for (section, node, id) in [
            ("crm_config", None, "cib-bootstrap-options-a"),
            ("op_defaults", None, "op_defaults-options-a"),
            ("nodes", Some("1"), "nodes-1-a"),
            ("status", Some("1"), "status-1-a"),
            ("tickets", None, "status-tickets-a"),
        ] {
            let changed = target(section, node).update(&document, "5").expect("changed");
            assert!(changed.by_id(id).is_some(), "{section}: {changed:?}");
        }
    }

    #[test]
    fn a_second_update_changes_the_value_that_is_there() {
        let document = Document::parse(CIB).expect("a document");
        let target = target("nodes", Some("1"));
        let once = target.update(&document, "5").expect("changed");
        let twice = target.update(&once, "value+=3").expect("changed");
        let pair = twice.node(twice.by_id("nodes-1-a").expect("a pair"));
        assert_eq!(pair.get("value"), Some("8"));
        assert_eq!(twice.root().descendants().filter(|node| node.is("nvpair")).count(), 1);
    }

    #[test]
    fn deleting_what_is_not_there_changes_nothing() {
        let document = Document::parse(CIB).expect("a document");
        let mut answer = Answer::default();
        let deleted = target("nodes", Some("1")).delete(&document, &mut answer).expect("done");
        assert!(deleted.is_none() && answer.text.is_empty());
    }
}
