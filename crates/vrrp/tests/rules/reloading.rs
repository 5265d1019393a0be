//! A new configuration, by difference (docs/ancestors/keepalived.md §2.6 and §8/9).

use crate::world::{World, address, config, instance, script, secs, track_script};
use std::net::IpAddr;
use vrrp::config::{Config, Instance, Vrid};
use vrrp::{Input, Output};

fn reload(world: &mut World, n: usize, config: Config) {
    world.hosts[n].forget();
    world.give(n, Input::Reloading);
    world.give(n, Input::Reload(Box::new(config)));
}

/// Addresses released and taken, in order.
fn moves(world: &World, n: usize) -> Vec<(char, Vec<IpAddr>)> {
    let moved = |(_, output): &(base::Instant, Output)| match output {
        Output::Take { addresses, .. } => Some(('+', addresses.iter().map(|a| a.ip).collect())),
        Output::Release { addresses, .. } => Some(('-', addresses.iter().map(|a| a.ip).collect())),
        _ => None,
    };
    world.hosts[n].log.iter().filter_map(moved).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn masters_speak_with_the_old_values_and_then_with_the_new() {
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![instance("VI_1", 90)])]);
    world.run(10.0);
    reload(&mut world, 0, config(vec![instance("VI_1", 120)]));
    assert_eq!(world.hosts[0].adverts(), [(10_000, 100), (10_000, 120)]);
    assert_eq!(moves(&world, 0), []);
    world.run(11.5);
    // The cadence goes on from there.
    assert_eq!(world.hosts[0].adverts().last(), Some(&(11_000, 120)));
    world.run(30.0);
    assert!(world.hosts[1].adverts().is_empty(), "the other noticed nothing");
}

#[test]
fn a_router_that_is_not_changed_does_not_notice() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 100)])]);
    world.run(10.0);
    let before = world.status(0, "VI_1");
    reload(&mut world, 0, config(vec![instance("VI_1", 100)]));
    let after = world.status(0, "VI_1");
    assert_eq!((after.state, after.since), (before.state, before.since));
    assert_eq!(after.counters.become_master, 1);
    assert!(world.hosts[0].told().is_empty() && world.hosts[0].announcements().is_empty());
}

#[test]
fn changed_addresses_are_removed_and_added_and_all_announced() {
    let mut first = instance("VI_1", 255);
    first.addresses.push(address("192.0.2.101"));
    let mut second = instance("VI_1", 255);
    second.addresses = vec![address("192.0.2.101"), address("192.0.2.102")];
    let mut world = World::of(vec![config(vec![first])]);
    world.run(10.0);
    reload(&mut world, 0, config(vec![second]));
    assert_eq!(moves(&world, 0), [('-', vec![ip("192.0.2.100")]), ('+', vec![ip("192.0.2.102")])]);
    assert_eq!(world.hosts[0].announcements(), [10_000; 5]);
    let held: Vec<_> = world.hosts[0].held["VI_1"].iter().copied().collect();
    assert_eq!(held, [ip("192.0.2.101"), ip("192.0.2.102")]);
}

#[test]
fn a_removed_master_says_goodbye_and_is_told_as_a_fault() {
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![instance("VI_1", 90)])]);
    world.run(10.0);
    reload(&mut world, 0, config(vec![]));
    assert_eq!(world.hosts[0].adverts(), [(10_000, 100), (10_000, 0)]);
    assert_eq!(moves(&world, 0), [('-', vec![ip("192.0.2.100")])]);
    assert_eq!(world.hosts[0].told(), ["INSTANCE VI_1 FAULT 100"]);
    world.run(10.7);
    assert_eq!(world.masters("VI_1"), [1]);
}

#[test]
fn notify_deleted_is_told_as_such() {
    let mut instance = instance("VI_1", 255);
    std::sync::Arc::make_mut(&mut instance.notify).deleted = Some(crate::world::command("/gone"));
    let mut world = World::of(vec![config(vec![instance])]);
    world.run(1.0);
    reload(&mut world, 0, config(vec![]));
    assert_eq!(world.hosts[0].told(), ["INSTANCE VI_1 DELETED 255 /gone"]);
}

#[test]
fn another_number_is_another_router() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 100)])]);
    world.run(10.0);
    let renumbered = Instance { vrid: Vrid(52), ..instance("VI_1", 100) };
    reload(&mut world, 0, config(vec![renumbered]));
    assert_eq!(world.hosts[0].adverts(), [(10_000, 100), (10_000, 0)]);
    assert_eq!((world.state(0, "VI_1"), world.masters("VI_1")), ("BACKUP", vec![]));
    world.run(13.7);
    assert_eq!(world.masters("VI_1"), [0]);
}

#[test]
fn an_added_router_starts_and_the_others_go_on() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 100)])]);
    world.run(10.0);
    let second = Instance {
        vrid: Vrid(52),
        addresses: vec![address("192.0.2.200")],
        ..instance("VI_2", 100)
    };
    // The new one stands first: places in the list change.
    reload(&mut world, 0, config(vec![second, instance("VI_1", 100)]));
    world.run(13.5);
    assert_eq!((world.masters("VI_1"), world.masters("VI_2")), (vec![0], vec![]));
    world.run(13.7);
    assert_eq!(world.masters("VI_2"), [0]);
    let vi_1 = world.status(0, "VI_1");
    assert_eq!(vi_1.counters.become_master, 1);
}

