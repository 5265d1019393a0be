//! Addresses: list, add, remove.

use super::Netlink;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, CacheInfo,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use std::io;
use std::net::{IpAddr, Ipv4Addr};

/// A lifetime without end (`linux/if_addr.h`).
const FOREVER: u32 = u32::MAX;

/// An address that stands on an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// The interface's index.
    pub interface: u32,
    /// The address itself.
    pub address: IpAddr,
    /// Bits of its network.
    pub prefix: u8,
    /// IPv4: its broadcast address, if it has one.
    pub broadcast: Option<Ipv4Addr>,
    /// IPv4: its label, such as `eth0:0`; the interface's name when none was given.
    pub label: Option<String>,
    /// IPv4: not the first of its network on this interface.
    pub secondary: bool,
    /// IPv6: not usable yet, its uniqueness is being checked.
    pub tentative: bool,
    /// IPv6: somebody else has it.
    pub duplicate: bool,
    /// Not chosen as the source of new connections.
    pub deprecated: bool,
}

/// An address to be put on an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAddress {
    /// The interface's index.
    pub interface: u32,
    /// The address itself.
    pub address: IpAddr,
    /// Bits of its network.
    pub prefix: u8,
    /// IPv4: the broadcast address.
    pub broadcast: Option<Ipv4Addr>,
    /// IPv4: the label, at most 15 characters, beginning with the interface's name.
    pub label: Option<String>,
    /// IPv6: usable at once, without the kernel's own check (we have probed).
    pub no_dad: bool,
    /// Never the source of connections that don't ask for it: `preferred_lft 0`, IPv6 only.
    pub deprecated: bool,
    /// What is rarely asked for.
    pub details: Details,
}

/// What is rarely asked for when an address is put on an interface; the default asks for nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Details {
    /// How far the address is valid, as the kernel numbers it (0 everywhere, 253 link, 254 host).
    pub scope: u8,
    /// The other end of a point-to-point link; the prefix is that of its network.
    pub peer: Option<IpAddr>,
    /// Seconds after which it is deprecated; `None`: never.
    pub preferred: Option<u32>,
    /// IPv6: a home address (RFC 6275).
    pub home: bool,
    /// IPv6: the kernel makes temporary addresses beside it.
    pub manage_temporary: bool,
    /// No route to its network is made.
    pub no_prefix_route: bool,
    /// A multicast address whose group is joined.
    pub auto_join: bool,
}

impl Details {
    fn flags(self) -> AddressFlags {
        let wanted = [
            (self.home, AddressFlags::Homeaddress),
            (self.manage_temporary, AddressFlags::Managetempaddr),
            (self.no_prefix_route, AddressFlags::Noprefixroute),
            (self.auto_join, AddressFlags::Mcautojoin),
        ];
        wanted
            .into_iter()
            .filter(|(wanted, _)| *wanted)
            .fold(AddressFlags::empty(), |flags, (_, flag)| flags | flag)
    }
}

impl NewAddress {
    /// An address with nothing special about it.
    pub const fn plain(interface: u32, address: IpAddr, prefix: u8) -> Self {
        Self {
            interface,
            address,
            prefix,
            broadcast: None,
            label: None,
            no_dad: false,
            deprecated: false,
            details: Details {
                scope: 0,
                peer: None,
                preferred: None,
                home: false,
                manage_temporary: false,
                no_prefix_route: false,
                auto_join: false,
            },
        }
    }
}

impl Netlink {
    /// All addresses of all interfaces.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn addresses(&mut self) -> io::Result<Vec<Address>> {
        let mut found = Vec::new();
        self.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()), |answer| {
            if let RouteNetlinkMessage::NewAddress(message) = answer {
                found.extend(Address::read(&message));
            }
        })?;
        Ok(found)
    }

    /// The address wherever it stands, if it does.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn find_address(&mut self, address: IpAddr) -> io::Result<Option<Address>> {
        Ok(self.addresses()?.into_iter().find(|found| found.address == address))
    }

    /// Puts an address on an interface.
    ///
    /// # Errors
    /// `AlreadyExists` when it stands there with this prefix, `ENODEV` without the interface,
    /// `InvalidInput` for a label that doesn't fit, `PermissionDenied`.
    pub fn add_address(&mut self, new: &NewAddress) -> io::Result<()> {
        let message = RouteNetlinkMessage::NewAddress(new.message());
        self.change(message, NLM_F_CREATE | NLM_F_EXCL)
    }

    /// The same as [`add_address`](Self::add_address), or refreshes the address if it stands
    /// there already.
    ///
    /// # Errors
    /// As there, without `AlreadyExists`.
    pub fn put_address(&mut self, new: &NewAddress) -> io::Result<()> {
        let message = RouteNetlinkMessage::NewAddress(new.message());
        self.change(message, NLM_F_CREATE | NLM_F_REPLACE)
    }

    /// Takes an address off an interface.
    ///
    /// # Errors
    /// `AddrNotAvailable` when it isn't there with this prefix, `ENODEV`, `PermissionDenied`.
    pub fn remove_address(
        &mut self,
        interface: u32,
        address: IpAddr,
        prefix: u8,
    ) -> io::Result<()> {
        self.remove_as_added(&NewAddress::plain(interface, address, prefix))
    }

    /// Takes an address off an interface that was put there with these words; one end of a
    /// point-to-point link is found by its peer only.
    ///
    /// # Errors
    /// As [`remove_address`](Self::remove_address).
    pub fn remove_as_added(&mut self, added: &NewAddress) -> io::Result<()> {
        self.change(RouteNetlinkMessage::DelAddress(added.message()), 0)
    }
}

