//! The kernel's process connector: which processes fork, begin another program, and end, told as
//! it happens (`linux/cn_proc.h`, `linux/connector.h`).
//!
//! It speaks to who is in the first user, process and network namespace and has `CAP_NET_ADMIN`;
//! to others it says nothing at all, which [`ProcessEvents::open`] finds out by waiting a moment.

use netlink_sys::{Socket, SocketAddr};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// The protocol of connectors (`linux/netlink.h`).
const NETLINK_CONNECTOR: isize = 11;
/// The process connector's identifier, both halves, and its multicast group.
const CN_PROC: u32 = 1;
/// Asks for events (`PROC_CN_MCAST_LISTEN`).
const LISTEN: u32 = 1;
/// Header of a netlink message, and its type and flags for a plain one.
const NETLINK_HEADER: usize = 16;
const NLMSG_DONE: u16 = 3;
/// Header of a connector's message.
const CONNECTOR_HEADER: usize = 20;
/// Of an event: what, CPU, time; then the numbers.
const EVENT_HEADER: usize = 16;
/// One event with its headers is far smaller; what the kernel puts into one datagram is one event.
const DATAGRAM_MAX: usize = 1024;
/// The answer to a request comes at once, or never.
const ANSWER_MS: i64 = 200;
/// Events of a machine that starts thousands of programs in a second, while nobody reads them.
const RECEIVE_BUFFER: usize = 1 << 20;

/// Kinds of events (`enum proc_cn_event`).
const ACKNOWLEDGED: u32 = 0;
const FORK: u32 = 1;
const EXEC: u32 = 2;
const COMM: u32 = 0x200;
const EXIT: u32 = 0x8000_0000;

/// Something happened to a process. Threads of processes are left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProcessEvent {
    /// A process made another one, which is like it still.
    Forked {
        /// The one.
        parent: u32,
        /// The new one.
        child: u32,
    },
    /// A process runs another program now, or calls itself otherwise.
    Changed(u32),
    /// A process is gone.
    Ended(u32),
    /// Events came faster than they were read: list all processes anew.
    Lost,
}

/// Listens for events. When it is readable, call [`next`](Self::next) until `None`.
pub struct ProcessEvents {
    socket: Socket,
    buffer: Vec<u8>,
    pending: VecDeque<ProcessEvent>,
}

impl ProcessEvents {
    /// Listens from now on. May wait for a moment.
    ///
    /// # Errors
    /// When this kernel has no process connector (`Unsupported`, `EPROTONOSUPPORT` outside the first
    /// network namespace), or doesn't tell us (`PermissionDenied`; `TimedOut` in a user or process
    /// namespace).
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_CONNECTOR)?;
        socket.bind(&SocketAddr::new(0, CN_PROC))?;
        // A smaller buffer loses events, which is told and mended.
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER)
            .or_else(|_| {
                rustix::net::sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER)
            });
        socket.set_non_blocking(true)?;
        socket.send_to(&request(), &SocketAddr::new(0, 0), 0)?;
        let mut events = Self { socket, buffer: vec![0; DATAGRAM_MAX], pending: VecDeque::new() };
        events.wait_for_answer()?;
        Ok(events)
    }

    /// The answer says whether events will come. Those that come before it are kept.
    fn wait_for_answer(&mut self) -> io::Result<()> {
        let until = crate::rt::now() + std::time::Duration::from_millis(ANSWER_MS as u64);
        loop {
            let left = until.since(crate::rt::now());
            if left.is_zero() {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the kernel doesn't answer"));
            }
            let timeout = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
            let mut watched = [PollFd::new(&self.socket, PollFlags::IN)];
            match poll(&mut watched, Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            while let Some(message) = self.receive()? {
                match message {
                    Message::Acknowledged(0) => return Ok(()),
                    Message::Acknowledged(error) => {
                        return Err(io::Error::from_raw_os_error(error));
                    }
                    Message::Event(event) => self.pending.push_back(event),
                    Message::Other => {}
                }
            }
        }
    }

    /// The next event that has come, without waiting.
    ///
    /// # Errors
    /// Only what would be a bug here or a kernel out of memory.
    #[expect(clippy::should_implement_trait, reason = "it can fail, and None is not the end")]
    pub fn next(&mut self) -> io::Result<Option<ProcessEvent>> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(Some(event));
            }
            match self.receive()? {
                None => return Ok(None),
                Some(Message::Event(event)) => return Ok(Some(event)),
                // The answer to somebody else's request, or a thread.
                Some(Message::Acknowledged(_) | Message::Other) => {}
            }
        }
    }

    fn receive(&mut self) -> io::Result<Option<Message>> {
        loop {
            let mut window = &mut self.buffer[..];
            match self.socket.recv_from(&mut window, 0) {
                // Only the kernel is believed.
                Ok((length, from)) if from.port_number() == 0 => {
                    return Ok(Some(read(self.buffer.get(..length).unwrap_or_default())));
                }
                Ok(_) => {}
                Err(error) => match error.raw_os_error() {
                    Some(libc::EINTR) => {}
                    Some(libc::EAGAIN) => return Ok(None),
                    Some(libc::ENOBUFS) => return Ok(Some(Message::Event(ProcessEvent::Lost))),
                    _ => return Err(error),
                },
            }
        }
    }
}

