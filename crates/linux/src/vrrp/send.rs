//! Adverts on their way out, many with one call.

use super::{VRRP, hear_nothing, open, set_buffer};
use crate::sockopt;
use rustix::fd::{AsFd, AsRawFd};
use socket2::{SockAddr, Socket};
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// Adverts given to the kernel with one call; more take another.
const BATCH: usize = 128;
/// Room for what is on its way: the adverts of 255 virtual routers, as the kernel counts them.
const SEND_BUFFER: i32 = 1 << 20;
/// "Internetwork control" (RFC 4594, as docs/ancestors/keepalived.md §3.2 has it).
const TRAFFIC_CLASS: i32 = 0xc0;
/// Where the checksum stands in an advert (RFC 9568 §5.1).
const CHECKSUM_AT: i32 = 6;
/// Room for the two control messages of an IPv6 advert, in the units of their alignment.
const CONTROL: usize = 12;

/// Sends adverts of one family over one interface.
#[derive(Debug)]
pub struct Sender {
    socket: Socket,
    interface: u32,
    v6: bool,
}

/// An advert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outgoing<'a> {
    /// The group or the peer.
    pub destination: IpAddr,
    /// IPv6: the hop limit. IPv4 has it in the packet.
    pub ttl: u8,
    /// IPv6: the source address. IPv4 has it in the packet.
    pub source: IpAddr,
    /// IPv4: the packet with its header. IPv6: the payload, whose checksum the kernel fills.
    pub bytes: &'a [u8],
}

impl Sender {
    /// Opens it; without an interface the routes decide (unicast only).
    ///
    /// # Errors
    /// `NotFound` for a missing interface, `PermissionDenied` without `CAP_NET_RAW`.
    pub fn open(interface: Option<&str>, v6: bool) -> io::Result<Self> {
        let protocol = if v6 { i32::from(VRRP) } else { libc::IPPROTO_RAW };
        let (socket, index) = open(v6, protocol, interface)?;
        let fd = socket.as_fd();
        if v6 {
            hear_nothing(&socket)?;
            socket.set_multicast_loop_v6(false)?;
            sockopt::set(fd, libc::IPPROTO_IPV6, libc::IPV6_CHECKSUM, &CHECKSUM_AT)?;
            sockopt::set(fd, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, &TRAFFIC_CLASS)?;
            if index != 0 {
                socket.set_multicast_if_v6(index)?;
            }
        } else {
            socket.set_header_included_v4(true)?;
            socket.set_multicast_loop_v4(false)?;
            if index != 0 {
                let none = libc::in_addr { s_addr: 0 };
                let by = libc::ip_mreqn {
                    imr_multiaddr: none,
                    imr_address: none,
                    imr_ifindex: i32::try_from(index).unwrap_or(0),
                };
                sockopt::set(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &by)?;
            }
        }
        set_buffer(fd, libc::SO_SNDBUFFORCE, libc::SO_SNDBUF, SEND_BUFFER);
        Ok(Self { socket, interface: index, v6 })
    }

