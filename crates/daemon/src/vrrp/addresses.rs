//! The addresses that move with virtual routers: put on interfaces, taken off, announced.

use super::barrier;
use super::hub::Hub;
use super::routes;
use super::settings::Settings;
use crate::journal::Told;
use api::{EventKind, Level, Subject};
use linux::netlink::{Details, Netlink, NewAddress};
use linux::{arp, ndisc};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use vrrp::config::{Address, Broadcast, Instance, Route, Rule};

/// An address we put on an interface. How, its configuration says, which is there until it is
/// released.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Placed {
    /// Whose it is.
    pub(crate) instance: Box<str>,
}

/// What we hold, by address and interface. An address may stand on more than one.
pub(crate) type Held = BTreeMap<(IpAddr, u32), Placed>;

/// The open announcers, by interface.
#[derive(Default)]
pub(crate) struct Announcers {
    arp: BTreeMap<String, arp::Announcer>,
    ndisc: BTreeMap<String, ndisc::Announcer>,
}

impl Announcers {
    /// An interface is another one now.
    pub(crate) fn forget(&mut self, interface: &str) {
        self.arp.remove(interface);
        self.ndisc.remove(interface);
    }

    /// A socket tells once that its interface was down; a new one knows nothing of it.
    fn announce(&mut self, interface: &str, address: IpAddr) -> io::Result<()> {
        self.say(interface, address).or_else(|_| self.say(interface, address))
    }

    fn say(&mut self, interface: &str, address: IpAddr) -> io::Result<()> {
        let said = match address {
            IpAddr::V4(address) => open(&mut self.arp, interface, arp::Announcer::open)
                .and_then(|announcer| announcer.announce(address)),
            IpAddr::V6(address) => open(&mut self.ndisc, interface, ndisc::Announcer::open)
                .and_then(|announcer| announcer.announce(address)),
        };
        if said.is_err() {
            self.forget(interface);
        }
        said
    }
}

/// The announcer of an interface, opened if it isn't yet.
fn open<'a, T>(
    all: &'a mut BTreeMap<String, T>,
    interface: &str,
    new: impl FnOnce(&str) -> io::Result<T>,
) -> io::Result<&'a T> {
    if !all.contains_key(interface) {
        all.insert(interface.to_owned(), new(interface)?);
    }
    all.get(interface).ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// What goes where with an instance.
#[derive(PartialEq)]
pub(crate) struct Belongings {
    /// Whose.
    pub(crate) instance: String,
    /// Its addresses.
    pub(crate) addresses: Vec<Address>,
    /// Its routes.
    pub(crate) routes: Vec<Route>,
    /// Its rules.
    pub(crate) rules: Vec<Rule>,
}

impl Belongings {
    /// Those that others don't name.
    pub(crate) fn without(mut self, others: &Self) -> Self {
        self.addresses.retain(|one| !others.addresses.contains(one));
        self.routes.retain(|one| !others.routes.contains(one));
        self.rules.retain(|one| !others.rules.contains(one));
        self
    }
}

/// Puts everything of an instance in place; what is there stays.
pub(crate) fn take(hub: &Rc<Hub>, wanted: Belongings) {
    let Belongings { instance, addresses, routes, rules } = wanted;
    barrier::close(hub, &instance, &addresses);
    let put = hub.with_netlink(|netlink| put(hub, netlink, &instance, &addresses));
    for text in put.unwrap_or_else(|error| vec![format!("netlink: {error}")]) {
        tell(hub, Level::Error, EventKind::AddressUp, &instance, text);
    }
    routes::add(hub, &instance, &routes, &rules);
}

fn put(hub: &Hub, netlink: &mut Netlink, instance: &str, addresses: &[Address]) -> Vec<String> {
    let mut troubles = Vec::new();
    for address in addresses {
        let one =
            place(hub, netlink, instance, address).and_then(|new| add(netlink, &new).map(|()| new));
        match one {
            Ok(new) => {
                let placed = Placed { instance: instance.into() };
                hub.held.borrow_mut().insert((address.ip, new.interface), placed);
            }
            Err(why) => troubles.push(format!("{instance}: {} can't be added: {why}", address.ip)),
        }
    }
    troubles
}

