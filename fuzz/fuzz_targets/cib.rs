//! Any text as an information base: read or refused with its line, written as it was read, brought
//! into the newest form, and checked; never a panic.
#![no_main]

use cib::upgrade::to_newest;
use cib::validate::validate;
use cib::xml::{Document, Style};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(mut document) = Document::parse(text) else { return };
    for style in [Style::Pretty, Style::Compact] {
        let again = Document::parse(document.root().to_text(style)).expect("our own text");
        assert!(again == document);
    }
    to_newest(&mut document);
    validate(&document);
});
