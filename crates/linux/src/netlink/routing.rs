//! Routes and rules of any form: add and remove.

use super::Netlink;
use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL};
use std::collections::BTreeMap;
use std::io;
use wire::routing::{self, Route, Rule};

impl Netlink {
    /// Adds a route before those to the same destination, or behind them if it says so.
    ///
    /// # Errors
    /// `AlreadyExists` when just this one is there, `NotFound` without its interface, and those of
    /// the kernel: `InvalidInput`, `NetworkUnreachable`, `PermissionDenied`.
    pub fn put_route(&mut self, route: &Route) -> io::Result<()> {
        let order = if route.append { NLM_F_APPEND } else { 0 };
        let message = self.route_message(route)?;
        self.change_raw(routing::NEW_ROUTE, NLM_F_CREATE | order, &message)
    }

    /// Removes the route that [`put_route`](Self::put_route) added.
    ///
    /// # Errors
    /// `ESRCH` or `NotFound` when it is gone, `PermissionDenied`.
    pub fn delete_route(&mut self, route: &Route) -> io::Result<()> {
        let message = self.route_message(route)?;
        self.change_raw(routing::DELETE_ROUTE, 0, &message)
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// `AlreadyExists` when just this one is there, `InvalidInput`, `PermissionDenied`.
    pub fn put_rule(&mut self, rule: &Rule) -> io::Result<()> {
        self.change_raw(routing::NEW_RULE, NLM_F_CREATE | NLM_F_EXCL, &rule.encode())
    }

    /// Removes a rule.
    ///
    /// # Errors
    /// `NotFound` when it is gone, `PermissionDenied`.
    pub fn delete_rule(&mut self, rule: &Rule) -> io::Result<()> {
        self.change_raw(routing::DELETE_RULE, 0, &rule.encode())
    }

    fn route_message(&mut self, route: &Route) -> io::Result<Vec<u8>> {
        let mut numbers = BTreeMap::new();
        for name in route.devices() {
            if let Ok(found) = self.interface(name) {
                numbers.insert(name, found.index);
            }
        }
        let message = route.encode(|name| numbers.get(name).copied());
        message.map_err(|missing| io::Error::new(io::ErrorKind::NotFound, missing))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Change, Monitor, NewAddress};
    use super::*;
    use crate::testing::in_new_network;
    use std::process::Command;
    use wire::routing::{Action, Hop, Kind, Metric, Network, metric};

    /// What `ip` says with these words.
    fn ip(words: &str) -> String {
        let output = Command::new("ip").args(words.split(' ')).output().expect("ip runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn network(text: &str, prefix: u8) -> Network {
        Network { ip: text.parse().expect("address"), prefix }
    }

    fn hop(gateway: &str) -> Hop {
        let gateway = Some(gateway.parse().expect("address"));
        Hop { gateway, device: Some("a".into()), weight: 1, ..Hop::default() }
    }

    fn with_interface(netlink: &mut Netlink) {
        netlink.create_veth("a", "b").expect("creates");
        for name in ["a", "b"] {
            let index = netlink.interface(name).expect("is there").index;
            netlink.set_up(index, true).expect("up");
        }
        let a = netlink.interface("a").expect("a").index;
        let address = "10.0.0.1".parse().expect("address");
        netlink.add_address(&NewAddress::plain(a, address, 24)).expect("adds");
    }

    #[test]
    fn a_route_with_everything_is_there_as_it_was_written_and_goes() {
        in_new_network(|netlink| {
            with_interface(netlink);
            let mut route = Route::to(network("198.51.100.0", 24));
            route.hops = vec![hop("10.0.0.254")];
            (route.table, route.priority, route.tos) = (1000, Some(12), 8);
            route.source = Some("10.0.0.1".parse().expect("address"));
            route.metrics = vec![
                Metric::Number(metric::MTU, 1400),
                Metric::Number(metric::LOCK, 1 << metric::MTU),
                Metric::Name(metric::CONGESTION, "cubic".into()),
            ];
            netlink.put_route(&route).expect("adds");
            let again = netlink.put_route(&route).expect_err("it is there");
            assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
            let said = ip("-N route show table 1000");
            for part in ["198.51.100.0/24 tos 0x08 via 10.0.0.254 dev a proto 18 ", "metric 12"] {
                assert!(said.contains(part), "{part}: {said}");
            }
            assert!(said.contains("mtu lock 1400") && said.contains("congctl cubic"), "{said}");
            netlink.delete_route(&route).expect("removes");
            assert_eq!(ip("route show table 1000"), "");
            let gone = netlink.delete_route(&route).expect_err("gone");
            assert_eq!(gone.raw_os_error(), Some(libc::ESRCH));
        });
    }

    #[test]
    fn routes_of_all_kinds_and_several_ways_come_and_go() {
        in_new_network(|netlink| {
            with_interface(netlink);
            let mut shared = Route::to(network("198.51.101.0", 24));
            let second = Hop { weight: 3, onlink: true, ..hop("203.0.113.9") };
            shared.hops = vec![hop("10.0.0.253"), second];
            let refused = Route { kind: Kind::Prohibit, ..Route::to(network("198.51.102.0", 24)) };
            for route in [&shared, &refused] {
                netlink.put_route(route).expect("adds");
            }
            let said = ip("-o route");
            assert!(said.contains("nexthop via 203.0.113.9 dev a weight 3 onlink"), "{said}");
            assert!(said.contains("prohibit 198.51.102.0/24"), "{said}");
            for route in [&shared, &refused] {
                netlink.delete_route(route).expect("removes");
            }
            assert!(!ip("route").contains("198.51"));
            let mut nowhere = shared.clone();
            nowhere.hops = vec![Hop { device: Some("nosuch".into()), ..Hop::default() }];
            let error = netlink.put_route(&nowhere).expect_err("no such interface");
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        });
    }

    #[test]
    fn a_rule_comes_and_goes_and_its_loss_is_told() {
        in_new_network(|netlink| {
            let mut rule = Rule::for_all(false, 39, Action::Table(79));
            (rule.from, rule.to) =
                (Some(network("198.51.100.0", 24)), Some(network("10.0.0.0", 8)));
            (rule.mark, rule.mask, rule.tos) = (Some(24), Some(12), 8);
            (rule.realms, rule.suppress_prefix) = (Some((30 << 16) + 20), Some(8));
            (rule.ip_protocol, rule.source_ports) = (Some(17), Some((10, 20)));
            (rule.input, rule.users) = (Some("eth7".into()), Some((5, 6)));
            netlink.put_rule(&rule).expect("adds");
            let again = netlink.put_rule(&rule).expect_err("it is there");
            assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
            let said = ip("-N rule");
            let parts = [
                "39:",
                "from 198.51.100.0/24 to 10.0.0.0/8 tos 0x08 fwmark 0x18/0xc iif eth7",
                "uidrange 5-6",
                "sport 10-20",
                "lookup 79",
                "suppress_prefixlength 8",
                "realms 30/20",
                "proto 18",
            ];
            for part in parts {
                assert!(said.contains(part), "{part}: {said}");
            }
            let mut monitor = Monitor::open().expect("opens");
            netlink.delete_rule(&rule).expect("removes");
            assert_eq!(monitor.next().expect("reads"), Some(Change::RoutingGone));
            let gone = netlink.delete_rule(&rule).expect_err("gone");
            assert_eq!(gone.kind(), io::ErrorKind::NotFound);
        });
    }

    #[test]
    fn ipv6_routes_and_rules_are_told_by_their_family() {
        in_new_network(|netlink| {
            with_interface(netlink);
            let mut route = Route::to(network("2001:db8:1::", 64));
            route.hops = vec![Hop { device: Some("a".into()), ..Hop::default() }];
            route.preference = Some(1);
            netlink.put_route(&route).expect("adds");
            let said = ip("-6 route");
            assert!(said.contains("2001:db8:1::/64 dev a") && said.contains("pref high"), "{said}");
            let mut monitor = Monitor::open().expect("opens");
            netlink.delete_route(&route).expect("removes");
            let told = std::iter::from_fn(|| monitor.next().expect("reads"));
            assert!(told.into_iter().any(|change| change == Change::RoutingGone));
            let rule = Rule::for_all(true, 60, Action::Blackhole);
            netlink.put_rule(&rule).expect("adds");
            assert!(ip("-6 rule").contains("60:\tfrom all blackhole"));
            netlink.delete_rule(&rule).expect("removes");
        });
    }
}
