//! What states and priorities depend on (docs/ancestors/keepalived.md §0/3, 17, 21 and §2.3).

use crate::world::{World, config, instance, ms, nth, script, secs, track_script};
use std::net::IpAddr;
use vrrp::config::{Config, Instance, LinkDelay, Script, Track, Tracked};
use vrrp::{Boot, Condition, Input, Output};

/// One router that tracks a script.
fn scripted(weight: i32, script: Script) -> Config {
    let tracks = vec![track_script(&script.name, weight)];
    let mut config = config(vec![Instance { tracks, ..instance("VI_1", 100) }]);
    config.scripts = vec![script];
    config
}

fn tracking(what: Tracked, weight: i32) -> Config {
    let tracks = vec![Track { what, weight, reverse: false }];
    config(vec![Instance { tracks, ..instance("VI_1", 100) }])
}

#[test]
fn a_script_without_weight_keeps_its_router_in_init_until_the_first_result() {
    let mut world = World::new(1);
    world.hosts[0].script_time = ms(700);
    world.start(0, scripted(0, script("s")));
    world.run(0.699);
    assert_eq!(world.state(0, "VI_1"), "INIT");
    world.run(0.701);
    assert_eq!(world.state(0, "VI_1"), "BACKUP");
    world.run(5.0);
    assert_eq!(world.hosts[0].adverts()[0].0, 4309);
}

#[test]
fn one_failure_at_the_start_is_a_fault_and_one_success_ends_it_as_rise_says() {
    let mut world = World::new(1);
    world.hosts[0].failing.insert("s".into());
    world.start(0, scripted(0, Script { rise: 2, fall: 3, ..script("s") }));
    world.run(0.1);
    assert_eq!(world.state(0, "VI_1"), "FAULT");
    assert_eq!(world.status(0, "VI_1").faults, ["script s is not well"]);
    world.hosts[0].failing.clear();
    world.run(1.9);
    assert_eq!(world.state(0, "VI_1"), "FAULT");
    world.run(2.1);
    assert_eq!(world.state(0, "VI_1"), "BACKUP");
}

#[test]
fn a_failing_script_hands_over_at_once() {
    let mut world = World::of(vec![scripted(0, script("s")), config(vec![instance("VI_1", 90)])]);
    world.run(10.2);
    assert_eq!(world.masters("VI_1"), [0]);
    world.hosts[0].failing.insert("s".into());
    // The run of 11.000 fails at 11.005; the other waits its skew.
    world.run(11.6);
    assert_eq!((world.state(0, "VI_1"), world.masters("VI_1")), ("FAULT", vec![]));
    assert_eq!(world.hosts[0].adverts().last(), Some(&(11_005, 0)));
    world.run(11.66);
    assert_eq!(world.masters("VI_1"), [1]);
}

#[test]
fn fall_counts_failures_in_a_row() {
    let mut world = World::of(vec![scripted(0, Script { fall: 3, ..script("s") })]);
    world.run(5.5);
    world.hosts[0].failing.insert("s".into());
    world.run(7.9);
    assert_eq!(world.state(0, "VI_1"), "MASTER");
    world.run(8.1);
    assert_eq!(world.state(0, "VI_1"), "FAULT");
}

#[test]
fn a_script_never_runs_twice_at_once() {
    let mut world = World::new(1);
    world.hosts[0].script_time = ms(2_500);
    world.start(0, scripted(2, script("s")));
    world.run(10.0);
    let is_run = |output: &Output| matches!(output, Output::Run { .. });
    let runs = world.hosts[0].log.iter().filter(|(_, output)| is_run(output));
    let runs = runs.map(|(at, _)| at.as_nanos() / 1_000_000);
    assert_eq!(runs.collect::<Vec<_>>(), [0, 3000, 6000, 9000]);
}

#[test]
fn a_weight_moves_the_priority_and_the_other_takes_over_when_it_stops_accepting() {
    let mut world = World::of(vec![scripted(-20, script("s")), config(vec![instance("VI_1", 90)])]);
    world.run(6.7);
    world.hosts[0].failing.insert("s".into());
    world.run(9.0);
    assert_eq!(world.status(0, "VI_1").effective_priority, 80);
    // The last advert with 100 left at 6.609; 90 is not content with 80.
    assert_eq!(world.hosts[0].adverts().get(3..5), Some(&[(6609, 100), (7609, 80)][..]));
    world.run(6.6095 + 3.647);
    assert_eq!(world.masters("VI_1"), [0]);
    world.run(6.6095 + 3.649);
    assert_eq!(world.masters("VI_1"), [1]);
}

