//! Interfaces: list, find, up and down; and, for the lab, made and moved.

use super::{Netlink, missing};
use crate::Mac;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoMacVlan, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
    MacVlanMode,
};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Longest interface name in bytes (`IFNAMSIZ` without its NUL).
const NAME_LIMIT: usize = 15;

/// A network interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// The kernel's number for it in this namespace.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its hardware address, if it is Ethernet-like.
    pub mac: Option<Mac>,
    /// Set up by the administrator.
    pub up: bool,
    /// Has a carrier: the cable is in and the other end is up.
    pub carrier: bool,
    /// The loopback interface.
    pub loopback: bool,
    /// Largest packet in bytes.
    pub mtu: u32,
    /// The bridge or bond it belongs to.
    pub master: Option<u32>,
}

impl Netlink {
    /// All interfaces of this namespace.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn interfaces(&mut self) -> io::Result<Vec<Interface>> {
        let mut found = Vec::new();
        self.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()), |answer| {
            if let RouteNetlinkMessage::NewLink(message) = answer {
                found.extend(Interface::read(&message));
            }
        })?;
        Ok(found)
    }

    /// The interface of this name.
    ///
    /// # Errors
    /// `NotFound` without one, `InvalidInput` for a name no interface can have.
    pub fn interface(&mut self, name: &str) -> io::Result<Interface> {
        check_name(name)?;
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.to_owned()));
        let answer = self.query(RouteNetlinkMessage::GetLink(message));
        let found = match answer {
            Ok(Some(RouteNetlinkMessage::NewLink(message))) => Interface::read(&message),
            Err(error) if error.raw_os_error() != Some(libc::ENODEV) => return Err(error),
            _ => None,
        };
        found.ok_or_else(|| missing(format!("no interface {name}")))
    }

    /// Sets an interface up or down.
    ///
    /// # Errors
    /// `ENODEV`, `PermissionDenied`.
    pub fn set_up(&mut self, index: u32, up: bool) -> io::Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.change_mask = LinkFlags::Up;
        message.header.flags = if up { LinkFlags::Up } else { LinkFlags::empty() };
        self.change(RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Makes two interfaces that are the ends of one cable, both down.
    ///
    /// # Errors
    /// `AlreadyExists` when a name is taken, `PermissionDenied`, `Unsupported` by the kernel.
    pub fn create_veth(&mut self, name: &str, peer: &str) -> io::Result<()> {
        check_name(peer)?;
        let mut other = LinkMessage::default();
        other.attributes.push(LinkAttribute::IfName(peer.to_owned()));
        let data = InfoData::Veth(InfoVeth::Peer(other));
        self.create(name, vec![LinkInfo::Kind(InfoKind::Veth), LinkInfo::Data(data)])
    }

    /// Makes a bridge without ports, down.
    ///
    /// # Errors
    /// As [`create_veth`](Self::create_veth).
    pub fn create_bridge(&mut self, name: &str) -> io::Result<()> {
        self.create(name, vec![LinkInfo::Kind(InfoKind::Bridge)])
    }

    /// Makes an interface with a hardware address of its own on top of another one, down. What
    /// such interfaces of one base send each other doesn't pass (mode private).
    ///
    /// # Errors
    /// As [`create_veth`](Self::create_veth); `ENODEV` without the base.
    pub fn create_macvlan(&mut self, name: &str, base: u32, mac: Mac) -> io::Result<()> {
        let data = InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Private)]);
        let info = vec![LinkInfo::Kind(InfoKind::MacVlan), LinkInfo::Data(data)];
        let more = vec![LinkAttribute::Link(base), LinkAttribute::Address(mac.0.to_vec())];
        self.create_with(name, info, more)
    }

    fn create(&mut self, name: &str, info: Vec<LinkInfo>) -> io::Result<()> {
        self.create_with(name, info, Vec::new())
    }

    fn create_with(
        &mut self,
        name: &str,
        info: Vec<LinkInfo>,
        more: Vec<LinkAttribute>,
    ) -> io::Result<()> {
        check_name(name)?;
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.to_owned()));
        message.attributes.extend(more);
        message.attributes.push(LinkAttribute::LinkInfo(info));
        self.change(RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Removes an interface that was made (a veth takes its other end with it).
    ///
    /// # Errors
    /// `ENODEV`, `PermissionDenied`, `Unsupported` for hardware.
    pub fn remove_interface(&mut self, index: u32) -> io::Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        self.change(RouteNetlinkMessage::DelLink(message), 0)
    }

    /// Makes an interface a port of a bridge, or of none.
    ///
    /// # Errors
    /// `ENODEV`, `PermissionDenied`.
    pub fn set_master(&mut self, index: u32, bridge: Option<u32>) -> io::Result<()> {
        self.set(index, LinkAttribute::Controller(bridge.unwrap_or(0)))
    }

    /// Moves an interface into another network namespace, where it is down and without addresses.
    ///
    /// # Errors
    /// `ENODEV`, `PermissionDenied`, `AlreadyExists` when its name is taken there.
    pub fn move_to_namespace(&mut self, index: u32, namespace: BorrowedFd<'_>) -> io::Result<()> {
        self.set(index, LinkAttribute::NetNsFd(namespace.as_raw_fd()))
    }

    /// Gives an interface, which must be down, another name.
    ///
    /// # Errors
    /// `ENODEV`, `AlreadyExists`, `ResourceBusy` when it is up, `InvalidInput`.
    pub fn rename(&mut self, index: u32, name: &str) -> io::Result<()> {
        check_name(name)?;
        self.set(index, LinkAttribute::IfName(name.to_owned()))
    }

    fn set(&mut self, index: u32, attribute: LinkAttribute) -> io::Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes.push(attribute);
        self.change(RouteNetlinkMessage::SetLink(message), 0)
    }
}

