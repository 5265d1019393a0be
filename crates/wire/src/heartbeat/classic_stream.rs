//! Classic messages out of a stream that may begin, break and resume anywhere: a serial line,
//! the FIFO (docs/ancestors/heartbeat.md §1.2, §4.2).

use super::{MESSAGE_MAX, classic};

/// Cuts a stream of bytes into classic messages, and finds the next one after damage.
///
/// Whatever stands between messages is skipped. A message that is begun anew (two writers at
/// once, a cable pulled) or gets too long is dropped, and counted.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// The message so far, if one has begun; else only the line so far.
    pending: Vec<u8>,
    /// Where the line that is being read begins in `pending`.
    line: usize,
    inside: bool,
    dropped: u64,
}

impl Reader {
    /// A reader before its first byte.
    pub const fn new() -> Self {
        Self { pending: Vec::new(), line: 0, inside: false, dropped: 0 }
    }

    /// How many messages were begun and never ended.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes the next bytes of the stream and appends each message they complete, head to tail,
    /// to `out`; [`decode`](super::decode) or [`decode_local`](super::decode_local) reads it.
    /// Holds at most [`MESSAGE_MAX`] bytes back.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Vec<u8>>) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            if self.pending.len().saturating_add(piece.len()) > MESSAGE_MAX {
                self.restart(self.inside);
                continue;
            }
            self.pending.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.end_line(out);
            }
        }
    }

    fn end_line(&mut self, out: &mut Vec<Vec<u8>>) {
        let line = self.pending.get(self.line..).unwrap_or_default();
        let line = line.strip_suffix(b"\n").unwrap_or_default();
        // A NUL may end the message before; noise may come before the first head.
        let is_head = if self.inside {
            line == classic::HEAD || (line.starts_with(b"\0") && line.ends_with(classic::HEAD))
        } else {
            line.ends_with(classic::HEAD)
        };
        if is_head {
            self.restart(self.inside);
            classic::write_head(&mut self.pending);
            self.inside = true;
        } else if self.inside && line == classic::TAIL {
            out.push(std::mem::take(&mut self.pending));
            self.inside = false;
        } else if !self.inside {
            self.pending.clear();
        }
        self.line = self.pending.len();
    }

    fn restart(&mut self, lost: bool) {
        self.dropped = self.dropped.saturating_add(lost.into());
        self.pending.clear();
        self.line = 0;
        self.inside = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> (Vec<String>, u64) {
        let (mut reader, mut out) = (Reader::new(), Vec::new());
        for piece in pieces {
            reader.push(piece, &mut out);
        }
        let texts = out.iter().map(|m| String::from_utf8_lossy(m).into_owned()).collect();
        (texts, reader.dropped())
    }

    #[test]
    fn messages_come_out_whole_however_they_were_cut() {
        let stream = b">>>\nt=a\n<<<\n\0>>>\nt=b\n<<<\n>>>\nt=c\n<<<\n";
        let expected =
            (vec![">>>\nt=a\n<<<\n".into(), ">>>\nt=b\n<<<\n".into(), ">>>\nt=c\n<<<\n".into()], 0);
        for size in 1..stream.len() {
            let pieces: Vec<_> = stream.chunks(size).collect();
            assert_eq!(read(&pieces), expected, "cut every {size} bytes");
        }
    }

    #[test]
    fn noise_between_messages_is_skipped() {
        let (messages, dropped) = read(&[b"t=half\n<<<\n\xff\xfe>>>\nt=a\n<<<\nnoise\n"]);
        assert_eq!((messages, dropped), (vec![">>>\nt=a\n<<<\n".into()], 0));
    }

    #[test]
    fn a_message_begun_anew_replaces_the_unfinished_one() {
        let (messages, dropped) = read(&[b">>>\nt=lost\n>>>\nt=a\n<<<\n"]);
        assert_eq!((messages, dropped), (vec![">>>\nt=a\n<<<\n".into()], 1));
    }

    #[test]
    fn a_value_may_end_like_a_head() {
        let (messages, _) = read(&[b">>>\nx=>>>\n<<<\n"]);
        assert_eq!(messages, [">>>\nx=>>>\n<<<\n"]);
    }

    #[test]
    fn an_endless_message_is_dropped_and_the_next_one_read() {
        let (mut reader, mut out) = (Reader::new(), Vec::new());
        reader.push(b">>>\n", &mut out);
        for _ in 0..MESSAGE_MAX {
            reader.push(b"abc", &mut out);
            assert!(reader.pending.len() <= MESSAGE_MAX, "held back more than allowed");
        }
        reader.push(b"\n>>>\nt=a\n<<<\n", &mut out);
        assert_eq!(out, [b">>>\nt=a\n<<<\n"]);
        assert_eq!(reader.dropped(), 1);
    }
}
