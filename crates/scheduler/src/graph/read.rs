//! A graph from XML, as `crm_simulate -G` or the corpus writes it.
//!
//! Strict: what this version has no place for is an error, never dropped.

use super::Text;
use super::{
    Action, ActionId, Graph, Kind, OnNode, Primitive, PrimitiveId, Settings, Span, Synapse,
};
use cib::xml::{Document, Node};
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong with a graph's XML.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

type Result<T> = std::result::Result<T, Error>;

/// Reads a whole document.
///
/// # Errors
/// Text that is no XML, an element or attribute that no transition graph has, a number that is
/// none, an input that names no action.
pub fn read(text: &str) -> Result<Graph> {
    let document = Document::parse(text).map_err(|error| Error(error.to_string()))?;
    let root = document.root();
    if !root.is("transition_graph") {
        return Err(Error(format!("<{}> is no transition_graph", root.name())));
    }
    let mut reader = Reader { graph: Graph::new(settings(root)?), primitives: BTreeMap::new() };
    for synapse in root.children() {
        reader.synapse(synapse)?;
    }
    let graph = reader.graph;
    let known: BTreeSet<ActionId> = graph.synapses().iter().map(|s| s.action.id).collect();
    if known.len() != graph.synapses().len() {
        return Err(Error("two actions have one id".to_owned()));
    }
    match graph.inputs.iter().find(|input| !known.contains(input)) {
        Some(ActionId(id)) => Err(Error(format!("input {id} is no action of this graph"))),
        None => Ok(graph),
    }
}

fn settings(root: Node<'_>) -> Result<Settings> {
    let mut settings = Settings::default();
    for (name, value) in root.attributes() {
        match name {
            "cluster-delay" => value.clone_into(&mut settings.cluster_delay),
            // 2.1's name for it is still read.
            "fencing-timeout" | "stonith-timeout" => {
                value.clone_into(&mut settings.fencing_timeout);
            }
            "failed-stop-offset" if value == "INFINITY" => {}
            "failed-start-offset" if value == "INFINITY" || value == "1" => {
                settings.start_failure_is_fatal = value == "INFINITY";
            }
            "batch-limit" => settings.batch_limit = Some(value.to_owned()),
            "transition_id" => settings.transition_id = number(root, name, value)?,
            "migration-limit" => settings.migration_limit = Some(value.to_owned()),
            "recheck-by" => settings.recheck_by = Some(number(root, name, value)?),
            _ => return Err(unknown(root, name, value)),
        }
    }
    Ok(settings)
}

/// A primitive as its element says it: id, long-id, class, provider, type.
type Written<'d> = [Option<&'d str>; 5];

struct Reader<'d> {
    graph: Graph,
    primitives: BTreeMap<Written<'d>, PrimitiveId>,
}

impl<'d> Reader<'d> {
    fn synapse(&mut self, node: Node<'d>) -> Result<()> {
        expect_element(node, "synapse")?;
        let mut priority = 0;
        for (name, value) in node.attributes() {
            match name {
                "id" => {}
                "priority" => priority = number(node, name, value)?,
                _ => return Err(unknown(node, name, value)),
            }
        }
        let set = only_child(node, "action_set")?;
        let mut actions = set.children();
        let (Some(element), None) = (actions.next(), actions.next()) else {
            return Err(Error("an action_set holds exactly one action".to_owned()));
        };
        let action = self.action(element)?;
        let mut inputs = Vec::new();
        for trigger in only_child(node, "inputs")?.children() {
            expect_element(trigger, "trigger")?;
            for input in trigger.children() {
                inputs.push(ActionId(number(input, "id", required(input, "id")?)?));
            }
        }
        let inputs = self.graph.inputs(inputs);
        self.graph.push(Synapse { priority, action, inputs });
        Ok(())
    }

