//! Heartbeat 3.0.6's cluster messages: both formats, authentication, compression.
//!
//! Facts: docs/ancestors/heartbeat.md, measured on Debian's package; every rule has a captured
//! packet in the tests. Called by the cluster's messaging (datagrams, serial lines) and by the
//! daemon (FIFO, client socket). Start reading at [`Message`], then [`encode`] and [`decode`].

mod auth;
mod classic;
pub mod classic_stream;
mod codec;
mod compression;
pub mod ipc;
mod message;
mod netstring;
mod refused;

pub use auth::{Key, Keys, Method};
pub use codec::{Authenticated, decode, decode_local, encode, encode_local};
pub use compression::{Compression, Packing, pack};
pub use message::{Field, Message, Value};
pub use refused::Refused;

/// How a message is written (docs/ancestors/heartbeat.md §1.1, §1.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Lines of `name=value` between `>>>` and `<<<`: serial lines, FIFO, client socket.
    Classic,
    /// Counted fields between `###` and `%%%`: everything on UDP.
    Netstring,
}

/// The longest message in bytes that is read or that the ancestor would read
/// (docs/ancestors/heartbeat.md §1.6).
pub const MESSAGE_MAX: usize = 256 * 1024;

/// The longest message in bytes after decompression (docs/ancestors/heartbeat.md §1.6): the
/// ancestor's own bound, and the most that one datagram can make us allocate for it.
pub const EXPANDED_MAX: usize = 2 * 1024 * 1024;

/// How deep messages may nest: the ancestor's classic format has this many separators
/// (docs/ancestors/heartbeat.md §1.1).
pub const DEPTH_MAX: usize = 16;

/// The largest message in bytes that fits an UDP datagram over IPv4: 65535 less 20 bytes of IP
/// and 8 of UDP header.
pub const DATAGRAM_MAX: usize = 65_507;
