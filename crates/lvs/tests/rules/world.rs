//! A director in virtual time: a kernel that keeps what it is told, and servers that answer as
//! the test wants.

use base::{Command, Dice, Instant, Machine, WallTime};
use lvs::check::{Step, Verdict};
use lvs::config::{
    Checker, CheckerKind, Config, Connection, Forward, Http, Pace, Protocol, RealServer,
    SchedulerFlags, Service, SorryServer, Url, VirtualServer,
};
use lvs::{Boot, ChangedTimeouts, Director, Input, Kernel, Notification, Outcome, Output, Probe};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;
use wire::ipvs;

pub(crate) const ENOENT: i32 = 2;
pub(crate) const ESRCH: i32 = 3;
pub(crate) const EEXIST: i32 = 17;
/// How long a check takes.
const LATENCY: Duration = Duration::from_millis(1);

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// The address of the real server with this number.
pub(crate) fn real_ip(number: u8) -> IpAddr {
    IpAddr::from([10, 9, 0, 20 + number])
}

pub(crate) fn command(name: &str) -> Command {
    Command { argv: vec![name.to_owned()], user: None, group: None }
}

/// Once a second, one retry after a second, the first check at once.
pub(crate) const fn pace() -> Pace {
    Pace {
        alpha: false,
        retry: 1,
        delay_before_retry: secs(1),
        warmup: Duration::ZERO,
        delay_loop: secs(5),
        log_all_failures: false,
    }
}

pub(crate) fn checker(at: IpAddr, kind: CheckerKind) -> Checker {
    let connection = Connection {
        ip: at,
        port: 80,
        bind: None,
        bind_port: None,
        bind_interface: None,
        mark: None,
        timeout: secs(5),
    };
    Checker { pace: pace(), connection, kind }
}

pub(crate) fn script(name: &str, dynamic: bool) -> CheckerKind {
    CheckerKind::Misc { command: command(name), timeout: secs(1), dynamic }
}

pub(crate) fn pages(paths: &[&str]) -> Http {
    let url = |path: &&str| Url {
        path: (*path).to_owned(),
        host: None,
        digest: None,
        status: vec![(200, 299)],
        regex: None,
    };
    Http {
        tls: false,
        sni: false,
        sni_name: None,
        protocol: "1.0".into(),
        fast_recovery: false,
        host: None,
        urls: paths.iter().map(url).collect(),
    }
}

/// A real server on port 80 with a TCP check.
pub(crate) fn real(number: u8, weight: u16) -> RealServer {
    let ip = real_ip(number);
    RealServer {
        ip,
        port: 80,
        weight,
        forward: Forward::Nat,
        upper: 0,
        lower: 0,
        inhibit_on_failure: false,
        notify_up: None,
        notify_down: None,
        smtp_alert: false,
        checkers: vec![checker(ip, CheckerKind::Tcp)],
    }
}

/// `10.9.0.100 80` over these, by round robin.
pub(crate) fn server(real: Vec<RealServer>) -> VirtualServer {
    VirtualServer {
        service: Service::Address(ip("10.9.0.100"), 80),
        protocol: Some(Protocol::Tcp),
        scheduler: "rr".into(),
        flags: SchedulerFlags::default(),
        one_packet: false,
        forward: Forward::Nat,
        persistence: None,
        granularity: None,
        sip: false,
        family: None,
        sorry: None,
        quorum: 1,
        hysteresis: 0,
        quorum_up: None,
        quorum_down: None,
        ha_suspend: false,
        omega: false,
        smtp_alert: false,
        real,
    }
}

pub(crate) fn sorry() -> SorryServer {
    SorryServer { ip: ip("10.9.0.99"), port: 80, inhibit: false, forward: Forward::Nat }
}

pub(crate) fn config(servers: Vec<VirtualServer>) -> Config {
    Config { servers, ..Config::default() }
}

pub(crate) type Place = (IpAddr, u16);

/// The kernel's table.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Model {
    pub(crate) services:
        BTreeMap<ipvs::ServiceKey, (ipvs::Service, BTreeMap<Place, ipvs::Destination>)>,
    pub(crate) daemons: Vec<ipvs::Daemon>,
    pub(crate) timeouts: ipvs::Timeouts,
}

