//! Requests and answers over one generic netlink socket.

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{netlink, recv, send, socket_with};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;
use wire::ipvs::{Command, Malformed, Message, family_of, family_request, messages, request};

/// One receive holds at most this much: the kernel fills dumps in pieces of 32 KiB.
const RECEIVE_LIMIT: usize = 64 << 10;
/// The kernel answers while it is asked; a conversation that ever waits longer is broken.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the load balancer didn't do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none: the kernel was built without it, or its module is not loaded.
    #[error("the kernel has no IPVS: its module ip_vs is not loaded")]
    Missing,
    /// The kernel said no; the number is an errno.
    #[error("{}", io::Error::from_raw_os_error(*.0))]
    Refused(i32),
    /// The socket failed.
    #[error("generic netlink: {0}")]
    Io(#[from] io::Error),
    /// The kernel's answer can't be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The kernel had no answer to a question.
    #[error("the kernel doesn't say")]
    Silent,
}

impl Error {
    /// The kernel's reason, as a number, if it gave one.
    pub const fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused(errno) => Some(*errno),
            _ => None,
        }
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::Io(errno.into())
    }
}

#[derive(Debug)]
pub(super) struct Conversation {
    socket: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Conversation {
    pub(super) fn open() -> Result<Self, Error> {
        let flags = SocketFlags::CLOEXEC;
        let generic = Some(netlink::GENERIC);
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, generic)?;
        // Connected, nobody but the kernel is heard.
        let kernel = netlink::SocketAddrNetlink::new(0, 0);
        rustix::net::bind(&socket, &kernel)?;
        rustix::net::connect(&socket, &kernel)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self::over(socket))
    }

    fn over(socket: OwnedFd) -> Self {
        Self { socket, sequence: 0, buffer: vec![0; RECEIVE_LIMIT] }
    }

    /// The family's number.
    pub(super) fn family(&mut self) -> Result<u16, Error> {
        let mut found = None;
        let sequence = self.next();
        let asked = self.converse(&family_request(sequence), sequence, |payload| {
            found = Some(family_of(payload)?);
            Ok(())
        });
        match asked {
            Err(Error::Refused(libc::ENOENT)) => Err(Error::Missing),
            Err(error) => Err(error),
            Ok(()) => found.ok_or(Error::Missing),
        }
    }

    /// Sends a command and gives each answer to `each` until the kernel says that it was the last.
    pub(super) fn ask(
        &mut self,
        family: u16,
        command: &Command,
        each: impl FnMut(&[u8]) -> Result<(), Malformed>,
    ) -> Result<(), Error> {
        let sequence = self.next();
        self.converse(&request(family, sequence, command), sequence, each)
    }

    fn next(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// What belongs to an earlier request that failed halfway is passed over. An answer that
    /// can't be read doesn't keep the rest from being read, so that the next request begins clean.
    fn converse(
        &mut self,
        request: &[u8],
        asked: u32,
        mut each: impl FnMut(&[u8]) -> Result<(), Malformed>,
    ) -> Result<(), Error> {
        rustix::io::retry_on_intr(|| send(&self.socket, request, SendFlags::empty()))?;
        let mut malformed = None;
        loop {
            let (length, _) = rustix::io::retry_on_intr(|| {
                recv(&self.socket, &mut self.buffer[..], RecvFlags::empty())
            })?;
            for message in messages(self.buffer.get(..length).unwrap_or_default()) {
                match message {
                    // What can't be taken apart may have been the last: nothing is waited for.
                    Err(error) => return Err(error.into()),
                    Ok(Message::Answer { sequence, payload, .. }) if sequence == asked => {
                        malformed = malformed.or(each(payload).err());
                    }
                    Ok(Message::End { sequence, errno }) if sequence == asked => {
                        return match (errno, malformed) {
                            (0, None) => Ok(()),
                            (0, Some(error)) => Err(error.into()),
                            (errno, _) => Err(Error::Refused(errno)),
                        };
                    }
                    Ok(_) => {}
                }
            }
        }
    }
}

/// A kernel for tests, which says what it is told to.
#[cfg(test)]
pub(super) mod scripted {
    use super::*;
    use std::os::unix::net::UnixDatagram;
    use std::thread::JoinHandle;

    /// The number that the scripted kernel has for the family.
    const FAMILY: u16 = 0x1c;

    /// What it says to one request.
    pub(in super::super) enum Said {
        /// The family's number.
        Family,
        /// An end with this error number; 0 is an acknowledgement.
        Errno(i32),
        /// These answers and the end, with a foreign one among them.
        Dump(Vec<Vec<u8>>),
        /// Bytes that are no message.
        Nonsense,
    }

    /// A conversation with a kernel that says `script`, and the payloads of what it was asked.
    pub(in super::super) fn kernel(script: Vec<Said>) -> (Conversation, JoinHandle<Vec<Vec<u8>>>) {
        let (ours, theirs) = UnixDatagram::pair().expect("pair");
        let said = std::thread::spawn(move || {
            script
                .into_iter()
                .map(|say| {
                    let mut buffer = [0; 4096];
                    let length = theirs.recv(&mut buffer).expect("a request");
                    let sequence = u32::from_ne_bytes(buffer[8..12].try_into().expect("4"));
                    for datagram in datagrams(say, sequence) {
                        theirs.send(&datagram).expect("is heard");
                    }
                    buffer[16..length].to_vec()
                })
                .collect()
        });
        (Conversation::over(ours.into()), said)
    }

    fn datagrams(say: Said, sequence: u32) -> Vec<Vec<u8>> {
        match say {
            Said::Family => {
                let payload = [1, 2, 0, 0, 6, 0, 1, 0, FAMILY as u8, 0, 0, 0];
                vec![[framed(0x10, sequence, &payload), end(2, sequence, 0)].concat()]
            }
            Said::Errno(errno) => vec![end(2, sequence, errno)],
            Said::Dump(payloads) => {
                let mut all = vec![framed(FAMILY, sequence.wrapping_sub(1), &[1, 1, 0, 0])];
                all.extend(payloads.iter().map(|payload| framed(FAMILY, sequence, payload)));
                all.push(end(3, sequence, 0));
                all
            }
            Said::Nonsense => vec![vec![7; 9]],
        }
    }

    fn end(kind: u16, sequence: u32, errno: i32) -> Vec<u8> {
        framed(kind, sequence, &[&(-errno).to_ne_bytes()[..], &[0; 16]].concat())
    }

    fn framed(kind: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let length = (16 + payload.len()) as u32;
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 2]);
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }
}
