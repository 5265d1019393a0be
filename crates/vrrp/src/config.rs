//! What the virtual routers of one machine are configured to be.
//!
//! Made by `config::keepalived` from what people write; every default is filled in here already.
//! Where a number has a meaning of its own (0 as "off"), it is an `Option`.

pub use base::Command;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
pub use wire::routing::{Route, Rule};

/// Everything one VRRP role does.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Config {
    /// In the order of the file. Shared by all that need one: there may be thousands.
    pub instances: Vec<Arc<Instance>>,
    /// In the order of the file; members are instances that exist.
    pub groups: Vec<SyncGroup>,
    /// Scripts that some instance or group tracks.
    pub scripts: Vec<Script>,
    /// Interfaces with delays of their own before a change of their state counts.
    pub link_delays: Vec<LinkDelay>,
    /// Interfaces may be missing, come and go (`dynamic_interfaces`).
    pub dynamic_interfaces: bool,
    /// Interfaces whose announcements have a pace of their own (`garp_group`).
    pub paces: Vec<Pace>,
    /// Nobody becomes master before this has passed since the start (`vrrp_startup_delay`).
    pub startup_delay: Duration,
    /// `router_id`: for the subject of mails.
    pub router_id: String,
    /// Priority changes are told to the FIFO (`vrrp_notify_priority_changes`).
    pub notify_priority_changes: bool,
    /// Packets of virtual routers that are not configured here are told (`log_unknown_vrids`).
    pub log_unknown_vrids: bool,
    /// How receive buffers of sockets are sized.
    pub receive_buffers: ReceiveBuffers,
}

/// How receive buffers are sized where something is written about them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReceiveBuffers {
    /// What each instance needs that says nothing itself (`vrrp_rx_bufs_policy`).
    pub policy: BufferPolicy,
    /// Bytes that an instance says itself (`kernel_rx_buf_size`), by its name.
    pub own: Vec<(String, u32)>,
}

/// What an instance's adverts need of a receive buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BufferPolicy {
    /// Nothing is written.
    #[default]
    Unwritten,
    /// So many times the MTU of its interface (`MTU`).
    Mtu(u32),
    /// So many times its own advert (`ADVERT`).
    Advert(u32),
    /// So many bytes.
    Bytes(u32),
}

/// Number of a virtual router on its network, 1 to 255.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Vrid(pub u8);

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The protocol's version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Version {
    /// RFC 3768.
    V2,
    /// RFC 5798 and RFC 9568.
    V3,
}

/// The address family an instance speaks in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub const fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// One virtual router (`vrrp_instance`).
#[derive(Clone, PartialEq, Debug)]
pub struct Instance {
    /// Its name in the file.
    pub name: String,
    /// Its number on the network.
    pub vrid: Vrid,
    /// The interface it speaks on; `None` only with unicast peers and a source address.
    pub interface: Option<String>,
    /// The family it speaks in: that of its first address, else of its peers, else IPv4.
    pub family: Family,
    /// The version it speaks.
    pub version: Version,
    /// `state MASTER` was written. It matters for priority 255 alone
    /// (docs/ancestors/keepalived.md, fact 1).
    pub initially_master: bool,
    /// 1 to 255 (the owner of the addresses).
    pub priority: u8,
    /// Between two adverts of the master.
    pub advert_int: Duration,
    /// How its adverts are authenticated.
    pub authentication: Authentication,
    /// The addresses in its adverts, in the order of the file, at most 255.
    pub addresses: Vec<Address>,
    /// Addresses that move with it and are not in its adverts.
    pub excluded: Vec<Address>,
    /// Routes that move with it.
    pub routes: Vec<Route>,
    /// Rules that move with it.
    pub rules: Vec<Rule>,
    /// Where adverts go.
    pub destination: Destination,
    /// The source address of adverts; `None`: the interface's primary one (IPv6: link-local).
    pub source: Option<IpAddr>,
    /// That source address is watched: without it on this host the instance is in FAULT.
    pub track_source: bool,
    /// TTL or hop limit of unicast adverts; multicast always has 255.
    pub unicast_ttl: u8,
    /// Takes over from a master of lower priority.
    pub preempt: bool,
    /// Waits this long before it does.
    pub preempt_delay: Duration,
    /// A master is missed after so many intervals (and the skew).
    pub down_timer_adverts: u8,
    /// How addresses are announced.
    pub garp: Garp,
    /// Traffic to the addresses is taken by a master that doesn't own them.
    pub accept: bool,
    /// `vrrp_strict`.
    pub strict: bool,
    /// A master whose address list was right once is not checked again.
    pub skip_check_adv_addr: bool,
    /// Unicast adverts count only from configured peers.
    pub check_unicast_src: bool,
    /// How version 3 checksums over IPv4 are made and checked.
    pub checksum: Checksum,
    /// A master that hears a lower priority doesn't answer with an advert.
    pub lower_prio_no_advert: bool,
    /// A master that hears a higher priority sends one more advert before it steps down.
    pub higher_prio_send_advert: bool,
    /// An owner ignores the adverts of others.
    pub owner_ignore_adverts: bool,
    /// Speaks from a virtual MAC address of its own.
    pub vmac: Option<Vmac>,
    /// The state of its own interface doesn't count.
    pub dont_track_primary: bool,
    /// What else its state and priority depend on.
    pub tracks: Vec<Track>,
    /// Whom to tell. Shared by instances that tell the same ones.
    pub notify: Arc<Notify>,
    /// Mail on every change of state.
    pub smtp_alert: bool,
}

