//! Routes.

use super::{Network, NoInterface, PROTOCOL, TABLE_MAIN, address, family, small_table};
use crate::attributes::Writer;
use std::fmt;
use std::net::IpAddr;

/// Attributes of a route.
mod attribute {
    pub(super) const DESTINATION: u16 = 1;
    pub(super) const INTERFACE: u16 = 4;
    pub(super) const GATEWAY: u16 = 5;
    pub(super) const PRIORITY: u16 = 6;
    pub(super) const SOURCE: u16 = 7;
    pub(super) const METRICS: u16 = 8;
    pub(super) const MULTIPATH: u16 = 9;
    pub(super) const REALMS: u16 = 11;
    pub(super) const TABLE: u16 = 15;
    pub(super) const PREFERENCE: u16 = 20;
    pub(super) const EXPIRES: u16 = 23;
    pub(super) const TTL_PROPAGATE: u16 = 26;
}

/// What [`Route::metrics`] are numbered by.
pub mod metric {
    /// Bits of the others that the kernel shall not change by what it learns.
    pub const LOCK: u16 = 1;
    /// The largest packet, in bytes.
    pub const MTU: u16 = 2;
    /// The largest window, in bytes.
    pub const WINDOW: u16 = 3;
    /// The first guess of the round trip, in 1/8 ms.
    pub const RTT: u16 = 4;
    /// How far it may be off, in 1/4 ms.
    pub const RTTVAR: u16 = 5;
    /// The first slow start threshold.
    pub const SSTHRESH: u16 = 6;
    /// The congestion window's limit.
    pub const CWND: u16 = 7;
    /// The segment size told to the other end.
    pub const ADVMSS: u16 = 8;
    /// How far packets may overtake each other.
    pub const REORDERING: u16 = 9;
    /// TTL or hop limit.
    pub const HOPLIMIT: u16 = 10;
    /// The first congestion window, in packets.
    pub const INITCWND: u16 = 11;
    /// Features, as bits.
    pub const FEATURES: u16 = 12;
    /// The shortest time before something is sent again, in milliseconds.
    pub const RTO_MIN: u16 = 13;
    /// The first receive window, in packets.
    pub const INITRWND: u16 = 14;
    /// Everything is acknowledged at once.
    pub const QUICKACK: u16 = 15;
    /// The congestion control's name.
    pub const CONGESTION: u16 = 16;
    /// TCP fast open without a cookie.
    pub const FASTOPEN_NO_COOKIE: u16 = 17;
    /// The bit of [`FEATURES`] for explicit congestion notification.
    pub const FEATURE_ECN: u32 = 1;
}

/// The next router is on the link, whatever addresses say (`RTNH_F_ONLINK`).
const ONLINK: u32 = 4;
/// Bytes of a hop's header: length, flags, weight, interface.
const HOP_LEN: u16 = 8;
/// Anywhere: what keepalived gives every route that names no scope.
const SCOPE_UNIVERSE: u8 = 0;

/// What becomes of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kind {
    /// It is forwarded.
    #[default]
    Unicast,
    /// It is for this host.
    Local,
    /// It is for everybody on the link.
    Broadcast,
    /// It is for this host, but never sent from there.
    Anycast,
    /// It is for a group.
    Multicast,
    /// It is dropped silently.
    Blackhole,
    /// It is refused: no such host.
    Unreachable,
    /// It is refused: forbidden.
    Prohibit,
    /// It is looked for in the next table.
    Throw,
}

impl Kind {
    const ALL: [(Self, u8, &'static str); 9] = [
        (Self::Unicast, 1, "unicast"),
        (Self::Local, 2, "local"),
        (Self::Broadcast, 3, "broadcast"),
        (Self::Anycast, 4, "anycast"),
        (Self::Multicast, 5, "multicast"),
        (Self::Blackhole, 6, "blackhole"),
        (Self::Unreachable, 7, "unreachable"),
        (Self::Prohibit, 8, "prohibit"),
        (Self::Throw, 9, "throw"),
    ];

    /// The kind of that name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, _, name)| *name == word).map(|(kind, ..)| kind)
    }

    fn row(self) -> (Self, u8, &'static str) {
        Self::ALL.into_iter().find(|(kind, ..)| *kind == self).unwrap_or(Self::ALL[0])
    }

    fn number(self) -> u8 {
        self.row().1
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().2
    }
}

/// One way a route may take.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hop {
    /// The next router; none: the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// The interface it leaves by.
    pub device: Option<String>,
    /// Its share among several, 1 to 256.
    pub weight: u16,
    /// The next router is on that link, whatever addresses say.
    pub onlink: bool,
    /// Its realms, the source's above 16 bits.
    pub realms: Option<u32>,
}

/// One metric of a route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Metric {
    /// A number, by the numbers of [`metric`].
    Number(u16, u32),
    /// A name, likewise.
    Name(u16, String),
}

