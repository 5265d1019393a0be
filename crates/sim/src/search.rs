//! The random search: seed after seed until one fails, and then the shortest schedule that does.

use crate::run::play;
use crate::schedule::Schedule;
use crate::subject::Subject;
use crate::violation::Violation;
use std::fmt;

/// A seed that broke a promise, shortened.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What the whole schedule broke.
    pub violation: Violation,
    /// The steps that are enough to break the same promise.
    pub shrunk: Schedule,
    /// What they break.
    pub shrunk_violation: Violation,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Schedules run.
    pub schedules: u64,
    /// The failures, in order of seeds; at most [`FAILURES_MAX`].
    pub failures: Vec<Failure>,
}

/// A search ends after this many failures: more of them tell the same story.
pub const FAILURES_MAX: usize = 5;

/// Plays the schedules of these seeds while `keep_going` says so.
pub fn search<S: Subject>(
    seeds: impl IntoIterator<Item = u64>,
    keep_going: &mut dyn FnMut() -> bool,
) -> Report {
    let mut report = Report::default();
    for seed in seeds {
        if report.failures.len() >= FAILURES_MAX || !keep_going() {
            break;
        }
        report.schedules += 1;
        let schedule = Schedule::random(seed);
        if let Some(violation) = violation::<S>(&schedule) {
            let (shrunk, shrunk_violation) = shrink::<S>(&schedule, violation.clone());
            report.failures.push(Failure { seed, violation, shrunk, shrunk_violation });
        }
    }
    report
}

fn violation<S: Subject>(schedule: &Schedule) -> Option<Violation> {
    play::<S>(schedule, false).violation().cloned()
}

/// Leaves steps out, many at a time and then one by one, as long as the same promise is broken
/// (delta debugging). The hosts' first start stays.
pub fn shrink<S: Subject>(all: &Schedule, first: Violation) -> (Schedule, Violation) {
    let mut kept: Vec<usize> = (0..all.steps.len()).collect();
    let mut best = (all.clone(), first.clone());
    let mut chunk = kept.len().div_ceil(2);
    while chunk > 0 {
        let mut start = 0;
        let mut shorter = false;
        while start < kept.len() {
            let end = (start + chunk).min(kept.len());
            let candidate: Vec<usize> = [&kept[..start], &kept[end..]].concat();
            let schedule = all.keeping(&candidate);
            match violation::<S>(&schedule).filter(|v| v.what.is_like(&first.what)) {
                Some(found) => {
                    best = (schedule, found);
                    kept = candidate;
                    shorter = true;
                }
                None => start = end,
            }
        }
        if !shorter || chunk > 1 {
            chunk /= 2;
        }
    }
    best
}

/// One line a failure, then the shrunken schedule and how to replay it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.violation)?;
        writeln!(f, "replay: handover sim --seed {}", self.seed)?;
        writeln!(f, "shrunk to {} steps: {}", self.shrunk.steps.len(), self.shrunk_violation)?;
        write!(f, "{}", self.shrunk)
    }
}
