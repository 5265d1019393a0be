//! When addresses are announced, and what happens when somebody removes them
//! (docs/ancestors/keepalived.md §0/9, 21, §2.4 and §3.4).

use crate::world::{World, address, at, config, instance, ms, secs};
use vrrp::config::{Address, Config, Destination, Elsewhere, Garp, Instance, Pace, Peer};
use vrrp::{Input, Output};
use wire::routing::{Action, Network, Route, Rule};

fn announced(with: impl FnOnce(&mut Garp)) -> World {
    let mut instance = instance("VI_1", 255);
    instance.addresses.push(address("192.0.2.101"));
    with(&mut instance.garp);
    World::of(vec![config(vec![instance])])
}

#[test]
fn five_at_once_and_five_more_after_five_seconds() {
    let mut world = announced(|_| {});
    world.run(20.0);
    assert_eq!(world.hosts[0].announcements(), [0, 0, 0, 0, 0, 5000, 5000, 5000, 5000, 5000]);
    assert_eq!(world.status(0, "VI_1").last_announced, Some(at(5.0)));
}

#[test]
fn no_second_burst_if_its_delay_is_off() {
    let mut world = announced(|garp| (garp.master_delay, garp.master_repeat) = (None, 1));
    world.run(20.0);
    assert_eq!(world.hosts[0].announcements(), [0]);
}

#[test]
fn a_refresh_repeats_as_long_as_it_is_master() {
    let mut world = announced(|garp| {
        (garp.master_delay, garp.master_repeat) = (None, 1);
        (garp.refresh, garp.refresh_repeat) = (Some(secs(10)), 2);
    });
    world.run(25.0);
    assert_eq!(world.hosts[0].announcements(), [0, 10_000, 10_000, 20_000, 20_000]);
    world.link(0, "eth0", false);
    world.run(60.0);
    assert_eq!(world.hosts[0].announcements().len(), 5);
}

#[test]
fn announcements_on_one_interface_keep_their_distance() {
    let mut world = announced(|garp| {
        garp.arp_interval = ms(100);
        (garp.master_delay, garp.master_repeat) = (None, 2);
    });
    world.run(2.0);
    let order: Vec<_> = world.hosts[0]
        .log
        .iter()
        .filter_map(|(at, output)| match output {
            Output::Announce { addresses, .. } => {
                Some((at.as_nanos() / 1_000_000, addresses[0].ip.to_string()))
            }
            _ => None,
        })
        .collect();
    let expected = [(0, "100"), (100, "101"), (200, "100"), (300, "101")];
    let expected = expected.map(|(at, last)| (at, format!("192.0.2.{last}")));
    assert_eq!(order, expected);
}

#[test]
fn a_new_burst_takes_the_place_of_what_still_waits() {
    let mut world = announced(|garp| garp.arp_interval = secs(1));
    world.run(60.0);
    // Five of ten went out before the second burst of ten came.
    assert_eq!(world.hosts[0].announcements().len(), 15);
}

#[test]
fn what_waits_for_its_turn_is_not_announced_by_a_backup() {
    let mut world = announced(|garp| garp.arp_interval = secs(1));
    world.run(2.5);
    world.link(0, "eth0", false);
    world.run(10.0);
    assert_eq!(world.hosts[0].announcements(), [0, 1000, 2000]);
}

#[test]
fn a_unicast_router_that_leaves_fault_announces_its_own_address() {
    let peer = Peer { ip: "192.0.2.12".parse().expect("an address"), min_ttl: None, max_ttl: None };
    let destination = Destination::Unicast(vec![peer]);
    let mut world =
        World::of(vec![config(vec![Instance { destination, ..instance("VI_1", 100) }])]);
    world.run(1.0);
    assert!(world.hosts[0].announcements().is_empty());
    world.link(0, "eth0", false);
    world.link(0, "eth0", true);
    let ip = world.hosts[0].ipv4;
    assert!(world.hosts[0].log.iter().any(|(_, output)| matches!(
        output,
        Output::Announce { addresses, .. } if addresses[0].ip == ip
    )));
}

