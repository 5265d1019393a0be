//! The state of the VRRP role as a client sees it.

use crate::lvs::LvsStatus;
use crate::{Event, Level};
use base::{Instant, WallTime};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The VRRP role as its daemon tells it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VrrpReport {
    /// This node.
    pub node: String,
    /// Our version.
    pub version: String,
    /// Now, on the clock that drives timers.
    pub now: Instant,
    /// Now, on the wall.
    pub wall: WallTime,
    /// What its machine knows.
    pub status: VrrpStatus,
    /// Its virtual servers; `None`: none are configured.
    pub lvs: Option<LvsStatus>,
    /// Its BFD sessions by name, and whether they are up.
    pub sessions: Vec<(String, bool)>,
    /// What an administrator should look at, loudest first.
    pub warnings: Vec<(Level, String)>,
    /// What the configuration names and can't run as it is written, by name.
    pub disabled: Vec<String>,
    /// The latest events, oldest first.
    pub events: Vec<Event>,
}

/// Everything one VRRP role does, at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct VrrpStatus {
    /// In the order of the configuration.
    pub routers: Vec<RouterStatus>,
    /// In the order of the configuration.
    pub groups: Vec<SyncGroupStatus>,
    /// Sorted by kind and name.
    pub trackers: Vec<TrackerStatus>,
    /// Packets that are no configured virtual router's, by reason.
    pub refused: Vec<RefusedStatus>,
}

/// What a virtual router is. The numbers are keepalived's in its JSON dump.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouterState {
    /// Waits for the first results of what it tracks, or for the startup delay.
    Init = 0,
    /// Listens for a master.
    Backup = 1,
    /// Holds the addresses.
    Master = 2,
    /// Can't be either.
    Fault = 3,
}

impl RouterState {
    /// keepalived's word for it, in logs and dumps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Backup => "BACKUP",
            Self::Master => "MASTER",
            Self::Fault => "FAULT",
        }
    }
}

/// One virtual router.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RouterStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Its number on the network.
    pub vrid: u8,
    /// The interface it speaks on.
    pub interface: Option<String>,
    /// The protocol's version, 2 or 3.
    pub version: u8,
    /// What it is.
    pub state: RouterState,
    /// Since when.
    pub since: Instant,
    /// Why it is in fault, one plain phrase each.
    pub faults: Vec<String>,
    /// As configured.
    pub base_priority: u8,
    /// With all that is tracked counted in.
    pub effective_priority: u8,
    /// The source address of the master last heard, or our own as a master.
    pub master: Option<IpAddr>,
    /// When the last advert that counts came in.
    pub last_heard: Option<Instant>,
    /// When it takes over unless an advert comes before; a backup's.
    pub takes_over_at: Option<Instant>,
    /// Between two adverts of the current master, in microseconds.
    pub master_interval_us: u64,
    /// When addresses were last announced (gratuitous ARP, neighbour advertisement).
    pub last_announced: Option<Instant>,
    /// Its addresses, excluded ones last, each as `192.0.2.1/24`; a master holds them.
    pub addresses: Vec<String>,
    /// What it tracks, its group's trackers last.
    pub tracks: Vec<TrackEffect>,
    /// The sync group it belongs to.
    pub group: Option<String>,
    /// What it counted.
    pub counters: Counters,
    /// Refused packets by reason, finer than the counters.
    pub refused: Vec<RefusedStatus>,
}

/// What something tracked does to one virtual router.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrackEffect {
    /// As in [`TrackerStatus`].
    pub kind: String,
    /// Its name.
    pub name: String,
    /// As configured; 0: it makes a fault or nothing.
    pub weight: i32,
    /// The other way round (`reverse`).
    pub reverse: bool,
    /// What it adds to the priority now.
    pub adds: i64,
    /// It makes a fault now.
    pub is_fault: bool,
}

/// Packets refused for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RefusedStatus {
    /// One word, for programs.
    pub reason: String,
    /// Since start.
    pub count: u64,
    /// Who sent the last one.
    pub from: Option<IpAddr>,
    /// When it came.
    pub at: Option<Instant>,
    /// What was wrong with one of them, in words; told anew at most once a minute.
    pub why: String,
}

/// What a virtual router counts, by the keys of keepalived's JSON dump
/// (docs/ancestors/keepalived.md §2.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Adverts accepted.
    pub advert_rcvd: u64,
    /// Adverts sent.
    pub advert_sent: u64,
    /// How often it became master.
    pub become_master: u64,
    /// How often it ceased to be master.
    pub release_master: u64,
    /// Refused: of a wrong length.
    pub packet_len_err: u64,
    /// Refused: with another interval (version 2).
    pub advert_interval_err: u64,
    /// Refused: with a TTL that shows a detour.
    pub ip_ttl_err: u64,
    /// Refused: not an advert.
    pub invalid_type_rcvd: u64,
    /// Refused: with other addresses.
    pub addr_list_err: u64,
    /// Refused: with an authentication type that doesn't exist.
    pub invalid_authtype: u64,
    /// Refused: with another authentication type than ours.
    pub authtype_mismatch: u64,
    /// Refused: with a wrong password, signature or sequence number.
    pub auth_failure: u64,
    /// Goodbyes heard.
    pub pri_zero_rcvd: u64,
    /// Goodbyes sent.
    pub pri_zero_sent: u64,
}

/// One sync group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SyncGroupStatus {
    /// Its name.
    pub name: String,
    /// What its members are together.
    pub state: RouterState,
    /// Its members' names.
    pub members: Vec<String>,
    /// Why it is in fault, one plain phrase each.
    pub faults: Vec<String>,
}

/// Something tracked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrackerStatus {
    /// `script`, `interface`, `file`, `process` or `bfd`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Well; `None`: not known yet.
    pub good: Option<bool>,
    /// The number in a tracked file.
    pub value: Option<i32>,
    /// A script: it runs right now.
    pub running: bool,
    /// How a script last ended, in words; empty: it never did.
    pub said: String,
}
