//! The thread of the virtual servers: reads the clock, feeds the machine, talks to the kernel's
//! load balancer and makes the checks that speak with servers. What needs a script, a FIFO, a mail
//! or the log goes to the worker's ordinary thread. The real-time thread knows nothing of it.

use super::check::{self, Talk};
use super::kernel::Balancer;
use super::left::Noted;
use super::tls::Connector;
use crate::vrrp::process;
use api::lvs::LvsStatus;
use api::{Event, Level};
use base::{Dice, Machine};
use config::keepalived::settings::Process;
use linux::rt::{self, Scheduling};
use lvs::config::{Command, Config};
use lvs::{Boot, Check, Director, Input, Notification, Outcome, Output, Probe};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{AbortHandle, LocalSet, spawn_local};
use tokio::time::{Instant, sleep_until};

/// Stack of the thread; greetings of TLS are its deepest work. Untouched pages take no memory.
const STACK: usize = 2 << 20;
/// Checks that speak at the same time; more wait. A thousand servers that all are black holes are
/// still looked at within the usual delay_loop.
const TALKS_MAX: usize = 1000;
/// Descriptors that so many checks need, with room for the rest of the process.
const DESCRIPTORS: u64 = 4096;
/// Notices and requests to the ordinary thread that may wait; then this thread waits for it.
const WAITING_MAX: usize = 1024;
/// A kernel without load balancer is asked again after this.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// A machine without deadline looks again after this.
const IDLE: Duration = Duration::from_hours(1);

/// To the thread.
#[derive(Debug)]
pub(super) enum ToDirector {
    /// For the machine.
    Input(Input),
    /// Answered with what the machine knows.
    Status(oneshot::Sender<LvsStatus>),
}

/// From the thread.
#[derive(Debug)]
pub(super) enum FromDirector {
    /// Run the script of a check.
    Run {
        /// The check's number.
        run: u64,
        /// What.
        command: Command,
        /// Killed after this.
        limit: Duration,
    },
    /// End the script of a check; nobody wants to know how it ends.
    Abandon(u64),
    /// Tell others.
    Notify(Notification),
    /// Log it, keep it, tell followers.
    Event(Event),
    /// The machine wants to know which of these addresses are on this host.
    Watched(BTreeSet<IpAddr>),
    /// Something an administrator should know.
    Notice(Level, String),
    /// Everything is removed, or kept: the thread ends.
    Ended,
}

/// What the thread begins with.
pub(super) struct Beginning {
    /// The configuration.
    pub(super) config: Config,
    /// How the thread runs, and its name.
    pub(super) process: Process,
    /// What the machine is told before its first tick.
    pub(super) inputs: Vec<Input>,
    /// The network it works in; `None`: that of the process.
    pub(super) network: Option<File>,
}

/// Starts the thread.
///
/// # Errors
/// When the process is out of something.
pub(super) fn start(
    beginning: Beginning,
) -> io::Result<(mpsc::UnboundedSender<ToDirector>, mpsc::Receiver<FromDirector>)> {
    // What comes in is little and comes from inside: changes of files, addresses and states.
    let (sender, inbox) = mpsc::unbounded_channel();
    let (outbox, receiver) = mpsc::channel(WAITING_MAX);
    let name = beginning.process.name.clone().unwrap_or_else(|| "checkers".to_owned());
    // What the kernel keeps of a name ends at a zero.
    let name = name.split('\0').next().unwrap_or_default().to_owned();
    std::thread::Builder::new().name(name).stack_size(STACK).spawn(move || {
        let told = outbox.clone();
        if let Err(error) = run(beginning, inbox, outbox) {
            let text = format!("virtual servers are not served: {error}");
            let _ = told.blocking_send(FromDirector::Notice(Level::Error, text));
            let _ = told.blocking_send(FromDirector::Ended);
        }
    })?;
    Ok((sender, receiver))
}

