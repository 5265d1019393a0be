//! Findings as text for people: the place, what is wrong with it, what it means, what to do.

use annotate_snippets::{Annotation, AnnotationKind, Level, Origin, Renderer, Snippet};
use base::{Diagnostic, Places, Severity, Span};
use std::ops::Range;

/// Longer lines, in bytes, are not shown: nobody finds a place in them, and a file of garbage is one.
/// keepalived itself cuts lines at this length.
const LINE_MAX: usize = 1024;
/// Further places of a finding are shown when all lie within so many bytes.
const PLACES_APART_MAX: usize = 64 << 10;

/// One finding, drawn into the text it is about; `places` are the file's. What may be a password in
/// the lines shown is covered.
pub(crate) fn finding(found: &Diagnostic, places: &Places<'_>, colour: bool) -> String {
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let group = level.primary_title(&found.message).id(&found.code);
    let lines = shown(found, places.text());
    let source = lines.clone().and_then(|lines| places.text().get(lines)).map(config::covered);
    let mut group = if found.span == Span::default() {
        group.element(Origin::path(&found.file))
    } else if let (Some(lines), Some(source)) = (lines, &source) {
        let number = places.line_column(lines.start).0;
        group.element(snippet(found, source, lines, number))
    } else {
        let (line, column) = places.line_column(found.span.start);
        group.element(Origin::path(&found.file).line(line).char_column(column))
    };
    let lines = [("effect", &found.effect), ("compat", &found.compat), ("help", &found.help)];
    for (name, line) in lines {
        if let Some(line) = line {
            group = group.element(Level::NOTE.with_name(name).message(line));
        }
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// The lines to show, as bytes of the text: those of all places of the finding, or of the first
/// alone when the others are far away. `None` when they are too long, or not in the text.
fn shown(found: &Diagnostic, text: &str) -> Option<Range<usize>> {
    let first = lines_around(text, found.span.range())?;
    let places = found.labels.iter().map(|label| label.span.range());
    let all = places
        .filter_map(|place| lines_around(text, place))
        .fold(first.clone(), |all, one| all.start.min(one.start)..all.end.max(one.end));
    Some(if all.len() > PLACES_APART_MAX { first } else { all })
}

/// A place, grown to whole lines; `None` when it isn't in the text, or they are too long.
fn lines_around(text: &str, place: Range<usize>) -> Option<Range<usize>> {
    text.get(place.clone())?;
    let (before, behind) = text.as_bytes().split_at(place.start);
    let near = before.len().saturating_sub(LINE_MAX + 1);
    let start = before.get(near..)?.iter().rposition(|byte| *byte == b'\n');
    let start = start.map_or(near, |end| near + end + 1);
    let behind = behind.get(place.len()..)?;
    let end = behind.iter().take(LINE_MAX + 1).position(|byte| *byte == b'\n');
    let lines = start..place.end + end.unwrap_or(behind.len());
    (lines.len() <= LINE_MAX).then_some(lines)
}

/// The marked lines: `source`, which stands in the text at `lines` and begins with this line.
fn snippet<'a>(
    found: &'a Diagnostic,
    source: &'a str,
    lines: Range<usize>,
    number: usize,
) -> Snippet<'a, Annotation<'a>> {
    let within = |span: Span| {
        let (start, end) = (span.start.checked_sub(lines.start)?, span.end - lines.start);
        (end <= lines.len()).then_some(start..end)
    };
    let others = found.labels.iter().filter_map(|label| {
        let span = within(label.span)?;
        Some(AnnotationKind::Context.span(span).label(&label.text))
    });
    let primary = within(found.span).map(|span| {
        let primary = AnnotationKind::Primary.span(span);
        if found.label.is_empty() { primary } else { primary.label(&found.label) }
    });
    Snippet::source(source)
        .line_start(number)
        .path(&found.file)
        .annotations(primary)
        .annotations(others)
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
        insta::assert_snapshot!(finding(&found, &Places::of(text), false));
        assert!(
            finding(&found, &Places::of(text), true).contains("\x1b["),
            "coloured where that is wanted"
        );
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
        insta::assert_snapshot!(finding(&found, &Places::of("node a\n"), false));
    }

    #[test]
    fn lines_are_numbered_as_in_the_file_and_a_far_place_is_left_out() {
        let text = format!("a\nfirst here\n{}again\n", "x\n".repeat(PLACES_APART_MAX));
        let at = text.len() - 6;
        let found = |near| {
            let labelled = if near { Span::new(at - 2, at - 1) } else { Span::new(2, 7) };
            Diagnostic::new(Severity::Note, "c", "f", Span::new(at, at + 5), "m")
                .also(labelled, "the other place")
        };
        let line = PLACES_APART_MAX + 3;
        let places = Places::of(&text);
        let (near, far) =
            (finding(&found(true), &places, false), finding(&found(false), &places, false));
        assert!(near.contains(&format!("--> f:{line}:1")), "{near}");
        assert!(near.contains("the other place"), "{near}");
        assert!(far.contains("again") && !far.contains("the other place"), "{far}");
    }

    #[test]
    fn of_a_line_too_long_to_show_the_place_is_told() {
        let text = format!("a\n{}\n", "x".repeat(3 << 20));
        let found = Diagnostic::new(Severity::Note, "c", "f", Span::new(1002, 1003), "m");
        let drawn = finding(&found.help("h"), &Places::of(&text), false);
        assert!(drawn.contains("--> f:2:1001") && drawn.len() < LINE_MAX, "{drawn}");
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
