//! Broadcast, multicast and unicast over UDP.
//!
//! Each has two sockets: one to send, on a port of the kernel's choice, and one to receive, on
//! the configured port. Both are bound to the interface, so a link is up only by what came in
//! over its own interface, and a flapping interface needs no new socket.

use super::{Origin, uninterrupted};
use crate::netlink::Netlink;
use crate::sockopt;
use rustix::fd::{AsFd, BorrowedFd};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};

/// `IPTOS_LOWDELAY`, as the ancestor's unicast sets it.
const LOW_DELAY: u32 = 0x10;

/// Send buffer of the IPv6 media, as the ancestor sets it; the kernel may cut it to its limit.
const V6_SEND_BUFFER: usize = 1024 * 1024;

/// Receive buffer of all media: what is flooded by 10,000 datagrams a second, one in a hundred of
/// them 64 KiB long, holds a quarter of a second of it, so that no beat among them is lost while
/// the reader is kept from running. The kernel doubles the number, counts each datagram with its
/// overhead, and takes the memory only while something waits. Its usual 208 KiB are full with the
/// second long datagram.
const RECEIVE_BUFFER: i32 = 4 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Udp {
    sender: Socket,
    receiver: UdpSocket,
    target: SockAddr,
}

impl Udp {
    pub(super) fn bcast(interface: &str, port: u16) -> io::Result<Self> {
        let broadcast = broadcast_address(interface)?;
        let sender = open(Domain::IPV4, interface)?;
        sender.set_broadcast(true)?;
        sockopt::set(sender.as_fd(), libc::SOL_SOCKET, libc::SO_DONTROUTE, &1_i32)?;
        let receiver = open(Domain::IPV4, interface)?;
        receiver.set_reuse_address(true)?;
        Self::join(sender, receiver, any(false, port), (broadcast, port).into())
    }

    pub(super) fn ucast(interface: &str, peer: IpAddr, port: u16) -> io::Result<Self> {
        let domain = if peer.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 };
        let sender = open(domain, interface)?;
        let receiver = open(domain, interface)?;
        // Both: to share the port with another unicast link, and with broadcast on it.
        receiver.set_reuse_port(true)?;
        receiver.set_reuse_address(true)?;
        let target = match peer {
            IpAddr::V4(_) => {
                sender.set_tos_v4(LOW_DELAY)?;
                (peer, port).into()
            }
            IpAddr::V6(address) => {
                sender.set_send_buffer_size(V6_SEND_BUFFER)?;
                receiver.set_only_v6(true)?;
                let scope = Netlink::open()?.interface(interface)?.index;
                SocketAddrV6::new(address, port, 0, scope).into()
            }
        };
        Self::join(sender, receiver, any(peer.is_ipv6(), port), target)
    }

    pub(super) fn mcast(
        interface: &str,
        group: IpAddr,
        port: u16,
        ttl: u8,
        loopback: bool,
    ) -> io::Result<Self> {
        if !group.is_multicast() {
            let text = format!("{group} is no multicast group");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let index = Netlink::open()?.interface(interface)?.index;
        let domain = if group.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 };
        let sender = open(domain, interface)?;
        let receiver = open(domain, interface)?;
        receiver.set_reuse_address(true)?;
        let target: SocketAddr = match group {
            IpAddr::V4(group) => {
                send_by(&sender, index)?;
                sender.set_multicast_loop_v4(loopback)?;
                sender.set_multicast_ttl_v4(ttl.into())?;
                receiver.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(index))?;
                (group, port).into()
            }
            IpAddr::V6(group) => {
                sender.set_send_buffer_size(V6_SEND_BUFFER)?;
                sender.set_multicast_if_v6(index)?;
                sender.set_multicast_loop_v6(loopback)?;
                sender.set_multicast_hops_v6(ttl.into())?;
                receiver.set_only_v6(true)?;
                receiver.join_multicast_v6(&group, index)?;
                SocketAddrV6::new(group, port, 0, index).into()
            }
        };
        Self::join(sender, receiver, target, target)
    }

    fn join(
        sender: Socket,
        receiver: Socket,
        bind: SocketAddr,
        target: SocketAddr,
    ) -> io::Result<Self> {
        enlarge(&receiver)?;
        receiver.bind(&bind.into())?;
        Ok(Self { sender, receiver: receiver.into(), target: target.into() })
    }

    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        uninterrupted(|| self.sender.send_to(bytes, &self.target)).map(|_| ())
    }

    pub(super) fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, Origin)> {
        let (length, from) = uninterrupted(|| self.receiver.recv_from(buffer))?;
        Ok((length, Origin::Socket(from)))
    }
}

