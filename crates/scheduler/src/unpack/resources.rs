//! Resources: reads the `resources` section into the world.

use std::collections::BTreeMap;
use std::rc::Rc;

use cib::value::{self, Role, Score};
use cib::xml::Node;

use super::values::{Facts, block};
use crate::unpack::expand::section;
use crate::world::resource::{MultipleActive, OpConfig, Values};
use crate::world::{Flags, Kind, NodeIx, Requires, Resource, RscIx, Table, World};

/// Reads all configured resources; the list is sorted by priority.
pub(crate) fn unpack(w: &mut World<'_>) {
    let doc = w.doc;
    let Some(resources) = section(doc, "resources") else { return };
    note_fence_devices(w);
    for node in doc.node(resources).children() {
        if let Some(rsc) = super::collectives::unpack_any(w, node, None, None) {
            w.top.push(rsc);
        }
    }
    let mut top = std::mem::take(&mut w.top);
    top.sort_by_key(|rsc| std::cmp::Reverse(w[*rsc].priority));
    w.top = top;
    link_containers(w);
}

/// Whether there is something that can fence or unfence decides what resources require.
fn note_fence_devices(w: &mut World<'_>) {
    w.has_fence_device = w.options.watchdog;
    let Some(resources) = section(w.doc, "resources") else { return };
    for node in w.doc.node(resources).descendants() {
        if node.is("primitive") && node.get("class") == Some("stonith") {
            w.has_fence_device = true;
            let provides = block(w, node, "meta_attributes", &Facts::default())
                .iter()
                .any(|(name, value)| *name == "provides" && *value == "unfencing");
            w.has_unfencing |= provides;
        }
    }
}

fn link_containers(w: &mut World<'_>) {
    for at in 0..w.resources.len() {
        let rsc = RscIx(at as u32);
        let container = w[rsc].meta("container").and_then(|id| w.names.get(id)).copied();
        if let Some(container) = container.filter(|other| *other != rsc) {
            link_container(w, rsc, container);
        }
    }
}

/// Notes that a resource is inside another; if it is a guest's connection, so is the guest.
pub(crate) fn link_container(w: &mut World<'_>, rsc: RscIx, container: RscIx) {
    w[rsc].container = Some(container);
    w[container].fillers.push(rsc);
    if let Some(node) = w[rsc].remote_node {
        w[node].container = Some(container);
    }
}

/// The meta-attributes of a resource: its own attributes, its blocks, its parents' blocks, the
/// defaults, its parent's table; the first hit wins.
fn meta_table<'d>(w: &World<'d>, node: Node<'d>, parent: Option<RscIx>) -> Values<'d> {
    let facts = Facts::of_resource(node);
    let mut table: BTreeMap<&str, &str> = BTreeMap::new();
    let mut add = |pairs: Vec<(&'d str, &'d str)>| {
        for (name, value) in pairs {
            table.entry(name).or_insert(value);
        }
    };
    add(node.attributes().collect());
    add(block(w, node, "meta_attributes", &facts));
    let mut ancestor = parent;
    while let Some(up) = ancestor {
        add(block(w, w[up].xml, "meta_attributes", &facts));
        ancestor = w[up].parent;
    }
    if let Some(defaults) = section(w.doc, "rsc_defaults") {
        add(block(w, w.doc.node(defaults), "meta_attributes", &facts));
    }
    if let Some(up) = parent {
        add(w[up].meta.to_vec());
    }
    if matches!(node.name(), "clone" | "master") {
        table.entry("resource-stickiness").or_insert("1");
    }
    Rc::new(table.into_iter().collect())
}

/// What many instances of one configured resource share.
#[derive(Clone)]
pub(crate) struct Shared<'d> {
    meta: Values<'d>,
    ops: Rc<Vec<OpConfig<'d>>>,
    utilization: Vec<(&'d str, i64)>,
}

impl<'d> Shared<'d> {
    /// A meta-attribute's value.
    pub(crate) fn meta(&self, name: &str) -> Option<&'d str> {
        let at = self.meta.binary_search_by(|(have, _)| (*have).cmp(name)).ok()?;
        self.meta.get(at).map(|(_, value)| *value)
    }
}

