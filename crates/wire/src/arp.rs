//! ARP for IPv4 over Ethernet (RFC 826), as address conflict detection uses it (RFC 5227):
//! probe before an address is taken, announce after.
//!
//! ```
//! use wire::arp::Packet;
//! use wire::ethernet::Mac;
//! let (us, them) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2]));
//! let vip = "192.0.2.10".parse().expect("an address");
//! let heard = Packet::parse(&Packet::gratuitous_reply(them, vip).frame()).expect("whole");
//! assert!(heard.claims(vip, us));
//! ```

use crate::ethernet::{self, Header, Mac};
use std::net::Ipv4Addr;

/// The length of a frame with an ARP packet in bytes, without the padding drivers add.
pub const FRAME_LEN: usize = ethernet::HEADER_LEN + 28;

/// Hardware type Ethernet, protocol type IPv4, their lengths (RFC 826).
const KIND: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// What a packet wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// "Who has the target address?"
    Request,
    /// "The sender has the sender's address."
    Reply,
}

/// An ARP packet for IPv4 over Ethernet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    /// What it wants.
    pub operation: Operation,
    /// The sender's hardware address.
    pub sender_mac: Mac,
    /// The sender's address; unspecified in a probe.
    pub sender: Ipv4Addr,
    /// The target's hardware address.
    pub target_mac: Mac,
    /// The target's address.
    pub target: Ipv4Addr,
}

impl Packet {
    /// "Does somebody have this address?" Names no sender, so that no cache learns from it
    /// (RFC 5227 §1.1).
    pub const fn probe(mac: Mac, address: Ipv4Addr) -> Self {
        Self {
            operation: Operation::Request,
            sender_mac: mac,
            sender: Ipv4Addr::UNSPECIFIED,
            target_mac: Mac::ZERO,
            target: address,
        }
    }

    /// "This address is mine now": a request for itself (RFC 5227 §1.1).
    pub const fn announcement(mac: Mac, address: Ipv4Addr) -> Self {
        Self {
            operation: Operation::Request,
            sender_mac: mac,
            sender: address,
            target_mac: Mac::ZERO,
            target: address,
        }
    }

    /// The same as virtual routers say it: with everybody as the target's hardware address, as
    /// keepalived sends it (docs/ancestors/keepalived.md, fact 9).
    pub const fn virtual_router(mac: Mac, address: Ipv4Addr) -> Self {
        Self {
            operation: Operation::Request,
            sender_mac: mac,
            sender: address,
            target_mac: Mac::BROADCAST,
            target: address,
        }
    }

    /// The same as a reply, for those who learn from replies only. The target's hardware address
    /// is the sender's own.
    pub const fn gratuitous_reply(mac: Mac, address: Ipv4Addr) -> Self {
        Self {
            operation: Operation::Reply,
            sender_mac: mac,
            sender: address,
            target_mac: mac,
            target: address,
        }
    }

    /// Whether it shows that somebody other than `ours` has `address` or is about to take it
    /// (RFC 5227 §2.1.1): its sender uses it, or probes for it at the same time.
    pub fn claims(&self, address: Ipv4Addr, ours: Mac) -> bool {
        let uses = self.sender == address;
        let probes = self.operation == Operation::Request
            && self.sender.is_unspecified()
            && self.target == address;
        self.sender_mac != ours && (uses || probes)
    }

