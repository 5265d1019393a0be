//! `include` and what it must find: letters behind it, and `include_check`
//! (docs/ancestors/keepalived.md §1.1).

use super::super::findings::Place;
use super::super::lexer::is_blank;
use super::{FILES_MAX, INCLUDES_DEEP, Preprocessor};
use crate::File;
use crate::text::quote;

/// So many patterns one pattern with braces stands for: each of them is looked up.
const ALTERNATIVES_MAX: usize = 256;
/// What makes a pattern of a path.
const WILDCARDS: [char; 3] = ['*', '?', '['];

/// What includes must find, or keepalived ends with 6.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Checks {
    /// A file that is found can be read. Any other check asks for it too (measured).
    readable: bool,
    /// A path without wildcards and braces is there.
    matched: bool,
    /// A pattern with wildcards finds something.
    wildcard: bool,
    /// Each alternative in braces finds something.
    brace: bool,
}

impl Checks {
    const ALL: Self = Self { readable: true, matched: true, wildcard: true, brace: true };

    /// With those of the letters behind an `include` in addition; `None`: it is another keyword.
    fn with_letters(self, letters: &str) -> Option<Self> {
        letters.chars().try_fold(self, |checks, letter| {
            Some(match letter {
                'r' => Self { readable: true, ..checks },
                'm' => Self { matched: true, ..checks },
                // It asks for a plain path too, which the word `wildcard_match` doesn't (measured).
                'w' => Self { matched: true, wildcard: true, ..checks },
                'b' => Self { brace: true, ..checks },
                'a' => Self::ALL,
                _ => return None,
            })
        })
    }

    /// As the words of `include_check` say: these alone; with `+` and `-` more or fewer; without
    /// words all. A word that 2.2.7 doesn't know is left to the table of keywords.
    fn with_words(self, words: &str) -> Self {
        let mut checks = self;
        let (mut signed, mut adds) = (false, true);
        let mut words = words.split(is_blank).filter(|word| !word.is_empty()).peekable();
        if words.peek().is_none() {
            return Self::ALL;
        }
        for word in words {
            let name = word.trim_start_matches(['+', '-']);
            if let Some(sign) = word.chars().next().filter(|sign| matches!(sign, '+' | '-')) {
                (signed, adds) = (true, sign == '+');
            } else if !signed {
                // The first word without a sign before it begins anew.
                (checks, signed) = (Self::default(), true);
            }
            match name {
                "readable" => checks.readable = adds,
                "match" => checks.matched = adds,
                "wildcard_match" => checks.wildcard = adds,
                "brace_match" => checks.brace = adds,
                _ => {}
            }
        }
        checks
    }

    const fn any(self) -> bool {
        self.readable || self.matched || self.wildcard || self.brace
    }

    /// Whether a pattern that finds nothing, or in braces not everything, ends the reading.
    fn wants(self, pattern: &str) -> bool {
        if pattern.contains('{') {
            self.brace
        } else if pattern.contains(WILDCARDS) {
            self.wildcard
        } else {
            self.matched
        }
    }
}

impl Preprocessor<'_, '_> {
    /// Notes what a line says of includes behind it.
    pub(super) fn note_checks(&mut self, text: &str) {
        let (word, rest) = text.split_once(is_blank).unwrap_or((text, ""));
        if word == "include_check" {
            self.checks = self.checks.with_words(rest);
        }
    }

    /// True when the line is an include.
    pub(super) fn include(&mut self, text: &str, at: Place, depth: usize) -> bool {
        let (word, rest) = text.split_once(is_blank).unwrap_or((text, ""));
        let Some(letters) = word.strip_prefix("include") else { return false };
        let pattern = rest.trim_matches(is_blank).trim_matches('"');
        let Some(checks) = self.checks.with_letters(letters).filter(|_| !pattern.is_empty()) else {
            return false;
        };
        let beside = self.found.files.get(at.file).and_then(|file| file.path.rsplit_once('/'));
        let pattern = match (pattern.starts_with('/'), beside) {
            (false, Some((directory, _))) => format!("{directory}/{pattern}"),
            _ => pattern.to_owned(),
        };
        let paths = self.host.sources.matching(&pattern);
        let lacks = |part: &String| self.host.sources.matching(part).is_empty();
        if paths.is_empty() {
            self.nothing_included(&pattern, checks.wants(&pattern), at);
        } else if let Some(part) = alternatives(&pattern).into_iter().find(lacks) {
            self.nothing_included(&part, checks.brace, at);
        }
        for path in paths {
            if depth >= INCLUDES_DEEP || self.found.files.len() >= FILES_MAX {
                let why = "too many files include each other";
                self.overflow(at, why, "does one include itself, perhaps through a pattern?");
                return true;
            }
            match self.host.sources.read(&path) {
                Some(text) => {
                    // What a file says of includes ends with it.
                    let before = self.checks;
                    self.file(File::new(path, text), depth.saturating_add(1));
                    self.checks = before;
                }
                None => self.unreadable(&path, checks, at),
            }
        }
        true
    }

