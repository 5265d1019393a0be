//! Interfering with the routers: faults, administrators, repairs.

use super::Subject;
use super::host::Due;
use super::schedule::{Act, can_fail, fair};
use super::setup::{Tracking, WIRES};
use super::sin::Sin;
use super::text;
use super::watch::Phase;
use super::world::{World, name, tracked};
use crate::network::Weather;
use ::vrrp::{Inherited, Input};
use std::time::Duration;

/// A successor skips so many sequence numbers, as the daemon's does: adverts may have left after
/// the last note.
const SEQUENCE_MARGIN: u32 = 64;

impl<S: Subject> World<S> {
    /// Does one act, now.
    pub(crate) fn act(&mut self, act: Act) {
        self.note(None, || format!("*** {act}"));
        match act {
            Act::Cut(wire, from, to) => self.network.set_cut(wire, from, to, true),
            Act::Heal(wire, from, to) => self.network.set_cut(wire, from, to, false),
            Act::Weather(weather) => self.weather(weather),
            Act::PowerOff(host) => self.power_off(host),
            Act::Boot(host) => self.boot(host),
            Act::Kill(host, after) => self.kill(host, after),
            Act::Stop(host) => self.give(host, None, Input::Stop { keep: false }),
            Act::Upgrade(host, after) => self.upgrade(host, after),
            Act::Freeze(host) => {
                let of = &mut self.hosts[host];
                if of.is_awake() {
                    (of.frozen, of.frozen_at) = (true, self.now);
                }
            }
            Act::Thaw(host) => self.thaw(host),
            Act::Link(host, wire, up) => {
                self.hosts[host].links[wire] = up;
                self.tell_interface(host, wire);
            }
            Act::Address(host, wire, there) => {
                self.hosts[host].addressed[wire] = there;
                self.tell_interface(host, wire);
            }
            Act::Snatch(host, router) => self.snatch(host, router),
            Act::Tracked(host, good) => self.fail(host, good),
            Act::Priority(host, priority) if priority > 0 => {
                self.hosts[host].priorities[host] = priority;
                self.reload(host);
            }
            Act::Priority(..) => {}
            Act::Mistake(host, mistake) => {
                let priorities = &self.hosts[host].priorities;
                let good = text::keepalived_conf(&self.setup, host, priorities);
                // As the daemon does: a file with a fatal mistake is read and put aside.
                if text::read(&text::spoilt(&self.setup, &good, mistake)).is_some() {
                    self.promises.blame(self.now, Sin::Misread { host });
                }
            }
            Act::ClockJump(host, by) => self.hosts[host].jump(by),
        }
    }

    fn weather(&mut self, weather: Weather) {
        self.network.set_weather(weather);
        self.is_fair = weather == fair(&self.setup);
        self.promises.network_changed();
    }

    fn power_off(&mut self, host: usize) {
        let of = &mut self.hosts[host];
        of.end_daemon();
        of.powered = false;
        of.left.clear();
        of.held.iter_mut().for_each(std::collections::BTreeSet::clear);
        self.promises.turn(host, Phase::Off);
    }

    /// Switches a host on, or starts its daemon anew if none runs.
    fn boot(&mut self, host: usize) {
        if self.hosts[host].role.is_none() {
            // Another life: whoever was to start it comes too late.
            self.hosts[host].life += 1;
            self.start(host);
        }
    }

    /// What the worker of this moment leaves to the next.
    fn legacy(&self, host: usize) -> Vec<Inherited> {
        let of = &self.hosts[host];
        let masters = of.role.as_ref().map(Subject::inheritance).unwrap_or_default();
        masters
            .into_iter()
            .map(|left| Inherited {
                ah_sequence: match left.ah_sequence {
                    0 => 0,
                    number => number.saturating_add(SEQUENCE_MARGIN),
                },
                ..left
            })
            .collect()
    }

    fn kill(&mut self, host: usize, after: Duration) {
        if self.hosts[host].role.is_none() {
            return;
        }
        self.hosts[host].left = self.legacy(host);
        self.hosts[host].end_daemon();
        self.promises.turn(host, Phase::Off);
        let life = self.hosts[host].life;
        self.push(after, Due::Respawn { host, life });
    }

    fn upgrade(&mut self, host: usize, after: Duration) {
        // A signal waits while nothing runs.
        if !self.hosts[host].is_awake() {
            return;
        }
        self.hosts[host].left = self.legacy(host);
        self.give(host, None, Input::Stop { keep: true });
        let life = self.hosts[host].life;
        self.push(after, Due::Respawn { host, life });
    }

    fn thaw(&mut self, host: usize) {
        if !std::mem::replace(&mut self.hosts[host].frozen, false) {
            return;
        }
        let before = self.promises.masters_on(host);
        self.promises.wakes(self.now, host);
        self.promises.network_changed();
        // The daemon reads its sockets first, then what its other threads say, then its timers.
        let inbox = std::mem::take(&mut self.hosts[host].inbox);
        let (packets, others): (Vec<_>, Vec<_>) =
            inbox.into_iter().partition(|(spoken, _)| spoken.is_some());
        for (spoken, input) in packets.into_iter().chain(others) {
            self.feed(host, spoken, input);
        }
        self.feed(host, None, Input::Tick);
        let slept = self.now.since(self.hosts[host].frozen_at);
        self.promises.slept(self.now, host, slept, &before);
        self.promises.look_at(self.now, host, &self.hosts[host]);
    }

    fn tell_interface(&mut self, host: usize, wire: usize) {
        // Both are told of one message of the kernel.
        for input in self.interface(host, wire) {
            if self.hosts[host].frozen {
                self.hosts[host].queue(None, input);
            } else {
                self.feed(host, None, input);
            }
        }
        self.promises.look_at(self.now, host, &self.hosts[host]);
    }

    fn snatch(&mut self, host: usize, router: usize) {
        let of = &mut self.hosts[host];
        let Some(ip) = of.held[router].first().copied() else { return };
        if of.is_awake() {
            of.held[router].remove(&ip);
            self.give(host, None, Input::AddressLost { instance: name(router).to_owned(), ip });
        }
    }

    fn fail(&mut self, host: usize, good: bool) {
        if !can_fail(&self.setup) {
            return;
        }
        self.hosts[host].tracked_good = good;
        if matches!(self.setup.tracking, Tracking::Process(_)) {
            self.give(host, None, tracked(good));
        }
    }

    fn reload(&mut self, host: usize) {
        let text = text::keepalived_conf(&self.setup, host, &self.hosts[host].priorities);
        match text::read(&text) {
            Some(config) => {
                self.give(host, None, Input::Reloading);
                self.give(host, None, Input::Reload(Box::new(config)));
            }
            None => self.promises.blame(self.now, Sin::Misread { host }),
        }
    }

    /// Ends every fault: networks heal, interfaces are up, what is tracked is well, daemons run.
    pub(crate) fn repair(&mut self) {
        self.note(None, || "*** all faults end".into());
        self.network.repair();
        self.weather(fair(&self.setup));
        for host in 0..self.hosts.len() {
            self.hosts[host].links = [true; WIRES.len()];
            self.hosts[host].addressed = [true; WIRES.len()];
            self.thaw(host);
            for wire in 0..WIRES.len() {
                self.tell_interface(host, wire);
            }
            self.fail(host, true);
            self.boot(host);
        }
    }
}
