//! Routes: list, add, remove, look up; and which interface an address belongs to.

use super::address::family;
use super::{Netlink, missing};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteProtocol, RouteScope,
    RouteType,
};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A route of the main table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// Where it leads; the unspecified address of its family with prefix 0 for a default route.
    pub destination: IpAddr,
    /// Bits of the destination that count.
    pub prefix: u8,
    /// The next router, or none for what is on the link.
    pub gateway: Option<IpAddr>,
    /// The interface it leaves by; none for a route over several.
    pub interface: Option<u32>,
    /// The source address of connections that don't ask for one.
    pub source: Option<IpAddr>,
    /// Its metric; the lowest wins among equals.
    pub metric: u32,
    message: RouteMessage,
}

/// A route to be added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewRoute {
    /// Where it leads; the unspecified address for a default route.
    pub destination: IpAddr,
    /// Bits of the destination that count, 0 for a default route.
    pub prefix: u8,
    /// The next router.
    pub gateway: Option<IpAddr>,
    /// The interface's index; may be left out with a gateway.
    pub interface: Option<u32>,
    /// The source address of connections that don't ask for one.
    pub source: Option<IpAddr>,
}

/// The interface an address belongs to, by the most specific route that covers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nearest {
    /// The interface's index.
    pub interface: u32,
    /// The prefix of that route; 0 when only the default route leads there.
    pub prefix: u8,
    /// Its gateway: the address's network is not on this interface then.
    pub gateway: Option<IpAddr>,
}

impl NewRoute {
    /// The default route through `gateway`.
    pub const fn default_via(gateway: IpAddr) -> Self {
        let destination = match gateway {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Self { destination, prefix: 0, gateway: Some(gateway), interface: None, source: None }
    }
}

impl Netlink {
    /// The routes of the main table that lead somewhere (no unreachable ones), for both families.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn routes(&mut self) -> io::Result<Vec<Route>> {
        let mut found = Vec::new();
        self.dump(RouteNetlinkMessage::GetRoute(RouteMessage::default()), |answer| {
            if let RouteNetlinkMessage::NewRoute(message) = answer {
                found.extend(Route::read(message));
            }
        })?;
        Ok(found)
    }

    /// Adds a route to the main table.
    ///
    /// # Errors
    /// `AlreadyExists`, `NetworkUnreachable` for a gateway that is on no link, `PermissionDenied`.
    pub fn add_route(&mut self, new: &NewRoute) -> io::Result<()> {
        let message = RouteNetlinkMessage::NewRoute(new.message());
        self.change(message, NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Removes a route as it was listed.
    ///
    /// # Errors
    /// `ESRCH` when it is gone, `PermissionDenied`.
    pub fn remove_route(&mut self, route: &Route) -> io::Result<()> {
        self.change(RouteNetlinkMessage::DelRoute(route.message.clone()), 0)
    }

    /// Gives a listed route another source address, or none, in one step, and leaves all else as
    /// it is.
    ///
    /// # Errors
    /// `InvalidInput` when the source is not an address of this host, `PermissionDenied`.
    pub fn set_route_source(&mut self, route: &Route, source: Option<IpAddr>) -> io::Result<()> {
        let mut message = route.message.clone();
        // The others tell the state of the link and are refused in a request.
        message.header.flags &= RouteFlags::Onlink;
        message.attributes.retain(|attribute| {
            !matches!(attribute, RouteAttribute::PrefSource(_) | RouteAttribute::CacheInfo(_))
        });
        message.attributes.extend(source.map(|address| RouteAttribute::PrefSource(wrap(address))));
        self.change(RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_REPLACE)
    }

    /// The interface and source address the kernel would use to reach `address` now.
    ///
    /// # Errors
    /// `NetworkUnreachable` when no route leads there.
    pub fn route_to(&mut self, address: IpAddr) -> io::Result<(u32, Option<IpAddr>)> {
        let mut message = RouteMessage::default();
        message.header.address_family = family(address);
        message.header.destination_prefix_length = if address.is_ipv4() { 32 } else { 128 };
        message.attributes.push(RouteAttribute::Destination(wrap(address)));
        let answer = self.query(RouteNetlinkMessage::GetRoute(message))?;
        let Some(RouteNetlinkMessage::NewRoute(message)) = answer else {
            return Err(missing(format!("no route to {address}")));
        };
        let (mut interface, mut source) = (None, None);
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Oif(index) => interface = Some(*index),
                RouteAttribute::PrefSource(address) => source = unwrap(address),
                _ => {}
            }
        }
        let interface = interface.ok_or_else(|| missing(format!("no route to {address}")))?;
        Ok((interface, source))
    }

