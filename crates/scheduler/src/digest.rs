//! Whether an operation's parameters are still those it ran with.

use crate::actions::changes::compared_as;
use crate::unpack::history::Op;
use crate::unpack::operations::find_config;
use crate::unpack::values::{Facts, block, parameters};
use crate::world::{Flags, NodeIx, Resource, RscIx, World};
use cib::digest::{is_digested, lists, of_parameters};
use cib::version::feature_set;
use std::collections::BTreeMap;

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    /// Something changed that only a restart takes in.
    Restart,
    /// Something changed.
    Mismatch,
    /// Nothing to compare with was recorded.
    Unknown,
}

/// Compares an operation's recorded digests with the configuration, as far as it is public.
pub(crate) fn verdict(w: &World<'_>, rsc: RscIx, node: NodeIx, op: &Op<'_>) -> Verdict {
    let found = with_secrets(w, rsc, node, op);
    let all = current(w, rsc, node, compared_as(op).text(), op.interval);
    if found != Verdict::Same && only_secrets_differ(w, rsc, op, &all) {
        Verdict::Same
    } else {
        found
    }
}

/// Whether what is not secret has not changed. Documents are passed on with the secrets taken out.
fn only_secrets_differ(w: &World<'_>, rsc: RscIx, op: &Op<'_>, all: &Parameters) -> bool {
    op.xml.get("op-secure-digest").is_some_and(|recorded| {
        let hidden = op.xml.get("op-secure-params").unwrap_or_default();
        recorded == digest(&shown(w, rsc, feature_set(op.xml), all, |name| lists(hidden, name)))
    })
}

/// The parameters a secure digest is over.
fn shown(
    w: &World<'_>,
    rsc: RscIx,
    written_by: [u64; 3],
    all: &Parameters,
    hidden: impl Fn(&str) -> bool,
) -> Parameters {
    let written_by = if written_by == [0; 3] { feature_set(w.doc.root()) } else { written_by };
    let hides_ours = written_by < OURS_SECURED && w[rsc].is(Flags::FENCE_DEVICE);
    let mut shown = all.clone();
    shown.retain(|name, _| {
        let left_out = hidden(name) || (hides_ours && is_of_fencing(name));
        !left_out && name != "CRM_meta_timeout"
    });
    shown
}

/// Compares an operation's recorded digests with the configuration, secrets included.
pub(crate) fn with_secrets(w: &World<'_>, rsc: RscIx, node: NodeIx, op: &Op<'_>) -> Verdict {
    let task = compared_as(op).text();
    let all = current(w, rsc, node, task, op.interval);
    if let Some(recorded) = op.xml.get("op-restart-digest")
        && recorded != digest(&only(&all, op.xml.get("op-force-restart")))
    {
        return Verdict::Restart;
    }
    match op.xml.get("op-digest") {
        None => Verdict::Unknown,
        Some(recorded) if recorded == digest(&all) => Verdict::Same,
        Some(_) if op.interval == 0 && has_own_parameters(w, rsc, node, task) => Verdict::Restart,
        Some(_) => Verdict::Mismatch,
    }
}

type Parameters = BTreeMap<String, String>;

