//! IPv4 headers (RFC 791 §3.1) of packets that raw sockets give and take whole, and pseudo
//! headers for checksums of what is inside.

use crate::checksum;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The length of a header without options, in bytes.
pub const HEADER_LEN: usize = 20;
/// The longest header: 15 words.
pub const HEADER_MAX: usize = 60;
/// Where the type of service stands.
pub(crate) const TOS_AT: usize = 1;
/// Where the TTL stands.
pub(crate) const TTL_AT: usize = 8;
/// Internetwork control (RFC 791 §3.1): what routers say to each other.
pub const TOS_CONTROL: u8 = 0xc0;
/// Words of the header without options.
const WORDS_MIN: u8 = 5;
/// More fragments follow, or this is not the first: neither is a whole packet.
const FRAGMENT: u16 = 0x3fff;

/// A packet that came in, with its header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ipv4<'a> {
    /// From where.
    pub source: Ipv4Addr,
    /// To where.
    pub destination: Ipv4Addr,
    /// How many routers it may still cross.
    pub ttl: u8,
    /// What the payload is.
    pub protocol: u8,
    /// The header with its options.
    pub header: &'a [u8],
    /// What it carries, without padding behind it.
    pub payload: &'a [u8],
}

impl<'a> Ipv4<'a> {
    /// Reads a packet; `None` if it is cut or a fragment. The header's checksum is not looked
    /// at: the kernel did, before it gave the packet to a raw socket.
    pub fn parse(packet: &'a [u8]) -> Option<Self> {
        let (fixed, _) = packet.split_first_chunk::<HEADER_LEN>()?;
        let &[
            first,
            _tos,
            l0,
            l1,
            _id0,
            _id1,
            f0,
            f1,
            ttl,
            protocol,
            _c0,
            _c1,
            s0,
            s1,
            s2,
            s3,
            d0,
            d1,
            d2,
            d3,
        ] = fixed;
        let words = first & 0x0f;
        if first >> 4 != 4 || words < WORDS_MIN || u16::from_be_bytes([f0, f1]) & FRAGMENT != 0 {
            return None;
        }
        let whole = packet.get(..u16::from_be_bytes([l0, l1]).into())?;
        let (header, payload) = whole.split_at_checked(usize::from(words).checked_mul(4)?)?;
        Some(Self {
            source: Ipv4Addr::new(s0, s1, s2, s3),
            destination: Ipv4Addr::new(d0, d1, d2, d3),
            ttl,
            protocol,
            header,
            payload,
        })
    }
}

/// What a header without options says, for packets on their way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NewHeader {
    pub(crate) source: Ipv4Addr,
    pub(crate) destination: Ipv4Addr,
    pub(crate) tos: u8,
    pub(crate) ttl: u8,
    pub(crate) protocol: u8,
    pub(crate) id: u16,
    /// Of what follows the header.
    pub(crate) payload_len: usize,
}

impl NewHeader {
    /// The header with its checksum.
    pub(crate) fn bytes(&self) -> [u8; HEADER_LEN] {
        let unsummed = self.with_checksum(0);
        self.with_checksum(checksum::internet(&[&unsummed]))
    }

    fn with_checksum(&self, checksum: u16) -> [u8; HEADER_LEN] {
        let length = self.payload_len.saturating_add(HEADER_LEN);
        let [l0, l1] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        let [i0, i1] = self.id.to_be_bytes();
        let [c0, c1] = checksum.to_be_bytes();
        let [s0, s1, s2, s3] = self.source.octets();
        let [d0, d1, d2, d3] = self.destination.octets();
        [
            0x40 | WORDS_MIN,
            self.tos,
            l0,
            l1,
            i0,
            i1,
            0,
            0,
            self.ttl,
            self.protocol,
            c0,
            c1,
            s0,
            s1,
            s2,
            s3,
            d0,
            d1,
            d2,
            d3,
        ]
    }
}

/// What a checksum over IPv4 covers beside the message (RFC 793 §3.1).
pub(crate) fn pseudo_v4(
    source: Ipv4Addr,
    destination: Ipv4Addr,
    protocol: u8,
    length: usize,
) -> [u8; 12] {
    let [s0, s1, s2, s3] = source.octets();
    let [d0, d1, d2, d3] = destination.octets();
    let [l0, l1] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    [s0, s1, s2, s3, d0, d1, d2, d3, 0, protocol, l0, l1]
}

/// What a checksum over IPv6 covers beside the message (RFC 8200 §8.1).
pub(crate) fn pseudo_v6(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    protocol: u8,
    length: usize,
) -> [u8; 40] {
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let mut out = [0; 40];
    let parts = source.octets().into_iter().chain(destination.octets()).chain(length);
    for (to, from) in out.iter_mut().zip(parts.chain([0, 0, 0, protocol])) {
        *to = from;
    }
    out
}
