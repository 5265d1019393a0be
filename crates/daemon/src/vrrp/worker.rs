//! The VRRP role's worker process: the real-time loop on its main thread, everything else on one
//! other.

use super::bfd::Bfd;
use super::hub::{Hub, Wanted};
use super::real_time::{FromRole, RealTime, ToRole, together};
use super::settings::{self, Settings};
use super::sockets::Sockets;
use super::{
    KeepalivedOptions, addresses, apart, barrier, base_settings, bfd, dump, enter_network, fifo,
    heard, left, notify, process, reload, reload_time, running, saved, trackers, vmac, watch,
};
use crate::channel::{self, Collector, NodeHandle};
use crate::descriptors::{readable, silence_stderr, take_stdin, take_stdout};
use crate::executor::{Client, datagrams};
use crate::family::{EXIT_CONFIGURATION, RUNNING, order};
use crate::journal::Journal;
use crate::logs::{Log, Targets};
use crate::state::random_seed;
use crate::worker::become_real_time;
use crate::{api_server, lvs, metrics, ordinary, paths};
use api::Level;
use linux::netlink::Netlink;
use linux::rt::{self, Poller};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;
use tokio::net::UnixDatagram;
use tokio::time::timeout;
use vrrp::config::Command;
use vrrp::{Boot, Inherited, Input, Output, Role};

/// Threads for calls that wait (mail, disks); they end when idle.
const WAITING_THREADS: usize = 4;
/// And stop scripts, as keepalived does (docs/ancestors/keepalived.md §2.4).
const SCRIPTS_AT_END: Duration = Duration::from_secs(1);
/// What waits beside a full ring is moved on this often.
const FLUSH_EVERY: Duration = Duration::from_millis(200);
/// Items of the real-time thread taken in together: thousands that become masters are noted with a
/// few files.
const AT_ONCE: usize = 256;
/// After so many outputs the memory they took is given back: a start of thousands.
const BURST: usize = 1024;
/// The real-time priority, unless `vrrp_rt_priority` is written.
const PRIORITY: u8 = 1;

/// Entry of the worker process: standard input is the parent's socket, standard output the
/// executor's.
pub(crate) fn main(options: &KeepalivedOptions) -> ExitCode {
    let sockets = take_stdin().and_then(|parent| Ok((parent, take_stdout()?)));
    let (parent, executor) = match sockets {
        Ok(sockets) => sockets,
        Err(error) => return failed(&error),
    };
    if let Err(error) = enter_network(options) {
        return failed(&error);
    }
    let loaded = match apart::read(options) {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(refused)) => {
            refused.print();
            return ExitCode::from(EXIT_CONFIGURATION);
        }
        Err(error) => return failed(&error),
    };
    if !options.foreground
        && let Err(error) = silence_stderr()
    {
        return failed(&error);
    }
    match run(options, loaded, parent, executor) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &io::Error) -> ExitCode {
    eprintln!("keepalived: the worker ended: {error}");
    ExitCode::FAILURE
}

fn run(
    options: &KeepalivedOptions,
    loaded: settings::Loaded,
    parent: OwnedFd,
    executor: OwnedFd,
) -> io::Result<()> {
    let poller = Poller::new()?;
    let (role, inbox, mut outbox, collector) =
        channel::channel::<ToRole, FromRole>(poller.waker())?;
    for text in process::settle(&loaded.settings.whole) {
        outbox.push(FromRole::Notice(Level::Warning, text));
    }
    let (left_sender, left) = mpsc::channel();
    let heard = heard::find();
    let config = loaded.settings.vrrp.clone();
    let priority = loaded.settings.whole.vrrp.real_time.unwrap_or(PRIORITY);
    let shell = Shell {
        options: options.clone(),
        loaded,
        role,
        collector,
        parent,
        executor,
        left: left_sender,
    };
    let shell =
        std::thread::Builder::new().stack_size(ordinary::STACK).spawn(move || shell.run())?;
    let Ok(inherited) = left.recv() else {
        // The ordinary thread ended before it had put anything in place: nothing must be spoken.
        return shell.join().map_err(|_| io::Error::other("the ordinary thread panicked"))?;
    };
    let on_start = together(&config);
    // What only the start needed shall not be locked.
    linux::memory::release_heap();
    let _ = linux::memory::release_file_pages();
    for text in become_real_time(true, priority) {
        outbox.push(FromRole::Notice(Level::Warning, text));
    }
    let real_time = RealTime {
        sockets: Sockets::new(&config),
        bfd: Bfd::new(random_seed()?),
        role: Role::new(config, Boot { inherited, heard }),
        poller,
        inbox,
        outbox,
        together: on_start,
    };
    real_time.run()?;
    shell.join().map_err(|_| io::Error::other("the ordinary thread panicked"))?
}

