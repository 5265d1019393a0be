//! What a virtual server is in IPVS: services, flags, destinations.

use crate::world::{World, config, ip, real, secs, server, sorry};
use lvs::config::{
    Config, Encapsulation, Family, Forward, GroupMember, SchedulerFlags, ServerGroup, Service,
    Tunnel, VirtualServer,
};
use wire::ipvs::{Flags, Mask, Protocol, ServiceKey};

fn only(config: Config) -> (wire::ipvs::Service, Vec<wire::ipvs::Destination>) {
    let kernel = World::new(config).kernel;
    let (service, destinations) = kernel.services.into_values().next().expect("a service");
    (service, destinations.into_values().collect())
}

fn group(members: Vec<GroupMember>, server: VirtualServer) -> Config {
    let mut config = config(vec![VirtualServer { service: Service::Group("G".into()), ..server }]);
    config.groups = vec![ServerGroup { name: "G".into(), members }];
    config
}

fn keys(config: Config) -> Vec<ServiceKey> {
    World::new(config).kernel.services.into_keys().collect()
}

fn tcp(address: &str, port: u16) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Tcp, address: ip(address), port }
}

#[test]
fn persistence_has_its_time_its_mask_and_its_engine() {
    let persistent = VirtualServer {
        persistence: Some(secs(50)),
        granularity: Some(24),
        sip: true,
        ..server(vec![real(1, 1)])
    };
    let (service, _) = only(config(vec![persistent]));
    assert_eq!((service.flags, service.timeout), (Flags::PERSISTENT, 50));
    assert_eq!(service.mask, Mask::V4([255, 255, 255, 0].into()));
    assert_eq!(service.persistence_engine.as_deref(), Some("sip"));
}

#[test]
fn a_mask_of_no_bits_makes_one_client_of_all() {
    let persistent = VirtualServer {
        persistence: Some(secs(50)),
        granularity: Some(0),
        ..server(vec![real(1, 1)])
    };
    assert_eq!(only(config(vec![persistent])).0.mask, Mask::V4([0, 0, 0, 0].into()));
}

#[test]
fn without_persistence_granularity_says_nothing() {
    let plain = VirtualServer { granularity: Some(24), ..server(vec![real(1, 1)]) };
    let (service, _) = only(config(vec![plain]));
    assert_eq!((service.mask, service.timeout), (Mask::V4([255; 4].into()), 0));
}

#[test]
fn one_packet_and_the_schedulers_flags_are_flags() {
    let flags = SchedulerFlags { hashed: false, first: true, second: true, third: true };
    let flagged = VirtualServer { one_packet: true, flags, ..server(vec![real(1, 1)]) };
    let all = Flags::ONE_PACKET | Flags::SCHEDULER_1 | Flags::SCHEDULER_2 | Flags::SCHEDULER_3;
    assert_eq!(only(config(vec![flagged])).0.flags, all);
}

#[test]
fn every_scheduler_goes_to_the_kernel_by_its_name() {
    for name in [
        "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf",
        "twos",
    ] {
        let server = VirtualServer { scheduler: name.into(), ..server(vec![real(1, 1)]) };
        assert_eq!(only(config(vec![server])).0.scheduler, name);
    }
}

#[test]
fn only_nat_changes_the_port() {
    let forwards = [
        (Forward::Nat, 8000),
        (Forward::Direct, 80),
        (Forward::Tunnel(Tunnel::Ipip), 80),
        (Forward::Tunnel(Tunnel::Gre { encapsulation: Encapsulation::Checksum }), 80),
    ];
    for (forward, port) in forwards {
        let mut one = real(1, 1);
        (one.port, one.forward) = (8000, forward);
        let (_, destinations) = only(config(vec![server(vec![one])]));
        assert_eq!((destinations[0].port, destinations[0].forward), (port, forward));
    }
}

#[test]
fn thresholds_go_to_the_kernel() {
    let mut one = real(1, 1);
    (one.upper, one.lower) = (100, 50);
    let (_, destinations) = only(config(vec![server(vec![one])]));
    assert_eq!((destinations[0].upper, destinations[0].lower), (100, 50));
}

