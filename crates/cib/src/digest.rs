//! Digests: short stand-ins for a document or for the parameters of an operation.
//!
//! Equal to Pacemaker's, so that files, peers and operation histories can be compared with its own
//! (measured with `cibadmin -5` and `-6` of 2.1.5 and the histories of the scheduler corpus).

use crate::version::feature_set;
use crate::xml::{Document, Node, Style, write, write_without};
use md5::{Digest as _, Md5};
use std::fmt::Write as _;

/// Attributes that say who changed a document and when, not what it holds.
const BOOKKEEPING: [&str; 5] =
    ["cib-last-written", "crm-debug-origin", "update-client", "update-origin", "update-user"];
/// The first feature set whose peers compare content (measured: 3.0.1 does not, 3.0.5 does).
const CONTENT_DIGEST: [u64; 3] = [3, 0, 5];
/// Parameters every operation gets that say nothing about the resource.
const NOT_DIGESTED: [&str; 4] = ["id", "crm_feature_set", "op-digest", "pcmk_external_ip"];

/// The digest of a document on disk, 32 hexadecimal digits: over all of it.
pub fn of_file(node: Node<'_>) -> String {
    let mut text = String::from(" ");
    write(node, Style::Digest, &mut text);
    text.push('\n');
    md5(&text)
}

/// The digest by which peers compare what they hold: without the bookkeeping.
pub fn of_content(node: Node<'_>) -> String {
    let mut text = String::new();
    write_without(node, &BOOKKEEPING, Style::Digest, &mut text);
    md5(&text)
}

/// The digest peers of the document's own feature set compare: of its content, or of all of it if
/// they are too old (measured).
pub fn of_versioned(node: Node<'_>) -> String {
    if feature_set(node) >= CONTENT_DIGEST { of_content(node) } else { of_file(node) }
}

/// The digest of named values in any order. Of several with one name the first counts.
pub fn of_parameters<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|(name, _)| *name);
    pairs.dedup_by_key(|(name, _)| *name);
    let mut document = Document::new("parameters");
    let root = document.root().id();
    for (name, value) in pairs {
        document.set(root, name, value);
    }
    of_file(document.root())
}

/// True if an operation's parameter takes part in its digests. Of the meta-attributes only the
/// timeout of a repeated operation does.
pub fn is_digested(name: &str, interval_ms: u64) -> bool {
    match name.strip_prefix("CRM_meta_") {
        Some(meta) => meta == "timeout" && interval_ms > 0,
        None => !NOT_DIGESTED.contains(&name) && !name.starts_with("on_node"),
    }
}

/// True if the blank-separated list has the name.
pub fn lists(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == name)
}

fn md5(text: &str) -> String {
    let mut hex = String::with_capacity(32);
    for byte in Md5::digest(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
