//! A real server: up while all its checkers say so, with the weight they make.

use crate::checker::Checker;
use crate::config::{self, CheckerKind};
use base::Instant;

/// The largest weight the kernel takes.
const WEIGHT_MAX: i64 = 65_535;

/// A real server at work.
#[derive(Clone, Debug)]
pub(crate) struct Real {
    pub(crate) config: config::RealServer,
    /// As keepalived writes it.
    pub(crate) name: String,
    /// What was last told of it.
    pub(crate) up: bool,
    pub(crate) since: Instant,
    /// The weight that was last told.
    pub(crate) weight: u32,
    pub(crate) checkers: Vec<Checker>,
    /// It was not up yet, and nobody was told so.
    pub(crate) untold: bool,
}

impl Real {
    /// What its checkers say together.
    pub(crate) fn is_well(&self) -> bool {
        self.checkers.iter().all(|checker| checker.up)
    }

    /// Its weight with what scripts and files say: a script sets it, files add to it
    /// (docs/ancestors/keepalived.md §4.2, §5).
    pub(crate) fn judged_weight(&self) -> u32 {
        let base = i64::from(self.config.weight);
        let changes =
            self.checkers.iter().map(|checker| match (&checker.config.kind, checker.weight) {
                (CheckerKind::Misc { .. }, Some(weight)) => weight - base,
                (_, Some(added)) => added,
                (_, None) => 0,
            });
        let sum = changes.fold(base, i64::saturating_add);
        sum.clamp(0, WEIGHT_MAX) as u32
    }

    /// A checker that keeps it down, if one does.
    pub(crate) fn complaint(&self) -> Option<&Checker> {
        self.checkers.iter().find(|checker| !checker.up)
    }
}
