//! UDP sockets of BFD sessions (RFC 5881 §4): each session sends from a port of its own, all hear
//! on one. Neither waits.

use crate::sockopt;
use rustix::fd::AsFd;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use wire::bfd::SOURCE_PORT_MIN;

pub use crate::vrrp::{Incoming, Receiver, Room};

/// So many source ports are tried: that all are taken by chance doesn't happen.
const PORTS_TRIED: u16 = 64;
/// "Internetwork control" (RFC 4594): what routers say to each other goes before other traffic.
const TRAFFIC_CLASS: u32 = 0xc0;

/// Hears BFD packets of one family on a port.
///
/// # Errors
/// `AddrInUse` when another process, a second keepalived or a routing daemon, hears there.
pub fn receiver(v6: bool, port: u16) -> io::Result<Receiver> {
    Receiver::udp(v6, port)
}

/// Sends one session's packets.
#[derive(Debug)]
pub struct Sender {
    socket: Socket,
}

impl Sender {
    /// Opens it for a session with `neighbor`, from `source` if that is given, on the first free
    /// port from `49152 + first` on.
    ///
    /// # Errors
    /// `AddrNotAvailable` when this host has no such source address; `AddrInUse` when no port is
    /// free.
    pub fn open(neighbor: IpAddr, source: Option<IpAddr>, ttl: u8, first: u16) -> io::Result<Self> {
        let v6 = neighbor.is_ipv6();
        let domain = if v6 { Domain::IPV6 } else { Domain::IPV4 };
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        if v6 {
            socket.set_only_v6(true)?;
            socket.set_unicast_hops_v6(ttl.into())?;
            let class = TRAFFIC_CLASS.cast_signed();
            sockopt::set(socket.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_TCLASS, &class)?;
        } else {
            socket.set_ttl_v4(ttl.into())?;
            socket.set_tos_v4(TRAFFIC_CLASS)?;
        }
        let any: IpAddr =
            if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let ports = u16::MAX - SOURCE_PORT_MIN;
        let mut bound = Err(io::ErrorKind::AddrInUse.into());
        for step in 0..PORTS_TRIED {
            let port = SOURCE_PORT_MIN + (first % ports).wrapping_add(step) % ports;
            bound = socket.bind(&SockAddr::from(SocketAddr::new(source.unwrap_or(any), port)));
            if !matches!(&bound, Err(error) if error.kind() == io::ErrorKind::AddrInUse) {
                break;
            }
        }
        bound.map(|()| Self { socket })
    }

    /// Sends a packet.
    ///
    /// # Errors
    /// Those of the kernel: no route, or what an ICMP message said of an earlier packet.
    pub fn send(&self, bytes: &[u8], neighbor: IpAddr, port: u16) -> io::Result<()> {
        let to = SockAddr::from(SocketAddr::new(neighbor, port));
        match self.socket.send_to(bytes, &to) {
            // Nobody hears there yet: told of the packet before, and this one goes out now.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                self.socket.send_to(bytes, &to).map(drop)
            }
            other => other.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::{Poller, now};
    use crate::testing::{in_new_network, inside, with_neighbour};
    use std::time::Duration;

    #[test]
    fn a_packet_is_heard_with_its_source_destination_and_ttl() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let there = inside(&neighbour, |_| receiver(false, 3784).expect("opens"));
            let (us, them): (IpAddr, IpAddr) =
                ("10.0.0.1".parse().expect("ip"), "10.0.0.2".parse().expect("ip"));
            let sender = Sender::open(them, Some(us), 255, u16::MAX).expect("opens");
            let other = Sender::open(them, None, 7, u16::MAX).expect("the next port is free");
            sender.send(&[1; 24], them, 3784).expect("sends");
            other.send(&[2; 24], them, 3784).expect("sends");
            let (mut room, mut heard) = (Room::new(), Vec::new());
            let mut poller = Poller::new().expect("poller");
            poller.add(&there, 1).expect("adds");
            let until = now() + Duration::from_secs(5);
            while heard.len() < 2 && now() < until {
                poller.wait(Some(until)).expect("waits");
                let take = |one: Incoming<'_>| {
                    heard.push((one.source, one.destination, one.ttl, one.bytes.to_vec()));
                };
                there.receive(&mut room, take).expect("receives");
            }
            assert_eq!(heard, [(us, them, 255, vec![1; 24]), (us, them, 7, vec![2; 24])]);
        });
    }

    #[test]
    fn a_source_address_that_is_not_here_is_told() {
        in_new_network(|_| {
            let elsewhere = Some("192.0.2.1".parse().expect("ip"));
            let error = Sender::open("192.0.2.2".parse().expect("ip"), elsewhere, 255, 0);
            assert_eq!(error.err().map(|e| e.kind()), Some(io::ErrorKind::AddrNotAvailable));
        });
    }
}
