//! Whether an advert that came in counts: the checks of docs/ancestors/keepalived.md §3.3 that
//! need the instance's configuration, in that order. Those that need none are `wire::vrrp`'s.

use crate::config::{Destination, HmacMode, Version};
use crate::credentials::Credentials;
use crate::io::Received;
use crate::router::Router;
use api::vrrp::Counters;
use base::WallTime;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;
use wire::vrrp::{self, Auth, Decoded, Dialect, Refusal, TrailerRefusal};

/// An advert that counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    /// Who sent it.
    pub(crate) source: IpAddr,
    /// 0: it leaves.
    pub(crate) priority: u8,
    /// Between two of its adverts.
    pub(crate) interval: Duration,
}

/// Why an advert doesn't count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// It is none, or not a whole one.
    Wire(Refusal),
    /// It has our own source address.
    OwnAddress,
    /// With an authentication header, or without, and we expect the contrary.
    AuthenticationHeader {
        /// It has one.
        present: bool,
    },
    /// Its TTL shows that it crossed a router, or isn't what was configured for that peer.
    Ttl(u8),
    /// It is written in another version.
    Version(u8),
    /// It is authenticated in another way.
    AuthType(u8),
    /// Another password.
    Password,
    /// The authentication header is signed with another key.
    Signature,
    /// The authentication header's number was used before.
    Sequence(u32),
    /// It has no signed trailer.
    NoTrailer,
    /// It has one, and `auth_hmac` is not configured: too long, as keepalived 2.2.7 finds.
    UnexpectedTrailer,
    /// Its signed trailer doesn't count.
    Trailer(TrailerRefusal),
    /// Version 2: it has another interval.
    Interval(Duration),
    /// It has so many addresses, and we have another number.
    AddressCount(usize),
    /// To a group, and we speak unicast, or the other way round.
    Destination(IpAddr),
    /// This address of ours is not in it.
    Address(IpAddr),
    /// Unicast, and not from a configured peer.
    Peer,
}

impl Refused {
    /// One word for counters and metrics.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Wire(refusal) => refusal.reason(),
            Self::OwnAddress => "own_address",
            Self::AuthenticationHeader { .. } => "authentication_header",
            Self::Ttl(_) => "ttl",
            Self::Version(_) => "other_version",
            Self::AuthType(_) => "other_auth_type",
            Self::Password => "password",
            Self::Signature => "signature",
            Self::Sequence(_) => "sequence",
            Self::NoTrailer => "no_trailer",
            Self::UnexpectedTrailer => "unexpected_trailer",
            Self::Trailer(refusal) => refusal.reason(),
            Self::Interval(_) => "other_interval",
            Self::AddressCount(_) => "address_count",
            Self::Destination(_) => "destination",
            Self::Address(_) => "address",
            Self::Peer => "unknown_peer",
        }
    }

    /// Counts it as keepalived would.
    pub(crate) fn count(self, in_: &mut Counters) {
        let counter = match self {
            Self::Wire(Refusal::TooShort(_) | Refusal::Length { .. }) | Self::UnexpectedTrailer => {
                &mut in_.packet_len_err
            }
            Self::Wire(Refusal::Type(_)) => &mut in_.invalid_type_rcvd,
            Self::Wire(Refusal::AuthType(_)) => &mut in_.invalid_authtype,
            Self::AuthType(_) | Self::AuthenticationHeader { .. } => &mut in_.authtype_mismatch,
            Self::Wire(Refusal::AuthenticationHeader)
            | Self::Password
            | Self::Signature
            | Self::Sequence(_)
            | Self::NoTrailer
            | Self::Trailer(_) => &mut in_.auth_failure,
            Self::Ttl(_) => &mut in_.ip_ttl_err,
            Self::Interval(_) => &mut in_.advert_interval_err,
            Self::AddressCount(_) | Self::Address(_) => &mut in_.addr_list_err,
            Self::Wire(_)
            | Self::OwnAddress
            | Self::Version(_)
            | Self::Destination(_)
            | Self::Peer => return,
        };
        *counter += 1;
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wire(refusal) => refusal.fmt(f),
            Self::OwnAddress => f.write_str("it has our own source address"),
            Self::AuthenticationHeader { present: true } => {
                f.write_str("it has an authentication header, which is not configured here")
            }
            Self::AuthenticationHeader { present: false } => {
                f.write_str("it lacks the authentication header that is configured here")
            }
            Self::Ttl(ttl) => write!(f, "its TTL is {ttl}: it crossed a router"),
            Self::Version(version) => write!(f, "it is of VRRP version {version}, not ours"),
            Self::AuthType(kind) => write!(f, "its authentication type is {kind}, not ours"),
            Self::Password => f.write_str("it has another password"),
            Self::Signature => f.write_str("it is signed with another key"),
            Self::Sequence(number) => write!(f, "its sequence number {number} was used before"),
            Self::NoTrailer => f.write_str("it is not signed"),
            Self::UnexpectedTrailer => {
                f.write_str("it is signed, and here auth_hmac is not configured")
            }
            Self::Trailer(refusal) => refusal.fmt(f),
            Self::Interval(theirs) => {
                write!(f, "its advert interval is {} s, not ours", theirs.as_secs())
            }
            Self::AddressCount(theirs) => {
                write!(f, "it has {theirs} addresses, not as many as ours")
            }
            Self::Destination(ip) => write!(f, "it was sent to {ip}, where we don't listen"),
            Self::Address(ip) => write!(f, "our address {ip} is not in it"),
            Self::Peer => f.write_str("it is not from a configured peer"),
        }
    }
}

