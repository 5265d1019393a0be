//! Orderings: from constraints to edges between actions, and what edges mean for their ends.

pub(crate) mod apply;
pub(crate) mod bundles;
pub(crate) mod collective;
pub(crate) mod dependents;
pub(crate) mod interleave;
pub(crate) mod internal;
pub(crate) mod invalid;
pub(crate) mod migration;
pub(crate) mod probes;
pub(crate) mod relations;
pub(crate) mod remote;
pub(crate) mod update;
