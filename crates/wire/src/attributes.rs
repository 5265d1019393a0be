//! Netlink attributes: length, type, value, padded to four bytes.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Length and type.
const HEADER_LEN: usize = 4;
/// Every attribute starts at a multiple of this.
const ALIGNMENT: usize = 4;
/// The value is attributes again.
const NESTED: u16 = 0x8000;
/// The bits of the type that tell types apart; the others say how the value is written.
const TYPE: u16 = 0x3fff;

/// Bytes that are no such netlink message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("malformed netlink message: {0}")]
pub struct Malformed(pub &'static str);

/// Attributes being written.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Writes one after what `bytes` holds.
    pub(crate) const fn after(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn put(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = u16::try_from(value.len().saturating_add(HEADER_LEN)).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(ALIGNMENT), 0);
        self
    }

    pub(crate) fn u8(&mut self, kind: u16, value: u8) -> &mut Self {
        self.put(kind, &[value])
    }

    pub(crate) fn u16(&mut self, kind: u16, value: u16) -> &mut Self {
        self.put(kind, &value.to_ne_bytes())
    }

    pub(crate) fn u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.put(kind, &value.to_ne_bytes())
    }

    /// A port, in network order.
    pub(crate) fn port(&mut self, kind: u16, value: u16) -> &mut Self {
        self.put(kind, &value.to_be_bytes())
    }

    /// A text with the zero byte that ends it.
    pub(crate) fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        self.put(kind, &[value.as_bytes(), &[0]].concat())
    }

    /// An address of either family in 16 bytes; IPv4 has the first four.
    pub(crate) fn address(&mut self, kind: u16, value: IpAddr) -> &mut Self {
        match value {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                self.put(kind, &[a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            }
            IpAddr::V6(address) => self.put(kind, &address.octets()),
        }
    }

    pub(crate) fn nested(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let mut inner = Self::default();
        fill(&mut inner);
        self.put(kind | NESTED, &inner.0)
    }
}

/// Attributes that were read. Of two of one type the last counts, as in the kernel.
pub(crate) struct Attributes<'a>(BTreeMap<u16, &'a [u8]>);

impl<'a> Attributes<'a> {
    pub(crate) fn parse(mut bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut found = BTreeMap::new();
        while !bytes.is_empty() {
            let cut = Malformed("a cut attribute");
            let (&[l0, l1, k0, k1], _) = bytes.split_first_chunk().ok_or(cut)?;
            let length = usize::from(u16::from_ne_bytes([l0, l1]));
            let value = bytes.get(HEADER_LEN..length).ok_or(cut)?;
            found.insert(u16::from_ne_bytes([k0, k1]) & TYPE, value);
            // The last one may lack its padding.
            bytes = bytes.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        }
        Ok(Self(found))
    }

    pub(crate) fn get(&self, kind: u16) -> Option<&'a [u8]> {
        self.0.get(&kind).copied()
    }

    pub(crate) fn need(&self, kind: u16, missing: &'static str) -> Result<&'a [u8], Malformed> {
        self.get(kind).ok_or(Malformed(missing))
    }

    fn array<const N: usize>(&self, kind: u16) -> Result<Option<[u8; N]>, Malformed> {
        let wrong = |_| Malformed("an attribute of another length");
        self.get(kind).map(|value| value.try_into().map_err(wrong)).transpose()
    }

    pub(crate) fn u8(&self, kind: u16) -> Result<Option<u8>, Malformed> {
        Ok(self.array(kind)?.map(u8::from_ne_bytes))
    }

    pub(crate) fn u16(&self, kind: u16) -> Result<Option<u16>, Malformed> {
        Ok(self.array(kind)?.map(u16::from_ne_bytes))
    }

    pub(crate) fn u32(&self, kind: u16) -> Result<Option<u32>, Malformed> {
        Ok(self.array(kind)?.map(u32::from_ne_bytes))
    }

    pub(crate) fn u64(&self, kind: u16) -> Result<Option<u64>, Malformed> {
        Ok(self.array(kind)?.map(u64::from_ne_bytes))
    }

    pub(crate) fn port(&self, kind: u16) -> Result<Option<u16>, Malformed> {
        Ok(self.array(kind)?.map(u16::from_be_bytes))
    }

    pub(crate) fn octets<const N: usize>(&self, kind: u16) -> Result<Option<[u8; N]>, Malformed> {
        self.array(kind)
    }

    /// A text up to the zero byte that ends it.
    pub(crate) fn text(&self, kind: u16) -> Result<Option<String>, Malformed> {
        let read = |value: &[u8]| {
            let text = value.split(|b| *b == 0).next().unwrap_or_default();
            String::from_utf8(text.to_vec()).map_err(|_| Malformed("a name that is no text"))
        };
        self.get(kind).map(read).transpose()
    }

    /// An address in 16 bytes.
    pub(crate) fn address(&self, kind: u16, v6: bool) -> Result<Option<IpAddr>, Malformed> {
        let read = |octets: [u8; 16]| {
            let [a, b, c, d, ..] = octets;
            if v6 { Ipv6Addr::from(octets).into() } else { Ipv4Addr::new(a, b, c, d).into() }
        };
        Ok(self.array(kind)?.map(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_padded_and_the_padding_does_not_count() {
        let mut writer = Writer::default();
        writer.u8(1, 7).text(2, "rr").u16(3, 0x0102);
        let bytes = writer.into_bytes();
        assert_eq!(bytes.len(), 8 + 8 + 8);
        let read = Attributes::parse(&bytes).expect("whole");
        assert_eq!(read.u8(1), Ok(Some(7)));
        assert_eq!(read.text(2), Ok(Some("rr".into())));
        assert_eq!(read.u16(3), Ok(Some(0x0102)));
        assert_eq!(read.u32(4), Ok(None));
        assert_eq!(read.u32(3), Err(Malformed("an attribute of another length")));
        let unpadded = Attributes::parse(&bytes[..22]).expect("the last one's padding is missing");
        assert_eq!(unpadded.u16(3), Ok(Some(0x0102)));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for length in [0_u16, 1, 3, 9, u16::MAX] {
            let bytes = [&length.to_ne_bytes()[..], &[1, 0, 0, 0, 0, 0]].concat();
            assert!(Attributes::parse(&bytes).is_err(), "{length}");
        }
        assert!(Attributes::parse(&[4, 0, 1]).is_err());
    }
}
