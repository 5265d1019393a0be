//! Interfering with the world: faults, administrators, repairs.

use crate::host::{Due, RESPAWN_MAX};
use crate::network::Wire;
use crate::schedule::Act;
use crate::subject::Subject;
use crate::world::World;
use cluster::{Config, Input};
use std::sync::Arc;
use std::time::Duration;

impl<S: Subject> World<S> {
    /// Gives an administrator's command to a host's daemon; its number if one runs.
    pub fn request(&mut self, host: usize, input: impl FnOnce(u64) -> Input) -> Option<u64> {
        self.hosts[host].subject.as_ref()?;
        self.requests += 1;
        let number = self.requests;
        self.give(host, None, input(number));
        Some(number)
    }

    /// The configuration a host's daemon finds from now on. Links and groups must stay as they
    /// were: the wires are laid.
    pub fn configure(&mut self, host: usize, config: Config) {
        self.hosts[host].config = Arc::new(config);
    }

    /// Has a host's daemon read its configuration again.
    pub fn reload(&mut self, host: usize) {
        let config = Box::new(Config::clone(&self.hosts[host].config));
        self.give(host, None, Input::Reload(config));
    }

    /// Ends every process of a host's daemon; what it started stays, and nobody starts it again.
    pub fn kill_family(&mut self, host: usize) {
        self.end_daemon(host);
        self.checks.killed(host);
    }

    /// Sees everything and blames nobody from now on.
    pub fn mute(&mut self) {
        self.checks.mute();
    }

    /// Does one act, now.
    pub fn act(&mut self, act: Act) {
        self.note(None, || act.to_string());
        match act {
            Act::Cut(wire, from, to) => self.network.set_cut(wire, from, to, true),
            Act::Heal(wire, from, to) => self.network.set_cut(wire, from, to, false),
            Act::Clog(wire, from, to) => self.network.set_clogged(wire, from, to, true),
            Act::Unclog(wire, from, to) => {
                self.network.set_clogged(wire, from, to, false);
                self.flow(Some((wire, from, to)));
            }
            Act::CutPing(host) => self.network.set_ping_cut(host, true),
            Act::HealPing(host) => self.network.set_ping_cut(host, false),
            Act::Weather(weather) => self.network.set_weather(weather),
            Act::PowerOff(host) => self.switch_off(host),
            Act::Boot { host, lost } => self.switch_on(host, lost),
            Act::KillDaemon(host) => self.kill_daemon(host),
            Act::Stop(host) => {
                if self.hosts[host].subject.is_some() {
                    self.hosts[host].stopping = true;
                    self.give(host, None, Input::Stop { keep: false });
                }
            }
            Act::Pause(host) => {
                self.hosts[host].paused = self.hosts[host].subject.is_some();
                self.checks.deaf(host);
            }
            Act::Resume(host) => self.resume(host),
            Act::ClockJump(host, seconds) => self.hosts[host].jump(seconds),
            Act::Standby(host, set) => {
                self.request(host, |request| Input::Standby { set, request });
            }
            Act::Takeover(host, set) => {
                self.request(host, |request| Input::Takeover { set, request });
            }
            Act::Plan(host, place, verb, trouble) => {
                self.hosts[host].room.plan(place, verb, trouble);
            }
            Act::Fence(host, works) => self.hosts[host].room.plan_fence(works),
        }
    }

    /// Lets datagrams go that waited on one path, or on all.
    fn flow(&mut self, path: Option<(Wire, usize, usize)>) {
        for (wire, due) in std::mem::take(&mut self.clogged) {
            let Due::Datagram { from, to, .. } = due else { continue };
            if path.is_some_and(|path| path != (wire, from, to)) {
                self.clogged.push((wire, due));
            } else {
                let after = self.network.way();
                self.push(after, due);
            }
        }
    }

    /// Ends every fault: wires heal, scripts work, hosts wake up and are switched on.
    pub fn repair(&mut self) {
        self.note(None, || "all faults end".into());
        self.network.repair();
        self.flow(None);
        for host in 0..self.hosts.len() {
            self.hosts[host].room.repair();
            self.resume(host);
            self.switch_on(host, false);
        }
    }

    fn kill_daemon(&mut self, host: usize) {
        if self.hosts[host].subject.is_none() {
            return;
        }
        self.end_daemon(host);
        self.checks.killed(host);
        let after = self.dice.between(Duration::from_millis(20), RESPAWN_MAX);
        let life = self.hosts[host].life;
        self.push(after, Due::Respawn { host, life });
    }

    fn resume(&mut self, host: usize) {
        if !std::mem::replace(&mut self.hosts[host].paused, false) {
            return;
        }
        let inbox = std::mem::take(&mut self.hosts[host].inbox);
        // Timer and sockets are ready together; which is read first is the kernel's choice.
        if self.dice.percent(50) {
            self.give(host, None, Input::Tick);
        }
        for (from, input) in inbox {
            self.give(host, from, input);
        }
    }
}
