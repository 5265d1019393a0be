//! Carries a transition graph out in memory: which action happens when, and the status it leaves.
//!
//! Passes over the synapses in their order; one whose inputs are all confirmed fires and is
//! confirmed at once, so that later ones of the same pass may fire too; until a pass fires
//! nothing. A failed action confirms, but only synapses of infinite priority go on from it, and
//! from then on only pseudo actions and synapses of infinite priority fire at all.

use crate::graph::{Action, ActionId, Graph, Kind, Primitive};
use crate::status::{Done, NodeName, Status, Task};
use cib::digest::{is_digested, of_parameters};
use cib::xml::{Document, Node};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Let an operation fail when it is carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The resource, by its printed or its configured name.
    pub resource: String,
    /// The operation.
    pub operation: String,
    /// Its interval; 0 for operations that are not repeated.
    pub interval_ms: u64,
    /// The node; case does not count.
    pub node: String,
    /// The result it shall have.
    pub result: i32,
}

/// How the simulated world differs from one where everything works.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct World {
    /// Operations that fail.
    pub failures: Vec<Failure>,
    /// When it all happens (epoch seconds).
    pub now: i64,
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Execution {
    /// One line for each action, in the order in which they fired.
    pub text: String,
    /// True if every synapse fired.
    pub complete: bool,
}

/// Carries the graph out on the document.
pub fn execute(graph: &Graph, document: &mut Document, world: &World) -> Execution {
    let recorded = recorded(document);
    let status = Status::open(document);
    let mut executor = Executor { graph, world, recorded, status, text: String::new() };
    let mut queue = Queue::new(graph);
    while let Some(at) = queue.next() {
        let failed = executor.fire(&graph.synapses()[at].action);
        queue.confirm(at, failed);
    }
    let complete = queue.fired == graph.synapses().len();
    executor.status.close();
    Execution { text: executor.text, complete }
}

/// Every name under which a resource has a history.
fn recorded(document: &Document) -> BTreeSet<String> {
    let states = document.root().child("status").into_iter().flat_map(Node::children);
    let lists = states.flat_map(|state| state.children_named("lrm"));
    let lists = lists.flat_map(|lrm| lrm.children_named("lrm_resources"));
    let entries = lists.flat_map(|list| list.children_named("lrm_resource"));
    entries.filter_map(|entry| entry.get("id").map(str::to_owned)).collect()
}

/// The synapses whose turn will come.
struct Queue<'g> {
    graph: &'g Graph,
    /// How many inputs each synapse still waits for.
    waiting: Vec<u32>,
    /// Those that wait for each synapse.
    followers: Vec<Vec<u32>>,
    /// True for those that follow a failure.
    barred: Vec<bool>,
    this_pass: BTreeSet<u32>,
    next_pass: BTreeSet<u32>,
    aborted: bool,
    fired: usize,
}

/// A synapse of this priority fires even after a failure.
const INFINITY: i32 = 1_000_000;

impl<'g> Queue<'g> {
    fn new(graph: &'g Graph) -> Self {
        let synapses = graph.synapses();
        let positions = graph.positions();
        let mut queue = Self {
            graph,
            waiting: vec![0; synapses.len()],
            followers: vec![Vec::new(); synapses.len()],
            barred: vec![false; synapses.len()],
            this_pass: BTreeSet::new(),
            next_pass: BTreeSet::new(),
            aborted: false,
            fired: 0,
        };
        for (synapse, at) in synapses.iter().zip(0u32..) {
            let inputs = graph.inputs_of(synapse);
            queue.waiting[at as usize] = inputs.len() as u32;
            for input in inputs.iter().filter_map(|input: &ActionId| positions.of(*input)) {
                queue.followers[input].push(at);
            }
            if inputs.is_empty() {
                queue.this_pass.insert(at);
            }
        }
        queue
    }

