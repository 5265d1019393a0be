//! Bringing a configuration of any age into the newest form.
//!
//! `validate-with` on the root says how old a configuration is: 0.6 (Heartbeat 2), 1.x and 2.x
//! (Pacemaker 1), 3.x (Pacemaker 2) or 4.0 (Pacemaker 3). Each step rewrites one generation into the
//! next, and everything behind it knows the newest only. The rules of each step come from
//! Pacemaker's release notes and from what `cibadmin --upgrade` of 2.1.5 makes of a configuration.

mod constraints;
mod edit;
mod from_0_6;
mod from_1;
mod from_2;
mod from_3;
mod references;

use crate::xml::Document;

/// The schema whose form everything is brought to.
pub const NEWEST: &str = "pacemaker-4.0";

/// Something an upgrade could not just carry over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// The element concerned, by its id, or its name if it has none.
    pub element: String,
    /// What became of it.
    pub what: String,
}

/// Rewrites one generation into the next.
type Step = fn(&mut Document, &mut Vec<Note>);

/// The generations of the configuration's form, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Generation {
    /// Heartbeat 2: `crm.dtd`, also called `transitional-0.6`.
    V0,
    /// Pacemaker 1.0 to 1.1.11.
    V1,
    /// Pacemaker 1.1.12 to 1.1.24.
    V2,
    /// Pacemaker 2.
    V3,
    /// Pacemaker 3.
    V4,
}

/// How old the configuration says it is. One that does not say, or asks for no validation, may be
/// of any age since 1.0, or of Heartbeat 2 if it has a feature only that had.
pub fn generation(document: &Document) -> Generation {
    let root = document.root();
    let schema = root.get("validate-with").unwrap_or_default();
    let version =
        schema.strip_prefix("pacemaker-").or_else(|| schema.strip_prefix("transitional-"));
    match version.and_then(|version| version.split('.').next()) {
        Some("0") => Generation::V0,
        Some("1") => Generation::V1,
        Some("2") => Generation::V2,
        Some("3") => Generation::V3,
        Some("4") => Generation::V4,
        _ if from_0_6::has_features(root) => Generation::V0,
        _ => Generation::V1,
    }
}

/// Brings the configuration into the newest form, and says what was lost or needs attention.
pub fn to_newest(document: &mut Document) -> Vec<Note> {
    let mut notes = to_generation_3(document);
    if generation(document) < Generation::V4 {
        from_3::upgrade(document, &mut notes);
        let root = document.root().id();
        document.set(root, "validate-with", NEWEST);
    }
    notes
}

/// Brings a configuration of Pacemaker 1 or Heartbeat 2 into the form of Pacemaker 2, and leaves
/// newer ones alone.
pub fn to_generation_3(document: &mut Document) -> Vec<Note> {
    let mut notes = Vec::new();
    let age = generation(document);
    let steps: [(Generation, Step); 3] = [
        (Generation::V0, from_0_6::upgrade),
        (Generation::V1, from_1::upgrade),
        (Generation::V2, from_2::upgrade),
    ];
    for (generation, step) in steps {
        if age <= generation {
            step(document, &mut notes);
        }
    }
    if age < Generation::V3 {
        let root = document.root().id();
        document.set(root, "validate-with", "pacemaker-3.9");
    }
    notes
}
