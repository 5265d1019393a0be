//! What the worker's ordinary tasks share. All of them run on one thread, so plain cells do.

use crate::channel::{NodeHandle, ToNode};
use crate::executor;
use crate::journal::{Journal, Told};
use crate::logs::Log;
use crate::real_time::moment;
use crate::settings::Settings;
use crate::state::Store;
use crate::watch::Held;
use api::{EventKind, Level, RoleStatus, Subject};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// A status this young is given to the next client too: whoever may read status can't keep the
/// real-time thread busy with it.
const STATUS_FRESH: Duration = Duration::from_millis(20);

/// Shared by the worker's tasks.
pub(crate) struct Hub {
    /// The node, on its own thread.
    pub node: NodeHandle,
    /// Runs scripts.
    pub executor: Rc<executor::Client>,
    /// The configuration in force.
    pub settings: RefCell<Rc<Settings>>,
    /// State on disk.
    pub store: Store,
    /// The story.
    pub journal: RefCell<Journal>,
    /// The log.
    pub log: RefCell<Log>,
    /// The addresses we put on interfaces.
    pub held: RefCell<Held>,
    /// Addresses that somebody else removed.
    pub(crate) lost: RefCell<crate::watch::Lost>,
    /// Addresses that nobody answered for lately.
    pub probed: RefCell<crate::builtin::Probed>,
    /// The clients of `respawn` lines.
    pub clients: RefCell<crate::respawn::Clients>,
    /// The programs that are signed on.
    pub desk: RefCell<crate::clients::Desk>,
    /// True once the socket for them was opened.
    pub(crate) serves_clients: Cell<bool>,
    /// Told when the configuration shall be read again.
    pub reload: Notify,
    last_request: Cell<u64>,
    answers: RefCell<BTreeMap<u64, oneshot::Sender<Result<String, String>>>>,
    statuses: RefCell<BTreeMap<u64, oneshot::Sender<RoleStatus>>>,
    latest_status: RefCell<Option<(base::Instant, RoleStatus)>>,
}

impl Hub {
    /// A hub without requests under way.
    pub(crate) fn new(
        node: NodeHandle,
        executor: Rc<executor::Client>,
        settings: Settings,
        store: Store,
        journal: Journal,
        log: Log,
    ) -> Rc<Self> {
        Rc::new(Self {
            node,
            executor,
            settings: RefCell::new(Rc::new(settings)),
            store,
            journal: RefCell::new(journal),
            log: RefCell::new(log),
            held: RefCell::default(),
            lost: RefCell::default(),
            probed: RefCell::default(),
            clients: RefCell::default(),
            desk: RefCell::default(),
            serves_clients: Cell::new(false),
            reload: Notify::new(),
            last_request: Cell::new(0),
            answers: RefCell::default(),
            statuses: RefCell::default(),
            latest_status: RefCell::default(),
        })
    }

    /// The configuration in force.
    pub(crate) fn settings(&self) -> Rc<Settings> {
        Rc::clone(&self.settings.borrow())
    }

    /// Writes one line to the log only.
    pub(crate) fn log(&self, level: Level, text: &str) {
        self.log.borrow_mut().write(linux::rt::wall(), level, text);
    }

    /// Tells an event of the node: log, journal, followers.
    pub(crate) fn take_event(&self, event: api::Event) {
        let event = self.journal.borrow_mut().take(event);
        self.log.borrow_mut().write(event.wall, event.level, &event.text);
    }

    /// Tells an event of the shell.
    pub(crate) fn tell(&self, told: Told) {
        let (at, wall) = moment();
        let event = self.journal.borrow_mut().tell(told, at, wall);
        self.log.borrow_mut().write(wall, event.level, &event.text);
    }

    /// Tells something about the daemon itself.
    pub(crate) fn notice(&self, level: Level, text: impl Into<String>) {
        self.tell(Told {
            level,
            kind: EventKind::Notice,
            subject: Subject::Cluster,
            group: None,
            text: text.into(),
        });
    }

    /// A number for a request, and what waits for its answer.
    pub(crate) fn expect_answer(&self) -> (u64, oneshot::Receiver<Result<String, String>>) {
        let number = self.next_number();
        let (sender, receiver) = oneshot::channel();
        let mut answers = self.answers.borrow_mut();
        answers.retain(|_, waiting| !waiting.is_closed());
        answers.insert(number, sender);
        (number, receiver)
    }

    /// Passes the answer to a request on.
    pub(crate) fn answer(&self, number: u64, result: Result<String, String>) {
        self.forget_status();
        if let Some(waiting) = self.answers.borrow_mut().remove(&number) {
            let _ = waiting.send(result);
        }
    }

    /// The role's status, as of the last [`STATUS_FRESH`]; `None` when the node doesn't answer.
    pub(crate) async fn status(&self) -> Option<RoleStatus> {
        if let Some((at, status)) = &*self.latest_status.borrow()
            && linux::rt::now().since(*at) < STATUS_FRESH
        {
            return Some(status.clone());
        }
        let number = self.next_number();
        let (sender, receiver) = oneshot::channel();
        self.statuses.borrow_mut().insert(number, sender);
        self.node.send(ToNode::Status(number));
        receiver.await.ok()
    }

    /// Something was changed on a client's request: its next question shall not be answered from
    /// before that.
    pub(crate) fn forget_status(&self) {
        *self.latest_status.borrow_mut() = None;
    }

    /// Passes a status on, completed by what only the shell knows.
    pub(crate) fn take_status(&self, number: u64, mut status: RoleStatus) {
        self.journal.borrow().complete(&mut status);
        *self.latest_status.borrow_mut() = Some((linux::rt::now(), status.clone()));
        if let Some(waiting) = self.statuses.borrow_mut().remove(&number) {
            let _ = waiting.send(status);
        }
    }

    /// A number that was not given before.
    pub(crate) fn next_number(&self) -> u64 {
        self.last_request.set(self.last_request.get() + 1);
        self.last_request.get()
    }
}