/// What the ordinary thread begins with.
struct Shell {
    options: KeepalivedOptions,
    loaded: settings::Loaded,
    role: NodeHandle<ToRole>,
    collector: Collector<FromRole>,
    parent: OwnedFd,
    executor: OwnedFd,
    left: mpsc::Sender<Vec<Inherited>>,
}

impl Shell {
    fn run(self) -> io::Result<()> {
        ordinary::run(WAITING_THREADS, self.live())
    }

    async fn live(self) -> io::Result<()> {
        let Self { options, loaded, role, collector, parent, executor, left } = self;
        let settings::Loaded { settings, findings, words, .. } = loaded;
        let settings = Rc::new(settings);
        let (log, troubles) =
            Log::open(&settings.host, targets(&options), u8::from(options.detail));
        fs::create_dir_all(paths::VRRP_STATE_DIR).map_err(|error| {
            let text = format!("{} can't be made: {error}", paths::VRRP_STATE_DIR);
            io::Error::new(error.kind(), text)
        })?;
        let journal = Journal::new(Some(Path::new(paths::VRRP_STATE_DIR)));
        let executor = Client::new(executor, rt::now().as_nanos())?;
        let hub = Hub::new(role, executor, Rc::clone(&settings), journal, log.of("keepalived"));
        for text in troubles {
            hub.notice(Level::Error, text);
        }
        notice_all(&hub, &findings);
        running::note_for_successor(&hub, &words);
        saved::save(&hub, &words).await;
        // As long as the files; this future lives as long as the worker.
        drop((findings, words));
        tokio::task::spawn_local(listen_to_executor(Rc::clone(&hub)));
        let is_first = left::is_first();
        if is_first && let Some((command, limit)) = &settings.whole.startup {
            run_once(&hub, "startup_script", command, *limit).await;
        }
        let (monitor, inherited, looker, following) = begin(&hub, is_first).await?;
        for master in &inherited {
            hub.servers.set_router(&master.instance, true);
        }
        let masters = left::masters(&inherited);
        // Fails only when the real-time thread has gone; then the process ends.
        let _ = left.send(inherited);

        tokio::task::spawn_local(trackers::watch(Rc::clone(&hub), looker, following));
        let watching = Rc::clone(&hub);
        tokio::task::spawn_local(async move {
            if let Err(error) = watch::watch(Rc::clone(&watching), monitor).await {
                watching.notice(Level::Error, format!("interfaces are not watched: {error}"));
            }
        });
        let listener = api_server::listen(paths::VRRP_SOCKET)?;
        tokio::task::spawn_local(api_server::serve(Rc::clone(&hub), listener));
        let servers = Rc::clone(&hub);
        let pid_file = options.checkers_pid_file.clone().unwrap_or_else(lvs::usual_pid_file);
        tokio::task::spawn_local(async move { lvs::install(&servers, &pid_file).await });
        if let Err(text) = metrics::start(&hub, |listen| listen.keepalived) {
            hub.notice(Level::Error, text);
        }
        tokio::task::spawn_local(reload::when_asked(Rc::clone(&hub), options.clone()));
        tokio::task::spawn_local(heard::keep_noting(Rc::clone(&hub)));
        tokio::task::spawn_local(reload_time::watch(Rc::clone(&hub)));
        tokio::task::spawn_local(keep_flushing(Rc::clone(&hub)));
        let parent = Rc::new(datagrams(parent)?);
        let keep = (options.keep, options.keep_servers);
        tokio::task::spawn_local(obey(Rc::clone(&hub), Rc::clone(&parent), keep));
        let _ = parent.send(&[RUNNING]).await;
        serve_role(&hub, collector, masters).await?;
        finish(&hub).await;
        Ok(())
    }
}

/// Where log lines go.
fn targets(options: &KeepalivedOptions) -> Targets {
    Targets {
        facility: (!options.without_syslog).then_some(options.facility),
        stderr: options.log_console && options.foreground,
        ..Targets::default()
    }
}

