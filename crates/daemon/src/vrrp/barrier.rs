//! Addresses that don't answer (`no_accept`, strict mode): nftables keeps traffic away from them
//! for as long as they are held, from before they are put on an interface until after they left it.

use super::addresses;
use super::hub::Hub;
use super::settings::Settings;
use api::{EventKind, Level};
use linux::nftables::{Barrier, Look};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use vrrp::config::Address;

/// The addresses' owner takes what is sent to them in any case (RFC 9568 §6.4.3).
const OWNER: u8 = 255;

/// What is kept away, and for whom.
#[derive(Default)]
pub(crate) struct Closed {
    /// Instances whose addresses don't answer.
    instances: BTreeSet<String>,
    /// The table, as long as there are such instances.
    barrier: Option<Barrier>,
    /// The addresses it has, each with the instances it is kept closed for.
    addresses: BTreeMap<IpAddr, BTreeSet<String>>,
}

/// Follows a configuration: call it at the start, and after each reload.
pub(crate) fn configure(hub: &Hub) {
    let settings = hub.settings();
    let mut closed = hub.closed.borrow_mut();
    closed.instances = closed_instances(&settings);
    closed.addresses.clear();
    for ((ip, _), placed) in hub.held.borrow().iter() {
        if closed.instances.contains(&*placed.instance) {
            closed.addresses.entry(*ip).or_default().insert(placed.instance.to_string());
        }
    }
    if closed.instances.is_empty() {
        let barrier = closed.barrier.take();
        drop(closed);
        return told(hub, "", barrier.map_or(Ok(()), gone));
    }
    let raised = closed.raise(look(&settings));
    drop(closed);
    told(hub, "", raised);
}

/// The end: traffic passes again.
pub(crate) fn remove(hub: &Hub) {
    let barrier = hub.closed.borrow_mut().barrier.take();
    told(hub, "", barrier.map_or(Ok(()), gone));
}

/// These addresses of an instance are about to be put in place.
pub(crate) fn close(hub: &Hub, instance: &str, addresses: &[Address]) {
    let mut closed = hub.closed.borrow_mut();
    if !closed.instances.contains(instance) {
        return;
    }
    let mut new = Vec::new();
    for address in addresses {
        let held = closed.addresses.entry(address.ip).or_default();
        if held.is_empty() {
            new.push(address.ip);
        }
        held.insert(instance.to_owned());
    }
    let look = look(&hub.settings());
    let changed = match &closed.barrier {
        Some(barrier) if barrier.look() == &look => barrier.block(&new),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    // Somebody removed the table, or it could not be made before: made anew, with all there is.
    let changed = changed.or_else(|_| closed.raise(look));
    drop(closed);
    told(hub, instance, changed);
}

/// These addresses of an instance are no longer in place.
pub(crate) fn open(hub: &Hub, instance: &str, addresses: &[Address]) {
    let mut closed = hub.closed.borrow_mut();
    let mut free = Vec::new();
    for address in addresses {
        let Some(held) = closed.addresses.get_mut(&address.ip) else { continue };
        if held.remove(instance) && held.is_empty() {
            closed.addresses.remove(&address.ip);
            free.push(address.ip);
        }
    }
    let Some(barrier) = closed.barrier.as_ref().filter(|_| !free.is_empty()) else { return };
    let changed = match barrier.pass(&free) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let look = look(&hub.settings());
            closed.raise(look)
        }
        other => other,
    };
    drop(closed);
    told(hub, instance, changed);
}

impl Closed {
    /// Makes the table as it is to be, with what is closed now.
    fn raise(&mut self, look: Look) -> io::Result<()> {
        self.barrier = None;
        let barrier = Barrier::raise(look)?;
        let all: Vec<IpAddr> = self.addresses.keys().copied().collect();
        let blocked = barrier.block(&all);
        self.barrier = Some(barrier);
        blocked
    }
}

fn gone(barrier: Barrier) -> io::Result<()> {
    match barrier.remove() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn told(hub: &Hub, instance: &str, done: io::Result<()>) {
    let Err(error) = done else { return };
    let text = if instance.is_empty() {
        format!("nftables: {error}: addresses may answer although no_accept is written")
    } else {
        format!("{instance}: nftables: {error}: its addresses answer although no_accept is written")
    };
    if instance.is_empty() {
        return hub.notice(Level::Warning, text);
    }
    addresses::tell(hub, Level::Error, EventKind::AddressUp, instance, text);
}

fn closed_instances(settings: &Settings) -> BTreeSet<String> {
    let instances = settings.vrrp.instances.iter();
    let closed = instances.filter(|i| !i.accept && i.priority != OWNER);
    closed.map(|instance| instance.name.clone()).collect()
}

/// How tables of ours look.
pub(super) fn look(settings: &Settings) -> Look {
    let nftables = &settings.whole.nftables;
    Look { table: nftables.table.clone(), priority: nftables.priority, counters: nftables.counters }
}
