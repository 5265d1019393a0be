//! The files of a Heartbeat node together: all their errors, or one configuration.

use crate::digest::fingerprint;
use crate::ha_cf::{Draft, GenerationMethod, HaCf, REFUSED, REFUSED_EFFECT, UuidFrom};
use crate::handover_toml::Settings;
use crate::{Host, Sources, authkeys, ha_cf, handover_toml, haresources, service_checks};
use base::{Diagnostic, NodeName, Severity, Span};
use cluster::Config;
use cluster::config::{AutoFailback, Group, Timing};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::heartbeat::{Compression, Format, Keys};

/// What the daemon of one node is told.
#[derive(Clone, PartialEq, Debug)]
pub struct Heartbeat {
    /// What the machine is told.
    pub cluster: Config,
    /// Where messages go.
    pub logging: Logging,
    /// `watchdog`: the device.
    pub watchdog: Option<String>,
    /// `realtime`: real-time priority and locked memory.
    pub realtime: bool,
    /// `rtprio`, 1 to 99; unset: the lowest.
    pub rtprio: Option<u8>,
    /// `memreserve`, in KiB.
    pub memreserve: u32,
    /// `coredumps`.
    pub coredumps: bool,
    /// `coreroot`: where core files go.
    pub coreroot: Option<String>,
    /// `uuidfrom`.
    pub uuid_from: UuidFrom,
    /// `hbgenmethod`.
    pub generation_method: GenerationMethod,
    /// handover.toml.
    pub settings: Settings,
}

/// Where messages go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Logging {
    /// `logfile`: messages.
    pub logfile: Option<String>,
    /// `debugfile`: messages and debug messages.
    pub debugfile: Option<String>,
    /// The syslog facility; `None`: not to syslog.
    pub facility: Option<String>,
    /// `syslogmsgfmt`: lines in files look like syslog's.
    pub syslog_format: bool,
    /// `log_badpack`: say when packets are refused.
    pub bad_packets: bool,
    /// `debug`, 0 to 255.
    pub debug: u8,
}

impl Default for Logging {
    fn default() -> Self {
        Self {
            logfile: None,
            debugfile: None,
            facility: None,
            syslog_format: true,
            bad_packets: true,
            debug: 0,
        }
    }
}

/// Reads all files of a node. The configuration is `None` exactly if a finding is an error:
/// then Heartbeat 3.0.6 would not start either.
pub fn heartbeat(sources: &Sources, host: &Host<'_>) -> (Option<Heartbeat>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut ha_cf = ha_cf::read(&sources.ha_cf, host, &mut found);
    let keys = authkeys::read(&sources.authkeys, &mut found);
    let nodes: Vec<NodeName> = ha_cf.draft.nodes.iter().map(|(node, _)| node.clone()).collect();
    let groups = groups(sources, host, &nodes, &ha_cf.draft, &mut found);
    let names: Vec<_> = groups.iter().map(|group| group.key.clone()).collect();
    let checks = sources.service_checks.as_ref();
    let checks = checks.map_or_else(Vec::new, |f| service_checks::read(f, &names, &mut found));
    let settings = sources.handover_toml.as_ref();
    let settings = settings.map_or_else(Settings::default, |f| handover_toml::read(f, &mut found));
    log_somewhere(&mut ha_cf.draft);
    let me = nodes.iter().find(|node| node.as_str().eq_ignore_ascii_case(host.node_name)).cloned();
    let (Some(me), Some(keys), false) =
        (me, keys, found.iter().any(|finding| finding.severity == Severity::Error))
    else {
        return (None, found);
    };
    let mut whole = lower(ha_cf, me, nodes, keys, groups, settings);
    whole.cluster.checks = checks;
    (Some(whole), found)
}

fn groups(
    sources: &Sources,
    host: &Host<'_>,
    nodes: &[NodeName],
    draft: &Draft,
    found: &mut Vec<Diagnostic>,
) -> Vec<Group> {
    match (&sources.haresources, draft.crm == Some(true)) {
        (Some(file), false) => haresources::read(file, nodes, host, found),
        (None, false) => {
            let path = format!("{}haresources", directory(&sources.ha_cf.path));
            let (code, text) = ("haresources::missing", "there is no haresources");
            let finding = Diagnostic::new(Severity::Error, code, path, Span::default(), text);
            let help = "an empty file will do, if this cluster has no resources";
            found.push(finding.effect(REFUSED_EFFECT).compat(REFUSED).help(help));
            Vec::new()
        }
        (Some(file), true) => {
            let (code, text) = ("haresources::unused", "this file is not used in a CRM cluster");
            let note = Diagnostic::new(Severity::Warning, code, &file.path, Span::default(), text);
            found.push(note.compat("Heartbeat 3.0.6 says the same").help("remove it"));
            Vec::new()
        }
        (None, true) => Vec::new(),
    }
}

/// `path` up to its last slash.
fn directory(path: &str) -> &str {
    path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or("")
}

