//! The last words of a program.

/// How much output of a program is kept, in bytes: enough for the reason it failed, and a bound
/// for one that never stops talking.
pub const TAIL_LIMIT: usize = 4096;

/// The end of what a program wrote.
#[derive(Clone, Debug, Default)]
pub struct Tail(Vec<u8>);

impl Tail {
    /// Adds what came, and drops from the front what is too much.
    pub fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(TAIL_LIMIT)..];
        let excess = (self.0.len() + bytes.len()).saturating_sub(TAIL_LIMIT);
        self.0.drain(..excess);
        self.0.extend_from_slice(bytes);
    }

    /// The words as text, each byte that is no UTF-8 as one `?`, so that the limit holds.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.0.len());
        for chunk in self.0.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|_| '?'));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_keeps_the_end_and_its_bound() {
        let mut tail = Tail::default();
        tail.push(&[b'a'; 3 * TAIL_LIMIT]);
        tail.push(b"end\xff");
        let text = tail.text();
        assert_eq!(text.len(), TAIL_LIMIT);
        assert!(text.ends_with("aend?"));
    }
}
