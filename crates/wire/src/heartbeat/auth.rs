//! Keys and digests: crc, md5, sha1 (docs/ancestors/heartbeat.md §1.3).
//!
//! A key prepares its HMAC once; a digest then costs the hashing of the message alone. Secrets
//! are wiped from memory when dropped and never printed; digests are compared in constant time.

use super::Refused;
use hmac::{Hmac, KeyInit, Mac as _};
use md5::Md5;
use sha1::Sha1;
use std::collections::BTreeMap;
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How a message is signed; the words of authkeys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Method {
    /// A checksum without key: finds damage, no attacker.
    Crc,
    /// HMAC with MD5 (RFC 2104).
    Md5,
    /// HMAC with SHA-1 (RFC 2104).
    Sha1,
}

impl Method {
    /// Its word in authkeys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crc => "crc",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
        }
    }
}

/// One line of authkeys without its number.
#[derive(Clone)]
pub struct Key {
    method: Method,
    secret: Zeroizing<Vec<u8>>,
    fresh: Mac,
}

impl Key {
    /// A key of the bytes of the third word of the line; `crc` has none, and ignores them.
    pub fn new(method: Method, secret: impl AsRef<[u8]>) -> Self {
        let secret = secret.as_ref();
        Self { method, secret: Zeroizing::new(secret.to_vec()), fresh: Mac::new(method, secret) }
    }

    /// How this key signs.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The digest of `parts`, one after the other.
    pub(super) fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut mac = self.fresh.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finish()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.method == other.method && bool::from(self.secret.ct_eq(&other.secret))
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("method", &self.method).finish_non_exhaustive()
    }
}

/// The keys of authkeys: all of them verify, one of them signs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keys {
    index: u8,
    active: Key,
    others: BTreeMap<u8, Key>,
}

impl Keys {
    /// The keys by their number, of which `active` signs; `None` if that one is not among them.
    pub fn new(active: u8, mut keys: BTreeMap<u8, Key>) -> Option<Self> {
        let key = keys.remove(&active)?;
        Some(Self { index: active, active: key, others: keys })
    }

    /// The key that signs: the one `auth N` names.
    pub const fn active(&self) -> &Key {
        &self.active
    }

    /// The number of the key that signs.
    pub const fn active_index(&self) -> u8 {
        self.index
    }

    /// The key of that number. A packet is verified by the key whose number it carries (the
    /// ancestor takes the key of its own `auth N` for netstring messages, so that changing keys
    /// cuts its cluster in two; docs/ancestors/heartbeat.md §0, 7).
    pub fn get(&self, index: u8) -> Option<&Key> {
        if index == self.index { Some(&self.active) } else { self.others.get(&index) }
    }

    /// Whether `signature` (`NUMBER DIGEST`) is right for `parts`, one after the other.
    pub(super) fn verify(&self, signature: &[u8], parts: &[&[u8]]) -> Result<(), Refused> {
        let malformed = Refused::Malformed("the signature is not a number and a digest");
        let blank = signature.iter().position(|b| *b == b' ').ok_or(malformed)?;
        let (index, digest) = signature.split_at_checked(blank).ok_or(malformed)?;
        let index: u8 =
            std::str::from_utf8(index).ok().and_then(|i| i.parse().ok()).ok_or(malformed)?;
        let key = self.get(index).ok_or(Refused::UnknownKey(index))?;
        let ours = key.digest(parts);
        let theirs = digest.trim_ascii();
        if bool::from(ours.as_bytes().ct_eq(theirs)) { Ok(()) } else { Err(Refused::BadDigest) }
    }

    /// The number of the key that signs, and its digest of `signed`.
    pub(super) fn signature(&self, signed: &[u8]) -> (u8, Digest) {
        (self.index, self.active.digest(&[signed]))
    }
}

/// A digest as it stands in a message: lower-case hexadecimal.
pub(super) struct Digest {
    text: [u8; Self::LEN_MAX],
    len: usize,
}

impl Digest {
    /// The longest: 20 bytes of SHA-1, two digits each.
    const LEN_MAX: usize = 40;

    fn of_bytes(bytes: &[u8]) -> Self {
        let mut text = [0; Self::LEN_MAX];
        let nibbles = bytes.iter().flat_map(|b| [b >> 4, b & 15]);
        let len = text.iter_mut().zip(nibbles).fold(0_usize, |len, (to, nibble)| {
            *to = hex_digit(nibble);
            len.saturating_add(1)
        });
        Self { text, len }
    }

