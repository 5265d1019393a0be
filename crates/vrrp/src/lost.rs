//! Somebody else removes an address, a route or a rule of ours: put back once; twice within a minute
//! is a fight, and another router may have it (keepalived steps down the first time:
//! docs/ancestors/keepalived.md §2.3 and §8/3).

use crate::config::Address;
use crate::io::Output;
use crate::role::Role;
use crate::router::Id;
use crate::step::Step;
use api::{EventKind, Level, Subject};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Two removals of one thing within this are a fight.
const FIGHT: Duration = Duration::from_mins(1);

impl Role {
    /// Somebody else removed an address of a router.
    pub(crate) fn address_lost(&mut self, step: &mut Step<'_>, instance: &str, ip: IpAddr) {
        let Some(id) = self.names.find(&self.config, instance) else { return };
        let router = &self.routers[id];
        let config = Arc::clone(&router.config);
        let address = config.addresses.iter().chain(&config.excluded).find(|a| a.ip == ip);
        let Some(address) = address.filter(|a| router.is_master() && !a.no_track) else { return };
        let subject = Subject::Address(ip.to_string());
        if self.is_lost(step, id, &format!("address {ip}"), subject) {
            // The kernel removed with it what had it as its source.
            step.out.push(Output::Take {
                instance: config.name.clone(),
                addresses: vec![address.clone()],
                routes: config.routes.clone(),
                rules: config.rules.clone(),
            });
            let address: Vec<Address> = vec![address.clone()];
            self.announce_these(step, id, config.garp.master_repeat, address);
        }
    }

    /// Somebody else removed a route or a rule of a router.
    pub(crate) fn routing_lost(&mut self, step: &mut Step<'_>, instance: &str, what: &str) {
        let Some(id) = self.names.find(&self.config, instance) else { return };
        let router = &self.routers[id];
        let config = Arc::clone(&router.config);
        let routes =
            config.routes.iter().filter(|route| route.tracked && route.to_string() == what);
        let rules = config.rules.iter().filter(|rule| rule.tracked && rule.to_string() == what);
        let (routes, rules): (Vec<_>, Vec<_>) =
            (routes.cloned().collect(), rules.cloned().collect());
        if !router.is_master() || (routes.is_empty() && rules.is_empty()) {
            return;
        }
        let kind = if routes.is_empty() { "rule" } else { "route" };
        let subject = Subject::Router(config.name.clone());
        if self.is_lost(step, id, &format!("{kind} {what}"), subject) {
            let (instance, addresses) = (config.name.clone(), Vec::new());
            step.out.push(Output::Take { instance, addresses, routes, rules });
        }
    }

    /// Tells a loss. True if it is to be put back; else it is a fight, and the router stepped down.
    fn is_lost(&mut self, step: &mut Step<'_>, id: Id, what: &str, subject: Subject) -> bool {
        let router = &mut self.routers[id];
        let config = Arc::clone(&router.config);
        let instance = &config.name;
        let before = router.lost.insert(what.to_owned(), step.now);
        if before.is_none_or(|at| step.now.since(at) >= FIGHT) {
            let text = format!("{instance}: somebody removed {what}; it is put back");
            step.cause = Some(step.tell(Level::Warning, EventKind::AddressLost, subject, text));
            return true;
        }
        let text = format!(
            "{instance}: {what} was removed again within a minute: somebody fights us for it"
        );
        step.cause = Some(step.tell(Level::Critical, EventKind::AddressLost, subject, text));
        // Longer than any other router's skew: another has its chance before we return.
        let wait = if router.is_owner() { Duration::ZERO } else { config.advert_int };
        let why = format!("its {what} is removed again and again");
        self.step_down(step, id, wait, true, &why);
        false
    }
}
