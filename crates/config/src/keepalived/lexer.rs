//! Lines as words and braces (docs/ancestors/keepalived.md §1.1).
//!
//! A brace outside quotes ends the words before it, wherever it stands: `${X}` of an unknown
//! variable is `$`, a brace, `X`, a brace (measured).

use super::directives;
use super::findings::{Findings, Place};
use super::preprocess::Line;
use crate::text::quote;
use base::Span;

/// A word and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Word {
    /// Without its quotes.
    pub text: String,
    /// It stood in double quotes.
    pub quoted: bool,
    /// Its place.
    pub place: Place,
}

/// What lines consist of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token {
    /// Words up to a brace or the line's end; at least one.
    Words(Vec<Word>),
    /// `{`.
    Open(Place),
    /// `}`.
    Close(Place),
}

/// What separates words (measured; a no-break space doesn't).
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}

/// The tokens of a line.
pub(super) fn tokens(line: &Line, found: &mut Findings) -> Vec<Token> {
    let mut reading = Reading { line, done: Vec::new(), words: Vec::new() };
    let mut rest = line.text.as_str();
    loop {
        rest = rest.trim_start_matches(is_blank);
        let at = line.text.len().saturating_sub(rest.len());
        let Some(first) = rest.chars().next() else { break };
        match first {
            '{' | '}' => {
                reading.brace(first, at);
                rest = rest.get(1..).unwrap_or("");
            }
            '"' => {
                let inside = rest.get(1..).unwrap_or("");
                let Some(end) = closing_quote(inside, reading.is_command()) else {
                    reading.unterminated(at, found);
                    break;
                };
                reading.word(inside.get(..end).unwrap_or(""), at, end.saturating_add(2), true);
                rest = inside.get(end.saturating_add(1)..).unwrap_or("");
            }
            _ => {
                let end = rest.find(|c| is_blank(c) || "{}\"".contains(c)).unwrap_or(rest.len());
                let (word, tail) = rest.split_at(end);
                reading.word(word, at, end, false);
                rest = tail;
            }
        }
    }
    reading.flush();
    reading.done
}

/// Where a quoted string ends. In a command, a backslash protects a quote.
fn closing_quote(text: &str, command: bool) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let protected = std::mem::take(&mut escaped);
        escaped = command && c == '\\' && !protected;
        (c == '"' && !protected).then_some(at)
    })
}

/// Words being collected.
struct Reading<'a> {
    line: &'a Line,
    done: Vec<Token>,
    words: Vec<Word>,
}

impl Reading<'_> {
    fn place(&self, at: usize, len: usize) -> Place {
        if !self.line.exact {
            return self.line.place();
        }
        let start = self.line.span.start.saturating_add(at);
        Place { file: self.line.file, span: Span::new(start, start.saturating_add(len)) }
    }

    fn word(&mut self, text: &str, at: usize, len: usize, quoted: bool) {
        let place = self.place(at, len);
        self.words.push(Word { text: text.to_owned(), quoted, place });
    }

    fn brace(&mut self, brace: char, at: usize) {
        self.flush();
        let place = self.place(at, 1);
        self.done.push(if brace == '{' { Token::Open(place) } else { Token::Close(place) });
    }

    fn flush(&mut self) {
        if !self.words.is_empty() {
            self.done.push(Token::Words(std::mem::take(&mut self.words)));
        }
    }

    /// What stands in the quote isn't repeated: it may be a password.
    fn unterminated(&self, at: usize, found: &mut Findings) {
        let what = match self.words.first() {
            Some(word) => format!("a quote behind {} is not closed", quote(&word.text)),
            None => "a quote is not closed".to_owned(),
        };
        let then = [
            "nothing from the quote on is read",
            "keepalived drops it as well, and ends if the keyword then lacks its parameter",
            "close the quote on the same line",
        ];
        found.complain(self.place(at, 1), "unterminated-quote", what, then);
    }

    fn is_command(&self) -> bool {
        self.words.first().is_some_and(|word| directives::is_command(&word.text))
    }
}

/// The words of a script's quoted command: blanks separate, `'…'` keeps them, and backslash
/// escapes name characters (docs/ancestors/keepalived.md §1.1, measured).
pub(super) fn command_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                let c = escape(&mut rest);
                word.get_or_insert_default().extend(c);
            }
            '\'' | '"' if quoted == Some(c) => quoted = None,
            '\'' | '"' if quoted.is_none() => {
                quoted = Some(c);
                word.get_or_insert_default();
            }
            c if is_blank(c) && quoted.is_none() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The character a backslash makes of what follows it.
fn escape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    let c = rest.next()?;
    Some(match c {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'E' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'c' => rest.next().map_or('c', |c| char::from((c as u32 & 0x1f) as u8)),
        'x' => number(0, rest, 16, 2),
        '0'..='7' => number(c.to_digit(8).unwrap_or(0), rest, 8, 2),
        other => other,
    })
}

/// At most `digits` more digits of a character's number.
fn number(
    first: u32,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    radix: u32,
    digits: usize,
) -> char {
    let mut value = first;
    for _ in 0..digits {
        let Some(digit) = rest.peek().and_then(|c| c.to_digit(radix)) else { break };
        rest.next();
        value = value.saturating_mul(radix).saturating_add(digit);
    }
    char::from((value & 0xff) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        let line =
            Line { text: text.to_owned(), file: 0, span: Span::new(0, text.len()), exact: true };
        let mut shown = Vec::new();
        for token in tokens(&line, &mut Findings::default()) {
            shown.push(match token {
                Token::Words(words) => {
                    words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join("|")
                }
                Token::Open(_) => "{".to_owned(),
                Token::Close(_) => "}".to_owned(),
            });
        }
        shown.join(" ")
    }

    #[test]
    fn braces_end_words_and_quotes_keep_them() {
        assert_eq!(shape("track_script { chk }"), "track_script { chk }");
        assert_eq!(shape("virtual_router_id ${ID}"), "virtual_router_id|$ { ID }");
        assert_eq!(shape("auth_pass \"a {b\" 'c'"), "auth_pass|a {b|'c'");
        assert_eq!(shape("email a\u{a0}b"), "email|a\u{a0}b", "a no-break space is a letter");
    }

    #[test]
    fn a_quote_that_is_not_closed_takes_the_rest_with_it() {
        assert_eq!(shape("interface \"eth0"), "interface");
    }

    #[test]
    fn only_commands_protect_a_quote_with_a_backslash() {
        assert_eq!(shape(r#"script "/x \"a b\"""#), r#"script|/x \"a b\""#);
        assert_eq!(shape(r#"auth_pass "a\""#), "auth_pass|a\\");
    }

    #[test]
    fn a_command_is_split_again() {
        let cases = [
            (r"/bin/x 'a b' c", vec!["/bin/x", "a b", "c"]),
            (r"/bin/x a\ b \x41\102\t", vec!["/bin/x", "a b", "AB\t"]),
            (r#"/bin/x \"a\" ''"#, vec!["/bin/x", "\"a\"", ""]),
            ("a | b > c", vec!["a", "|", "b", ">", "c"]),
        ];
        for (text, words) in cases {
            assert_eq!(command_words(text), words, "{text}");
        }
    }
}
