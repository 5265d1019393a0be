//! `handover sim vrrp`: the same words as for the cluster, about virtual routers.

use super::{Schedule, play, search};
use crate::command::{Options, Shell, summary};
use ::vrrp::Role;

/// Runs the command with options that were understood; the exit code.
pub(crate) fn command(options: &Options, shell: &mut dyn Shell) -> i32 {
    if let Some(seed) = options.seed {
        return one(seed, options.keep.as_deref(), shell);
    }
    let (seeds, limit) = options.range();
    let begun = shell.elapsed();
    let report = search::<Role>(seeds, &mut || {
        limit.is_none_or(|limit| shell.elapsed().saturating_sub(begun) < limit)
    });
    let took = shell.elapsed().saturating_sub(begun);
    shell.say(&summary(&report, took));
    i32::from(!report.failures.is_empty())
}

fn one(seed: u64, keep: Option<&[usize]>, shell: &mut dyn Shell) -> i32 {
    let mut schedule = Schedule::random(seed);
    if let Some(keep) = keep {
        schedule = schedule.keeping(keep);
    }
    shell.say(&schedule.to_string());
    let world = play::<Role>(&schedule, true);
    for line in world.log() {
        shell.say(line);
    }
    let violation = world.violation();
    let verdict = violation.map_or_else(|| "every promise kept".to_owned(), ToString::to_string);
    shell.say(&format!("seed {seed}: {verdict}"));
    i32::from(violation.is_some())
}
