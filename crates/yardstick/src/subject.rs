//! Who is judged: our scheduler, or as a control the real program.

use crate::corpus::Case;
use crate::oracle::Oracle;
use anyhow::{Context as _, Result};
use scheduler::graph::Graph;
use std::fmt::Write as _;

/// Who is judged.
#[derive(Debug)]
pub enum Subject {
    /// Our scheduler, in this process.
    Ours,
    /// Debian's program.
    Real(Oracle),
}

/// What it made of a case.
#[derive(Clone, Debug)]
pub struct Found {
    /// The simulation's text.
    pub summary: String,
    /// The scores.
    pub scores: String,
    /// The plan.
    pub graph: Graph,
    /// What it said about the input's faults.
    pub stderr: String,
}

impl Subject {
    /// Runs a case.
    ///
    /// # Errors
    /// An input that cannot be read, or a program that failed.
    pub fn run(&self, case: &Case) -> Result<Found> {
        match self {
            Self::Ours => ours(&case.input, &case.args),
            Self::Real(oracle) => {
                let answer = oracle.ask(&case.input, &case.args)?;
                let (summary, scores, graph) = (answer.summary, answer.scores, answer.graph);
                // It cannot say what the newer one does.
                Ok(Found { summary, scores, graph, stderr: case.stderr.clone() })
            }
        }
    }
}

/// Plans and simulates in this process.
///
/// # Errors
/// An input that cannot be read.
pub fn ours(input: &str, args: &[String]) -> Result<Found> {
    let document = cib::xml::Document::parse(input)?;
    let asked = args.iter().skip_while(|arg| *arg != "-t").nth(1).map(String::as_str);
    let epoch = cib::date::DateTime::from_epoch(0);
    let now = match asked {
        Some(text) => Some(
            cib::date::DateTime::parse(text, epoch)
                .with_context(|| format!("{text} is no date"))?
                .epoch,
        ),
        None => None,
    };
    let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let found = scheduler::simulate(&document, now, i64::try_from(wall)?, asked);
    let mut scores = String::new();
    for line in &found.plan.scores {
        writeln!(scores, "{line}")?;
    }
    Ok(Found { summary: found.text, scores, graph: found.plan.graph, stderr: String::new() })
}
