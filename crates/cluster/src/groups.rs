//! The operations on resource groups: started left to right, stopped right to left, one group
//! after the other in the order asked for.
//!
//! Knows nothing of peers. Whoever calls [`Groups::acquire`] must have a [`Permit`].

use crate::config::{Group, Resource};
use crate::fencing::{Inheritance, Proof};
use crate::io::{Action, Outcome, Output};
use crate::step::Step;
use api::{EventId, EventKind, GroupState, Level, Subject};
use base::{GroupKey, Instant, OpId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// A failed stop is tried this often in all (`HA_STOPRETRYMAX`, docs/ancestors/heartbeat.md §3.11).
const STOP_TRIES: u32 = 10;
/// Between two tries to stop.
const STOP_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why starting a group here can't start it twice.
#[derive(Debug)]
pub(crate) enum Permit {
    /// The other node said that it doesn't run it (or never did, being ours to start).
    PeerReleased,
    /// The other node is gone, with proof.
    Inherited(Inheritance),
}

/// Numbers a set of groups asked for together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Batch(u64);

/// A batch's end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finished {
    pub(crate) batch: Batch,
    /// Groups that could not be started.
    pub(crate) failed: Vec<GroupKey>,
    /// The last event of the batch.
    pub(crate) cause: Option<EventId>,
}

/// One group and what it does here.
#[derive(Clone, Debug)]
pub(crate) struct GroupRun {
    pub(crate) group: Group,
    pub(crate) state: GroupState,
    /// The event that brought it into its state.
    pub(crate) because: Option<EventId>,
}

impl GroupRun {
    /// Something of it may run here.
    pub(crate) const fn is_up_in_part(&self) -> bool {
        !matches!(self.state, GroupState::Stopped | GroupState::Failed { .. })
    }

    /// Runs here, or is on its way to.
    pub(crate) const fn is_claimed(&self) -> bool {
        matches!(self.state, GroupState::Starting | GroupState::Running)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Want {
    Up {
        planned: bool,
    },
    Down,
    /// Stop and start the last resource of a running group.
    Restart,
}

#[derive(Clone, Debug)]
struct Job {
    batch: Batch,
    key: GroupKey,
    want: Want,
    cause: Option<EventId>,
}

/// The one operation under way.
#[derive(Clone, Debug)]
struct Active {
    job: Job,
    /// Index of the resource at hand.
    at: usize,
    stage: Stage,
    /// Why the group is being stopped again in the middle of a start.
    failure: Option<(String, String)>,
    /// Somebody wants the group down: end the start after the operation at hand.
    turn_back: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Asking(OpId),
    Starting(OpId),
    Stopping { op: OpId, tries: u32 },
    StopAgainAt { at: Instant, tries: u32 },
    AskingAfterStop(OpId),
}

#[derive(Clone, Debug, Default)]
struct BatchState {
    left: usize,
    failed: Vec<GroupKey>,
}

/// All groups of this node's configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    runs: Vec<GroupRun>,
    queue: VecDeque<Job>,
    active: Option<Active>,
    batches: BTreeMap<Batch, BatchState>,
    last_batch: u64,
    /// What the peer runs or has not stopped yet: starts of these wait.
    peers: BTreeSet<GroupKey>,
    finished: VecDeque<Finished>,
}

impl Groups {
    pub(crate) fn new(groups: &[Group]) -> Self {
        let runs = groups.iter().map(|group| GroupRun {
            group: group.clone(),
            state: GroupState::Stopped,
            because: None,
        });
        Self { runs: runs.collect(), ..Self::default() }
    }

    pub(crate) fn all(&self) -> &[GroupRun] {
        &self.runs
    }

    pub(crate) fn get(&self, key: &GroupKey) -> Option<&GroupRun> {
        self.runs.iter().find(|run| run.group.key == *key)
    }

    fn get_mut(&mut self, key: &GroupKey) -> Option<&mut GroupRun> {
        self.runs.iter_mut().find(|run| run.group.key == *key)
    }

    /// Batches that ended since the last call.
    pub(crate) fn take_finished(&mut self) -> Option<Finished> {
        self.finished.pop_front()
    }

