//! Ethernet II headers and hardware addresses.

use std::fmt;
use std::str::FromStr;

/// A hardware address of Ethernet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Every station on the segment.
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// No address; stands for "unknown" in ARP.
    pub const ZERO: Self = Self([0; 6]);
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0;
        write!(f, "{first:02x}")?;
        rest.iter().try_for_each(|byte| write!(f, ":{byte:02x}"))
    }
}

/// A text that is not a hardware address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a hardware address is six pairs of hexadecimal digits, like 02:00:5e:10:00:01")]
pub struct NoMac;

impl FromStr for Mac {
    type Err = NoMac;

    fn from_str(text: &str) -> Result<Self, NoMac> {
        let mut mac = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut mac {
            let part = parts.next().filter(|p| p.len() == 2).ok_or(NoMac)?;
            if !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(NoMac);
            }
            *byte = u8::from_str_radix(part, 16).map_err(|_| NoMac)?;
        }
        if parts.next().is_some() { Err(NoMac) } else { Ok(Self(mac)) }
    }
}

/// The ethertype of ARP.
pub const ARP: u16 = 0x0806;
/// The ethertype of IPv6.
pub const IPV6: u16 = 0x86dd;

/// The length of a header in bytes: two addresses and the ethertype.
pub const HEADER_LEN: usize = 14;

/// What precedes the payload of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// To whom.
    pub destination: Mac,
    /// From whom.
    pub source: Mac,
    /// What the payload is.
    pub ethertype: u16,
}

impl Header {
    /// Appends the header.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.destination.0);
        out.extend_from_slice(&self.source.0);
        out.extend_from_slice(&self.ethertype.to_be_bytes());
    }

    /// Reads the header of a frame; the rest is its payload, with padding.
    pub fn parse(frame: &[u8]) -> Option<(Self, &[u8])> {
        let (destination, rest) = frame.split_first_chunk()?;
        let (source, rest) = rest.split_first_chunk()?;
        let (ethertype, payload) = rest.split_first_chunk()?;
        let header = Self {
            destination: Mac(*destination),
            source: Mac(*source),
            ethertype: u16::from_be_bytes(*ethertype),
        };
        Some((header, payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_addresses_are_read_as_they_are_printed() {
        let mac = Mac([2, 0, 0x5e, 0x10, 0, 0xff]);
        assert_eq!(mac.to_string(), "02:00:5e:10:00:ff");
        assert_eq!("02:00:5E:10:00:ff".parse(), Ok(mac));
        for bad in [
            "",
            "02:00:5e:10:00",
            "02:00:5e:10:00:ff:",
            "2:0:5e:10:0:ff",
            "02-00-5e-10-00-ff",
            "+2:00:5e:10:00:ff",
        ] {
            assert_eq!(bad.parse::<Mac>(), Err(NoMac), "{bad}");
        }
    }
}
