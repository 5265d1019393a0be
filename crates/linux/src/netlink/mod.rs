//! Links, addresses and routes of this network namespace, asked and changed over rtnetlink.
//!
//! Every call is one short conversation with the kernel and blocks only for it (measured: 200
//! addresses in some 5 ms). A change is done when the call returns; a refusal is the kernel's
//! own errno. Changes that others make are told by a [`Monitor`].

mod address;
mod link;
mod monitor;
mod route;
mod routing;

pub use address::{Address, Details, NewAddress};
pub use link::Interface;
pub use monitor::{Change, Monitor};
pub use route::{Nearest, NewRoute, Route};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use std::io;

/// One receive holds at most this much: the kernel fills dumps in pieces of 32 KiB.
const RECEIVE_LIMIT: usize = 64 * 1024;
/// Length and alignment of a netlink header (`linux/netlink.h`).
const HEADER_LEN: usize = 16;

/// A conversation with the kernel about one network namespace: that of the thread that opened it,
/// whatever thread uses it later.
pub struct Netlink {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Netlink {
    /// Opens the conversation.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(Self { socket, sequence: 0, buffer: vec![0; RECEIVE_LIMIT] })
    }

    /// Asks for a change and waits until it is made or refused.
    fn change(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.send(message, NLM_F_ACK | flags)?;
        self.answers(true, |_| {})
    }

    /// The same with a message that is written already.
    fn change_raw(&mut self, kind: u16, flags: u16, payload: &[u8]) -> io::Result<()> {
        let length = HEADER_LEN.saturating_add(payload.len());
        self.sequence = self.sequence.wrapping_add(1);
        let mut bytes = u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes().to_vec();
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&(NLM_F_REQUEST | NLM_F_ACK | flags).to_ne_bytes());
        bytes.extend_from_slice(&self.sequence.to_ne_bytes());
        // The port is the kernel's to know.
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(payload);
        self.socket.send(&bytes, 0)?;
        self.answers(true, |_| {})
    }

    /// Asks for everything of a kind and gives each piece to `each`.
    fn dump(
        &mut self,
        message: RouteNetlinkMessage,
        each: impl FnMut(RouteNetlinkMessage),
    ) -> io::Result<()> {
        self.send(message, NLM_F_DUMP)?;
        self.answers(true, each)
    }

    /// Asks for one thing.
    fn query(&mut self, message: RouteNetlinkMessage) -> io::Result<Option<RouteNetlinkMessage>> {
        self.send(message, 0)?;
        let mut found = None;
        self.answers(false, |answer| found = Some(answer))?;
        Ok(found)
    }

    fn send(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = self.sequence;
        let mut request = NetlinkMessage::new(header, NetlinkPayload::from(message));
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.socket.send(&bytes, 0)?;
        Ok(())
    }

    /// Reads answers to the last request up to its end: an acknowledgement, an error, the end of
    /// a dump, or, unless `to_the_end`, the first piece. What belongs to an earlier request that
    /// failed halfway is passed over.
    fn answers(
        &mut self,
        to_the_end: bool,
        mut each: impl FnMut(RouteNetlinkMessage),
    ) -> io::Result<()> {
        loop {
            let length = receive(&self.socket, &mut self.buffer)?;
            for message in parse(&self.buffer[..length]) {
                if message.header.sequence_number != self.sequence {
                    continue;
                }
                match message.payload {
                    NetlinkPayload::Error(error) if error.code.is_some() => {
                        return Err(error.to_io());
                    }
                    NetlinkPayload::Done(_) | NetlinkPayload::Error(_) => return Ok(()),
                    NetlinkPayload::InnerMessage(inner) => {
                        each(inner);
                        if !to_the_end {
                            return Ok(());
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// One datagram into `buffer`. `MSG_TRUNC` would tell a longer one; it can't happen within
/// [`RECEIVE_LIMIT`].
fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let mut window = &mut buffer[..];
        match socket.recv(&mut window, 0) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// The messages in one datagram. What this version of the codec can't read is left out: newer
/// kernels say more than we ask.
fn parse(mut bytes: &[u8]) -> Vec<NetlinkMessage<RouteNetlinkMessage>> {
    let mut messages = Vec::new();
    while let Some(&length) = bytes.first_chunk::<4>() {
        let length = u32::from_ne_bytes(length) as usize;
        if length < HEADER_LEN || length > bytes.len() {
            break;
        }
        if let Ok(message) = NetlinkMessage::deserialize(&bytes[..length]) {
            messages.push(message);
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    messages
}

/// What is not there, in the words of whoever looked for it.
fn missing(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, what)
}
