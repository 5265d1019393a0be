//! One job after the other, one operation after the other: status, start, stop and its retries.

use super::{Groups, Job, Want};
use crate::config::Resource;
use crate::io::{Action, Outcome, Output};
use crate::step::{self, Step};
use api::{EventKind, GroupState, Level, Subject};
use base::{GroupKey, Instant, OpId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A failed stop is tried this often in all (`HA_STOPRETRYMAX`, docs/ancestors/heartbeat.md §3.11).
const STOP_TRIES: u32 = 10;
/// Between two tries to stop.
const STOP_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The one operation under way.
#[derive(Clone, Debug)]
pub(super) struct Active {
    pub(super) job: Job,
    /// Index of the resource at hand.
    at: usize,
    stage: Stage,
    /// Why the group is being stopped again in the middle of a start.
    failure: Option<(String, String)>,
    /// Somebody wants the group down: end the start after the operation at hand.
    pub(super) turn_back: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Asking(OpId),
    Starting(OpId),
    Stopping { op: OpId, tries: u32 },
    StopAgainAt { at: Instant, tries: u32 },
    AskingAfterStop(OpId),
}

impl Groups {
    /// Starts the next job if none is under way.
    pub(super) fn go_on(&mut self, step: &mut Step<'_>) {
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
        let op = step::run(step, Action::Status { group, resource }, BTreeMap::new());
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
        let op = step::run(step, Action::Stop { group, resource }, BTreeMap::new());
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
        let op = step::run(step, Action::Start { group, resource, planned }, BTreeMap::new());
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
        let op = step::run(step, Action::Status { group, resource }, BTreeMap::new());
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
}
