//! The message itself, without what precedes and follows it (RFC 9568 §5.1, RFC 3768 §5.1).

use super::trailer;
use super::{ADDRESSES_MAX, Advert, Auth, Centiseconds, Dialect, Password, Refusal};
use crate::checksum;
use std::net::IpAddr;

/// Bytes before the addresses.
const FIXED_LEN: usize = 8;
/// Where the checksum stands.
const CHECKSUM_AT: usize = 6;
/// The type of all messages there are (RFC 9568 §5.2.2).
const ADVERTISEMENT: u8 = 1;

/// The family an advert travels in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    const fn address_len(self) -> usize {
        match self {
            Self::V4 => 4,
            Self::V6 => 16,
        }
    }
}

/// A message that was read; its checksum is still to be checked.
pub(super) struct Parsed<'a> {
    pub(super) advert: Advert,
    /// The message.
    pub(super) message: &'a [u8],
    /// What follows it.
    pub(super) extension: Option<Extension<'a>>,
}

/// What may follow a message, in its two parts: what is said, and the signature.
pub(super) type Extension<'a> = (&'a [u8; trailer::FIXED_LEN], &'a [u8; trailer::MAC_LEN]);

/// Reads the message at the start of `bytes`.
pub(super) fn parse(bytes: &[u8], family: Family) -> Result<Parsed<'_>, Refusal> {
    let short = Refusal::TooShort(bytes.len());
    let (fixed, rest) = bytes.split_first_chunk::<FIXED_LEN>().ok_or(short)?;
    let &[first, vrid, priority, count, fifth, sixth, _, _] = fixed;
    let tail = match (first >> 4, family) {
        (2, Family::V4) => Password::LEN,
        (2, Family::V6) | (3, _) => 0,
        (version, _) => return Err(Refusal::Version(version)),
    };
    let addresses_len = usize::from(count).saturating_mul(family.address_len());
    let expected = FIXED_LEN.saturating_add(addresses_len).saturating_add(tail);
    let cut = Refusal::Length { expected, found: bytes.len() };
    let (message, extension) = bytes.split_at_checked(expected).ok_or(cut)?;
    let extension = if extension.is_empty() {
        None
    } else {
        let (fixed, signature) = extension.split_first_chunk().ok_or(cut)?;
        Some((fixed, signature.try_into().map_err(|_| cut)?))
    };
    let (addresses, _) = rest.split_at_checked(addresses_len).ok_or(cut)?;
    let dialect = if first >> 4 == 2 {
        Dialect::V2 { auth: auth(fifth, message, family)?, seconds: sixth }
    } else {
        // The first four bits are reserved and ignored (RFC 9568 §5.2.6).
        let interval = u16::from_be_bytes([fifth, sixth]) & Centiseconds::MAX.get();
        let interval = Centiseconds::new(interval).filter(|i| i.get() > 0);
        Dialect::V3 { interval: interval.ok_or(Refusal::Interval)? }
    };
    match first & 0x0f {
        ADVERTISEMENT => {}
        other => return Err(Refusal::Type(other)),
    }
    let addresses = self::addresses(addresses, family);
    Ok(Parsed { advert: Advert { vrid, priority, dialect, addresses }, message, extension })
}

/// The authentication a version 2 message names, with its data. Over IPv6 there are no data:
/// keepalived 2.2.7 names a password there and sends none, and dies of such an advert itself
/// (measured).
fn auth(kind: u8, message: &[u8], family: Family) -> Result<Auth, Refusal> {
    match (kind, family, message.last_chunk()) {
        (0, ..) | (1, Family::V6, _) => Ok(Auth::None),
        (1, Family::V4, Some(password)) => Ok(Auth::Password(Password::new(*password))),
        (2, Family::V4, _) => Ok(Auth::Ah),
        _ => Err(Refusal::AuthType(kind)),
    }
}

fn addresses(bytes: &[u8], family: Family) -> Vec<IpAddr> {
    match family {
        Family::V4 => bytes.as_chunks::<4>().0.iter().map(|a| IpAddr::from(*a)).collect(),
        Family::V6 => bytes.as_chunks::<16>().0.iter().map(|a| IpAddr::from(*a)).collect(),
    }
}

/// The message with a checksum of 0.
pub(super) fn write(advert: &Advert, family: Family) -> Vec<u8> {
    let of_family = advert.addresses.iter().filter(|a| a.is_ipv4() == (family == Family::V4));
    let mut bytes = Vec::new();
    let mut count = 0_u8;
    for address in of_family.take(ADDRESSES_MAX) {
        match address {
            IpAddr::V4(address) => bytes.extend_from_slice(&address.octets()),
            IpAddr::V6(address) => bytes.extend_from_slice(&address.octets()),
        }
        count = count.saturating_add(1);
    }
    let (fifth, sixth, tail) = match (&advert.dialect, family) {
        (Dialect::V2 { seconds, auth }, Family::V4) => {
            let zeros = Password::new([0; Password::LEN]);
            let data = if let Auth::Password(password) = auth { password } else { &zeros };
            (auth.number(), *seconds, Some(*data.as_bytes()))
        }
        (Dialect::V2 { seconds, .. }, Family::V6) => (Auth::None.number(), *seconds, None),
        (Dialect::V3 { interval }, _) => {
            let [high, low] = interval.get().to_be_bytes();
            (high, low, None)
        }
    };
    let first = advert.version().number() << 4 | ADVERTISEMENT;
    let mut out =
        Vec::with_capacity(FIXED_LEN.saturating_add(bytes.len()).saturating_add(Password::LEN));
    out.extend_from_slice(&[first, advert.vrid, advert.priority, count, fifth, sixth, 0, 0]);
    out.extend_from_slice(&bytes);
    out.extend_from_slice(tail.as_ref().map_or(&[], <[u8; Password::LEN]>::as_slice));
    out
}

/// Writes the checksum over `pseudo` and the whole of `message` into it.
pub(super) fn sum_up(message: &mut [u8], pseudo: &[u8]) {
    let checksum = checksum::internet(&[pseudo, message]);
    if let Some((_, from_checksum)) = message.split_at_mut_checked(CHECKSUM_AT)
        && let Some(field) = from_checksum.first_chunk_mut()
    {
        *field = checksum.to_be_bytes();
    }
}

/// The message in the three parts around its checksum, for signatures that count it as zero.
pub(super) fn without_checksum(message: &[u8]) -> (&[u8], &[u8]) {
    let before = message.get(..CHECKSUM_AT).unwrap_or_default();
    (before, message.get(FIXED_LEN..).unwrap_or_default())
}