fn add(netlink: &mut Netlink, new: &NewAddress) -> Result<(), String> {
    match netlink.add_address(new) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// Where an address goes and how.
fn place(
    hub: &Hub,
    netlink: &mut Netlink,
    instance: &str,
    address: &Address,
) -> Result<NewAddress, String> {
    let settings = hub.settings();
    let name = device(&settings, instance, address)
        .ok_or("it has no interface: write `dev`".to_owned())?;
    // One made a moment ago may not have been told yet.
    let interface = match hub.world.borrow().index(name) {
        Some(index) => index,
        None => netlink.interface(name).map_err(|error| error.to_string())?.index,
    };
    Ok(new_address(interface, address))
}

/// An address as netlink wants it.
fn new_address(interface: u32, address: &Address) -> NewAddress {
    let flags = address.flags;
    let prefix = address.peer.map_or(address.prefix, |(_, prefix)| prefix);
    let lifetime = address.preferred_lifetime;
    NewAddress {
        broadcast: broadcast(address),
        label: address.label.clone(),
        no_dad: address.ip.is_ipv6() && !flags.dad,
        deprecated: lifetime.is_some_and(|left| left.is_zero()),
        details: Details {
            scope: address.scope,
            peer: address.peer.map(|(ip, _)| ip),
            preferred: lifetime.map(|left| u32::try_from(left.as_secs()).unwrap_or(u32::MAX)),
            home: flags.home,
            manage_temporary: flags.manage_temporary,
            no_prefix_route: flags.no_prefix_route,
            auto_join: flags.auto_join,
        },
        ..NewAddress::plain(interface, address.ip, prefix)
    }
}

fn broadcast(address: &Address) -> Option<Ipv4Addr> {
    let IpAddr::V4(ip) = address.ip else { return None };
    let hosts = u32::MAX.checked_shr(address.prefix.into()).unwrap_or(0);
    match address.broadcast {
        Broadcast::Unset | Broadcast::Is(IpAddr::V6(_)) => None,
        Broadcast::Highest => Some(Ipv4Addr::from_bits(ip.to_bits() | hosts)),
        Broadcast::Lowest => Some(Ipv4Addr::from_bits(ip.to_bits() & !hosts)),
        Broadcast::Is(IpAddr::V4(ip)) => Some(ip),
    }
}

/// The interface an address goes to.
fn device<'a>(settings: &'a Settings, instance: &str, address: &'a Address) -> Option<&'a str> {
    address.device.as_deref().or_else(|| home(settings.instance(instance)?))
}

/// The interface of an instance's addresses: its virtual one, else the one it speaks on.
pub(crate) fn home(instance: &Instance) -> Option<&str> {
    instance.vmac.as_ref().map(|vmac| vmac.name.as_str()).or(instance.interface.as_deref())
}

/// Takes everything of an instance away, in reverse order.
pub(crate) fn release(hub: &Rc<Hub>, given_up: Belongings) {
    let Belongings { instance, addresses, routes, rules } = given_up;
    routes::remove(hub, &instance, &routes, &rules);
    let removed = hub.with_netlink(|netlink| remove_all(hub, netlink, &instance, &addresses));
    if let Err(error) = removed {
        let text = format!("{instance}: addresses can't be removed: netlink: {error}");
        tell(hub, Level::Critical, EventKind::AddressDown, &instance, text);
    }
    barrier::open(hub, &instance, &addresses);
}

fn remove_all(hub: &Hub, netlink: &mut Netlink, instance: &str, addresses: &[Address]) {
    for address in addresses.iter().rev() {
        let ours: Vec<(IpAddr, u32)> = {
            let mut held = hub.held.borrow_mut();
            let keys: Vec<_> = held
                .range((address.ip, 0)..=(address.ip, u32::MAX))
                .filter(|(_, placed)| *placed.instance == *instance)
                .map(|(key, _)| *key)
                .collect();
            for key in &keys {
                held.remove(key);
            }
            keys
        };
        if ours.is_empty()
            && let Some(new) = leftover(hub, instance, address)
        {
            let text = format!("{instance}: {} was left on an interface; removed", address.ip);
            tell(hub, Level::Warning, EventKind::AddressDown, instance, text);
            remove(hub, netlink, instance, &new);
        }
        for (_, interface) in ours {
            remove(hub, netlink, instance, &new_address(interface, address));
        }
    }
}

/// An address that we did not put where it stands: a process that was killed did. One that is its
/// interface's only one of its family is the host's own.
fn leftover(hub: &Hub, instance: &str, address: &Address) -> Option<NewAddress> {
    let settings = hub.settings();
    let name = device(&settings, instance, address)?;
    let interface = hub.world.borrow().leftover(address.ip, name)?;
    Some(new_address(interface, address))
}

fn remove(hub: &Hub, netlink: &mut Netlink, instance: &str, new: &NewAddress) {
    if let Err(error) = netlink.remove_as_added(new)
        && !is_gone(&error)
    {
        let text = format!("{instance}: {} can't be removed: {error}", new.address);
        tell(hub, Level::Error, EventKind::AddressDown, instance, text);
    }
}

/// The address, or its interface, is not there any more.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || matches!(Errno::from_io_error(error), Some(Errno::NODEV | Errno::NXIO))
}

