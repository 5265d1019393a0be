//! The columns of the transition summary: changes, resources and details one below the other.

use std::fmt::Write as _;

/// The narrowest columns for resources and details.
const NARROWEST: usize = 5;

/// Widens columns to what stands in them, as Pacemaker does it (by experiment): the column of
/// resources grows to two more than the name that does not fit, that of details to what is there,
/// aligned to the right.
pub(crate) fn aligned(lines: &str) -> String {
    let rows: Vec<Result<Row<'_>, &str>> =
        lines.lines().map(|line| Row::parse(line).ok_or(line)).collect();
    let (mut resources, mut details) = (NARROWEST, NARROWEST);
    for row in rows.iter().flatten() {
        let length = row.resource.chars().count();
        if length > resources {
            resources = length + 2;
        }
        details = details.max(row.details.chars().count());
    }
    let mut text = String::with_capacity(lines.len() + rows.len() * (resources + details));
    for row in rows {
        match row {
            Ok(Row { change, resource, details: what, reason }) => {
                let _ =
                    write!(text, "  * {change:<10} {resource:<resources$}   ( {what:>details$} )");
                if !reason.is_empty() {
                    let _ = write!(text, "  {reason}");
                }
                text.push('\n');
            }
            Err(line) => {
                let _ = writeln!(text, "{line}");
            }
        }
    }
    text
}

/// What happens to one resource.
struct Row<'t> {
    change: &'t str,
    resource: &'t str,
    details: &'t str,
    reason: &'t str,
}

impl<'t> Row<'t> {
    /// `  * CHANGE RESOURCE ( DETAILS ) REASON`; none for lines about nodes.
    fn parse(line: &'t str) -> Option<Self> {
        let (change, rest) = line.strip_prefix("  * ")?.split_once(' ')?;
        let (resource, rest) = rest.split_once(" ( ")?;
        let (details, reason) = rest.split_once(" )")?;
        let resource = resource.trim();
        let one_word = !resource.is_empty() && !resource.contains(' ');
        one_word.then(|| Self { change, resource, details: details.trim(), reason: reason.trim() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let lines = "  * Fence (reboot) n1 'because'\n  * Demote rsc2:1 ( Promoted -> Unpromoted node2 )\n  \
                     * Move rsc1 ( node1 -> node2 ) due to x (blocked)\n";
        let expected = "  * Fence (reboot) n1 'because'\n  \
                        * Demote     rsc2:1     ( Promoted -> Unpromoted node2 )\n  \
                        * Move       rsc1       (               node1 -> node2 )  due to x (blocked)\n";
        assert_eq!(aligned(lines), expected);
    }

    #[test]
    fn short_names_leave_the_narrowest_columns() {
        assert_eq!(aligned("  * Start b ( n )\n"), "  * Start      b       (     n )\n");
    }
}
