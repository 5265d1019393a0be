//! A graph as XML, as `crm_simulate -G` writes it.

use super::{Action, Graph, Text};
use std::fmt::Write as _;

/// Appends the graph as a document of its own, indented by two blanks.
pub fn write(graph: &Graph, out: &mut String) {
    root(graph, out);
    if graph.synapses().is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    let positions = graph.positions();
    for (number, synapse) in graph.synapses().iter().enumerate() {
        number_line("  <synapse id=\"", number as u64, out);
        if synapse.priority > 0 {
            number_line(" priority=\"", u64::from(synapse.priority.unsigned_abs()), out);
        }
        out.push_str(">\n    <action_set>\n");
        action(graph, &synapse.action, out);
        out.push_str("    </action_set>\n");
        let inputs = graph.inputs_of(synapse);
        if inputs.is_empty() {
            out.push_str("    <inputs/>\n");
        } else {
            out.push_str("    <inputs>\n");
            for input in inputs {
                let Some(at) = positions.of(*input) else { continue };
                out.push_str("      <trigger>\n        ");
                head(graph, &graph.synapses()[at].action, false, out);
                out.push_str("/>\n      </trigger>\n");
            }
            out.push_str("    </inputs>\n");
        }
        out.push_str("  </synapse>\n");
    }
    out.push_str("</transition_graph>\n");
}

/// The root's tag, without its end.
fn root(graph: &Graph, out: &mut String) {
    let settings = &graph.settings;
    out.push_str("<transition_graph");
    attribute("cluster-delay", &settings.cluster_delay, out);
    attribute("fencing-timeout", &settings.fencing_timeout, out);
    attribute("failed-stop-offset", "INFINITY", out);
    let failed_start = if settings.start_failure_is_fatal { "INFINITY" } else { "1" };
    attribute("failed-start-offset", failed_start, out);
    if let Some(limit) = &settings.batch_limit {
        attribute("batch-limit", limit, out);
    }
    attribute("transition_id", &settings.transition_id.to_string(), out);
    if let Some(limit) = &settings.migration_limit {
        attribute("migration-limit", limit, out);
    }
    if let Some(moment) = settings.recheck_by {
        attribute("recheck-by", &moment.to_string(), out);
    }
}

fn action(graph: &Graph, action: &Action, out: &mut String) {
    out.push_str("      ");
    head(graph, action, true, out);
    out.push_str(">\n");
    if let Some(id) = action.primitive {
        let primitive = graph.primitive_of(id);
        out.push_str("        <primitive");
        text(graph, "id", Some(primitive.id), out);
        text(graph, "long-id", primitive.long_id, out);
        text(graph, "class", Some(primitive.class), out);
        text(graph, "provider", primitive.provider, out);
        text(graph, "type", Some(primitive.agent), out);
        out.push_str("/>\n");
    }
    attributes(graph, action, out);
    list("downed", graph.downed_by(action), out, |id, out| text(graph, "id", Some(*id), out));
    list("maintenance", graph.maintenance_of(action), out, |(id, on), out| {
        text(graph, "id", Some(*id), out);
        attribute("maintenance", if *on { "1" } else { "0" }, out);
    });
    let _ = writeln!(out, "      </{}>", action.kind.element());
}

/// The action's tag without its end: as it stands in its synapse (`whole`), or as others wait for it.
fn head(graph: &Graph, action: &Action, whole: bool, out: &mut String) {
    out.push('<');
    out.push_str(action.kind.element());
    if action.cib_only {
        attribute("mode", "cib", out);
    }
    number_line(" id=\"", u64::from(action.id.0), out);
    text(graph, "operation", Some(action.operation), out);
    text(graph, "operation_key", Some(action.key), out);
    text(graph, "internal_operation_key", action.internal_key, out);
    text(graph, "on_node", action.node.map(|node| node.name), out);
    text(graph, "on_node_uuid", action.node.map(|node| node.id), out);
    text(graph, "router_node", action.router, out);
    if let (true, Some(moment)) = (whole, action.shutdown_lock) {
        attribute("shutdown-lock", &moment.to_string(), out);
    }
}

/// The `attributes` element. A name that begins with a digit cannot be an XML attribute: such a
/// parameter becomes a child.
fn attributes(graph: &Graph, action: &Action, out: &mut String) {
    let digit = |name: Text| graph.str(name).starts_with(|c: char| c.is_ascii_digit());
    let pairs = graph.attributes_of(action);
    out.push_str("        <attributes");
    for (name, value) in pairs.iter().filter(|(name, _)| !digit(*name)) {
        text(graph, graph.str(*name), Some(*value), out);
    }
    if !pairs.iter().any(|(name, _)| digit(*name)) {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    for (name, value) in pairs.iter().filter(|(name, _)| digit(*name)) {
        out.push_str("          <param");
        text(graph, "name", Some(*name), out);
        text(graph, "value", Some(*value), out);
        out.push_str("/>\n");
    }
    out.push_str("        </attributes>\n");
}

fn list<T>(element: &str, nodes: &[T], out: &mut String, each: impl Fn(&T, &mut String)) {
    if nodes.is_empty() {
        return;
    }
    let _ = writeln!(out, "        <{element}>");
    for node in nodes {
        out.push_str("          <node");
        each(node, out);
        out.push_str("/>\n");
    }
    let _ = writeln!(out, "        </{element}>");
}

fn text(graph: &Graph, name: &str, value: Option<Text>, out: &mut String) {
    if let Some(value) = value {
        attribute(name, graph.str(value), out);
    }
}

fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape(value, out);
    out.push('"');
}

fn number_line(before: &str, number: u64, out: &mut String) {
    let _ = write!(out, "{before}{number}\"");
}

/// Appends `text` as it may stand between double quotes in XML; tabs and line ends as references,
/// which a reader would otherwise turn into blanks.
fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\n', '\t', '\r']) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match special.as_bytes()[0] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\n' => "&#10;",
            b'\t' => "&#9;",
            _ => "&#13;",
        });
        rest = &special[1..];
    }
    out.push_str(rest);
}
