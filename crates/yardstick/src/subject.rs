//! Who is judged: our scheduler, or as a control the real program.

use crate::corpus::Case;
use crate::oracle::Oracle;
use anyhow::Result;
use scheduler::graph::Graph;

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
    let _ = (input, args);
    anyhow::bail!("no plan")
}
