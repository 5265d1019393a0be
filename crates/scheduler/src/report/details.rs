//! What is shown on request: node attributes and fail counts.

use std::fmt::Write as _;

use cib::date::DateTime;
use cib::value::Score;

use crate::unpack::failcount;
use crate::world::{NodeIx, RscIx, World};

/// Attributes that say something to the cluster, not to people.
const HIDDEN: [&str; 3] = ["standby", "shutdown", "terminate"];
/// How such attributes begin, beside the built-in ones.
const HIDDEN_PREFIXES: [&str; 3] = ["#", "fail-count-", "last-failure-"];
/// Width of the columns for names and values.
const WIDTHS: (usize, usize) = (32, 10);

fn nodes(w: &World<'_>) -> impl Iterator<Item = NodeIx> {
    (0..w.nodes.len() as u32).map(NodeIx)
}

/// Whether an attribute says something to people.
pub(crate) fn is_shown(name: &str) -> bool {
    !HIDDEN.contains(&name) && !HIDDEN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The section of node attributes.
pub(crate) fn attributes(w: &World<'_>) -> String {
    let mut text = "\n  * Node Attributes:\n".to_owned();
    for node in nodes(w).filter(|node| w[*node].online) {
        let shown = w[node].attributes.iter().filter(|(name, _)| is_shown(name));
        let mut title = Some(format!("    * Node: {}:\n", w[node].name));
        for (name, value) in shown {
            text.push_str(&title.take().unwrap_or_default());
            let (name_width, value_width) = WIDTHS;
            let _ = writeln!(text, "      * {name:<name_width$}\t: {value:<value_width$}");
        }
    }
    text
}

/// The section of fail counts, of resources with a history on the node.
pub(crate) fn fail_counts(w: &World<'_>) -> String {
    let mut text = "\n  * Migration Summary:\n".to_owned();
    let primitives: Vec<RscIx> =
        (0..w.resources.len() as u32).map(RscIx).filter(|rsc| w[*rsc].is_primitive()).collect();
    for node in nodes(w).filter(|node| w[*node].online) {
        let Some(state) = w[node].state else { continue };
        let mut title = Some(format!("    * Node: {}:\n", w[node].name));
        let lists = state.children_named("lrm").flat_map(|lrm| lrm.children_named("lrm_resources"));
        for entry in lists.flat_map(|list| list.children_named("lrm_resource")) {
            let Some(id) = entry.get("id") else { continue };
            let named = |rsc: &&RscIx| w[**rsc].id == id || w[**rsc].history_name() == id;
            let Some(rsc) = primitives.iter().find(named).copied() else { continue };
            let failures = failcount::recorded(w, rsc, node);
            if failures.count <= Score::ZERO {
                continue;
            }
            text.push_str(&title.take().unwrap_or_default());
            let threshold = w[rsc].meta("migration-threshold").unwrap_or("1000000");
            let count = failures.count.get();
            let _ =
                write!(text, "      * {id}: migration-threshold={threshold} fail-count={count}");
            if failures.last > 0 {
                let date = ctime(DateTime::from_epoch(failures.last));
                let _ = write!(text, " last-failure='{date}'");
            }
            text.push('\n');
        }
    }
    text
}

/// A moment as C's `ctime` writes it.
pub fn ctime(moment: DateTime) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let fields = moment.fields();
    let name = |names: &[&'static str], number: i64| {
        usize::try_from(number - 1).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
    };
    let (weekday, month) = (name(&DAYS, fields.weekday), name(&MONTHS, fields.month));
    let (day, year) = (fields.day, fields.year);
    let (hour, minute, second) = (fields.hour, fields.minute, fields.second);
    format!("{weekday} {month} {day:2} {hour:02}:{minute:02}:{second:02} {year}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_ctime_writes_it() {
        assert_eq!(ctime(DateTime::from_epoch(0)), "Thu Jan  1 00:00:00 1970");
        assert_eq!(ctime(DateTime::from_epoch(1_795_307_092)), "Sun Nov 22 00:24:52 2026");
    }
}