/// Where no line says where messages go, and where the logging daemon would have had them, they
/// go to syslog.
fn log_somewhere(draft: &mut Draft) {
    let logging = &mut draft.logging;
    let nowhere = logging.logfile.is_none() && logging.debugfile.is_none();
    let logd = draft.use_logd == Some(true);
    if logging.facility.is_none() && (logd || (nowhere && draft.use_logd.is_none())) {
        logging.facility = Some("daemon".to_owned());
    }
}

/// The timers with their defaults (docs/ancestors/heartbeat.md §3.1).
pub(crate) fn timing(draft: &Draft) -> Timing {
    let deadtime = draft.deadtime.unwrap_or(Duration::from_secs(30));
    let initdead = match deadtime {
        long if long > Duration::from_secs(10) => long,
        short if short < Duration::from_secs(6) => Duration::from_secs(12),
        middle => middle.saturating_mul(2),
    };
    Timing {
        keepalive: draft.keepalive.unwrap_or(Duration::from_secs(1)),
        deadtime,
        warntime: draft.warntime.or(deadtime.checked_div(2)).unwrap_or(deadtime),
        initdead: draft.initdead.unwrap_or(initdead),
        deadping: draft.deadping.unwrap_or(deadtime),
        max_rexmit_delay: draft.max_rexmit_delay.unwrap_or(Duration::from_millis(250)),
    }
}

/// Parameters whose default follows from others, as Heartbeat shows them (measured).
fn derived(parameters: &mut BTreeMap<String, String>, timing: &Timing) {
    let times = [
        ("warntime", timing.warntime),
        ("initdead", timing.initdead),
        ("deadping", timing.deadping),
    ];
    for (name, time) in times {
        let shown = format!("{}ms", time.as_millis());
        parameters.entry(name.to_owned()).or_insert(shown);
    }
    let fixed = [("debug", "0"), ("udpport", "694")];
    for (name, value) in fixed {
        parameters.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    if let Some(pacemaker) = parameters.get("pacemaker").cloned() {
        parameters.entry("crm".to_owned()).or_insert(pacemaker);
    }
}

fn lower(
    HaCf { draft, mut parameters }: HaCf,
    me: NodeName,
    nodes: Vec<NodeName>,
    keys: Keys,
    groups: Vec<Group>,
    settings: Settings,
) -> Heartbeat {
    /// Messages above this are packed unless the file says otherwise, in bytes.
    const COMPRESSION_THRESHOLD: usize = 2 * 1024;
    let timing = timing(&draft);
    derived(&mut parameters, &timing);
    let auto_failback = draft.auto_failback.unwrap_or(AutoFailback::Legacy);
    let digest = digest(&nodes, &timing, auto_failback, &groups);
    let cluster = Config {
        me: me.folded(),
        nodes,
        links: draft.links.into_iter().map(|(link, _)| link).collect(),
        timing,
        auto_failback,
        keys,
        format: draft.format.unwrap_or(Format::Classic),
        compression: draft.compression.unwrap_or(Compression::Zlib),
        compression_threshold: draft.compression_threshold.unwrap_or(COMPRESSION_THRESHOLD),
        traditional_compression: draft.traditional_compression,
        hopfudge: draft.hopfudge.unwrap_or(1),
        groups,
        stonith: draft.stonith,
        ipfail: draft.ipfail.is_some(),
        clients: draft.clients,
        apiauth: draft.apiauth,
        checks: Vec::new(),
        duplicate_address: settings.duplicate_address,
        autojoin: false,
        manage_resources: true,
        parameters,
        environment: draft.environment,
        digest,
    };
    Heartbeat {
        cluster,
        logging: draft.logging,
        watchdog: draft.watchdog,
        realtime: draft.realtime.unwrap_or(true),
        rtprio: draft.rtprio,
        memreserve: draft.memreserve.unwrap_or(6500),
        coredumps: draft.coredumps.unwrap_or(true),
        coreroot: draft.coreroot,
        uuid_from: draft.uuid_from,
        generation_method: draft.generation,
        settings,
    }
}

/// A fingerprint of what must be the same on all nodes: the members (in any order), the dead
/// times, auto_failback and the groups.
fn digest(
    nodes: &[NodeName],
    timing: &Timing,
    auto_failback: AutoFailback,
    groups: &[Group],
) -> String {
    let mut names: Vec<_> = nodes.iter().map(NodeName::folded).collect();
    names.sort();
    let members = names.iter().map(|name| format!("node {name}"));
    let timers = format!("deadtime {:?} keepalive {:?}", timing.deadtime, timing.keepalive);
    let failback = format!("auto_failback {}", auto_failback.word());
    let groups = groups.iter().map(|group| {
        let resources: Vec<_> = group.resources.iter().map(|r| r.written.as_str()).collect();
        format!("{} {}", group.home.folded(), resources.join(" "))
    });
    let lines: Vec<String> = members.chain([timers, failback]).chain(groups).collect();
    fingerprint(&lines.join("\n"))
}
