//! `handover check --explain`: the table of directives, for people.

use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::suggest;
use config::ha_cf::{DIRECTIVES, Directive, FOREIGN, directive};

/// Explains one directive, or lists all when `name` is empty.
pub(super) fn explain(name: &str, console: &mut Console<'_>) -> Result<Exit, Stop> {
    if name.is_empty() {
        for row in DIRECTIVES {
            writeln!(console.out, "{:24}{}", row.name, first_sentence(row.doc))?;
        }
        return Ok(Exit::Done);
    }
    if let Some(row) = directive(name) {
        write!(console.out, "{}", paragraph(row))?;
        return Ok(Exit::Done);
    }
    let why = match FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
        Some((_, who)) => format!(": {who}"),
        None => suggest::hint(name, DIRECTIVES.iter().map(|row| row.name)),
    };
    Err(Stop::failed(format!("{name} is not a directive of ha.cf{why}")))
}

fn first_sentence(doc: &str) -> &str {
    doc.split_once(". ").map_or(doc.trim_end_matches('.'), |(first, _)| first)
}

fn paragraph(row: &Directive) -> String {
    let facts = [
        ("default", row.default),
        ("unit", row.unit),
        ("allowed", row.range),
        ("known since Heartbeat", row.since),
        ("with a bad value", row.bad),
    ];
    let facts: String = facts
        .iter()
        .filter(|(_, fact)| !fact.is_empty())
        .map(|(name, fact)| [name, ": ", fact, "\n"].concat())
        .collect();
    format!("{} {}\n\n{}\n\n{facts}", row.name, row.takes, row.doc)
}
