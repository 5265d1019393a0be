//! Sockets that look whether a server is well: TCP, UDP and echo requests, from the address,
//! port and interface and with the mark that the configuration names
//! (docs/ancestors/keepalived.md §5).
//!
//! None of them blocks: connecting and waiting is the caller's.

use crate::netlink::Netlink;
use crate::sockopt;
use rustix::fd::AsFd;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpStream, UdpSocket};

/// Which groups may send echo requests without further rights; of both families.
const PING_GROUPS: &str = "/proc/sys/net/ipv4/ping_group_range";

/// From where a probe leaves. The default lets the kernel choose.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Origin {
    /// Our address.
    pub address: Option<IpAddr>,
    /// Our port.
    pub port: Option<u16>,
    /// The interface it leaves by, and the one of link-local addresses.
    pub interface: Option<String>,
    /// The mark of its packets.
    pub mark: Option<u32>,
}

/// A TCP socket of the family of `to`, bound but not connected.
///
/// # Errors
/// Those of the kernel: an address that isn't ours, a port that is taken, an interface that is
/// missing, a mark without `CAP_NET_ADMIN`.
pub fn tcp(to: IpAddr, origin: &Origin) -> io::Result<TcpStream> {
    let socket = open(to, Type::STREAM, Protocol::TCP)?;
    // The port of a check before this one is still remembered for a minute.
    socket.set_reuse_address(true)?;
    bind(&socket, to, origin)?;
    Ok(socket.into())
}

/// A UDP socket connected to `to`; a refusal by ICMP is the error of a later send or receive.
///
/// # Errors
/// As [`tcp`]; and when there is no route.
pub fn udp(to: SocketAddr, origin: &Origin) -> io::Result<UdpSocket> {
    let socket = open(to.ip(), Type::DGRAM, Protocol::UDP)?;
    bind(&socket, to.ip(), origin)?;
    hear_refusals(&socket, to.ip())?;
    socket.connect(&SockAddr::from(scoped(to, origin)?))?;
    Ok(socket.into())
}

/// A socket connected to `to` that sends and hears echo messages without their IP header. The
/// kernel sets the identifier of requests and passes only answers to them.
///
/// # Errors
/// As [`udp`]; `PermissionDenied` when our group may not, which [`let_our_group_ping`] cures.
pub fn echo(to: IpAddr, origin: &Origin) -> io::Result<UdpSocket> {
    let protocol = if to.is_ipv6() { Protocol::ICMPV6 } else { Protocol::ICMPV4 };
    let socket = open(to, Type::DGRAM, protocol)?;
    // A port would be the identifier, which must be ours alone.
    bind(&socket, to, &Origin { port: None, ..origin.clone() })?;
    hear_refusals(&socket, to)?;
    socket.connect(&SockAddr::from(scoped(SocketAddr::new(to, 0), origin)?))?;
    Ok(socket.into())
}

/// Widens the range of groups that may send echo requests so that ours is in it.
///
/// # Errors
/// Those of the file, which containers may have read-only.
pub fn let_our_group_ping() -> io::Result<()> {
    let ours = rustix::process::getegid().as_raw();
    let text = fs::read_to_string(PING_GROUPS)?;
    let mut words = text.split_ascii_whitespace().map(str::parse::<u32>);
    let range = match (words.next(), words.next()) {
        (Some(Ok(first)), Some(Ok(last))) if first <= last => (first, last),
        // The kernel's way of saying "nobody" is a range that ends before it begins.
        _ => (ours, ours),
    };
    let (first, last) = (range.0.min(ours), range.1.max(ours));
    fs::write(PING_GROUPS, format!("{first} {last}"))
}

