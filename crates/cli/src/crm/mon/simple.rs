//! The status in one line, for programs that watch it.

use super::{Shown, fields};
use std::fmt::Write as _;

/// `CLUSTER OK: ...`, or `CLUSTER WARN: ...` and what is wrong.
pub(super) fn line(shown: &Shown<'_>) -> String {
    let mut wrong = Vec::new();
    if shown.controller().is_none() {
        wrong.push("No DC".to_owned());
    }
    let (mut online, mut standby, mut maintenance) = (0, 0, 0);
    for node in &shown.view.nodes {
        match node {
            node if node.standby && node.online => standby += 1,
            node if node.maintenance && node.online => maintenance += 1,
            node if node.online => online += 1,
            node => wrong.push(format!("offline node: {}", node.name)),
        }
    }
    if !wrong.is_empty() {
        return format!("CLUSTER WARN: {}\n", wrong.join(", "));
    }
    let mut text = format!("CLUSTER OK: {} online", fields::plural(online, "node"));
    for (count, what) in [(standby, "standby node"), (maintenance, "maintenance node")] {
        if count > 0 {
            let _ = write!(text, ", {}", fields::plural(count, what));
        }
    }
    let instances = fields::plural(shown.view.counts.0, "resource instance");
    format!("{text}, {instances} configured\n")
}
