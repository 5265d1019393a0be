//! Interfaces with virtual MAC addresses (`use_vmac`): made before their instances speak, removed
//! with them (docs/ancestors/keepalived.md §3.4).

use super::base_settings;
use linux::Mac;
use linux::netlink::Netlink;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::Arc;
use vrrp::config::{Config, Instance};

/// What an interface with a virtual MAC address needs, beside what its base does: it answers ARP
/// for its own addresses alone, takes packets from this host, and keeps its other addresses when
/// the first goes.
const OWN: [(&str, &str); 3] =
    [("arp_ignore", "1"), ("accept_local", "1"), ("promote_secondaries", "1")];
/// Makes the interfaces of a configuration that are missing; sentences for what failed.
pub(crate) fn make(netlink: &mut Netlink, config: &Config) -> Vec<String> {
    let of = |instance: &Arc<Instance>| {
        let vmac = instance.vmac.clone()?;
        Some((vmac, instance.interface.clone()?))
    };
    let mut troubles = Vec::new();
    for (vmac, base) in config.instances.iter().filter_map(of) {
        if let Err(error) = make_one(netlink, &vmac.name, &base, Mac(vmac.mac)) {
            troubles.push(format!("{} can't be made on {base}: {error}", vmac.name));
        }
    }
    troubles
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
    base_settings::take(base)?;
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
    let with_vmac = still.instances.iter().filter(|instance| instance.vmac.is_some());
    base_settings::give_back(&with_vmac.filter_map(|i| i.interface.as_deref()).collect());
}