fn open(to: IpAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(SocketAddr::new(to, 0)), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn bind(socket: &Socket, to: IpAddr, origin: &Origin) -> io::Result<()> {
    if let Some(interface) = &origin.interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    if let Some(mark) = origin.mark {
        socket.set_mark(mark)?;
    }
    if origin.address.is_some() || origin.port.is_some() {
        let any: IpAddr = match to {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let from = SocketAddr::new(origin.address.unwrap_or(any), origin.port.unwrap_or(0));
        socket.bind(&SockAddr::from(scoped(from, origin)?))?;
    }
    Ok(())
}

/// The address with the interface that a link-local one needs.
///
/// # Errors
/// `NotFound` without the interface.
pub fn scoped(address: SocketAddr, origin: &Origin) -> io::Result<SocketAddr> {
    match (address, &origin.interface) {
        (SocketAddr::V6(v6), Some(interface)) if v6.ip().is_unicast_link_local() => {
            let index = Netlink::open()?.interface(interface)?.index;
            Ok(SocketAddrV6::new(*v6.ip(), v6.port(), 0, index).into())
        }
        _ => Ok(address),
    }
}

/// Every ICMP error is told, not only those that the kernel takes for final.
fn hear_refusals(socket: &Socket, to: IpAddr) -> io::Result<()> {
    let (level, option) = match to {
        IpAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_RECVERR),
        IpAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
    };
    sockopt::set(socket.as_fd(), level, option, &1_i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{in_new_network, inside, with_neighbour};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::net::TcpListener;
    use wire::icmp::{Echo, Kind};

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    fn wait(socket: impl AsFd, flags: PollFlags) {
        let limit = Timespec { tv_sec: 5, tv_nsec: 0 };
        let mut fds = [PollFd::new(&socket, flags)];
        assert_ne!(poll(&mut fds, Some(&limit)).expect("polls"), 0, "nothing came");
    }

    fn connect(socket: &TcpStream, to: SocketAddr, origin: &Origin) -> io::Result<()> {
        let to = SockAddr::from(scoped(to, origin)?);
        match socket2::SockRef::from(socket).connect(&to) {
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {
                wait(socket, PollFlags::OUT);
                socket.take_error()?.map_or(Ok(()), Err)
            }
            other => other,
        }
    }

    #[test]
    fn a_connection_leaves_from_the_address_port_and_interface_that_are_named() {
        in_new_network(|netlink| {
            let other = with_neighbour(netlink);
            let listen = || TcpListener::bind("10.0.0.2:8080").expect("listens");
            let listener = inside(&other, |_| listen());
            let origin = Origin {
                address: Some(ip("10.0.0.1")),
                port: Some(4711),
                interface: Some("eth0".into()),
                mark: Some(7),
            };
            for _ in 0..2 {
                let socket = tcp(ip("10.0.0.2"), &origin).expect("opens");
                let to = "10.0.0.2:8080".parse().expect("address");
                connect(&socket, to, &origin).expect("connects");
                let (_, from) = listener.accept().expect("accepts");
                assert_eq!(from.to_string(), "10.0.0.1:4711");
            }
            let lo = Origin { interface: Some("lo".into()), ..Origin::default() };
            let socket = tcp(ip("10.0.0.2"), &lo).expect("opens");
            let to: SocketAddr = "10.0.0.2:8080".parse().expect("address");
            let _ = socket2::SockRef::from(&socket).connect(&SockAddr::from(to));
            listener.set_nonblocking(true).expect("sets");
            assert!(listener.accept().is_err(), "it left by another interface");
        });
    }

    #[test]
    fn an_address_that_is_not_ours_and_an_interface_that_is_missing_are_refused() {
        in_new_network(|_| {
            let foreign = Origin { address: Some(ip("192.0.2.1")), ..Origin::default() };
            let error = tcp(ip("127.0.0.1"), &foreign).expect_err("not ours");
            assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
            let missing = Origin { interface: Some("eth9".into()), ..Origin::default() };
            let error = tcp(ip("127.0.0.1"), &missing).expect_err("missing");
            assert_eq!(error.raw_os_error(), Some(libc::ENODEV));
        });
    }

    #[test]
    fn a_port_where_nobody_listens_refuses_a_datagram_in_both_families() {
        in_new_network(|_| {
            for to in ["127.0.0.1:9", "[::1]:9"] {
                let socket = udp(to.parse().expect("address"), &Origin::default()).expect("opens");
                socket.send(b"x").expect("sends");
                wait(&socket, PollFlags::IN);
                let error = socket.recv(&mut [0; 9]).expect_err("refused");
                assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{to}");
            }
        });
    }

    #[test]
    fn an_echo_comes_back_once_our_group_may_ask() {
        in_new_network(|_| {
            let denied = echo(ip("127.0.0.1"), &Origin::default()).expect_err("may not");
            assert_eq!(denied.kind(), io::ErrorKind::PermissionDenied);
            let_our_group_ping().expect("widens");
            for to in ["127.0.0.1", "::1"] {
                let to = ip(to);
                let socket = echo(to, &Origin::default()).expect("opens");
                let request = Echo { kind: Kind::Request, id: 0, sequence: 3, payload: b"there?" };
                let message = if to.is_ipv6() { request.v6(None) } else { request.v4() };
                socket.send(&message).expect("sends");
                wait(&socket, PollFlags::IN);
                let mut buffer = [0; 64];
                let length = socket.recv(&mut buffer).expect("receives");
                let answer = &buffer[..length];
                let answer = if to.is_ipv6() {
                    Echo::parse_v6(answer, None)
                } else {
                    Echo::parse_v4(answer)
                };
                let answer = answer.expect("an echo");
                assert_eq!((answer.kind, answer.sequence), (Kind::Reply, 3));
                assert_eq!(answer.payload, b"there?");
            }
        });
    }
}