#[test]
fn a_marks_destinations_have_a_port_by_nat_only_and_its_servers_family() {
    let marked =
        VirtualServer { service: Service::Mark(55), protocol: None, ..server(vec![real(1, 1)]) };
    for (forward, port) in [(Forward::Nat, 80), (Forward::Direct, 0)] {
        let mut marked = marked.clone();
        marked.real[0].forward = forward;
        let (service, destinations) = only(config(vec![marked]));
        assert_eq!(service.key, ServiceKey::Mark { family: Family::V4, mark: 55 });
        assert_eq!(destinations[0].port, port, "{forward:?}");
    }
    let mut one = real(1, 1);
    one.ip = ip("2001:db8::21");
    let (service, _) = only(config(vec![VirtualServer { real: vec![one], ..marked }]));
    assert_eq!(service.key, ServiceKey::Mark { family: Family::V6, mark: 55 });
    assert_eq!(service.mask, Mask::V6(128));
}

#[test]
fn ip_family_decides_over_the_real_servers() {
    let marked = VirtualServer {
        service: Service::Mark(55),
        family: Some(Family::V6),
        ..server(vec![real(1, 1)])
    };
    let (service, _) = only(config(vec![marked]));
    assert_eq!(service.key, ServiceKey::Mark { family: Family::V6, mark: 55 });
}

#[test]
fn a_group_is_one_service_for_each_address_and_mark() {
    let members = vec![
        GroupMember::Range(ip("10.9.0.254"), ip("10.9.1.1"), 80),
        GroupMember::Range(ip("2001:db8::ff"), ip("2001:db8::100"), 81),
        GroupMember::Mark(77, Some(Family::V6)),
    ];
    let found = keys(group(members, server(vec![real(1, 1)])));
    let mut wanted = vec![
        tcp("10.9.0.254", 80),
        tcp("10.9.0.255", 80),
        tcp("10.9.1.0", 80),
        tcp("10.9.1.1", 80),
        tcp("2001:db8::ff", 81),
        tcp("2001:db8::100", 81),
        ServiceKey::Mark { family: Family::V6, mark: 77 },
    ];
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}

#[test]
fn a_group_has_one_set_of_checkers() {
    let members = vec![GroupMember::Range(ip("10.9.1.1"), ip("10.9.1.9"), 80)];
    let mut world = World::new(group(members, server(vec![real(1, 1), real(2, 1)])));
    world.run(secs(1));
    assert_eq!(world.checks.len(), 2);
    world.kill(1);
    world.run(secs(10));
    assert!(world.kernel.services.values().all(|(_, destinations)| destinations.len() == 1));
}

#[test]
fn a_range_that_is_too_long_is_cut_and_said() {
    let members = vec![GroupMember::Range(ip("10.0.0.0"), ip("10.255.255.255"), 80)];
    let mut lone = server(vec![real(1, 1)]);
    lone.real[0].checkers.clear();
    let world = World::new(group(members, lone));
    assert_eq!(world.kernel.services.len(), 65_536);
    assert!(world.said("more than 65536 addresses"));
}

#[test]
fn a_service_of_two_virtual_servers_is_the_firsts() {
    let first = server(vec![real(1, 1)]);
    let members = vec![GroupMember::Range(ip("10.9.0.100"), ip("10.9.0.101"), 80)];
    let mut config = group(members, server(vec![real(2, 1)]));
    config.servers.insert(0, first);
    let world = World::new(config);
    let (_, destinations) = &world.kernel.services[&tcp("10.9.0.100", 80)];
    assert!(destinations.keys().all(|(address, _)| *address == crate::world::real_ip(1)));
    assert!(world.said("listed before"));
    assert!(world.director.status().servers[1].problem.is_some());
}

#[test]
fn the_sorry_server_has_its_own_method_and_weight_one() {
    let mut one = real(1, 7);
    one.checkers[0].pace.alpha = true;
    let mut server = server(vec![one]);
    server.sorry =
        Some(lvs::config::SorryServer { forward: Forward::Direct, port: 8080, ..sorry() });
    let (_, destinations) = only(config(vec![server]));
    assert_eq!((destinations[0].forward, destinations[0].port), (Forward::Direct, 80));
    assert_eq!(destinations[0].weight, 1);
}

#[test]
fn a_real_server_written_twice_is_one_destination() {
    let (_, destinations) = only(config(vec![server(vec![real(1, 1), real(1, 2)])]));
    assert_eq!(destinations.len(), 1);
}
