//! Whether an operation's parameters are still those it ran with.

use crate::actions::changes::compared_as;
use crate::unpack::history::Op;
use crate::unpack::operations::find_config;
use crate::unpack::values::{Facts, block, parameters};
use crate::world::{Flags, NodeIx, RscIx, World};
use cib::digest::{is_digested, lists, of_parameters};
use std::collections::BTreeMap;
use std::fmt::Write as _;

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

/// Whether the public parameters are those of the recorded secure digest. What differs then is a
/// secret, which files that are simulated do not tell. What the cluster itself reads of a fence
/// device's parameters is not part of it.
fn only_secrets_differ(w: &World<'_>, rsc: RscIx, op: &Op<'_>, all: &Parameters) -> bool {
    let secrets = op.xml.get("op-secure-params").unwrap_or_default();
    let device = w[rsc].is(Flags::FENCE_DEVICE);
    let mut public = all.clone();
    public.retain(|name, _| {
        let own = name.starts_with("CRM_meta_") || (device && name.starts_with("pcmk_"));
        !own && !lists(secrets, name)
    });
    op.xml.get("op-secure-digest").is_some_and(|recorded| recorded == digest(&public))
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

/// The devices that unfence, each with the digest of its parameters.
pub(crate) fn unfencing_devices(w: &World<'_>, node: NodeIx, secure: bool) -> String {
    let mut text = String::new();
    for (at, rsc) in w.resources.iter().enumerate() {
        let unfences = rsc.is(Flags::FENCE_DEVICE) && rsc.meta("provides") == Some("unfencing");
        if !unfences || !rsc.is_primitive() {
            continue;
        }
        let mut all = current(w, RscIx(at as u32), node, "start", 0);
        if secure {
            all.retain(|name, _| !SECRET.contains(&name.as_str()));
        }
        let _ = write!(text, "{}:{}:{},", rsc.id, rsc.agent, digest(&all));
    }
    text
}

/// The digest of parameters.
fn digest(parameters: &Parameters) -> String {
    of_parameters(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}