/// Puts in place what is there before the machine begins, and tells it what there is.
async fn begin(
    hub: &Rc<Hub>,
    is_first: bool,
) -> io::Result<(watch::Watched, Vec<Inherited>, trackers::Looker, trackers::Following)> {
    let settings = hub.settings();
    let mut netlink = Netlink::open()?;
    let mut troubles = vmac::settle(&mut netlink, &settings);
    let inherited = left::find(&mut netlink, &settings.vrrp);
    if is_first {
        troubles.extend(trackers::create_files(&settings.whole.track_files));
    }
    for text in troubles {
        hub.notice(Level::Warning, text);
    }
    if let Err(error) = left::note(&left::masters(&inherited)) {
        hub.notice(Level::Error, format!("what runs here can't be noted: {error}"));
    }
    barrier::configure(hub);
    addresses::take(hub, statics(&settings));
    fifo::install(hub, &settings).await;

    // In this order nothing is missed.
    let monitor = watch::Watched::open()?;
    hub.world.borrow_mut().list(&mut netlink)?;
    if vmac::is_missing(&settings, &hub.world.borrow().names()) {
        // Their base came a moment ago.
        for text in vmac::settle(&mut netlink, &settings) {
            hub.notice(Level::Warning, text);
        }
        hub.world.borrow_mut().list(&mut netlink)?;
    }
    hub.role.send(ToRole::Interfaces(hub.world.borrow().names(), Vec::new()));
    watch::tell(hub);
    tell_sessions(hub);
    let following = trackers::Following::begin(hub);
    let mut looker = trackers::Looker::default();
    let (files, processes) = (&settings.whole.track_files, &settings.whole.track_processes);
    for (what, condition) in looker.look(files, processes, tokio::time::Instant::now()) {
        hub.input(Input::Tracker { what, condition });
    }
    Ok((monitor, inherited, looker, following))
}

/// Tells the BFD sessions of the configuration.
pub(super) fn tell_sessions(hub: &Hub) {
    let sessions: Vec<_> = hub.settings().whole.bfd_sessions.iter().map(bfd::session).collect();
    hub.sessions
        .send_modify(|known| known.retain(|name, _| sessions.iter().any(|s| s.name == *name)));
    hub.role.send(ToRole::Sessions(sessions));
}

/// What is always in place, under a name that no instance has.
pub(super) fn statics(settings: &Settings) -> addresses::Belongings {
    addresses::Belongings {
        instance: String::new(),
        addresses: settings.whole.static_addresses.clone(),
        routes: settings.whole.static_routes.clone(),
        rules: settings.whole.static_rules.clone(),
    }
}

async fn run_once(hub: &Hub, what: &str, command: &Command, limit: Duration) {
    let wanted = Wanted::configured(command, &[], Some(limit), &hub.settings());
    let end = hub.run(wanted).await;
    if end.code != Some(0) {
        hub.notice(Level::Warning, format!("{what}: {}", end.how));
    }
}

/// Takes what the machine asks for until it exits.
async fn serve_role(
    hub: &Rc<Hub>,
    mut collector: Collector<FromRole>,
    mut masters: left::Masters,
) -> io::Result<()> {
    let bell = readable(collector.bell())?;
    let mut done = 0;
    loop {
        let mut rung = bell.readable().await?;
        let mut count = [0; 8];
        let _ = rustix::io::read(bell.get_ref(), &mut count);
        rung.clear_ready();
        loop {
            let items = all_that_came(hub, &mut collector, &mut masters);
            if items.is_empty() {
                break;
            }
            for item in items {
                done += if let FromRole::Outputs(outputs) = &item { outputs.len() } else { 0 };
                if !take(hub, item) {
                    return Ok(());
                }
            }
        }
        if done >= BURST {
            done = 0;
            hub.role.send(ToRole::GiveBack);
        }
    }
}

/// Does what an item asks for; false at the end.
fn take(hub: &Rc<Hub>, item: FromRole) -> bool {
    match item {
        FromRole::Outputs(outputs) => {
            for (output, times) in outputs {
                if output == Output::Exit {
                    return false;
                }
                (1..times).for_each(|_| perform(hub, output.clone()));
                perform(hub, output);
            }
        }
        FromRole::Status(number, status) => hub.take_status(number, *status),
        // Was noted before everything else.
        FromRole::Left(_) => {}
        FromRole::Heard(heard) => heard::note(hub, heard),
        FromRole::Session(name, up) => {
            hub.sessions.send_modify(|known| _ = known.insert(name, up));
        }
        FromRole::Notice(level, text) => hub.notice(level, text),
    }
    true
}

/// Everything that has come. Who is master is noted before anything follows from it, and once for
/// thousands that become masters together.
fn all_that_came(
    hub: &Hub,
    collector: &mut Collector<FromRole>,
    masters: &mut left::Masters,
) -> Vec<FromRole> {
    let (mut items, mut changed) = (Vec::new(), false);
    while items.len() < AT_ONCE
        && let Some(item) = collector.next()
    {
        if let FromRole::Left(news) = &item {
            for (name, sequence) in news {
                changed |= match sequence {
                    Some(sequence) => masters.insert(name.clone(), *sequence) != Some(*sequence),
                    None => masters.remove(name).is_some(),
                };
            }
        }
        items.push(item);
    }
    if changed && let Err(error) = left::note(masters) {
        hub.log_line(Level::Error, &format!("masters can't be noted: {error}"));
    }
    items
}

