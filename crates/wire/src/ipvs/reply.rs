//! What the kernel answers.

use super::command::{self, DAEMON, DESTINATION, SERVICE, Timeouts, number};
use super::daemon::Daemon;
use super::destination::{self, Destination};
use super::service::{self, Family, Service};
use crate::attributes::{Attributes, Malformed};

/// Attributes of the kernel's description of itself.
const INFO_VERSION: u16 = 1;
const INFO_TABLE_SIZE: u16 = 2;
/// Attributes of counters.
const CONNECTIONS: u16 = 1;
const PACKETS_IN: u16 = 2;
const PACKETS_OUT: u16 = 3;
const BYTES_IN: u16 = 4;
const BYTES_OUT: u16 = 5;

/// What the kernel has counted for a service or destination since it was added.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Connections.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients; the balancer sees them with NAT only.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients.
    pub bytes_out: u64,
}

impl Counters {
    /// Reads the wide counters, or the old ones of kernels before 4.1, in which all but the
    /// bytes wrap at 2^32.
    fn read(from: &Attributes<'_>, wide: u16, narrow: u16) -> Result<Self, Malformed> {
        if let Some(stats) = from.get(wide) {
            let stats = Attributes::parse(stats)?;
            let count = |kind| Ok(stats.u64(kind)?.unwrap_or(0));
            return Ok(Self {
                connections: count(CONNECTIONS)?,
                packets_in: count(PACKETS_IN)?,
                packets_out: count(PACKETS_OUT)?,
                bytes_in: count(BYTES_IN)?,
                bytes_out: count(BYTES_OUT)?,
            });
        }
        let Some(stats) = from.get(narrow) else { return Ok(Self::default()) };
        let stats = Attributes::parse(stats)?;
        let count = |kind| Ok(stats.u32(kind)?.unwrap_or(0).into());
        Ok(Self {
            connections: count(CONNECTIONS)?,
            packets_in: count(PACKETS_IN)?,
            packets_out: count(PACKETS_OUT)?,
            bytes_in: stats.u64(BYTES_IN)?.unwrap_or(0),
            bytes_out: stats.u64(BYTES_OUT)?.unwrap_or(0),
        })
    }
}

/// What the kernel's balancer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Info {
    /// Its version, a byte each.
    pub version: [u8; 3],
    /// Slots of the connection table.
    pub table_size: u32,
}

/// What the kernel answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// One service of a dump.
    Service(Service, Counters),
    /// One destination of a dump.
    Destination {
        /// What was configured.
        destination: Destination,
        /// Connections that carry data.
        active: u32,
        /// Connections that are about to end, or UDP.
        inactive: u32,
        /// Clients that stay with it.
        persistent: u32,
        /// What was counted.
        counters: Counters,
    },
    /// One sync daemon of a dump.
    Daemon(Daemon),
    /// The timeouts.
    Timeouts(Timeouts),
    /// What the balancer is.
    Info(Info),
}

impl Reply {
    /// Reads a message of the kernel, without its netlink header. `family` is that of the
    /// service whose destinations were asked for, for kernels whose answer doesn't say.
    ///
    /// # Errors
    ///
    /// When it is another message, or lacks something.
    pub fn decode(message: &[u8], family: Family) -> Result<Self, Malformed> {
        let (command, attributes) = command::open(message)?;
        let nested = |kind, missing| Attributes::parse(attributes.need(kind, missing)?);
        match command {
            number::NEW_SERVICE => {
                let from = nested(SERVICE, "no service")?;
                let counters = Counters::read(&from, service::STATS64, service::STATS)?;
                Ok(Self::Service(Service::read(&from)?, counters))
            }
            number::NEW_DEST => Self::destination(&nested(DESTINATION, "no destination")?, family),
            number::NEW_DAEMON => {
                Daemon::read(&nested(DAEMON, "no sync daemon")?).map(Self::Daemon)
            }
            number::SET_CONFIG => Timeouts::read(&attributes).map(Self::Timeouts),
            number::SET_INFO => {
                let version = attributes.u32(INFO_VERSION)?;
                let [_, version @ ..] = version.ok_or(Malformed("no version"))?.to_be_bytes();
                let table_size = attributes.u32(INFO_TABLE_SIZE)?;
                let table_size = table_size.ok_or(Malformed("no size of the table"))?;
                Ok(Self::Info(Info { version, table_size }))
            }
            _ => Err(Malformed("an unknown answer")),
        }
    }

    fn destination(from: &Attributes<'_>, family: Family) -> Result<Self, Malformed> {
        Ok(Self::Destination {
            destination: Destination::read(from, family)?,
            active: from.u32(destination::ACTIVE)?.unwrap_or(0),
            inactive: from.u32(destination::INACTIVE)?.unwrap_or(0),
            persistent: from.u32(destination::PERSISTENT)?.unwrap_or(0),
            counters: Counters::read(from, destination::STATS64, destination::STATS)?,
        })
    }
}