    /// The next synapse that fires.
    fn next(&mut self) -> Option<usize> {
        loop {
            let Some(at) = self.this_pass.pop_first() else {
                if self.next_pass.is_empty() {
                    return None;
                }
                std::mem::swap(&mut self.this_pass, &mut self.next_pass);
                continue;
            };
            let synapse = &self.graph.synapses()[at as usize];
            if synapse.priority >= INFINITY || !self.aborted || synapse.action.kind == Kind::Pseudo
            {
                self.fired += 1;
                return Some(at as usize);
            }
        }
    }

    /// The action was done: whoever waited for nothing else may go on.
    fn confirm(&mut self, at: usize, failed: bool) {
        self.aborted |= failed;
        for follower in std::mem::take(&mut self.followers[at]) {
            let index = follower as usize;
            self.barred[index] |= failed && self.graph.synapses()[index].priority < INFINITY;
            self.waiting[index] -= 1;
            if self.waiting[index] == 0 && !self.barred[index] {
                let pass = if index > at { &mut self.this_pass } else { &mut self.next_pass };
                pass.insert(follower);
            }
        }
    }
}

struct Executor<'g, 'd> {
    graph: &'g Graph,
    world: &'g World,
    recorded: BTreeSet<String>,
    status: Status<'d>,
    text: String,
}

/// Operations of which no result is kept.
const WITHOUT_RESULT: [&str; 3] = ["delete", "cancel", "meta-data"];

