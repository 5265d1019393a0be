//! Patchsets, made and applied.

#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

mod applying;
mod creating;
mod first_format;
mod properties;

use cib::patch::{Options, apply, create};
use cib::version::Version;
use cib::xml::{Document, Style};

const PLAIN: Options = Options { versions: true, digest: false };

fn read(text: &str) -> Document {
    Document::parse(text).expect("well-formed")
}

/// A CIB of this epoch with this inside.
fn cib(epoch: u64, inside: &str) -> Document {
    read(&format!("<cib admin_epoch='0' epoch='{epoch}' num_updates='0'>{inside}</cib>"))
}

/// One word for each change: `d` deleted, `c` created, `m` moved, `s` set; the id of what was
/// changed, and its new position.
fn words(old: &str, new: &str) -> String {
    let patch = create(&cib(1, old), &cib(2, new), PLAIN).expect("a difference");
    let mut words = Vec::new();
    for change in patch.root().children_named("change") {
        let (operation, path) = (change.get("operation"), change.get("path"));
        let (operation, path) = (operation.expect("an operation"), path.expect("a path"));
        if (operation, path) == ("modify", "/cib") {
            continue;
        }
        let letter = if operation == "modify" { "s" } else { &operation[..1] };
        let name = match change.nodes().next().filter(|_| operation == "create") {
            Some(created) => created.get("id").unwrap_or(created.name()),
            None => path.rsplit('/').next().expect("a step"),
        };
        let name = name.split('\'').nth(1).unwrap_or(name);
        words.push(format!("{letter}{name}{}", change.get("position").unwrap_or_default()));
    }
    let mut applied = cib(1, old);
    apply(&mut applied, &patch).expect("fits");
    assert_eq!(applied, cib(2, new));
    assert_eq!(Version::of(applied.root()).to_string(), "0.2.0");
    words.join(" ")
}

fn text(document: &Document) -> String {
    document.root().to_text(Style::Pretty)
}
