//! What the kernel is asked to do.

use super::daemon::{self, Daemon, SyncState};
use super::destination::Destination;
use super::service::{Service, ServiceKey};
use super::{HEADER_LEN, VERSION};
use crate::attributes::{Attributes, Malformed, Writer};

/// Commands of the family.
pub(super) mod number {
    pub(in super::super) const NEW_SERVICE: u8 = 1;
    pub(super) const SET_SERVICE: u8 = 2;
    pub(super) const DEL_SERVICE: u8 = 3;
    pub(super) const GET_SERVICE: u8 = 4;
    pub(in super::super) const NEW_DEST: u8 = 5;
    pub(super) const SET_DEST: u8 = 6;
    pub(super) const DEL_DEST: u8 = 7;
    pub(super) const GET_DEST: u8 = 8;
    pub(in super::super) const NEW_DAEMON: u8 = 9;
    pub(super) const DEL_DAEMON: u8 = 10;
    pub(super) const GET_DAEMON: u8 = 11;
    pub(in super::super) const SET_CONFIG: u8 = 12;
    pub(super) const GET_CONFIG: u8 = 13;
    pub(in super::super) const SET_INFO: u8 = 14;
    pub(super) const GET_INFO: u8 = 15;
    pub(super) const FLUSH: u8 = 17;
}

/// Attributes of messages.
pub(super) const SERVICE: u16 = 1;
pub(super) const DESTINATION: u16 = 2;
pub(super) const DAEMON: u16 = 3;
const TIMEOUT_TCP: u16 = 4;
const TIMEOUT_TCP_FIN: u16 = 5;
const TIMEOUT_UDP: u16 = 6;

/// How long the kernel remembers connections, in seconds. When set, 0 leaves one as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Timeouts {
    /// Idle TCP connections.
    pub tcp: u32,
    /// TCP connections after a FIN.
    pub tcp_fin: u32,
    /// Idle UDP conversations.
    pub udp: u32,
}

impl Timeouts {
    fn write(self, out: &mut Writer) {
        out.u32(TIMEOUT_TCP, self.tcp)
            .u32(TIMEOUT_TCP_FIN, self.tcp_fin)
            .u32(TIMEOUT_UDP, self.udp);
    }

    pub(super) fn read(from: &Attributes<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            tcp: from.u32(TIMEOUT_TCP)?.unwrap_or(0),
            tcp_fin: from.u32(TIMEOUT_TCP_FIN)?.unwrap_or(0),
            udp: from.u32(TIMEOUT_UDP)?.unwrap_or(0),
        })
    }
}

/// What the kernel is asked to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Add a service; fails with `EEXIST` if it is there.
    NewService(Service),
    /// Change one.
    SetService(Service),
    /// Remove one with its destinations.
    DelService(Service),
    /// Tell all services.
    GetServices,
    /// Add a destination to a service, named as [`Service::of_destinations`] does.
    NewDestination(Service, Destination),
    /// Change one; fails with `ENOENT` if it isn't there.
    SetDestination(Service, Destination),
    /// Remove one.
    DelDestination(Service, Destination),
    /// Tell a service's destinations.
    GetDestinations(ServiceKey),
    /// Start a sync daemon.
    NewDaemon(Daemon),
    /// Stop it.
    DelDaemon {
        /// Which half.
        state: SyncState,
        /// Its number.
        sync_id: u8,
    },
    /// Tell the sync daemons.
    GetDaemons,
    /// Change the timeouts.
    SetTimeouts(Timeouts),
    /// Tell them.
    GetTimeouts,
    /// Tell version and size of the table.
    GetInfo,
    /// Remove all services.
    Flush,
}

impl Command {
    /// Whether many messages answer it, the last of which says so.
    pub const fn is_dump(&self) -> bool {
        matches!(self, Self::GetServices | Self::GetDestinations(_) | Self::GetDaemons)
    }

