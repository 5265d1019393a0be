//! What is measured: one row a figure, with its unit and what ours must not exceed.

use std::time::Duration;

/// What is added to the ancestor's outage: less than half of what the client's interval hides.
const OUTAGE_MARGIN: f64 = 0.002;
/// Of the ancestor's CPU time.
const CPU_SHARE: f64 = 0.7;
/// Of the ancestor's time until all first adverts are out.
const START_SHARE: f64 = 0.5;
/// Reload: beside the advert interval of a second.
const GAP_MAX: f64 = 1.020;
/// Reload: from the signal to changed priorities on the wire.
const CHANGED_MAX: f64 = 0.050;
/// A failing script, run every second: the backup's skew at priority 90 is 0.648 s.
const SCRIPT_MAX: f64 = 1.7;

/// A figure.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Row {
    /// The word that selects it.
    pub(super) name: &'static str,
    /// What it is, for the table.
    pub(super) what: &'static str,
    /// The unit of its values.
    pub(super) unit: Unit,
    /// What ours must not exceed.
    pub(super) target: Target,
    /// What has to be done to measure it.
    pub(super) job: Job,
}

/// The unit of a row's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    /// Seconds, shown as milliseconds.
    Seconds,
    /// Mebibytes.
    Mebibytes,
    /// Percent of one core.
    Percent,
    /// A count.
    Times,
}

impl Unit {
    /// A value with its unit.
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Seconds => format!("{:.0} ms", value * 1000.0),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::Percent => format!("{value:.2} %"),
            Self::Times => format!("{value:.0}"),
        }
    }
}

/// What ours must not exceed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Target {
    /// No sample may be above this.
    Each(f64),
    /// Our median: not above this share of the ancestor's, and so much more.
    Ancestors {
        /// The share.
        share: f64,
        /// And so much more.
        more: f64,
    },
    /// Nothing: it is there to compare with.
    Shown,
}

/// What is done on a pair, in a world of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Job {
    /// One virtual router; A ends in some way, and comes back.
    Failover(Case, End),
    /// 1000 virtual routers are configured anew.
    Reload,
    /// 4000 virtual routers, looked at for a while.
    Scale,
    /// 4000 owners start.
    Start,
    /// Adverts every 10 ms on a machine that is busy.
    Hogs,
}

/// The pair that fails over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Case {
    /// Version 2, a second.
    V2,
    /// Version 3, a second.
    Second,
    /// Version 3, 100 ms.
    Tenth,
    /// Version 3, 10 ms.
    Hundredth,
}

/// How A ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// Its host is cut off and killed.
    Killed,
    /// Its daemon is stopped.
    Stopped,
    /// A tracked script without weight fails.
    Script,
}

impl Case {
    /// Between two adverts.
    pub(super) const fn interval(self) -> Duration {
        match self {
            Self::V2 | Self::Second => Duration::from_secs(1),
            Self::Tenth => Duration::from_millis(100),
            Self::Hundredth => Duration::from_millis(10),
        }
    }
}

impl Job {
    /// How many samples a row of it has: those that are short have more, because the client's
    /// interval is a larger part of them.
    pub(super) fn samples(self, repetitions: usize) -> usize {
        match self {
            Self::Failover(Case::Tenth | Case::Hundredth, _) => repetitions * 3,
            Self::Failover(..) | Self::Reload => repetitions,
            Self::Start => repetitions.min(5),
            Self::Scale | Self::Hogs => 1,
        }
    }
}

const OUTAGE: Target = Target::Ancestors { share: 1.0, more: OUTAGE_MARGIN };

const fn outage(name: &'static str, what: &'static str, case: Case, end: End) -> Row {
    Row { name, what, unit: Unit::Seconds, target: OUTAGE, job: Job::Failover(case, end) }
}

const fn scale(name: &'static str, what: &'static str, unit: Unit, target: Target) -> Row {
    Row { name, what, unit, target, job: Job::Scale }
}

const CPU: Target = Target::Ancestors { share: CPU_SHARE, more: 0.0 };
const MEMORY: Target = Target::Ancestors { share: 1.0, more: 0.0 };

/// Everything that is measured.
pub(super) const ROWS: &[Row] = &[
    outage("kill-v2", "v2, 1 s: host killed, client without an answer", Case::V2, End::Killed),
    outage("stop-v2", "v2, 1 s: daemon stopped, client without an answer", Case::V2, End::Stopped),
    outage("kill-v3", "v3, 1 s: host killed", Case::Second, End::Killed),
    outage("stop-v3", "v3, 1 s: daemon stopped", Case::Second, End::Stopped),
    outage("kill-100ms", "v3, 100 ms: host killed", Case::Tenth, End::Killed),
    outage("stop-100ms", "v3, 100 ms: daemon stopped", Case::Tenth, End::Stopped),
    outage("kill-10ms", "v3, 10 ms: host killed", Case::Hundredth, End::Killed),
    outage("stop-10ms", "v3, 10 ms: daemon stopped", Case::Hundredth, End::Stopped),
    Row {
        name: "script",
        what: "v2, 1 s, script with interval 1, fall 1, no weight: from its failure to B serving",
        unit: Unit::Seconds,
        target: Target::Each(SCRIPT_MAX),
        job: Job::Failover(Case::V2, End::Script),
    },
    outage("script-gap", "the same: client without an answer", Case::V2, End::Script),
    Row {
        name: "reload-gap",
        what: "1000 instances, every priority changed by a reload: longest time between two \
               adverts of an instance",
        unit: Unit::Seconds,
        target: Target::Each(GAP_MAX),
        job: Job::Reload,
    },
    Row {
        name: "reload-new",
        what: "the same: from the signal to the last instance's first advert with its new priority",
        unit: Unit::Seconds,
        target: Target::Each(CHANGED_MAX),
        job: Job::Reload,
    },
    scale("cpu-master", "4000 instances on 16 interfaces: CPU of the master", Unit::Percent, CPU),
    scale("cpu-backup", "the same: CPU of the backup", Unit::Percent, CPU),
    scale(
        "memory",
        "the same: resident memory of the master, all processes",
        Unit::Mebibytes,
        MEMORY,
    ),
    scale("memory-backup", "the same: of the backup", Unit::Mebibytes, MEMORY),
    scale(
        "floor",
        "the same: CPU of a bare sendmmsg of the same packets",
        Unit::Percent,
        Target::Shown,
    ),
    Row {
        name: "start",
        what: "4000 owners (priority 255): from the start to the last one's first advert",
        unit: Unit::Seconds,
        target: Target::Ancestors { share: START_SHARE, more: 0.0 },
        job: Job::Start,
    },
    Row {
        name: "hogs",
        what: "v3, 10 ms, two busy hogs and a fork load for a minute: false failovers",
        unit: Unit::Times,
        target: Target::Each(0.0),
        job: Job::Hogs,
    },
];

/// The jobs of these rows, each once, in their order; the hogs last, when nothing else is measured
/// any more.
pub(super) fn jobs(rows: &[Row]) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    for row in rows {
        if !jobs.contains(&row.job) {
            jobs.push(row.job);
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_job_are_measured_together_and_the_hogs_come_last() {
        let jobs = jobs(ROWS);
        assert_eq!(jobs.iter().filter(|job| **job == Job::Scale).count(), 1);
        assert_eq!(jobs.last(), Some(&Job::Hogs));
    }

    #[test]
    fn a_script_may_cost_its_interval_and_the_backups_skew() {
        let row = ROWS.iter().find(|row| row.name == "script").expect("there is one");
        assert_eq!(row.target, Target::Each(1.0 + 0.7));
    }
}
