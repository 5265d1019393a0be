//! Waiting for sockets, a deadline and other threads at once, without allocating.
//!
//! epoll for the sockets, a timerfd on `CLOCK_BOOTTIME` for the deadline (epoll's own timeout is
//! coarse and stands still during suspend), an eventfd for the other threads.

use super::now;
use base::Instant;
use rustix::event::{EventfdFlags, epoll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::sync::Arc;

/// How many events one wait can report. What is left over is reported by the next wait.
const EVENTS: usize = 64;

/// Tokens from here on are the poller's own.
const TIMER: u64 = u64::MAX;
const WAKER: u64 = u64::MAX - 1;

/// What one [`Poller::wait`] found.
#[derive(Debug, PartialEq, Eq)]
pub struct Ready<'a> {
    /// The tokens whose descriptors can be read (or are in error), in no special order.
    pub tokens: &'a [u64],
    /// The deadline has passed.
    pub due: bool,
    /// A [`Waker`] was used since the last wait.
    pub woken: bool,
}

/// Waits for descriptors, one deadline and wakers. Level-triggered: what isn't read is reported
/// again.
pub struct Poller {
    epoll: OwnedFd,
    timer: OwnedFd,
    waker: Arc<OwnedFd>,
    events: Vec<epoll::Event>,
    tokens: Vec<u64>,
    armed: Option<Instant>,
}

impl Poller {
    /// A poller that watches nothing yet.
    ///
    /// # Errors
    /// When the process or the system is out of descriptors.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(
            TimerfdClockId::Boottime,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        let waker = rustix::event::eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        let data = epoll::EventData::new_u64;
        epoll::add(&epoll, &timer, data(TIMER), epoll::EventFlags::IN)?;
        epoll::add(&epoll, &waker, data(WAKER), epoll::EventFlags::IN)?;
        Ok(Self {
            epoll,
            timer,
            waker: Arc::new(waker),
            events: Vec::with_capacity(EVENTS),
            tokens: Vec::with_capacity(EVENTS),
            armed: None,
        })
    }

    /// Reports `token` when `fd` can be read. The descriptor stays the caller's; closing it ends
    /// the watch.
    ///
    /// # Errors
    /// `AlreadyExists` when it is watched already, `InvalidInput` for a token above
    /// `u64::MAX - 2`, `PermissionDenied` for a descriptor that can't be waited for (a file).
    pub fn add(&self, fd: impl AsFd, token: u64) -> io::Result<()> {
        if token >= WAKER {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "token is reserved"));
        }
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::add(&self.epoll, fd, data, epoll::EventFlags::IN)?)
    }

    /// No longer watches `fd`.
    ///
    /// # Errors
    /// `NotFound` when it wasn't watched.
    pub fn remove(&self, fd: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, fd)?)
    }

    /// Something that ends a wait from any thread.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.waker))
    }

    /// Waits until a descriptor is ready, a waker is used, or `deadline` is reached (`None`:
    /// never). Comes back at once if the deadline lies in the past; may come back with nothing
    /// after a signal.
    ///
    /// # Errors
    /// Only what would be a bug here or a kernel out of memory.
    pub fn wait(&mut self, deadline: Option<Instant>) -> io::Result<Ready<'_>> {
        self.arm(deadline)?;
        let (mut due, mut woken) = self.collect()?;
        if due && self.tokens.is_empty() && !woken && deadline.is_none_or(|at| at > now()) {
            // It was armed for a deadline that has moved on since.
            self.arm(deadline)?;
            (due, woken) = self.collect()?;
        }
        let due = due && deadline.is_some_and(|at| at <= now());
        Ok(Ready { tokens: &self.tokens, due, woken })
    }

    /// One wait: whether the timer has fired, and whether a waker was used.
    fn collect(&mut self) -> io::Result<(bool, bool)> {
        self.events.clear();
        self.tokens.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let (mut due, mut woken) = (false, false);
        for event in &self.events {
            match event.data.u64() {
                TIMER => due = true,
                WAKER => woken = true,
                token => self.tokens.push(token),
            }
        }
        if due {
            drain(&self.timer)?;
            self.armed = None;
        }
        if woken {
            drain(&self.waker)?;
        }
        Ok((due, woken))
    }

    /// Sets the timer, unless it will fire no later as it is: of those who wait for something that
    /// comes again and again, each time moves the deadline on, and one call in hundreds is enough.
    fn arm(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        if self.armed == deadline || self.armed.is_some_and(|at| deadline.is_some_and(|d| at <= d))
        {
            return Ok(());
        }
        // Zero would disarm the timer, and the clock's start is in the past anyway.
        let nanos = deadline.map_or(0, |at| at.as_nanos().max(1));
        let value = Timespec {
            tv_sec: (nanos / 1_000_000_000).cast_signed(),
            tv_nsec: (nanos % 1_000_000_000).cast_signed(),
        };
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let spec = Itimerspec { it_interval: zero, it_value: value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &spec)?;
        self.armed = deadline;
        Ok(())
    }
}