#[test]
fn priorities_stay_between_1_and_254_and_an_owner_is_worth_255() {
    for (priority, weight, effective) in [(100, 300, 254), (250, 10, 254), (255, 10, 255)] {
        let mut config = scripted(weight, script("s"));
        nth(&mut config, 0).priority = priority;
        let mut world = World::of(vec![config]);
        world.run(1.0);
        assert_eq!(world.status(0, "VI_1").effective_priority, effective);
    }
    let mut world = World::new(1);
    world.hosts[0].failing.insert("s".into());
    world.start(0, scripted(-253, script("s")));
    world.run(1.0);
    assert_eq!(world.status(0, "VI_1").effective_priority, 1);
}

#[test]
fn files_processes_and_sessions_count_like_scripts() {
    let file = Tracked::File("f".into());
    let mut world = World::of(vec![tracking(file.clone(), 2)]);
    world.give(0, Input::Tracker { what: file.clone(), condition: Condition::Value(-15) });
    assert_eq!(world.status(0, "VI_1").effective_priority, 70);
    world.give(0, Input::Tracker { what: file, condition: Condition::Value(-127) });
    assert_eq!(world.state(0, "VI_1"), "FAULT");
    for what in [Tracked::Process("p".into()), Tracked::Bfd("b".into())] {
        let mut world = World::of(vec![tracking(what.clone(), 0)]);
        world.give(0, Input::Tracker { what: what.clone(), condition: Condition::Good });
        assert_eq!(world.state(0, "VI_1"), "BACKUP");
        world.give(0, Input::Tracker { what: what.clone(), condition: Condition::Bad });
        assert_eq!(world.state(0, "VI_1"), "FAULT");
    }
}

#[test]
fn no_weight_moves_an_owner() {
    let file = Tracked::File("f".into());
    let mut owner = tracking(file.clone(), 1);
    nth(&mut owner, 0).priority = 255;
    nth(&mut owner, 0).initially_master = true;
    let mut world = World::of(vec![owner]);
    world.give(0, Input::Tracker { what: file, condition: Condition::Value(-300) });
    assert_eq!(
        (world.state(0, "VI_1"), world.status(0, "VI_1").effective_priority),
        ("MASTER", 255)
    );
}

#[test]
fn a_link_that_goes_down_is_a_fault_at_once_and_backup_when_it_is_up() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 100)])]);
    world.run(5.0);
    world.link(0, "eth0", false);
    assert_eq!((world.state(0, "VI_1"), world.masters("VI_1")), ("FAULT", vec![]));
    assert_eq!(world.status(0, "VI_1").faults, ["interface eth0 is down or missing"]);
    world.run(20.0);
    world.link(0, "eth0", true);
    assert_eq!(world.state(0, "VI_1"), "BACKUP");
    world.run(23.7);
    assert_eq!(world.masters("VI_1"), [0]);
}

#[test]
fn an_owner_is_master_as_soon_as_its_link_is_up() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 255)])]);
    world.link(0, "eth0", false);
    world.run(5.0);
    world.link(0, "eth0", true);
    assert_eq!(world.masters("VI_1"), [0]);
}

#[test]
fn a_short_dip_of_a_link_is_overlooked_if_so_configured() {
    let mut config = config(vec![instance("VI_1", 100)]);
    config.link_delays = vec![LinkDelay { interface: "eth0".into(), down: secs(1), up: secs(2) }];
    let mut world = World::of(vec![config]);
    world.run(5.0);
    world.link(0, "eth0", false);
    world.run(5.9);
    world.link(0, "eth0", true);
    world.run(8.0);
    assert_eq!(world.state(0, "VI_1"), "MASTER");
    world.link(0, "eth0", false);
    world.run(9.1);
    assert_eq!(world.state(0, "VI_1"), "FAULT");
    world.link(0, "eth0", true);
    world.run(11.0);
    assert_eq!(world.state(0, "VI_1"), "FAULT");
    world.run(11.2);
    assert_eq!(world.state(0, "VI_1"), "BACKUP");
}

#[test]
fn its_own_interface_may_be_left_out_and_others_may_count() {
    let deaf = Instance { dont_track_primary: true, ..instance("VI_1", 100) };
    let mut world = World::of(vec![config(vec![deaf])]);
    world.run(5.0);
    world.link(0, "eth0", false);
    assert_eq!(world.state(0, "VI_1"), "MASTER");

    let mut world = World::new(1);
    let eth1 = || Tracked::Interface("eth1".into());
    world.boot_without_links(0, tracking(eth1(), -30), Boot::default());
    world.link(0, "eth0", true);
    world.link(0, "eth1", true);
    world.give(0, Input::Tick);
    world.run(1.0);
    assert_eq!(world.status(0, "VI_1").effective_priority, 100);
    world.link(0, "eth1", false);
    assert_eq!(world.status(0, "VI_1").effective_priority, 70);
}

