//! Echo requests and replies, ICMP (RFC 792) and ICMPv6 (RFC 4443 §4): how ping nodes are asked
//! (docs/ancestors/heartbeat.md §4.3).

use crate::checksum;
use std::net::Ipv6Addr;

/// Types by family: request, reply.
const V4: [u8; 2] = [8, 0];
const V6: [u8; 2] = [128, 129];

/// The length of an echo's header in bytes.
pub const HEADER_LEN: usize = 8;

/// Asked or answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// "Are you there?"
    Request,
    /// "Yes", with the bytes of the request.
    Reply,
}

impl Kind {
    const fn of(self, [request, reply]: [u8; 2]) -> u8 {
        match self {
            Self::Request => request,
            Self::Reply => reply,
        }
    }
}

/// An echo request or reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Echo<'a> {
    /// Which of both.
    pub kind: Kind,
    /// Who asked; one number per asking program.
    pub id: u16,
    /// Which request of that program.
    pub sequence: u16,
    /// What the reply repeats.
    pub payload: &'a [u8],
}

/// The two ends of an ICMPv6 message, which its checksum covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    /// From where.
    pub source: Ipv6Addr,
    /// To where.
    pub destination: Ipv6Addr,
}

impl<'a> Echo<'a> {
    /// The ICMP message, with its checksum.
    pub fn v4(&self) -> Vec<u8> {
        self.write(self.kind.of(V4), |message| checksum::internet(&[message]))
    }

    /// The ICMPv6 message; without `ends` its checksum is 0, which a raw socket's kernel
    /// replaces (RFC 3542 §3.1).
    pub fn v6(&self, ends: Option<Ends>) -> Vec<u8> {
        self.write(self.kind.of(V6), |message| {
            ends.map_or(0, |e| checksum::icmpv6(e.source, e.destination, message))
        })
    }

    fn write(&self, kind: u8, sum: impl Fn(&[u8]) -> u16) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN.saturating_add(self.payload.len()));
        out.extend_from_slice(&[kind, 0, 0, 0]);
        out.extend_from_slice(&self.id.to_be_bytes());
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(self.payload);
        let [high, low] = sum(&out).to_be_bytes();
        if let Some([_, _, first, second]) = out.first_chunk_mut() {
            (*first, *second) = (high, low);
        }
        out
    }

    /// Reads an ICMP message without IP header; `None` if it is no echo or damaged.
    pub fn parse_v4(message: &'a [u8]) -> Option<Self> {
        (checksum::internet(&[message]) == 0).then(|| Self::parse(message, V4))?
    }

    /// Reads an IPv4 packet with its header, as raw sockets give it.
    pub fn parse_v4_packet(packet: &'a [u8]) -> Option<Self> {
        /// Words of the IPv4 header without options (RFC 791 §3.1).
        const WORDS_MIN: u8 = 5;
        let first = *packet.first()?;
        let words = first & 0x0f;
        if first >> 4 != 4 || words < WORDS_MIN {
            return None;
        }
        Self::parse_v4(packet.get(usize::from(words).checked_mul(4)?..)?)
    }

    /// Reads an ICMPv6 message; without `ends` its checksum is not looked at, because a raw
    /// socket's kernel did (RFC 3542 §3.1). `None` if it is no echo or damaged.
    pub fn parse_v6(message: &'a [u8], ends: Option<Ends>) -> Option<Self> {
        if let Some(ends) = ends
            && checksum::icmpv6(ends.source, ends.destination, message) != 0
        {
            return None;
        }
        Self::parse(message, V6)
    }

    fn parse(message: &'a [u8], [request, reply]: [u8; 2]) -> Option<Self> {
        let (&[kind, code, _, _], rest) = message.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (sequence, payload) = rest.split_first_chunk()?;
        let kind = match kind {
            k if k == request => Kind::Request,
            k if k == reply => Kind::Reply,
            _ => return None,
        };
        (code == 0).then_some(Self {
            kind,
            id: u16::from_be_bytes(*id),
            sequence: u16::from_be_bytes(*sequence),
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECHO: Echo<'static> =
        Echo { kind: Kind::Request, id: 0x1234, sequence: 1, payload: b"abc" };

    #[rustfmt::skip]
    const REQUEST_V4: [u8; 11] = [
        8, 0,             // echo request
        0x21, 0x68,       // checksum: complement of 0800 + 1234 + 0001 + 6162 + 6300
        0x12, 0x34,       // id
        0x00, 0x01,       // sequence
        b'a', b'b', b'c', // payload
    ];

    #[test]
    fn a_request_has_the_bytes_of_rfc_792() {
        assert_eq!(ECHO.v4(), REQUEST_V4);
        assert_eq!(Echo::parse_v4(&REQUEST_V4), Some(ECHO));
    }

    #[test]
    fn a_packet_is_read_behind_its_ip_header_and_options() {
        for words in 5..=15_u8 {
            let mut packet = vec![0; usize::from(words) * 4];
            packet[0] = 0x40 | words;
            packet.extend(REQUEST_V4);
            assert_eq!(Echo::parse_v4_packet(&packet), Some(ECHO), "{words} words");
        }
        assert_eq!(Echo::parse_v4_packet(&REQUEST_V4), None);
        assert_eq!(Echo::parse_v4_packet(&[0x4f]), None);
        assert_eq!(Echo::parse_v4_packet(&[0x44; 40]), None);
    }

    #[test]
    fn any_flipped_bit_is_none() {
        for bit in 0..REQUEST_V4.len() * 8 {
            let mut message = REQUEST_V4;
            message[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Echo::parse_v4(&message), None, "bit {bit}");
        }
    }

    #[test]
    fn v6_echoes_survive_the_way_and_belong_to_their_ends() {
        let source = "fe80::1".parse().expect("an address");
        let ends = Ends { source, destination: "fe80::2".parse().expect("an address") };
        let reply = Echo { kind: Kind::Reply, ..ECHO };
        let message = reply.v6(Some(ends));
        assert_eq!(message[0], 129);
        assert_eq!(Echo::parse_v6(&message, Some(ends)), Some(reply));
        let others = Ends { destination: "fe80::3".parse().expect("an address"), ..ends };
        assert_eq!(Echo::parse_v6(&message, Some(others)), None);
        let unsummed = reply.v6(None);
        assert_eq!(unsummed[2..4], [0, 0]);
        assert_eq!(Echo::parse_v6(&unsummed, None), Some(reply));
    }

    #[test]
    fn other_types_and_short_messages_are_none() {
        assert_eq!(Echo::parse_v6(&[135, 0, 0, 0, 0, 0, 0, 0], None), None);
        assert_eq!(Echo::parse_v6(&[128, 1, 0, 0, 0, 0, 0, 0], None), None);
        for length in 0..HEADER_LEN {
            assert_eq!(Echo::parse_v6(&[128; HEADER_LEN][..length], None), None, "{length}");
        }
    }
}
