//! Names of elements and attributes: each kept once and numbered.

use super::index::hash;

/// The name of an element or attribute, as a number within one document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(pub(super) u32);

/// Marks character data.
pub(super) const TEXT: Name = Name(0);
/// Marks a CDATA section.
pub(super) const CDATA: Name = Name(1);
/// Marks a comment.
pub(super) const COMMENT: Name = Name(2);
/// The attribute by which elements are found.
pub(super) const ID: Name = Name(3);

/// What the reserved numbers are called: not the first three as any element can be.
const RESERVED: [&str; 4] = ["#text", "#cdata", "#comment", "id"];

/// The names of one document.
#[derive(Clone)]
pub(super) struct Names {
    /// All names one after the other.
    text: String,
    /// Where each name ends in `text`.
    ends: Vec<u32>,
    /// Open addressing by hash; 0 is free, else the name's number plus one.
    slots: Vec<u32>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self { text: String::new(), ends: Vec::new(), slots: vec![0; 256] };
        for name in RESERVED {
            names.intern(name);
        }
        names
    }
}

impl Names {
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn text(&self, name: Name) -> &str {
        let index = name.0 as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.text[start..self.ends[index] as usize]
    }

    pub(super) fn find(&self, text: &str) -> Option<Name> {
        self.slot(text).1
    }

    /// The name's number, a new one if it was never seen.
    pub(super) fn intern(&mut self, text: &str) -> Name {
        let (slot, found) = self.slot(text);
        if let Some(name) = found {
            return name;
        }
        let name = Name(self.ends.len() as u32);
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        self.slots[slot] = name.0 + 1;
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        name
    }

    /// Where the name stands or would stand.
    fn slot(&self, text: &str) -> (usize, Option<Name>) {
        let mask = self.slots.len() - 1;
        let mut slot = hash(text) as usize & mask;
        loop {
            match self.slots[slot] {
                0 => return (slot, None),
                number if self.text(Name(number - 1)) == text => {
                    return (slot, Some(Name(number - 1)));
                }
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
        for number in 0..self.ends.len() as u32 {
            let (slot, _) = self.slot(self.text(Name(number)));
            self.slots[slot] = number + 1;
        }
    }
}

/// True if XML allows the text as a name (XML 1.0 §2.3; beyond ASCII all characters pass).
pub(super) fn is_name(text: &str) -> bool {
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':' || !c.is_ascii();
    let goes_on = |c: char| starts(c) || c.is_ascii_digit() || c == '-' || c == '.';
    text.starts_with(starts) && text.chars().all(goes_on)
}
