//! What a pair does with its groups, told as sentences.

mod pair;

use api::{Held, StandbySet};
use base::Machine as _;
use cluster::Input;
use cluster::config::{AutoFailback, Check, Probe, StonithDevice};
use pair::Pair;
use std::time::Duration;

const WEB: [(&str, &[&str]); 1] = [("alpha", &["vip", "httpd"])];
const TWO: [(&str, &[&str]); 2] = [("alpha", &["vip", "httpd"]), ("beta", &["vip2", "db"])];

fn started(groups: &[(&str, &[&str])], change: impl Fn(&mut cluster::Config)) -> Pair {
    let mut pair = Pair::new(groups, change);
    pair.boot(0);
    pair.run(Duration::from_millis(300));
    pair.boot(1);
    pair.run_secs(2);
    pair
}

#[track_caller]
fn expect(pair: &Pair, name: &str, holders: &str) {
    assert_eq!(
        pair.holders(name),
        holders,
        "holders of {name}\n-- alpha\n{}\n-- beta\n{}",
        pair.story(0),
        pair.story(1)
    );
}

#[test]
fn two_nodes_of_ours_start_service_within_two_seconds_of_the_second() {
    let pair = started(&TWO, |_| {});
    for (name, holder) in [("vip", "alpha"), ("httpd", "alpha"), ("vip2", "beta"), ("db", "beta")] {
        expect(&pair, name, holder);
    }
    assert!(pair.double.is_empty(), "never on both");
    let status = pair.hosts[0].node.as_ref().expect("runs").status(pair.now);
    assert!(status.stable);
    assert_eq!(status.held.word(), "local");
}

#[test]
fn a_lone_node_waits_initdead_and_then_takes_everything() {
    let mut pair = Pair::new(&TWO, |_| {});
    pair.boot(1);
    pair.run_secs(9);
    expect(&pair, "vip", "");
    expect(&pair, "vip2", "");
    pair.run_secs(3);
    expect(&pair, "vip", "beta");
    expect(&pair, "vip2", "beta");
}

#[test]
fn the_survivor_takes_over_after_the_dead_time_and_the_home_gets_its_group_back() {
    let mut pair = started(&WEB, |_| {});
    pair.run_secs(6);
    pair.kill(0);
    pair.run_secs(4);
    expect(&pair, "vip", "");
    pair.run_secs(2);
    expect(&pair, "httpd", "beta");
    pair.boot(0);
    pair.run_secs(5);
    expect(&pair, "vip", "alpha");
    expect(&pair, "httpd", "alpha");
    assert!(pair.double.is_empty(), "never on both: {:?}", pair.double);
}

#[test]
fn with_auto_failback_off_the_group_stays() {
    let mut pair = started(&WEB, |config| config.auto_failback = AutoFailback::Off);
    pair.kill(0);
    pair.run_secs(7);
    pair.boot(0);
    pair.run_secs(10);
    expect(&pair, "vip", "beta");
}

#[test]
fn standby_moves_the_set_it_names_and_no_other() {
    let mut pair = started(&TWO, |_| {});
    pair.standby(0, StandbySet::All);
    pair.run_secs(1);
    for name in ["vip", "httpd", "vip2", "db"] {
        expect(&pair, name, "beta");
    }
    assert!(pair.hosts[0].answers.iter().all(Result::is_ok), "{:?}", pair.hosts[0].answers);
    pair.run_secs(30);
    expect(&pair, "vip", "beta");
    pair.standby(1, StandbySet::Foreign);
    pair.run_secs(1);
    expect(&pair, "vip", "alpha");
    expect(&pair, "vip2", "beta");
    pair.standby(1, StandbySet::Local);
    pair.run_secs(1);
    expect(&pair, "vip2", "alpha");
    assert!(pair.double.is_empty(), "never on both");
}

#[test]
fn a_planned_move_of_one_address_takes_a_tenth_of_a_second() {
    let mut pair = started(&[("alpha", &["vip"])], |_| {});
    pair.standby(0, StandbySet::All);
    pair.run(Duration::from_millis(100));
    expect(&pair, "vip", "beta");
}

#[test]
fn takeover_asks_the_peer_for_what_is_named_from_the_askers_side() {
    let mut pair = started(&TWO, |_| {});
    pair.give(1, Input::Takeover { set: StandbySet::Foreign, request: 2 });
    pair.run_secs(1);
    expect(&pair, "vip", "beta");
    expect(&pair, "vip2", "beta");
    pair.give(0, Input::Takeover { set: StandbySet::Local, request: 3 });
    pair.run_secs(1);
    expect(&pair, "vip", "alpha");
    expect(&pair, "vip2", "beta");
}

