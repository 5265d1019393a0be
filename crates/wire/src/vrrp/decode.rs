//! Packets to adverts. Every check is made here that needs nobody's configuration.

use super::message::{self, Family};
use super::trailer::Signed;
use super::{Advert, Ah, ChecksumForm, Dialect, GROUP_V4, PROTOCOL, PROTOCOL_AH, Refusal, Trailer};
use crate::{checksum, ip};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An advert that came in whole, and what it came in. Who sent it is still to be proved, as far
/// as the virtual router's configuration asks for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded<'a> {
    /// What it says.
    pub advert: Advert,
    /// From where.
    pub source: IpAddr,
    /// To where.
    pub destination: IpAddr,
    /// TTL of the packet; over IPv6 the hop limit is not among the bytes.
    pub ttl: Option<u8>,
    /// Which checksum it has: where several agree, the first in the order of [`ChecksumForm`].
    pub checksum: ChecksumForm,
    /// The authentication header it came with.
    pub ah: Option<Ah<'a>>,
    /// The signature that follows it.
    pub trailer: Option<Trailer<'a>>,
}

/// Reads an IPv4 packet with its header, as raw sockets give it.
///
/// # Errors
///
/// When it is no advert, or fails a check that every virtual router makes.
pub fn decode_v4(packet: &[u8]) -> Result<Decoded<'_>, Refusal> {
    let packet = ip::Ipv4::parse(packet).ok_or(Refusal::NotIpv4)?;
    let (ah, payload) = match packet.protocol {
        PROTOCOL => (None, packet.payload),
        PROTOCOL_AH => Ah::parse(&packet).map(|(ah, payload)| (Some(ah), payload))?,
        other => return Err(Refusal::Protocol(other)),
    };
    let parsed = message::parse(payload, Family::V4)?;
    let checksum = form_v4(&parsed.advert, packet.source, packet.destination, parsed.message)?;
    let source = packet.source.into();
    let trailer = trailer(&parsed, source)?;
    Ok(Decoded {
        advert: parsed.advert,
        source,
        destination: packet.destination.into(),
        ttl: Some(packet.ttl),
        checksum,
        ah,
        trailer,
    })
}

/// Reads what follows the IPv6 header, as raw sockets give it.
///
/// # Errors
///
/// When it is no advert, or fails a check that every virtual router makes.
pub fn decode_v6(
    payload: &[u8],
    source: Ipv6Addr,
    destination: Ipv6Addr,
) -> Result<Decoded<'_>, Refusal> {
    let parsed = message::parse(payload, Family::V6)?;
    // The sender's kernel makes the checksum, over all there is.
    let pseudo = ip::pseudo_v6(source, destination, PROTOCOL, payload.len());
    if checksum::internet(&[&pseudo, payload]) != 0 {
        return Err(Refusal::Checksum);
    }
    let source = source.into();
    let trailer = trailer(&parsed, source)?;
    Ok(Decoded {
        advert: parsed.advert,
        source,
        destination: destination.into(),
        ttl: None,
        checksum: ChecksumForm::PseudoHeader,
        ah: None,
        trailer,
    })
}

/// The signature that follows a message.
fn trailer<'a>(
    parsed: &message::Parsed<'a>,
    source: IpAddr,
) -> Result<Option<Trailer<'a>>, Refusal> {
    let version = parsed.advert.version();
    let signed = Signed { version, vrid: parsed.advert.vrid, source, message: parsed.message };
    parsed.extension.map(|extension| Trailer::parse(extension, signed)).transpose()
}

/// The first form the checksum is right in.
fn form_v4(
    advert: &Advert,
    source: Ipv4Addr,
    destination: Ipv4Addr,
    message: &[u8],
) -> Result<ChecksumForm, Refusal> {
    let is_right = |pseudo: &[u8]| checksum::internet(&[pseudo, message]) == 0;
    let pseudo = |to| ip::pseudo_v4(source, to, PROTOCOL, message.len());
    let v3 = matches!(advert.dialect, Dialect::V3 { .. });
    if v3 && is_right(&pseudo(destination)) {
        Ok(ChecksumForm::PseudoHeader)
    } else if v3 && !destination.is_multicast() && is_right(&pseudo(GROUP_V4)) {
        Ok(ChecksumForm::GroupPseudoHeader)
    } else if is_right(&[]) {
        Ok(ChecksumForm::Plain)
    } else {
        Err(Refusal::Checksum)
    }
}
