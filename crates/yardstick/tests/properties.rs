//! What holds of every plan, tried on random clusters.

use cib::xml::{Document, Node};
use scheduler::graph::{ActionId, Graph, Kind, Synapse};
use scheduler::{Request, Simulation, simulate};
use std::collections::BTreeMap;
use yardstick::generate::{self, NOW};

/// So many clusters are tried: a few seconds' worth.
const SEEDS: u64 = 400;

/// Few clusters have an order of two plain resources that both start, or both stop.
const SEEDS_OF_ORDERS: u64 = 1_200;

fn planned(document: Document) -> Simulation {
    simulate(document, &Request { wall: NOW, ..Request::default() })
}

fn cluster(seed: u64) -> Document {
    Document::parse(generate::cib(seed)).expect("the generator writes XML")
}

/// The synapse of an action that is really carried out.
fn real<'g>(graph: &'g Graph, key: &str) -> Option<&'g Synapse> {
    let all = graph.synapses().iter();
    all.filter(|one| one.action.kind == Kind::Resource).find(|one| graph.str(one.action.key) == key)
}

/// Whether `then` waits for `first`, perhaps by way of others.
fn waits(graph: &Graph, then: &Synapse, first: ActionId) -> bool {
    let positions = graph.positions();
    let mut open = vec![then.action.id];
    let mut seen = open.clone();
    while let Some(id) = open.pop() {
        let Some(synapse) = positions.of(id).and_then(|at| graph.synapses().get(at)) else {
            continue;
        };
        for input in graph.inputs_of(synapse) {
            if *input == first {
                return true;
            }
            if !seen.contains(input) {
                seen.push(*input);
                open.push(*input);
            }
        }
    }
    false
}

#[test]
fn nothing_starts_where_its_score_forbids_it() {
    let mut faults = Vec::new();
    for seed in 0..SEEDS {
        let found = planned(cluster(seed));
        let mut scores = BTreeMap::new();
        for line in &found.plan.scores {
            if let (Some("pcmk__primitive_assign"), Some(node)) = (line.emitter, &line.node) {
                scores.insert((line.resource.as_str(), node.as_str()), line.score);
            }
        }
        let graph = &found.plan.graph;
        for synapse in graph.synapses().iter().filter(|one| one.action.kind == Kind::Resource) {
            let action = &synapse.action;
            let starts =
                ["start", "promote", "migrate_from"].contains(&graph.str(action.operation));
            let (Some(node), Some(primitive)) = (action.node, action.primitive) else { continue };
            let primitive = graph.primitive_of(primitive);
            let id = graph.str(primitive.long_id.unwrap_or(primitive.id));
            let score = scores.get(&(id, graph.str(node.name)));
            if starts && score.is_some_and(|score| score.get() < 0) {
                faults.push(format!("seed {seed}: {} on {}", id, graph.str(node.name)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Primitives that are no part of anything.
fn alone(document: &Document) -> Vec<&str> {
    let part = document.root().child("configuration").and_then(|part| part.child("resources"));
    let all = part.into_iter().flat_map(|part| part.children_named("primitive"));
    all.filter_map(|one| one.get("id")).collect()
}

#[test]
fn mandatory_orders_hold_between_starts_and_in_reverse_between_stops() {
    let (mut faults, mut seen) = (Vec::new(), 0);
    for seed in 0..SEEDS_OF_ORDERS {
        let document = cluster(seed);
        let found = planned(document.clone());
        let graph = &found.plan.graph;
        let primitives = alone(&document);
        let plain = |node: &Node<'_>| {
            node.is("rsc_order")
                && node.get("kind") == Some("Mandatory")
                && ["first-action", "symmetrical"].iter().all(|name| node.get(name).is_none())
        };
        for order in document.root().descendants().filter(plain) {
            let (Some(first), Some(then)) = (order.get("first"), order.get("then")) else {
                continue;
            };
            if !primitives.contains(&first) || !primitives.contains(&then) {
                continue;
            }
            for (operation, first, then) in [("start", first, then), ("stop", then, first)] {
                let of = |id: &str| real(graph, &format!("{id}_{operation}_0"));
                let (Some(first), Some(then)) = (of(first), of(then)) else { continue };
                seen += 1;
                if !waits(graph, then, first.action.id) {
                    let key = graph.str(then.action.key);
                    faults.push(format!("seed {seed}: {key} does not wait"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen > 20, "only {seen} orders were tried");
}

#[test]
fn nothing_waits_for_an_action_that_is_not_there() {
    for seed in 0..SEEDS {
        let found = planned(cluster(seed));
        let graph = &found.plan.graph;
        let positions = graph.positions();
        for synapse in graph.synapses() {
            for input in graph.inputs_of(synapse) {
                let key = graph.str(synapse.action.key);
                assert!(positions.of(*input).is_some(), "seed {seed}: {key} waits for {}", input.0);
            }
        }
    }
}
