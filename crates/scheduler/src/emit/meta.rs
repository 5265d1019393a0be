//! What an action in the graph says about itself: parameters, and meta-attributes under
//! `CRM_meta_`.

use std::collections::BTreeMap;

use cib::value;

use crate::unpack::expand::section;
use crate::unpack::operations::{find_config, on_fail_configured, promoted_monitor_on_fail};
use crate::unpack::values::{Facts, block, parameters};
use crate::world::{ActIx, Flags, Kind, NodeIx, RscIx, Task, World};

/// How long an operation may take that nobody gave a timeout, in ms.
const DEFAULT_TIMEOUT_MS: u64 = 20_000;

/// All attributes of an action.
pub(crate) fn attributes(w: &World<'_>, at: ActIx) -> BTreeMap<String, String> {
    let action = &w[at];
    let mut all = BTreeMap::new();
    if let Some(rsc) = action.rsc {
        if w[rsc].is_primitive() {
            for (name, value) in parameters(w, rsc, action.node) {
                all.insert(name.to_owned(), value.to_owned());
            }
            for (name, value) in operation_parameters(w, at, rsc) {
                all.entry(name).or_insert(value);
            }
        }
        for (name, value) in operation_meta(w, at, rsc) {
            all.insert(meta_name(&name), value);
        }
        of_collectives(w, rsc, &mut all);
    }
    if let Some(rc) = action.target_rc {
        all.insert("CRM_meta_op_target_rc".to_owned(), rc.to_string());
    }
    if action.task == Task::Fence {
        all.insert(
            "CRM_meta_stonith_action".to_owned(),
            action.verb.unwrap_or_default().to_owned(),
        );
        let delay = action.node.and_then(|node| crate::actions::fencing::delay(w, node));
        if let Some(delay) = delay {
            all.insert("CRM_meta_priority_fencing_delay".to_owned(), delay.to_string());
        }
        if let Some(node) = action.node.filter(|_| w.has_unfencing) {
            let found = crate::digest::unfencing(w, node);
            all.insert("CRM_meta_digests_all".to_owned(), found.all);
            all.insert("CRM_meta_digests_secure".to_owned(), found.secure);
        }
    }
    for (name, value) in &action.meta {
        all.insert((*name).to_owned(), value.clone());
    }
    let with_node = !action.pseudo() || action.task == Task::Fence;
    if let Some(node) = action.node.filter(|_| with_node) {
        all.insert("CRM_meta_on_node".to_owned(), w[node].name.to_owned());
        all.insert("CRM_meta_on_node_uuid".to_owned(), w[node].id.to_owned());
    }
    if let Some(node) = action.node.filter(|node| w[*node].is_guest() && action.rsc.is_some()) {
        on_guest(w, at, node, &mut all);
    }
    all
}

fn meta_name(name: &str) -> String {
    format!("CRM_meta_{}", name.replace('-', "_"))
}

/// The name and interval under which an action's operation is configured.
fn configured_as<'d>(w: &World<'d>, at: ActIx) -> (&'d str, u32) {
    match w[at].task {
        Task::Cancel => (w[at].verb.unwrap_or("monitor"), w[at].interval),
        Task::Notified => ("notify", 0),
        task => (task.text(), w[at].interval),
    }
}

