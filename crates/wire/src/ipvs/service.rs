//! Virtual services: what clients connect to.

use crate::attributes::{Attributes, Malformed, Writer};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::BitOr;

/// Attributes of a service.
const AF: u16 = 1;
const PROTOCOL: u16 = 2;
const ADDRESS: u16 = 3;
const PORT: u16 = 4;
const MARK: u16 = 5;
const SCHEDULER: u16 = 6;
const FLAGS: u16 = 7;
const TIMEOUT: u16 = 8;
const NETMASK: u16 = 9;
pub(super) const STATS: u16 = 10;
const PERSISTENCE_ENGINE: u16 = 11;
pub(super) const STATS64: u16 = 12;

/// Every flag is meant as it is written.
const FLAGS_MASK: u32 = u32::MAX;

/// An address family.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// That of an address.
    pub const fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// `AF_INET` or `AF_INET6` of Linux.
    pub(super) const fn number(self) -> u16 {
        match self {
            Self::V4 => 2,
            Self::V6 => 10,
        }
    }

    pub(super) fn from_number(number: u16) -> Result<Self, Malformed> {
        match number {
            2 => Ok(Self::V4),
            10 => Ok(Self::V6),
            _ => Err(Malformed("an unknown address family")),
        }
    }
}

/// A transport protocol that is balanced.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    const fn number(self) -> u16 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
        }
    }

    fn from_number(number: u16) -> Result<Self, Malformed> {
        match number {
            6 => Ok(Self::Tcp),
            17 => Ok(Self::Udp),
            132 => Ok(Self::Sctp),
            _ => Err(Malformed("an unknown protocol")),
        }
    }
}

/// What tells a service from all others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ServiceKey {
    /// Packets to this address.
    Address {
        /// Of this protocol.
        protocol: Protocol,
        /// To this address.
        address: IpAddr,
        /// And this port; 0 with persistence: any.
        port: u16,
    },
    /// Packets that a firewall rule marked.
    Mark {
        /// Of this family.
        family: Family,
        /// With this mark, not 0.
        mark: u32,
    },
}

impl ServiceKey {
    /// The family of its packets.
    pub const fn family(&self) -> Family {
        match self {
            Self::Address { address, .. } => Family::of(*address),
            Self::Mark { family, .. } => *family,
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.u16(AF, self.family().number());
        match *self {
            Self::Address { protocol, address, port } => {
                out.u16(PROTOCOL, protocol.number()).address(ADDRESS, address).port(PORT, port)
            }
            Self::Mark { mark, .. } => out.u32(MARK, mark),
        };
    }

    pub(super) fn read(from: &Attributes<'_>) -> Result<Self, Malformed> {
        let family = from.u16(AF)?.ok_or(Malformed("a service without family"))?;
        let family = Family::from_number(family)?;
        if let Some(mark) = from.u32(MARK)? {
            return Ok(Self::Mark { family, mark });
        }
        let protocol = from.u16(PROTOCOL)?.ok_or(Malformed("a service without protocol"))?;
        let address = from.address(ADDRESS, family == Family::V6)?;
        Ok(Self::Address {
            protocol: Protocol::from_number(protocol)?,
            address: address.ok_or(Malformed("a service without address"))?,
            port: from.port(PORT)?.ok_or(Malformed("a service without port"))?,
        })
    }
}

/// How a service treats its packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(u32);

impl Flags {
    /// None.
    pub const NONE: Self = Self(0);
    /// A client stays with its server for [`Service::timeout`].
    pub const PERSISTENT: Self = Self(0x01);
    /// Every datagram is scheduled anew (UDP).
    pub const ONE_PACKET: Self = Self(0x04);
    /// The scheduler's first flag: `sh-fallback`, `mh-fallback`.
    pub const SCHEDULER_1: Self = Self(0x08);
    /// The scheduler's second flag: `sh-port`, `mh-port`.
    pub const SCHEDULER_2: Self = Self(0x10);
    /// The scheduler's third flag.
    pub const SCHEDULER_3: Self = Self(0x20);
    /// All that can be set. The kernel's own (0x02, "is in its table") is not among them, so that
    /// what it answers compares equal with what it was told.
    const ALL: Self = Self(0x3d);

