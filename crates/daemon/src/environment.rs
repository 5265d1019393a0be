//! The `HA_` environment of resource scripts, hooks and clients (docs/ancestors/heartbeat.md §3.11).
//!
//! Values may come from an authenticated peer's message. They are passed as environment only, with
//! names checked and NUL removed, and never stand in a command line.

use crate::paths;
use cluster::Config;
use std::collections::BTreeMap;

/// Longest value handed to a script, in bytes: far above any field of the ancestor's messages, far
/// below what the kernel allows for one string (128 KiB).
const VALUE_MAX: usize = 4096;

/// The search path that scripts get: the executor starts with a clean environment.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The part of the environment that follows from the configuration alone.
pub(crate) fn of_configuration(config: &Config) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        environment.insert(name.to_owned(), clean(value));
    };
    set("PATH", PATH);
    set("LC_ALL", "C");
    set("HA_CURHOST", config.me.as_str());
    set("HA_NICEFAILBACK", "yes");
    set("HA_DIR", paths::CONFIG_DIR);
    set("HA_FUNCS", "/etc/ha.d/shellfuncs");
    set("HA_RCDIR", paths::HOOK_DIR);
    set("HA_RESOURCEDIR", paths::RESOURCE_DIR);
    set("HA_BIN", "/usr/lib/heartbeat");
    set("HA_FIFO", paths::FIFO);
    set("HA_DATEFMT", "%Y/%m/%d_%T ");
    set("OCF_ROOT", paths::OCF_ROOT);
    for (name, value) in &config.parameters {
        if let Some(name) = variable(name) {
            environment.insert(name, clean(value));
        }
    }
    for (parameter, name) in
        [("logfile", "HA_LOGFILE"), ("debugfile", "HA_DEBUGLOG"), ("logfacility", "HA_LOGFACILITY")]
    {
        if let Some(value) = config.parameters.get(parameter) {
            environment.insert(name.to_owned(), clean(value));
        }
    }
    for (name, value) in &config.environment {
        if let Some(name) = variable(name) {
            environment.insert(name, clean(value));
        }
    }
    environment
}

/// Adds what came with one operation; names that don't fit are dropped.
pub(crate) fn with_operation(
    mut environment: BTreeMap<String, String>,
    more: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    for (name, value) in more {
        let name = if name.starts_with("HA_") {
            is_name(name).then(|| name.clone())
        } else {
            variable(name)
        };
        if let Some(name) = name {
            environment.insert(name, clean(value));
        }
    }
    environment
}

/// `HA_name`, if that is a name the environment can carry.
fn variable(name: &str) -> Option<String> {
    is_name(name).then(|| format!("HA_{name}"))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The value without NUL and line breaks (an old script that echoes it unquoted must not be able
/// to forge a log line), cut to [`VALUE_MAX`].
fn clean(value: &str) -> String {
    let mut text: String = value.chars().filter(|c| !matches!(c, '\0' | '\n' | '\r')).collect();
    if text.len() > VALUE_MAX {
        let end = (0..=VALUE_MAX).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(name: &str, value: &str) -> BTreeMap<String, String> {
        with_operation(BTreeMap::new(), &BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn fields_of_a_message_become_ha_variables_once() {
        assert_eq!(operation("rsc_hold", "all")["HA_rsc_hold"], "all");
        assert_eq!(operation("HA_CURHOST", "a")["HA_CURHOST"], "a");
    }

    #[test]
    fn a_name_that_is_no_variable_is_dropped() {
        for name in ["", "a b", "a=b", "$(id)", "HA_a;b"] {
            assert!(operation(name, "x").is_empty(), "{name}");
        }
    }

    #[test]
    fn a_value_can_carry_neither_nul_nor_a_line_break() {
        assert_eq!(operation("info", "a\0b\nc$(id)")["HA_info"], "abc$(id)");
        assert_eq!(operation("info", &"é".repeat(VALUE_MAX))["HA_info"].len(), VALUE_MAX);
    }
}
