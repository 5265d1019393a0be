//! What a node is told before it starts: the meaning of ha.cf, authkeys, haresources and
//! service_checks, with every default filled in. Made by `config`, or by a test.

use base::{GroupKey, LinkName, NodeName};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use wire::heartbeat::{Compression, Format, Keys};

/// The whole configuration of one node.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// This node's name, one of `nodes`.
    pub me: NodeName,
    /// The members in file order, names as written.
    pub nodes: Vec<NodeName>,
    /// The media in file order; a `LinkId` is an index into this list.
    pub links: Vec<Link>,
    /// The timers.
    pub timing: Timing,
    /// What happens when a group's home returns.
    pub auto_failback: AutoFailback,
    /// The keys of authkeys.
    pub keys: Keys,
    /// `msgfmt`.
    pub format: Format,
    /// `compression`.
    pub compression: Compression,
    /// `compression_threshold`, in bytes.
    pub compression_threshold: usize,
    /// `traditional_compression`.
    pub traditional_compression: bool,
    /// `hopfudge`; `ttl` in messages is this plus the number of nodes.
    pub hopfudge: u32,
    /// The groups of haresources in file order.
    pub groups: Vec<Group>,
    /// The devices of `stonith` and of those `stonith_host` lines that are for this node.
    pub stonith: Vec<StonithDevice>,
    /// True when a `respawn` line starts ipfail.
    pub ipfail: bool,
    /// The other `respawn` and `failfast` lines.
    pub clients: Vec<Client>,
    /// `apiauth`, by client name.
    pub apiauth: BTreeMap<String, ApiAuth>,
    /// The lines of service_checks.
    pub checks: Vec<Check>,
    /// What to do when somebody else answers for an address we are to take.
    pub duplicate_address: DuplicateAddress,
    /// `autojoin`: accept nodes that are not configured (crm mode only).
    pub autojoin: bool,
    /// `-M` or crm mode: no resource management.
    pub manage_resources: bool,
    /// Parameters as `cl_status hbparameter` and the `HA_` environment show them: as written, or
    /// the default.
    pub parameters: BTreeMap<String, String>,
    /// `env` lines: scripts get `HA_NAME=value`.
    pub environment: BTreeMap<String, String>,
    /// Digest of ha.cf's shared part and of haresources, compared between nodes of ours.
    pub digest: String,
}

/// One medium. Ping media make a ping node each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Interface, device, or pinged host or group.
    pub name: LinkName,
    /// What carries it.
    pub medium: Medium,
}

/// What carries a link, with what the socket needs to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Medium {
    /// UDP broadcast on an interface.
    Bcast {
        /// `udpport` in force at this line.
        port: u16,
    },
    /// IPv4 or IPv6 multicast on an interface.
    Mcast {
        /// The group.
        group: IpAddr,
        /// Its own port.
        port: u16,
        /// TTL or hop limit.
        ttl: u8,
        /// Hear our own packets.
        loopback: bool,
    },
    /// UDP to one peer, by address or host name, on an interface.
    Ucast {
        /// The peer as written.
        peer: String,
        /// True for `ucast6`.
        v6: bool,
        /// `udpport` in force at this line.
        port: u16,
    },
    /// A serial line: classic format.
    Serial {
        /// `baud` in force at this line.
        baud: u32,
    },
    /// ICMP echo to one host (`ping`, `ping6`) or to a group of which one must answer.
    Ping {
        /// The hosts as written; one, unless it is a group.
        hosts: Vec<String>,
        /// True for `ping_group`.
        group: bool,
        /// True for `ping6`.
        v6: bool,
    },
}

impl Medium {
    /// True for the media that make a ping node.
    pub const fn is_ping(&self) -> bool {
        matches!(self, Self::Ping { .. })
    }
}

/// The timers of ha.cf.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Between two beats.
    pub keepalive: Duration,
    /// Silence after which a node is dead.
    pub deadtime: Duration,
    /// Silence after which a beat is told to be late.
    pub warntime: Duration,
    /// The same as deadtime, for nodes not heard since start.
    pub initdead: Duration,
    /// The same as deadtime, for ping nodes.
    pub deadping: Duration,
    /// `max_rexmit_delay`.
    pub max_rexmit_delay: Duration,
}

/// `auto_failback`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AutoFailback {
    /// Groups return to their home.
    On,
    /// Groups stay where they are.
    Off,
    /// The protocol of Heartbeat 1.x: groups return, by `ip-request`.
    Legacy,
}

impl AutoFailback {
    /// The word of ha.cf.
    pub const fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Legacy => "legacy",
        }
    }
}

/// One line of haresources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The first resource as written: the group's name on the wire.
    pub key: GroupKey,
    /// The node named first.
    pub home: NodeName,
    /// Started from first to last, stopped from last to first.
    pub resources: Vec<Resource>,
}

/// One resource of a group: `name::arg::arg`, or a bare address (then `name` is `IPaddr`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Resource {
    /// As written.
    pub written: String,
    /// The script's name.
    pub name: String,
    /// Its arguments, before the verb.
    pub args: Vec<String>,
}

/// A way to prove that another node is off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StonithDevice {
    /// The plugin's type, e.g. `external/ssh`.
    pub kind: String,
    /// Its parameters: words after the type, or the words of the configuration file's line.
    pub parameters: Vec<String>,
}

/// A program kept running beside us.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// User it runs as.
    pub user: String,
    /// Its command line as written.
    pub command: String,
    /// `failfast`: its death reboots the machine.
    pub failfast: bool,
}

/// Who may sign on under a client name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ApiAuth {
    /// User names.
    pub users: Vec<String>,
    /// Group names.
    pub groups: Vec<String>,
}

/// One line of service_checks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// As written, for messages.
    pub written: String,
    /// What is tried.
    pub probe: Probe,
    /// The group it is for; `None`: for all.
    pub group: Option<GroupKey>,
    /// Between the starts of two tries.
    pub interval: Duration,
    /// A try that takes longer has failed.
    pub timeout: Duration,
    /// Failures in a row until it counts.
    pub failures: u32,
    /// Restart the group's last script before handing over.
    pub restart: bool,
}

/// What a service check tries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Probe {
    /// Connect to a TCP port.
    Tcp {
        /// Host, `127.0.0.1` unless written.
        host: String,
        /// Port.
        port: u16,
    },
    /// GET a URL; a status from 200 to 399 passes.
    Http {
        /// `http://…`.
        url: String,
    },
    /// Run a program; 0 passes.
    Command {
        /// Absolute path.
        path: String,
        /// Its arguments.
        args: Vec<String>,
    },
    /// Ask systemd whether a unit is active.
    Unit {
        /// Its name.
        name: String,
    },
}

/// What to do when somebody else answers for an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DuplicateAddress {
    /// Report it, probe again for up to 3 s, then take it as the ancestor would.
    #[default]
    Take,
    /// Hold back as long as it is answered.
    Wait,
}
