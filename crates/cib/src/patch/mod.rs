//! Patchsets: the difference between two documents, as a document.
//!
//! The second format of Pacemaker's `crm_diff` is a list of changes, each with the path of what it
//! changes; [`create()`] writes them in the order the real tool does (measured with 2.1.5). The first,
//! by [`create_v1`], is two trees, for documents other than `<cib>` and old peers. [`apply()`] takes
//! both, the real tool's and ours.

mod apply;
mod create;
mod path;
mod siblings;
mod v1;

pub use apply::{Refused, apply};
pub use create::{Options, create};
pub(crate) use path::{find, of as path_of};
pub use v1::create_v1;

use crate::version::feature_set;
use crate::xml::Document;

/// The first feature set whose peers understand the second format (measured).
const SECOND_FORMAT: [u64; 3] = [3, 0, 9];

/// True if the real tool would write the second format for a change of this document.
pub fn takes_second_format(document: &Document) -> bool {
    document.root().is("cib") && feature_set(document.root()) >= SECOND_FORMAT
}
