//! The scoreboard: how many cases pass, which ones, and why the others don't.
//!
//! It is a page of the repository. A case listed as passing must go on passing; a case listed as
//! failing has a reason, written by hand and kept when the page is written anew.

use crate::corpus::Case;
use crate::verdict::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Where the page stands in the repository.
pub const PATH: &str = "docs/reference/scheduler-corpus.md";

/// What the page says of single cases.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Board {
    /// Cases that passed when it was written.
    pub passing: BTreeSet<String>,
    /// Why a case fails, for those that have a reason.
    pub reasons: BTreeMap<String, String>,
}

const FAILING: &str = "## Cases that fail";
const PASSING: &str = "## Cases that pass";

/// Reads a page.
pub fn parse(page: &str) -> Board {
    let mut board = Board::default();
    let mut part = "";
    for line in page.lines() {
        if line.starts_with("## ") {
            part = line;
        } else if part == PASSING {
            board.passing.extend(line.split_whitespace().map(str::to_owned));
        } else if part == FAILING {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            if let ["", case, _tier, _fails, reason, ""] = cells.as_slice()
                && !matches!(*case, "case" | "---")
                && !reason.is_empty()
            {
                board.reasons.insert((*case).to_owned(), (*reason).to_owned());
            }
        }
    }
    board
}

/// How many cases there are and how many pass in each measure.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Count {
    /// Cases.
    pub cases: usize,
    /// Passed: all three measures.
    pub passed: usize,
    /// Strict summary.
    pub summary: usize,
    /// Strict scores.
    pub scores: usize,
    /// Structural graph.
    pub graph: usize,
    /// Relaxed summary.
    pub summary_relaxed: usize,
    /// Relaxed scores.
    pub scores_relaxed: usize,
    /// Upstream's own verdict.
    pub official: usize,
}

impl Count {
    /// Counts one case more.
    pub const fn add(&mut self, verdict: Verdict) {
        self.cases += 1;
        self.passed += verdict.passed() as usize;
        self.summary += verdict.summary as usize;
        self.scores += verdict.scores as usize;
        self.graph += verdict.graph as usize;
        self.summary_relaxed += verdict.summary_relaxed as usize;
        self.scores_relaxed += verdict.scores_relaxed as usize;
        self.official += verdict.official() as usize;
    }

    fn row(&self, name: &str) -> String {
        format!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            self.cases,
            self.passed,
            self.summary,
            self.scores,
            self.graph,
            self.summary_relaxed,
            self.scores_relaxed,
            self.official
        )
    }
}

const COLUMNS: &str = "| cases | all three | summary | scores | graph | summary, relaxed \
                       | scores, relaxed | official |\n|---|---|---|---|---|---|---|---|---|\n";

/// The table of counts: by tier, then all; by family below if `families`.
pub fn table(results: &[(&Case, Verdict)], families: bool) -> String {
    let mut tiers: BTreeMap<u32, Count> = BTreeMap::new();
    let mut by_family: BTreeMap<&str, Count> = BTreeMap::new();
    let mut all = Count::default();
    for (case, verdict) in results {
        tiers.entry(case.tier).or_default().add(*verdict);
        by_family.entry(&case.family).or_default().add(*verdict);
        all.add(*verdict);
    }
    let mut text = format!("| tier {COLUMNS}");
    text.extend(tiers.iter().map(|(tier, count)| count.row(&tier.to_string())));
    text.push_str(&all.row("**all**"));
    if families {
        let _ = write!(text, "\n| family {COLUMNS}");
        text.extend(by_family.iter().map(|(family, count)| count.row(family)));
    }
    text
}

const HEAD: &str = "\
# The scheduler against Pacemaker's cases

Written by `cargo xtask corpus --write`. The cases are those of Pacemaker's own regression tests, which are
not part of this repository; it holds their names only. A case passes if the text of the simulation, the
scores and the transition graph are all equal to Pacemaker's: the text line by line, the scores as a multiset of
lines, the graph by what it means. *Relaxed*: actions may be executed in another order, scores may be printed
by someone else and at other times. *Official*: upstream's own verdict, with the graph's text equal too.

## Numbers

";

/// Columns of the list of passing cases.
const LINE_WIDTH: usize = 110;

/// The page anew, with the reasons of `old`.
pub fn write(results: &[(&Case, Verdict)], old: &Board) -> String {
    let mut page = HEAD.to_owned();
    page.push_str(&table(results, true));
    let _ = write!(page, "\n{FAILING}\n\n| case | tier | fails | reason |\n|---|---|---|---|\n");
    for (case, verdict) in results.iter().filter(|(_, verdict)| !verdict.passed()) {
        let reason = old.reasons.get(&case.name).map_or("", String::as_str);
        let _ =
            writeln!(page, "| {} | {} | {} | {reason} |", case.name, case.tier, fails(*verdict));
    }
    let _ = write!(page, "\n{PASSING}\n\n");
    let mut line = String::new();
    for (case, _) in results.iter().filter(|(_, verdict)| verdict.passed()) {
        if line.len() + case.name.len() >= LINE_WIDTH {
            let _ = writeln!(page, "{}", line.trim_end());
            line.clear();
        }
        line.push_str(&case.name);
        line.push(' ');
    }
    if !line.is_empty() {
        let _ = writeln!(page, "{}", line.trim_end());
    }
    page
}

/// The measures in which a case fails.
pub fn fails(verdict: Verdict) -> String {
    let measures =
        [("summary", verdict.summary), ("scores", verdict.scores), ("graph", verdict.graph)];
    let failed = measures.into_iter().filter(|(_, passed)| !passed).map(|(name, _)| name);
    failed.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str) -> Case {
        let text = String::new;
        Case {
            name: name.to_owned(),
            family: "f".to_owned(),
            tier: 1,
            args: Vec::new(),
            input: text(),
            summary: text(),
            scores: text(),
            graph: text(),
            stderr: text(),
        }
    }

    const PASSED: Verdict = Verdict {
        summary: true,
        summary_relaxed: true,
        scores: true,
        scores_relaxed: true,
        graph: true,
        graph_exact: false,
        stderr: true,
    };

    #[test]
    fn what_a_page_says_is_read_back_and_reasons_stay() {
        let cases = [case("one"), case("two"), case("three")];
        let failed = Verdict { graph: false, ..PASSED };
        let results = [(&cases[0], PASSED), (&cases[1], failed), (&cases[2], PASSED)];
        let mut board = Board::default();
        board.reasons.insert("two".to_owned(), "the order of probes".to_owned());
        let page = write(&results, &board);
        let read = parse(&page);
        assert_eq!(read.reasons, board.reasons);
        assert_eq!(read.passing.iter().collect::<Vec<_>>(), ["one", "three"]);
        assert!(page.contains("| two | 1 | graph | the order of probes |"), "{page}");
        assert!(page.contains("| **all** | 3 | 2 | 3 | 3 | 2 | 3 | 3 | 0 |"), "{page}");
    }
}
