//! The authentication header of version 2 (RFC 4302, as keepalived makes it): a signature over
//! the packet and a number that only grows (docs/ancestors/keepalived.md §3.1).

use super::{PROTOCOL, Password, Refusal};
use crate::ip;
use hmac::{Hmac, KeyInit, Mac as _};
use md5::Md5;
use std::fmt;
use std::net::Ipv4Addr;
use subtle::ConstantTimeEq;

/// Bytes of HMAC-MD5-96 (RFC 2403 §2).
const ICV_LEN: usize = 12;
/// What precedes the signature: next header, length, reserved, SPI, sequence (RFC 4302 §2).
const FIXED_LEN: usize = 12;
/// The whole header.
pub(super) const LEN: usize = FIXED_LEN + ICV_LEN;
/// The length as the header says it: 32-bit words without the first two (RFC 4302 §2.2).
const WORDS: u8 = (LEN / 4 - 2) as u8;

/// The key of an authentication header, prepared.
#[derive(Clone)]
pub struct AhKey(Hmac<Md5>);

impl AhKey {
    /// Of the password as [`Password`] pads it.
    pub fn new(password: &Password) -> Self {
        const ANY_LENGTH: &str = "HMAC takes keys of any length (RFC 2104)";
        Self(Hmac::new_from_slice(password.as_bytes()).expect(ANY_LENGTH))
    }

    /// The signature of a packet. Parts of the IP header that change on the way count as zero;
    /// of those the TTL only in unicast, as keepalived does it.
    fn icv(&self, ip_header: &[u8], unicast: bool, before: &[u8], message: &[u8]) -> [u8; ICV_LEN] {
        let mut hmac = self.0.clone();
        let mut header = [0; ip::HEADER_MAX];
        for ((at, to), from) in header.iter_mut().enumerate().zip(ip_header) {
            let changes =
                matches!(at, ip::TOS_AT | 6 | 7 | 10 | 11) || (unicast && at == ip::TTL_AT);
            *to = if changes { 0 } else { *from };
        }
        hmac.update(header.get(..ip_header.len()).unwrap_or_default());
        hmac.update(before);
        hmac.update(&[0; ICV_LEN]);
        hmac.update(message);
        let digest = hmac.finalize().into_bytes();
        let mut icv = [0; ICV_LEN];
        for (to, from) in icv.iter_mut().zip(digest) {
            *to = from;
        }
        icv
    }
}

impl fmt::Debug for AhKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AhKey(…)")
    }
}

/// The authentication header of a packet that came in. Not believed before
/// [`Self::is_signed_with`] says so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ah<'a> {
    /// The security parameters index; keepalived writes its source address there.
    pub spi: u32,
    /// Greater than the last of this virtual router, whoever sent that.
    pub sequence: u32,
    unicast: bool,
    ip_header: &'a [u8],
    fixed: &'a [u8; FIXED_LEN],
    icv: &'a [u8; ICV_LEN],
    message: &'a [u8],
}

impl<'a> Ah<'a> {
    /// Reads the header at the start of a packet's payload; the message follows it.
    pub(super) fn parse(packet: &ip::Ipv4<'a>) -> Result<(Self, &'a [u8]), Refusal> {
        let cut = Refusal::AuthenticationHeader;
        let (fixed, rest) = packet.payload.split_first_chunk::<FIXED_LEN>().ok_or(cut)?;
        let (icv, message) = rest.split_first_chunk().ok_or(cut)?;
        let [next, words, _, _, spi @ .., s0, s1, s2, s3] = fixed;
        if (*next, *words) != (PROTOCOL, WORDS) {
            return Err(cut);
        }
        let ah = Self {
            spi: u32::from_be_bytes(*spi),
            sequence: u32::from_be_bytes([*s0, *s1, *s2, *s3]),
            unicast: !packet.destination.is_multicast(),
            ip_header: packet.header,
            fixed,
            icv,
            message,
        };
        Ok((ah, message))
    }

    /// Whether this key made its signature; compared in constant time.
    pub fn is_signed_with(&self, key: &AhKey) -> bool {
        let ours = key.icv(self.ip_header, self.unicast, self.fixed, self.message);
        ours.ct_eq(self.icv).into()
    }
}

impl fmt::Debug for Ah<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ah")
            .field("spi", &self.spi)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

/// The authentication header that goes between `ip_header` and `message`.
pub(super) fn header(
    key: &AhKey,
    sequence: u32,
    (source, destination): (Ipv4Addr, Ipv4Addr),
    ip_header: &[u8],
    message: &[u8],
) -> [u8; LEN] {
    let mut out = [0; LEN];
    if let Some((fixed, icv)) = out.split_first_chunk_mut::<FIXED_LEN>() {
        let [s0, s1, s2, s3] = sequence.to_be_bytes();
        let [a, b, c, d] = source.octets();
        *fixed = [PROTOCOL, WORDS, 0, 0, a, b, c, d, s0, s1, s2, s3];
        icv.copy_from_slice(&key.icv(ip_header, !destination.is_multicast(), fixed, message));
    }
    out
}
