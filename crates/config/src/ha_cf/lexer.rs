//! ha.cf as statements: a directive, its words, its line (docs/ancestors/heartbeat.md §5.1).
//!
//! `#` starts a comment anywhere, even inside a command. The directive ends at a blank; the words
//! after it also at commas.

use crate::text::{Word, lines, words};
use base::Span;

/// The longest line in bytes that the ancestor reads at once; the rest of a longer one is read as
/// the next line (docs/ancestors/heartbeat.md §5.1: a buffer of 5120 bytes with its final NUL).
pub(crate) const LINE_MAX: usize = 5119;

/// One line that says something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Statement<'a> {
    /// The first word.
    pub directive: Word<'a>,
    /// The words after it, between blanks and commas.
    pub words: Vec<Word<'a>>,
    /// Everything after the directive, without the comment and the blanks at both ends.
    pub rest: Word<'a>,
}

impl<'a> Statement<'a> {
    /// The words after the directive, between blanks alone: commas belong to them.
    pub(crate) fn blank_words(&self) -> Vec<Word<'a>> {
        words(self.rest.text, self.rest.span.start, &[' ', '\t'])
    }

    /// From the directive to the last word.
    pub(crate) fn span(&self) -> Span {
        Span::new(self.directive.span.start, self.rest.span.end.max(self.directive.span.end))
    }
}

/// The statements of a ha.cf, in order.
pub(crate) fn statements(text: &str) -> Vec<Statement<'_>> {
    lines(text)
        .flat_map(|(start, line)| pieces(start, line))
        .filter_map(|(start, line)| statement(start, line))
        .collect()
}

/// A line as the ancestor's buffer cuts it.
fn pieces(start: usize, line: &str) -> Vec<(usize, &str)> {
    let (mut found, mut rest, mut at) = (Vec::new(), line, start);
    while rest.len() > LINE_MAX {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(LINE_MAX));
        found.push((at, head));
        at = at.saturating_add(head.len());
        rest = tail;
    }
    found.push((at, rest));
    found
}

fn statement(start: usize, line: &str) -> Option<Statement<'_>> {
    let line = line.split_once('#').map_or(line, |(before, _)| before);
    let trimmed = line.trim_start_matches(BLANKS);
    let start = start.saturating_add(line.len().saturating_sub(trimmed.len()));
    let trimmed = trimmed.trim_end_matches(BLANKS);
    if trimmed.is_empty() {
        return None;
    }
    let (name, tail) = trimmed.split_once(BLANKS).unwrap_or((trimmed, ""));
    let name_end = start.saturating_add(name.len());
    let rest = tail.trim_start_matches(BLANKS);
    let end = start.saturating_add(trimmed.len());
    let rest_start = end.saturating_sub(rest.len());
    Some(Statement {
        directive: Word { text: name, span: Span::new(start, name_end) },
        words: words(rest, rest_start, &[' ', '\t', ',']),
        rest: Word { text: rest, span: Span::new(rest_start, end) },
    })
}

/// What separates a directive from its values.
const BLANKS: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<(&str, Vec<&str>)> {
        statements(text)
            .into_iter()
            .map(|s| (s.directive.text, s.words.iter().map(|w| w.text).collect()))
            .collect()
    }

    #[test]
    fn comments_blank_lines_and_indentation_say_nothing() {
        assert_eq!(
            shape("# c\n\n  node a,b # uname -n\r\nkeepalive 1#x\n"),
            [("node", vec!["a", "b"]), ("keepalive", vec!["1"])]
        );
    }

    #[test]
    fn the_rest_of_a_line_keeps_its_commas_and_knows_its_place() {
        let text = " respawn root /bin/x a,b  c \n";
        let found = statements(text);
        assert_eq!(found[0].rest.text, "root /bin/x a,b  c");
        assert_eq!(&text[found[0].rest.span.range()], "root /bin/x a,b  c");
        assert_eq!(&text[found[0].span().range()], "respawn root /bin/x a,b  c");
    }

    #[test]
    fn the_rest_of_an_overlong_line_is_a_line_of_its_own() {
        let text = format!("#{}", "x".repeat(6000));
        assert_eq!(shape(&text).len(), 1, "even where it is the tail of a comment");
    }
}
