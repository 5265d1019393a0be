//! Why a packet is not an advert to be looked at.

use std::time::Duration;

/// Why bytes were refused before anybody's configuration was asked: the receive checks of
/// docs/ancestors/keepalived.md §3.3 that every virtual router makes alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// No whole IPv4 packet, or a part of one.
    #[error("not a whole IPv4 packet")]
    NotIpv4,
    /// A packet of that protocol, which is neither VRRP nor its authentication header.
    #[error("IP protocol {0} is not VRRP")]
    Protocol(u8),
    /// The authentication header is cut, or of another shape than VRRP's.
    #[error("malformed authentication header")]
    AuthenticationHeader,
    /// Shorter than the fixed part of an advert.
    #[error("{0} bytes are too short for an advert")]
    TooShort(usize),
    /// Longer or shorter than the number of its addresses says.
    #[error("an advert of {found} bytes has addresses for {expected}")]
    Length {
        /// What the count of addresses asks for.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// A version that is neither 2 nor 3.
    #[error("VRRP version {0} is unknown")]
    Version(u8),
    /// An authentication type that doesn't exist, or not in IPv6.
    #[error("authentication type {0} is unknown")]
    AuthType(u8),
    /// Something other than an advert.
    #[error("VRRP type {0} is no advert")]
    Type(u8),
    /// Version 3 that promises the next advert in no time. keepalived 2.2.7 believes it, misses
    /// that advert at once and takes the addresses (measured).
    #[error("an interval of 0")]
    Interval,
    /// Damaged on its way, or its checksum is made in a way nobody uses.
    #[error("wrong checksum")]
    Checksum,
    /// Something of that type follows the advert, and it is no signature.
    #[error("unknown extension {0} after the advert")]
    Extension(u8),
}

impl Refusal {
    /// One word for counters and metrics; stable, lower case.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotIpv4 => "not_ipv4",
            Self::Protocol(_) => "protocol",
            Self::AuthenticationHeader => "authentication_header",
            Self::TooShort(_) | Self::Length { .. } => "length",
            Self::Version(_) => "version",
            Self::AuthType(_) => "auth_type",
            Self::Type(_) => "type",
            Self::Interval => "interval",
            Self::Checksum => "checksum",
            Self::Extension(_) => "extension",
        }
    }
}

/// Why a signed trailer doesn't count. It never holds a digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TrailerRefusal {
    /// Signed with a key of that number, which isn't configured.
    #[error("signed with key {0}, which is not configured")]
    UnknownKey(u8),
    /// The signature is not the one our key of that number gives.
    #[error("signed with another key, or changed on its way")]
    BadSignature,
    /// Signed so long ago.
    #[error("signed {} s ago", .0.as_secs())]
    Stale(Duration),
    /// Signed so far in the future.
    #[error("signed {} s in the future", .0.as_secs())]
    Early(Duration),
    /// Not younger than the last one of this sender: somebody plays it again.
    #[error("an old advert, sent again")]
    Replayed,
}

impl TrailerRefusal {
    /// One word for counters and metrics; stable, lower case.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::UnknownKey(_) => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::Stale(_) => "stale",
            Self::Early(_) => "early",
            Self::Replayed => "replayed",
        }
    }
}