impl Model {
    /// What the kernel does, with its error numbers.
    pub(crate) fn apply(&mut self, command: &ipvs::Command) -> Result<(), i32> {
        use ipvs::Command as C;
        let place = |d: &ipvs::Destination| (d.address, d.port);
        match command {
            C::NewService(s) if self.services.contains_key(&s.key) => return Err(EEXIST),
            C::NewService(s) => {
                self.services.insert(s.key, (s.clone(), BTreeMap::new()));
            }
            C::SetService(s) => self.services.get_mut(&s.key).ok_or(ESRCH)?.0 = s.clone(),
            C::DelService(s) => drop(self.services.remove(&s.key).ok_or(ESRCH)?),
            C::NewDestination(s, d) => {
                let all = &mut self.services.get_mut(&s.key).ok_or(ESRCH)?.1;
                if all.contains_key(&place(d)) {
                    return Err(EEXIST);
                }
                all.insert(place(d), *d);
            }
            C::SetDestination(s, d) => {
                let all = &mut self.services.get_mut(&s.key).ok_or(ESRCH)?.1;
                *all.get_mut(&place(d)).ok_or(ENOENT)? = *d;
            }
            C::DelDestination(s, d) => {
                let all = &mut self.services.get_mut(&s.key).ok_or(ESRCH)?.1;
                all.remove(&place(d)).ok_or(ENOENT)?;
            }
            C::Flush => self.services.clear(),
            C::SetTimeouts(timeouts) => self.timeouts = *timeouts,
            C::NewDaemon(d) if self.daemons.iter().any(|there| there.state == d.state) => {
                return Err(EEXIST);
            }
            C::NewDaemon(d) => self.daemons.push(d.clone()),
            C::DelDaemon { state, .. } => {
                let before = self.daemons.len();
                self.daemons.retain(|there| there.state != *state);
                if self.daemons.len() == before {
                    return Err(ESRCH);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// As it is told at the start.
    pub(crate) fn told(&self) -> Kernel {
        Kernel {
            services: self
                .services
                .values()
                .map(|(s, d)| (s.clone(), d.values().copied().collect()))
                .collect(),
            daemons: self.daemons.clone(),
            timeouts: self.timeouts,
        }
    }

    /// Addresses and weights of the only service, sorted.
    pub(crate) fn weights(&self) -> Vec<(String, u32)> {
        let mut services = self.services.values();
        let (_, destinations) = services.next().expect("a service");
        assert!(services.next().is_none(), "one service");
        destinations.values().map(|d| (d.address.to_string(), d.weight)).collect()
    }

    /// The last parts of the addresses of the only service, without those of weight 0.
    pub(crate) fn serving(&self) -> Vec<u8> {
        let weights = self.weights();
        let serving = weights.iter().filter(|(_, weight)| *weight > 0);
        serving.map(|(ip, _)| ip.rsplit('.').next().unwrap().parse().unwrap()).collect()
    }
}

pub(crate) struct World {
    pub(crate) director: Director,
    pub(crate) now: Instant,
    pub(crate) kernel: Model,
    /// Every command with the kernel's answer.
    pub(crate) commands: Vec<ipvs::Command>,
    pub(crate) told: Vec<Notification>,
    /// The sentences of all events.
    pub(crate) events: Vec<api::Event>,
    /// What is checked, with its moment: an address, an address with its path, a script.
    pub(crate) checks: Vec<(Instant, String)>,
    /// What does not answer, in the same words.
    pub(crate) dead: BTreeSet<String>,
    /// Exit codes of scripts other than 0.
    pub(crate) codes: BTreeMap<String, i32>,
    /// Commands the kernel refuses, by a test on them.
    pub(crate) refuse: fn(&ipvs::Command) -> Option<i32>,
    pub(crate) exited: bool,
    under_way: BTreeMap<u64, (Instant, Outcome)>,
}

impl World {
    /// A director that was not told of its kernel yet.
    pub(crate) fn fresh(config: Config) -> Self {
        Self::after(config, None)
    }

    /// The same, after a predecessor that left the kernel's timeouts changed.
    pub(crate) fn after(config: Config, changed: Option<ChangedTimeouts>) -> Self {
        let director = Director::new(config, Boot { dice: Dice::new(1), changed });
        let mut world = Self {
            director,
            now: Instant::ZERO,
            kernel: Model::default(),
            commands: Vec::new(),
            told: Vec::new(),
            events: Vec::new(),
            checks: Vec::new(),
            dead: BTreeSet::new(),
            codes: BTreeMap::new(),
            refuse: |_| None,
            exited: false,
            under_way: BTreeMap::new(),
        };
        world.kernel.timeouts = ipvs::Timeouts { tcp: 900, tcp_fin: 120, udp: 300 };
        world.give(Input::Ambient { wall: WallTime::default() });
        world
    }

    /// A director that has begun, before any check came back.
    pub(crate) fn new(config: Config) -> Self {
        Self::fresh(config).begun()
    }

    /// Tells it of the kernel and lets it begin.
    pub(crate) fn begun(mut self) -> Self {
        self.give(Input::Kernel(Ok(self.kernel.told())));
        self.give(Input::Tick);
        self
    }

    pub(crate) fn give(&mut self, input: Input) {
        let mut out = Vec::new();
        self.director.handle(self.now, input, &mut out);
        for output in out {
            self.perform(output);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Ipvs { number, command } => {
                let refused = (self.refuse)(&command);
                let result = refused.map_or_else(|| self.kernel.apply(&command), Err);
                self.commands.push(command);
                self.give(Input::Answered { number, result });
            }
            Output::Check(check) => {
                let outcome = self.outcome(check.probe);
                self.under_way.insert(check.run, (self.now + LATENCY, outcome));
            }
            Output::Abandon { run } => {
                drop(self.under_way.remove(&run).expect("a check that runs"));
            }
            Output::Notify(told) => self.told.push(told),
            Output::Event(event) => self.events.push(event),
            Output::Exit => self.exited = true,
        }
    }

    fn outcome(&mut self, probe: Probe) -> Outcome {
        match probe {
            Probe::Run { command, .. } => {
                let name = command.argv[0].clone();
                self.checks.push((self.now, name.clone()));
                Outcome::Exited(self.codes.get(&name).copied().unwrap_or(0))
            }
            Probe::Talk { connection, mut conversation, .. } => {
                let at = connection.ip.to_string();
                let step = conversation.connected();
                let request = match &step {
                    Step::Send(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    _ => String::new(),
                };
                let path = request.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
                let name = at.clone() + path.unwrap_or_default();
                let dead = self.dead.contains(&at) || self.dead.contains(&name);
                self.checks.push((self.now, name));
                match (dead, step) {
                    (true, _) => Outcome::Refused("connection refused".into()),
                    (false, Step::Done(verdict)) => Outcome::Said(verdict),
                    (false, _) => Outcome::Said(Verdict::Passed("it answered".into())),
                }
            }
        }
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let done = self.under_way.iter().map(|(run, (at, _))| (*at, *run)).min();
            let due = self.director.next_deadline();
            match (done, due) {
                (Some((at, run)), due) if at <= end && due.is_none_or(|due| at <= due) => {
                    self.now = at.max(self.now);
                    let (_, outcome) = self.under_way.remove(&run).expect("it is there");
                    self.give(Input::Checked { run, outcome });
                }
                (_, Some(due)) if due <= end => {
                    self.now = due.max(self.now);
                    self.give(Input::Tick);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    pub(crate) fn kill(&mut self, number: u8) {
        self.dead.insert(real_ip(number).to_string());
    }

    pub(crate) fn heal(&mut self, number: u8) {
        self.dead.remove(&real_ip(number).to_string());
    }

    /// Lets first checks pass, and forgets what was told at the start.
    pub(crate) fn settled(mut self) -> Self {
        self.run(secs(1));
        self.told.clear();
        self
    }

    /// Forgets what happened so far.
    pub(crate) fn forget(&mut self) {
        self.commands.clear();
        self.told.clear();
        self.events.clear();
        self.checks.clear();
    }

    pub(crate) fn lines(&self) -> Vec<&str> {
        self.told.iter().map(|told| told.line.as_str()).collect()
    }

    pub(crate) fn said(&self, words: &str) -> bool {
        self.events.iter().any(|event| event.text.contains(words))
    }

    /// The commands that were run, by the last word of their names.
    pub(crate) fn ran(&self) -> Vec<&str> {
        let commands = self.told.iter().filter_map(|told| told.command.as_ref());
        commands.map(|command| command.argv[0].as_str()).collect()
    }

    pub(crate) fn is_up(&self, number: usize) -> bool {
        self.director.status().servers[0].real[number].up
    }
}
