//! Our verdict on each configuration is keepalived's, or the difference is listed with a reason.

use super::cases::{Case, cases, differences};
use super::{complained_lines, read};
use std::collections::BTreeSet;
use std::fmt::Write as _;

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

/// The page that lists every case and every difference.
const PAGE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/keepalived-configurations.md");

const HEAD: &str = "\
# Configurations, ours and keepalived's

What keepalived 2.2.7 and Handover make of the same configurations: combinations and mistakes that
are in use. `-t` is what `keepalived -t` returns; *runs* is the instances that run after a start
(`-`: none; `exitN`: the daemon ended). The texts are in
`crates/config/tests/keepalived/verdicts/measured.txt`; `crates/lab/tests/keepalived_configurations.rs`
asks both daemons anew. Written by `HANDOVER_WRITE=1 cargo test -p handover-config --test keepalived`.
";

/// What ours says: the exit code and the instances.
fn ours(case: &Case) -> (u8, String) {
    let read = read(&case.text);
    let names: Vec<&str> = read.vrrp.instances.iter().map(|one| one.name.as_str()).collect();
    (read.exit_code, if names.is_empty() { "-".to_owned() } else { names.join(",") })
}

fn page() -> String {
    let (cases, differences) = (cases(), differences());
    let (other, same): (Vec<&Case>, Vec<&Case>) =
        cases.iter().partition(|case| differences.contains_key(case.name));
    let mut text = HEAD.to_owned();
    let _ = write!(
        text,
        "\n## Where they differ\n\n{} of {} configurations, each on purpose.\n\n\
         | configuration | keepalived: `-t` | runs | ours: `-t` | runs | why |\n|---|---|---|---|---|---|\n",
        other.len(),
        cases.len()
    );
    for case in other {
        let (exit, runs) = ours(case);
        let (_, reason) = differences[case.name];
        let name = case.name.replace('_', " ");
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {exit} | {runs} | {reason} |",
            case.exit, case.runs
        );
    }
    text.push_str(
        "\n## Where they agree\n\nA file of its own, or lines inside a good file.\n\n\
         | configuration | | `-t` | runs |\n|---|---|---|---|\n",
    );
    for case in same {
        let name = case.name.replace('_', " ");
        let kind = if case.whole { "file" } else { "lines" };
        let _ = writeln!(text, "| {name} | {kind} | {} | {} |", case.exit, case.runs);
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test compares a page of the documents")]
fn the_page_of_configurations_is_what_the_tables_say() {
    let page = page();
    if std::env::var_os("HANDOVER_WRITE").is_some() {
        std::fs::write(PAGE, &page).expect("the page can be written");
    }
    let there = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(there == page, "write it anew: HANDOVER_WRITE=1 cargo test -p handover-config");
}
