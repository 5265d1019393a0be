//! Samples become medians, and medians become "met" or "not met".

use super::rows::{Row, Target};
use crate::bench::sample::Sample;
use crate::bench::verdict::Figures;
use sim::scenario::Maker;

/// A row with what was measured.
#[derive(PartialEq, Debug)]
pub(super) struct Line {
    pub(super) row: Row,
    pub(super) real: Figures,
    pub(super) ours: Figures,
}

impl Line {
    /// Nothing measured yet.
    pub(super) fn new(row: Row) -> Self {
        Self { row, real: Figures::default(), ours: Figures::default() }
    }

    /// Takes the samples of this row out of those of its job.
    pub(super) fn take(&mut self, maker: Maker, samples: &[Sample]) {
        let name = self.row.name;
        let mine = samples.iter().filter(|sample| sample.row.is_empty() || sample.row == name);
        let figures = Figures::of(mine.map(|sample| sample.value).collect());
        if maker == Maker::Ours {
            self.ours = figures;
        } else {
            self.real = figures;
        }
    }

    /// What ours must not exceed; `None`: nothing, or what it depends on was not measured.
    fn limit(&self) -> Option<f64> {
        match self.row.target {
            Target::Each(limit) => Some(limit),
            Target::Ancestors { share, more } => Some(self.real.median()? * share + more),
            Target::Shown => None,
        }
    }

    /// Whether ours meet the target with `wanted` samples; `None` when that can't be judged. A
    /// sample that is missing counts as missed.
    pub(super) fn met(&self, wanted: usize) -> Option<bool> {
        if self.row.target == Target::Shown {
            return None;
        }
        if self.ours.count() < wanted {
            return Some(false);
        }
        let judged = match self.row.target {
            Target::Each(_) => self.ours.worst()?,
            Target::Ancestors { .. } | Target::Shown => self.ours.median()?,
        };
        Some(judged <= self.limit()?)
    }

    /// Whether it is met, in words.
    pub(super) fn verdict(&self, wanted: usize) -> &'static str {
        match self.met(wanted) {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None if self.row.target == Target::Shown => "",
            None => "not judged",
        }
    }

    /// The target in words.
    pub(super) fn target(&self) -> String {
        let show = |value| self.row.unit.show(value);
        match (self.row.target, self.limit()) {
            (Target::Each(limit), _) => format!("each at most {}", show(limit)),
            (Target::Ancestors { .. }, Some(limit)) => format!("at most {}", show(limit)),
            (Target::Ancestors { .. }, None) => "by keepalived's".into(),
            (Target::Shown, _) => "—".into(),
        }
    }

    /// Median, worst and count of a pair.
    pub(super) fn cell(&self, figures: &Figures) -> String {
        figures.told(|value| self.row.unit.show(value)).unwrap_or_else(|| "—".into())
    }

    /// The row as a line for people.
    pub(super) fn sentence(&self, wanted: usize) -> String {
        let (real, ours) = (self.cell(&self.real), self.cell(&self.ours));
        let verdict = self.verdict(wanted);
        format!("{:13} keepalived {real}; ours {ours}; {}: {verdict}", self.row.name, self.target())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::ROWS;
    use super::*;

    fn line(name: &str, real: &[f64], ours: &[f64]) -> Line {
        let row = *ROWS.iter().find(|row| row.name == name).expect("known");
        Line { row, real: Figures::of(real.to_vec()), ours: Figures::of(ours.to_vec()) }
    }

    #[test]
    fn an_outage_may_be_two_milliseconds_longer() {
        assert_eq!(line("kill-v2", &[3.010], &[3.0119]).met(1), Some(true));
        assert_eq!(line("kill-v2", &[3.010], &[3.0121]).met(1), Some(false));
    }

    #[test]
    fn cpu_time_is_judged_by_the_ancestors_share_and_the_floor_by_nothing() {
        assert_eq!(line("cpu-master", &[5.0], &[3.5]).met(1), Some(true));
        assert_eq!(line("cpu-master", &[5.0], &[3.6]).met(1), Some(false));
        assert_eq!(line("cpu-master", &[], &[3.6]).met(1), None);
        assert_eq!(line("floor", &[], &[3.0]).met(1), None);
    }

    #[test]
    fn a_missing_sample_is_a_miss() {
        assert_eq!(line("kill-v2", &[3.0], &[]).met(7), Some(false));
    }

    #[test]
    fn where_each_sample_counts_one_bad_sample_is_a_miss() {
        assert_eq!(line("script", &[], &[1.1, 1.2, 1.8]).met(3), Some(false));
    }
}