#[test]
fn an_interface_that_was_never_told_is_missing_and_waited_for() {
    let mut world = World::new(1);
    world.boot_without_links(0, config(vec![instance("VI_1", 100)]), Boot::default());
    world.give(0, Input::Tick);
    assert_eq!(world.state(0, "VI_1"), "FAULT");
    world.run(5.0);
    world.link(0, "eth0", true);
    assert_eq!(world.state(0, "VI_1"), "BACKUP");
}

#[test]
fn an_interface_without_address_is_a_fault() {
    let mut world = World::new(1);
    world.boot_without_links(0, config(vec![instance("VI_1", 100)]), Boot::default());
    let bare = |up| Input::Link { interface: "eth0".into(), up, ipv4: None, ipv6: None };
    world.give(0, bare(true));
    world.give(0, Input::Tick);
    assert_eq!(world.status(0, "VI_1").faults, ["interface eth0 has no address to speak from"]);
    world.link(0, "eth0", true);
    assert_eq!(world.state(0, "VI_1"), "BACKUP");
}

#[test]
fn a_watched_source_address_that_is_not_here_is_a_fault() {
    let ip: IpAddr = "192.0.2.11".parse().expect("an address");
    let watched = Instance { source: Some(ip), track_source: true, ..instance("VI_1", 100) };
    let mut world = World::of(vec![config(vec![watched])]);
    assert_eq!(world.state(0, "VI_1"), "FAULT");
    world.give(0, Input::Source { ip, present: true });
    world.run(5.0);
    assert_eq!(world.masters("VI_1"), [0]);
    world.give(0, Input::Source { ip, present: false });
    assert_eq!((world.state(0, "VI_1"), world.masters("VI_1")), ("FAULT", vec![]));
    assert_eq!(
        world.status(0, "VI_1").faults,
        ["its source address 192.0.2.11 is not on this host"]
    );
}

#[test]
fn a_router_in_fault_listens_to_nobody() {
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![instance("VI_1", 90)])]);
    world.link(1, "eth0", false);
    world.run(10.0);
    assert_eq!(world.status(1, "VI_1").counters.advert_rcvd, 0);
}

#[test]
fn the_story_leads_from_the_script_to_the_fault() {
    let mut world = World::of(vec![scripted(0, script("s"))]);
    world.run(5.2);
    world.hosts[0].failing.insert("s".into());
    world.run(6.1);
    let events: Vec<_> = world.hosts[0]
        .log
        .iter()
        .filter_map(|(_, output)| match output {
            Output::Event(event) => Some(event.clone()),
            _ => None,
        })
        .collect();
    let fault = events.last().expect("it tells");
    assert_eq!(fault.text, "VI_1 is FAULT: script s is not well");
    let cause = events.iter().find(|event| Some(event.id) == fault.cause).expect("it is told");
    assert_eq!(cause.text, "script s is not well: exit code 1");
}

#[test]
fn the_status_tells_what_each_tracker_adds_and_what_is_a_fault() {
    let tracks = vec![track_script("a", -20), track_script("b", 5), track_script("c", 0)];
    let mut config = config(vec![Instance { tracks, ..instance("VI_1", 100) }]);
    config.scripts = vec![script("a"), script("b"), script("c")];
    let mut world = World::new(1);
    world.hosts[0].failing.extend(["a".into(), "c".into()]);
    world.start(0, config);
    world.run(1.0);
    let status = world.status(0, "VI_1");
    let told: Vec<_> =
        status.tracks.iter().map(|t| (t.name.as_str(), t.adds, t.is_fault)).collect();
    assert_eq!(told, [("a", -20, false), ("b", 5, false), ("c", 0, true)]);
    let sum: i64 = status.tracks.iter().map(|t| t.adds).sum();
    assert_eq!(i64::from(status.effective_priority), i64::from(status.base_priority) + sum);
}

#[test]
fn the_status_shows_what_is_tracked() {
    let mut world = World::of(vec![scripted(0, script("s"))]);
    let trackers = |world: &World| world.hosts[0].role.as_ref().expect("it runs").status().trackers;
    let first = trackers(&world).remove(0);
    assert_eq!((first.kind.as_str(), first.good, first.running), ("script", None, true));
    world.run(0.5);
    let then = trackers(&world).remove(0);
    assert_eq!((then.name.as_str(), then.good, then.running), ("s", Some(true), false));
}
