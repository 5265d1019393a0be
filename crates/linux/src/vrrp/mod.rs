//! Raw sockets of the virtual router protocol: IP protocol 112, and 51 for adverts with an IPsec
//! authentication header (docs/ancestors/keepalived.md §3.1, §3.2).
//!
//! A [`Sender`] and a [`Receiver`] stand for one interface and one family, and serve all virtual
//! routers there. A sender never hears anything, and nothing here hears what this host said
//! itself. Neither waits.

mod receive;
mod send;

pub use receive::{BATCH, Incoming, Receiver, Room};
pub use send::{Outgoing, Sender};

use crate::netlink::Netlink;
use crate::sockopt;
use rustix::fd::AsFd;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::os::fd::BorrowedFd;

/// IP protocol number of adverts (RFC 9568 §5.1.1.4).
pub const VRRP: u8 = 112;
/// IP protocol number of the authentication header (RFC 4302).
pub const AH: u8 = 51;

/// Opens a raw socket, bound to the interface if one is named; returns its index too (0: none).
fn open(v6: bool, protocol: i32, interface: Option<&str>) -> io::Result<(Socket, u32)> {
    let domain = if v6 { Domain::IPV6 } else { Domain::IPV4 };
    let index = match interface {
        Some(name) => Netlink::open()?.interface(name)?.index,
        None => 0,
    };
    let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(protocol)))?;
    socket.set_nonblocking(true)?;
    if let Some(name) = interface {
        socket.bind_device(Some(name.as_bytes()))?;
    }
    Ok((socket, index))
}

/// Sets a buffer's size beyond the administrator's limit if we may, else up to it.
fn set_buffer(fd: BorrowedFd<'_>, forced: libc::c_int, plain: libc::c_int, bytes: i32) {
    if sockopt::set(fd, libc::SOL_SOCKET, forced, &bytes).is_err() {
        // Within the limit this is never refused.
        let _ = sockopt::set(fd, libc::SOL_SOCKET, plain, &bytes);
    }
}

