//! `crm_ticket`: the state of tickets in an information base in a file.

use super::nvpair::child_or_new;
use super::options::{Options, Row, flag, value};
use super::tool::{self, Answer, Failed, Tool, code};
use crate::cib_file::Whereabouts;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::old;
use cib::date::DateTime;
use cib::value::boolean;
use cib::xml::{Document, Node, NodeId, Style};
use std::fmt::Write as _;

/// Every option.
pub(super) const ROWS: [Row; 19] = [
    flag('l', "info", "print the state of tickets"),
    flag('L', "details", "print all that is known of tickets"),
    flag('w', "raw", "print the names of tickets"),
    flag('q', "query-xml", "print tickets as XML"),
    flag('c', "constraints", "print the constraints on tickets as XML"),
    flag('g', "grant", "grant a ticket to this site, with --force"),
    flag('r', "revoke", "revoke a ticket from this site, with --force"),
    flag('s', "standby", "put a ticket in standby"),
    flag('a', "activate", "end a ticket's standby"),
    value('G', "get-attr", "NAME", "print an attribute of a ticket"),
    value('S', "set-attr", "NAME", "set an attribute of a ticket"),
    value('D', "delete-attr", "NAME", "delete an attribute of a ticket"),
    flag('C', "cleanup", "forget a ticket's state"),
    value('v', "attr-value", "VALUE", "the value for --set-attr"),
    value('d', "default", "VALUE", "what --get-attr prints if there is no value"),
    flag('f', "force", "do what may be dangerous"),
    value('t', "ticket", "NAME", "the ticket"),
    value('n', "set-name", "ID", "accepted"),
    flag('Q', "quiet", "print only the value"),
];

/// Runs `crm_ticket`.
///
/// # Errors
/// Only when the streams can't be written.
pub(super) fn run(tool: Tool<'_>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    tool.run(console, work)
}

/// A change of a ticket.
#[derive(Default)]
struct Change<'o> {
    set: Vec<(&'o str, String)>,
    delete: Vec<&'o str>,
}

fn work(options: &Options, places: &Whereabouts, answer: &mut Answer) -> Result<(), Failed> {
    let ticket = options.get("ticket");
    let queries = ["info", "details", "raw", "query-xml", "constraints"];
    if let Some(query) = queries.into_iter().rev().find(|query| options.has(query)) {
        return show(query, tool::read(places)?.document(), ticket, answer);
    }
    let change = change(options)?;
    let changes = !change.set.is_empty() || !change.delete.is_empty();
    if !changes && !options.has("get-attr") && !options.has("cleanup") {
        return Err(Failed::usage("Must supply a command"));
    }
    let ticket = ticket.ok_or_else(|| Failed::usage("Must supply ticket ID with -t"))?;
    if let Some(name) = options.get("get-attr") {
        let file = tool::read(places)?;
        let held = state(file.document(), ticket).and_then(|state| state.get(name));
        let value = held
            .or(options.get("default"))
            .ok_or_else(|| Failed { code: code::NO_SUCH, said: Vec::new() })?;
        let _ = writeln!(answer.text, "{value}");
        return Ok(());
    }
    let mut file = tool::edit(places)?;
    let changed = if options.has("cleanup") {
        cleaned(file.document(), ticket, options.has("force"), answer)?
    } else {
        changed(file.document(), ticket, &change, options.has("force"), answer)?
    };
    file.adopt(changed)?;
    file.save()?;
    Ok(())
}

fn change(options: &Options) -> Result<Change<'_>, Failed> {
    let mut change = Change::default();
    for (name, value) in options.given() {
        match (name, value) {
            ("grant", _) => change.set.push(("granted", "true".to_owned())),
            ("revoke", _) => change.set.push(("granted", "false".to_owned())),
            ("standby", _) => change.set.push(("standby", "true".to_owned())),
            ("activate", _) => change.set.push(("standby", "false".to_owned())),
            ("set-attr", Some(name)) => {
                let value = options.get("attr-value").ok_or_else(|| {
                    Failed::usage(format!("Must supply value with -v for -S {name}"))
                })?;
                change.set.push((name, value.to_owned()));
            }
            ("delete-attr", Some(name)) => change.delete.push(name),
            _ => {}
        }
    }
    Ok(change)
}

