//! Planning: all stages in their order, and what they give.

use std::borrow::Cow;

use cib::date::DateTime;
use cib::xml::Document;

use crate::actions::{changes, collective, fencing, probes};
use crate::execute::{self, execute};
use crate::graph::Graph;
use crate::report::scores::ScoreLine;
use crate::report::{status, summary};
use crate::unpack::{self, lock};
use crate::world::World;
use crate::{constraints, emit, order, place};

/// What a document and a moment give.
#[derive(Debug)]
pub struct Plan {
    /// What is to be done, in which order.
    pub graph: Graph,
    /// The score lines, in the order in which they were made.
    pub scores: Vec<ScoreLine>,
    /// The cluster's status before anything is done: headline, nodes, resources.
    pub status: String,
    /// The lines of the transition summary.
    pub summary: String,
}

/// What a simulation prints and plans.
#[derive(Debug)]
pub struct Simulation {
    /// Status, summary, execution, status afterwards.
    pub text: String,
    /// The plan it carried out.
    pub plan: Plan,
    /// The document afterwards.
    pub after: Document,
}

/// The moment a document is about: its `execution-date`, if it has one.
pub fn moment(cib: &Document) -> Option<i64> {
    cib.root().get("execution-date")?.trim().parse().ok()
}

/// The document as planning needs it: in the newest form, with what it says in short written out.
pub(crate) fn prepared(cib: &Document) -> Document {
    let mut doc = cib.clone();
    cib::upgrade::to_newest(&mut doc);
    unpack::expand::expand(&mut doc);
    doc
}

/// Plans for a document at a moment (seconds since 1970).
pub fn plan(cib: &Document, now: i64) -> Plan {
    let doc = prepared(cib);
    let mut w = unpack::world(&doc, now);
    let mut text = String::new();
    status::headline(&w, &mut text);
    text.push_str("Current cluster status:\n");
    status::write(&w, true, &mut text);
    decide(&mut w);
    let graph = emit::graph(&mut w);
    let mut lines = String::new();
    summary::write(&w, &mut lines);
    Plan { graph, scores: std::mem::take(&mut w.scores), status: text, summary: lines }
}

/// All that is decided between reading and writing.
fn decide(w: &mut World<'_>) {
    constraints::unpack(w);
    lock::apply(w);
    constraints::health::apply(w);
    constraints::location::apply_all(w);
    place::bans::stickiness(w);
    place::bans::thresholds(w);
    order::internal::create_all(w);
    changes::check_all(w);
    place::assign_all(w);
    probes::create_all(w);
    changes::forget_removed(w);
    collective::create_all(w);
    order::remote::order(w);
    order::remote::fence_unreachable(w);
    fencing::fence_and_shut_down(w);
    order::migration::mirror(w);
    order::apply::apply_all(w);
}

/// The cluster's status as a document says it.
pub fn status_of(cib: &Document, now: i64, pending: bool) -> String {
    let doc = prepared(cib);
    let w = unpack::world(&doc, now);
    let mut text = String::new();
    status::write(&w, pending, &mut text);
    text
}

/// Plans, carries the plan out in memory, and tells all of it.
pub fn simulate(cib: &Document, now: Option<i64>, wall: i64, asked: Option<&str>) -> Simulation {
    let recorded = moment(cib);
    let at = now.or(recorded).unwrap_or(wall);
    let plan = plan(cib, at);
    let dated: Cow<'_, str> = match (asked, recorded) {
        (Some(text), _) => format!("Setting effective cluster time: {text}\n").into(),
        (None, Some(epoch)) => {
            let date = DateTime::from_epoch(epoch).local_text();
            format!("Using the original execution date of: {date}\n").into()
        }
        (None, None) => "".into(),
    };
    let mut text = String::new();
    text.push_str(&dated);
    text.push_str(&plan.status);
    text.push_str("\nTransition Summary:\n");
    text.push_str(&plan.summary);
    text.push_str("\nExecuting Cluster Transition:\n");
    let mut after = cib.clone();
    let world = execute::World { now: at, ..execute::World::default() };
    let done = execute(&plan.graph, &mut after, &world);
    text.push_str(&done.text);
    text.push('\n');
    text.push_str(&dated);
    text.push_str("Revised Cluster Status:\n");
    text.push_str(&status_of(&after, at, false));
    Simulation { text, plan, after }
}