/// Reads what instances share.
pub(crate) fn shared<'d>(w: &World<'d>, node: Node<'d>, parent: Option<RscIx>) -> Shared<'d> {
    let utilization = block(w, node, "utilization", &Facts::of_resource(node))
        .into_iter()
        .map(|(name, value)| (name, super::values::capacity(value)))
        .collect();
    Shared { meta: meta_table(w, node, parent), ops: Rc::new(operations(node)), utilization }
}

/// Adds a resource to the world. `number` is the instance's in a clone.
pub(crate) fn create<'d>(
    w: &mut World<'d>,
    node: Node<'d>,
    shared: &Shared<'d>,
    kind: Kind,
    parent: Option<RscIx>,
    number: Option<i32>,
) -> RscIx {
    let base = node.get("id").unwrap_or_default();
    let id = number.map_or_else(|| base.to_owned(), |n| format!("{base}:{n}"));
    let meta = shared.meta.clone();
    let get =
        |name: &str| meta.binary_search_by(|(have, _)| (*have).cmp(name)).ok().map(|at| meta[at].1);
    let score = |name: &str| get(name).and_then(|text| w.options.score(text));
    let yes = |name: &str| get(name).and_then(value::boolean);
    let class = node.get("class").unwrap_or_default();
    let agent = node.get("type").unwrap_or_default();
    let connection =
        class == "ocf" && agent == "remote" && node.get("provider") == Some("pacemaker");
    let fence_device = class == "stonith";
    let allowed = if w.options.symmetric || (connection && get("container").is_some()) {
        Table::where_listed(&w.nodes)
    } else {
        Table::none(w.nodes.len())
    };
    let mut flags = Flags::default();
    flags.set(Flags::UNASSIGNED);
    let maintenance = w.options.maintenance || yes("maintenance").unwrap_or(false);
    flags.put(Flags::MAINTENANCE, maintenance);
    flags.put(Flags::MANAGED, !maintenance && yes("is-managed").unwrap_or(true));
    flags.put(Flags::CRITICAL, yes("critical").unwrap_or(true));
    flags.put(Flags::FENCE_DEVICE, fence_device);
    flags.put(Flags::CONNECTION, connection);
    flags.put(Flags::NOTIFY, yes("notify").unwrap_or(false));
    flags.put(Flags::ALLOW_UNHEALTHY, yes("allow-unhealthy-nodes").unwrap_or(false));
    flags.put(Flags::IMPLICIT, yes("internal_rsc").unwrap_or(false));
    let migratable = yes("allow-migrate").unwrap_or(connection && get("container").is_none());
    flags.put(Flags::MIGRATABLE, migratable);
    flags.put(Flags::UNIQUE, parent.is_none_or(|up| unique_below(w, up)));
    let rsc = Resource {
        base,
        history_id: None,
        xml: node,
        class,
        provider: node.get("provider"),
        agent,
        parent,
        children: Vec::new(),
        number: number.unwrap_or(0),
        flags,
        priority: score("priority").unwrap_or(Score::ZERO),
        promotion: score("priority").unwrap_or(Score::ZERO),
        stickiness: score("resource-stickiness").unwrap_or(Score::ZERO),
        target_role: target_role(w, parent, &kind, get("target-role")),
        role_reason: None,
        migration_threshold: score("migration-threshold").unwrap_or(Score::INF),
        failure_timeout: super::seconds(
            get("failure-timeout").and_then(value::interval_ms).unwrap_or(0),
        ),
        multiple_active: match get("multiple-active") {
            Some("stop_only") => MultipleActive::StopOnly,
            Some("block") => MultipleActive::Block,
            Some("stop_unexpected") => MultipleActive::StopUnexpected,
            _ => MultipleActive::StopStart,
        },
        requires: requires(w, get("requires"), fence_device, connection),
        ops: shared.ops.clone(),
        container: None,
        fillers: Vec::new(),
        remote_node: None,
        role: Role::Stopped,
        next_role: Role::Unknown,
        sort_index: score("priority").unwrap_or(Score::ZERO),
        active: Vec::new(),
        known: Vec::new(),
        dangling: Vec::new(),
        partial_source: None,
        partial_target: None,
        pending: None,
        pending_monitor: false,
        lock_node: None,
        lock_time: 0,
        allowed,
        discovery: Vec::new(),
        assigned: None,
        counts: Vec::new(),
        this_with: Vec::new(),
        with_this: Vec::new(),
        locations: Vec::new(),
        tickets: Vec::new(),
        actions: Vec::new(),
        utilization: shared.utilization.clone(),
        meta,
        kind,
        id,
    };
    add(w, rsc)
}