#[test]
fn a_standby_without_a_peer_is_refused_with_a_reason() {
    let mut pair = started(&WEB, |_| {});
    pair.kill(1);
    pair.run_secs(8);
    pair.standby(0, StandbySet::All);
    pair.run_secs(1);
    expect(&pair, "vip", "alpha");
    let refused = pair.hosts[0].answers.last().expect("answered").as_ref().expect_err("refused");
    assert!(refused.contains("beta"), "{refused}");
}

#[test]
fn a_request_in_the_middle_of_a_move_waits_for_its_end() {
    let mut pair = started(&WEB, |_| {});
    pair.standby(0, StandbySet::All);
    pair.run(Duration::from_millis(5));
    pair.standby(1, StandbySet::Foreign);
    pair.run_secs(2);
    expect(&pair, "vip", "alpha");
    assert!(pair.hosts[1].answers.last().expect("answered").is_ok());
    assert!(pair.double.is_empty());
}

#[test]
fn a_graceful_stop_hands_over_at_once() {
    let mut pair = started(&WEB, |_| {});
    pair.give(0, Input::Stop { keep: false });
    pair.run(Duration::from_millis(400));
    expect(&pair, "httpd", "beta");
    pair.run_secs(3);
    assert!(pair.hosts[0].exited);
    pair.run_secs(20);
    expect(&pair, "vip", "beta");
    assert!(pair.double.is_empty());
}

#[test]
fn after_a_cut_the_home_keeps_its_group_and_service_is_never_gone() {
    let mut pair = started(&TWO, |_| {});
    pair.cut_both(true);
    pair.run_secs(10);
    expect(&pair, "vip", "alpha beta");
    pair.cut_both(false);
    for _ in 0..20 {
        pair.run(Duration::from_millis(100));
        assert_ne!(pair.holders("vip"), "", "never without an owner");
    }
    expect(&pair, "vip", "alpha");
    expect(&pair, "vip2", "beta");
    assert!(pair.hosts[0].announced > 0, "the keeper announces again");
    pair.run_secs(30);
    expect(&pair, "vip", "alpha");
    expect(&pair, "db", "beta");
}

#[test]
fn after_a_cut_with_failback_off_the_earlier_holder_keeps_the_group() {
    let mut pair = started(&WEB, |config| config.auto_failback = AutoFailback::Off);
    pair.standby(0, StandbySet::All);
    pair.run_secs(2);
    expect(&pair, "vip", "beta");
    pair.cut_both(true);
    pair.run_secs(10);
    pair.cut_both(false);
    pair.run_secs(3);
    expect(&pair, "vip", "beta");
    pair.run_secs(20);
    expect(&pair, "vip", "beta");
}

#[test]
fn a_holder_that_is_not_heard_yields_to_the_one_that_took_over() {
    let mut pair = started(&WEB, |_| {});
    pair.cut[0][1] = true;
    pair.run_secs(15);
    expect(&pair, "vip", "beta");
    pair.cut_both(false);
    pair.run_secs(10);
    expect(&pair, "vip", "alpha");
    expect(&pair, "httpd", "alpha");
}

#[test]
fn a_group_that_fails_to_start_goes_to_the_other_node_once() {
    let mut pair = Pair::new(&TWO, |_| {});
    pair.hosts[0].broken.insert("httpd".into());
    pair.boot(0);
    pair.boot(1);
    pair.run_secs(4);
    expect(&pair, "vip", "beta");
    expect(&pair, "httpd", "beta");
    pair.run_secs(60);
    expect(&pair, "vip", "beta");
    let starts = pair.story(0).matches("httpd failed to start").count();
    assert_eq!(starts, 1, "never in circles");
}

#[test]
fn a_group_that_fails_on_both_nodes_runs_nowhere_and_says_so() {
    let mut pair = Pair::new(&WEB, |_| {});
    pair.hosts[0].broken.insert("httpd".into());
    pair.hosts[1].broken.insert("httpd".into());
    pair.boot(0);
    pair.boot(1);
    pair.run_secs(120);
    expect(&pair, "vip", "");
    let tries = pair.story(0).matches("failed to start").count()
        + pair.story(1).matches("failed to start").count();
    assert_eq!(tries, 2, "once on each node");
    let status = pair.hosts[0].node.as_ref().expect("runs").status(pair.now);
    assert!(status.warnings.iter().any(|(_, text)| text.contains("no such disk")));
}

