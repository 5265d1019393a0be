//! What an advert says, apart from how it travels.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A VRRP advert: who speaks for which virtual router, how well, and for which addresses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advert {
    /// The virtual router's number on its network.
    pub vrid: u8,
    /// 255: the addresses are the sender's own. 0: it is leaving (RFC 9568 §5.2.4).
    pub priority: u8,
    /// The version, and what differs with it.
    pub dialect: Dialect,
    /// The virtual router's addresses in the sender's order, at most
    /// [`ADDRESSES_MAX`](super::ADDRESSES_MAX), all of the family the advert travels in.
    pub addresses: Vec<IpAddr>,
}

impl Advert {
    /// The version it is written in.
    pub const fn version(&self) -> Version {
        match self.dialect {
            Dialect::V2 { .. } => Version::V2,
            Dialect::V3 { .. } => Version::V3,
        }
    }

    /// The sender's time between two adverts.
    pub const fn interval(&self) -> Duration {
        match self.dialect {
            Dialect::V2 { seconds, .. } => Duration::from_secs(seconds as u64),
            Dialect::V3 { interval } => interval.duration(),
        }
    }
}

/// The protocol's version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Version {
    /// RFC 3768; over IPv6 an extension of keepalived (docs/ancestors/keepalived.md §3.2).
    V2,
    /// RFC 5798 and RFC 9568.
    V3,
}

impl Version {
    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

/// What differs between the versions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// Version 2.
    V2 {
        /// Between two adverts, in seconds; receivers demand their own (RFC 3768 §7.1).
        seconds: u8,
        /// How it is authenticated.
        auth: Auth,
    },
    /// Version 3.
    V3 {
        /// Between two adverts; receivers take it over (RFC 9568 §6.4.2).
        interval: Centiseconds,
    },
}

/// The authentication a version 2 advert names (RFC 2338 §5.3.6). Over IPv6 it is always
/// [`Self::None`], on the way out and in: compare it only over IPv4.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Auth {
    /// Type 0. The 8 bytes for authentication data are there and zero (docs/ancestors/
    /// keepalived.md, fact 7).
    None,
    /// Type 1: a password that everybody on the network can read.
    Password(Password),
    /// Type 2: the packet has an IPsec authentication header.
    Ah,
}

impl Auth {
    /// Its number in an advert.
    pub const fn number(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Password(_) => 1,
            Self::Ah => 2,
        }
    }
}

/// A password of version 2, padded with zeros. Compared in constant time, wiped when dropped,
/// never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<[u8; Self::LEN]>);

impl Password {
    /// The bytes there are; keepalived cuts longer ones (docs/ancestors/keepalived.md, fact 4).
    pub const LEN: usize = 8;

    /// As it stands in the advert.
    pub fn new(padded: [u8; Self::LEN]) -> Self {
        Self(Zeroizing::new(padded))
    }

    pub(super) fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A time in hundredths of a second, 12 bits of them (RFC 9568 §5.2.7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Centiseconds(u16);

impl Centiseconds {
    /// The longest: 40.95 s.
    pub const MAX: Self = Self(0x0fff);

    /// So many; `None` if they are more than [`Self::MAX`].
    pub const fn new(centiseconds: u16) -> Option<Self> {
        if centiseconds <= Self::MAX.0 { Some(Self(centiseconds)) } else { None }
    }

    /// The nearest that is not longer than `duration`, but at least one and at most
    /// [`Self::MAX`].
    pub fn of(duration: Duration) -> Self {
        let whole = duration.as_millis() / 10;
        let bounded = whole.clamp(1, u128::from(Self::MAX.0));
        Self(u16::try_from(bounded).unwrap_or(Self::MAX.0))
    }

    /// How many.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// How long that is.
    pub const fn duration(self) -> Duration {
        Duration::from_millis((self.0 as u64).saturating_mul(10))
    }
}

/// What the checksum of a version 3 advert over IPv4 covers beside the message; implementations
/// disagree (docs/ancestors/keepalived.md, fact 5 and §8/8).
///
/// Version 2 over IPv4 is always [`Self::Plain`], everything over IPv6 always
/// [`Self::PseudoHeader`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChecksumForm {
    /// A pseudo header of the packet's own addresses (RFC 5798 §5.2.8 as keepalived reads it).
    PseudoHeader,
    /// A pseudo header that names [`GROUP_V4`](super::GROUP_V4) though the packet goes to one
    /// router (`old_unicast_checksum` of keepalived).
    GroupPseudoHeader,
    /// Nothing else (RFC 9568 §5.2.8, `v3_checksum_as_v2` of keepalived).
    Plain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_cut_to_what_twelve_bits_hold() {
        for (duration, centiseconds) in [
            (Duration::ZERO, 1),
            (Duration::from_millis(9), 1),
            (Duration::from_millis(10), 1),
            (Duration::from_millis(1_999), 199),
            (Duration::from_secs(1), 100),
            (Duration::from_millis(40_950), 4095),
            (Duration::from_secs(41), 4095),
            (Duration::MAX, 4095),
        ] {
            assert_eq!(Centiseconds::of(duration).get(), centiseconds, "{duration:?}");
        }
        assert_eq!(Centiseconds::new(4096), None);
        assert_eq!(Centiseconds::MAX.duration(), Duration::from_millis(40_950));
    }

    #[test]
    fn passwords_are_compared_whole_and_never_printed() {
        let password = Password::new(*b"hush\0\0\0\0");
        assert_eq!(password, Password::new(*b"hush\0\0\0\0"));
        assert_ne!(password, Password::new(*b"hush\0\0\0\x01"));
        let printed = format!("{:?}", Auth::Password(password));
        assert!(!printed.contains("hush") && !printed.contains("104"), "{printed}");
    }
}
