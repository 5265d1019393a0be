//! Compression: of whole messages, or of the fields that clients ask for
//! (docs/ancestors/heartbeat.md §1.7).

use super::codec::{decode_unsigned, encode_classic, encode_unsigned};
use super::netstring::Audience;
use super::{EXPANDED_MAX, Field, Format, Keys, Message, Refused, Value, netstring};
use bzip2::read::{BzDecoder, BzEncoder};
use flate2::read::{ZlibDecoder, ZlibEncoder};
use std::io::Read;

/// The field that names the algorithm.
const ALGORITHM: &str = "_compression_algorithm";
/// The field that holds a whole message.
pub(super) const PAYLOAD: &str = "_compressed_payload";

/// The ancestor's bzip2 level (measured).
const BZ2_LEVEL: u32 = 1;

/// `compression`: the algorithm for what is sent. Both are always understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compression {
    /// A zlib stream (RFC 1950).
    Zlib,
    /// A bzip2 stream.
    Bz2,
}

impl Compression {
    /// Its word in ha.cf and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zlib => "zlib",
            Self::Bz2 => "bz2",
        }
    }

    /// The algorithm of that word.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Zlib, Self::Bz2].into_iter().find(|c| c.name() == name)
    }

    fn compress(self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        match self {
            Self::Zlib => ZlibEncoder::new(bytes, flate2::Compression::default())
                .read_to_end(&mut out)
                .ok()?,
            Self::Bz2 => BzEncoder::new(bytes, bzip2::Compression::new(BZ2_LEVEL))
                .read_to_end(&mut out)
                .ok()?,
        };
        Some(out)
    }

    /// Expands to at most `room` bytes.
    fn expand(self, bytes: &[u8], room: usize) -> Result<Vec<u8>, Refused> {
        let (mut zlib, mut bz2);
        let reader: &mut dyn Read = match self {
            Self::Zlib => {
                zlib = ZlibDecoder::new(bytes);
                &mut zlib
            }
            Self::Bz2 => {
                bz2 = BzDecoder::new(bytes);
                &mut bz2
            }
        };
        let mut out = Vec::new();
        let limit = room.saturating_add(1) as u64;
        reader.take(limit).read_to_end(&mut out).map_err(|_| Refused::BadCompression)?;
        if out.len() > room { Err(Refused::Bomb) } else { Ok(out) }
    }
}

/// What ha.cf says about compressing what is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packing {
    /// `compression`.
    pub algorithm: Compression,
    /// `compression_threshold` in bytes: what is not longer stays as it is.
    pub threshold: usize,
    /// `traditional_compression`: whole messages instead of the fields that ask for it.
    pub traditional: bool,
}

/// The message as it is to be sent: compressed where the configuration says so, else unchanged.
///
/// Traditionally, a message longer than the threshold becomes one field that holds it whole;
/// otherwise each [`Value::Uncompressed`] longer than that becomes a [`Value::Compressed`].
/// Messages inside are written as `msgfmt` says, signed where they are whole and classic.
/// Give the result to [`encode`](super::encode).
pub fn pack(message: Message, packing: Packing, msgfmt: Format, keys: &Keys) -> Message {
    if packing.traditional {
        if netstring::message_len(&message) <= packing.threshold {
            return message;
        }
        return pack_whole(&message, packing.algorithm, msgfmt, keys).unwrap_or(message);
    }
    if message.fields().iter().any(|f| matches!(f.value, Value::Uncompressed(_))) {
        pack_fields(message, packing, msgfmt)
    } else {
        message
    }
}

fn pack_whole(
    message: &Message,
    algorithm: Compression,
    msgfmt: Format,
    keys: &Keys,
) -> Option<Message> {
    let plain = match msgfmt {
        Format::Classic => {
            let mut plain = encode_classic(message, keys);
            plain.push(0);
            plain
        }
        Format::Netstring => encode_unsigned(message, msgfmt, Audience::Cluster),
    };
    let payload = algorithm.compress(&plain)?;
    let whole = Message::new().with_value(PAYLOAD, Value::Binary(payload));
    Some(whole.with(ALGORITHM, algorithm.name()))
}

fn pack_fields(message: Message, packing: Packing, msgfmt: Format) -> Message {
    let mut any = false;
    let mut packed: Message = message
        .into_fields()
        .map(|field| {
            let Value::Uncompressed(inner) = &field.value else { return field };
            if netstring::message_len(inner) <= packing.threshold {
                return field;
            }
            let plain = encode_unsigned(inner, msgfmt, Audience::Cluster);
            let Some(bytes) = packing.algorithm.compress(&plain) else { return field };
            any = true;
            Field { name: field.name, value: Value::Compressed(bytes) }
        })
        .collect();
    if any {
        packed.set(ALGORITHM, packing.algorithm.name());
    }
    packed
}

/// The message with everything in it decompressed; one without compression as it is.
pub(super) fn expand(message: Message) -> Result<Message, Refused> {
    let payload = message.binary(PAYLOAD);
    if payload.is_none() && !message.fields().iter().any(is_compressed) {
        return Ok(message);
    }
    let name = message.text(ALGORITHM).ok_or(Refused::BadCompression)?;
    let algorithm = Compression::of_name(name).ok_or(Refused::BadCompression)?;
    if let Some(payload) = payload {
        let mut inner = decode_unsigned(&algorithm.expand(payload, EXPANDED_MAX)?)?;
        inner.remove("auth");
        return Ok(inner);
    }
    expand_fields(message, algorithm)
}

fn is_compressed(field: &Field) -> bool {
    matches!(field.value, Value::Compressed(_))
}

/// Expands each compressed field. All together share the bound: many small bombs are one.
fn expand_fields(message: Message, algorithm: Compression) -> Result<Message, Refused> {
    let mut room = EXPANDED_MAX;
    let mut expanded = Message::new();
    for mut field in message.into_fields().filter(|f| f.name != ALGORITHM.as_bytes()) {
        if let Value::Compressed(bytes) = &field.value {
            let plain = algorithm.expand(bytes, room)?;
            room = room.saturating_sub(plain.len());
            field.value = Value::Struct(decode_unsigned(&plain)?);
        }
        expanded.push_field(field);
    }
    Ok(expanded)
}