/// The number of the virtual router that a packet is about, so that its refusal can be counted
/// there; nothing else is looked at.
pub(crate) fn vrid(packet: &Received) -> Option<u8> {
    /// Bytes of the authentication header that precedes the message.
    const AH_LEN: usize = 24;
    let message = if packet.source.is_ipv4() {
        let header = usize::from(packet.bytes.first()? & 0x0f) * 4;
        let before = if *packet.bytes.get(9)? == vrrp::PROTOCOL_AH { AH_LEN } else { 0 };
        packet.bytes.get(header + before..)?
    } else {
        &packet.bytes
    };
    message.get(1).copied()
}

impl Router {
    /// Takes in a packet for this router; `Ok` if it counts.
    pub(crate) fn receive(&mut self, packet: &Received, wall: WallTime) -> Result<Heard, Refused> {
        let decoded = match (packet.source, packet.destination) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                vrrp::decode_v6(&packet.bytes, source, destination)
            }
            _ => vrrp::decode_v4(&packet.bytes),
        };
        let result = decoded
            .map_err(Refused::Wire)
            .and_then(|decoded| self.check(&decoded, packet.ttl, wall));
        if let Err(refused) = result {
            refused.count(&mut self.counters);
        }
        result
    }

    fn check(&mut self, of: &Decoded<'_>, ttl: u8, wall: WallTime) -> Result<Heard, Refused> {
        if Some(of.source) == self.source {
            return Err(Refused::OwnAddress);
        }
        let wants_ah = matches!(self.credentials, Credentials::Ah(_));
        if of.ah.is_some() != wants_ah {
            return Err(Refused::AuthenticationHeader { present: of.ah.is_some() });
        }
        self.check_ttl(of, ttl)?;
        let version = if self.config.version == Version::V2 { 2 } else { 3 };
        if of.advert.version().number() != version {
            return Err(Refused::Version(of.advert.version().number()));
        }
        self.check_authentication(of, wall)?;
        self.check_contents(of)?;
        self.check_path(of)?;
        Ok(Heard {
            source: of.source,
            priority: of.advert.priority,
            interval: of.advert.interval(),
        })
    }

    fn check_ttl(&self, of: &Decoded<'_>, ttl: u8) -> Result<(), Refused> {
        let right = match &self.config.destination {
            Destination::Multicast(_) => ttl == vrrp::TTL,
            Destination::Unicast(peers) => {
                peers.iter().find(|peer| peer.ip == of.source).is_none_or(|peer| {
                    peer.min_ttl.is_none_or(|min| ttl >= min)
                        && peer.max_ttl.is_none_or(|max| ttl <= max)
                })
            }
        };
        if right { Ok(()) } else { Err(Refused::Ttl(ttl)) }
    }

    fn check_authentication(&mut self, of: &Decoded<'_>, wall: WallTime) -> Result<(), Refused> {
        if let (Dialect::V2 { auth: theirs, .. }, Dialect::V2 { auth: ours, .. }) =
            (&of.advert.dialect, &self.said.dialect)
        {
            if theirs.number() != ours.number() {
                return Err(Refused::AuthType(theirs.number()));
            }
            if let (Auth::Password(theirs), Auth::Password(ours)) = (theirs, ours)
                && theirs != ours
            {
                return Err(Refused::Password);
            }
        }
        match (&self.credentials, &of.ah, &of.trailer) {
            (Credentials::Ah(key), Some(ah), _) => {
                if !ah.is_signed_with(key) {
                    return Err(Refused::Signature);
                }
                if !self.replay.accept_sequence(of.source, ah.sequence) {
                    return Err(Refused::Sequence(ah.sequence));
                }
                // Whoever is master next goes on counting from the highest.
                self.ah_sequence = self.ah_sequence.max(ah.sequence);
                Ok(())
            }
            (Credentials::Hmac(with), _, Some(trailer)) => {
                self.replay.accept(trailer, of.source, with, wall).map_err(Refused::Trailer)
            }
            (Credentials::Hmac(with), _, None) if with.mode == HmacMode::Enforce => {
                Err(Refused::NoTrailer)
            }
            (_, _, Some(_)) => Err(Refused::UnexpectedTrailer),
            _ => Ok(()),
        }
    }

    fn check_contents(&self, of: &Decoded<'_>) -> Result<(), Refused> {
        let theirs = &of.advert.addresses;
        if self.config.version == Version::V2 && of.advert.interval() != self.said.interval() {
            return Err(Refused::Interval(of.advert.interval()));
        }
        let ours = &self.said.addresses;
        let known = self.config.skip_check_adv_addr && self.master == Some(of.source);
        if known || theirs == ours {
            return Ok(());
        }
        if theirs.len() != ours.len() {
            return Err(Refused::AddressCount(theirs.len()));
        }
        let theirs: BTreeSet<_> = theirs.iter().collect();
        let missing = ours.iter().find(|ip| !theirs.contains(ip));
        missing.map_or(Ok(()), |ip| Err(Refused::Address(*ip)))
    }

    fn check_path(&self, of: &Decoded<'_>) -> Result<(), Refused> {
        match &self.config.destination {
            Destination::Multicast(group) if of.destination != *group => {
                Err(Refused::Destination(of.destination))
            }
            Destination::Unicast(_) if of.destination.is_multicast() => {
                Err(Refused::Destination(of.destination))
            }
            Destination::Unicast(peers)
                if self.config.check_unicast_src
                    && !peers.iter().any(|peer| peer.ip == of.source) =>
            {
                Err(Refused::Peer)
            }
            _ => Ok(()),
        }
    }
}
