//! The media heartbeats travel on, each with the socket options of its ancestor
//! (docs/ancestors/heartbeat.md §4), all with one face: [`Medium`].
//!
//! Nothing here blocks after opening, nothing but a ping allocates while sending, and nothing
//! that comes in is believed: what is in a datagram is for `wire` to say.

mod ping;
mod serial;
mod udp;

use rustix::fd::{AsFd, BorrowedFd};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// Room for the largest datagram there can be; a smaller buffer would cut one off.
pub const DATAGRAM_LIMIT: usize = 65_535;

/// An open medium. Watch [`as_fd`](AsFd::as_fd) for what comes in.
#[derive(Debug)]
pub struct Medium(Kind);

#[derive(Debug)]
enum Kind {
    Udp(udp::Udp),
    Serial(serial::Serial),
    Ping(ping::Ping),
}

/// Who a datagram says it is from, as far as the kernel knows; good for logs, proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A UDP sender.
    Socket(SocketAddr),
    /// A host that answered a ping.
    Host(IpAddr),
    /// The other end of the serial line.
    Line,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(f),
            Self::Host(address) => address.fmt(f),
            Self::Line => f.write_str("serial line"),
        }
    }
}

impl Medium {
    /// UDP broadcast on an interface, to and from `port`. The broadcast address is the one the
    /// interface has now.
    ///
    /// # Errors
    /// `NotFound` for a missing interface, `AddrNotAvailable` for one without a broadcast
    /// address, `AddrInUse`, `PermissionDenied`.
    pub fn bcast(interface: &str, port: u16) -> io::Result<Self> {
        udp::Udp::bcast(interface, port).map(Kind::Udp).map(Self)
    }

    /// Multicast on an interface to `group`, IPv4 or IPv6, with `ttl` as TTL or hop limit; with
    /// `loopback` our own datagrams come back.
    ///
    /// # Errors
    /// `NotFound` for a missing interface, `InvalidInput` for an address that is no multicast
    /// group, `AddrInUse`, `PermissionDenied`.
    pub fn mcast(
        interface: &str,
        group: IpAddr,
        port: u16,
        ttl: u8,
        loopback: bool,
    ) -> io::Result<Self> {
        udp::Udp::mcast(interface, group, port, ttl, loopback).map(Kind::Udp).map(Self)
    }

    /// UDP to one peer, IPv4 or IPv6, on an interface, to and from `port`.
    ///
    /// Two of these on one interface and port share what comes in: the kernel gives each datagram
    /// to either, by its sender's address and port.
    ///
    /// # Errors
    /// `NotFound` for a missing interface, `AddrInUse`, `PermissionDenied`.
    pub fn ucast(interface: &str, peer: IpAddr, port: u16) -> io::Result<Self> {
        udp::Udp::ucast(interface, peer, port).map(Kind::Udp).map(Self)
    }

    /// A serial line at `baud`: raw, 8 bits, no parity, one stop bit, hardware flow control,
    /// locked against others by a UUCP lock file (not for pseudo-terminals).
    ///
    /// What comes in are pieces of a stream: cut them into messages with
    /// `wire::heartbeat::classic_stream`.
    ///
    /// # Errors
    /// `NotFound`, `InvalidInput` for what is no character device or a speed it can't do,
    /// `ResourceBusy` when a living process holds the lock, `PermissionDenied`.
    pub fn serial(path: &str, baud: u32) -> io::Result<Self> {
        serial::Serial::open(path.as_ref(), baud).map(Kind::Serial).map(Self)
    }

    /// ICMP echo to `hosts`, all of one family. What is sent goes as the data of one echo request
    /// to each; what is received is the data of an answer of one of them to one of those. `id`
    /// tells our requests from other programs' (Heartbeat: the low 16 bits of its process id).
    ///
    /// # Errors
    /// `InvalidInput` for no hosts or hosts of both families, `PermissionDenied` without
    /// `CAP_NET_RAW`.
    pub fn ping(hosts: &[IpAddr], id: u16) -> io::Result<Self> {
        ping::Ping::open(hosts, id).map(Kind::Ping).map(Self)
    }

    /// Sends one message, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room for it now, `NetworkUnreachable`, `ENETDOWN`,
    /// `EMSGSIZE` and the like. All of them may pass; a retry is the next beat.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        match &self.0 {
            Kind::Udp(udp) => udp.send(bytes),
            Kind::Serial(serial) => serial.send(bytes),
            Kind::Ping(ping) => ping.send(bytes),
        }
    }

    /// Takes the next message into `buffer` (of [`DATAGRAM_LIMIT`]), without waiting: its length
    /// and origin, or `None` when nothing has come. Call it until `None`.
    ///
    /// # Errors
    /// `UnexpectedEof` when a serial line is hung up: open it anew. Others, such as `ENETDOWN`,
    /// are told once by the kernel and pass.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<Option<(usize, Origin)>> {
        let received = match &self.0 {
            Kind::Udp(udp) => udp.recv(buffer),
            Kind::Serial(serial) => serial.recv(buffer),
            Kind::Ping(ping) => ping.recv(buffer),
        };
        match received {
            Ok(received) => Ok(Some(received)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Medium {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.0 {
            Kind::Udp(udp) => udp.as_fd(),
            Kind::Serial(serial) => serial.as_fd(),
            Kind::Ping(ping) => ping.as_fd(),
        }
    }
}

/// The first address of a host, of one family. Blocks for name resolution, seconds if need be;
/// addresses themselves never block.
///
/// # Errors
/// `NotFound` when the name has no address of that family; those of the resolver.
pub fn resolve(host: &str, v6: bool) -> io::Result<IpAddr> {
    let fits = |address: &IpAddr| address.is_ipv6() == v6;
    let found = match host.parse::<IpAddr>() {
        Ok(address) => Some(address).filter(fits),
        Err(_) => (host, 0).to_socket_addrs()?.map(|address| address.ip()).find(fits),
    };
    found.ok_or_else(|| {
        let family = if v6 { "IPv6" } else { "IPv4" };
        io::Error::new(io::ErrorKind::NotFound, format!("{host} has no {family} address"))
    })
}

/// Repeats a call that a signal interrupted.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_resolve_to_themselves_and_only_in_their_family() {
        assert_eq!(resolve("10.0.0.2", false).expect("resolves"), IpAddr::from([10, 0, 0, 2]));
        assert!(resolve("fe80::2", true).expect("resolves").is_ipv6());
        let error = resolve("10.0.0.2", true).expect_err("other family");
        assert_eq!(error.to_string(), "10.0.0.2 has no IPv6 address");
    }
}
