//! What people read: the cluster's status, the summary of a plan, the scores.

pub(crate) mod columns;
pub(crate) mod details;
pub(crate) mod resources;
pub(crate) mod scores;
pub(crate) mod status;
pub(crate) mod summary;
