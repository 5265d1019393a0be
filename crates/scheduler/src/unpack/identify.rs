//! Whose history an entry is: finds the resource, the right instance of a clone, or makes up a
//! resource that is not configured any more.

use cib::value::Score;
use cib::xml::Node;

use super::collectives::extra_instance;
use super::failcount::base_name;
use crate::trace::{Cause, during};
use crate::world::{Flags, Kind, NodeIx, Requires, RscIx, World};

/// The resource a history entry on a node is about.
pub(crate) fn find(w: &mut World<'_>, node: NodeIx, id: &str) -> Option<RscIx> {
    let exact = w.names.get(id).copied();
    let mut found = match exact {
        Some(rsc) if !w[rsc].is_primitive() => return None,
        Some(rsc) => Some(rsc),
        None => {
            let first = w.names.get(&format!("{}:0", base_name(id))).copied();
            first.filter(|rsc| w[*rsc].is_primitive() && !w[*rsc].is(Flags::UNIQUE))
        }
    };
    let top = found.map(|rsc| super::operations::top(w, rsc));
    if let Some(clone) = top.filter(|top| anonymous(w, *top)) {
        found = match w[clone].parent {
            Some(bundle) => bundled(w, bundle, node),
            None => Some(instance(w, clone, base_name(id), node)?),
        };
    }
    let rsc = found?;
    if id != w[rsc].id && Some(id) != w[rsc].history_id {
        let recorded = w[node].state.and_then(|state| recorded_id(state, id));
        w[rsc].history_id = recorded;
    }
    Some(rsc)
}

/// The id as it stands in the document.
fn recorded_id<'d>(state: Node<'d>, id: &str) -> Option<&'d str> {
    let resources = state.child("lrm")?.child("lrm_resources")?;
    resources
        .children_named("lrm_resource")
        .filter_map(|rsc| rsc.get("id"))
        .find(|have| *have == id)
}

fn anonymous(w: &World<'_>, rsc: RscIx) -> bool {
    w[rsc].clone_kind().is_some_and(|kind| !kind.unique)
}

/// The bundled instance whose replica is this node.
fn bundled(w: &World<'_>, bundle: RscIx, node: NodeIx) -> Option<RscIx> {
    match &w[bundle].kind {
        Kind::Bundle(kind) => {
            kind.replicas.iter().find(|one| one.node == Some(node)).and_then(|one| one.child)
        }
        _ => None,
    }
}

/// The member of an instance that has a configured id.
fn member(w: &World<'_>, instance: RscIx, base: &str) -> Option<RscIx> {
    if w[instance].base == base && w[instance].is_primitive() {
        return Some(instance);
    }
    w[instance].children.iter().find_map(|child| member(w, *child, base))
}

/// Which instance of an anonymous clone an entry on a node is about: the one active there, else
/// one that is active nowhere, else a new one.
fn instance(w: &mut World<'_>, clone: RscIx, base: &str, node: NodeIx) -> Option<RscIx> {
    let mut found = None;
    let mut inactive = None;
    let mut only_active = false;
    for child in w[clone].children.clone() {
        let places = places(w, child);
        if places.first() == Some(&node) {
            found = member(w, child, base);
            if found.is_some_and(|rsc| !w[rsc].active.is_empty()) {
                only_active = true;
                found = None;
            }
        } else if places.is_empty()
            && !only_active
            && inactive.is_none()
            && !w[child].is(Flags::BLOCKED)
        {
            inactive = member(w, child, base);
            let elsewhere =
                inactive.and_then(|rsc| w[rsc].pending).is_some_and(|(_, pending)| pending != node);
            if elsewhere {
                inactive = None;
            }
        }
        if found.is_some() {
            break;
        }
    }
    if found.is_none() && !only_active {
        found = inactive;
    }
    let needs_fencing =
        |rsc: RscIx| matches!(w[rsc].requires, Requires::Fencing | Requires::Unfencing);
    let lost = !w[node].online || w[node].unclean;
    let universal =
        w[clone].clone_kind().is_some_and(|kind| usize::try_from(kind.max) == Ok(w.nodes.len()));
    if found.is_some_and(|rsc| !needs_fencing(rsc) && lost && !w[node].is_guest() && !universal) {
        found = None;
    }
    found.or_else(|| {
        let extra = extra_instance(w, clone)?;
        member(w, extra, base)
    })
}

/// Where an instance is active, or pending.
fn places(w: &World<'_>, rsc: RscIx) -> Vec<NodeIx> {
    if w[rsc].is_primitive() {
        let mut nodes = w[rsc].active.clone();
        if let Some((_, node)) = w[rsc].pending.filter(|(_, node)| !nodes.contains(node)) {
            nodes.push(node);
        }
        return nodes;
    }
    let mut nodes = Vec::new();
    for child in &w[rsc].children {
        for node in places(w, *child) {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
    }
    nodes
}

/// A resource that is known only by its history.
pub(crate) fn create_removed<'d>(w: &mut World<'d>, _node: NodeIx, xml: Node<'d>) -> Option<RscIx> {
    xml.get("id")?;
    xml.get("class")?;
    xml.get("type")?;
    let common = super::resources::shared(w, xml, None);
    let rsc = super::resources::create(w, xml, &common, Kind::Primitive, None, None);
    w.top.push(rsc);
    w[rsc].flags.set(Flags::REMOVED);
    if let Some(remote) = w[rsc].remote_node {
        w[remote].leftover = false;
        w[remote].shutdown = true;
    }
    if w.options.stop_removed {
        during(w, Cause::Removed, |w| super::state::locate(w, rsc, None, Score::NEG_INF));
    } else {
        w[rsc].flags.clear(Flags::MANAGED);
    }
    Some(rsc)
}
