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
    /// Its address isn't on this host, and `ha_suspend` is set.
    pub(crate) suspended: bool,
    /// What the kernel refused.
    pub(crate) problem: Option<String>,
    /// Which of its services it can't have.
    pub(crate) conflict: Option<String>,
    pub(crate) real: Vec<Real>,
}

/// How the quorum changed, or is at the start, in keepalived's words.
pub(crate) struct Turn {
    pub(crate) up: bool,
    /// For the log, before the server's name.
    pub(crate) words: String,
    /// For mails.
    pub(crate) mail: String,
}

impl Server {
    pub(crate) fn new(config: VirtualServer, keys: Vec<ServiceKey>, now: Instant) -> Self {
        Self {
            name: name::virtual_server(&config.service, config.protocol),
            config,
            keys,
            up: true,
            since: now,
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

    /// The weight it takes to be up: quorum less hysteresis for one that is, quorum and
    /// hysteresis for one that isn't; never 0.
    fn least(&self, up: bool) -> u64 {
        let (quorum, hysteresis) = self.quorum();
        let least = if up { quorum.saturating_sub(hysteresis) } else { quorum + hysteresis };
        least.max(1)
    }

    fn quorum(&self) -> (u64, u64) {
        (self.config.quorum.into(), self.config.hysteresis.into())
    }

    /// Weight and quorum side by side: `3+1=4 <= 6`, or `3-1=2 > 1`.
    fn figures(&self, up: bool) -> String {
        let ((quorum, hysteresis), weight) = (self.quorum(), self.weight());
        let least = self.least(!up);
        let (sign, relation) = if up { ('+', "<=") } else { ('-', ">") };
        format!("{quorum}{sign}{hysteresis}={least} {relation} {weight}")
    }

    /// Compares weight and quorum.
    pub(crate) fn judge(&mut self, now: Instant) -> Option<Turn> {
        let up = self.weight() >= self.least(self.up);
        if up == self.up {
            return None;
        }
        (self.up, self.since) = (up, now);
        let what = if up { "Gained quorum" } else { "Lost quorum" };
        let words = format!("{what} {}", self.figures(up));
        Some(Turn { up, mail: words.clone(), words })
    }

    /// What is told of it at the start (measured).
    pub(crate) fn opening(&self) -> Turn {
        let (up, figures) = (self.up, self.figures(self.up));
        let how = if up { "up" } else { "down" };
        let mail = format!("Starting with quorum {how} {figures}");
        let words = if up { format!("Gained quorum {figures}") } else { mail.clone() };
        Turn { up, words, mail }
    }

    /// The sorry server serves.
    pub(crate) fn is_sorry(&self) -> bool {
        !self.up && self.config.sorry.is_some()
    }

    /// What IPVS is to have of it.
    pub(crate) fn wanted(&self) -> Vec<Wanted> {
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
            add(services::sorry(key, sorry, true));
        }
        for real in &self.real {
            let serves = real.up && !self.is_sorry();
            if serves || real.config.inhibit_on_failure {
                let weight = if serves { real.weight } else { 0 };
                add(services::destination(key, &real.config, weight));
            }
        }
        if let Some(sorry) = self.config.sorry.as_ref().filter(|sorry| sorry.inhibit) {
            add(services::sorry(key, sorry, false));
        }
        all
    }

    /// The port of its name, for real servers that are written without one.
    pub(crate) const fn is_mark(&self) -> bool {
        matches!(self.config.service, Service::Mark(_))
    }
}
