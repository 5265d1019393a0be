//! From actions to the transition graph.

pub(crate) mod inputs;
pub(crate) mod meta;

use std::collections::BTreeMap;

use crate::graph::{self, ActionId, Graph, OnNode, Settings, Span, Synapse};
use crate::world::{ActFlags, ActIx, Flags, Kind, NodeInfo, NodeIx, RscIx, Task, World};

/// Writes all actions that are to be done into a graph.
pub(crate) fn graph(w: &mut World<'_>) -> Graph {
    crate::actions::notify::create_all(w);
    if w.nodes.iter().any(maintenance_changed) {
        let action = crate::actions::named(w, MAINTENANCE);
        w[action].flags.clear(ActFlags::OPTIONAL);
    }
    let settings = Settings {
        cluster_delay: w.options.cluster_delay.to_owned(),
        fencing_timeout: w.options.fencing_timeout.to_owned(),
        start_failure_is_fatal: w.options.start_failure_fatal,
        batch_limit: Some(w.options.batch_limit.to_owned()),
        transition_id: 1,
        migration_limit: w.options.migration_limit.map(str::to_owned),
        recheck_by: w.recheck.get(),
    };
    let mut emitter = Emitter {
        graph: Graph::new(settings),
        primitives: BTreeMap::new(),
        done: vec![false; w.actions.len()],
    };
    for rsc in w.top.clone() {
        emitter.resource(w, rsc);
    }
    for at in (0..w.actions.len() as u32).rev().map(ActIx) {
        emitter.action(w, at);
    }
    emitter.graph
}

struct Emitter {
    graph: Graph,
    primitives: BTreeMap<RscIx, graph::PrimitiveId>,
    done: Vec<bool>,
}

impl Emitter {
    fn resource(&mut self, w: &mut World<'_>, rsc: RscIx) {
        match w[rsc].kind {
            Kind::Primitive => self.own_actions(w, rsc),
            Kind::Group(_) => {
                self.own_actions(w, rsc);
                for child in w[rsc].children.clone() {
                    self.resource(w, child);
                }
            }
            Kind::Bundle(ref bundle) => {
                let mut parts: Vec<Option<RscIx>> = vec![bundle.child];
                for replica in &bundle.replicas {
                    parts.extend([replica.ip, Some(replica.container), replica.remote]);
                }
                for part in parts.into_iter().flatten() {
                    self.resource(w, part);
                }
            }
            Kind::Clone(_) => {
                for child in w[rsc].children.clone() {
                    self.resource(w, child);
                }
                self.own_actions(w, rsc);
            }
        }
    }

    fn own_actions(&mut self, w: &mut World<'_>, rsc: RscIx) {
        for action in w[rsc].actions.clone().into_iter().rev() {
            self.action(w, action);
        }
    }

    fn action(&mut self, w: &mut World<'_>, at: ActIx) {
        let seen = self.done.get(at.0 as usize).copied().unwrap_or(true);
        if seen || !emitted(w, at) {
            return;
        }
        self.done[at.0 as usize] = true;
        let inputs = inputs::of(w, at);
        let action = self.element(w, at);
        let inputs = self.graph.inputs(inputs.into_iter().map(|at| ActionId(at.0 + 1)));
        let of_resource = w[at].rsc.map_or(0, |rsc| w[rsc].priority.get());
        let priority = of_resource.max(w[at].priority).max(0);
        self.graph.push(Synapse { priority, action, inputs });
    }

    fn element(&mut self, w: &World<'_>, at: ActIx) -> graph::Action {
        let action = &w[at];
        let kind = kind(action.task, action.pseudo());
        let operation = match action.task {
            Task::Point => action.name.as_deref().unwrap_or_default(),
            task => task.text(),
        };
        let key = key_of(w, at, false);
        let internal = key_differs(w, at).then(|| key_of(w, at, true));
        let with_node = !action.pseudo() || action.task == Task::Fence;
        let node = action.node.filter(|_| with_node);
        let primitive = match action.rsc {
            Some(rsc) if !action.pseudo() => Some(self.primitive(w, rsc)),
            _ => None,
        };
        let pairs = meta::attributes(w, at);
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (self.graph.text(name), self.graph.text(value)))
            .collect();
        let attributes = self.graph.attributes(pairs);
        let downed = self.downed(w, at);
        graph::Action {
            id: ActionId(at.0 + 1),
            kind,
            operation: self.graph.text(operation),
            key: self.graph.text(&key),
            internal_key: internal.map(|key| self.graph.text(&key)),
            node: node.map(|node| self.on_node(w, node)),
            router: node.and_then(|node| meta::router(w, at, node)).map(|n| self.graph.text(n)),
            shutdown_lock: lock(w, at),
            cib_only: action.task == Task::LrmDelete,
            primitive,
            attributes,
            downed,
            maintenance: self.maintenance(w, at),
        }
    }

    /// What the event about remote nodes' maintenance tells.
    fn maintenance(&mut self, w: &World<'_>, at: ActIx) -> Span {
        if w[at].name.as_deref() != Some(MAINTENANCE) {
            return Span::default();
        }
        let nodes = w.nodes.iter().filter(|node| maintenance_changed(node));
        let told: Vec<_> = nodes.map(|node| (self.graph.text(node.id), node.maintenance)).collect();
        self.graph.maintenance(told)
    }

    fn on_node(&mut self, w: &World<'_>, node: NodeIx) -> OnNode {
        OnNode { name: self.graph.text(w[node].name), id: self.graph.text(w[node].id) }
    }

    fn primitive(&mut self, w: &World<'_>, rsc: RscIx) -> graph::PrimitiveId {
        if let Some(id) = self.primitives.get(&rsc) {
            return *id;
        }
        let resource = &w[rsc];
        let own = resource.id.as_str();
        let (id, long) = if resource.is(Flags::REMOVED) && resource.history_id.is_some() {
            (resource.history_name(), Some(own))
        } else if resource.is(Flags::UNIQUE) {
            (own, None)
        } else {
            let long = resource.history_id.filter(|name| *name != resource.base).unwrap_or(own);
            (resource.base, Some(long))
        };
        let primitive = graph::Primitive {
            id: self.graph.text(id),
            long_id: long.map(|long| self.graph.text(long)),
            class: self.graph.text(resource.class),
            provider: resource.provider.map(|provider| self.graph.text(provider)),
            agent: self.graph.text(resource.agent),
        };
        let id = self.graph.primitive(primitive);
        self.primitives.insert(rsc, id);
        id
    }

    /// The nodes an action takes down.
    fn downed(&mut self, w: &World<'_>, at: ActIx) -> Span {
        let action = &w[at];
        let mut nodes: Vec<NodeIx> = Vec::new();
        match (action.task, action.node, action.rsc) {
            (Task::Shutdown, Some(node), _) => nodes.push(node),
            (Task::Fence, Some(node), _) if action.verb != Some("on") => {
                nodes.push(node);
                let guests = (0..w.nodes.len() as u32).map(NodeIx).filter(|guest| {
                    w[*guest].is_guest()
                        && w[*guest]
                            .container
                            .is_some_and(|container| w[container].active.contains(&node))
                });
                nodes.extend(guests);
            }
            (Task::Stop, _, Some(rsc)) if !action.pseudo() => {
                let migrating = action.before.iter().any(|edge| {
                    w[edge.other].rsc == Some(rsc) && w[edge.other].task == Task::MigrateFrom
                });
                nodes.extend(w[rsc].remote_node.filter(|_| !migrating));
            }
            _ => {}
        }
        let ids: Vec<_> = nodes.into_iter().map(|node| self.graph.text(w[node].id)).collect();
        self.graph.downed(ids)
    }
}

