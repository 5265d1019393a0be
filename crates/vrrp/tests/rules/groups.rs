//! Sync groups (docs/ancestors/keepalived.md §2.3, §2.5).

use crate::world::{World, config, group, instance, nth, script, track_script};
use vrrp::config::{Config, Instance, Vrid};
use vrrp::{Input, Output};

/// Two routers in a sync group: inside and outside.
pub(crate) fn gateway(priority: u8) -> Config {
    let member = |name: &str, vrid: u8, ip: &str| Instance {
        vrid: Vrid(vrid),
        addresses: vec![crate::world::address(ip)],
        ..instance(name, priority)
    };
    let mut config =
        config(vec![member("IN", 51, "192.0.2.100"), member("OUT", 52, "198.51.100.1")]);
    config.groups = vec![group("G", &["IN", "OUT"])];
    config
}

fn states(world: &World, n: usize) -> [&'static str; 2] {
    [world.state(n, "IN"), world.state(n, "OUT")]
}

#[test]
fn members_become_master_together() {
    let mut world = World::of(vec![gateway(100), gateway(90)]);
    world.run(5.0);
    assert_eq!((states(&world, 0), states(&world, 1)), (["MASTER"; 2], ["BACKUP"; 2]));
    world.kill(0);
    world.run(10.0);
    assert_eq!(states(&world, 1), ["MASTER"; 2]);
}

#[test]
fn one_member_does_not_become_master_while_another_hears_its_master() {
    let mut world = World::of(vec![gateway(100), gateway(90)]);
    world.run(5.0);
    world.cut_instances.insert("OUT".into());
    world.run(30.0);
    assert_eq!((states(&world, 0), states(&world, 1)), (["MASTER"; 2], ["BACKUP"; 2]));
    assert!(world.hosts[1].adverts().is_empty());
    // Now both are silent.
    world.kill(0);
    world.run(34.0);
    assert_eq!(states(&world, 1), ["MASTER"; 2]);
}

#[test]
fn a_fault_of_one_is_a_fault_of_all() {
    let mut sick = gateway(100);
    nth(&mut sick, 1).tracks = vec![track_script("s", 0)];
    sick.scripts = vec![script("s")];
    let mut world = World::of(vec![sick, gateway(90)]);
    world.run(5.1);
    assert_eq!(states(&world, 0), ["MASTER"; 2]);
    world.hosts[0].failing.insert("s".into());
    world.run(6.1);
    assert_eq!(states(&world, 0), ["FAULT"; 2]);
    assert_eq!(world.status(0, "IN").faults, ["its sync group G is in fault"]);
    world.run(6.7);
    assert_eq!(states(&world, 1), ["MASTER"; 2]);
    world.hosts[0].failing.clear();
    world.run(7.1);
    assert_eq!(states(&world, 0), ["BACKUP"; 2]);
    world.run(12.0);
    assert_eq!((states(&world, 0), states(&world, 1)), (["MASTER"; 2], ["BACKUP"; 2]));
}

#[test]
fn a_groups_own_tracker_counts_for_all() {
    let mut sick = gateway(100);
    sick.groups[0].tracks = vec![track_script("s", 0)];
    sick.scripts = vec![script("s")];
    let mut world = World::new(1);
    world.hosts[0].failing.insert("s".into());
    world.start(0, sick);
    world.run(0.001);
    assert_eq!(states(&world, 0), ["INIT"; 2]);
    world.run(0.1);
    assert_eq!(states(&world, 0), ["FAULT"; 2]);
}

#[test]
fn a_member_that_waits_for_a_first_result_lets_all_wait() {
    let mut slow = gateway(100);
    nth(&mut slow, 1).tracks = vec![track_script("s", 0)];
    slow.scripts = vec![script("s")];
    let mut world = World::new(1);
    world.hosts[0].script_time = crate::world::ms(700);
    world.start(0, slow);
    world.run(0.6);
    assert_eq!(states(&world, 0), ["INIT"; 2]);
    world.run(0.8);
    assert_eq!(states(&world, 0), ["BACKUP"; 2]);
}

