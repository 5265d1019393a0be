//! Routes, rules and interfaces of virtual routers on hosts in network namespaces: what the kernel
//! has must be the same whether ours or the real keepalived 2.2.7 read the configuration.

#[expect(dead_code, reason = "the hosts have hands for other tests too")]
mod vrrp_lab;

use std::time::Duration;
use vrrp_lab::{Maker, Net, Router, VIP, cannot_run, wait_for};

/// Nobody takes longer to start, to stop or to notice.
const PATIENCE: Duration = Duration::from_secs(15);

/// A master at once, with these further lines.
fn master_with(lines: &str) -> String {
    format!(
        "
vrrp_instance VI_1 {{
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 255
    virtual_ipaddress {{
        10.0.0.100/24
    }}
    {lines}
}}
"
    )
}

/// A host with two interfaces whose router is master of this configuration.
fn master(net: &Net, name: &str, maker: Maker, config: &str) -> Router {
    let mut router = Router::new(net, name, 1, maker, config);
    let cables = "ip link add eth1 type veth peer name other1\n\
                  ip link set other1 up\nip link set eth1 up\n\
                  ip addr add 10.1.0.1/24 dev eth1\n\
                  ip addr add fd00::1/64 dev eth0 nodad";
    for cable in cables.lines() {
        router.run(&cable.split_whitespace().collect::<Vec<_>>());
    }
    router.start();
    assert!(wait_for(PATIENCE, || router.holds(VIP)), "{}", router.log());
    router
}

/// What `ip` says with these words, line by line, in order.
fn lines(router: &Router, words: &str) -> Vec<String> {
    let words: Vec<&str> = words.split(' ').collect();
    let said = router.run(&words);
    let mut lines: Vec<String> = said.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.sort_unstable();
    lines
}

const ROUTES: &str = "
    virtual_ipaddress_excluded {
        fd00::100/64
    }
    virtual_routes {
        198.51.100.0/24 via 10.0.0.254 dev eth0
        198.51.101.0/24 dev eth0 metric 7 src 10.0.0.100
        src 10.0.0.100 to 198.51.102.0/24 via 10.0.0.253 dev eth0
        198.51.103.0/24 table 100 nexthop via 10.0.0.254 dev eth0 onlink weight 1 nexthop via 10.1.0.254 dev eth1 weight 3
        198.51.104.0/24 dev eth0 table 100 tos 0x04 scope link priority 12 mtu 1000 advmss 101 rtt 3s rttvar 103 window 105 cwnd 106 ssthresh lock 107 rto_min 108 initcwnd 109 initrwnd 110 features ecn quickack 1 congctl cubic
        blackhole 198.51.105.0/24
        unreachable 198.51.106.0/24 table 100
        0.0.0.0/0 gw 10.0.0.254 table 101
        198.51.107.0/24 via 203.0.113.9 dev eth0 onlink
        198.51.108.0/24 dev eth0 protocol boot no_track
        198.51.109.0/24 dev eth0 realms 5/6
        2001:db8:1::/64 via fd00::fe dev eth0
        2001:db8:2::/64 dev eth0 metric 5 src fd00::100 pref high
        2001:db8:3::/64 nexthop via fd00::f1 dev eth0 nexthop via fd00::f2 dev eth0 weight 2
    }
    virtual_rules {
        from 198.51.100.7 table 77
        to 198.51.100.0/24 table 78 priority 700
        from 198.51.100.0/24 to 10.0.0.0/8 table 79 iif eth0 oif eth1 tos 8 fwmark 24/12 preference 39 realms 30/20
        from 10.9.0.0/16 goto 16384 preference 50
        from fd00::/64 table 80 preference 60
        to 2001:db8::/112 table 82 uidrange 1000-1999 preference 62
        ipproto UDP sport 10-20 dport 20-30 table 7 preference 63
        from 10.8.0.0/16 blackhole preference 64
        not from 10.5.0.0/16 table 83 preference 67
        from 10.4.0.0/16 suppress_prefixlength 8 table main preference 68
        from 10.1.0.0/16 table main preference 71 no_track
    }";

