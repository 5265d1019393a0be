//! What doesn't count says why, is counted, and moves nothing (docs/ancestors/keepalived.md §3.3
//! and §8/5).

use crate::world::{World, address, config, decoded, instance, instance_v3, ms, received, secs};
use api::vrrp::Counters;
use std::net::{IpAddr, Ipv4Addr};
use vrrp::config::{Authentication, Destination, Instance, Peer, Vrid};
use vrrp::{Input, Output, Received};
use wire::vrrp::{ChecksumForm, Path4, Seal};

/// A master of priority 100, and an advert of 110 that it would yield to.
fn master_and_rival(ours: Instance, theirs: Instance) -> (World, Received) {
    let mut world = World::of(vec![config(vec![ours]), config(vec![theirs])]);
    world.separate(0, 1);
    world.run(8.0);
    let rival = world.hosts[1].log.iter().find_map(|(_, output)| match output {
        Output::Send(advert) => Some(received(advert)),
        _ => None,
    });
    world.hosts[0].forget();
    (world, rival.expect("it is master too"))
}

fn peer(ip: &str) -> Peer {
    Peer { ip: ip.parse().expect("an address"), min_ttl: None, max_ttl: None }
}

fn unicast(to: &str, instance: Instance) -> Instance {
    Instance { destination: Destination::Unicast(vec![peer(to)]), ..instance }
}

/// The reason one advert is refused for, after it was checked that nothing followed from it.
fn refusal(
    ours: Instance,
    theirs: Instance,
    spoil: impl FnOnce(&mut Received),
) -> (String, Counters) {
    let (mut world, mut rival) = master_and_rival(ours, theirs);
    spoil(&mut rival);
    world.give(0, Input::Packet(rival));
    let status = world.status(0, "VI_1");
    assert_eq!(world.masters("VI_1"), [0, 1]);
    assert_eq!(status.counters.advert_rcvd, 0);
    assert_eq!(world.hosts[0].log.len(), 1, "one sentence, and nothing else");
    assert_eq!(status.refused.len(), 1);
    (status.refused[0].reason.clone(), status.counters)
}

#[test]
fn an_advert_that_is_right_is_yielded_to() {
    let (mut world, rival) = master_and_rival(instance("VI_1", 100), instance("VI_1", 110));
    world.give(0, Input::Packet(rival));
    assert_eq!(world.masters("VI_1"), [1]);
}

#[test]
fn each_check_refuses_what_it_is_for() {
    let base = || instance("VI_1", 100);
    let rival = || instance("VI_1", 110);
    let nothing = |_: &mut Received| {};

    let (reason, counters) = refusal(base(), rival(), |packet| packet.ttl = 254);
    assert_eq!((reason.as_str(), counters.ip_ttl_err), ("ttl", 1));

    let longer = Instance { advert_int: secs(2), ..rival() };
    let (reason, counters) = refusal(base(), longer, nothing);
    assert_eq!((reason.as_str(), counters.advert_interval_err), ("other_interval", 1));

    let more =
        Instance { addresses: vec![address("192.0.2.100"), address("192.0.2.101")], ..rival() };
    let (reason, counters) = refusal(base(), more, nothing);
    assert_eq!((reason.as_str(), counters.addr_list_err), ("address_count", 1));

    let other = Instance { addresses: vec![address("192.0.2.101")], ..rival() };
    let (reason, counters) = refusal(base(), other, nothing);
    assert_eq!((reason.as_str(), counters.addr_list_err), ("address", 1));

    let secret = Instance { authentication: Authentication::Pass(*b"secret\0\0"), ..rival() };
    let (reason, counters) = refusal(base(), secret, nothing);
    assert_eq!((reason.as_str(), counters.authtype_mismatch), ("other_auth_type", 1));

    let with = |password| Authentication::Pass(password);
    let ours = Instance { authentication: with(*b"secret\0\0"), ..base() };
    let theirs = Instance { authentication: with(*b"sacret\0\0"), ..rival() };
    let (reason, counters) = refusal(ours, theirs, nothing);
    assert_eq!((reason.as_str(), counters.auth_failure), ("password", 1));

    let signed = Instance { authentication: Authentication::Ah(*b"secret\0\0"), ..rival() };
    let (reason, counters) = refusal(base(), signed, nothing);
    assert_eq!((reason.as_str(), counters.authtype_mismatch), ("authentication_header", 1));

    let (reason, counters) = refusal(base(), rival(), |packet| {
        packet.bytes.pop();
    });
    assert!(counters.packet_len_err == 1 || reason == "not_ipv4", "{reason}");

    let (reason, _) = refusal(base(), rival(), |packet| packet.bytes[22] ^= 1);
    assert_eq!(reason, "checksum");

    let (reason, _) = refusal(base(), instance_v3("VI_1", 110, secs(1)), nothing);
    assert_eq!(reason, "other_version");

    let elsewhere: IpAddr = Ipv4Addr::new(224, 0, 0, 81).into();
    let theirs = Instance { destination: Destination::Multicast(elsewhere), ..rival() };
    let (reason, _) = refusal(base(), theirs, nothing);
    assert_eq!(reason, "destination");
}