    /// Sends all of them, in order. Each that fails is told with its place in the list and the
    /// reason; the others go out all the same.
    pub fn send(&self, all: &[Outgoing<'_>], mut failed: impl FnMut(usize, io::Error)) {
        let mut done = 0;
        for batch in all.chunks(BATCH) {
            let mut rest = batch;
            while !rest.is_empty() {
                let sent = match self.send_batch(rest) {
                    Ok(sent) => sent.min(rest.len()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                    Err(error) => {
                        // It is always the first of those left that the kernel refused.
                        failed(done, error);
                        1
                    }
                };
                done += sent;
                rest = &rest[sent..];
            }
        }
    }

    /// One system call; says how many went out.
    fn send_batch(&self, batch: &[Outgoing<'_>]) -> io::Result<usize> {
        let addresses: Vec<SockAddr> = batch.iter().map(|one| self.address(one)).collect();
        let mut controls: Vec<[u64; CONTROL]> =
            vec![[0; CONTROL]; if self.v6 { batch.len() } else { 0 }];
        let mut pieces: Vec<libc::iovec> = batch
            .iter()
            .map(|one| libc::iovec {
                iov_base: one.bytes.as_ptr().cast_mut().cast(),
                iov_len: one.bytes.len(),
            })
            .collect();
        let mut messages: Vec<libc::mmsghdr> = Vec::with_capacity(batch.len());
        for (index, (address, piece)) in addresses.iter().zip(&mut pieces).enumerate() {
            // SAFETY: `mmsghdr` is plain C data of numbers and pointers, for which zero is a value.
            let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
            message.msg_hdr.msg_name = address.as_ptr().cast_mut().cast();
            message.msg_hdr.msg_namelen = address.len();
            message.msg_hdr.msg_iov = piece;
            message.msg_hdr.msg_iovlen = 1;
            if let Some(control) = controls.get_mut(index) {
                message.msg_hdr.msg_control = control.as_mut_ptr().cast();
                message.msg_hdr.msg_controllen = size_of_val(control);
                message.msg_hdr.msg_controllen =
                    write_control(&message.msg_hdr, &batch[index], self.interface);
            }
            messages.push(message);
        }
        let count = u32::try_from(messages.len()).unwrap_or(0);
        // SAFETY: every header points to an address, a piece and a control block that live in the
        // vectors above through the call, with their true lengths; the kernel only reads them and
        // writes `msg_len`.
        let sent = unsafe {
            libc::sendmmsg(
                self.socket.as_raw_fd(),
                messages.as_mut_ptr(),
                count,
                libc::MSG_DONTWAIT,
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    fn address(&self, one: &Outgoing<'_>) -> SockAddr {
        match one.destination {
            IpAddr::V4(ip) => SocketAddr::from((ip, 0)).into(),
            IpAddr::V6(ip) => {
                let local = ip.is_unicast_link_local() || ip.is_multicast();
                SocketAddrV6::new(ip, 0, 0, if local { self.interface } else { 0 }).into()
            }
        }
    }
}

/// Writes the hop limit and the source address of an IPv6 advert into the control block of its
/// header; returns how much of it is used.
fn write_control(header: &libc::msghdr, one: &Outgoing<'_>, interface: u32) -> libc::size_t {
    let IpAddr::V6(source) = one.source else { return 0 };
    let hops = i32::from(one.ttl);
    let info = libc::in6_pktinfo {
        ipi6_addr: libc::in6_addr { s6_addr: source.octets() },
        ipi6_ifindex: interface,
    };
    // SAFETY: the block has `CONTROL` words, more than the two messages take (24 and 40 bytes, as
    // the macros count them); both pointers are within it and aligned for a header, and the data
    // behind them is written unaligned.
    unsafe {
        let first = libc::CMSG_FIRSTHDR(header);
        (*first).cmsg_level = libc::IPPROTO_IPV6;
        (*first).cmsg_type = libc::IPV6_HOPLIMIT;
        (*first).cmsg_len = libc::CMSG_LEN(size_of_val(&hops) as u32) as libc::size_t;
        libc::CMSG_DATA(first).cast::<i32>().write_unaligned(hops);
        let second = libc::CMSG_NXTHDR(header, first);
        if second.is_null() {
            return libc::CMSG_SPACE(size_of_val(&hops) as u32) as libc::size_t;
        }
        (*second).cmsg_level = libc::IPPROTO_IPV6;
        (*second).cmsg_type = libc::IPV6_PKTINFO;
        (*second).cmsg_len = libc::CMSG_LEN(size_of_val(&info) as u32) as libc::size_t;
        libc::CMSG_DATA(second).cast::<libc::in6_pktinfo>().write_unaligned(info);
        (libc::CMSG_SPACE(size_of_val(&hops) as u32) + libc::CMSG_SPACE(size_of_val(&info) as u32))
            as libc::size_t
    }
}
