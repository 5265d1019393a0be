//! Adverts on their way in, many with one call, each with what its IP header said.

use super::{open, set_buffer};
use crate::sockopt;
use rustix::fd::{AsFd, AsRawFd, BorrowedFd};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockAddrStorage, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Packets taken with one call: under a flood other work has its turn after so many.
pub const BATCH: usize = 32;
/// Longest packet kept: an advert of 255 IPv6 addresses has 4,088 bytes, with a signed trailer
/// 4,116, and an IPv4 header up to 60. Longer ones are cut and so refused.
const PACKET_MAX: usize = 4_352;
/// Room for what waits to be read: the adverts of thousands of virtual routers.
const RECEIVE_BUFFER: i32 = 8 << 20;
/// The MTU where there is no interface to ask: Ethernet's.
const USUAL_MTU: u32 = 1500;
/// Room for the control messages of a packet, in words of their alignment.
const CONTROL: usize = 16;

/// Hears the packets of one protocol on one interface, or on all of them.
#[derive(Debug)]
pub struct Receiver {
    socket: Socket,
    interface: u32,
    /// What comes in begins with its IPv4 header: the kernel need not tell what stands there.
    has_header: bool,
}

/// What came in, as the kernel tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Incoming<'a> {
    /// Index of the interface it came in on.
    pub interface: u32,
    /// Who sent it.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// IPv4: header and payload. IPv6: the payload.
    pub bytes: &'a [u8],
}

/// Where packets are put: one for all receivers of a thread.
pub struct Room {
    packets: Vec<[u8; PACKET_MAX]>,
    controls: Vec<[u64; CONTROL]>,
    addresses: Vec<SockAddrStorage>,
}

impl Room {
    /// Room for one [`Receiver::receive`].
    pub fn new() -> Self {
        Self {
            packets: vec![[0; PACKET_MAX]; BATCH],
            controls: vec![[0; CONTROL]; BATCH],
            addresses: (0..BATCH).map(|_| SockAddrStorage::zeroed()).collect(),
        }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

impl Receiver {
    /// Opens it and joins these groups, which decide the family; without any it is IPv4 unless
    /// [`open_v6`](Self::open_v6) is used.
    ///
    /// # Errors
    /// `NotFound` for a missing interface, `PermissionDenied` without `CAP_NET_RAW`.
    pub fn open(interface: Option<&str>, protocol: u8, groups: &[IpAddr]) -> io::Result<Self> {
        Self::of_family(interface, protocol, groups, groups.first().is_some_and(IpAddr::is_ipv6))
    }

    /// The same for IPv6, with or without groups.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_v6(interface: Option<&str>, protocol: u8, groups: &[IpAddr]) -> io::Result<Self> {
        Self::of_family(interface, protocol, groups, true)
    }

    fn of_family(
        interface: Option<&str>,
        protocol: u8,
        groups: &[IpAddr],
        v6: bool,
    ) -> io::Result<Self> {
        let (socket, index) = open(v6, i32::from(protocol), interface)?;
        let fd = socket.as_fd();
        let (none, yes) = (0_i32, 1_i32);
        if v6 {
            sockopt::set(fd, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_ALL, &none)?;
            sockopt::set(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT, &yes)?;
            sockopt::set(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, &yes)?;
        } else {
            sockopt::set(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, &none)?;
            sockopt::set(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, &yes)?;
        }
        set_buffer(fd, libc::SO_RCVBUFFORCE, libc::SO_RCVBUF, RECEIVE_BUFFER);
        for group in groups {
            match group {
                IpAddr::V4(group) => {
                    socket.join_multicast_v4_n(group, &InterfaceIndexOrAddress::Index(index))?;
                }
                IpAddr::V6(group) => socket.join_multicast_v6(group, index)?,
            }
        }
        Ok(Self { socket, interface: index, has_header: !v6 })
    }

    /// Makes room for so many bytes, and so many times the MTU of the interface it hears on, within
    /// what the administrator allows (`net.core.rmem_max`). The kernel has a least size of its own.
    pub fn size_buffer(&self, interface: Option<&str>, bytes: u64, mtus: u64) {
        let mtu = interface.and_then(|name| mtu(self.socket.as_fd(), name)).unwrap_or(USUAL_MTU);
        let all = bytes.saturating_add(mtus.saturating_mul(u64::from(mtu)));
        let all = i32::try_from(all).unwrap_or(i32::MAX);
        // Never refused: what is too much is cut.
        let _ = sockopt::set(self.socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, &all);
    }

    /// Hears datagrams on a UDP port of every address of one family, on all interfaces. What comes
    /// in has no header before it.
    ///
    /// # Errors
    /// `AddrInUse` when another process hears there.
    pub fn udp(v6: bool, port: u16) -> io::Result<Self> {
        let domain = if v6 { Domain::IPV6 } else { Domain::IPV4 };
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        let fd = socket.as_fd();
        let yes = 1_i32;
        let any: SocketAddr = if v6 {
            socket.set_only_v6(true)?;
            sockopt::set(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT, &yes)?;
            sockopt::set(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, &yes)?;
            (Ipv6Addr::UNSPECIFIED, port).into()
        } else {
            sockopt::set(fd, libc::IPPROTO_IP, libc::IP_RECVTTL, &yes)?;
            sockopt::set(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, &yes)?;
            (Ipv4Addr::UNSPECIFIED, port).into()
        };
        socket.bind(&any.into())?;
        Ok(Self { socket, interface: 0, has_header: false })
    }

    /// Gives what has come to `each`, in order, a few dozen at most; says how many there were.
    /// 0: nothing is left.
    ///
    /// # Errors
    /// Those that the kernel had to tell about the interface (`ENETDOWN`), and `ENODEV` when it is
    /// gone.
    pub fn receive(
        &self,
        room: &mut Room,
        mut each: impl FnMut(Incoming<'_>),
    ) -> io::Result<usize> {
        let Room { packets, controls, addresses } = room;
        let mut pieces: Vec<libc::iovec> = packets
            .iter_mut()
            .map(|packet| libc::iovec { iov_base: packet.as_mut_ptr().cast(), iov_len: PACKET_MAX })
            .collect();
        let mut messages: Vec<libc::mmsghdr> = Vec::with_capacity(BATCH);
        for ((piece, control), address) in pieces.iter_mut().zip(controls).zip(addresses) {
            // SAFETY: `mmsghdr` is plain C data of numbers and pointers, for which zero is a value.
            let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
            message.msg_hdr.msg_name = std::ptr::from_mut(address).cast();
            message.msg_hdr.msg_namelen = size_of::<SockAddrStorage>() as libc::socklen_t;
            message.msg_hdr.msg_iov = piece;
            message.msg_hdr.msg_iovlen = 1;
            message.msg_hdr.msg_control = control.as_mut_ptr().cast();
            message.msg_hdr.msg_controllen = size_of_val(control);
            messages.push(message);
        }
        // SAFETY: every header points to a buffer, an address and a control block that live in
        // `room` through the call and until `each` has seen them, with their true lengths.
        let count = unsafe {
            libc::recvmmsg(
                self.socket.as_raw_fd(),
                messages.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let Ok(count) = usize::try_from(count) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(error),
            };
        };
        for (message, packet) in messages.iter().zip(&room.packets).take(count) {
            let length = (message.msg_len as usize).min(PACKET_MAX);
            let bytes = &packet[..length];
            let told = Told::read(&message.msg_hdr);
            let interface = if self.interface == 0 { told.interface } else { self.interface };
            let one = if self.has_header {
                let Some(one) = of_header(interface, bytes) else { continue };
                one
            } else {
                let (Some(source), Some(destination), Some(ttl)) =
                    (told.source, told.destination, told.hops)
                else {
                    continue;
                };
                Incoming { interface, source, destination, ttl, bytes }
            };
            each(one);
        }
        Ok(count)
    }
}

/// The longest packet of an interface.
fn mtu(socket: BorrowedFd<'_>, interface: &str) -> Option<u32> {
    // SAFETY: `ifreq` is plain C data of numbers, for which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte of the name stays 0.
    let room = request.ifr_name.len().saturating_sub(1);
    for (slot, byte) in request.ifr_name.iter_mut().take(room).zip(interface.bytes()) {
        *slot = libc::c_char::from_ne_bytes([byte]);
    }
    // SAFETY: the kernel reads the name, which ends with 0, and writes a number into the request,
    // which lives through the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFMTU, &raw mut request) };
    if done != 0 {
        return None;
    }
    // SAFETY: the kernel has written this part of the union.
    let mtu = unsafe { request.ifr_ifru.ifru_mtu };
    mtu.try_into().ok()
}

/// What an IPv4 header says; `None` for less than one.
fn of_header(interface: u32, bytes: &[u8]) -> Option<Incoming<'_>> {
    let header = bytes.first_chunk::<20>()?;
    let address = |at: usize| {
        IpAddr::from(Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]))
    };
    let (source, destination) = (address(12), address(16));
    Some(Incoming { interface, source, destination, ttl: header[8], bytes })
}

