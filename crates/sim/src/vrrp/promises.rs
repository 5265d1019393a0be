//! The promises, asked after everything that happens.

use super::host::{Host, Spoken};
use super::setup::{Keys, NAMES, Plan, Setup, Tracking};
use super::sin::{Sin, Violation};
use super::text;
use super::watch::{GOODBYE, Phase, Watch};
use crate::network::{Network, Wire};
use ::vrrp::{Notification, Output, Subject, What};
use base::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// A timer fires at most so much later than asked.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// The priority of a router that owns the addresses: it never gives way.
const OWNER: u8 = 255;

/// What one step may cost beside the protocol's own times: two timers and three ways of a packet.
const SLACK: Duration = Duration::from_millis(5);

/// Everything that is looked at.
#[derive(Debug)]
pub(crate) struct Promises {
    setup: Arc<Setup>,
    /// By host and virtual router.
    pub(crate) watches: Vec<Vec<Watch>>,
    /// Their addresses, by host and virtual router.
    addresses: Vec<Vec<Vec<IpAddr>>>,
    /// Since when two masters hear each other, by virtual router and hosts.
    together: BTreeMap<(usize, usize, usize), Instant>,
    /// Somebody must be master from here on.
    calm: bool,
    violation: Option<Violation>,
}

impl Promises {
    pub(crate) fn new(setup: Arc<Setup>) -> Self {
        let routers = setup.routers();
        let of = |host| (0..routers).map(|r| text::addresses(&setup, host, r)).collect();
        Self {
            watches: vec![vec![Watch::new(); routers]; setup.hosts],
            addresses: (0..setup.hosts).map(of).collect(),
            together: BTreeMap::new(),
            calm: false,
            violation: None,
            setup,
        }
    }

    /// The first promise that was broken.
    pub(crate) const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Notes a broken promise; the first one counts.
    pub(crate) fn blame(&mut self, now: Instant, what: Sin) {
        self.violation.get_or_insert(Violation { at: now, what });
    }

    /// From now on there must always be a master.
    pub(crate) const fn calm_down(&mut self) {
        self.calm = true;
    }

    /// The network changed: what masters could hear begins anew.
    pub(crate) fn network_changed(&mut self) {
        self.together.clear();
    }

    /// A daemon starts or ends.
    pub(crate) fn turn(&mut self, host: usize, phase: Phase) {
        self.watches[host].iter_mut().for_each(|watch| watch.turn(phase));
    }

    /// A daemon that was frozen runs again.
    pub(crate) fn wakes(&mut self, now: Instant, host: usize) {
        self.watches[host].iter_mut().for_each(|watch| watch.wakes(now));
    }

    /// A daemon has taken in what came while it slept: if another took over from it meanwhile, it
    /// is master of none of those it was master of `before`.
    pub(crate) fn slept(&mut self, now: Instant, host: usize, slept: Duration, before: &[usize]) {
        let limit = self.setup.master_down_max() + self.setup.interval_max();
        for &router in before {
            let is_master = |of: usize| self.watches[of][router].phase == Phase::Master;
            let taken = (0..self.setup.hosts).any(|of| of != host && is_master(of));
            let stays = is_master(host) && self.watches[host][router].effective != OWNER;
            if slept > limit && taken && stays {
                self.blame(now, Sin::TookBack { host, router });
            }
        }
    }

    /// The virtual routers that a host is master of, as it told.
    pub(crate) fn masters_on(&self, host: usize) -> Vec<usize> {
        let watches = self.watches[host].iter().enumerate();
        watches.filter(|(_, w)| w.phase == Phase::Master).map(|(router, _)| router).collect()
    }

    /// An advert comes in, and the daemon is about to take it.
    pub(crate) fn hears(&mut self, now: Instant, host: usize, spoken: Spoken, own: u8) {
        // A goodbye that a later advert overtook is refused as old where adverts are numbered.
        let numbered = matches!(self.setup.keys, Keys::Ah | Keys::Hmac);
        if numbered && spoken.priority == GOODBYE {
            self.watches[host][spoken.router].may_hear(now);
        } else if self.setup.compatible(host, spoken.from) {
            let never = self.setup.never_preempts(own);
            let delay = if own == 255 { Duration::ZERO } else { self.setup.preempt_delay() };
            self.watches[host][spoken.router].hears(now, spoken.priority, never, delay);
        }
    }

    /// What a daemon asked for in one step.
    pub(crate) fn take(&mut self, now: Instant, host: usize, out: &[Output]) {
        for output in out {
            if let Output::Notify(told) = output {
                self.told(now, host, told);
            }
        }
        for output in out {
            let Output::Announce { instance, addresses } = output else { continue };
            if let Some(router) = place(instance) {
                let watch = &mut self.watches[host][router];
                for address in addresses {
                    watch.announces(now, address.ip);
                }
            }
        }
    }

    fn told(&mut self, now: Instant, host: usize, told: &Notification) {
        let Subject::Instance(name) = &told.of else { return };
        let Some(router) = place(name) else { return };
        let watch = &mut self.watches[host][router];
        match told.what {
            What::Backup => watch.becomes_backup(now, told.priority),
            What::Master => {
                let addresses = &self.addresses[host][router];
                let fair = watch.becomes_master(now, told.priority, &self.setup, addresses);
                // An advert that came too late or twice is refused with these, and re-arms nothing.
                if !fair && !matches!(self.setup.keys, Keys::Ah | Keys::Hmac) {
                    self.blame(now, Sin::Hasty { host, router });
                }
            }
            What::Fault => watch.turn(Phase::Fault),
            What::Stop | What::Deleted => watch.turn(Phase::Off),
            What::MasterPriority | What::BackupPriority => {
                watch.becomes_worth(now, told.priority);
                // Who is the better one is told by the next advert.
                self.together.retain(|(of, _, _), _| *of != router);
            }
            What::MasterRxLowerPri => {
                watch.forces_election(now, &self.setup, &self.addresses[host][router]);
            }
        }
    }

