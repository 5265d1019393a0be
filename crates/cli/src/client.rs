//! The client's end of the roles' sockets, `/run/handover/heartbeat.sock` and
//! `/run/handover/keepalived.sock`.
//!
//! A frame is a `u32` little-endian length and that many bytes of JSON: the fields of
//! [`api::Request`] or [`api::Reply`] and the protocol's version as `v`.

use crate::console::Stop;
use crate::exit::Exit;
use api::{FRAME_MAX, PROTOCOL, Reply, Request};
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the heartbeat role listens.
pub const SOCKET: &str = "/run/handover/heartbeat.sock";

/// Where the role of virtual routers listens.
pub const KEEPALIVED_SOCKET: &str = "/run/handover/keepalived.sock";

/// How long a question about the state may take. The daemon answers from memory; `cl_status` of
/// Heartbeat gives up after the same 5 s (`docs/ancestors/heartbeat.md §6.6`).
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Something that answers requests: the daemon, or a test.
pub trait Ask {
    /// Asks and waits for one reply.
    ///
    /// # Errors
    /// [`AskError::NotRunning`] when nobody listens, else what went wrong on the way.
    fn ask(&mut self, request: &Request) -> Result<Reply, AskError>;
}

/// Why there is no answer.
#[derive(Debug)]
pub enum AskError {
    /// Nobody listens on the socket.
    NotRunning(PathBuf),
    /// We may not open the socket.
    Forbidden(PathBuf),
    /// No answer in time.
    Late(Duration),
    /// The connection broke, or what came back was not the protocol.
    Broken(String),
}

impl std::fmt::Display for AskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotRunning(path) => {
                let role = role_of(path);
                write!(
                    f,
                    "{role} does not run on this machine (nobody listens on {}); \
                     start it with: systemctl start {role}",
                    path.display()
                )
            }
            Self::Forbidden(path) => write!(
                f,
                "no permission to open {}; be root or a member of the group haclient",
                path.display()
            ),
            Self::Late(patience) => {
                write!(f, "the daemon did not answer within {} s", patience.as_secs())
            }
            Self::Broken(how) => write!(f, "the conversation with the daemon broke off: {how}"),
        }
    }
}

/// The role that listens on a socket, by the socket's name.
fn role_of(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("the daemon")
}

impl From<AskError> for Stop {
    fn from(error: AskError) -> Self {
        let exit = match error {
            AskError::NotRunning(_) => Exit::NotRunning,
            _ => Exit::Failed,
        };
        Self::Because(error.to_string(), exit)
    }
}

/// One frame's JSON: the version beside the fields of the body.
#[derive(Serialize, Deserialize)]
struct Frame<T> {
    v: u32,
    #[serde(flatten)]
    body: T,
}

/// A connection to the daemon, opened at the first question.
pub struct Client {
    path: PathBuf,
    patience: Option<Duration>,
    stream: Option<UnixStream>,
}

impl Client {
    /// A client of the socket at `path`. `patience` bounds each wait for a reply; `None` waits
    /// for as long as the daemon lives (standby: as long as the scripts need).
    pub fn new(path: impl AsRef<Path>, patience: Option<Duration>) -> Self {
        Self { path: path.as_ref().to_owned(), patience, stream: None }
    }

    /// Sends a request without waiting.
    ///
    /// # Errors
    /// As [`Ask::ask`].
    pub fn send(&mut self, request: &Request) -> Result<(), AskError> {
        let frame = Frame { v: PROTOCOL, body: request };
        let json = serde_json::to_vec(&frame).map_err(|e| AskError::Broken(e.to_string()))?;
        let length = u32::try_from(json.len()).map_err(|e| AskError::Broken(e.to_string()))?;
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend_from_slice(&json);
        let patience = self.patience;
        self.connected()?.write_all(&bytes).map_err(|e| broken(e, patience))
    }

