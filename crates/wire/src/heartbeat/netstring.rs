//! The netstring format: `###`, one counted `(TYPE)NAME=VALUE` per field, `%%%`, trailer
//! (docs/ancestors/heartbeat.md §1.1).
//!
//! Reading is in two steps, so that nothing is believed before its digest is checked: [`frame`]
//! only follows the lengths to the trailer, [`fields`] gives the fields their meaning.

use super::codec::{checked_name, cut_at_nul};
use super::{DEPTH_MAX, Field, Message, Refused, Value};

/// The first line.
pub(super) const HEAD: &[u8] = b"###\n";
/// The line after the last field.
const TAIL: &[u8] = b"%%%\n";
/// More digits than any length we accept has; longer ones cannot be right, leading zeros apart.
const DIGITS_MAX: usize = 10;

const LENGTH: Refused = Refused::Malformed("a length that is no number");

/// A message whose lengths hold, and nothing more.
pub(super) struct Frame<'a> {
    /// From the head to the tail, both included: what the trailer signs.
    pub(super) signed: &'a [u8],
    /// Between head and tail.
    body: &'a [u8],
    /// How many fields stand there.
    count: usize,
    /// Behind the tail: the trailer, if there is one.
    pub(super) after: &'a [u8],
}

/// Follows the lengths of a message to its tail.
pub(super) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Refused> {
    let inner = bytes.strip_prefix(HEAD).ok_or(Refused::NotOurs)?;
    let mut rest = inner;
    let mut count: usize = 0;
    loop {
        if let Some(after) = rest.strip_prefix(TAIL) {
            let (signed, _) = split_before(bytes, after)?;
            let (body, _) = split_before(inner, rest)?;
            return Ok(Frame { signed, body, count, after });
        }
        (_, rest) = counted(rest)?;
        count = count.saturating_add(1);
    }
}

/// `all` up to where its end part `tail` begins.
fn split_before<'a>(all: &'a [u8], tail: &[u8]) -> Result<(&'a [u8], &'a [u8]), Refused> {
    let at = all.len().saturating_sub(tail.len());
    all.split_at_checked(at).ok_or(LENGTH)
}

/// Takes one `LENGTH:BYTES,` off the front.
pub(super) fn counted(bytes: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    let digits = bytes.iter().take(DIGITS_MAX).take_while(|b| b.is_ascii_digit()).count();
    let (length, rest) = bytes.split_at_checked(digits).ok_or(LENGTH)?;
    let rest = rest.strip_prefix(b":").ok_or(LENGTH)?;
    let length: usize =
        std::str::from_utf8(length).ok().and_then(|l| l.parse().ok()).ok_or(LENGTH)?;
    let (payload, rest) =
        rest.split_at_checked(length).ok_or(Refused::Malformed("a length beyond the end"))?;
    let rest = rest.strip_prefix(b",").ok_or(Refused::Malformed("no comma after a field"))?;
    Ok((payload, rest))
}

/// The fields of a message; `depth` counts the messages around it.
pub(super) fn fields(frame: &Frame<'_>, depth: usize) -> Result<Message, Refused> {
    if depth > DEPTH_MAX {
        return Err(Refused::TooDeep);
    }
    let mut message = Message::with_room(frame.count);
    let mut body = frame.body;
    while !body.is_empty() {
        let (payload, rest) = counted(body)?;
        message.push_field(field(payload, depth)?);
        body = rest;
    }
    Ok(message)
}

fn field(payload: &[u8], depth: usize) -> Result<Field, Refused> {
    let &[b'(', digit, b')', ref assignment @ ..] = payload else {
        return Err(Refused::Malformed("a field without its type"));
    };
    let (name, value) = checked_name(assignment)?;
    let value = match digit {
        b'0' => Value::Text(cut_at_nul(value).to_vec()),
        b'1' => Value::Binary(value.to_vec()),
        b'2' => Value::Struct(nested(value, depth)?),
        b'3' => Value::List(list(value)?),
        b'4' => Value::Compressed(value.to_vec()),
        b'5' => Value::Uncompressed(nested(value, depth)?),
        _ => return Err(Refused::Malformed("a field of an unknown type")),
    };
    Ok(Field { name: name.to_vec(), value })
}

fn nested(value: &[u8], depth: usize) -> Result<Message, Refused> {
    let malformed = Refused::Malformed("a nested message that is none");
    let frame = frame(value).map_err(|_| malformed)?;
    if !frame.after.is_empty() {
        return Err(malformed);
    }
    fields(&frame, depth.saturating_add(1))
}

