//! The state of virtual servers as a client sees it.

use base::Instant;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Everything the balancer does, at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LvsStatus {
    /// In the order of the configuration.
    pub servers: Vec<VirtualServerStatus>,
    /// The halves of the sync daemon that run: `master`, `backup`.
    pub sync: Vec<String>,
    /// Why the kernel's balancer can't be used, if it can't.
    pub problem: Option<String>,
}

/// One virtual server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VirtualServerStatus {
    /// As keepalived writes it: `[10.0.0.1]:tcp:80`, `FWM 7`, `[GROUP]:0`.
    pub name: String,
    /// What IPVS listens to for it, each in the same form.
    pub services: Vec<String>,
    /// The scheduler's name.
    pub scheduler: String,
    /// It has its quorum.
    pub up: bool,
    /// Since when.
    pub since: Instant,
    /// The weight it takes to be up.
    pub quorum: u32,
    /// Up at quorum plus this, down below quorum minus this.
    pub hysteresis: u32,
    /// The weight of all real servers that are up.
    pub weight: u64,
    /// Not checked: its address isn't on this host (`ha_suspend`).
    pub suspended: bool,
    /// The server when no other is up.
    pub sorry: Option<SorryServerStatus>,
    /// What the kernel refused, in one sentence.
    pub problem: Option<String>,
    /// In the order of the configuration.
    pub real: Vec<RealServerStatus>,
}

/// The server when no other is up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SorryServerStatus {
    /// As keepalived writes it.
    pub name: String,
    /// Clients are sent to it.
    pub in_use: bool,
}

/// One real server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RealServerStatus {
    /// As keepalived writes it.
    pub name: String,
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
    /// How packets reach it: `NAT`, `DR`, `TUN`.
    pub forward: String,
    /// All its checkers say that it is well.
    pub up: bool,
    /// Since when.
    pub since: Instant,
    /// As configured.
    pub base_weight: u32,
    /// With what scripts and files say counted in.
    pub weight: u32,
    /// Its weight in the kernel; `None`: it is not there.
    pub in_kernel: Option<u32>,
    /// In the order of the configuration.
    pub checkers: Vec<CheckerStatus>,
}

/// One check of a real server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckerStatus {
    /// Its keyword: `TCP_CHECK`.
    pub kind: String,
    /// What it looks at: an address, a script, a file, a session.
    pub target: String,
    /// What it says of the server.
    pub up: bool,
    /// Since when.
    pub since: Instant,
    /// Its last result, in one sentence; `None`: there is none yet.
    pub last: Option<String>,
    /// When that was.
    pub last_at: Option<Instant>,
    /// When it checks next; `None`: it runs right now, or is told.
    pub next_at: Option<Instant>,
    /// Failures in a row.
    pub failures: u32,
    /// Checks that came to a verdict, since it is configured.
    pub done: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// How long all of them took together, in microseconds.
    pub time_us: u64,
    /// How long the last one took; `None`: there was none.
    pub last_us: Option<u64>,
}
