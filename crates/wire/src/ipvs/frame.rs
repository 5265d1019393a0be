//! Netlink messages around those of the family, and the question for the family's number.

use super::command::Command;
use super::{FAMILY_NAME, HEADER_LEN};
use crate::attributes::{Attributes, Malformed, Writer};

/// Bytes of a netlink header: length, type, flags, sequence, port.
const NETLINK_LEN: usize = 16;
/// Netlink messages start at a multiple of this.
const ALIGNMENT: usize = 4;
/// Flags of a request: it is one, it wants an acknowledgement, it wants everything.
const REQUEST: u16 = 0x001;
const ACK: u16 = 0x004;
const DUMP: u16 = 0x300;
/// Types of netlink messages that are no family's, and the first that is one's.
const ERROR: u16 = 2;
const DONE: u16 = 3;
const FAMILY_MIN: u16 = 0x10;
/// The family that knows the others, its command, its version and its attributes
/// (`linux/genetlink.h`).
const CONTROLLER: u16 = FAMILY_MIN;
const GET_FAMILY: u8 = 3;
const CONTROLLER_VERSION: u8 = 1;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME_ATTRIBUTE: u16 = 2;

/// A command as a netlink socket sends it. `family` is the family's number, `sequence` comes
/// back with the answers.
pub fn request(family: u16, sequence: u32, command: &Command) -> Vec<u8> {
    let flags = if command.is_dump() { REQUEST | DUMP } else { REQUEST | ACK };
    framed(family, flags, sequence, &command.encode())
}

/// The question for the family's number.
pub fn family_request(sequence: u32) -> Vec<u8> {
    let mut out = Writer::after(vec![GET_FAMILY, CONTROLLER_VERSION, 0, 0]);
    out.text(FAMILY_NAME_ATTRIBUTE, FAMILY_NAME);
    framed(CONTROLLER, REQUEST | ACK, sequence, &out.into_bytes())
}

/// The family's number in the payload of the answer to [`family_request`].
///
/// # Errors
///
/// When it is another message, or lacks the number.
pub fn family_of(payload: &[u8]) -> Result<u16, Malformed> {
    let attributes = payload.get(HEADER_LEN..).ok_or(Malformed("shorter than its header"))?;
    Attributes::parse(attributes)?.u16(FAMILY_ID)?.ok_or(Malformed("no family"))
}

fn framed(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let length = payload.len().saturating_add(NETLINK_LEN);
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
    out.extend_from_slice(&kind.to_ne_bytes());
    out.extend_from_slice(&flags.to_ne_bytes());
    out.extend_from_slice(&sequence.to_ne_bytes());
    // The port is the kernel's to know.
    out.extend_from_slice(&0_u32.to_ne_bytes());
    out.extend_from_slice(payload);
    out
}

/// One netlink message of the kernel, with the sequence number of the request it answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message<'a> {
    /// An answer of a family.
    Answer {
        /// To which request.
        sequence: u32,
        /// The family's number.
        family: u16,
        /// Generic netlink header and attributes.
        payload: &'a [u8],
    },
    /// It is done (`errno` 0: acknowledgement, or the end of a dump), or failed.
    End {
        /// Which request.
        sequence: u32,
        /// Why it failed; 0: it didn't.
        errno: i32,
    },
}

/// Takes apart what one read of a netlink socket gave. After a malformed message nothing follows.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = Result<Message<'_>, Malformed>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = split(rest);
        rest = next.map_or(&[], |(_, rest)| rest);
        Some(next.map(|(message, _)| message))
    })
}

fn split(bytes: &[u8]) -> Result<(Message<'_>, &[u8]), Malformed> {
    let cut = Malformed("a cut netlink message");
    let (header, _) = bytes.split_first_chunk::<NETLINK_LEN>().ok_or(cut)?;
    let &[l0, l1, l2, l3, k0, k1, _, _, s0, s1, s2, s3, _, _, _, _] = header;
    let length = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).map_err(|_| cut)?;
    let payload = bytes.get(NETLINK_LEN..length).ok_or(cut)?;
    let sequence = u32::from_ne_bytes([s0, s1, s2, s3]);
    let message = match u16::from_ne_bytes([k0, k1]) {
        // Both start with a negated error number; the end of a dump may lack it.
        DONE if payload.is_empty() => Message::End { sequence, errno: 0 },
        ERROR | DONE => {
            let code = i32::from_ne_bytes(*payload.first_chunk().ok_or(cut)?);
            Message::End { sequence, errno: code.saturating_neg() }
        }
        family @ FAMILY_MIN.. => Message::Answer { sequence, family, payload },
        _ => return Err(Malformed("an unknown control message")),
    };
    let next = length.checked_next_multiple_of(ALIGNMENT).ok_or(cut)?;
    Ok((message, bytes.get(next..).unwrap_or_default()))
}