#[test]
fn nothing_of_a_dead_node_starts_before_the_fence_succeeded() {
    let device = StonithDevice { kind: "external/test".into(), parameters: Vec::new() };
    let mut pair = started(&WEB, |config| config.stonith = vec![device.clone()]);
    pair.hosts[1].fence_works = false;
    pair.kill(0);
    pair.run_secs(60);
    expect(&pair, "vip", "");
    pair.hosts[1].fence_works = true;
    pair.run_secs(6);
    expect(&pair, "vip", "beta");
}

#[test]
fn a_reload_without_the_fence_device_ends_the_wait_for_it() {
    let device = StonithDevice { kind: "external/test".into(), parameters: Vec::new() };
    let mut pair = started(&WEB, |config| config.stonith = vec![device.clone()]);
    pair.hosts[1].fence_works = false;
    pair.kill(0);
    pair.run_secs(20);
    expect(&pair, "vip", "");
    pair.give(1, Input::Reload(Box::new(pair::config("beta", &WEB))));
    pair.run_secs(10);
    expect(&pair, "vip", "beta");
}

#[test]
fn in_legacy_mode_the_home_asks_for_its_group_and_gets_it() {
    let mut pair = started(&WEB, |config| config.auto_failback = AutoFailback::Legacy);
    expect(&pair, "vip", "alpha");
    pair.kill(0);
    pair.run_secs(7);
    expect(&pair, "vip", "beta");
    pair.boot(0);
    pair.run_secs(5);
    expect(&pair, "vip", "alpha");
    pair.standby(0, StandbySet::All);
    pair.run_secs(2);
    expect(&pair, "vip", "beta");
    assert!(pair.double.is_empty(), "never on both: {:?}", pair.double);
}

#[test]
fn a_failing_service_check_moves_the_address_and_a_passing_one_brings_it_back() {
    let check = Check {
        written: "tcp 12345".into(),
        probe: Probe::Tcp { host: "127.0.0.1".into(), port: 12345 },
        group: None,
        interval: Duration::from_secs(2),
        timeout: Duration::from_secs(1),
        failures: 2,
        restart: false,
    };
    let mut pair = started(&[("alpha", &["IPaddr"])], |c| c.checks = vec![check.clone()]);
    expect(&pair, "IPaddr", "alpha");
    pair.hosts[0].healthy = false;
    pair.run_secs(8);
    expect(&pair, "IPaddr", "beta");
    pair.run_secs(30);
    expect(&pair, "IPaddr", "beta");
    pair.hosts[0].healthy = true;
    pair.run_secs(8);
    expect(&pair, "IPaddr", "alpha");
    pair.hosts[0].healthy = false;
    pair.hosts[1].healthy = false;
    pair.run_secs(30);
    expect(&pair, "IPaddr", "alpha");
    assert!(pair.double.is_empty(), "never on both");
}

#[test]
fn an_address_taken_away_twice_moves_its_group() {
    let mut pair = started(&WEB, |_| {});
    pair.give(0, Input::AddressLost { group: "vip".into(), address: "192.0.2.9".into() });
    pair.run_secs(2);
    expect(&pair, "vip", "beta");
}

#[test]
fn a_node_that_crashes_and_returns_within_the_dead_time_runs_its_groups_again() {
    let mut pair = started(&WEB, |_| {});
    pair.kill(0);
    pair.run_secs(2);
    pair.boot(0);
    pair.run_secs(5);
    expect(&pair, "vip", "alpha");
    let status = pair.hosts[0].node.as_ref().expect("runs").status(pair.now);
    assert_eq!(status.held, Held { local: true, foreign: false });
}

#[test]
fn a_third_node_only_listens() {
    let mut config = pair::config("gamma", &WEB);
    config.nodes.push("gamma".into());
    let boot =
        cluster::Boot { generation: 1, uuid: [7; 16], dice: base::Dice::new(1), predecessor: None };
    let mut node = cluster::Node::new(std::sync::Arc::new(config), boot);
    let (mut now, mut out) = (base::Instant::ZERO, Vec::new());
    let ambient = Input::Ambient {
        wall: base::WallTime::from_millis(1_700_000_000_000),
        load: String::new(),
    };
    node.handle(now, ambient, &mut out);
    node.start(now, &mut out);
    let end = now + Duration::from_mins(1);
    while let Some(next) = node.next_deadline().filter(|next| *next < end) {
        now = now.max(next);
        node.handle(now, Input::Tick, &mut out);
    }
    node.handle(now, Input::Stop { keep: false }, &mut out);
    let dead = out.iter().any(|output| {
        matches!(output, cluster::Output::Event(event)
        if event.kind == api::EventKind::NodeDead)
    });
    let runs = out.iter().any(|output| matches!(output, cluster::Output::Run { .. }));
    assert!(dead, "it watches the others");
    assert!(!runs, "it starts and stops nothing");
}
