//! Groups and clones: reads them and creates their members and instances.

use cib::value;
use cib::xml::Node;

use super::resources::{create, shared};
use crate::world::resource::{CloneKind, GroupKind};
use crate::world::{Flags, Kind, RscIx, World};

/// Reads a primitive, group, clone or bundle; none if the element is something else.
pub(crate) fn unpack_any<'d>(
    w: &mut World<'d>,
    node: Node<'d>,
    parent: Option<RscIx>,
    number: Option<i32>,
) -> Option<RscIx> {
    match node.name() {
        "primitive" => {
            let common = shared(w, node, parent);
            Some(create(w, node, &common, Kind::Primitive, parent, number))
        }
        "group" => Some(unpack_group(w, node, parent, number)),
        "clone" | "master" => unpack_clone(w, node, parent),
        "bundle" => super::bundles::unpack(w, node),
        _ => None,
    }
}

fn unpack_group<'d>(
    w: &mut World<'d>,
    node: Node<'d>,
    parent: Option<RscIx>,
    number: Option<i32>,
) -> RscIx {
    let common = shared(w, node, parent);
    let group = create(
        w,
        node,
        &common,
        Kind::Group(GroupKind { ordered: true, colocated: true }),
        parent,
        number,
    );
    let yes = |name: &str| w[group].meta(name).and_then(value::boolean).unwrap_or(true);
    let kind = GroupKind { ordered: yes("ordered"), colocated: yes("colocated") };
    w[group].kind = Kind::Group(kind);
    for member in node.children_named("primitive") {
        unpack_any(w, member, Some(group), number);
    }
    group
}

fn unpack_clone<'d>(w: &mut World<'d>, node: Node<'d>, parent: Option<RscIx>) -> Option<RscIx> {
    let inner = node.children().find(|child| child.is("primitive") || child.is("group"))?;
    let common = shared(w, node, parent);
    let promotable =
        node.is("master") || common.meta("promotable").and_then(value::boolean) == Some(true);
    let kind = CloneKind { promotable, ..CloneKind::default() };
    let clone = create(w, node, &common, Kind::Clone(Box::new(kind)), parent, None);
    let kind = clone_settings(w, clone, inner);
    let (max, unique) = (kind.max, kind.unique);
    w[clone].kind = Kind::Clone(Box::new(kind));
    w[clone].flags.put(Flags::UNIQUE, unique);
    for number in 0..max.max(1) {
        let instance = new_instance(w, clone, inner, number);
        if max == 0 {
            mark_removed(w, instance);
        }
    }
    Some(clone)
}

/// Classes of agents that know nothing of instances: what they run can only be anonymous.
const WITHOUT_INSTANCES: [&str; 4] = ["lsb", "service", "systemd", "upstart"];

/// Whether something cloned has an agent that cannot tell instances apart.
fn without_instances(inner: Node<'_>) -> bool {
    let all = inner.children_named("primitive").chain(inner.is("primitive").then_some(inner));
    let mut classes = all.filter_map(|primitive| primitive.get("class"));
    classes.any(|class| WITHOUT_INSTANCES.contains(&class))
}

fn clone_settings(w: &World<'_>, clone: RscIx, inner: Node<'_>) -> CloneKind {
    let rsc = &w[clone];
    let number = |name: &str| {
        let score = rsc.meta(name).and_then(value::Score::parse);
        score.map(|score| score.get().max(0))
    };
    let yes = |name: &str| rsc.meta(name).and_then(value::boolean);
    let node_max = number("clone-node-max").unwrap_or(1);
    let unique = yes("globally-unique").unwrap_or(node_max > 1) && !without_instances(inner);
    let promotable = rsc.is_promotable();
    CloneKind {
        max: number("clone-max").unwrap_or(listed_nodes(w)),
        node_max: if unique { node_max } else { node_max.min(1) },
        min: number("clone-min").unwrap_or(0),
        promoted_max: if promotable {
            number("promoted-max").or_else(|| number("master-max")).unwrap_or(1)
        } else {
            0
        },
        promoted_node_max: if promotable {
            number("promoted-node-max").or_else(|| number("master-node-max")).unwrap_or(1)
        } else {
            0
        },
        promotable,
        unique,
        interleave: yes("interleave").unwrap_or(false),
        ordered: yes("ordered").unwrap_or(false),
        total: 0,
    }
}

/// As many instances as there are nodes; a bundle's nodes count once the bundle has been read.
fn listed_nodes(w: &World<'_>) -> i32 {
    let listed = w.nodes.iter().filter(|node| node.listed).count();
    i32::try_from(listed).unwrap_or(i32::MAX).max(1)
}

/// Adds one instance to a clone.
pub(crate) fn new_instance<'d>(
    w: &mut World<'d>,
    clone: RscIx,
    inner: Node<'d>,
    number: i32,
) -> RscIx {
    let instance = unpack_any(w, inner, Some(clone), Some(number))
        .expect("a clone's inner element is a primitive or a group");
    if let Kind::Clone(kind) = &mut w[clone].kind {
        kind.total += 1;
    }
    instance
}

/// Adds an instance beyond those configured, for what was found running.
pub(crate) fn extra_instance(w: &mut World<'_>, clone: RscIx) -> Option<RscIx> {
    let first = *w[clone].children.first()?;
    let inner = w[first].xml;
    let number = w[clone].clone_kind()?.total;
    let instance = new_instance(w, clone, inner, number);
    mark_removed(w, instance);
    Some(instance)
}

fn mark_removed(w: &mut World<'_>, rsc: RscIx) {
    w[rsc].flags.set(Flags::REMOVED);
    for child in w[rsc].children.clone() {
        mark_removed(w, child);
    }
}
