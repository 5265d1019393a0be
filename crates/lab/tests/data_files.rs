//! The files that SIGUSR1 and signal 36 ask for, beside those of the real keepalived 2.2.7 for the
//! same configuration: the same lines in the same order, by what stands before `=` or `:`. What
//! differs is named below with its reason.

#[allow(dead_code, reason = "the hosts have hands for other tests too")]
mod vrrp_lab;

use std::collections::BTreeSet;
use std::time::Duration;
use vrrp_lab::{Maker, Net, Router, cannot_run, wait_for};

/// Nobody takes longer to start, or to write a file.
const PATIENCE: Duration = Duration::from_secs(15);

/// A script, a file and processes with weights; addresses, routes and rules; commands and mail.
const TRACKING: &str = r#"
instance lab
global_defs {
    router_id R1
    data_use_instance
    notification_email { admin@example.org }
    smtp_server 127.0.0.1
    enable_script_security
    script_user root
}
vrrp_script chk {
    script "/usr/bin/true x"
    interval 2
    weight 5
    fall 2
    rise 2
}
vrrp_track_process proxy {
    process no-such-proxy
    weight 10
}
track_file load {
    file /run/load
    weight 3
    init_file 0
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    authentication {
        auth_type PASS
        auth_pass secret12
    }
    virtual_ipaddress {
        10.0.0.100/24 dev eth0 label eth0:1
        10.0.0.101
    }
    virtual_ipaddress_excluded { 10.0.0.102 }
    track_script { chk }
    track_process { proxy }
    track_file { load }
    notify_master "/usr/bin/true m"
    notify "/usr/bin/true a b"
    smtp_alert
}
"#;

/// Two versions, a sync group, unicast, IPv6, a session.
const SPEAKING: &str = r"
global_defs {
    router_id R2
    vrrp_version 3
    vrrp_garp_master_refresh 60
    process_names
}
vrrp_sync_group G {
    group {
        VI_A
        VI_B
    }
    notify_master /usr/bin/true
}
vrrp_instance VI_A {
    interface eth0
    virtual_router_id 1
    priority 150
    advert_int 0.5
    nopreempt
    unicast_src_ip 10.0.0.1
    unicast_peer {
        10.0.0.2
        10.0.0.3 min_ttl 10 max_ttl 64
    }
    virtual_ipaddress { 10.0.0.200 }
}
vrrp_instance VI_B {
    interface eth0
    virtual_router_id 2
    priority 150
    version 2
    preempt_delay 5
    virtual_ipaddress { 10.0.0.201/24 brd + }
}
vrrp_instance VI_6 {
    interface eth0
    virtual_router_id 3
    virtual_ipaddress {
        fe80::100/64
        2001:db8::1
    }
}
bfd_instance path {
    neighbor_ip 10.0.0.9
    min_rx 100
    min_tx 100
}
";

/// What is always there, FIFOs, timeouts, settings of processes.
const SETTINGS: &str = r"
global_defs {
    router_id R3
    notify_fifo /run/all.fifo
    lvs_timeouts tcp 100 tcpfin 20
    smtp_alert on
    smtp_alert_vrrp off
    notification_email_from me@example.org
    notification_email { admin@example.org }
    smtp_server 127.0.0.1 2525
    vrrp_priority -5
    checker_priority 3
    log_unknown_vrids
    vrrp_higher_prio_send_advert
    vrrp_skip_check_adv_addr
    vrrp_startup_delay 0.5
    reload_file /run/reloading
    vrrp_notify_priority_changes on
}
static_ipaddress {
    10.0.0.77/24 dev eth0
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 200
    dont_track_primary
    notify_deleted
    notify_stop /usr/bin/true
    virtual_ipaddress { 10.0.0.100 }
}
";

/// Lines of keepalived's that ours lack, by how they begin, with the reason.
const NOT_OURS: [(&str, &str); 11] = [
    (" libnftnl version", "we speak to nftables without that library"),
    ("   Password", "passwords stand in the JSON file alone, where programs look for them"),
    ("   Master router", "a backup without a master has none"),
    ("   Master priority", "a backup keeps of its master what the protocol needs"),
    ("   Not IPvN forwarding", "asked of the kernel when it matters, and not kept"),
    ("   fd_in", "descriptors and threads of its own processes"),
    (" fd_in", "the same"),
    (" thread_in", "the same"),
    ("   Rx buf size", "the same"),
    (" current realtime", "handover status tells how the thread is scheduled"),
    (" vrrp_startup_delay", "written as a number of another form"),
];
/// Ours that keepalived lacks.
const OURS_ALONE: [(&str, &str); 3] =
    [("   Fault", "why it is in fault"), ("   fd_in", "see above"), (" fd_in", "see above")];
