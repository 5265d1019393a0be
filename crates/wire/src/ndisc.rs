//! Neighbour discovery for IPv6 over Ethernet (RFC 4861): solicitations that probe whether an
//! address is taken (RFC 4862 §5.4), advertisements that say where it lives now.

use crate::checksum::{self, ICMPV6};
use crate::ethernet::{self, Header, Mac};
use std::net::Ipv6Addr;

/// Every message comes with this hop limit: it has crossed no router (RFC 4861 §7.1).
const HOP_LIMIT: u8 = 255;
/// Version 6, no traffic class, no flow label (RFC 8200 §3).
const VERSION: [u8; 4] = [0x60, 0, 0, 0];
/// ICMPv6 types (RFC 4861 §4.3, §4.4).
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// Options that carry a link-layer address (RFC 4861 §4.6.1); their length is counted in 8 bytes.
const SOURCE_LINK: u8 = 1;
const TARGET_LINK: u8 = 2;
const OPTION_UNIT: usize = 8;
/// The flags of an advertisement (RFC 4861 §4.4).
const ROUTER: u8 = 0x80;
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;

/// All nodes on the link (RFC 4291 §2.7.1).
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// The group in which every holder of `address` listens (RFC 4291 §2.7.1).
pub const fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    Ipv6Addr::from_octets([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c])
}

/// The hardware address of a multicast group (RFC 2464 §7).
pub const fn multicast_mac(group: Ipv6Addr) -> Mac {
    let [.., a, b, c, d] = group.octets();
    Mac([0x33, 0x33, a, b, c, d])
}

/// What a packet says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message {
    /// "Who has the target?"
    Solicitation {
        /// The address asked for.
        target: Ipv6Addr,
        /// Where the asker lives; absent when it only probes.
        source_link: Option<Mac>,
    },
    /// "The target lives here."
    Advertisement {
        /// The address.
        target: Ipv6Addr,
        /// Where it lives.
        target_link: Option<Mac>,
        /// The sender is a router.
        router: bool,
        /// The answer to a solicitation.
        solicited: bool,
        /// Caches are to forget what they knew.
        overrides: bool,
    },
}

/// A neighbour discovery message and the addresses it travels between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    /// From where; unspecified in a probe.
    pub source: Ipv6Addr,
    /// To where.
    pub destination: Ipv6Addr,
    /// What it says.
    pub message: Message,
}

impl Packet {
    /// "Does somebody have this address?" Names no sender (RFC 4862 §5.4.2).
    pub const fn probe(target: Ipv6Addr) -> Self {
        Self {
            source: Ipv6Addr::UNSPECIFIED,
            destination: solicited_node(target),
            message: Message::Solicitation { target, source_link: None },
        }
    }

    /// "This address lives here now", to everybody, unasked (RFC 4861 §7.2.6). `router` says
    /// whether the host forwards packets: a wrong word there takes it out of, or puts it into,
    /// its neighbours' lists of routers.
    pub const fn unsolicited(mac: Mac, target: Ipv6Addr, router: bool) -> Self {
        Self {
            source: target,
            destination: ALL_NODES,
            message: Message::Advertisement {
                target,
                target_link: Some(mac),
                router,
                solicited: false,
                overrides: true,
            },
        }
    }

    /// Whether it shows that somebody has `address` or is about to take it (RFC 4862 §5.4.3,
    /// §5.4.4): it is advertised, or probed for. The caller keeps its own frames out, by the
    /// hardware address they come from.
    pub fn claims(&self, address: Ipv6Addr) -> bool {
        match self.message {
            Message::Advertisement { target, .. } => target == address,
            Message::Solicitation { target, .. } => {
                target == address && self.source.is_unspecified()
            }
        }
    }

    /// The packet in a frame from `mac`, to the group it is for.
    pub fn frame(&self, mac: Mac) -> Vec<u8> {
        let message = self.icmp();
        let mut out = Vec::with_capacity(FRAME_CAPACITY);
        let destination = multicast_mac(self.destination);
        Header { destination, source: mac, ethertype: ethernet::IPV6 }.write(&mut out);
        out.extend_from_slice(&VERSION);
        out.extend_from_slice(&(message.len() as u16).to_be_bytes());
        out.extend_from_slice(&[ICMPV6, HOP_LIMIT]);
        out.extend_from_slice(&self.source.octets());
        out.extend_from_slice(&self.destination.octets());
        out.extend_from_slice(&message);
        out
    }

