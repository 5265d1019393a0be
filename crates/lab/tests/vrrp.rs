//! Virtual routers on the wire: ours and the real keepalived 2.2.7 in every pairing, in network
//! namespaces of their own, and what a single router of ours does when parts of it are killed.
//!
//! The real one comes from Debian's archive, unpacked below `target/` and never installed. Where
//! something can't be run the reason is printed; with `CI=true` that is a failure. The tests wait
//! for what they expect, with limits that a busy machine keeps.

mod vrrp_lab;

use std::time::{Duration, Instant};
use vrrp_lab::{Maker, Net, Router, VIP, cannot_run, wait_for, while_all};

/// The instance both routers run, as nginx-vrrp has it; `PRIORITY` and `STATE` differ.
const CONFIG: &str = "
vrrp_instance VI_1 {
    state STATE
    interface eth0
    virtual_router_id 51
    priority PRIORITY
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass aminglinux>com
    }
    virtual_ipaddress {
        10.0.0.100
    }
}
";

/// The master is missed after three intervals and a skew of less than one: 3.65 s at priority 90
/// (docs/ancestors/keepalived.md §2.3), and a busy machine's second.
const TAKEOVER_MAX: Duration = Duration::from_millis(4700);
/// A goodbye leaves the skew, 0.65 s at priority 90, and a busy machine's second.
const HANDOVER_MAX: Duration = Duration::from_millis(1700);
/// Nobody takes longer to start, or to stop.
const PATIENCE: Duration = Duration::from_secs(15);

fn config(priority: u8) -> String {
    let state = if priority == 100 { "MASTER" } else { "BACKUP" };
    CONFIG.replace("PRIORITY", &priority.to_string()).replace("STATE", state)
}

/// Every pair has its own test, so that they run beside each other.
fn pair(first: Maker, second: Maker) {
    if cannot_run(&[first, second]) {
        return;
    }
    let net = Net::new();
    let mut a = Router::new(&net, "a", 1, first, &config(100));
    let mut b = Router::new(&net, "b", 2, second, &config(90));
    a.start();
    b.start();
    assert!(wait_for(PATIENCE, || a.holds(VIP) && !b.holds(VIP)), "{first:?} a is not master");

    let killed = Instant::now();
    a.power_off();
    assert!(wait_for(TAKEOVER_MAX, || b.holds(VIP)), "b takes over from a host that is gone");
    println!("{first:?}/{second:?}: host killed, taken over after {:?}", killed.elapsed());

    let mut a = Router::new(&net, "a", 1, first, &config(100));
    a.start();
    assert!(wait_for(PATIENCE, || a.holds(VIP) && !b.holds(VIP)), "a is back and takes over");

    let stopped = Instant::now();
    a.stop();
    assert!(wait_for(HANDOVER_MAX, || b.holds(VIP)), "b takes over from a daemon that stops");
    println!("{first:?}/{second:?}: daemon stopped, taken over after {:?}", stopped.elapsed());
    assert!(wait_for(PATIENCE, || !a.runs()), "a stops");
    assert!(!a.holds(VIP));
    a.start();
    assert!(wait_for(PATIENCE, || a.holds(VIP) && !b.holds(VIP)), "a is started again");

    net.cut(true);
    assert!(wait_for(PATIENCE, || a.holds(VIP) && b.holds(VIP)), "nobody hears the other");
    net.cut(false);
    assert!(wait_for(PATIENCE, || a.holds(VIP) && !b.holds(VIP)), "they hear each other again");
}

#[test]
fn ours_and_ours_take_over_from_each_other() {
    pair(Maker::Ours, Maker::Ours);
}

#[test]
fn ours_and_the_real_one_take_over_from_each_other() {
    pair(Maker::Ours, Maker::Real);
}

#[test]
fn the_real_one_and_ours_take_over_from_each_other() {
    pair(Maker::Real, Maker::Ours);
}

#[test]
fn a_killed_worker_is_followed_by_one_that_goes_on_where_it_was() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let net = Net::new();
    let mut a = Router::new(&net, "a", 1, Maker::Ours, &config(100));
    let mut b = Router::new(&net, "b", 2, Maker::Ours, &config(90));
    a.start();
    b.start();
    assert!(wait_for(PATIENCE, || a.holds(VIP) && !b.holds(VIP)));
    let worker = a.worker().expect("a worker runs");
    a.run(&["kill", "-KILL", &worker]);
    assert!(
        while_all(TAKEOVER_MAX, || a.holds(VIP) && !b.holds(VIP)),
        "the address stays where it is, and the other router hears no silence"
    );
    assert!(wait_for(PATIENCE, || a.worker().is_some_and(|now| now != worker)));
}

