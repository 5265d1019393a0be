//! Messages to bytes and back: signed for other nodes, unsigned for local programs.

use super::netstring::Audience;
use super::{Field, Format, Keys, MESSAGE_MAX, Message, Refused, Value, classic, netstring};

/// The field that holds a classic signature.
const AUTH: &[u8] = b"auth";

/// A message whose signature was right: only [`decode`] makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authenticated(Message);

impl Authenticated {
    /// The message, without the fields that signed it.
    pub const fn message(&self) -> &Message {
        &self.0
    }

    /// The message, without the fields that signed it.
    pub fn into_message(self) -> Message {
        self.0
    }

    /// The same message with everything in it decompressed: whole messages and single fields
    /// (docs/ancestors/heartbeat.md §1.7). One without compression comes back as it is.
    ///
    /// # Errors
    /// [`Refused::BadCompression`] if it names an algorithm nobody has or its bytes are not of
    /// that, [`Refused::Bomb`] if it is larger than [`EXPANDED_MAX`](super::EXPANDED_MAX), or
    /// what [`decode_local`] says of the message inside.
    pub fn expanded(self) -> Result<Self, Refused> {
        super::compression::expand(self.0).map(Self)
    }
}

/// Writes a message for other nodes, signed by the active key.
///
/// `form` is how it travels: UDP takes [`Format::Netstring`], a serial line
/// [`Format::Classic`]. `msgfmt` is the node's setting of that name: with `classic`, a netstring
/// message gets the inner `auth` that the ancestor would add, unless a field of it is a message.
/// A field named `auth` of the message itself is left out.
pub fn encode(message: &Message, form: Format, msgfmt: Format, keys: &Keys) -> Vec<u8> {
    let unsigned;
    let message = if message.fields().iter().any(is_auth) {
        unsigned = without_auth(message.clone());
        &unsigned
    } else {
        message
    };
    match form {
        Format::Classic => encode_classic(message, keys),
        Format::Netstring => encode_netstring(message, msgfmt, keys),
    }
}

/// Head, fields, `auth` over the fields, tail.
pub(super) fn encode_classic(message: &Message, keys: &Keys) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity(message));
    classic::write_head(&mut out);
    let from = out.len();
    classic::write_fields(message, Audience::Cluster, &mut out);
    let (index, digest) = keys.signature(out.get(from..).unwrap_or_default());
    classic::write_auth_name(&mut out);
    write_signature(index, digest.as_bytes(), &mut out);
    out.push(b'\n');
    classic::write_tail(&mut out);
    out
}

fn encode_netstring(message: &Message, msgfmt: Format, keys: &Keys) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity(message));
    if msgfmt == Format::Classic && message.fields().iter().all(is_signed_inside) {
        // The inner signature is over the classic lines: written, signed and taken back.
        classic::write_fields(message, Audience::Cluster, &mut out);
        let (index, digest) = keys.signature(&out);
        out.clear();
        let mut signature = Vec::with_capacity(SIGNATURE_MAX);
        write_signature(index, digest.as_bytes(), &mut signature);
        let auth = Field { name: AUTH.to_vec(), value: Value::Text(signature) };
        netstring::write(message, Some(&auth), Audience::Cluster, &mut out);
    } else {
        netstring::write(message, None, Audience::Cluster, &mut out);
    }
    let (index, digest) = keys.signature(&out);
    let mut trailer = Vec::with_capacity(SIGNATURE_MAX);
    write_signature(index, digest.as_bytes(), &mut trailer);
    netstring::write_counted(&trailer, &mut out);
    out
}

/// `NUMBER DIGEST`: three digits, a blank, forty digits.
const SIGNATURE_MAX: usize = 44;

fn write_signature(index: u8, digest: &[u8], out: &mut Vec<u8>) {
    netstring::write_decimal(index.into(), out);
    out.push(b' ');
    out.extend_from_slice(digest);
}

/// About how long a message becomes; only a hint.
fn capacity(message: &Message) -> usize {
    netstring::message_len(message).saturating_add(SIGNATURE_MAX.saturating_mul(3))
}

fn is_auth(field: &Field) -> bool {
    field.name == AUTH
}

fn without_auth(mut message: Message) -> Message {
    message.remove("auth");
    message
}

