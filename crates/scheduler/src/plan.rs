//! Planning: all stages in their order, and what they give.

use cib::xml::Document;

use crate::actions::{changes, collective, fencing, probes};
use crate::graph::Graph;
use crate::report::scores::ScoreLine;
use crate::report::{columns, details, status, summary};
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
    Plan {
        graph,
        scores: std::mem::take(&mut w.scores),
        status: text,
        summary: columns::aligned(&lines),
    }
}

/// All that is decided between reading and writing.
pub(crate) fn decide(w: &mut World<'_>) {
    constraints::unpack(w);
    lock::apply(w);
    constraints::health::apply(w);
    constraints::location::apply_all(w);
    place::bans::stickiness(w);
    place::bans::thresholds(w);
    order::internal::create_all(w);
    changes::check_all(w, false);
    place::assign_all(w);
    changes::check_all(w, true);
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

/// What `--show-attrs` shows of a document: the attributes of online nodes.
pub fn attributes_of(cib: &Document, now: i64) -> String {
    details::attributes(&unpack::world(&prepared(cib), now))
}

/// What `--show-failcounts` shows of a document: failures of resources on online nodes.
pub fn failures_of(cib: &Document, now: i64) -> String {
    details::fail_counts(&unpack::world(&prepared(cib), now))
}
