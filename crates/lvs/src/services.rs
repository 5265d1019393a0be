//! What a virtual server is in IPVS: its services and destinations.

use crate::config::{
    Config, Forward, GroupMember, Protocol, RealServer, Service, SorryServer, VirtualServer,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wire::ipvs::{self, Destination, Family, Flags, Mask, ServiceKey};

/// Services of one virtual server, at most: a range of /16. Each costs the kernel memory and us
/// one message for each of its destinations.
pub(crate) const SERVICES_MAX: usize = 65_536;
/// The weight of a sorry server (measured).
const SORRY_WEIGHT: u32 = 1;

/// What IPVS is to listen to for a virtual server, in the order of the configuration; at most
/// [`SERVICES_MAX`] and one.
pub(crate) fn keys(server: &VirtualServer, config: &Config) -> Vec<ServiceKey> {
    let protocol = server.protocol.unwrap_or(Protocol::Udp);
    let family = || {
        let real = server.real.first().map_or(Family::V4, |real| Family::of(real.ip));
        server.family.unwrap_or(real)
    };
    let address = |address, port| ServiceKey::Address { protocol, address, port };
    match &server.service {
        Service::Address(ip, port) => vec![address(*ip, *port)],
        Service::Mark(mark) => vec![ServiceKey::Mark { family: family(), mark: *mark }],
        Service::Group(name) => {
            let group = config.groups.iter().find(|group| group.name == *name);
            let members = group.into_iter().flat_map(|group| &group.members);
            let keys = members.flat_map(|member| -> Box<dyn Iterator<Item = ServiceKey>> {
                match *member {
                    GroupMember::Range(first, last, port) => {
                        Box::new(range(first, last).map(move |ip| address(ip, port)))
                    }
                    GroupMember::Mark(mark, of) => {
                        let family = of.unwrap_or_else(family);
                        Box::new(std::iter::once(ServiceKey::Mark { family, mark }))
                    }
                }
            });
            keys.take(SERVICES_MAX + 1).collect()
        }
    }
}

/// All addresses from the first to the last of one family.
fn range(first: IpAddr, last: IpAddr) -> impl Iterator<Item = IpAddr> {
    let number = |ip| match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    };
    let v4 = first.is_ipv4();
    (number(first)..=number(last)).map(move |number| {
        if v4 { Ipv4Addr::from(number as u32).into() } else { Ipv6Addr::from(number).into() }
    })
}

/// A service as it is configured.
pub(crate) fn service(server: &VirtualServer, key: ServiceKey) -> ipvs::Service {
    let mut flags = Flags::NONE;
    for (set, flag) in [
        (server.persistence.is_some(), Flags::PERSISTENT),
        (server.one_packet, Flags::ONE_PACKET),
        (server.flags.first, Flags::SCHEDULER_1),
        (server.flags.second, Flags::SCHEDULER_2),
        (server.flags.third, Flags::SCHEDULER_3),
    ] {
        if set {
            flags = flags | flag;
        }
    }
    let bits = server.granularity.filter(|_| server.persistence.is_some());
    let mask = match (key.family(), bits) {
        (Family::V4, Some(bits)) => {
            let free = 32_u32.saturating_sub(bits.into());
            Mask::V4(Ipv4Addr::from(u32::MAX.checked_shl(free).unwrap_or(0)))
        }
        (Family::V6, Some(bits)) => Mask::V6(bits.into()),
        (family, None) => Mask::host(family),
    };
    ipvs::Service {
        key,
        scheduler: server.scheduler.clone(),
        flags,
        persistence_engine: server.sip.then(|| "sip".to_owned()),
        timeout: server.persistence.map_or(0, |time| time.as_secs() as u32),
        mask,
    }
}

/// The port of a destination: other methods than NAT can't change it, and a mark has none
/// (docs/ancestors/keepalived.md §4.1, measured).
fn port(key: &ServiceKey, forward: Forward, own: u16) -> u16 {
    match (key, forward) {
        (_, Forward::Nat) => own,
        (ServiceKey::Address { port, .. }, _) => *port,
        (ServiceKey::Mark { .. }, _) => 0,
    }
}

/// A real server as a destination of a service.
pub(crate) fn destination(key: &ServiceKey, real: &RealServer, weight: u32) -> Destination {
    Destination {
        address: real.ip,
        port: port(key, real.forward, real.port),
        forward: real.forward,
        weight,
        upper: real.upper,
        lower: real.lower,
    }
}

/// The sorry server as a destination of a service.
pub(crate) fn sorry(key: &ServiceKey, sorry: &SorryServer, in_use: bool) -> Destination {
    Destination {
        address: sorry.ip,
        port: port(key, sorry.forward, sorry.port),
        forward: sorry.forward,
        weight: if in_use { SORRY_WEIGHT } else { 0 },
        upper: 0,
        lower: 0,
    }
}
