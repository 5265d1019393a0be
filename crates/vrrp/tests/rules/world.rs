//! A small network of routers in virtual time: packets take a while, get lost or are cut off;
//! everything a router asks for is noted with its moment.

use base::{Dice, Instant, Machine, WallTime};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use vrrp::config::{
    Address, AddressFlags, Authentication, Broadcast, Checksum, Command, Config, Destination,
    Family, Garp, Instance, Notify, Script, SyncGroup, Track, Tracked, Version, Vrid,
};
use vrrp::{Advert, Boot, Input, Output, Received, Role};

/// The wall clock at the beginning.
const WALL: u64 = 1_700_000_000_000;

/// A moment, in seconds since the beginning.
pub(crate) fn at(seconds: f64) -> Instant {
    Instant::ZERO + Duration::from_secs_f64(seconds)
}

/// So many milliseconds.
pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So many seconds.
pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An address as the file would have it, without anything said of it.
pub(crate) fn address(ip: &str) -> Address {
    let ip: IpAddr = ip.parse().expect("an address");
    Address {
        ip,
        prefix: if ip.is_ipv4() { 32 } else { 128 },
        device: None,
        label: None,
        broadcast: Broadcast::Unset,
        scope: 0,
        peer: None,
        flags: AddressFlags::default(),
        preferred_lifetime: None,
        no_track: false,
        own_mac: false,
    }
}

/// An instance as keepalived's defaults have it.
pub(crate) fn instance(name: &str, priority: u8) -> Instance {
    Instance {
        name: name.to_owned(),
        vrid: Vrid(51),
        interface: Some("eth0".to_owned()),
        family: Family::V4,
        version: Version::V2,
        initially_master: priority == 255,
        priority,
        advert_int: secs(1),
        authentication: Authentication::None,
        addresses: vec![address("192.0.2.100")],
        excluded: Vec::new(),
        routes: Vec::new(),
        rules: Vec::new(),
        destination: Destination::Multicast(Ipv4Addr::new(224, 0, 0, 18).into()),
        source: None,
        track_source: false,
        unicast_ttl: 255,
        preempt: true,
        preempt_delay: Duration::ZERO,
        down_timer_adverts: 3,
        garp: Garp {
            master_delay: Some(secs(5)),
            master_repeat: 5,
            refresh: None,
            refresh_repeat: 1,
            lower_prio_delay: Some(secs(5)),
            lower_prio_repeat: 5,
            arp_interval: Duration::ZERO,
            na_interval: Duration::ZERO,
            elsewhere: None,
        },
        accept: true,
        strict: false,
        skip_check_adv_addr: false,
        check_unicast_src: false,
        checksum: Checksum::WithPseudoHeader,
        lower_prio_no_advert: false,
        higher_prio_send_advert: false,
        owner_ignore_adverts: false,
        vmac: None,
        dont_track_primary: false,
        tracks: Vec::new(),
        notify: Notify::default().into(),
        smtp_alert: false,
    }
}

/// The same in version 3.
pub(crate) fn instance_v3(name: &str, priority: u8, advert_int: Duration) -> Instance {
    Instance { version: Version::V3, advert_int, ..instance(name, priority) }
}

/// A configuration of these instances.
pub(crate) fn config(instances: Vec<Instance>) -> Config {
    Config { instances: instances.into_iter().map(Arc::new).collect(), ..Config::default() }
}

/// An instance of a configuration, to be changed.
pub(crate) fn nth(config: &mut Config, place: usize) -> &mut Instance {
    Arc::make_mut(&mut config.instances[place])
}

/// A program without arguments.
pub(crate) fn command(program: &str) -> Command {
    Command { argv: vec![program.to_owned()], user: None, group: None }
}

/// A script that runs every second and whose every result counts.
pub(crate) fn script(name: &str) -> Script {
    Script {
        name: name.to_owned(),
        command: command("/bin/check"),
        interval: secs(1),
        timeout: secs(1),
        fall: 1,
        rise: 1,
    }
}

