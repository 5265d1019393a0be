//! When addresses are announced: bursts, repetitions, and the pace on an interface.

use crate::config::{Address, AddressFlags, Broadcast, Family, Instance, Pace};
use crate::io::Output;
use crate::role::{Key, Role};
use crate::router::Id;
use crate::step::Step;
use base::Instant;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The shortest time between two regular announcements; keepalived counts it in whole seconds.
const REFRESH_MIN: Duration = Duration::from_secs(1);

/// An announcement that waits for its turn on an interface.
#[derive(Clone, Debug)]
struct Waiting {
    instance: String,
    address: Address,
    /// Nothing else is announced for so long after it.
    gap: Duration,
}

/// One interface on which announcements are paced.
#[derive(Clone, Debug, Default)]
struct Pacer {
    queue: VecDeque<Waiting>,
    free_at: Instant,
}

/// All of them, by interface.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pacers(BTreeMap<String, Pacer>);

impl Pacers {
    /// Lets a burst of an instance wait on an interface; what is left of the last one of the same
    /// addresses is forgotten, so that a queue holds at most one burst of each.
    fn push(&mut self, device: &str, instance: &str, addresses: &[&Address], burst: Vec<Waiting>) {
        let pacer = self.0.entry(device.to_owned()).or_default();
        pacer.queue.retain(|waiting| {
            waiting.instance != instance || !addresses.contains(&&waiting.address)
        });
        pacer.queue.extend(burst);
    }
}

/// The interface an address goes to.
fn device<'a>(of: &'a Instance, address: &'a Address) -> &'a str {
    let own = of.vmac.as_ref().map(|vmac| vmac.name.as_str()).or(of.interface.as_deref());
    address.device.as_deref().or(own).unwrap_or_default()
}

/// True for an address that an instance announces now and again because it speaks elsewhere.
fn is_elsewhere(of: &Instance, address: &Address) -> bool {
    let away = address.device.is_some() && address.device != of.interface;
    away && of.garp.elsewhere.is_some_and(|elsewhere| elsewhere.all || address.own_mac)
}

/// The pace of an interface: whose turn it is with, and how long after an announcement.
fn pace_of<'a>(paces: &'a [Pace], of: &'a Instance, address: &'a Address) -> (&'a str, Duration) {
    let device = device(of, address);
    // A virtual interface sends where its base does.
    let physical = address.device.as_deref().or(of.interface.as_deref()).unwrap_or_default();
    let group = paces.iter().find(|pace| {
        pace.interfaces.iter().any(|interface| interface == physical || interface == device)
    });
    let (own, usual) = match Family::of(address.ip) {
        Family::V4 => (group.and_then(|pace| pace.arp_interval), of.garp.arp_interval),
        Family::V6 => (group.and_then(|pace| pace.na_interval), of.garp.na_interval),
    };
    let first = group.and_then(|pace| pace.interfaces.first()).map(String::as_str);
    (first.unwrap_or(device), own.unwrap_or(usual))
}

impl Role {
    /// The announcements of a new master: a burst at once, another later, then now and again.
    pub(crate) fn announce_new_master(&mut self, step: &mut Step<'_>, id: Id) {
        let router = &mut self.routers[id];
        let garp = router.config.garp;
        let announcing = &mut router.announcing;
        announcing.second = garp.master_delay.map(|d| (step.now + d, garp.master_repeat));
        announcing.refresh = garp.refresh.map(|every| step.now + every.max(REFRESH_MIN));
        announcing.elsewhere = garp.elsewhere.map(|at| step.now + at.every.max(REFRESH_MIN));
        self.announce(step, id, garp.master_repeat);
    }

    /// The announcements after a master of lower priority was heard.
    pub(crate) fn announce_after_election(&mut self, step: &mut Step<'_>, id: Id) {
        let router = &mut self.routers[id];
        let garp = router.config.garp;
        if let Some(delay) = garp.lower_prio_delay {
            router.announcing.second = Some((step.now + delay, garp.lower_prio_repeat));
        }
        self.announce(step, id, garp.lower_prio_repeat);
    }

    /// The second burst, or a regular announcement, is due.
    pub(crate) fn announce_due(&mut self, step: &mut Step<'_>, id: Id) {
        let router = &mut self.routers[id];
        if !router.is_master() {
            return;
        }
        let mut times = 0;
        if let Some((_, repeat)) = router.announcing.second.take_if(|(at, _)| *at <= step.now) {
            times = repeat;
        }
        if let Some(at) = router.announcing.refresh.filter(|at| *at <= step.now) {
            let garp = router.config.garp;
            times = times.max(garp.refresh_repeat);
            let every = garp.refresh.map(|every| every.max(REFRESH_MIN));
            router.announcing.refresh = every.map(|every| (at + every).max(step.now));
        }
        self.announce(step, id, times);
        self.announce_elsewhere(step, id);
    }

