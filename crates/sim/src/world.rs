//! The simulated world: hosts on wires under one clock that jumps to whatever is due next.
//!
//! Everything follows from the seed and the acts; no real time passes. [`World::run_until`] lets
//! things happen; [`World::act`] interferes.

use crate::checks::Checks;
use crate::host::{Due, Entry, Host, REBOOT_TIME, Sender};
use crate::layout::{Layout, Outlet};
use crate::network::{Fate, Network, Wire};
use crate::room::{Effect, Job, Verb, address_of};
use crate::subject::Subject;
use crate::violation::{Sin, Violation};
use crate::witness::is_service;
use api::RoleStatus;
use base::{Dice, Instant, LinkId, OpId};
use cluster::{Action, Input, Output};
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

/// A datagram that takes longer than this counts as a disturbance: negotiations wait for it.
pub(crate) const PROMPT: Duration = Duration::from_millis(60);

/// How often the shell reads the wall clock for its daemon: at least once a second is promised.
const AMBIENT_EVERY: Duration = Duration::from_secs(1);

/// How often a daemon may tick at one moment before it is said to spin.
const TICKS_MAX: u32 = 100;

/// How many lines a log keeps: a run of minutes has fewer.
const LOG_MAX: usize = 20_000;

/// Hosts, wires, clock and checkers.
#[derive(Clone)]
pub struct World<S> {
    pub(crate) now: Instant,
    layout: Arc<Layout>,
    pub(crate) hosts: Vec<Host<S>>,
    pub(crate) network: Network,
    /// Datagrams that wait on clogged paths, with their wires.
    pub(crate) clogged: Vec<(Wire, Due)>,
    pub(crate) queue: BinaryHeap<Entry>,
    order: u64,
    pub(crate) checks: Checks,
    pub(crate) dice: Dice,
    pub(crate) requests: u64,
    out: Vec<Output>,
    log: Option<Vec<String>>,
}

impl<S: Subject> World<S> {
    /// Hosts that are switched off, on wires that work.
    pub fn new(layout: Arc<Layout>, mut dice: Dice) -> Self {
        let count = layout.configs.len();
        let groups = layout.configs.first().map_or(0, |c| c.groups.len());
        let stonith = layout.configs.iter().all(|c| !c.stonith.is_empty());
        Self {
            now: Instant::ZERO,
            hosts: layout
                .configs
                .iter()
                .map(|c| Host::new(c.clone(), dice.below(7_200).cast_signed() - 3_600))
                .collect(),
            network: Network::new(count, layout.wires.len(), dice.split()),
            clogged: Vec::new(),
            queue: BinaryHeap::new(),
            order: 0,
            checks: Checks::new(count, groups, stonith),
            dice,
            requests: 0,
            out: Vec::new(),
            log: None,
            layout,
        }
    }

    /// Writes a log from now on: what each node tells, what each act does.
    pub fn keep_log(&mut self) {
        self.log.get_or_insert_default();
    }

    /// The log so far: seconds, node, sentence.
    pub fn log(&self) -> &[String] {
        self.log.as_deref().unwrap_or_default()
    }

    /// The clock.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The first thing a checker saw.
    pub const fn violation(&self) -> Option<&Violation> {
        self.checks.violation()
    }

    /// The checkers.
    pub const fn checks(&self) -> &Checks {
        &self.checks
    }

    /// Lets a checker of the caller's speak.
    pub fn blame(&mut self, sin: Sin) {
        self.checks.blame(sin);
    }

    /// How many hosts there are.
    pub const fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// A host's configuration in force.
    pub fn config(&self, host: usize) -> &Arc<cluster::Config> {
        &self.hosts[host].config
    }

    /// The wires.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What a host's daemon says, if one runs.
    pub fn status(&self, host: usize) -> Option<RoleStatus> {
        self.hosts[host].subject.as_ref().map(|s| s.status(self.now))
    }

    /// True if a daemon runs there.
    pub fn is_up(&self, host: usize) -> bool {
        self.hosts[host].subject.is_some()
    }

    /// True if the daemon there was asked to stop and still runs.
    pub fn is_stopping(&self, host: usize) -> bool {
        self.hosts[host].stopping
    }

