//! Measured values on their way from the world they were measured in to the one that judges them:
//! a line of JSON each.

use crate::world;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write as _};
use std::process::Stdio;

/// One measured value, in its row's unit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Sample {
    /// The row; empty for a job that has one row alone.
    pub(super) row: String,
    pub(super) value: f64,
}

impl Sample {
    /// Tells the outer world of a value.
    pub(super) fn print(row: &str, value: f64) {
        let sample = Self { row: row.to_owned(), value };
        // Numbers and a word always have a JSON form; without a reader the world ends by itself.
        if let Ok(line) = serde_json::to_string(&sample) {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        }
    }
}

/// Runs `lab inside WORDS` in a world of its own and collects what it prints. One that ends early
/// is told of as `what`, and its rows lack samples.
///
/// # Errors
/// When there can be no such world, or it prints something else.
pub(super) fn gather(words: &[&str], what: &str) -> Result<Vec<Sample>> {
    let mut child =
        world::command(words)?.stdout(Stdio::piped()).spawn().context("cannot start unshare")?;
    let _lifeline = child.stdin.take();
    let out = child.stdout.take().context("the bench has no output")?;
    let mut samples = Vec::new();
    for line in BufReader::new(out).lines() {
        let sample: Sample = serde_json::from_str(&line?).context("not a sample")?;
        eprintln!("  {} {:.4}", sample.row, sample.value);
        samples.push(sample);
    }
    let status = child.wait()?;
    if !status.success() {
        eprintln!("bench: {what} ended early ({status})");
    }
    Ok(samples)
}
