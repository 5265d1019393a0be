//! The clusters that scenarios happen on: the published configurations of `examples/`, as they
//! stand, with the machines and networks they are written for.

use super::{ConfigFiles, Seat};
use std::net::Ipv4Addr;

/// A pair of nodes with its configuration, a client, and a machine that answers pings.
#[derive(PartialEq, Eq, Debug)]
pub struct Cluster {
    /// Its folder below `examples/`.
    pub name: &'static str,
    /// node1 and node2.
    pub nodes: [Machine; 2],
    /// Who uses the service; reaches the nodes over `eth0`.
    pub client: Machine,
    /// Who answers pings on `eth0`.
    pub gateway: Machine,
    /// The address that moves, inside `eth0`'s network.
    pub address: Ipv4Addr,
    /// What answers at that address.
    pub service: Service,
    /// Which of the ancestors it is for.
    pub role: Role,
    files: [Files; 2],
}

/// Which daemon a cluster is made by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// A cluster of Heartbeat's.
    Heartbeat,
    /// Virtual routers, keepalived's.
    Keepalived,
}

/// A host of the lab or of the simulator.
#[derive(PartialEq, Eq, Debug)]
pub struct Machine {
    /// What `uname -n` prints on it.
    pub name: &'static str,
    /// Its network interfaces.
    pub interfaces: &'static [Interface],
}

/// An interface and its own address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interface {
    /// `eth0`, `eth1`: machines are joined by interfaces of the same name.
    pub name: &'static str,
    /// The address.
    pub address: Ipv4Addr,
    /// Bits of the network part.
    pub prefix: u8,
}

/// What a client gets at the floating address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// A page that names its node, on TCP port 80, from the init script `httpd`, or `nginx` where
    /// virtual routers are.
    Page,
    /// Nothing beside the address: each machine echoes datagrams at all its addresses.
    Address,
}

