//! Do two graphs mean the same? Numbers, order of synapses, of inputs and of attributes don't
//! count, nor does the version of the feature set that is told to executors.

use super::{Action, Graph, Synapse};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Write as _};

/// The feature set's version stands in every action and says nothing about the plan.
const FEATURE_SET: &str = "crm_feature_set";

/// What differs from the expected graph; displayed, one difference a line.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Differences {
    /// Settings that differ: name, expected, found.
    pub settings: Vec<(&'static str, String, String)>,
    /// Synapses that are expected and not there.
    pub missing: Vec<String>,
    /// Synapses that nobody expects.
    pub extra: Vec<String>,
    /// Synapses whose action is expected, but with other details or inputs; what differs, marked
    /// `-` (expected) and `+` (found).
    pub changed: Vec<(String, Vec<String>)>,
}

impl Differences {
    /// True if the graphs mean the same.
    pub const fn is_empty(&self) -> bool {
        self.settings.is_empty()
            && self.missing.is_empty()
            && self.extra.is_empty()
            && self.changed.is_empty()
    }
}

impl Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, expected, found) in &self.settings {
            writeln!(f, "{name}: {expected} expected, {found} found")?;
        }
        for head in &self.missing {
            writeln!(f, "missing  {head}")?;
        }
        for head in &self.extra {
            writeln!(f, "extra    {head}")?;
        }
        for (head, lines) in &self.changed {
            writeln!(f, "differs  {head}")?;
            for line in lines {
                writeln!(f, "           {line}")?;
            }
        }
        Ok(())
    }
}

/// What `found` has otherwise than `expected`.
pub fn differences(expected: &Graph, found: &Graph) -> Differences {
    let mut result = Differences { settings: settings(expected, found), ..Differences::default() };
    let (mut missing, mut extra) = (meanings(expected), meanings(found));
    cancel(&mut missing, &mut extra);
    // What is left with the same head on both sides is one synapse that changed.
    for (head, mut wanted) in missing {
        let mut had = extra.remove(&head).unwrap_or_default();
        while let (Some(a), Some(b)) = (wanted.last(), had.last()) {
            result.changed.push((head.clone(), lines_between(a, b)));
            wanted.pop();
            had.pop();
        }
        result.missing.extend(wanted.iter().map(|_| head.clone()));
        result.extra.extend(had.iter().map(|_| head.clone()));
    }
    for (head, had) in extra {
        result.extra.extend(had.iter().map(|_| head.clone()));
    }
    result
}

fn settings(expected: &Graph, found: &Graph) -> Vec<(&'static str, String, String)> {
    let (a, b) = (&expected.settings, &found.settings);
    let none = || "none".to_owned();
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(none);
    let moment = |value: Option<i64>| value.map_or_else(none, |moment| moment.to_string());
    let rows = [
        ("cluster-delay", a.cluster_delay.clone(), b.cluster_delay.clone()),
        ("fencing-timeout", a.fencing_timeout.clone(), b.fencing_timeout.clone()),
        (
            "start-failure-is-fatal",
            a.start_failure_is_fatal.to_string(),
            b.start_failure_is_fatal.to_string(),
        ),
        ("migration-limit", or_none(&a.migration_limit), or_none(&b.migration_limit)),
        ("recheck-by", moment(a.recheck_by), moment(b.recheck_by)),
    ];
    rows.into_iter().filter(|(_, a, b)| a != b).collect()
}

/// A synapse without its numbers.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Meaning {
    priority: i32,
    details: BTreeSet<String>,
    inputs: BTreeSet<String>,
}

/// Synapses by their action's head; of equal heads each once.
type Meanings = BTreeMap<String, Vec<Meaning>>;

fn meanings(graph: &Graph) -> Meanings {
    let names = names(graph);
    let positions = graph.positions();
    let mut meanings = Meanings::new();
    for synapse in graph.synapses() {
        let inputs = graph.inputs_of(synapse).iter().map(|input| {
            let at = positions.of(*input);
            at.map_or_else(|| format!("unknown action {}", input.0), |at| names[at].clone())
        });
        let meaning = Meaning {
            priority: synapse.priority,
            details: details(graph, &synapse.action),
            inputs: inputs.collect(),
        };
        meanings.entry(head(graph, &synapse.action)).or_default().push(meaning);
    }
    meanings
}