#[test]
fn script_results_are_kept_and_new_scripts_count_as_well_until_they_ended() {
    let tracked = |names: &[&str]| {
        let tracks = names.iter().map(|name| track_script(name, 0)).collect();
        let mut config = config(vec![Instance { tracks, ..instance("VI_1", 100) }]);
        config.scripts = names.iter().map(|name| script(name)).collect();
        config
    };
    let mut world = World::of(vec![tracked(&["old"])]);
    world.run(10.2);
    world.hosts[0].failing.insert("new".into());
    reload(&mut world, 0, tracked(&["old", "new"]));
    assert_eq!(world.state(0, "VI_1"), "MASTER");
    let runs: Vec<_> = world.hosts[0]
        .log
        .iter()
        .filter_map(|(_, output)| match output {
            Output::Run { name } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(runs, ["new"], "the old one runs at its own time");
    world.run(10.3);
    assert_eq!(world.state(0, "VI_1"), "FAULT");
}

#[test]
fn a_backups_patience_goes_on_under_the_new_priority() {
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![instance("VI_1", 90)])]);
    world.run(10.0);
    world.kill(0);
    world.run(12.0);
    reload(&mut world, 1, config(vec![instance("VI_1", 200)]));
    // The last advert came at 9.6095; a priority of 200 waits 3.21875 s.
    world.run(9.6095 + 3.218);
    assert_eq!(world.masters("VI_1"), Vec::<usize>::new());
    world.run(9.6095 + 3.220);
    assert_eq!(world.masters("VI_1"), [1]);
}

#[test]
fn a_backups_patience_goes_on_with_fewer_adverts() {
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![instance("VI_1", 90)])]);
    world.run(10.0);
    world.kill(0);
    world.run(12.0);
    let hasty = Instance { down_timer_adverts: 2, ..instance("VI_1", 90) };
    reload(&mut world, 1, config(vec![hasty]));
    world.run(9.6095 + 2.647);
    assert_eq!(world.masters("VI_1"), Vec::<usize>::new());
    world.run(9.6095 + 2.650);
    assert_eq!(world.masters("VI_1"), [1]);
}

#[test]
fn a_group_that_is_not_changed_is_not_told_again() {
    let mut world = World::of(vec![crate::groups::gateway(100)]);
    world.run(5.0);
    reload(&mut world, 0, crate::groups::gateway(100));
    world.run(9.0);
    assert_eq!(world.hosts[0].told(), Vec::<String>::new());
}

#[test]
fn the_weight_of_a_new_script_counts_at_once() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 100)])]);
    world.run(5.0);
    let tracks = vec![track_script("s", 20)];
    let mut weighted = config(vec![Instance { tracks, ..instance("VI_1", 100) }]);
    weighted.scripts = vec![script("s")];
    reload(&mut world, 0, weighted);
    assert_eq!(world.hosts[0].adverts(), [(5000, 100), (5000, 120)]);
}

#[test]
fn a_new_interval_is_kept_from_the_reload_on() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 100)])]);
    world.run(10.0);
    let slower = Instance { advert_int: secs(2), ..instance("VI_1", 100) };
    reload(&mut world, 0, config(vec![slower]));
    world.run(15.0);
    let moments: Vec<_> = world.hosts[0].adverts().iter().map(|(at, _)| *at).collect();
    assert_eq!(moments, [10_000, 10_000, 12_000, 14_000]);
}

#[test]
fn a_reload_before_the_first_tick_only_replaces() {
    let mut world = World::new(1);
    world.boot_without_links(0, config(vec![instance("VI_1", 100)]), vrrp::Boot::default());
    world.link(0, "eth0", true);
    world.give(0, Input::Reload(Box::new(config(vec![instance("VI_2", 255)]))));
    assert!(world.hosts[0].log.is_empty());
    world.give(0, Input::Tick);
    assert_eq!(world.masters("VI_2"), [0]);
}

#[test]
fn a_thousand_masters_are_heard_again_before_anything_else_is_asked_for() {
    let many = |priority| {
        let instance = |n: u16| Instance {
            vrid: Vrid((n % 250 + 1) as u8),
            interface: Some(format!("eth{}", n / 250)),
            ..instance(&format!("VI_{n}"), priority)
        };
        config((0..1000).map(instance).collect())
    };
    let mut world = World::new(1);
    world.boot_without_links(0, many(100), vrrp::Boot::default());
    for n in 0..4 {
        world.link(0, &format!("eth{n}"), true);
    }
    world.give(0, Input::Tick);
    world.run(5.0);
    reload(&mut world, 0, many(120));
    let sent = world.hosts[0].adverts();
    assert!(sent.len() == 2000 && sent[999].1 == 100 && sent[1000].1 == 120);
    let first = |found: fn(&Output) -> bool| {
        world.hosts[0].log.iter().position(|(_, output)| found(output)).unwrap_or(usize::MAX)
    };
    assert_eq!(first(|output| matches!(output, Output::Send(_))), 0);
    assert!(first(|output| matches!(output, Output::Event(_))) >= 1000);
}
