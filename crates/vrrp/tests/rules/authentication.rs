//! Passwords, authentication headers and signed trailers (docs/ancestors/keepalived.md §0/4, §3.1).

use crate::world::{World, config, instance, instance_v3, nth, received, secs};
use vrrp::config::{Authentication, Config, Destination, Family, HmacKeys, HmacMode, Instance};
use vrrp::{Boot, Inherited, Input, Output, Received};

const KEY: [u8; 8] = *b"hush\0\0\0\0";

fn with(authentication: Authentication, priority: u8) -> Config {
    config(vec![Instance { authentication, ..instance("VI_1", priority) }])
}

fn keys(mode: HmacMode) -> Authentication {
    let keys = vec![(1, b"one".to_vec()), (2, b"two".to_vec())];
    Authentication::Hmac(HmacKeys { keys, active: 1, window: secs(5), mode })
}

/// The adverts a host sent, as another receives them.
fn packets(world: &World, n: usize) -> Vec<Received> {
    let packet = |(_, output): &(base::Instant, Output)| match output {
        Output::Send(advert) => Some(received(advert)),
        _ => None,
    };
    world.hosts[n].log.iter().filter_map(packet).collect()
}

fn ah_sequences(world: &World, n: usize) -> Vec<u32> {
    packets(world, n)
        .iter()
        .filter_map(|packet| Some(wire::vrrp::decode_v4(&packet.bytes).ok()?.ah?.sequence))
        .collect()
}

#[test]
fn the_same_secret_keeps_a_backup_quiet_and_another_makes_two_masters() {
    for make in [Authentication::Pass, Authentication::Ah] {
        let mut world = World::of(vec![with(make(KEY), 100), with(make(KEY), 90)]);
        world.run(20.0);
        assert_eq!(world.masters("VI_1"), [0]);
        let mut world = World::of(vec![with(make(KEY), 100), with(make(*b"other\0\0\0"), 90)]);
        world.run(20.0);
        assert_eq!(world.masters("VI_1"), [0, 1]);
        assert!(world.status(1, "VI_1").counters.auth_failure > 10);
    }
}

#[test]
fn over_ipv6_a_password_is_not_sent_and_not_asked_for() {
    let at = |priority| {
        let mut config = with(Authentication::Pass(KEY), priority);
        let router = nth(&mut config, 0);
        router.family = Family::V6;
        router.addresses = vec![crate::world::address("2001:db8::100")];
        router.destination = Destination::Multicast("ff02::12".parse().expect("an address"));
        config
    };
    let mut world = World::of(vec![at(100), at(90)]);
    world.run(20.0);
    assert_eq!(world.masters("VI_1"), [0]);
}

#[test]
fn sequence_numbers_go_on_across_a_failover() {
    let ah = || Authentication::Ah(KEY);
    let mut world = World::of(vec![with(ah(), 150), with(ah(), 100)]);
    world.run(7.0);
    world.give(0, Input::Stop { keep: false });
    world.run(9.0);
    let (first, then) = (ah_sequences(&world, 0), ah_sequences(&world, 1));
    assert_eq!(first, [1, 2, 3, 4, 5]);
    assert_eq!(then, [6, 7]);
}

#[test]
fn a_successor_goes_on_counting() {
    let mut world = World::new(1);
    let left = Inherited { instance: "VI_1".into(), ah_sequence: 41 };
    world.boot(
        0,
        with(Authentication::Ah(KEY), 100),
        Boot { inherited: vec![left], ..Boot::default() },
    );
    assert_eq!(ah_sequences(&world, 0), [42]);
}

#[test]
fn an_advert_played_again_does_not_count() {
    for authentication in [Authentication::Ah(KEY), keys(HmacMode::Enforce)] {
        let mut world =
            World::of(vec![with(authentication.clone(), 100), with(authentication, 90)]);
        world.run(5.9);
        let heard = packets(&world, 0);
        world.kill(0);
        for packet in heard {
            world.give(1, Input::Packet(packet));
        }
        assert_eq!(world.status(1, "VI_1").counters.auth_failure, 3);
        world.run(4.6095 + 4.649);
        assert_eq!(world.masters("VI_1"), [1]);
    }
}

#[test]
fn an_advert_played_to_a_successor_does_not_count_either() {
    for authentication in [Authentication::Ah(KEY), keys(HmacMode::Enforce)] {
        let mut world =
            World::of(vec![with(authentication.clone(), 100), with(authentication.clone(), 90)]);
        world.run(5.9);
        let old = packets(&world, 0);
        world.kill(0);
        let heard = world.hosts[1].role.as_ref().expect("it runs").heard();
        world.kill(1);
        world.boot(1, with(authentication, 90), Boot { heard, ..Boot::default() });
        for packet in old {
            world.give(1, Input::Packet(packet));
        }
        let counters = world.status(1, "VI_1").counters;
        assert_eq!((counters.auth_failure, counters.advert_rcvd), (3, 0));
    }
}

#[test]
fn signed_adverts_are_asked_for_as_the_mode_says() {
    let none = || Authentication::None;
    for (authentication, accepted) in [
        (keys(HmacMode::Enforce), false),
        (keys(HmacMode::Permissive), true),
        (keys(HmacMode::ReceiveOnly), true),
    ] {
        let mut world = World::of(vec![with(none(), 100), with(authentication, 90)]);
        world.run(10.0);
        assert_eq!(world.masters("VI_1") == [0], accepted);
    }
    // Who knows nothing of signatures finds such an advert too long (measured with 2.2.7).
    let mut world = World::of(vec![with(keys(HmacMode::Enforce), 100), with(none(), 90)]);
    world.run(10.0);
    assert_eq!(world.masters("VI_1"), [0, 1]);
    // Who doesn't sign yet still looks at the signatures of others.
    let mut world =
        World::of(vec![with(keys(HmacMode::Enforce), 100), with(keys(HmacMode::ReceiveOnly), 90)]);
    world.run(10.0);
    assert_eq!(world.masters("VI_1"), [0]);
}

#[test]
fn keys_are_changed_one_router_after_the_other() {
    let active = |active, priority| {
        let Authentication::Hmac(keys) = keys(HmacMode::Enforce) else { unreachable!() };
        let authentication = Authentication::Hmac(HmacKeys { active, ..keys });
        config(vec![Instance { authentication, ..instance_v3("VI_1", priority, secs(1)) }])
    };
    let mut world = World::of(vec![active(1, 100), active(2, 90)]);
    world.run(20.0);
    assert_eq!(world.masters("VI_1"), [0]);
}

#[test]
fn an_old_signature_does_not_count() {
    let mut world =
        World::of(vec![with(keys(HmacMode::Enforce), 100), with(keys(HmacMode::Enforce), 90)]);
    world.separate(0, 1);
    world.run(5.0);
    let old = packets(&world, 0);
    world.run(30.0);
    world.hosts[1].forget();
    world.give(1, Input::Packet(old[0].clone()));
    assert_eq!(world.status(1, "VI_1").counters.auth_failure, 1);
    assert!(world.hosts[1].story()[0].contains("signed"), "{:?}", world.hosts[1].story());
}
