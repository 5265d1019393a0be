//! Actions: what the plan may do, and what must come before what.

use super::{NodeIx, RscIx};

/// An action, as an index into the world's action array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ActIx(pub(crate) u32);

/// The kind of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    Monitor,
    Start,
    /// A collective's start is complete.
    Running,
    Stop,
    Stopped,
    Promote,
    Promoted,
    Demote,
    Demoted,
    MigrateTo,
    MigrateFrom,
    ReloadAgent,
    Cancel,
    /// Remove the resource's history on a node.
    Delete,
    Notify,
    Notified,
    ClearFailcount,
    Fence,
    Shutdown,
    /// Remove a lock from the history.
    LrmDelete,
    /// A point in the plan that nothing is done at; the action's name says which.
    Point,
}

impl Task {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Task::Monitor => "monitor",
            Task::Start => "start",
            Task::Running => "running",
            Task::Stop => "stop",
            Task::Stopped => "stopped",
            Task::Promote => "promote",
            Task::Promoted => "promoted",
            Task::Demote => "demote",
            Task::Demoted => "demoted",
            Task::MigrateTo => "migrate_to",
            Task::MigrateFrom => "migrate_from",
            Task::ReloadAgent => "reload-agent",
            Task::Cancel => "cancel",
            Task::Delete => "delete",
            Task::Notify => "notify",
            Task::Notified => "notified",
            Task::ClearFailcount => "clear_failcount",
            Task::Fence => "stonith",
            Task::Shutdown => "do_shutdown",
            Task::LrmDelete => "lrm_delete",
            Task::Point => "",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Task> {
        Some(match text {
            "monitor" => Task::Monitor,
            "start" => Task::Start,
            "stop" => Task::Stop,
            "promote" => Task::Promote,
            "demote" => Task::Demote,
            "migrate_to" => Task::MigrateTo,
            "migrate_from" => Task::MigrateFrom,
            _ => return None,
        })
    }

    /// What a collective's action is complete with.
    pub(crate) fn completion(self) -> Task {
        match self {
            Task::Start => Task::Running,
            Task::Stop => Task::Stopped,
            Task::Promote => Task::Promoted,
            Task::Demote => Task::Demoted,
            other => other,
        }
    }

    /// The other way round of [`Task::completion`].
    pub(crate) fn beginning(self) -> Task {
        match self {
            Task::Running => Task::Start,
            Task::Stopped => Task::Stop,
            Task::Promoted => Task::Promote,
            Task::Demoted => Task::Demote,
            other => other,
        }
    }
}

/// A set of yes/no facts of an action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ActFlags(pub(crate) u16);

impl ActFlags {
    pub(crate) const OPTIONAL: u16 = 1;
    pub(crate) const RUNNABLE: u16 = 1 << 1;
    pub(crate) const PSEUDO: u16 = 1 << 2;
    /// In the graph although optional.
    pub(crate) const FORCED: u16 = 1 << 3;
    pub(crate) const MIGRATABLE: u16 = 1 << 4;
    /// A recurring operation that is started anew.
    pub(crate) const RESCHEDULE: u16 = 1 << 5;
    /// Runnable as soon as enough of its predecessors are.
    pub(crate) const MIN_RUNNABLE: u16 = 1 << 6;
    /// Stops what a finished migration left behind.
    pub(crate) const DANGLING: u16 = 1 << 8;

    pub(crate) fn has(self, flag: u16) -> bool {
        self.0 & flag != 0
    }

    pub(crate) fn set(&mut self, flag: u16) {
        self.0 |= flag;
    }

    pub(crate) fn clear(&mut self, flag: u16) {
        self.0 &= !flag;
    }
}

/// One side of an ordering between two actions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) other: ActIx,
    pub(crate) rel: u32,
}

/// What is known of an action.
#[derive(Debug)]
pub(crate) struct Action<'d> {
    pub(crate) task: Task,
    pub(crate) rsc: Option<RscIx>,
    pub(crate) node: Option<NodeIx>,
    /// Milliseconds; 0 unless it recurs (of a cancel: of what it cancels).
    pub(crate) interval: u32,
    pub(crate) flags: ActFlags,
    pub(crate) priority: i32,
    pub(crate) reason: Option<String>,
    /// The key, where task, resource and interval do not make it.
    pub(crate) name: Option<String>,
    /// The name of the operation, where the task does not say it: what a cancel cancels, how a
    /// node is fenced.
    pub(crate) verb: Option<&'d str>,
    pub(crate) target_rc: Option<i32>,
    /// Of a point around an operation, where instances are told: that operation, or its completion.
    pub(crate) around: Option<Task>,
    /// Further meta attributes.
    pub(crate) meta: Vec<(&'static str, String)>,
    pub(crate) before: Vec<Edge>,
    pub(crate) after: Vec<Edge>,
    /// How many predecessors must be runnable, with [`ActFlags::MIN_RUNNABLE`].
    pub(crate) required_runnable: u32,
}

impl Action<'_> {
    pub(crate) fn is(&self, flag: u16) -> bool {
        self.flags.has(flag)
    }

    pub(crate) fn optional(&self) -> bool {
        self.is(ActFlags::OPTIONAL)
    }

    pub(crate) fn required(&self) -> bool {
        !self.is(ActFlags::OPTIONAL)
    }

    pub(crate) fn runnable(&self) -> bool {
        self.is(ActFlags::RUNNABLE)
    }

    pub(crate) fn pseudo(&self) -> bool {
        self.is(ActFlags::PSEUDO)
    }

    /// What a member or instance does for a collective's action: of a notification what it is
    /// about. A primitive has no completions: there it is what they complete.
    pub(crate) fn of_member(&self, primitive: bool) -> Task {
        let task = self.around.unwrap_or(self.task);
        if primitive { task.beginning() } else { task }
    }

    /// Whether a collective has gone down with this action.
    pub(crate) fn is_down(&self) -> bool {
        matches!(self.around.unwrap_or(self.task), Task::Stopped | Task::Demoted)
    }
}
