//! Patterns of resource ids, as `rsc-pattern` has them: extended regular expressions.

use regex::Regex;

/// A pattern.
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// Reads a pattern; none if it is not one.
    pub(crate) fn new(text: &str) -> Option<Pattern> {
        Regex::new(text).ok().map(Pattern)
    }

    /// What the whole pattern and its parentheses matched, if it matches.
    pub(crate) fn captures<'t>(&self, text: &'t str) -> Option<Vec<Option<&'t str>>> {
        let found = self.0.captures(text)?;
        Some(found.iter().map(|group| group.map(|group| group.as_str())).collect())
    }
}
