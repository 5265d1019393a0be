//! What others do to links, addresses and routes, as it happens.

use super::{Address, Interface, RECEIVE_LIMIT, Route, parse, receive};
use netlink_packet_core::NetlinkPayload;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::rule::RuleAttribute;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use wire::routing::PROTOCOL;

/// The groups of `linux/rtnetlink.h`: links, IPv4 and IPv6 addresses, routes and rules.
const GROUPS: [u32; 7] = [1, 5, 9, 7, 11, 8, 19];

/// Something changed, whoever did it, ourselves included.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// An interface appeared or changed (up, carrier, name).
    Link(Interface),
    /// An interface is gone.
    LinkGone(Interface),
    /// An address was added or changed (its check ended, for instance).
    Address(Address),
    /// An address was removed.
    AddressGone(Address),
    /// A route of the main table was added or changed.
    Route(Route),
    /// A route of the main table was removed.
    RouteGone(Route),
    /// A route or rule of any table was removed that is marked as keepalived's (and ours).
    RoutingGone,
    /// Changes came faster than they were read and some are lost: list everything anew.
    Lost,
}

/// Listens for changes. Poll [`as_fd`](AsFd::as_fd), then call [`next`](Self::next) until `None`.
pub struct Monitor {
    socket: Socket,
    buffer: Vec<u8>,
    pending: VecDeque<Change>,
}

impl Monitor {
    /// Listens in the network namespace of the calling thread, from now on.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind(&SocketAddr::new(0, 0))?;
        for group in GROUPS {
            socket.add_membership(group)?;
        }
        socket.set_non_blocking(true)?;
        Ok(Self { socket, buffer: vec![0; RECEIVE_LIMIT], pending: VecDeque::new() })
    }

    /// The next change that has come, without waiting.
    ///
    /// # Errors
    /// Only what would be a bug here or a kernel out of memory.
    #[expect(clippy::should_implement_trait, reason = "it can fail, and None is not the end")]
    pub fn next(&mut self) -> io::Result<Option<Change>> {
        loop {
            if let Some(change) = self.pending.pop_front() {
                return Ok(Some(change));
            }
            match receive(&self.socket, &mut self.buffer) {
                Ok(length) => self.take(length),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    return Ok(Some(Change::Lost));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self, length: usize) {
        for message in parse(&self.buffer[..length]) {
            if let NetlinkPayload::InnerMessage(inner) = message.payload {
                self.pending.extend(is_marked_as_gone(&inner).then_some(Change::RoutingGone));
                self.pending.extend(Change::read(inner));
            }
        }
    }
}

/// A route or rule of [`PROTOCOL`] is gone.
fn is_marked_as_gone(message: &RouteNetlinkMessage) -> bool {
    match message {
        RouteNetlinkMessage::DelRoute(old) => u8::from(old.header.protocol) == PROTOCOL,
        RouteNetlinkMessage::DelRule(old) => old.attributes.iter().any(|attribute| {
            matches!(attribute, RuleAttribute::Protocol(by) if u8::from(*by) == PROTOCOL)
        }),
        _ => false,
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Change {
    fn read(message: RouteNetlinkMessage) -> Option<Self> {
        match message {
            RouteNetlinkMessage::NewLink(link) => Interface::read(&link).map(Self::Link),
            RouteNetlinkMessage::DelLink(link) => Interface::read(&link).map(Self::LinkGone),
            RouteNetlinkMessage::NewAddress(new) => Address::read(&new).map(Self::Address),
            RouteNetlinkMessage::DelAddress(old) => Address::read(&old).map(Self::AddressGone),
            RouteNetlinkMessage::NewRoute(new) => Route::read(new).map(Self::Route),
            RouteNetlinkMessage::DelRoute(old) => Route::read(old).map(Self::RouteGone),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewAddress;
    use super::*;
    use crate::rt::{Poller, now};
    use crate::testing::in_new_network;
    use std::time::Duration;

    fn all(monitor: &mut Monitor) -> Vec<Change> {
        std::iter::from_fn(|| monitor.next().expect("reads")).collect()
    }

    #[test]
    fn a_removed_address_is_told() {
        in_new_network(|netlink| {
            let mut monitor = Monitor::open().expect("opens");
            let lo = netlink.interface("lo").expect("lo").index;
            let address = "10.0.0.100".parse().expect("address");
            netlink.add_address(&NewAddress::plain(lo, address, 32)).expect("adds");
            netlink.remove_address(lo, address, 32).expect("removes");
            let changes = all(&mut monitor);
            let added = changes
                .iter()
                .any(|change| matches!(change, Change::Address(a) if a.address == address));
            let removed = changes.iter().any(
                |change| matches!(change, Change::AddressGone(a) if a.address == address && a.interface == lo),
            );
            assert!(added && removed, "{changes:?}");
            assert_eq!(all(&mut monitor), []);
        });
    }

    #[test]
    fn a_pulled_cable_is_told() {
        in_new_network(|netlink| {
            netlink.create_veth("a", "b").expect("creates");
            let a = netlink.interface("a").expect("a").index;
            let b = netlink.interface("b").expect("b").index;
            netlink.set_up(a, true).expect("up");
            netlink.set_up(b, true).expect("up");
            let mut monitor = Monitor::open().expect("opens");
            netlink.set_up(b, false).expect("down");
            let pulled =
                |change: &Change| matches!(change, Change::Link(l) if l.index == a && !l.carrier);
            // The kernel tells the other end's loss a moment later.
            let mut poller = Poller::new().expect("poller");
            poller.add(&monitor, 1).expect("adds");
            let deadline = now() + Duration::from_secs(10);
            while !all(&mut monitor).iter().any(pulled) {
                assert!(!poller.wait(Some(deadline)).expect("waits").due, "nothing was told");
            }
        });
    }
}
