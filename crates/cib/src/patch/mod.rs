//! Patchsets: the difference between two documents, as a document.
//!
//! The second format of Pacemaker's `crm_diff`: a list of changes, each with the path of what it
//! changes. [`create`] writes the changes in the order the real tool does (measured with 2.1.5), and
//! [`apply`] takes its patchsets and ours.

mod apply;
mod create;
mod path;
mod siblings;

pub use apply::{Refused, apply};
pub use create::{Options, create};