#[test]
fn the_order_of_addresses_does_not_matter() {
    let both = |first: &str, second: &str, priority| Instance {
        addresses: vec![address(first), address(second)],
        ..instance("VI_1", priority)
    };
    let ours = both("192.0.2.100", "192.0.2.101", 100);
    let (mut world, rival) = master_and_rival(ours, both("192.0.2.101", "192.0.2.100", 110));
    world.give(0, Input::Packet(rival));
    assert_eq!(world.masters("VI_1"), [1]);
}

#[test]
fn unicast_checks_its_peers_and_their_distance() {
    let ours = || unicast("192.0.2.12", instance("VI_1", 100));
    let theirs = || unicast("192.0.2.11", instance("VI_1", 110));
    let (mut world, rival) = master_and_rival(ours(), theirs());
    let mut far = rival;
    far.ttl = 3;
    world.give(0, Input::Packet(far));
    assert_eq!(world.masters("VI_1"), [1], "any TTL will do");

    let near = Peer { min_ttl: Some(254), ..peer("192.0.2.12") };
    let strict = Instance { destination: Destination::Unicast(vec![near]), ..ours() };
    let (reason, counters) = refusal(strict, theirs(), |packet| packet.ttl = 253);
    assert_eq!((reason.as_str(), counters.ip_ttl_err), ("ttl", 1));

    let picky =
        Instance { check_unicast_src: true, ..unicast("192.0.2.99", instance("VI_1", 100)) };
    let (reason, _) = refusal(picky, theirs(), |_| {});
    assert_eq!(reason, "unknown_peer");

    let (reason, _) = refusal(ours(), instance("VI_1", 110), |_| {});
    assert_eq!(reason, "destination");
}

#[test]
fn our_own_address_in_an_advert_is_nobody() {
    let (reason, _) = refusal(instance("VI_1", 100), instance("VI_1", 110), |packet| {
        let advert = wire::vrrp::decode_v4(&packet.bytes).expect("an advert").advert;
        let source = Ipv4Addr::new(192, 0, 2, 11);
        let path = Path4 { source, destination: wire::vrrp::GROUP_V4, ttl: 255, id: 1 };
        packet.source = source.into();
        packet.bytes = wire::vrrp::encode_v4(&advert, path, ChecksumForm::Plain, Seal::None);
    });
    assert_eq!(reason, "own_address");
}

#[test]
fn a_known_masters_addresses_are_not_checked_again_if_so_configured() {
    for (skip, accepted) in [(false, false), (true, true)] {
        let ours = Instance { skip_check_adv_addr: skip, ..instance("VI_1", 90) };
        let mut world = World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![ours])]);
        world.run(5.0);
        let mut more = instance("VI_1", 100);
        more.addresses.push(address("192.0.2.101"));
        world.give(0, Input::Reload(Box::new(config(vec![more]))));
        world.run(20.0);
        assert_eq!(world.masters("VI_1") == [0], accepted);
    }
}

