//! IPv4 addresses on the wire: is one taken, and where it lives now (RFC 5227).

use crate::packet::FrameSocket;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;
use wire::arp::Packet;
use wire::ethernet::{ARP, Mac};

/// Tells everybody on the interface's link that `addresses` live here: a request and a reply for
/// each, because some learn from the one and some from the other. Doesn't block.
///
/// # Errors
/// `NotFound` for a missing interface, `Unsupported` for one that isn't Ethernet, `ENETDOWN`,
/// `PermissionDenied` without `CAP_NET_RAW`.
pub fn announce(interface: &str, addresses: &[Ipv4Addr]) -> io::Result<()> {
    let socket = FrameSocket::open(interface, ARP)?;
    for address in addresses {
        socket.send(&Packet::announcement(socket.mac, *address).frame())?;
        socket.send(&Packet::gratuitous_reply(socket.mac, *address).frame())?;
    }
    Ok(())
}

/// Announces addresses of one interface again and again, as keepalived does: each as one request
/// for itself whose target is everybody (docs/ancestors/keepalived.md §3.4).
pub struct Announcer(FrameSocket);

impl Announcer {
    /// Opens it. One that was removed and made anew is another interface: open it again then.
    ///
    /// # Errors
    /// As [`announce`].
    pub fn open(interface: &str) -> io::Result<Self> {
        FrameSocket::open(interface, ARP).map(Self)
    }

    /// Announces one address. Doesn't block.
    ///
    /// # Errors
    /// `ENETDOWN`, `ENXIO` when the interface is gone.
    pub fn announce(&self, address: Ipv4Addr) -> io::Result<()> {
        self.0.send(&Packet::virtual_router(self.0.mac, address).frame())
    }
}

/// Asks whether somebody else on the link has `address`, or is about to take it. Blocks until
/// somebody answers, for `window` at most; `None`: nobody did.
///
/// # Errors
/// As [`announce`].
pub fn probe(interface: &str, address: Ipv4Addr, window: Duration) -> io::Result<Option<Mac>> {
    let socket = FrameSocket::open(interface, ARP)?;
    let question = Packet::probe(socket.mac, address).frame();
    socket.ask(&question, window, |frame| {
        let heard = Packet::parse(frame)?;
        heard.claims(address, socket.mac).then_some(heard.sender_mac)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{in_new_network, inside, with_neighbour};

    #[test]
    fn a_probe_finds_the_holder_and_nobody_for_a_free_address() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let theirs = inside(&neighbour, |n| n.interface("eth0").expect("eth0").mac);
            let long = Duration::from_secs(5);
            let found = probe("eth0", Ipv4Addr::new(10, 0, 0, 2), long).expect("probes");
            assert_eq!(found, theirs);
            let short = Duration::from_millis(20);
            assert_eq!(probe("eth0", Ipv4Addr::new(10, 0, 0, 9), short).expect("probes"), None);
            let own = probe("eth0", Ipv4Addr::new(10, 0, 0, 1), short).expect("probes");
            assert_eq!(own, None, "we don't answer ourselves");
        });
    }

    #[test]
    fn an_announcement_is_heard_as_request_and_reply() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let address = Ipv4Addr::new(10, 0, 0, 100);
            let heard = inside(&neighbour, |_| {
                let socket = FrameSocket::open("eth0", ARP).expect("opens");
                (socket.mac, socket)
            });
            let mac = netlink.interface("eth0").expect("eth0").mac.expect("Ethernet");
            announce("eth0", &[address]).expect("announces");
            // The question is a frame nobody answers; what counts is what came before it.
            let question = Packet::probe(heard.0, Ipv4Addr::new(10, 0, 0, 9)).frame();
            for expected in
                [Packet::announcement(mac, address), Packet::gratuitous_reply(mac, address)]
            {
                let found = heard.1.ask(&question, Duration::from_secs(5), |frame| {
                    Packet::parse(frame).filter(|packet| *packet == expected)
                });
                assert_eq!(found.expect("listens"), Some(expected));
            }
        });
    }

    #[test]
    fn an_announcer_says_what_keepalived_says() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let listener = inside(&neighbour, |_| FrameSocket::open("eth0", ARP).expect("opens"));
            let mac = netlink.interface("eth0").expect("eth0").mac.expect("Ethernet");
            let address = Ipv4Addr::new(10, 0, 0, 100);
            let announcer = Announcer::open("eth0").expect("opens");
            announcer.announce(address).expect("announces");
            let question = Packet::probe(listener.mac, Ipv4Addr::new(10, 0, 0, 9)).frame();
            let heard = listener.ask(&question, Duration::from_secs(5), |frame| {
                Packet::parse(frame).filter(|packet| packet.sender == address)
            });
            let said = heard.expect("listens").expect("hears");
            assert_eq!((said.operation, said.sender_mac), (wire::arp::Operation::Request, mac));
            assert_eq!((said.target, said.target_mac), (address, Mac::BROADCAST));
        });
    }

    #[test]
    fn loopback_and_missing_interfaces_are_refused() {
        in_new_network(|_| {
            let error = announce("lo", &[Ipv4Addr::LOCALHOST]).expect_err("loopback");
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            let error = announce("nosuch0", &[]).expect_err("missing");
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        });
    }
}
