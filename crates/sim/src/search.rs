//! The random search among a cluster's schedules.

use crate::hunt::{Report, Trial, hunt};
use crate::run::play;
use crate::schedule::Schedule;
use crate::subject::Subject;
use crate::violation::Violation;

impl Trial for Schedule {
    type Violation = Violation;

    fn random(seed: u64) -> Self {
        Self::random(seed)
    }

    fn steps(&self) -> usize {
        self.steps.len()
    }

    fn keeping(&self, kept: &[usize]) -> Self {
        self.keeping(kept)
    }

    fn replay(&self) -> String {
        self.command()
    }

    fn is_like(found: &Violation, first: &Violation) -> bool {
        found.what.is_like(&first.what)
    }
}

/// Plays the schedules of these seeds while `keep_going` says so.
pub fn search<S: Subject>(
    seeds: impl IntoIterator<Item = u64>,
    keep_going: &mut dyn FnMut() -> bool,
) -> Report<Schedule> {
    hunt(seeds, &|schedule| play::<S>(schedule, false).violation().cloned(), keep_going)
}
