//! What the virtual routers are told and what they ask for.

use crate::config::{Address, Command, Config, Route, Rule, Tracked};
use api::Event;
use base::WallTime;
use std::net::IpAddr;
use std::sync::Arc;

/// What the world tells the role.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// The wall clock; given at least once a second, and before the first tick.
    Ambient {
        /// The wall clock, for logs and `auth_hmac`.
        wall: WallTime,
    },
    /// A packet of protocol 112 or 51 came in. Nothing in it is believed before it is checked.
    Packet(Received),
    /// What the kernel says of an interface: now, at the start, and whenever it changes. An
    /// interface that was never told is missing.
    Link {
        /// Its name.
        interface: String,
        /// Exists, is up and runs.
        up: bool,
        /// Its primary IPv4 address.
        ipv4: Option<IpAddr>,
        /// Its link-local IPv6 address.
        ipv6: Option<IpAddr>,
    },
    /// The addresses of this host changed so that a watched source address came or went.
    Source {
        /// The address.
        ip: IpAddr,
        /// It is on this host.
        present: bool,
    },
    /// A tracked script ended (or was killed for its time).
    ScriptDone {
        /// Its name.
        name: String,
        /// With exit code 0, in time.
        success: bool,
        /// In words, for people: `exit code 3`, `killed by signal 9`.
        how: String,
    },
    /// What else is tracked changed.
    Tracker {
        /// Which.
        what: Tracked,
        /// How it is.
        condition: Condition,
    },
    /// Somebody else removed an address of ours.
    AddressLost {
        /// Whose.
        instance: String,
        /// Which.
        ip: IpAddr,
    },
    /// Somebody else removed a route or rule of ours that is watched.
    RoutingLost {
        /// Whose.
        instance: String,
        /// Which, as its `Display` says.
        what: String,
    },
    /// The configuration is about to be read again: masters speak once with their old values, so
    /// that backups wait as long as may be while it is (docs/ancestors/keepalived.md §2.6).
    Reloading,
    /// A new configuration that passed all checks.
    Reload(Box<Config>),
    /// Stop: say goodbye, release, then [`Output::Exit`]. With `keep` addresses stay.
    Stop {
        /// Leave addresses in place and say nothing (`--dont-release-vrrp`, an upgrade).
        keep: bool,
    },
}

/// How something tracked is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Well.
    Good,
    /// Not well.
    Bad,
    /// The number in a tracked file.
    Value(i32),
}

/// A packet as it came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// The interface it came in on.
    pub interface: String,
    /// Who sent it, as its IP header says.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// IPv4: header and payload, as a raw socket gives them. IPv6: the payload.
    pub bytes: Vec<u8>,
}

/// What the role asks of the world. Perform them in order.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Send an advert.
    Send(Advert),
    /// Put these addresses, routes and rules of an instance in place; those that are there stay.
    Take {
        /// Whose.
        instance: String,
        /// Its addresses, excluded ones last.
        addresses: Vec<Address>,
        /// Its routes.
        routes: Vec<Route>,
        /// Its rules.
        rules: Vec<Rule>,
    },
    /// Remove them, in reverse order.
    Release {
        /// Whose.
        instance: String,
        /// Its addresses.
        addresses: Vec<Address>,
        /// Its routes.
        routes: Vec<Route>,
        /// Its rules.
        rules: Vec<Rule>,
    },
    /// Announce addresses once each, in this order: gratuitous ARP, or neighbour advertisements.
    Announce {
        /// Whose.
        instance: String,
        /// Which.
        addresses: Vec<Address>,
    },
    /// Start a tracked script; its end comes back as [`Input::ScriptDone`].
    Run {
        /// Its name; program, user and time limit are in its configuration.
        name: String,
    },
    /// Tell others: command, FIFO and mail.
    Notify(Notification),
    /// Something happened; log it, keep it, tell those who follow.
    Event(Event),
    /// Everything is released (or kept, as asked): end the process.
    Exit,
}

impl From<Event> for Output {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

/// An advert on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advert {
    /// Whose.
    pub instance: String,
    /// The interface it leaves on.
    pub interface: Option<String>,
    /// Source address.
    pub source: IpAddr,
    /// Multicast group or peer.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// IPv4: the whole packet, IP header included (its checksum is the kernel's to fill). IPv6:
    /// the payload; the kernel fills the checksum.
    pub bytes: Arc<[u8]>,
}

/// Something others are told.
#[derive(Clone, PartialEq, Debug)]
pub struct Notification {
    /// An instance or a group.
    pub of: Subject,
    /// What happened.
    pub what: What,
    /// The effective priority; 0 for a group.
    pub priority: u8,
    /// Commands to run, in this order: the special one, then the general one, which gets
    /// `INSTANCE|GROUP name STATE priority` as further arguments.
    pub commands: Vec<Command>,
    /// A mail goes out as well.
    pub mail: bool,
}

/// Whom a notification is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// An instance, by its name.
    Instance(String),
    /// A sync group, by its name.
    Group(String),
}

/// What a notification says; its word in the FIFO is keepalived's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// Became master.
    Master,
    /// Became backup.
    Backup,
    /// In fault.
    Fault,
    /// Stopped.
    Stop,
    /// Removed by a reload.
    Deleted,
    /// A master heard a lower priority.
    MasterRxLowerPri,
    /// A master's effective priority changed.
    MasterPriority,
    /// A backup's effective priority changed.
    BackupPriority,
}

impl What {
    /// keepalived's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
            Self::Deleted => "DELETED",
            Self::MasterRxLowerPri => "MASTER_RX_LOWER_PRI",
            Self::MasterPriority => "MASTER_PRIORITY",
            Self::BackupPriority => "BACKUP_PRIORITY",
        }
    }
}
