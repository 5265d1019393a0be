//! One virtual router: its state with the deadlines inside, and what it remembers.

use crate::config::{Instance, Tracked, Version};
use crate::credentials::{Credentials, Replay};
use crate::refusals::Refusals;
use crate::{speak, timing};
use api::EventId;
use api::vrrp::{Counters, RouterState};
use base::Instant;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use wire::vrrp;

/// A virtual router's place in the configuration's list.
pub(crate) type Id = usize;

/// What it is. A timer that a state has no use for can't be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// Waits for first results, or for the startup delay.
    Init,
    /// Listens for a master.
    Backup {
        /// When the master is missed (RFC 9568 §6.2, Active_Down_Timer).
        down_at: Instant,
        /// It was missed, and the sync group is not ready.
        wants: bool,
        /// The deadline was handled far too late once; another interval was granted.
        excused: bool,
    },
    /// Holds the addresses.
    Master {
        /// When the next advert goes out (RFC 9568 §6.2, Advertisement_Timer).
        advert_at: Instant,
    },
    /// Can't be either.
    Fault,
}

impl State {
    /// The same for clients.
    pub(crate) const fn public(self) -> RouterState {
        match self {
            Self::Init => RouterState::Init,
            Self::Backup { .. } => RouterState::Backup,
            Self::Master { .. } => RouterState::Master,
            Self::Fault => RouterState::Fault,
        }
    }

    /// When something is to be done.
    pub(crate) const fn deadline(self) -> Option<Instant> {
        match self {
            Self::Backup { down_at, .. } => Some(down_at),
            Self::Master { advert_at } => Some(advert_at),
            Self::Init | Self::Fault => None,
        }
    }
}

/// Why a virtual router can't be backup or master.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Its interface is missing or down.
    InterfaceDown(String),
    /// Its interface has no address to speak from.
    NoAddress(String),
    /// The address it is to speak from is not on this host.
    SourceMissing(IpAddr),
    /// Something it tracks without a weight is not well.
    Tracker(Tracked),
    /// A tracked file's number counts as many as -254 or fewer (docs/ancestors/keepalived.md
    /// §1.3).
    Outweighed(Tracked),
    /// Its sync group is in fault.
    Group(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InterfaceDown(name) => write!(f, "interface {name} is down or missing"),
            Self::NoAddress(name) => write!(f, "interface {name} has no address to speak from"),
            Self::SourceMissing(ip) => write!(f, "its source address {ip} is not on this host"),
            Self::Tracker(what) => write!(f, "{what} is not well"),
            Self::Outweighed(what) => write!(f, "{what} says -254 or less"),
            Self::Group(name) => write!(f, "its sync group {name} is in fault"),
        }
    }
}

/// What a router can be at all, by its own trackers or by its group's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) enum Standing {
    /// Nothing stands against it.
    #[default]
    Able,
    /// First results are missing.
    Waiting,
    /// Something is not well.
    Faulty,
}

/// When its addresses are announced again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Announcing {
    /// The second burst, and how often each address goes out in it.
    pub(crate) second: Option<(Instant, u32)>,
    /// The next of the regular ones.
    pub(crate) refresh: Option<Instant>,
    /// The next of those on other interfaces.
    pub(crate) elsewhere: Option<Instant>,
    /// When the last went out.
    pub(crate) last: Option<Instant>,
}

impl Announcing {
    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let second = self.second.map(|(at, _)| at);
        [second, self.refresh, self.elsewhere].into_iter().flatten().min()
    }
}

