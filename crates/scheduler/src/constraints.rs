//! Constraints: from the `constraints` section to the world's arrays.

pub(crate) mod colocation;
pub(crate) mod health;
pub(crate) mod lists;
pub(crate) mod location;
pub(crate) mod names;
pub(crate) mod ordering;
pub(crate) mod sets;
pub(crate) mod tickets;

use crate::unpack::expand::section;
use crate::world::World;

/// Reads all constraints, in the order in which they are written.
pub(crate) fn unpack(w: &mut World<'_>) {
    let Some(constraints) = section(w.doc, "constraints") else { return };
    let names = names::Names::of(w);
    let doc = w.doc;
    for xml in doc.node(constraints).children() {
        match xml.name() {
            "rsc_location" => location::unpack(w, &names, xml),
            "rsc_colocation" => colocation::unpack(w, &names, xml),
            "rsc_order" => ordering::unpack(w, &names, xml),
            "rsc_ticket" => tickets::unpack(w, &names, xml),
            _ => {}
        }
    }
}