/// Puts a resource into the array and under its names.
fn add<'d>(w: &mut World<'d>, mut rsc: Resource<'d>) -> RscIx {
    let at = RscIx(w.resources.len() as u32);
    rsc.next_role = rsc.target_role;
    if let Some(parent) = rsc.parent {
        w[parent].children.push(at);
    }
    if rsc.is(Flags::CONNECTION) {
        let node = w.nodes.iter().position(|node| node.is_remote() && node.name == rsc.id);
        if let Some(node) = node {
            rsc.remote_node = Some(NodeIx(node as u32));
            w.nodes[node].connection = Some(at);
        }
    }
    w.names.entry(rsc.id.clone()).or_insert(at);
    w.resources.push(rsc);
    // A connection waits for its failure to expire: that is how the reconnect interval is kept.
    if let Some(ms) = super::operations::reconnect_interval_ms(w, at) {
        w[at].failure_timeout = super::seconds(ms);
    }
    at
}

/// Whether resources below this one count as unique.
fn unique_below(w: &World<'_>, up: RscIx) -> bool {
    w[up].clone_kind().map_or_else(|| w[up].is(Flags::UNIQUE), |kind| kind.unique)
}

fn target_role(w: &World<'_>, parent: Option<RscIx>, kind: &Kind, text: Option<&str>) -> Role {
    let promotable = matches!(kind, Kind::Clone(kind) if kind.promotable)
        || std::iter::successors(parent, |up| w[*up].parent).any(|up| w[up].is_promotable());
    match text.and_then(Role::parse) {
        Some(Role::Stopped) => Role::Stopped,
        Some(Role::Unpromoted) if promotable => Role::Unpromoted,
        _ => Role::Unknown,
    }
}

fn requires(w: &World<'_>, text: Option<&str>, fence_device: bool, connection: bool) -> Requires {
    let default = if fence_device || connection {
        Requires::Quorum
    } else if w.has_unfencing {
        Requires::Unfencing
    } else if w.options.fencing {
        Requires::Fencing
    } else if w.options.no_quorum == super::options::NoQuorum::Ignore {
        Requires::Nothing
    } else {
        Requires::Quorum
    };
    match text {
        Some("nothing") => Requires::Nothing,
        Some("fencing") if w.options.fencing => Requires::Fencing,
        Some("unfencing") if w.options.fencing && !fence_device => Requires::Unfencing,
        Some("quorum" | "fencing" | "unfencing") => Requires::Quorum,
        _ => default,
    }
}

/// The configured operations; those that share a name and an interval are all duplicates.
fn operations(node: Node<'_>) -> Vec<OpConfig<'_>> {
    let mut ops: Vec<OpConfig<'_>> = Vec::new();
    for xml in node.children_named("operations").flat_map(|ops| ops.children_named("op")) {
        let Some(name) = xml.get("name") else { continue };
        let interval = xml.get("interval").and_then(value::interval_ms).unwrap_or(0);
        let interval = u32::try_from(interval).unwrap_or(u32::MAX);
        let same = |op: &&mut OpConfig<'_>| op.name == name && op.interval == interval;
        let duplicate = ops.iter_mut().filter(same).map(|op| op.duplicate = true).count() > 0;
        ops.push(OpConfig {
            xml,
            name,
            interval,
            role: xml.get("role").and_then(Role::parse).unwrap_or(Role::Unknown),
            enabled: xml.get("enabled").and_then(value::boolean).unwrap_or(true),
            duplicate,
        });
    }
    ops
}
