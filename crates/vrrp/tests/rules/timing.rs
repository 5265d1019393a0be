//! When a master is missed, and how fast another takes over (docs/ancestors/keepalived.md §0/1, 2,
//! 19 and §2.3).

use crate::world::{World, at, config, instance, instance_v3, ms, secs};
use std::time::Duration;
use vrrp::config::{Family, Instance};
use vrrp::{Boot, Inherited, Input, Output};

#[test]
fn the_first_advert_comes_3_609_s_after_the_start_at_priority_100() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 100)])]);
    world.run(3.609);
    assert_eq!((world.state(0, "VI_1"), world.masters("VI_1")), ("BACKUP", vec![]));
    world.run(3.610);
    assert_eq!((world.state(0, "VI_1"), world.masters("VI_1")), ("MASTER", vec![0]));
    world.run(6.0);
    assert_eq!(world.hosts[0].adverts(), [(3609, 100), (4609, 100), (5609, 100)]);
}

#[test]
fn state_master_makes_nobody_master_but_an_owner() {
    let mut eager = instance("VI_1", 100);
    eager.initially_master = true;
    let mut waiting_owner = instance("VI_1", 255);
    waiting_owner.initially_master = false;
    for (instance, first) in [(eager, 3609), (instance("VI_1", 255), 0), (waiting_owner, 3003)] {
        let mut world = World::of(vec![config(vec![instance])]);
        world.run(4.0);
        assert_eq!(world.hosts[0].adverts()[0].0, first);
    }
}

#[test]
fn adverts_leave_before_addresses_are_added_and_those_are_announced_last() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 255)])]);
    let order: Vec<_> = world.hosts[0]
        .log
        .drain(..)
        .filter_map(|(_, output)| match output {
            Output::Send(_) => Some("send"),
            Output::Take { .. } => Some("take"),
            Output::Announce { .. } => Some("announce"),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["send", "take", "announce", "announce", "announce", "announce", "announce"]);
}

#[test]
fn a_killed_master_is_missed_after_its_last_advert() {
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![instance("VI_1", 90)])]);
    world.run(10.0);
    assert_eq!(world.masters("VI_1"), [0]);
    world.kill(0);
    // Its last advert left at 9.609 s and took 0.1 ms.
    world.run(9.609_475 + 3.648);
    assert_eq!(world.masters("VI_1"), Vec::<usize>::new());
    world.run(9.609_475 + 3.649);
    assert_eq!(world.masters("VI_1"), [1]);
}

#[test]
fn a_goodbye_lets_priority_90_take_over_after_0_648_s() {
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![instance("VI_1", 90)])]);
    world.run(10.0);
    world.give(0, Input::Stop { keep: false });
    assert_eq!(world.hosts[0].adverts().last(), Some(&(10_000, 0)));
    world.run(10.648);
    assert_eq!(world.masters("VI_1"), Vec::<usize>::new());
    world.run(10.649);
    assert_eq!(world.masters("VI_1"), [1]);
    assert_eq!(world.status(1, "VI_1").counters.pri_zero_rcvd, 1);
}

#[test]
fn a_version_3_interval_is_learnt_from_the_master() {
    let slow = instance_v3("VI_1", 100, ms(100));
    let fast = instance_v3("VI_1", 90, secs(1));
    let mut world = World::of(vec![config(vec![slow]), config(vec![fast])]);
    world.run(5.0);
    assert_eq!(world.masters("VI_1"), [0]);
    assert_eq!(world.status(1, "VI_1").master_interval_us, 100_000);
    let last = world.hosts[0].adverts().last().expect("it speaks").0;
    world.kill(0);
    // 3 × 100 ms and a skew of 166/256 of 100 ms.
    world.run_to(at(0.0) + ms(last + 364), |_| {});
    assert_eq!(world.masters("VI_1"), Vec::<usize>::new());
    world.run_to(at(0.0) + ms(last + 366), |_| {});
    assert_eq!(world.masters("VI_1"), [1]);
    // As a master it speaks at its own pace.
    assert_eq!(world.status(1, "VI_1").master_interval_us, 1_000_000);
}

#[test]
fn hundredths_of_a_second_fail_over_in_36_ms_and_after_a_goodbye_in_6() {
    let pair = || {
        let at = |priority| config(vec![instance_v3("VI_1", priority, ms(10))]);
        let mut world = World::of(vec![at(100), at(90)]);
        world.run(1.0);
        world
    };
    let mut killed = pair();
    let last = killed.hosts[0].adverts().last().expect("it speaks").0;
    killed.kill(0);
    killed.run_to(at(0.0) + ms(last + 38), |_| {});
    assert_eq!(killed.masters("VI_1"), [1]);
    let mut stopped = pair();
    stopped.give(0, Input::Stop { keep: false });
    stopped.run(1.0066);
    assert_eq!(stopped.masters("VI_1"), [1]);
}

