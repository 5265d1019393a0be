//! nftables: a table that keeps traffic away from addresses this host holds and doesn't answer
//! for (`no_accept`, RFC 9568 §6.1 `Accept_Mode`; docs/ancestors/keepalived.md §2.3).
//!
//! What is sent to such an address, or from it, is dropped; what finds neighbours over IPv6 passes,
//! for without it nobody could send through this router. Every change is one transaction.

mod message;
mod reports;

pub use reports::{divert, stop_diverting};

use message::{Expression, Hook, Transaction, Verdict};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use std::io;
use std::net::IpAddr;

/// The sets, one for each family.
const SETS: [(&str, bool); 2] = [("addresses", false), ("addresses6", true)];
/// The chains, and whether a packet's source is looked at there.
const CHAINS: [(&str, Hook, bool); 2] = [("in", Hook::In, false), ("out", Hook::Out, true)];
/// Who has an address, and the answer (RFC 4861 §4.3, §4.4): what neighbours are found by.
const NEIGHBOUR_DISCOVERY: [u8; 2] = [135, 136];
/// Addresses of one message: each takes up to 28 bytes, and an attribute has 64 KiB at most.
const ELEMENTS_MAX: usize = 500;
/// Answers are read in pieces of this size.
const RECEIVE_LIMIT: usize = 64 * 1024;

/// How the table looks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    /// Its name.
    pub table: String,
    /// Where its chains stand among those of others; lower ones first.
    pub priority: i32,
    /// Its rules count what they drop.
    pub counters: bool,
}

/// The table of one network namespace: that of the thread that opened it.
pub struct Barrier {
    socket: Socket,
    look: Look,
}

impl Barrier {
    /// Makes the table, empty; one of that name is replaced.
    ///
    /// # Errors
    /// `PermissionDenied`; `Unsupported` and the like when the kernel has no nftables.
    pub fn raise(look: Look) -> io::Result<Self> {
        let barrier = Self { socket: open()?, look };
        let mut all = Transaction::of(&barrier.look.table);
        all.add_table().delete_table().add_table();
        for (set, v6) in SETS {
            all.add_set(set, v6);
        }
        for (chain, hook, source) in CHAINS {
            all.add_chain(chain, hook, barrier.look.priority);
            for kind in NEIGHBOUR_DISCOVERY {
                let mut rule = Expression::icmpv6(kind);
                rule.push(Expression::verdict(Verdict::Accept));
                all.add_rule(chain, &rule);
            }
            for (set, v6) in SETS {
                all.add_rule(chain, &barrier.dropping(set, v6, source));
            }
        }
        barrier.commit(all)?;
        Ok(barrier)
    }

    fn dropping(&self, set: &str, v6: bool, source: bool) -> Vec<Expression> {
        let mut rule = Expression::address(v6, source);
        rule.push(Expression::is_in(set));
        if self.look.counters {
            rule.push(Expression::counter());
        }
        rule.push(Expression::verdict(Verdict::Drop));
        rule
    }

    /// How the table looks.
    pub const fn look(&self) -> &Look {
        &self.look
    }

    /// Keeps traffic away from these addresses. One that is kept away already is well.
    ///
    /// # Errors
    /// Those of the kernel; `NotFound` when somebody removed the table.
    pub fn block(&self, addresses: &[IpAddr]) -> io::Result<()> {
        self.change(addresses, true)
    }

    /// Lets traffic through to these addresses again.
    ///
    /// # Errors
    /// As [`block`](Self::block), and `NotFound` for an address that wasn't blocked.
    pub fn pass(&self, addresses: &[IpAddr]) -> io::Result<()> {
        self.change(addresses, false)
    }

    fn change(&self, addresses: &[IpAddr], there: bool) -> io::Result<()> {
        for some in addresses.chunks(ELEMENTS_MAX) {
            let mut all = Transaction::of(&self.look.table);
            for (set, v6) in SETS {
                let of_family = || some.iter().copied().filter(|address| address.is_ipv6() == v6);
                if of_family().next().is_some() {
                    all.elements(set, of_family(), there);
                }
            }
            self.commit(all)?;
        }
        Ok(())
    }

    /// Takes the table away.
    ///
    /// # Errors
    /// Those of the kernel; `NotFound` when somebody else did.
    pub fn remove(self) -> io::Result<()> {
        let mut all = Transaction::of(&self.look.table);
        all.delete_table();
        self.commit(all)
    }

    fn commit(&self, all: Transaction) -> io::Result<()> {
        commit(&self.socket, all)
    }
}

/// A socket to nftables, in the network namespace of the calling thread.
fn open() -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    Ok(socket)
}

