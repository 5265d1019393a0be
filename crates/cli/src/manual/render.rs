//! Pages as roff for `man`, as Markdown for the repository, and as plain text for `--help`.

use super::{FILES, Page, Part};
use std::fmt::Write as _;

/// The page for `man`. Only requests that every `man` knows are used.
pub(crate) fn roff(page: &Page) -> String {
    let title = page.name.to_uppercase();
    let version = env!("CARGO_PKG_VERSION");
    let mut out = format!(".TH \"{title}\" {} \"\" \"handover {version}\"\n", page.section);
    let _ =
        write!(out, ".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", dashes(&page.name), inline(&page.about));
    for (index, line) in page.synopsis.iter().enumerate() {
        let between = if index == 0 { "" } else { ".br\n" };
        let _ = writeln!(out, "{between}\\fB{}\\fR", plain(line));
    }
    out.push_str(".SH DESCRIPTION\n");
    for part in &page.body {
        roff_part(&mut out, part);
    }
    if !page.exits.is_empty() {
        out.push_str(".SH \"EXIT STATUS\"\n");
        for (code, meaning) in &page.exits {
            let _ = write!(out, ".TP\n\\fB{code}\\fR\n{}\n", line(meaning));
        }
    }
    if !page.files.is_empty() {
        out.push_str(".SH FILES\n");
        for (path, what) in &page.files {
            let _ = write!(out, ".TP\n\\fI{}\\fR\n{}\n", plain(path), line(what));
        }
    }
    if !page.examples.is_empty() {
        out.push_str(".SH EXAMPLES\n");
        for (command, what) in &page.examples {
            let _ = write!(out, ".TP\n\\fB{}\\fR\n{}\n", plain(command), line(what));
        }
    }
    let _ = write!(out, ".SH \"SEE ALSO\"\n{}\n", plain(&page.see_also.join(", ")));
    out
}

fn roff_part(out: &mut String, part: &Part) {
    match part {
        Part::Heading(words) => {
            let _ = writeln!(out, ".SH \"{}\"", words.to_uppercase());
        }
        Part::Text(words) => {
            let _ = write!(out, ".PP\n{}\n", line(words));
        }
        Part::Code(words) => {
            out.push_str(".PP\n.RS 4\n.nf\n");
            for words in words.lines() {
                let _ = writeln!(out, "{}", line(&words.replace('`', "\u{2018}")));
            }
            out.push_str(".fi\n.RE\n");
        }
        Part::Terms(_, rows) => {
            for (term, what) in rows {
                let term = plain(&term.replace('`', ""));
                let _ = write!(out, ".TP\n\\fB{term}\\fR\n{}\n", line(what));
            }
        }
        Part::Entry { written, doc, facts, .. } => {
            let _ = write!(out, ".TP\n\\fB{}\\fR\n{}\n", plain(written), line(doc));
            for (label, fact) in facts {
                let _ = write!(out, ".br\n{}: {}\n", line(label), inline(fact));
            }
        }
    }
}

/// Text that begins a line: no word of ours is taken for a request.
fn line(words: &str) -> String {
    let words = inline(words);
    if words.starts_with(['.', '\'']) { format!("\\&{words}") } else { words }
}

/// Escaped, with code in bold.
fn inline(words: &str) -> String {
    let mut out = String::new();
    for (index, piece) in words.split('`').enumerate() {
        if index % 2 == 1 {
            let _ = write!(out, "\\fB{}\\fR", plain(piece));
        } else {
            out.push_str(&escape(piece));
        }
    }
    out
}

/// Words of a program: a hyphen stays one when it is copied from the page.
fn plain(words: &str) -> String {
    let words = dashes(words);
    if words.starts_with(['.', '\'']) { format!("\\&{words}") } else { words }
}

fn dashes(words: &str) -> String {
    escape(words).replace('-', "\\-")
}

fn escape(words: &str) -> String {
    words.replace('\\', "\\e")
}

/// The page for the repository.
pub(crate) fn markdown(page: &Page) -> String {
    let mut out = format!("# {}\n\n{}.\n", page.name, capital(&page.about));
    let label = if page.section == FILES { "File" } else { "Written" };
    for line in &page.synopsis {
        let _ = write!(out, "\n{label}: `{line}`\n");
    }
    for part in &page.body {
        markdown_part(&mut out, part);
    }
    table(
        &mut out,
        ("Files", "file", "what"),
        page.files.iter().map(|(a, b)| (format!("`{a}`"), *b)),
    );
    let examples = page.examples.iter().map(|(a, b)| (format!("`{a}`"), *b));
    table(&mut out, ("Examples", "line", "what it does"), examples);
    out
}

