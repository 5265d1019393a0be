//! What a node of ours tells about itself: its status and events, over its control socket.
//!
//! The question is asked by a process on the host itself (`lab ask`): a daemon knows its clients
//! by their process ids, and one of outside has none in the host.

use crate::host::Host;
use crate::peers::output;
use crate::world::own_program;
use anyhow::{Context, Result, bail, ensure};
use api::vrrp::VrrpReport;
use api::{Event, FRAME_MAX, PROTOCOL, Reply, Request, RoleStatus};
use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the control sockets of the roles are.
const SOCKETS: &str = "/run/handover";
/// The heartbeat role.
const HEARTBEAT: &str = "heartbeat";
/// The VRRP role.
const KEEPALIVED: &str = "keepalived";

/// All events a node's daemon still has, oldest first.
pub(crate) fn events(host: &Host) -> Result<Vec<Event>> {
    match ask_on(host, HEARTBEAT, &Request::Events { after: 0, follow: false })? {
        Reply::Events { events } => Ok(events),
        other => bail!("asked for events, the daemon answered {other:?}"),
    }
}

/// Its status.
pub(crate) fn status(host: &Host) -> Result<RoleStatus> {
    match ask_on(host, HEARTBEAT, &Request::Status)? {
        Reply::Status(status) => Ok(*status),
        other => bail!("asked for the status, the daemon answered {other:?}"),
    }
}

/// What a virtual router's daemon says of itself, its latest events with it.
pub(crate) fn router(host: &Host) -> Result<VrrpReport> {
    match ask_on(host, KEEPALIVED, &Request::Status)? {
        Reply::Vrrp(report) => Ok(*report),
        other => bail!("asked for the status, the daemon answered {other:?}"),
    }
}

fn ask_on(host: &Host, role: &str, request: &Request) -> Result<Reply> {
    let program = own_program()?.to_string_lossy().into_owned();
    let request = serde_json::to_string(request)?;
    let answer = output(&mut host.command(&[&program, "lab", "ask", role, &request])?)?;
    serde_json::from_slice(&answer.stdout).context("cannot understand the daemon's answer")
}

/// `lab ask ROLE REQUEST`, on a host: prints the daemon's answer.
///
/// # Errors
/// When there is no daemon, or it does not answer.
pub(crate) fn run(role: &str, request: &str) -> Result<()> {
    let request = serde_json::from_str(request).context("not a request")?;
    let reply = ask(&Path::new(SOCKETS).join(role).with_extension("sock"), &request)?;
    println!("{}", serde_json::to_string(&reply)?);
    Ok(())
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