/// A route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// What becomes of packets.
    pub kind: Kind,
    /// Where they go.
    pub destination: Network,
    /// The table it stands in.
    pub table: u32,
    /// Who set it, as a number.
    pub protocol: u8,
    /// How far the destination is away, as the kernel numbers it (0 anywhere, 253 link, 254 host).
    pub scope: u8,
    /// Type of service it is for; 0: any.
    pub tos: u8,
    /// The lowest wins among equals.
    pub priority: Option<u32>,
    /// The source of connections that don't ask for one.
    pub source: Option<IpAddr>,
    /// One way, or several to share. None for kinds that lead nowhere.
    pub hops: Vec<Hop>,
    /// Its realms, when there is one way.
    pub realms: Option<u32>,
    /// What it says about connections.
    pub metrics: Vec<Metric>,
    /// IPv6: how much it is preferred among default routers (RFC 4191), as a number.
    pub preference: Option<u8>,
    /// IPv6: seconds after which it goes by itself.
    pub expires: Option<u32>,
    /// The TTL of a packet is that of its label at the end of an MPLS path.
    pub ttl_propagate: Option<bool>,
    /// Behind others to the same destination, not before.
    pub append: bool,
    /// Its loss counts.
    pub tracked: bool,
}

impl Route {
    /// A route with nothing said about it.
    pub const fn to(destination: Network) -> Self {
        Self {
            kind: Kind::Unicast,
            destination,
            table: TABLE_MAIN,
            protocol: PROTOCOL,
            scope: SCOPE_UNIVERSE,
            tos: 0,
            priority: None,
            source: None,
            hops: Vec::new(),
            realms: None,
            metrics: Vec::new(),
            preference: None,
            expires: None,
            ttl_propagate: None,
            append: false,
            tracked: true,
        }
    }

    /// The interfaces it leaves by.
    pub fn devices(&self) -> impl Iterator<Item = &str> {
        self.hops.iter().filter_map(|hop| hop.device.as_deref())
    }

    /// The payload of [`NEW_ROUTE`](super::NEW_ROUTE) and [`DELETE_ROUTE`](super::DELETE_ROUTE).
    /// `index` tells an interface's number.
    ///
    /// # Errors
    ///
    /// When an interface isn't there.
    pub fn encode(&self, index: impl Fn(&str) -> Option<u32>) -> Result<Vec<u8>, NoInterface> {
        let number = |hop: &Hop| match &hop.device {
            None => Ok(None),
            Some(name) => index(name).map(Some).ok_or_else(|| NoInterface(name.clone())),
        };
        let mut out = Writer::after(self.header());
        if !self.destination.is_all() {
            address(&mut out, attribute::DESTINATION, self.destination.ip);
        }
        out.u32(attribute::TABLE, self.table);
        if let Some(priority) = self.priority {
            out.u32(attribute::PRIORITY, priority);
        }
        if let Some(source) = self.source {
            address(&mut out, attribute::SOURCE, source);
        }
        match self.hops.as_slice() {
            [] => {}
            [hop] => {
                if let Some(gateway) = hop.gateway {
                    address(&mut out, attribute::GATEWAY, gateway);
                }
                if let Some(number) = number(hop)? {
                    out.u32(attribute::INTERFACE, number);
                }
            }
            several => {
                let mut all = Vec::new();
                for hop in several {
                    all.extend(encode_hop(hop, number(hop)?));
                }
                out.put(attribute::MULTIPATH, &all);
            }
        }
        if let Some(realms) = self.realms {
            out.u32(attribute::REALMS, realms);
        }
        if !self.metrics.is_empty() {
            out.put(attribute::METRICS, &encode_metrics(&self.metrics));
        }
        if let Some(preference) = self.preference {
            out.u8(attribute::PREFERENCE, preference);
        }
        if let Some(expires) = self.expires {
            out.u32(attribute::EXPIRES, expires);
        }
        if let Some(propagate) = self.ttl_propagate {
            out.u8(attribute::TTL_PROPAGATE, propagate.into());
        }
        Ok(out.into_bytes())
    }

    fn header(&self) -> Vec<u8> {
        let onlink = matches!(self.hops.as_slice(), [hop] if hop.onlink);
        let flags = if onlink { ONLINK } else { 0 };
        let mut header = vec![
            family(self.destination.ip.is_ipv6()),
            self.destination.prefix,
            0,
            self.tos,
            small_table(self.table),
            self.protocol,
            self.scope,
            self.kind.number(),
        ];
        header.extend_from_slice(&flags.to_ne_bytes());
        header
    }
}