fn markdown_part(out: &mut String, part: &Part) {
    match part {
        Part::Heading(words) => {
            let _ = write!(out, "\n## {words}\n");
        }
        Part::Text(words) => {
            let _ = write!(out, "\n{words}\n");
        }
        Part::Code(words) => {
            let _ = write!(out, "\n```text\n{words}```\n");
        }
        Part::Terms((term, what), rows) => {
            let _ = write!(out, "\n| {term} | {what} |\n|---|---|\n");
            for (term, what) in rows {
                let _ = writeln!(out, "| {} | {} |", cell(term), cell(what));
            }
        }
        Part::Entry { name, written, doc, facts } => {
            let _ = write!(out, "\n## {name}\n\n`{written}`\n\n{doc}\n");
            for (index, (label, fact)) in facts.iter().enumerate() {
                let gap = if index == 0 { "\n" } else { "" };
                let _ = writeln!(out, "{gap}- {label}: {fact}");
            }
        }
    }
}

fn table<'a>(
    out: &mut String,
    (title, left, right): (&str, &str, &str),
    rows: impl ExactSizeIterator<Item = (String, &'a str)>,
) {
    if rows.len() == 0 {
        return;
    }
    let _ = write!(out, "\n## {title}\n\n| {left} | {right} |\n|---|---|\n");
    for (term, what) in rows {
        let _ = writeln!(out, "| {} | {} |", cell(&term), cell(what));
    }
}

fn cell(words: &str) -> String {
    words.replace('|', "\\|")
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What an old name prints for `--help`.
pub(crate) fn help(page: &Page) -> String {
    let mut out = format!("{}: {}\n", page.name, page.about);
    for (index, line) in page.synopsis.iter().enumerate() {
        let label = if index == 0 { "\nUsage: " } else { "       " };
        let _ = writeln!(out, "{label}{line}");
    }
    for part in &page.body {
        match part {
            Part::Heading(words) => {
                let _ = write!(out, "\n{words}:\n");
            }
            Part::Text(words) => {
                let _ = write!(out, "\n{}", wrapped(&words.replace('`', ""), ""));
            }
            Part::Code(words) => {
                let _ = write!(out, "\n{words}");
            }
            Part::Terms(_, rows) => {
                columns(&mut out, rows.iter().map(|(a, b)| (a.as_str(), b.as_str())));
            }
            Part::Entry { written, doc, .. } => {
                columns(&mut out, std::iter::once((written.as_str(), *doc)));
            }
        }
    }
    out.push_str("\nExamples:\n");
    columns(&mut out, page.examples.iter().copied());
    out.push_str("\nExit codes:\n");
    for (code, meaning) in &page.exits {
        let _ = writeln!(out, "  {code:<3} {}", meaning.replace('`', ""));
    }
    out
}

/// Where the second column of help begins.
const COLUMN: usize = 30;
/// Where lines of help are broken: the narrowest terminal in use.
const WIDTH: usize = 80;

/// Words on the left, what they mean on the right; below, where the left is too wide.
pub(super) fn columns<'a>(out: &mut String, rows: impl Iterator<Item = (&'a str, &'a str)>) {
    let indent = " ".repeat(COLUMN);
    for (term, what) in rows {
        let term = format!("  {}", term.replace('`', ""));
        let what = wrapped(&what.replace('`', ""), &indent);
        if term.chars().count() + 1 < COLUMN {
            let _ = write!(out, "{term:COLUMN$}{}", what.trim_start());
        } else {
            let _ = write!(out, "{term}\n{what}");
        }
    }
}

/// Words in lines of at most [`WIDTH`], each behind `indent`.
fn wrapped(words: &str, indent: &str) -> String {
    let (mut out, mut line) = (String::new(), indent.to_owned());
    for word in words.split_whitespace() {
        let is_first = line.len() == indent.len();
        if !is_first && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = format!("{indent}{word}");
        } else {
            if !is_first {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    out.push_str(&line);
    out.push('\n');
    out
}
