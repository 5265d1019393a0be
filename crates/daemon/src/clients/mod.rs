//! The socket of Heartbeat's client library: programs sign on, ask about the cluster, hear what
//! happens and send messages of their own (docs/ancestors/heartbeat.md §6.2).
//!
//! All of it runs beside the other ordinary tasks, never on the real-time thread. `door` decides
//! who may sign on, `session` is one client's conversation, `answers` has the words of the answers,
//! `desk` knows who is signed on and passes messages on, `queue` and `pace` are the limits.

mod answers;
mod desk;
mod door;
mod pace;
mod queue;
mod session;
#[cfg(test)]
mod tests;

pub(crate) use answers::parameter;
pub(crate) use desk::Desk;

use crate::hub::Hub;
use crate::paths;
use api::{Level, NodeKind};
use cluster::Input;
use linux::process::{Credentials, peer_credentials};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use wire::heartbeat::Message;

/// How long to wait when the process is out of descriptors.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// Opens the socket and serves clients, once in the life of this process. As the ancestor does,
/// only when the cluster can be spoken to.
pub(crate) fn open(hub: &Rc<Hub>) {
    if hub.serves_clients.replace(true) {
        return;
    }
    match listen() {
        Ok(listener) => {
            tokio::task::spawn_local(accept(Rc::clone(hub), listener));
        }
        Err(error) => {
            let text = format!("clients can't sign on: {}: {error}", paths::CLIENT_SOCKET);
            hub.notice(Level::Error, text);
        }
    }
}

/// Everybody may connect; who may sign on is decided then.
fn listen() -> io::Result<UnixListener> {
    let path = Path::new(paths::CLIENT_SOCKET);
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777))?;
    Ok(listener)
}

async fn accept(hub: Rc<Hub>, listener: UnixListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
            continue;
        };
        let Ok(who) = peer_credentials(&stream) else { continue };
        let place = hub.desk.borrow_mut().connect(who.uid, linux::rt::now());
        let Some(wait) = place else {
            complain(&hub, who, "places", || "has no place: too many are connected".into());
            continue;
        };
        tokio::task::spawn_local(serve(Rc::clone(&hub), stream, who, wait));
    }
}

async fn serve(hub: Rc<Hub>, stream: UnixStream, who: Credentials, wait: Duration) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    session::run(&hub, stream, who).await;
    hub.desk.borrow_mut().disconnect(who.uid);
}

/// Writes what a client did wrong, each kind of it once a minute for each user.
fn complain(hub: &Hub, who: Credentials, kind: &'static str, text: impl FnOnce() -> String) {
    let now = linux::rt::now();
    let line = hub.desk.borrow_mut().complaints.count(kind, who.uid, now, text);
    if let Some(line) = line {
        let text = format!("client process {} of user {} {line}", who.pid, who.uid);
        hub.log(Level::Warning, &text);
    }
}

/// Passes a message of the cluster on to the clients it is for.
pub(crate) fn deliver(hub: &Hub, message: &Message) {
    if message.message_type() == Some("query-cstatus") {
        return answer_node(hub, message);
    }
    let format = hub.settings().cluster.format;
    hub.desk.borrow_mut().deliver(message, format);
}

/// Lets clients send, or has them wait.
pub(crate) fn pause(hub: &Hub, may_send: bool) {
    hub.desk.borrow().may_send.send_replace(may_send);
}

/// True while a client of this name is signed on here; ipfail may be built in.
pub(crate) fn is_online(hub: &Hub, name: &str) -> bool {
    name == "ipfail" && hub.settings().cluster.ipfail || hub.desk.borrow().is_online(name)
}

/// Another node asks about a client of ours.
fn answer_node(hub: &Hub, query: &Message) {
    let (Some(node), Some(name), Some(asks)) =
        (query.text("src"), query.text("cn"), query.text("from_id"))
    else {
        return;
    };
    let answer = Message::of_type("respond-cstatus")
        .with("dest", node)
        .with("result", "OK")
        .with("cn", name)
        .with("to_id", asks)
        .with("cs", online_word(is_online(hub, name)));
    hub.node.input(Input::Inject { message: answer });
}

/// Asks a node about a client; `asks` is the name under which the answer comes.
fn ask_node(hub: &Hub, node: &str, name: &str, asks: &str) {
    let query =
        Message::of_type("query-cstatus").with("dest", node).with("cn", name).with("from_id", asks);
    hub.node.input(Input::Inject { message: query });
}

const fn online_word(is_online: bool) -> &'static str {
    if is_online { "online" } else { "offline" }
}

/// Whether a client is signed on at a node, for our own commands. `None` if there is no such node
/// or it doesn't answer in time.
pub(crate) async fn status(
    hub: &Hub,
    node: &str,
    name: &str,
    timeout: Duration,
) -> Option<&'static str> {
    let status = hub.status().await?;
    let node = answers::find(&status, node)?;
    if node.is_me {
        return Some(online_word(is_online(hub, name)));
    }
    if node.kind == NodeKind::Ping {
        return Some(online_word(false));
    }
    // No client can have this name: it has a blank in it.
    let asks = format!("handover {}", hub.next_number());
    let answer = hub.desk.borrow_mut().question(&asks);
    ask_node(hub, &node.name, name, &asks);
    let is_online = tokio::time::timeout(timeout, answer).await.ok()?.ok()?;
    Some(online_word(is_online))
}
