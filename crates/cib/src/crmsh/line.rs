//! Lines and words: joined lines, quotes, `name=value`.

use std::collections::VecDeque;

use super::{MAX_LINES, Mistake};

/// Logical lines with the number of the line they begin on.
pub(super) fn lines(text: &str) -> Result<Vec<(usize, String)>, Mistake> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut joining = false;
    for (at, line) in text.lines().enumerate() {
        if at == MAX_LINES {
            let sentence = format!("there are more than {MAX_LINES} lines");
            return Err(Mistake { line: at + 1, sentence });
        }
        let line = line.trim();
        if !joining && (line.is_empty() || line.starts_with('#')) {
            continue;
        }
        let (part, more) = match line.strip_suffix('\\') {
            Some(part) => (part.trim_end(), true),
            None => (line, false),
        };
        match found.last_mut().filter(|_| joining) {
            Some((_, whole)) => {
                whole.push(' ');
                whole.push_str(part);
            }
            None => found.push((at + 1, part.to_owned())),
        }
        joining = more;
    }
    Ok(found)
}

/// The words of a line, taken from the front.
#[derive(Debug)]
pub(super) struct Words(VecDeque<String>);

impl Words {
    /// Splits at blanks outside quotes; quotes go away, `\` inside them keeps the next character.
    pub(super) fn split(line: &str) -> Result<Words, String> {
        let mut words = VecDeque::new();
        let mut word = String::new();
        let (mut quote, mut begun) = (None, false);
        let mut rest = line.chars();
        while let Some(c) = rest.next() {
            match quote {
                Some(open) if c == open => quote = None,
                Some('"') if c == '\\' => word.extend(rest.next()),
                Some(_) => word.push(c),
                None if c == '"' || c == '\'' => (quote, begun) = (Some(c), true),
                None if c.is_whitespace() => {
                    if begun {
                        words.push_back(std::mem::take(&mut word));
                    }
                    begun = false;
                }
                None => {
                    word.push(c);
                    begun = true;
                }
            }
        }
        if quote.is_some() {
            return Err("a quote is not closed, so nobody knows where the value ends".to_owned());
        }
        if begun {
            words.push_back(word);
        }
        Ok(Words(words))
    }

    pub(super) fn next(&mut self) -> Option<String> {
        self.0.pop_front()
    }

    pub(super) fn peek(&self) -> Option<&str> {
        self.0.front().map(String::as_str)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next word, which must be there.
    pub(super) fn wanted(&mut self, what: &str) -> Result<String, String> {
        self.next().ok_or_else(|| format!("{what} is missing at the end of the line"))
    }

    /// The next word if it is one of these.
    pub(super) fn one_of(&mut self, words: &[&str]) -> Option<String> {
        let is = self.peek().is_some_and(|word| words.contains(&word));
        if is { self.next() } else { None }
    }

    /// The next word if it is `name=value`.
    pub(super) fn pair(&mut self) -> Option<(String, String)> {
        let (name, value) = pair(self.peek()?)?;
        self.0.pop_front();
        Some((name, value))
    }

    /// The next word without the `:` at its end, if it has one; with `:` as a word of its own too.
    pub(super) fn with_colon(&mut self) -> Option<String> {
        if let Some(word) = self.peek().and_then(|word| word.strip_suffix(':')) {
            let word = word.to_owned();
            self.0.pop_front();
            return Some(word);
        }
        if self.0.get(1).is_some_and(|next| next == ":") {
            let word = self.0.pop_front();
            self.0.pop_front();
            return word;
        }
        None
    }
}

/// `name=value`: the name is made of what names are made of.
fn pair(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let ok = |c: char| c.is_alphanumeric() || "_-.$#".contains(c);
    let named = !name.is_empty() && name.chars().all(ok);
    named.then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_comments_left_out() {
        let found = lines("# all\n\nprimitive a \\\n  Dummy \\\n  op x\nnode b").expect("lines");
        let wanted = vec![(3, "primitive a Dummy op x".to_owned()), (6, "node b".to_owned())];
        assert_eq!(found, wanted);
    }

    #[test]
    fn quotes_hold_words_together() {
        let mut words = Words::split(r#"a fake="two words" 'x y' """#).expect("closed");
        let all: Vec<String> = std::iter::from_fn(|| words.next()).collect();
        assert_eq!(all, ["a", "fake=two words", "x y", ""]);
        assert!(Words::split("a \"b").is_err());
    }
}