impl NewAddress {
    fn message(&self) -> AddressMessage {
        let mut message = AddressMessage::default();
        message.header.family = family(self.address);
        message.header.prefix_len = self.prefix;
        message.header.index = self.interface;
        message.header.scope = self.details.scope.into();
        let attributes = &mut message.attributes;
        attributes.push(AddressAttribute::Local(self.address));
        attributes.push(AddressAttribute::Address(self.details.peer.unwrap_or(self.address)));
        attributes.extend(self.broadcast.map(AddressAttribute::Broadcast));
        attributes.extend(self.label.clone().map(AddressAttribute::Label));
        let mut flags = self.details.flags();
        if self.no_dad {
            message.header.flags |= AddressHeaderFlags::Nodad;
            flags |= AddressFlags::Nodad;
        }
        if !flags.is_empty() {
            attributes.push(AddressAttribute::Flags(flags));
        }
        let preferred = if self.deprecated { Some(0) } else { self.details.preferred };
        if let Some(preferred) = preferred {
            let mut lifetime = CacheInfo::default();
            lifetime.ifa_preferred = preferred;
            lifetime.ifa_valid = FOREVER;
            attributes.push(AddressAttribute::CacheInfo(lifetime));
        }
        message
    }
}

impl Address {
    /// Reads the kernel's message; `None` for one without an address.
    pub(super) fn read(message: &AddressMessage) -> Option<Self> {
        let mut flags = u32::from(message.header.flags.bits());
        let (mut local, mut remote, mut broadcast, mut label) = (None, None, None, None);
        for attribute in &message.attributes {
            match attribute {
                AddressAttribute::Local(address) => local = Some(*address),
                AddressAttribute::Address(address) => remote = Some(*address),
                AddressAttribute::Broadcast(address) => broadcast = Some(*address),
                AddressAttribute::Label(text) => label = Some(text.clone()),
                AddressAttribute::Flags(all) => flags |= all.bits(),
                _ => {}
            }
        }
        let has = |flag: AddressFlags| flags & flag.bits() != 0;
        Some(Self {
            interface: message.header.index,
            // On a point-to-point link `Address` is the other end; IPv6 may have only that one.
            address: local.or(remote)?,
            prefix: message.header.prefix_len,
            broadcast,
            label,
            secondary: has(AddressFlags::Secondary),
            tentative: has(AddressFlags::Tentative),
            duplicate: has(AddressFlags::Dadfailed),
            deprecated: has(AddressFlags::Deprecated),
        })
    }
}

/// The family of an address.
pub(super) const fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::in_new_network;

    #[test]
    fn an_address_is_added_with_label_and_broadcast_and_removed() {
        in_new_network(|netlink| {
            let lo = netlink.interface("lo").expect("lo").index;
            let address: IpAddr = "10.0.0.100".parse().expect("address");
            let mut new = NewAddress::plain(lo, address, 24);
            new.broadcast = Some(Ipv4Addr::new(10, 0, 0, 255));
            new.label = Some("lo:0".into());
            netlink.add_address(&new).expect("adds");

            let found = netlink.find_address(address).expect("asks").expect("is there");
            assert_eq!((found.interface, found.prefix), (lo, 24));
            assert_eq!(found.label.as_deref(), Some("lo:0"));
            assert_eq!(found.broadcast, new.broadcast);
            let again = netlink.add_address(&new).expect_err("twice");
            assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
            netlink.put_address(&new).expect("refreshes");

            netlink.remove_address(lo, address, 24).expect("removes");
            assert_eq!(netlink.find_address(address).expect("asks"), None);
            let gone = netlink.remove_address(lo, address, 24).expect_err("twice");
            assert_eq!(gone.kind(), io::ErrorKind::AddrNotAvailable);
        });
    }

    #[test]
    fn an_ipv6_address_can_be_usable_at_once_and_deprecated() {
        in_new_network(|netlink| {
            netlink.create_veth("a", "b").expect("creates");
            let a = netlink.interface("a").expect("a").index;
            netlink.set_up(a, true).expect("up");
            let address: IpAddr = "fd00::100".parse().expect("address");
            let mut new = NewAddress::plain(a, address, 64);
            (new.no_dad, new.deprecated) = (true, true);
            netlink.add_address(&new).expect("adds");
            let found = netlink.find_address(address).expect("asks").expect("is there");
            assert!(!found.tentative && found.deprecated, "{found:?}");
        });
    }

    #[test]
    fn an_address_with_a_peer_and_a_scope_comes_and_goes() {
        in_new_network(|netlink| {
            let lo = netlink.interface("lo").expect("lo").index;
            let address: IpAddr = "10.0.0.100".parse().expect("address");
            let mut new = NewAddress::plain(lo, address, 32);
            new.details.peer = Some("10.9.0.1".parse().expect("address"));
            new.details.scope = 253;
            netlink.add_address(&new).expect("adds");
            assert!(netlink.remove_address(lo, address, 32).is_err(), "its peer is part of it");
            netlink.remove_as_added(&new).expect("removes");
            assert_eq!(netlink.find_address(address).expect("asks"), None);
        });
    }

    #[test]
    fn an_address_on_no_interface_is_refused() {
        in_new_network(|netlink| {
            let new = NewAddress::plain(4711, "10.0.0.1".parse().expect("address"), 24);
            let error = netlink.add_address(&new).expect_err("no such interface");
            assert_eq!(error.raw_os_error(), Some(libc::ENODEV));
        });
    }
}
