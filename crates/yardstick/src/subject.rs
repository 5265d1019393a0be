//! Who is judged: our scheduler, or as a control the real program.

use crate::corpus::Case;
use crate::oracle::Oracle;
use anyhow::{Context as _, Result};
use cib::date::DateTime;
use cib::xml::Document;
use scheduler::graph::Graph;
use scheduler::{Request, simulate};

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
    let document = Document::parse(input)?;
    let moment = args.iter().position(|arg| arg == "-t").and_then(|at| args.get(at + 1));
    let moment = moment.map(|written| {
        let date = DateTime::parse(written, DateTime::from_epoch(WALL));
        date.map(|date| (date.epoch, written.clone())).with_context(|| format!("-t {written}"))
    });
    let request =
        Request { moment: moment.transpose()?, wall: WALL, carry_out: true, ..Request::default() };
    let simulation = simulate(document, &request);
    Ok(Found {
        summary: format!("{}{}", simulation.notes, simulation.text()),
        scores: simulation.scores(),
        graph: simulation.plan.graph,
        stderr: simulation.notes.to_owned(),
    })
}

/// The wall clock of every run (epoch seconds): nothing expected depends on it.
const WALL: i64 = 1_700_000_000;
