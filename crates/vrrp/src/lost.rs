//! Somebody else removes an address of ours: put back once; twice within a minute is a fight, and
//! another router may have it (keepalived steps down the first time:
//! docs/ancestors/keepalived.md §2.3 and §8/3).

use crate::io::Output;
use crate::role::Role;
use crate::step::Step;
use api::{EventKind, Level, Subject};
use std::net::IpAddr;
use std::time::Duration;

/// Two removals of one address within this are a fight.
const FIGHT: Duration = Duration::from_mins(1);

impl Role {
    /// Somebody else removed an address of a router.
    pub(crate) fn address_lost(&mut self, step: &mut Step<'_>, instance: &str, ip: IpAddr) {
        let Some(id) = self.names.find(&self.config, instance) else { return };
        let router = &mut self.routers[id];
        let config = std::sync::Arc::clone(&router.config);
        let address = config.addresses.iter().chain(&config.excluded).find(|a| a.ip == ip);
        let Some(address) = address.filter(|a| router.is_master() && !a.no_track) else { return };
        let before = router.lost.insert(ip, step.now);
        let subject = Subject::Address(ip.to_string());
        if before.is_some_and(|at| step.now.since(at) < FIGHT) {
            let text = format!(
                "{instance}: address {ip} was removed again within a minute: somebody fights us for it"
            );
            step.cause = Some(step.tell(Level::Critical, EventKind::AddressLost, subject, text));
            // Longer than any other router's skew: another has its chance before we return.
            let wait = if router.is_owner() { Duration::ZERO } else { config.advert_int };
            let why = format!("its address {ip} is removed again and again");
            return self.step_down(step, id, wait, true, &why);
        }
        let text = format!("{instance}: somebody removed address {ip}; it is put back");
        step.cause = Some(step.tell(Level::Warning, EventKind::AddressLost, subject, text));
        step.out.push(Output::Take {
            instance: config.name.clone(),
            addresses: vec![address.clone()],
            routes: config.routes.clone(),
            rules: config.rules.clone(),
        });
        self.announce_these(step, id, config.garp.master_repeat, vec![address.clone()]);
    }
}