    /// Whether all of `other` are among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Clients of one network count as one client to persistence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mask {
    /// IPv4: a netmask.
    V4(Ipv4Addr),
    /// IPv6: bits of a prefix, 1 to 128.
    V6(u32),
}

impl Mask {
    /// Every client by itself.
    pub const fn host(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4(Ipv4Addr::BROADCAST),
            Family::V6 => Self::V6(128),
        }
    }
}

/// A virtual service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// What tells it from others.
    pub key: ServiceKey,
    /// The scheduler's name, at most [`NAME_MAX`](super::NAME_MAX) bytes.
    pub scheduler: String,
    /// How it treats its packets.
    pub flags: Flags,
    /// The persistence engine's name (`sip`), at most [`NAME_MAX`](super::NAME_MAX) bytes.
    pub persistence_engine: Option<String>,
    /// How long a client stays with its server, in seconds; 0 without [`Flags::PERSISTENT`].
    pub timeout: u32,
    /// Whom persistence takes for one client; of the service's family.
    pub mask: Mask,
}

impl Service {
    /// The service as messages about its destinations name it: without what persistence has
    /// (docs/ancestors/keepalived.md §4.1, measured).
    #[must_use]
    pub fn of_destinations(&self) -> Self {
        Self {
            flags: self.flags.without(Flags::PERSISTENT),
            persistence_engine: None,
            timeout: 0,
            mask: Mask::host(self.key.family()),
            ..self.clone()
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        self.key.write(out);
        out.text(SCHEDULER, &self.scheduler);
        if let Some(engine) = &self.persistence_engine {
            out.text(PERSISTENCE_ENGINE, engine);
        }
        let [f0, f1, f2, f3] = self.flags.0.to_ne_bytes();
        let [m0, m1, m2, m3] = FLAGS_MASK.to_ne_bytes();
        out.put(FLAGS, &[f0, f1, f2, f3, m0, m1, m2, m3]);
        out.u32(TIMEOUT, self.timeout);
        match self.mask {
            Mask::V4(mask) => out.put(NETMASK, &mask.octets()),
            Mask::V6(bits) => out.u32(NETMASK, bits),
        };
    }

    pub(super) fn read(from: &Attributes<'_>) -> Result<Self, Malformed> {
        let key = ServiceKey::read(from)?;
        let flags = from.octets(FLAGS)?.ok_or(Malformed("a service without flags"))?;
        let [f0, f1, f2, f3, _, _, _, _] = flags;
        let without_mask = Malformed("a service without netmask");
        let mask = match key.family() {
            Family::V4 => Mask::V4(from.octets::<4>(NETMASK)?.ok_or(without_mask)?.into()),
            Family::V6 => Mask::V6(from.u32(NETMASK)?.ok_or(without_mask)?),
        };
        Ok(Self {
            key,
            scheduler: from.text(SCHEDULER)?.ok_or(Malformed("a service without scheduler"))?,
            flags: Flags(u32::from_ne_bytes([f0, f1, f2, f3]) & Flags::ALL.0),
            persistence_engine: from.text(PERSISTENCE_ENGINE)?,
            timeout: from.u32(TIMEOUT)?.ok_or(Malformed("a service without timeout"))?,
            mask,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_own_flag_is_not_seen() {
        let service = Service {
            key: ServiceKey::Mark { family: Family::V6, mark: 7 },
            scheduler: "rr".into(),
            flags: Flags(0x03),
            persistence_engine: None,
            timeout: 50,
            mask: Mask::V6(64),
        };
        let mut writer = Writer::default();
        service.write(&mut writer);
        let bytes = writer.into_bytes();
        let read = Service::read(&Attributes::parse(&bytes).expect("whole")).expect("a service");
        assert_eq!(read, Service { flags: Flags::PERSISTENT, ..service });
        assert!(read.flags.contains(Flags::PERSISTENT));
        let parent = read.of_destinations();
        assert_eq!((parent.flags, parent.timeout), (Flags::NONE, 0));
        assert_eq!(parent.mask, Mask::V6(128));
    }
}
