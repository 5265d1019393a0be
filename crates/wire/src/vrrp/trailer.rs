//! The signed trailer of keepalived 2.4 (`auth_hmac`): HMAC-SHA-256, cut to 16 bytes, over who
//! says what and when (docs/ancestors/keepalived.md §3.1).

use super::message::{Extension, without_checksum};
use super::{Refusal, TrailerRefusal, Version};
use base::WallTime;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// The type of the extension.
const SIGNATURE: u8 = 1;
/// What precedes the signature: type, key, two reserved, seconds, fraction, counter.
pub(super) const FIXED_LEN: usize = 12;
/// Bytes of the signature.
pub(super) const MAC_LEN: usize = 16;
/// The whole trailer.
pub(super) const LEN: usize = FIXED_LEN + MAC_LEN;
/// Parts of a second that a stamp counts.
const FRACTIONS: u64 = 1 << 16;

/// One key of `auth_hmac`, prepared.
#[derive(Clone)]
pub struct HmacKey {
    number: u8,
    fresh: Hmac<Sha256>,
}

impl HmacKey {
    /// The key of that number. A secret of any length will do (RFC 2104 §3).
    pub fn new(number: u8, secret: &[u8]) -> Self {
        const ANY_LENGTH: &str = "HMAC takes keys of any length (RFC 2104)";
        Self { number, fresh: Hmac::new_from_slice(secret).expect(ANY_LENGTH) }
    }

    /// Its number.
    pub const fn number(&self) -> u8 {
        self.number
    }

    fn mac(&self, of: Signed<'_>, fixed: &[u8; FIXED_LEN]) -> [u8; MAC_LEN] {
        let mut hmac = self.fresh.clone();
        hmac.update(&of.pseudo_header());
        let (before, after) = without_checksum(of.message);
        hmac.update(before);
        hmac.update(&[0, 0]);
        hmac.update(after);
        hmac.update(fixed);
        hmac.update(&[0; MAC_LEN]);
        let digest = hmac.finalize().into_bytes();
        let mut mac = [0; MAC_LEN];
        for (to, from) in mac.iter_mut().zip(digest) {
            *to = from;
        }
        mac
    }

    /// The trailer of an advert.
    pub(super) fn trailer(&self, of: Signed<'_>, stamp: Stamp) -> [u8; LEN] {
        let mut out = [0; LEN];
        if let Some((fixed, mac)) = out.split_first_chunk_mut::<FIXED_LEN>() {
            let [s0, s1, s2, s3] = stamp.seconds.to_be_bytes();
            let [f0, f1] = stamp.fraction.to_be_bytes();
            let [c0, c1] = stamp.counter.to_be_bytes();
            *fixed = [SIGNATURE, self.number, 0, 0, s0, s1, s2, s3, f0, f1, c0, c1];
            mac.copy_from_slice(&self.mac(of, fixed));
        }
        out
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HmacKey").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What is signed, beside the stamp.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Signed<'a> {
    pub(super) version: Version,
    pub(super) vrid: u8,
    pub(super) source: IpAddr,
    pub(super) message: &'a [u8],
}

impl Signed<'_> {
    /// Family, version and number of the virtual router, and who sends.
    fn pseudo_header(&self) -> [u8; 20] {
        let mut out = [0; 20];
        let (family, v4, v6);
        let source: &[u8] = match self.source {
            IpAddr::V4(address) => {
                (family, v4) = (4, address.octets());
                &v4
            }
            IpAddr::V6(address) => {
                (family, v6) = (6, address.octets());
                &v6
            }
        };
        let fixed = [family, self.version.number(), self.vrid, 0];
        for (to, from) in out.iter_mut().zip(fixed.iter().chain(source)) {
            *to = *from;
        }
        out
    }
}

/// When an advert was signed. Those of one sender only grow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Stamp {
    /// Seconds since 1970, or since the sender's start (`anti_replay monotonic`).
    pub seconds: u32,
    /// And so many 65536ths of a second.
    pub fraction: u16,
    /// Tells adverts of the same moment apart.
    pub counter: u16,
}

impl Stamp {
    /// The stamp of an advert signed now, `last` being the sender's last one: it is greater even
    /// if the clock stands still or was set back.
    pub fn next(now: WallTime, last: Option<Self>) -> Self {
        let fraction = (now.as_millis() % 1000).saturating_mul(FRACTIONS) / 1000;
        let seconds = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
        let now =
            Self { seconds, fraction: u16::try_from(fraction).unwrap_or(u16::MAX), counter: 0 };
        last.filter(|last| *last >= now).map_or(now, Self::successor)
    }