/// An address that moves with its instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Bits of the network; 32 or 128 unless written.
    pub prefix: u8,
    /// Where it goes; `None`: the instance's interface (or its VMAC).
    pub device: Option<String>,
    /// `label`, IPv4 only.
    pub label: Option<String>,
    /// `brd`.
    pub broadcast: Broadcast,
    /// `scope`, as the kernel numbers it (0 global, 253 link, 254 host).
    pub scope: u8,
    /// `peer`: the other end of a point-to-point link.
    pub peer: Option<(IpAddr, u8)>,
    /// IPv6 only: the kernel's flags home, mngtmpaddr, noprefixroute, autojoin; and whether
    /// duplicate address detection is done (keepalived adds IPv6 addresses without, unless
    /// `-nodad` is written: docs/ancestors/keepalived.md §1.3).
    pub flags: AddressFlags,
    /// `preferred_lft`: `None` for ever.
    pub preferred_lifetime: Option<Duration>,
    /// Its loss doesn't count (`no_track`).
    pub no_track: bool,
    /// Its device was made for it, with a virtual MAC address (`use_vmac_addr`).
    pub own_mac: bool,
}

/// What may be said of an address beside the numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AddressFlags {
    /// `home`.
    pub home: bool,
    /// Duplicate address detection is done.
    pub dad: bool,
    /// `mngtmpaddr`.
    pub manage_temporary: bool,
    /// `noprefixroute`.
    pub no_prefix_route: bool,
    /// `autojoin`.
    pub auto_join: bool,
}

/// An address's broadcast address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Broadcast {
    /// None.
    #[default]
    Unset,
    /// The highest address of the network (`brd +`).
    Highest,
    /// The network's own address (`brd -`).
    Lowest,
    /// This one.
    Is(IpAddr),
}

/// Where adverts go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Destination {
    /// To a multicast group.
    Multicast(IpAddr),
    /// To each of these.
    Unicast(Vec<Peer>),
}

/// A router that unicast adverts go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Its address.
    pub ip: IpAddr,
    /// Its adverts need at least this TTL.
    pub min_ttl: Option<u8>,
    /// And at most this one.
    pub max_ttl: Option<u8>,
}

/// How adverts are authenticated. Secrets never appear in `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Authentication {
    /// Not at all.
    #[default]
    None,
    /// Version 2: a password that everybody can read, cut to 8 bytes, padded with zeros.
    Pass([u8; 8]),
    /// Version 2: an IPsec authentication header, keyed with the padded password.
    Ah([u8; 8]),
    /// A signed trailer after the advert (`auth_hmac` of keepalived 2.4).
    Hmac(HmacKeys),
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Pass(_) => "Pass(…)",
            Self::Ah(_) => "Ah(…)",
            Self::Hmac(_) => "Hmac(…)",
        })
    }
}

/// `auth_hmac`.
#[derive(Clone, PartialEq, Eq)]
pub struct HmacKeys {
    /// By their number.
    pub keys: Vec<(u8, Vec<u8>)>,
    /// The one we sign with.
    pub active: u8,
    /// How far the sender's clock may be off, or how old a message may be.
    pub window: Duration,
    /// What happens to adverts without a right trailer.
    pub mode: HmacMode,
}

/// What `auth_hmac` asks of adverts that come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HmacMode {
    /// Each needs a right trailer.
    Enforce,
    /// We sign; others need not.
    Permissive,
    /// We don't sign yet; a trailer that is there must be right.
    ReceiveOnly,
}

