//! The manual: one page for each command and each file, written once.
//!
//! From a [`Page`] come the manual page that `handover install` puts in place, the Markdown of
//! `docs/reference/` and what an old name prints for `--help`. The pages of our own commands are
//! made from their command line ([`mod@ours`]), those of files from the tables that read them.

mod formats;
mod keepalived;
mod old;
mod on_file;
mod ours;
mod pacemaker;
mod render;
mod tools;

pub(crate) use formats::formats;
pub(crate) use old::old;
pub(crate) use ours::{after_help, ours};
pub(crate) use render::{help, markdown, roff};
pub(crate) use tools::{lab, sim};

/// The manual's part for file formats.
pub(crate) const FILES: u8 = 5;
/// The manual's part for the commands of an administrator.
pub(crate) const COMMANDS: u8 = 8;

/// One page of the manual. Texts may have `code` between back-ticks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Page {
    /// Its name, as `man` is asked for it.
    pub name: String,
    /// [`FILES`] or [`COMMANDS`].
    pub section: u8,
    /// What it is, in one line.
    pub about: String,
    /// How it is called, or where the file lies.
    pub synopsis: Vec<String>,
    /// Paragraphs and lists, first of the description, then of what further headings say.
    pub body: Vec<Part>,
    /// How a command can end; empty for files.
    pub exits: Vec<(u8, String)>,
    /// The files it reads or writes.
    pub files: Vec<(&'static str, &'static str)>,
    /// What to write, and what that does.
    pub examples: Vec<(&'static str, &'static str)>,
    /// Other pages, as `name(8)`.
    pub see_also: Vec<&'static str>,
}

/// A piece of a page's text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Begins a section.
    Heading(&'static str),
    /// A paragraph.
    Text(String),
    /// Lines that are shown as they are.
    Code(&'static str),
    /// Words and what they mean; the first pair heads a table.
    Terms((&'static str, &'static str), Vec<(String, String)>),
    /// A directive: how it is written, what it does, and facts with their labels.
    Entry {
        /// Its name.
        name: &'static str,
        /// The whole line.
        written: String,
        /// What it does.
        doc: &'static str,
        /// Default, unit and the like.
        facts: Vec<(&'static str, &'static str)>,
    },
}

/// A paragraph.
fn text(words: impl Into<String>) -> Part {
    Part::Text(words.into())
}

/// A list of words and meanings.
fn terms(head: (&'static str, &'static str), rows: &[(&str, &str)]) -> Part {
    let rows = rows.iter().map(|(term, what)| ((*term).to_owned(), (*what).to_owned()));
    Part::Terms(head, rows.collect())
}

/// Every page that belongs to us, without the old names.
pub(crate) fn pages(command: &clap::Command) -> Vec<Page> {
    let mut pages = ours(command);
    pages.extend(formats());
    pages
}

#[cfg(test)]
mod tests;
