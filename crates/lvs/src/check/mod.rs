//! What is said to a real server, and what its answers mean: one conversation for each check.
//!
//! A conversation is fed with the bytes that came in, however they were cut, and says what is
//! sent next or how the check ended. It opens no socket and knows no time. Every byte of an
//! answer is somebody else's: each parser has a limit on what it keeps.

mod udp;

pub use udp::USUAL_PAYLOAD;
use udp::Udp;

/// As much of a datagram is looked at: the most that UDP can carry.
pub const DATAGRAM_MAX: usize = 65_535;

/// How a check ended, and in what words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The server is well; what it said.
    Passed(String),
    /// It isn't; what was wrong.
    Failed(String),
}

/// What is next in a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Wait for more.
    Wait,
    /// Send this, then wait.
    Send(Vec<u8>),
    /// It is over; close the connection.
    Done(Verdict),
}

/// A conversation with a real server.
#[derive(Clone, PartialEq, Debug)]
pub struct Conversation(Kind);

#[derive(Clone, PartialEq, Debug)]
enum Kind {
    Tcp,
    Udp(Udp),
}

impl Conversation {
    /// TCP_CHECK: a connection is all that is asked for.
    pub const fn tcp() -> Self {
        Self(Kind::Tcp)
    }

    /// UDP_CHECK: sends `payload`. With `reply` there must be an answer of `lengths` (least,
    /// most) bytes that begins with these; each byte stands with the bits that count.
    pub const fn udp(payload: Vec<u8>, reply: Option<Vec<(u8, u8)>>, lengths: (u16, u16)) -> Self {
        Self(Kind::Udp(Udp::new(payload, reply, lengths)))
    }

    /// The connection stands (or the socket, where there are no connections).
    pub fn connected(&mut self) -> Step {
        match &mut self.0 {
            Kind::Tcp => Step::Done(Verdict::Passed("a connection was made".to_owned())),
            Kind::Udp(udp) => udp.connected(),
        }
    }

    /// Bytes came in: some of a stream, or a whole datagram.
    pub fn heard(&mut self, bytes: &[u8]) -> Step {
        match &mut self.0 {
            Kind::Tcp => Step::Wait,
            Kind::Udp(udp) => udp.heard(bytes),
        }
    }

    /// The other end closed the connection.
    pub fn closed(&mut self) -> Verdict {
        match &mut self.0 {
            Kind::Tcp | Kind::Udp(_) => Verdict::Failed("the connection was closed".to_owned()),
        }
    }

    /// Nothing came for as long as was allowed.
    pub fn silent(&mut self) -> Verdict {
        match &mut self.0 {
            Kind::Tcp => Verdict::Failed("nothing came in time".to_owned()),
            Kind::Udp(udp) => udp.silent(),
        }
    }
}