impl Interface {
    /// Reads the kernel's message; `None` for one without a name.
    pub(super) fn read(message: &LinkMessage) -> Option<Self> {
        let flags = message.header.flags;
        let (mut name, mut mac, mut mtu, mut master) = (None, None, 0, None);
        for attribute in &message.attributes {
            match attribute {
                LinkAttribute::IfName(text) => name = Some(text.clone()),
                LinkAttribute::Address(bytes) => mac = bytes.as_slice().try_into().ok().map(Mac),
                LinkAttribute::Mtu(bytes) => mtu = *bytes,
                LinkAttribute::Controller(index) => master = Some(*index),
                _ => {}
            }
        }
        Some(Self {
            index: message.header.index,
            name: name?,
            mac,
            up: flags.contains(LinkFlags::Up),
            carrier: flags.contains(LinkFlags::LowerUp),
            loopback: flags.contains(LinkFlags::Loopback),
            mtu,
            master,
        })
    }
}

fn check_name(name: &str) -> io::Result<()> {
    if name.is_empty() || name.len() > NAME_LIMIT || name.contains(['/', '\0']) {
        let text = format!("{name:?} is no interface name");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::in_new_network;

    #[test]
    fn a_veth_has_a_carrier_when_both_ends_are_up() {
        in_new_network(|netlink| {
            netlink.create_veth("a", "b").expect("creates");
            let (a, b) = (netlink.interface("a").expect("a"), netlink.interface("b").expect("b"));
            assert!(!a.up && !a.carrier && a.mac.is_some() && !a.loopback && a.mtu == 1500);
            netlink.set_up(a.index, true).expect("up");
            netlink.set_up(b.index, true).expect("up");
            let a = netlink.interface("a").expect("a");
            assert!(a.up && a.carrier);
            netlink.set_up(b.index, false).expect("down");
            let a = netlink.interface("a").expect("a");
            assert!(a.up && !a.carrier);
        });
    }

    #[test]
    fn a_bridge_gets_ports_and_gives_them_back() {
        in_new_network(|netlink| {
            netlink.create_veth("a", "b").expect("creates");
            netlink.create_bridge("br").expect("creates");
            let (a, br) =
                (netlink.interface("a").expect("a"), netlink.interface("br").expect("br"));
            netlink.set_master(a.index, Some(br.index)).expect("joins");
            assert_eq!(netlink.interface("a").expect("a").master, Some(br.index));
            netlink.set_master(a.index, None).expect("leaves");
            assert_eq!(netlink.interface("a").expect("a").master, None);
            netlink.rename(a.index, "eth0").expect("renames");
            netlink.remove_interface(a.index).expect("removes");
            let names: Vec<_> =
                netlink.interfaces().expect("lists").into_iter().map(|found| found.name).collect();
            assert!(names.contains(&"br".to_owned()) && !names.contains(&"b".to_owned()));
        });
    }

    #[test]
    fn a_macvlan_has_the_address_it_was_given() {
        in_new_network(|netlink| {
            netlink.create_veth("a", "b").expect("creates");
            let base = netlink.interface("a").expect("a").index;
            let mac = Mac([0, 0, 0x5e, 0, 1, 51]);
            match netlink.create_macvlan("vrrp.51", base, mac) {
                // A kernel without them says so.
                Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {
                    println!("skipped: this kernel has no macvlan");
                }
                made => {
                    made.expect("creates");
                    assert_eq!(netlink.interface("vrrp.51").expect("is there").mac, Some(mac));
                }
            }
        });
    }

    #[test]
    fn an_interface_moves_to_another_namespace() {
        in_new_network(|netlink| {
            netlink.create_veth("a", "b").expect("creates");
            let b = netlink.interface("b").expect("b").index;
            let other = crate::namespace::new_network().expect("unshares");
            netlink.move_to_namespace(b, rustix::fd::AsFd::as_fd(&other)).expect("moves");
            assert_eq!(netlink.interface("b").expect_err("moved").kind(), io::ErrorKind::NotFound);
            let there = crate::namespace::in_network(&other, || {
                Netlink::open().expect("opens").interface("b").map(|found| found.name)
            });
            assert_eq!(there.expect("enters").expect("is there"), "b");
        });
    }

    #[test]
    fn a_missing_interface_is_named() {
        in_new_network(|netlink| {
            let error = netlink.interface("nosuch0").expect_err("missing");
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            assert_eq!(error.to_string(), "no interface nosuch0");
            let error = netlink.interface("much-too-long-a-name").expect_err("too long");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        });
    }
}
