//! What the tests of this crate stand on: a fresh network namespace each, and ends of a cable.

use crate::media::{DATAGRAM_LIMIT, Medium, Origin};
use crate::namespace;
use crate::netlink::{Netlink, NewAddress};
use crate::rt::{Poller, now};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Runs `test` on a thread in a network namespace of its own, whose loopback is up. Without the
/// right to make one the test is skipped with a printed sentence; with `CI=true` that fails.
pub(crate) fn in_new_network(test: impl FnOnce(&mut Netlink) + Send) {
    let network = match namespace::new_network() {
        Ok(network) => network,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "no network namespace: {error}");
            println!("skipped: making a network namespace needs root ({error})");
            return;
        }
    };
    inside(&network, test);
}

/// Runs `test` in that namespace.
pub(crate) fn inside<T: Send>(network: &OwnedFd, test: impl FnOnce(&mut Netlink) -> T + Send) -> T {
    namespace::in_network(network, || {
        let mut netlink = Netlink::open().expect("opens");
        let lo = netlink.interface("lo").expect("lo").index;
        netlink.set_up(lo, true).expect("up");
        test(&mut netlink)
    })
    .expect("enters")
}

/// Two namespaces joined by a cable, `eth0` on both ends: 10.0.0.1 and fd00::1 in the namespace
/// of `netlink`, 10.0.0.2 and fd00::2 in the returned one.
pub(crate) fn with_neighbour(netlink: &mut Netlink) -> OwnedFd {
    let neighbour = namespace::new_network().expect("unshares");
    netlink.create_veth("eth0", "other").expect("creates");
    let other = netlink.interface("other").expect("other").index;
    netlink.move_to_namespace(other, rustix::fd::AsFd::as_fd(&neighbour)).expect("moves");
    inside(&neighbour, |netlink| {
        let other = netlink.interface("other").expect("other").index;
        netlink.rename(other, "eth0").expect("renames");
        address_eth0(netlink, 2);
    });
    address_eth0(netlink, 1);
    neighbour
}

fn address_eth0(netlink: &mut Netlink, host: u8) {
    let eth0 = netlink.interface("eth0").expect("eth0").index;
    netlink.set_up(eth0, true).expect("up");
    let v4 = NewAddress {
        broadcast: Some([10, 0, 0, 255].into()),
        ..NewAddress::plain(eth0, [10, 0, 0, host].into(), 24)
    };
    netlink.add_address(&v4).expect("adds");
    let v6 = format!("fd00::{host}").parse().expect("address");
    let v6 = NewAddress { no_dad: true, ..NewAddress::plain(eth0, v6, 64) };
    netlink.add_address(&v6).expect("adds");
}

/// The next message of a medium; `None` if none came for so long.
pub(crate) fn next(medium: &Medium, patience: Duration) -> Option<(Vec<u8>, Origin)> {
    let mut poller = Poller::new().expect("poller");
    poller.add(medium, 1).expect("adds");
    let deadline = now() + patience;
    let mut buffer = vec![0; DATAGRAM_LIMIT];
    loop {
        if let Some((length, from)) = medium.recv(&mut buffer).expect("receives") {
            return Some((buffer[..length].to_vec(), from));
        }
        if poller.wait(Some(deadline)).expect("waits").due {
            return None;
        }
    }
}