fn run(
    beginning: Beginning,
    inbox: mpsc::UnboundedReceiver<ToDirector>,
    outbox: mpsc::Sender<FromDirector>,
) -> io::Result<()> {
    let Beginning { config, process, inputs, network } = beginning;
    if let Some(network) = network {
        linux::namespace::enter(network, linux::namespace::Kind::Network)?;
    }
    allow_descriptors();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (results, ended) = mpsc::unbounded_channel();
    let (connector, trouble) = Connector::new(&config.tls);
    let mut troubles = process::settle_thread(&process, "checker");
    troubles.extend(trouble);
    troubles.extend(process.real_time.and_then(real_time));
    let noted = Noted::find();
    let boot = Boot { dice: Dice::new(rt::now().as_nanos()), changed: noted.now() };
    let thread = Thread {
        machine: Director::new(config, boot),
        noted,
        balancer: Balancer::default(),
        connector,
        outbox,
        results,
        talks: BTreeMap::new(),
        places: Rc::new(Semaphore::new(TALKS_MAX)),
        watched: BTreeSet::new(),
        missing_told: false,
    };
    LocalSet::new().block_on(&runtime, thread.live(inputs, troubles, inbox, ended));
    Ok(())
}

/// Gives the thread real-time scheduling; a sentence if it is refused.
fn real_time(priority: u8) -> Option<String> {
    match rt::schedule(priority) {
        Scheduling::RoundRobin(_) => None,
        Scheduling::Nice { refused } | Scheduling::Ordinary { refused, .. } => {
            Some(format!("checker_rt_priority: {refused}"))
        }
    }
}

/// Each check has a socket of its own. A smaller limit than wanted makes checks fail for want of
/// descriptors, which they say.
fn allow_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= DESCRIPTORS);
    if !enough(limit.current) {
        let current = limit.maximum.map_or(DESCRIPTORS, |maximum| maximum.min(DESCRIPTORS));
        let wanted = Rlimit { current: Some(current), maximum: limit.maximum };
        let _ = setrlimit(Resource::Nofile, wanted);
    }
}

struct Thread {
    machine: Director,
    /// What a successor must know.
    noted: Noted,
    balancer: Balancer,
    connector: Connector,
    outbox: mpsc::Sender<FromDirector>,
    results: mpsc::UnboundedSender<(u64, Outcome)>,
    /// Checks that speak.
    talks: BTreeMap<u64, AbortHandle>,
    places: Rc<Semaphore>,
    /// What the ordinary thread was told to watch.
    watched: BTreeSet<IpAddr>,
    /// That the kernel has no load balancer was told.
    missing_told: bool,
}

/// The machine has ended, or nobody listens any more.
struct Over;

impl Thread {
    async fn live(
        mut self,
        inputs: Vec<Input>,
        troubles: Vec<String>,
        mut inbox: mpsc::UnboundedReceiver<ToDirector>,
        mut ended: mpsc::UnboundedReceiver<(u64, Outcome)>,
    ) {
        let begun = async {
            for text in troubles {
                self.tell(FromDirector::Notice(Level::Warning, text)).await?;
            }
            for input in inputs {
                self.feed(input).await?;
            }
            self.open().await
        };
        if begun.await.is_err() {
            return;
        }
        let mut ask_again = Instant::now() + ASK_AGAIN;
        loop {
            let wake = self.wake();
            let turn = tokio::select! {
                message = inbox.recv() => match message {
                    Some(message) => self.take(message).await,
                    None => Err(Over),
                },
                Some((run, outcome)) = ended.recv() => {
                    self.talks.remove(&run);
                    self.feed(Input::Checked { run, outcome }).await
                }
                () = sleep_until(wake) => self.feed(Input::Tick).await,
                () = sleep_until(ask_again), if !self.balancer.is_open() => {
                    ask_again = Instant::now() + ASK_AGAIN;
                    self.open().await
                }
            };
            if turn.is_err() {
                return;
            }
        }
    }

    /// When the machine wants its next tick.
    fn wake(&self) -> Instant {
        let wait = self.machine.next_deadline().map_or(IDLE, |at| at.since(rt::now()));
        Instant::now() + wait.min(IDLE)
    }