#[test]
fn all_checksum_forms_of_version_3_are_taken() {
    use vrrp::config::Checksum::{AsVersion2, WithPseudoHeader};
    for checksum in [AsVersion2, WithPseudoHeader] {
        let theirs = Instance { checksum, ..instance_v3("VI_1", 110, secs(1)) };
        let (mut world, rival) = master_and_rival(instance_v3("VI_1", 100, secs(1)), theirs);
        world.give(0, Input::Packet(rival));
        assert_eq!(world.masters("VI_1"), [1]);
    }
}

#[test]
fn a_flood_of_refused_adverts_moves_neither_master_nor_backup() {
    let mut world =
        World::of(vec![config(vec![instance("VI_1", 100)]), config(vec![instance("VI_1", 90)])]);
    world.run(5.0);
    let mut forged = world.hosts[0]
        .log
        .iter()
        .find_map(|(_, output)| match output {
            Output::Send(advert) => Some(received(advert)),
            _ => None,
        })
        .expect("it is master");
    forged.ttl = 64;
    forged.source = Ipv4Addr::new(192, 0, 2, 66).into();
    forged.bytes[12..16].copy_from_slice(&[192, 0, 2, 66]);
    for host in &mut world.hosts {
        host.forget();
    }
    for tick in 0..20_000_u32 {
        world.run(5.0 + f64::from(tick) / 2_000.0);
        for n in 0..2 {
            world.give(n, Input::Packet(forged.clone()));
        }
    }
    let moments: Vec<_> = world.hosts[0].adverts().iter().map(|(at, _)| *at).collect();
    assert_eq!(moments, (5..15).map(|second| second * 1000 + 609).collect::<Vec<_>>());
    assert!(world.hosts[1].adverts().is_empty());
    assert_eq!(world.hosts[0].story().len(), 1, "told once a minute");
    assert_eq!((0..2).map(|n| world.status(n, "VI_1").counters.ip_ttl_err).sum::<u64>(), 40_000);
}

#[test]
fn a_silent_mismatch_is_loud_here() {
    let ours = Instance { addresses: vec![address("192.0.2.7")], ..instance("VI_1", 100) };
    let (mut world, rival) = master_and_rival(ours, instance("VI_1", 110));
    world.give(0, Input::Packet(rival));
    assert_eq!(
        world.hosts[0].story(),
        ["1 advert refused, the last from 192.0.2.12: our address 192.0.2.7 is not in it"]
    );
}

#[test]
fn an_advert_of_an_unknown_router_is_told_only_if_asked_for() {
    for asked in [false, true] {
        let mut ours = config(vec![instance("VI_1", 100)]);
        ours.log_unknown_vrids = asked;
        let theirs = Instance { vrid: Vrid(77), ..instance("VI_1", 90) };
        let mut world = World::of(vec![ours, config(vec![theirs])]);
        world.run(10.0);
        let said = world.hosts[0].story().iter().filter(|t| t.contains("router 77")).count();
        assert_eq!(said, usize::from(asked));
        let role = world.hosts[0].role.as_ref().expect("it runs");
        assert_eq!(role.status().refused[0].reason, "unknown_router");
    }
}

#[test]
fn the_same_number_lives_twice_on_one_interface_in_different_groups() {
    let other: IpAddr = Ipv4Addr::new(224, 0, 0, 81).into();
    let pair = |priority| {
        let first = instance("A", priority);
        let addresses = vec![address("192.0.2.200")];
        let destination = Destination::Multicast(other);
        config(vec![first, Instance { addresses, destination, ..instance("B", priority) }])
    };
    let mut world = World::of(vec![pair(100), pair(90)]);
    world.run(10.0);
    assert_eq!((world.masters("A"), world.masters("B")), (vec![0], vec![0]));
}

#[test]
fn version_3_tolerates_another_interval_and_learns_it() {
    let (mut world, rival) =
        master_and_rival(instance_v3("VI_1", 100, secs(1)), instance_v3("VI_1", 110, ms(500)));
    world.give(0, Input::Packet(rival));
    assert_eq!(world.status(0, "VI_1").master_interval_us, 500_000);
    let said = world.hosts[0].log.iter().find_map(|(_, output)| match output {
        Output::Send(advert) => Some(decoded(advert)),
        _ => None,
    });
    assert_eq!(said, None, "it yields without a word");
}
