//! Performs what the node asks for and tells how it ended.

use crate::agents::{self, Carrier, Files, Reading, Verb};
use crate::executor::{End, Wanted};
use crate::hub::Hub;
use crate::journal::Told;
use crate::{builtin, environment, fence, paths, probes, watch};
use api::{EventKind, Level, Subject};
use base::{GroupKey, OpId};
use cluster::config::Resource;
use cluster::{Action, Input, Outcome};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// The ancestor waits for a script for ever, and the node with it. A start or stop that takes
/// longer than this (a file system check of many terabytes doesn't) is ended and has failed.
const SCRIPT_TIMEOUT: Duration = Duration::from_hours(1);
/// The same for a status question.
const STATUS_TIMEOUT: Duration = Duration::from_mins(1);
/// The same for a hook of `rc.d`.
const HOOK_TIMEOUT: Duration = Duration::from_mins(1);

/// Performs one operation and gives its end to the node.
pub(crate) async fn operation(
    hub: Rc<Hub>,
    op: OpId,
    action: Action,
    more: BTreeMap<String, String>,
) {
    let environment = environment::with_operation(hub.settings().environment.clone(), &more);
    let outcome = perform(&hub, action, environment).await;
    hub.node.input(Input::Done { op, outcome });
}

async fn perform(hub: &Rc<Hub>, action: Action, environment: BTreeMap<String, String>) -> Outcome {
    match action {
        Action::Status { group, resource } => {
            resource_operation(hub, &group, &resource, Verb::Status, false, environment).await
        }
        Action::Start { group, resource, planned } => {
            resource_operation(hub, &group, &resource, Verb::Start, planned, environment).await
        }
        Action::Stop { group, resource } => {
            resource_operation(hub, &group, &resource, Verb::Stop, false, environment).await
        }
        Action::Probe { resources } => {
            builtin::probe_ahead(hub, &resources).await;
            Outcome::Yes
        }
        Action::Announce { resources } => {
            for resource in &resources {
                if let Some(Ok(spec)) = crate::address::of_resource(&resource.name, &resource.args)
                {
                    watch::announce_again(hub, spec.address);
                }
            }
            Outcome::Yes
        }
        Action::Hook { name } => hook(hub, &name, environment).await,
        Action::Fence { target, device } => fence::reset(hub, &target, &device, environment).await,
        Action::Check { probe, timeout } => {
            probes::try_once(hub, &probe, timeout, environment).await
        }
    }
}

/// One verb on one resource: built in, unless the administrator prefers the script, else by
/// whatever carries that name.
pub(crate) async fn resource_operation(
    hub: &Rc<Hub>,
    group: &GroupKey,
    resource: &Resource,
    verb: Verb,
    planned: bool,
    environment: BTreeMap<String, String>,
) -> Outcome {
    let preferred = hub.settings().prefer_scripts.contains(&resource.name);
    if !preferred && builtin::is_built_in(&resource.name) {
        return builtin::operation(hub, group, resource, verb, planned, environment).await;
    }
    let Some(carrier) = agents::locate(&resource.name, &Host) else {
        let reason = format!(
            "there is no script, agent or unit {} (looked in {}, {}, {} and for a systemd unit)",
            resource.name,
            paths::RESOURCE_DIR,
            paths::INIT_DIR,
            paths::OCF_HEARTBEAT
        );
        // What can't be run does not run.
        return if verb == Verb::Start { Outcome::Failed { reason } } else { Outcome::No };
    };
    carried(hub, group, resource, verb, &carrier, environment).await
}

async fn carried(
    hub: &Hub,
    group: &GroupKey,
    resource: &Resource,
    verb: Verb,
    carrier: &Carrier,
    mut environment: BTreeMap<String, String>,
) -> Outcome {
    let command = match agents::command(carrier, &resource.name, &resource.args, verb) {
        Ok(command) => command,
        Err(reason) => return Outcome::Failed { reason },
    };
    environment.extend(command.environment.clone());
    let timeout = if verb == Verb::Status { STATUS_TIMEOUT } else { SCRIPT_TIMEOUT };
    let wanted = Wanted { argv: command.argv.clone(), environment, timeout };
    let loud = verb != Verb::Status;
    let tell = |level, kind, text| {
        hub.tell(Told {
            level,
            kind,
            subject: Subject::Resource(resource.written.clone(), group.to_string()),
            group: Some(group.to_string()),
            text,
        });
    };
    if loud {
        let text = format!("running {}", command.argv.join(" "));
        tell(Level::Info, EventKind::ScriptStarted, text);
    }
    let began = linux::rt::now();
    let end = hub.executor.run(wanted).await;
    if !loud {
        return verdict(&command, &end);
    }
    if end.code == Some(0) {
        let took = linux::rt::now().since(began).as_secs_f32();
        let text = format!("{} done in {took:.2} s", command.argv.join(" "));
        tell(Level::Info, EventKind::ScriptFinished, text);
        return Outcome::Yes;
    }
    let reason = agents::failure(&command, &ended(&end), &end.output);
    tell(Level::Error, EventKind::ScriptFailed, reason.clone());
    Outcome::Failed { reason }
}

/// What a status answer means. A script that could not be run to its end answered nothing.
fn verdict(command: &agents::Command, end: &End) -> Outcome {
    if end.code.is_none() && command.reading != Reading::Text {
        let reason = agents::failure(command, &ended(end), &end.output);
        return Outcome::Failed { reason };
    }
    if agents::is_running(command.reading, end.code, &end.output) {
        Outcome::Yes
    } else {
        Outcome::No
    }
}

/// How it ended, as part of a sentence.
pub(crate) fn ended(end: &End) -> String {
    match end.code {
        Some(_) => format!("ended with {}", end.how),
        None => end.how.clone(),
    }
}

/// Runs `rc.d/NAME`, if it is there. The name comes from a message and can't leave the directory.
async fn hook(hub: &Hub, name: &str, environment: BTreeMap<String, String>) -> Outcome {
    let plain = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let path = Path::new(paths::HOOK_DIR).join(name);
    if !plain || !Host.is_executable(&path) {
        return Outcome::No;
    }
    let argv = vec![path.display().to_string(), name.to_owned()];
    let end = hub.executor.run(Wanted { argv, environment, timeout: HOOK_TIMEOUT }).await;
    if end.code == Some(0) {
        return Outcome::Yes;
    }
    let words = agents::last_words(&end.output).unwrap_or_default();
    let reason = format!("{} {}: {words}", path.display(), ended(&end));
    hub.log(Level::Warning, &reason);
    Outcome::Failed { reason }
}

/// This host's files.
pub(crate) struct Host;

impl Files for Host {
    fn is_executable(&self, path: &Path) -> bool {
        std::fs::metadata(path)
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}
