//! Routes and rules as the kernel is told of them over rtnetlink (numbers: `linux/rtnetlink.h`,
//! `linux/fib_rules.h`).
//!
//! A [`Route`] and a [`Rule`] name interfaces by their names, because they are written down before
//! the interfaces exist. [`Route::encode`] and [`Rule::encode`] are given the numbers that hold
//! now, and make what follows the netlink header. The same bytes add and remove.

mod route;
mod rule;

pub use route::{Hop, Kind, Metric, Route, metric};
pub use rule::{Action, Rule};

use crate::attributes::Writer;
use std::fmt;
use std::net::IpAddr;

/// The number by which keepalived marks what it sets, and so do we: `ip route show` says
/// `proto keepalived`.
pub const PROTOCOL: u8 = 18;
/// The main table.
pub const TABLE_MAIN: u32 = 254;

/// Messages that add and remove.
pub const NEW_ROUTE: u16 = 24;
/// See [`NEW_ROUTE`].
pub const DELETE_ROUTE: u16 = 25;
/// See [`NEW_ROUTE`].
pub const NEW_RULE: u16 = 32;
/// See [`NEW_ROUTE`].
pub const DELETE_RULE: u16 = 33;

/// The families, as sockets number them.
const INET: u8 = 2;
const INET6: u8 = 10;
/// In the byte of a header that holds small table numbers: an attribute holds it.
const TABLE_UNSPEC: u8 = 0;

/// An interface that is not there.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no interface {0}")]
pub struct NoInterface(pub String);

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    /// Its address.
    pub ip: IpAddr,
    /// Bits, at most 32 or 128.
    pub prefix: u8,
}

impl Network {
    /// True for everything of a family, which is written `default`.
    const fn is_all(self) -> bool {
        self.prefix == 0 && self.ip.is_unspecified()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = if self.ip.is_ipv4() { 32 } else { 128 };
        if self.prefix == longest {
            self.ip.fmt(f)
        } else {
            write!(f, "{}/{}", self.ip, self.prefix)
        }
    }
}

const fn family(ipv6: bool) -> u8 {
    if ipv6 { INET6 } else { INET }
}

/// The header's byte for a table.
fn small_table(table: u32) -> u8 {
    u8::try_from(table).unwrap_or(TABLE_UNSPEC)
}

/// An address in as many bytes as its family has.
fn address(out: &mut Writer, kind: u16, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => out.put(kind, &ip.octets()),
        IpAddr::V6(ip) => out.put(kind, &ip.octets()),
    };
}