/// The event that tells remote nodes' maintenance state.
const MAINTENANCE: &str = "maintenance_nodes";

/// Whether a remote node's maintenance state is not the recorded one.
fn maintenance_changed(node: &NodeInfo<'_>) -> bool {
    node.is_remote() && node.connection.is_some() && node.maintenance != node.remote_maintenance
}

fn kind(task: Task, pseudo: bool) -> graph::Kind {
    if pseudo {
        return graph::Kind::Pseudo;
    }
    match task {
        Task::Fence | Task::Shutdown | Task::ClearFailcount | Task::LrmDelete => {
            graph::Kind::Cluster
        }
        _ => graph::Kind::Resource,
    }
}

/// When the lock was taken under which an action of a locked resource happens.
fn lock(w: &World<'_>, at: ActIx) -> Option<i64> {
    let rsc = w[at].rsc?;
    let node = w[rsc].lock_node.filter(|node| w[at].node == Some(*node))?;
    (!w[node].shutdown || w[at].task == Task::Stop).then_some(w[rsc].lock_time)
}

fn key_differs(w: &World<'_>, at: ActIx) -> bool {
    let rsc = w[at].rsc;
    rsc.is_some_and(|rsc| w[rsc].history_id.is_some_and(|name| name != w[rsc].id))
}

/// An action's key: with the resource's own name, or with the one the operation history has.
fn key_of(w: &World<'_>, at: ActIx, own: bool) -> String {
    let action = &w[at];
    let name = action.name.as_deref().unwrap_or_default();
    let Some(rsc) = action.rsc else { return name.to_owned() };
    let shown = if own { &w[rsc].id } else { w[rsc].history_name() };
    if !own && key_differs(w, at) && matches!(action.task, Task::Notify | Task::Notified) {
        return notification_key(w, at, shown);
    }
    if let Some(rest) = action.name.as_ref().map(|name| name.strip_prefix(w[rsc].id.as_str())) {
        return rest.map_or_else(|| name.to_owned(), |rest| format!("{shown}{rest}"));
    }
    let task = match action.task {
        Task::Cancel => action.verb.unwrap_or("monitor"),
        task => task.text(),
    };
    format!("{shown}_{task}_{}", action.interval)
}

/// The key of an instance's notification under the name the history has: it says what it is about,
/// not what was waited for.
fn notification_key(w: &World<'_>, at: ActIx, shown: &str) -> String {
    if w[at].task == Task::Notified {
        return format!("{shown}_notified_0");
    }
    let said = |name: &str| w[at].meta.iter().find(|(have, _)| *have == name);
    let text = |name: &str| said(name).map_or("", |(_, text)| text.as_str());
    let (when, what) = (text("CRM_meta_notify_type"), text("CRM_meta_notify_operation"));
    format!("{shown}_{when}_notify_{what}_0")
}

/// Whether an action is in the graph at all.
pub(crate) fn emitted(w: &World<'_>, at: ActIx) -> bool {
    let action = &w[at];
    if !action.runnable() || (action.optional() && !action.is(ActFlags::FORCED)) {
        return false;
    }
    let unmanaged = action.rsc.is_some_and(|rsc| !w[rsc].is(Flags::MANAGED));
    if unmanaged && action.task != Task::Monitor && action.interval == 0 {
        return false;
    }
    if action.pseudo() || matches!(action.task, Task::Fence | Task::Shutdown) {
        return true;
    }
    let Some(node) = action.node else { return false };
    if action.task == Task::LrmDelete {
        return true;
    }
    if w[node].is_guest() && !w[node].reset_needed {
        return true;
    }
    w[node].online && !w[node].unclean
}
