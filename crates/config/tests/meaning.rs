//! What accepted files mean, and what is said about them.

use base::{Diagnostic, Severity};
use cluster::config::{AutoFailback, Medium, Probe};
use config::{File, Heartbeat, Host, Sources, heartbeat};
use std::time::Duration;

const HA_CF: &str = "logfile /var/log/ha-log\nucast eth0 10.0.0.2\nucast eth1 10.1.0.2\n\
                     auto_failback on\nnode node1 node2\n";

fn sources(ha_cf: &str) -> Sources {
    Sources {
        ha_cf: File::new("ha.cf", ha_cf),
        authkeys: File::new("authkeys", "auth 1\n1 sha1 secret\n"),
        haresources: Some(File::new("haresources", "node1 10.0.0.9 httpd\n")),
        ..Sources::default()
    }
}

fn read(ha_cf: &str) -> (Heartbeat, Vec<Diagnostic>) {
    let (config, found) = heartbeat(&sources(ha_cf), &Host::assumed("node1"));
    (config.unwrap_or_else(|| panic!("refused: {found:#?}")), found)
}

fn codes(found: &[Diagnostic]) -> Vec<&str> {
    found.iter().map(|finding| finding.code.as_str()).collect()
}

#[test]
fn a_good_pair_has_nothing_to_be_said_about() {
    let (config, found) = read(HA_CF);
    assert_eq!(codes(&found), Vec::<&str>::new());
    assert_eq!(config.cluster.links.len(), 2);
    assert_eq!(config.cluster.auto_failback, AutoFailback::On);
    assert_eq!(config.logging.logfile.as_deref(), Some("/var/log/ha-log"));
}

#[test]
fn unset_timers_follow_deadtime() {
    for (deadtime, initdead) in [("5", 12), ("8", 16), ("30", 30)] {
        let timing = read(&format!("{HA_CF}deadtime {deadtime}\n")).0.cluster.timing;
        assert_eq!(timing.initdead, Duration::from_secs(initdead), "deadtime {deadtime}");
        assert_eq!(timing.warntime, timing.deadtime / 2);
        assert_eq!(timing.deadping, timing.deadtime);
    }
}

#[test]
fn parameters_are_as_written_or_the_default() {
    let parameters = read(&format!("{HA_CF}keepalive 2\n")).0.cluster.parameters;
    assert_eq!(parameters.get("keepalive").map(String::as_str), Some("2"));
    assert_eq!(parameters.get("deadtime").map(String::as_str), Some("30000ms"));
    assert_eq!(parameters.get("initdead").map(String::as_str), Some("30000ms"));
    assert_eq!(parameters.get("warntime").map(String::as_str), Some("15000ms"));
    assert_eq!(parameters.get("node"), None, "a list of things is no parameter");
}

#[test]
fn a_port_below_its_media_is_not_theirs() {
    let (config, found) = read(&format!("{HA_CF}udpport 700\nbcast eth2\n"));
    let ports: Vec<u16> = config
        .cluster
        .links
        .iter()
        .filter_map(|link| match link.medium {
            Medium::Bcast { port } | Medium::Ucast { port, .. } => Some(port),
            _ => None,
        })
        .collect();
    assert_eq!(ports, [694, 694, 700]);
    assert_eq!(codes(&found), ["ha-cf::order"]);
}

#[test]
fn ipfail_is_selected_wherever_its_path_points() {
    let missing =
        Host { file_exists: &|_| false, user_exists: &|_| false, ..Host::assumed("node1") };
    let text = format!("{HA_CF}ping 10.0.0.1\nrespawn hacluster /nowhere/ipfail\n");
    let (config, _) = heartbeat(&sources(&text), &missing);
    let cluster = config.expect("built in, so nothing is missing").cluster;
    assert!(cluster.ipfail && cluster.clients.is_empty());
}

#[test]
fn clients_of_the_ancestors_library_are_welcome() {
    let lines = "apiauth dopd uid=hacluster\nrespawn hacluster /usr/lib/heartbeat/dopd\n";
    let (config, found) = read(&format!("{HA_CF}{lines}"));
    assert_eq!(codes(&found), [] as [&str; 0]);
    assert_eq!(config.cluster.apiauth["dopd"].users, ["hacluster"]);
    assert_eq!(config.cluster.clients.len(), 1);
}

#[test]
fn fencing_lines_for_other_nodes_are_not_ours() {
    let text = format!("{HA_CF}stonith_host node2 null a\nstonith_host NODE1 external/ssh b c\n");
    let devices = read(&text).0.cluster.stonith;
    assert_eq!(devices.len(), 1);
    assert_eq!((devices[0].kind.as_str(), devices[0].parameters.len()), ("external/ssh", 2));
}

