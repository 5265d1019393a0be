//! What a node is told and what it asks for.

use crate::config::{Config, Probe, Resource, StonithDevice};
use api::{Event, StandbySet};
use base::{GroupKey, LinkId, NodeName, OpId, WallTime};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What the world tells a node.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// What only the shell can read; given at least once a second, and before the first tick.
    Ambient {
        /// The wall clock, for `ts` and logs.
        wall: WallTime,
        /// The text of `/proc/loadavg`, for `ld`.
        load: String,
    },
    /// Bytes came in on a link. Nothing in them is believed before their digest is checked.
    Datagram {
        /// The link.
        link: LinkId,
        /// The sender as the kernel names it, for refusals only.
        from: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// An operation asked for by [`Output::Run`] ended.
    Done {
        /// Which.
        op: OpId,
        /// How.
        outcome: Outcome,
    },
    /// `hb_standby`: give groups to the peer.
    Standby {
        /// Which, from our point of view.
        set: StandbySet,
        /// Answered by [`Output::Answer`] under this number.
        request: u64,
    },
    /// `hb_takeover`: take groups from the peer.
    Takeover {
        /// Which, from our point of view.
        set: StandbySet,
        /// Answered by [`Output::Answer`] under this number.
        request: u64,
    },
    /// A message that a local script wrote to the FIFO or a local client sent, to be sent to the
    /// cluster (and handled here) as our own.
    Inject {
        /// Without the common fields; those are added.
        message: wire::heartbeat::Message,
    },
    /// A new configuration that passed all checks.
    Reload(Box<Config>),
    /// Stop: hand over, then [`Output::Exit`]. With `keep` resources stay for a successor.
    Stop {
        /// Leave resources in place.
        keep: bool,
    },
    /// Somebody else removed an address that a resource of this group had added; the shell has
    /// put it back. The second time within a minute the group is handed over.
    AddressLost {
        /// The group.
        group: GroupKey,
        /// The address as written in the resource.
        address: String,
    },
}

/// What a node asks of the world. Perform them in order: persist, send, run.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Send these bytes on this link (a ping link: as the payload of an echo request).
    Send {
        /// The link.
        link: LinkId,
        /// The payload.
        bytes: Arc<[u8]>,
    },
    /// Start an operation; its end comes back as [`Input::Done`].
    Run {
        /// Its number.
        op: OpId,
        /// What to do.
        action: Action,
        /// Environment of scripts, beside what the shell adds itself.
        environment: BTreeMap<String, String>,
    },
    /// Something happened; log it, keep it, tell those who follow.
    Event(Event),
    /// Our own beat went out and came back: the watchdog may be petted.
    Alive,
    /// The answer to a standby or takeover request.
    Answer {
        /// The request's number.
        request: u64,
        /// Done, or the reason why not, in one sentence.
        result: Result<String, String>,
    },
    /// A message for local API clients (status changes, link changes, clients' messages).
    Deliver(wire::heartbeat::Message),
    /// The dead must be off for certain and no fence works: only a reboot of this machine is
    /// safe (a stop failed and the resource still runs).
    Reboot {
        /// Why, for the last log line.
        reason: String,
    },
    /// Everything is released (or kept, as asked): end the process.
    Exit,
}

impl From<Event> for Output {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

/// What an operation does. The shell decides how (built in, script, OCF agent, unit).
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Is it running here? [`Outcome::Yes`] or [`Outcome::No`].
    Status {
        /// Its group.
        group: GroupKey,
        /// The resource.
        resource: Resource,
    },
    /// Start it. For an address: probe for another holder first, announce it after.
    Start {
        /// Its group.
        group: GroupKey,
        /// The resource.
        resource: Resource,
        /// True when the old holder gave it up in agreement: one short probe is enough.
        planned: bool,
    },
    /// Stop it.
    Stop {
        /// Its group.
        group: GroupKey,
        /// The resource.
        resource: Resource,
    },
    /// Probe the addresses of these resources for other holders already (while a dead time still
    /// runs), so that a later start need not wait. [`Outcome::Yes`] when the probe is over.
    Probe {
        /// The resources.
        resources: Vec<Resource>,
    },
    /// Announce the addresses of these running resources again (after a heal).
    Announce {
        /// The resources.
        resources: Vec<Resource>,
    },
    /// Run `rc.d/NAME` if it exists; [`Outcome::No`] if it doesn't.
    Hook {
        /// Its name: a message type.
        name: String,
    },
    /// Prove that `target` is off, with this device. Only [`Outcome::Yes`] is a proof.
    Fence {
        /// The node.
        target: NodeName,
        /// The device.
        device: StonithDevice,
    },
    /// Try a service check once.
    Check {
        /// What.
        probe: Probe,
        /// How long at most.
        timeout: Duration,
    },
}

/// How an operation ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It succeeded; for questions: yes.
    Yes,
    /// For questions: no.
    No,
    /// It failed.
    Failed {
        /// What happened in one sentence, with the exit code and the script's last words.
        reason: String,
    },
}