    /// The ancestor prints a crc without leading zeros (`99ff40f` was seen).
    fn of_crc(crc: u32) -> Self {
        let mut digest = Self::of_bytes(&crc.to_be_bytes());
        let zeros = (crc.leading_zeros() / 4).min(7) as usize;
        digest.text.rotate_left(zeros);
        digest.len = digest.len.saturating_sub(zeros);
        digest
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0'.wrapping_add(nibble),
        _ => b'a'.wrapping_add(nibble.wrapping_sub(10)),
    }
}

/// A digest being made.
#[derive(Clone)]
enum Mac {
    Crc(crc32fast::Hasher),
    Md5(Hmac<Md5>),
    Sha1(Hmac<Sha1>),
}

impl Mac {
    fn new(method: Method, secret: &[u8]) -> Self {
        const ANY_LENGTH: &str = "HMAC takes keys of any length (RFC 2104)";
        match method {
            Method::Crc => Self::Crc(crc32fast::Hasher::new_with_initial(u32::MAX)),
            Method::Md5 => Self::Md5(Hmac::new_from_slice(secret).expect(ANY_LENGTH)),
            Method::Sha1 => Self::Sha1(Hmac::new_from_slice(secret).expect(ANY_LENGTH)),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(crc) => update_reversed(crc, bytes),
            Self::Md5(hmac) => hmac.update(bytes),
            Self::Sha1(hmac) => hmac.update(bytes),
        }
    }

    fn finish(self) -> Digest {
        match self {
            Self::Crc(crc) => Digest::of_crc(crc.finalize().reverse_bits()),
            Self::Md5(hmac) => Digest::of_bytes(&hmac.finalize().into_bytes()),
            Self::Sha1(hmac) => Digest::of_bytes(&hmac.finalize().into_bytes()),
        }
    }
}

/// The ancestor's CRC-32 is the POSIX one (polynomial 0x04C11DB7, high bit first, initial 0,
/// complemented): the mirror image of the usual one, so the usual one over mirrored bytes gives
/// it mirrored. Its initial value, 0, is written as its complement here.
fn update_reversed(crc: &mut crc32fast::Hasher, bytes: &[u8]) {
    let mut mirrored = [0; 256];
    for chunk in bytes.chunks(mirrored.len()) {
        for (to, from) in mirrored.iter_mut().zip(chunk) {
            *to = from.reverse_bits();
        }
        crc.update(mirrored.get(..chunk.len()).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: &Key, parts: &[&[u8]]) -> String {
        String::from_utf8(key.digest(parts).as_bytes().to_vec()).expect("hexadecimal")
    }

    #[test]
    fn hmac_agrees_with_the_test_cases_of_rfc_2202() {
        let md5 = Key::new(Method::Md5, "Jefe");
        assert_eq!(
            text(&md5, &[b"what do ya want ", b"for nothing?"]),
            "750c783e6ab0b503eaa86e310a5db738"
        );
        let sha1 = Key::new(Method::Sha1, [0xaa; 80]);
        assert_eq!(
            text(&sha1, &[b"Test Using Larger Than Block-Size Key - Hash Key First"]),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"
        );
    }

    #[test]
    fn crc_has_no_leading_zeros_and_at_least_one_digit() {
        // The check value of CRC-32/CKSUM, and shifts of it.
        assert_eq!(text(&Key::new(Method::Crc, ""), &[b"123456789"]), "765e7680");
        assert_eq!(Digest::of_crc(0x0123_4567).as_bytes(), b"1234567");
        assert_eq!(Digest::of_crc(0x10).as_bytes(), b"10");
        assert_eq!(Digest::of_crc(0).as_bytes(), b"0");
    }

    #[test]
    fn keys_without_the_active_one_are_none() {
        let keys = BTreeMap::from([(2, Key::new(Method::Crc, ""))]);
        assert_eq!(Keys::new(1, keys.clone()), None);
        let keys = Keys::new(2, keys).expect("2 is there");
        assert_eq!(keys.active_index(), 2);
        assert_eq!(keys.get(2), Some(keys.active()));
        assert_eq!(keys.get(1), None);
    }

    #[test]
    fn secrets_are_not_printed() {
        let keys = Keys::new(1, BTreeMap::from([(1, Key::new(Method::Sha1, "hush-hush"))]));
        let printed = format!("{keys:?}");
        assert!(printed.contains("Sha1"), "{printed}");
        assert!(!printed.contains("hush") && !printed.contains("104"), "{printed}");
    }
}
