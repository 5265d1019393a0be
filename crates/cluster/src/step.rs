//! One step of the machine, and the operations it starts.

use crate::io::{Action, Output};
use base::OpId;
use std::collections::BTreeMap;

/// Everything that happens inside one `handle`.
pub type Step<'a> = api::Step<'a, Output>;

/// Starts an operation and returns its number.
pub fn run(step: &mut Step<'_>, action: Action, environment: BTreeMap<String, String>) -> OpId {
    let op = step.journal.next_operation();
    step.out.push(Output::Run { op, action, environment });
    op
}
