//! What a page must match: keepalived's `regex` lines.
//!
//! keepalived uses PCRE2, this a matcher whose time grows with the page alone, so that no page
//! can keep a checker busy. It has no references back and does not look around; a pattern that
//! needs them is refused when it is read ([`Pattern::new`] says why).

use crate::config;
use regex::bytes::{Regex, RegexBuilder};

/// The largest compiled pattern, in bytes; a pattern of a line of configuration stays far below.
const SIZE_MAX: usize = 1024 * 1024;

/// A compiled pattern and where it must match.
#[derive(Clone, Debug)]
pub struct Pattern {
    written: config::Regex,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Pattern {
    /// Compiles a pattern with PCRE2's options by their names. Those that change how PCRE2
    /// works, and not what it finds, change nothing here.
    ///
    /// # Errors
    ///
    /// Why it can't be used, in one plain sentence.
    pub fn new(written: &config::Regex) -> Result<Self, String> {
        let has = |name: &str| written.options.iter().any(|option| option == name);
        let (before, behind) = match (has("anchored"), has("endanchored")) {
            (true, true) => (r"\A(?:", r")\z"),
            (true, false) => (r"\A(?:", ")"),
            (false, true) => ("(?:", r")\z"),
            (false, false) => ("", ""),
        };
        let pattern = format!("{before}{}{behind}", written.pattern);
        let regex = RegexBuilder::new(&pattern)
            .unicode(has("utf") || has("ucp"))
            .case_insensitive(has("caseless"))
            .dot_matches_new_line(has("dotall"))
            .multi_line(has("multiline"))
            .ignore_whitespace(has("extended") || has("extended_more"))
            .swap_greed(has("ungreedy"))
            .size_limit(SIZE_MAX)
            .dfa_size_limit(SIZE_MAX)
            .build();
        match regex {
            Ok(regex) => Ok(Self { written: written.clone(), regex }),
            Err(regex::Error::CompiledTooBig(_)) => Err("the pattern is too large".to_owned()),
            Err(_) => Err("the pattern has a fault, refers back or looks around".to_owned()),
        }
    }

    /// Whether a page is as it must be.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn judge(&self, page: &[u8]) -> Result<(), String> {
        match (self.finds(page), self.written.inverted) {
            (true, false) | (false, true) => Ok(()),
            (false, false) => Err("the page does not match the pattern".to_owned()),
            (true, true) => Err("the page matches the pattern".to_owned()),
        }
    }

    /// A match begins at `regex_min_offset` or later and before `regex_max_offset`.
    fn finds(&self, page: &[u8]) -> bool {
        let least = self.written.min_offset as usize;
        if least > page.len() {
            return false;
        }
        let found = self.regex.find_at(page, least);
        let most = self.written.max_offset.map_or(usize::MAX, |most| most as usize);
        found.is_some_and(|found| found.start() < most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pattern: &str, options: &[&str]) -> config::Regex {
        config::Regex {
            pattern: pattern.into(),
            inverted: false,
            options: options.iter().map(|&option| option.into()).collect(),
            min_offset: 0,
            max_offset: None,
        }
    }

    fn finds(pattern: &str, options: &[&str], page: &str) -> bool {
        Pattern::new(&written(pattern, options)).unwrap().judge(page.as_bytes()).is_ok()
    }

    #[test]
    fn options_are_pcres() {
        assert!(!finds("abc", &[], "xABC") && finds("abc", &["caseless"], "xABC"));
        assert!(!finds("a.b", &[], "a\nb") && finds("a.b", &["dotall"], "a\nb"));
        assert!(!finds("^b", &[], "a\nb") && finds("^b", &["multiline"], "a\nb"));
        assert!(!finds("a b", &["extended"], "a b") && finds("a b", &["extended"], "ab"));
        assert!(finds("b", &[], "ab") && !finds("b", &["anchored"], "ab"));
        assert!(finds("a", &[], "ab") && !finds("a", &["endanchored"], "ab"));
        assert!(finds("a|b", &["anchored"], "b") && !finds("a|b", &["anchored"], "xb"));
    }

    #[test]
    fn bytes_that_are_no_text_can_be_matched() {
        let pattern = Pattern::new(&written(r"a\xffb", &[])).unwrap();
        assert_eq!(pattern.judge(b"a\xffb"), Ok(()));
    }

    #[test]
    fn a_match_begins_between_the_offsets() {
        let mut ranged = written("ab", &[]);
        (ranged.min_offset, ranged.max_offset) = (2, Some(4));
        let ranged = Pattern::new(&ranged).unwrap();
        let found: Vec<bool> =
            ["ab", ".ab", "..ab", "...ab", "....ab", "ab...ab", "ab..ab", "ab.ab"]
                .map(|page| ranged.judge(page.as_bytes()).is_ok())
                .into();
        assert_eq!(found, [false, false, true, true, false, false, false, true]);
    }

    #[test]
    fn no_match_is_wanted_when_turned_round() {
        let mut turned = written("error", &[]);
        turned.inverted = true;
        let turned = Pattern::new(&turned).unwrap();
        assert!(turned.judge(b"all is well").is_ok() && turned.judge(b"an error").is_err());
    }

    #[test]
    fn what_can_not_be_matched_in_steady_time_is_refused() {
        for pattern in [r"(a)\1", "(?=x)y", "(", "a{1000}{1000}{1000}"] {
            assert!(Pattern::new(&written(pattern, &[])).is_err(), "{pattern}");
        }
    }
}
