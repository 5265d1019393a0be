//! The worker process: the real-time loop on its main thread, everything else on one other.

use crate::channel::{self, Collector, FromNode, NodeHandle, ToNode};
use crate::descriptors::{readable, silence_stderr, take_stdin, take_stdout};
use crate::executor::{Client, datagrams};
use crate::family::{RUNNING, StartOptions, order};
use crate::hub::Hub;
use crate::journal::Journal;
use crate::links::Line;
use crate::logs::Log;
use crate::real_time::RealTime;
use crate::settings::{self, Finding, Settings};
use crate::state::{self, Store};
use crate::{
    api_server, clients, fifo, metrics, ordinary, paths, perform, predecessor, respawn, watch,
};
use api::{EventKind, Level, Subject};
use base::{Dice, GroupKey};
use cluster::{Boot, Input, Node, Output, Predecessor};
use config::{GenerationMethod, UuidFrom};
use linux::rt::{self, Poller, Scheduling};
use linux::watchdog::Watchdog;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use tokio::net::UnixDatagram;

/// The watchdog device waits this much longer than the dead time before it bites
/// (docs/ancestors/heartbeat.md §6.4).
const WATCHDOG_MARGIN: Duration = Duration::from_millis(10);
/// How often the ordinary thread says that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_millis(400);
/// Threads for calls that wait (probes, mail, disks); they end when idle.
const WAITING_THREADS: usize = 8;
/// Low half of the process id: marks our echo requests, as the ancestor does.
const PING_ID_MASK: u32 = 0xffff;

/// Entry of the worker process: standard input is the parent's socket, standard output the
/// executor's.
pub(crate) fn main(options: &StartOptions) -> ExitCode {
    let sockets = take_stdin().and_then(|parent| Ok((parent, take_stdout()?)));
    let (parent, executor) = match sockets {
        Ok(sockets) => sockets,
        Err(error) => return failed(&error),
    };
    let settings = match settings::load(options) {
        Ok((settings, _)) => settings,
        Err(findings) => {
            findings.iter().for_each(Finding::print);
            return ExitCode::from(6);
        }
    };
    if !options.foreground {
        // From here on there is the log; a terminal must not be held open.
        if let Err(error) = silence_stderr() {
            return failed(&error);
        }
    }
    match run(options, settings, parent, executor) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &io::Error) -> ExitCode {
    eprintln!("heartbeat: the worker ended: {error}");
    ExitCode::FAILURE
}

fn run(
    options: &StartOptions,
    settings: Settings,
    parent: OwnedFd,
    executor: OwnedFd,
) -> io::Result<()> {
    make_directories()?;
    let store = Store::open(Path::new(paths::STATE_DIR), Path::new(paths::OWN_STATE_DIR))?;
    let wall = rt::wall();
    let (generation, is_first) = match settings.generation_method {
        GenerationMethod::Time => (state::generation_of_time(wall), false),
        GenerationMethod::File => {
            let generation = store.next_generation(wall)?;
            (generation.number, generation.is_first)
        }
    };
    let uuid = match settings.uuid_from {
        UuidFrom::NodeName => state::uuid_of_name(settings.cluster.me.as_str()),
        UuidFrom::File => store.uuid()?,
    };
    let seed = state::random_seed()?;
    let poller = Poller::new()?;
    let (node, inbox, mut outbox, collector) = channel::channel(poller.waker())?;
    if is_first {
        let text = format!("No Previous generation - starting at {generation}");
        outbox.push(FromNode::Notice(Level::Warning, text));
    }
    let shell_alive = Arc::new(AtomicU64::new(rt::now().as_nanos()));
    let (left_sender, left) = mpsc::channel();
    let shell = Shell {
        options: options.clone(),
        settings: settings.clone(),
        store,
        node,
        collector,
        parent,
        executor,
        shell_alive: Arc::clone(&shell_alive),
        left: left_sender,
    };
    let shell =
        std::thread::Builder::new().stack_size(ordinary::STACK).spawn(move || shell.run())?;

    // The watchdog counts from here, so that checking what was left is guarded too.
    let watchdog = open_watchdog(&settings, &mut outbox);
    let ping_id = (std::process::id() & PING_ID_MASK) as u16;
    let lines: Vec<Line> =
        settings.cluster.links.iter().map(|link| Line::prepare(link, ping_id)).collect();
    let predecessor = left.recv().unwrap_or(None);
    // What only the start needed shall not be locked.
    let _ = linux::memory::release_file_pages();
    for text in become_real_time(settings.realtime, settings.priority) {
        outbox.push(FromNode::Notice(Level::Warning, text));
    }
    let boot = Boot { generation, uuid, dice: Dice::new(seed), predecessor };
    let real_time = RealTime {
        node: Node::new(Arc::new(settings.cluster), boot),
        lines,
        poller,
        inbox,
        outbox,
        watchdog,
        shell_alive,
        ping_id,
    };
    real_time.run()?;
    shell.join().map_err(|_| io::Error::other("the ordinary thread panicked"))?
}

