//! What is wrong in a text somebody wrote, where, and what that means for the cluster.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A stretch of one file, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The same as a range, for slicing.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Works; worth knowing.
    Note,
    /// Works, but perhaps not as meant.
    Warning,
    /// The daemon refuses to start with this.
    Error,
}

/// A second place that belongs to the same finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Label {
    /// Where, in the same file.
    pub span: Span,
    /// What stands there, e.g. "first set here".
    pub text: String,
}

/// One finding in one file. Parsers collect these and never stop at the first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable name for scripts and docs, e.g. `ha-cf::unknown-directive`.
    pub code: String,
    /// The file, as the reader was told to call it.
    pub file: String,
    /// Where in the file; an empty span at 0 means the file as a whole.
    pub span: Span,
    /// What is wrong, naming the thing; no trailing period.
    pub message: String,
    /// What to write under the marked place.
    pub label: String,
    /// Further places.
    pub labels: Vec<Label>,
    /// What it means for the cluster.
    pub effect: Option<String>,
    /// What the ancestor does with it.
    pub compat: Option<String>,
    /// The next step.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding with only the facts every finding has.
    pub fn new(
        severity: Severity,
        code: impl Into<String>,
        file: impl Into<String>,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code: code.into(),
            file: file.into(),
            span,
            message: message.into(),
            label: String::new(),
            labels: Vec::new(),
            effect: None,
            compat: None,
            help: None,
        }
    }

    /// Says what to write under the marked place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what it means for the cluster.
    #[must_use]
    pub fn effect(mut self, text: impl Into<String>) -> Self {
        self.effect = Some(text.into());
        self
    }

    /// Says what the ancestor does with it.
    #[must_use]
    pub fn compat(mut self, text: impl Into<String>) -> Self {
        self.compat = Some(text.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Line and column (both from 1, columns in characters) of the finding in `text`.
    pub fn line_column(&self, text: &str) -> (usize, usize) {
        let upto = text.get(..self.span.start.min(text.len())).unwrap_or(text);
        let line = upto.matches('\n').count() + 1;
        let column = upto.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
        (line, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_and_column_count_from_one() {
        let found = Diagnostic::new(Severity::Error, "x", "ha.cf", Span::new(5, 6), "m");
        assert_eq!(found.line_column("ab\ncdef"), (2, 3));
    }
}