    /// Waits for the next reply; `None` when the daemon closed the stream between two frames.
    ///
    /// # Errors
    /// As [`Ask::ask`].
    pub fn receive(&mut self) -> Result<Option<Reply>, AskError> {
        let patience = self.patience;
        let stream = self.connected()?;
        let mut length = [0; 4];
        match stream.read(&mut length[..1]) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(broken(error, patience)),
        }
        stream.read_exact(&mut length[1..]).map_err(|e| broken(e, patience))?;
        let length = u32::from_le_bytes(length) as usize;
        if length > FRAME_MAX {
            return Err(AskError::Broken(format!("a frame of {length} bytes is too long")));
        }
        let mut json = vec![0; length];
        stream.read_exact(&mut json).map_err(|e| broken(e, patience))?;
        decode(&json).map(Some)
    }

    fn connected(&mut self) -> Result<&mut UnixStream, AskError> {
        if self.stream.is_none() {
            let stream = UnixStream::connect(&self.path).map_err(|e| self.refused(&e))?;
            stream
                .set_read_timeout(self.patience)
                .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
                .map_err(|e| AskError::Broken(e.to_string()))?;
            self.stream = Some(stream);
        }
        self.stream.as_mut().ok_or_else(|| AskError::NotRunning(self.path.clone()))
    }

    fn refused(&self, error: &io::Error) -> AskError {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                AskError::NotRunning(self.path.clone())
            }
            io::ErrorKind::PermissionDenied => AskError::Forbidden(self.path.clone()),
            _ => AskError::Broken(error.to_string()),
        }
    }
}

impl Ask for Client {
    fn ask(&mut self, request: &Request) -> Result<Reply, AskError> {
        self.send(request)?;
        self.receive()?.ok_or_else(|| AskError::Broken("the daemon closed the connection".into()))
    }
}

/// Reads a reply; a daemon of another version is named as such before its fields are believed.
fn decode(json: &[u8]) -> Result<Reply, AskError> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let bad = |e: serde_json::Error| AskError::Broken(format!("not understood: {e}"));
    let Version { v } = serde_json::from_slice(json).map_err(bad)?;
    if v != PROTOCOL {
        return Err(AskError::Broken(format!(
            "the daemon speaks version {v} of the protocol, this command version {PROTOCOL}; \
             restart the daemon after an upgrade: handover restart --keep"
        )));
    }
    let frame: Frame<Reply> = serde_json::from_slice(json).map_err(bad)?;
    Ok(frame.body)
}

fn broken(error: io::Error, patience: Option<Duration>) -> AskError {
    match (error.kind(), patience) {
        (io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut, Some(patience)) => {
            AskError::Late(patience)
        }
        _ => AskError::Broken(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// A daemon that reads one request and answers with these bytes as one frame.
    fn daemon(answer: &'static str) -> (tempfile::TempDir, Client) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("sock");
        let listener = UnixListener::bind(&path).expect("bind");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("accept");
            let mut length = [0; 4];
            stream.read_exact(&mut length).expect("length");
            let mut json = vec![0; u32::from_le_bytes(length) as usize];
            stream.read_exact(&mut json).expect("body");
            assert!(String::from_utf8_lossy(&json).contains(r#""v":1"#));
            let length = u32::try_from(answer.len()).expect("short").to_le_bytes();
            stream.write_all(&[&length[..], answer.as_bytes()].concat()).expect("answer");
        });
        (dir, Client::new(path, Some(PATIENCE)))
    }

    #[test]
    fn a_question_gets_its_answer() {
        let (_dir, mut client) = daemon(r#"{"v":1,"reply":"parameter","value":"1"}"#);
        let reply = client.ask(&Request::Parameter { name: "keepalive".into() }).expect("reply");
        assert_eq!(reply, Reply::Parameter { value: Some("1".into()) });
    }

    #[test]
    fn a_daemon_of_another_version_is_named() {
        let (_dir, mut client) = daemon(r#"{"v":9,"reply":"novel"}"#);
        let error = client.ask(&Request::Status).expect_err("other version");
        assert!(error.to_string().contains("version 9"), "{error}");
    }

    #[test]
    fn nobody_listening_means_not_running() {
        let mut client = Client::new("/nonexistent/sock", Some(PATIENCE));
        assert!(matches!(client.ask(&Request::Status), Err(AskError::NotRunning(_))));
    }
}
