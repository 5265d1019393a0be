//! Switches another node off by a STONITH plugin (docs/ancestors/heartbeat.md §6.5).
//!
//! Plugins of type `external/NAME` are programs and run directly, with their parameters as
//! environment under the names that the plugin itself tells. Other types go through the
//! `stonith` program, if it is installed.

use crate::executor::Wanted;
use crate::hub::Hub;
use crate::{agents, paths, perform};
use base::NodeName;
use cluster::Outcome;
use cluster::config::StonithDevice;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// A reset switches power off and on and may wait in between.
const RESET_TIMEOUT: Duration = Duration::from_mins(2);
/// A question about parameters is answered from the plugin's text.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(20);

/// How a device's plugin is run.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Plugin {
    External(String),
    Program(String),
}

/// Proves that `target` is off. Only an exit code 0 is a proof.
pub(crate) async fn reset(
    hub: &Hub,
    target: &NodeName,
    device: &StonithDevice,
    mut environment: BTreeMap<String, String>,
) -> Outcome {
    let argv = match plugin(&device.kind) {
        Ok(Plugin::External(path)) => {
            let question = Wanted {
                argv: vec![path.clone(), "getconfignames".into()],
                environment: environment.clone(),
                timeout: QUESTION_TIMEOUT,
            };
            let names = hub.executor.run(question).await;
            environment.extend(parameters(&names.output, &device.parameters));
            vec![path, "reset".into(), target.to_string()]
        }
        Ok(Plugin::Program(kind)) => {
            let mut argv = vec![paths::STONITH_PROGRAM.to_owned(), "-t".into(), kind];
            argv.extend(["-p".into(), device.parameters.join(" ")]);
            argv.extend(["-T".into(), "reset".into(), target.to_string()]);
            argv
        }
        Err(reason) => return Outcome::Failed { reason },
    };
    let called = argv.join(" ");
    let end = hub.executor.run(Wanted { argv, environment, timeout: RESET_TIMEOUT }).await;
    if end.code == Some(0) {
        return Outcome::Yes;
    }
    let words = agents::last_words(&end.output).unwrap_or_else(|| "it said nothing".into());
    Outcome::Failed { reason: format!("{called} {}: {words}", perform::ended(&end)) }
}

/// Which program a type stands for. A type can't leave the plugin directory.
fn plugin(kind: &str) -> Result<Plugin, String> {
    match kind.strip_prefix("external/") {
        Some(name) if !name.is_empty() && !name.contains('/') && !name.starts_with('.') => {
            Ok(Plugin::External(format!("{}/{name}", paths::STONITH_EXTERNAL)))
        }
        Some(_) => Err(format!("`{kind}` names no plugin")),
        None if Path::new(paths::STONITH_PROGRAM).exists() => Ok(Plugin::Program(kind.to_owned())),
        None => Err(format!(
            "STONITH type {kind} needs {}, which is not installed",
            paths::STONITH_PROGRAM
        )),
    }
}

/// The parameters under the names the plugin told, in order; the last name takes all that is left
/// (`hostlist` of several hosts).
fn parameters(names: &str, values: &[String]) -> BTreeMap<String, String> {
    let names: Vec<&str> = names.split_whitespace().collect();
    let mut environment = BTreeMap::new();
    for (index, name) in names.iter().enumerate() {
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let value = if index + 1 == names.len() {
            values.get(index..).map(|rest| rest.join(" "))
        } else {
            values.get(index).cloned()
        };
        if let (true, Some(value)) = (is_name, value) {
            environment.insert((*name).to_owned(), value);
        }
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_gets_its_parameters_under_its_own_names() {
        let values: Vec<String> =
            ["node1 node2", "admin", "a", "b"].iter().map(ToString::to_string).collect();
        assert_eq!(
            parameters("hostlist\nuser\npasswd\n", &values),
            BTreeMap::from([
                ("hostlist".into(), "node1 node2".into()),
                ("user".into(), "admin".into()),
                ("passwd".into(), "a b".into()),
            ])
        );
    }

    #[test]
    fn a_single_name_takes_all_hosts() {
        let values: Vec<String> = ["node1", "node2"].iter().map(ToString::to_string).collect();
        assert_eq!(parameters("hostlist", &values)["hostlist"], "node1 node2");
    }

    #[test]
    fn a_type_cannot_leave_the_plugin_directory() {
        assert!(plugin("external/../../bin/true").is_err());
        assert!(plugin("external/").is_err());
        assert_eq!(
            plugin("external/ssh"),
            Ok(Plugin::External("/usr/lib/stonith/plugins/external/ssh".into()))
        );
    }
}
