//! Random CIBs: clusters as people build them, in every state of disorder.
//!
//! A seed decides everything. Each CIB is small (2–4 nodes, a handful of resources) and uses a few
//! kinds of things at once, so that a difference can be traced to its cause.

mod constraints;
mod resources;
mod status;

use base::Dice;
use cib::xml::{Document, Node, NodeId, Style};
use resources::Resource;

/// The moment at which every generated CIB is judged (epoch seconds).
pub const NOW: i64 = 1_700_000_000;

/// A CIB for the seed.
pub fn cib(seed: u64) -> String {
    let mut builder = Builder::new(seed);
    builder.options();
    builder.nodes();
    let resources = resources::add(&mut builder);
    constraints::add(&mut builder, &resources);
    status::add(&mut builder, &resources);
    builder.document.root().to_text(Style::Pretty)
}

/// What a CIB is about, beside plain resources.
#[derive(Clone, Copy, Default)]
struct Theme {
    fencing: bool,
    utilization: bool,
    tickets: bool,
    remotes: bool,
    migration: bool,
    sets: bool,
    rules: bool,
    failures: bool,
    disorder: bool,
}

/// A CIB that is being put together.
struct Builder {
    dice: Dice,
    document: Document,
    theme: Theme,
    nodes: Vec<String>,
    /// Remote and guest nodes.
    remotes: Vec<String>,
    next_id: u32,
}

