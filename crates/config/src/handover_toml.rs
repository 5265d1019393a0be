//! handover.toml: the few settings the old formats have no word for. Never needed.

use crate::File;
use crate::service_checks::duration;
use crate::text::nearest;
use base::{Diagnostic, Severity, Span};
use cluster::config::DuplicateAddress;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use toml::de::{DeTable, DeValue};

/// What the file says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// `duplicate_address = "take" | "wait"`: what to do when another machine answers for an
    /// address we are to take.
    pub duplicate_address: DuplicateAddress,
    /// `scripts = ["IPaddr", …]`: names whose script in resource.d wins over the built-in one.
    pub scripts: BTreeSet<String>,
    /// `announce_interval = "60s"`: how often a held address is announced again; unset: only
    /// after it was taken.
    pub announce_interval: Option<Duration>,
    /// `[metrics]`: where each role gives its figures.
    pub metrics: Metrics,
}

/// Where the roles give their figures to Prometheus; unset: nowhere. Each role is processes of its
/// own, so each has a port of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Metrics {
    /// `heartbeat = "127.0.0.1:9650"`.
    pub heartbeat: Option<SocketAddr>,
    /// `keepalived = "127.0.0.1:9651"`.
    pub keepalived: Option<SocketAddr>,
}

/// The keys.
const KEYS: [&str; 4] = ["announce_interval", "duplicate_address", "metrics", "scripts"];

/// Reads the file; what is wrong goes to `found`.
pub fn read(file: &File, found: &mut Vec<Diagnostic>) -> Settings {
    let mut settings = Settings::default();
    let mut refuse = |code: &str, span: Span, text: String, help: String| {
        let code = format!("handover-toml::{code}");
        let finding = Diagnostic::new(Severity::Error, code, &file.path, span, text);
        found.push(finding.effect("heartbeat doesn't start on this node").help(help));
    };
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    for error in errors {
        let span = error.span().map_or(Span::default(), |at| Span::new(at.start, at.end));
        refuse(
            "syntax",
            span,
            error.message().to_owned(),
            "write TOML, as `key = \"value\"`".into(),
        );
    }
    for (key, value) in table.get_ref() {
        let (name, at) = (key.get_ref().as_ref(), value.span());
        let span = Span::new(at.start, at.end);
        let fault = match name {
            "duplicate_address" => word(value.get_ref())
                .and_then(duplicate_address)
                .map(|policy| settings.duplicate_address = policy)
                .ok_or("write \"take\" or \"wait\""),
            "announce_interval" => word(value.get_ref())
                .and_then(duration)
                .map(|time| settings.announce_interval = Some(time))
                .ok_or("write a time from \"100ms\" to \"24h\""),
            "metrics" => metrics(value.get_ref())
                .map(|metrics| settings.metrics = metrics)
                .ok_or("write [metrics], then heartbeat = \"127.0.0.1:9650\" or keepalived = …"),
            "scripts" => names(value.get_ref())
                .map(|names| settings.scripts = names)
                .ok_or("write a list of names, as [\"IPaddr\"]"),
            _ => {
                let at = key.span();
                let help = nearest(name, KEYS).map_or_else(
                    || format!("the settings are {}", KEYS.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                let text = format!("`{name}` is no setting");
                refuse("unknown-key", Span::new(at.start, at.end), text, help);
                continue;
            }
        };
        if let Err(help) = fault {
            refuse("bad-value", span, format!("this is no value for `{name}`"), help.to_owned());
        }
    }
    settings
}

fn word<'a>(value: &'a DeValue<'_>) -> Option<&'a str> {
    match value {
        DeValue::String(text) => Some(text.as_ref()),
        _ => None,
    }
}

fn duplicate_address(word: &str) -> Option<DuplicateAddress> {
    match word {
        "take" => Some(DuplicateAddress::Take),
        "wait" => Some(DuplicateAddress::Wait),
        _ => None,
    }
}

/// Two different addresses, at most one a role.
fn metrics(value: &DeValue<'_>) -> Option<Metrics> {
    let DeValue::Table(table) = value else { return None };
    let mut metrics = Metrics::default();
    for (key, value) in table {
        let slot = match key.get_ref().as_ref() {
            "heartbeat" => &mut metrics.heartbeat,
            "keepalived" => &mut metrics.keepalived,
            _ => return None,
        };
        *slot = Some(word(value.get_ref())?.parse().ok()?);
    }
    let same = metrics.heartbeat.is_some() && metrics.heartbeat == metrics.keepalived;
    (!same).then_some(metrics)
}

fn names(value: &DeValue<'_>) -> Option<BTreeSet<String>> {
    let DeValue::Array(values) = value else { return None };
    values.iter().map(|value| word(value.get_ref()).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics_of(text: &str) -> (Metrics, usize) {
        let mut found = Vec::new();
        let settings = read(&File::new("handover.toml", text), &mut found);
        (settings.metrics, found.len())
    }

    #[test]
    fn each_role_has_a_port_of_its_own_for_its_figures() {
        let both = "[metrics]\nheartbeat = \"127.0.0.1:9650\"\nkeepalived = \"[::1]:9651\"\n";
        let (metrics, wrong) = metrics_of(both);
        assert_eq!(wrong, 0);
        assert_eq!(metrics.heartbeat.map(|at| at.port()), Some(9650));
        assert!(metrics.keepalived.is_some_and(|at| at.is_ipv6()));
        assert_eq!(metrics_of("scripts = []\n"), (Metrics::default(), 0));
        for bad in [
            "metrics = true\n",
            "[metrics]\nheartbeat = \"localhost\"\n",
            "[metrics]\npacemaker = \"127.0.0.1:1\"\n",
            "[metrics]\nheartbeat = \"127.0.0.1:1\"\nkeepalived = \"127.0.0.1:1\"\n",
        ] {
            assert_eq!(metrics_of(bad), (Metrics::default(), 1), "{bad}");
        }
    }
}