/// One virtual router.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    pub(crate) config: Arc<Instance>,
    pub(crate) state: State,
    pub(crate) since: Instant,
    /// The event that told its state.
    pub(crate) because: Option<EventId>,
    /// The priority it advertises.
    pub(crate) effective: u8,
    /// Another owner was heard: it advertises 254 until the configuration is read again.
    pub(crate) contested: bool,
    /// Between two adverts of the current master; version 3 learns it from them.
    pub(crate) master_interval: Duration,
    pub(crate) master: Option<IpAddr>,
    /// When an advert that counts last came in.
    pub(crate) heard_at: Option<Instant>,
    /// From when on a master of lower priority is no longer accepted (`preempt_delay`).
    pub(crate) preempt_at: Option<Instant>,
    /// Number of the last IPv4 packet sent.
    pub(crate) ip_id: u16,
    /// The highest AH sequence number sent or heard.
    pub(crate) ah_sequence: u32,
    /// What adverts say, but for the priority.
    pub(crate) said: vrrp::Advert,
    pub(crate) credentials: Credentials,
    /// The address it speaks from; `None`: it can't.
    pub(crate) source: Option<IpAddr>,
    /// What was sent and heard with a signed trailer or an authentication header.
    pub(crate) replay: Replay,
    pub(crate) announcing: Announcing,
    /// When somebody last removed each of its addresses.
    pub(crate) lost: BTreeMap<String, Instant>,
    /// When a master of lower priority was last answered.
    pub(crate) answered_at: Option<Instant>,
    /// What was last told to a successor: the last AH sequence number of a master.
    pub(crate) left: Option<u32>,
    /// What stands against it, apart from its group.
    pub(crate) faults: Vec<Fault>,
    pub(crate) standing: Standing,
    pub(crate) group: Option<usize>,
    pub(crate) counters: Counters,
    pub(crate) refusals: Refusals,
    /// Elections forced on masters of lower priority: told as rarely as refusals.
    pub(crate) elections: Refusals,
}

impl Router {
    pub(crate) fn new(config: Arc<Instance>) -> Self {
        Self {
            state: State::Init,
            since: Instant::ZERO,
            because: None,
            effective: config.priority,
            contested: false,
            master_interval: config.advert_int,
            master: None,
            heard_at: None,
            preempt_at: None,
            ip_id: 0,
            ah_sequence: 0,
            said: speak::template(&config),
            credentials: Credentials::new(&config.authentication),
            source: None,
            replay: Replay::default(),
            announcing: Announcing::default(),
            lost: BTreeMap::new(),
            answered_at: None,
            left: None,
            faults: Vec::new(),
            standing: Standing::Able,
            group: None,
            counters: Counters::default(),
            refusals: Refusals::default(),
            elections: Refusals::default(),
            config,
        }
    }

    /// After so long a silence the master is gone.
    pub(crate) fn master_down(&self) -> Duration {
        timing::master_down(
            self.config.version,
            self.effective,
            self.master_interval,
            self.config.down_timer_adverts,
        )
    }

    /// How long a goodbye lets it wait.
    pub(crate) fn skew(&self) -> Duration {
        timing::skew(self.config.version, self.effective, self.master_interval)
    }

    pub(crate) const fn is_master(&self) -> bool {
        matches!(self.state, State::Master { .. })
    }

    /// Master without waiting: priority 255 and `state MASTER` (docs/ancestors/keepalived.md,
    /// fact 1).
    pub(crate) fn is_owner(&self) -> bool {
        self.config.priority == timing::OWNER && self.config.initially_master && !self.contested
    }

    /// What it learnt of an earlier master is forgotten.
    pub(crate) fn forget_master(&mut self) {
        self.master_interval = self.config.advert_int;
    }

    /// Speaks version 3, which takes the interval from the master.
    pub(crate) fn learns_interval(&self) -> bool {
        self.config.version == Version::V3
    }
}

impl Router {
    /// A master of lower priority is still accepted: the first one heard begins the delay
    /// (docs/ancestors/keepalived.md §2.3).
    pub(crate) fn delays_preemption(&mut self, now: Instant) -> bool {
        let delay = self.config.preempt_delay;
        if delay.is_zero() {
            return false;
        }
        now < *self.preempt_at.get_or_insert(now + delay)
    }
}
