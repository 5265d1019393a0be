//! Virtual servers as they are configured: what IPVS spreads, over whom, and how each real
//! server is checked.
//!
//! Made by `config::keepalived` from what people write; every default is filled in here already.

pub use base::Command;
use std::net::IpAddr;
use std::time::Duration;
pub use wire::ipvs::{Encapsulation, Family, Forward, Protocol, Tunnel};

/// Everything about virtual servers.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Config {
    /// In the order of the file.
    pub servers: Vec<VirtualServer>,
    /// Groups of addresses that are one virtual server.
    pub groups: Vec<ServerGroup>,
    /// What SSL_GET shows.
    pub tls: Tls,
    /// IPVS as a whole.
    pub ipvs: Ipvs,
    /// `notify_up` runs at start as well (`rs_init_notifies`).
    pub init_notifies: bool,
}

/// IPVS as a whole.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ipvs {
    /// `lvs_sync_daemon`.
    pub sync: Option<SyncDaemon>,
    /// After so long a TCP connection is forgotten (`lvs_timeouts`).
    pub tcp: Option<Duration>,
    /// The same after its FIN.
    pub tcp_fin: Option<Duration>,
    /// The same for UDP.
    pub udp: Option<Duration>,
    /// IPVS is emptied at start (`lvs_flush`).
    pub flush: bool,
    /// What is removed at the end.
    pub flush_on_stop: Flush,
}

/// What `lvs_flush_on_stop` removes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Flush {
    /// Our real servers and virtual servers one by one.
    #[default]
    Off,
    /// Everything.
    All,
    /// Our virtual servers as a whole.
    VirtualServers,
}

/// `lvs_sync_daemon`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncDaemon {
    /// The interface it speaks on.
    pub interface: String,
    /// The instance that decides who sends; `None`: both roles run.
    pub instance: Option<String>,
    /// 0 to 255; `None`: neither it nor an instance has a number, and 0 is used.
    pub id: Option<u8>,
    /// Longest message, in bytes.
    pub maxlen: Option<u16>,
    /// UDP port.
    pub port: Option<u16>,
    /// TTL of its multicasts.
    pub ttl: Option<u8>,
    /// Its multicast group.
    pub group: Option<IpAddr>,
}

/// The certificate SSL_GET shows (`SSL`).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// Opens the key.
    pub password: Option<String>,
    /// Certificates we believe.
    pub ca: Option<String>,
    /// Our certificate.
    pub certificate: Option<String>,
    /// Its key.
    pub key: Option<String>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("ca", &self.ca)
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// What a virtual server answers to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Service {
    /// An address and port; port 0 is all ports.
    Address(IpAddr, u16),
    /// Packets with this mark.
    Mark(u32),
    /// All of a group.
    Group(String),
}

/// A group of addresses and marks (`virtual_server_group`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerGroup {
    /// Its name.
    pub name: String,
    /// What belongs to it.
    pub members: Vec<GroupMember>,
}

/// Part of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupMember {
    /// All addresses from the first to the last, with this port.
    Range(IpAddr, IpAddr, u16),
    /// Packets with this mark, of the family if one is named.
    Mark(u32, Option<Family>),
}

/// `virtual_server`.
#[derive(Clone, PartialEq, Debug)]
pub struct VirtualServer {
    /// What it answers to.
    pub service: Service,
    /// `None` for marks.
    pub protocol: Option<Protocol>,
    /// How connections are spread: the kernel's name.
    pub scheduler: String,
    /// The scheduler's flags 1 to 3, and hashing.
    pub flags: SchedulerFlags,
    /// Each UDP packet is spread by itself.
    pub one_packet: bool,
    /// How packets reach real servers.
    pub forward: Forward,
    /// A client stays with its server so long.
    pub persistence: Option<Duration>,
    /// Clients with so many equal bits stay together.
    pub granularity: Option<u8>,
    /// `persistence_engine sip`.
    pub sip: bool,
    /// The family of a mark; `None`: that of its real servers.
    pub family: Option<Family>,
    /// The server when no other is up.
    pub sorry: Option<SorryServer>,
    /// It takes this much weight up to be up.
    pub quorum: u32,
    /// Up at quorum plus this, down at quorum minus this.
    pub hysteresis: u32,
    /// Run when it came up.
    pub quorum_up: Option<Command>,
    /// Run when it went down.
    pub quorum_down: Option<Command>,
    /// No checks while its address isn't on this host.
    pub ha_suspend: bool,
    /// Down commands run at the end.
    pub omega: bool,
    /// Mails about it.
    pub smtp_alert: bool,
    /// Who serves.
    pub real: Vec<RealServer>,
}