/// Ends a [`Poller::wait`] from another thread. Cheap to clone; used many times before the
/// poller looks, it counts once.
#[derive(Clone, Debug)]
pub struct Waker(Arc<OwnedFd>);

impl Waker {
    /// Makes the current or the next wait return with `woken`.
    pub fn wake(&self) {
        // Fails only when the counter is full, and then the poller is woken already.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }
}

/// Takes the counter out of a timerfd or an eventfd.
fn drain(fd: &OwnedFd) -> io::Result<()> {
    match rustix::io::read(fd, &mut [0_u8; 8]) {
        Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::now;
    use std::net::UdpSocket;
    use std::time::Duration;

    #[test]
    fn a_deadline_ends_the_wait_and_not_before_its_time() {
        let mut poller = Poller::new().expect("poller");
        let deadline = now() + Duration::from_millis(20);
        let ready = poller.wait(Some(deadline)).expect("waits");
        assert_eq!(ready, Ready { tokens: &[], due: true, woken: false });
        assert!(now() >= deadline);
        assert!(poller.wait(Some(Instant::ZERO)).expect("waits").due, "the past is due at once");
    }

    #[test]
    fn a_deadline_that_moves_on_is_kept_and_one_that_comes_closer_too() {
        let mut poller = Poller::new().expect("poller");
        let waker = poller.waker();
        waker.wake();
        poller.wait(Some(now() + Duration::from_millis(5))).expect("waits");
        let later = now() + Duration::from_millis(30);
        assert!(poller.wait(Some(later)).expect("waits").due);
        assert!(now() >= later, "not by the timer of before");
        waker.wake();
        poller.wait(Some(now() + Duration::from_mins(1))).expect("waits");
        let sooner = now() + Duration::from_millis(5);
        assert!(poller.wait(Some(sooner)).expect("waits").due);
    }

    #[test]
    fn a_waker_works_from_another_thread_and_counts_once() {
        let mut poller = Poller::new().expect("poller");
        let waker = poller.waker();
        std::thread::spawn(move || (0..3).for_each(|_| waker.wake())).join().expect("joins");
        assert!(poller.wait(None).expect("waits").woken);
        let deadline = now() + Duration::from_millis(5);
        assert!(!poller.wait(Some(deadline)).expect("waits").woken);
    }

    #[test]
    fn a_readable_socket_is_reported_by_its_token_until_it_is_read() {
        let mut poller = Poller::new().expect("poller");
        let socket = UdpSocket::bind("127.0.0.1:0").expect("binds");
        poller.add(&socket, 7).expect("adds");
        socket.send_to(b"x", socket.local_addr().expect("address")).expect("sends");
        assert_eq!(poller.wait(None).expect("waits").tokens, [7]);
        assert_eq!(poller.wait(None).expect("waits").tokens, [7]);
        socket.recv(&mut [0; 8]).expect("reads");
        poller.remove(&socket).expect("removes");
        assert!(poller.add(&socket, u64::MAX).is_err(), "reserved");
    }

    #[test]
    fn waiting_does_not_allocate_room_for_events() {
        let mut poller = Poller::new().expect("poller");
        let room = (poller.events.capacity(), poller.tokens.capacity());
        for _ in 0..100 {
            poller.wait(Some(Instant::ZERO)).expect("waits");
        }
        assert_eq!(room, (poller.events.capacity(), poller.tokens.capacity()));
    }
}
