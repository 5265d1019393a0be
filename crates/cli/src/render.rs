//! Findings as text for people: the place, what is wrong with it, what it means, what to do.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use base::{Diagnostic, Severity, Span};

/// One finding, drawn into the text it is about; `text` is the file's.
pub(crate) fn finding(found: &Diagnostic, text: &str, colour: bool) -> String {
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group =
        level.primary_title(&found.message).id(&found.code).elements(place(found, text));
    if found.span == Span::default() {
        group = group.element(Origin::path(&found.file));
    }
    let lines = [("effect", &found.effect), ("compat", &found.compat), ("help", &found.help)];
    for (name, line) in lines {
        if let Some(line) = line {
            group = group.element(Level::NOTE.with_name(name).message(line));
        }
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// The marked lines; none for a finding about the file as a whole.
fn place<'a>(
    found: &'a Diagnostic,
    text: &'a str,
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    if found.span == Span::default() || text.get(found.span.range()).is_none() {
        return None;
    }
    let primary = AnnotationKind::Primary.span(found.span.range());
    let others = found
        .labels
        .iter()
        .filter(|label| text.get(label.span.range()).is_some())
        .map(|label| AnnotationKind::Context.span(label.span.range()).label(&label.text));
    let primary = match found.label.as_str() {
        "" => primary,
        label => primary.label(label),
    };
    Some(Snippet::source(text).path(&found.file).annotation(primary).annotations(others))
}

/// `2 errors, 1 warning`, or that nothing is wrong; notes aren't counted.
pub(crate) fn summary(found: &[Diagnostic]) -> String {
    let count = |severity, one: &str| match found
        .iter()
        .filter(|finding| finding.severity == severity)
        .count()
    {
        0 => None,
        1 => Some(format!("1 {one}")),
        many => Some(format!("{many} {one}s")),
    };
    let counts: Vec<String> =
        [count(Severity::Error, "error"), count(Severity::Warning, "warning")]
            .into_iter()
            .flatten()
            .collect();
    if counts.is_empty() { "nothing is wrong".to_owned() } else { counts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_shows_place_effect_compat_and_help() {
        let text = "bcast eth0\nkeepalive 1s\n";
        let found = Diagnostic::new(
            Severity::Error,
            "ha-cf::bad-value",
            "ha.cf",
            Span::new(21, 23),
            "`1s` is no value for `keepalive`",
        )
        .label("seconds are written without a unit")
        .effect("heartbeat doesn't start on this node")
        .compat("Heartbeat 3.0.6 refuses it as well (exit 6)")
        .help("write `1`");
        insta::assert_snapshot!(finding(&found, text, false));
        assert!(finding(&found, text, true).contains("\x1b["), "coloured where that is wanted");
    }

    #[test]
    fn a_finding_about_the_whole_file_names_the_file() {
        let found = Diagnostic::new(
            Severity::Warning,
            "ha-cf::no-auto-failback",
            "ha.cf",
            Span::default(),
            "`auto_failback` is not set",
        );
        insta::assert_snapshot!(finding(&found, "node a\n", false));
    }

    #[test]
    fn the_summary_counts_in_words() {
        let of = |severity| Diagnostic::new(severity, "c", "f", Span::default(), "m");
        assert_eq!(summary(&[]), "nothing is wrong");
        assert_eq!(
            summary(&[of(Severity::Error), of(Severity::Error), of(Severity::Warning)]),
            "2 errors, 1 warning"
        );
    }
}
