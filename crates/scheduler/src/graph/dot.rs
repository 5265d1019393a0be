//! A graph as a drawing for Graphviz, as `crm_simulate -D` writes it: newest actions first.

use super::{Action, Graph, Kind, Synapse};
use std::fmt::Write as _;

/// Appends the drawing.
pub fn dot(graph: &Graph, out: &mut String) {
    let mut newest_first: Vec<&Synapse> = graph.synapses().iter().collect();
    newest_first.sort_by_key(|synapse| std::cmp::Reverse(synapse.action.id));
    out.push_str(" digraph \"g\" {\n");
    for synapse in &newest_first {
        let font = if synapse.action.kind == Kind::Pseudo { "orange" } else { "black" };
        let name = name(graph, &synapse.action);
        let _ = writeln!(out, "\"{name}\" [ style=bold color=\"green\" fontcolor=\"{font}\"]");
    }
    let positions = graph.positions();
    for synapse in &newest_first {
        let then = name(graph, &synapse.action);
        for at in graph.inputs_of(synapse).iter().filter_map(|input| positions.of(*input)) {
            let first = name(graph, &graph.synapses()[at].action);
            let _ = writeln!(out, "\"{first}\" -> \"{then}\" [ style = bold]");
        }
    }
    out.push_str("}\n");
}

/// The action's key and its node, without what would end the quotes.
fn name(graph: &Graph, action: &Action) -> String {
    let key = graph.str(action.internal_key.unwrap_or(action.key));
    let place = action.node.map(|node| format!(" {}", graph.str(node.name)));
    format!("{key}{}", place.unwrap_or_default()).replace('"', "'")
}
