//! The kernel's daemon that tells another balancer of its connections.

use crate::attributes::{Attributes, Malformed, Writer};
use std::net::IpAddr;

/// Attributes of the daemon.
const STATE: u16 = 1;
const INTERFACE: u16 = 2;
const SYNC_ID: u16 = 3;
const MAX_LEN: u16 = 4;
const GROUP: u16 = 5;
const GROUP6: u16 = 6;
const PORT: u16 = 7;
const TTL: u16 = 8;

/// Which half of the daemon.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SyncState {
    /// Tells.
    Master,
    /// Listens.
    Backup,
}

impl SyncState {
    const fn number(self) -> u32 {
        match self {
            Self::Master => 1,
            Self::Backup => 2,
        }
    }

    fn read(from: &Attributes<'_>) -> Result<Self, Malformed> {
        match from.u32(STATE)? {
            Some(1) => Ok(Self::Master),
            Some(2) => Ok(Self::Backup),
            _ => Err(Malformed("a sync daemon in an unknown state")),
        }
    }
}

/// A sync daemon. What is `None` is the kernel's to choose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Daemon {
    /// Which half.
    pub state: SyncState,
    /// The interface it speaks on.
    pub interface: String,
    /// Daemons of another number are not listened to.
    pub sync_id: u8,
    /// The longest datagram, in bytes.
    pub max_len: Option<u16>,
    /// UDP port.
    pub port: Option<u16>,
    /// How many routers its datagrams cross.
    pub ttl: Option<u8>,
    /// The multicast group they go to.
    pub group: Option<IpAddr>,
}

impl Daemon {
    pub(super) fn write(&self, out: &mut Writer) {
        out.u32(STATE, self.state.number());
        out.text(INTERFACE, &self.interface);
        out.u32(SYNC_ID, self.sync_id.into());
        if let Some(max_len) = self.max_len {
            out.u16(MAX_LEN, max_len);
        }
        // Unlike other ports in the machine's own order.
        if let Some(port) = self.port {
            out.u16(PORT, port);
        }
        if let Some(ttl) = self.ttl {
            out.u8(TTL, ttl);
        }
        match self.group {
            Some(IpAddr::V4(group)) => {
                out.put(GROUP, &group.octets());
            }
            Some(IpAddr::V6(group)) => {
                out.put(GROUP6, &group.octets());
            }
            None => {}
        }
    }

    pub(super) fn read(from: &Attributes<'_>) -> Result<Self, Malformed> {
        let v4 = from.octets::<4>(GROUP)?.map(IpAddr::from);
        let v6 = from.octets::<16>(GROUP6)?.map(IpAddr::from);
        Ok(Self {
            state: SyncState::read(from)?,
            interface: from.text(INTERFACE)?.ok_or(Malformed("a sync daemon without interface"))?,
            sync_id: sync_id(from)?,
            max_len: from.u16(MAX_LEN)?,
            port: from.u16(PORT)?,
            ttl: from.u8(TTL)?,
            group: v4.or(v6),
        })
    }
}

/// What ends one half of the daemon.
pub(super) fn write_end(state: SyncState, sync_id: u8, out: &mut Writer) {
    out.u32(STATE, state.number()).u32(SYNC_ID, sync_id.into());
}

/// Reads which half is to end.
pub(super) fn read_end(from: &Attributes<'_>) -> Result<(SyncState, u8), Malformed> {
    Ok((SyncState::read(from)?, sync_id(from)?))
}

fn sync_id(from: &Attributes<'_>) -> Result<u8, Malformed> {
    let id = from.u32(SYNC_ID)?.and_then(|id| u8::try_from(id).ok());
    id.ok_or(Malformed("a sync daemon without number"))
}
