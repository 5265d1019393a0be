//! What moves beside addresses, and the interfaces that are made for them.

use super::meaning::instance;
use super::{codes, read};
use vrrp::config::{Instance, Tracked};
use wire::routing::{Action, Kind, Metric, PROTOCOL, metric};

/// An instance of 2.2.7's defaults with these routes.
fn with_routes(lines: &str) -> Instance {
    instance(&format!("virtual_routes {{\n{lines}\n}}\n"))
}

fn with_rules(lines: &str) -> Instance {
    instance(&format!("virtual_rules {{\n{lines}\n}}\n"))
}

fn shown<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

#[test]
fn routes_are_read_in_iproute_s_words_and_the_old_ones() {
    let read = with_routes(
        "198.51.100.0/24 via 10.0.0.254 dev eth0\n\
         src 10.0.0.100 to 198.51.101.0/24 gw 10.0.0.253 dev eth1 metric 7\n\
         198.51.102.0/24 via 10.0.0.254 or 10.0.0.253 dev eth0\n\
         blackhole 198.51.103.0/24 table 0x64\n\
         inet6 default via fd00::1 dev eth0\n\
         2001:db8::/64 nexthop via fd00::1 dev eth0 nexthop via fd00::2 dev eth0 weight 3",
    );
    assert_eq!(
        shown(&read.routes),
        [
            "198.51.100.0/24 via 10.0.0.254 dev eth0",
            "198.51.101.0/24 via 10.0.0.253 dev eth1 src 10.0.0.100 metric 7",
            "198.51.102.0/24 nexthop via 10.0.0.254 dev eth0 weight 1 nexthop via 10.0.0.253 dev \
             eth0 weight 1",
            "blackhole 198.51.103.0/24 table 100",
            "inet6 default via fd00::1 dev eth0",
            "2001:db8::/64 nexthop via fd00::1 dev eth0 weight 1 nexthop via fd00::2 dev eth0 \
             weight 3",
        ]
    );
    assert_eq!(read.routes[3].kind, Kind::Blackhole);
    assert!(read.routes.iter().all(|route| route.protocol == PROTOCOL && route.scope == 0));
}

#[test]
fn metrics_have_the_kernel_s_units_and_a_shortest_time() {
    let read = with_routes(
        "198.51.100.0/24 dev eth0 mtu lock 1400 rtt 3s rttvar 400 rto_min 500 features ecn \
         congctl cubic mtu 1300",
    );
    let expected = [
        Metric::Number(metric::RTT, 24_000),
        Metric::Number(metric::RTTVAR, 800),
        Metric::Number(metric::RTO_MIN, 500),
        Metric::Number(metric::FEATURES, metric::FEATURE_ECN),
        Metric::Name(metric::CONGESTION, "cubic".into()),
        Metric::Number(metric::MTU, 1300),
        Metric::Number(metric::LOCK, 1 << metric::MTU),
    ];
    assert_eq!(read.routes[0].metrics, expected);
}

#[test]
fn a_route_with_something_wrong_is_left_out_alone() {
    for wrong in [
        "198.51.100.0/24 dev eth0 foo",
        "198.51.100.0/24 via fd00::1 dev eth0",
        "198.51.100.0/24 dev eth0 hoplimit 300",
        "198.51.100.0/24 dev eth0 scope nonsense",
        "198.51.100.0/24 nexthop via 10.0.0.1 dev eth0 weight 300",
        "dev eth0",
        "198.51.100.0/24 dev",
        "198.51.100.0/24 dev eth0 expires 7",
    ] {
        let text = format!("{wrong}\n198.51.101.0/24 dev eth0");
        assert_eq!(shown(&with_routes(&text).routes), ["198.51.101.0/24 dev eth0"], "{wrong}");
    }
}

#[test]
fn rules_are_read_with_their_selectors_and_actions() {
    let read = with_rules(
        "from 198.51.100.0/24 to 10.0.0.0/8 table 79 iif eth0 oif eth1 tos 8 fwmark 24/12 \
         preference 39 realms 30/20\n\
         ipproto UDP sport 10-20 dport 30 uidrange 5-6 lookup main order 40\n\
         not from 10.5.0.0/16 prohibit priority 41 no_track\n\
         inet6 from all table 81 preference 42\n\
         l3mdev preference 43",
    );
    let [first, second, third, fourth, fifth] = read.rules.as_slice() else {
        panic!("{:?}", read.rules)
    };
    assert_eq!((first.mark, first.mask, first.tos), (Some(24), Some(12), 8));
    assert_eq!((first.realms, first.priority), (Some((30 << 16) + 20), 39));
    assert_eq!((second.ip_protocol, second.users), (Some(17), Some((5, 6))));
    assert_eq!((second.source_ports, second.destination_ports), (Some((10, 20)), Some((30, 30))));
    assert_eq!(second.action, Action::Table(254));
    assert_eq!((third.invert, third.action, third.protocol), (true, Action::Prohibit, 0));
    assert!(fourth.ipv6 && fourth.tracked);
    assert_eq!((fifth.action, fifth.protocol), (Action::L3mdev, PROTOCOL));
}