    /// The faults have stopped: the checkers wait `bound` for every group to be held.
    pub fn calm_down(&mut self, bound: Duration) {
        self.checks.calm_down(bound);
    }

    /// True if the host runs every resource of the group.
    pub fn serves(&self, host: usize, group: usize) -> bool {
        self.hosts[host].room.runs_all(group)
    }

    /// How a request made on a host was answered, if it was.
    pub fn answer(&self, host: usize, request: u64) -> Option<&Result<String, String>> {
        self.hosts[host].answers.iter().find(|(r, _)| *r == request).map(|(_, answer)| answer)
    }

    pub(crate) fn note(&mut self, host: Option<usize>, text: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(log) = &mut self.log
            && log.len() < LOG_MAX
        {
            let who = host.map_or_else(|| "world".to_owned(), |h| format!("node{}", h + 1));
            log.push(format!("{:>8} {who:<6} {}", now.to_string(), text()));
        }
    }

    pub(crate) fn push(&mut self, after: Duration, due: Due) {
        self.order += 1;
        self.queue.push(Entry { at: self.now + after, order: self.order, due });
    }

    /// Lets everything happen that is due up to `limit`, and stops there or at a violation.
    pub fn run_until(&mut self, limit: Instant) {
        while self.violation().is_none() && self.step(limit) {}
    }

    /// Lets the next thing happen, if it is due by `limit`; else the clock moves there.
    fn step(&mut self, limit: Instant) -> bool {
        let timer = self.next_deadline();
        let queued = self.queue.peek().map(|e| e.at);
        match (queued, timer) {
            (Some(at), timer) if at <= limit && timer.is_none_or(|(t, _)| at <= t) => {
                self.advance(at);
                if let Some(entry) = self.queue.pop() {
                    self.happen(entry.due);
                }
                true
            }
            (_, Some((at, host))) if at <= limit => {
                self.advance(at);
                self.tick(host);
                true
            }
            _ => {
                self.advance(limit);
                false
            }
        }
    }

    /// The next moment at which a daemon wants to tick, and whose it is.
    pub(crate) fn next_deadline(&self) -> Option<(Instant, usize)> {
        let listening = self.hosts.iter().enumerate().filter(|(_, host)| host.is_listening());
        listening.filter_map(|(i, host)| Some((host.deadline?.max(self.now), i))).min()
    }

    pub(crate) fn advance(&mut self, to: Instant) {
        if to > self.now {
            self.now = to;
            self.checks.advance(to);
        }
    }

    pub(crate) fn tick(&mut self, host: usize) {
        let (at, count) = self.hosts[host].ticks_now;
        let count = if at == self.now { count + 1 } else { 1 };
        self.hosts[host].ticks_now = (self.now, count);
        if count > TICKS_MAX {
            self.checks.blame(Sin::Spins { host });
            return;
        }
        self.give(host, None, Input::Tick);
    }

    pub(crate) fn happen(&mut self, due: Due) {
        match due {
            Due::Datagram { from, sent, to, link, bytes } => {
                let input = Input::Datagram { link, from: String::new(), bytes: bytes.to_vec() };
                self.give(to, Some(Sender { host: from, at: sent }), input);
            }
            Due::Echo { to, link, bytes } => {
                let input = Input::Datagram { link, from: String::new(), bytes: bytes.to_vec() };
                self.give(to, None, input);
            }
            Due::Job { host, life, op, job, begun } => self.finish(host, life, op, job, begun),
            Due::Ambient { host, life } if self.hosts[host].life == life => {
                self.ambient(host);
                self.push(AMBIENT_EVERY, Due::Ambient { host, life });
            }
            Due::Respawn { host, life } if self.hosts[host].life == life => self.launch(host),
            Due::PowerOn { host, life } if self.hosts[host].life == life => {
                self.switch_on(host, false);
            }
            Due::Ambient { .. } | Due::Respawn { .. } | Due::PowerOn { .. } => {}
        }
    }

