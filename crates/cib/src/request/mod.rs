//! Requests: what `cibadmin` and the other tools ask of an information base, one at a time.
//!
//! [`perform`] carries a request out on a copy and hands it over only if the result is newer than
//! what was there and conforms to its schema; then it counts the version up. All rules here were
//! measured with `cibadmin` 2.1.5 on a file.

mod bump;
mod change;
mod create;
mod fault;
mod patched;
mod replace;
mod section;

pub use fault::{Fault, FaultKind, validate};
pub use section::{SECTIONS, section};

use crate::version::{Version, feature_set};
use crate::xml::{Document, Node};

/// The feature set of the tools that are followed here: newer documents are read, never changed.
pub const FEATURE_SET: [u64; 3] = [3, 16, 1];

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Adds objects; fails if one is there already.
    Create,
    /// Sets attributes of an object found by name and id, and of what is below it.
    Modify {
        /// Adds the object if it is not there.
        allow_create: bool,
    },
    /// Puts an object in the place of the one with the same name and id.
    Replace,
    /// Takes away the first object of that name that has all the attributes given.
    Delete,
    /// Like [`Self::Modify`], of the first element the path finds or what is below it.
    ModifyPath,
    /// Takes away what the path finds: the first element, or all of them.
    DeletePath {
        /// All of them.
        all: bool,
    },
    /// Puts an object in the place of the first element the path finds.
    ReplacePath,
    /// Applies a patchset.
    Patch,
    /// Brings the document into the form of the newest schema that tools of [`FEATURE_SET`] know.
    Upgrade,
    /// Raises the epoch.
    Bump,
    /// Empties the configuration and the status.
    Erase,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// What is asked.
    pub verb: Verb,
    /// The section it is about ([`SECTIONS`]), or the path; unknown names mean the whole document.
    pub section: Option<&'r str>,
    /// The object, for verbs that have one.
    pub data: Option<Node<'r>>,
}

impl<'r> Request<'r> {
    /// A request about an object in a section.
    pub const fn new(verb: Verb, section: Option<&'r str>, data: Node<'r>) -> Self {
        Self { verb, section, data: Some(data) }
    }

    /// A request about the whole document.
    pub const fn plain(verb: Verb) -> Self {
        Self { verb, section: None, data: None }
    }
}

/// What a request changed, as versions count it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Change {
    /// Nothing: the version stays.
    Nothing,
    /// Something outside the configuration, or a new object that [`Verb::Modify`] had to add.
    Update,
    /// The configuration.
    Configuration,
}

/// Carries a request out. The document is as it was if it is refused.
///
/// # Errors
/// Why it is refused.
pub fn perform(document: &mut Document, request: &Request<'_>) -> Result<Change, Fault> {
    let mut result = document.clone();
    let untracked = match request.verb {
        Verb::Create => create::create(&mut result, request)?,
        Verb::Modify { allow_create } => change::modify(&mut result, request, allow_create)?,
        Verb::ModifyPath => change::modify_path(&mut result, request)?,
        Verb::Replace => replace::replace(&mut result, request)?,
        Verb::Delete => change::delete(&mut result, request)?,
        Verb::DeletePath { all } => change::delete_path(&mut result, request, all),
        Verb::ReplacePath => replace::replace_path(&mut result, request)?,
        Verb::Patch => patched::patch(&mut result, request)?,
        Verb::Upgrade => {
            replace::upgrade(&mut result);
            false
        }
        Verb::Bump => {
            bump::raise(&mut result);
            false
        }
        Verb::Erase => {
            replace::erase(&mut result);
            false
        }
    };
    adopt(document, result, untracked)
}

/// Puts a changed document in the place of the old one, with its version counted up. `untracked`:
/// what was added counts as an update only.
///
/// # Errors
/// The result is older than the document, does not conform to its schema, or the document is of a
/// feature set that is not known here.
pub fn adopt(
    document: &mut Document,
    mut result: Document,
    untracked: bool,
) -> Result<Change, Fault> {
    if feature_set(document.root()).max(feature_set(result.root())) > FEATURE_SET {
        return Err(FaultKind::FeatureSet.into());
    }
    let (old, new) = (Version::of(document.root()), Version::of(result.root()));
    if (new.admin_epoch, new.epoch) < (old.admin_epoch, old.epoch) {
        return Err(FaultKind::Old.into());
    }
    let change = bump::changed(document, &result, untracked);
    bump::count(&mut result, change);
    if change != Change::Nothing {
        validate(&result)?;
        *document = result;
    }
    Ok(change)
}

#[cfg(test)]
mod tests;
