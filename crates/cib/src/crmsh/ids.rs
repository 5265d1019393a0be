//! Ids for what has none in the text: made from what it stands in, with a number where that is
//! taken (`-0`, `-1`, …).

use crate::xml::Document;

/// An id that is free: the base itself, else the base with the first free number.
pub(super) fn free(doc: &Document, base: &str) -> String {
    let base = clean(base);
    if doc.by_id(&base).is_none() {
        return base;
    }
    numbered(doc, &base)
}

/// The base with the first free number.
pub(super) fn numbered(doc: &Document, base: &str) -> String {
    let base = clean(base);
    let free = (0_u32..).map(|number| format!("{base}-{number}"));
    free.into_iter().find(|id| doc.by_id(id).is_none()).unwrap_or(base)
}

/// Characters an id cannot have become `_`, or go.
fn clean(text: &str) -> String {
    let kept = text.chars().filter(|c| *c != '#' && *c != '@');
    kept.map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
}
