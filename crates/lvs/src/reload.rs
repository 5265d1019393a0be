//! A new configuration, by difference: what is not changed does not notice
//! (docs/ancestors/keepalived.md §2.6, §4.2).

use crate::checker::Checker;
use crate::config::{self, Config, Forward};
use crate::director::Director;
use crate::name;
use crate::real::Real;
use crate::server::Server;
use crate::services;
use crate::step::Step;
use api::{EventKind, Level, Subject};
use base::Instant;
use std::collections::BTreeSet;
use wire::ipvs::ServiceKey;

impl Director {
    /// Puts a configuration in place; what goes on under it keeps its memory. Says for each
    /// server whether it was there before, and which are there no longer.
    pub(crate) fn install(&mut self, config: Config, now: Instant) -> (Vec<bool>, Vec<Server>) {
        let mut old = std::mem::take(&mut self.servers);
        let mut claimed = BTreeSet::new();
        let mut carried = Vec::new();
        for wanted in &config.servers {
            let keys = services::keys(wanted, &config).into_iter().take(services::SERVICES_MAX);
            let keys: Vec<ServiceKey> = keys.filter(|key| claimed.insert(*key)).collect();
            let before = old.iter().position(|server| server.is(wanted));
            let before = before.map(|place| old.remove(place));
            carried.push(before.is_some());
            let server = self.server(wanted, keys, before, now);
            self.servers.push(server);
        }
        self.config = config;
        self.places.clear();
        for (s, server) in self.servers.iter().enumerate() {
            for (r, real) in server.real.iter().enumerate() {
                let places = real.checkers.iter().enumerate();
                self.places.extend(places.map(|(c, checker)| (checker.id, (s, r, c))));
            }
        }
        (carried, old)
    }

    fn server(
        &mut self,
        wanted: &config::VirtualServer,
        keys: Vec<ServiceKey>,
        before: Option<Server>,
        now: Instant,
    ) -> Server {
        let mut server = Server::new(wanted.clone(), keys, now);
        let mut memory = Vec::new();
        if let Some(before) = before {
            server.up = before.up;
            server.since = before.since;
            server.suspended = before.suspended;
            memory = before.real;
        }
        for real in &wanted.real {
            let same = |old: &Real| (old.config.ip, old.config.port) == (real.ip, real.port);
            let before = memory.iter().position(same).map(|place| memory.remove(place));
            let no_port = server.is_mark() && real.forward != Forward::Nat;
            let port = if no_port { 0 } else { real.port };
            let name = name::endpoint(real.ip, wanted.protocol, port);
            let real = self.real(real, name, before, now);
            server.real.push(real);
        }
        server
    }

    fn real(
        &mut self,
        wanted: &config::RealServer,
        name: String,
        before: Option<Real>,
        now: Instant,
    ) -> Real {
        let known = before.as_ref().map(|real| (real.up, real.since, real.weight));
        let untold = before.as_ref().is_none_or(|real| real.untold);
        let mut memory = before.map(|real| real.checkers).unwrap_or_default();
        let checkers: Vec<Checker> = wanted
            .checkers
            .iter()
            .map(|wanted| {
                let same = |old: &Checker| {
                    (&old.config.kind, &old.config.connection) == (&wanted.kind, &wanted.connection)
                };
                if let Some(place) = memory.iter().position(same) {
                    return memory.remove(place).carried(wanted.clone());
                }
                self.last_checker += 1;
                Checker::new(self.last_checker, wanted.clone(), now)
            })
            .collect();
        let mut real = Real {
            config: wanted.clone(),
            name,
            up: true,
            since: now,
            weight: 0,
            checkers,
            untold,
        };
        let (up, since, weight) = known.unwrap_or((real.is_well(), now, real.judged_weight()));
        (real.up, real.since, real.weight) = (up, since, weight);
        real
    }

    /// Puts a new configuration in place.
    pub(crate) fn reload(&mut self, step: &mut Step<'_>, config: Config) {
        if !self.is_running() {
            self.install(config, step.now);
            return;
        }
        let text = "The configuration of the virtual servers was read again";
        let event = step.tell(Level::Info, EventKind::Reloaded, Subject::Cluster, text);
        step.cause = Some(event);
        let running: Vec<_> =
            self.places.iter().map(|(id, place)| (*id, self.checker(*place).run)).collect();
        let (carried, gone) = self.install(config, step.now);
        for (id, run) in running {
            if !self.places.contains_key(&id) {
                self.call_off(step, id, run);
            }
        }
        self.shorten_turns(step.now);
        self.set_timeouts(step);
        for (place, carried) in carried.into_iter().enumerate() {
            step.cause = Some(event);
            if carried {
                self.say_conflict(step, place);
                self.suspend_or_resume(step, place);
                self.start_checkers(step, place);
                self.settle(step, place);
                self.bring(step, place);
            } else {
                self.start(step, place);
            }
        }
        step.cause = Some(event);
        for server in gone {
            let text = format!("{} is no longer configured", server.name);
            let subject = Subject::VirtualServer(server.name);
            step.tell(Level::Info, EventKind::Balancer, subject, text);
        }
        self.remove_unwanted(step);
        self.follow_routers(step);
    }

    /// A shorter delay_loop counts from now on, not after a turn that is far away.
    fn shorten_turns(&mut self, now: Instant) {
        let latest = self.turns.iter().filter_map(|(id, at)| {
            let latest = now + self.checker(*self.places.get(id)?).config.pace.delay_loop;
            (*at > latest).then_some(*id)
        });
        for id in latest.collect::<Vec<_>>() {
            if let Some(&place) = self.places.get(&id) {
                self.schedule(now, id, self.checker(place).config.pace.delay_loop);
            }
        }
    }

    /// What no virtual server wants any more goes last, when everything new is in place.
    fn remove_unwanted(&mut self, step: &mut Step<'_>) {
        let wanted: BTreeSet<ServiceKey> =
            self.servers.iter().flat_map(|server| &server.keys).copied().collect();
        let mut gone = self.table.keys();
        gone.retain(|key| !wanted.contains(key));
        self.table.remove(&gone, false, step.out);
    }
}