    /// Marks a group as running without starting it: a predecessor of this process left it so.
    pub(crate) fn adopt(&mut self, key: &GroupKey) {
        if let Some(run) = self.get_mut(key) {
            run.state = GroupState::Running;
        }
    }

    /// Forgets that a group failed here, so that it is tried again.
    pub(crate) fn clear_failure(&mut self, key: &GroupKey) {
        if let Some(run) = self.get_mut(key)
            && matches!(run.state, GroupState::Failed { .. })
        {
            run.state = GroupState::Stopped;
        }
    }

    /// A stopped group doesn't run well here: not to be started again by itself.
    pub(crate) fn mark_failed(&mut self, key: &GroupKey, reason: String) {
        if let Some(run) = self.get_mut(key)
            && run.state == GroupState::Stopped
        {
            run.state = GroupState::Failed { resource: key.to_string(), reason };
        }
    }

    /// Starts groups in the given order. Those already running are left alone.
    pub(crate) fn acquire(
        &mut self,
        step: &mut Step<'_>,
        keys: &[GroupKey],
        permit: &Permit,
    ) -> Batch {
        let planned = match permit {
            Permit::PeerReleased => true,
            Permit::Inherited(inheritance) => inheritance.proof() == Proof::GaveUp,
        };
        let wanted: Vec<_> = keys
            .iter()
            .filter(|key| self.get(key).is_some() && !self.claims(key))
            .cloned()
            .collect();
        self.enqueue(step, wanted, Want::Up { planned })
    }

    /// Stops groups in the given order, also those that never ran (every script is called).
    pub(crate) fn release(&mut self, step: &mut Step<'_>, keys: &[GroupKey]) -> Batch {
        for key in keys {
            self.cancel_start(key);
        }
        self.enqueue(step, keys.to_vec(), Want::Down)
    }

    /// Restarts the last resource of a running group (a service check asked for it).
    pub(crate) fn restart_last(&mut self, step: &mut Step<'_>, key: &GroupKey) -> Batch {
        self.enqueue(step, vec![key.clone()], Want::Restart)
    }

    /// Runs here or will, unless it fails: what this node answers for.
    pub(crate) fn claims(&self, key: &GroupKey) -> bool {
        match self.queue.iter().rev().find(|job| job.key == *key).map(|job| job.want) {
            Some(want) => want != Want::Down,
            None => self.get(key).is_some_and(GroupRun::is_claimed) && !self.is_going_down(key),
        }
    }

    fn is_going_down(&self, key: &GroupKey) -> bool {
        let queued = self.queue.iter().rev().find(|job| job.key == *key).map(|job| job.want);
        let active = self.active.as_ref().filter(|a| a.job.key == *key);
        match queued {
            Some(want) => want == Want::Down,
            None => active.is_some_and(|a| a.job.want == Want::Down || a.turn_back),
        }
    }

    fn cancel_start(&mut self, key: &GroupKey) {
        let (cancelled, kept) = std::mem::take(&mut self.queue)
            .into_iter()
            .partition(|job| job.key == *key && job.want != Want::Down);
        self.queue = kept;
        let cancelled: VecDeque<Job> = cancelled;
        for job in cancelled {
            self.leave_batch(job.batch, None, job.cause);
        }
        if let Some(active) = &mut self.active
            && active.job.key == *key
            && active.job.want != Want::Down
        {
            active.turn_back = true;
        }
    }

    fn enqueue(&mut self, step: &mut Step<'_>, keys: Vec<GroupKey>, want: Want) -> Batch {
        self.last_batch += 1;
        let batch = Batch(self.last_batch);
        if keys.is_empty() {
            self.finished.push_back(Finished { batch, failed: Vec::new(), cause: step.cause });
            return batch;
        }
        self.batches.insert(batch, BatchState { left: keys.len(), failed: Vec::new() });
        let cause = step.cause;
        self.queue.extend(keys.into_iter().map(|key| Job { batch, key, want, cause }));
        self.go_on(step);
        batch
    }