#[test]
fn all_errors_of_all_files_come_in_one_run() {
    let sources = Sources {
        ha_cf: File::new("ha.cf", "keepalive 1s\ndeadtme 3\nbcast eth0\nnode node1 node2\n"),
        authkeys: File::new("authkeys", "auth 2\n1 sha256 x\n"),
        haresources: Some(File::new("haresources", "node3 10.0.0.9\n")),
        service_checks: Some(File::new("service_checks", "tpc 80\ntcp 0\n")),
        handover_toml: Some(File::new("handover.toml", "duplicate_adress = 1\n")),
    };
    let (config, found) = heartbeat(&sources, &Host::assumed("node1"));
    assert!(config.is_none());
    let errors: Vec<_> = found
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| (finding.file.as_str(), finding.code.as_str()))
        .collect();
    assert_eq!(
        errors,
        [
            ("ha.cf", "ha-cf::bad-value"),
            ("ha.cf", "ha-cf::unknown-directive"),
            ("authkeys", "authkeys::method"),
            ("authkeys", "authkeys::no-such-key"),
            ("haresources", "haresources::unknown-node"),
            ("service_checks", "service-checks::kind"),
            ("service_checks", "service-checks::target"),
            ("handover.toml", "handover-toml::unknown-key"),
        ]
    );
}

#[test]
fn a_directive_of_another_build_is_named_with_it() {
    let (_, found) = heartbeat(&sources(&format!("{HA_CF}tipc 0\n")), &Host::assumed("node1"));
    assert!(found[0].help.as_deref().is_some_and(|help| help.contains("Heartbeat 2.1")));
}

#[test]
fn service_checks_have_defaults_options_and_groups() {
    let mut sources = sources(HA_CF);
    let text = "tcp 12345 interval 10s timeout 2s failures 2 # the service\n\
                http http://[::1]/x group 10.0.0.9 restart\n\
                command /bin/probe --deep \"group\" interval 1m\nunit nginx.service\n";
    sources.service_checks = Some(File::new("service_checks", text));
    let (config, found) = heartbeat(&sources, &Host::assumed("node1"));
    let checks = config.unwrap_or_else(|| panic!("{found:#?}")).cluster.checks;
    assert_eq!(checks[0].probe, Probe::Tcp { host: "127.0.0.1".into(), port: 12345 });
    assert_eq!((checks[0].failures, checks[0].timeout), (2, Duration::from_secs(2)));
    assert!(checks[1].restart && checks[1].group.as_ref().is_some_and(|key| *key == "10.0.0.9"));
    let args = vec!["--deep".to_owned(), "group".to_owned()];
    assert_eq!(checks[2].probe, Probe::Command { path: "/bin/probe".into(), args });
    assert_eq!(checks[3].interval, Duration::from_secs(10));
}

#[test]
fn the_digest_is_of_what_both_nodes_must_agree_on() {
    let here = read(HA_CF).0.cluster.digest;
    let there = HA_CF.replace("10.0.0.2", "10.0.0.1").replace("node1 node2", "NODE2 node1");
    assert_eq!(read(&there).0.cluster.digest, here, "peers' addresses and order differ rightly");
    assert_ne!(read(&format!("{HA_CF}deadtime 9\n")).0.cluster.digest, here);
}

#[test]
fn a_key_on_two_lines_is_one_group() {
    let mut sources = sources(HA_CF);
    sources.haresources = Some(File::new("haresources", "node1 10.0.0.9 a\nnode2 10.0.0.9 b\n"));
    let (config, found) = heartbeat(&sources, &Host::assumed("node1"));
    let groups = config.expect("Heartbeat accepts it").cluster.groups;
    assert_eq!((groups.len(), groups[0].resources.len()), (1, 3));
    assert_eq!(codes(&found), ["haresources::key-twice"]);
}

#[test]
fn handover_toml_is_read() {
    let mut sources = sources(HA_CF);
    let text =
        "duplicate_address = \"wait\"\nscripts = [\"IPaddr\"]\nannounce_interval = \"60s\"\n";
    sources.handover_toml = Some(File::new("handover.toml", text));
    let (config, found) = heartbeat(&sources, &Host::assumed("node1"));
    let settings = config.unwrap_or_else(|| panic!("{found:#?}")).settings;
    assert!(settings.scripts.contains("IPaddr"));
    assert_eq!(settings.announce_interval, Some(Duration::from_mins(1)));
}
