//! The virtual servers as the worker's ordinary thread sees them: what they are told of routers,
//! addresses, files and sessions, and what is done for them here: scripts, FIFOs, mail, the log.

use super::director::{self, Beginning, FromDirector, ToDirector};
use super::dump;
use crate::executor::End;
use crate::paths;
use crate::vrrp::dump::state_file;
use crate::vrrp::fifo::About;
use crate::vrrp::hub::{Hub, Wanted};
use crate::vrrp::{NAMED_NAMESPACES, mail, notify};
use api::lvs::LvsStatus;
use api::{Event, Level};
use config::keepalived::Settings;
use config::keepalived::settings::Process;
use linux::ipvs::{self, Error, Ipvs};
use lvs::config::{Command, Config};
use lvs::{Input, Notification, Outcome};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::time::timeout;
use vrrp::config::Tracked;
use vrrp::{Condition, Subject, What};

/// Loading a module takes a disk's time, not more.
const LOADING_MAX: Duration = Duration::from_secs(10);
/// The thread's name with `process_names`, as keepalived calls its process of checks.
const NAME: &str = "keepalived_lvs";
/// Numbers of the director's events in the journal, beside those of the routers' machine.
const DIRECTORS_EVENTS: u64 = 1 << 63;
/// Removing thousands of services takes well below a second.
const ENDING_MAX: Duration = Duration::from_secs(5);
/// The mode of the pid file.
const PID_FILE_MODE: u32 = 0o644;

/// The virtual servers of this role, whose machine has a thread of its own once it is needed.
#[derive(Default)]
pub(crate) struct Servers {
    director: RefCell<Option<mpsc::UnboundedSender<ToDirector>>>,
    /// Starting and reloading one after the other.
    changing: Mutex<()>,
    stopping: Cell<bool>,
    ended: Cell<bool>,
    end: Notify,
    /// Addresses that the machine wants to know of, and what it was told.
    watched: RefCell<BTreeMap<IpAddr, Option<bool>>>,
    /// The routers that are masters.
    masters: RefCell<BTreeSet<Box<str>>>,
    /// Files and sessions as they were last told.
    tracked: RefCell<BTreeMap<Tracked, Condition>>,
    /// Scripts of checks that run, with the executor's numbers.
    scripts: RefCell<BTreeMap<u64, u64>>,
    /// Where the number of the process is written.
    pid_file: RefCell<Option<PathBuf>>,
}

impl Servers {
    /// A script, file or session that routers track is so; checks look at the same.
    pub(crate) fn tracked(&self, what: &Tracked, condition: Condition) {
        if let Some(input) = tracker_input(what, condition)
            && self.tracked.borrow_mut().insert(what.clone(), condition) != Some(condition)
        {
            self.input(input);
        }
    }

    /// Sessions are so.
    fn sessions(&self, sessions: &BTreeMap<String, bool>) {
        for (name, up) in sessions {
            let condition = if *up { Condition::Good } else { Condition::Bad };
            self.tracked(&Tracked::Bfd(name.clone()), condition);
        }
    }

    /// A router changed.
    pub(crate) fn router(&self, of: &Subject, what: What) {
        let Subject::Instance(name) = of else { return };
        let master = match what {
            What::Master => true,
            What::Backup | What::Fault | What::Stop | What::Deleted => false,
            _ => return,
        };
        self.set_router(name, master);
    }

    /// A router is master, or isn't.
    pub(crate) fn set_router(&self, name: &str, master: bool) {
        let mut masters = self.masters.borrow_mut();
        let is_news = if master { masters.insert(name.into()) } else { masters.remove(name) };
        drop(masters);
        if is_news {
            self.input(Input::Router { name: name.to_owned(), master });
        }
    }

    /// The addresses of this host may have changed.
    pub(crate) fn addresses(&self, is_here: impl Fn(IpAddr) -> bool) {
        for (ip, told) in &mut *self.watched.borrow_mut() {
            let present = is_here(*ip);
            if told.replace(present) != Some(present) {
                self.input(Input::Address { ip: *ip, present });
            }
        }
    }

    /// What the machine knows; `None` without virtual servers.
    pub(crate) async fn status(&self) -> Option<LvsStatus> {
        let (asker, answer) = oneshot::channel();
        self.send(ToDirector::Status(asker));
        answer.await.ok()
    }

    /// Stops them; with `keep` the kernel's load balancer stays as it is.
    pub(crate) fn stop(&self, keep: bool) {
        self.stopping.set(true);
        self.input(Input::Stop { keep });
    }

    /// Waits until they have stopped.
    pub(crate) async fn finish(&self) {
        let started = self.director.borrow().is_some();
        if started && !self.ended.get() {
            let _ = timeout(ENDING_MAX, self.end.notified()).await;
        }
        if let Some(file) = self.pid_file.take() {
            let _ = fs::remove_file(file);
        }
    }