#[test]
fn a_killed_parent_or_executor_leaves_no_address_unguarded() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let net = Net::new();
    let mut a = Router::new(&net, "a", 1, Maker::Ours, &config(255));
    a.start();
    assert!(wait_for(PATIENCE, || a.holds(VIP)));
    let executor = a.executor().expect("an executor runs");
    a.run(&["kill", "-KILL", &executor]);
    assert!(wait_for(PATIENCE, || a.executor().is_some_and(|now| now != executor)));
    assert!(wait_for(PATIENCE, || a.holds(VIP)), "both are started anew: {}", a.log());
    let parent = a.parent().expect("a parent runs");
    a.run(&["kill", "-KILL", &parent]);
    assert!(wait_for(PATIENCE, || !a.holds(VIP)), "the worker releases it and ends: {}", a.log());
}

#[test]
fn a_reload_takes_what_is_right_and_nothing_of_what_is_wrong() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let net = Net::new();
    let mut a = Router::new(&net, "a", 1, Maker::Ours, &config(255));
    a.start();
    assert!(wait_for(PATIENCE, || a.holds(VIP)));
    a.configure(&config(255).replace("10.0.0.100", "10.0.0.101").replace("eth0", "nosuch0"));
    a.signal("HUP");
    assert!(wait_for(PATIENCE, || a.log().contains("everything stays as it was")));
    assert!(a.holds(VIP));
    a.configure(&config(255).replace("10.0.0.100", "10.0.0.101"));
    a.signal("HUP");
    assert!(wait_for(PATIENCE, || a.holds("10.0.0.101") && !a.holds(VIP)));
}

/// What notify commands and FIFOs are told, and what signals write.
#[test]
fn others_are_told_in_the_ancestors_words() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let net = Net::new();
    let head = "global_defs {\n vrrp_notify_fifo /run/fifo\n script_user root\n}\n";
    let told = "state MASTER\n notify \"/run/told.sh any\"\n notify_master \"/run/told.sh master\"";
    let text = format!("{head}{}", config(255).replace("state BACKUP", told));
    let mut a = Router::new(&net, "a", 1, Maker::Ours, &text);
    a.write("/run/told.sh", "#!/bin/sh\necho \"$@\" >> /run/told\n", true);
    a.start();
    assert!(wait_for(PATIENCE, || a.holds(VIP)));
    let expected = "master\nany INSTANCE VI_1 MASTER 255\n";
    let said = || a.read("/run/told").unwrap_or_default();
    assert!(wait_for(PATIENCE, || said().ends_with(expected)), "{}", said());
    let fifo = a.run(&["timeout", "1", "cat", "/run/fifo"]);
    assert!(fifo.ends_with("INSTANCE \"VI_1\" MASTER 255\n"), "{fifo}");

    a.signal("36");
    assert!(wait_for(PATIENCE, || a.read("/tmp/keepalived.json").is_some()));
    let json = a.read("/tmp/keepalived.json").unwrap_or_default();
    let dump: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(dump[0]["data"]["iname"], "VI_1");
    assert_eq!(dump[0]["data"]["state"], 2);
    assert_eq!(dump[0]["data"]["auth_data"], "aminglin");
    assert_eq!(dump[0]["stats"]["become_master"], 1);
    a.signal("USR2");
    assert!(wait_for(PATIENCE, || a.read("/tmp/keepalived.stats").is_some()));
    a.stop();
    let stopped = "any INSTANCE VI_1 STOP 255\n";
    assert!(wait_for(PATIENCE, || said().ends_with(stopped)), "{}", said());
}

/// The published pair as it stands: nginx ends on A, its check gives up and stops keepalived.
#[test]
fn the_published_nginx_pair_fails_over_when_nginx_can_not_be_started() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let example = |name: &str| {
        let path = format!("{}/../../examples/nginx-vrrp/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("the example is there")
    };
    let (vip, net) = ("192.168.188.100", Net::with("ens33"));
    let mut a = Router::new(&net, "a", 1, Maker::Ours, &example("keepalived.conf.a"));
    let mut b = Router::new(&net, "b", 2, Maker::Ours, &example("keepalived.conf.b"));
    for router in [&a, &b] {
        router.furnish_nginx(&example("check_ng.sh"));
    }
    a.start();
    b.start();
    assert!(wait_for(PATIENCE, || a.holds(vip) && !b.holds(vip)), "{}", a.log());
    a.break_nginx();
    assert!(wait_for(PATIENCE, || b.holds(vip) && !a.holds(vip)), "{}", a.log());
    a.mend_nginx();
    a.start();
    assert!(wait_for(PATIENCE, || a.holds(vip) && !b.holds(vip)), "{}", a.log());
}