fn make_directories() -> io::Result<()> {
    for directory in [paths::RUN_DIR, paths::AGENT_RUN_DIR, paths::OWN_RUN_DIR, paths::CORES_DIR] {
        fs::DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
    }
    fs::create_dir_all(paths::RSCTMP_DIR)?;
    fs::set_permissions(paths::RSCTMP_DIR, fs::Permissions::from_mode(0o1755))
}

fn open_watchdog(settings: &Settings, outbox: &mut channel::Outbox) -> Option<Watchdog> {
    let path = settings.watchdog.as_ref()?;
    let opened = Watchdog::open(Path::new(path)).and_then(|mut watchdog| {
        watchdog.set_timeout(settings.cluster.timing.deadtime + WATCHDOG_MARGIN)?;
        watchdog.pet()?;
        Ok(watchdog)
    });
    match opened {
        Ok(watchdog) => Some(watchdog),
        Err(error) => {
            let text = format!("watchdog {path} can't be used: {error}; running without it");
            outbox.push(FromNode::Notice(Level::Error, text));
            None
        }
    }
}

/// Asks for real-time scheduling and locked memory for this thread, if wanted; a sentence for each
/// that was refused.
pub(crate) fn become_real_time(wanted: bool, priority: u8) -> Vec<String> {
    let mut refusals = Vec::new();
    if !wanted {
        return refusals;
    }
    if let Err(error) = rt::lock_memory() {
        refusals.push(format!(
            "memory can't be locked ({error}): this node may be late when memory is short; set \
             LimitMEMLOCK=infinity"
        ));
    }
    let refused = match rt::schedule(priority) {
        Scheduling::RoundRobin(_) => return refusals,
        Scheduling::Nice { refused } => format!("{refused}; running at nice -20"),
        Scheduling::Ordinary { refused, nice_refused } => {
            format!("{refused}; nice -20 was refused too ({nice_refused})")
        }
    };
    refusals.push(format!(
        "real-time scheduling was refused ({refused}): this node may be late under load; give \
         the control group a real-time budget (cpu.rt_runtime_us) or set LimitRTPRIO"
    ));
    refusals
}

/// Logs why, then reboots at once.
pub(crate) fn reboot(hub: &Hub, reason: &str) {
    hub.log(Level::Critical, &format!("rebooting this machine: {reason}"));
    if let Err(error) = linux::system::reboot() {
        hub.log(Level::Critical, &format!("the reboot was refused: {error}"));
    }
}

/// What the ordinary thread begins with.
struct Shell {
    options: StartOptions,
    settings: Settings,
    store: Store,
    node: NodeHandle,
    collector: Collector,
    parent: OwnedFd,
    executor: OwnedFd,
    shell_alive: Arc<AtomicU64>,
    left: mpsc::Sender<Option<Predecessor>>,
}

impl Shell {
    fn run(self) -> io::Result<()> {
        ordinary::run(WAITING_THREADS, self.live())
    }

    async fn live(self) -> io::Result<()> {
        let settings = self.settings;
        let (log, troubles) =
            Log::open(settings.cluster.me.as_str(), settings.log.clone(), settings.debug);
        let journal = Journal::new(Some(self.store.own_directory()));
        let executor = Client::new(self.executor, rt::now().as_nanos())?;
        let hub = Hub::new(self.node, Rc::clone(&executor), settings, self.store, journal, log);
        for text in troubles {
            hub.notice(Level::Error, text);
        }
        tokio::task::spawn_local(sign_of_life(Rc::clone(&hub), self.shell_alive));
        tokio::task::spawn_local(listen_to_executor(Rc::clone(&hub)));

        let predecessor = predecessor::examine(&hub, self.options.held).await;
        // Fails only when the real-time thread has gone; then the process ends.
        let _ = self.left.send(predecessor);

        let listener = api_server::listen(paths::CONTROL_SOCKET)?;
        tokio::task::spawn_local(api_server::serve(Rc::clone(&hub), listener));
        if let Err(text) = metrics::start(&hub, |listen| listen.heartbeat) {
            hub.notice(Level::Error, text);
        }
        let serving = Rc::clone(&hub);
        tokio::task::spawn_local(async move {
            if let Err(error) = watch::watch(Rc::clone(&serving)).await {
                serving.notice(Level::Error, format!("addresses are not watched: {error}"));
            }
        });
        match fifo::open() {
            Ok(fifo) => {
                let serving = Rc::clone(&hub);
                tokio::task::spawn_local(async move {
                    if let Err(error) = fifo::serve(Rc::clone(&serving), fifo).await {
                        serving.notice(Level::Error, format!("the FIFO broke: {error}"));
                    }
                });
            }
            Err(error) => hub.notice(Level::Error, format!("there is no FIFO: {error}")),
        }
        tokio::task::spawn_local(reload_when_asked(Rc::clone(&hub), self.options));
        let parent = Rc::new(datagrams(self.parent)?);
        tokio::task::spawn_local(obey(Rc::clone(&hub), Rc::clone(&parent)));
        let _ = parent.send(&[RUNNING]).await;
        serve_node(&hub, self.collector).await
    }
}

