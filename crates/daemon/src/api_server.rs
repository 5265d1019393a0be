//! The control socket of a role: requests of the `handover` commands, answered by its machine.
//!
//! Everybody on the host may read status; root and the group `haclient` may change things. Clients,
//! frames and followers are bounded.

use crate::frames::{self, refusal};
use crate::hub::Hub;
use crate::journal::Journal;
use crate::{clients, paths};
use api::{EventKind, NodeState, Reply, Request};
use base::NodeName;
use cluster::Input;
use linux::process::{Credentials, group_id, peer_credentials};
use std::cell::{Cell, RefCell};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;
use wire::heartbeat::Message;

/// Clients served at once; commands take milliseconds, followers a place each.
const CLIENTS_MAX: usize = 64;
/// A client that doesn't read its answer, or says nothing, is dropped after this.
const PATIENCE: Duration = Duration::from_secs(30);
/// A standby or takeover is answered when its scripts are done; a client waits no longer than
/// this.
const COMMAND_TIMEOUT: Duration = Duration::from_mins(10);
/// Nodes named in one request.
const NAMES_MAX: usize = 100;

/// A role that answers.
pub(crate) trait Service: 'static {
    /// Answers a request of somebody who may ask it; following events is done here.
    async fn answer(self: Rc<Self>, request: Request) -> Reply;
    /// The role's story.
    fn journal(&self) -> &RefCell<Journal>;
}

impl Service for Hub {
    async fn answer(self: Rc<Self>, request: Request) -> Reply {
        answer(&self, request).await
    }

    fn journal(&self) -> &RefCell<Journal> {
        &self.journal
    }
}

/// Opens the socket at `path`, replacing one that a predecessor left.
///
/// # Errors
/// Those of the file system.
pub(crate) fn listen(path: &str) -> io::Result<UnixListener> {
    std::fs::create_dir_all(paths::OWN_RUN_DIR)?;
    let path = Path::new(path);
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(listener)
}

/// Serves clients for ever.
pub(crate) async fn serve(role: Rc<impl Service>, listener: UnixListener) {
    let clients = Rc::new(Cell::new(0_usize));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: some will be free in a moment.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        if clients.get() >= CLIENTS_MAX {
            continue;
        }
        clients.set(clients.get() + 1);
        let (role, clients) = (Rc::clone(&role), Rc::clone(&clients));
        tokio::task::spawn_local(async move {
            // A client that goes away, or sends what is no frame, just ends.
            let _ = client(&role, stream).await;
            clients.set(clients.get() - 1);
        });
    }
}

async fn client(role: &Rc<impl Service>, stream: UnixStream) -> io::Result<()> {
    let may_change = may_change(peer_credentials(&stream)?).await;
    let (mut reader, mut writer) = stream.into_split();
    loop {
        let Ok(request) = timeout(PATIENCE, frames::read_request(&mut reader)).await else {
            return Ok(());
        };
        let request = match request? {
            None => return Ok(()),
            Some(Err(why)) => {
                send(&mut writer, &refusal(why)).await?;
                continue;
            }
            Some(Ok(request)) => request,
        };
        if let Request::Events { after, follow: true } = request {
            return follow(role.journal(), &mut writer, after).await;
        }
        let reply = if may_change || !changes(&request) {
            Rc::clone(role).answer(request).await
        } else {
            refusal(format!("only root and the group {} may do that", paths::ADMIN_GROUP))
        };
        send(&mut writer, &reply).await?;
    }
}

/// True for requests that change something.
const fn changes(request: &Request) -> bool {
    match request {
        Request::Status
        | Request::Events { .. }
        | Request::Parameter { .. }
        | Request::ClientStatus { .. } => false,
        Request::Standby { .. }
        | Request::Takeover { .. }
        | Request::AddNodes { .. }
        | Request::DeleteNodes { .. }
        | Request::Reload
        | Request::Stop { .. } => true,
    }
}

/// Looks the client up; the user database may be slow, so beside everything else.
async fn may_change(credentials: Credentials) -> bool {
    tokio::task::spawn_blocking(move || {
        credentials.uid == 0
            || matches!(group_id(paths::ADMIN_GROUP), Ok(Some(gid))
                if credentials.is_root_or_in(gid).unwrap_or(false))
    })
    .await
    .unwrap_or(false)
}

