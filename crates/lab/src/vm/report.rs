//! What the machine's run came to: rows, a table for people, and a page for the documents.

use super::alike::STEPS;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// What a step of a comparison came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Step {
    /// Both left the same.
    Same,
    /// Ours left something else on purpose.
    Ours,
    /// They left different things.
    Different,
}

/// One thing that was shown, or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Which part of the run it belongs to.
    pub part: String,
    /// Its short name.
    pub name: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// What was measured or seen, if there is more to say than yes.
    pub seen: String,
    /// Why it failed; empty when it passed.
    pub failures: Vec<String>,
    /// What each step of a comparison came to; none if nothing was compared.
    pub steps: Vec<Step>,
}

impl Row {
    /// A row of which nothing is known yet.
    pub(crate) fn new(part: &str, name: &str, about: &str) -> Self {
        Self {
            part: part.to_owned(),
            name: name.to_owned(),
            about: about.to_owned(),
            seen: String::new(),
            failures: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Something is not as it must be.
    pub(crate) fn fail(&mut self, why: String) {
        self.failures.push(why);
    }

    /// Whether all was as it must be.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// All rows of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// In the order they were shown.
    pub rows: Vec<Row>,
}

impl Results {
    /// True when there is something, and all of it is as it must be.
    pub fn passed(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(Row::passed)
    }

    /// A line a row, and what was wrong below.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let verdict = if row.passed() { "yes" } else { "NO" };
            let _ = writeln!(text, "{verdict:4} {:12} {:22} {}", row.part, row.name, row.seen);
            for failure in &row.failures {
                let _ = writeln!(text, "     {}", failure.trim_end().replace('\n', "\n     "));
            }
        }
        text
    }

    /// The page for the documents.
    pub fn page(&self) -> String {
        let mut text = String::from(
            "# IPVS in a virtual machine\n\n\
             Written by `cargo xtask vm`, which boots Debian 12's kernel under qemu with this \
             repository's programs in it. Hosts are namespaces of that kernel. Times are those of \
             an emulated processor on a busy machine: they tell that something happens, not how \
             fast it is.\n\n\
             ## The same table as keepalived 2.2.7\n\n\
             Each configuration of `scenarios/lvs/README.md` is given to Handover and to \
             keepalived 2.2.7. After each step (",
        );
        text.push_str(&STEPS.join(", "));
        text.push_str(
            ") the texts of `ipvsadm -Sn` must be equal, and of `ipvsadm -L --timeout` and \
             `ipvsadm -L --daemon` where they are touched, and what scripts were told.\n\n\
             *ours*: Handover leaves something else on purpose, and the line says why.\n\n",
        );
        let _ = writeln!(text, "| configuration | what it shows | {} |", STEPS.join(" | "));
        let _ = writeln!(text, "|---|---|{}", "---|".repeat(STEPS.len()));
        for row in self.rows.iter().filter(|row| !row.steps.is_empty()) {
            let words: Vec<&str> = row.steps.iter().map(|step| word(*step)).collect();
            let about = format!("{} {}", row.about, row.seen);
            let _ = writeln!(text, "| {} | {} | {} |", row.name, about.trim(), words.join(" | "));
        }
        text.push_str(
            "\n## With clients\n\n\
             Two directors of ours with VRRP, three real servers, two clients.\n\n\
             | scenario | what it shows | seen |\n|---|---|---|\n",
        );
        for row in self.rows.iter().filter(|row| row.steps.is_empty()) {
            let seen = if row.seen.is_empty() { String::new() } else { format!(": {}", row.seen) };
            let _ = writeln!(text, "| {} | {} | {}{seen} |", row.name, row.about, verdict(row));
        }
        text
    }
}

fn verdict(row: &Row) -> &'static str {
    if row.passed() { "yes" } else { "**no**" }
}

const fn word(step: Step) -> &'static str {
    match step {
        Step::Same => "yes",
        Step::Ours => "*ours*",
        Step::Different => "**no**",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shown_is_not_passed_and_one_failure_fails_all() {
        assert!(!Results::default().passed());
        let mut results = Results { rows: vec![Row::new("a", "b", "c"), Row::new("a", "d", "e")] };
        assert!(results.passed());
        results.rows[1].fail("because".to_owned());
        assert!(!results.passed());
        assert!(results.table().contains("because"));
        assert!(results.page().contains("| d | e | **no** |"));
    }

    #[test]
    fn a_configuration_is_a_line_with_a_word_for_each_step() {
        let mut row = Row::new("a", "flush", "It shows.");
        row.steps = vec![Step::Same, Step::Ours, Step::Different];
        row.seen = "At stop: better.".to_owned();
        let page = Results { rows: vec![row] }.page();
        assert!(page.contains("| flush | It shows. At stop: better. | yes | *ours* | **no** |"));
    }
}
