//! The scenario language: one text that an operator can read, and that the simulator runs in
//! virtual time and the lab on real daemons, ours and the ancestor's.
//!
//! A scenario is a file of `scenarios/`: comments that say what it is about, the cluster it
//! happens on, and one command a line. This module is the meaning of such a file ([`Scenario`])
//! and its parser ([`parse()`]); it runs nothing. The clusters that files can name are in
//! [`Cluster`]. The whole language is described in `scenarios/README.md`.

mod cluster;
mod edit;
mod parse;

pub use cluster::{Cluster, Interface, Machine, Role, Service};
pub use edit::{Change, ConfigFiles, Edit, FileName};
pub use parse::parse;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// One of the two nodes of a cluster, by its place in the list of machines: files say `node1`
/// and `node2`, or the node's own name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Seat(pub usize);

impl Seat {
    /// Both nodes, in order.
    pub const BOTH: [Self; 2] = [Self(0), Self(1)];

    /// The node that this one is paired with.
    #[must_use]
    pub const fn other(self) -> Self {
        Self(1 - self.0)
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node{}", self.0 + 1)
    }
}

/// Whose daemon runs on a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Maker {
    /// Handover.
    Ours,
    /// The ancestor: Heartbeat 3.0.6, or keepalived 2.2.7 in clusters of virtual routers.
    Real,
    /// FRR's `vrrpd`, another maker's virtual router.
    Frr,
}

/// Whose daemons run on node1 and on node2.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pair(pub Maker, pub Maker);

impl Pair {
    /// Every pair of ours and the ancestor, in the order of the result table: what `pairs all`
    /// means.
    pub const ALL: [Self; 4] = [
        Self(Maker::Real, Maker::Real),
        Self(Maker::Ours, Maker::Real),
        Self(Maker::Real, Maker::Ours),
        Self(Maker::Ours, Maker::Ours),
    ];

    /// Every pair that a scenario can name.
    pub const KNOWN: [Self; 6] = [
        Self::ALL[0],
        Self::ALL[1],
        Self::ALL[2],
        Self::ALL[3],
        Self(Maker::Ours, Maker::Frr),
        Self(Maker::Frr, Maker::Ours),
    ];

    /// Whose daemon runs on `seat`.
    pub const fn maker(self, seat: Seat) -> Maker {
        if seat.0 == 0 { self.0 } else { self.1 }
    }

    /// The pair that a word such as `ours/real` names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::KNOWN.into_iter().find(|pair| pair.to_string() == word)
    }
}

impl fmt::Display for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "ours",
            Self::Real => "real",
            Self::Frr => "frr",
        })
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, self.1)
    }
}

/// A scenario, read and checked.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// The file's name without `.txt`.
    pub name: String,
    /// The comment at its head, which says what it shows.
    pub about: String,
    /// Where it happens.
    pub cluster: &'static Cluster,
    /// The pairs it is for, in the order of [`Pair::KNOWN`].
    pub pairs: Vec<Pair>,
    /// Changes to the cluster's files made before anything starts.
    pub setup: Vec<Edit>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// True when every step can be done in virtual time as well (see [`Command::lab_only`]). The
    /// simulator plays no virtual routers from files.
    pub fn fits_simulator(&self) -> bool {
        self.cluster.role == Role::Heartbeat
            && self.steps.iter().all(|step| !step.command.lab_only())
    }
}

/// One line of a scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The line as written, without the comment.
    pub text: String,
    /// The pairs it is for: `when ours/ours,ours/real …`; all pairs without it.
    pub pairs: Vec<Pair>,
    /// What it does.
    pub command: Command,
}

/// What a line does.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Start the daemons of these nodes, in order, without waiting for their effect.
    Start(Vec<Seat>),
    /// Stop these nodes' daemons as an administrator would, and wait until they have ended.
    Stop(Vec<Seat>),
    /// Switch the machine off: no process survives, its cables are dead.
    KillHost(Seat),
    /// End every process of the daemon with signal 9; what it started stays.
    KillDaemon(Seat),
    /// End exactly this process of Handover's family with signal 9.
    KillProcess(Seat, Process),
    /// Switch the machine on again; the daemon starts with it. Files survived, addresses did not.
    Boot(Seat),
    /// Stop the daemon's processes from running for this long, then let them go on.
    Pause(Seat, Duration),
    /// Cut something.
    Cut(Cut),
    /// Mend it.
    Heal(Cut),
    /// Mend everything.
    HealAll,
    /// Run an administrator's command on a node and wait for its end.
    Run(Seat, Vec<String>),
    /// Run a command on the pinged machine and wait for its end.
    RunOnGateway(Vec<String>),
    /// Put a shell script on the nodes, or on one.
    Script(Script),
    /// Change the files of both nodes, or of one.
    Edit(Edit),
    /// Have these nodes' daemons read their files again.
    Reload(Vec<Seat>),
    /// Have the client's machine send the nodes hostile datagrams. Fails when a node of ours lets
    /// itself be moved by them.
    Flood {
        /// So many a second.
        rate: u32,
        /// For so long.
        during: Duration,
    },
    /// Let time pass.
    Wait(Duration),
    /// Wait until something is seen.
    Expect {
        /// What.
        what: Expectation,
        /// How long to wait for it; the default is [`PATIENCE`].
        within: Duration,
    },
    /// Require something throughout a stretch of time.
    Hold {
        /// What.
        what: Expectation,
        /// How long it must last.
        during: Duration,
    },
}

