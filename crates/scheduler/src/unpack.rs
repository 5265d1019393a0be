//! Reading: from the document to the world.

pub(crate) mod bundles;
pub(crate) mod collectives;
pub(crate) mod expand;
pub(crate) mod expiry;
pub(crate) mod failcount;
pub(crate) mod history;
pub(crate) mod identify;
pub(crate) mod lock;
pub(crate) mod migration;
pub(crate) mod nodes;
pub(crate) mod operations;
pub(crate) mod options;
pub(crate) mod remote;
pub(crate) mod resources;
pub(crate) mod state;
pub(crate) mod values;

use cib::value;
use cib::xml::Document;

use crate::trace;
use crate::world::{Ticket, World};

/// Milliseconds as whole seconds: anything below one second counts as one.
pub(crate) fn seconds(ms: u64) -> i64 {
    match ms {
        0 => 0,
        1..1000 => 1,
        _ => i64::try_from((ms + 500) / 1000).unwrap_or(i64::MAX),
    }
}

/// Remembers a moment at which the plan will change by itself.
pub(crate) fn note_change(w: &World<'_>, at: i64) {
    if at > w.now && w.recheck.get().is_none_or(|have| at < have) {
        w.recheck.set(Some(at));
    }
}

/// Reads a whole document; "now" is in seconds since 1970.
pub(crate) fn world(doc: &Document, now: i64) -> World<'_> {
    traced(doc, now, None)
}

/// Reads a whole document and, from the moment resources are known, writes down what changes the
/// scores of one.
pub(crate) fn traced<'d>(doc: &'d Document, now: i64, resource: Option<&str>) -> World<'d> {
    let mut w = World::empty(doc, now);
    let root = doc.root();
    let yes = |name: &str| root.get(name).and_then(value::boolean).unwrap_or(false);
    w.quorate = yes("have-quorum");
    let panics = yes("no-quorum-panic");
    let written = expand::section(doc, "crm_config").map_or_else(Vec::new, |id| {
        values::block(&w, doc.node(id), "cluster_property_set", &values::Facts::default())
    });
    w.options = options::Options::read(written, w.quorate || panics);
    w.nodes = nodes::list(doc);
    nodes::unpack_configured(&mut w);
    resources::unpack(&mut w);
    if let Some(rsc) = resource.and_then(|name| w.names.get(name)).copied() {
        trace::start(&mut w, rsc);
    }
    tickets(&mut w);
    nodes::unpack_states(&mut w);
    state::unpack(&mut w);
    w
}

fn tickets(w: &mut World<'_>) {
    let root = w.doc.root();
    let tickets = root.child("status").and_then(|status| status.child("tickets"));
    for state in tickets.iter().flat_map(|all| all.children_named("ticket_state")) {
        let Some(id) = state.get("id") else { continue };
        let yes = |name: &str| state.get(name).and_then(value::boolean).unwrap_or(false);
        w.tickets.insert(id, Ticket { granted: yes("granted"), standby: yes("standby") });
    }
}
