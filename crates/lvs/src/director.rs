//! The director: all virtual servers of a machine as one value that is fed.
//!
//! [`Director::handle`](Machine::handle) takes an input to the part it is for. Whatever changes
//! how a real server is ends in `settle`, which compares what is with what was told: servers up
//! and down, weights, the quorum, what IPVS has.

use crate::check::Verdict;
use crate::checker::{Checker, CheckerId, Ruling};
use crate::config::{CheckerKind, Config};
use crate::io::{Check, Input, Kernel, Outcome, Output};
use crate::server::Server;
use crate::step::Step;
use crate::sync::Sync;
use crate::table::Table;
use crate::{probe, results};
use api::Journal;
use api::{EventKind, Level, Subject};
use base::{Deadlines, Dice, Instant, Machine};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;
use wire::ipvs::Timeouts;

/// What the kernel refused is tried again after this: somebody may load a module meanwhile.
const KERNEL_RETRY: Duration = Duration::from_secs(30);

/// What a director brings along.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Spreads the first checks, and numbers questions.
    pub dice: Dice,
    /// What a predecessor did to the kernel's timeouts and did not put back.
    pub changed: Option<ChangedTimeouts>,
}

/// The kernel's timeouts, changed for `lvs_timeouts`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChangedTimeouts {
    /// As they were before; put back at the end.
    pub own: Timeouts,
    /// As they are now. If the kernel has others, somebody else has set them since, and `own`
    /// counts no more.
    pub ours: Timeouts,
}

/// What a deadline is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Key {
    /// A checker's turn.
    Checker(CheckerId),
    /// What the kernel refused is tried again.
    Kernel,
}

/// Where a checker is: virtual server, real server, checker.
pub(crate) type Place = (usize, usize, usize);

/// How far the director is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Before the first tick with a kernel: inputs are only noted.
    Fresh,
    /// At work.
    Running,
    /// Stopped: nothing follows from anything.
    Gone,
}

/// All virtual servers of a machine, their real servers and checkers.
#[derive(Clone, Debug)]
pub struct Director {
    pub(crate) config: Config,
    journal: Journal,
    phase: Phase,
    pub(crate) dice: Dice,
    pub(crate) servers: Vec<Server>,
    pub(crate) places: BTreeMap<CheckerId, Place>,
    pub(crate) deadlines: Deadlines<Key>,
    /// When each waiting checker checks next; the deadlines by checker, for the status.
    pub(crate) turns: BTreeMap<CheckerId, Instant>,
    runs: BTreeMap<u64, CheckerId>,
    last_run: u64,
    pub(crate) last_checker: CheckerId,
    files: BTreeMap<String, Option<i32>>,
    sessions: BTreeMap<String, bool>,
    addresses: BTreeMap<IpAddr, bool>,
    pub(crate) routers: BTreeMap<String, bool>,
    /// What the kernel had at the start; an error that was told already has no words any more.
    kernel: Option<Result<Kernel, String>>,
    pub(crate) unusable: Option<String>,
    /// The kernel's own timeouts, once ours are in place.
    pub(crate) timeouts: Option<Timeouts>,
    pub(crate) told_timeouts: Timeouts,
    /// What a predecessor changed.
    pub(crate) changed: Option<ChangedTimeouts>,
    pub(crate) table: Table,
    pub(crate) sync: Sync,
    /// A sync daemon is, or was, ours.
    pub(crate) syncs: bool,
}

impl Director {
    /// A director that has done nothing yet. Give it [`Input::Ambient`], what there is to say of
    /// files, sessions, addresses and virtual routers, and [`Input::Kernel`]; the first
    /// [`Input::Tick`] after that starts it.
    pub fn new(config: Config, boot: Boot) -> Self {
        let mut director = Self {
            config: Config::default(),
            journal: Journal::default(),
            phase: Phase::Fresh,
            dice: boot.dice,
            servers: Vec::new(),
            places: BTreeMap::new(),
            deadlines: Deadlines::default(),
            turns: BTreeMap::new(),
            runs: BTreeMap::new(),
            last_run: 0,
            last_checker: 0,
            files: BTreeMap::new(),
            sessions: BTreeMap::new(),
            addresses: BTreeMap::new(),
            routers: BTreeMap::new(),
            kernel: None,
            unusable: None,
            timeouts: None,
            told_timeouts: Timeouts::default(),
            changed: boot.changed,
            table: Table::default(),
            sync: Sync::default(),
            syncs: false,
        };
        director.install(config, Instant::ZERO);
        director
    }