    /// The next greater one; the greatest stays.
    fn successor(self) -> Self {
        if let Some(counter) = self.counter.checked_add(1) {
            Self { counter, ..self }
        } else if let Some(fraction) = self.fraction.checked_add(1) {
            Self { counter: 0, fraction, ..self }
        } else if let Some(seconds) = self.seconds.checked_add(1) {
            Self { seconds, fraction: 0, counter: 0 }
        } else {
            self
        }
    }

    /// Since the start of whatever clock it counts.
    pub fn duration(self) -> Duration {
        let nanos = u64::from(self.fraction).saturating_mul(1_000_000_000) / FRACTIONS;
        Duration::from_secs(self.seconds.into()).saturating_add(Duration::from_nanos(nanos))
    }
}

/// The trailer of an advert that came in. Nothing in it is believed before [`Self::verify`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Trailer<'a> {
    /// The number of the key it says it is signed with.
    pub key: u8,
    /// When it says it was signed.
    pub stamp: Stamp,
    fixed: &'a [u8; FIXED_LEN],
    mac: &'a [u8; MAC_LEN],
    signed: Signed<'a>,
}

impl<'a> Trailer<'a> {
    /// Reads what follows an advert.
    pub(super) fn parse((fixed, mac): Extension<'a>, signed: Signed<'a>) -> Result<Self, Refusal> {
        let &[kind, key, _, _, s0, s1, s2, s3, f0, f1, c0, c1] = fixed;
        if kind != SIGNATURE {
            return Err(Refusal::Extension(kind));
        }
        let stamp = Stamp {
            seconds: u32::from_be_bytes([s0, s1, s2, s3]),
            fraction: u16::from_be_bytes([f0, f1]),
            counter: u16::from_be_bytes([c0, c1]),
        };
        Ok(Self { key, stamp, fixed, mac, signed })
    }

    /// Whether it is signed with one of our keys, by their number, at most `window` before or
    /// after `now`, and after `last`, the stamp of the last advert of this sender that counted.
    /// Without `now` its age is not looked at (`anti_replay monotonic`: the sender's clock starts
    /// with the sender).
    ///
    /// # Errors
    ///
    /// When it is not; the signature is looked at before the stamp.
    pub fn verify(
        &self,
        keys: &BTreeMap<u8, HmacKey>,
        now: Option<WallTime>,
        window: Duration,
        last: Option<Stamp>,
    ) -> Result<Stamp, TrailerRefusal> {
        let key = keys.get(&self.key).ok_or(TrailerRefusal::UnknownKey(self.key))?;
        if !bool::from(key.mac(self.signed, self.fixed).ct_eq(self.mac)) {
            return Err(TrailerRefusal::BadSignature);
        }
        if let Some(now) = now {
            let (now, signed) = (Duration::from_millis(now.as_millis()), self.stamp.duration());
            let (age, ahead) = (now.saturating_sub(signed), signed.saturating_sub(now));
            if age > window {
                return Err(TrailerRefusal::Stale(age));
            }
            if ahead > window {
                return Err(TrailerRefusal::Early(ahead));
            }
        }
        if last.is_some_and(|last| self.stamp <= last) {
            return Err(TrailerRefusal::Replayed);
        }
        Ok(self.stamp)
    }
}

impl fmt::Debug for Trailer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trailer")
            .field("key", &self.key)
            .field("stamp", &self.stamp)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_of_one_sender_only_grow() {
        let now = WallTime::from_millis(1_795_245_852_290);
        let first = Stamp::next(now, None);
        assert_eq!(first, Stamp { seconds: 1_795_245_852, fraction: 19_005, counter: 0 });
        let second = Stamp::next(now, Some(first));
        assert_eq!(second, Stamp { counter: 1, ..first });
        let earlier = WallTime::from_millis(1_000_000_000_000);
        assert_eq!(Stamp::next(earlier, Some(second)), Stamp { counter: 2, ..first });
        let later = WallTime::from_millis(1_795_245_852_291);
        assert!(Stamp::next(later, Some(second)) > second);
        let full = Stamp { fraction: u16::MAX, counter: u16::MAX, ..first };
        assert_eq!(full.successor(), Stamp { seconds: 1_795_245_853, fraction: 0, counter: 0 });
    }

    #[test]
    fn a_stamp_counts_from_the_start_of_its_clock() {
        let half = Stamp { seconds: 7, fraction: 1 << 15, counter: 9 };
        assert_eq!(half.duration(), Duration::from_millis(7_500));
    }

    #[test]
    fn keys_are_not_printed() {
        let printed = format!("{:?}", HmacKey::new(3, b"hush"));
        assert_eq!(printed, "HmacKey { number: 3, .. }");
    }
}