/// Tracks a script.
pub(crate) fn track_script(name: &str, weight: i32) -> Track {
    Track { what: Tracked::Script(name.to_owned()), weight, reverse: false }
}

/// A sync group of these members.
pub(crate) fn group(name: &str, members: &[&str]) -> SyncGroup {
    SyncGroup {
        name: name.to_owned(),
        members: members.iter().map(|m| (*m).to_owned()).collect(),
        tracks: Vec::new(),
        tracking_weight: false,
        notify: Notify::default(),
        smtp_alert: false,
    }
}

/// One machine.
pub(crate) struct Host {
    /// What runs there; `None`: it is off.
    pub(crate) role: Option<Role>,
    /// Its address.
    pub(crate) ipv4: IpAddr,
    /// Its link-local address.
    pub(crate) ipv6: IpAddr,
    /// Everything it asked for, and when.
    pub(crate) log: Vec<(Instant, Output)>,
    /// The addresses it holds, by instance.
    pub(crate) held: BTreeMap<String, BTreeSet<IpAddr>>,
    /// What its scripts say; those not listed succeed.
    pub(crate) failing: BTreeSet<String>,
    /// How long its scripts run.
    pub(crate) script_time: Duration,
    /// It went away by itself.
    pub(crate) exited: bool,
}

/// Something on its way.
enum Coming {
    Packet(Received),
    ScriptDone(String, bool),
}

/// Hosts on one network.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) hosts: Vec<Host>,
    /// How long packets take.
    pub(crate) delay: Duration,
    /// So many of a hundred are lost.
    pub(crate) loss: u32,
    /// And some take up to so much longer.
    pub(crate) jitter: Duration,
    /// From host to host nothing passes.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// Packets of these instances don't pass.
    pub(crate) cut_instances: BTreeSet<String>,
    dice: Dice,
    coming: BTreeMap<(Instant, u64), (usize, Coming)>,
    number: u64,
}

