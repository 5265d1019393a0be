//! A patchset in words, as `crm_shadow --diff` prints it.

use cib::patch;
use cib::version::Version;
use cib::xml::{Content, Document, Node, Style};
use std::fmt::Write as _;

/// The lines that tell how the old document becomes the new; none if they are the same.
pub(super) fn difference(old: &Document, new: &Document) -> Option<String> {
    let options = patch::Options { versions: true, digest: false };
    let set = patch::create(old, new, options)?;
    let mut text = String::new();
    let version = |name| set.root().child("version")?.child(name).map(Version::of);
    if let (Some(source), Some(target)) = (version("source"), version("target")) {
        let _ = if source == target {
            writeln!(text, "  : Local-only Change: {target}")
        } else {
            writeln!(text, "Diff: --- {source} 2\nDiff: +++ {target} (null)")
        };
    }
    for change in set.root().children_named("change") {
        tell(change, &mut text);
    }
    Some(text)
}

fn tell(change: Node<'_>, text: &mut String) {
    let path = change.get("path").unwrap_or_default();
    let position = change.get("position").unwrap_or_default();
    let _ = match change.get("operation") {
        Some("create") => {
            created(change, path, text);
            Ok(())
        }
        Some("move") => writeln!(text, "+~ {path} moved to offset {position}"),
        Some("modify") => {
            modified(change, path, text);
            Ok(())
        }
        _ if position.is_empty() => writeln!(text, "-- {path}"),
        _ => writeln!(text, "-- {path} ({position})"),
    };
}

/// What came, each line under the first.
fn created(change: Node<'_>, path: &str, text: &mut String) {
    let shown = match change.nodes().next() {
        Some(node) if matches!(node.content(), Content::Element(_) | Content::Comment(_)) => {
            node.to_text(Style::Pretty)
        }
        _ => return,
    };
    let head = format!("++ {path}:  ");
    let below = format!("++ {}", " ".repeat(head.len() - 3));
    for (number, line) in shown.lines().enumerate() {
        let _ = writeln!(text, "{}{line}", if number == 0 { &head } else { &below });
    }
}

/// The attributes set, then those gone.
fn modified(change: Node<'_>, path: &str, text: &mut String) {
    let attributes = |operation: &str| -> Vec<String> {
        let list = change.child("change-list").into_iter().flat_map(Node::children);
        let of = list.filter(|attribute| attribute.get("operation") == Some(operation));
        let told = of.map(|attribute| {
            let name = attribute.get("name").unwrap_or_default();
            match attribute.get("value") {
                Some(value) => format!("@{name}={value}"),
                None => format!("@{name}"),
            }
        });
        told.collect()
    };
    for (mark, operation) in [("+ ", "set"), ("--", "unset")] {
        let told = attributes(operation);
        if !told.is_empty() {
            let _ = writeln!(text, "{mark} {path}:  {}", told.join(", "));
        }
    }
}
