//! Bytes that other machines send us, to messages and back. Total functions only: no input makes
//! anything here panic, and nothing is believed before its digest is checked.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)]

pub mod heartbeat;
