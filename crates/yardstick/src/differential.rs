//! `yardstick differential`: our plan against that of the real program, on random CIBs.

use crate::generate;
use crate::oracle::{Answer, Oracle};
use crate::run::{self, End};
use crate::shrink;
use crate::subject::{self, Found};
use crate::verdict;
use crate::versions;
use anyhow::{Context as _, Result, bail};
use scheduler::graph;
use std::sync::Arc;
use std::time::Duration;

/// No seed takes longer, both programs together.
const LIMIT: Duration = Duration::from_mins(1);

/// So many plans must be equal: what is reached, only ever to be raised. The aim is 92, as often as
/// the real program's version agrees with the one we follow.
const ENOUGH_PERCENT: usize = 90;

/// How two plans for one CIB compare.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// The graphs mean the same.
    pub graph: bool,
    /// They differ as the real program's version differs from the one we follow.
    pub version: bool,
    /// The texts of the simulations are equal line by line.
    pub summary: bool,
    /// The scores are equal.
    pub scores: bool,
    /// What differs in the graphs.
    pub words: String,
}

/// Runs the command.
///
/// # Errors
/// The real program is not to be had, or too few plans are equal.
pub fn differential(args: &[String]) -> Result<()> {
    let (mut count, mut first, mut shrinking, mut telling) = (100, 0, false, true);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut number = || -> Result<u64> {
            let text = args.next().with_context(|| format!("{arg} needs a number"))?;
            text.parse().with_context(|| format!("{arg} needs a number"))
        };
        match arg.as_str() {
            "--seeds" => count = number()?,
            "--from" => first = number()?,
            "--shrink" => shrinking = true,
            "--count-only" => telling = false,
            other => bail!("{other} is unknown"),
        }
    }
    let oracle = Arc::new(Oracle::ready()?);
    let seeds: Vec<u64> = (first..first + count).collect();
    run::keep_panics_quiet();
    let asked = Arc::clone(&oracle);
    let ends = run::all(seeds.clone(), LIMIT, move |seed| compare(&asked, &generate::cib(*seed)));
    let (mut judged, mut graphs, mut summaries, mut scores) = (0, 0, 0, 0);
    let mut older = Vec::new();
    let mut different = Vec::new();
    for (seed, end) in seeds.iter().zip(ends) {
        let comparison = match end {
            End::Done(Ok(comparison)) => comparison,
            // The real program crashed: nothing to compare with.
            End::Done(Err(error)) => {
                println!("seed {seed}: {error:#}");
                continue;
            }
            End::Panicked(words) => failed(format!("panicked: {words}")),
            End::TooLong => failed("took too long".to_owned()),
        };
        if comparison.version {
            older.push(*seed);
            continue;
        }
        judged += 1;
        graphs += usize::from(comparison.graph);
        summaries += usize::from(comparison.summary);
        scores += usize::from(comparison.scores);
        if !comparison.graph {
            if telling {
                println!("seed {seed}\n{}", comparison.words);
            }
            different.push(*seed);
        }
    }
    println!(
        "{judged} compared; transitions equal: {graphs}, summaries: {summaries}, scores: {scores}"
    );
    println!("different: {different:?}");
    println!("not judged, the older version's order of instances: {older:?}");
    if shrinking && let Some(seed) = different.first() {
        println!("seed {seed}, as small as it still differs:\n{}", smallest(&oracle, *seed));
    }
    if graphs * 100 < judged * ENOUGH_PERCENT {
        bail!("fewer than {ENOUGH_PERCENT} % of the transitions are equal");
    }
    Ok(())
}

fn failed(words: String) -> Comparison {
    Comparison { graph: false, version: false, summary: false, scores: false, words }
}

/// Both plans of one CIB.
///
/// # Errors
/// The real program gave none.
pub fn compare(oracle: &Oracle, cib: &str) -> Result<Comparison> {
    let Answer { summary, scores, graph } = oracle.ask(cib, &[])?;
    let found = match subject::ours(cib, &[]) {
        Ok(found) => found,
        Err(error) => return Ok(failed(format!("{error:#}"))),
    };
    let Found { summary: our_summary, scores: our_scores, graph: our_graph, .. } = found;
    let differences = graph::differences(&graph, &our_graph);
    Ok(Comparison {
        graph: differences.is_empty(),
        version: versions::shuffled(&graph, &our_graph, &differences),
        summary: verdict::same_lines(&summary, &our_summary),
        scores: verdict::same_multiset(&scores, &our_scores),
        words: differences.to_string(),
    })
}

/// The seed's CIB with everything taken away that is not needed for a difference, and the two plans.
fn smallest(oracle: &Arc<Oracle>, seed: u64) -> String {
    let asked = Arc::clone(oracle);
    let differs = move |cib: &str| {
        let (asked, cib) = (Arc::clone(&asked), cib.to_owned());
        let mut ends = run::all(vec![cib], LIMIT, move |cib| compare(&asked, cib));
        match ends.pop() {
            Some(End::Done(Ok(comparison))) => !comparison.graph && !comparison.version,
            Some(End::Done(Err(_))) | None => false,
            Some(End::Panicked(_) | End::TooLong) => true,
        }
    };
    let cib = shrink::smallest(&generate::cib(seed), differs);
    let words = compare(oracle, &cib).map_or_else(|error| error.to_string(), |c| c.words);
    format!("{cib}\n{words}")
}