    async fn take(&mut self, message: ToDirector) -> Result<(), Over> {
        match message {
            ToDirector::Status(asker) => {
                let _ = asker.send(self.machine.status());
                Ok(())
            }
            ToDirector::Input(input) => {
                let is_reload = matches!(input, Input::Reload(_));
                if let Input::Reload(config) = &input {
                    let (connector, trouble) = Connector::new(&config.tls);
                    self.connector = connector;
                    if let Some(text) = trouble {
                        self.tell(FromDirector::Notice(Level::Warning, text)).await?;
                    }
                }
                self.feed(input).await?;
                if is_reload && !self.balancer.is_open() {
                    // Servers that are new are told too why they are not served.
                    self.missing_told = false;
                    self.open().await?;
                }
                Ok(())
            }
        }
    }

    /// Opens the kernel's load balancer and gives the machine what is in it.
    async fn open(&mut self) -> Result<(), Over> {
        match self.balancer.open() {
            Ok((info, found)) => {
                let [major, minor, patch] = info.version;
                let text = format!("the kernel has IPVS {major}.{minor}.{patch}");
                self.tell(FromDirector::Notice(Level::Info, text)).await?;
                self.feed(Input::Kernel(Ok(found))).await?;
                self.feed(Input::Tick).await
            }
            // The machine says it once for each virtual server.
            Err(_) if self.missing_told => Ok(()),
            Err(error) => {
                self.missing_told = true;
                self.feed(Input::Kernel(Err(error.to_string()))).await?;
                self.feed(Input::Tick).await
            }
        }
    }

    async fn tell(&self, told: FromDirector) -> Result<(), Over> {
        self.outbox.send(told).await.map_err(|_| Over)
    }

    /// Gives the machine an input and performs what follows, in order.
    async fn feed(&mut self, input: Input) -> Result<(), Over> {
        let mut pending = VecDeque::new();
        self.handle(Input::Ambient { wall: rt::wall() }, &mut pending);
        self.handle(input, &mut pending);
        // A successor must know before it is so.
        if let Err(error) = self.noted.note(self.machine.changed_timeouts()) {
            let text = format!("the kernel's own timeouts can't be noted for a successor: {error}");
            self.tell(FromDirector::Notice(Level::Warning, text)).await?;
        }
        while let Some(output) = pending.pop_front() {
            match output {
                Output::Ipvs { number, command } => {
                    let result = self.balancer.obey(&command);
                    self.handle(Input::Answered { number, result }, &mut pending);
                }
                Output::Check(check) => self.begin(check).await?,
                Output::Abandon { run } => match self.talks.remove(&run) {
                    Some(talk) => talk.abort(),
                    None => self.tell(FromDirector::Abandon(run)).await?,
                },
                Output::Notify(notification) => {
                    self.tell(FromDirector::Notify(notification)).await?;
                }
                Output::Event(event) => self.tell(FromDirector::Event(event)).await?,
                Output::Exit => {
                    if self.balancer.is_open() && self.machine.changed_timeouts().is_none() {
                        self.noted.forget();
                    }
                    self.tell(FromDirector::Ended).await?;
                    return Err(Over);
                }
            }
        }
        if self.balancer.is_open() && self.machine.changed_timeouts().is_none() {
            self.noted.forget();
        }
        let watched = self.machine.watched();
        if watched != self.watched {
            self.watched.clone_from(&watched);
            self.tell(FromDirector::Watched(watched)).await?;
        }
        Ok(())
    }

    fn handle(&mut self, input: Input, pending: &mut VecDeque<Output>) {
        let mut outputs = Vec::new();
        self.machine.handle(rt::now(), input, &mut outputs);
        pending.extend(outputs);
    }

    async fn begin(&mut self, check: Check) -> Result<(), Over> {
        let run = check.run;
        match check.probe {
            Probe::Run { command, limit } => {
                self.tell(FromDirector::Run { run, command, limit }).await
            }
            Probe::Talk { transport, connection, conversation, limit } => {
                let (places, connector) = (Rc::clone(&self.places), self.connector.clone());
                let results = self.results.clone();
                let talk = spawn_local(async move {
                    // Never closed; without a place it would speak all the same.
                    let _place = places.acquire().await;
                    let talk = Talk { transport, connection, conversation, limit };
                    let outcome = check::talk(talk, &connector).await;
                    let _ = results.send((run, outcome));
                });
                self.talks.insert(run, talk.abort_handle());
                Ok(())
            }
        }
    }
}