    /// The interface and prefix for an address that is to be taken, when the configuration names
    /// neither: those of the most specific route that covers it, the lowest metric among equals.
    ///
    /// # Errors
    /// Those of the kernel; an address that no route covers is `None`.
    pub fn nearest(&mut self, address: IpAddr) -> io::Result<Option<Nearest>> {
        let routes = self.routes()?;
        let covering = routes.iter().filter(|route| route.covers(address));
        let best = covering
            .filter_map(|route| Some((route, route.interface?)))
            .max_by_key(|(route, _)| (route.prefix, std::cmp::Reverse(route.metric)));
        Ok(best.map(|(route, interface)| Nearest {
            interface,
            prefix: route.prefix,
            gateway: route.gateway,
        }))
    }
}

impl Route {
    /// True when `address` lies in the route's destination.
    pub fn covers(&self, address: IpAddr) -> bool {
        match (self.destination, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                same_bits(net.to_bits().into(), address.to_bits().into(), 32, self.prefix)
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                same_bits(net.to_bits(), address.to_bits(), 128, self.prefix)
            }
            _ => false,
        }
    }

    /// Reads the kernel's message; `None` for what is not a plain route of the main table.
    pub(super) fn read(message: RouteMessage) -> Option<Self> {
        let header = &message.header;
        let mut table = u32::from(header.table);
        let (mut destination, mut gateway, mut interface) = (None, None, None);
        let (mut source, mut metric) = (None, 0);
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Table(number) => table = *number,
                RouteAttribute::Destination(address) => destination = unwrap(address),
                RouteAttribute::Gateway(address) => gateway = unwrap(address),
                RouteAttribute::Oif(index) => interface = Some(*index),
                RouteAttribute::PrefSource(address) => source = unwrap(address),
                RouteAttribute::Priority(number) => metric = *number,
                _ => {}
            }
        }
        let unspecified = match header.address_family {
            netlink_packet_route::AddressFamily::Inet => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            netlink_packet_route::AddressFamily::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            _ => return None,
        };
        let main = table == u32::from(RouteHeader::RT_TABLE_MAIN);
        if !main || header.kind != RouteType::Unicast {
            return None;
        }
        Some(Self {
            destination: destination.unwrap_or(unspecified),
            prefix: header.destination_prefix_length,
            gateway,
            interface,
            source,
            metric,
            message,
        })
    }
}

impl NewRoute {
    fn message(&self) -> RouteMessage {
        let mut message = RouteMessage::default();
        let header = &mut message.header;
        header.address_family = family(self.destination);
        header.destination_prefix_length = self.prefix;
        header.table = RouteHeader::RT_TABLE_MAIN;
        header.protocol = RouteProtocol::Static;
        header.kind = RouteType::Unicast;
        header.scope = if self.gateway.is_some() { RouteScope::Universe } else { RouteScope::Link };
        let attributes = &mut message.attributes;
        if self.prefix > 0 {
            attributes.push(RouteAttribute::Destination(wrap(self.destination)));
        }
        attributes.extend(self.gateway.map(|address| RouteAttribute::Gateway(wrap(address))));
        attributes.extend(self.interface.map(RouteAttribute::Oif));
        attributes.extend(self.source.map(|address| RouteAttribute::PrefSource(wrap(address))));
        message
    }
}

fn same_bits(a: u128, b: u128, width: u32, prefix: u8) -> bool {
    let ignored = width.saturating_sub(u32::from(prefix));
    a.checked_shr(ignored).unwrap_or(0) == b.checked_shr(ignored).unwrap_or(0)
}

const fn wrap(address: IpAddr) -> RouteAddress {
    match address {
        IpAddr::V4(address) => RouteAddress::Inet(address),
        IpAddr::V6(address) => RouteAddress::Inet6(address),
    }
}