    fn input(&self, input: Input) {
        self.send(ToDirector::Input(input));
    }

    fn send(&self, message: ToDirector) {
        // Fails only after its end.
        if let Some(director) = &*self.director.borrow() {
            let _ = director.send(message);
        }
    }

    /// Everything the machine is to know before its first tick.
    fn known(&self) -> Vec<Input> {
        let masters = self.masters.borrow();
        let routers =
            masters.iter().map(|name| Input::Router { name: name.to_string(), master: true });
        let tracked = self.tracked.borrow();
        let tracked =
            tracked.iter().filter_map(|(what, condition)| tracker_input(what, *condition));
        routers.chain(tracked).collect()
    }
}

fn tracker_input(what: &Tracked, condition: Condition) -> Option<Input> {
    match (what, condition) {
        (Tracked::File(name), Condition::Value(value)) => {
            Some(Input::File { name: name.clone(), value: Some(value) })
        }
        (Tracked::Bfd(name), Condition::Good | Condition::Bad) => {
            Some(Input::Bfd { name: name.clone(), up: condition == Condition::Good })
        }
        _ => None,
    }
}

/// Puts the configuration in force that the hub has: starts the thread when it is first needed,
/// tells it what changed afterwards. `pid_file` is where the process's number goes then.
pub(crate) async fn install(hub: &Rc<Hub>, pid_file: &Path) {
    let _one_at_a_time = hub.servers.changing.lock().await;
    let config = hub.settings().lvs.clone();
    if hub.servers.director.borrow().is_some() {
        hub.servers.input(Input::Reload(Box::new(config)));
    } else if is_needed(&config) {
        load_module(hub).await;
        if !hub.servers.stopping.get()
            && let Err(error) = start(hub, config, pid_file)
        {
            hub.notice(Level::Error, format!("virtual servers are not served: {error}"));
        }
    }
}

/// Whether there is anything to do for the load balancer.
pub(crate) fn is_needed(config: &Config) -> bool {
    !config.servers.is_empty() || config.ipvs.sync.is_some()
}

/// Has the kernel's load balancer loaded if it isn't there. What doesn't work is told by the
/// machine, for each virtual server.
async fn load_module(hub: &Hub) {
    if matches!(Ipvs::open(), Err(Error::Missing)) {
        hub.run(Wanted::as_root(ipvs::module_loader(), LOADING_MAX)).await;
    }
}

fn start(hub: &Rc<Hub>, config: Config, pid_file: &Path) -> io::Result<()> {
    let network = network(hub)?;
    let mut sessions = hub.sessions.subscribe();
    hub.servers.sessions(&sessions.borrow_and_update());
    let inputs = hub.servers.known();
    let whole = &hub.settings().whole;
    let process = Process { name: thread_name(whole), ..whole.checker.clone() };
    let (sender, inbox) = director::start(Beginning { config, process, inputs, network })?;
    *hub.servers.director.borrow_mut() = Some(sender);
    let pid = format!("{}\n", std::process::id());
    match linux::file::replace(pid_file, pid.as_bytes(), PID_FILE_MODE) {
        Ok(()) => *hub.servers.pid_file.borrow_mut() = Some(pid_file.to_owned()),
        Err(error) => {
            let text = format!("{} can't be written: {error}", pid_file.display());
            hub.notice(Level::Warning, text);
        }
    }
    tokio::task::spawn_local(collect(Rc::clone(hub), inbox));
    let hub = Rc::clone(hub);
    tokio::task::spawn_local(async move {
        while sessions.changed().await.is_ok() {
            hub.servers.sessions(&sessions.borrow_and_update());
        }
    });
    Ok(())
}

/// What the thread is called, among those of the process.
fn thread_name(whole: &Settings) -> Option<String> {
    whole.checker.name.clone().or_else(|| whole.process_names.then(|| NAME.to_owned()))
}

/// The network that `net_namespace_ipvs` names; without a name, the one this role was started in,
/// which the parent never left.
fn network(hub: &Hub) -> io::Result<Option<File>> {
    match hub.settings().whole.net_namespace_ipvs.as_deref() {
        None => Ok(None),
        Some("") => {
            let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
            let first = |error| io::Error::other(format!("the network of the start: {error}"));
            File::open(format!("/proc/{parent}/ns/net")).map(Some).map_err(first)
        }
        Some(name) => {
            let path = Path::new(NAMED_NAMESPACES).join(name);
            let named = |error| io::Error::other(format!("namespace {name}: {error}"));
            File::open(path).map(Some).map_err(named)
        }
    }
}

