//! The scheduler: given a cluster information base and a moment, what must happen, in which order,
//! and why.
//!
//! Pure and without memory: the same document and the same moment give the same plan. What it
//! hands on is a [`graph::Graph`].

#![forbid(unsafe_code)]

pub mod graph;
