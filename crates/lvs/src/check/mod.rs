//! What is said to a real server, and what its answers mean: one conversation for each check.
//!
//! A conversation is fed with the bytes that came in, however they were cut, and says what is
//! sent next or how the check ended. It opens no socket and knows no time. Every byte of an
//! answer is somebody else's: each parser has a limit on what it keeps, and a fuzz target
//! (`fuzz/fuzz_targets/check_*.rs`).

mod dns;
mod http;
mod pattern;
mod ping;
mod smtp;
mod udp;

use crate::config::{Connection, Http, Url};
use dns::Dns;
use http::Page;
pub use http::{BODY_MAX, HEAD_MAX};
pub use pattern::Pattern;
use ping::Ping;
use smtp::Smtp;
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
    Page(Box<Page>),
    Smtp(Smtp),
    Dns(Dns),
    Udp(Udp),
    Ping(Ping),
}

impl Conversation {
    /// TCP_CHECK: a connection is all that is asked for.
    pub const fn tcp() -> Self {
        Self(Kind::Tcp)
    }

    /// HTTP_GET and SSL_GET: asks for one page.
    ///
    /// # Errors
    ///
    /// Why the page's pattern can't be used.
    pub fn page(http: &Http, url: &Url, to: &Connection) -> Result<Self, String> {
        Page::new(http, url, to).map(|page| Self(Kind::Page(Box::new(page))))
    }

    /// SMTP_CHECK: greets a mail server as `helo`.
    pub fn smtp(helo: &str) -> Self {
        Self(Kind::Smtp(Smtp::new(helo)))
    }

    /// DNS_CHECK: asks for records of type `kind` of `name`; `id` is a random number.
    ///
    /// # Errors
    ///
    /// Why there is no such question.
    pub fn dns(id: u16, kind: &str, name: &str) -> Result<Self, String> {
        Dns::new(id, kind, name).map(|dns| Self(Kind::Dns(dns)))
    }

    /// UDP_CHECK: sends `payload`. With `reply` there must be an answer of `lengths` (least,
    /// most) bytes that begins with these; each byte stands with the bits that count.
    pub const fn udp(payload: Vec<u8>, reply: Option<Vec<(u8, u8)>>, lengths: (u16, u16)) -> Self {
        Self(Kind::Udp(Udp::new(payload, reply, lengths)))
    }

    /// PING_CHECK; `token` is a random number that comes back.
    pub const fn ping(ipv6: bool, token: u64) -> Self {
        Self(Kind::Ping(Ping::new(ipv6, token)))
    }

    /// The connection stands (or the socket, where there are no connections).
    pub fn connected(&mut self) -> Step {
        match &mut self.0 {
            Kind::Tcp => Step::Done(Verdict::Passed("a connection was made".to_owned())),
            Kind::Page(page) => page.connected(),
            Kind::Smtp(_) => Step::Wait,
            Kind::Dns(dns) => dns.connected(),
            Kind::Udp(udp) => udp.connected(),
            Kind::Ping(ping) => ping.connected(),
        }
    }

    /// Bytes came in: some of a stream, or a whole datagram.
    pub fn heard(&mut self, bytes: &[u8]) -> Step {
        match &mut self.0 {
            Kind::Tcp => Step::Wait,
            Kind::Page(page) => page.heard(bytes),
            Kind::Smtp(smtp) => smtp.heard(bytes),
            Kind::Dns(dns) => dns.heard(bytes),
            Kind::Udp(udp) => udp.heard(bytes),
            Kind::Ping(ping) => ping.heard(bytes),
        }
    }

    /// The other end closed the connection.
    pub fn closed(&mut self) -> Verdict {
        match &mut self.0 {
            Kind::Page(page) => page.closed(),
            Kind::Smtp(smtp) => smtp.closed(),
            Kind::Tcp | Kind::Dns(_) | Kind::Udp(_) | Kind::Ping(_) => {
                Verdict::Failed("the connection was closed".to_owned())
            }
        }
    }

    /// Nothing came for as long as was allowed.
    pub fn silent(&mut self) -> Verdict {
        match &mut self.0 {
            Kind::Udp(udp) => udp.silent(),
            _ => Verdict::Failed("nothing came in time".to_owned()),
        }
    }
}