fn perform(hub: &Rc<Hub>, output: Output) {
    match output {
        Output::Take { instance, addresses, routes, rules } => {
            addresses::take(hub, addresses::Belongings { instance, addresses, routes, rules });
        }
        Output::Release { instance, addresses, routes, rules } => {
            addresses::release(hub, addresses::Belongings { instance, addresses, routes, rules });
        }
        Output::Announce { instance, addresses } => {
            addresses::announce(hub, &instance, &addresses);
        }
        Output::Run { name } => trackers::run(hub, name),
        Output::Notify(told) => {
            hub.servers.router(&told.of, told.what);
            notify::tell(hub, told);
        }
        Output::Event(event) => hub.take_event(event),
        // The real-time thread did the one itself, and ends by the other.
        Output::Send(_) | Output::Exit => {}
    }
}

/// The machine has ended: what is under way ends too.
async fn finish(hub: &Rc<Hub>) {
    let keep = hub.keep.get();
    let settings = hub.settings();
    if !keep {
        release_inherited(hub);
        addresses::release(hub, statics(&settings));
    }
    hub.servers.finish().await;
    let _ = timeout(SCRIPTS_AT_END, hub.notified.drained()).await;
    fifo::remove_all(hub).await;
    if keep {
        if let Err(error) = left::keep() {
            hub.log_line(Level::Error, &format!("masters can't be noted: {error}"));
        }
    } else {
        if let Ok(mut netlink) = Netlink::open() {
            vmac::remove(&mut netlink, &settings, None);
        }
        base_settings::settle(&BTreeSet::new());
        barrier::remove(hub);
        left::forget();
    }
    if let Some((command, limit)) = &settings.whole.shutdown {
        run_once(hub, "shutdown_script", command, *limit).await;
    }
    running::forget();
    let _ = fs::remove_file(paths::VRRP_SOCKET);
}

/// What a worker before this one left in place goes too, when this one had to stop before its
/// machine began.
fn release_inherited(hub: &Rc<Hub>) {
    let settings = hub.settings();
    let left = hub.with_netlink(|netlink| left::find(netlink, &settings.vrrp));
    for master in left.unwrap_or_default() {
        let mut instances = settings.vrrp.instances.iter();
        let Some(of) = instances.find(|known| known.name == master.instance) else { continue };
        let belongings = addresses::Belongings {
            instance: of.name.clone(),
            addresses: of.addresses.iter().chain(&of.excluded).cloned().collect(),
            routes: of.routes.clone(),
            rules: of.rules.clone(),
        };
        addresses::release(hub, belongings);
    }
}

/// Moves on what waits beside a full ring.
async fn keep_flushing(hub: Rc<Hub>) {
    loop {
        tokio::time::sleep(FLUSH_EVERY).await;
        hub.role.flush();
    }
}

/// Without an executor nothing can be started: the parent starts both anew.
async fn listen_to_executor(hub: Rc<Hub>) {
    let error = hub.listen_to_executor().await.err();
    let why = error.map(|error| error.to_string()).unwrap_or_default();
    hub.log_line(Level::Critical, &format!("the executor is gone ({why}); starting anew"));
    std::process::exit(1);
}

/// Does what the parent says; without a parent, stops in good order.
async fn obey(hub: Rc<Hub>, parent: Rc<UnixDatagram>, (keep, keep_servers): (bool, bool)) {
    let mut word = [0];
    while let Ok(1..) = parent.recv(&mut word).await {
        match word[0] {
            order::STOP => hub.stop(keep, keep_servers),
            order::RELOAD => hub.reload.notify_one(),
            order::USER1 => {
                spawn_dump(&hub, dump::Kind::Data);
                tokio::task::spawn_local(lvs::write_data(Rc::clone(&hub)));
            }
            order::USER2 => spawn_dump(&hub, dump::Kind::Stats),
            order::JSON => spawn_dump(&hub, dump::Kind::Json),
            order::CLEAR => {
                tokio::task::spawn_local(dump::clear(Rc::clone(&hub)));
            }
            _ => {}
        }
    }
    hub.notice(Level::Critical, "the parent process is gone; stopping");
    hub.stop(false, false);
}

fn spawn_dump(hub: &Rc<Hub>, kind: dump::Kind) {
    tokio::task::spawn_local(dump::write(Rc::clone(hub), kind));
}

pub(super) fn notice_all(hub: &Hub, findings: &[settings::Finding]) {
    for finding in findings {
        hub.notice(finding.level, finding.text.as_str());
    }
}
