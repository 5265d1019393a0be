//! ICMP echo: messages to hosts that only have to answer
//! (docs/ancestors/heartbeat.md §4.3).

use super::{Origin, uninterrupted};
use crate::sockopt;
use rustix::fd::{AsFd, BorrowedFd};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::cell::Cell;
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};
use wire::icmp::{Echo, Kind};

/// How many of the latest requests an answer may be to. At Heartbeat's fastest useful beat of
/// 100 ms this is six seconds; a host that answers later is as good as dead.
const SEQUENCE_WINDOW: u16 = 64;

/// `ICMP_FILTER` (`linux/icmp.h`): a bit set keeps that type away.
const ICMP_FILTER: libc::c_int = 1;

/// `ICMPV6_FILTER` (`linux/icmpv6.h`): likewise, for 256 types.
const ICMPV6_FILTER: libc::c_int = 1;

/// The types of echo replies.
const REPLY_V4: u32 = 0;
const REPLY_V6: usize = 129;

#[derive(Debug)]
pub(super) struct Ping {
    socket: Socket,
    hosts: Vec<(IpAddr, SockAddr)>,
    v6: bool,
    id: u16,
    /// The number of the last request; 0 before the first.
    sequence: Cell<u16>,
}

impl Ping {
    pub(super) fn open(hosts: &[IpAddr], id: u16) -> io::Result<Self> {
        let v6 = hosts.first().is_some_and(IpAddr::is_ipv6);
        if hosts.is_empty() || hosts.iter().any(|host| host.is_ipv6() != v6) {
            let text = "a ping medium needs hosts of one family";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let (domain, protocol) =
            if v6 { (Domain::IPV6, Protocol::ICMPV6) } else { (Domain::IPV4, Protocol::ICMPV4) };
        let socket = Socket::new(domain, Type::RAW, Some(protocol))?;
        socket.set_nonblocking(true)?;
        let fd = socket.as_fd();
        if v6 {
            let mut keep_away = [u32::MAX; 8];
            keep_away[REPLY_V6 / 32] &= !(1 << (REPLY_V6 % 32));
            sockopt::set(fd, libc::IPPROTO_ICMPV6, ICMPV6_FILTER, &keep_away)?;
        } else {
            sockopt::set(fd, libc::SOL_RAW, ICMP_FILTER, &!(1_u32 << REPLY_V4))?;
        }
        let hosts = hosts.iter().map(|host| (*host, SocketAddr::new(*host, 0).into())).collect();
        Ok(Self { socket, hosts, v6, id, sequence: Cell::new(0) })
    }

    /// Asks every host; an error only if none could be asked.
    pub(super) fn send(&self, payload: &[u8]) -> io::Result<()> {
        let sequence = self.sequence.get().wrapping_add(1);
        self.sequence.set(sequence);
        let echo = Echo { kind: Kind::Request, id: self.id, sequence, payload };
        let message = if self.v6 { echo.v6(None) } else { echo.v4() };
        let mut result = Err(io::ErrorKind::NotFound.into());
        for (_, address) in &self.hosts {
            let sent = uninterrupted(|| self.socket.send_to(&message, address));
            if result.is_err() {
                result = sent.map(|_| ());
            }
        }
        result
    }

    /// The next answer to one of our requests; other programs' answers are passed over.
    pub(super) fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, Origin)> {
        loop {
            // SAFETY: what is initialised may be seen as perhaps not, and the call only writes.
            let room = unsafe {
                let start = buffer.as_mut_ptr().cast::<MaybeUninit<u8>>();
                std::slice::from_raw_parts_mut(start, buffer.len())
            };
            let (length, from) = uninterrupted(|| self.socket.recv_from(room))?;
            let from = from.as_socket().map(|address| address.ip());
            let Some(host) = from.filter(|from| self.hosts.iter().any(|(host, _)| host == from))
            else {
                continue;
            };
            let packet = &buffer[..length];
            let echo =
                if self.v6 { Echo::parse_v6(packet, None) } else { Echo::parse_v4_packet(packet) };
            let Some(echo) = echo.filter(|echo| self.answers_us(echo)) else { continue };
            let (start, length) = (length - echo.payload.len(), echo.payload.len());
            buffer.copy_within(start..start + length, 0);
            return Ok((length, Origin::Host(host)));
        }
    }

    fn answers_us(&self, echo: &Echo<'_>) -> bool {
        let age = self.sequence.get().wrapping_sub(echo.sequence);
        echo.kind == Kind::Reply && echo.id == self.id && age < SEQUENCE_WINDOW
    }
}

impl AsFd for Ping {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Medium;
    use super::*;
    use crate::testing::{in_new_network, next, with_neighbour};
    use std::time::Duration;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    #[test]
    fn a_host_answers_with_what_it_was_sent_over_both_families() {
        in_new_network(|netlink| {
            let _neighbour = with_neighbour(netlink);
            for host in ["10.0.0.2", "fd00::2"] {
                let medium = Medium::ping(&[ip(host)], 4711).expect("opens");
                for payload in [b"first".as_slice(), &[b'x'; 1400]] {
                    medium.send(payload).expect("sends");
                    let answer = next(&medium, Duration::from_secs(5)).expect("answers");
                    assert_eq!(answer, (payload.to_vec(), Origin::Host(ip(host))));
                }
            }
        });
    }

    #[test]
    fn one_living_host_of_a_group_is_enough() {
        in_new_network(|netlink| {
            let _neighbour = with_neighbour(netlink);
            let hosts = [ip("192.0.2.1"), ip("10.0.0.2")];
            let medium = Medium::ping(&hosts, 1).expect("opens");
            medium.send(b"there?").expect("one can be asked");
            let (_, from) = next(&medium, Duration::from_secs(5)).expect("answers");
            assert_eq!(from, Origin::Host(ip("10.0.0.2")));
            let lost = Medium::ping(&hosts[..1], 1).expect("opens");
            let error = lost.send(b"there?").expect_err("no route");
            assert_eq!(error.kind(), io::ErrorKind::NetworkUnreachable);
        });
    }

    #[test]
    fn answers_to_other_programs_and_other_hosts_are_passed_over() {
        in_new_network(|netlink| {
            let _neighbour = with_neighbour(netlink);
            let ours = Medium::ping(&[ip("10.0.0.2")], 1).expect("opens");
            let other_id = Medium::ping(&[ip("10.0.0.2")], 2).expect("opens");
            let other_host = Medium::ping(&[ip("127.0.0.1")], 1).expect("opens");
            ours.send(b"first").expect("sends");
            other_id.send(b"other id").expect("sends");
            other_host.send(b"other host").expect("sends");
            next(&other_id, Duration::from_secs(5)).expect("answers");
            next(&other_host, Duration::from_secs(5)).expect("answers");
            assert_eq!(next(&ours, Duration::from_secs(5)).expect("answers").0, b"first");
            assert_eq!(next(&ours, Duration::from_millis(20)), None);
        });
    }

    #[test]
    fn hosts_of_both_families_or_none_are_refused() {
        for hosts in [&[][..], &[ip("10.0.0.2"), ip("fd00::2")]] {
            let error = Medium::ping(hosts, 1).expect_err("refused");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }
}
