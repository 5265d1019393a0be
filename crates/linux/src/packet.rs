//! Ethernet frames in and out of one interface (packet(7)).

use crate::netlink::Netlink;
use crate::{rt, sockopt};
use base::Instant;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::AsFd;
use rustix::time::Timespec;
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type};
use std::io::{self, Read};
use std::time::Duration;
use wire::ethernet::Mac;

/// Room for the largest frame an ARP or neighbour message comes in.
const FRAME_LIMIT: usize = 1_522;

/// How long after a probe the same is asked again: the first may be lost, and a switch port that
/// has just come up may not forward yet.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// A socket for the frames of one protocol on one interface.
pub(crate) struct FrameSocket {
    socket: Socket,
    interface: libc::c_int,
    /// The interface's own hardware address.
    pub(crate) mac: Mac,
}

impl FrameSocket {
    /// Opens it for an ethertype of `wire::ethernet`.
    pub(crate) fn open(interface: &str, ethertype: u16) -> io::Result<Self> {
        let link = Netlink::open()?.interface(interface)?;
        let mac = link.mac.filter(|_| !link.loopback).ok_or_else(|| {
            let text = format!("interface {interface} has no Ethernet address");
            io::Error::new(io::ErrorKind::Unsupported, text)
        })?;
        // Opened for no protocol, so that nothing of other interfaces slips in before the bind.
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0)))?;
        socket.set_nonblocking(true)?;
        let interface = i32::try_from(link.index).unwrap_or(0);
        socket.bind(&address(interface, ethertype))?;
        Ok(Self { socket, interface, mac })
    }

    /// Makes the interface listen to a multicast hardware address too, while this is open.
    pub(crate) fn join(&self, group: Mac) -> io::Result<()> {
        let mut bytes = [0; 8];
        bytes[..6].copy_from_slice(&group.0);
        let membership = libc::packet_mreq {
            mr_ifindex: self.interface,
            mr_type: libc::PACKET_MR_MULTICAST as libc::c_ushort,
            mr_alen: 6,
            mr_address: bytes,
        };
        let fd = self.socket.as_fd();
        sockopt::set(fd, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &membership)
    }

    pub(crate) fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.socket.send(frame).map(|_| ())
    }

    /// Sends `question`, again and again while the window lasts, until `answer` finds one among
    /// the frames that come in.
    pub(crate) fn ask<T>(
        &self,
        question: &[u8],
        window: Duration,
        answer: impl Fn(&[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let mut buffer = [0; FRAME_LIMIT];
        let end = rt::now() + window;
        loop {
            self.send(question)?;
            let pause = (rt::now() + ASK_AGAIN).min(end);
            while self.wait(pause)? {
                while let Some(frame) = self.recv(&mut buffer)? {
                    if let Some(found) = answer(frame) {
                        return Ok(Some(found));
                    }
                    // A flood of other frames must not make the window longer.
                    if rt::now() >= end {
                        return Ok(None);
                    }
                }
            }
            if pause == end {
                return Ok(None);
            }
        }
    }

    /// Waits for a frame: false when `deadline` is reached first.
    fn wait(&self, deadline: Instant) -> io::Result<bool> {
        let left = deadline.since(rt::now());
        if left.is_zero() {
            return Ok(false);
        }
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&timeout)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// The next frame, without waiting.
    fn recv<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        match (&self.socket).read(buffer) {
            Ok(length) => Ok(Some(&buffer[..length])),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(None),
                _ => Err(error),
            },
        }
    }
}

fn address(interface: libc::c_int, ethertype: u16) -> SockAddr {
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: `sockaddr_ll` is smaller than the storage, which is made to hold any address.
    let link: &mut libc::sockaddr_ll = unsafe { storage.view_as() };
    link.sll_family = libc::AF_PACKET as libc::sa_family_t;
    link.sll_protocol = ethertype.to_be();
    link.sll_ifindex = interface;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the storage holds a `sockaddr_ll`, of that length.
    unsafe { SockAddr::new(storage, length) }
}