/// How inputs call each synapse's action: by its head, and by its details where heads are equal.
fn names(graph: &Graph) -> Vec<String> {
    let heads: Vec<String> = graph.synapses().iter().map(|s| head(graph, &s.action)).collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for head in &heads {
        *count.entry(head).or_default() += 1;
    }
    let name = |(head, synapse): (&String, &Synapse)| {
        let mut name = head.clone();
        if count[head.as_str()] > 1 {
            for detail in details(graph, &synapse.action) {
                let _ = write!(name, " {detail}");
            }
        }
        name
    };
    heads.iter().zip(graph.synapses()).map(name).collect()
}

/// The action's tag and attributes without its number, in words.
fn head(graph: &Graph, action: &Action) -> String {
    let mut head = format!(
        "{} {} ({})",
        action.kind.element(),
        graph.str(action.key),
        graph.str(action.operation)
    );
    if let Some(key) = action.internal_key {
        let _ = write!(head, " internally {}", graph.str(key));
    }
    if let Some(node) = action.node {
        let _ = write!(head, " on {}", graph.str(node.name));
        if node.id != node.name {
            let _ = write!(head, " ({})", graph.str(node.id));
        }
    }
    if let Some(router) = action.router {
        let _ = write!(head, " by way of {}", graph.str(router));
    }
    if let Some(moment) = action.shutdown_lock {
        let _ = write!(head, " locked since {moment}");
    }
    if action.cib_only {
        head.push_str(" in the CIB only");
    }
    head
}

/// The action's children, one text for each fact in them.
fn details(graph: &Graph, action: &Action) -> BTreeSet<String> {
    let mut details = BTreeSet::new();
    if let Some(id) = action.primitive {
        let primitive = graph.primitive_of(id);
        let or_none = |text: Option<super::Text>| text.map_or("none", |text| graph.str(text));
        details.insert(format!(
            "primitive {} long-id {} {}:{}:{}",
            graph.str(primitive.id),
            or_none(primitive.long_id),
            graph.str(primitive.class),
            or_none(primitive.provider),
            graph.str(primitive.agent),
        ));
    }
    let pairs = graph.attributes_of(action).iter();
    let pairs = pairs.map(|(name, value)| (graph.str(*name), graph.str(*value)));
    details.extend(
        pairs
            .filter(|(name, _)| *name != FEATURE_SET)
            .map(|(name, value)| format!("attribute {name}=\"{value}\"")),
    );
    let downed = graph.downed_by(action).iter();
    details.extend(downed.map(|id| format!("downs {}", graph.str(*id))));
    let maintenance = graph.maintenance_of(action).iter();
    details.extend(maintenance.map(|(id, on)| format!("maintenance of {}: {on}", graph.str(*id))));
    details
}

/// Removes from both sides what they have in common.
fn cancel(a: &mut Meanings, b: &mut Meanings) {
    a.retain(|head, wanted| {
        let Some(had) = b.get_mut(head) else { return true };
        wanted.retain(|meaning| {
            let Some(at) = had.iter().position(|other| other == meaning) else { return true };
            had.swap_remove(at);
            false
        });
        if had.is_empty() {
            b.remove(head);
        }
        !wanted.is_empty()
    });
}

fn lines_between(expected: &Meaning, found: &Meaning) -> Vec<String> {
    let mut lines = Vec::new();
    if expected.priority != found.priority {
        lines.push(format!("- priority {}", expected.priority));
        lines.push(format!("+ priority {}", found.priority));
    }
    let mut both = |expected: &BTreeSet<String>, found: &BTreeSet<String>, word: &str| {
        lines.extend(expected.difference(found).map(|line| format!("- {word}{line}")));
        lines.extend(found.difference(expected).map(|line| format!("+ {word}{line}")));
    };
    both(&expected.details, &found.details, "");
    both(&expected.inputs, &found.inputs, "after ");
    lines
}
