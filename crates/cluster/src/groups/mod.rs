//! The operations on resource groups: started left to right, stopped right to left, one group
//! after the other in the order asked for.
//!
//! Here is what is wanted; `run` does it, one operation at a time. Knows nothing of peers. Whoever
//! calls [`Groups::acquire`] must have a [`Permit`].

mod run;

use crate::config::{Group, Resource};
use crate::fencing::{Inheritance, Proof, Released};
use crate::step::Step;
use api::{EventId, GroupState};
use base::GroupKey;
use run::Active;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Why starting a group here can't start it twice.
#[derive(Debug)]
pub(crate) enum Permit {
    /// The other node said that it doesn't run it (or never did, being ours to start).
    PeerReleased(Released),
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

    /// The resources of these groups, in the order of the file.
    pub(crate) fn resources_of(&self, keys: &BTreeSet<GroupKey>) -> Vec<Resource> {
        let wanted = self.runs.iter().filter(|run| keys.contains(&run.group.key));
        wanted.flat_map(|run| run.group.resources.iter().cloned()).collect()
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
            Permit::PeerReleased(_) => true,
            Permit::Inherited(inheritance) => inheritance.proof() == Proof::GaveUp,
        };
        let wanted: Vec<_> = keys
            .iter()
            .filter(|key| self.get(key).is_some() && !self.claims(key))
            .cloned()
            .collect();
        self.enqueue(step, wanted, Want::Up { planned })
    }

    /// A batch of nothing, which ends at once.
    pub(crate) fn nothing(&mut self, step: &mut Step<'_>) -> Batch {
        self.enqueue(step, Vec::new(), Want::Down)
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