fn section(document: &Document) -> Option<Node<'_>> {
    document.root().child("status")?.child("tickets")
}

fn state<'d>(document: &'d Document, ticket: &str) -> Option<Node<'d>> {
    let mut states = section(document)?.children_named("ticket_state");
    states.find(|state| state.get("id") == Some(ticket))
}

fn granted(document: &Document, ticket: &str) -> bool {
    let granted = state(document, ticket).and_then(|state| state.get("granted"));
    granted.and_then(boolean).unwrap_or(false)
}

/// The document with the change made.
fn changed(
    document: &Document,
    ticket: &str,
    change: &Change<'_>,
    force: bool,
    answer: &mut Answer,
) -> Result<Document, Failed> {
    let was = granted(document, ticket);
    let mut wanted = change.set.iter().filter(|(name, _)| *name == "granted");
    let to_be = wanted.next_back().map(|(_, value)| boolean(value).unwrap_or(false));
    if !force {
        match to_be {
            Some(true) => return Err(refuse(&grant_warning(ticket), answer)),
            Some(false) => return Err(refuse(&revoke_warning(ticket), answer)),
            None if was && change.delete.contains(&"granted") => {
                return Err(refuse(&revoke_warning(ticket), answer));
            }
            None => {}
        }
    }
    let mut document = document.clone();
    let state = state_or_new(&mut document, ticket);
    for name in &change.delete {
        document.unset(state, name);
    }
    for (name, value) in &change.set {
        document.set(state, name, value);
    }
    if to_be == Some(true) && !was {
        let now = old::now().as_millis() / 1000;
        document.set(state, "last-granted", &now.to_string());
    }
    Ok(document)
}

fn state_or_new(document: &mut Document, ticket: &str) -> NodeId {
    if let Some(state) = state(document, ticket) {
        return state.id();
    }
    let root = document.root().id();
    let status = child_or_new(document, root, "status");
    let tickets = child_or_new(document, status, "tickets");
    let state = document.append(tickets, "ticket_state");
    document.set(state, "id", ticket);
    state
}

fn cleaned(
    document: &Document,
    ticket: &str,
    force: bool,
    answer: &mut Answer,
) -> Result<Document, Failed> {
    let Some(state) = state(document, ticket) else { return Err(unknown(ticket)) };
    if granted(document, ticket) && !force {
        return Err(refuse(&revoke_warning(ticket), answer));
    }
    let mut changed = document.clone();
    changed.remove(state.id());
    let _ = writeln!(answer.text, "Cleaned up {ticket}");
    Ok(changed)
}

fn unknown(ticket: &str) -> Failed {
    Failed::new(code::NO_SUCH, format!("No such ticket '{ticket}'"))
}

fn refuse(warning: &str, answer: &mut Answer) -> Failed {
    answer.text.push_str(warning);
    Failed::new(code::PRIVILEGE, "Ticket modification not allowed")
}

/// What is said before a grant; scripts cut parts of it out.
fn grant_warning(ticket: &str) -> String {
    format!(
        "This command cannot help you verify whether '{ticket}' has been already granted \
         elsewhere.\nIf you really want to grant '{ticket}' to this site now, and you know what \
         you are doing,\nplease specify --force.\n"
    )
}

/// What is said before a revocation.
fn revoke_warning(ticket: &str) -> String {
    format!(
        "Revoking '{ticket}' can trigger the specified 'loss-policy'(s) relating to '{ticket}'.\n\n\
         You can check that with:\ncrm_ticket --ticket {ticket} --constraints\n\n\
         Otherwise before revoking '{ticket}', you may want to make '{ticket}' standby with:\n\
         crm_ticket --ticket {ticket} --standby\n\n\
         If you really want to revoke '{ticket}' from this site now, and you know what you are \
         doing,\nplease specify --force.\n"
    )
}

