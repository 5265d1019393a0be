//! One simulated host: its power, its disk, its clock, its daemon and its resources.

use crate::room::Room;
use crate::witness::Witness;
use api::Held;
use base::{Dice, Instant, LinkId, WallTime};
use cluster::{Boot, Config, Input, Predecessor};
use std::sync::Arc;
use std::time::Duration;

/// The wall clock at the beginning of every run, in seconds since 1970.
const WALL_AT_START: u64 = 1_700_000_000;

/// How many inputs queue for a daemon that doesn't run: a socket's buffer of 212,992 bytes (Linux's
/// default) holds about this many beats.
const INBOX_MAX: usize = 300;

/// Who sent a datagram, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) host: usize,
    pub(crate) at: Instant,
}

/// A host, with a daemon `S` if one runs.
#[derive(Clone, Debug)]
pub(crate) struct Host<S> {
    pub(crate) config: Arc<Config>,
    pub(crate) subject: Option<S>,
    /// The subject's next deadline, asked for once after each input.
    pub(crate) deadline: Option<Instant>,
    pub(crate) powered: bool,
    pub(crate) paused: bool,
    /// Inputs that came while it was paused.
    pub(crate) inbox: Vec<(Option<Sender>, Input)>,
    /// Counts lives of daemon and machine, so that what was meant for an earlier one is dropped.
    pub(crate) life: u32,
    pub(crate) room: Room,
    /// Asked to stop; boots again after its end if told so meanwhile.
    pub(crate) stopping: bool,
    pub(crate) boot_after_exit: Option<bool>,
    pub(crate) witness: Witness,
    /// What became of standby and takeover requests, by number.
    pub(crate) answers: Vec<(u64, Result<String, String>)>,
    pub(crate) ticks_now: (Instant, u32),
    generation_file: Option<u32>,
    uuid: Option<[u8; 16]>,
    wall_skew: i64,
}

impl<S> Host<S> {
    pub(crate) fn new(config: Arc<Config>, skew: i64) -> Self {
        Self {
            room: Room::new(&config),
            config,
            subject: None,
            deadline: None,
            powered: false,
            paused: false,
            inbox: Vec::new(),
            life: 0,
            stopping: false,
            boot_after_exit: None,
            witness: Witness::default(),
            answers: Vec::new(),
            ticks_now: (Instant::ZERO, 0),
            generation_file: None,
            uuid: None,
            wall_skew: skew,
        }
    }

    /// True if a daemon runs and hears what comes in.
    pub(crate) fn is_listening(&self) -> bool {
        self.subject.is_some() && !self.paused
    }

    /// The wall clock here.
    pub(crate) fn wall(&self, now: Instant) -> WallTime {
        let seconds = WALL_AT_START.saturating_add_signed(self.wall_skew);
        WallTime::from_millis(seconds * 1_000) + now.since(Instant::ZERO)
    }

    /// The wall clock jumps.
    pub(crate) fn jump(&mut self, seconds: i64) {
        self.wall_skew += seconds;
    }

    /// The state files are gone.
    pub(crate) fn lose_state(&mut self) {
        self.generation_file = None;
        self.uuid = None;
    }

    /// Reads and counts up what the disk keeps, as a starting daemon's shell does: an absent
    /// generation file begins at the wall clock's second (docs/ancestors/heartbeat.md §5.5).
    pub(crate) fn boot(&mut self, now: Instant, dice: &mut Dice) -> Boot {
        let wall = u32::try_from(self.wall(now).as_secs()).unwrap_or(u32::MAX);
        let generation = self.generation_file.unwrap_or(wall).saturating_add(1);
        self.generation_file = Some(generation);
        let uuid = *self.uuid.get_or_insert_with(|| {
            let mut uuid = [0; 16];
            uuid[..8].copy_from_slice(&dice.next_u64().to_le_bytes());
            uuid[8..].copy_from_slice(&dice.next_u64().to_le_bytes());
            uuid
        });
        let predecessor = Some(self.left()).filter(|left| !left.groups.is_empty());
        Boot { generation, uuid, dice: dice.split(), predecessor }
    }

    /// What runs here: the halves, the groups.
    fn left(&self) -> Predecessor {
        let mut held = Held::NONE;
        let mut keys = Vec::new();
        let me = self.config.me.folded();
        for (index, group) in self.config.groups.iter().enumerate() {
            if !self.room.runs_any(index) {
                continue;
            }
            keys.push(group.key.clone());
            if group.home.folded() == me {
                held.local = true;
            } else {
                held.foreign = true;
            }
        }
        Predecessor { held, groups: keys }
    }

    /// Keeps an input for later; false if the queue is full.
    pub(crate) fn queue(&mut self, from: Option<Sender>, input: Input) -> bool {
        let room = self.inbox.len() < INBOX_MAX;
        if room {
            self.inbox.push((from, input));
        }
        room
    }
}

/// Something due at a moment.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// A datagram arrives.
    Datagram { from: usize, sent: Instant, to: usize, link: LinkId, bytes: Arc<[u8]> },
    /// A ping node's echo arrives.
    Echo { to: usize, link: LinkId, bytes: Arc<[u8]> },
    /// An operation ends.
    Job { host: usize, life: u32, op: base::OpId, job: crate::room::Job, begun: Instant },
    /// The shell reads the clock for its daemon.
    Ambient { host: usize, life: u32 },
    /// A parent starts the next daemon.
    Respawn { host: usize, life: u32 },
    /// A host that was rebooted or fenced is back.
    PowerOn { host: usize, life: u32 },
}

/// An entry of the queue; the earliest is the greatest, equal moments in order of their making.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Instant,
    pub(crate) order: u64,
    pub(crate) due: Due,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

/// How long a host is away when it reboots or is reset by a fence device.
pub(crate) const REBOOT_TIME: Duration = Duration::from_secs(5);

/// How long a parent takes to start the next daemon, at most.
pub(crate) const RESPAWN_MAX: Duration = Duration::from_millis(400);
