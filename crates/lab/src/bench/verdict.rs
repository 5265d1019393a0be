//! Samples become medians, and medians become "met" or "not met".

use super::rows::{Row, Target};
use sim::scenario::Maker;

/// The samples of one row on one pair, sorted.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Figures(Vec<f64>);

impl Figures {
    /// Sorts them.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The middle one, or the mean of the two in the middle.
    pub(super) fn median(&self) -> Option<f64> {
        let upper = *self.0.get(self.0.len() / 2)?;
        let lower = *self.0.get(self.0.len().saturating_sub(1) / 2)?;
        Some(f64::midpoint(lower, upper))
    }

    /// Median, worst and count for people, in the unit that `show` writes; `None` without any.
    pub(super) fn told(&self, show: impl Fn(f64) -> String) -> Option<String> {
        let (median, worst) = (show(self.median()?), show(self.worst()?));
        Some(match self.count() {
            1 => median,
            count => format!("{median} (worst {worst}, n = {count})"),
        })
    }

    /// The largest one.
    pub(super) fn worst(&self) -> Option<f64> {
        self.0.last().copied()
    }
}

/// A row with what was measured.
#[derive(PartialEq, Debug)]
pub(super) struct Line {
    pub(super) row: &'static Row,
    pub(super) real: Figures,
    pub(super) ours: Figures,
}

impl Line {
    /// Nothing measured yet.
    pub(super) fn new(row: &'static Row) -> Self {
        Self { row, real: Figures::default(), ours: Figures::default() }
    }

    /// A pair's figures: ours, or those of whoever is measured beside us.
    pub(super) const fn of(&mut self, maker: Maker) -> &mut Figures {
        match maker {
            Maker::Real | Maker::Frr => &mut self.real,
            Maker::Ours => &mut self.ours,
        }
    }

    /// Whether ours meet the target with `wanted` samples of ours; `None` when that can't be
    /// judged, because none were wanted or the pair it depends on was not measured. A sample that
    /// is missing counts as missed.
    pub(super) fn met(&self, wanted: usize) -> Option<bool> {
        if self.ours.count() < wanted {
            return Some(false);
        }
        let median = self.ours.median()?;
        let good = match self.row.target {
            Target::Each(limit) => self.ours.worst()? <= limit,
            Target::Median(limit) => median <= limit,
            Target::TheAncestors => median <= self.real.median()? + self.row.unit.resolution(),
        };
        Some(good)
    }

    /// The ancestor's median divided by ours.
    pub(super) fn ratio(&self) -> String {
        match (self.real.median(), self.ours.median()) {
            (Some(real), Some(ours)) if ours > 0.0 => format!("{:.1}", real / ours),
            _ => "—".into(),
        }
    }

    /// The target in words.
    pub(super) fn target(&self) -> String {
        match self.row.target {
            Target::Each(limit) => format!("each at most {}", self.row.unit.show(limit)),
            Target::Median(limit) => format!("median at most {}", self.row.unit.show(limit)),
            Target::TheAncestors => "not above Heartbeat's".into(),
        }
    }

    /// Whether it is met, in words.
    pub(super) fn verdict(&self, wanted: usize) -> &'static str {
        match self.met(wanted) {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "not judged",
        }
    }

    /// Median, worst and count of a pair.
    pub(super) fn cell(&self, figures: &Figures) -> String {
        let told = figures.told(|value| self.row.unit.show(value));
        told.unwrap_or_else(|| "not measured".into())
    }

    /// The row as a line for people.
    pub(super) fn sentence(&self, wanted: usize) -> String {
        format!(
            "{:9} Heartbeat {}; ours {}; ratio {}; target {}: {}",
            self.row.name,
            self.cell(&self.real),
            self.cell(&self.ours),
            self.ratio(),
            self.target(),
            self.verdict(wanted)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::named;
    use super::*;

    fn line(name: &str, real: &[f64], ours: &[f64]) -> Line {
        let row = named(name).expect("known");
        Line { row, real: Figures::of(real.to_vec()), ours: Figures::of(ours.to_vec()) }
    }

    #[test]
    fn the_median_does_not_care_about_one_bad_sample() {
        assert_eq!(Figures::of(vec![9.0, 1.0, 2.0]).median(), Some(2.0));
        assert_eq!(Figures::of(vec![4.0, 1.0, 2.0, 3.0]).median(), Some(2.5));
        assert_eq!(Figures::default().median(), None);
        assert_eq!(line("standby", &[], &[0.02, 0.03, 0.9]).met(3), Some(true));
    }

    #[test]
    fn where_each_sample_counts_one_bad_sample_is_a_miss() {
        assert_eq!(line("heal", &[], &[0.02, 0.03, 1.2]).met(3), Some(false));
    }

    #[test]
    fn a_missing_sample_is_a_miss() {
        assert_eq!(line("standby", &[0.5], &[]).met(3), Some(false));
        assert_eq!(line("standby", &[], &[0.02, 0.03]).met(3), Some(false));
    }

    #[test]
    fn what_depends_on_the_ancestor_is_not_judged_without_it() {
        assert_eq!(line("packets", &[], &[1.0]).met(1), None);
        assert_eq!(line("standby", &[0.5], &[]).met(0), None);
        assert_eq!(line("packets", &[1.2], &[1.0]).met(1), Some(true));
        assert_eq!(line("packets", &[1.2], &[1.3]).met(1), Some(false));
    }
}
