//! What a node of ours tells about itself: its status and events, over its control socket.

use anyhow::{Context, Result, bail, ensure};
use api::{Event, FRAME_MAX, PROTOCOL, Reply, Request, RoleStatus};
use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The control socket of the heartbeat role, below a host's root.
pub(crate) const SOCKET: &str = "run/handover/heartbeat.sock";

/// All events a daemon still has, oldest first.
pub(crate) fn events(socket: &Path) -> Result<Vec<Event>> {
    match ask(socket, &Request::Events { after: 0, follow: false })? {
        Reply::Events { events } => Ok(events),
        other => bail!("asked for events, the daemon answered {other:?}"),
    }
}

/// Its status.
pub(crate) fn status(socket: &Path) -> Result<RoleStatus> {
    match ask(socket, &Request::Status)? {
        Reply::Status(status) => Ok(*status),
        other => bail!("asked for the status, the daemon answered {other:?}"),
    }
}

fn ask(socket: &Path, request: &Request) -> Result<Reply> {
    let mut stream = UnixStream::connect(socket)
        .with_context(|| format!("cannot reach the daemon at {}", socket.display()))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut object = serde_json::to_value(request)?;
    object["v"] = Value::from(PROTOCOL);
    let frame = serde_json::to_vec(&object)?;
    stream.write_all(&u32::try_from(frame.len())?.to_le_bytes())?;
    stream.write_all(&frame)?;
    let mut length = [0_u8; 4];
    stream.read_exact(&mut length).context("the daemon hung up")?;
    let length = u32::from_le_bytes(length) as usize;
    ensure!(length <= FRAME_MAX, "the daemon announced a frame of {length} bytes");
    let mut frame = vec![0_u8; length];
    stream.read_exact(&mut frame).context("the daemon hung up")?;
    serde_json::from_slice(&frame).context("cannot understand the daemon's answer")
}