impl Command {
    /// True for what only real daemons and a real file system can do: texts of logs, exit codes,
    /// and commands other than the cluster's own.
    pub fn lab_only(&self) -> bool {
        match self {
            Self::Run(_, words) => words
                .first()
                .is_none_or(|word| !matches!(word.as_str(), "hb_standby" | "hb_takeover")),
            Self::RunOnGateway(_) | Self::Script(_) | Self::Flood { .. } => true,
            Self::Expect { what, .. } | Self::Hold { what, .. } => what.lab_only(),
            _ => false,
        }
    }
}

/// A process of Handover's family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Process {
    /// Watches the other two.
    Parent,
    /// Beats and decides.
    Worker,
    /// Runs scripts.
    Executor,
}

impl Process {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Parent, Self::Worker, Self::Executor];

    /// Its name in scenarios, which its command line says too.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Worker => "worker",
            Self::Executor => "executor",
        }
    }
}

/// A shell script that a scenario brings along.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// On this node only; `None` means on both.
    pub node: Option<Seat>,
    /// Where it is put, below `/etc`, `/usr` or `/var`.
    pub path: String,
    /// Its lines after the first, which names the shell.
    pub lines: Vec<String>,
}

/// How long an `expect` without `within` waits: longer than anything a cluster with deadtimes of
/// a few seconds does, on a machine as slow as a busy build server.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The serial port of both nodes.
pub const SERIAL_PORT: &str = "/run/ttyS0";

/// What is cut, or mended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cut {
    /// A node's cable on one network, or all its cables: nothing goes in or out.
    Cable {
        /// Whose.
        node: Seat,
        /// Interface name; `None` means all.
        link: Option<String>,
    },
    /// What one node sends to the other is lost; everybody else hears it.
    Way {
        /// The node that is not heard any more.
        from: Seat,
        /// The network; `None` means all.
        link: Option<String>,
    },
    /// The nodes do not hear each other; everybody else hears both.
    Between {
        /// The network; `None` means all.
        link: Option<String>,
    },
    /// The pinged machine's cable.
    Gateway,
    /// The serial cable between the nodes, at [`SERIAL_PORT`].
    Serial,
}

/// What can be seen of a cluster from outside, by the same means for every maker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expectation {
    /// The client is answered by this node and by no other.
    ServiceOn(Seat),
    /// The client gets no answer.
    NoService,
    /// The floating address is on exactly these nodes.
    Holders(Vec<Seat>),
    /// The floating address is on exactly one node.
    OneHolder,
    /// The first node takes the second one to be in this state, as `cl_status nodestatus` says.
    NodeStatus {
        /// Who is asked.
        at: Seat,
        /// About whom: a node's or ping node's own name.
        node: String,
        /// `active`, `up`, `dead`, `ping` …
        state: String,
    },
    /// The first node takes this link to be up or dead, as `cl_status hblinkstatus` says.
    LinkStatus {
        /// Who is asked.
        at: Seat,
        /// A link to whom, by name.
        node: String,
        /// The link's name.
        link: String,
        /// `up` or `dead`.
        state: String,
    },
    /// The node holds this half of the groups, as `cl_status rscstatus` says.
    Resources {
        /// Who is asked.
        at: Seat,
        /// `none`, `local`, `foreign`, `all` or `transition`.
        held: String,
    },
    /// The daemon runs, or does not (`cl_status hbstatus`).
    Running(Seat, bool),
    /// The node's log has a line with this text in it.
    Log {
        /// Whose.
        node: Seat,
        /// The text.
        text: String,
    },
    /// This address is on exactly these nodes.
    AddressOn {
        /// Of either family.
        address: IpAddr,
        /// In order; may be empty.
        seats: Vec<Seat>,
    },
    /// A file of the node has this text in it.
    File {
        /// Whose.
        node: Seat,
        /// Its path.
        path: String,
        /// The text.
        text: String,
    },
    /// The last `run` ended with this code.
    Exit(i32),
    /// The last `run` wrote this.
    Output(String),
    /// Since the last command that was not an `expect`, the client was never without an answer for
    /// longer than this.
    OutageBelow(Duration),
}

impl Expectation {
    /// True for what there is in a lab only: texts of logs, files and commands, and their codes.
    const fn lab_only(&self) -> bool {
        matches!(
            self,
            Self::Log { .. }
                | Self::File { .. }
                | Self::AddressOn { .. }
                | Self::Exit(_)
                | Self::Output(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_named_by_its_makers() {
        for pair in Pair::KNOWN {
            assert_eq!(Pair::parse(&pair.to_string()), Some(pair));
        }
        assert_eq!(Pair::parse("ours"), None);
    }
}
