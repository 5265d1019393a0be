//! A virtual server: its real servers, its quorum, and what IPVS is to have of it
//! (docs/ancestors/keepalived.md §4.2).

use crate::config::{Service, VirtualServer};
use crate::name;
use crate::real::Real;
use crate::services;
use crate::table::Wanted;
use base::Instant;
use std::collections::BTreeSet;
use std::net::IpAddr;
use wire::ipvs::{Destination, ServiceKey};

/// A virtual server at work.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) config: VirtualServer,
    /// As keepalived writes it.
    pub(crate) name: String,
    /// What IPVS listens to for it.
    pub(crate) keys: Vec<ServiceKey>,
    /// It has its quorum.
    pub(crate) up: bool,
    pub(crate) since: Instant,
    /// The sorry server was in use, so that with `sorry_server_inhibit` it stays.
    pub(crate) sorry_seen: bool,
    /// Its address isn't on this host, and `ha_suspend` is set.
    pub(crate) suspended: bool,
    /// What the kernel refused.
    pub(crate) problem: Option<String>,
    /// Which of its services it can't have.
    pub(crate) conflict: Option<String>,
    pub(crate) real: Vec<Real>,
}

/// How the quorum changed, in keepalived's words.
pub(crate) struct Turn {
    pub(crate) up: bool,
    pub(crate) words: String,
}

impl Server {
    pub(crate) fn new(config: VirtualServer, keys: Vec<ServiceKey>, now: Instant) -> Self {
        Self {
            name: name::virtual_server(&config.service, config.protocol),
            config,
            keys,
            up: true,
            since: now,
            sorry_seen: false,
            suspended: false,
            problem: None,
            conflict: None,
            real: Vec::new(),
        }
    }

    /// It is the same virtual server under another configuration.
    pub(crate) fn is(&self, other: &VirtualServer) -> bool {
        (&self.config.service, self.config.protocol) == (&other.service, other.protocol)
    }

    /// Its own addresses: those that `ha_suspend` watches.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.keys.iter().filter_map(|key| match key {
            ServiceKey::Address { address, .. } => Some(*address),
            ServiceKey::Mark { .. } => None,
        })
    }

    /// The weight of all real servers that are up.
    pub(crate) fn weight(&self) -> u64 {
        self.real.iter().filter(|real| real.up).map(|real| u64::from(real.weight)).sum()
    }

    /// Compares weight and quorum: it is lost below quorum minus hysteresis, and at 0; it is
    /// back at quorum plus hysteresis.
    pub(crate) fn judge(&mut self, now: Instant) -> Option<Turn> {
        let (quorum, hysteresis) =
            (u64::from(self.config.quorum), u64::from(self.config.hysteresis));
        let weight = self.weight();
        let least = if self.up { quorum.saturating_sub(hysteresis) } else { quorum + hysteresis };
        let up = weight >= least.max(1);
        if up == self.up {
            return None;
        }
        (self.up, self.since) = (up, now);
        let name = &self.name;
        let words = if up {
            format!("Gained quorum {quorum}+{hysteresis}={least} <= {weight} for VS {name}")
        } else {
            format!("Lost quorum {quorum}-{hysteresis}={least} > {weight} for VS {name}")
        };
        Some(Turn { up, words })
    }

    /// The sorry server serves.
    pub(crate) fn is_sorry(&self) -> bool {
        !self.up && self.config.sorry.is_some()
    }

    /// What IPVS is to have of it.
    pub(crate) fn wanted(&mut self) -> Vec<Wanted> {
        self.sorry_seen |= self.is_sorry();
        let wanted =
            |key: &ServiceKey| (services::service(&self.config, *key), self.destinations(key));
        self.keys.iter().map(wanted).collect()
    }

    /// The destinations of one of its services; none twice.
    fn destinations(&self, key: &ServiceKey) -> Vec<Destination> {
        let mut all = Vec::new();
        let mut known = BTreeSet::new();
        let mut add = |new: Destination| {
            if known.insert((new.address, new.port)) {
                all.push(new);
            }
        };
        if let Some(sorry) = self.config.sorry.as_ref().filter(|_| self.is_sorry()) {
            add(services::sorry(&self.config, key, sorry, true));
        }
        for real in &self.real {
            let serves = real.up && !self.is_sorry();
            if serves || real.config.inhibit_on_failure {
                let weight = if serves { real.weight } else { 0 };
                add(services::destination(&self.config, key, &real.config, weight));
            }
        }
        let stays = |sorry: &&crate::config::SorryServer| sorry.inhibit && self.sorry_seen;
        if let Some(sorry) = self.config.sorry.as_ref().filter(stays) {
            add(services::sorry(&self.config, key, sorry, false));
        }
        all
    }

    /// The port of its name, for real servers that are written without one.
    pub(crate) const fn is_mark(&self) -> bool {
        matches!(self.config.service, Service::Mark(_))
    }
}