impl<'g> Executor<'g, '_> {
    /// Does the action; true if it failed.
    fn fire(&mut self, action: &Action) -> bool {
        match action.kind {
            Kind::Resource => return self.resource(action),
            Kind::Pseudo => {
                let key = self.graph.str(action.key);
                let place = action.node.map(|node| format!(" on {}", self.graph.str(node.name)));
                self.line("Pseudo action:  ", &format!(" {key}{}", place.unwrap_or_default()));
            }
            Kind::Cluster => self.cluster(action),
        }
        false
    }

    fn cluster(&mut self, action: &Action) {
        let graph = self.graph;
        let operation = graph.str(action.operation);
        let node = self.node(action);
        if operation == "stonith" {
            let how = graph.attribute(action, "CRM_meta_stonith_action").unwrap_or_default();
            let _ = writeln!(self.text, "  * Fencing {} ({how})", node.name);
            if how != "on" {
                self.status.fenced(node);
            }
            return;
        }
        let primitive = action.primitive.map(|id| graph.str(graph.primitive_of(id).id));
        let whose = primitive.map(|id| format!(" for {id}")).unwrap_or_default();
        self.line("Cluster action: ", &format!(" {operation}{whose} on {}", node.name));
    }

    fn resource(&mut self, action: &Action) -> bool {
        let graph = self.graph;
        let Some(primitive) = action.primitive.map(|id| graph.primitive_of(id)) else {
            return false;
        };
        let (operation, node) = (graph.str(action.operation), self.node(action));
        let interval_ms: u64 = self.number(action, "CRM_meta_interval").unwrap_or(0);
        let printed = self.printed(primitive);
        let every = if interval_ms > 0 { format!("={interval_ms}") } else { String::new() };
        self.line(
            "Resource action:",
            &format!(" {printed:<15} {operation}{every} on {}", node.name),
        );
        if WITHOUT_RESULT.contains(&operation) {
            return false;
        }
        let wanted = self.number(action, "CRM_meta_op_target_rc").unwrap_or(0);
        let id = graph.str(primitive.id);
        let failure = self.world.failures.iter().find(|failure| {
            (failure.resource == printed || failure.resource == id)
                && failure.operation == operation
                && failure.interval_ms == interval_ms
                && failure.node.eq_ignore_ascii_case(node.name)
        });
        let parameters = graph.attributes_of(action).iter();
        let parameters = parameters.map(|(name, value)| (graph.str(*name), graph.str(*value)));
        let digest = of_parameters(parameters.filter(|(name, _)| is_digested(name, interval_ms)));
        let pair = |first: &str, second: &str| {
            Some((graph.attribute(action, first)?, graph.attribute(action, second)?))
        };
        self.status.record(&Done {
            node,
            printed,
            id,
            class: graph.str(primitive.class),
            provider: primitive.provider.map(|provider| graph.str(provider)),
            agent: graph.str(primitive.agent),
            operation,
            interval_ms,
            notification: pair("CRM_meta_notify_type", "CRM_meta_notify_operation"),
            migration: pair("CRM_meta_migrate_source", "CRM_meta_migrate_target"),
            wanted,
            result: failure.map_or(wanted, |failure| failure.result),
            reason: if failure.is_some() { "User-injected result" } else { "" },
            digest: Some(&digest),
            feature_set: graph.attribute(action, "crm_feature_set").unwrap_or(crate::FEATURE_SET),
            now: self.world.now,
        });
        let Some(failure) = failure else { return false };
        let _ = writeln!(
            self.text,
            "Pretending action {} failed with rc={}",
            action.id.0, failure.result
        );
        let task = Task { resource: &failure.resource, operation, interval_ms };
        self.text.push_str(&self.status.note_failure(node, &task, self.world.now));
        true
    }

    /// The resource's own name if it has ever been recorded under it, else the instance's.
    fn printed(&self, primitive: Primitive) -> &'g str {
        let id = self.graph.str(primitive.id);
        match primitive.long_id {
            Some(long) if !self.recorded.contains(id) => self.graph.str(long),
            _ => id,
        }
    }

    fn node(&self, action: &Action) -> NodeName<'g> {
        let node = action.node;
        let (name, id) =
            node.map_or(("", ""), |node| (self.graph.str(node.name), self.graph.str(node.id)));
        NodeName { name, id }
    }

    fn number<T: std::str::FromStr>(&self, action: &Action, attribute: &str) -> Option<T> {
        self.graph.attribute(action, attribute)?.parse().ok()
    }

    fn line(&mut self, kind: &str, rest: &str) {
        let _ = writeln!(self.text, "  * {kind}{rest}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::read;
    use cib::xml::Style;

    const CIB: &str = r#"<cib num_updates="3"><status><node_state id="1" uname="n1" crmd="online">
        <transient_attributes id="1"><instance_attributes id="s"><nvpair id="x" name="fail-count-a#start_0"
        value="1000000"/></instance_attributes></transient_attributes></node_state></status></cib>"#;

    fn synapse(number: u32, action: &str, inputs: &[&str]) -> String {
        let mut all = String::new();
        for id in inputs {
            let _ = write!(all, "<trigger><rsc_op id=\"{id}\"/></trigger>");
        }
        format!(
            "<synapse id=\"{number}\"><action_set>{action}</action_set><inputs>{all}</inputs></synapse>"
        )
    }

    fn operation(id: u32, name: &str, attributes: &str) -> String {
        format!(
            "<rsc_op id=\"{id}\" operation=\"{name}\" operation_key=\"a_{name}_0\" on_node=\"n1\" \
             on_node_uuid=\"1\"><primitive id=\"a\" long-id=\"a:0\" class=\"ocf\" provider=\"p\" \
             type=\"t\"/><attributes {attributes}/></rsc_op>"
        )
    }

    fn run(synapses: &[String], world: &World) -> (Execution, Document) {
        let text = format!("<transition_graph>{}</transition_graph>", synapses.concat());
        let mut document = Document::parse(CIB).expect("a CIB");
        let execution = execute(&read(&text).expect("a graph"), &mut document, world);
        (execution, document)
    }

    fn probe_then_start() -> Vec<String> {
        let pseudo = "<pseudo_event id=\"3\" operation=\"x\" operation_key=\"x_0\"><attributes/></pseudo_event>";
        vec![
            synapse(0, &operation(2, "start", ""), &["1"]),
            synapse(1, &operation(1, "monitor", "CRM_meta_op_target_rc=\"7\""), &[]),
            synapse(2, pseudo, &[]),
            synapse(3, &operation(4, "stop", ""), &[]),
        ]
    }

    #[test]
    fn synapses_fire_in_passes_over_their_order() {
        let (execution, _) = run(&probe_then_start(), &World::default());
        let expected = "  * Resource action: a:0             monitor on n1\n  \
                        * Pseudo action:   x_0\n  * Resource action: a:0             stop on n1\n  \
                        * Resource action: a:0             start on n1\n";
        assert_eq!(execution.text, expected);
        assert!(execution.complete);
    }

    #[test]
    fn after_a_failure_only_pseudo_actions_fire() {
        let failure = Failure {
            resource: "a".to_owned(),
            operation: "monitor".to_owned(),
            interval_ms: 0,
            node: "N1".to_owned(),
            result: 1,
        };
        let world = World { failures: vec![failure], now: 5 };
        let (execution, document) = run(&probe_then_start(), &world);
        let expected = "  * Resource action: a:0             monitor on n1\n\
                        Pretending action 1 failed with rc=1\n  \
                        * Injecting attribute fail-count-a#monitor_0=value++ into /node_state '1'\n  \
                        * Injecting attribute last-failure-a#monitor_0=5 into /node_state '1'\n  \
                        * Pseudo action:   x_0\n";
        assert_eq!(execution.text, expected);
        assert!(!execution.complete);
        let text = document.root().to_text(Style::Compact);
        for part in [
            r#"<nvpair id="s-fail-count-a.monitor_0" name="fail-count-a#monitor_0" value="1"/>"#,
            r#"<nvpair id="s-last-failure-a.monitor_0" name="last-failure-a#monitor_0" value="5"/>"#,
            r#"<lrm_rsc_op id="a_last_failure_0" operation_key="a_monitor_0""#,
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn what_is_done_stands_in_the_history_as_an_executor_writes_it() {
        let (_, document) = run(&probe_then_start(), &World { failures: Vec::new(), now: 9 });
        let text = document.root().to_text(Style::Compact);
        let entry = "<lrm_resource id=\"a\" class=\"ocf\" provider=\"p\" type=\"t\"><lrm_rsc_op id=\"a_last_0\" \
             operation_key=\"a_start_0\" operation=\"start\" crm-debug-origin=\"crm_simulate\" \
             crm_feature_set=\"3.20.5\" transition-key=\"3:-1:0:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx\" \
             transition-magic=\"0:0;3:-1:0:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx\" exit-reason=\"\" \
             call-id=\"3\" rc-code=\"0\" op-status=\"0\" interval=\"0\" last-rc-change=\"9\" \
             exec-time=\"0\" queue-time=\"0\" op-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\"/>\
             </lrm_resource>";
        assert!(text.contains(entry), "{text}");
        assert!(text.contains("num_updates=\"6\""), "three operations more: {text}");
    }

    #[test]
    fn a_fenced_node_is_down_and_forgotten() {
        let fence = "<crm_event id=\"1\" operation=\"stonith\" operation_key=\"stonith-n1-reboot\" \
                     on_node=\"n1\" on_node_uuid=\"1\"><attributes CRM_meta_stonith_action=\"reboot\"/></crm_event>";
        let (execution, document) = run(&[synapse(0, fence, &[])], &World::default());
        assert_eq!(execution.text, "  * Fencing n1 (reboot)\n");
        let state = "<status><node_state id=\"1\" uname=\"n1\" crmd=\"offline\" in_ccm=\"false\" join=\"down\" \
                     expected=\"down\" crm-debug-origin=\"simulate_fencing_action\"/></status>";
        let text = document.root().to_text(Style::Compact);
        assert!(text.contains(state), "{text}");
    }
}
