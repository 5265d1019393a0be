//! What waits to be read by one client. It is bounded: a client that does not read is dropped, never
//! waited for.

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use tokio::sync::Notify;

/// Frames that wait for a client unless it asks for another number: the longest answer, a list of
/// a hundred nodes, several times.
const FRAMES: usize = 500;
/// Most frames a client may ask for.
const FRAMES_MAX: usize = 10_000;
/// Bytes that wait for a client, in whatever number of frames: more than clients of all nodes may
/// send at once.
const BYTES_MAX: usize = 512 << 10;

/// The frames for one client, and how it wants to be told that one has come.
pub(super) struct Queue {
    frames: RefCell<VecDeque<Rc<[u8]>>>,
    bytes: Cell<usize>,
    limit: Cell<usize>,
    news: Notify,
    full: Notify,
    is_full: Cell<bool>,
    /// The process that connected, held so that its number can't become another's.
    process: Option<OwnedFd>,
    signal: Cell<Option<Signal>>,
}

impl Queue {
    /// An empty queue for a client of this process.
    pub(super) fn new(pid: i32) -> Rc<Self> {
        let process = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Rc::new(Self {
            frames: RefCell::default(),
            bytes: Cell::new(0),
            limit: Cell::new(FRAMES),
            news: Notify::new(),
            full: Notify::new(),
            is_full: Cell::new(false),
            process,
            signal: Cell::new(None),
        })
    }

    /// Adds a frame. A queue that runs over is emptied and ends.
    pub(super) fn push(&self, frame: Rc<[u8]>) {
        if self.is_full.get() {
            return;
        }
        let bytes = self.bytes.get() + frame.len();
        let mut frames = self.frames.borrow_mut();
        if bytes > BYTES_MAX || frames.len() >= self.limit.get() {
            frames.clear();
            self.is_full.set(true);
            self.full.notify_one();
            return;
        }
        self.bytes.set(bytes);
        frames.push_back(frame);
        self.news.notify_one();
        if let (Some(signal), Some(process)) = (self.signal.get(), &self.process) {
            // A process that is gone needs no signal.
            let _ = pidfd_send_signal(process, signal);
        }
    }

    /// The next frame, when there is one.
    pub(super) async fn next(&self) -> Rc<[u8]> {
        loop {
            if let Some(frame) = self.take() {
                return frame;
            }
            self.news.notified().await;
        }
    }

    /// The next frame, if there is one.
    pub(super) fn take(&self) -> Option<Rc<[u8]>> {
        let frame = self.frames.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get().saturating_sub(frame.len()));
        Some(frame)
    }

    /// Returns when the queue ran over.
    pub(super) async fn overflow(&self) {
        self.full.notified().await;
    }

    /// Sets how many frames may wait. False for what is no such number.
    pub(super) fn set_limit(&self, frames: Option<usize>) -> bool {
        let Some(frames) = frames.filter(|frames| *frames > 0) else { return false };
        self.limit.set(frames.min(FRAMES_MAX));
        true
    }

    /// Sets the signal that tells the client of each frame, 0 for none. False for what is no
    /// signal.
    pub(super) fn set_signal(&self, number: i32) -> bool {
        let signal = Signal::from_named_raw(number);
        if signal.is_none() && number != 0 {
            return false;
        }
        self.signal.set(signal);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Rc<Queue> {
        Queue::new(i32::try_from(std::process::id()).unwrap())
    }

    #[tokio::test]
    async fn frames_come_out_in_order_and_make_room() {
        let queue = queue();
        for round in 0..3 * FRAMES {
            queue.push(Rc::from(round.to_le_bytes()));
            assert_eq!(*queue.next().await, round.to_le_bytes());
        }
        assert!(queue.take().is_none() && !queue.is_full.get());
    }

    #[tokio::test]
    async fn too_many_frames_or_bytes_end_it_and_leave_nothing_in_memory() {
        let (many, large) = (queue(), queue());
        for _ in 0..=FRAMES {
            many.push(Rc::from([0; 1]));
        }
        for _ in 0..5 {
            large.push(vec![0; BYTES_MAX / 4].into());
        }
        for queue in [many, large] {
            queue.overflow().await;
            queue.push(Rc::from([1]));
            assert!(queue.take().is_none());
        }
    }

    #[test]
    fn a_client_may_ask_for_more_room_within_limits() {
        let queue = queue();
        assert!(!queue.set_limit(None) && !queue.set_limit(Some(0)));
        assert!(queue.set_limit(Some(usize::MAX)));
        assert_eq!(queue.limit.get(), FRAMES_MAX);
        assert!(queue.set_signal(12) && queue.signal.get() == Some(Signal::USR2));
        assert!(!queue.set_signal(999) && queue.set_signal(0));
        assert_eq!(queue.signal.get(), None);
    }
}