    const fn number(&self) -> u8 {
        match self {
            Self::NewService(_) => number::NEW_SERVICE,
            Self::SetService(_) => number::SET_SERVICE,
            Self::DelService(_) => number::DEL_SERVICE,
            Self::GetServices => number::GET_SERVICE,
            Self::NewDestination(..) => number::NEW_DEST,
            Self::SetDestination(..) => number::SET_DEST,
            Self::DelDestination(..) => number::DEL_DEST,
            Self::GetDestinations(_) => number::GET_DEST,
            Self::NewDaemon(_) => number::NEW_DAEMON,
            Self::DelDaemon { .. } => number::DEL_DAEMON,
            Self::GetDaemons => number::GET_DAEMON,
            Self::SetTimeouts(_) => number::SET_CONFIG,
            Self::GetTimeouts => number::GET_CONFIG,
            Self::GetInfo => number::GET_INFO,
            Self::Flush => number::FLUSH,
        }
    }

    /// The message: generic netlink header and attributes, without the netlink header.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::after(vec![self.number(), VERSION, 0, 0]);
        match self {
            Self::NewService(service) | Self::SetService(service) | Self::DelService(service) => {
                out.nested(SERVICE, |out| service.write(out));
            }
            Self::NewDestination(service, destination)
            | Self::SetDestination(service, destination)
            | Self::DelDestination(service, destination) => {
                out.nested(SERVICE, |out| service.write(out));
                out.nested(DESTINATION, |out| destination.write(out));
            }
            Self::GetDestinations(key) => {
                out.nested(SERVICE, |out| key.write(out));
            }
            Self::NewDaemon(daemon) => {
                out.nested(DAEMON, |out| daemon.write(out));
            }
            Self::DelDaemon { state, sync_id } => {
                out.nested(DAEMON, |out| daemon::write_end(*state, *sync_id, out));
            }
            Self::SetTimeouts(timeouts) => timeouts.write(&mut out),
            Self::GetServices
            | Self::GetDaemons
            | Self::GetTimeouts
            | Self::GetInfo
            | Self::Flush => {}
        }
        out.into_bytes()
    }

    /// Reads a message that [`Self::encode`] or keepalived made.
    ///
    /// # Errors
    ///
    /// When it is another message, or lacks something.
    pub fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let (command, attributes) = open(message)?;
        let nested = |kind, missing| Attributes::parse(attributes.need(kind, missing)?);
        let service = || Service::read(&nested(SERVICE, "no service")?);
        let destination = || {
            let service = service()?;
            let destination = nested(DESTINATION, "no destination")?;
            let destination = Destination::read(&destination, service.key.family())?;
            Ok((service, destination))
        };
        match command {
            number::NEW_SERVICE => service().map(Self::NewService),
            number::SET_SERVICE => service().map(Self::SetService),
            number::DEL_SERVICE => service().map(Self::DelService),
            number::GET_SERVICE => Ok(Self::GetServices),
            number::NEW_DEST => destination().map(|(s, d)| Self::NewDestination(s, d)),
            number::SET_DEST => destination().map(|(s, d)| Self::SetDestination(s, d)),
            number::DEL_DEST => destination().map(|(s, d)| Self::DelDestination(s, d)),
            number::GET_DEST => {
                ServiceKey::read(&nested(SERVICE, "no service")?).map(Self::GetDestinations)
            }
            number::NEW_DAEMON => {
                Daemon::read(&nested(DAEMON, "no sync daemon")?).map(Self::NewDaemon)
            }
            number::DEL_DAEMON => {
                let (state, sync_id) = daemon::read_end(&nested(DAEMON, "no sync daemon")?)?;
                Ok(Self::DelDaemon { state, sync_id })
            }
            number::GET_DAEMON => Ok(Self::GetDaemons),
            number::SET_CONFIG => Timeouts::read(&attributes).map(Self::SetTimeouts),
            number::GET_CONFIG => Ok(Self::GetTimeouts),
            number::GET_INFO => Ok(Self::GetInfo),
            number::FLUSH => Ok(Self::Flush),
            _ => Err(Malformed("an unknown command")),
        }
    }
}

/// The command and attributes of a message.
pub(super) fn open(message: &[u8]) -> Result<(u8, Attributes<'_>), Malformed> {
    let short = Malformed("shorter than its header");
    let (&[command, version, _, _], rest) =
        message.split_first_chunk::<HEADER_LEN>().ok_or(short)?;
    if version != VERSION {
        return Err(Malformed("an unknown version"));
    }
    Ok((command, Attributes::parse(rest)?))
}
