//! The built-in address resources: on an interface, announced, and off again, by netlink and our
//! own packets. Calls block for the kernel only, or for the probe's window.

use crate::address::AddressSpec;
use linux::netlink::{Address, Interface, Netlink, NewAddress};
use linux::{Mac, arp, ndisc};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Labels `eth0:0` to `eth0:255` are tried for `IPaddr`; the ancestor's agent stops there too.
const LABEL_MAX: usize = 256;
/// Longest label the kernel takes.
const LABEL_LENGTH_MAX: usize = 15;

/// Where an address goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// The interface.
    pub interface: Interface,
    /// Its prefix length there.
    pub prefix: u8,
}

/// Finds interface and prefix for an address: those written, else those of the network the
/// address lies in.
///
/// # Errors
/// A sentence for the administrator.
pub(crate) fn place(netlink: &mut Netlink, spec: &AddressSpec) -> Result<Place, String> {
    let address = spec.address;
    let nearest = netlink.nearest(address).map_err(|e| format!("routes can't be read: {e}"))?;
    let interface = match (&spec.interface, &nearest) {
        (Some(name), _) => {
            netlink.interface(name).map_err(|_| format!("there is no interface {name}"))?
        }
        (None, Some(nearest)) => {
            if nearest.gateway.is_some() && spec.prefix.is_none() {
                return Err(format!(
                    "no interface has a network that {address} belongs to; write {address}/PREFIX/INTERFACE"
                ));
            }
            let all = netlink.interfaces().map_err(|e| format!("interfaces can't be read: {e}"))?;
            all.into_iter()
                .find(|interface| interface.index == nearest.interface)
                .ok_or_else(|| format!("the interface for {address} has just vanished"))?
        }
        (None, None) => {
            return Err(format!("no route leads to {address}; write {address}/PREFIX/INTERFACE"));
        }
    };
    let of_network = nearest
        .filter(|nearest| nearest.interface == interface.index && nearest.gateway.is_none())
        .map(|nearest| nearest.prefix)
        .filter(|prefix| *prefix > 0);
    let whole = if address.is_ipv4() { 32 } else { 128 };
    Ok(Place { prefix: spec.prefix.or(of_network).unwrap_or(whole), interface })
}

/// Where the address stands, if it stands on an interface that answers for it (one on the
/// loopback interface counts only if that was written).
///
/// # Errors
/// Those of the kernel.
pub(crate) fn find(netlink: &mut Netlink, spec: &AddressSpec) -> io::Result<Option<Address>> {
    let loopback: Vec<u32> = netlink
        .interfaces()?
        .iter()
        .filter(|interface| {
            interface.loopback && spec.interface.as_deref() != Some(interface.name.as_str())
        })
        .map(|interface| interface.index)
        .collect();
    let all = netlink.addresses()?;
    Ok(all.into_iter().find(|a| a.address == spec.address && !loopback.contains(&a.interface)))
}

/// Puts the address on its interface. It may stand there already.
///
/// # Errors
/// A sentence for the administrator.
pub(crate) fn add(
    netlink: &mut Netlink,
    spec: &AddressSpec,
    place: &Place,
    with_label: bool,
) -> Result<(), String> {
    let mut new = NewAddress::plain(place.interface.index, spec.address, place.prefix);
    // We have probed; the kernel's own check would take a second more.
    new.no_dad = spec.address.is_ipv6();
    if let IpAddr::V4(address) = spec.address {
        new.broadcast = spec.broadcast.or_else(|| broadcast(address, place.prefix));
        new.label = match &spec.label {
            Some(label) => Some(label.clone()),
            None if with_label => free_label(netlink, &place.interface)?,
            None => None,
        };
    }
    match netlink.add_address(&new) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(format!("{} can't be added to {}: {error}", spec.address, place.interface.name))
        }
        _ => Ok(()),
    }
}