#[test]
fn an_address_removed_once_is_put_back() {
    let mut world = announced(|_| {});
    world.run(10.0);
    world.hosts[0].forget();
    let ip = "192.0.2.101".parse().expect("an address");
    world.give(0, Input::AddressLost { instance: "VI_1".into(), ip });
    assert_eq!(world.state(0, "VI_1"), "MASTER");
    let taken: Vec<_> = world.hosts[0]
        .log
        .iter()
        .filter_map(|(_, output)| match output {
            Output::Take { addresses, .. } => {
                Some(addresses.iter().map(|a| a.ip).collect::<Vec<_>>())
            }
            _ => None,
        })
        .collect();
    assert_eq!(taken, [vec![ip]]);
    assert!(!world.hosts[0].announcements().is_empty());
}

#[test]
fn an_address_removed_twice_within_a_minute_is_given_to_another() {
    let lose = |world: &mut World| {
        let ip = "192.0.2.100".parse().expect("an address");
        world.give(0, Input::AddressLost { instance: "VI_1".into(), ip });
    };
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![instance("VI_1", 90)])]);
    world.run(10.0);
    lose(&mut world);
    world.run(71.0);
    // More than a minute later it is the first time again.
    lose(&mut world);
    assert_eq!(world.masters("VI_1"), [0]);
    world.run(80.0);
    lose(&mut world);
    assert_eq!((world.state(0, "VI_1"), world.masters("VI_1")), ("BACKUP", vec![]));
    world.run(80.7);
    assert_eq!(world.masters("VI_1"), [1]);
}

#[test]
fn alone_it_is_back_a_second_after_a_fight() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 100)])]);
    world.run(10.0);
    let ip = "192.0.2.100".parse().expect("an address");
    for _ in 0..2 {
        world.give(0, Input::AddressLost { instance: "VI_1".into(), ip });
    }
    world.run(10.999);
    assert_eq!(world.masters("VI_1"), Vec::<usize>::new());
    world.run(11.001);
    assert_eq!(world.masters("VI_1"), [0]);
}

#[test]
fn all_addresses_flushed_at_once_are_no_fight() {
    let mut world = announced(|_| {});
    world.run(10.0);
    for ip in ["192.0.2.100", "192.0.2.101"] {
        let ip = ip.parse().expect("an address");
        world.give(0, Input::AddressLost { instance: "VI_1".into(), ip });
    }
    assert_eq!(world.state(0, "VI_1"), "MASTER");
}

#[test]
fn the_loss_of_an_address_that_is_not_tracked_does_not_count() {
    let mut instance = instance("VI_1", 255);
    instance.addresses[0].no_track = true;
    let mut world = World::of(vec![config(vec![instance])]);
    world.run(1.0);
    world.hosts[0].forget();
    let ip = "192.0.2.100".parse().expect("an address");
    world.give(0, Input::AddressLost { instance: "VI_1".into(), ip });
    assert!(world.hosts[0].log.is_empty());
}

/// A master alone with a route and a rule.
fn with_routing(change: impl FnOnce(&mut Instance)) -> World {
    let network = Network { ip: "198.51.100.0".parse().expect("an address"), prefix: 24 };
    let mut instance = instance("VI_1", 100);
    instance.routes = vec![Route::to(network)];
    instance.rules = vec![Rule::for_all(false, 700, Action::Table(77))];
    change(&mut instance);
    let mut world = World::of(vec![config(vec![instance])]);
    world.run(10.0);
    world.hosts[0].forget();
    world
}

/// Somebody removes a route or a rule; the routes and rules that are put back.
fn lose(world: &mut World, what: &str) -> Vec<String> {
    world.hosts[0].forget();
    world.give(0, Input::RoutingLost { instance: "VI_1".into(), what: what.into() });
    let log = &world.hosts[0].log;
    log.iter()
        .filter_map(|(_, output)| match output {
            Output::Take { routes, rules, .. } => Some((routes, rules)),
            _ => None,
        })
        .flat_map(|(routes, rules)| {
            routes.iter().map(ToString::to_string).chain(rules.iter().map(ToString::to_string))
        })
        .collect()
}