fn show(
    query: &str,
    document: &Document,
    ticket: Option<&str>,
    answer: &mut Answer,
) -> Result<(), Failed> {
    if query == "constraints" {
        constraints(document, ticket, answer);
        return Ok(());
    }
    if query == "query-xml" {
        let shown = match ticket {
            Some(ticket) => state(document, ticket),
            None => section(document),
        };
        let no_such = "Could not query ticket XML: No such device or address";
        let shown = shown.ok_or_else(|| Failed::new(code::NO_SUCH, no_such))?;
        let _ = writeln!(answer.text, "State XML:\n\n{}", shown.to_text(Style::Pretty));
        if answer.text.ends_with("\n\n") {
            answer.text.pop();
        }
        return Ok(());
    }
    let states = section(document).into_iter().flat_map(|all| all.children_named("ticket_state"));
    let mut any = false;
    for state in states.filter(|state| ticket.is_none_or(|id| state.get("id") == Some(id))) {
        any = true;
        line(query, state, answer);
    }
    match ticket {
        Some(ticket) if !any => Err(unknown(ticket)),
        _ => Ok(()),
    }
}

fn constraints(document: &Document, ticket: Option<&str>, answer: &mut Answer) {
    let section = document.root().child("configuration").and_then(|c| c.child("constraints"));
    let all = section.into_iter().flat_map(|all| all.children_named("rsc_ticket"));
    let meant: Vec<Node<'_>> =
        all.filter(|one| ticket.is_none_or(|id| one.get("ticket") == Some(id))).collect();
    answer.text.push_str("Constraints XML:\n\n");
    if let [one] = meant[..] {
        answer.text.push_str(&one.to_text(Style::Pretty));
        return;
    }
    answer.text.push_str("<xpath-query>\n");
    for one in meant {
        for line in one.to_text(Style::Pretty).lines() {
            let _ = writeln!(answer.text, "  {line}");
        }
    }
    answer.text.push_str("</xpath-query>\n");
}

/// One ticket's line.
fn line(query: &str, state: Node<'_>, answer: &mut Answer) {
    let id = state.get("id").unwrap_or_default();
    if query == "raw" {
        let _ = writeln!(answer.text, "{id}");
        return;
    }
    let flag = |name: &str| state.get(name).and_then(boolean).unwrap_or(false);
    let granted = if flag("granted") { "granted" } else { "revoked" };
    let standby = if flag("standby") { "[standby]" } else { "" };
    let _ = write!(answer.text, "{id}\t{granted} {standby:9}");
    let shown = |name: &str, text: &str| match (name, text.parse().ok()) {
        ("last-granted", Some(epoch)) => {
            format!("last-granted='{}'", scheduler::ctime(DateTime::from_epoch(epoch)))
        }
        _ => format!("{name}={text}"),
    };
    if query == "details" {
        let attributes = state.attributes().filter(|(name, _)| *name != "id");
        let all: Vec<String> = attributes.map(|(name, text)| shown(name, text)).collect();
        if !all.is_empty() {
            let _ = write!(answer.text, " ({})", all.join(", "));
        }
    } else if let Some(epoch) = state.get("last-granted") {
        let _ = write!(answer.text, " {}", shown("last-granted", epoch));
    }
    answer.text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIB: &str = "<cib><status><tickets><ticket_state id=\"t\" granted=\"true\"/></tickets>\
                       </status></cib>";

    fn set(name: &'static str, value: &str) -> Change<'static> {
        Change { set: vec![(name, value.to_owned())], delete: Vec::new() }
    }

    #[test]
    fn granting_and_revoking_need_force() {
        let document = Document::parse(CIB).expect("a document");
        let mut answer = Answer::default();
        for value in ["true", "false"] {
            let change = set("granted", value);
            let refused = changed(&document, "t", &change, false, &mut answer);
            assert_eq!(refused.expect_err("refused").code, code::PRIVILEGE);
            assert!(changed(&document, "t", &change, true, &mut answer).is_ok());
        }
    }

    #[test]
    fn a_first_grant_notes_when_it_was() {
        let document = Document::parse(CIB).expect("a document");
        let mut answer = Answer::default();
        let change = set("granted", "true");
        let granted = changed(&document, "new", &change, true, &mut answer).expect("granted");
        assert!(state(&granted, "new").is_some_and(|state| state.get("last-granted").is_some()));
        let again = changed(&document, "t", &change, true, &mut answer).expect("granted");
        assert!(state(&again, "t").is_some_and(|state| state.get("last-granted").is_none()));
    }

    #[test]
    fn the_state_is_one_line() {
        let document = Document::parse(CIB).expect("a document");
        let mut answer = Answer::default();
        show("info", &document, None, &mut answer).expect("shown");
        assert_eq!(answer.text, "t\tgranted          \n");
    }
}
