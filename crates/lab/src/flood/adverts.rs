//! Adverts that no virtual router may believe: each is wrong in one thing, and right in the rest.

use base::Dice;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// VRRP's protocol number, and its group.
pub(super) const VRRP: u8 = 112;
/// See [`VRRP`].
pub(super) const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// Bytes of the IP header in front of an advert.
pub(super) const IP_HEADER: usize = 20;

/// The priority they claim: above all but an owner's.
const PRIORITY: u8 = 254;

/// The virtual router that is attacked: an instance of version 2 with a password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Target {
    /// Its number.
    pub(super) number: u8,
    /// Its only address.
    pub(super) address: Ipv4Addr,
    /// Its password.
    pub(super) password: [u8; 8],
    /// Its routers.
    pub(super) routers: [Ipv4Addr; 2],
}

/// What is wrong with an advert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The password.
    Forged,
    /// Its length.
    Short,
    /// Its checksum.
    Checksum,
    /// It came through a router.
    Ttl,
    /// Password, checksum and length are right, and nothing else.
    Wrong,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 5] =
        [Self::Forged, Self::Short, Self::Checksum, Self::Ttl, Self::Wrong];

    /// The kind of the packet of that number.
    pub(super) const fn of(number: u64) -> Self {
        Self::ALL[(number % Self::ALL.len() as u64) as usize]
    }
}

/// The packet, its IP header first. The kernel fills that one's checksum and number in.
pub(super) fn make(target: &Target, kind: Kind, dice: &mut Dice) -> Vec<u8> {
    let mut advert = vec![0x21, target.number, PRIORITY, 1, 1, 1, 0, 0];
    advert.extend_from_slice(&target.address.octets());
    advert.extend_from_slice(&target.password);
    let mut ttl = 255;
    match kind {
        Kind::Forged => advert[12 + dice.below(8) as usize] ^= 1 << dice.below(7),
        Kind::Short => advert.truncate(dice.below(20) as usize),
        Kind::Checksum => {}
        Kind::Ttl => ttl = 1 + dice.below(254) as u8,
        Kind::Wrong => match dice.below(6) {
            0 => advert[8 + dice.below(4) as usize] ^= 1 + dice.below(255) as u8,
            1 => advert[5] = 2 + dice.below(200) as u8,
            2 => advert[4] = 3 + dice.below(200) as u8,
            3 => advert[3] = 2 + dice.below(200) as u8,
            4 => advert[0] = 0x22 + dice.below(8) as u8,
            _ => advert.splice(8..8, [10, 0, 0, 99]).for_each(drop),
        },
    }
    sign(&mut advert, kind == Kind::Checksum);
    let mut packet = header(advert.len(), ttl, source(target, dice));
    packet.append(&mut advert);
    packet
}

/// Sets the checksum, or one that is wrong.
fn sign(advert: &mut [u8], wrongly: bool) {
    if advert.len() < 8 {
        return;
    }
    advert[6..8].fill(0);
    let words = advert
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let right = !((folded & 0xffff) + (folded >> 16)) as u16;
    let written = if wrongly { right ^ 0x0101 } else { right };
    advert[6..8].copy_from_slice(&written.to_be_bytes());
}

/// Whom it claims to be from: a stranger of that network, now and then one of the routers.
fn source(target: &Target, dice: &mut Dice) -> Ipv4Addr {
    let [a, b, c, _] = target.address.octets();
    match dice.below(10) {
        pick @ 0..2 => target.routers[pick as usize],
        _ => Ipv4Addr::new(a, b, c, 110 + dice.below(100) as u8),
    }
}

fn header(payload: usize, ttl: u8, source: Ipv4Addr) -> Vec<u8> {
    let length = ((IP_HEADER + payload) as u16).to_be_bytes();
    let mut header = vec![0x45, 0xc0, length[0], length[1], 0, 0, 0, 0, ttl, VRRP, 0, 0];
    header.extend_from_slice(&source.octets());
    header.extend_from_slice(&GROUP.octets());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            number: 51,
            address: [10, 0, 0, 100].into(),
            password: *b"secret\0\0",
            routers: [[10, 0, 0, 1].into(), [10, 0, 0, 2].into()],
        }
    }

    /// An advert that the routers would believe.
    fn is_good(packet: &[u8]) -> bool {
        let advert = &packet[IP_HEADER..];
        let mut right = advert.to_vec();
        sign(&mut right, false);
        packet[8] == 255
            && advert.len() == 20
            && advert[..6] == [0x21, 51, PRIORITY, 1, 1, 1]
            && advert[8..12] == target().address.octets()
            && advert[12..] == target().password
            && advert == right
    }

    #[test]
    fn none_of_them_is_good_and_each_kind_is_right_in_the_rest() {
        let mut dice = Dice::new(1);
        for number in 0..20_000 {
            let packet = make(&target(), Kind::of(number), &mut dice);
            assert!(!is_good(&packet), "{number}: {packet:?}");
            assert_eq!(packet[8] != 255, Kind::of(number) == Kind::Ttl);
            assert!(packet.get(IP_HEADER + 1).is_none_or(|vrid| *vrid == 51));
        }
        let mut packet = make(&target(), Kind::Checksum, &mut dice);
        sign(&mut packet[IP_HEADER..], false);
        assert!(is_good(&packet), "with its checksum mended it is an advert like any");
    }
}
