//! Whose a packet is.

use crate::config::{Config, Destination, Family};
use crate::io::Received;
use crate::router::Id;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A router among those with its number on its interface.
#[derive(Clone, Debug)]
struct Place {
    id: Id,
    /// The group it listens to; `None`: it speaks unicast.
    group: Option<IpAddr>,
}

impl Place {
    fn listens_to(&self, destination: IpAddr) -> bool {
        match self.group {
            Some(group) => group == destination,
            None => !destination.is_multicast(),
        }
    }
}

/// Routers by what a packet shows of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    by_interface: BTreeMap<String, BTreeMap<(Family, u8), Vec<Place>>>,
    /// Those that have no interface of their own.
    anywhere: BTreeMap<(Family, u8), Vec<Place>>,
    by_source: BTreeMap<IpAddr, Vec<Id>>,
}

impl Index {
    /// Of all instances.
    pub(crate) fn new(config: &Config) -> Self {
        let mut index = Self::default();
        for (id, instance) in config.instances.iter().enumerate() {
            let group = match &instance.destination {
                Destination::Multicast(group) => Some(*group),
                Destination::Unicast(_) => None,
            };
            let on = match &instance.interface {
                Some(name) => index.by_interface.entry(name.clone()).or_default(),
                None => &mut index.anywhere,
            };
            let key = (instance.family, instance.vrid.0);
            // Nearly always one alone.
            on.entry(key).or_insert_with(|| Vec::with_capacity(1)).push(Place { id, group });
            if let Some(source) = instance.source.filter(|_| instance.track_source) {
                index.by_source.entry(source).or_default().push(id);
            }
        }
        index
    }

    /// The router that a packet about `vrid` is for: where several groups share a number, the one
    /// that listens to its destination, else the first.
    pub(crate) fn find(&self, packet: &Received, vrid: u8) -> Option<Id> {
        let key = (Family::of(packet.source), vrid);
        let here = self.by_interface.get(&packet.interface).and_then(|all| all.get(&key));
        let places = here.or_else(|| self.anywhere.get(&key))?;
        let listening = places.iter().find(|place| place.listens_to(packet.destination));
        listening.or_else(|| places.first()).map(|place| place.id)
    }

    /// The routers whose watched source address that is.
    pub(crate) fn speaking_from(&self, ip: IpAddr) -> Vec<Id> {
        self.by_source.get(&ip).cloned().unwrap_or_default()
    }
}
