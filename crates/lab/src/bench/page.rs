//! The page of figures, `docs/reference/speed.md`.

use super::REPETITIONS;
use super::verdict::Line;
use anyhow::{Context, Result};
use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

/// What the figures were measured on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Machine {
    cores: usize,
    kernel: String,
    /// The load averages of `/proc/loadavg` before the first measurement.
    load: String,
}

impl Machine {
    /// Looks at this one.
    pub(super) fn look() -> Self {
        let word = |file: &str, words: usize| {
            let text = fs::read_to_string(file).unwrap_or_default();
            text.split_whitespace().take(words).collect::<Vec<_>>().join(" ")
        };
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: word("/proc/sys/kernel/osrelease", 1),
            load: word("/proc/loadavg", 3),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, kernel, load } = self;
        write!(f, "{cores} cores, Linux {kernel}, load before the first measurement {load}")
    }
}

/// Writes a page.
///
/// # Errors
/// When the file can't be written, because this is no checkout.
pub(super) fn save(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The page's text.
pub(super) fn text(machine: &Machine, lines: &[Line], repetitions: usize) -> String {
    let mut text = format!(
        "# Speed\n\n\
         Written by `cargo xtask bench heartbeat`; at least {REPETITIONS} repetitions, here \
         {repetitions}. Heartbeat 3.0.6 and Handover in turn, in the same lab, on {machine}.\n\n\
         Two nodes, one address and nothing else, `bcast eth0`, `keepalive 1`, `deadtime 2100ms`, \
         `auto_failback on`. A client asks the address every 10 ms; \"without an answer\" is the \
         time from the last answer before to the first answer after. The power is cut at moments \
         spread evenly between two beats. Idle figures are of the node that is worse. The ratio \
         is Heartbeat's median by ours.\n\n\
         | row | what | Heartbeat 3.0.6 | Handover | ratio | target | |\n\
         |---|---|---|---|---|---|---|\n"
    );
    for line in lines {
        let wanted = if line.row.job.is_a_long_look() { 1 } else { repetitions };
        let cells = [
            line.row.name.to_owned(),
            line.row.what.to_owned(),
            line.cell(&line.real),
            line.cell(&line.ours),
            line.ratio(),
            line.target(),
            line.verdict(wanted).to_owned(),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::rows::ROWS;
    use super::*;

    #[test]
    fn every_row_has_its_line_and_the_cores_are_told() {
        let lines: Vec<_> = ROWS.iter().map(Line::new).collect();
        let machine = Machine { cores: 2, kernel: "6.1".into(), load: "0.00".into() };
        let text = text(&machine, &lines, 7);
        assert!(text.contains("2 cores"));
        for row in ROWS {
            assert!(text.contains(&format!("| {} |", row.name)), "{}", row.name);
        }
    }
}
