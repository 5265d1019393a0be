//! Destinations: the servers behind a service.

use super::service::Family;
use crate::attributes::{Attributes, Malformed, Writer};
use std::net::IpAddr;

/// Attributes of a destination.
const ADDRESS: u16 = 1;
const PORT: u16 = 2;
const FORWARD: u16 = 3;
const WEIGHT: u16 = 4;
const UPPER: u16 = 5;
const LOWER: u16 = 6;
pub(super) const ACTIVE: u16 = 7;
pub(super) const INACTIVE: u16 = 8;
pub(super) const PERSISTENT: u16 = 9;
pub(super) const STATS: u16 = 10;
const FAMILY: u16 = 11;
pub(super) const STATS64: u16 = 12;
const TUNNEL_TYPE: u16 = 13;
const TUNNEL_PORT: u16 = 14;
const TUNNEL_FLAGS: u16 = 15;

/// The bits of the forwarding method; the others are the kernel's own.
const FORWARD_MASK: u32 = 7;

/// How packets reach a destination.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forward {
    /// Addresses and ports are rewritten.
    Nat,
    /// To this machine itself.
    Local,
    /// In a tunnel.
    Tunnel(Tunnel),
    /// With the hardware address rewritten.
    Direct,
    /// Past the balancer, to where they would go without it.
    Bypass,
}

impl Forward {
    const fn number(self) -> u32 {
        match self {
            Self::Nat => 0,
            Self::Local => 1,
            Self::Tunnel(_) => 2,
            Self::Direct => 3,
            Self::Bypass => 4,
        }
    }
}

/// A tunnel to a destination.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tunnel {
    /// IP in IP.
    Ipip,
    /// Generic UDP encapsulation.
    Gue {
        /// The destination's UDP port.
        port: u16,
        /// How the outer packet is protected.
        encapsulation: Encapsulation,
    },
    /// GRE.
    Gre {
        /// How the outer packet is protected.
        encapsulation: Encapsulation,
    },
}

impl Tunnel {
    fn write(self, out: &mut Writer) {
        match self {
            Self::Ipip => out.u8(TUNNEL_TYPE, 0),
            Self::Gue { port, encapsulation } => out
                .u8(TUNNEL_TYPE, 1)
                .port(TUNNEL_PORT, port)
                .u16(TUNNEL_FLAGS, encapsulation.number()),
            Self::Gre { encapsulation } => {
                out.u8(TUNNEL_TYPE, 2).u16(TUNNEL_FLAGS, encapsulation.number())
            }
        };
    }

    fn read(from: &Attributes<'_>) -> Result<Self, Malformed> {
        let encapsulation = Encapsulation::from_number(from.u16(TUNNEL_FLAGS)?.unwrap_or(0))?;
        match from.u8(TUNNEL_TYPE)?.unwrap_or(0) {
            0 => Ok(Self::Ipip),
            1 => {
                let port = from.port(TUNNEL_PORT)?;
                let port = port.ok_or(Malformed("a GUE tunnel without port"))?;
                Ok(Self::Gue { port, encapsulation })
            }
            2 => Ok(Self::Gre { encapsulation }),
            _ => Err(Malformed("an unknown kind of tunnel")),
        }
    }
}

/// How a tunnel's outer packet is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encapsulation {
    /// Without checksum (`nocsum`).
    #[default]
    Plain,
    /// With a checksum (`csum`).
    Checksum,
    /// With a checksum over the outer part alone (`remcsum`).
    RemoteChecksum,
}

impl Encapsulation {
    const fn number(self) -> u16 {
        match self {
            Self::Plain => 0,
            Self::Checksum => 1,
            Self::RemoteChecksum => 2,
        }
    }

    fn from_number(number: u16) -> Result<Self, Malformed> {
        match number {
            0 => Ok(Self::Plain),
            1 => Ok(Self::Checksum),
            2 => Ok(Self::RemoteChecksum),
            _ => Err(Malformed("unknown tunnel flags")),
        }
    }
}

/// A server behind a service; its address and port tell it from the service's others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Destination {
    /// Its address.
    pub address: IpAddr,
    /// Its port; without NAT the service's own, and 0 of a marked service.
    pub port: u16,
    /// How packets reach it.
    pub forward: Forward,
    /// Its share; 0: no new connections.
    pub weight: u32,
    /// No new connections while it has so many; 0: no limit.
    pub upper: u32,
    /// Again below so many; 0: below three quarters of `upper`.
    pub lower: u32,
}

impl Destination {
    pub(super) fn write(&self, out: &mut Writer) {
        out.u16(FAMILY, Family::of(self.address).number())
            .address(ADDRESS, self.address)
            .port(PORT, self.port)
            .u32(FORWARD, self.forward.number())
            .u32(WEIGHT, self.weight);
        if let Forward::Tunnel(tunnel) = self.forward {
            tunnel.write(out);
        }
        out.u32(UPPER, self.upper).u32(LOWER, self.lower);
    }

    /// Reads a destination; one that names no family has `default`, as before Linux 3.18.
    pub(super) fn read(from: &Attributes<'_>, default: Family) -> Result<Self, Malformed> {
        let family = from.u16(FAMILY)?.map_or(Ok(default), Family::from_number)?;
        let address = from.address(ADDRESS, family == Family::V6)?;
        let forward = from.u32(FORWARD)?.ok_or(Malformed("a destination without method"))?;
        let forward = match forward & FORWARD_MASK {
            0 => Forward::Nat,
            1 => Forward::Local,
            2 => Forward::Tunnel(Tunnel::read(from)?),
            3 => Forward::Direct,
            4 => Forward::Bypass,
            _ => return Err(Malformed("an unknown forwarding method")),
        };
        Ok(Self {
            address: address.ok_or(Malformed("a destination without address"))?,
            port: from.port(PORT)?.ok_or(Malformed("a destination without port"))?,
            forward,
            weight: from.u32(WEIGHT)?.ok_or(Malformed("a destination without weight"))?,
            upper: from.u32(UPPER)?.unwrap_or(0),
            lower: from.u32(LOWER)?.unwrap_or(0),
        })
    }
}
