//! Every scenario on every pair, several at once, and the table of the results.

use crate::{Outcome, Report, impossible, library, run};
use anyhow::Result;
use sim::scenario::{Command, Maker, Pair, Role, Scenario};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Labs that run side by side: a lab mostly waits for timers, and uses a seventh of a core
/// (measured with real pairs).
pub const SIDE_BY_SIDE: usize = 4;

/// The same for virtual routers, which use a fiftieth.
const ROUTERS_SIDE_BY_SIDE: usize = 8;

/// How many runs of mixed pairs may be tried again in one go, for a message that the ancestor lost.
const SECOND_ATTEMPTS: usize = 1;

/// One of the two tables in `docs/reference`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    /// `heartbeat-scenarios.md`.
    Heartbeat,
    /// `keepalived-scenarios.md`.
    Keepalived,
}

impl Table {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Heartbeat, Self::Keepalived];

    /// Where the repository keeps it.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Heartbeat => "docs/reference/heartbeat-scenarios.md",
            Self::Keepalived => "docs/reference/keepalived-scenarios.md",
        }
    }

    /// Runs all its scenarios on all their pairs, and returns it as Markdown.
    ///
    /// # Errors
    /// When a scenario can't be read, or a lab ended without a report.
    pub fn make(self) -> Result<String> {
        let scenarios = match self {
            Self::Heartbeat => library::scenarios()?,
            Self::Keepalived => library::router_scenarios()?,
        };
        let reports = run_all(&scenarios, &|report| eprintln!("{report}"))?;
        Ok(self.text(&scenarios, &reports))
    }

    const fn pairs(self) -> &'static [Pair] {
        match self {
            Self::Heartbeat => &Pair::ALL,
            Self::Keepalived => &Pair::KNOWN,
        }
    }

    /// What stands above the rows.
    fn head(self) -> String {
        let (title, pair) = match self {
            Self::Heartbeat => {
                ("Heartbeat", "`ours/real` means: Handover on node1, Heartbeat 3.0.6 on node2.")
            }
            Self::Keepalived => (
                "keepalived",
                "`ours/real` means: Handover on node1, keepalived 2.2.7 on node2; `frr` is FRR's \
                 vrrpd 8.4.4.",
            ),
        };
        format!(
            "# {title} scenarios, pair by pair\n\nWritten by `cargo xtask scenarios`. {pair} In \
             brackets: the longest time the client had no answer, from the first step to the last; \
             these are observations of one run on a busy machine, not the benchmark. `—`: the \
             scenario is not for this pair.\n\n"
        )
    }

    /// The table: a row a scenario, a column a pair.
    fn text(self, scenarios: &[Scenario], reports: &[Report]) -> String {
        let mut text = self.head();
        text.push_str("| scenario | what it shows |");
        for pair in self.pairs() {
            let _ = write!(text, " {pair} |");
        }
        let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(self.pairs().len()));
        for scenario in scenarios {
            let name = scenario.name.rsplit('/').next().unwrap_or_default();
            let _ = write!(text, "| {name} | {} |", scenario.about.replace('|', "\\|"));
            for pair in self.pairs() {
                let pair = pair.to_string();
                let report = reports.iter().find(|r| r.scenario == scenario.name && r.pair == pair);
                let _ = write!(text, " {} |", cell(report));
            }
            text.push('\n');
        }
        text
    }
}

/// Runs scenarios on all their pairs; `tell` hears of each as it ends. Those that flood the nodes
/// come last, one by one.
///
/// # Errors
/// When a lab ended without a report.
pub fn run_all(scenarios: &[Scenario], tell: &(dyn Fn(&Report) + Sync)) -> Result<Vec<Report>> {
    let (loud, quiet): (Vec<_>, Vec<_>) = scenarios
        .iter()
        .flat_map(|scenario| scenario.pairs.iter().map(move |&pair| (scenario, pair)))
        .partition(|(scenario, _)| is_loud(scenario));
    let spare = AtomicUsize::new(SECOND_ATTEMPTS);
    let (routers, clusters): (Vec<_>, Vec<_>) =
        quiet.into_iter().partition(|(scenario, _)| scenario.cluster.role == Role::Keepalived);
    let mut reports = run_beside(&routers, ROUTERS_SIDE_BY_SIDE, &spare, tell)?;
    reports.extend(run_beside(&clusters, SIDE_BY_SIDE, &spare, tell)?);
    reports.extend(run_beside(&loud, 1, &spare, tell)?);
    Ok(reports)
}

/// True when it keeps the machine so busy that no other may run beside it.
fn is_loud(scenario: &Scenario) -> bool {
    scenario.steps.iter().any(|step| matches!(step.command, Command::Flood { .. }))
}

/// Runs these, so many at a time.
fn run_beside(
    jobs: &[(&Scenario, Pair)],
    width: usize,
    spare: &AtomicUsize,
    tell: &(dyn Fn(&Report) + Sync),
) -> Result<Vec<Report>> {
    let reasons: Vec<_> = kinds(jobs).into_iter().map(|(r, p)| (r, p, impossible(r, p))).collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some(&(scenario, pair)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let kind = (scenario.cluster.role, pair);
            let known = reasons.iter().find(|(role, pair, _)| (*role, *pair) == kind);
            let why = known.and_then(|(.., why)| why.clone());
            let report = match why {
                Some(why) => Ok(Report::skipped(scenario, pair, why)),
                None => run_fairly(&scenario.name, pair, spare, tell),
            };
            if let Ok(report) = &report {
                tell(report);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push(report);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..width {
            scope.spawn(work);
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
}

/// The kinds of pairs among them, each once.
fn kinds(jobs: &[(&Scenario, Pair)]) -> Vec<(Role, Pair)> {
    let mut kinds = Vec::new();
    for (scenario, pair) in jobs {
        let kind = (scenario.cluster.role, *pair);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// Two of the ancestor's scripts that write to its FIFO at once can lose a message (measured:
/// docs/ancestors/heartbeat.md §9). A pair of its own gets a second attempt for that. Of the pairs
/// with one of ours in them `spare` do, all together: more, and our own faults could hide there.
fn run_fairly(
    name: &str,
    pair: Pair,
    spare: &AtomicUsize,
    tell: &(dyn Fn(&Report) + Sync),
) -> Result<Report> {
    let first = run(name, pair)?;
    let one_less = |left: usize| left.checked_sub(1);
    let again = first.failed()
        && match pair {
            Pair(Maker::Real, Maker::Real) => true,
            Pair(Maker::Ours, Maker::Ours) => false,
            _ => spare.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok(),
        };
    if again {
        tell(&first);
        return run(name, pair);
    }
    Ok(first)
}

fn cell(report: Option<&Report>) -> String {
    match report.map(|report| (&report.outcome, report.outage)) {
        None => "—".into(),
        Some((Outcome::Passed, outage)) => format!("yes ({:.2} s)", outage.as_secs_f64()),
        Some((Outcome::Failed { line, .. }, _)) => format!("**no** (line {line})"),
        Some((Outcome::Skipped { .. }, _)) => "not run".into(),
    }
}
