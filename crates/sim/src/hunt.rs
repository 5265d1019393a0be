//! The random search, whatever is searched: seed after seed until one fails, and then the shortest
//! schedule that does.

use std::fmt;

/// A schedule that a seed makes, and of which steps can be left out.
pub trait Trial: Clone + fmt::Display {
    /// What it may break.
    type Violation: Clone + fmt::Debug + fmt::Display;

    /// The schedule of a seed.
    fn random(seed: u64) -> Self;

    /// How many steps it has.
    fn steps(&self) -> usize;

    /// The same with only those steps.
    #[must_use]
    fn keeping(&self, kept: &[usize]) -> Self;

    /// The command that plays exactly this.
    fn replay(&self) -> String;

    /// True if both broke the same promise.
    fn is_like(found: &Self::Violation, first: &Self::Violation) -> bool;
}

/// A seed that broke a promise, shortened.
#[derive(Clone, Debug)]
pub struct Failure<T: Trial> {
    /// The seed.
    pub seed: u64,
    /// How to play all of it.
    pub replay: String,
    /// What the whole schedule broke.
    pub violation: T::Violation,
    /// The steps that are enough to break the same promise.
    pub shrunk: T,
    /// What they break.
    pub shrunk_violation: T::Violation,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Report<T: Trial> {
    /// Schedules run.
    pub schedules: u64,
    /// The failures, in order of seeds; at most [`FAILURES_MAX`].
    pub failures: Vec<Failure<T>>,
}

/// A search ends after this many failures: more of them tell the same story.
pub const FAILURES_MAX: usize = 5;

/// Plays the schedules of these seeds while `keep_going` says so.
pub(crate) fn hunt<T: Trial>(
    seeds: impl IntoIterator<Item = u64>,
    play: &dyn Fn(&T) -> Option<T::Violation>,
    keep_going: &mut dyn FnMut() -> bool,
) -> Report<T> {
    let mut report = Report { schedules: 0, failures: Vec::new() };
    for seed in seeds {
        if report.failures.len() >= FAILURES_MAX || !keep_going() {
            break;
        }
        report.schedules += 1;
        let schedule = T::random(seed);
        if let Some(violation) = play(&schedule) {
            let (shrunk, shrunk_violation) = shrink(&schedule, violation.clone(), play);
            let replay = schedule.replay();
            report.failures.push(Failure { seed, replay, violation, shrunk, shrunk_violation });
        }
    }
    report
}

/// Leaves steps out, many at a time and then one by one, as long as the same promise is broken
/// (delta debugging).
pub(crate) fn shrink<T: Trial>(
    all: &T,
    first: T::Violation,
    play: &dyn Fn(&T) -> Option<T::Violation>,
) -> (T, T::Violation) {
    let mut kept: Vec<usize> = (0..all.steps()).collect();
    let mut best = (all.clone(), first.clone());
    let mut chunk = kept.len().div_ceil(2);
    while chunk > 0 {
        let mut start = 0;
        let mut shorter = false;
        while start < kept.len() {
            let end = (start + chunk).min(kept.len());
            let candidate: Vec<usize> = [&kept[..start], &kept[end..]].concat();
            let schedule = all.keeping(&candidate);
            match play(&schedule).filter(|found| T::is_like(found, &first)) {
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
impl<T: Trial> fmt::Display for Failure<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.violation)?;
        writeln!(f, "replay: {}", self.replay)?;
        writeln!(f, "shrunk to {} steps: {}", self.shrunk.steps(), self.shrunk_violation)?;
        write!(f, "{}", self.shrunk)
    }
}