#[derive(PartialEq, Eq, Debug)]
enum Files {
    Heartbeat { ha_cf: &'static str, authkeys: &'static str, haresources: &'static str },
    Keepalived { conf: &'static str },
}

impl Cluster {
    /// Every cluster a scenario can name.
    pub const ALL: &[&Self] =
        &[&WEB_PAIR, &DIRECTOR_PAIR, &PORT_CHECK_PAIR, &NGINX_VRRP, &VRRP_PAIR];

    /// The cluster of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().copied().find(|cluster| cluster.name == name)
    }

    /// The files a node has before a scenario changes them.
    pub fn files(&self, seat: Seat) -> ConfigFiles {
        match self.files[seat.0] {
            Files::Heartbeat { ha_cf, authkeys, haresources } => ConfigFiles {
                ha_cf: ha_cf.to_owned(),
                authkeys: authkeys.to_owned(),
                haresources: haresources.to_owned(),
                ..ConfigFiles::default()
            },
            Files::Keepalived { conf } => {
                ConfigFiles { keepalived_conf: conf.to_owned(), ..ConfigFiles::default() }
            }
        }
    }

    /// The node that a scenario's word means: `node1`, `node2` or the node's own name, which is
    /// compared without regard to case.
    pub fn seat(&self, word: &str) -> Option<Seat> {
        Seat::BOTH.into_iter().find(|&seat| {
            word == seat.to_string() || word.eq_ignore_ascii_case(self.nodes[seat.0].name)
        })
    }

    /// True for an interface the nodes have.
    pub fn has_link(&self, name: &str) -> bool {
        self.nodes[0].interfaces.iter().any(|interface| interface.name == name)
    }
}

const fn interface(name: &'static str, octets: [u8; 4]) -> Interface {
    let [a, b, c, d] = octets;
    Interface { name, address: Ipv4Addr::new(a, b, c, d), prefix: 24 }
}

const WEB_PAIR_FILES: Files = Files::Heartbeat {
    ha_cf: include_str!("../../../../examples/web-pair/ha.cf"),
    authkeys: include_str!("../../../../examples/web-pair/authkeys"),
    haresources: include_str!("../../../../examples/web-pair/haresources"),
};

/// Two web servers with one address and the init script `httpd`. The second network is there for
/// scenarios that add it to ha.cf.
static WEB_PAIR: Cluster = Cluster {
    name: "web-pair",
    nodes: [
        Machine {
            name: "node1.anyisalin.com",
            interfaces: &[interface("eth0", [172, 16, 100, 7]), interface("eth1", [10, 0, 0, 1])],
        },
        Machine {
            name: "node2.anyisalin.com",
            interfaces: &[interface("eth0", [172, 16, 100, 8]), interface("eth1", [10, 0, 0, 2])],
        },
    ],
    client: Machine { name: "client", interfaces: &[interface("eth0", [172, 16, 100, 50])] },
    gateway: Machine { name: "gateway", interfaces: &[interface("eth0", [172, 16, 100, 254])] },
    address: Ipv4Addr::new(172, 16, 100, 1),
    service: Service::Page,
    role: Role::Heartbeat,
    files: [WEB_PAIR_FILES, WEB_PAIR_FILES],
};

const DIRECTOR_PAIR_FILES: Files = Files::Heartbeat {
    ha_cf: include_str!("../../../../examples/director-pair/ha.cf"),
    authkeys: include_str!("../../../../examples/director-pair/authkeys"),
    haresources: include_str!("../../../../examples/director-pair/haresources"),
};

/// Two load balancers that share an address and nothing else.
static DIRECTOR_PAIR: Cluster = Cluster {
    name: "director-pair",
    nodes: [
        Machine {
            name: "loadb1",
            interfaces: &[interface("eth0", [192, 0, 2, 15]), interface("eth1", [10, 0, 0, 1])],
        },
        Machine {
            name: "loadb2",
            interfaces: &[interface("eth0", [192, 0, 2, 16]), interface("eth1", [10, 0, 0, 2])],
        },
    ],
    client: Machine { name: "client", interfaces: &[interface("eth0", [192, 0, 2, 50])] },
    gateway: Machine { name: "gateway", interfaces: &[interface("eth0", [192, 0, 2, 254])] },
    address: Ipv4Addr::new(192, 0, 2, 21),
    service: Service::Address,
    role: Role::Heartbeat,
    files: [DIRECTOR_PAIR_FILES, DIRECTOR_PAIR_FILES],
};

/// Two servers on a service network and a direct cable, with a pinged gateway and ipfail.
static PORT_CHECK_PAIR: Cluster = Cluster {
    name: "port-check-pair",
    nodes: [
        Machine {
            name: "SrvA",
            interfaces: &[interface("eth0", [192, 168, 0, 1]), interface("eth1", [10, 0, 0, 1])],
        },
        Machine {
            name: "SrvB",
            interfaces: &[interface("eth0", [192, 168, 0, 2]), interface("eth1", [10, 0, 0, 2])],
        },
    ],
    client: Machine { name: "client", interfaces: &[interface("eth0", [192, 168, 0, 50])] },
    gateway: Machine { name: "gateway", interfaces: &[interface("eth0", [192, 168, 0, 250])] },
    address: Ipv4Addr::new(192, 168, 0, 254),
    service: Service::Address,
    role: Role::Heartbeat,
    files: [
        Files::Heartbeat {
            ha_cf: include_str!("../../../../examples/port-check-pair/ha.cf.srva"),
            authkeys: include_str!("../../../../examples/port-check-pair/authkeys"),
            haresources: include_str!("../../../../examples/port-check-pair/haresources"),
        },
        Files::Heartbeat {
            ha_cf: include_str!("../../../../examples/port-check-pair/ha.cf.srvb"),
            authkeys: include_str!("../../../../examples/port-check-pair/authkeys"),
            haresources: include_str!("../../../../examples/port-check-pair/haresources"),
        },
    ],
};

/// Two hosts with nginx and one address; a check starts nginx when none runs, and stops keepalived
/// when that does not help.
static NGINX_VRRP: Cluster = Cluster {
    name: "nginx-vrrp",
    nodes: [
        Machine { name: "nginx1", interfaces: &[interface("ens33", [192, 168, 188, 11])] },
        Machine { name: "nginx2", interfaces: &[interface("ens33", [192, 168, 188, 12])] },
    ],
    client: Machine { name: "client", interfaces: &[interface("ens33", [192, 168, 188, 50])] },
    gateway: Machine { name: "gateway", interfaces: &[interface("ens33", [192, 168, 188, 254])] },
    address: Ipv4Addr::new(192, 168, 188, 100),
    service: Service::Page,
    role: Role::Keepalived,
    files: [
        Files::Keepalived {
            conf: include_str!("../../../../examples/nginx-vrrp/keepalived.conf.a"),
        },
        Files::Keepalived {
            conf: include_str!("../../../../examples/nginx-vrrp/keepalived.conf.b"),
        },
    ],
};

/// Two virtual routers with one address and nothing else. The second network is there for
/// scenarios that add it.
static VRRP_PAIR: Cluster = Cluster {
    name: "vrrp-pair",
    nodes: [
        Machine {
            name: "router1",
            interfaces: &[interface("eth0", [10, 0, 0, 1]), interface("eth1", [10, 1, 0, 1])],
        },
        Machine {
            name: "router2",
            interfaces: &[interface("eth0", [10, 0, 0, 2]), interface("eth1", [10, 1, 0, 2])],
        },
    ],
    client: Machine { name: "client", interfaces: &[interface("eth0", [10, 0, 0, 50])] },
    gateway: Machine { name: "gateway", interfaces: &[interface("eth0", [10, 0, 0, 254])] },
    address: Ipv4Addr::new(10, 0, 0, 100),
    service: Service::Address,
    role: Role::Keepalived,
    files: [
        Files::Keepalived {
            conf: include_str!("../../../../examples/vrrp-pair/keepalived.conf.a"),
        },
        Files::Keepalived {
            conf: include_str!("../../../../examples/vrrp-pair/keepalived.conf.b"),
        },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_found_by_seat_and_by_name_in_any_case() {
        let cluster = Cluster::named("port-check-pair").expect("known");
        assert_eq!(cluster.seat("node2"), Some(Seat(1)));
        assert_eq!(cluster.seat("srva"), Some(Seat(0)));
        assert_eq!(cluster.seat("srvc"), None);
    }

    #[test]
    fn the_two_nodes_have_the_same_networks_and_the_address_is_free() {
        for cluster in Cluster::ALL {
            let [one, two] = &cluster.nodes;
            let names =
                |machine: &Machine| machine.interfaces.iter().map(|i| i.name).collect::<Vec<_>>();
            assert_eq!(names(one), names(two), "{}", cluster.name);
            for machine in [one, two, &cluster.client, &cluster.gateway] {
                assert!(machine.interfaces.iter().all(|i| i.address != cluster.address));
            }
        }
    }
}