/// Takes what the node asks for until it exits.
async fn serve_node(hub: &Rc<Hub>, mut collector: Collector) -> io::Result<()> {
    let bell = readable(collector.bell())?;
    loop {
        let mut rung = bell.readable().await?;
        let mut count = [0; 8];
        let _ = rustix::io::read(bell.get_ref(), &mut count);
        rung.clear_ready();
        while let Some(item) = collector.next() {
            match item {
                FromNode::Output(Output::Exit) => {
                    respawn::stop_all(hub).await;
                    let _ = fs::remove_file(paths::CONTROL_SOCKET);
                    let _ = fs::remove_file(paths::CLIENT_SOCKET);
                    return Ok(());
                }
                FromNode::Output(output) => take_output(hub, output),
                FromNode::Status(number, status) => hub.take_status(number, *status),
                FromNode::Left(held, groups) => {
                    if let Err(error) = hub.store.note_left(held, &groups) {
                        hub.log(Level::Error, &format!("what runs here can't be noted: {error}"));
                    }
                }
                FromNode::MaySend(may_send) => clients::pause(hub, may_send),
                FromNode::Notice(level, text) => hub.notice(level, text),
            }
        }
    }
}

fn take_output(hub: &Rc<Hub>, output: Output) {
    match output {
        Output::Run { op, action, environment } => {
            tokio::task::spawn_local(perform::operation(Rc::clone(hub), op, action, environment));
        }
        Output::Event(event) => {
            if event.kind == EventKind::CommunicationUp {
                clients::open(hub);
                respawn::start_all(hub);
            }
            if let (EventKind::GroupStopping, Subject::Group(group)) = (event.kind, &event.subject)
            {
                watch::fall_silent(hub, &GroupKey::from(group.as_str()));
            }
            hub.take_event(event);
        }
        Output::Answer { request, result } => hub.answer(request, result),
        Output::Deliver(message) => clients::deliver(hub, &message),
        Output::Reboot { reason } => {
            hub.log(Level::Critical, &format!("rebooting this machine: {reason}"));
        }
        // The real-time thread did these itself, or ends by it.
        Output::Send { .. } | Output::Alive | Output::Exit => {}
    }
}

/// Says again and again that this thread lives, and moves on what waits beside a full ring.
async fn sign_of_life(hub: Rc<Hub>, shell_alive: Arc<AtomicU64>) {
    loop {
        shell_alive.store(rt::now().as_nanos(), Ordering::Relaxed);
        hub.node.flush();
        tokio::time::sleep(SIGN_OF_LIFE).await;
    }
}

/// Without an executor nothing can be started or stopped: the parent starts both anew.
async fn listen_to_executor(hub: Rc<Hub>) {
    let error = Rc::clone(&hub.executor).listen().await.err();
    let why = error.map(|error| error.to_string()).unwrap_or_default();
    hub.log(Level::Critical, &format!("the executor is gone ({why}); starting anew"));
    std::process::exit(1);
}

/// Does what the parent says; without a parent, stops in good order.
async fn obey(hub: Rc<Hub>, parent: Rc<UnixDatagram>) {
    let mut word = [0];
    while let Ok(1..) = parent.recv(&mut word).await {
        match word[0] {
            order::STOP => hub.node.input(Input::Stop { keep: false }),
            order::RELOAD => hub.reload.notify_one(),
            order::USER1 => {
                let troubles = hub.log.borrow_mut().reopen();
                for text in troubles {
                    hub.notice(Level::Error, text);
                }
                let level = hub.log.borrow_mut().change_debug(true);
                hub.log(Level::Info, &format!("logs opened anew; debug level {level}"));
            }
            order::USER2 => {
                let level = hub.log.borrow_mut().change_debug(false);
                hub.log(Level::Info, &format!("debug level {level}"));
            }
            _ => {}
        }
    }
    hub.notice(Level::Critical, "the parent process is gone; stopping");
    hub.node.input(Input::Stop { keep: false });
}

/// Reads the configuration again when asked. One that is wrong changes nothing.
async fn reload_when_asked(hub: Rc<Hub>, options: StartOptions) {
    loop {
        hub.reload.notified().await;
        let options = options.clone();
        let Ok(loaded) = tokio::task::spawn_blocking(move || settings::load(&options)).await else {
            continue;
        };
        match loaded {
            Ok((settings, warnings)) => {
                notice_all(&hub, warnings);
                let troubles = hub.log.borrow_mut().retarget(settings.log.clone());
                for text in troubles {
                    hub.notice(Level::Error, text);
                }
                let cluster = settings.cluster.clone();
                *hub.settings.borrow_mut() = Rc::new(settings);
                hub.node.send(ToNode::Reload(Box::new(cluster)));
            }
            Err(findings) => {
                notice_all(&hub, findings);
                hub.notice(Level::Error, "the configuration is wrong; everything stays as it was");
            }
        }
    }
}

fn notice_all(hub: &Hub, findings: Vec<Finding>) {
    for finding in findings {
        hub.notice(finding.level, finding.text);
    }
}
