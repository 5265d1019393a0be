//! The watch over the kernel: interfaces that come and go, addresses to speak from, addresses of
//! ours that somebody else removes.

use super::addresses;
use super::hub::Hub;
use super::real_time::ToRole;
use super::routes;
use super::settings::Settings;
use super::vmac;
use super::worker::statics;
use crate::descriptors::readable;
use api::Level;
use linux::netlink::{Address, Change, Interface, Monitor, Netlink};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use vrrp::Input;
use vrrp::config::Config;

/// What the kernel says, kept up to date by its news, and what the machine was told of it.
#[derive(Default)]
pub(crate) struct World {
    links: BTreeMap<u32, Interface>,
    /// By interface, in the order they came: the first is the primary one.
    addresses: BTreeMap<u32, Vec<Address>>,
    told: BTreeMap<String, Link>,
    /// The machine was told something before.
    has_told: bool,
    sources: BTreeMap<IpAddr, bool>,
}

/// An interface as the machine sees it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Link {
    index: u32,
    up: bool,
    ipv4: Option<IpAddr>,
    ipv6: Option<IpAddr>,
}

/// What follows from news.
#[derive(Default, PartialEq, Debug)]
pub(crate) struct News {
    /// For the machine.
    pub(crate) inputs: Vec<Input>,
    /// Interfaces that came, went, or are others of the same name.
    pub(crate) changed: Vec<String>,
}

impl World {
    /// Lists everything anew.
    ///
    /// # Errors
    /// Those of netlink.
    pub(crate) fn list(&mut self, netlink: &mut Netlink) -> io::Result<()> {
        let links = netlink.interfaces()?;
        let addresses = netlink.addresses()?;
        self.links = links.into_iter().map(|link| (link.index, link)).collect();
        self.addresses.clear();
        for address in addresses {
            self.addresses.entry(address.interface).or_default().push(address);
        }
        Ok(())
    }

    /// Takes one piece of news in.
    fn take(&mut self, change: Change) {
        match change {
            Change::Link(link) => {
                self.links.insert(link.index, link);
            }
            Change::LinkGone(link) => {
                self.links.remove(&link.index);
                self.addresses.remove(&link.index);
            }
            Change::Address(address) => {
                let here = self.addresses.entry(address.interface).or_default();
                match here.iter_mut().find(|known| known.address == address.address) {
                    Some(known) => *known = address,
                    None => here.push(address),
                }
            }
            Change::AddressGone(address) => {
                if let Some(here) = self.addresses.get_mut(&address.interface) {
                    here.retain(|known| known.address != address.address);
                }
            }
            Change::Route(_) | Change::RouteGone(_) | Change::RoutingGone | Change::Lost => {}
        }
    }

    /// The names of all interfaces.
    pub(crate) fn names(&self) -> BTreeMap<u32, String> {
        self.links.iter().map(|(index, link)| (*index, link.name.clone())).collect()
    }

