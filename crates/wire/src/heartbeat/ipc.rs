//! The frames of the client socket: length and magic before each message
//! (docs/ancestors/heartbeat.md §6.2).

use super::{MESSAGE_MAX, Refused};

/// The second word of each frame.
const MAGIC: u32 = 0xabcd;
/// Length and magic, four bytes each, in the byte order of the machine; little-endian on every
/// machine the ancestor was measured on.
const HEADER_LEN: usize = 8;

/// The message with its header before it.
pub fn wrap(message: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER_LEN.saturating_add(message.len()));
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&MAGIC.to_le_bytes());
    frame.extend_from_slice(message);
    frame
}

/// The first message of what was received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    /// The message without its header; [`decode_local`](super::decode_local) reads it.
    pub message: &'a [u8],
    /// What was received behind it.
    pub rest: &'a [u8],
}

/// Takes one message off the front of what was received. `None` means that more bytes have to
/// come.
///
/// # Errors
/// When what comes can't be a message of acceptable length: the connection is of no more use.
pub fn split(received: &[u8]) -> Result<Option<Frame<'_>>, Refused> {
    let Some((length, rest)) = received.split_first_chunk::<4>() else { return Ok(None) };
    let Some((magic, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    if u32::from_le_bytes(*magic) != MAGIC {
        return Err(Refused::NotOurs);
    }
    let length = u32::from_le_bytes(*length) as usize;
    if length > MESSAGE_MAX {
        return Err(Refused::TooLong);
    }
    Ok(rest.split_at_checked(length).map(|(message, rest)| Frame { message, rest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_out_when_its_last_byte_is_there() {
        let mut stream = wrap(b"first");
        stream.extend(wrap(b"second"));
        for cut in 0..13 {
            assert_eq!(split(&stream[..cut]), Ok(None), "{cut} bytes");
        }
        let first = split(&stream).expect("a frame").expect("complete");
        assert_eq!(first.message, b"first");
        assert_eq!(split(first.rest), Ok(Some(Frame { message: b"second", rest: b"" })));
    }

    #[test]
    fn wrong_magic_and_a_huge_length_are_refused_before_they_arrive() {
        assert_eq!(split(&[5, 0, 0, 0, 1, 2, 3, 4]), Err(Refused::NotOurs));
        assert_eq!(split(&[0xff, 0xff, 0xff, 0x7f, 0xcd, 0xab, 0, 0]), Err(Refused::TooLong));
    }
}
