//! The classic format: `>>>`, one line `NAME=VALUE` per field, `<<<`
//! (docs/ancestors/heartbeat.md §1.2).
//!
//! A nested message is one line: its own line ends are written as a byte that tells the depth.
//! Its signature is one of its fields, `auth`, and may stand anywhere.

use super::codec::{checked_name, cut_at_nul};
use super::netstring::{self, Audience, digit};
use super::{Field, Message, Refused, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The line before the first field.
pub(super) const HEAD: &[u8] = b">>>";
/// The line after the last field.
pub(super) const TAIL: &[u8] = b"<<<";
/// What ends a line, by depth (docs/ancestors/heartbeat.md §1.1): the message itself, then the
/// messages nested in it.
const LINE_ENDS: [u8; super::DEPTH_MAX + 1] =
    [b'\n', 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 15, 16, 17, 18];
/// What a line end inside a text is written as (docs/ancestors/heartbeat.md §1.1).
const TEXT_LINE_END: u8 = 19;

/// The beginning of the signature's line.
const AUTH: &[u8] = b"auth=";

fn line_end(depth: usize) -> Result<u8, Refused> {
    LINE_ENDS.get(depth).copied().ok_or(Refused::TooDeep)
}

/// The lines of a message without head and tail, and what stands behind it.
fn frame(bytes: &[u8], depth: usize) -> Result<(&[u8], &[u8]), Refused> {
    let end = line_end(depth)?;
    let (head, body) = line(bytes, end)?;
    if head != HEAD {
        return Err(Refused::NotOurs);
    }
    let mut rest = body;
    loop {
        let (next, after) = line(rest, end)?;
        if next == TAIL {
            let length = body.len().saturating_sub(rest.len());
            return Ok((body.get(..length).unwrap_or_default(), after));
        }
        rest = after;
    }
}

/// Takes one line off the front, without its end.
fn line(bytes: &[u8], end: u8) -> Result<(&[u8], &[u8]), Refused> {
    let cut = Refused::Malformed("no end line");
    let at = bytes.iter().position(|b| *b == end).ok_or(cut)?;
    let (line, rest) = bytes.split_at_checked(at).ok_or(cut)?;
    Ok((line, rest.split_first().ok_or(cut)?.1))
}

/// A message whose lines are found, and nothing more.
pub(super) struct Frame<'a> {
    body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Finds the lines; whatever follows the message (a NUL, usually) is ignored.
    pub(super) fn find(bytes: &'a [u8]) -> Result<Self, Refused> {
        Ok(Self { body: frame(bytes, 0)?.0 })
    }

    /// The value of the first `auth`, and what it signs: all before it and all behind it.
    pub(super) fn signature(&self) -> Option<(&'a [u8], [&'a [u8]; 2])> {
        let mut rest = self.body;
        while let Ok((next, after)) = line(rest, b'\n') {
            if let Some(signature) = next.strip_prefix(AUTH) {
                let before = self.body.len().saturating_sub(rest.len());
                return Some((signature, [self.body.get(..before).unwrap_or_default(), after]));
            }
            rest = after;
        }
        None
    }

    /// The fields.
    pub(super) fn fields(&self) -> Result<Message, Refused> {
        fields(self.body, 0)
    }
}

fn fields(mut body: &[u8], depth: usize) -> Result<Message, Refused> {
    let end = line_end(depth)?;
    let mut message = Message::new();
    while !body.is_empty() {
        let (next, rest) = line(body, end)?;
        message.push_field(field(next, depth)?);
        body = rest;
    }
    Ok(message)
}

