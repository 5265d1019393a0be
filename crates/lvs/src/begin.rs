//! The start: what a predecessor left in the kernel is gone on with.

use crate::director::Director;
use crate::io::{Kernel, Output};
use crate::server::Server;
use crate::services;
use crate::settle;
use crate::step::Step;
use api::{EventKind, Level, Subject};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::ipvs::{Command, Destination, Service, ServiceKey, Timeouts};

impl Director {
    pub(crate) fn begin(&mut self, step: &mut Step<'_>, kernel: Kernel) {
        let number = self.servers.len();
        let servers = if number == 1 { "server" } else { "servers" };
        let text = format!("Load balancing starts with {number} virtual {servers}");
        step.cause = Some(step.tell(Level::Info, EventKind::Started, Subject::Cluster, text));
        self.told_timeouts = kernel.timeouts;
        let left = self.changed.take().filter(|left| left.ours == kernel.timeouts);
        self.timeouts = left.map(|left| left.own);
        let mut left: BTreeMap<ServiceKey, (Service, Vec<Destination>)> =
            kernel.services.into_iter().map(|(of, to)| (of.key, (of, to))).collect();
        if self.config.ipvs.flush {
            self.table.flush(step.out);
            left.clear();
        }
        self.set_timeouts(step);
        for place in 0..self.servers.len() {
            self.adopt(step, place, &left);
            self.start(step, place);
        }
        self.sync.adopt(kernel.daemons);
        self.follow_routers(step);
    }

    /// Services that are there already stay, and what they lack is taken for judged.
    fn adopt(
        &mut self,
        step: &mut Step<'_>,
        place: usize,
        left: &BTreeMap<ServiceKey, (Service, Vec<Destination>)>,
    ) {
        let server = &mut self.servers[place];
        let found: Vec<_> = server.keys.iter().filter_map(|key| left.get(key)).collect();
        let Some((_, destinations)) = found.first() else { return };
        let key = server.keys.iter().find(|key| left.contains_key(key)).copied();
        let serving = |like: &Destination| {
            destinations.iter().any(|there| {
                (there.address, there.port, there.weight > 0) == (like.address, like.port, true)
            })
        };
        let Some(key) = key else { return };
        for real in &mut server.real {
            let like = services::destination(&key, &real.config, 1);
            // A weight of 0 says nothing when it is configured so.
            let up = serving(&like) || (real.config.weight == 0 && real.is_well());
            real.checkers.iter_mut().for_each(|checker| checker.adopt(up));
            real.untold &= up;
        }
        if let Some(sorry) = &server.config.sorry {
            server.up = !serving(&services::sorry(&key, sorry, true));
        }
        let name = &server.name;
        let text = format!("{name} is in the kernel already; it goes on as it is");
        step.tell(Level::Info, EventKind::Balancer, Subject::VirtualServer(name.clone()), text);
        for (service, destinations) in found {
            self.table.adopt(service.clone(), destinations.clone());
        }
    }

    /// A virtual server begins: its quorum is told, and with `rs_init_notifies` its real servers.
    pub(crate) fn start(&mut self, step: &mut Step<'_>, place: usize) {
        self.say_conflict(step, place);
        self.servers[place].since = step.now;
        self.suspend_or_resume(step, place);
        self.start_checkers(step, place);
        let server = &mut self.servers[place];
        for real in &mut server.real {
            (real.up, real.since, real.weight) = (real.is_well(), step.now, real.judged_weight());
        }
        server.judge(step.now);
        let cause = step.cause;
        self.tell_opening(step, place);
        step.cause = cause;
        if self.config.init_notifies {
            let server = &self.servers[place];
            for real in server.real.iter().filter(|real| real.up) {
                let mut told = settle::notification(&server.name, real, true);
                told.mail = None;
                step.out.push(Output::Notify(told));
            }
        }
    }

    /// Checks that are not under way get their turn, the first of each within its warmup.
    pub(crate) fn start_checkers(&mut self, step: &mut Step<'_>, place: usize) {
        let cause = step.cause;
        for real in 0..self.servers[place].real.len() {
            for checker in 0..self.servers[place].real[real].checkers.len() {
                let at = (place, real, checker);
                let (id, warmup) = (self.checker(at).id, self.checker(at).config.pace.warmup);
                let waits = self.turns.contains_key(&id) || self.checker(at).run.is_some();
                if !self.checker(at).is_active() {
                    self.listen(step, at);
                } else if !waits && !self.servers[place].suspended {
                    let pause = self.dice.between(Duration::ZERO, warmup);
                    self.schedule(step.now, id, pause);
                }
            }
        }
        step.cause = cause;
    }

    /// Says which services another virtual server has already, or are too many.
    pub(crate) fn say_conflict(&mut self, step: &mut Step<'_>, place: usize) {
        let server: &mut Server = &mut self.servers[place];
        let wanted = services::keys(&server.config, &self.config);
        let name = server.name.clone();
        let problem = if wanted.len() > services::SERVICES_MAX {
            let most = services::SERVICES_MAX;
            format!("{name} has more than {most} addresses; the others are left out")
        } else if wanted.len() > server.keys.len() {
            let lost = wanted.len() - server.keys.len();
            format!("{name}: {lost} of its services are listed before; they stay as they are")
        } else {
            return;
        };
        server.conflict = Some(problem.clone());
        step.tell(Level::Error, EventKind::Balancer, Subject::VirtualServer(name), problem);
    }

    /// `lvs_timeouts`: what is configured, or what the kernel had.
    pub(crate) fn set_timeouts(&mut self, step: &mut Step<'_>) {
        let own = self.timeouts.unwrap_or(self.told_timeouts);
        let ipvs = &self.config.ipvs;
        let seconds = |time: Option<Duration>, own| time.map_or(own, |time| time.as_secs() as u32);
        let wanted = Timeouts {
            tcp: seconds(ipvs.tcp, own.tcp),
            tcp_fin: seconds(ipvs.tcp_fin, own.tcp_fin),
            udp: seconds(ipvs.udp, own.udp),
        };
        if wanted != self.told_timeouts {
            self.timeouts.get_or_insert(own);
            self.told_timeouts = wanted;
            self.table.tell(Command::SetTimeouts(wanted), step.out);
        }
    }
}
