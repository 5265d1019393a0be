//! Why bytes are not a message.

/// Why bytes were refused. None of it says anything about the cluster: nothing refused is ever
/// looked at again, except by counters and a rate-limited log line. It never holds a digest: who
/// reads the log must not learn how to sign (docs/ancestors/heartbeat.md §1.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// It starts like neither format.
    #[error("not a heartbeat message")]
    NotOurs,
    /// It starts like a message, but breaks the rules of its format; the text says which.
    #[error("malformed message: {0}")]
    Malformed(&'static str),
    /// No digest: a netstring message without trailer, a classic one without `auth`.
    #[error("message is not signed")]
    NoAuth,
    /// Signed with a key of that number, which authkeys doesn't have.
    #[error("message is signed with key {0}, which is not in authkeys")]
    UnknownKey(u8),
    /// The digest is not the one our key of that number gives.
    #[error("message is signed with another key, or was changed on its way")]
    BadDigest,
    /// Longer than [`MESSAGE_MAX`](super::MESSAGE_MAX).
    #[error("message is longer than 256 KiB")]
    TooLong,
    /// Messages in messages, more than [`DEPTH_MAX`](super::DEPTH_MAX) of them.
    #[error("messages are nested more than 16 deep")]
    TooDeep,
    /// Decompresses to more than [`EXPANDED_MAX`](super::EXPANDED_MAX).
    #[error("compressed message is larger than 2 MiB when expanded")]
    Bomb,
    /// Compressed by something other than zlib or bz2, or not by what it names.
    #[error("message cannot be decompressed")]
    BadCompression,
}

impl Refused {
    /// One word for counters and metrics; stable, lower case.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotOurs => "not_ours",
            Self::Malformed(_) => "malformed",
            Self::NoAuth => "no_auth",
            Self::UnknownKey(_) => "unknown_key",
            Self::BadDigest => "bad_digest",
            Self::TooLong => "too_long",
            Self::TooDeep => "too_deep",
            Self::Bomb => "bomb",
            Self::BadCompression => "bad_compression",
        }
    }
}