/// Flags of the scheduler.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SchedulerFlags {
    /// `hashed`.
    pub hashed: bool,
    /// `flag-1`; `sh-fallback`, `mh-fallback`.
    pub first: bool,
    /// `flag-2`; `sh-port`, `mh-port`.
    pub second: bool,
    /// `flag-3`.
    pub third: bool,
}

/// `sorry_server`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SorryServer {
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
    /// Stays in IPVS with weight 0.
    pub inhibit: bool,
    /// How packets reach it.
    pub forward: Forward,
}

/// `real_server`.
#[derive(Clone, PartialEq, Debug)]
pub struct RealServer {
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
    /// Its share of connections.
    pub weight: u16,
    /// How packets reach it.
    pub forward: Forward,
    /// At most so many connections; 0: no limit.
    pub upper: u32,
    /// Below this it gets new ones again.
    pub lower: u32,
    /// When failed it keeps its place with weight 0.
    pub inhibit_on_failure: bool,
    /// Run when it came up.
    pub notify_up: Option<Command>,
    /// Run when it went down.
    pub notify_down: Option<Command>,
    /// Mails about it.
    pub smtp_alert: bool,
    /// All must be well.
    pub checkers: Vec<Checker>,
}

/// A check of a real server.
#[derive(Clone, PartialEq, Debug)]
pub struct Checker {
    /// When and how often.
    pub pace: Pace,
    /// Whom it connects to.
    pub connection: Connection,
    /// What it does.
    pub kind: CheckerKind,
}

/// When a checker checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// Down until the first success.
    pub alpha: bool,
    /// So many failures more before the server is down.
    pub retry: u32,
    /// Between two tries.
    pub delay_before_retry: Duration,
    /// The first check comes within this.
    pub warmup: Duration,
    /// Between two checks.
    pub delay_loop: Duration,
    /// Each failure is logged.
    pub log_all_failures: bool,
}

/// Whom a checker connects to, and from where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connection {
    /// The other end.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
    /// Our address.
    pub bind: Option<IpAddr>,
    /// Our port.
    pub bind_port: Option<u16>,
    /// The interface.
    pub bind_interface: Option<String>,
    /// The mark of our packets.
    pub mark: Option<u32>,
    /// How long it may take.
    pub timeout: Duration,
}

/// What a checker does.
#[derive(Clone, PartialEq, Debug)]
pub enum CheckerKind {
    /// Connects.
    Tcp,
    /// Asks for pages.
    Http(Http),
    /// Runs a script.
    Misc {
        /// What is run.
        command: Command,
        /// Killed, and failed, after this.
        timeout: Duration,
        /// Its exit code sets the weight.
        dynamic: bool,
    },
    /// Greets a mail server.
    Smtp {
        /// What we call ourselves.
        helo: String,
    },
    /// Asks a name server.
    Dns {
        /// The type's name.
        kind: String,
        /// Whose records.
        name: String,
    },
    /// Sends a datagram.
    Udp {
        /// What is sent.
        payload: Vec<u8>,
        /// There must be an answer; each byte with the bits that count.
        reply: Option<Vec<(u8, u8)>>,
        /// At least so long.
        min_reply: u16,
        /// At most so long.
        max_reply: u16,
    },
    /// Sends an echo request.
    Ping,
    /// Looks at a tracked file.
    File {
        /// Its name.
        name: String,
        /// Its number is multiplied by this.
        weight: i32,
        /// The other way round.
        reverse: bool,
    },
    /// Follows a BFD session.
    Bfd {
        /// Its name.
        name: String,
    },
}

/// `HTTP_GET` and `SSL_GET`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Http {
    /// Over TLS.
    pub tls: bool,
    /// The host's name is said in the TLS greeting.
    pub sni: bool,
    /// This name instead.
    pub sni_name: Option<String>,
    /// As in the file: `1.0`, `1.1`, with `C` or `K` for their Connection header.
    pub protocol: String,
    /// While the server is down its pages are asked for without a pause between them.
    pub fast_recovery: bool,
    /// The Host header unless the page has one.
    pub host: Option<String>,
    /// The pages, all of which must be well.
    pub urls: Vec<Url>,
}

/// A page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Url {
    /// What is asked for.
    pub path: String,
    /// The Host header.
    pub host: Option<String>,
    /// Its MD5 sum, in hexadecimal.
    pub digest: Option<String>,
    /// Status codes that are well, first and last of each range.
    pub status: Vec<(u16, u16)>,
    /// What the page must match.
    pub regex: Option<Regex>,
}

/// What a page must match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Regex {
    /// The pattern.
    pub pattern: String,
    /// It must not.
    pub inverted: bool,
    /// PCRE2's options, by their names.
    pub options: Vec<String>,
    /// The match begins here or later.
    pub min_offset: u32,
    /// And before this.
    pub max_offset: Option<u32>,
}
