//! The real-time loop: the node, its media and the watchdog on one thread that nothing slow reaches.
//!
//! Reads the clock once per input, gives the input to the node, sends what is to be sent at once
//! and passes everything else on. It makes no call that waits for a disk, a name server, a script
//! or another thread.

use crate::channel::{FromNode, Outbox, ToNode};
use crate::links::{Line, REOPEN_AFTER};
use api::{EventKind, Level};
use base::{GroupKey, Instant, LinkId, Machine, WallTime};
use cluster::{Config, Input, Node, Output};
use linux::media::DATAGRAM_LIMIT;
use linux::rt::{self, Poller};
use linux::watchdog::Watchdog;
use rustix::io::Errno;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Datagrams read from one link before the clock and the other links have their turn: a flood on
/// one link delays a beat by less than a millisecond, and by 5 ms if all are as long as can be.
const DATAGRAMS_PER_TURN: usize = 32;
/// The wall clock and the load are read this often; the node wants them once a second.
const AMBIENT_EVERY: Duration = Duration::from_millis(950);
/// The watchdog is petted only if the other threads lived within this time.
const SHELL_SILENCE_MAX: Duration = Duration::from_secs(1);
/// Send errors of one link told one by one before silence, as the ancestor does
/// (docs/ancestors/heartbeat.md §4.1).
const SEND_ERRORS_TOLD: u32 = 10;
/// How long the last log lines have before a reboot.
const REBOOT_AFTER: Duration = Duration::from_millis(500);

/// Everything the thread owns.
pub(crate) struct RealTime {
    /// The node.
    pub node: Node,
    /// Its media, in the order of the configuration's links.
    pub lines: Vec<Line>,
    /// Where it waits.
    pub poller: Poller,
    /// What the other threads want.
    pub inbox: rtrb::Consumer<ToNode>,
    /// What the other threads get.
    pub outbox: Outbox,
    /// The armed watchdog.
    pub watchdog: Option<Watchdog>,
    /// When the other threads lived last, in nanoseconds of the boot clock.
    pub shell_alive: Arc<AtomicU64>,
    /// The low 16 bits of this process' id, which mark our echo requests.
    pub ping_id: u16,
}

/// State of the loop beside what it owns.
struct Turn {
    outputs: Vec<Output>,
    buffer: Vec<u8>,
    ambient_at: Instant,
    reopen_at: Option<Instant>,
    send_errors: Vec<u32>,
    left: Option<(api::Held, Vec<GroupKey>)>,
    clients_may_send: bool,
    is_over: bool,
}

