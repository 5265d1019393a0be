//! The addresses we hold: announced again for a while, and put back when somebody removes them.

use crate::address::AddressSpec;
use crate::addresses::{self, Place};
use crate::descriptors::readable;
use crate::hub::Hub;
use crate::journal::Told;
use api::{EventKind, Level, Subject};
use base::{GroupKey, Instant};
use cluster::Input;
use linux::netlink::{Change, Monitor, Netlink};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// When an address is announced again, in milliseconds after the takeover: a burst for those who
/// missed the first, then at growing distances for a minute. A neighbour that has just believed
/// somebody else believes nobody for a second (`locktime` of arp(7)): one comes soon after that.
const ANNOUNCED_AT_MS: [u64; 9] = [100, 300, 1_200, 2_400, 4_000, 8_000, 16_000, 32_000, 60_000];

/// Removed twice within this time, an address is fought over; the group then moves.
const FIGHT: Duration = Duration::from_mins(1);

/// When an address was last removed by somebody else.
pub(crate) type Lost = BTreeMap<IpAddr, Instant>;

/// The addresses that resources of ours put on interfaces.
pub(crate) type Held = BTreeMap<IpAddr, HeldAddress>;

/// One of them.
pub(crate) struct HeldAddress {
    group: GroupKey,
    written: String,
    spec: AddressSpec,
    place: Place,
    with_label: bool,
    repeats: JoinHandle<()>,
}

impl Drop for HeldAddress {
    fn drop(&mut self) {
        self.repeats.abort();
    }
}

/// Notes that an address is held, announces it now and again later.
pub(crate) fn hold(
    hub: &Rc<Hub>,
    group: &GroupKey,
    written: &str,
    spec: AddressSpec,
    place: Place,
    with_label: bool,
) {
    announce(hub, group, spec.address, &place.interface.name);
    let address = spec.address;
    let repeats = repeat(hub, place.interface.name.clone(), address);
    let held = HeldAddress {
        group: group.clone(),
        written: written.to_owned(),
        spec,
        place,
        with_label,
        repeats,
    };
    hub.held.borrow_mut().insert(address, held);
}

/// Announces an address again and again from now on.
fn repeat(hub: &Hub, interface: String, address: IpAddr) -> JoinHandle<()> {
    let interval = hub.settings().announce_interval;
    tokio::task::spawn_local(async move {
        let start = tokio::time::Instant::now();
        for at in ANNOUNCED_AT_MS {
            tokio::time::sleep_until(start + Duration::from_millis(at)).await;
            // The first one told whether it works.
            let _ = addresses::announce(&interface, address);
        }
        while let Some(interval) = interval {
            tokio::time::sleep(interval).await;
            let _ = addresses::announce(&interface, address);
        }
    })
}

/// Announces addresses of a group no more: it is on its way down, and another host may announce
/// them already.
pub(crate) fn fall_silent(hub: &Hub, group: &GroupKey) {
    let held = hub.held.borrow();
    held.values().filter(|held| held.group == *group).for_each(|held| held.repeats.abort());
}

/// Forgets an address, before it is removed.
pub(crate) fn release(hub: &Hub, address: IpAddr) {
    hub.held.borrow_mut().remove(&address);
}

/// Announces one address now and tells it.
pub(crate) fn announce(hub: &Hub, group: &GroupKey, address: IpAddr, interface: &str) {
    let what = if address.is_ipv4() { "gratuitous ARP" } else { "a neighbour advertisement" };
    let (level, text) = match addresses::announce(interface, address) {
        Ok(()) => (Level::Info, format!("{address}: announced on {interface} by {what}")),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return,
        Err(error) => {
            (Level::Error, format!("{address}: can't be announced on {interface}: {error}"))
        }
    };
    hub.tell(Told {
        level,
        kind: EventKind::Announced,
        subject: Subject::Address(address.to_string()),
        group: Some(group.to_string()),
        text,
    });
}

/// Announces an address that is held as if it had just been taken: another host held it too.
pub(crate) fn announce_again(hub: &Hub, address: IpAddr) {
    let found = hub.held.borrow_mut().get_mut(&address).map(|held| {
        held.repeats.abort();
        held.repeats = repeat(hub, held.place.interface.name.clone(), address);
        (held.group.clone(), held.place.interface.name.clone())
    });
    if let Some((group, interface)) = found {
        announce(hub, &group, address, &interface);
    }
}

/// Watches the kernel's news for addresses of ours that go. Ends only with an error.
///
/// # Errors
/// Those of netlink.
pub(crate) async fn watch(hub: Rc<Hub>) -> io::Result<()> {
    let mut monitor = readable(Watched(Monitor::open()?))?;
    loop {
        let mut guard = monitor.readable_mut().await?;
        let mut gone = Vec::new();
        loop {
            match guard.get_inner_mut().0.next()? {
                None => break,
                Some(Change::AddressGone(address)) => gone.push(address.address),
                Some(Change::Lost) => gone.extend(hub.held.borrow().keys()),
                Some(_) => {}
            }
        }
        guard.clear_ready();
        for address in gone {
            put_back(&hub, address);
        }
    }
}

struct Watched(Monitor);

impl std::os::fd::AsRawFd for Watched {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        use std::os::fd::AsFd;
        self.0.as_fd().as_raw_fd()
    }
}

fn put_back(hub: &Hub, address: IpAddr) {
    let held = hub.held.borrow();
    let Some(held) = held.get(&address) else { return };
    let again = Netlink::open().map_err(|error| error.to_string()).and_then(|mut netlink| {
        match addresses::find(&mut netlink, &held.spec) {
            Ok(Some(_)) => Ok(false),
            _ => addresses::add(&mut netlink, &held.spec, &held.place, held.with_label)
                .map(|()| true),
        }
    });
    let (level, text) = match again {
        Ok(false) => return,
        Ok(true) => (Level::Warning, format!("{address} was removed by somebody else; put back")),
        Err(why) => (
            Level::Error,
            format!("{address} was removed by somebody else and can't be put back: {why}"),
        ),
    };
    hub.tell(Told {
        level,
        kind: EventKind::AddressLost,
        subject: Subject::Address(address.to_string()),
        group: Some(held.group.to_string()),
        text,
    });
    announce(hub, &held.group, address, &held.place.interface.name);
    let now = linux::rt::now();
    let before = hub.lost.borrow_mut().insert(address, now);
    if before.is_some_and(|before| now.since(before) < FIGHT) {
        let (group, address) = (held.group.clone(), held.written.clone());
        hub.node.input(Input::AddressLost { group, address });
    }
}