    /// Looks at one host after its daemon did something.
    pub(crate) fn look_at<S>(&mut self, now: Instant, host: usize, of: &Host<S>) {
        if !of.is_awake() {
            return;
        }
        for router in 0..self.setup.routers() {
            let master = self.watches[host][router].phase == Phase::Master;
            let all = &self.addresses[host][router];
            let right = if master {
                of.held[router].len() == all.len()
                    && all.iter().all(|ip| of.held[router].contains(ip))
            } else {
                of.held[router].is_empty()
            };
            if !right {
                self.blame(now, Sin::Addresses { host, router });
            }
            if master && self.is_unfit(of) {
                self.blame(now, Sin::Unfit { host, router });
            }
        }
        if self.setup.plan == Plan::Group {
            let masters: BTreeSet<bool> =
                self.watches[host].iter().map(|watch| watch.phase == Phase::Master).collect();
            if masters.len() > 1 {
                self.blame(now, Sin::GroupDisagrees { host });
            }
        }
    }

    fn is_unfit<S>(&self, of: &Host<S>) -> bool {
        let setup = &self.setup;
        // In a group what stands against one stands against all.
        let interface = (0..setup.routers()).map(|router| setup.wire_of(router)).any(|wire| {
            let down = !of.links[wire] && !setup.dont_track_primary;
            let bare = !of.addressed[wire] && (!setup.unicast || setup.track_source);
            down || bare
        });
        let tracked = match setup.tracking {
            Tracking::Script(0) => of.failures >= setup.fall_rise.0,
            Tracking::Process(0) => !of.tracked_good,
            Tracking::Interface(0) => !of.links[1],
            _ => false,
        };
        interface || tracked
    }

    /// Looks at all hosts together.
    pub(crate) fn look<S>(
        &mut self,
        now: Instant,
        hosts: &[Host<S>],
        (network, fair): (&Network, bool),
    ) {
        for router in 0..self.setup.routers() {
            self.pairs(now, router, hosts, (network, fair));
            if self.calm {
                self.somebody(now, router);
            }
        }
        for host in (0..hosts.len()).filter(|host| hosts[*host].is_awake()) {
            self.patience(now, host);
        }
    }

    fn pairs<S>(
        &mut self,
        now: Instant,
        router: usize,
        hosts: &[Host<S>],
        (network, fair): (&Network, bool),
    ) {
        let wire = self.setup.wire_of(router);
        let is_master = |host: usize| {
            hosts[host].is_awake() && self.watches[host][router].phase == Phase::Master
        };
        let masters: Vec<usize> = (0..hosts.len()).filter(|host| is_master(*host)).collect();
        if masters.len() < 2 {
            self.together.retain(|(of, _, _), _| *of != router);
            return;
        }
        let hears = |from: usize, to: usize| {
            fair && network.is_open(Wire(wire), from, to)
                && hosts[from].links[wire]
                && hosts[to].links[wire]
                && self.setup.compatible(from, to)
        };
        let mut together = Vec::new();
        for (index, &a) in masters.iter().enumerate() {
            for &b in &masters[index + 1..] {
                if hears(a, b) && hears(b, a) {
                    together.push((a, b));
                }
            }
        }
        self.together.retain(|(of, a, b), _| *of != router || together.contains(&(*a, *b)));
        for (a, b) in together {
            let since = *self.together.entry((router, a, b)).or_insert(now);
            if now.since(since) > self.overlap() {
                let lasted = now.since(since);
                self.blame(now, Sin::TwoMasters { router, hosts: (a, b), lasted });
            }
        }
    }

    /// For how long two masters may hear each other: until the better one's next advert.
    fn overlap(&self) -> Duration {
        // A sequence number that is too low is refused until the sender has heard a higher one.
        let adverts = if self.setup.keys == Keys::Ah { 2 } else { 1 };
        self.setup.interval_max() * adverts + SLACK
    }

    fn somebody(&mut self, now: Instant, router: usize) {
        let is_master = |host: usize| self.watches[host][router].phase == Phase::Master;
        let nobody = match self.setup.odd {
            None => !(0..self.setup.hosts).any(is_master),
            Some(odd) => {
                let others = (0..self.setup.hosts).filter(|host| *host != odd);
                !is_master(odd) || !others.into_iter().any(is_master)
            }
        };
        if nobody {
            self.blame(now, Sin::NoMaster { router });
        }
    }

    /// Backups whose patience should be at its end.
    fn patience(&mut self, now: Instant, host: usize) {
        let watches = &self.watches[host];
        let late = |watch: &Watch| {
            watch.phase == Phase::Backup && watch.patience_ends(&self.setup) + SLACK < now
        };
        let router = match self.setup.plan {
            // All wait for the last of them.
            Plan::Group => watches.iter().all(late).then_some(0),
            _ => watches.iter().position(late),
        };
        let silent = watches.iter().position(|watch| watch.is_silent(now, SLACK));
        if let Some(router) = router {
            self.blame(now, Sin::Late { host, router });
        }
        if let Some(router) = silent {
            self.blame(now, Sin::NotAnnounced { host, router });
        }
    }
}

/// The place of a virtual router, by its name.
pub(crate) fn place(name: &str) -> Option<usize> {
    NAMES.iter().position(|known| *known == name)
}