impl AsFd for ProcessEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for ProcessEvents {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// What the kernel said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Message {
    /// The answer to a request: an error of Linux, or 0.
    Acknowledged(i32),
    Event(ProcessEvent),
    /// Nothing of interest.
    Other,
}

/// The request to be told.
fn request() -> Vec<u8> {
    let length = NETLINK_HEADER + CONNECTOR_HEADER + 4;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend((length as u32).to_ne_bytes());
    bytes.extend(NLMSG_DONE.to_ne_bytes());
    // Flags, sequence and sender.
    bytes.extend([0; 10]);
    for number in [CN_PROC, CN_PROC, 0, 0] {
        bytes.extend(number.to_ne_bytes());
    }
    bytes.extend(4_u16.to_ne_bytes());
    bytes.extend(0_u16.to_ne_bytes());
    bytes.extend(LISTEN.to_ne_bytes());
    bytes
}

fn read(bytes: &[u8]) -> Message {
    let event = bytes.get(NETLINK_HEADER + CONNECTOR_HEADER..).unwrap_or_default();
    let number = |at: usize| {
        let four = event.get(at..).and_then(|rest| rest.first_chunk::<4>());
        four.map(|four| u32::from_ne_bytes(*four))
    };
    // Each process is told by the number of a thread, then by its own.
    let data = |place: usize| number(EVENT_HEADER + 4 * place);
    match (number(0), data(0), data(1)) {
        (Some(ACKNOWLEDGED), Some(error), _) => Message::Acknowledged(error.cast_signed()),
        (Some(FORK), _, Some(parent)) => match (data(2), data(3)) {
            (Some(thread), Some(child)) if thread == child => {
                Message::Event(ProcessEvent::Forked { parent, child })
            }
            _ => Message::Other,
        },
        (Some(EXEC | COMM), _, Some(process)) => Message::Event(ProcessEvent::Changed(process)),
        (Some(EXIT), Some(thread), Some(process)) if thread == process => {
            Message::Event(ProcessEvent::Ended(process))
        }
        _ => Message::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::time::Duration;

    fn event(what: u32, numbers: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; NETLINK_HEADER + CONNECTOR_HEADER];
        bytes.extend(what.to_ne_bytes());
        bytes.extend([0; EVENT_HEADER - 4]);
        for number in numbers {
            bytes.extend(number.to_ne_bytes());
        }
        bytes
    }

    #[test]
    fn events_of_processes_are_read_and_those_of_threads_left_out() {
        let forked = Message::Event(ProcessEvent::Forked { parent: 7, child: 9 });
        for (what, numbers, expected) in [
            (FORK, &[8, 7, 9, 9][..], forked),
            (FORK, &[7, 7, 9, 7], Message::Other),
            (EXEC, &[9, 9], Message::Event(ProcessEvent::Changed(9))),
            (COMM, &[9, 9, 0, 0, 0, 0], Message::Event(ProcessEvent::Changed(9))),
            (EXIT, &[9, 9, 0, 17], Message::Event(ProcessEvent::Ended(9))),
            (EXIT, &[10, 9, 0, 17], Message::Other),
            (ACKNOWLEDGED, &[0], Message::Acknowledged(0)),
            (ACKNOWLEDGED, &[1], Message::Acknowledged(1)),
            (0x40, &[1, 1], Message::Other),
        ] {
            assert_eq!(read(&event(what, numbers)), expected, "{what:#x} {numbers:?}");
        }
        let whole = event(FORK, &[8, 7, 9, 9]);
        for length in 0..whole.len() {
            // Whatever is cut off, it is no event of the others.
            assert_ne!(read(&whole[..length]), forked);
        }
    }

    #[test]
    fn a_process_that_begins_and_ends_is_told_of() {
        let mut events = match ProcessEvents::open() {
            Ok(events) => events,
            Err(error) => {
                println!("skipped: the process connector doesn't speak to us here: {error}");
                return;
            }
        };
        let mut child = Command::new("/bin/true").spawn().expect("starts");
        child.wait().expect("ends");
        let wanted = [ProcessEvent::Changed(child.id()), ProcessEvent::Ended(child.id())];
        let mut seen = Vec::new();
        let until = crate::rt::now() + Duration::from_secs(10);
        while crate::rt::now() < until && !wanted.iter().all(|event| seen.contains(event)) {
            match events.next().expect("reads") {
                Some(event) => seen.push(event),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        assert!(wanted.iter().all(|event| seen.contains(event)), "{seen:?}");
    }
}
