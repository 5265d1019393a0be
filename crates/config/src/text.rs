//! Lines, words and numbers as the ancestor's C reads them; shared by all formats here.

use base::Span;

/// A word and where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word<'a> {
    /// The word.
    pub text: &'a str,
    /// Its place in the file.
    pub span: Span,
}

/// The words of `text`, which stands at byte `start` of its file, between any of `blanks`.
pub(crate) fn words<'a>(text: &'a str, start: usize, blanks: &[char]) -> Vec<Word<'a>> {
    let mut found = Vec::new();
    let mut at = start;
    for piece in text.split(|c| blanks.contains(&c)) {
        let end = at.saturating_add(piece.len());
        if !piece.is_empty() {
            found.push(Word { text: piece, span: Span::new(at, end) });
        }
        // Each separator is one byte: only ASCII is ever handed in as `blanks`.
        at = end.saturating_add(1);
    }
    found
}

/// The lines of `text` without their line ends (`\n` or `\r\n`), each with its first byte.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0_usize;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at = at.saturating_add(line.len());
        (start, line.strip_suffix('\n').unwrap_or(line).trim_end_matches('\r'))
    })
}

/// What C's `atoi` makes of `text`: the digits at its start, 0 without any. Saturates.
pub(crate) fn atoi(text: &str) -> i64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = digits
        .bytes()
        .take_while(u8::is_ascii_digit)
        .map(|digit| i64::from(digit.saturating_sub(b'0')))
        .fold(0_i64, |sum, digit| sum.saturating_mul(10).saturating_add(digit));
    value.saturating_mul(sign)
}

/// True when `text` is a number from its first to its last byte.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The candidate that `word` was probably meant to be.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A third of the letters may be wrong: `keepalives` yes, `totem` no. One or two letters are
    // near to everything.
    let letters = word.chars().count();
    let tolerance = if letters > 2 { letters.div_ceil(3).min(TYPOS_MAX) } else { 0 };
    let word = word.to_ascii_lowercase();
    candidates
        .into_iter()
        // Each letter more or less is a slip of its own: most candidates need no look.
        .filter(|candidate| candidate.chars().count().abs_diff(letters) <= tolerance)
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// More slips than this are another word.
const TYPOS_MAX: usize = 3;

/// Words longer than this are nobody's typing error; it bounds the work on hostile input.
const COMPARED_MAX: usize = 64;

/// How many letters must be added, removed or exchanged to make `b` of `a` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(COMPARED_MAX).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(COMPARED_MAX).enumerate() {
        let mut left = i.saturating_add(1);
        let mut next = vec![left];
        for (pair, y) in row.windows(2).zip(&b) {
            let (diagonal, above) = match pair {
                [diagonal, above] => (*diagonal, *above),
                _ => continue,
            };
            let exchanged = diagonal.saturating_add(usize::from(x != *y));
            left = exchanged.min(above.saturating_add(1)).min(left.saturating_add(1));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// At most this many characters of a wrong word are quoted in a message.
const QUOTED_MAX: usize = 60;

/// `text` in backquotes, shortened when it is long. What would steer a terminal is replaced: findings
/// go to terminals and logs.
pub(crate) fn quote(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let start: String = text.chars().take(QUOTED_MAX).map(shown).collect();
    let more = if text.chars().nth(QUOTED_MAX).is_some() { "…" } else { "" };
    format!("`{start}{more}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_where_they_stand() {
        let found = words("  a,bc\td", 10, &[' ', '\t', ',']);
        let spans: Vec<_> = found.iter().map(|w| (w.text, w.span.start)).collect();
        assert_eq!(spans, [("a", 12), ("bc", 14), ("d", 17)]);
    }

    #[test]
    fn lines_know_where_they_start_and_lose_carriage_returns() {
        let found: Vec<_> = lines("a\r\n\nb").collect();
        assert_eq!(found, [(0, "a"), (3, ""), (4, "b")]);
    }

    #[test]
    fn atoi_reads_what_it_can_and_saturates() {
        for (text, value) in [("12x", 12), ("x", 0), ("-3", -3), ("", 0), ("+7", 7)] {
            assert_eq!(atoi(text), value, "{text}");
        }
        assert_eq!(atoi(&"9".repeat(100)), i64::MAX);
    }

    #[test]
    fn a_quoted_word_is_short_and_steers_no_terminal() {
        assert_eq!(quote("a\u{1b}[31m\u{9b}b"), "`a\u{fffd}[31m\u{fffd}b`");
        assert_eq!(quote(&"x".repeat(QUOTED_MAX)), format!("`{}`", "x".repeat(QUOTED_MAX)));
        assert_eq!(quote(&"x".repeat(100)), format!("`{}…`", "x".repeat(QUOTED_MAX)));
    }

    #[test]
    fn a_slip_has_a_neighbour_and_a_stranger_has_none() {
        let known = ["keepalive", "deadtime", "deadping"];
        assert_eq!(nearest("keepalives", known), Some("keepalive"));
        assert_eq!(nearest("Deadtime", known), Some("deadtime"));
        assert_eq!(nearest("totem", known), None);
        assert_eq!(nearest(&"keepalive".repeat(1000), known), None);
    }
}