/// What the kernel tells beside a packet.
#[derive(Default)]
struct Told {
    interface: u32,
    source: Option<IpAddr>,
    destination: Option<IpAddr>,
    hops: Option<u8>,
}

impl Told {
    fn read(header: &libc::msghdr) -> Self {
        let mut told = Self::default();
        // SAFETY: the kernel wrote an address of `msg_namelen` bytes into storage made to hold any;
        // its family says which it is.
        unsafe {
            let family = *header.msg_name.cast::<libc::sa_family_t>();
            if i32::from(family) == libc::AF_INET6 {
                let address = &*header.msg_name.cast::<libc::sockaddr_in6>();
                told.source = Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into());
            } else if i32::from(family) == libc::AF_INET {
                let address = &*header.msg_name.cast::<libc::sockaddr_in>();
                told.source = Some(of_network_order(address.sin_addr));
            }
        }
        // SAFETY: the kernel wrote well-formed control messages of `msg_controllen` bytes; the
        // macros stay within them, and what lies behind is read unaligned at its true type.
        unsafe {
            let mut control = libc::CMSG_FIRSTHDR(header);
            while !control.is_null() {
                let data = libc::CMSG_DATA(control);
                match ((*control).cmsg_level, (*control).cmsg_type) {
                    (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT)
                    | (libc::IPPROTO_IP, libc::IP_TTL) => {
                        told.hops = u8::try_from(data.cast::<i32>().read_unaligned()).ok();
                    }
                    (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                        let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                        told.destination = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
                        told.interface = info.ipi6_ifindex;
                    }
                    (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                        let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                        told.interface = info.ipi_ifindex.cast_unsigned();
                        told.destination = Some(of_network_order(info.ipi_addr));
                    }
                    _ => {}
                }
                control = libc::CMSG_NXTHDR(header, control);
            }
        }
        told
    }
}

fn of_network_order(address: libc::in_addr) -> IpAddr {
    Ipv4Addr::from(address.s_addr.to_ne_bytes()).into()
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