impl RealTime {
    /// Runs until the node asks to exit.
    ///
    /// # Errors
    /// Those of waiting, which would be a kernel out of memory; `BrokenPipe` when the other
    /// threads stopped taking anything.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let now = rt::now();
        let mut turn = Turn {
            outputs: Vec::with_capacity(64),
            buffer: vec![0; DATAGRAM_LIMIT],
            ambient_at: now,
            reopen_at: None,
            send_errors: vec![0; self.lines.len()],
            left: None,
            clients_may_send: true,
            is_over: false,
        };
        for index in 0..self.lines.len() {
            self.open(&mut turn, index, now);
        }
        self.ambient(&mut turn);
        let mut outputs = std::mem::take(&mut turn.outputs);
        self.node.start(rt::now(), &mut outputs);
        turn.outputs = outputs;
        self.perform(&mut turn)?;
        while !turn.is_over {
            self.turn(&mut turn)?;
        }
        if let Some(watchdog) = self.watchdog.take()
            && let Err(error) = watchdog.disarm()
        {
            self.notice(Level::Error, format!("the watchdog could not be disarmed: {error}"));
        }
        self.outbox.flush();
        Ok(())
    }

    fn turn(&mut self, turn: &mut Turn) -> io::Result<()> {
        let deadline = [self.node.next_deadline(), Some(turn.ambient_at), turn.reopen_at]
            .into_iter()
            .flatten()
            .min();
        let ready = self.poller.wait(deadline)?;
        let woken = ready.woken;
        let mut tokens = [0_u64; 64];
        let count = ready.tokens.len().min(tokens.len());
        tokens[..count].copy_from_slice(&ready.tokens[..count]);
        let now = rt::now();
        if now >= turn.ambient_at {
            self.ambient(turn);
        }
        if turn.reopen_at.is_some_and(|at| now >= at) {
            self.reopen(turn, now);
        }
        for token in &tokens[..count] {
            self.receive(turn, *token as usize)?;
        }
        if woken {
            self.take_inbox(turn)?;
        }
        if self.node.next_deadline().is_some_and(|at| at <= rt::now()) {
            self.give(turn, Input::Tick)?;
        }
        if self.outbox.is_backed_up() {
            self.outbox.flush();
        }
        Ok(())
    }

    fn ambient(&mut self, turn: &mut Turn) {
        let now = rt::now();
        turn.ambient_at = now + AMBIENT_EVERY;
        let load = rt::load_average().unwrap_or_default();
        self.node.handle(now, Input::Ambient { wall: rt::wall(), load }, &mut turn.outputs);
    }

    /// Gives one input to the node and does what follows from it.
    fn give(&mut self, turn: &mut Turn, input: Input) -> io::Result<()> {
        self.node.handle(rt::now(), input, &mut turn.outputs);
        self.perform(turn)
    }

    fn receive(&mut self, turn: &mut Turn, index: usize) -> io::Result<()> {
        for _ in 0..DATAGRAMS_PER_TURN {
            let Some(line) = self.lines.get_mut(index) else { return Ok(()) };
            let link = LinkId(index as u16);
            let (node, outputs) = (&mut self.node, &mut turn.outputs);
            let read = line.receive(&mut turn.buffer, |from, bytes| {
                let input = Input::Datagram { link, from: from.to_owned(), bytes: bytes.to_vec() };
                node.handle(rt::now(), input, outputs);
            });
            self.perform(turn)?;
            match read {
                Ok(true) => {}
                Err(error) if is_lasting(&error) => {
                    self.broke(turn, index, &error);
                    return Ok(());
                }
                // Nothing left; or told once by the kernel (an interface went down, an ICMP
                // error), and passes.
                Ok(false) | Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Closes a link that only a new socket can mend.
    fn broke(&mut self, turn: &mut Turn, index: usize, error: &io::Error) {
        let Some(line) = self.lines.get_mut(index) else { return };
        line.close();
        turn.reopen_at = Some(rt::now() + REOPEN_AFTER);
        let text = format!("link {} broke: {error}", line.link.name);
        self.notice(Level::Error, text);
    }

    fn take_inbox(&mut self, turn: &mut Turn) -> io::Result<()> {
        while let Ok(item) = self.inbox.pop() {
            match item {
                ToNode::Input(input) => self.give(turn, input)?,
                ToNode::Status(number) => {
                    let status = Box::new(self.node.status(rt::now()));
                    self.push(FromNode::Status(number, status))?;
                }
                ToNode::Reload(config) => self.reload(turn, *config)?,
            }
        }
        Ok(())
    }

    /// Puts a new configuration in force: media that are the same stay open.
    fn reload(&mut self, turn: &mut Turn, config: Config) -> io::Result<()> {
        let mut old = std::mem::take(&mut self.lines);
        for link in &config.links {
            let same = old.iter().position(|line| line.link == *link);
            self.lines.push(match same {
                Some(at) => old.remove(at),
                None => Line::prepare(link, self.ping_id),
            });
        }
        drop(old);
        turn.send_errors = vec![0; self.lines.len()];
        let now = rt::now();
        for index in 0..self.lines.len() {
            if let Some(medium) = self.lines[index].medium() {
                let _ = self.poller.remove(medium);
                let _ = self.poller.add(medium, index as u64);
            } else {
                self.open(turn, index, now);
            }
        }
        self.give(turn, Input::Reload(Box::new(config)))
    }

    fn open(&mut self, turn: &mut Turn, index: usize, now: Instant) {
        let Some(line) = self.lines.get_mut(index) else { return };
        let opened = line.open();
        let opened = opened.and_then(|()| match line.medium() {
            Some(medium) => {
                self.poller.add(medium, index as u64).map_err(|error| error.to_string())
            }
            None => Ok(()),
        });
        if let Err(text) = opened {
            turn.reopen_at = Some(now + REOPEN_AFTER);
            let text = format!("{text}; next try in {} s", REOPEN_AFTER.as_secs());
            self.notice(Level::Error, text);
        }
    }

    fn reopen(&mut self, turn: &mut Turn, now: Instant) {
        turn.reopen_at = None;
        for index in 0..self.lines.len() {
            if self.lines[index].medium().is_none() {
                self.open(turn, index, now);
            }
        }
    }

    /// Does what the node asks for, in order: sends itself, passes the rest on.
    fn perform(&mut self, turn: &mut Turn) -> io::Result<()> {
        let mut outputs = std::mem::take(&mut turn.outputs);
        if outputs.iter().any(changes_what_runs) {
            self.note_left(turn)?;
        }
        for output in outputs.drain(..) {
            match output {
                Output::Send { link, bytes } => self.send(turn, link, &bytes),
                Output::Alive => self.pet(),
                Output::Exit => {
                    turn.is_over = true;
                    self.push(FromNode::Output(Output::Exit))?;
                }
                Output::Reboot { reason } => {
                    // On its own thread: the sync before it may wait for a disk.
                    std::thread::spawn(|| {
                        std::thread::sleep(REBOOT_AFTER);
                        let _ = linux::system::reboot();
                    });
                    self.push(FromNode::Output(Output::Reboot { reason }))?;
                }
                other => self.push(FromNode::Output(other))?,
            }
        }
        turn.outputs = outputs;
        let may_send = self.node.clients_may_send();
        if std::mem::replace(&mut turn.clients_may_send, may_send) != may_send {
            self.push(FromNode::MaySend(may_send))?;
        }
        Ok(())
    }

    fn note_left(&mut self, turn: &mut Turn) -> io::Result<()> {
        let status = self.node.status(rt::now());
        let groups: Vec<GroupKey> = status
            .groups
            .iter()
            .filter(|group| {
                !matches!(group.state, api::GroupState::Stopped | api::GroupState::Failed { .. })
            })
            .map(|group| GroupKey::from(group.key.as_str()))
            .collect();
        let left = (status.held, groups);
        if turn.left.as_ref() != Some(&left) {
            turn.left = Some(left.clone());
            self.push(FromNode::Left(left.0, left.1))?;
        }
        Ok(())
    }

    fn send(&mut self, turn: &mut Turn, link: LinkId, bytes: &[u8]) {
        let index = usize::from(link.0);
        let Some(line) = self.lines.get(index) else { return };
        if line.medium().is_none() {
            return;
        }
        let Some(errors) = turn.send_errors.get_mut(index) else { return };
        match line.send(bytes) {
            Ok(()) => *errors = 0,
            Err(error) if is_lasting(&error) => self.broke(turn, index, &error),
            Err(error) => {
                *errors = errors.saturating_add(1);
                if *errors <= SEND_ERRORS_TOLD {
                    let silence = if *errors == SEND_ERRORS_TOLD { "; told no more" } else { "" };
                    let text = format!("link {}: unable to send: {error}{silence}", line.link.name);
                    self.notice(Level::Error, text);
                }
            }
        }
    }

    fn pet(&mut self) {
        let lived = Instant::from_nanos(self.shell_alive.load(Ordering::Relaxed));
        if rt::now().since(lived) > SHELL_SILENCE_MAX {
            return;
        }
        if let Some(watchdog) = &mut self.watchdog
            && let Err(error) = watchdog.pet()
        {
            self.notice(Level::Error, format!("the watchdog could not be petted: {error}"));
        }
    }

    fn notice(&mut self, level: Level, text: String) {
        let _ = self.outbox.push(FromNode::Notice(level, text));
    }

    fn push(&mut self, item: FromNode) -> io::Result<()> {
        if self.outbox.push(item) {
            return Ok(());
        }
        // The parent starts a new worker, which takes over what is in place.
        Err(io::Error::new(io::ErrorKind::BrokenPipe, "the worker's other threads are stuck"))
    }
}

/// True for outputs after which another set of groups runs here, or will.
fn changes_what_runs(output: &Output) -> bool {
    matches!(
        output,
        Output::Event(event) if matches!(
            event.kind,
            EventKind::GroupStarting
                | EventKind::GroupStarted
                | EventKind::GroupStopping
                | EventKind::GroupStopped
                | EventKind::GroupFailed
                | EventKind::Takeover
                | EventKind::Release
                | EventKind::Standby
                | EventKind::CommunicationUp
                | EventKind::Reloaded
        )
    )
}

/// True when a descriptor will only ever fail from now on: a hung-up line, or an interface that is
/// gone (one of the same name that comes back is another one to the socket).
fn is_lasting(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof)
        || matches!(Errno::from_io_error(error), Some(Errno::NODEV | Errno::NXIO))
}

/// Both clocks in one reading, for what the shell tells.
pub(crate) fn moment() -> (Instant, WallTime) {
    (rt::now(), rt::wall())
}
