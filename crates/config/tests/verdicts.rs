//! Our verdict on each snippet in `verdicts/` is the one Heartbeat 3.0.6 gave.

use base::Severity;
use config::{File, Host, Sources, heartbeat};

/// What every ha.cf snippet is added to unless it stands alone.
const BASE: &str = "bcast eth0\nnode node1 node2\nlogfacility daemon\nauto_failback on\n";

/// The host on which the verdicts were measured: eth0, and no name service.
fn measured_host() -> Host<'static> {
    Host {
        node_name: "node1",
        user_exists: &|name| ["root", "hacluster"].contains(&name),
        group_exists: &|name| ["root", "haclient"].contains(&name),
        file_exists: &|path| path == "/bin/true",
        is_character_device: &|_| false,
        interface_exists: &|name| name == "eth0",
        host_resolves: &|_| false,
        stonith_type_exists: &|kind| kind == "null",
        read_file: &|_| None,
        resource_exists: &|_| true,
        cluster_port: None,
    }
}

fn sources(ha_cf: &str, authkeys: &str, haresources: &str) -> Sources {
    Sources {
        ha_cf: File::new("ha.cf", ha_cf),
        authkeys: File { mode: Some(0o600), ..File::new("authkeys", authkeys) },
        haresources: Some(File::new("haresources", haresources)),
        ..Sources::default()
    }
}

/// Holds ours to every verdict of a file; `build` makes the sources of a snippet.
fn hold(table: &str, build: impl Fn(&str, bool) -> Sources) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in table.split("\n---- ").skip(1) {
        let (head, body) = case.split_once('\n').unwrap_or((case, ""));
        let words: Vec<&str> = head.split_whitespace().collect();
        let [verdict, .., name] = words.as_slice() else { panic!("case head: {head}") };
        let body =
            if name.starts_with("carriage") { body.replace('\n', "\r\n") } else { body.to_owned() };
        let (config, found) = heartbeat(&build(&body, words.contains(&"whole")), &measured_host());
        let refused = found.iter().any(|finding| finding.severity == Severity::Error);
        assert_eq!(config.is_none(), refused, "{name}: no configuration exactly with an error");
        if refused != (*verdict == "refuse") {
            wrong.push(format!("{name}: Heartbeat {verdict}s; ours says {found:#?}"));
        }
        count += 1;
    }
    assert!(count > 10, "the table has cases");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_measured_verdict_on_ha_cf_is_ours() {
    hold(include_str!("verdicts/ha_cf.txt"), |body, whole| {
        let text = if whole { body.to_owned() } else { format!("{BASE}{body}\n") };
        sources(&text, "auth 1\n1 crc\n", "node1 10.0.0.9\n")
    });
}

#[test]
fn every_measured_verdict_on_authkeys_is_ours() {
    hold(include_str!("verdicts/authkeys.txt"), |body, _| sources(BASE, body, "node1 10.0.0.9\n"));
}

#[test]
fn every_measured_verdict_on_haresources_is_ours() {
    hold(include_str!("verdicts/haresources.txt"), |body, _| {
        sources(BASE, "auth 1\n1 crc\n", body)
    });
}

#[test]
fn keys_that_others_can_read_are_refused() {
    for (mode, refused) in
        [(0o600, false), (0o400, false), (0o602, false), (0o640, true), (0o604, true)]
    {
        let mut sources = sources(BASE, "auth 1\n1 sha1 x\n", "");
        sources.authkeys.mode = Some(mode);
        let (config, _) = heartbeat(&sources, &measured_host());
        assert_eq!(config.is_none(), refused, "mode {mode:o}");
    }
}
