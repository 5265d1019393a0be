//! The text people write, to typed configuration and findings about it.
//!
//! [`heartbeat()`] reads all files of a Heartbeat node in one go and reports everything that is
//! wrong with any of them; it gives a configuration exactly if the ancestor would start with
//! these files. `handover check` and the daemon call it; both hand in the texts and a [`Host`]
//! that answers what only the machine knows. Facts: docs/ancestors/heartbeat.md §5.
//! [`keepalived::keepalived`] does the same for a keepalived.conf and what it includes.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod authkeys;
mod both;
mod digest;
pub mod ha_cf;
pub mod handover_toml;
pub mod haresources;
mod heartbeat;
mod host;
pub mod keepalived;
mod secrets;
mod service_checks;
mod text;

pub use both::{Shared, shared_addresses};
pub use digest::fingerprint;
pub use ha_cf::{GenerationMethod, UuidFrom};
pub use heartbeat::{Heartbeat, Logging, heartbeat};
pub use host::Host;
pub use secrets::covered;

/// The longest file that whoever reads one takes for a configuration, in bytes: tens of thousands
/// of instances fit, and no memory is lost to a log file named by mistake.
pub const FILE_MAX: u64 = 16 << 20;

/// One file, as it was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct File {
    /// What findings call it.
    pub path: String,
    /// Its text; bytes that are no UTF-8 replaced.
    pub text: String,
    /// Its permission bits, where they matter and are known.
    pub mode: Option<u32>,
}

impl File {
    /// A file of unknown mode.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), mode: None }
    }
}

/// The files of a Heartbeat node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sources {
    /// `ha.cf`.
    pub ha_cf: File,
    /// `authkeys`.
    pub authkeys: File,
    /// `haresources`; needed unless a CRM runs the resources.
    pub haresources: Option<File>,
    /// `service_checks`, if there is one.
    pub service_checks: Option<File>,
    /// `handover.toml`, if there is one.
    pub handover_toml: Option<File>,
}
