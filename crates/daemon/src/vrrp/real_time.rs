//! The real-time loop of the VRRP role: its machine and its sockets on one thread that nothing
//! slow reaches.
//!
//! Reads the clock once per input, gives the input to the machine, sends adverts itself, those of
//! one moment together, and passes everything else on. It makes no call that waits for a disk, a
//! name server, a script or another thread.

use super::bfd::{self, Bfd};
use super::sockets::Sockets;
use crate::channel::Outbox;
use api::Level;
use api::vrrp::VrrpStatus;
use base::{Instant, Machine};
use linux::rt::{self, Poller};
use linux::vrrp::Room;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use vrrp::config::{Config, Tracked};
use vrrp::{Condition, Heard, Input, Output, Received, Role};

/// Calls for packets of one socket before timers and the other sockets have their turn: with a
/// few dozen packets each, a flood delays an advert by a fraction of a millisecond.
const CALLS_PER_TURN: usize = 4;
/// The machine is told the wall clock this often; it wants it once a second.
const AMBIENT_EVERY: Duration = Duration::from_millis(500);
/// A socket that could not be opened is tried again after this, if nothing is heard of its
/// interface before.
const REOPEN_AFTER: Duration = Duration::from_secs(5);

/// More packets than this in one such time, and they are taken in together: a wake for each of
/// thousands of backups' packets costs more than the packets.
const BUSY: usize = 128;
/// Packets that are taken in together have come within this time. A timer is never late for it.
const TOGETHER_MAX: Duration = Duration::from_millis(5);
/// And within this part of the shortest interval between adverts.
const TOGETHER_PART: u32 = 100;
/// Outputs of one input that there is always room for.
const OUTPUTS: usize = 64;

/// To the real-time thread.
#[derive(Debug)]
pub(crate) enum ToRole {
    /// For the machine.
    Input(Input),
    /// A new configuration: sockets that it needs as well stay open.
    Reload(Box<Config>),
    /// The BFD sessions from now on.
    Sessions(Vec<vrrp::bfd::Session>),
    /// Answered by [`FromRole::Status`] with the same number.
    Status(u64),
    /// Answered by [`FromRole::Heard`].
    Heard,
    /// Much was done that took memory; it is to be given back when adverts leave time for it.
    GiveBack,
    /// The interfaces there are, by number; the sockets of those named are opened anew.
    Interfaces(BTreeMap<u32, String>, Vec<String>),
}

/// From the real-time thread.
#[derive(Debug)]
pub(crate) enum FromRole {
    /// What the machine asks for, in order, except what the thread did itself; each with how often
    /// in a row.
    Outputs(Vec<(Output, u32)>),
    /// The answer to [`ToRole::Status`].
    Status(u64, Box<VrrpStatus>),
    /// Routers that are masters now, each with its last sequence number, or no longer (`None`).
    /// Comes before what follows from it.
    Left(Vec<(String, Option<u32>)>),
    /// What a successor must remember of signed adverts.
    Heard(Vec<Heard>),
    /// A BFD session, by its name, is up or not.
    Session(String, bool),
    /// Something an administrator should know.
    Notice(Level, String),
}

/// Everything the thread owns.
pub(crate) struct RealTime {
    /// The machine.
    pub(crate) role: Role,
    /// Its sockets, of which none is open yet.
    pub(crate) sockets: Sockets,
    /// The BFD sessions, none of which is known yet.
    pub(crate) bfd: Bfd,
    /// Where it waits.
    pub(crate) poller: Poller,
    /// What the other threads want.
    pub(crate) inbox: rtrb::Consumer<ToRole>,
    /// What the other threads get.
    pub(crate) outbox: Outbox<FromRole>,
    /// How long packets are waited for that are taken in together; [`together`] knows.
    pub(crate) together: Duration,
}

/// State of the loop beside what it owns.
struct Turn {
    outputs: Vec<Output>,
    room: Room,
    ambient_at: Instant,
    reopen_at: Option<Instant>,
    /// Packets that came since the machine was last told the wall clock, and in the time before.
    packets: (usize, usize),
    /// The machine asked for something lately.
    is_busy: bool,
    /// Memory is to be given back.
    gives_back: bool,
    is_over: bool,
}

/// How long packets are waited for that are taken in together.
pub(crate) fn together(config: &Config) -> Duration {
    let shortest = config.instances.iter().map(|instance| instance.advert_int).min();
    shortest.map_or(TOGETHER_MAX, |shortest| (shortest / TOGETHER_PART).min(TOGETHER_MAX))
}