impl World {
    /// A network of `hosts` machines that are off.
    pub(crate) fn new(hosts: usize) -> Self {
        let host = |n: usize| Host {
            role: None,
            ipv4: Ipv4Addr::new(192, 0, 2, 11 + n as u8).into(),
            ipv6: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x11 + n as u16).into(),
            log: Vec::new(),
            held: BTreeMap::new(),
            failing: BTreeSet::new(),
            script_time: ms(5),
            exited: false,
        };
        Self {
            now: Instant::ZERO,
            hosts: (0..hosts).map(host).collect(),
            delay: Duration::from_micros(100),
            loss: 0,
            jitter: Duration::ZERO,
            cut: BTreeSet::new(),
            cut_instances: BTreeSet::new(),
            dice: Dice::new(1),
            coming: BTreeMap::new(),
            number: 0,
        }
    }

    /// One host for each of these configurations, all started now.
    pub(crate) fn of(configs: Vec<Config>) -> Self {
        let mut world = Self::new(configs.len());
        for (n, config) in configs.into_iter().enumerate() {
            world.start(n, config);
        }
        world
    }

    /// Another seed for loss and delays.
    pub(crate) fn seed(&mut self, seed: u64) {
        self.dice = Dice::new(seed);
    }

    /// Starts a host.
    pub(crate) fn start(&mut self, n: usize, config: Config) {
        self.boot(n, config, Boot::default());
    }

    /// Starts a host with something of its predecessor.
    pub(crate) fn boot(&mut self, n: usize, config: Config, boot: Boot) {
        self.boot_without_links(n, config, boot);
        self.link(n, "eth0", true);
        self.give(n, Input::Tick);
    }

    /// Makes the role; it knows of no interface, and has not been ticked.
    pub(crate) fn boot_without_links(&mut self, n: usize, config: Config, boot: Boot) {
        self.hosts[n].exited = false;
        self.hosts[n].role = Some(Role::new(config, boot));
        let wall = WallTime::from_millis(WALL) + self.now.since(Instant::ZERO);
        self.give(n, Input::Ambient { wall });
    }

    /// An interface of a host goes up or down.
    pub(crate) fn link(&mut self, n: usize, name: &str, up: bool) {
        let (ipv4, ipv6) = (Some(self.hosts[n].ipv4), Some(self.hosts[n].ipv6));
        self.give(n, Input::Link { interface: name.to_owned(), up, ipv4, ipv6 });
    }

    /// A host is off at once, and says nothing.
    pub(crate) fn kill(&mut self, n: usize) {
        self.hosts[n].role = None;
        self.hosts[n].held.clear();
    }

    /// Nothing passes between two hosts, in both directions.
    pub(crate) fn separate(&mut self, a: usize, b: usize) {
        self.cut.extend([(a, b), (b, a)]);
    }

    /// Gives a host's role an input now.
    pub(crate) fn give(&mut self, n: usize, input: Input) {
        let mut out = Vec::new();
        let Some(role) = &mut self.hosts[n].role else { return };
        role.handle(self.now, input, &mut out);
        for output in out {
            self.perform(n, &output);
            self.hosts[n].log.push((self.now, output));
        }
        if self.hosts[n].exited {
            self.hosts[n].role = None;
        }
    }

    fn perform(&mut self, n: usize, output: &Output) {
        match output {
            Output::Send(advert) => self.send(n, advert),
            Output::Take { instance, addresses, .. } => {
                let held = self.hosts[n].held.entry(instance.clone()).or_default();
                held.extend(addresses.iter().map(|address| address.ip));
            }
            Output::Release { instance, addresses, .. } => {
                let held = self.hosts[n].held.entry(instance.clone()).or_default();
                for address in addresses {
                    held.remove(&address.ip);
                }
            }
            Output::Run { name } => {
                let success = !self.hosts[n].failing.contains(name);
                let done = Coming::ScriptDone(name.clone(), success);
                self.later(n, self.hosts[n].script_time, done);
            }
            Output::Exit => self.hosts[n].exited = true,
            Output::Announce { .. } | Output::Notify(_) | Output::Event(_) => {}
        }
    }

    fn later(&mut self, n: usize, delay: Duration, coming: Coming) {
        self.number += 1;
        self.coming.insert((self.now + delay, self.number), (n, coming));
    }

    fn send(&mut self, from: usize, advert: &Advert) {
        let multicast = advert.destination.is_multicast();
        for to in (0..self.hosts.len()).filter(|to| *to != from) {
            let host = &self.hosts[to];
            if !multicast && ![host.ipv4, host.ipv6].contains(&advert.destination)
                || self.cut.contains(&(from, to))
                || self.cut_instances.contains(&advert.instance)
                || self.dice.percent(self.loss)
            {
                continue;
            }
            let delay = self.delay + self.dice.between(Duration::ZERO, self.jitter);
            self.later(to, delay, Coming::Packet(received(advert)));
        }
    }

    /// Lets time pass until so many seconds after the beginning.
    pub(crate) fn run(&mut self, seconds: f64) {
        self.run_to(at(seconds), |_| {});
    }

    /// The same, and looks at the world after each thing that happened.
    pub(crate) fn run_to(&mut self, end: Instant, mut look: impl FnMut(&mut Self)) {
        loop {
            let packet = self.coming.first_key_value().map(|((at, _), _)| *at);
            let timer = (0..self.hosts.len())
                .filter_map(|n| Some((self.hosts[n].role.as_ref()?.next_deadline()?, n)))
                .min();
            match (packet, timer) {
                (Some(due), timer) if due <= end && timer.is_none_or(|(t, _)| due <= t) => {
                    let (_, (n, coming)) = self.coming.pop_first().expect("it is there");
                    self.now = self.now.max(due);
                    self.give(
                        n,
                        match coming {
                            Coming::Packet(received) => Input::Packet(received),
                            Coming::ScriptDone(name, success) => {
                                let how = format!("exit code {}", u8::from(!success));
                                Input::ScriptDone { name, success, how }
                            }
                        },
                    );
                }
                (_, Some((due, n))) if due <= end => {
                    self.now = self.now.max(due);
                    self.give(n, Input::Tick);
                }
                _ => break,
            }
            look(self);
        }
        self.now = self.now.max(end);
    }

    /// The hosts that hold an address of that instance.
    pub(crate) fn masters(&self, instance: &str) -> Vec<usize> {
        let holds = |host: &Host| host.held.get(instance).is_some_and(|held| !held.is_empty());
        (0..self.hosts.len()).filter(|n| holds(&self.hosts[*n])).collect()
    }

    /// What a router of a host is.
    pub(crate) fn status(&self, n: usize, instance: &str) -> api::vrrp::RouterStatus {
        let role = self.hosts[n].role.as_ref().expect("it runs");
        let mut all = role.status().routers.into_iter();
        all.find(|router| router.name == instance).expect("it is configured")
    }

    /// Its state, in keepalived's word.
    pub(crate) fn state(&self, n: usize, instance: &str) -> &'static str {
        self.status(n, instance).state.word()
    }
}

