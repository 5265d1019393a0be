//! What two instances of one machine can't share: a number, and an address.

use super::Lowering;
use crate::keepalived::findings::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use vrrp::config::{Destination, Family, Instance};

/// The numbers so far: interface, number, whether IPv6, and the group they are sent to.
pub(super) type Numbers = BTreeSet<(Option<String>, u8, bool, Option<IpAddr>)>;
/// The addresses so far, each with its device, and the first instance that has it.
pub(super) type Addresses = BTreeMap<(IpAddr, Option<String>), String>;

impl Lowering<'_> {
    /// Says so when another instance before it has one of its addresses on the same device.
    pub(super) fn shared_address(&mut self, instance: &Instance, at: Place, held: &mut Addresses) {
        for address in instance.addresses.iter().chain(&instance.excluded) {
            let device = address.device.clone().or_else(|| instance.interface.clone());
            let first = held.entry((address.ip, device)).or_insert_with(|| instance.name.clone());
            if *first != instance.name {
                let what = format!("{} and {} both have {}", first, instance.name, address.ip);
                let then = [
                    "when either is master no longer the address goes, though the other holds it",
                    "keepalived does the same, without a word",
                    "give each address to one instance",
                ];
                self.found.warn(at, "same-address", what, then);
            }
        }
    }

    /// No other instance has its number on its interface and in its family.
    pub(super) fn alone(&mut self, instance: &Instance, at: Place, taken: &mut Numbers) -> bool {
        let group = match &instance.destination {
            Destination::Multicast(group) => Some(*group),
            Destination::Unicast(_) => None,
        };
        let six = instance.family == Family::V6;
        let alone = taken.insert((instance.interface.clone(), instance.vrid.0, six, group));
        if !alone {
            let what = format!(
                "{} has the number {} of another instance on its interface",
                instance.name, instance.vrid
            );
            self.fatal(at, "same-vrid", what, "give it another virtual_router_id");
        }
        alone
    }
}
