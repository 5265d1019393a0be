//! The measured configurations, and where ours differs on purpose. The lab's tests read them too.

use std::collections::{BTreeMap, BTreeSet};

/// One measured case.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    /// It stands alone, not inside a good instance or before one.
    pub(crate) whole: bool,
    /// What `keepalived -t` returned.
    pub(crate) exit: u8,
    /// The lines it named.
    pub(crate) lines: BTreeSet<usize>,
    /// Instances that ran, or `exitN`.
    pub(crate) runs: &'static str,
}

/// All measured cases.
pub(crate) fn cases() -> Vec<Case> {
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
            whole: kind == "whole",
            exit: value(exit).parse().expect("an exit code"),
            lines: value(lines).split(',').filter_map(|line| line.parse().ok()).collect(),
            runs: value(runs),
        });
    }
    cases
}

/// What is different on purpose: by case, what ours says, and why.
pub(crate) fn differences() -> BTreeMap<&'static str, (Vec<&'static str>, &'static str)> {
    let table = include_str!("verdicts/differences.txt");
    let rows = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|row| {
        let (head, reason) = row.split_once(" | ").expect("NAME WHAT... | REASON");
        let mut words = head.split_whitespace();
        (words.next().expect("a name"), (words.collect(), reason))
    })
    .collect()
}

/// What `in` and `global` cases stand in.
const INSTANCE: &str = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n \
                        virtual_ipaddress {\n  10.0.0.100\n }\n";

/// The whole text of a case.
pub(crate) fn expand(kind: &str, name: &str, body: &str) -> String {
    match kind {
        "in" => format!("{INSTANCE}{body}}}\n"),
        "global" => format!("global_defs {{\n{body}}}\n{INSTANCE}}}\n"),
        _ if name == "byte_order_mark" => format!("\u{feff}{body}"),
        _ => body.to_owned(),
    }
}
