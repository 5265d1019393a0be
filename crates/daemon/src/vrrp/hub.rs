//! What the ordinary tasks of the VRRP role share. All of them run on one thread, so plain cells
//! do.

use super::addresses::{Announcers, Held};
use super::barrier::Closed;
use super::dump::Baseline;
use super::fifo::Fifos;
use super::heard;
use super::mail::Mailbox;
use super::real_time::ToRole;
use super::routes::Placed;
use super::serial::Serial;
use super::settings::Settings;
use super::watch::World;
use crate::channel::NodeHandle;
use crate::environment::PATH;
use crate::executor::{self, End, Job};
use crate::journal::{Journal, Told};
use crate::logs::Log;
use crate::lvs::Servers;
use crate::real_time::moment;
use api::vrrp::VrrpStatus;
use api::{EventKind, Level};
use linux::netlink::Netlink;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use vrrp::config::Command;
use vrrp::{Input, Subject};

/// Programs of one kind that run beside each other; the executor takes twice as many. More wait.
const PROGRAMS_MAX: usize = 30;

/// A program to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wanted {
    /// Absolute path and arguments.
    pub(crate) argv: Vec<String>,
    /// As whom; `None`: root.
    pub(crate) user: Option<String>,
    /// Its first group; `None`: the user's own.
    pub(crate) group: Option<String>,
    /// The user's further groups too (`set_supplementary_groups`).
    pub(crate) further_groups: bool,
    /// When it is made to end; `None`: it ends with us.
    pub(crate) timeout: Option<Duration>,
}

impl Wanted {
    /// A program of the host itself.
    pub(crate) fn as_root(argv: Vec<String>, timeout: Duration) -> Self {
        Self { argv, user: None, group: None, further_groups: false, timeout: Some(timeout) }
    }

    /// A configured one, with more arguments.
    pub(crate) fn configured(
        command: &Command,
        more: &[String],
        timeout: Option<Duration>,
        settings: &Settings,
    ) -> Self {
        let scripts = &settings.whole.scripts;
        let argv = command.argv.iter().chain(more).cloned().collect();
        let (user, group) = match &command.user {
            Some(user) => (Some(user), command.group.as_ref()),
            None => (scripts.user.as_ref(), scripts.group.as_ref()),
        };
        let user = user.filter(|user| *user != "root").cloned();
        let further_groups = scripts.supplementary_groups;
        Self { argv, user, group: group.cloned(), further_groups, timeout }
    }
}

/// Shared by the worker's tasks.
pub(crate) struct Hub {
    /// The machine, on its own thread.
    pub(crate) role: NodeHandle<ToRole>,
    /// The configuration in force.
    settings: RefCell<Rc<Settings>>,
    /// Who is in the one before alone, and is being given up, and has a command that is told of
    /// every change.
    former: RefCell<BTreeSet<Subject>>,
    /// The story.
    pub(crate) journal: RefCell<Journal>,
    /// The log.
    pub(crate) log: RefCell<Log>,
    /// The addresses we put on interfaces.
    pub(crate) held: RefCell<Held>,
    /// Those of them that don't answer.
    pub(crate) closed: RefCell<Closed>,
    /// Who announces them.
    pub(crate) announcers: RefCell<Announcers>,
    /// The routes and rules we have in place and watch.
    pub(crate) routing: RefCell<Placed>,
    /// Notify commands under way, by instance or group.
    pub(crate) notified: Serial,
    /// The FIFOs.
    pub(crate) fifos: RefCell<Fifos>,
    /// What the kernel says.
    pub(crate) world: RefCell<World>,
    /// Where the statistics were begun anew.
    pub(crate) baseline: RefCell<Baseline>,
    /// Every BFD session and whether it is up, for who follows one. May be followed from any
    /// thread.
    pub(crate) sessions: watch::Sender<BTreeMap<String, bool>>,
    /// What was noted of signed adverts.
    pub(crate) heard: heard::Noted,
    /// Mail that waits.
    pub(crate) mailbox: Mailbox,
    /// Virtual servers.
    pub(crate) servers: Servers,
    /// Told when the configuration shall be read again.
    pub(crate) reload: Notify,
    /// Told when another configuration is in force.
    pub(crate) reloaded: Notify,
    netlink: RefCell<Option<Netlink>>,
    /// Everything stays in place at the end.
    pub(crate) keep: Cell<bool>,
    executor: Rc<executor::Client>,
    tracked_places: Semaphore,
    other_places: Semaphore,
    last_request: Cell<u64>,
    statuses: RefCell<BTreeMap<u64, oneshot::Sender<VrrpStatus>>>,
}

