//! The text form: a family's help and type once, then its samples.

use std::fmt::Write as _;

/// What kind of figure a family is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Goes up and down.
    Gauge,
    /// Counts up from the start; its name ends in `_total`.
    Counter,
}

/// A page being written.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a family; its samples follow.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        Family { text: self, name, kind, help: help.to_owned(), begun: false }
    }

    /// The whole page.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// Samples of one name. A family without any leaves no trace.
pub(super) struct Family<'a> {
    text: &'a mut Text,
    name: &'static str,
    kind: Kind,
    help: String,
    begun: bool,
}

impl Family<'_> {
    /// One sample with its labels.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let (name, out) = (self.name, &mut self.text.0);
        if !std::mem::replace(&mut self.begun, true) {
            let kind = match self.kind {
                Kind::Gauge => "gauge",
                Kind::Counter => "counter",
            };
            let _ = write!(out, "# HELP {name} {}\n# TYPE {name} {kind}\n", self.help);
        }
        out.push_str(name);
        for (index, (label, word)) in labels.iter().enumerate() {
            out.push(if index == 0 { '{' } else { ',' });
            let _ = write!(out, "{label}=\"{}\"", escaped(word));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(out, "{end} {value}");
    }
}

/// A label's value as the format wants it.
fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_a_family_without_samples_leaves_no_trace() {
        let mut text = Text::default();
        drop(text.family("a_total", Kind::Counter, "Nothing."));
        text.family("b", Kind::Gauge, "Words.").sample(&[("name", "a\\b\"c\nd"), ("n", "")], 1.5);
        assert_eq!(
            text.into_string(),
            "# HELP b Words.\n# TYPE b gauge\nb{name=\"a\\\\b\\\"c\\nd\",n=\"\"} 1.5\n"
        );
    }
}
