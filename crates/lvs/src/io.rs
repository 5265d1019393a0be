//! What the virtual servers are told and what they ask for.

use crate::check::{Conversation, Verdict};
use crate::config::{Command, Config, Connection};
use api::Event;
use base::WallTime;
use std::net::IpAddr;
use std::time::Duration;
use wire::ipvs;

/// What the world tells the director.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// The wall clock; given at least once a second, and before the first tick.
    Ambient {
        /// The wall clock, for logs and mails.
        wall: WallTime,
    },
    /// What is in the kernel, before the first tick; or why it can't be used, in the system's
    /// words. Whoever was told that it can't be used tells when it can: the work begins then.
    Kernel(Result<Kernel, String>),
    /// The kernel's answer to an [`Output::Ipvs`]: done, or an error number of Linux.
    Answered {
        /// The number of the output.
        number: u64,
        /// How it went.
        result: Result<(), i32>,
    },
    /// A check ended.
    Checked {
        /// The number of its [`Output::Check`].
        run: u64,
        /// How.
        outcome: Outcome,
    },
    /// The number in a tracked file, at the start and whenever it changes; `None`: it can't be
    /// read.
    File {
        /// The `track_file`'s name.
        name: String,
        /// Its number.
        value: Option<i32>,
    },
    /// A BFD session came up or went down; at the start as it is.
    Bfd {
        /// Its name.
        name: String,
        /// Up.
        up: bool,
    },
    /// An address of [`Director::watched`](crate::Director::watched) is on this host, or isn't.
    Address {
        /// Which.
        ip: IpAddr,
        /// It is there.
        present: bool,
    },
    /// A virtual router changed its state; at the start as it is.
    Router {
        /// The instance's name.
        name: String,
        /// It is master now.
        master: bool,
    },
    /// A new configuration that passed all checks.
    Reload(Box<Config>),
    /// Stop: remove what is ours, then [`Output::Exit`]. With `keep` IPVS stays as it is.
    Stop {
        /// Leave IPVS in place (`--dont-release-ipvs`, an upgrade).
        keep: bool,
    },
}

/// What is in the kernel.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Kernel {
    /// All services with their destinations.
    pub services: Vec<(ipvs::Service, Vec<ipvs::Destination>)>,
    /// All sync daemons.
    pub daemons: Vec<ipvs::Daemon>,
    /// How long it remembers connections; put back at the end if `lvs_timeouts` changed it.
    pub timeouts: ipvs::Timeouts,
}

/// How a check ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The conversation came to an end.
    Said(Verdict),
    /// Nobody listens there, in the system's words: a connection refused, an ICMP error.
    Refused(String),
    /// Nothing came in time.
    TimedOut,
    /// A script ended with this code.
    Exited(i32),
    /// A script ended by a signal, or was killed for its time.
    Killed(i32),
    /// It couldn't be done, in the system's words: no such program, no such address of ours.
    NotRun(String),
}

/// What the director asks of the world. Perform them in order.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Tell the kernel; the answer comes back as [`Input::Answered`]. One at a time.
    Ipvs {
        /// Counts up from 1.
        number: u64,
        /// What.
        command: ipvs::Command,
    },
    /// Start a check; its end comes back as [`Input::Checked`].
    Check(Check),
    /// End a check that runs; nobody wants to know how it ends.
    Abandon {
        /// The number of its [`Output::Check`].
        run: u64,
    },
    /// Tell others: command, FIFO and mail.
    Notify(Notification),
    /// Something happened; log it, keep it, tell those who follow.
    Event(Event),
    /// Everything is removed (or kept, as asked): end.
    Exit,
}

impl From<Event> for Output {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

/// A check that is to be made now.
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    /// Counts up from 1.
    pub run: u64,
    /// What is done.
    pub probe: Probe,
}

/// What a check does.
#[derive(Clone, PartialEq, Debug)]
pub enum Probe {
    /// Speaks with somebody. When the connection stands, [`Conversation::connected`] says what
    /// is next; what comes in goes to [`Conversation::heard`]. When nothing comes for
    /// [`Connection::timeout`], [`Conversation::silent`] knows what that means.
    Talk {
        /// In what.
        transport: Transport,
        /// With whom, from where.
        connection: Connection,
        /// What is said.
        conversation: Conversation,
        /// All of it ends after this, whatever still comes: [`Outcome::TimedOut`].
        limit: Duration,
    },
    /// Runs a script.
    Run {
        /// What is run.
        command: Command,
        /// Killed with its process group, and failed, after this.
        limit: Duration,
    },
}

/// What a conversation is carried by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// TLS over TCP. The other end's certificate is not verified.
    Tls {
        /// The name said in the greeting.
        server_name: Option<String>,
    },
    /// UDP; each datagram is heard by itself, at most [`check::DATAGRAM_MAX`](crate::check::DATAGRAM_MAX)
    /// bytes of it.
    Udp,
    /// ICMP or ICMPv6 echo, on an unprivileged socket: what is sent and heard is the message
    /// from its type on.
    Icmp,
}

/// Something others are told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notification {
    /// Of what: a virtual or real server.
    pub subject: api::Subject,
    /// It is up now.
    pub up: bool,
    /// Run; it gets no further arguments.
    pub command: Option<Command>,
    /// Written to the FIFOs, without the line's end (docs/ancestors/keepalived.md §2.5).
    pub line: String,
    /// Sent as well.
    pub mail: Option<Mail>,
}

/// A mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Its subject, behind `[router_id] `.
    pub subject: String,
    /// Its text.
    pub body: String,
}
