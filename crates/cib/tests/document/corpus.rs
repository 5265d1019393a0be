//! Every input of the scheduler corpus is read and written again.

#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

use cib::xml::{Document, Style};

#[path = "../support/corpus.rs"]
mod files;

#[test]
fn every_corpus_input_reads_as_itself_when_written() {
    let Some(inputs) = files::inputs() else { return };
    assert!(inputs.len() >= 600, "{} inputs", inputs.len());
    for (name, text) in inputs {
        let document = Document::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for style in [Style::Pretty, Style::Compact] {
            let written = document.root().to_text(style);
            let again = Document::parse(written).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(again == document, "{name} reads otherwise");
        }
    }
}