/// The parameters an operation would run with now.
fn current(w: &World<'_>, rsc: RscIx, node: NodeIx, task: &str, interval: u32) -> Parameters {
    let mut all = Parameters::new();
    for (name, value) in parameters(w, rsc, Some(node)) {
        all.insert(name.to_owned(), value.to_owned());
    }
    if let Some(op) = find_config(w, rsc, task, interval, true) {
        let facts = Facts { node: Some(node), ..Facts::of_operation(w[rsc].xml, task, interval) };
        for (name, value) in block(w, op, "instance_attributes", &facts) {
            all.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    // The timeout is counted in below, as it is for this operation.
    all.retain(|name, _| is_digested(name, 0));
    if interval > 0 {
        let timeout = crate::emit::meta::recurring_timeout(w, rsc, task, interval);
        all.insert("CRM_meta_timeout".to_owned(), timeout.to_string());
    }
    all
}

fn has_own_parameters(w: &World<'_>, rsc: RscIx, node: NodeIx, task: &str) -> bool {
    find_config(w, rsc, task, 0, true).is_some_and(|op| {
        let facts = Facts { node: Some(node), ..Facts::of_operation(w[rsc].xml, task, 0) };
        !block(w, op, "instance_attributes", &facts).is_empty()
    })
}

/// The parameters a change of which needs a restart; all, if the history does not say.
fn only(all: &Parameters, names: Option<&str>) -> Parameters {
    let Some(names) = names else { return all.clone() };
    all.iter()
        .filter(|(name, _)| lists(names, name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Parameters that are no part of a device's secure digest.
const SECRET: [&str; 3] = ["passwd", "password", "user"];
/// The first feature set whose secure digests have the fencer's own parameters of a device
/// (histories of the corpus).
const OURS_SECURED: [u64; 3] = [3, 16, 0];
/// Parameters the fencer reads itself, beside `pcmk_ACTION_action`, `_timeout` and `_retries` (man
/// page pacemaker-fenced).
const OF_FENCING: [&str; 9] = [
    "provides",
    "stonith-timeout",
    "pcmk_action_limit",
    "pcmk_delay_base",
    "pcmk_delay_max",
    "pcmk_host_argument",
    "pcmk_host_check",
    "pcmk_host_list",
    "pcmk_host_map",
];

/// Whether a device's parameter is for the fencer instead of the device's agent.
fn is_of_fencing(name: &str) -> bool {
    let of_action = |rest: &str| {
        let end = rest.split_once('_').map(|(_, end)| end);
        matches!(end, Some("action" | "timeout" | "retries"))
    };
    OF_FENCING.contains(&name) || name.strip_prefix("pcmk_").is_some_and(of_action)
}

/// The operation under whose name a device's parameters are digested for unfencing.
const UNFENCING: &str = "stonith-on";

/// One entry of a node's record of the devices that unfenced it.
fn entry(device: &Resource<'_>, parameters: &Parameters) -> String {
    format!("{}:{}:{},", device.id, device.agent, digest(parameters))
}

/// The devices that unfence, in the order in which their digests are written: the last first.
fn unfencing_devices(w: &World<'_>) -> Vec<RscIx> {
    let mut devices = Vec::new();
    for rsc in &w.top {
        gather(w, *rsc, &mut devices);
    }
    devices.reverse();
    devices
}

fn gather(w: &World<'_>, rsc: RscIx, devices: &mut Vec<RscIx>) {
    for child in &w[rsc].children {
        gather(w, *child, devices);
    }
    let unfences = w[rsc].is(Flags::FENCE_DEVICE) && w[rsc].meta("provides") == Some("unfencing");
    if unfences && w[rsc].is_primitive() {
        devices.push(rsc);
    }
}

/// What unfencing a node records there.
pub(crate) struct Unfencing {
    /// The devices with the digests of all their parameters.
    pub(crate) all: String,
    /// The same of the parameters that are not secret.
    pub(crate) secure: String,
    /// A device has changed since the node was unfenced.
    pub(crate) changed: bool,
}

/// The devices that unfence a node, compared with those that did.
pub(crate) fn unfencing(w: &World<'_>, node: NodeIx) -> Unfencing {
    let mut found = Unfencing { all: String::new(), secure: String::new(), changed: false };
    for device in unfencing_devices(w) {
        let all = current(w, device, node, UNFENCING, 0);
        let secret = |name: &str| SECRET.contains(&name);
        let secure = entry(&w[device], &shown(w, device, [0; 3], &all, secret));
        let all = entry(&w[device], &all);
        let recorded = |name: &str| w[node].attribute(name);
        found.changed |= recorded("#digests-all").is_some_and(|was| !was.contains(&all))
            && !recorded("#digests-secure").is_some_and(|was| was.contains(&secure));
        found.all.push_str(&all);
        found.secure.push_str(&secure);
    }
    found
}

/// The digest of parameters.
fn digest(parameters: &Parameters) -> String {
    of_parameters(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}