    /// The ICMPv6 message alone, with its checksum.
    pub fn icmp(&self) -> Vec<u8> {
        let (kind, flags, target, option, link) = match self.message {
            Message::Solicitation { target, source_link } => {
                (SOLICITATION, 0, target, SOURCE_LINK, source_link)
            }
            Message::Advertisement { target, target_link, router, solicited, overrides } => {
                let flag = |set: bool, bit: u8| if set { bit } else { 0 };
                let flags =
                    flag(router, ROUTER) | flag(solicited, SOLICITED) | flag(overrides, OVERRIDE);
                (ADVERTISEMENT, flags, target, TARGET_LINK, target_link)
            }
        };
        let with_checksum = |checksum: u16| {
            let [high, low] = checksum.to_be_bytes();
            let mut out = Vec::with_capacity(FRAME_CAPACITY);
            out.extend_from_slice(&[kind, 0, high, low, flags, 0, 0, 0]);
            out.extend_from_slice(&target.octets());
            if let Some(mac) = link {
                out.extend_from_slice(&[option, 1]);
                out.extend_from_slice(&mac.0);
            }
            out
        };
        let unsummed = with_checksum(0);
        with_checksum(checksum::icmpv6(self.source, self.destination, &unsummed))
    }

    /// Reads a frame; the hardware address is its sender's. `None` if it holds anything but a
    /// neighbour solicitation or advertisement that is valid by RFC 4861 §7.1.
    pub fn parse(frame: &[u8]) -> Option<(Mac, Self)> {
        let (header, rest) = Header::parse(frame)?;
        let rest = (header.ethertype == ethernet::IPV6).then_some(rest)?;
        let (&[version, ..], rest) = rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (fixed, rest) = rest.split_first_chunk::<2>()?;
        let (source, rest) = rest.split_first_chunk::<16>()?;
        let (destination, rest) = rest.split_first_chunk::<16>()?;
        if version >> 4 != 6 || *fixed != [ICMPV6, HOP_LIMIT] {
            return None;
        }
        let message = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        let packet = Self::parse_icmp((*source).into(), (*destination).into(), message)?;
        Some((header.source, packet))
    }

    /// Reads the ICMPv6 message alone. Its hop limit is the caller's to check.
    pub fn parse_icmp(source: Ipv6Addr, destination: Ipv6Addr, message: &[u8]) -> Option<Self> {
        if checksum::icmpv6(source, destination, message) != 0 {
            return None;
        }
        let (&[kind, code, _, _, flags, _, _, _], rest) = message.split_first_chunk::<8>()?;
        let (target, options) = rest.split_first_chunk::<16>()?;
        let target = Ipv6Addr::from(*target);
        if code != 0 || target.is_multicast() {
            return None;
        }
        let message = match kind {
            SOLICITATION => {
                Message::Solicitation { target, source_link: link(options, SOURCE_LINK).ok()? }
            }
            ADVERTISEMENT => Message::Advertisement {
                target,
                target_link: link(options, TARGET_LINK).ok()?,
                router: flags & ROUTER != 0,
                solicited: flags & SOLICITED != 0,
                overrides: flags & OVERRIDE != 0,
            },
            _ => return None,
        };
        let packet = Self { source, destination, message };
        packet.is_consistent().then_some(packet)
    }

    /// What RFC 4861 §7.1.1 and §7.1.2 demand of the parts together.
    fn is_consistent(&self) -> bool {
        match self.message {
            Message::Solicitation { target, source_link } => {
                !self.source.is_unspecified()
                    || (source_link.is_none() && self.destination == solicited_node(target))
            }
            Message::Advertisement { solicited, .. } => {
                !(solicited && self.destination.is_multicast())
            }
        }
    }
}

/// The longest frame made here: headers of Ethernet and IPv6, message, one option.
const FRAME_CAPACITY: usize = ethernet::HEADER_LEN + 40 + 24 + OPTION_UNIT;

/// An option without length, or cut.
#[derive(PartialEq, Eq, Debug)]
struct BrokenOption;