    /// Announces what stands on other interfaces, if it is time.
    fn announce_elsewhere(&mut self, step: &mut Step<'_>, id: Id) {
        let router = &mut self.routers[id];
        let config = std::sync::Arc::clone(&router.config);
        let Some(elsewhere) = config.garp.elsewhere else { return };
        let Some(at) = router.announcing.elsewhere.filter(|at| *at <= step.now) else { return };
        let next = (at + elsewhere.every.max(REFRESH_MIN)).max(step.now);
        router.announcing.elsewhere = Some(next);
        self.deadlines.set(Key::Announce(id), self.routers[id].announcing.deadline());
        let all = config.addresses.iter().chain(&config.excluded);
        let these: Vec<_> = all.filter(|address| is_elsewhere(&config, address)).cloned().collect();
        self.announce_these(step, id, 1, these);
    }

    /// Announces all addresses of a router so many times, and sets the deadline for the next time.
    pub(crate) fn announce(&mut self, step: &mut Step<'_>, id: Id, times: u32) {
        let router = &mut self.routers[id];
        self.deadlines.set(Key::Announce(id), router.announcing.deadline());
        let config = std::sync::Arc::clone(&router.config);
        let all: Vec<_> = config.addresses.iter().chain(&config.excluded).cloned().collect();
        self.announce_these(step, id, times, all);
    }

    /// Announces some addresses of a router so many times, at the pace of their interfaces.
    pub(crate) fn announce_these(
        &mut self,
        step: &mut Step<'_>,
        id: Id,
        times: u32,
        addresses: Vec<Address>,
    ) {
        let config = std::sync::Arc::clone(&self.routers[id].config);
        let paces = self.config.paces.clone();
        let (at_once, paced): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .partition(|address| pace_of(&paces, &config, address).1.is_zero());
        if !at_once.is_empty() && times > 0 {
            self.routers[id].announcing.last = Some(step.now);
            for _ in 0..times {
                let (instance, addresses) = (config.name.clone(), at_once.clone());
                step.out.push(Output::Announce { instance, addresses });
            }
        }
        let mut by_device: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
        for address in &paced {
            by_device.entry(pace_of(&paces, &config, address).0).or_default().push(address);
        }
        for (device, addresses) in by_device {
            let burst = (0..times).flat_map(|_| &addresses).map(|address| Waiting {
                instance: config.name.clone(),
                address: (*address).clone(),
                gap: pace_of(&paces, &config, address).1,
            });
            self.pacers.push(device, &config.name, &addresses, burst.collect());
            self.pace(step, device);
        }
    }

    /// Announces what an interface's pace allows now.
    pub(crate) fn pace(&mut self, step: &mut Step<'_>, device: &str) {
        let Some(pacer) = self.pacers.0.get_mut(device) else { return };
        while pacer.free_at <= step.now {
            let Some(Waiting { instance, address, gap }) = pacer.queue.pop_front() else { break };
            let id = self.names.find(&self.config, &instance);
            let router = id.map(|id| &mut self.routers[id]);
            // It may have stepped down, or lost the address in a reload.
            let Some(router) = router.filter(|router| {
                let config = &router.config;
                router.is_master()
                    && config.addresses.iter().chain(&config.excluded).any(|a| *a == address)
            }) else {
                continue;
            };
            router.announcing.last = Some(step.now);
            pacer.free_at = step.now + gap;
            step.out.push(Output::Announce { instance, addresses: vec![address] });
        }
        let next = (!pacer.queue.is_empty()).then_some(pacer.free_at);
        self.deadlines.set(Key::Pace(device.to_owned()), next);
    }

    /// Announces the address a unicast router speaks from, so that its peers find it again
    /// (docs/ancestors/keepalived.md §3.4).
    pub(crate) fn announce_source(&mut self, step: &mut Step<'_>, id: Id) {
        let router = &self.routers[id];
        let Some(ip) = router.source else { return };
        let address = Address {
            ip,
            prefix: if ip.is_ipv4() { 32 } else { 128 },
            device: None,
            label: None,
            broadcast: Broadcast::Unset,
            scope: 0,
            peer: None,
            flags: AddressFlags::default(),
            preferred_lifetime: None,
            no_track: true,
            own_mac: false,
        };
        let instance = router.config.name.clone();
        step.out.push(Output::Announce { instance, addresses: vec![address] });
    }
}