/// Fields that keep the ancestor from adding an inner `auth`: nested messages in any dress
/// (docs/ancestors/heartbeat.md §1.3), and a whole message's (§1.7).
fn is_signed_inside(field: &Field) -> bool {
    match field.value {
        Value::Text(_) | Value::List(_) => true,
        Value::Binary(_) => field.name != super::compression::PAYLOAD.as_bytes(),
        Value::Struct(_) | Value::Compressed(_) | Value::Uncompressed(_) => false,
    }
}

/// Reads a message of another node, in either format.
///
/// The digest is checked over exactly the bytes that came, by the key whose number they carry,
/// before any field is looked at. Bytes behind the message are ignored, as the ancestor does.
///
/// # Errors
/// Why it was refused. A netstring message is verified by its trailer alone (its inner `auth` is
/// not looked at: the ancestor accepts a wrong one), a classic message by its field `auth`.
pub fn decode(bytes: &[u8], keys: &Keys) -> Result<Authenticated, Refused> {
    if bytes.len() > MESSAGE_MAX {
        return Err(Refused::TooLong);
    }
    let message = if bytes.starts_with(classic::HEAD) {
        let frame = classic::Frame::find(bytes)?;
        let (signature, signed) = frame.signature().ok_or(Refused::NoAuth)?;
        keys.verify(signature, &signed)?;
        frame.fields()?
    } else {
        let frame = netstring::frame(bytes)?;
        let trailer = netstring::counted(frame.after).map_err(|_| Refused::NoAuth)?.0;
        keys.verify(trailer, &[frame.signed])?;
        netstring::fields(&frame, 0)?
    };
    Ok(Authenticated(without_auth(message)))
}

/// Reads a message of a local program (FIFO, client socket), in either format: it is not signed,
/// the file's or socket's mode protects it. Bytes behind it (a NUL) are ignored.
///
/// # Errors
/// Why it was refused.
pub fn decode_local(bytes: &[u8]) -> Result<Message, Refused> {
    if bytes.len() > MESSAGE_MAX {
        return Err(Refused::TooLong);
    }
    decode_unsigned(bytes)
}

/// Reads a message without looking at its signature or its length.
pub(super) fn decode_unsigned(bytes: &[u8]) -> Result<Message, Refused> {
    if bytes.starts_with(classic::HEAD) {
        classic::Frame::find(bytes)?.fields()
    } else {
        netstring::fields(&netstring::frame(bytes)?, 0)
    }
}

/// Writes a message for a local program: unsigned; the classic format ends with a NUL.
pub fn encode_local(message: &Message, form: Format) -> Vec<u8> {
    encode_unsigned(message, form, Audience::Local)
}

/// Head, fields, tail, and the NUL that ends the classic format where nothing else does.
pub(super) fn encode_unsigned(message: &Message, form: Format, to: Audience) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity(message));
    match form {
        Format::Classic => {
            classic::write_head(&mut out);
            classic::write_fields(message, to, &mut out);
            classic::write_tail(&mut out);
            out.push(0);
        }
        Format::Netstring => netstring::write(message, None, to, &mut out),
    }
    out
}

/// Splits `NAME=VALUE`. A name has no control bytes and doesn't begin like a type, so that what
/// was read can be written again, in either format, and means the same.
pub(super) fn checked_name(assignment: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    let no_name = Refused::Malformed("a field without `=`");
    let at = assignment.iter().position(|b| *b == b'=').ok_or(no_name)?;
    let (name, value) = assignment.split_at_checked(at).ok_or(no_name)?;
    let (_, value) = value.split_first().ok_or(no_name)?;
    if name.is_empty() {
        return Err(Refused::Malformed("a field without a name"));
    }
    if name.starts_with(b"(") || name.iter().any(u8::is_ascii_control) {
        return Err(Refused::Malformed("a field with an impossible name"));
    }
    Ok((name, value))
}

/// A text ends at its first NUL (docs/ancestors/heartbeat.md §1.1).
pub(super) fn cut_at_nul(text: &[u8]) -> &[u8] {
    match text.iter().position(|b| *b == 0) {
        Some(at) => text.get(..at).unwrap_or_default(),
        None => text,
    }
}