/// An advert as the receiver's kernel gives it.
pub(crate) fn received(advert: &Advert) -> Received {
    Received {
        interface: advert.interface.clone().unwrap_or_else(|| "eth0".to_owned()),
        source: advert.source,
        destination: advert.destination,
        ttl: advert.ttl,
        bytes: advert.bytes.to_vec(),
    }
}

/// The priority an advert says.
pub(crate) fn priority(advert: &Advert) -> u8 {
    decoded(advert).priority
}

/// What an advert says.
pub(crate) fn decoded(advert: &Advert) -> wire::vrrp::Advert {
    match (advert.source, advert.destination) {
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            wire::vrrp::decode_v6(&advert.bytes, source, destination).expect("an advert").advert
        }
        _ => wire::vrrp::decode_v4(&advert.bytes).expect("an advert").advert,
    }
}

impl Host {
    /// The adverts it sent, with moment in milliseconds and priority.
    pub(crate) fn adverts(&self) -> Vec<(u64, u8)> {
        let advert = |(at, output): &(Instant, Output)| match output {
            Output::Send(advert) => Some((at.as_nanos() / 1_000_000, priority(advert))),
            _ => None,
        };
        self.log.iter().filter_map(advert).collect()
    }

    /// The moments, in milliseconds, at which it announced addresses.
    pub(crate) fn announcements(&self) -> Vec<u64> {
        let moment = |(at, output): &(Instant, Output)| {
            matches!(output, Output::Announce { .. }).then(|| at.as_nanos() / 1_000_000)
        };
        self.log.iter().filter_map(moment).collect()
    }

    /// What it told others: name, word, and the programs to run.
    pub(crate) fn told(&self) -> Vec<String> {
        let line = |(_, output): &(Instant, Output)| match output {
            Output::Notify(told) => {
                let name = match &told.of {
                    vrrp::Subject::Instance(name) => format!("INSTANCE {name}"),
                    vrrp::Subject::Group(name) => format!("GROUP {name}"),
                };
                let mut line = format!("{name} {} {}", told.what.word(), told.priority);
                for command in &told.commands {
                    line.push(' ');
                    line.push_str(&command.argv.join(" "));
                }
                Some(line)
            }
            _ => None,
        };
        self.log.iter().filter_map(line).collect()
    }

    /// The sentences it told.
    pub(crate) fn story(&self) -> Vec<String> {
        let text = |(_, output): &(Instant, Output)| match output {
            Output::Event(event) => Some(event.text.clone()),
            _ => None,
        };
        self.log.iter().filter_map(text).collect()
    }

    /// Forgets what it did so far.
    pub(crate) fn forget(&mut self) {
        self.log.clear();
    }
}