    /// All interfaces with their addresses.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = (&Interface, &[Address])> {
        self.links.iter().map(|(index, link)| {
            (link, self.addresses.get(index).map(Vec::as_slice).unwrap_or_default())
        })
    }

    /// What the machine has not been told yet.
    pub(crate) fn news(&mut self, config: &Config) -> News {
        let mut news = News::default();
        let ours: BTreeSet<IpAddr> = config
            .instances
            .iter()
            .flat_map(|instance| instance.addresses.iter().chain(&instance.excluded))
            .map(|address| address.ip)
            .collect();
        let mut now: BTreeMap<String, Link> = BTreeMap::new();
        for link in self.links.values() {
            now.insert(link.name.clone(), self.link(link, &ours));
        }
        let is_first = !std::mem::replace(&mut self.has_told, true);
        // An interface that is gone is told as down.
        for name in self.told.keys() {
            now.entry(name.clone()).or_default();
        }
        for (name, link) in &now {
            let before = self.told.get(name);
            if before.map_or(!is_first, |before| before.index != link.index) {
                news.changed.push(name.clone());
            }
            if before != Some(link) {
                let (interface, Link { up, ipv4, ipv6, .. }) = (name.clone(), *link);
                news.inputs.push(Input::Link { interface, up, ipv4, ipv6 });
            }
        }
        // What is gone was told so once; containers leave a name of their own behind each time.
        now.retain(|_, link| *link != Link::default());
        self.told = now;
        for ip in config.instances.iter().filter_map(|instance| instance.source) {
            let present = self.is_here(ip);
            if self.sources.insert(ip, present) != Some(present) {
                news.inputs.push(Input::Source { ip, present });
            }
        }
        news
    }

    /// The address to speak from is the first that isn't one of ours; an owner has no other.
    fn link(&self, link: &Interface, ours: &BTreeSet<IpAddr>) -> Link {
        let here = self.addresses.get(&link.index).map(Vec::as_slice).unwrap_or_default();
        let usable = |found: &&Address| !found.tentative && !found.duplicate;
        let ipv4 = |all: bool| {
            let mut candidates = here.iter().filter(usable).map(|found| found.address);
            candidates.find(|ip| ip.is_ipv4() && (all || !ours.contains(ip)))
        };
        let ipv6 = |all: bool| {
            let mut candidates = here.iter().filter(usable).map(|found| found.address);
            candidates.find(|ip| is_link_local(*ip) && (all || !ours.contains(ip)))
        };
        Link {
            index: link.index,
            up: link.up && link.carrier,
            ipv4: ipv4(false).or_else(|| ipv4(true)),
            ipv6: ipv6(false).or_else(|| ipv6(true)),
        }
    }

    /// The interface of that name.
    pub(crate) fn index(&self, name: &str) -> Option<u32> {
        self.told.get(name).map(|link| link.index).filter(|index| *index != 0)
    }

    /// The interface of that name, if the address stands there beside others of its family.
    pub(crate) fn leftover(&self, ip: IpAddr, name: &str) -> Option<u32> {
        let index = self.index(name)?;
        let other = |a: &Address| a.address != ip && a.address.is_ipv4() == ip.is_ipv4();
        let beside = self.addresses.get(&index).is_some_and(|here| here.iter().any(other));
        (beside && self.has(ip, index)).then_some(index)
    }

    /// True for an address of this host.
    pub(crate) fn is_here(&self, ip: IpAddr) -> bool {
        self.addresses.values().flatten().any(|found| found.address == ip)
    }

    fn has(&self, ip: IpAddr, interface: u32) -> bool {
        self.addresses
            .get(&interface)
            .is_some_and(|here| here.iter().any(|found| found.address == ip))
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

/// A monitor that tokio can wait for.
pub(crate) struct Watched(Monitor);

impl Watched {
    /// Listens from now on. List the world after this.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub(crate) fn open() -> io::Result<Self> {
        Monitor::open().map(Self)
    }
}

impl AsRawFd for Watched {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// Tells the machine what the kernel says. Ends only with an error.
///
/// # Errors
/// Those of netlink.
pub(crate) async fn watch(hub: Rc<Hub>, monitor: Watched) -> io::Result<()> {
    let mut monitor = readable(monitor)?;
    loop {
        let mut guard = monitor.readable_mut().await?;
        let (mut lost, mut routing, mut gone) = (false, false, BTreeSet::new());
        while let Some(change) = guard.get_inner_mut().0.next()? {
            lost |= change == Change::Lost;
            // The kernel doesn't tell which routes go with an interface.
            routing |= matches!(change, Change::RoutingGone | Change::Link(_));
            if let Change::AddressGone(address) = &change {
                gone.insert((address.address, address.interface));
            }
            hub.world.borrow_mut().take(change);
        }
        guard.clear_ready();
        if lost {
            hub.world.borrow_mut().list(&mut Netlink::open()?)?;
            gone.extend(hub.held.borrow().keys());
        }
        tell(&hub);
        if lost || routing {
            routes::look(&hub);
        }
        gone.retain(|(ip, interface)| !hub.world.borrow().has(*ip, *interface));
        for key in gone {
            let instance = hub.held.borrow().get(&key).map(|placed| placed.instance.to_string());
            match instance {
                Some(whole) if whole.is_empty() => put_back_statics(&hub, key.0),
                Some(instance) => hub.input(Input::AddressLost { instance, ip: key.0 }),
                None => {}
            }
        }
    }
}

/// What is always there belongs to no instance that would ask for it.
fn put_back_statics(hub: &Rc<Hub>, lost: IpAddr) {
    let text = format!("somebody removed {lost}, which is always there; it is put back");
    hub.notice(Level::Warning, text);
    addresses::take(hub, statics(&hub.settings()));
}

/// Interfaces for IPv6 get what adverts come from, before the machine hears of it.
pub(crate) fn lend(hub: &Hub, settings: &Settings, world: &World) {
    let link_local = |base: &str| world.told.get(base)?.ipv6;
    let lent = hub.with_netlink(|netlink| vmac::lend_link_local(netlink, settings, link_local));
    for text in lent.unwrap_or_default() {
        hub.notice(Level::Warning, text);
    }
}

/// Tells the machine and its sockets what they don't know yet.
pub(crate) fn tell(hub: &Hub) {
    let mut world = hub.world.borrow_mut();
    let news = world.news(&hub.settings().vrrp);
    if !news.changed.is_empty() {
        for name in &news.changed {
            hub.announcers.borrow_mut().forget(name);
        }
        // One that comes late, or back, may be the base of others.
        let made = hub.with_netlink(|netlink| vmac::settle(netlink, &hub.settings()));
        for text in made.unwrap_or_default() {
            hub.notice(Level::Warning, text);
        }
        hub.role.send(ToRole::Interfaces(world.names(), news.changed));
    }
    let has_link = |input: &Input| matches!(input, Input::Link { ipv6: Some(_), .. });
    if news.inputs.iter().any(has_link) {
        lend(hub, &hub.settings(), &world);
    }
    news.inputs.into_iter().for_each(|input| hub.input(input));
    hub.servers.addresses(|ip| world.is_here(ip));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str, up: bool) -> Interface {
        Interface {
            index,
            name: name.into(),
            mac: None,
            up,
            carrier: up,
            loopback: false,
            mtu: 1500,
            master: None,
        }
    }

