//! The two rings between the real-time thread and the rest of the worker, of either role.
//!
//! The real-time thread never waits for the other side: rings are wait-free, a full one spills into
//! a queue of its own side, and both directions ring an eventfd.

use cluster::{Config, Input, Output};
use linux::rt::Waker;
use rustix::event::EventfdFlags;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

/// Places in each ring: a second of the busiest cluster.
const RING: usize = 1024;
/// What may wait beside a full ring before the other side counts as dead.
const SPILL_MAX: usize = 65_536;

/// To the real-time thread.
#[derive(Debug)]
pub(crate) enum ToNode {
    /// For the node.
    Input(Input),
    /// A new configuration; media that changed are opened anew.
    Reload(Box<Config>),
    /// Answered by [`FromNode::Status`] with the same number.
    Status(u64),
}

/// From the real-time thread.
#[derive(Debug)]
pub(crate) enum FromNode {
    /// What the node asks for, except what the thread did itself.
    Output(Output),
    /// The answer to [`ToNode::Status`].
    Status(u64, Box<api::RoleStatus>),
    /// What runs here changed. Comes before the operations that change it further.
    Left(api::Held, Vec<base::GroupKey>),
    /// Whether local clients may send messages to the cluster; told when it changes.
    MaySend(bool),
    /// Something an administrator should know.
    Notice(api::Level, String),
}

/// The real-time thread's end of the way out.
#[derive(Debug)]
pub(crate) struct Outbox<O = FromNode> {
    ring: rtrb::Producer<O>,
    spill: VecDeque<O>,
    bell: Arc<OwnedFd>,
}

/// The other side's end of the way out.
#[derive(Debug)]
pub(crate) struct Collector<O = FromNode> {
    ring: rtrb::Consumer<O>,
    bell: Arc<OwnedFd>,
}

/// The other side's end of the way in; cheap to clone.
#[derive(Debug)]
pub(crate) struct NodeHandle<I = ToNode> {
    shared: Arc<Mutex<Inlet<I>>>,
    waker: Waker,
}

impl<I> Clone for NodeHandle<I> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), waker: self.waker.clone() }
    }
}

#[derive(Debug)]
struct Inlet<I> {
    ring: rtrb::Producer<I>,
    spill: VecDeque<I>,
}

/// All four ends, to the real-time thread and from it.
pub(crate) type Ends<I, O> = (NodeHandle<I>, rtrb::Consumer<I>, Outbox<O>, Collector<O>);

/// All four ends.
///
/// # Errors
/// When the process is out of descriptors.
pub(crate) fn channel<I, O>(waker: Waker) -> io::Result<Ends<I, O>> {
    let (to_node, inbox) = rtrb::RingBuffer::new(RING);
    let (from_node, collector) = rtrb::RingBuffer::new(RING);
    let bell = rustix::event::eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
    let bell = Arc::new(bell);
    let inlet = Inlet { ring: to_node, spill: VecDeque::new() };
    Ok((
        NodeHandle { shared: Arc::new(Mutex::new(inlet)), waker },
        inbox,
        Outbox { ring: from_node, spill: VecDeque::new(), bell: Arc::clone(&bell) },
        Collector { ring: collector, bell },
    ))
}

impl<O> Outbox<O> {
    /// Hands one over, in order. False when the other side has not taken anything for so long
    /// that nothing more can be kept for it.
    pub(crate) fn push(&mut self, item: O) -> bool {
        self.spill.push_back(item);
        self.flush();
        self.spill.len() < SPILL_MAX
    }

    /// Moves on what waits beside the ring.
    pub(crate) fn flush(&mut self) {
        let mut moved = false;
        while let Some(item) = self.spill.pop_front() {
            match self.ring.push(item) {
                Ok(()) => moved = true,
                Err(rtrb::PushError::Full(item)) => {
                    self.spill.push_front(item);
                    break;
                }
            }
        }
        if moved {
            let _ = rustix::io::write(&*self.bell, &1_u64.to_ne_bytes());
        }
    }

    /// True while something waits beside the ring.
    pub(crate) fn is_backed_up(&self) -> bool {
        !self.spill.is_empty()
    }
}

impl<O> Collector<O> {
    /// The descriptor that can be read when something has come.
    pub(crate) fn bell(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.bell)
    }

    /// The next, if one has come.
    pub(crate) fn next(&mut self) -> Option<O> {
        self.ring.pop().ok()
    }
}

impl<I> NodeHandle<I> {
    /// Hands one over to the real-time thread, in order.
    pub(crate) fn send(&self, item: I) {
        let mut inlet = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        inlet.spill.push_back(item);
        inlet.flush();
        drop(inlet);
        self.waker.wake();
    }

    /// Moves on what waits beside a full ring; call it now and then.
    pub(crate) fn flush(&self) {
        let mut inlet = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if !inlet.spill.is_empty() {
            inlet.flush();
            self.waker.wake();
        }
    }
}

impl NodeHandle {
    /// Hands an input over.
    pub(crate) fn input(&self, input: Input) {
        self.send(ToNode::Input(input));
    }
}

impl<I> Inlet<I> {
    fn flush(&mut self) {
        while let Some(item) = self.spill.pop_front() {
            if let Err(rtrb::PushError::Full(item)) = self.ring.push(item) {
                self.spill.push_front(item);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_into_the_ring_comes_later_in_order() {
        let poller = linux::rt::Poller::new().unwrap();
        let (_node, _inbox, mut outbox, mut collector) =
            channel::<ToNode, FromNode>(poller.waker()).unwrap();
        for number in 0..RING + 10 {
            assert!(outbox.push(FromNode::Notice(api::Level::Info, number.to_string())));
        }
        assert!(outbox.is_backed_up());
        let mut seen = Vec::new();
        while let Some(FromNode::Notice(_, text)) = collector.next() {
            seen.push(text);
            outbox.flush();
        }
        assert_eq!(seen.len(), RING + 10);
        assert!(seen.iter().enumerate().all(|(number, text)| *text == number.to_string()));
    }
}
