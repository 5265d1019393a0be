//! Interfaces with virtual MAC addresses (`use_vmac`): made before their instances speak, removed
//! with them (docs/ancestors/keepalived.md §3.4).

use super::addresses::home;
use super::base_settings;
use super::settings::Settings;
use linux::Mac;
use linux::netlink::Netlink;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::sync::Arc;
use vrrp::config::{Config, Instance};

/// What an interface with a virtual MAC address needs, beside what its base does: it answers ARP
/// for its own addresses alone, takes packets from this host, and keeps its other addresses when
/// the first goes.
const OWN: [(&str, &str); 3] =
    [("arp_ignore", "1"), ("accept_local", "1"), ("promote_secondaries", "1")];

/// Makes what is missing and sets what interfaces need; sentences for what failed.
pub(crate) fn settle(netlink: &mut Netlink, settings: &Settings) -> Vec<String> {
    let mut troubles = make(netlink, settings);
    troubles.extend(base_settings::settle(&base_settings::wanted(settings)));
    troubles
}

/// True if an interface with a virtual MAC address is missing whose base is there.
pub(crate) fn is_missing(settings: &Settings, there: &BTreeMap<u32, String>) -> bool {
    let there: BTreeSet<&str> = there.values().map(String::as_str).collect();
    settings.vrrp.instances.iter().any(|instance| match (&instance.vmac, &instance.interface) {
        (Some(vmac), Some(base)) => {
            there.contains(base.as_str()) && !there.contains(vmac.name.as_str())
        }
        _ => false,
    })
}

/// Makes the interfaces of a configuration that are missing; sentences for what failed.
fn make(netlink: &mut Netlink, settings: &Settings) -> Vec<String> {
    let of = |instance: &Arc<Instance>| {
        let vmac = instance.vmac.clone()?;
        Some((vmac, instance.interface.clone()?))
    };
    let mut troubles = Vec::new();
    for (vmac, base) in settings.vrrp.instances.iter().filter_map(of) {
        match make_one(netlink, &vmac.name, &base, Mac(vmac.mac)) {
            // Made when its base appears.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => troubles.push(format!("{} can't be made on {base}: {error}", vmac.name)),
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
    let made = netlink.interface(name)?.index;
    netlink.set_up(made, true)
}

/// Removes the interfaces of `config` that `still` doesn't need.
pub(crate) fn remove(netlink: &mut Netlink, config: &Config, still: &Config) {
    let names = |config: &Config| -> BTreeSet<String> {
        let vmacs = config.instances.iter().filter_map(|instance| instance.vmac.as_ref());
        vmacs.map(|vmac| vmac.name.clone()).collect()
    };
    for name in names(config).difference(&names(still)) {
        if let Ok(interface) = netlink.interface(name) {
            // Gone with its base in the meantime, at worst.
            let _ = netlink.remove_interface(interface.index);
        }
    }
}
