//! Where bytes of a text stand, by line and column: thousands of findings in megabytes of text are
//! placed without reading the text anew for each.

/// A mark stands every so many bytes: the longest way a question goes from one.
const MARK_EVERY: usize = 4096;

/// A text whose bytes can be placed quickly.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    text: &'a str,
    /// Line and column at each multiple of [`MARK_EVERY`].
    marks: Vec<(usize, usize)>,
}

impl<'a> Places<'a> {
    /// Reads the text once.
    pub fn of(text: &'a str) -> Self {
        let mut at = (1, 1);
        let marks = text.as_bytes().chunks(MARK_EVERY).map(|piece| {
            let mark = at;
            at = behind(at, piece);
            mark
        });
        let marks = marks.collect();
        Self { text, marks }
    }

    /// The text.
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Line and column (both from 1, columns in characters) of a byte; behind the end: of the end.
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let byte = byte.min(self.text.len());
        // A text that ends where a mark would stand has none there.
        let mark = (byte / MARK_EVERY).min(self.marks.len().saturating_sub(1));
        let from = mark * MARK_EVERY;
        let at = self.marks.get(mark).copied().unwrap_or((1, 1));
        behind(at, self.text.as_bytes().get(from..byte).unwrap_or_default())
    }
}

/// The place behind these bytes, which begin at a place. A character counts with its first byte.
fn behind((line, column): (usize, usize), bytes: &[u8]) -> (usize, usize) {
    bytes.iter().fold((line, column), |(line, column), byte| match byte {
        b'\n' => (line + 1, 1),
        byte if byte & 0xc0 == 0x80 => (line, column),
        _ => (line, column + 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Diagnostic, Severity, Span};

    #[test]
    fn bytes_are_placed_as_a_single_finding_is() {
        let text = format!("ä\nbc\n{}\n{}", "é".repeat(MARK_EVERY), "x\n".repeat(MARK_EVERY));
        let places = Places::of(&text);
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)).step_by(7) {
            let found = Diagnostic::new(Severity::Note, "c", "f", Span::new(at, at), "m");
            assert_eq!(places.line_column(at), found.line_column(&text), "at byte {at}");
        }
        assert_eq!(places.line_column(usize::MAX), (MARK_EVERY + 4, 1));
    }

    #[test]
    fn a_text_of_nothing_and_one_that_ends_at_a_mark_have_places_too() {
        assert_eq!(Places::of("").line_column(0), (1, 1));
        let text = "x".repeat(MARK_EVERY);
        assert_eq!(Places::of(&text).line_column(MARK_EVERY), (1, MARK_EVERY + 1));
    }
}