/// The strings of a list; the classic format writes lists in the same way.
pub(super) fn list(mut value: &[u8]) -> Result<Vec<Vec<u8>>, Refused> {
    let mut items = Vec::new();
    while !value.is_empty() {
        let (item, rest) = counted(value)?;
        items.push(cut_at_nul(item).to_vec());
        value = rest;
    }
    Ok(items)
}

/// How a field of type 5 is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// As type 2: other nodes never see a type 5.
    Cluster,
    /// As it is: between a client and its own node.
    Local,
}

/// Appends head, fields, one more field if there is one, and tail.
pub(super) fn write(message: &Message, last: Option<&Field>, to: Audience, out: &mut Vec<u8>) {
    write_at(message, last, to, 0, out);
}

fn write_at(
    message: &Message,
    last: Option<&Field>,
    audience: Audience,
    depth: usize,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(HEAD);
    // Deeper than the format goes is written as an empty message; none that was read is.
    for field in message.fields().iter().chain(last).filter(|_| depth <= DEPTH_MAX) {
        write_decimal(field_len(field, depth), out);
        out.push(b':');
        out.extend_from_slice(&[b'(', digit(&field.value, audience), b')']);
        out.extend_from_slice(&field.name);
        out.push(b'=');
        match &field.value {
            Value::Text(text) => out.extend_from_slice(cut_at_nul(text)),
            Value::Binary(bytes) | Value::Compressed(bytes) => out.extend_from_slice(bytes),
            Value::List(items) => write_list(items, out),
            Value::Struct(inner) | Value::Uncompressed(inner) => {
                write_at(inner, None, audience, depth.saturating_add(1), out);
            }
        }
        out.push(b',');
    }
    out.extend_from_slice(TAIL);
}

/// The type digit of a value on the wire.
pub(super) const fn digit(value: &Value, audience: Audience) -> u8 {
    match value {
        Value::Text(_) => b'0',
        Value::Binary(_) => b'1',
        Value::Struct(_) => b'2',
        Value::List(_) => b'3',
        Value::Compressed(_) => b'4',
        Value::Uncompressed(_) => match audience {
            Audience::Cluster => b'2',
            Audience::Local => b'5',
        },
    }
}

/// Appends `LENGTH:BYTES,`.
pub(super) fn write_counted(bytes: &[u8], out: &mut Vec<u8>) {
    write_decimal(bytes.len(), out);
    out.push(b':');
    out.extend_from_slice(bytes);
    out.push(b',');
}

/// Appends the strings of a list.
pub(super) fn write_list(items: &[Vec<u8>], out: &mut Vec<u8>) {
    for item in items {
        write_counted(cut_at_nul(item), out);
    }
}

/// Appends a number in decimal.
pub(super) fn write_decimal(number: usize, out: &mut Vec<u8>) {
    let from = out.len();
    let mut left = number;
    loop {
        // A remainder of 10 always fits.
        out.push(b'0'.wrapping_add((left % 10) as u8));
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(from..) {
        digits.reverse();
    }
}

/// The length of a message from head to tail.
pub(super) fn message_len(message: &Message) -> usize {
    message_len_at(message, 0)
}

fn message_len_at(message: &Message, depth: usize) -> usize {
    let fields = message.fields().iter().filter(|_| depth <= DEPTH_MAX);
    let ends = HEAD.len().saturating_add(TAIL.len());
    fields.map(|f| counted_len(field_len(f, depth))).fold(ends, usize::saturating_add)
}

/// The length of `(TYPE)NAME=VALUE`.
fn field_len(field: &Field, depth: usize) -> usize {
    let value = match &field.value {
        Value::Text(text) => cut_at_nul(text).len(),
        Value::Binary(bytes) | Value::Compressed(bytes) => bytes.len(),
        Value::List(items) => {
            items.iter().map(|i| counted_len(cut_at_nul(i).len())).fold(0, usize::saturating_add)
        }
        Value::Struct(inner) | Value::Uncompressed(inner) => {
            message_len_at(inner, depth.saturating_add(1))
        }
    };
    "(0)=".len().saturating_add(field.name.len()).saturating_add(value)
}

/// The length of `LENGTH:BYTES,` for that many bytes.
fn counted_len(length: usize) -> usize {
    let digits = length.checked_ilog10().unwrap_or(0).saturating_add(1) as usize;
    digits.saturating_add(":,".len()).saturating_add(length)
}
