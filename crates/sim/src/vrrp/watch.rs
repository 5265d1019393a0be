//! What one virtual router of one host should be doing: a slow and obvious model of the rules of
//! docs/ancestors/keepalived.md §2.3, fed with what the router tells and hears.

use super::setup::Setup;
use base::Instant;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// The priority of a goodbye.
pub(crate) const GOODBYE: u8 = 0;

/// A burst announces each address so often (`garp_master_repeat`).
const REPEAT: u32 = 5;

/// What a router said it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// No daemon runs.
    Off,
    Init,
    Backup,
    Master,
    Fault,
}

/// Addresses that are to be announced within a time.
#[derive(Clone, Debug)]
struct Announcement {
    from: Instant,
    until: Instant,
    missing: BTreeSet<IpAddr>,
}

/// One virtual router of one host.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) phase: Phase,
    /// The priority it told last.
    pub(crate) effective: u8,
    /// Since when nothing keeps it waiting.
    quiet_since: Instant,
    /// When its priority changed last, and its patience with it.
    repriced_at: Instant,
    /// The last thing it heard was a goodbye.
    goodbye: bool,
    /// When it last heard a master that it must accept.
    accepted: Option<Instant>,
    /// From when on a master of lower priority is no longer accepted.
    preempt_at: Option<Instant>,
    announcements: Vec<Announcement>,
}

impl Watch {
    pub(crate) const fn new() -> Self {
        Self {
            phase: Phase::Off,
            effective: 0,
            quiet_since: Instant::ZERO,
            repriced_at: Instant::ZERO,
            goodbye: false,
            accepted: None,
            preempt_at: None,
            announcements: Vec::new(),
        }
    }

    /// It begins to be, or ceases to.
    pub(crate) fn turn(&mut self, phase: Phase) {
        *self = Self { phase, ..Self::new() };
    }

    /// An advert comes in that it should take for what it is.
    pub(crate) fn hears(
        &mut self,
        now: Instant,
        priority: u8,
        never_preempts: bool,
        delay: Duration,
    ) {
        if self.phase != Phase::Backup {
            return;
        }
        if priority == GOODBYE {
            (self.quiet_since, self.goodbye, self.accepted) = (now, true, None);
        } else if priority >= self.effective || never_preempts {
            self.preempt_at = None;
            (self.quiet_since, self.goodbye, self.accepted) = (now, false, Some(now));
        } else if !delay.is_zero() && now < *self.preempt_at.get_or_insert(now + delay) {
            (self.quiet_since, self.goodbye) = (now, false);
        }
    }

    /// A goodbye comes in that it may take for one or refuse: either is right, so the longer wait is.
    pub(crate) fn may_hear(&mut self, now: Instant) {
        if self.phase == Phase::Backup {
            (self.quiet_since, self.goodbye) = (now, false);
        }
    }

    /// It tells that it is backup, and waits from now on.
    pub(crate) fn becomes_backup(&mut self, now: Instant, effective: u8) {
        self.turn(Phase::Backup);
        (self.effective, self.quiet_since) = (effective, now);
    }

    /// It tells that it is master; false if it had to accept another.
    pub(crate) fn becomes_master(
        &mut self,
        now: Instant,
        effective: u8,
        setup: &Setup,
        addresses: &[IpAddr],
    ) -> bool {
        let patience = setup.interval_min() * u32::from(setup.down_timer);
        let hasty = self.accepted.is_some_and(|at| now < at + patience);
        self.turn(Phase::Master);
        self.effective = effective;
        self.must_announce(now, addresses, setup);
        if setup.garp_delay > 0 {
            self.must_announce(now + Duration::from_secs(setup.garp_delay), addresses, setup);
        }
        !hasty
    }

    /// It announces again because it heard a master of lower priority; what was planned is
    /// planned anew.
    pub(crate) fn forces_election(&mut self, now: Instant, setup: &Setup, addresses: &[IpAddr]) {
        self.announcements.clear();
        self.must_announce(now, addresses, setup);
    }

    fn must_announce(&mut self, from: Instant, addresses: &[IpAddr], setup: &Setup) {
        let count = addresses.len() as u32 * REPEAT * setup.routers() as u32;
        // A second burst may begin while the first still waits for its turn.
        let until = from + setup.garp_pace * count * 2;
        let missing = addresses.iter().copied().collect();
        self.announcements.push(Announcement { from, until, missing });
    }

    /// It announces an address.
    pub(crate) fn announces(&mut self, now: Instant, ip: IpAddr) {
        for due in self.announcements.iter_mut().filter(|due| due.from <= now) {
            due.missing.remove(&ip);
        }
        self.announcements.retain(|due| !due.missing.is_empty());
    }

    /// It slept until now, and nothing could be asked of it meanwhile.
    pub(crate) fn wakes(&mut self, now: Instant) {
        self.quiet_since = now;
        self.goodbye = false;
        self.announcements.clear();
    }

    /// When it has waited long enough for a master.
    pub(crate) fn patience_ends(&self, setup: &Setup) -> Instant {
        let wait = if self.goodbye {
            setup.skew(self.effective)
        } else {
            setup.master_down(self.effective)
        };
        (self.quiet_since + wait).max(self.repriced_at)
    }

    /// It tells another priority.
    pub(crate) const fn becomes_worth(&mut self, now: Instant, effective: u8) {
        (self.effective, self.repriced_at) = (effective, now);
    }

    /// Something was to be announced by now, and was not.
    pub(crate) fn is_silent(&self, now: Instant, slack: Duration) -> bool {
        self.announcements.iter().any(|due| due.until + slack < now)
    }
}