    fn address(interface: u32, ip: &str) -> Address {
        Address {
            interface,
            address: ip.parse().unwrap(),
            prefix: 24,
            broadcast: None,
            label: None,
            secondary: false,
            tentative: false,
            duplicate: false,
            deprecated: false,
        }
    }

    fn told(up: bool, ipv4: Option<&str>) -> Input {
        let ipv4 = ipv4.map(|ip| ip.parse().unwrap());
        Input::Link { interface: "eth0".into(), up, ipv4, ipv6: None }
    }

    #[test]
    fn an_interface_that_is_gone_is_told_once_and_forgotten() {
        let (config, mut world) = (Config::default(), World::default());
        world.take(Change::Link(link(1, "lo", true)));
        world.news(&config);
        for index in 2..100 {
            let veth = link(index, &format!("veth{index}"), true);
            world.take(Change::Link(veth.clone()));
            assert_eq!(world.news(&config).inputs.len(), 1);
            world.take(Change::LinkGone(veth));
            assert_eq!(world.news(&config).inputs.len(), 1, "it is down");
            assert_eq!(world.news(&config), News::default());
        }
        assert_eq!(world.told.len(), 1);
        world.take(Change::Link(link(100, "veth2", true)));
        assert_eq!(world.news(&config).changed, ["veth2"], "its sockets are made anew");
    }

    #[test]
    fn what_is_told_once_is_not_told_again() {
        let (config, mut world) = (Config::default(), World::default());
        world.take(Change::Link(link(2, "eth0", true)));
        world.take(Change::Address(address(2, "10.0.0.1")));
        world.take(Change::Address(address(2, "10.0.0.9")));
        assert_eq!(world.news(&config).inputs, [told(true, Some("10.0.0.1"))]);
        assert_eq!(world.news(&config), News::default());
        world.take(Change::AddressGone(address(2, "10.0.0.1")));
        assert_eq!(world.news(&config).inputs, [told(true, Some("10.0.0.9"))]);
        world.take(Change::Link(link(2, "eth0", false)));
        let news = world.news(&config);
        assert_eq!(news, News { inputs: vec![told(false, Some("10.0.0.9"))], changed: vec![] });
    }

    #[test]
    fn what_is_there_from_the_start_is_no_change_and_what_comes_later_is_one() {
        let (config, mut world) = (Config::default(), World::default());
        world.take(Change::Link(link(2, "eth0", true)));
        assert_eq!(world.news(&config).changed, Vec::<String>::new());
        world.take(Change::Link(link(7, "late0", true)));
        assert_eq!(world.news(&config).changed, ["late0"]);
    }

    #[test]
    fn an_interface_that_comes_back_is_another_one() {
        let (config, mut world) = (Config::default(), World::default());
        world.take(Change::Link(link(2, "eth0", true)));
        world.news(&config);
        world.take(Change::LinkGone(link(2, "eth0", true)));
        let gone = world.news(&config);
        assert_eq!((gone.inputs, gone.changed), (vec![told(false, None)], vec!["eth0".into()]));
        world.take(Change::Link(link(7, "eth0", true)));
        let back = world.news(&config);
        assert_eq!((back.inputs, back.changed), (vec![told(true, None)], vec!["eth0".into()]));
    }
}