fn operation_parameters(w: &World<'_>, at: ActIx, rsc: RscIx) -> Vec<(String, String)> {
    let (task, interval) = configured_as(w, at);
    let Some(op) = find_config(w, rsc, task, interval, true) else { return Vec::new() };
    let facts = Facts { node: w[at].node, ..Facts::of_operation(w[rsc].xml, task, interval) };
    let pairs = block(w, op, "instance_attributes", &facts);
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The meta table of an action's operation: its block, its element, the defaults.
fn operation_meta(w: &World<'_>, at: ActIx, rsc: RscIx) -> BTreeMap<String, String> {
    let (task, interval) = configured_as(w, at);
    let config = find_config(w, rsc, task, interval, true);
    let mut table = table(w, rsc, config, task, interval);
    table.remove("id");
    table.remove("interval");
    if w[at].interval > 0 && w[at].task != Task::Cancel {
        table.insert("interval".to_owned(), w[at].interval.to_string());
    }
    if w[at].task == Task::Stop && on_fail_configured(w, rsc, task, interval).is_none() {
        table.remove("on-fail");
    }
    if w[at].task == Task::LrmDelete {
        table.insert("on-fail".to_owned(), "ignore".to_owned());
    }
    if w[at].task == Task::Demote
        && let Some(text) = promoted_monitor_on_fail(w, rsc)
    {
        table.entry("on-fail".to_owned()).or_insert_with(|| text.to_owned());
    }
    let timeout = timeout(w, rsc, task, interval, table.get("timeout").map(String::as_str));
    table.insert("timeout".to_owned(), timeout.to_string());
    start_delay(w, &mut table, w[at].interval);
    table
}

/// What is written about an operation, as written.
fn table(
    w: &World<'_>,
    rsc: RscIx,
    config: Option<cib::xml::Node<'_>>,
    task: &str,
    interval: u32,
) -> BTreeMap<String, String> {
    let facts = Facts::of_operation(w[rsc].xml, task, interval);
    let mut table = BTreeMap::new();
    let mut add = |name: &str, value: &str| {
        table.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    };
    if let Some(op) = config {
        let op = w.doc.node(op.id());
        for (name, value) in block(w, op, "meta_attributes", &facts) {
            add(name, value);
        }
        for (name, value) in op.attributes() {
            add(name, value);
        }
    }
    if task == "monitor"
        && interval == 0
        && let Some(timeout) = most_frequent_monitor_timeout(w, rsc)
    {
        add("timeout", timeout);
    }
    if let Some(defaults) = section(w.doc, "op_defaults") {
        for (name, value) in block(w, w.doc.node(defaults), "meta_attributes", &facts) {
            add(name, value);
        }
    }
    table
}

/// A probe nobody wrote down takes the timeout of the most frequent monitor.
fn most_frequent_monitor_timeout<'d>(w: &World<'d>, rsc: RscIx) -> Option<&'d str> {
    let monitors = w[rsc].ops.iter().filter(|op| op.name == "monitor" && op.enabled);
    let op = monitors.filter(|op| op.interval > 0).min_by_key(|op| op.interval)?;
    let facts = Facts::of_operation(w[rsc].xml, "monitor", op.interval);
    let in_block = block(w, op.xml, "meta_attributes", &facts);
    let found = in_block.into_iter().find(|(name, _)| *name == "timeout").map(|(_, text)| text);
    found.or_else(|| op.xml.get("timeout"))
}

/// An operation's timeout in ms.
pub(crate) fn timeout(
    w: &World<'_>,
    rsc: RscIx,
    task: &str,
    interval: u32,
    written: Option<&str>,
) -> u64 {
    let of_device =
        w[rsc].is(Flags::FENCE_DEVICE) && (task == "start" || (task == "monitor" && interval == 0));
    if of_device {
        let found = parameters(w, rsc, None)
            .into_iter()
            .find(|(name, _)| *name == "pcmk_monitor_timeout")
            .and_then(|(_, text)| value::interval_ms(text));
        if let Some(ms) = found {
            return ms;
        }
    }
    written.and_then(value::interval_ms).unwrap_or(DEFAULT_TIMEOUT_MS)
}

/// The timeout of a recurring operation, as digests of it count it.
pub(crate) fn recurring_timeout(w: &World<'_>, rsc: RscIx, task: &str, interval: u32) -> u64 {
    let config = find_config(w, rsc, task, interval, true);
    let table = table(w, rsc, config, task, interval);
    timeout(w, rsc, task, interval, table.get("timeout").map(String::as_str))
}

