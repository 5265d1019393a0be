//! Who listens to adverts: a thread in the client's network, in all groups, that notes each with
//! its moment.

use super::net::{Net, Seat, interface};
use anyhow::{Context, Result};
use base::Instant;
use linux::rt::{Poller, Waker, now};
use linux::vrrp::{Receiver, Room, VRRP};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

/// The group of VRRP over IPv4 (RFC 9568 §5.1.1.2).
pub(super) const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));

/// An advert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Heard {
    /// When it came.
    pub(super) at: Instant,
    /// Who sent it.
    pub(super) from: Seat,
    /// On which bridge.
    pub(super) bridge: usize,
    /// Of which virtual router.
    pub(super) vrid: u8,
    /// With which priority.
    pub(super) priority: u8,
}

/// All adverts since it was opened, in order.
pub(super) struct Ear {
    heard: Arc<Mutex<Vec<Heard>>>,
    over: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Ear {
    /// Begins to listen on all bridges.
    pub(super) fn open(net: &Net) -> Result<Self> {
        let bridges = net.bridges();
        let receivers = net.inside(Seat::Client, || {
            (0..bridges)
                .map(|bridge| Receiver::open(Some(&interface(bridge)), VRRP, &[GROUP]))
                .collect::<std::io::Result<Vec<_>>>()
                .context("adverts can't be heard")
        })?;
        let (heard, over) = (Arc::<Mutex<Vec<Heard>>>::default(), Arc::new(AtomicBool::new(false)));
        let (kept, done) = (Arc::clone(&heard), Arc::clone(&over));
        let (ready, opened) = mpsc::channel();
        let thread = std::thread::spawn(move || listen(&receivers, &kept, &done, &ready));
        let waker = opened.recv().context("adverts can't be waited for")?;
        Ok(Self { heard, over, waker, thread: Some(thread) })
    }

    /// What was heard so far.
    pub(super) fn heard(&self) -> MutexGuard<'_, Vec<Heard>> {
        lock(&self.heard)
    }

    /// Waits for the next advert of a host, and returns its moment.
    pub(super) fn next_of(&self, seat: Seat, patience: std::time::Duration) -> Option<Instant> {
        let from = self.heard().len();
        let until = now() + patience;
        while now() < until {
            if let Some(found) = self.heard().iter().skip(from).find(|one| one.from == seat) {
                return Some(found.at);
            }
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        None
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            // Whatever ended it, the measurement is over.
            thread.join().ok();
        }
    }
}

/// Notes what comes until it is over. Tells by what it can be woken.
fn listen(
    receivers: &[Receiver],
    heard: &Mutex<Vec<Heard>>,
    over: &AtomicBool,
    ready: &mpsc::Sender<Waker>,
) {
    let Ok(mut poller) = Poller::new() else { return };
    let watched = |(bridge, receiver)| poller.add(receiver, bridge as u64).is_ok();
    if !receivers.iter().enumerate().all(watched) || ready.send(poller.waker()).is_err() {
        return;
    }
    let mut room = Room::new();
    while !over.load(Ordering::Relaxed) {
        let Ok(ready) = poller.wait(None) else { return };
        let at = now();
        for bridge in ready.tokens.iter().filter_map(|token| usize::try_from(*token).ok()) {
            let Some(receiver) = receivers.get(bridge) else { continue };
            // An interface that goes down is told once, and passes.
            let _ = receiver.receive(&mut room, |one| {
                lock(heard).extend(advert(at, bridge, one.source, one.bytes));
            });
        }
    }
}

fn lock(heard: &Mutex<Vec<Heard>>) -> MutexGuard<'_, Vec<Heard>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a packet with its IPv4 header says: number and priority stand in the second and third byte
/// of an advert (RFC 9568 §5.1).
fn advert(at: Instant, bridge: usize, source: IpAddr, bytes: &[u8]) -> Option<Heard> {
    let header = usize::from(bytes.first()? & 0x0f) * 4;
    let [_, vrid, priority, ..] = *bytes.get(header..)? else { return None };
    Some(Heard { at, from: Seat::of(source)?, bridge, vrid, priority })
}