fn field(line: &[u8], depth: usize) -> Result<Field, Refused> {
    if line.contains(&0) {
        return Err(Refused::Malformed("a NUL inside a line"));
    }
    let (digit, assignment) = match line {
        &[b'(', digit, b')', ref assignment @ ..] => (digit, assignment),
        assignment => (b'0', assignment),
    };
    let (name, value) = checked_name(assignment)?;
    let value = match digit {
        b'0' => Value::Text(text(value)),
        b'1' => Value::Binary(bytes(value)?),
        b'2' => Value::Struct(nested(value, depth)?),
        b'3' => Value::List(netstring::list(&text(value))?),
        b'4' => Value::Compressed(bytes(value)?),
        b'5' => Value::Uncompressed(nested(value, depth)?),
        _ => return Err(Refused::Malformed("a field of an unknown type")),
    };
    Ok(Field { name: name.to_vec(), value })
}

fn text(value: &[u8]) -> Vec<u8> {
    value.iter().map(|b| if *b == TEXT_LINE_END { b'\n' } else { *b }).collect()
}

fn bytes(value: &[u8]) -> Result<Vec<u8>, Refused> {
    STANDARD.decode(value).map_err(|_| Refused::Malformed("a value that is not base64"))
}

fn nested(value: &[u8], depth: usize) -> Result<Message, Refused> {
    let malformed = Refused::Malformed("a nested message that is none");
    let depth = depth.saturating_add(1);
    let (body, after) = match frame(value, depth) {
        Err(Refused::TooDeep) => return Err(Refused::TooDeep),
        found => found.map_err(|_| malformed)?,
    };
    if !after.is_empty() {
        return Err(malformed);
    }
    fields(body, depth)
}

/// Appends the lines of the fields, without head and tail: what `auth` signs.
pub(super) fn write_fields(message: &Message, audience: Audience, out: &mut Vec<u8>) {
    write_fields_at(message, audience, 0, out);
}

/// Appends head and its line end.
pub(super) fn write_head(out: &mut Vec<u8>) {
    out.extend_from_slice(HEAD);
    out.push(b'\n');
}

/// Appends tail and its line end.
pub(super) fn write_tail(out: &mut Vec<u8>) {
    out.extend_from_slice(TAIL);
    out.push(b'\n');
}

/// Appends `auth`'s name, to be followed by its value and a line end.
pub(super) fn write_auth_name(out: &mut Vec<u8>) {
    out.extend_from_slice(AUTH);
}

fn write_fields_at(message: &Message, audience: Audience, depth: usize, out: &mut Vec<u8>) {
    // Deeper than the format goes is written as an empty message; none that was read is.
    let Ok(end) = line_end(depth) else { return };
    for field in message.fields() {
        match digit(&field.value, audience) {
            b'0' => {}
            digit => out.extend_from_slice(&[b'(', digit, b')']),
        }
        out.extend_from_slice(&field.name);
        out.push(b'=');
        match &field.value {
            Value::Text(text) => write_text(cut_at_nul(text), out),
            Value::Binary(bytes) | Value::Compressed(bytes) => write_base64(bytes, out),
            Value::List(items) => write_items(items, out),
            Value::Struct(inner) | Value::Uncompressed(inner) => {
                write_nested(inner, audience, depth.saturating_add(1), out);
            }
        }
        out.push(end);
    }
}

fn write_nested(message: &Message, audience: Audience, depth: usize, out: &mut Vec<u8>) {
    let Ok(end) = line_end(depth) else { return };
    out.extend_from_slice(HEAD);
    out.push(end);
    write_fields_at(message, audience, depth, out);
    out.extend_from_slice(TAIL);
    out.push(end);
}

fn write_items(items: &[Vec<u8>], out: &mut Vec<u8>) {
    let mut list = Vec::new();
    netstring::write_list(items, &mut list);
    write_text(&list, out);
}

fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text.iter().map(|b| if *b == b'\n' { TEXT_LINE_END } else { *b }));
}

fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let from = out.len();
    let room = base64::encoded_len(bytes.len(), true).unwrap_or(0);
    out.resize(from.saturating_add(room), 0);
    let written = out.get_mut(from..).map_or(Ok(0), |to| STANDARD.encode_slice(bytes, to));
    out.truncate(from.saturating_add(written.unwrap_or(0)));
}