    /// The addresses of virtual servers with `ha_suspend`: whoever feeds the director tells with
    /// [`Input::Address`] which of them are on this host.
    pub fn watched(&self) -> BTreeSet<IpAddr> {
        let suspendable = self.servers.iter().filter(|server| server.config.ha_suspend);
        suspendable.flat_map(Server::addresses).collect()
    }

    /// What a successor must know of the kernel's timeouts, as long as they are not its own.
    pub fn changed_timeouts(&self) -> Option<ChangedTimeouts> {
        let own = self.timeouts.filter(|own| *own != self.told_timeouts)?;
        Some(ChangedTimeouts { own, ours: self.told_timeouts })
    }

    /// It has something to do: virtual servers, or a sync daemon.
    pub fn is_needed(&self) -> bool {
        !self.servers.is_empty() || self.config.ipvs.sync.is_some()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Nothing follows from anything any more.
    pub(crate) fn end(&mut self) {
        self.phase = Phase::Gone;
        self.deadlines = Deadlines::default();
        self.turns.clear();
    }

    pub(crate) fn checker(&self, (server, real, checker): Place) -> &Checker {
        &self.servers[server].real[real].checkers[checker]
    }

    pub(crate) fn checker_mut(&mut self, (server, real, checker): Place) -> &mut Checker {
        &mut self.servers[server].real[real].checkers[checker]
    }

    pub(crate) fn subject(&self, (server, real, _): Place) -> Subject {
        let server = &self.servers[server];
        Subject::RealServer(server.name.clone(), server.real[real].name.clone())
    }

    fn kernel_told(&mut self, kernel: Result<Kernel, String>) {
        if self.phase == Phase::Fresh {
            self.kernel = Some(kernel);
        }
    }

    fn tick(&mut self, step: &mut Step<'_>) {
        if self.phase == Phase::Fresh {
            match self.kernel.take() {
                None => return,
                Some(Err(words)) => return self.without_kernel(step, words),
                Some(Ok(kernel)) => {
                    self.phase = Phase::Running;
                    self.unusable = None;
                    self.begin(step, kernel);
                }
            }
        }
        while let Some(key) = self.deadlines.pop_due(step.now) {
            step.cause = None;
            match key {
                Key::Checker(id) => {
                    self.turns.remove(&id);
                    self.check(step, id);
                }
                Key::Kernel => self.bring_all(step),
            }
        }
    }

    /// One clear error for each virtual server; everything else of the machine goes on.
    fn without_kernel(&mut self, step: &mut Step<'_>, words: String) {
        for server in &self.servers {
            let name = &server.name;
            let text = format!(
                "{name} is not served: the kernel's load balancer can't be used ({words}); \
                 virtual routers go on; load the module ip_vs"
            );
            let subject = Subject::VirtualServer(name.clone());
            step.tell(Level::Error, EventKind::Balancer, subject, text);
        }
        if self.config.ipvs.sync.is_some() {
            let text = format!(
                "there is no sync daemon: the kernel's load balancer can't be used ({words})"
            );
            step.tell(Level::Error, EventKind::Balancer, Subject::Cluster, text);
        }
        self.unusable = Some(words);
    }

    /// A checker's turn comes after `pause`.
    pub(crate) fn schedule(&mut self, now: Instant, id: CheckerId, pause: Duration) {
        self.turns.insert(id, now + pause);
        self.deadlines.set(Key::Checker(id), Some(now + pause));
    }

    /// A checker's turn is called off, and the check that runs is given up.
    pub(crate) fn call_off(&mut self, step: &mut Step<'_>, id: CheckerId, run: Option<u64>) {
        self.turns.remove(&id);
        self.deadlines.set(Key::Checker(id), None);
        if let Some(run) = run.filter(|run| self.runs.remove(run).is_some()) {
            step.out.push(Output::Abandon { run });
        }
    }

    fn check(&mut self, step: &mut Step<'_>, id: CheckerId) {
        let Some(&place) = self.places.get(&id) else { return };
        let (server, real, checker) = place;
        let checker = &mut self.servers[server].real[real].checkers[checker];
        match probe::probe(checker, &mut self.dice) {
            Ok(probe) => {
                self.last_run += 1;
                checker.begins(step.now, self.last_run);
                self.runs.insert(self.last_run, id);
                step.out.push(Output::Check(Check { run: self.last_run, probe }));
            }
            Err(words) => self.judged(step, place, &Verdict::Failed(words)),
        }
    }

    fn checked(&mut self, step: &mut Step<'_>, run: u64, outcome: Outcome) {
        let place = self.runs.remove(&run).and_then(|id| self.places.get(&id).copied());
        let Some(place) = place else { return };
        let checker = self.checker_mut(place);
        checker.run = None;
        let (verdict, weight) = results::result(&checker.config.kind, outcome);
        if matches!(verdict, Verdict::Passed(_)) {
            checker.weight = weight;
        }
        checker.ended(step.now, &verdict);
        self.judged(step, place, &verdict);
    }

    /// A check came to a verdict.
    fn judged(&mut self, step: &mut Step<'_>, place: Place, verdict: &Verdict) {
        let (server, real, _) = place;
        let checker = self.checker_mut(place);
        // What it looked at, before it turns to its next page.
        let mut shown = checker.clone();
        let Ruling { pause, is_news } = checker.rule(step.now, verdict);
        shown.failures = checker.failures;
        let (id, last) = (checker.id, !checker.up);
        let (real_name, name) = (&self.servers[server].real[real].name, &self.servers[server].name);
        let text = results::sentence(&shown, real_name, name, verdict, last);
        let failed = matches!(verdict, Verdict::Failed(_));
        if is_news || (failed && shown.config.pace.log_all_failures) {
            let level = if failed { Level::Warning } else { Level::Info };
            let subject = self.subject(place);
            step.cause = Some(step.tell(level, EventKind::Check, subject, text.clone()));
        }
        self.checker_mut(place).last = Some((step.now, text));
        if !self.servers[server].suspended {
            self.schedule(step.now, id, pause);
        }
        self.settle(step, server);
    }

    /// Files and sessions as they are, for the checkers that are told of them.
    pub(crate) fn listen(&mut self, step: &mut Step<'_>, place: Place) {
        let checker = self.checker(place);
        let (up, weight, words) = match &checker.config.kind {
            CheckerKind::File { name, weight, reverse } => {
                let Some(value) = self.files.get(name) else { return };
                let (up, added) = results::file(*value, *weight, *reverse);
                let words =
                    value.map_or("it can't be read".into(), |value| format!("it says {value}"));
                (up, Some(added), words)
            }
            CheckerKind::Bfd { name } => {
                let Some(&up) = self.sessions.get(name) else { return };
                (up, None, if up { "the session is up" } else { "the session is down" }.to_owned())
            }
            _ => return,
        };
        let checker = self.checker_mut(place);
        let turned = checker.set(step.now, up);
        checker.weight = weight;
        let verdict = if up { Verdict::Passed(words) } else { Verdict::Failed(words) };
        let shown = checker.clone();
        let (server, real, _) = place;
        let (real_name, name) = (&self.servers[server].real[real].name, &self.servers[server].name);
        let text = results::sentence(&shown, real_name, name, &verdict, true);
        if turned {
            let level = if up { Level::Info } else { Level::Warning };
            let subject = self.subject(place);
            step.cause = Some(step.tell(level, EventKind::Check, subject, text.clone()));
        }
        self.checker_mut(place).last = Some((step.now, text));
    }

    /// Something that checkers are told of changed.
    fn told(&mut self, step: &mut Step<'_>, concerns: impl Fn(&CheckerKind) -> bool) {
        if !self.is_running() {
            return;
        }
        let places: Vec<Place> = self.places.values().copied().collect();
        for place in places {
            if concerns(&self.checker(place).config.kind) {
                step.cause = None;
                self.listen(step, place);
                self.settle(step, place.0);
            }
        }
    }

    fn file_told(&mut self, step: &mut Step<'_>, name: String, value: Option<i32>) {
        if self.files.insert(name.clone(), value) != Some(value) {
            self.told(
                step,
                |kind| matches!(kind, CheckerKind::File { name: of, .. } if *of == name),
            );
        }
    }

    fn session_told(&mut self, step: &mut Step<'_>, name: String, up: bool) {
        if self.sessions.insert(name.clone(), up) != Some(up) {
            self.told(step, |kind| matches!(kind, CheckerKind::Bfd { name: of } if *of == name));
        }
    }

    fn address_told(&mut self, step: &mut Step<'_>, ip: IpAddr, present: bool) {
        if self.addresses.insert(ip, present) == Some(present) || !self.is_running() {
            return;
        }
        for server in 0..self.servers.len() {
            self.suspend_or_resume(step, server);
        }
    }

    /// With `ha_suspend`: checks are made only while an address of the server is here.
    pub(crate) fn suspend_or_resume(&mut self, step: &mut Step<'_>, place: usize) {
        let server = &self.servers[place];
        let here = |ip: IpAddr| self.addresses.get(&ip) == Some(&true);
        let suspended = server.config.ha_suspend && !server.addresses().any(here);
        if suspended == server.suspended {
            return;
        }
        self.servers[place].suspended = suspended;
        let name = self.servers[place].name.clone();
        let text = if suspended {
            format!("{name} is no longer checked: its address isn't here")
        } else {
            format!("{name} is checked again: its address is here")
        };
        let subject = Subject::VirtualServer(name);
        step.cause = Some(step.tell(Level::Info, EventKind::Check, subject, text));
        let checkers = self.servers[place].real.iter_mut().flat_map(|real| &mut real.checkers);
        let active = checkers.filter(|checker| checker.is_active());
        let active: Vec<_> = active.map(|checker| (checker.id, checker.run.take())).collect();
        for (id, run) in active {
            if suspended {
                self.call_off(step, id, run);
            } else {
                self.schedule(step.now, id, Duration::ZERO);
            }
        }
    }

    fn answered(&mut self, step: &mut Step<'_>, number: u64, result: Result<(), i32>) {
        let Some(refusal) = self.table.answered(number, result, step.out) else { return };
        let owner = refusal
            .key
            .and_then(|key| self.servers.iter_mut().find(|server| server.keys.contains(&key)));
        let subject = match owner {
            Some(server) => {
                server.problem = Some(refusal.words.clone());
                Subject::VirtualServer(server.name.clone())
            }
            None => Subject::Cluster,
        };
        step.tell(Level::Error, EventKind::Balancer, subject, refusal.words);
        self.deadlines.set(Key::Kernel, Some(step.now + KERNEL_RETRY));
    }

    /// Everything that is not in the kernel as it is to be is tried again.
    pub(crate) fn bring_all(&mut self, step: &mut Step<'_>) {
        for place in 0..self.servers.len() {
            self.servers[place].problem = None;
            self.bring(step, place);
        }
        if self.syncs {
            self.sync.retry(step.out, &mut self.table);
        }
    }

    fn take_in(&mut self, step: &mut Step<'_>, input: Input) {
        match input {
            Input::Tick => self.tick(step),
            Input::Ambient { wall } => step.journal.set_wall(step.now, wall),
            Input::Kernel(kernel) => self.kernel_told(kernel),
            Input::Answered { number, result } => self.answered(step, number, result),
            Input::Checked { run, outcome } => self.checked(step, run, outcome),
            Input::File { name, value } => self.file_told(step, name, value),
            Input::Bfd { name, up } => self.session_told(step, name, up),
            Input::Address { ip, present } => self.address_told(step, ip, present),
            Input::Router { name, master } => {
                self.routers.insert(name, master);
                if self.is_running() {
                    self.follow_routers(step);
                }
            }
            Input::Reload(config) => self.reload(step, *config),
            Input::Stop { keep } => self.stop(step, keep),
        }
    }
}

impl Machine for Director {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
        if self.phase == Phase::Gone {
            return;
        }
        let mut journal = std::mem::take(&mut self.journal);
        let mut step = Step { now, out, journal: &mut journal, cause: None };
        self.take_in(&mut step, input);
        self.journal = journal;
    }

    fn next_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Fresh => self.kernel.as_ref().map(|_| Instant::ZERO),
            Phase::Running | Phase::Gone => self.deadlines.first(),
        }
    }
}