    /// Starts the next job if none is under way.
    fn go_on(&mut self, step: &mut Step<'_>) {
        while self.active.is_none() {
            let waits =
                |job: &Job| matches!(job.want, Want::Up { .. }) && self.peers.contains(&job.key);
            let next = self.queue.iter().position(|job| !waits(job));
            let Some(job) = next.and_then(|at| self.queue.remove(at)) else { return };
            self.begin(step, job);
        }
    }

    /// What the peer runs or has not stopped yet is not begun here before it has.
    pub(crate) fn wait_for_peer(&mut self, step: &mut Step<'_>, peers: BTreeSet<GroupKey>) {
        if self.peers != peers {
            self.peers = peers;
            self.go_on(step);
        }
    }

    fn begin(&mut self, step: &mut Step<'_>, job: Job) {
        step.cause = job.cause;
        let Some(run) = self.get_mut(&job.key) else {
            return self.leave_batch(job.batch, None, job.cause);
        };
        let resources = run.group.resources.len();
        let name = Subject::Group(job.key.to_string());
        let (kind, state, text, at) = match job.want {
            Want::Up { .. } => {
                let text = format!("{}: starting", job.key);
                (EventKind::GroupStarting, GroupState::Starting, text, 0)
            }
            Want::Down => {
                let text = format!("{}: stopping", job.key);
                (EventKind::GroupStopping, GroupState::Stopping, text, resources)
            }
            Want::Restart => {
                let text = format!("{}: restarting its last resource", job.key);
                (EventKind::GroupStarting, GroupState::Starting, text, resources)
            }
        };
        run.state = state;
        let id = step.tell(Level::Info, kind, name, text);
        step.cause = Some(id);
        let job = Job { cause: Some(id), ..job };
        let mut active =
            Active { job, at, stage: Stage::Asking(OpId(0)), failure: None, turn_back: false };
        let more = match active.job.want {
            Want::Up { .. } => self.ask(step, &mut active),
            Want::Down | Want::Restart => self.stop_previous(step, &mut active),
        };
        self.settle(step, active, more);
    }

    /// Keeps the job going or ends it.
    fn settle(&mut self, step: &mut Step<'_>, active: Active, more: bool) {
        if more {
            self.active = Some(active);
        } else {
            self.end(step, active);
        }
    }

    fn resource(&self, active: &Active) -> Option<Resource> {
        self.get(&active.job.key)?.group.resources.get(active.at).cloned()
    }

    /// Asks for the status of the resource at hand; false when there is none left.
    fn ask(&self, step: &mut Step<'_>, active: &mut Active) -> bool {
        let Some(resource) = self.resource(active) else { return false };
        let group = active.job.key.clone();
        let op = step.run(Action::Status { group, resource }, BTreeMap::new());
        active.stage = Stage::Asking(op);
        true
    }

    /// Moves one resource to the left and stops it; false when there is none left.
    fn stop_previous(&self, step: &mut Step<'_>, active: &mut Active) -> bool {
        let Some(at) = active.at.checked_sub(1) else { return false };
        active.at = at;
        self.stop_at_hand(step, active, 1)
    }

    fn stop_at_hand(&self, step: &mut Step<'_>, active: &mut Active, tries: u32) -> bool {
        let Some(resource) = self.resource(active) else { return false };
        let group = active.job.key.clone();
        let op = step.run(Action::Stop { group, resource }, BTreeMap::new());
        active.stage = Stage::Stopping { op, tries };
        true
    }

    /// Takes the end of an operation in; false if it isn't one of ours.
    pub(crate) fn done(&mut self, step: &mut Step<'_>, op: OpId, outcome: &Outcome) -> bool {
        let mine = self.active.as_ref().is_some_and(|active| match active.stage {
            Stage::Asking(o)
            | Stage::Starting(o)
            | Stage::AskingAfterStop(o)
            | Stage::Stopping { op: o, .. } => o == op,
            Stage::StopAgainAt { .. } => false,
        });
        let Some(mut active) = self.active.take_if(|_| mine) else { return false };
        step.cause = active.job.cause;
        let more = match active.stage {
            Stage::Asking(_) => self.asked(step, &mut active, outcome),
            Stage::Starting(_) => self.started(step, &mut active, outcome),
            Stage::Stopping { tries, .. } => self.stopped(step, &mut active, outcome, tries),
            Stage::AskingAfterStop(_) => self.asked_after_stop(step, &mut active, outcome),
            Stage::StopAgainAt { .. } => true,
        };
        self.settle(step, active, more);
        self.go_on(step);
        true
    }