fn start_delay(w: &World<'_>, table: &mut BTreeMap<String, String>, interval: u32) {
    if let Some(delay) = table.get("start-delay").and_then(|text| value::interval_ms(text)) {
        table.insert("start-delay".to_owned(), delay.to_string());
        return;
    }
    let Some(origin) = table.get("interval-origin") else { return };
    if interval == 0 {
        return;
    }
    if let Some(delay) = crate::unpack::values::origin_delay_ms(origin, interval, w.now) {
        table.insert("start-delay".to_owned(), delay.to_string());
    }
}

/// What clones around a resource add.
fn of_collectives(w: &World<'_>, rsc: RscIx, all: &mut BTreeMap<String, String>) {
    let mut inner = None;
    let mut at = Some(rsc);
    while let Some(one) = at {
        if let Kind::Clone(clone) = &w[one].kind {
            let mut put = |name: &str, value: String| {
                all.insert(format!("CRM_meta_{name}"), value);
            };
            if let Some(number) = inner.filter(|_| w[rsc].is_primitive()) {
                put("clone", i32::to_string(&number));
            }
            put("clone_max", clone.max.to_string());
            put("clone_node_max", clone.node_max.to_string());
            put("globally_unique", clone.unique.to_string());
            put("notify", w[one].is(Flags::NOTIFY).to_string());
            if clone.promotable {
                for name in ["promoted_max", "master_max"] {
                    put(name, clone.promoted_max.to_string());
                }
                for name in ["promoted_node_max", "master_node_max"] {
                    put(name, clone.promoted_node_max.to_string());
                }
            }
        }
        inner = Some(w[one].number);
        at = w[one].parent;
    }
    if let Some(container) = w[rsc].container.filter(|_| w[rsc].is_primitive()) {
        all.insert("CRM_meta_container".to_owned(), w[container].id.clone());
    }
    if let Some(address) = w.address_outside(rsc) {
        all.insert("pcmk_external_ip".to_owned(), address.to_owned());
    }
    if let Some(remote) = w[rsc].meta("remote-node") {
        all.insert("CRM_meta_remote_node".to_owned(), remote.to_owned());
    }
}

/// What an agent on a guest is told about the guest's host.
fn on_guest(w: &World<'_>, at: ActIx, node: NodeIx, all: &mut BTreeMap<String, String>) {
    let Some(container) = w[node].container else { return };
    let told = all.get("CRM_meta_notify_key_operation").map(String::as_str);
    let host = match told.filter(|_| w[at].task == Task::Notify).unwrap_or(w[at].task.text()) {
        "stop" | "stopped" | "demote" | "demoted" | "stonith" => {
            crate::actions::primitive::current(w, container)
        }
        "start" | "started" | "running" | "monitor" | "promote" | "promoted" => {
            w[container].assigned
        }
        _ => None,
    };
    let Some(host) = host else { return };
    if let Some(target) = w[at].rsc.and_then(|rsc| w[rsc].meta("container-attribute-target")) {
        all.insert("CRM_meta_container_attribute_target".to_owned(), target.to_owned());
    }
    all.insert("CRM_meta_physical_host".to_owned(), w[host].name.to_owned());
}

/// The cluster node that passes an action on to a remote one.
pub(crate) fn router<'d>(w: &World<'d>, at: ActIx, node: NodeIx) -> Option<&'d str> {
    let connection = w[node].connection.filter(|_| w[node].is_remote())?;
    if w[at].task == Task::Fence {
        return None;
    }
    let current = w[connection].active.first().copied();
    let next = w[connection].assigned;
    let down = matches!(
        w[at].task,
        Task::Stop | Task::Demote | Task::Cancel | Task::MigrateTo | Task::MigrateFrom
    );
    let host = if down { current.or(next) } else { next.or(current) };
    host.map(|host| w[host].name)
}