/// Keeps everything that comes in away from a socket that is there to send.
fn hear_nothing(socket: &Socket) -> io::Result<()> {
    /// `BPF_RET | BPF_K` (`linux/bpf_common.h`): accept so many bytes, here none.
    const ACCEPT_NONE: libc::sock_filter = libc::sock_filter { code: 6, jt: 0, jf: 0, k: 0 };
    let mut program = [ACCEPT_NONE];
    let filter = libc::sock_fprog { len: 1, filter: program.as_mut_ptr() };
    sockopt::set(socket.as_fd(), libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::{Poller, now};
    use crate::testing::{in_new_network, inside, with_neighbour};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    const GROUP4: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));
    const GROUP6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12));

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    /// An IPv4 packet of `protocol` with this payload, as the caller of a sender makes it.
    fn packet(protocol: u8, source: IpAddr, destination: IpAddr, payload: &[u8]) -> Vec<u8> {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (source, destination) else {
            panic!("IPv4 only");
        };
        let length = u16::try_from(20 + payload.len()).expect("short").to_be_bytes();
        let mut bytes = vec![0x45, 0xc0, length[0], length[1], 0, 1, 0, 0, 255, protocol, 0, 0];
        bytes.extend(source.octets());
        bytes.extend(destination.octets());
        bytes.extend(payload);
        bytes
    }

    /// Everything that has come to a receiver, after waiting for the first for up to `patience`.
    fn heard(receiver: &Receiver, patience: Duration) -> Vec<(IpAddr, IpAddr, u8, Vec<u8>)> {
        let mut poller = Poller::new().expect("poller");
        poller.add(receiver, 1).expect("adds");
        poller.wait(Some(now() + patience)).expect("waits");
        let (mut all, mut room) = (Vec::new(), Room::new());
        while receiver
            .receive(&mut room, |one| {
                all.push((one.source, one.destination, one.ttl, one.bytes.to_vec()));
            })
            .expect("receives")
            > 0
        {}
        all
    }

    /// Generous: on a quiet machine a packet takes microseconds.
    const PATIENCE: Duration = Duration::from_secs(5);
    /// What is not to come would have come within this time.
    const SHORT: Duration = Duration::from_millis(50);

    #[test]
    fn many_adverts_sent_at_once_are_all_heard_with_their_headers_and_not_by_the_sender() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let open = || Receiver::open(Some("eth0"), VRRP, &[GROUP4]).expect("opens");
            let (ours, theirs) = (open(), inside(&neighbour, |_| open()));
            let sender = Sender::open(Some("eth0"), false).expect("opens");
            let from = ip("10.0.0.1");
            let packets: Vec<Vec<u8>> =
                (0..100_u8).map(|n| packet(VRRP, from, GROUP4, &[n; 8])).collect();
            let outgoing = |bytes| Outgoing { destination: GROUP4, ttl: 255, source: from, bytes };
            let all: Vec<Outgoing<'_>> =
                packets.iter().map(|bytes| outgoing(bytes.as_slice())).collect();
            sender.send(&all, |index, error| panic!("{index}: {error}"));
            let heard_there = heard(&theirs, PATIENCE);
            assert_eq!(heard_there.len(), 100);
            let (source, destination, ttl, bytes) = &heard_there[99];
            assert_eq!((*source, *destination, *ttl), (from, GROUP4, 255));
            assert_eq!((bytes[1], &bytes[20..]), (0xc0, &[99_u8; 8][..]));
            assert_eq!(heard(&ours, SHORT), []);
        });
    }

    #[test]
    fn a_header_for_authentication_has_a_receiver_of_its_own() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let open = |protocol| {
                inside(&neighbour, |_| Receiver::open(Some("eth0"), protocol, &[GROUP4]))
                    .expect("opens")
            };
            let (plain, ah) = (open(VRRP), open(AH));
            let sender = Sender::open(Some("eth0"), false).expect("opens");
            let from = ip("10.0.0.1");
            let bytes = packet(AH, from, GROUP4, &[1; 40]);
            sender.send(
                &[Outgoing { destination: GROUP4, ttl: 255, source: from, bytes: &bytes }],
                |_, error| panic!("{error}"),
            );
            assert_eq!(heard(&ah, PATIENCE).len(), 1);
            assert_eq!(heard(&plain, SHORT), []);
        });
    }

    #[test]
    fn unicast_is_heard_without_a_group() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let theirs = inside(&neighbour, |_| Receiver::open(None, VRRP, &[]).expect("opens"));
            let sender = Sender::open(None, false).expect("opens");
            let (from, to) = (ip("10.0.0.1"), ip("10.0.0.2"));
            let bytes = packet(VRRP, from, to, &[7; 8]);
            sender.send(
                &[Outgoing { destination: to, ttl: 255, source: from, bytes: &bytes }],
                |_, error| panic!("{error}"),
            );
            let mut all = Vec::new();
            let mut poller = Poller::new().expect("poller");
            poller.add(&theirs, 1).expect("adds");
            poller.wait(Some(now() + PATIENCE)).expect("waits");
            theirs
                .receive(&mut Room::new(), |one| all.push((one.source, one.interface)))
                .expect("receives");
            let eth0 = inside(&neighbour, |netlink| netlink.interface("eth0").expect("eth0").index);
            assert_eq!(all, [(from, eth0)], "told which interface it came in on");
        });
    }

    fn link_local(network: &OwnedFd) -> IpAddr {
        let deadline = now() + PATIENCE;
        loop {
            let found = inside(network, |netlink| netlink.addresses().expect("lists"))
                .into_iter()
                .find(|a| {
                    !a.tentative
                        && matches!(a.address, IpAddr::V6(v6) if v6.is_unicast_link_local())
                });
            if let Some(found) = found {
                return found.address;
            }
            assert!(now() < deadline, "no link-local address");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn an_ipv6_advert_has_hop_limit_traffic_class_source_and_checksum_of_its_own() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let theirs = link_local(&neighbour);
            let receiver = Receiver::open(Some("eth0"), VRRP, &[GROUP6]).expect("opens");
            inside(&neighbour, |_| {
                let sender = Sender::open(Some("eth0"), true).expect("opens");
                let payload = [0x31, 5, 100, 0, 0, 100, 0, 0];
                let one =
                    Outgoing { destination: GROUP6, ttl: 255, source: theirs, bytes: &payload };
                sender.send(&[one], |_, error| panic!("{error}"));
            });
            let all = heard(&receiver, PATIENCE);
            assert_eq!(all.len(), 1);
            let (source, destination, ttl, bytes) = &all[0];
            assert_eq!((*source, *destination, *ttl), (theirs, GROUP6, 255));
            assert_eq!(bytes.len(), 8);
            assert_ne!(bytes[6..], [0, 0], "the kernel filled the checksum");
        });
    }

    #[test]
    fn a_missing_interface_is_named() {
        in_new_network(|_| {
            let error = Sender::open(Some("nosuch0"), false).expect_err("missing");
            assert_eq!(error.to_string(), "no interface nosuch0");
            let error = Receiver::open(Some("nosuch0"), VRRP, &[]).expect_err("missing");
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        });
    }
}