#[test]
fn the_kernel_has_the_same_routes_and_rules_from_both() {
    if cannot_run(&[Maker::Ours, Maker::Real]) {
        return;
    }
    let net = Net::new();
    let config = master_with(ROUTES);
    let real = master(&net, "a", Maker::Real, &config);
    let ours = master(&net, "b", Maker::Ours, &config);
    for (words, least) in [
        ("ip -o -d -4 route show table all proto keepalived", 10),
        ("ip -o -d -6 route show table all proto keepalived", 3),
        ("ip -4 rule", 12),
        ("ip -6 rule", 4),
    ] {
        wait_for(PATIENCE, || lines(&ours, words).len() >= least);
        wait_for(PATIENCE, || lines(&real, words).len() >= least);
        let (from_ours, from_real) = (lines(&ours, words), lines(&real, words));
        assert!(from_real.len() >= least, "{words}: {from_real:#?}\n{}", real.log());
        assert_eq!(from_ours, from_real, "{words}");
    }
    ours.stop();
    let left = || lines(&ours, "ip route show table all proto keepalived").len();
    assert!(wait_for(PATIENCE, || left() == 0), "a stop removes all of them");
    assert!(wait_for(PATIENCE, || !ours.run(&["ip", "rule"]).contains("keepalived")));
}

#[test]
fn a_route_and_a_rule_that_somebody_removes_are_put_back_and_told() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let lines = "virtual_routes {\n198.51.100.0/24 via 10.0.0.254 dev eth0\n\
                 198.51.101.0/24 dev eth1 no_track\n}\n\
                 virtual_rules {\nfrom 198.51.100.7 table 77 priority 700\n}";
    let net = Net::new();
    let router = master(&net, "a", Maker::Ours, &master_with(lines));
    let route = |net: &str| router.run(&["ip", "route"]).contains(net);
    let rule = || router.run(&["ip", "rule"]).contains("lookup 77");
    assert!(wait_for(PATIENCE, || route("198.51.100.0") && route("198.51.101.0") && rule()));
    router.run(&["ip", "route", "del", "198.51.101.0/24"]);
    router.run(&["ip", "route", "del", "198.51.100.0/24"]);
    let told = |text: &str| router.log().contains(text);
    assert!(wait_for(PATIENCE, || told("removed route 198.51.100.0/24")), "{}", router.log());
    assert!(wait_for(PATIENCE, || route("198.51.100.0")));
    assert!(!route("198.51.101.0"), "its loss doesn't count");
    router.run(&["ip", "rule", "del", "priority", "700"]);
    assert!(wait_for(PATIENCE, || told("removed rule from 198.51.100.7")), "{}", router.log());
    assert!(wait_for(PATIENCE, rule));
    assert!(router.holds(VIP), "nobody stepped down for it");
    // The interface of a route that doesn't count may go; it is no member of this router.
    router.run(&["ip", "link", "set", "eth1", "down"]);
    assert!(router.holds(VIP));
}

#[test]
fn addresses_on_other_interfaces_get_the_interfaces_that_the_real_one_makes() {
    if cannot_run(&[Maker::Ours, Maker::Real]) {
        return;
    }
    let globals = "global_defs {\nvmac_addr_prefix xyz\ndisable_local_igmp\n}\n";
    let lines = "use_vmac\nuse_vmac_addr\nvirtual_ipaddress_excluded {\n10.1.0.100/24 dev eth1\n\
                 fd00::100/64\nfd01::100/64 dev eth1\n}";
    let net = Net::new();
    let config = format!("{globals}{}", master_with(lines));
    let seen = |router: &Router| {
        let interfaces = ["vrrp.51", "xyz.51", "xyz6.51", "xyz1.51"].map(|name| {
            let said = router.run(&["ip", "-o", "addr", "show", name, "scope", "global"]);
            let addresses: Vec<String> =
                said.lines().filter_map(|l| Some(l.split_whitespace().nth(3)?.into())).collect();
            let link = router.run(&["ip", "-o", "link", "show", name]);
            let mac = link.split_whitespace().skip_while(|word| *word != "link/ether").nth(1);
            (name, mac.map(str::to_owned), addresses)
        });
        let igmp = "/proc/sys/net/ipv4/igmp_link_local_mcast_reports";
        (interfaces, router.run(&["cat", igmp]))
    };
    let [real, ours] = [("a", Maker::Real), ("b", Maker::Ours)]
        .map(|(name, maker)| master(&net, name, maker, &config));
    let complete = |router: &Router| seen(router).0.iter().all(|(.., held)| !held.is_empty());
    assert!(wait_for(PATIENCE, || complete(&ours)), "{}", ours.log());
    assert!(wait_for(PATIENCE, || complete(&real)), "{}", real.log());
    assert_eq!(seen(&ours), seen(&real));
    assert_eq!(seen(&ours).0[3].1.as_deref(), Some("00:00:5e:00:02:33"));
    assert_eq!(seen(&ours).1.trim(), "0");
    ours.stop();
    assert!(wait_for(PATIENCE, || !ours.run(&["ip", "link"]).contains("xyz")), "{}", ours.log());
    assert!(wait_for(PATIENCE, || seen(&ours).1.trim() == "1"), "put back");
}

