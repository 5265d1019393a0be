//! One simulated host: power, interfaces, addresses, clock, what it tracks, and its daemon.

use super::setup::{Setup, WIRES};
use ::vrrp::{Inherited, Input, Received};
use base::{Instant, WallTime};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// The wall clock at the beginning of every run, in milliseconds since 1970.
const WALL_AT_START: u64 = 1_700_000_000_000;

/// Adverts that a socket keeps for a daemon that doesn't run: Linux's default of 212,992 bytes,
/// at the kernel's 768 bytes for each small packet.
const INBOX_MAX: usize = 277;

/// An advert on its way, as the one who sent it meant it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Spoken {
    pub(crate) from: usize,
    pub(crate) router: usize,
    pub(crate) priority: u8,
}

/// A host, with a daemon `S` if one runs.
#[derive(Debug)]
pub(crate) struct Host<S> {
    pub(crate) role: Option<S>,
    /// When its daemon's timer fires: the role's deadline and what the kernel adds.
    pub(crate) wake: Option<Instant>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) powered: bool,
    pub(crate) frozen: bool,
    pub(crate) frozen_at: Instant,
    /// Inputs that came while it was frozen.
    pub(crate) inbox: Vec<(Option<Spoken>, Input)>,
    /// Counts lives of daemon and machine, so that what was meant for an earlier one is dropped.
    pub(crate) life: u32,
    /// The hosts' own priorities as its file has them.
    pub(crate) priorities: Vec<u8>,
    /// The addresses on it, by virtual router.
    pub(crate) held: Vec<BTreeSet<IpAddr>>,
    /// Interfaces that are up.
    pub(crate) links: [bool; WIRES.len()],
    /// Interfaces that have the address to speak from.
    pub(crate) addressed: [bool; WIRES.len()],
    /// What is tracked is well.
    pub(crate) tracked_good: bool,
    /// So many times in a row its script failed.
    pub(crate) failures: u32,
    /// What its last daemon left for the next.
    pub(crate) left: Vec<Inherited>,
    pub(crate) ticks_now: (Instant, u32),
    skew: i64,
}

impl<S> Host<S> {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            role: None,
            wake: None,
            deadline: None,
            powered: false,
            frozen: false,
            frozen_at: Instant::ZERO,
            inbox: Vec::new(),
            life: 0,
            priorities: setup.priorities.clone(),
            held: vec![BTreeSet::new(); setup.routers()],
            links: [true; WIRES.len()],
            addressed: [true; WIRES.len()],
            tracked_good: true,
            failures: 0,
            left: Vec::new(),
            ticks_now: (Instant::ZERO, 0),
            skew: 0,
        }
    }

    /// True if its daemon runs and hears what comes in.
    pub(crate) const fn is_awake(&self) -> bool {
        self.role.is_some() && !self.frozen
    }

    /// The wall clock here.
    pub(crate) fn wall(&self, now: Instant) -> WallTime {
        WallTime::from_millis(WALL_AT_START.saturating_add_signed(self.skew))
            + now.since(Instant::ZERO)
    }

    /// The wall clock jumps, by milliseconds.
    pub(crate) const fn jump(&mut self, by: i64) {
        self.skew += by;
    }

    /// Its daemon is no more; what it left is in place.
    pub(crate) fn end_daemon(&mut self) {
        self.role = None;
        (self.wake, self.deadline) = (None, None);
        self.frozen = false;
        self.inbox.clear();
        self.life += 1;
        self.failures = 0;
    }

    /// Keeps an input for later; adverts beyond what a socket holds are lost.
    pub(crate) fn queue(&mut self, spoken: Option<Spoken>, input: Input) {
        if spoken.is_none() || self.inbox.len() < INBOX_MAX {
            self.inbox.push((spoken, input));
        }
    }
}

/// Something due at a moment.
#[derive(Debug)]
pub(crate) enum Due {
    /// An advert arrives.
    Packet { to: usize, spoken: Spoken, received: Received },
    /// A script ends.
    Script { host: usize, life: u32, name: String },
    /// The shell reads the clock for its daemon.
    Ambient { host: usize, life: u32 },
    /// A parent starts the next daemon.
    Respawn { host: usize, life: u32 },
}

/// The shell reads the clock this often for its daemon.
pub(crate) const AMBIENT: Duration = Duration::from_secs(1);
