//! Does what came out equal what is expected? The rules by which a case counts.

use scheduler::graph::{self, Differences, Graph};
use std::collections::{BTreeMap, BTreeSet};

/// How a case fared in each measure.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Verdict {
    /// The summary, line by line without white space.
    pub summary: bool,
    /// The same section by section, the executed actions in any order.
    pub summary_relaxed: bool,
    /// The score lines as a multiset.
    pub scores: bool,
    /// The set of (resource, node, score).
    pub scores_relaxed: bool,
    /// The graph by what it means.
    pub graph: bool,
    /// The graph's text.
    pub graph_exact: bool,
    /// What is said about the input's faults.
    pub stderr: bool,
}

impl Verdict {
    /// The measure that counts.
    pub const fn passed(self) -> bool {
        self.summary && self.scores && self.graph
    }

    /// Upstream's own rule, but for the dot file.
    pub const fn official(self) -> bool {
        self.summary && self.scores && self.graph_exact && self.stderr
    }
}

/// Lines without white space, empty ones left out.
fn dense(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<String>());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Equal but for white space inside lines and for empty lines.
pub fn same_lines(expected: &str, found: &str) -> bool {
    dense(expected) == dense(found)
}

/// Equal as multisets of lines.
pub fn same_multiset(expected: &str, found: &str) -> bool {
    let (mut a, mut b) = (dense(expected), dense(found));
    a.sort_unstable();
    b.sort_unstable();
    a == b
}

/// Equal but for the order in which actions are executed.
pub fn same_sections(expected: &str, found: &str) -> bool {
    sections(expected) == sections(found)
}

/// Titles of the summary's sections.
const EXECUTING: &str = "ExecutingClusterTransition:";
const REVISED: &str = "RevisedClusterStatus:";

fn sections(text: &str) -> [Vec<String>; 3] {
    let mut sections = [const { Vec::new() }; 3];
    let mut at = 0;
    for line in dense(text) {
        match line.as_str() {
            EXECUTING => at = 1,
            REVISED => at = 2,
            _ => {}
        }
        sections[at].push(line);
    }
    sections[1].sort_unstable();
    sections
}

/// One section of a summary as it stands: the indented lines after its title.
pub fn section<'t>(text: &'t str, title: &str) -> Vec<&'t str> {
    let lines = text.lines().skip_while(|line| *line != title).skip(1);
    lines.take_while(|line| line.starts_with("  ")).collect()
}

/// Equal as sets of scores, whoever printed them and how often.
pub fn same_scores_relaxed(expected: &str, found: &str) -> bool {
    let scores = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let lines = lines.map(|line| match line.split_once(": ") {
            Some((emitter, rest)) if emitter.ends_with("_assign") => rest,
            _ => line,
        });
        lines.map(|line| line.split_whitespace().collect::<String>()).collect()
    };
    scores(expected) == scores(found)
}

/// The text of a graph without what changes from version to version.
pub fn normal_graph(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["crm_feature_set=\"", "batch-limit=\""]
        .iter()
        .filter_map(|name| rest.find(name).map(|at| (at, at + name.len())))
        .min()
    {
        normal.push_str(&rest[..at.0]);
        let value = &rest[at.1..];
        rest = value.find('"').map_or("", |end| &value[end + 1..]);
    }
    normal.push_str(rest);
    normal
}

/// What differs between a graph's expected text and a graph.
///
/// # Errors
/// The expected text cannot be read.
pub fn graph_differences(expected: &str, found: &Graph) -> Result<Differences, graph::Error> {
    Ok(graph::differences(&graph::read(expected)?, found))
}