impl AsFd for Udp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.receiver.as_fd()
    }
}

fn open(domain: Domain, interface: &str) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.bind_device(Some(interface.as_bytes())).map_err(|error| {
        if error.raw_os_error() == Some(libc::ENODEV) {
            return io::Error::new(io::ErrorKind::NotFound, format!("no interface {interface}"));
        }
        error
    })?;
    Ok(socket)
}

fn any(v6: bool, port: u16) -> SocketAddr {
    let address = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    SocketAddr::new(address, port)
}

/// The interface of outgoing IPv4 multicast by index, for it may have no address (yet).
fn send_by(socket: &Socket, interface: u32) -> io::Result<()> {
    let none = libc::in_addr { s_addr: 0 };
    let choice = libc::ip_mreqn {
        imr_multiaddr: none,
        imr_address: none,
        imr_ifindex: i32::try_from(interface).unwrap_or(0),
    };
    sockopt::set(socket.as_fd(), libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &choice)
}

/// Gives a socket its receive buffer, beyond the system's limit if we may, else up to that.
fn enlarge(receiver: &Socket) -> io::Result<()> {
    let beyond = libc::SO_RCVBUFFORCE;
    sockopt::set(receiver.as_fd(), libc::SOL_SOCKET, beyond, &RECEIVE_BUFFER)
        .or_else(|_| receiver.set_recv_buffer_size(RECEIVE_BUFFER as usize))
}

fn broadcast_address(interface: &str) -> io::Result<Ipv4Addr> {
    let mut netlink = Netlink::open()?;
    let index = netlink.interface(interface)?.index;
    let addresses = netlink.addresses()?;
    let mut here = addresses.iter().filter(|address| address.interface == index);
    here.find_map(|address| address.broadcast).ok_or_else(|| {
        let text = format!("interface {interface} has no IPv4 broadcast address");
        io::Error::new(io::ErrorKind::AddrNotAvailable, text)
    })
}

#[cfg(test)]
mod tests {
    use super::super::Medium;
    use super::*;
    use crate::testing::{in_new_network, inside, next, with_neighbour};
    use std::time::Duration;

