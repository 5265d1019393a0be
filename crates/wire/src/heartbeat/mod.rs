//! Heartbeat 3.0.6's cluster messages: both formats, authentication, compression.
//!
//! Facts: docs/ancestors/heartbeat.md, measured on Debian's package; every rule has a captured
//! packet in the tests. Start reading at [`Message`].

mod message;

pub use message::{Field, Message, Value};