/// Lines that differ, in order: `-` only expected, `+` only found, two blanks for their
/// surroundings.
pub fn line_differences(expected: &str, found: &str) -> Vec<String> {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(str::trim_end).filter(|l| !l.is_empty()).map(str::to_owned).collect()
    };
    let (a, b) = (lines(expected), lines(found));
    let dense = |line: &String| line.split_whitespace().collect::<String>();
    let (da, db): (Vec<_>, Vec<_>) = (a.iter().map(dense).collect(), b.iter().map(dense).collect());
    // The longest common subsequence, from the back; texts of a case are a few hundred lines.
    let mut length = vec![vec![0u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            length[i][j] = if da[i] == db[j] {
                length[i + 1][j + 1] + 1
            } else {
                length[i + 1][j].max(length[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut all = Vec::new();
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && da[i] == db[j] {
            all.push(format!("  {}", a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && length[i + 1][j] >= length[i][j + 1]) {
            all.push(format!("- {}", a[i]));
            i += 1;
        } else {
            all.push(format!("+ {}", b[j]));
            j += 1;
        }
    }
    near_changes(all)
}

/// Lines shown on each side of a difference.
const AROUND: usize = 2;

fn near_changes(all: Vec<String>) -> Vec<String> {
    let changed: Vec<bool> = all.iter().map(|line| !line.starts_with("  ")).collect();
    let near = |at: usize| {
        let (from, to) = (at.saturating_sub(AROUND), (at + AROUND + 1).min(changed.len()));
        // A section's title tells where one is.
        changed[from..to].contains(&true)
    };
    let title = |line: &str| line.ends_with(':') && !line.contains('*');
    let keep: Vec<bool> = all.iter().zip(0..).map(|(line, at)| near(at) || title(line)).collect();
    all.into_iter().zip(keep).filter_map(|(line, keep)| keep.then_some(line)).collect()
}

/// Lines that one multiset has more often than the other, sorted: `-` expected, `+` found.
pub fn multiset_differences(expected: &str, found: &str) -> Vec<String> {
    let mut count: BTreeMap<String, i32> = BTreeMap::new();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in expected.lines().filter(|line| !line.trim().is_empty()) {
        *count.entry(words(line)).or_default() += 1;
    }
    for line in found.lines().filter(|line| !line.trim().is_empty()) {
        *count.entry(words(line)).or_default() -= 1;
    }
    let mut lines = Vec::new();
    for (line, more) in count.into_iter().filter(|(_, more)| *more != 0) {
        let sign = if more > 0 { '-' } else { '+' };
        let times = more.unsigned_abs();
        lines.push(format!(
            "{sign} {line}{}",
            if times > 1 { format!(" ({times} times)") } else { String::new() }
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_empty_lines_do_not_count_and_order_does() {
        assert!(same_lines("a  b\n\nc\n", "ab\nc"));
        assert!(!same_lines("a\nb\n", "b\na\n"));
        assert!(same_multiset("a\nb\n", "b\na\n"));
        assert!(!same_multiset("a\na\nb\n", "a\nb\n"));
    }

    #[test]
    fn only_the_executed_actions_may_change_places_in_the_relaxed_rule() {
        let text = |a, b, c, d| {
            format!("{a}\n{b}\nExecuting Cluster Transition:\n{c}\n{d}\nRevised Cluster Status:\n")
        };
        assert!(same_sections(&text(1, 2, 3, 4), &text(1, 2, 4, 3)));
        assert!(!same_sections(&text(1, 2, 3, 4), &text(2, 1, 3, 4)));
    }

    #[test]
    fn relaxed_scores_forget_who_printed_them() {
        let (a, b) = ("pcmk__group_assign: a on n: 1\n", "pcmk__clone_assign: a on n: 1\n");
        assert!(same_scores_relaxed(a, &format!("{b}{b}")));
        assert!(!same_scores_relaxed(a, "pcmk__group_assign: a on n: 2\n"));
    }

    #[test]
    fn versions_and_limits_are_cut_out_of_graphs() {
        let text = "<t batch-limit=\"0\" id=\"1\"><a crm_feature_set=\"3.20.5\"/></t>";
        assert_eq!(normal_graph(text), "<t  id=\"1\"><a /></t>");
    }

    #[test]
    fn differences_are_shown_with_their_surroundings() {
        let lines =
            line_differences("1\n2\n3\n4\n5\n6\nSection:\n7\n", "1\n2\n3\n4\nx\n6\nSection:\n7\n");
        assert_eq!(lines, ["  3", "  4", "- 5", "+ x", "  6", "  Section:"]);
        assert_eq!(multiset_differences("a\na\n", "a\nb\n"), ["- a", "+ b"]);
    }
}