async fn answer(hub: &Rc<Hub>, request: Request) -> Reply {
    match request {
        Request::Status => match hub.status().await {
            Some(status) => Reply::Status(Box::new(status)),
            None => refusal("the daemon is stopping"),
        },
        Request::Events { after, .. } => {
            Reply::Events { events: hub.journal.borrow().after(after) }
        }
        Request::Standby { set } => command(hub, |request| Input::Standby { set, request }).await,
        Request::Takeover { set } => command(hub, |request| Input::Takeover { set, request }).await,
        Request::Parameter { name } => {
            Reply::Parameter { value: clients::parameter(&hub.settings().cluster, &name) }
        }
        Request::ClientStatus { node, client, timeout_ms } => {
            let patience = Duration::from_millis(timeout_ms).min(PATIENCE);
            let value = clients::status(hub, &node, &client, patience).await;
            Reply::Parameter { value: value.map(str::to_owned) }
        }
        Request::AddNodes { names } => node_list(hub, "addnode", names).await,
        Request::DeleteNodes { names } => node_list(hub, "delnode", names).await,
        Request::Reload => {
            hub.reload.notify_one();
            Reply::Done { text: "the configuration is being read again; see the log".into() }
        }
        Request::Stop { keep } => {
            hub.node.input(Input::Stop { keep });
            Reply::Done { text: "stopping".into() }
        }
    }
}

async fn command(hub: &Hub, input: impl FnOnce(u64) -> Input) -> Reply {
    let (number, answer) = hub.expect_answer();
    hub.node.input(input(number));
    match timeout(COMMAND_TIMEOUT, answer).await {
        Ok(Ok(Ok(text))) => Reply::Done { text },
        Ok(Ok(Err(text))) => refusal(text),
        Ok(Err(_)) => refusal("the daemon is stopping"),
        Err(_) => refusal(format!(
            "still under way after {} s; see `handover status`",
            COMMAND_TIMEOUT.as_secs()
        )),
    }
}

/// Tells the cluster about nodes that come or go (docs/ancestors/heartbeat.md §6.7).
async fn node_list(hub: &Rc<Hub>, kind: &str, names: Vec<String>) -> Reply {
    if names.is_empty() || names.len() > NAMES_MAX {
        return refusal(format!("name 1 to {NAMES_MAX} nodes"));
    }
    let Some(status) = hub.status().await else { return refusal("the daemon is stopping") };
    for name in &names {
        let folded = NodeName::from(name.as_str()).folded();
        let known =
            status.nodes.iter().find(|node| NodeName::from(node.name.as_str()).folded() == folded);
        match (kind, known) {
            ("delnode", None) => return refusal(format!("{name} is no node of this cluster")),
            ("delnode", Some(node)) if node.state != NodeState::Dead => {
                return refusal(format!("{name} is not dead: stop it first"));
            }
            ("addnode", Some(_)) => {
                return refusal(format!("{name} is a node of this cluster already"));
            }
            _ if name.is_empty()
                || name.contains(|c: char| c.is_whitespace() || c.is_control()) =>
            {
                return refusal(format!("`{}` is no node name", name.escape_debug()));
            }
            _ => {}
        }
    }
    let list = names.join(" ");
    let message = Message::of_type(kind).with("nodelist", &list);
    hub.node.input(Input::Inject { message });
    hub.forget_status();
    let text = if kind == "addnode" { "added" } else { "removed" };
    Reply::Done { text: format!("{text}: {list}") }
}

/// Sends what is kept, then every event as it comes, until the client goes.
async fn follow(
    journal: &RefCell<Journal>,
    writer: &mut OwnedWriteHalf,
    after: u64,
) -> io::Result<()> {
    let (mut news, mut sent) = {
        let journal = journal.borrow();
        (journal.follow(), journal.after(after))
    };
    let mut last = after;
    loop {
        if let Some(event) = sent.last() {
            last = event.id;
        }
        send(writer, &Reply::Events { events: std::mem::take(&mut sent) }).await?;
        sent = match news.recv().await {
            Ok(event) => {
                let stopped = event.kind == EventKind::Stopped;
                let events = vec![(*event).clone()];
                if stopped {
                    return send(writer, &Reply::Events { events }).await;
                }
                events
            }
            Err(RecvError::Lagged(_)) => journal.borrow().after(last),
            Err(RecvError::Closed) => return Ok(()),
        };
        sent.retain(|event| event.id > last);
    }
}

async fn send(writer: &mut OwnedWriteHalf, reply: &Reply) -> io::Result<()> {
    let frame = frames::encode(reply)?;
    match timeout(PATIENCE, writer.write_all(&frame)).await {
        Ok(written) => written,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::StandbySet;

    #[test]
    fn reading_is_free_and_changing_is_not() {
        assert!(!changes(&Request::Status));
        assert!(!changes(&Request::Events { after: 0, follow: false }));
        for request in [
            Request::Reload,
            Request::Stop { keep: false },
            Request::Standby { set: StandbySet::All },
            Request::AddNodes { names: vec![] },
        ] {
            assert!(changes(&request), "{request:?}");
        }
    }
}