/// Has the kernel do all of it. Its answers are there when it has taken the message.
fn commit(socket: &Socket, all: Transaction) -> io::Result<()> {
    socket.send(&all.into_bytes(), 0)?;
    let mut buffer = vec![0; RECEIVE_LIMIT];
    let mut refused = None;
    loop {
        let mut window = &mut buffer[..];
        match socket.recv(&mut window, libc::MSG_DONTWAIT) {
            Ok(length) => refused = refused.or(first_error(&buffer[..length])),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    refused.map_or(Ok(()), Err)
}

/// The first error in what the kernel answered.
fn first_error(mut bytes: &[u8]) -> Option<io::Error> {
    /// The type of an error or an acknowledgement, and where its number stands behind the header.
    const ERROR: [u8; 2] = 2_u16.to_ne_bytes();
    const HEADER: usize = 16;
    while let Some(&length) = bytes.first_chunk::<4>() {
        let length = (u32::from_ne_bytes(length) as usize).max(HEADER);
        let message = bytes.get(..length)?;
        let code = message.get(HEADER..).and_then(|rest| rest.first_chunk::<4>());
        if message.get(4..6) == Some(&ERROR)
            && let Some(code) = code.map(|code| i32::from_ne_bytes(*code))
            && code != 0
        {
            return Some(io::Error::from_raw_os_error(code.saturating_neg()));
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{in_new_network, inside, with_neighbour};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    fn look() -> Look {
        Look { table: "keepalived".into(), priority: -1, counters: true }
    }

    /// Whether the neighbour can connect within `patience`.
    fn connects(neighbour: &OwnedFd, address: &str, port: u16, patience: Duration) -> bool {
        let to = std::net::SocketAddr::new(address.parse().expect("ip"), port);
        inside(neighbour, |_| TcpStream::connect_timeout(&to, patience).is_ok())
    }

    /// It does, with time for a first packet that was lost.
    fn reaches(neighbour: &OwnedFd, address: &str, port: u16) -> bool {
        connects(neighbour, address, port, Duration::from_secs(5))
    }

    /// It does not.
    fn is_kept_out(neighbour: &OwnedFd, address: &str, port: u16) -> bool {
        !connects(neighbour, address, port, Duration::from_millis(300))
    }

    #[test]
    fn a_blocked_address_is_not_reached_and_others_are() {
        in_new_network(|netlink| {
            let neighbour = with_neighbour(netlink);
            let open = |at: &str| TcpListener::bind((at, 7)).expect("binds");
            let _listening = (open("0.0.0.0"), TcpListener::bind("[fd00::1]:8").expect("binds"));
            let eth0 = netlink.interface("eth0").expect("eth0").index;
            let vip = "10.0.0.100".parse().expect("ip");
            let new = crate::netlink::NewAddress::plain(eth0, vip, 24);
            netlink.add_address(&new).expect("adds");
            let barrier = Barrier::raise(look()).expect("raises");
            assert!(reaches(&neighbour, "10.0.0.100", 7) && reaches(&neighbour, "fd00::1", 8));
            let both = [vip, "fd00::1".parse().expect("ip")];
            barrier.block(&both).expect("blocks");
            barrier.block(&both).expect("blocks what is blocked");
            assert!(is_kept_out(&neighbour, "10.0.0.100", 7));
            assert!(is_kept_out(&neighbour, "fd00::1", 8));
            assert!(reaches(&neighbour, "10.0.0.1", 7), "the host's own address");
            barrier.pass(&both).expect("passes");
            assert!(reaches(&neighbour, "10.0.0.100", 7) && reaches(&neighbour, "fd00::1", 8));
            barrier.block(&both).expect("blocks");
            barrier.remove().expect("removes");
            assert!(reaches(&neighbour, "10.0.0.100", 7));
        });
    }

    #[test]
    fn a_table_left_behind_is_replaced_and_a_missing_one_is_told() {
        in_new_network(|_| {
            let vip = ["192.0.2.1".parse().expect("ip")];
            let first = Barrier::raise(look()).expect("raises");
            first.block(&vip).expect("blocks");
            let second = Barrier::raise(look()).expect("raises again");
            assert_eq!(second.pass(&vip).map_err(|e| e.kind()), Err(io::ErrorKind::NotFound));
            second.remove().expect("removes");
            assert_eq!(first.block(&vip).map_err(|e| e.kind()), Err(io::ErrorKind::NotFound));
        });
    }

    #[test]
    fn hundreds_of_addresses_are_blocked_at_once() {
        in_new_network(|_| {
            let barrier = Barrier::raise(look()).expect("raises");
            let many: Vec<IpAddr> = (0..1200_u32)
                .map(|n| std::net::Ipv4Addr::from_bits(0x0a00_0000 + n).into())
                .collect();
            barrier.block(&many).expect("blocks");
            barrier.pass(&many).expect("passes");
        });
    }
}