fn encode_hop(hop: &Hop, number: Option<u32>) -> Vec<u8> {
    let mut inner = Writer::default();
    if let Some(gateway) = hop.gateway {
        address(&mut inner, attribute::GATEWAY, gateway);
    }
    if let Some(realms) = hop.realms {
        inner.u32(attribute::REALMS, realms);
    }
    let inner = inner.into_bytes();
    let length = u16::try_from(inner.len()).unwrap_or(0).saturating_add(HOP_LEN);
    // The kernel counts from 0.
    let weight = u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX);
    let flags = if hop.onlink { ONLINK as u8 } else { 0 };
    let mut out = length.to_ne_bytes().to_vec();
    out.extend_from_slice(&[flags, weight]);
    out.extend_from_slice(&number.unwrap_or(0).to_ne_bytes());
    out.extend_from_slice(&inner);
    out
}

fn encode_metrics(metrics: &[Metric]) -> Vec<u8> {
    let mut out = Writer::default();
    for metric in metrics {
        match metric {
            Metric::Number(kind, value) => out.u32(*kind, *value),
            Metric::Name(kind, name) => out.text(*kind, name),
        };
    }
    out.into_bytes()
}

/// In the words of `ip route`, as far as it takes to tell one from the others.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind != Kind::Unicast {
            write!(f, "{} ", self.kind.name())?;
        }
        match self.destination {
            all if all.is_all() && all.ip.is_ipv6() => f.write_str("inet6 default")?,
            all if all.is_all() => f.write_str("default")?,
            network => network.fmt(f)?,
        }
        let several = self.hops.len() > 1;
        for hop in &self.hops {
            if several {
                f.write_str(" nexthop")?;
            }
            if let Some(gateway) = hop.gateway {
                write!(f, " via {gateway}")?;
            }
            if let Some(device) = &hop.device {
                write!(f, " dev {device}")?;
            }
            if several {
                write!(f, " weight {}", hop.weight)?;
            }
        }
        if let Some(source) = self.source {
            write!(f, " src {source}")?;
        }
        if self.tos != 0 {
            write!(f, " tos {}", self.tos)?;
        }
        if self.table != TABLE_MAIN {
            write!(f, " table {}", self.table)?;
        }
        if let Some(priority) = self.priority {
            write!(f, " metric {priority}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str, prefix: u8) -> Network {
        Network { ip: text.parse().expect("address"), prefix }
    }

    fn via(gateway: &str, device: &str) -> Hop {
        Hop {
            gateway: Some(gateway.parse().expect("address")),
            device: Some(device.into()),
            weight: 1,
            ..Hop::default()
        }
    }

    fn index(name: &str) -> Option<u32> {
        (name == "eth0").then_some(7)
    }

    #[test]
    fn a_route_with_a_gateway_is_said_in_the_kernels_bytes() {
        let mut route = Route::to(network("198.51.100.0", 24));
        route.hops = vec![via("10.0.0.254", "eth0")];
        let bytes = route.encode(index).expect("the interface is there");
        let mut expected = vec![2, 24, 0, 0, 254, 18, 0, 1, 0, 0, 0, 0];
        let attribute = |kind: u16, value: &[u8]| {
            let length = (value.len() + 4) as u16;
            [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat()
        };
        expected.extend(attribute(1, &[198, 51, 100, 0]));
        expected.extend(attribute(15, &254_u32.to_ne_bytes()));
        expected.extend(attribute(5, &[10, 0, 0, 254]));
        expected.extend(attribute(4, &7_u32.to_ne_bytes()));
        assert_eq!(bytes, expected);
        assert_eq!(route.to_string(), "198.51.100.0/24 via 10.0.0.254 dev eth0");
    }

    #[test]
    fn several_ways_share_by_their_weights() {
        let mut route = Route::to(network("::", 0));
        route.table = 1000;
        let second = Hop { weight: 3, onlink: true, ..via("fd00::2", "eth0") };
        route.hops = vec![via("fd00::1", "eth0"), second];
        let bytes = route.encode(index).expect("the interface is there");
        assert_eq!(bytes[..12], [10, 0, 0, 0, 0, 18, 0, 1, 0, 0, 0, 0]);
        let second = &bytes[bytes.len() - 28..];
        assert_eq!(second[..2], 28_u16.to_ne_bytes());
        assert_eq!(second[2..4], [4, 2], "on the link, and the third part counted from 0");
        let text = "inet6 default nexthop via fd00::1 dev eth0 weight 1 \
                    nexthop via fd00::2 dev eth0 weight 3 table 1000";
        assert_eq!(route.to_string(), text);
    }

    #[test]
    fn a_missing_interface_is_named() {
        let mut route = Route::to(network("198.51.100.0", 24));
        route.hops = vec![via("10.0.0.254", "eth9")];
        assert_eq!(route.encode(index), Err(NoInterface("eth9".into())));
    }

    #[test]
    fn every_kind_has_its_own_name_and_number() {
        for (kind, number, name) in Kind::ALL {
            assert_eq!((Kind::named(name), kind.number()), (Some(kind), number));
        }
        assert_eq!(Kind::named("nat"), None);
    }
}
