//! IPv6 addresses on the wire: is one taken, and where it lives now (RFC 4861, RFC 4862 §5.4).

use crate::packet::FrameSocket;
use std::io;
use std::net::Ipv6Addr;
use std::time::Duration;
use wire::ethernet::{IPV6, Mac};
use wire::ndisc::{Packet, multicast_mac, solicited_node};

/// Tells everybody on the interface's link that `addresses` live here, by one unsolicited
/// advertisement each. Doesn't block.
///
/// # Errors
/// `NotFound` for a missing interface, `Unsupported` for one that isn't Ethernet, `ENETDOWN`,
/// `PermissionDenied` without `CAP_NET_RAW`.
pub fn announce(interface: &str, addresses: &[Ipv6Addr]) -> io::Result<()> {
    let socket = FrameSocket::open(interface, IPV6)?;
    let router = forwards(interface);
    for address in addresses {
        socket.send(&Packet::unsolicited(socket.mac, *address, router).frame(socket.mac))?;
    }
    Ok(())
}

/// Announces addresses of one interface again and again, one unsolicited advertisement each.
pub struct Announcer {
    socket: FrameSocket,
    router: bool,
}

impl Announcer {
    /// Opens it. One that was removed and made anew is another interface: open it again then.
    ///
    /// # Errors
    /// As [`announce`].
    pub fn open(interface: &str) -> io::Result<Self> {
        let socket = FrameSocket::open(interface, IPV6)?;
        Ok(Self { socket, router: forwards(interface) })
    }

    /// Announces one address. Doesn't block.
    ///
    /// # Errors
    /// `ENETDOWN`, `ENXIO` when the interface is gone.
    pub fn announce(&self, address: Ipv6Addr) -> io::Result<()> {
        let mac = self.socket.mac;
        self.socket.send(&Packet::unsolicited(mac, address, self.router).frame(mac))
    }
}

/// Asks whether somebody else on the link has `address`, or is about to take it. Blocks until
/// somebody answers, for `window` at most; `None`: nobody did.
///
/// # Errors
/// As [`announce`].
pub fn probe(interface: &str, address: Ipv6Addr, window: Duration) -> io::Result<Option<Mac>> {
    let socket = FrameSocket::open(interface, IPV6)?;
    // To hear others that probe for the same address.
    socket.join(multicast_mac(solicited_node(address)))?;
    let question = Packet::probe(address).frame(socket.mac);
    socket.ask(&question, window, |frame| {
        let (sender, heard) = Packet::parse(frame)?;
        (sender != socket.mac && heard.claims(address)).then_some(sender)
    })
}

/// Whether this host is a router on the interface, which its advertisements must say truly.
fn forwards(interface: &str) -> bool {
    let path = format!("/proc/sys/net/ipv6/conf/{interface}/forwarding");
    std::fs::read_to_string(path).is_ok_and(|text| text.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{in_new_network, inside, with_neighbour};

    fn ip(text: &str) -> Ipv6Addr {
        text.parse().expect("address")
    }

    #[test]
    fn a_probe_finds_the_holder_and_nobody_for_a_free_address() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let theirs = inside(&neighbour, |n| n.interface("eth0").expect("eth0").mac);
            let found = probe("eth0", ip("fd00::2"), Duration::from_secs(5)).expect("probes");
            assert_eq!(found, theirs);
            let short = Duration::from_millis(20);
            assert_eq!(probe("eth0", ip("fd00::9"), short).expect("probes"), None);
        });
    }

    #[test]
    fn an_announcement_is_heard_and_says_whether_we_route() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let address = ip("fd00::100");
            let listener = inside(&neighbour, |_| FrameSocket::open("eth0", IPV6).expect("opens"));
            let mac = netlink.interface("eth0").expect("eth0").mac.expect("Ethernet");
            announce("eth0", &[address]).expect("announces");
            let question = Packet::probe(ip("fd00::9")).frame(listener.mac);
            let heard = listener.ask(&question, Duration::from_secs(5), |frame| {
                Packet::parse(frame).filter(|(_, packet)| packet.claims(address))
            });
            let expected = (mac, Packet::unsolicited(mac, address, false));
            assert_eq!(heard.expect("listens"), Some(expected));
        });
    }
}