#[test]
fn a_removed_route_or_rule_is_put_back_and_twice_is_a_fight() {
    let mut world = with_routing(|_| {});
    let rule = "from all table 77 preference 700";
    assert_eq!(lose(&mut world, "198.51.100.0/24"), ["198.51.100.0/24"]);
    assert_eq!(lose(&mut world, rule), [rule]);
    assert_eq!(world.state(0, "VI_1"), "MASTER");
    assert!(lose(&mut world, rule).is_empty());
    assert_eq!(world.state(0, "VI_1"), "BACKUP");
    world.run(11.1);
    assert_eq!(world.state(0, "VI_1"), "MASTER", "nobody else wanted it");
}

#[test]
fn the_loss_of_a_route_that_is_not_tracked_or_not_ours_does_not_count() {
    let mut world = with_routing(|instance| instance.routes[0].tracked = false);
    assert!(lose(&mut world, "198.51.100.0/24").is_empty());
    assert!(lose(&mut world, "203.0.113.0/24").is_empty());
    assert!(world.hosts[0].log.is_empty(), "nothing is told either");
}

/// An instance on eth0 with one more address on eth1, and these ways to announce it.
fn on_two_interfaces(all: bool, own_mac: bool, paces: Vec<Pace>) -> World {
    let mut instance = instance("VI_1", 255);
    let elsewhere = Address { device: Some("eth1".into()), own_mac, ..address("198.51.100.100") };
    instance.addresses.push(elsewhere);
    instance.garp = Garp {
        master_delay: None,
        master_repeat: 2,
        elsewhere: Some(Elsewhere { every: secs(3), all }),
        ..instance.garp
    };
    World::of(vec![Config { paces, ..config(vec![instance]) }])
}

/// What was announced and when, in milliseconds.
fn announced_at(world: &World) -> Vec<(u64, Vec<String>)> {
    world.hosts[0]
        .log
        .iter()
        .filter_map(|(when, output)| match output {
            Output::Announce { addresses, .. } => Some((
                when.as_nanos() / 1_000_000,
                addresses.iter().map(|a| a.ip.to_string()).collect(),
            )),
            _ => None,
        })
        .collect()
}

#[test]
fn addresses_elsewhere_are_announced_now_and_again_where_adverts_leave_no_trace() {
    for (all, own_mac, expected) in
        [(true, false, vec![3000, 6000]), (false, true, vec![3000, 6000]), (false, false, vec![])]
    {
        let mut world = on_two_interfaces(all, own_mac, Vec::new());
        world.run(7.0);
        let later: Vec<_> = announced_at(&world).into_iter().filter(|(at, _)| *at > 0).collect();
        assert!(later.iter().all(|(_, which)| *which == ["198.51.100.100"]), "{later:?}");
        let when: Vec<_> = later.iter().map(|(at, _)| *at).collect();
        assert_eq!(when, expected, "all {all}, virtual MAC address {own_mac}");
    }
}

#[test]
fn interfaces_of_a_group_share_one_pace() {
    let pace = |interfaces: &[&str]| Pace {
        interfaces: interfaces.iter().map(|name| (*name).to_owned()).collect(),
        arp_interval: Some(ms(100)),
        na_interval: None,
    };
    let times = |paces| {
        let mut world = on_two_interfaces(false, false, paces);
        world.run(1.0);
        announced_at(&world).into_iter().map(|(at, _)| at).collect::<Vec<_>>()
    };
    assert_eq!(times(vec![pace(&["eth0", "eth1"])]), [0, 100, 200, 300]);
    assert_eq!(times(vec![pace(&["eth0"]), pace(&["eth1"])]), [0, 0, 100, 100]);
    assert_eq!(times(vec![pace(&["eth1"])]), [0, 0, 0, 100], "eth0 has no pace");
}