    fn nothing_included(&mut self, pattern: &str, ends: bool, at: Place) {
        let what = format!("no file matches {}", quote(pattern));
        if ends {
            let then = [
                "what it would add is missing; on a reload the running configuration stays",
                "keepalived doesn't start (exit code 6)",
                "create the file, or write `include`",
            ];
            self.found.no_file(at, "include-missing", what, then);
        } else {
            let then = ["nothing is included", "keepalived goes on", "look at the path"];
            self.found.warn(at, "include-missing", what, then);
        }
    }

    fn unreadable(&mut self, path: &str, checks: Checks, at: Place) {
        let what = format!("{} can't be read", quote(path));
        let cure = "it must be a file of at most 16 MiB that root may read";
        let then = ["it is left out", "keepalived goes on", cure];
        if checks.any() {
            self.found.no_file(at, "include-unreadable", what, then);
        } else {
            self.found.warn(at, "include-unreadable", what, then);
        }
    }
}

/// What a pattern with braces stands for; nothing without braces.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut waiting = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(one) = waiting.pop() {
        // Inner ones first: what they stand between is copied for each.
        let close = one.find('}');
        let open = close.and_then(|close| one.get(..close)?.rfind('{'));
        let (Some(open), Some(close)) = (open, close) else {
            done.push(one);
            continue;
        };
        let inside = one.get(open.saturating_add(1)..close).unwrap_or_default();
        let (before, behind) = (one.get(..open), one.get(close.saturating_add(1)..));
        let (before, behind) = (before.unwrap_or_default(), behind.unwrap_or_default());
        if waiting.len().saturating_add(done.len()) > ALTERNATIVES_MAX {
            return Vec::new();
        }
        waiting.extend(inside.split(',').map(|part| format!("{before}{part}{behind}")));
    }
    if done.len() > 1 { done } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_words_ask_for_what_the_real_one_asks_for() {
        let none = Checks::default();
        let letters = |letters| none.with_letters(letters).expect("letters");
        let (plain, wild, braces) = ("/c/a.conf", "/c/a*.conf", "/c/{a,b}.conf");
        for (checks, expected, why) in [
            (letters(""), [false, false, false, false], "nothing"),
            (letters("r"), [false, false, false, true], "r"),
            (letters("m"), [true, false, false, true], "m"),
            (letters("w"), [true, true, false, true], "w"),
            (letters("b"), [false, false, true, true], "b"),
            (letters("a"), [true, true, true, true], "a"),
            (none.with_words(""), [true, true, true, true], "no word"),
            (none.with_words("match"), [true, false, false, true], "match"),
            (none.with_words("wildcard_match"), [false, true, false, true], "wildcard_match"),
            (none.with_words("brace_match"), [false, false, true, true], "brace_match"),
            (letters("a").with_words("-match"), [false, true, true, true], "less"),
            (letters("m").with_words("+brace_match"), [true, false, true, true], "more"),
            (letters("a").with_words("match"), [true, false, false, true], "anew"),
        ] {
            let wants = |pattern| checks.wants(pattern);
            let found = [wants(plain), wants(wild), wants(braces), checks.any()];
            assert_eq!(found, expected, "{why}");
        }
        assert_eq!(none.with_letters("_check"), None);
    }

    #[test]
    fn braces_stand_for_each_of_their_parts() {
        let mut found = alternatives("/c/{a,b{1,2}}.conf");
        found.sort();
        found.dedup();
        for part in ["/c/a.conf", "/c/b1.conf", "/c/b2.conf"] {
            assert!(found.iter().any(|known| known == part), "{found:?}");
        }
        assert!(alternatives("/c/a.conf").is_empty() && alternatives("/c/{a}.conf").is_empty());
        assert!(alternatives(&"{a,b}".repeat(64)).is_empty(), "too many to look up");
    }
}