    /// The packet in a frame to everyone.
    pub fn frame(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FRAME_LEN);
        let header = Header {
            destination: Mac::BROADCAST,
            source: self.sender_mac,
            ethertype: ethernet::ARP,
        };
        header.write(&mut out);
        out.extend_from_slice(&KIND);
        let operation: u16 = match self.operation {
            Operation::Request => 1,
            Operation::Reply => 2,
        };
        out.extend_from_slice(&operation.to_be_bytes());
        out.extend_from_slice(&self.sender_mac.0);
        out.extend_from_slice(&self.sender.octets());
        out.extend_from_slice(&self.target_mac.0);
        out.extend_from_slice(&self.target.octets());
        out
    }

    /// Reads a frame; `None` if it holds anything but an ARP packet for IPv4 over Ethernet.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let (header, payload) = Header::parse(frame)?;
        if header.ethertype != ethernet::ARP {
            return None;
        }
        Self::parse_payload(payload)
    }

    /// Reads what follows the Ethernet header, as a socket without headers gives it.
    pub fn parse_payload(payload: &[u8]) -> Option<Self> {
        let rest = payload.strip_prefix(&KIND)?;
        let (operation, rest) = rest.split_first_chunk()?;
        let (sender_mac, rest) = rest.split_first_chunk()?;
        let (sender, rest) = rest.split_first_chunk::<4>()?;
        let (target_mac, rest) = rest.split_first_chunk()?;
        let (target, _padding) = rest.split_first_chunk::<4>()?;
        let operation = match u16::from_be_bytes(*operation) {
            1 => Operation::Request,
            2 => Operation::Reply,
            _ => return None,
        };
        Some(Self {
            operation,
            sender_mac: Mac(*sender_mac),
            sender: Ipv4Addr::from(*sender),
            target_mac: Mac(*target_mac),
            target: Ipv4Addr::from(*target),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Mac = Mac([0x02, 0, 0, 0, 0, 0x01]);
    const THEM: Mac = Mac([0x02, 0, 0, 0, 0, 0x02]);
    const VIP: Ipv4Addr = Ipv4Addr::new(192, 168, 188, 130);

    #[rustfmt::skip]
    const ANNOUNCEMENT: [u8; FRAME_LEN] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // to everyone
        0x02, 0x00, 0x00, 0x00, 0x00, 0x01, // from us
        0x08, 0x06,                         // ARP
        0x00, 0x01,                         // hardware: Ethernet
        0x08, 0x00,                         // protocol: IPv4
        0x06, 0x04,                         // their lengths
        0x00, 0x01,                         // request
        0x02, 0x00, 0x00, 0x00, 0x00, 0x01, // sender hardware address
        192, 168, 188, 130,                 // sender address
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // target hardware address: ignored
        192, 168, 188, 130,                 // target address
    ];

    #[test]
    fn an_announcement_is_a_request_for_itself() {
        let packet = Packet::announcement(US, VIP);
        assert_eq!(packet.frame(), ANNOUNCEMENT);
        assert_eq!(Packet::parse(&ANNOUNCEMENT), Some(packet));
    }

    #[test]
    fn a_probe_names_no_sender() {
        let mut expected = ANNOUNCEMENT;
        expected[28..32].fill(0);
        assert_eq!(Packet::probe(US, VIP).frame(), expected);
    }

    #[test]
    fn a_gratuitous_reply_differs_in_operation_and_target() {
        let mut expected = ANNOUNCEMENT;
        expected[21] = 2;
        expected[32..38].copy_from_slice(&US.0);
        assert_eq!(Packet::gratuitous_reply(US, VIP).frame(), expected);
    }

    #[test]
    fn a_virtual_router_names_everybody_as_target() {
        let mut expected = ANNOUNCEMENT;
        expected[32..38].fill(0xff);
        assert_eq!(Packet::virtual_router(US, VIP).frame(), expected);
    }

    #[test]
    fn padding_is_ignored_and_short_frames_are_none() {
        let mut padded = ANNOUNCEMENT.to_vec();
        padded.resize(60, 0);
        assert_eq!(Packet::parse(&padded), Some(Packet::announcement(US, VIP)));
        for length in 0..FRAME_LEN {
            assert_eq!(Packet::parse(&ANNOUNCEMENT[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn other_kinds_of_frames_are_none() {
        // Ethertype, hardware type, protocol type, lengths, operation.
        for at in [12, 14, 16, 18, 19, 20, 21] {
            let mut frame = ANNOUNCEMENT;
            frame[at] ^= 0x40;
            assert_eq!(Packet::parse(&frame), None, "byte {at}");
        }
    }

    #[test]
    fn users_and_fellow_probers_claim_an_address_but_our_own_echo_does_not() {
        assert!(Packet::announcement(THEM, VIP).claims(VIP, US));
        assert!(Packet::gratuitous_reply(THEM, VIP).claims(VIP, US));
        assert!(Packet::probe(THEM, VIP).claims(VIP, US));
        assert!(!Packet::probe(US, VIP).claims(VIP, US));
        assert!(!Packet::announcement(US, VIP).claims(VIP, US));
        // Somebody asks for it, as any client does.
        let client = Packet { sender: Ipv4Addr::new(192, 168, 188, 1), ..Packet::probe(THEM, VIP) };
        assert!(!client.claims(VIP, US));
    }
}