    /// Hands an input to a daemon, or keeps it while the daemon is paused.
    pub(crate) fn give(&mut self, host: usize, from: Option<Sender>, input: Input) {
        let there = &mut self.hosts[host];
        if there.paused {
            if !there.queue(from, input)
                && let Some(from) = from
            {
                self.checks.sent(from.host, host, false);
            }
            return;
        }
        let Some(subject) = &mut there.subject else { return };
        if let Some(from) = from
            && !is_service(&input)
            && from.host != host
        {
            self.checks.arrived(from.host, host, from.at);
        }
        let mut out = std::mem::take(&mut self.out);
        subject.handle(self.now, input, &mut out);
        there.deadline = subject.next_deadline();
        self.perform(host, &mut out);
        out.clear();
        self.out = out;
    }

    /// Does what a daemon asked for, in order.
    fn perform(&mut self, host: usize, out: &mut Vec<Output>) {
        // One message goes out on several links: it is prompt if one of its copies is.
        let mut message: Option<(Arc<[u8]>, u64)> = None;
        for output in out.drain(..) {
            match output {
                Output::Send { link, bytes } => {
                    let on_wire = matches!(self.layout.outlet(host, link), Some(Outlet::Wire(..)));
                    if on_wire && message.as_ref().is_none_or(|(last, _)| *last != bytes) {
                        self.is_sent(host, message.take());
                        if let Some(sin) = self.hosts[host].witness.sees(host, &bytes) {
                            self.checks.blame(sin);
                        }
                    }
                    let reached = self.transmit(host, link, &bytes);
                    message = match (message, reached) {
                        (Some((_, before)), reached) => {
                            Some((bytes, before | reached.unwrap_or(0)))
                        }
                        (None, Some(reached)) => Some((bytes, reached)),
                        (None, None) => None,
                    };
                }
                Output::Run { op, action, .. } => self.begin(host, op, &action),
                Output::Event(event) => {
                    self.note(Some(host), || format!("{:?}: {}", event.kind, event.text));
                }
                Output::Answer { request, result } => {
                    self.note(Some(host), || format!("answer {request}: {result:?}"));
                    self.hosts[host].answers.push((request, result));
                }
                Output::Reboot { reason } => {
                    self.note(Some(host), || format!("reboots: {reason}"));
                    self.switch_off(host);
                    self.come_back(host);
                }
                Output::Exit => self.exit(host),
                Output::Alive | Output::Deliver(_) => {}
            }
        }
        self.is_sent(host, message);
    }

    /// All copies of a message are on their way; its bits say whom one reaches in good time.
    fn is_sent(&mut self, from: usize, message: Option<(Arc<[u8]>, u64)>) {
        let Some((_, reached)) = message else { return };
        for to in (0..self.hosts.len()).filter(|to| *to != from) {
            self.checks.sent(from, to, reached & (1 << to) != 0);
        }
    }

    /// Puts a datagram on its way. On a wire it returns a bit for each host that it reaches in
    /// good time.
    fn transmit(&mut self, from: usize, link: LinkId, bytes: &Arc<[u8]>) -> Option<u64> {
        let layout = Arc::clone(&self.layout);
        let (wire, receivers) = match layout.outlet(from, link)? {
            Outlet::Wire(wire, receivers) => (*wire, receivers),
            Outlet::Ping => {
                if let Some(after) = self.network.echo(from) {
                    self.push(after, Due::Echo { to: from, link, bytes: bytes.clone() });
                }
                return None;
            }
        };
        let mut reached = 0;
        for &(to, link) in receivers {
            let due = Due::Datagram { from, sent: self.now, to, link, bytes: bytes.clone() };
            if to == from {
                let after = self.network.way();
                self.push(after, due);
                continue;
            }
            let fate = self.network.fate(wire, from, to);
            if fate.is_prompt(PROMPT) && self.hosts[to].is_listening() {
                reached |= 1 << to;
            }
            match fate {
                Fate::Lost => {}
                Fate::Waits => self.clogged.push((wire, due)),
                Fate::Arrives(after) => self.push(after, due),
                Fate::Twice(first, second) => {
                    self.push(first, due.clone());
                    self.push(second, due);
                }
            }
        }
        Some(reached)
    }

    fn begin(&mut self, host: usize, op: OpId, action: &Action) {
        let there = &self.hosts[host];
        let (life, config) = (there.life, Arc::clone(&there.config));
        let (job, after) = there.room.begin(&config, action, &mut self.dice);
        if let Job::Change { place, verb, .. } = &job {
            if *verb == Verb::Start {
                self.checks.start_ordered(host, place.group);
            }
            self.checks.begins(host);
            self.note(Some(host), || format!("begins {verb:?} of {place:?}"));
        }
        self.push(after, Due::Job { host, life, op, job, begun: self.now });
    }

