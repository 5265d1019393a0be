//! The worker's side of the executor: numbers jobs and waits for their ends.

use super::{Ask, End, FRAME_MAX, Job, Tell, datagrams};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::UnixDatagram;
use tokio::sync::{oneshot, watch};

/// The worker's side: numbers jobs and waits for their ends.
pub(crate) struct Client {
    socket: UnixDatagram,
    last_id: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, oneshot::Sender<End>>>,
    ready: watch::Sender<bool>,
}

/// A program to run, before it has a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wanted {
    /// Absolute path and arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// When it is made to end.
    pub timeout: Duration,
}

impl Client {
    /// Greets the executor on this socket. `epoch` must grow from worker to worker: numbers of
    /// jobs begin there.
    ///
    /// # Errors
    /// When the socket can't be watched.
    pub(crate) fn new(socket: OwnedFd, epoch: u64) -> io::Result<Rc<Self>> {
        Ok(Rc::new(Self {
            socket: datagrams(socket)?,
            last_id: Cell::new(epoch),
            waiting: RefCell::default(),
            ready: watch::channel(false).0,
        }))
    }

    /// Takes the executor's answers in until it is gone.
    ///
    /// # Errors
    /// Those of the socket; `UnexpectedEof` when the executor is gone.
    pub(crate) async fn listen(self: Rc<Self>) -> io::Result<()> {
        let epoch = self.last_id.get();
        self.ask(&Ask::Hello { epoch }).await?;
        let mut buffer = vec![0; FRAME_MAX];
        loop {
            let length = self.socket.recv(&mut buffer).await?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match serde_json::from_slice(&buffer[..length]).map_err(io::Error::other)? {
                Tell::Ready { epoch: answered } if answered == epoch => {
                    self.ready.send_replace(true);
                }
                // For a worker before this one.
                Tell::Ready { .. } => {}
                Tell::Ended { id, end } => {
                    if let Some(waiter) = self.waiting.borrow_mut().remove(&id) {
                        let _ = waiter.send(end);
                    }
                }
            }
        }
    }

    async fn ask(&self, ask: &Ask) -> io::Result<()> {
        let frame = serde_json::to_vec(ask).map_err(io::Error::other)?;
        if frame.len() > FRAME_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "its environment is too long"));
        }
        self.socket.send(&frame).await.map(|_| ())
    }

    /// Runs a script as root to its end.
    pub(crate) async fn run(&self, wanted: Wanted) -> End {
        let (_, end) = self
            .begin(Job {
                id: 0,
                argv: wanted.argv,
                environment: wanted.environment,
                directory: "/".into(),
                user: None,
                group: None,
                further_groups: true,
                timeout_ms: u64::try_from(wanted.timeout.as_millis()).ok(),
                is_client: false,
            })
            .await;
        end.await
    }

    /// Starts a job; returns its number and what waits for its end.
    pub(crate) async fn begin(&self, mut job: Job) -> (u64, impl Future<Output = End> + use<>) {
        let mut ready = self.ready.subscribe();
        // Fails only when `self` is gone.
        let _ = ready.wait_for(|ready| *ready).await;
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        job.id = id;
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().insert(id, sender);
        let failed = self.ask(&Ask::Run(job)).await.err();
        if failed.is_some() {
            self.waiting.borrow_mut().remove(&id);
        }
        let end = async move {
            let lost = |how: String| End { code: None, signal: None, how, output: String::new() };
            match failed {
                Some(error) => lost(format!("could not be started: {error}")),
                None => {
                    receiver.await.unwrap_or_else(|_| lost("was lost with the executor".into()))
                }
            }
        };
        (id, end)
    }

    /// Asks a job to end; its end is told as any other.
    pub(crate) async fn terminate(&self, id: u64) {
        let _ = self.ask(&Ask::Terminate { id }).await;
    }
}