#[test]
fn weights_count_in_a_group_only_if_it_says_so() {
    for (tracking_weight, effective) in [(false, 100), (true, 80)] {
        let mut weighted = gateway(100);
        weighted.groups[0].tracks = vec![track_script("s", -20)];
        weighted.groups[0].tracking_weight = tracking_weight;
        weighted.scripts = vec![script("s")];
        let mut world = World::new(1);
        world.hosts[0].failing.insert("s".into());
        world.start(0, weighted);
        world.run(1.0);
        assert_eq!(world.status(0, "IN").effective_priority, effective);
    }
}

#[test]
fn one_member_that_yields_pulls_the_others_which_say_goodbye() {
    let mut world = World::of(vec![gateway(100), gateway(90)]);
    world.separate(0, 1);
    world.run(5.0);
    assert_eq!(states(&world, 1), ["MASTER"; 2]);
    world.cut_instances.insert("OUT".into());
    world.cut.clear();
    world.hosts[1].forget();
    world.run(6.0);
    assert_eq!(states(&world, 1), ["BACKUP"; 2]);
    assert!(world.hosts[1].adverts().iter().any(|(_, priority)| *priority == 0));
    assert!(world.masters("OUT") == [0] && world.masters("IN") == [0]);
}

#[test]
fn a_group_starts_as_backup_unless_all_its_members_are_owners() {
    let mut mixed = gateway(255);
    nth(&mut mixed, 1).priority = 100;
    let world = World::of(vec![mixed]);
    assert_eq!(states(&world, 0), ["BACKUP"; 2]);
    let world = World::of(vec![gateway(255)]);
    assert_eq!(states(&world, 0), ["MASTER"; 2]);
}

#[test]
fn the_group_is_told_after_its_members() {
    let mut world = World::of(vec![gateway(100)]);
    assert_eq!(
        world.hosts[0].told(),
        ["INSTANCE IN BACKUP 100", "INSTANCE OUT BACKUP 100", "GROUP G BACKUP 0"]
    );
    world.hosts[0].forget();
    world.run(5.0);
    // The member whose patience ended last pulls the others.
    assert_eq!(
        world.hosts[0].told(),
        ["INSTANCE OUT MASTER 100", "INSTANCE IN MASTER 100", "GROUP G MASTER 0"]
    );
    world.hosts[0].forget();
    world.give(0, Input::Stop { keep: false });
    assert_eq!(
        world.hosts[0].told(),
        ["INSTANCE IN STOP 100", "INSTANCE OUT STOP 100", "GROUP G STOP 0"]
    );
    assert!(world.hosts[0].log.iter().any(|(_, output)| *output == Output::Exit));
}

/// The gateway, whose outside stands on an interface that isn't there.
fn mistyped(dynamic_interfaces: bool) -> World {
    let mut config = Config { dynamic_interfaces, ..gateway(100) };
    nth(&mut config, 1).interface = Some("eht1".into());
    World::of(vec![config])
}

#[test]
fn a_member_on_a_mistyped_interface_does_not_hold_its_group() {
    let mut world = mistyped(false);
    world.run(5.0);
    assert_eq!(states(&world, 0), ["MASTER", "FAULT"]);
    // It was no mistake, the interface is late: from now on it is a member like any other.
    world.link(0, "eht1", true);
    world.run(10.0);
    assert_eq!(states(&world, 0), ["MASTER"; 2]);
    world.link(0, "eht1", false);
    assert_eq!(states(&world, 0), ["FAULT"; 2]);
}

#[test]
fn where_interfaces_come_and_go_a_group_waits_for_all_of_them() {
    let mut world = mistyped(true);
    world.run(5.0);
    assert_eq!(states(&world, 0), ["FAULT"; 2]);
    world.link(0, "eht1", true);
    world.run(10.0);
    assert_eq!(states(&world, 0), ["MASTER"; 2]);
}
