//! Interfaces with virtual MAC addresses (`use_vmac`): made before their instances speak, removed
//! with them (docs/ancestors/keepalived.md §3.4).

use super::addresses::home;
use super::barrier::look;
use super::base_settings;
use super::settings::Settings;
use linux::Mac;
use linux::netlink::{Netlink, NewAddress};
use linux::nftables;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::IpAddr;

/// What an interface with a virtual MAC address needs, beside what its base does: it answers ARP
/// for its own addresses alone, takes packets from this host, and keeps its other addresses when
/// the first goes.
const OWN: [(&str, &str); 3] =
    [("arp_ignore", "1"), ("accept_local", "1"), ("promote_secondaries", "1")];

/// The first bytes of a virtual MAC address of IPv6 (RFC 9568 §7.3).
const IPV6_MAC: [u8; 5] = [0, 0, 0x5e, 0, 2];
/// It has no IPv6 addresses by itself: a backup would speak from the virtual MAC address, and all
/// routers would have the same link-local address.
const QUIET: [(&str, &str); 3] = [("addr_gen_mode", "1"), ("accept_ra", "0"), ("autoconf", "0")];
/// Bits of every link-local network (RFC 4291 §2.5.6).
const LINK_LOCAL_PREFIX: u8 = 64;

/// Makes what is missing and sets what interfaces need; sentences for what failed.
pub(crate) fn settle(netlink: &mut Netlink, settings: &Settings) -> Vec<String> {
    let mut troubles = make(netlink, settings);
    troubles.extend(divert(netlink, settings));
    troubles.extend(base_settings::settle(&base_settings::wanted(settings)));
    troubles
}

/// The interfaces that a configuration has made: those of instances, those of addresses.
fn all_of(settings: &Settings) -> BTreeSet<(String, String, [u8; 6])> {
    let instances = settings.vrrp.instances.iter();
    let of_instances = instances.filter_map(|instance| {
        let vmac = instance.vmac.as_ref()?;
        Some((vmac.name.clone(), instance.interface.clone()?, vmac.mac))
    });
    let addresses = settings.whole.address_interfaces.iter();
    let of_addresses = addresses.map(|made| (made.name.clone(), made.base.clone(), made.mac));
    of_instances.chain(of_addresses).collect()
}

/// True if an interface with a virtual MAC address is missing whose base is there.
pub(crate) fn is_missing(settings: &Settings, there: &BTreeMap<u32, String>) -> bool {
    let there: BTreeSet<&str> = there.values().map(String::as_str).collect();
    let all = all_of(settings);
    all.iter()
        .any(|(name, base, _)| there.contains(base.as_str()) && !there.contains(name.as_str()))
}

/// Makes the interfaces of a configuration that are missing; sentences for what failed.
fn make(netlink: &mut Netlink, settings: &Settings) -> Vec<String> {
    let mut troubles = Vec::new();
    for (name, base, mac) in all_of(settings) {
        match make_one(netlink, &name, &base, Mac(mac)) {
            // Made when its base appears.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => troubles.push(format!("{name} can't be made on {base}: {error}")),
            Ok(()) => {}
        }
    }
    troubles.extend(settings.whole.extras.iter().filter_map(|(name, extras)| {
        let domain = extras.vrf.as_ref()?;
        let instance = settings.vrrp.instances.iter().find(|known| known.name == *name)?;
        let error = put_into(netlink, home(instance)?, domain).err()?;
        Some(format!("{name}: its interface can't be put into the VRF {domain}: {error}"))
    }));
    troubles
}

/// Reports of multicast listeners leave from the base of an interface for IPv6 (RFC 9568 §7.3 keeps
/// the virtual MAC address for what the master sends). A sentence for what failed.
fn divert(netlink: &mut Netlink, settings: &Settings) -> Option<String> {
    let mut pairs = Vec::new();
    for (name, base, _) in all_of(settings).iter().filter(|(.., mac)| mac.starts_with(&IPV6_MAC)) {
        if let (Ok(made), Ok(base)) = (netlink.interface(name), netlink.interface(base)) {
            pairs.push((made.index, base.index));
        }
    }
    if pairs.is_empty() {
        return None;
    }
    let error = nftables::divert(&look(settings), &pairs).err()?;
    Some(format!(
        "nftables: {error}: reports of multicast listeners leave with the virtual MAC address, \
         by a backup too"
    ))
}

/// Whether a configuration has interfaces whose reports leave from their base.
fn diverts(settings: &Settings) -> bool {
    all_of(settings).iter().any(|(.., mac)| mac.starts_with(&IPV6_MAC))
}

/// Makes an interface a part of a routing domain (`vrf`).
fn put_into(netlink: &mut Netlink, name: &str, domain: &str) -> io::Result<()> {
    let (interface, domain) = (netlink.interface(name)?, netlink.interface(domain)?);
    if interface.master == Some(domain.index) {
        return Ok(());
    }
    netlink.set_master(interface.index, Some(domain.index))
}

fn make_one(netlink: &mut Netlink, name: &str, base: &str, mac: Mac) -> io::Result<()> {
    let index = netlink.interface(base)?.index;
    match netlink.create_macvlan(name, index, mac) {
        // Left by a worker before this one.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    for (key, value) in OWN {
        fs::write(format!("/proc/sys/net/ipv4/conf/{name}/{key}"), value)?;
    }
    for (key, value) in QUIET {
        // A kernel without IPv6 makes no such addresses.
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{name}/{key}"), value);
    }
    let made = netlink.interface(name)?.index;
    netlink.set_up(made, true)
}

/// Gives interfaces for IPv6 their base's link-local address, in addition: adverts come from it,
/// and the kernel sends from an interface only what stands on it. Sentences for what failed.
pub(crate) fn lend_link_local(
    netlink: &mut Netlink,
    settings: &Settings,
    link_local: impl Fn(&str) -> Option<IpAddr>,
) -> Vec<String> {
    let mut troubles = Vec::new();
    for (name, base, _) in all_of(settings).iter().filter(|(.., mac)| mac.starts_with(&IPV6_MAC)) {
        let Some(address) = link_local(base) else { continue };
        let lent = netlink.interface(name).and_then(|made| {
            let plain = NewAddress::plain(made.index, address, LINK_LOCAL_PREFIX);
            netlink.put_address(&NewAddress { no_dad: true, ..plain })
        });
        match lent {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                troubles.push(format!("{name} can't be given {address}: {error}"));
            }
            _ => {}
        }
    }
    troubles
}

/// Removes the interfaces of a configuration that `still` doesn't need; without one, all.
pub(crate) fn remove(netlink: &mut Netlink, settings: &Settings, still: Option<&Settings>) {
    let names = |settings: &Settings| -> BTreeSet<String> {
        all_of(settings).into_iter().map(|(name, ..)| name).collect()
    };
    let needed = still.map(names).unwrap_or_default();
    for name in names(settings).difference(&needed) {
        if let Ok(interface) = netlink.interface(name) {
            // Gone with its base in the meantime, at worst.
            let _ = netlink.remove_interface(interface.index);
        }
    }
    let table = look(settings);
    let stays = still.is_some_and(|still| diverts(still) && look(still).table == table.table);
    if diverts(settings) && !stays {
        // Without its interfaces it does nothing, at worst.
        let _ = nftables::stop_diverting(&table);
    }
}
