//! Plays a scenario file in virtual time: what the lab does with real daemons, in milliseconds.
//!
//! The simulator plays pairs of ours. Commands that need a real file system or a real script are
//! left to the lab, and said to be.

use crate::layout::Layout;
use crate::network::Wire;
use crate::scenario::{
    Cluster, Command, ConfigFiles, Cut, Expectation, Maker, Pair, Process, Role, SERIAL_PORT,
    Scenario, Seat, Service, Step,
};
use crate::schedule::Act;
use crate::subject::Subject;
use crate::world::World;
use api::StandbySet;
use base::{Dice, Severity};
use cluster::{Config, Input};
use config::{File, Sources};
use std::sync::Arc;
use std::time::Duration;

/// How often the simulated client asks, and expectations are looked at (the lab's client does the
/// same).
const POLL: Duration = Duration::from_millis(10);

/// What a node's link-local address begins with; the rest is its number. It follows from the
/// hardware addresses that the lab gives.
const LINK_LOCAL: &str = "fe80::ff:fe00:";

/// How long `stop` and the commands wait for their end.
const COMMAND_MAX: Duration = Duration::from_mins(1);

/// What a node's files mean, or the first thing that is wrong with them.
fn read(files: &ConfigFiles, node: &str) -> Result<Config, String> {
    let optional = |path: &str, text: &String| (!text.is_empty()).then(|| File::new(path, text));
    let sources = Sources {
        ha_cf: File::new("ha.cf", &files.ha_cf),
        authkeys: File { mode: Some(0o600), ..File::new("authkeys", &files.authkeys) },
        haresources: optional("haresources", &files.haresources),
        service_checks: optional("service_checks", &files.service_checks),
        handover_toml: optional("handover.toml", &files.handover_toml),
    };
    let (read, found) = config::heartbeat(&sources, &config::Host::assumed(node));
    read.map(|heartbeat| heartbeat.cluster).ok_or_else(|| {
        let error = found.into_iter().find(|d| d.severity == Severity::Error);
        error.map_or_else(|| "refused".into(), |d| format!("{}: {}", d.file, d.message))
    })
}

/// How a scenario ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Everything was as expected.
    Passed,
    /// This line wasn't.
    Failed {
        /// Its number, from 1.
        line: usize,
        /// The line.
        text: String,
        /// What was seen instead.
        why: String,
    },
    /// Only the lab can play it, for this reason.
    LabOnly(String),
}

/// Why a step didn't go well.
enum Trouble {
    LabOnly(String),
    Failed(String),
}

type Done = Result<(), Trouble>;

/// Plays a scenario with a pair of ours; also returns the log.
pub fn play_scenario<S: Subject>(scenario: &Scenario) -> (Verdict, Vec<String>) {
    let ours = Pair(Maker::Ours, Maker::Ours);
    if !scenario.pairs.contains(&ours) {
        return (Verdict::LabOnly("it is not for a pair of ours".into()), Vec::new());
    }
    if scenario.cluster.role != Role::Heartbeat {
        return (Verdict::LabOnly("its nodes are virtual routers".into()), Vec::new());
    }
    let mut player = match Player::<S>::new(scenario) {
        Ok(player) => player,
        Err(why) => {
            let failed = Verdict::Failed { line: 1, text: "cluster".into(), why };
            return (failed, Vec::new());
        }
    };
    for step in scenario.steps.iter().filter(|step| step.pairs.contains(&ours)) {
        let verdict = match player.step(step) {
            Ok(()) => continue,
            Err(Trouble::LabOnly(why)) => Verdict::LabOnly(why),
            Err(Trouble::Failed(why)) => {
                Verdict::Failed { line: step.line, text: step.text.clone(), why }
            }
        };
        return (verdict, player.world.log().to_vec());
    }
    (Verdict::Passed, player.world.log().to_vec())
}

struct Player<S> {
    world: World<S>,
    cluster: &'static Cluster,
    files: [ConfigFiles; 2],
    /// The client can't reach these nodes.
    unreachable: [bool; 2],
    /// How long the client has been without an answer, and the longest it was since the last
    /// command.
    silent: Duration,
    outage: Duration,
    /// How the last command ended.
    exit: Option<i32>,
}

