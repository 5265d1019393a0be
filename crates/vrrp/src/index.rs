//! Which router is meant: by a packet, by a name. Sorted lists: there may be thousands of routers,
//! and a tree's nodes are half empty.

use crate::config::{Config, Destination, Family};
use crate::io::Received;
use crate::router::Id;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Routers by the names of their instances.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Vec<Id>);

impl Names {
    /// Of all instances.
    pub(crate) fn new(config: &Config) -> Self {
        let mut all: Vec<Id> = (0..config.instances.len()).collect();
        all.sort_by(|one, other| config.instances[*one].name.cmp(&config.instances[*other].name));
        Self(all)
    }

    /// The router of that name in the configuration that this was made of.
    pub(crate) fn find(&self, config: &Config, name: &str) -> Option<Id> {
        let instances = &config.instances;
        let place = self.0.binary_search_by(|id| instances[*id].name.as_str().cmp(name)).ok()?;
        self.0.get(place).copied()
    }
}

/// A router among those on its interface, which are sorted by this.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Place {
    family: Family,
    vrid: u8,
    id: Id,
}

/// Routers by what a packet shows of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    by_interface: BTreeMap<String, Vec<Place>>,
    /// Those that have no interface of their own.
    anywhere: Vec<Place>,
    by_source: BTreeMap<IpAddr, Vec<Id>>,
}

impl Index {
    /// Of all instances.
    pub(crate) fn new(config: &Config) -> Self {
        let mut index = Self::default();
        for (id, instance) in config.instances.iter().enumerate() {
            let on = match &instance.interface {
                Some(name) => match index.by_interface.get_mut(name) {
                    Some(on) => on,
                    None => index.by_interface.entry(name.clone()).or_default(),
                },
                None => &mut index.anywhere,
            };
            on.push(Place { family: instance.family, vrid: instance.vrid.0, id });
            if let Some(source) = instance.source.filter(|_| instance.track_source) {
                index.by_source.entry(source).or_default().push(id);
            }
        }
        for all in index.by_interface.values_mut().chain([&mut index.anywhere]) {
            all.sort_unstable();
            all.shrink_to_fit();
        }
        index
    }

    /// The router that a packet about `vrid` is for: where several groups share a number, the one
    /// that listens to its destination, else the first.
    pub(crate) fn find(&self, config: &Config, packet: &Received, vrid: u8) -> Option<Id> {
        let family = Family::of(packet.source);
        let here = self.by_interface.get(&packet.interface).map(|all| of(all, family, vrid));
        let here = here.filter(|found| !found.is_empty());
        let places = here.unwrap_or_else(|| of(&self.anywhere, family, vrid));
        let listens = |place: &&Place| match &config.instances[place.id].destination {
            Destination::Multicast(group) => *group == packet.destination,
            Destination::Unicast(_) => !packet.destination.is_multicast(),
        };
        places.iter().find(listens).or_else(|| places.first()).map(|place| place.id)
    }

    /// The routers whose watched source address that is.
    pub(crate) fn speaking_from(&self, ip: IpAddr) -> Vec<Id> {
        self.by_source.get(&ip).cloned().unwrap_or_default()
    }
}

/// Those of a family and number; in the order of the configuration.
fn of(all: &[Place], family: Family, vrid: u8) -> &[Place] {
    let start = all.partition_point(|place| (place.family, place.vrid) < (family, vrid));
    let rest = all.get(start..).unwrap_or_default();
    let length = rest.partition_point(|place| (place.family, place.vrid) == (family, vrid));
    rest.get(..length).unwrap_or_default()
}
