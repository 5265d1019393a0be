//! Cluster options: what `crm_config` and the attributes of `cib` say, with the defaults.

use cib::value::{self, Score};

/// What the cluster does without quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoQuorum {
    Stop,
    Ignore,
    Freeze,
    Demote,
    Fence,
}

/// How resources are spread over nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    Default,
    Utilization,
    Minimal,
    Balanced,
}

/// Whether nodes' health attributes move resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    None,
    MigrateOnRed,
    OnlyGreen,
    Progressive,
    Custom,
}

/// The options the scheduler reads.
#[derive(Clone, Debug)]
pub(crate) struct Options<'d> {
    /// All options as written, sorted by name.
    pub(crate) written: Vec<(&'d str, &'d str)>,
    pub(crate) symmetric: bool,
    pub(crate) no_quorum: NoQuorum,
    pub(crate) fencing: bool,
    /// `reboot` or `off`.
    pub(crate) fencing_action: &'d str,
    pub(crate) fencing_timeout: &'d str,
    pub(crate) concurrent_fencing: bool,
    pub(crate) startup_fencing: bool,
    pub(crate) watchdog: bool,
    pub(crate) stop_all: bool,
    pub(crate) maintenance: bool,
    pub(crate) start_failure_fatal: bool,
    pub(crate) startup_probes: bool,
    pub(crate) stop_removed: bool,
    pub(crate) cancel_removed: bool,
    pub(crate) cluster_delay: &'d str,
    pub(crate) migration_limit: Option<&'d str>,
    pub(crate) batch_limit: &'d str,
    pub(crate) placement: Placement,
    pub(crate) health: Health,
    pub(crate) health_base: Score,
    pub(crate) health_red: Score,
    pub(crate) health_yellow: Score,
    pub(crate) health_green: Score,
    pub(crate) shutdown_lock: bool,
    /// Seconds; 0 = no limit.
    pub(crate) shutdown_lock_limit: i64,
    /// Seconds; 0 = never.
    pub(crate) pending_timeout: i64,
    /// Seconds.
    pub(crate) priority_fencing_delay: i64,
    pub(crate) fence_remote_without_quorum: bool,
}

/// Older spellings of options that are still read.
pub(crate) const OLD_NAMES: &[(&str, &str)] = &[
    ("fencing-enabled", "stonith-enabled"),
    ("fencing-action", "stonith-action"),
    ("fencing-timeout", "stonith-timeout"),
    ("stop-removed-resources", "stop-orphan-resources"),
    ("cancel-removed-actions", "stop-orphan-actions"),
];

impl<'d> Options<'d> {
    /// Reads the options from their names and values, sorted by name. `may_fence_self` says that
    /// this partition had quorum or panics without it.
    pub(crate) fn read(written: Vec<(&'d str, &'d str)>, may_fence_self: bool) -> Options<'d> {
        let table = Written(&written);
        let fencing = table.yes("fencing-enabled", true);
        let health_red = table.score("node-health-red", Score::NEG_INF);
        Options {
            symmetric: table.yes("symmetric-cluster", true),
            no_quorum: table.no_quorum(fencing && may_fence_self),
            fencing,
            fencing_action: match table.text("fencing-action") {
                Some("off" | "poweroff") => "off",
                _ => "reboot",
            },
            fencing_timeout: table.text("fencing-timeout").unwrap_or("60s"),
            concurrent_fencing: table.yes("concurrent-fencing", true),
            startup_fencing: table.yes("startup-fencing", true),
            watchdog: table.yes("have-watchdog", false),
            stop_all: table.yes("stop-all-resources", false),
            maintenance: table.yes("maintenance-mode", false),
            start_failure_fatal: table.yes("start-failure-is-fatal", true),
            startup_probes: table.yes("enable-startup-probes", true),
            stop_removed: table.yes("stop-removed-resources", true),
            cancel_removed: table.yes("cancel-removed-actions", true),
            cluster_delay: table.text("cluster-delay").unwrap_or("60s"),
            migration_limit: table
                .text("migration-limit")
                .filter(|text| text.trim().parse::<i64>().is_ok_and(|n| n > 0)),
            batch_limit: table.text("batch-limit").unwrap_or("0"),
            placement: table.placement(),
            health: table.health(),
            health_base: table.score("node-health-base", Score::ZERO),
            health_red,
            health_yellow: table.score("node-health-yellow", Score::ZERO),
            health_green: table.score("node-health-green", Score::ZERO),
            shutdown_lock: table.yes("shutdown-lock", false),
            shutdown_lock_limit: table.seconds("shutdown-lock-limit"),
            pending_timeout: table.seconds("node-pending-timeout"),
            priority_fencing_delay: table.seconds("priority-fencing-delay"),
            fence_remote_without_quorum: table.yes("fence-remote-without-quorum", false),
            written,
        }
    }

    /// The score a text means here: `red`, `yellow` and `green` are the health options' values.
    pub(crate) fn score(&self, text: &str) -> Option<Score> {
        match text {
            "red" => Some(self.health_red),
            "yellow" => Some(self.health_yellow),
            "green" => Some(self.health_green),
            _ => Score::parse(text),
        }
    }
}

struct Written<'a, 'd>(&'a [(&'d str, &'d str)]);

impl<'d> Written<'_, 'd> {
    fn text(&self, name: &str) -> Option<&'d str> {
        let find = |name: &str| self.0.iter().find(|(have, _)| *have == name).map(|(_, v)| *v);
        find(name).or_else(|| {
            OLD_NAMES.iter().find(|(new, _)| *new == name).and_then(|(_, old)| find(old))
        })
    }

    fn yes(&self, name: &str, default: bool) -> bool {
        self.text(name).and_then(value::boolean).unwrap_or(default)
    }

    fn score(&self, name: &str, default: Score) -> Score {
        self.text(name).and_then(Score::parse).unwrap_or(default)
    }

    fn seconds(&self, name: &str) -> i64 {
        let ms = self.text(name).and_then(value::interval_ms).unwrap_or(0);
        super::seconds(ms)
    }

    fn no_quorum(&self, may_fence: bool) -> NoQuorum {
        match self.text("no-quorum-policy") {
            Some("ignore") => NoQuorum::Ignore,
            Some("freeze") => NoQuorum::Freeze,
            Some("demote") => NoQuorum::Demote,
            Some("fence" | "suicide") if may_fence => NoQuorum::Fence,
            _ => NoQuorum::Stop,
        }
    }

    fn placement(&self) -> Placement {
        match self.text("placement-strategy") {
            Some("utilization") => Placement::Utilization,
            Some("minimal") => Placement::Minimal,
            Some("balanced") => Placement::Balanced,
            _ => Placement::Default,
        }
    }

    fn health(&self) -> Health {
        match self.text("node-health-strategy") {
            Some("migrate-on-red") => Health::MigrateOnRed,
            Some("only-green") => Health::OnlyGreen,
            Some("progressive") => Health::Progressive,
            Some("custom") => Health::Custom,
            _ => Health::None,
        }
    }
}
