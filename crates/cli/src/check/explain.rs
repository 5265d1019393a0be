//! `handover check --explain`: the tables of directives, for people.

use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::suggest;
use config::ha_cf::{DIRECTIVES, Directive, FOREIGN, directive};
use config::keepalived;

/// Explains one directive or keyword, or lists all when `name` is empty.
pub(super) fn explain(name: &str, console: &mut Console<'_>) -> Result<Exit, Stop> {
    if name.is_empty() {
        list(console)?;
        return Ok(Exit::Done);
    }
    let mut found = Vec::new();
    found.extend(directive(name).map(paragraph));
    let keywords = keepalived::directives().filter(|row| row.name == name);
    found.extend(keywords.map(keyword));
    if !found.is_empty() {
        write!(console.out, "{}", found.join("\n"))?;
        return Ok(Exit::Done);
    }
    let why = if let Some((_, who)) = FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
        format!(" of ha.cf: {who}")
    } else {
        let known = DIRECTIVES.iter().map(|row| row.name);
        let known = known.chain(keepalived::directives().map(|row| row.name));
        let hint = suggest::hint(name, known);
        format!(
            " of ha.cf and no keyword of keepalived.conf{hint}; `handover check --explain` lists all"
        )
    };
    Err(Stop::failed(format!("{name} is not a directive{why}")))
}

fn list(console: &mut Console<'_>) -> Result<(), Stop> {
    writeln!(console.out, "ha.cf")?;
    for row in DIRECTIVES {
        writeln!(console.out, "  {:24}{}", row.name, first_sentence(row.doc))?;
    }
    let mut block = None;
    for row in keepalived::directives() {
        if block.replace(row.block) != Some(row.block) {
            writeln!(console.out, "\nkeepalived.conf{}", within(row.block))?;
        }
        writeln!(console.out, "  {:32}{}", row.name, first_sentence(row.doc))?;
    }
    Ok(())
}

/// `, in vrrp_instance`.
fn within(block: keepalived::Block) -> String {
    match block.name() {
        "" => String::new(),
        name => format!(", in {name}"),
    }
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

fn keyword(row: &keepalived::Directive) -> String {
    let facts: String = row
        .facts()
        .into_iter()
        .map(|(label, fact)| [&label.to_lowercase(), ": ", &fact, "\n"].concat())
        .collect();
    let place = within(row.block);
    format!("{}\n\n{}\n\nwritten in: keepalived.conf{place}\n{facts}", row.written(), row.doc)
}
