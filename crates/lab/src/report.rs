//! What a run of a scenario showed, as data and as text.

use serde::{Deserialize, Serialize};
use sim::scenario::{Pair, Scenario};
use std::fmt;
use std::time::Duration;

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "outcome")]
pub enum Outcome {
    /// Everything was as expected.
    Passed,
    /// Something was not.
    Failed {
        /// The line of the scenario; 0 when the lab could not be built.
        line: usize,
        /// What was seen instead.
        why: String,
    },
    /// It could not be run here.
    Skipped {
        /// Why not, and how to change that.
        why: String,
    },
}

/// One step that was carried out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StepReport {
    /// Its line in the file.
    pub line: usize,
    /// The line as written.
    pub text: String,
    /// How long it took.
    pub took: Duration,
    /// The client's longest wait for an answer, from the last command that was no `expect` to this
    /// step's end: the figure that benches read.
    pub outage: Duration,
}

/// The whole run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The pair it ran on, e.g. `ours/real`.
    pub pair: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Its steps, up to the one that failed.
    pub steps: Vec<StepReport>,
    /// The longest time the client, once served, had no answer, from the first step to the last.
    pub outage: Duration,
    /// The whole run.
    pub took: Duration,
    /// After a failure: the end of each node's log.
    pub logs: Vec<(String, Vec<String>)>,
}

impl Report {
    /// A run that has not failed yet.
    pub(crate) fn new(scenario: &Scenario, pair: Pair) -> Self {
        Self {
            scenario: scenario.name.clone(),
            pair: pair.to_string(),
            outcome: Outcome::Passed,
            steps: Vec::new(),
            outage: Duration::ZERO,
            took: Duration::ZERO,
            logs: Vec::new(),
        }
    }

    /// A run that could not be made.
    pub(crate) fn skipped(scenario: &Scenario, pair: Pair, why: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped { why: why.into() }, ..Self::new(scenario, pair) }
    }

    /// True when something was not as expected.
    pub const fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. })
    }
}

impl fmt::Display for Report {
    /// One line when it passed; with steps and logs when it failed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, pair, took) = (&self.scenario, &self.pair, self.took.as_secs_f64());
        match &self.outcome {
            Outcome::Passed => {
                let outage = self.outage.as_secs_f64();
                write!(f, "passed   {name} {pair} ({took:.0} s, longest outage {outage:.2} s)")
            }
            Outcome::Skipped { why } => write!(f, "skipped: {name} {pair}: {why}"),
            Outcome::Failed { line, why } => {
                writeln!(f, "FAILED   {name} {pair} ({took:.0} s) in line {line}: {why}")?;
                for step in &self.steps {
                    let took = step.took.as_secs_f64();
                    writeln!(f, "  {:3}  {:8.2} s  {}", step.line, took, step.text)?;
                }
                for (node, lines) in &self.logs {
                    writeln!(f, "  the end of {node}'s log:")?;
                    lines.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
                }
                Ok(())
            }
        }
    }
}
