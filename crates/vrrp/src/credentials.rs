//! How a router proves that an advert is its own, and what it asks of others.

use crate::config::{Authentication, HmacMode};
use base::WallTime;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use wire::vrrp::{AhKey, HmacKey, Password, Stamp, Trailer, TrailerRefusal};

/// Senders whose last stamp is remembered: no network has more routers with one number than there
/// are priorities. The one heard longest ago makes room.
const SENDERS_MAX: usize = 255;

/// Keys, prepared once. Boxed: most of thousands of routers have none.
#[derive(Clone, Debug)]
pub(crate) enum Credentials {
    /// None, or a password, which stands in every advert.
    None,
    /// The key of an authentication header.
    Ah(Box<AhKey>),
    /// The keys of signed trailers.
    Hmac(Box<Trailers>),
}

/// What signed trailers are made and checked with.
#[derive(Clone, Debug)]
pub(crate) struct Trailers {
    /// By their number.
    pub(crate) keys: BTreeMap<u8, HmacKey>,
    /// The one we sign with.
    active: u8,
    /// How old or early an advert may be.
    pub(crate) window: Duration,
    /// What is asked of others.
    pub(crate) mode: HmacMode,
}

impl Credentials {
    /// Of what was configured.
    pub(crate) fn new(of: &Authentication) -> Self {
        match of {
            Authentication::None | Authentication::Pass(_) => Self::None,
            Authentication::Ah(padded) => Self::Ah(Box::new(AhKey::new(&Password::new(*padded)))),
            Authentication::Hmac(of) => Self::Hmac(Box::new(Trailers {
                keys: of
                    .keys
                    .iter()
                    .map(|(number, secret)| (*number, HmacKey::new(*number, secret)))
                    .collect(),
                active: of.active,
                window: of.window,
                mode: of.mode,
            })),
        }
    }

    /// The key our adverts are signed with.
    pub(crate) fn signing_key(&self) -> Option<&HmacKey> {
        match self {
            Self::Hmac(of) if of.mode != HmacMode::ReceiveOnly => of.keys.get(&of.active),
            _ => None,
        }
    }
}

/// What a router must remember of signed adverts, so that none counts a second time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Heard {
    /// Its instance's name.
    pub instance: String,
    /// The highest number in an authentication header, ours included.
    pub ah_sequence: u32,
    /// The last number of each sender's authentication headers.
    pub sequences: Vec<(IpAddr, u32)>,
    /// The last stamp of each sender's trailers.
    pub stamps: Vec<(IpAddr, Stamp)>,
    /// The last stamp of our own.
    pub sent: Option<Stamp>,
}

/// Stamps of signed trailers and numbers of authentication headers, of each sender the last: an
/// advert counts once. Takes room when there is something to remember.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replay(Option<Box<Seen>>);

#[derive(Clone, Debug, Default)]
struct Seen {
    sent: Option<Stamp>,
    heard: BTreeMap<IpAddr, Stamp>,
    sequences: BTreeMap<IpAddr, u32>,
}

impl Replay {
    /// Everything, for a successor.
    pub(crate) fn heard(&self, instance: &str, ah_sequence: u32) -> Heard {
        let seen = self.0.as_deref();
        let sequences = seen.map(|seen| seen.sequences.iter().map(|(ip, last)| (*ip, *last)));
        let stamps = seen.map(|seen| seen.heard.iter().map(|(ip, last)| (*ip, *last)));
        Heard {
            instance: instance.to_owned(),
            ah_sequence,
            sequences: sequences.into_iter().flatten().collect(),
            stamps: stamps.into_iter().flatten().collect(),
            sent: seen.and_then(|seen| seen.sent),
        }
    }

    /// What a predecessor heard.
    pub(crate) fn after(heard: &Heard) -> Self {
        let mut seen = Seen { sent: heard.sent, ..Seen::default() };
        for (source, number) in &heard.sequences {
            remember(&mut seen.sequences, *source, *number);
        }
        for (source, stamp) in &heard.stamps {
            remember(&mut seen.heard, *source, *stamp);
        }
        Self(Some(Box::new(seen)))
    }

    /// The stamp of the next advert we sign.
    pub(crate) fn next(&mut self, wall: WallTime) -> Stamp {
        let seen = self.0.get_or_insert_default();
        let stamp = Stamp::next(wall, seen.sent);
        seen.sent = Some(stamp);
        stamp
    }

    /// Whether a trailer of `source` is right and new. It is remembered then.
    pub(crate) fn accept(
        &mut self,
        trailer: &Trailer<'_>,
        source: IpAddr,
        with: &Trailers,
        wall: WallTime,
    ) -> Result<(), TrailerRefusal> {
        let seen = self.0.get_or_insert_default();
        let last = seen.heard.get(&source).copied();
        let stamp = trailer.verify(&with.keys, Some(wall), with.window, last)?;
        remember(&mut seen.heard, source, stamp);
        Ok(())
    }

    /// Whether an authentication header of `source` has a new number. It is remembered then.
    ///
    /// keepalived asks for a number above the last of all senders. Two masters that count in step
    /// would refuse each other for ever; numbers of others are no reason to refuse.
    pub(crate) fn accept_sequence(&mut self, source: IpAddr, number: u32) -> bool {
        let seen = self.0.get_or_insert_default();
        let is_new = seen.sequences.get(&source).is_none_or(|last| number > *last);
        if is_new {
            remember(&mut seen.sequences, source, number);
        }
        is_new
    }
}

/// Notes the last of a sender; the one that said the least makes room.
fn remember<T: Ord + Copy>(last: &mut BTreeMap<IpAddr, T>, source: IpAddr, value: T) {
    if !last.contains_key(&source) && last.len() >= SENDERS_MAX {
        let oldest = last.iter().min_by_key(|(_, value)| **value).map(|(ip, _)| *ip);
        oldest.and_then(|ip| last.remove(&ip));
    }
    last.insert(source, value);
}
