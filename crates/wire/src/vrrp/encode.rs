//! Adverts to packets, in every variant that keepalived makes.

use super::message::{self, Family};
use super::trailer::{self, Signed};
use super::{
    Advert, AhKey, ChecksumForm, Dialect, GROUP_V4, HmacKey, PROTOCOL, PROTOCOL_AH, Stamp, ah,
};
use crate::ip;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How a packet travels over IPv4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Path4 {
    /// From where.
    pub source: Ipv4Addr,
    /// To where.
    pub destination: Ipv4Addr,
    /// TTL: [`TTL`](super::TTL) to a group.
    pub ttl: u8,
    /// The packet's number. keepalived counts per virtual router from 1, and a 0 would be
    /// replaced by the kernel, under an authentication header that covers it.
    pub id: u16,
}

/// How a packet proves who sent it, beside a password.
#[derive(Clone, Copy, Debug)]
pub enum Seal<'a> {
    /// Not at all.
    None,
    /// By an authentication header; the advert says [`Auth::Ah`](super::Auth::Ah) then.
    Ah {
        /// What signs it.
        key: &'a AhKey,
        /// Greater than the last of this virtual router, whoever sent that.
        sequence: u32,
    },
    /// By a signed trailer.
    Hmac(Signer<'a>),
}

/// What signs a trailer.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The active key.
    pub key: &'a HmacKey,
    /// Of [`Stamp::next`].
    pub stamp: Stamp,
}

/// The IPv4 packet, with its header. Addresses of another family are left out, and those beyond
/// [`ADDRESSES_MAX`](super::ADDRESSES_MAX). `form` is for version 3 alone.
pub fn encode_v4(advert: &Advert, path: Path4, form: ChecksumForm, seal: Seal<'_>) -> Vec<u8> {
    let Path4 { source, destination, ttl, id } = path;
    let mut message = message::write(advert, Family::V4);
    let pseudo = |to| ip::pseudo_v4(source, to, PROTOCOL, message.len());
    match (&advert.dialect, form) {
        (Dialect::V2 { .. }, _) | (_, ChecksumForm::Plain) => message::sum_up(&mut message, &[]),
        (_, ChecksumForm::PseudoHeader) => {
            let pseudo = pseudo(destination);
            message::sum_up(&mut message, &pseudo);
        }
        (_, ChecksumForm::GroupPseudoHeader) => {
            let pseudo = pseudo(GROUP_V4);
            message::sum_up(&mut message, &pseudo);
        }
    }
    let (protocol, before) = match seal {
        Seal::None => (PROTOCOL, 0),
        Seal::Ah { .. } => (PROTOCOL_AH, ah::LEN),
        Seal::Hmac(signer) => {
            sign(&mut message, advert, source.into(), signer);
            (PROTOCOL, 0)
        }
    };
    let payload_len = message.len().saturating_add(before);
    let tos = ip::TOS_CONTROL;
    let header = ip::NewHeader { source, destination, tos, ttl, protocol, id, payload_len }.bytes();
    let mut out = Vec::with_capacity(header.len().saturating_add(payload_len));
    out.extend_from_slice(&header);
    if let Seal::Ah { key, sequence } = seal {
        out.extend_from_slice(&ah::header(key, sequence, (source, destination), &header, &message));
    }
    out.extend_from_slice(&message);
    out
}

/// What follows the IPv6 header. Addresses of another family are left out, and those beyond
/// [`ADDRESSES_MAX`](super::ADDRESSES_MAX). There are no passwords and no authentication headers
/// in IPv6 (docs/ancestors/keepalived.md §3.2): whatever `advert` says, version 2 goes out
/// without. An advert that names a password kills keepalived 2.2.7 where it expects one
/// (measured).
pub fn encode_v6(
    advert: &Advert,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    signer: Option<Signer<'_>>,
) -> Vec<u8> {
    let mut payload = message::write(advert, Family::V6);
    if let Some(signer) = signer {
        sign(&mut payload, advert, source.into(), signer);
    }
    let pseudo = ip::pseudo_v6(source, destination, PROTOCOL, payload.len());
    message::sum_up(&mut payload, &pseudo);
    payload
}

/// Appends the signed trailer.
fn sign(message: &mut Vec<u8>, advert: &Advert, source: IpAddr, signer: Signer<'_>) {
    let signed = Signed { version: advert.version(), vrid: advert.vrid, source, message };
    let trailer: [u8; trailer::LEN] = signer.key.trailer(signed, signer.stamp);
    message.extend_from_slice(&trailer);
}