impl Hub {
    /// A hub without anything under way.
    pub(crate) fn new(
        role: NodeHandle<ToRole>,
        executor: Rc<executor::Client>,
        settings: Rc<Settings>,
        journal: Journal,
        log: Log,
    ) -> Rc<Self> {
        Rc::new(Self {
            role,
            former: RefCell::default(),
            settings: RefCell::new(settings),
            journal: RefCell::new(journal),
            log: RefCell::new(log),
            held: RefCell::default(),
            closed: RefCell::default(),
            announcers: RefCell::default(),
            routing: RefCell::default(),
            notified: Serial::default(),
            fifos: RefCell::default(),
            world: RefCell::default(),
            baseline: RefCell::default(),
            sessions: watch::Sender::default(),
            heard: heard::Noted::default(),
            mailbox: Mailbox::default(),
            servers: Servers::default(),
            reload: Notify::new(),
            reloaded: Notify::new(),
            netlink: RefCell::default(),
            keep: Cell::new(false),
            executor,
            tracked_places: Semaphore::new(PROGRAMS_MAX),
            other_places: Semaphore::new(PROGRAMS_MAX),
            last_request: Cell::new(0),
            statuses: RefCell::default(),
        })
    }

    /// The configuration in force.
    pub(crate) fn settings(&self) -> Rc<Settings> {
        Rc::clone(&self.settings.borrow())
    }

    /// Puts another configuration in force here; the machine is told by the caller.
    pub(crate) fn install(&self, settings: Rc<Settings>) {
        let before = self.settings.replace(Rc::clone(&settings));
        let is_former = |of: &Subject| settings.notify(of).is_none();
        *self.former.borrow_mut() = before.with_general().filter(is_former).collect();
    }

    /// True when a command is configured that is told of every change of this subject.
    pub(crate) fn has_general(&self, of: &Subject) -> bool {
        match self.settings.borrow().notify(of) {
            Some(notify) => notify.any.is_some(),
            None => self.former.borrow().contains(of),
        }
    }

    /// Lets `talk` speak to the kernel, in a conversation that is opened once.
    ///
    /// # Errors
    /// When it can't be opened.
    pub(crate) fn with_netlink<T>(
        &self,
        talk: impl FnOnce(&mut Netlink) -> T,
    ) -> std::io::Result<T> {
        let mut netlink = match self.netlink.take() {
            Some(open) => open,
            None => Netlink::open()?,
        };
        let said = talk(&mut netlink);
        self.netlink.replace(Some(netlink));
        Ok(said)
    }

    /// Hands an input to the machine.
    pub(crate) fn input(&self, input: Input) {
        if let Input::Tracker { what, condition } = &input {
            self.servers.tracked(what, *condition);
        }
        self.role.send(ToRole::Input(input));
    }

    /// Takes the executor's answers in until it is gone.
    pub(crate) async fn listen_to_executor(&self) -> std::io::Result<()> {
        Rc::clone(&self.executor).listen().await
    }

    /// Runs a program to its end. It waits for a place if many run.
    pub(crate) async fn run(&self, wanted: Wanted) -> End {
        self.run_in(&self.other_places, wanted).await
    }

    /// Runs a tracked script, for which others don't take the places away.
    pub(crate) async fn run_tracked(&self, wanted: Wanted) -> End {
        self.run_in(&self.tracked_places, wanted).await
    }

    async fn run_in(&self, places: &Semaphore, wanted: Wanted) -> End {
        // Never closed; without a place it would run all the same.
        let _place = places.acquire().await;
        let (_, end) = self.begin(wanted).await;
        end.await
    }

    /// Runs a check's script, beside tracked ones; `started` is given the number it can be ended
    /// by.
    pub(crate) async fn run_check(&self, wanted: Wanted, started: impl FnOnce(u64)) -> End {
        let _place = self.tracked_places.acquire().await;
        let (id, end) = self.begin(wanted).await;
        started(id);
        end.await
    }

    /// Starts a program without waiting for a place.
    pub(crate) async fn begin(&self, wanted: Wanted) -> (u64, impl Future<Output = End> + use<>) {
        let job = Job {
            id: 0,
            argv: wanted.argv,
            environment: BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]),
            directory: "/".into(),
            is_client: wanted.timeout.is_none(),
            user: wanted.user,
            group: wanted.group,
            further_groups: wanted.further_groups,
            timeout_ms: wanted.timeout.and_then(|limit| u64::try_from(limit.as_millis()).ok()),
        };
        self.executor.begin(job).await
    }

    /// Asks a program to end.
    pub(crate) async fn terminate(&self, id: u64) {
        self.executor.terminate(id).await;
    }

    /// Tells an event of the machine: log, journal, followers.
    pub(crate) fn take_event(&self, event: api::Event) {
        let event = self.journal.borrow_mut().take(event);
        self.log.borrow_mut().write(event.wall, event.level, &event.text);
    }

    /// Writes one line to the log only.
    pub(crate) fn log_line(&self, level: Level, text: &str) {
        self.log.borrow_mut().write(linux::rt::wall(), level, text);
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
            subject: api::Subject::Cluster,
            group: None,
            text: text.into(),
        });
    }

    /// The role's status; `None` when the machine doesn't answer.
    pub(crate) async fn status(&self) -> Option<VrrpStatus> {
        let number = self.last_request.get() + 1;
        self.last_request.set(number);
        let (sender, receiver) = oneshot::channel();
        self.statuses.borrow_mut().insert(number, sender);
        self.role.send(ToRole::Status(number));
        receiver.await.ok()
    }

    /// Passes a status on.
    pub(crate) fn take_status(&self, number: u64, status: VrrpStatus) {
        if let Some(waiting) = self.statuses.borrow_mut().remove(&number) {
            let _ = waiting.send(status);
        }
    }
}