const fn unwrap(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some(IpAddr::V4(*address)),
        RouteAddress::Inet6(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewAddress;
    use super::*;
    use crate::testing::in_new_network;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    /// A veth `a` with 10.0.0.1/24 and fd00::1/64, and its index.
    fn one_interface(netlink: &mut Netlink) -> u32 {
        netlink.create_veth("a", "b").expect("creates");
        let a = netlink.interface("a").expect("a").index;
        let b = netlink.interface("b").expect("b").index;
        netlink.set_up(a, true).expect("up");
        netlink.set_up(b, true).expect("up");
        netlink.add_address(&NewAddress::plain(a, ip("10.0.0.1"), 24)).expect("adds");
        let v6 = NewAddress { no_dad: true, ..NewAddress::plain(a, ip("fd00::1"), 64) };
        netlink.add_address(&v6).expect("adds");
        a
    }

    #[test]
    fn an_address_belongs_to_the_interface_with_the_longest_matching_network() {
        in_new_network(|netlink| {
            let a = one_interface(netlink);
            let on_link = Nearest { interface: a, prefix: 24, gateway: None };
            assert_eq!(netlink.nearest(ip("10.0.0.100")).expect("asks"), Some(on_link));
            let v6 = netlink.nearest(ip("fd00::100")).expect("asks").expect("covered");
            assert_eq!((v6.interface, v6.prefix), (a, 64));
            assert_eq!(netlink.nearest(ip("192.0.2.1")).expect("asks"), None);

            netlink.add_route(&NewRoute::default_via(ip("10.0.0.254"))).expect("adds");
            let far = netlink.nearest(ip("192.0.2.1")).expect("asks").expect("default");
            assert_eq!((far.prefix, far.gateway), (0, Some(ip("10.0.0.254"))));
        });
    }

    #[test]
    fn the_kernel_tells_interface_and_source_of_a_destination() {
        in_new_network(|netlink| {
            let a = one_interface(netlink);
            let told = netlink.route_to(ip("10.0.0.7")).expect("asks");
            assert_eq!(told, (a, Some(ip("10.0.0.1"))));
            let error = netlink.route_to(ip("192.0.2.1")).expect_err("no route");
            assert_eq!(error.kind(), io::ErrorKind::NetworkUnreachable);
        });
    }

    /// The only default route through `gateway`.
    fn default_route(netlink: &mut Netlink, gateway: IpAddr) -> Route {
        let mut routes = netlink.routes().expect("lists");
        routes.retain(|route| route.prefix == 0 && route.gateway == Some(gateway));
        assert_eq!(routes.len(), 1, "{routes:?}");
        routes.remove(0)
    }

    /// Sets and clears the source of a default route, with `vip` on interface `a`.
    fn change_source(netlink: &mut Netlink, gateway: IpAddr, far: IpAddr, vip: IpAddr) {
        netlink.add_route(&NewRoute::default_via(gateway)).expect("adds");
        let before = default_route(netlink, gateway);
        netlink.set_route_source(&before, Some(vip)).expect("sets");
        let with = default_route(netlink, gateway);
        assert_eq!(with.source, Some(vip));
        assert_eq!((with.metric, with.interface), (before.metric, before.interface));
        assert_eq!(netlink.route_to(far).expect("asks").1, Some(vip));
        netlink.set_route_source(&with, None).expect("clears");
        let without = default_route(netlink, gateway);
        assert_eq!(without.source, None);
        netlink.remove_route(&without).expect("removes");
        let mut left = netlink.routes().expect("lists").into_iter();
        assert!(left.all(|route| route.gateway != Some(gateway)));
    }

    #[test]
    fn a_routes_source_changes_and_the_rest_of_it_stays() {
        in_new_network(|netlink| {
            let a = one_interface(netlink);
            netlink.add_address(&NewAddress::plain(a, ip("10.0.0.100"), 24)).expect("adds");
            let v6 = NewAddress { no_dad: true, ..NewAddress::plain(a, ip("fd00::100"), 64) };
            netlink.add_address(&v6).expect("adds");
            change_source(netlink, ip("10.0.0.254"), ip("192.0.2.1"), ip("10.0.0.100"));
            change_source(netlink, ip("fd00::fe"), ip("2001:db8::1"), ip("fd00::100"));
        });
    }
}