/// Takes the address off wherever it stands. Addresses of the same network that the kernel takes
/// away with it are put back.
///
/// # Errors
/// A sentence for the administrator.
pub(crate) fn remove(netlink: &mut Netlink, spec: &AddressSpec) -> Result<bool, String> {
    let tell = |error: io::Error| format!("{} can't be removed: {error}", spec.address);
    let Some(found) = find(netlink, spec).map_err(tell)? else { return Ok(false) };
    let before = netlink.addresses().map_err(tell)?;
    netlink.remove_address(found.interface, found.address, found.prefix).map_err(tell)?;
    if !found.secondary && found.address.is_ipv4() {
        let after = netlink.addresses().map_err(tell)?;
        for lost in before {
            let gone_with_it = lost.interface == found.interface
                && lost.address != found.address
                && !after
                    .iter()
                    .any(|a| a.interface == lost.interface && a.address == lost.address);
            if gone_with_it {
                let mut again = NewAddress::plain(lost.interface, lost.address, lost.prefix);
                (again.broadcast, again.label) = (lost.broadcast, lost.label);
                netlink.put_address(&again).map_err(tell)?;
            }
        }
    }
    Ok(true)
}

/// Asks whether somebody else has the address. Interfaces without Ethernet have nobody to ask.
pub(crate) fn probe(interface: &str, address: IpAddr, window: Duration) -> Option<Mac> {
    match address {
        IpAddr::V4(address) => arp::probe(interface, address, window),
        IpAddr::V6(address) => ndisc::probe(interface, address, window),
    }
    .ok()
    .flatten()
}

/// Tells the link where the address lives now.
///
/// # Errors
/// Those of sending; `Unsupported` on an interface that isn't Ethernet.
pub(crate) fn announce(interface: &str, address: IpAddr) -> io::Result<()> {
    match address {
        IpAddr::V4(address) => arp::announce(interface, &[address]),
        IpAddr::V6(address) => ndisc::announce(interface, &[address]),
    }
}

/// Makes `address` the source of connections over the default route (`IPsrcaddr`).
///
/// # Errors
/// A sentence for the administrator.
pub(crate) fn set_source(netlink: &mut Netlink, address: IpAddr, on: bool) -> Result<(), String> {
    let tell = |error: io::Error| format!("the source address can't be changed: {error}");
    let routes = netlink.routes().map_err(tell)?;
    let mut found = false;
    for route in
        routes.iter().filter(|r| r.prefix == 0 && r.destination.is_ipv4() == address.is_ipv4())
    {
        found = true;
        if on {
            netlink.set_route_source(route, Some(address)).map_err(tell)?;
        } else if route.source == Some(address) {
            netlink.set_route_source(route, None).map_err(tell)?;
        }
    }
    if on && !found {
        return Err(format!("there is no default route whose source could be {address}"));
    }
    Ok(())
}

/// True when a default route has `address` as its source.
///
/// # Errors
/// Those of the kernel.
pub(crate) fn is_source(netlink: &mut Netlink, address: IpAddr) -> io::Result<bool> {
    Ok(netlink.routes()?.iter().any(|r| r.prefix == 0 && r.source == Some(address)))
}

/// The last address of the network; none for networks too small to have one.
fn broadcast(address: Ipv4Addr, prefix: u8) -> Option<Ipv4Addr> {
    let hosts = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
    (prefix < 31).then(|| Ipv4Addr::from(u32::from(address) | hosts))
}

/// The first of `eth0:0`, `eth0:1`, … that no address has: what `ifconfig` needs to show it, and
/// what `IPaddr` gives.
fn free_label(netlink: &mut Netlink, interface: &Interface) -> Result<Option<String>, String> {
    let all = netlink.addresses().map_err(|e| format!("addresses can't be read: {e}"))?;
    Ok((0..LABEL_MAX)
        .map(|number| format!("{}:{number}", interface.name))
        .take_while(|label| label.len() <= LABEL_LENGTH_MAX)
        .find(|label| !all.iter().any(|a| a.label.as_ref() == Some(label))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broadcast_address_is_the_last_of_the_network() {
        let address = Ipv4Addr::new(172, 16, 100, 1);
        assert_eq!(broadcast(address, 24), Some(Ipv4Addr::new(172, 16, 100, 255)));
        assert_eq!(broadcast(address, 16), Some(Ipv4Addr::new(172, 16, 255, 255)));
        assert_eq!(broadcast(address, 31), None);
        assert_eq!(broadcast(address, 32), None);
    }
}