impl<S: Subject> Player<S> {
    fn new(scenario: &Scenario) -> Result<Self, String> {
        let cluster = scenario.cluster;
        let mut files = Seat::BOTH.map(|seat| cluster.files(seat));
        for edit in &scenario.setup {
            for seat in Seat::BOTH {
                files[seat.0].apply(edit, seat);
            }
        }
        let mut configs = Vec::new();
        let mut addresses = Vec::new();
        for seat in Seat::BOTH {
            let machine = &cluster.nodes[seat.0];
            configs.push(Arc::new(read(&files[seat.0], machine.name)?));
            addresses.push((machine.name.to_owned(), seat.0));
            addresses.extend(machine.interfaces.iter().map(|i| (i.address.to_string(), seat.0)));
            addresses.push((format!("{LINK_LOCAL}{}", seat.0 + 1), seat.0));
        }
        let mut world = World::new(Arc::new(Layout::new(configs, &addresses)), Dice::new(1));
        world.keep_log();
        world.mute();
        let (silent, outage) = (Duration::ZERO, Duration::ZERO);
        Ok(Self { world, cluster, files, unreachable: [false; 2], silent, outage, exit: None })
    }

    fn step(&mut self, step: &Step) -> Done {
        if !matches!(step.command, Command::Expect { .. } | Command::Hold { .. }) {
            self.outage = Duration::ZERO;
            self.silent = Duration::ZERO;
        }
        match &step.command {
            Command::Start(seats) => seats.iter().try_for_each(|seat| self.boot(*seat)),
            Command::Boot(seat) => self.boot(*seat),
            Command::Stop(seats) => seats.iter().try_for_each(|seat| self.stop(*seat)),
            Command::KillHost(seat) => {
                self.world.act(Act::PowerOff(seat.0));
                Ok(())
            }
            Command::KillDaemon(seat) => {
                self.world.kill_family(seat.0);
                Ok(())
            }
            // Without its parent the worker stops in good order; without its executor it ends, and
            // both are started anew.
            Command::KillProcess(seat, Process::Parent) => {
                self.world.act(Act::Stop(seat.0));
                Ok(())
            }
            Command::KillProcess(seat, Process::Worker | Process::Executor) => {
                self.world.act(Act::KillDaemon(seat.0));
                Ok(())
            }
            Command::Pause(seat, time) => {
                self.world.act(Act::Pause(seat.0));
                self.pass(*time);
                self.world.act(Act::Resume(seat.0));
                Ok(())
            }
            Command::Cut(cut) => {
                self.cut(cut, true);
                Ok(())
            }
            Command::Heal(cut) => {
                self.cut(cut, false);
                Ok(())
            }
            Command::HealAll => {
                self.cut(&Cut::Between { link: None }, false);
                self.cut(&Cut::Gateway, false);
                self.cut(&Cut::Serial, false);
                self.unreachable = [false; 2];
                Ok(())
            }
            Command::Run(seat, words) => self.run(*seat, words),
            Command::RunOnGateway(words) => {
                Err(Trouble::LabOnly(format!("the gateway runs {}", words.join(" "))))
            }
            Command::Script(script) => {
                Err(Trouble::LabOnly(format!("it needs the script {}", script.path)))
            }
            Command::Edit(edit) => {
                for seat in Seat::BOTH {
                    self.files[seat.0].apply(edit, seat);
                }
                Ok(())
            }
            Command::Reload(seats) => seats.iter().try_for_each(|seat| {
                self.configure(*seat)?;
                self.world.reload(seat.0);
                Ok(())
            }),
            Command::Wait(time) => {
                self.pass(*time);
                Ok(())
            }
            Command::Flood { .. } => Err(Trouble::LabOnly("it sends datagrams of no node".into())),
            Command::Expect { what, within } => self.expect(what, *within),
            Command::Hold { what, during } => self.hold(what, *during),
        }
    }