/// Where the live figures of a BFD session begin, of which ours tells its state.
const LIVE_BFD: &str = "   fd_out";

/// What stands before `=` or `:` in each line, or all of it, without numbers.
fn keys(text: &str) -> Vec<String> {
    let key = |line: &str| {
        let end = line.find(" = ").or_else(|| line.find(" : ")).or_else(|| line.find(" :"));
        let key = &line[..end.unwrap_or(line.len())];
        let digits = |c: char| if c.is_ascii_digit() { 'N' } else { c };
        let mut plain: String = key.chars().map(digits).collect();
        while plain.contains("NN") {
            plain = plain.replace("NN", "N");
        }
        plain
    };
    text.lines().map(key).collect()
}

fn without(keys: Vec<String>, known: &[(&str, &str)]) -> Vec<String> {
    let is_known = |key: &String| known.iter().any(|(begin, _)| key.starts_with(begin));
    keys.into_iter().filter(|key| !is_known(key)).collect()
}

/// The files of a running daemon, by name.
fn files(maker: Maker, config: &str, names: &[&str]) -> Vec<String> {
    let net = Net::new();
    let mut router = Router::new(&net, "a", 1, maker, config);
    // A link-local address that is still being checked is no address to speak from.
    router.run(&["sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0"]);
    router.run(&["ip", "link", "set", "eth0", "down"]);
    router.run(&["ip", "link", "set", "eth0", "up"]);
    router.start();
    // Everybody is what it will be: a master that nobody else wants to be.
    let ready = || router.holds("10.0.0.100") || router.holds("10.0.0.200");
    assert!(wait_for(PATIENCE, ready), "{}", router.log());
    router.signal("USR1");
    let read = |name: &&str| router.read(&format!("/tmp/{name}"));
    let whole = |text: String| text.contains(" umask = ");
    let mut found = Vec::new();
    for name in names {
        assert!(
            wait_for(PATIENCE, || read(name).is_some_and(whole)),
            "{maker:?} wrote no {name}: {}",
            router.log()
        );
        // The real one writes line by line.
        std::thread::sleep(Duration::from_millis(300));
        found.push(read(name).expect("it is there"));
    }
    router.signal("36");
    assert!(wait_for(PATIENCE, || read(&"keepalived.json")
        .is_some_and(|text| text.ends_with("]\n") || text.ends_with(']'))));
    found.push(read(&"keepalived.json").expect("it is there"));
    found
}

/// The keys of the first instance of the JSON file.
fn json_keys(text: &str) -> BTreeSet<String> {
    let all: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    let data = all[0]["data"].as_object().expect("an instance").keys().cloned();
    let stats = all[0]["stats"].as_object().expect("its counters").keys().cloned();
    data.chain(stats).collect()
}

fn compare(config: &str, names: &[&str]) {
    if cannot_run(&[Maker::Ours, Maker::Real]) {
        return;
    }
    let mut real = files(Maker::Real, config, names);
    let mut ours = files(Maker::Ours, config, names);
    let (real_json, our_json) = (real.pop().expect("the last"), ours.pop().expect("the last"));
    assert_eq!(json_keys(&real_json), json_keys(&our_json));
    for ((name, real), ours) in names.iter().zip(&real).zip(&ours) {
        let mut wanted = keys(real);
        if name.contains("_bfd") {
            let state = "   local state".to_owned();
            let end = wanted.iter().position(|key| key.starts_with(LIVE_BFD));
            wanted.truncate(end.expect("a session"));
            wanted.push(state);
        }
        let wanted = without(wanted, &NOT_OURS);
        let found = without(without(keys(ours), &OURS_ALONE), &NOT_OURS);
        let first = wanted.iter().zip(&found).position(|(one, other)| one != other);
        assert_eq!(
            wanted, found,
            "{name} differs from line {first:?} on; keepalived's:\n{real}\nours:\n{ours}"
        );
    }
}

#[test]
fn trackers_commands_and_an_instances_name_are_told_as_keepalived_tells_them() {
    compare(TRACKING, &["keepalived.lab.data", "keepalived_parent.lab.data"]);
}

#[test]
fn groups_versions_and_sessions_are_told_as_keepalived_tells_them() {
    compare(SPEAKING, &["keepalived.data", "keepalived_parent.data", "keepalived_bfd.data"]);
}

#[test]
fn settings_of_the_role_are_told_as_keepalived_tells_them() {
    compare(SETTINGS, &["keepalived.data", "keepalived_parent.data"]);
}