/// What stands on this host's interfaces.
#[derive(Default)]
pub(crate) struct Standing {
    interfaces: BTreeMap<String, u32>,
    addresses: BTreeSet<(IpAddr, u32)>,
}

impl Standing {
    /// As the kernel lists it now.
    ///
    /// # Errors
    /// Those of netlink.
    pub(crate) fn list(netlink: &mut Netlink) -> io::Result<Self> {
        let interfaces = netlink.interfaces()?;
        let addresses = netlink.addresses()?;
        Ok(Self {
            interfaces: interfaces.into_iter().map(|found| (found.name, found.index)).collect(),
            addresses: addresses.iter().map(|found| (found.address, found.interface)).collect(),
        })
    }

    /// True when an instance's addresses stand on the interfaces they go to.
    pub(crate) fn has_all(&self, instance: &Instance) -> bool {
        instance.addresses.iter().all(|address| {
            let name = address.device.as_deref().or_else(|| home(instance));
            name.and_then(|name| self.interfaces.get(name))
                .is_some_and(|interface| self.addresses.contains(&(address.ip, *interface)))
        })
    }
}

/// Announces addresses once each, in this order.
pub(crate) fn announce(hub: &Hub, instance: &str, addresses: &[Address]) {
    let settings = hub.settings();
    let mut failed: BTreeMap<&str, io::Error> = BTreeMap::new();
    for address in addresses {
        let Some(name) = device(&settings, instance, address) else { continue };
        if let Err(error) = hub.announcers.borrow_mut().announce(name, address.ip) {
            failed.entry(name).or_insert(error);
        }
    }
    for (name, error) in failed {
        // On an interface without Ethernet there is nobody to tell; a missing one has been told.
        if !matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::NotFound) {
            let text = format!("{instance}: addresses can't be announced on {name}: {error}");
            tell(hub, Level::Warning, EventKind::Announced, instance, text);
        }
    }
}

/// Tells something of an instance.
pub(crate) fn tell(hub: &Hub, level: Level, kind: EventKind, instance: &str, text: String) {
    let subject = Subject::Router(instance.to_owned());
    hub.tell(Told { level, kind, subject, group: Some(instance.to_owned()), text });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use vrrp::config::AddressFlags;

    fn address(ip: &str, prefix: u8) -> Address {
        Address {
            ip: ip.parse().expect("address"),
            prefix,
            device: None,
            label: None,
            broadcast: Broadcast::Unset,
            scope: 0,
            peer: None,
            flags: AddressFlags::default(),
            preferred_lifetime: None,
            no_track: false,
            own_mac: false,
        }
    }

    #[test]
    fn broadcast_addresses_are_counted_from_the_prefix() {
        let mut vip = address("10.0.3.7", 23);
        assert_eq!(new_address(1, &vip).broadcast, None);
        vip.broadcast = Broadcast::Highest;
        assert_eq!(new_address(1, &vip).broadcast, Some(Ipv4Addr::new(10, 0, 3, 255)));
        vip.broadcast = Broadcast::Lowest;
        assert_eq!(new_address(1, &vip).broadcast, Some(Ipv4Addr::new(10, 0, 2, 0)));
        vip.prefix = 32;
        assert_eq!(new_address(1, &vip).broadcast, Some(Ipv4Addr::new(10, 0, 3, 7)));
    }

    #[test]
    fn ipv6_addresses_are_usable_at_once_unless_dad_is_asked_for() {
        let mut vip = address("fd00::7", 128);
        vip.preferred_lifetime = Some(Duration::ZERO);
        let new = new_address(1, &vip);
        assert!(new.no_dad && new.deprecated);
        vip.flags.dad = true;
        assert!(!new_address(1, &vip).no_dad);
        assert!(!new_address(1, &address("10.0.0.1", 32)).no_dad);
    }

    #[test]
    fn the_other_end_of_a_link_brings_its_prefix() {
        let mut vip = address("10.0.0.1", 32);
        vip.peer = Some(("10.9.0.1".parse().expect("address"), 30));
        let new = new_address(1, &vip);
        assert_eq!((new.prefix, new.details.peer), (30, vip.peer.map(|(ip, _)| ip)));
    }
}