/// The link-layer address among the options.
fn link(mut options: &[u8], wanted: u8) -> Result<Option<Mac>, BrokenOption> {
    let mut found = None;
    while !options.is_empty() {
        let &[kind, units, ..] = options else { return Err(BrokenOption) };
        let length = usize::from(units).saturating_mul(OPTION_UNIT);
        let (option, rest) = options.split_at_checked(length).ok_or(BrokenOption)?;
        if option.is_empty() {
            return Err(BrokenOption);
        }
        if kind == wanted && units == 1 {
            found = option.last_chunk().map(|mac| Mac(*mac));
        }
        options = rest;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Mac = Mac([0x02, 0, 0, 0, 0, 0x01]);
    const VIP: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0x12, 0x3456);

    #[rustfmt::skip]
    const ADVERTISED: [u8; 86] = [
        0x33, 0x33, 0x00, 0x00, 0x00, 0x01, // to all nodes
        0x02, 0x00, 0x00, 0x00, 0x00, 0x01, // from us
        0x86, 0xdd,                         // IPv6
        0x60, 0x00, 0x00, 0x00,             // version 6
        0x00, 0x20, 58, 255,                // 32 bytes of ICMPv6, hop limit
        0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x12, 0x34, 0x56, // from the address itself
        0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01,       // to ff02::1
        136, 0, 0xf1, 0xcc,                 // advertisement, checksum
        0x20, 0, 0, 0,                      // overrides
        0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x12, 0x34, 0x56, // target
        2, 1, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, // target link-layer address
    ];

    #[rustfmt::skip]
    const PROBED: [u8; 78] = [
        0x33, 0x33, 0xff, 0x12, 0x34, 0x56, // to the solicited-node group
        0x02, 0x00, 0x00, 0x00, 0x00, 0x01, // from us
        0x86, 0xdd,                         // IPv6
        0x60, 0x00, 0x00, 0x00,             // version 6
        0x00, 0x18, 58, 255,                // 24 bytes of ICMPv6, hop limit
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,                         // from nobody
        0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff, 0x12, 0x34, 0x56,    // the group
        135, 0, 0x14, 0xd7,                 // solicitation, checksum
        0, 0, 0, 0,                         // reserved
        0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x12, 0x34, 0x56,          // target
    ];

    #[test]
    fn an_unsolicited_advertisement_overrides_and_goes_to_all() {
        let packet = Packet::unsolicited(US, VIP, false);
        assert_eq!(packet.frame(US), ADVERTISED);
        assert_eq!(Packet::parse(&ADVERTISED), Some((US, packet)));
    }

    #[test]
    fn a_probe_comes_from_nobody_and_goes_to_the_holders() {
        let packet = Packet::probe(VIP);
        assert_eq!(packet.frame(US), PROBED);
        assert_eq!(Packet::parse(&PROBED), Some((US, packet)));
    }

    #[test]
    fn a_packet_that_crossed_a_router_is_none() {
        let mut frame = ADVERTISED;
        frame[21] = 254;
        assert_eq!(Packet::parse(&frame), None);
    }

    #[test]
    fn any_flipped_bit_of_the_message_is_none() {
        for bit in 22 * 8..ADVERTISED.len() * 8 {
            let mut frame = ADVERTISED;
            frame[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Packet::parse(&frame), None, "bit {bit}");
        }
    }

    #[test]
    fn short_frames_are_none() {
        for length in 0..ADVERTISED.len() {
            assert_eq!(Packet::parse(&ADVERTISED[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn an_option_of_no_length_is_none() {
        assert_eq!(link(&[1, 0, 0, 0, 0, 0, 0, 0], SOURCE_LINK), Err(BrokenOption));
        assert_eq!(link(&[1], SOURCE_LINK), Err(BrokenOption));
        assert_eq!(link(&[1, 2, 0, 0, 0, 0, 0, 0], SOURCE_LINK), Err(BrokenOption));
        assert_eq!(link(&[14, 1, 0, 0, 0, 0, 0, 0], SOURCE_LINK), Ok(None));
    }

    #[test]
    fn a_probe_that_names_a_link_is_none() {
        let mut packet = Packet::probe(VIP);
        packet.message = Message::Solicitation { target: VIP, source_link: Some(US) };
        assert_eq!(Packet::parse(&packet.frame(US)), None);
    }

    #[test]
    fn advertisers_and_fellow_probers_claim_an_address_but_askers_do_not() {
        assert!(Packet::unsolicited(US, VIP, true).claims(VIP));
        assert!(Packet::probe(VIP).claims(VIP));
        let asker = Packet { source: "fe80::1".parse().expect("an address"), ..Packet::probe(VIP) };
        assert!(!asker.claims(VIP));
        assert!(!Packet::probe(VIP).claims(ALL_NODES));
    }
}