    fn finish(&mut self, host: usize, life: u32, op: OpId, job: Job, begun: Instant) {
        if self.hosts[host].life != life {
            return;
        }
        let change = match &job {
            Job::Change { place, verb, fails } => {
                self.checks.ends(host);
                match verb {
                    Verb::Start if *fails => self.checks.excuse(place.group),
                    Verb::Stop if *fails => self.checks.excuse_all(),
                    Verb::Start | Verb::Stop => {}
                }
                Some(*place)
            }
            _ => None,
        };
        let (outcome, effect) = self.hosts[host].room.finish(job);
        if let Some(place) = change {
            self.note(Some(host), || format!("{place:?}: {outcome:?}"));
        }
        let config = Arc::clone(&self.hosts[host].config);
        match effect {
            Effect::Started(place) if place.resource == address_of(&config, place.group) => {
                self.checks.took(host, place.group, begun);
            }
            Effect::Stopped(place) if place.resource == address_of(&config, place.group) => {
                self.checks.released(host, place.group);
            }
            Effect::Fenced(target) => {
                let target = target.folded();
                let index = self.hosts.iter().position(|h| h.config.me.folded() == target);
                if let Some(index) = index {
                    self.fence(index);
                }
            }
            Effect::None | Effect::Started(_) | Effect::Stopped(_) => {}
        }
        self.give(host, None, Input::Done { op, outcome });
    }

    fn fence(&mut self, target: usize) {
        self.note(Some(target), || "is reset by a fence device".into());
        self.switch_off(target);
        self.checks.proven_clean(target);
        self.come_back(target);
    }

    fn come_back(&mut self, host: usize) {
        let life = self.hosts[host].life;
        self.push(REBOOT_TIME, Due::PowerOn { host, life });
    }

    fn ambient(&mut self, host: usize) {
        let wall = self.hosts[host].wall(self.now);
        self.give(host, None, Input::Ambient { wall, load: "0.00 0.00 0.00 1/100 1000".into() });
    }

    pub(crate) fn end_daemon(&mut self, host: usize) {
        let there = &mut self.hosts[host];
        there.subject = None;
        there.deadline = None;
        there.paused = false;
        there.stopping = false;
        there.inbox.clear();
        there.life += 1;
        self.checks.deaf(host);
    }

    fn exit(&mut self, host: usize) {
        self.note(Some(host), || "the daemon ended".into());
        self.end_daemon(host);
        if let Some(lost) = self.hosts[host].boot_after_exit.take() {
            self.switch_on(host, lost);
        }
    }

    /// A host loses its power.
    pub(crate) fn switch_off(&mut self, host: usize) {
        self.end_daemon(host);
        let there = &mut self.hosts[host];
        there.powered = false;
        there.boot_after_exit = None;
        there.room.power_off();
        self.checks.powered_off(host);
    }

    /// A host starts, or at least its daemon. One that is just stopping starts after that.
    pub(crate) fn switch_on(&mut self, host: usize, lost: bool) {
        if self.hosts[host].subject.is_some() {
            if self.hosts[host].stopping {
                self.hosts[host].boot_after_exit = Some(lost);
            }
            return;
        }
        if lost {
            self.hosts[host].lose_state();
        }
        if !self.hosts[host].powered {
            self.hosts[host].powered = true;
            self.checks.proven_clean(host);
        }
        self.launch(host);
    }

    fn launch(&mut self, host: usize) {
        self.note(Some(host), || "the daemon starts".into());
        let now = self.now;
        let there = &mut self.hosts[host];
        there.life += 1;
        let life = there.life;
        let boot = there.boot(now, &mut self.dice);
        there.subject = Some(S::born(there.config.clone(), boot));
        self.ambient(host);
        self.push(AMBIENT_EVERY, Due::Ambient { host, life });
        let mut out = std::mem::take(&mut self.out);
        if let Some(subject) = &mut self.hosts[host].subject {
            subject.start(now, &mut out);
            self.hosts[host].deadline = subject.next_deadline();
        }
        self.perform(host, &mut out);
        self.out = out;
    }
}
