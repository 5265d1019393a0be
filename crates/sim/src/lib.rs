//! The cluster in a deterministic simulator: network, faults, checkers, scenarios.
#![forbid(unsafe_code)]

pub mod scenario;