impl RealTime {
    /// Runs until the machine asks to exit.
    ///
    /// # Errors
    /// Those of waiting, which would be a kernel out of memory; `BrokenPipe` when the other
    /// threads stopped taking anything.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut turn = Turn {
            outputs: Vec::with_capacity(OUTPUTS),
            room: Room::new(),
            ambient_at: rt::now(),
            reopen_at: None,
            packets: (0, 0),
            is_busy: false,
            gives_back: false,
            is_over: false,
        };
        self.open_all(&mut turn);
        self.give(&mut turn, Input::Ambient { wall: rt::wall() })?;
        // What is known of interfaces and addresses was put in before this thread started.
        self.take_inbox(&mut turn)?;
        while !turn.is_over {
            self.turn(&mut turn)?;
        }
        // Said even when addresses stay: nobody is there to hear the other ends.
        self.give_bfd(&mut turn, vrrp::bfd::Input::Stop)?;
        self.outbox.flush();
        Ok(())
    }

    fn turn(&mut self, turn: &mut Turn) -> io::Result<()> {
        let role = self.role.next_deadline();
        let deadlines = [role, self.bfd.next_deadline(), Some(turn.ambient_at), turn.reopen_at];
        let deadline = deadlines.into_iter().flatten().min();
        if turn.packets.1 > BUSY {
            let left = deadline.map_or(self.together, |at| at.since(rt::now()));
            std::thread::sleep(left.min(self.together));
        }
        let ready = self.poller.wait(deadline)?;
        let woken = ready.woken;
        let mut tokens = [0_u64; 64];
        let count = ready.tokens.len().min(tokens.len());
        tokens[..count].copy_from_slice(&ready.tokens[..count]);
        let now = rt::now();
        if now >= turn.ambient_at {
            self.ambient(turn)?;
        }
        if turn.reopen_at.is_some_and(|at| now >= at) {
            self.open_all(turn);
        }
        // What came in counts before the silence it ends.
        for token in &tokens[..count] {
            match bfd::ear_of(*token) {
                Some(ear) => self.receive_bfd(turn, ear)?,
                None => self.receive(turn, *token as usize)?,
            }
        }
        if woken {
            self.take_inbox(turn)?;
        }
        if !turn.is_over && self.role.next_deadline().is_some_and(|at| at <= rt::now()) {
            self.give(turn, Input::Tick)?;
        }
        if !turn.is_over && self.bfd.next_deadline().is_some_and(|at| at <= rt::now()) {
            self.give_bfd(turn, vrrp::bfd::Input::Tick)?;
        }
        if self.outbox.is_backed_up() {
            self.outbox.flush();
        }
        Ok(())
    }

    fn ambient(&mut self, turn: &mut Turn) -> io::Result<()> {
        turn.ambient_at = rt::now() + AMBIENT_EVERY;
        turn.packets = (0, turn.packets.0);
        let was_busy = std::mem::take(&mut turn.is_busy);
        // It takes milliseconds: not where adverts follow each other as fast.
        let has_time = !was_busy && self.together == TOGETHER_MAX;
        if turn.gives_back && has_time {
            turn.gives_back = false;
            linux::memory::release_locked();
        }
        self.give(turn, Input::Ambient { wall: rt::wall() })?;
        // Sequence numbers of authentication headers grow without anything else changing.
        self.note_left()
    }

    /// Gives one input to the machine and does what follows from it.
    fn give(&mut self, turn: &mut Turn, input: Input) -> io::Result<()> {
        self.role.handle(rt::now(), input, &mut turn.outputs);
        self.perform(turn)
    }

    fn receive(&mut self, turn: &mut Turn, token: usize) -> io::Result<()> {
        for _ in 0..CALLS_PER_TURN {
            let (role, outputs) = (&mut self.role, &mut turn.outputs);
            let read = self.sockets.receive(token, &mut turn.room, |interface, incoming| {
                let packet = Received {
                    interface: interface.to_owned(),
                    source: incoming.source,
                    destination: incoming.destination,
                    ttl: incoming.ttl,
                    bytes: incoming.bytes.to_vec(),
                };
                role.handle(rt::now(), Input::Packet(packet), outputs);
            });
            self.perform(turn)?;
            let Ok(count) = read else {
                // Told once by the kernel (an interface went down), and passes; or the socket was
                // closed and is opened again in time.
                turn.reopen_at.get_or_insert(rt::now() + REOPEN_AFTER);
                return Ok(());
            };
            turn.packets.0 += count;
            // With fewer than it takes at once nothing is left.
            if count < linux::vrrp::BATCH {
                return Ok(());
            }
        }
        Ok(())
    }

    fn receive_bfd(&mut self, turn: &mut Turn, ear: usize) -> io::Result<()> {
        for _ in 0..CALLS_PER_TURN {
            let heard = self.bfd.receive(ear, &mut turn.room);
            if heard.is_empty() {
                break;
            }
            for packet in heard {
                self.give_bfd(turn, vrrp::bfd::Input::Packet(packet))?;
            }
        }
        Ok(())
    }

    /// Gives the BFD sessions an input; who follows them is told what changed.
    fn give_bfd(&mut self, turn: &mut Turn, input: vrrp::bfd::Input) -> io::Result<()> {
        for news in self.bfd.give(rt::now(), input) {
            match news {
                bfd::News::Trouble(text) => self.notice(Level::Warning, text),
                bfd::News::Changed { name, up, text } => {
                    let level = if up { Level::Info } else { Level::Warning };
                    self.notice(level, text);
                    self.push(FromRole::Session(name.clone(), up))?;
                    let condition = if up { Condition::Good } else { Condition::Bad };
                    let what = Tracked::Bfd(name);
                    self.give(turn, Input::Tracker { what, condition })?;
                }
            }
        }
        Ok(())
    }

    fn take_inbox(&mut self, turn: &mut Turn) -> io::Result<()> {
        while let Ok(item) = self.inbox.pop() {
            match item {
                ToRole::Input(input) => self.give(turn, input)?,
                ToRole::Heard => self.push(FromRole::Heard(self.role.heard()))?,
                ToRole::Status(number) => {
                    let status = Box::new(self.role.status());
                    self.push(FromRole::Status(number, status))?;
                }
                ToRole::Reload(config) => {
                    for (token, receiver) in self.sockets.want(&config) {
                        let _ = self.poller.remove(receiver);
                        let _ = self.poller.add(receiver, token as u64);
                    }
                    self.open_all(turn);
                    self.together = together(&config);
                    self.give(turn, Input::Reload(config))?;
                }
                ToRole::Sessions(sessions) => {
                    self.bfd.want(&sessions);
                    self.open_all(turn);
                    self.give_bfd(turn, vrrp::bfd::Input::Sessions(sessions))?;
                }
                ToRole::GiveBack => turn.gives_back = true,
                ToRole::Interfaces(names, changed) => {
                    self.sockets.name_interfaces(names);
                    for name in &changed {
                        self.sockets.close(name);
                    }
                    if !changed.is_empty() {
                        self.open_all(turn);
                    }
                }
            }
        }
        Ok(())
    }

    fn open_all(&mut self, turn: &mut Turn) {
        let again = turn.reopen_at.take().is_some();
        for (ear, opened) in self.bfd.open() {
            let added = opened.and_then(|receiver| {
                self.poller.add(receiver, bfd::token_of(ear)).map_err(|error| error.to_string())
            });
            if let Err(text) = added {
                if !again {
                    let _ = self.outbox.push(FromRole::Notice(Level::Error, text));
                }
                turn.reopen_at = Some(rt::now() + REOPEN_AFTER);
            }
        }
        for token in self.sockets.closed() {
            let opened = self.sockets.open(token).and_then(|receiver| {
                self.poller.add(receiver, token as u64).map_err(|error| error.to_string())
            });
            if let Err(text) = opened {
                // Told once; a machine that waits for an interface says so itself.
                if !again {
                    self.notice(Level::Warning, text);
                }
                turn.reopen_at = Some(rt::now() + REOPEN_AFTER);
            }
        }
    }

    /// Does what the machine asks for: sends itself, passes the rest on in order.
    fn perform(&mut self, turn: &mut Turn) -> io::Result<()> {
        if turn.outputs.is_empty() {
            return Ok(());
        }
        let moved =
            turn.outputs.iter().any(|o| matches!(o, Output::Take { .. } | Output::Release { .. }));
        if moved {
            self.note_left()?;
        }
        let (mut adverts, mut rest) = (Vec::new(), Vec::<(Output, u32)>::new());
        for output in turn.outputs.drain(..) {
            turn.is_over |= output == Output::Exit;
            match (output, rest.last_mut()) {
                (Output::Send(advert), _) => adverts.push(advert),
                (output, Some((last, times))) if *last == output => *times += 1,
                (output, _) => rest.push((output, 1)),
            }
        }
        // Thousands of a start leave no room behind.
        turn.outputs.shrink_to(OUTPUTS);
        turn.is_busy |= !rest.is_empty();
        let outbox = &mut self.outbox;
        self.sockets.send(&adverts, |text| {
            let _ = outbox.push(FromRole::Notice(Level::Error, text));
        });
        if rest.is_empty() { Ok(()) } else { self.push(FromRole::Outputs(rest)) }
    }

    fn note_left(&mut self) -> io::Result<()> {
        let changed = self.role.changed_inheritance();
        if changed.is_empty() { Ok(()) } else { self.push(FromRole::Left(changed)) }
    }

    fn notice(&mut self, level: Level, text: String) {
        let _ = self.outbox.push(FromRole::Notice(level, text));
    }

    fn push(&mut self, item: FromRole) -> io::Result<()> {
        if self.outbox.push(item) {
            return Ok(());
        }
        // The parent starts a new worker, which takes over what is in place.
        Err(io::Error::new(io::ErrorKind::BrokenPipe, "the worker's other threads are stuck"))
    }
}
