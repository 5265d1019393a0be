//! The scheduler: given a cluster information base and a moment, what must happen, in which order,
//! and why.
//!
//! Pure and without memory: the same document and the same moment give the same plan.

#![forbid(unsafe_code)]