#[test]
fn a_rule_that_is_not_wholly_understood_is_left_out() {
    // Without the word it would be about everything.
    for wrong in [
        "ipproto nosuch table 7 priority 95",
        "pref 5 table 7",
        "table 7 nop priority 93",
        "priority 77",
        "from 10.0.0.0/8 to fd00::/8 table 7 priority 89",
    ] {
        assert!(with_rules(wrong).rules.is_empty(), "{wrong}");
    }
    let text = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n\
                10.0.0.1\n}\nvirtual_rules {\nfrom 10.0.0.0/8 table 7\n}\n}\n";
    assert!(codes(&read(text).findings).contains(&"rule-preference"));
}

#[test]
fn an_instance_depends_on_the_interfaces_of_what_moves_with_it() {
    let on = |read: &Instance| {
        read.tracks.iter().any(|track| track.what == Tracked::Interface("eth1".into()))
    };
    assert!(on(&with_routes("198.51.100.0/24 dev eth1")));
    assert!(!on(&with_routes("198.51.100.0/24 dev eth1 no_track")));
    assert!(on(&with_rules("iif eth1 table 7 preference 7")));
    assert!(on(&instance("virtual_ipaddress_excluded {\n10.1.0.1 dev eth1\n}\n")));
    assert!(!on(&with_routes("198.51.100.0/24 dev eth0")));
}

#[test]
fn static_entries_of_a_track_group_are_depended_on() {
    let text = "static_routes {\n198.51.100.0/24 dev eth1 track_group G\n}\n\
                track_group G {\ngroup {\nV\n}\n}\n\
                vrrp_instance V {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n\
                10.0.0.100\n}\n}\n";
    let read = read(text);
    assert_eq!(read.settings.static_routes.len(), 1);
    assert_eq!(read.vrrp.instances[0].tracks[0].what, Tracked::Interface("eth1".into()));
}

#[test]
fn addresses_get_interfaces_with_virtual_mac_addresses_of_their_own() {
    let text = "global_defs {\nvmac_prefix abc\nvmac_addr_prefix xyz\n}\n\
                vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nuse_vmac\nuse_vmac_addr\n\
                virtual_ipaddress {\n10.0.0.100\n10.1.0.100 dev eth1\n}\n\
                virtual_ipaddress_excluded {\nfd00::100\nfd01::100 dev eth1\n10.1.0.101 dev eth1\n\
                }\n}\n";
    let read = read(text);
    let made = &read.settings.address_interfaces;
    let made: Vec<_> = made.iter().map(|m| (m.name.as_str(), m.base.as_str(), m.mac[4])).collect();
    assert_eq!(made, [("xyz.51", "eth1", 1), ("xyz6.51", "eth0", 2), ("xyz1.51", "eth1", 2)]);
    let instance = &read.vrrp.instances[0];
    assert_eq!(instance.vmac.as_ref().expect("has one").name, "abc.51");
    let devices: Vec<_> = instance.addresses.iter().chain(&instance.excluded).collect();
    let devices: Vec<_> = devices.iter().map(|a| a.device.as_deref()).collect();
    assert_eq!(devices, [None, Some("xyz.51"), Some("xyz6.51"), Some("xyz1.51"), Some("xyz.51")]);
    let tracked: Vec<_> = instance.tracks.iter().map(|track| &track.what).collect();
    assert_eq!(tracked, [&Tracked::Interface("eth1".into())], "the base, not what stands on it");
}

#[test]
fn a_name_that_is_taken_gets_a_number() {
    let one = |name: &str, interface: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface {interface}\nvirtual_router_id 51\nuse_vmac\n\
             virtual_ipaddress {{\n10.0.0.1\n}}\n}}\n"
        )
    };
    let read = read(&format!("{}{}", one("A", "eth0"), one("B", "eth1")));
    let names: Vec<_> = read
        .vrrp
        .instances
        .iter()
        .filter_map(|instance| Some(instance.vmac.as_ref()?.name.as_str()))
        .collect();
    assert_eq!(names, ["vrrp.51", "vrrp1.51"]);
}

#[test]
fn announcements_elsewhere_and_shared_paces_reach_the_machine() {
    let text = "global_defs {\nvrrp_garp_extra_if all 100\n}\n\
                garp_group {\ngarp_interval 0.5\ninterfaces {\neth0\neth1\n}\n}\n\
                vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n\
                10.0.0.1\n}\n}\n\
                vrrp_instance B {\ninterface eth0\nvirtual_router_id 2\ngarp_extra_if 0\n\
                virtual_ipaddress {\n10.0.0.2\n}\n}\n";
    let read = read(text);
    let elsewhere: Vec<_> = read.vrrp.instances.iter().map(|one| one.garp.elsewhere).collect();
    assert!(elsewhere[0].is_some_and(|at| at.all && at.every.as_secs() == 100));
    assert_eq!(elsewhere[1], None);
    let pace = &read.vrrp.paces[0];
    assert_eq!((pace.interfaces.len(), pace.na_interval), (2, None));
    assert_eq!(pace.arp_interval.map(|every| every.as_millis()), Some(500));
}
