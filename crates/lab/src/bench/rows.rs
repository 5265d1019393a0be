//! What is measured: one row a figure, with its unit and what ours must not exceed.

use anyhow::{Context, Result};
use std::time::Duration;

/// The deadtime of every row but the last one. Heartbeat refuses 2 s with beats of 1 s (measured:
/// docs/ancestors/heartbeat.md §8).
pub(super) const DEADTIME: Duration = Duration::from_millis(2100);

/// What may be added to the deadtime until the client is served again, in seconds.
const AFTER_DEATH: f64 = 0.05;

/// Memory that is ours for an idle node, in MiB.
const MEMORY: f64 = 12.0;

/// A figure.
#[derive(PartialEq, Debug)]
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
    /// Seconds.
    Seconds,
    /// Mebibytes.
    Mebibytes,
    /// Percent of one core.
    Percent,
    /// Packets a second.
    PacketsPerSecond,
    /// A count.
    Times,
}

impl Unit {
    /// Differences up to this say nothing: one tick of the kernel's clock for processes, or one
    /// packet, in the minute that is watched.
    pub(super) fn resolution(self) -> f64 {
        const TICK: f64 = 0.01;
        let watched = super::IDLE_TIME.as_secs_f64();
        match self {
            Self::Percent => 100.0 * TICK / watched,
            Self::PacketsPerSecond => 1.0 / watched,
            Self::Seconds | Self::Mebibytes | Self::Times => 0.0,
        }
    }

    /// A value with its unit.
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Seconds => format!("{value:.3} s"),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::Percent => format!("{value:.3} %"),
            Self::PacketsPerSecond => format!("{value:.2} /s"),
            Self::Times => format!("{value:.0}"),
        }
    }
}

/// What ours must not exceed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Target {
    /// No sample may be above this.
    Each(f64),
    /// The median may not.
    Median(f64),
    /// Our median may not be above the ancestor's.
    TheAncestors,
}

/// What is done on a pair, in a world of its own, to get samples of one row or of several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Job {
    /// Cut the serving node's power, and switch it on again.
    Power,
    /// Have it go to standby.
    Standby,
    /// Stop its daemon.
    Stop,
    /// Cut the nodes apart until both serve, and mend it.
    Heal,
    /// Start both.
    Start,
    /// Let them be.
    Idle,
    /// Let them be, on a machine that is busy.
    Hogs,
}

impl Job {
    /// In the order they run; the hogs last, when nothing else is measured any more.
    pub(super) const ALL: [Self; 7] =
        [Self::Power, Self::Standby, Self::Stop, Self::Heal, Self::Start, Self::Idle, Self::Hogs];

    /// Its name on the inner world's command line.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Standby => "standby",
            Self::Stop => "stop",
            Self::Heal => "heal",
            Self::Start => "start",
            Self::Idle => "idle",
            Self::Hogs => "hogs",
        }
    }

    /// The job of this name.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.word() == word)
    }

    /// True where a minute is watched once instead of something being done again and again.
    pub(super) const fn is_a_long_look(self) -> bool {
        matches!(self, Self::Idle | Self::Hogs)
    }
}

/// Everything that is measured.
pub(super) const ROWS: &[Row] = &[
    Row {
        name: "kill",
        what: "serving host killed (keepalive 1 s, deadtime 2.1 s): client without an answer",
        unit: Unit::Seconds,
        target: Target::Each(2.1 + AFTER_DEATH),
        job: Job::Power,
    },
    Row {
        name: "failback",
        what: "home node is back: client without an answer",
        unit: Unit::Seconds,
        target: Target::Median(0.1),
        job: Job::Power,
    },
    Row {
        name: "standby",
        what: "hb_standby on the serving node: client without an answer",
        unit: Unit::Seconds,
        target: Target::Median(0.1),
        job: Job::Standby,
    },
    Row {
        name: "stop",
        what: "graceful stop of the serving node: client without an answer",
        unit: Unit::Seconds,
        target: Target::Median(0.1),
        job: Job::Stop,
    },
    Row {
        name: "heal",
        what: "partition healed: until the address is in one place for good, or the longest time \
               it was nowhere or the client without an answer, whichever is longer",
        unit: Unit::Seconds,
        target: Target::Each(1.0),
        job: Job::Heal,
    },
    Row {
        name: "start",
        what: "both nodes started: from the second one's start to the first answer",
        unit: Unit::Seconds,
        target: Target::Median(2.0),
        job: Job::Start,
    },
    Row {
        name: "memory",
        what: "idle: resident memory, summed over the daemon's processes",
        unit: Unit::Mebibytes,
        target: Target::Each(MEMORY),
        job: Job::Idle,
    },
    Row {
        name: "cpu",
        what: "idle: CPU time of the daemon's processes, of one core",
        unit: Unit::Percent,
        target: Target::TheAncestors,
        job: Job::Idle,
    },
    Row {
        name: "packets",
        what: "idle: packets a node sends",
        unit: Unit::PacketsPerSecond,
        target: Target::TheAncestors,
        job: Job::Idle,
    },
    Row {
        name: "hogs",
        what: "beats every 100 ms, deadtime 500 ms, two busy hogs and a fork load for a minute: \
               nodes declared dead that were not",
        unit: Unit::Times,
        target: Target::Each(0.0),
        job: Job::Hogs,
    },
];

/// The row of this name.
///
/// # Errors
/// When there is none; the names that exist are listed.
pub(super) fn named(name: &str) -> Result<&'static Row> {
    ROWS.iter().find(|row| row.name == name).with_context(|| {
        let known: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        format!("there is no row `{name}`; there are {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_host_may_cost_the_deadtime_and_a_little() {
        let row = named("kill").expect("known");
        let Target::Each(limit) = row.target else { panic!("each sample counts") };
        assert!((limit - DEADTIME.as_secs_f64() - AFTER_DEATH).abs() < 1e-9);
    }

    #[test]
    fn every_job_has_a_row_and_a_word() {
        for job in Job::ALL {
            assert!(ROWS.iter().any(|row| row.job == job), "{job:?}");
            assert_eq!(Job::parse(job.word()), Some(job));
        }
    }
}