    /// Tries again to stop what is due.
    pub(crate) fn tick(&mut self, step: &mut Step<'_>) {
        let due = self.active.take_if(
            |active| matches!(active.stage, Stage::StopAgainAt { at, .. } if at <= step.now),
        );
        if let Some(mut active) = due {
            step.cause = active.job.cause;
            let tries = match active.stage {
                Stage::StopAgainAt { tries, .. } => tries,
                _ => 0,
            };
            let more = self.stop_at_hand(step, &mut active, tries + 1);
            self.settle(step, active, more);
            self.go_on(step);
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self.active.as_ref()?.stage {
            Stage::StopAgainAt { at, .. } => Some(at),
            _ => None,
        }
    }

    fn asked(&self, step: &mut Step<'_>, active: &mut Active, outcome: &Outcome) -> bool {
        if active.turn_back {
            return false;
        }
        if *outcome == Outcome::Yes {
            active.at += 1;
            return self.ask(step, active);
        }
        self.start_at_hand(step, active)
    }

    fn start_at_hand(&self, step: &mut Step<'_>, active: &mut Active) -> bool {
        let Some(resource) = self.resource(active) else { return false };
        let planned = active.job.want != Want::Up { planned: false };
        let group = active.job.key.clone();
        let op = step.run(Action::Start { group, resource, planned }, BTreeMap::new());
        active.stage = Stage::Starting(op);
        true
    }

    fn started(&self, step: &mut Step<'_>, active: &mut Active, outcome: &Outcome) -> bool {
        if let Outcome::Failed { reason } = outcome {
            let name = self.resource(active).map(|r| r.written).unwrap_or_default();
            step.cause = Some(step.tell(
                Level::Critical,
                EventKind::ScriptFailed,
                Subject::Resource(name.clone(), active.job.key.to_string()),
                format!("{name} failed to start: {reason}; giving up {}", active.job.key),
            ));
            active.job.cause = step.cause;
            active.failure = Some((name, reason.clone()));
            active.at = self.get(&active.job.key).map_or(0, |run| run.group.resources.len());
            return self.stop_previous(step, active);
        }
        if active.turn_back {
            return false;
        }
        active.at += 1;
        self.ask(step, active)
    }

    fn stopped(
        &self,
        step: &mut Step<'_>,
        active: &mut Active,
        outcome: &Outcome,
        tries: u32,
    ) -> bool {
        let Outcome::Failed { reason } = outcome else {
            return self.after_stop(step, active);
        };
        let Some(resource) = self.resource(active) else { return false };
        if tries < STOP_TRIES {
            step.tell(
                Level::Error,
                EventKind::ScriptFailed,
                Subject::Resource(resource.written.clone(), active.job.key.to_string()),
                format!(
                    "{} failed to stop ({reason}); try {} of {STOP_TRIES} follows in {} s",
                    resource.written,
                    tries + 1,
                    STOP_RETRY_AFTER.as_secs()
                ),
            );
            active.stage = Stage::StopAgainAt { at: step.now + STOP_RETRY_AFTER, tries };
            return true;
        }
        let group = active.job.key.clone();
        let op = step.run(Action::Status { group, resource }, BTreeMap::new());
        active.stage = Stage::AskingAfterStop(op);
        true
    }

    fn asked_after_stop(
        &self,
        step: &mut Step<'_>,
        active: &mut Active,
        outcome: &Outcome,
    ) -> bool {
        let name = self.resource(active).map(|r| r.written).unwrap_or_default();
        let subject = Subject::Resource(name.clone(), active.job.key.to_string());
        if *outcome == Outcome::Yes {
            let reason = format!(
                "{name} still runs after {STOP_TRIES} failed stops; only a reboot makes sure that \
                 it doesn't run on two nodes"
            );
            step.tell(Level::Critical, EventKind::ScriptFailed, subject, reason.clone());
            step.out.push(Output::Reboot { reason });
        } else {
            step.tell(
                Level::Error,
                EventKind::ScriptFailed,
                subject,
                format!(
                    "{name} failed to stop {STOP_TRIES} times but says that it doesn't run: the \
                     script is probably not LSB-compliant; a reboot was narrowly avoided"
                ),
            );
        }
        self.after_stop(step, active)
    }

    /// One resource is stopped: the next to the left, or the same one up again for a restart.
    fn after_stop(&self, step: &mut Step<'_>, active: &mut Active) -> bool {
        if active.job.want == Want::Restart && active.failure.is_none() && !active.turn_back {
            return self.start_at_hand(step, active);
        }
        if active.turn_back && active.failure.is_none() {
            return false;
        }
        self.stop_previous(step, active)
    }

    fn end(&mut self, step: &mut Step<'_>, active: Active) {
        let key = active.job.key.clone();
        let (state, level, kind, text) = match (&active.failure, active.job.want) {
            (Some((resource, reason)), _) => (
                GroupState::Failed { resource: resource.clone(), reason: reason.clone() },
                Level::Critical,
                EventKind::GroupFailed,
                format!("{key}: could not be started here: {resource}: {reason}"),
            ),
            (None, Want::Up { .. } | Want::Restart) if active.turn_back => (
                GroupState::Stopping,
                Level::Info,
                EventKind::GroupStopping,
                format!("{key}: start broken off"),
            ),
            (None, Want::Up { .. } | Want::Restart) => (
                GroupState::Running,
                Level::Info,
                EventKind::GroupStarted,
                format!("{key}: started"),
            ),
            (None, Want::Down) => (
                GroupState::Stopped,
                Level::Info,
                EventKind::GroupStopped,
                format!("{key}: stopped"),
            ),
        };
        step.cause = active.job.cause;
        let id = step.tell(level, kind, Subject::Group(key.to_string()), text);
        if let Some(run) = self.get_mut(&key) {
            run.state = state;
            run.because = Some(id);
        }
        step.cause = Some(id);
        let failed = active.failure.is_some().then_some(key);
        self.leave_batch(active.job.batch, failed, Some(id));
    }

    fn leave_batch(&mut self, batch: Batch, failed: Option<GroupKey>, cause: Option<EventId>) {
        let Some(state) = self.batches.get_mut(&batch) else { return };
        state.left -= 1;
        state.failed.extend(failed);
        if state.left == 0 {
            let failed = std::mem::take(&mut state.failed);
            self.batches.remove(&batch);
            self.finished.push_back(Finished { batch, failed, cause });
        }
    }

    /// Takes a changed haresources in: groups whose line is unchanged keep their state, new ones
    /// are added stopped, and the keys of vanished or changed running ones are returned first for
    /// [`release`](Self::release), before [`replace`](Self::replace).
    pub(crate) fn obsolete(&self, groups: &[Group]) -> Vec<GroupKey> {
        let gone = self.runs.iter().filter(|run| {
            !groups.iter().any(|g| g.key == run.group.key && g.resources == run.group.resources)
        });
        gone.filter(|run| run.is_claimed()).map(|run| run.group.key.clone()).collect()
    }

    /// Puts the new list in force. Call when nothing of the obsolete ones is under way.
    pub(crate) fn replace(&mut self, groups: &[Group]) {
        let old = std::mem::take(&mut self.runs);
        self.runs = groups
            .iter()
            .map(|group| {
                let same = old.iter().find(|run| {
                    run.group.key == group.key && run.group.resources == group.resources
                });
                GroupRun {
                    group: group.clone(),
                    state: same.map_or(GroupState::Stopped, |run| run.state.clone()),
                    because: same.and_then(|run| run.because),
                }
            })
            .collect();
    }
}
