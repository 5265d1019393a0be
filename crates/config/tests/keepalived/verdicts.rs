//! Our verdict on each configuration is keepalived's, or the difference is listed with a reason.

use super::{complained_lines, expand, read};
use std::collections::{BTreeMap, BTreeSet};

/// One measured case.
pub(super) struct Case {
    pub name: &'static str,
    pub text: String,
    /// What `keepalived -t` returned.
    pub exit: u8,
    /// The lines it named.
    pub lines: BTreeSet<usize>,
    /// Instances that ran, or `exitN`.
    pub runs: &'static str,
}

/// All measured cases.
pub(super) fn cases() -> Vec<Case> {
    let table = include_str!("verdicts/measured.txt");
    let value = |word: &'static str| word.split_once('=').expect("name=value").1;
    let mut cases = Vec::new();
    for case in table.split("\n---- ").skip(1) {
        let (head, body) = case.split_once('\n').unwrap_or((case, ""));
        let words: Vec<&str> = head.split_whitespace().collect();
        let [exit, lines, runs, kind, name] = *words.as_slice() else { panic!("head: {head}") };
        // The split took the last line's end; an empty body had none.
        let body = if body.is_empty() { String::new() } else { format!("{body}\n") };
        cases.push(Case {
            name,
            text: expand(kind, name, &body),
            exit: value(exit).parse().expect("an exit code"),
            lines: value(lines).split(',').filter_map(|line| line.parse().ok()).collect(),
            runs: value(runs),
        });
    }
    cases
}

/// What is different on purpose: by case, what ours says, and why.
fn differences() -> BTreeMap<&'static str, (Vec<&'static str>, &'static str)> {
    let table = include_str!("verdicts/differences.txt");
    let rows = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|row| {
        let (head, reason) = row.split_once(" | ").expect("NAME WHAT... | REASON");
        let mut words = head.split_whitespace();
        (words.next().expect("a name"), (words.collect(), reason))
    })
    .collect()
}

#[test]
fn every_measured_verdict_is_ours_or_the_difference_has_a_reason() {
    let differences = differences();
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    let cases = cases();
    for case in &cases {
        let ours = read(&case.text);
        let names: Vec<&str> = ours.vrrp.instances.iter().map(|one| one.name.as_str()).collect();
        let runs = if names.is_empty() { "-".to_owned() } else { names.join(",") };
        let lines = complained_lines(&ours, &case.text);
        let missed: Vec<String> = case.lines.difference(&lines).map(ToString::to_string).collect();
        let mut differs = Vec::new();
        if ours.exit_code != case.exit {
            differs.push(format!("exit={}", ours.exit_code));
        }
        if !missed.is_empty() {
            differs.push(format!("missed={}", missed.join(",")));
        }
        if runs != case.runs {
            differs.push(format!("runs={runs}"));
        }
        let listed = differences.get(case.name);
        used.extend(listed.map(|_| case.name));
        let listed: Vec<&str> = listed.map(|(what, _)| what.clone()).unwrap_or_default();
        if differs != listed {
            let said: Vec<_> = ours.findings.iter().map(|f| (&f.message, &f.effect)).collect();
            wrong.push(format!("{} {} | {said:#?}", case.name, differs.join(" ")));
        }
    }
    assert!(cases.len() > 150, "the table has cases");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    let unused: Vec<_> = differences.keys().filter(|name| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "no case of these names: {unused:?}");
}

#[test]
fn every_finding_says_what_it_does_to_the_cluster_and_where_it_stands() {
    for case in cases() {
        for found in read(&case.text).findings {
            assert!(found.effect.is_some(), "{}: {}", case.name, found.message);
            assert!(case.text.get(found.span.range()).is_some(), "{}: {found:?}", case.name);
        }
    }
}