#[test]
fn addresses_on_other_interfaces_are_announced_there_again_and_again() {
    if cannot_run(&[Maker::Ours, Maker::Real]) {
        return;
    }
    let globals = "global_defs {\nvrrp_garp_master_delay 0\n}\n";
    let lines = "garp_extra_if all 1\nvirtual_ipaddress_excluded {\n10.1.0.100/24 dev eth1\n}";
    for maker in [Maker::Ours, Maker::Real] {
        let net = Net::new();
        let router = master(&net, "a", maker, &format!("{globals}{}", master_with(lines)));
        for name in ["eth1", "other1"] {
            let path = format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6");
            router.run(&["sh", "-c", &format!("echo 1 >{path}")]);
        }
        let heard = || -> u64 {
            let table = router.run(&["cat", "/proc/net/dev"]);
            let row = table.lines().find_map(|line| line.trim().strip_prefix("other1:"));
            // Bytes, then packets.
            let packets = row.and_then(|row| row.split_whitespace().nth(1)?.parse().ok());
            packets.expect("it counts what it hears")
        };
        assert!(wait_for(PATIENCE, || router.holds("10.1.0.100")), "{}", router.log());
        std::thread::sleep(Duration::from_millis(1500));
        let before = heard();
        assert!(wait_for(PATIENCE, || heard() >= before + 3), "{maker:?}: {}", router.log());
    }
}

#[test]
fn a_mistyped_interface_does_not_keep_its_sync_group_from_serving() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let outside = "vrrp_instance VI_2 {\n interface eht1\n virtual_router_id 52\n \
                   virtual_ipaddress {\n 10.1.0.100/24\n }\n}\n";
    let group = "vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}\n";
    let net = Net::new();
    // The real one ends with such a file; ours serves with what there is, and tells.
    let config = format!("{group}{}{outside}", master_with(""));
    let router = master(&net, "a", Maker::Ours, &config);
    assert!(router.log().contains("there is no interface `eht1`"), "{}", router.log());
    for words in
        ["link add eht1 type veth peer name other2", "link set other2 up", "link set eht1 up"]
    {
        router.run(&["ip"].into_iter().chain(words.split(' ')).collect::<Vec<_>>());
    }
    router.run(&["ip", "addr", "add", "10.1.0.2/24", "dev", "eht1"]);
    assert!(wait_for(PATIENCE, || router.holds("10.1.0.100")), "{}", router.log());
    router.run(&["ip", "link", "set", "eht1", "down"]);
    let given_up = || !router.holds(VIP) && !router.holds("10.1.0.100");
    assert!(wait_for(PATIENCE, given_up), "from then on it is a member: {}", router.log());
}

#[test]
fn a_route_that_two_instances_have_stays_while_one_of_them_is_master() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let routes = "virtual_routes {\n198.51.100.0/24 via 10.0.0.254 dev eth0\n}";
    let second = format!(
        "vrrp_instance VI_2 {{\n state MASTER\n interface eth0\n virtual_router_id 52\n \
         priority 255\n track_interface {{\n eth1\n }}\n virtual_ipaddress {{\n \
         10.0.0.101/24\n }}\n {routes}\n}}\n"
    );
    let net = Net::new();
    let router = master(&net, "a", Maker::Ours, &format!("{}{second}", master_with(routes)));
    let route = || router.run(&["ip", "route"]).contains("198.51.100.0");
    assert!(wait_for(PATIENCE, || router.holds("10.0.0.101") && route()), "{}", router.log());
    router.run(&["ip", "link", "set", "eth1", "down"]);
    assert!(wait_for(PATIENCE, || !router.holds("10.0.0.101")), "{}", router.log());
    assert!(route() && router.holds(VIP));
    assert!(!router.log().contains("somebody removed"), "{}", router.log());
}