    /// Lets time pass, with the client asking all the while.
    fn pass(&mut self, time: Duration) {
        let end = self.world.now() + time;
        while self.world.now() < end {
            self.world.run_until((self.world.now() + POLL).min(end));
            if Seat::BOTH.into_iter().any(|seat| self.answers(seat)) {
                self.silent = Duration::ZERO;
            } else {
                self.silent += POLL;
                self.outage = self.outage.max(self.silent);
            }
        }
    }

    fn pass_until(&mut self, within: Duration, seen: impl Fn(&Self) -> bool) -> bool {
        let end = self.world.now() + within;
        while !seen(self) {
            if self.world.now() >= end {
                return false;
            }
            self.pass(POLL);
        }
        true
    }

    fn answers(&self, seat: Seat) -> bool {
        let serves = match self.cluster.service {
            Service::Page => self.world.serves(seat.0, 0),
            Service::Address => self.world.checks().holders(0).any(|holder| holder == seat.0),
        };
        serves && !self.unreachable[seat.0]
    }

    fn configure(&mut self, seat: Seat) -> Done {
        let name = self.cluster.nodes[seat.0].name;
        let config = read(&self.files[seat.0], name).map_err(Trouble::Failed)?;
        let known = self.world.config(seat.0);
        if config.links != known.links || config.groups != known.groups {
            return Err(Trouble::LabOnly("links or groups change on the way".into()));
        }
        self.world.configure(seat.0, config);
        Ok(())
    }

    fn boot(&mut self, seat: Seat) -> Done {
        self.configure(seat)?;
        self.world.act(Act::Boot { host: seat.0, lost: false });
        Ok(())
    }

    fn stop(&mut self, seat: Seat) -> Done {
        self.world.act(Act::Stop(seat.0));
        if self.pass_until(COMMAND_MAX, |player| !player.world.is_up(seat.0)) {
            Ok(())
        } else {
            Err(Trouble::Failed(format!("{seat} did not stop")))
        }
    }

    fn run(&mut self, seat: Seat, words: &[String]) -> Done {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let name = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
        let set = StandbySet::parse(words.get(1).copied().unwrap_or("all"));
        let request = match (name, set) {
            ("hb_standby", Some(set)) => {
                self.world.request(seat.0, |request| Input::Standby { set, request })
            }
            ("hb_takeover", Some(set)) => {
                self.world.request(seat.0, |request| Input::Takeover { set, request })
            }
            _ => return Err(Trouble::LabOnly(format!("it runs {}", words.join(" ")))),
        };
        let Some(request) = request else {
            return Err(Trouble::Failed(format!("no daemon runs on {seat}")));
        };
        self.pass_until(COMMAND_MAX, |player| player.world.answer(seat.0, request).is_some());
        let answer = self.world.answer(seat.0, request);
        self.exit = Some(i32::from(!matches!(answer, Some(Ok(_)))));
        Ok(())
    }

    /// The wires of one link; without one, those of all networks.
    fn wires(&self, link: Option<&str>) -> Vec<Wire> {
        let wires = self.world.layout().wires.iter().enumerate();
        let is_meant = |wire: &str| link.map_or(wire != SERIAL_PORT, |link| link == wire);
        wires.filter(|(_, wire)| is_meant(wire)).map(|(i, _)| Wire(i)).collect()
    }

    fn way(&mut self, from: Seat, link: Option<&str>, cut: bool) {
        for wire in self.wires(link) {
            let (from, to) = (from.0, from.other().0);
            let act = if cut { Act::Cut(wire, from, to) } else { Act::Heal(wire, from, to) };
            self.world.act(act);
        }
    }

