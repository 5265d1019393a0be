//! The page of figures, `docs/reference/speed-vrrp.md`.

use super::verdict::Line;
use crate::bench::REPETITIONS;
use crate::bench::page::Machine;
use std::fmt::Write as _;

/// The page's text.
pub(super) fn text(machine: &Machine, lines: &[Line], repetitions: usize) -> String {
    let mut text = format!(
        "# Speed of virtual routers\n\n\
         Written by `cargo xtask bench vrrp`; medians of at least {REPETITIONS} repetitions, here \
         {repetitions} (three times as many where the interval is 100 ms or less, one where \
         something is watched for a while). keepalived 2.2.7 and Handover in turn, in the same \
         lab, on {machine}.\n\n\
         Two routers of one maker, priorities 100 and 90, on a bridge; keepalived without syslog \
         (`-G`), neither with real-time options. A client asks the address every 5 ms; \"without an \
         answer\" is the time from A's last answer to B's first. Each act comes at the same \
         moments after an advert that was seen on the wire, spread over the interval. CPU time is \
         of one core, over 20 s; sending includes the kernel's way of a packet over the bridge to \
         those that hear it, which the floor shows.\n\n\
         | row | what | keepalived 2.2.7 | Handover | target | |\n\
         |---|---|---|---|---|---|\n"
    );
    for line in lines {
        let cells = [
            line.row.name.to_owned(),
            line.row.what.to_owned(),
            line.cell(&line.real),
            line.cell(&line.ours),
            line.target(),
            line.verdict(line.row.job.samples(repetitions)).to_owned(),
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
    fn every_row_has_its_line() {
        let lines: Vec<_> = ROWS.iter().map(|row| Line::new(*row)).collect();
        let text = text(&Machine::look(), &lines, 7);
        for row in ROWS {
            assert!(text.contains(&format!("| {} |", row.name)), "{}", row.name);
        }
    }
}
