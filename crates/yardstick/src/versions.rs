//! Differences between two plans that come from the real program's age, told by rule. Each has a
//! case of Pacemaker's own corpus that shows the newer way.

use scheduler::graph::{Differences, Graph, Kind, Synapse};
use std::collections::{BTreeMap, BTreeSet};

/// An operation at a place.
type Done = (String, String);

/// What the operations on one clone's instances come to.
#[derive(Default)]
struct Tally {
    /// Instances that came less instances that went, and the same of the promoted role, by node.
    net: BTreeMap<(String, bool), i32>,
    /// How often each operation happens on each node.
    done: BTreeMap<Done, u32>,
    /// Where instances leave, and where they come up.
    left: BTreeMap<String, BTreeSet<String>>,
    came: BTreeMap<String, BTreeSet<String>>,
}

/// Whether two plans differ only in which of a clone's instances goes where: the older program
/// moves instances that could stay, to number them by another order
/// (`clone-recover-no-shuffle-4`). Everything else must be the same, and each clone must end up
/// on the same nodes in the same roles.
pub fn shuffled(real: &Graph, ours: &Graph, differences: &Differences) -> bool {
    let changed = differences.changed.iter().map(|(head, _)| head);
    let mut heads = differences.missing.iter().chain(&differences.extra).chain(changed);
    if !differences.settings.is_empty() || !heads.all(|head| of_instance_or_point(head)) {
        return false;
    }
    let (real, ours) = (tallies(real), tallies(ours));
    let clones: BTreeSet<&String> = real.keys().chain(ours.keys()).collect();
    let none = Tally::default();
    let mut any = false;
    for clone in clones {
        let (a, b) = (real.get(clone).unwrap_or(&none), ours.get(clone).unwrap_or(&none));
        if nonzero(&a.net) != nonzero(&b.net) {
            return false;
        }
        let same = a.done == b.done;
        if !same && !a.moves() {
            return false;
        }
        any |= !same || a.left != b.left || a.came != b.came;
    }
    any
}

impl Tally {
    /// Whether an instance leaves one node and comes up on another.
    fn moves(&self) -> bool {
        let mut all = self.came.iter();
        all.any(|(id, nodes)| self.left.get(id).is_some_and(|left| left != nodes))
    }
}

/// Whether a synapse's head names an instance's operation, or a point where nothing is done.
fn of_instance_or_point(head: &str) -> bool {
    let numbered = |word: &str| {
        let after = word.split_once(':').map_or("", |(_, after)| after);
        after.starts_with(|c: char| c.is_ascii_digit())
    };
    head.starts_with(Kind::Pseudo.element()) || head.split_whitespace().any(numbered)
}

fn nonzero(net: &BTreeMap<(String, bool), i32>) -> Vec<(&(String, bool), i32)> {
    net.iter().map(|(key, count)| (key, *count)).filter(|(_, count)| *count != 0).collect()
}

/// What happens to each clone, by the name of what is cloned.
fn tallies(graph: &Graph) -> BTreeMap<String, Tally> {
    let mut all: BTreeMap<String, Tally> = BTreeMap::new();
    for synapse in graph.synapses() {
        let Some((base, instance, node)) = instance(graph, synapse) else { continue };
        let operation = graph.str(synapse.action.operation);
        let tally = all.entry(base).or_default();
        let (step, promoted) = match operation {
            "start" | "migrate_from" => (1, false),
            "stop" => (-1, false),
            "promote" => (1, true),
            "demote" => (-1, true),
            _ => continue,
        };
        *tally.net.entry((node.clone(), promoted)).or_default() += step;
        *tally.done.entry((operation.to_owned(), node.clone())).or_default() += 1;
        if !promoted {
            let places = if step > 0 { &mut tally.came } else { &mut tally.left };
            places.entry(instance).or_default().insert(node);
        }
    }
    all
}

/// The cloned resource, the instance and the node of a real operation.
fn instance(graph: &Graph, synapse: &Synapse) -> Option<(String, String, String)> {
    let (primitive, node) = (synapse.action.primitive?, synapse.action.node?);
    let primitive = graph.primitive_of(primitive);
    let id = graph.str(primitive.long_id.unwrap_or(primitive.id));
    let (base, number) = id.rsplit_once(':')?;
    number.parse::<u32>().ok()?;
    Some((base.to_owned(), id.to_owned(), graph.str(node.name).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use scheduler::graph;
    use std::fmt::Write as _;

    /// A graph of operations on instances of a clone: operation, number, node.
    fn plan(operations: &[(&str, u32, &str)]) -> Graph {
        let mut text = "<transition_graph cluster-delay=\"60s\" stonith-timeout=\"60s\" \
                        failed-stop-offset=\"INFINITY\" failed-start-offset=\"INFINITY\" \
                        transition_id=\"1\">"
            .to_owned();
        for (at, (operation, number, node)) in operations.iter().enumerate() {
            let _ = write!(
                text,
                "<synapse id=\"{at}\"><action_set><rsc_op id=\"{at}\" operation=\"{operation}\" \
                 operation_key=\"a_{operation}_0\" internal_operation_key=\"a:{number}_{operation}_0\" \
                 on_node=\"{node}\" on_node_uuid=\"{node}\"><primitive id=\"a\" \
                 long-id=\"a:{number}\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/>\
                 <attributes/></rsc_op></action_set><inputs/></synapse>"
            );
        }
        graph::read(&(text + "</transition_graph>")).expect("a graph")
    }

    fn judged(real: &Graph, ours: &Graph) -> bool {
        shuffled(real, ours, &graph::differences(real, ours))
    }

    #[test]
    fn an_instance_that_moves_for_another_is_the_older_way() {
        let real = plan(&[("stop", 0, "n1"), ("start", 0, "n2"), ("start", 1, "n1")]);
        assert!(judged(&real, &plan(&[("start", 1, "n2")])));
    }

    #[test]
    fn other_numbers_on_the_same_nodes_are_the_older_way() {
        let real = plan(&[("start", 1, "n1"), ("start", 2, "n2")]);
        assert!(judged(&real, &plan(&[("start", 2, "n1"), ("start", 1, "n2")])));
    }

    #[test]
    fn another_end_or_a_restart_that_we_forget_is_a_difference() {
        let ours = plan(&[("start", 1, "n2")]);
        assert!(!judged(&plan(&[("start", 1, "n3")]), &ours));
        let restart = plan(&[("stop", 0, "n1"), ("start", 0, "n1"), ("start", 1, "n2")]);
        assert!(!judged(&restart, &ours));
    }
}