impl Builder {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let theme = Theme {
            fencing: dice.percent(60),
            utilization: dice.percent(10),
            tickets: dice.percent(10),
            remotes: dice.percent(12),
            migration: dice.percent(20),
            sets: dice.percent(15),
            rules: dice.percent(15),
            failures: dice.percent(40),
            disorder: dice.percent(25),
        };
        let mut document = Document::new("cib");
        let root = document.root().id();
        let quorum = if dice.percent(92) { "1" } else { "0" };
        for (name, value) in [
            ("crm_feature_set", "3.16.1"),
            ("validate-with", "pacemaker-3.9"),
            ("admin_epoch", "0"),
            ("epoch", "1"),
            ("num_updates", "0"),
            ("have-quorum", quorum),
            ("dc-uuid", "1"),
            ("execution-date", &NOW.to_string()),
        ] {
            document.set(root, name, value);
        }
        let configuration = document.append(root, "configuration");
        for name in ["crm_config", "nodes", "resources", "constraints"] {
            document.append(configuration, name);
        }
        document.append(root, "status");
        let nodes = (1..=2 + dice.below(3)).map(|number| format!("node{number}")).collect();
        Self { dice, document, theme, nodes, remotes: Vec::new(), next_id: 0 }
    }

    /// A part of the configuration.
    fn part(&self, name: &str) -> NodeId {
        let root = self.document.root();
        let configuration = root.child("configuration").and_then(|part| part.child(name));
        configuration.or_else(|| root.child(name)).unwrap_or(root).id()
    }

    /// A new element with attributes.
    fn element(&mut self, parent: NodeId, name: &str, attributes: &[(&str, &str)]) -> NodeId {
        let node = self.document.append(parent, name);
        for (name, value) in attributes {
            self.document.set(node, name, value);
        }
        node
    }

    /// An id that nothing else has.
    fn id(&mut self, stem: &str) -> String {
        self.next_id += 1;
        format!("{stem}-{}", self.next_id)
    }

    /// A name and a value in a block of their parent, which is made if it is not there.
    fn pair(&mut self, parent: NodeId, block: &str, name: &str, value: &str) {
        let held = self.document.node(parent).child(block).map(Node::id);
        let block = held.unwrap_or_else(|| {
            let id = self.id(block);
            self.element(parent, block, &[("id", &id)])
        });
        let id = self.id("nv");
        self.element(block, "nvpair", &[("id", &id), ("name", name), ("value", value)]);
    }

    /// One of several values.
    fn pick<'v>(&mut self, values: &[&'v str]) -> &'v str {
        let at = self.dice.below(values.len() as u64) as usize;
        values.get(at).copied().unwrap_or_default()
    }

    fn one_of<'r>(&mut self, resources: &'r [Resource]) -> Option<&'r Resource> {
        let at = self.dice.below(resources.len() as u64) as usize;
        resources.get(at)
    }

    /// A node to name in a constraint.
    fn a_node(&mut self) -> String {
        let all = self.nodes.len() + self.remotes.len();
        let at = self.dice.below(all as u64) as usize;
        self.nodes.iter().chain(&self.remotes).nth(at).cloned().unwrap_or_default()
    }

    fn score(&mut self) -> &'static str {
        self.pick(&["INFINITY", "-INFINITY", "100", "50", "10", "-10", "-100", "1000", "INFINITY"])
    }

    fn options(&mut self) {
        let config = self.part("crm_config");
        let set = self.element(config, "cluster_property_set", &[("id", "cib-bootstrap-options")]);
        let fencing = if self.theme.fencing { "true" } else { "false" };
        let mut options = vec![("fencing-enabled", fencing)];
        for (percent, name, values) in [
            (15, "no-quorum-policy", &["ignore", "freeze", "stop", "demote", "fence"][..]),
            (8, "symmetric-cluster", &["false"]),
            (8, "start-failure-is-fatal", &["false"]),
            (8, "stop-removed-resources", &["false"]),
            (8, "cancel-removed-actions", &["false"]),
            (4, "maintenance-mode", &["true"]),
            (4, "stop-all-resources", &["true"]),
            (10, "concurrent-fencing", &["true"]),
            (6, "startup-fencing", &["false"]),
            (6, "fencing-action", &["off"]),
            (5, "enable-startup-probes", &["false"]),
            (5, "node-health-strategy", &["migrate-on-red", "only-green", "progressive"]),
        ] {
            if self.dice.percent(percent) {
                options.push((name, self.pick(values)));
            }
        }
        if self.theme.utilization {
            let strategy = self.pick(&["utilization", "minimal", "balanced"]);
            options.push(("placement-strategy", strategy));
        }
        for (name, value) in options {
            let id = format!("opt-{name}");
            self.element(set, "nvpair", &[("id", &id), ("name", name), ("value", value)]);
        }
        if self.dice.percent(20) {
            let defaults = self.document.node(config).parent().map(Node::id);
            let defaults = defaults.unwrap_or(config);
            let defaults = self.element(defaults, "rsc_defaults", &[]);
            let value = self.pick(&["100", "0", "1", "INFINITY"]);
            self.pair(defaults, "meta_attributes", "resource-stickiness", value);
        }
    }

    fn nodes(&mut self) {
        let part = self.part("nodes");
        for (number, name) in self.nodes.clone().iter().enumerate() {
            let id = (number + 1).to_string();
            let node = self.element(part, "node", &[("id", &id), ("uname", name)]);
            let attributes = "instance_attributes";
            if self.theme.disorder && self.dice.percent(15) {
                self.pair(node, attributes, "standby", "on");
            }
            if self.theme.disorder && self.dice.percent(10) {
                self.pair(node, attributes, "maintenance", "true");
            }
            if self.theme.rules && self.dice.percent(60) {
                let site = self.pick(&["a", "b", "10", "9"]);
                self.pair(node, attributes, "site", site);
            }
            if self.theme.disorder && self.dice.percent(10) {
                let health = self.pick(&["red", "yellow", "green"]);
                self.pair(node, attributes, "#health-disk", health);
            }
            if self.theme.utilization {
                let capacity = self.pick(&["2", "4", "8"]);
                self.pair(node, "utilization", "cpu", capacity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_gives_one_document_whose_ids_are_unique() {
        for seed in 0..300 {
            let text = cib(seed);
            assert_eq!(text, cib(seed));
            let document = Document::parse(text).expect("well-formed");
            let mut ids = BTreeSet::new();
            let part = document.root().child("configuration").expect("a configuration");
            for node in part.descendants() {
                if let Some(id) =
                    node.get("id").filter(|_| !node.is("resource_ref") && !node.is("obj_ref"))
                {
                    assert!(ids.insert(id), "seed {seed}: {id} twice");
                }
            }
        }
    }

    #[test]
    fn seeds_differ_and_reach_every_kind_of_thing() {
        let all: String = (0..400).map(cib).collect();
        for element in [
            "<group ",
            "<clone ",
            "<rsc_location ",
            "<rsc_colocation ",
            "<rsc_order ",
            "<rsc_ticket ",
            "<resource_set ",
            "<rule ",
            "<template ",
            "<utilization ",
            "<transient_attributes ",
            "rc-code=\"193\"",
            "name=\"promotable\"",
            "type=\"remote\"",
            "name=\"remote-node\"",
            "operation=\"migrate_to\"",
            "<ticket_state ",
        ] {
            assert!(all.contains(element), "never {element}");
        }
    }
}