/// Does what the thread asks for.
async fn collect(hub: Rc<Hub>, mut inbox: mpsc::Receiver<FromDirector>) {
    while let Some(asked) = inbox.recv().await {
        match asked {
            FromDirector::Run { run, command, limit } => {
                tokio::task::spawn_local(run_script(Rc::clone(&hub), run, command, limit));
            }
            FromDirector::Abandon(run) => {
                let id = hub.servers.scripts.borrow_mut().remove(&run);
                if let Some(id) = id {
                    hub.terminate(id).await;
                }
            }
            FromDirector::Notify(told) => tell_others(&hub, told),
            FromDirector::Event(event) => hub.take_event(numbered(event)),
            FromDirector::Watched(wanted) => watch(&hub, wanted),
            FromDirector::Notice(level, text) => hub.notice(level, text),
            FromDirector::Ended => {
                hub.servers.ended.set(true);
                hub.servers.end.notify_one();
                return;
            }
        }
    }
    hub.log_line(Level::Critical, "the thread of the virtual servers is gone; starting anew");
    std::process::exit(1);
}

/// The event with numbers that the routers' machine doesn't use.
fn numbered(event: Event) -> Event {
    let number = |id: u64| id | DIRECTORS_EVENTS;
    Event { id: number(event.id), cause: event.cause.map(number), ..event }
}

fn watch(hub: &Hub, wanted: BTreeSet<IpAddr>) {
    {
        let mut watched = hub.servers.watched.borrow_mut();
        watched.retain(|ip, _| wanted.contains(ip));
        for ip in wanted {
            watched.entry(ip).or_default();
        }
    }
    let world = hub.world.borrow();
    hub.servers.addresses(|ip| world.is_here(ip));
}

async fn run_script(hub: Rc<Hub>, run: u64, command: Command, limit: Duration) {
    let wanted = Wanted::configured(&command, &[], Some(limit), &hub.settings());
    let scripts = &hub.servers.scripts;
    let started = |id| {
        scripts.borrow_mut().insert(run, id);
    };
    let end = hub.run_check(wanted, started).await;
    scripts.borrow_mut().remove(&run);
    hub.servers.input(Input::Checked { run, outcome: outcome(end) });
}

fn outcome(end: End) -> Outcome {
    match (end.code, end.signal) {
        (Some(code), _) => Outcome::Exited(code),
        (None, Some(signal)) => Outcome::Killed(signal),
        (None, None) => Outcome::NotRun(end.how),
    }
}

fn tell_others(hub: &Rc<Hub>, told: Notification) {
    let Notification { subject, command, line, mail, .. } = told;
    notify::write_line(hub, About::Servers, &format!("{line}\n"));
    if let Some(mail) = mail {
        mail::post(hub, &mail.subject, mail.body);
    }
    if let Some(command) = command {
        notify::command(hub, subject, command);
    }
}

/// Writes what the virtual servers are into the file for it; nothing without them.
pub(crate) async fn write_data(hub: Rc<Hub>) {
    let Some(status) = hub.servers.status().await else { return };
    let text = dump::text(&status, linux::rt::now());
    let path = state_file(&hub.settings().whole, dump::PART);
    let shown = path.display().to_string();
    let written = tokio::task::spawn_blocking(move || {
        linux::file::replace(&path, text.as_bytes(), dump::MODE)
    });
    if let Ok(Err(error)) = written.await {
        hub.notice(Level::Warning, format!("{shown} can't be written: {error}"));
    }
}

/// Where the number of the process with the checks stands, unless an option names another file.
pub(crate) fn usual_pid_file() -> PathBuf {
    paths::LVS_PID_FILE.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(code: Option<i32>, signal: Option<i32>) -> End {
        End {
            code,
            signal,
            how: "could not be started: no such file".into(),
            output: String::new(),
        }
    }

    #[test]
    fn the_end_of_a_script_is_a_code_a_signal_or_a_reason() {
        assert_eq!(outcome(end(Some(12), None)), Outcome::Exited(12));
        assert_eq!(outcome(end(None, Some(9))), Outcome::Killed(9));
        let reason = "could not be started: no such file".to_owned();
        assert_eq!(outcome(end(None, None)), Outcome::NotRun(reason));
    }

    #[test]
    fn what_routers_track_is_told_to_checks_too() {
        let servers = Servers::default();
        servers.tracked(&Tracked::File("f".into()), Condition::Value(7));
        servers.sessions(&BTreeMap::from([("b".to_owned(), false)]));
        servers.tracked(&Tracked::Script("s".into()), Condition::Bad);
        servers.set_router("VI_1", true);
        servers.router(&Subject::Instance("VI_1".into()), What::Backup);
        servers.set_router("VI_2", true);
        servers.router(&Subject::Group("G".into()), What::Master);
        let file = Input::File { name: "f".into(), value: Some(7) };
        let session = Input::Bfd { name: "b".into(), up: false };
        let router = Input::Router { name: "VI_2".into(), master: true };
        let known = servers.known();
        assert_eq!(known.len(), 3, "{known:?}");
        assert!([file, session, router].iter().all(|input| known.contains(input)), "{known:?}");
    }
}