    fn action(&mut self, node: Node<'d>) -> Result<Action> {
        let kinds = [Kind::Resource, Kind::Pseudo, Kind::Cluster];
        let Some(kind) = kinds.into_iter().find(|kind| node.is(kind.element())) else {
            return Err(Error(format!("<{}> is no kind of action", node.name())));
        };
        let mut action = Action {
            id: ActionId(number(node, "id", required(node, "id")?)?),
            kind,
            operation: self.graph.text(required(node, "operation")?),
            key: self.graph.text(required(node, "operation_key")?),
            internal_key: self.optional(node, "internal_operation_key"),
            node: None,
            router: self.optional(node, "router_node"),
            shutdown_lock: None,
            cib_only: false,
            primitive: None,
            attributes: Span::default(),
            downed: Span::default(),
            maintenance: Span::default(),
        };
        if let Some(name) = self.optional(node, "on_node") {
            action.node =
                Some(OnNode { name, id: self.graph.text(required(node, "on_node_uuid")?) });
        }
        for (name, value) in node.attributes() {
            match name {
                "id"
                | "operation"
                | "operation_key"
                | "internal_operation_key"
                | "router_node"
                | "on_node" => {}
                "on_node_uuid" if action.node.is_some() => {}
                "shutdown-lock" => action.shutdown_lock = Some(number(node, name, value)?),
                "mode" if value == "cib" => action.cib_only = true,
                _ => return Err(unknown(node, name, value)),
            }
        }
        for child in node.children() {
            match child.name() {
                "primitive" => action.primitive = Some(self.primitive(child)?),
                "attributes" => action.attributes = self.attributes(child)?,
                "downed" => {
                    let ids = child.children().map(|node| required(node, "id"));
                    let ids: Vec<&str> = ids.collect::<Result<_>>()?;
                    let ids: Vec<Text> = ids.into_iter().map(|id| self.graph.text(id)).collect();
                    action.downed = self.graph.downed(ids);
                }
                "maintenance" => action.maintenance = self.maintenance(child)?,
                other => return Err(Error(format!("<{other}> is no part of an action"))),
            }
        }
        Ok(action)
    }

    fn primitive(&mut self, node: Node<'d>) -> Result<PrimitiveId> {
        let mut written: Written<'d> = [None; 5];
        for (name, value) in node.attributes() {
            let names = ["id", "long-id", "class", "provider", "type"];
            let Some(at) = names.iter().position(|known| *known == name) else {
                return Err(unknown(node, name, value));
            };
            written[at] = Some(value);
        }
        if let Some(id) = self.primitives.get(&written) {
            return Ok(*id);
        }
        let primitive = Primitive {
            id: self.graph.text(required(node, "id")?),
            long_id: self.optional(node, "long-id"),
            class: self.graph.text(required(node, "class")?),
            provider: self.optional(node, "provider"),
            agent: self.graph.text(required(node, "type")?),
        };
        let id = self.graph.primitive(primitive);
        self.primitives.insert(written, id);
        Ok(id)
    }

    fn attributes(&mut self, node: Node<'d>) -> Result<Span> {
        let mut pairs = Vec::new();
        for (name, value) in node.attributes() {
            pairs.push((self.graph.text(name), self.graph.text(value)));
        }
        for param in node.children() {
            expect_element(param, "param")?;
            let (name, value) = (required(param, "name")?, required(param, "value")?);
            pairs.push((self.graph.text(name), self.graph.text(value)));
        }
        Ok(self.graph.attributes(pairs))
    }

    fn maintenance(&mut self, node: Node<'d>) -> Result<Span> {
        let mut nodes = Vec::new();
        for child in node.children() {
            let on = match required(child, "maintenance")? {
                "0" => false,
                "1" => true,
                other => return Err(unknown(child, "maintenance", other)),
            };
            nodes.push((self.graph.text(required(child, "id")?), on));
        }
        Ok(self.graph.maintenance(nodes))
    }

    fn optional(&mut self, node: Node<'d>, name: &str) -> Option<Text> {
        node.get(name).map(|value| self.graph.text(value))
    }
}

fn only_child<'d>(node: Node<'d>, name: &str) -> Result<Node<'d>> {
    node.child(name).ok_or_else(|| Error(format!("<{}> without <{name}>", node.name())))
}

fn expect_element(node: Node<'_>, name: &str) -> Result<()> {
    if node.is(name) {
        return Ok(());
    }
    Err(Error(format!("<{}> where only <{name}> may stand", node.name())))
}

fn required<'d>(node: Node<'d>, name: &str) -> Result<&'d str> {
    node.get(name).ok_or_else(|| Error(format!("<{}> without {name}", node.name())))
}

fn number<T: std::str::FromStr>(node: Node<'_>, name: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| unknown(node, name, value))
}

fn unknown(node: Node<'_>, name: &str, value: &str) -> Error {
    Error(format!("<{}> cannot have {name}=\"{value}\"", node.name()))
}
