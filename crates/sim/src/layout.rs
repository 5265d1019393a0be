//! Who hears whom: the hosts' links put together into wires.

use crate::network::Wire;
use base::LinkId;
use cluster::config::{Config, Medium};
use std::sync::Arc;

/// Where a datagram sent on a link goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outlet {
    /// To these hosts, there on these links; the sender may be among them.
    Wire(Wire, Vec<(usize, LinkId)>),
    /// To a ping node, which echoes it.
    Ping,
}

/// The hosts' configurations and how their links meet.
#[derive(Debug)]
pub struct Layout {
    /// One configuration a host.
    pub configs: Vec<Arc<Config>>,
    /// The wires' names.
    pub wires: Vec<String>,
    outlets: Vec<Vec<Outlet>>,
}

impl Layout {
    /// Joins links of the same name. `addresses` says which host an address or name given to
    /// `ucast` means; one that means nobody goes nowhere.
    pub fn new(configs: Vec<Arc<Config>>, addresses: &[(String, usize)]) -> Self {
        let mut wires: Vec<String> = Vec::new();
        for link in configs.iter().flat_map(|c| &c.links).filter(|l| !l.medium.is_ping()) {
            if !wires.iter().any(|w| link.name == w.as_str()) {
                wires.push(link.name.as_str().to_owned());
            }
        }
        let outlets = (0..configs.len())
            .map(|host| {
                let links = 0..configs[host].links.len();
                links.map(|link| outlet(&configs, &wires, addresses, host, link)).collect()
            })
            .collect();
        Self { configs, wires, outlets }
    }

    /// Where a host's link leads; `None` if it has no such link.
    pub fn outlet(&self, host: usize, link: LinkId) -> Option<&Outlet> {
        self.outlets.get(host)?.get(usize::from(link.0))
    }

    /// The wire of this name.
    pub fn wire(&self, name: &str) -> Option<Wire> {
        self.wires.iter().position(|w| w == name).map(Wire)
    }
}

fn outlet(
    configs: &[Arc<Config>],
    wires: &[String],
    addresses: &[(String, usize)],
    host: usize,
    link: usize,
) -> Outlet {
    let sending = &configs[host].links[link];
    if sending.medium.is_ping() {
        return Outlet::Ping;
    }
    let wire = wires.iter().position(|w| sending.name == w.as_str()).unwrap_or(usize::MAX);
    let hears = |to: usize| match &sending.medium {
        Medium::Ucast { peer, .. } => addresses.iter().any(|(name, h)| name == peer && *h == to),
        Medium::Mcast { loopback, .. } => to != host || *loopback,
        Medium::Serial { .. } => to != host,
        Medium::Bcast { .. } | Medium::Ping { .. } => true,
    };
    let receivers = (0..configs.len())
        .filter(|to| hears(*to))
        .filter_map(|to| {
            let links = &configs[to].links;
            let same = |l: &cluster::config::Link| {
                l.name == sending.name
                    && std::mem::discriminant(&l.medium) == std::mem::discriminant(&sending.medium)
            };
            let position = links.iter().position(same)?;
            Some((to, LinkId(u16::try_from(position).ok()?)))
        })
        .collect();
    Outlet::Wire(Wire(wire), receivers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::{NODES, Setup};

    fn layout(setup: &Setup) -> Layout {
        let configs = (0..2).map(|host| Arc::new(setup.config(host))).collect();
        let addresses: Vec<_> = NODES.iter().map(|n| (*n).to_owned()).zip(0..).collect();
        Layout::new(configs, &addresses)
    }

    #[test]
    fn broadcast_is_heard_by_all_and_unicast_by_the_peer() {
        let bcast = layout(&Setup::plain());
        let all = vec![(0, LinkId(0)), (1, LinkId(0))];
        assert_eq!(bcast.outlet(0, LinkId(0)), Some(&Outlet::Wire(Wire(0), all)));
        let ucast = layout(&Setup { ucast: true, links: 2, ..Setup::plain() });
        let peer = vec![(0, LinkId(1))];
        assert_eq!(ucast.outlet(1, LinkId(1)), Some(&Outlet::Wire(Wire(1), peer)));
    }

    #[test]
    fn a_ping_link_is_no_wire() {
        let layout = layout(&Setup { ipfail: true, ..Setup::plain() });
        assert_eq!(layout.wires, ["eth0"]);
        assert_eq!(layout.outlet(0, LinkId(1)), Some(&Outlet::Ping));
    }
}