    /// Generous: on a quiet machine a datagram takes microseconds.
    const PATIENCE: Duration = Duration::from_secs(5);

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    /// Opens the same medium on two joined hosts and sends both ways.
    fn talk(ours: impl Fn() -> Medium + Sync, theirs: impl Fn() -> Medium + Sync) {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let (ours, theirs) = (ours(), inside(&neighbour, |_| theirs()));
            ours.send(b"hello").expect("sends");
            let (heard, from) = next(&theirs, PATIENCE).expect("hears");
            assert_eq!(heard, b"hello");
            assert!(
                matches!(from, Origin::Socket(from) if from.ip() == ip("10.0.0.1")
                || from.is_ipv6()),
                "{from:?}"
            );
            let long = vec![7; 60_000];
            theirs.send(&long).expect("sends");
            // A broadcaster hears itself; its own messages are passed over.
            let heard =
                std::iter::from_fn(|| next(&ours, PATIENCE)).find(|(bytes, _)| bytes.len() > 5);
            assert_eq!(heard.expect("hears").0, long);
        });
    }

    #[test]
    fn broadcast_reaches_the_neighbour() {
        talk(
            || Medium::bcast("eth0", 694).expect("opens"),
            || Medium::bcast("eth0", 694).expect("opens"),
        );
    }

    #[test]
    fn unicast_reaches_the_neighbour_over_both_families() {
        talk(
            || Medium::ucast("eth0", ip("10.0.0.2"), 694).expect("opens"),
            || Medium::ucast("eth0", ip("10.0.0.1"), 694).expect("opens"),
        );
        talk(
            || Medium::ucast("eth0", ip("fd00::2"), 694).expect("opens"),
            || Medium::ucast("eth0", ip("fd00::1"), 694).expect("opens"),
        );
    }

    #[test]
    fn multicast_reaches_the_neighbour_over_both_families() {
        for group in ["225.0.0.1", "ff12::1:2:3:4"] {
            let open = move || Medium::mcast("eth0", ip(group), 694, 1, false).expect("opens");
            talk(open, open);
        }
    }

    #[test]
    fn multicast_hears_itself_only_when_asked_to() {
        in_new_network(|netlink| {
            let _neighbour = with_neighbour(netlink);
            let group = ip("225.0.0.1");
            let with = Medium::mcast("eth0", group, 694, 1, true).expect("opens");
            with.send(b"me").expect("sends");
            assert_eq!(next(&with, PATIENCE).expect("hears").0, b"me");
            let without = Medium::mcast("eth0", group, 695, 1, false).expect("opens");
            without.send(b"me").expect("sends");
            with.send(b"later").expect("sends");
            next(&with, PATIENCE).expect("the later one came");
            assert!(without.recv(&mut [0; 64]).expect("receives").is_none());
        });
    }

    #[test]
    fn sockets_have_the_options_of_the_ancestors() {
        in_new_network(|netlink| {
            let _neighbour = with_neighbour(netlink);
            let device = Some(b"eth0".to_vec());
            let bcast = Udp::bcast("eth0", 694).expect("opens");
            assert!(bcast.sender.broadcast().expect("asks"));
            assert_eq!(bcast.sender.device().expect("asks"), device);
            assert_eq!(bcast.target, SockAddr::from(SocketAddr::from(([10, 0, 0, 255], 694))));
            assert_eq!(bcast.receiver.local_addr().expect("asks"), any(false, 694));
            let ucast = Udp::ucast("eth0", ip("10.0.0.2"), 694).expect("opens");
            assert_eq!(ucast.sender.tos_v4().expect("asks"), LOW_DELAY);
            assert_eq!(ucast.sender.ttl_v4().expect("asks"), 64);
            assert_eq!(socket2::SockRef::from(&ucast.receiver).device().expect("asks"), device);
            let mcast = Udp::mcast("eth0", ip("225.0.0.1"), 695, 3, false).expect("opens");
            assert_eq!(mcast.sender.multicast_ttl_v4().expect("asks"), 3);
            assert!(!mcast.sender.multicast_loop_v4().expect("asks"));
            let group = SocketAddr::new(ip("225.0.0.1"), 695);
            assert_eq!(mcast.receiver.local_addr().expect("asks"), group);
        });
    }

    #[test]
    fn a_quarter_of_a_second_of_a_flood_waits_until_it_is_read() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let ours = Udp::bcast("eth0", 694).expect("opens");
            let beyond = libc::SO_RCVBUFFORCE;
            if sockopt::set(ours.sender.as_fd(), libc::SOL_SOCKET, beyond, &1_i32).is_err() {
                println!("skipped: this user may not go beyond the system's limit");
                return;
            }
            let theirs = inside(&neighbour, |_| Medium::bcast("eth0", 694).expect("opens"));
            for number in 0..2_500_u32 {
                let length = if number % 100 == 0 { 60_000 } else { 300 };
                theirs.send(&vec![7; length]).expect("sends");
            }
            let mut buffer = vec![0; super::super::DATAGRAM_LIMIT];
            let read = std::iter::from_fn(|| ours.recv(&mut buffer).ok()).count();
            assert_eq!(read, 2_500);
        });
    }

    #[test]
    fn broadcast_and_several_unicasts_share_a_port() {
        in_new_network(|netlink| {
            let _neighbour = with_neighbour(netlink);
            let _one = Medium::bcast("eth0", 694).expect("opens");
            let _two = Medium::ucast("eth0", ip("10.0.0.2"), 694).expect("opens");
            let _three = Medium::ucast("eth0", ip("10.0.0.3"), 694).expect("opens");
            let _four = Medium::bcast("eth0", 694).expect("opens");
        });
    }

    #[test]
    fn a_missing_interface_and_a_wrong_group_are_named() {
        in_new_network(|_| {
            for medium in [
                Medium::bcast("nosuch0", 694),
                Medium::ucast("nosuch0", ip("10.0.0.2"), 694),
                Medium::mcast("nosuch0", ip("225.0.0.1"), 694, 1, false),
            ] {
                let error = medium.expect_err("missing");
                assert_eq!(error.kind(), io::ErrorKind::NotFound);
                assert_eq!(error.to_string(), "no interface nosuch0");
            }
            let error = Medium::bcast("lo", 694).expect_err("loopback");
            assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
            let error = Medium::mcast("lo", ip("10.0.0.1"), 694, 1, false).expect_err("no group");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        });
    }
}
