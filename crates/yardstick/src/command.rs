//! `yardstick corpus`: runs the cases, prints the table, compares with the scoreboard.

use crate::board::{self, Board};
use crate::corpus::{self, Case};
use crate::oracle::Oracle;
use crate::run::{self, End};
use crate::subject::{Found, Subject};
use crate::verdict::{self, Verdict};
use anyhow::{Context as _, Result, bail};
use scheduler::graph;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// No case takes longer; the biggest takes the real program a second.
const LIMIT: Duration = Duration::from_secs(20);

/// What was asked for.
#[derive(Default)]
struct Wish {
    place: Option<PathBuf>,
    case: Option<String>,
    family: Option<String>,
    tier: Option<u32>,
    diff: bool,
    list: bool,
    real: bool,
    write: bool,
}

impl Wish {
    fn parse(args: &[String]) -> Result<Self> {
        let mut wish = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().cloned().with_context(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--case" => wish.case = Some(value()?),
                "--family" => wish.family = Some(value()?),
                "--tier" => wish.tier = Some(value()?.parse().context("--tier needs a number")?),
                "--diff" => wish.diff = true,
                "--list" => wish.list = true,
                "--real" => wish.real = true,
                "--write" => wish.write = true,
                place if !place.starts_with('-') && wish.place.is_none() => {
                    wish.place = Some(place.into());
                }
                other => bail!("{other} is unknown"),
            }
        }
        if wish.write
            && (wish.case.is_some() || wish.family.is_some() || wish.tier.is_some() || wish.real)
        {
            bail!("--write needs all cases, judged of ours");
        }
        Ok(wish)
    }

    fn wants(&self, case: &Case) -> bool {
        self.case.as_ref().is_none_or(|name| case.name == *name)
            && self.family.as_ref().is_none_or(|family| case.family == *family)
            && self.tier.is_none_or(|tier| case.tier == tier)
    }
}

/// Runs the command.
///
/// # Errors
/// No corpus; a case that passed according to the scoreboard fails; a failing case has no reason.
pub fn corpus(args: &[String]) -> Result<()> {
    let wish = Wish::parse(args)?;
    let place = wish.place.clone().unwrap_or_else(corpus::usual_place);
    let cases: Vec<Case> =
        corpus::load(&place)?.into_iter().filter(|case| wish.wants(case)).collect();
    if cases.is_empty() {
        bail!("no such case");
    }
    let subject = if wish.real { Subject::Real(Oracle::ready()?) } else { Subject::Ours };
    run::keep_panics_quiet();
    let ends = run::all(cases.clone(), LIMIT, move |case| judge(&subject, case));
    let mut results = Vec::new();
    for (case, end) in cases.iter().zip(ends) {
        let (verdict, words) = match end {
            End::Done(judged) => judged,
            End::Panicked(words) => (Verdict::default(), format!("panicked: {words}\n")),
            End::TooLong => (Verdict::default(), "took too long\n".to_owned()),
        };
        let name = &case.name;
        if wish.list && !verdict.passed() {
            println!("{name} (tier {}): {}", case.tier, board::fails(verdict));
        }
        if wish.diff && !words.is_empty() {
            println!("=== {name} (tier {})\n{words}", case.tier);
        }
        results.push((case, verdict));
    }
    println!("{}", board::table(&results, false));
    if wish.real { Ok(()) } else { compare(&wish, &results) }
}

/// How a case fared, and what differs.
pub fn judge(subject: &Subject, case: &Case) -> (Verdict, String) {
    let found = match subject.run(case) {
        Ok(found) => found,
        Err(error) => return (Verdict::default(), format!("{error:#}\n")),
    };
    let Found { summary, scores, graph, stderr } = found;
    let mut text = String::new();
    graph::write(&graph, &mut text);
    let (same_graph, graph_words) = match verdict::graph_differences(&case.graph, &graph) {
        Ok(differences) => (differences.is_empty(), differences.to_string()),
        Err(error) => (false, format!("the expected graph: {error}\n")),
    };
    let verdict = Verdict {
        summary: verdict::same_lines(&case.summary, &summary),
        summary_relaxed: verdict::same_sections(&case.summary, &summary),
        scores: verdict::same_multiset(&case.scores, &scores),
        scores_relaxed: verdict::same_scores_relaxed(&case.scores, &scores),
        graph: same_graph,
        graph_exact: verdict::same_lines(
            &verdict::normal_graph(&case.graph),
            &verdict::normal_graph(&text),
        ),
        stderr: verdict::same_lines(&case.stderr, &stderr),
    };
    let mut words = String::new();
    if !verdict.summary {
        let lines = verdict::line_differences(&case.summary, &summary);
        let _ = writeln!(words, "--- summary\n{}", lines.join("\n"));
    }
    if !verdict.scores {
        let lines = verdict::multiset_differences(&case.scores, &scores);
        let _ = writeln!(words, "--- scores\n{}", lines.join("\n"));
    }
    if !verdict.graph {
        let _ = write!(words, "--- graph\n{graph_words}");
    }
    (verdict, words)
}

/// Holds the results against the scoreboard, and writes it anew if that was asked for.
fn compare(wish: &Wish, results: &[(&Case, Verdict)]) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(board::PATH);
    let old = fs::read_to_string(&path).map(|page| board::parse(&page)).unwrap_or_default();
    let lost: Vec<&str> = results
        .iter()
        .filter(|(case, verdict)| !verdict.passed() && old.passing.contains(&case.name))
        .map(|(case, _)| case.name.as_str())
        .collect();
    if !lost.is_empty() {
        bail!("passed before and fail now: {}", lost.join(" "));
    }
    if wish.write {
        fs::write(&path, board::write(results, &old)).context(board::PATH)?;
    }
    without_reason(results, &old)
}

/// A failing case needs a reason, once the page lists the cases at all.
fn without_reason(results: &[(&Case, Verdict)], board: &Board) -> Result<()> {
    if board.passing.is_empty() {
        return Ok(());
    }
    let failing = results.iter().filter(|(_, verdict)| !verdict.passed());
    let silent: Vec<&str> = failing
        .map(|(case, _)| case.name.as_str())
        .filter(|name| !board.reasons.contains_key(*name))
        .collect();
    if silent.is_empty() {
        return Ok(());
    }
    bail!("{} lacks a reason for: {}", board::PATH, silent.join(" "))
}
