//! The Internet checksum (RFC 1071) and its use in ICMPv6 (RFC 8200 §8.1).

use std::net::Ipv6Addr;

/// The protocol number of ICMPv6.
pub(crate) const ICMPV6: u8 = 58;

/// The checksum over `parts`, one after the other; each but the last is of even length.
///
/// Over data that holds its right checksum it is 0.
pub fn internet(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u64;
    for part in parts {
        let mut words = part.chunks_exact(2);
        for word in &mut words {
            if let &[high, low] = word {
                sum = sum.wrapping_add(u16::from_be_bytes([high, low]).into());
            }
        }
        if let &[last] = words.remainder() {
            sum = sum.wrapping_add(u16::from_be_bytes([last, 0]).into());
        }
    }
    // 2^48 words fit before a carry is lost: more than any packet has.
    while let carry @ 1.. = sum >> 16 {
        sum = (sum & 0xffff).wrapping_add(carry);
    }
    !(sum as u16)
}

/// The checksum of an ICMPv6 message between two addresses, pseudo-header included.
pub fn icmpv6(source: Ipv6Addr, destination: Ipv6Addr, message: &[u8]) -> u16 {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    internet(&[&source.octets(), &destination.octets(), &length, &[0, 0, 0, ICMPV6], message])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071_adds_up() {
        // RFC 1071 §3: the sum of these words is ddf2; the checksum its complement.
        assert_eq!(internet(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
    }

    #[test]
    fn parts_sum_up_like_the_whole_and_an_odd_byte_counts_high() {
        assert_eq!(internet(&[&[1, 2], &[3, 4, 5]]), internet(&[&[1, 2, 3, 4, 5]]));
        assert_eq!(internet(&[&[5]]), internet(&[&[5, 0]]));
    }

    #[test]
    fn nothing_sums_up_to_all_ones() {
        assert_eq!(internet(&[]), 0xffff);
    }
}