    fn cut(&mut self, what: &Cut, cut: bool) {
        let ping = |host| if cut { Act::CutPing(host) } else { Act::HealPing(host) };
        match what {
            Cut::Way { from, link } => self.way(*from, link.as_deref(), cut),
            Cut::Between { link } => {
                for seat in Seat::BOTH {
                    self.way(seat, link.as_deref(), cut);
                }
            }
            Cut::Cable { node, link } => {
                for seat in Seat::BOTH {
                    self.way(seat, link.as_deref(), cut);
                }
                // Client and gateway are on the first network.
                if link.as_deref().is_none_or(|link| link == "eth0") {
                    self.unreachable[node.0] = cut;
                    self.world.act(ping(node.0));
                }
            }
            Cut::Serial => {
                for seat in Seat::BOTH {
                    self.way(seat, Some(SERIAL_PORT), cut);
                }
            }
            Cut::Gateway => {
                for seat in Seat::BOTH {
                    self.world.act(ping(seat.0));
                }
            }
        }
    }

    fn expect(&mut self, what: &Expectation, within: Duration) -> Done {
        lab_only(what)?;
        if self.pass_until(within, |player| player.sees(what)) {
            Ok(())
        } else {
            Err(Trouble::Failed(self.sight()))
        }
    }

    fn hold(&mut self, what: &Expectation, during: Duration) -> Done {
        lab_only(what)?;
        if self.pass_until(during, |player| !player.sees(what)) {
            Err(Trouble::Failed(self.sight()))
        } else {
            Ok(())
        }
    }

    fn sees(&self, what: &Expectation) -> bool {
        let holders = || self.world.checks().holders(0).map(Seat).collect::<Vec<_>>();
        match what {
            Expectation::ServiceOn(seat) => self.answers(*seat) && !self.answers(seat.other()),
            Expectation::NoService => !Seat::BOTH.into_iter().any(|seat| self.answers(seat)),
            Expectation::Holders(seats) => holders() == *seats,
            Expectation::OneHolder => holders().len() == 1,
            Expectation::NodeStatus { at, node, state } => {
                self.node(*at, node, |n| n.state.word() == state)
            }
            Expectation::LinkStatus { at, node, link, state } => self.node(*at, node, |n| {
                let up = state == "up";
                n.links.iter().any(|l| l.name == *link && (l.state == api::LinkState::Up) == up)
            }),
            Expectation::Resources { at, held } => self.world.status(at.0).is_some_and(|status| {
                *held == if status.stable { status.held.word() } else { "transition" }
            }),
            Expectation::Running(seat, runs) => self.world.is_up(seat.0) == *runs,
            Expectation::OutageBelow(limit) => self.outage < *limit,
            Expectation::Exit(code) => self.exit == Some(*code),
            Expectation::Log { .. }
            | Expectation::File { .. }
            | Expectation::AddressOn { .. }
            | Expectation::Output(_) => false,
        }
    }

    fn node(&self, at: Seat, name: &str, is: impl Fn(&api::NodeStatus) -> bool) -> bool {
        let status = self.world.status(at.0);
        let nodes = status.iter().flat_map(|status| &status.nodes);
        nodes.into_iter().any(|node| node.name.eq_ignore_ascii_case(name) && is(node))
    }

    /// What is to be seen now, in one sentence.
    fn sight(&self) -> String {
        let nodes = Seat::BOTH.map(|seat| {
            let holds = self.world.checks().holders(0).any(|holder| holder == seat.0);
            let address = if holds { "has" } else { "has not" };
            let says = self.world.status(seat.0).map_or("no daemon".to_owned(), |status| {
                let stable = if status.stable { "" } else { ", in transition" };
                format!("says it holds {}{stable}", status.held.word())
            });
            format!("{seat} {address} the address, {says}; ")
        });
        let (now, outage) = (self.world.now(), self.outage);
        format!("at {now} s: {}longest outage {outage:?}", nodes.concat())
    }
}

fn lab_only(what: &Expectation) -> Done {
    match what {
        Expectation::Log { .. } => Err(Trouble::LabOnly("it reads a log".into())),
        Expectation::File { path, .. } => Err(Trouble::LabOnly(format!("it reads {path}"))),
        Expectation::Output(_) => Err(Trouble::LabOnly("it reads what a command wrote".into())),
        Expectation::AddressOn { .. } => Err(Trouble::LabOnly("it looks at a kernel".into())),
        _ => Ok(()),
    }
}
