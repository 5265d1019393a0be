//! The director as clients see it.

use crate::checker::Checker;
use crate::config::Forward;
use crate::director::Director;
use crate::real::Real;
use crate::server::Server;
use crate::{name, probe, services};
use api::lvs::{
    CheckerStatus, LvsStatus, RealServerStatus, SorryServerStatus, VirtualServerStatus,
};
use std::time::Duration;

impl Director {
    /// Everything there is to know, at this moment.
    pub fn status(&self) -> LvsStatus {
        LvsStatus {
            servers: self.servers.iter().map(|server| self.server_status(server)).collect(),
            sync: self.sync.halves(),
            problem: self.unusable.clone(),
        }
    }

    /// Without a load balancer in the kernel nobody is served, whatever servers would answer.
    const fn is_served(&self) -> bool {
        self.unusable.is_none()
    }

    fn server_status(&self, server: &Server) -> VirtualServerStatus {
        let config = &server.config;
        VirtualServerStatus {
            name: server.name.clone(),
            services: server.keys.iter().map(name::key).collect(),
            scheduler: config.scheduler.clone(),
            up: server.up && self.is_served(),
            since: server.since,
            quorum: config.quorum,
            hysteresis: config.hysteresis,
            weight: server.weight(),
            suspended: server.suspended,
            sorry: config.sorry.as_ref().map(|sorry| SorryServerStatus {
                name: name::endpoint(sorry.ip, config.protocol, sorry.port),
                in_use: server.is_sorry(),
            }),
            problem: server.problem.as_ref().or(server.conflict.as_ref()).cloned(),
            real: server.real.iter().map(|real| self.real_status(server, real)).collect(),
        }
    }

    fn real_status(&self, server: &Server, real: &Real) -> RealServerStatus {
        let config = &real.config;
        let forward = match config.forward {
            Forward::Nat => "NAT",
            Forward::Direct => "DR",
            Forward::Tunnel(_) => "TUN",
            Forward::Local => "local",
            Forward::Bypass => "bypass",
        };
        let in_kernel = server.keys.first().and_then(|key| {
            let like = services::destination(key, config, 0);
            self.table.weight(key, &like)
        });
        RealServerStatus {
            name: real.name.clone(),
            ip: config.ip,
            port: config.port,
            forward: forward.to_owned(),
            up: real.up && self.is_served(),
            since: real.since,
            base_weight: config.weight.into(),
            weight: real.weight,
            in_kernel,
            checkers: real.checkers.iter().map(|checker| self.checker_status(checker)).collect(),
        }
    }

    fn checker_status(&self, checker: &Checker) -> CheckerStatus {
        CheckerStatus {
            kind: probe::keyword(&checker.config.kind).to_owned(),
            target: probe::target(checker),
            up: checker.up && self.is_served(),
            since: checker.since,
            last: checker.last.as_ref().map(|(_, words)| words.clone()),
            last_at: checker.last.as_ref().map(|(at, _)| *at),
            next_at: self.turns.get(&checker.id).copied(),
            failures: checker.failures,
            done: checker.done.count,
            failed: checker.done.failed,
            time_us: micros(checker.done.time),
            last_us: (checker.done.count > 0).then(|| micros(checker.done.last)),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