#[test]
fn ipv6_routers_speak_from_their_link_local_address() {
    let at = |priority| {
        let addresses =
            vec![crate::world::address("fe80::100"), crate::world::address("2001:db8::100")];
        let group = "ff02::12".parse().expect("an address");
        let destination = vrrp::config::Destination::Multicast(group);
        let base = instance_v3("VI_6", priority, secs(1));
        config(vec![Instance { family: Family::V6, addresses, destination, ..base }])
    };
    let mut world = World::of(vec![at(100), at(90)]);
    world.run(5.0);
    assert_eq!(world.masters("VI_6"), [0]);
    let from = |(_, output): &(base::Instant, Output)| match output {
        Output::Send(advert) => Some(advert.source),
        _ => None,
    };
    assert_eq!(world.hosts[0].log.iter().find_map(from), Some(world.hosts[0].ipv6));
    world.kill(0);
    world.run(9.0);
    assert_eq!(world.masters("VI_6"), [1]);
}

#[test]
fn the_startup_delay_holds_everybody_back() {
    let mut delayed = config(vec![instance("VI_1", 255), {
        let mut other = instance("VI_2", 100);
        other.vrid = vrrp::config::Vrid(52);
        other
    }]);
    delayed.startup_delay = secs(10);
    let mut world = World::of(vec![delayed]);
    world.run(9.999);
    assert_eq!((world.state(0, "VI_1"), world.state(0, "VI_2")), ("INIT", "INIT"));
    world.run(13.7);
    let sent = world.hosts[0].adverts();
    assert_eq!((sent[0], sent.last()), ((10_000, 255), Some(&(13_609, 100))));
}

#[test]
fn fewer_missed_adverts_are_enough_if_so_configured() {
    let hasty = Instance { down_timer_adverts: 1, ..instance("VI_1", 100) };
    let mut world = World::of(vec![config(vec![hasty])]);
    world.run(2.0);
    assert_eq!(world.hosts[0].adverts(), [(1609, 100)]);
}

#[test]
fn a_master_that_slept_longer_than_others_wait_steps_down_and_listens() {
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 90)]), config(vec![instance("VI_1", 100)])]);
    world.kill(1);
    world.run(5.0);
    assert_eq!(world.masters("VI_1"), [0]);
    // Nothing is given to it for ten seconds.
    world.now = at(15.0);
    world.hosts[0].forget();
    world.give(0, Input::Tick);
    assert_eq!((world.hosts[0].adverts(), world.masters("VI_1")), (vec![], vec![]));
    // Alone, it is back an interval later.
    world.run(15.999);
    assert_eq!(world.masters("VI_1"), Vec::<usize>::new());
    world.run(16.001);
    assert_eq!(world.masters("VI_1"), [0]);
}

#[test]
fn a_backup_that_slept_hears_its_master_before_it_takes_over() {
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![instance("VI_1", 90)])]);
    world.run(6.0);
    let asleep = world.hosts[1].role.take();
    world.run(16.3);
    world.hosts[1].role = asleep;
    world.run(20.0);
    assert_eq!(world.masters("VI_1"), [0]);
    assert!(world.hosts[1].adverts().is_empty(), "it never was master");
}

#[test]
fn a_successor_goes_on_as_master_at_once() {
    let mut world = World::new(1);
    let left = Inherited { instance: "VI_1".into(), ah_sequence: 7 };
    world.boot(
        0,
        config(vec![instance("VI_1", 100)]),
        Boot { inherited: vec![left.clone()], ..Boot::default() },
    );
    assert_eq!((world.hosts[0].adverts(), world.masters("VI_1")), (vec![(0, 100)], vec![0]));
    let inheritance = world.hosts[0].role.as_ref().expect("it runs").inheritance();
    assert_eq!(inheritance, [left]);
}

#[test]
fn a_tick_that_comes_early_changes_nothing() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 100)])]);
    for tenth in 1..36 {
        world.run(f64::from(tenth) / 10.0);
        world.give(0, Input::Tick);
    }
    assert!(world.hosts[0].adverts().is_empty());
    world.run(3.7);
    assert_eq!(world.hosts[0].adverts(), [(3609, 100)]);
    assert_eq!(Duration::from_micros(3_609_375), world.status(0, "VI_1").since.since(at(0.0)));
}

#[test]
fn ipv4_packets_are_numbered_from_1() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 255)])]);
    world.run(2.5);
    let number = |(_, output): &(base::Instant, Output)| match output {
        Output::Send(advert) => Some([advert.bytes[4], advert.bytes[5]]),
        _ => None,
    };
    let numbers: Vec<_> = world.hosts[0].log.iter().filter_map(number).collect();
    assert_eq!(numbers, [[0, 1], [0, 2], [0, 3]]);
}