/// How the checksum of version 3 over IPv4 is made. On receipt each variant is taken that a
/// correct router may use (docs/ancestors/keepalived.md §8/8).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Checksum {
    /// With a pseudo header (RFC 5798 as keepalived reads it).
    #[default]
    WithPseudoHeader,
    /// Unicast: with a pseudo header that names the multicast group (`old_unicast_checksum`).
    OldUnicast,
    /// Without (RFC 9568, `v3_checksum_as_v2`).
    AsVersion2,
}

/// How addresses are announced (gratuitous ARP, unsolicited neighbour advertisements).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Garp {
    /// The second burst after becoming master; `None`: there is none.
    pub master_delay: Option<Duration>,
    /// How often each address is announced in a burst.
    pub master_repeat: u32,
    /// As long as we are master, announced again so often; `None`: never.
    pub refresh: Option<Duration>,
    /// How often each address is announced then.
    pub refresh_repeat: u32,
    /// The second burst after a master of lower priority was heard.
    pub lower_prio_delay: Option<Duration>,
    /// How often each address is announced in those bursts.
    pub lower_prio_repeat: u32,
    /// Between two gratuitous ARPs on one interface.
    pub arp_interval: Duration,
    /// Between two neighbour advertisements on one interface.
    pub na_interval: Duration,
    /// Addresses on other interfaces than the instance's, announced so often: adverts leave there
    /// no trace in switches (`garp_extra_if`).
    pub elsewhere: Option<Elsewhere>,
}

/// `garp_extra_if`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Elsewhere {
    /// From one time to the next.
    pub every: Duration,
    /// All of them; else only those with a virtual MAC address.
    pub all: bool,
}

/// Interfaces that share one pace of announcements (`garp_group`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pace {
    /// The interfaces.
    pub interfaces: Vec<String>,
    /// Between two gratuitous ARPs on any of them; `None`: as everywhere.
    pub arp_interval: Option<Duration>,
    /// Between two neighbour advertisements on any of them.
    pub na_interval: Option<Duration>,
}

/// A MAC address of its own (`use_vmac`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vmac {
    /// The macvlan interface's name.
    pub name: String,
    /// Its address.
    pub mac: [u8; 6],
    /// Adverts leave with the base interface's own address.
    pub xmit_base: bool,
}

/// What a state or priority depends on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Track {
    /// What is watched.
    pub what: Tracked,
    /// 0: a failure is a FAULT. Above 0: added while it is well. Below: added while it isn't.
    pub weight: i32,
    /// The other way round.
    pub reverse: bool,
}

/// Something watched.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tracked {
    /// A script, by its name.
    Script(String),
    /// An interface, by its name.
    Interface(String),
    /// The number in a file, by the `track_file`'s name: the weight is a factor then.
    File(String),
    /// Processes, by the `vrrp_track_process`'s name.
    Process(String),
    /// A BFD session, by its name.
    Bfd(String),
}

/// A tracked script (`vrrp_script`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// What is run.
    pub command: Command,
    /// From one start to the next.
    pub interval: Duration,
    /// Killed, and failed, after this.
    pub timeout: Duration,
    /// So many failures in a row count as one.
    pub fall: u32,
    /// So many successes in a row count as one.
    pub rise: u32,
}

/// How long an interface must be down, or up, before it counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkDelay {
    /// The interface.
    pub interface: String,
    /// Before it counts as down.
    pub down: Duration,
    /// Before it counts as up.
    pub up: Duration,
}

/// Instances that change state together (`vrrp_sync_group`).
#[derive(Clone, PartialEq, Debug)]
pub struct SyncGroup {
    /// Its name.
    pub name: String,
    /// Names of its instances.
    pub members: Vec<String>,
    /// What all of them depend on.
    pub tracks: Vec<Track>,
    /// Weights of members' trackers count too (`sync_group_tracking_weight`).
    pub tracking_weight: bool,
    /// Whom to tell.
    pub notify: Notify,
    /// Mail on every change of state.
    pub smtp_alert: bool,
}

/// Commands run when something changes; each is `None` if not configured.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notify {
    /// Became master.
    pub master: Option<Command>,
    /// Became backup.
    pub backup: Option<Command>,
    /// Became unable to be either.
    pub fault: Option<Command>,
    /// Is stopped.
    pub stop: Option<Command>,
    /// Was removed from the configuration; `None`: `fault` is run then.
    pub deleted: Option<Command>,
    /// Any of these, with the details as arguments.
    pub any: Option<Command>,
    /// As a master, heard a lower priority.
    pub rx_lower_priority: Option<Command>,
    /// The effective priority changed (`notify_priority_changes`): told to the FIFO.
    pub priority_changes: bool,
}
