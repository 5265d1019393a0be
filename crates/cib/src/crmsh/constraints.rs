//! Constraints: locations, colocations, orderings, tickets, with resource sets.

use super::ids::numbered;
use super::line::Words;
use super::resources::split;
use super::{Read, element, rule};
use crate::xml::{Document, NodeId};

/// `location ID RSC|/PATTERN/|{ SET } [role=…] SCORE: NODE` or `… rule …`.
pub(super) fn location(doc: &mut Document, words: &mut Words) -> Read {
    let id = words.wanted("the id")?;
    let made = element(doc, "constraints", "rsc_location", &id)?;
    let what = words.wanted("the resource")?;
    let mut members = Vec::new();
    if what == "{" {
        loop {
            match words.wanted("`}`")?.as_str() {
                "}" => break,
                member => members.push(member.to_owned()),
            }
        }
    } else if let Some(pattern) = what.strip_prefix('/').and_then(|what| what.strip_suffix('/')) {
        doc.set(made, "rsc-pattern", pattern);
    } else {
        doc.set(made, "rsc", &what);
    }
    while let Some((name, value)) = words.pair() {
        doc.set(made, name.trim_start_matches('$'), &value);
    }
    let mut rules = false;
    while words.one_of(&["rule"]).is_some() {
        rules = true;
        rule::read(doc, made, &id, words)?;
    }
    if !rules {
        let text =
            words.with_colon().ok_or("a score with a `:` is missing, such as `100: node1`")?;
        let score = rule::score(&text).ok_or_else(|| format!("`{text}` is no score"))?;
        doc.set(made, "score", &score);
        let node = words.wanted("the node")?;
        doc.set(made, "node", &node);
    }
    if !members.is_empty() {
        let set = doc.append(made, "resource_set");
        name_set(doc, set, &id);
        for member in members {
            let member_of = doc.append(set, "resource_ref");
            doc.set(member_of, "id", &member);
        }
    }
    ended(words)
}

fn ended(words: &mut Words) -> Read {
    match words.next() {
        Some(word) => Err(format!("`{word}` stands at the end and means nothing there")),
        None => Ok(()),
    }
}

/// Names a set as crmsh does: the constraint's id with a number.
fn name_set(doc: &mut Document, set: NodeId, id: &str) {
    let name = numbered(doc, id);
    doc.set(set, "id", &name);
}

/// What a member of a constraint is: the resource, and its role or action.
type Member = (String, Option<String>);

/// A part of a constraint between several: members, whether one after the other, whether all.
#[derive(Debug, Default)]
struct Set {
    members: Vec<Member>,
    parallel: bool,
    any: bool,
}

/// Reads the members of a constraint up to its options.
fn sets(words: &mut Words) -> Result<(Vec<Set>, bool), String> {
    let (mut found, mut bracketed): (Vec<Set>, bool) = (Vec::new(), false);
    let mut open: Option<(&str, Set)> = None;
    while let Some(word) = words.peek() {
        match word {
            "(" => open = Some((")", Set { parallel: true, ..Set::default() })),
            "[" => open = Some(("]", Set { parallel: true, any: true, ..Set::default() })),
            ")" | "]" => {
                let (close, set) = open.take().ok_or_else(|| format!("`{word}` closes nothing"))?;
                if word != close {
                    return Err(format!("`{word}` stands where `{close}` should"));
                }
                (bracketed, found) = (true, with(found, set));
            }
            word if word.contains('=') => break,
            word => {
                let member = split(word);
                match &mut open {
                    Some((_, set)) => set.members.push(member),
                    None => single(&mut found, member),
                }
            }
        }
        words.next();
    }
    match open {
        Some((close, _)) => Err(format!("`{close}` is missing")),
        None => Ok((found, bracketed)),
    }
}

fn with(mut sets: Vec<Set>, set: Set) -> Vec<Set> {
    sets.push(set);
    sets
}

/// Members outside brackets form one set as long as role or action is the same.
fn single(sets: &mut Vec<Set>, member: Member) {
    match sets.last_mut() {
        Some(set) if !set.parallel && set.members.first().is_some_and(|one| one.1 == member.1) => {
            set.members.push(member);
        }
        _ => sets.push(Set { members: vec![member], ..Set::default() }),
    }
}

/// Writes sets into a constraint; `word` is what roles or actions are called there.
fn write_sets(doc: &mut Document, made: NodeId, id: &str, sets: Vec<Set>, word: &str) {
    for set in sets {
        let at = doc.append(made, "resource_set");
        if set.any {
            doc.set(at, "require-all", "false");
        }
        if set.parallel {
            doc.set(at, "sequential", "false");
        }
        if let Some((_, Some(value))) = set.members.first() {
            doc.set(at, word, value);
        }
        name_set(doc, at, id);
        for (member, _) in set.members {
            let member_of = doc.append(at, "resource_ref");
            doc.set(member_of, "id", &member);
        }
    }
}

/// The two sides of a constraint that has no sets.
fn two(sets: &[Set], bracketed: bool) -> Option<(Member, Member)> {
    let all: Vec<&Member> = sets.iter().flat_map(|set| &set.members).collect();
    match (bracketed, all.as_slice()) {
        (false, [one, other]) => Some(((*one).clone(), (*other).clone())),
        _ => None,
    }
}

/// Reads the options at a constraint's end.
fn options(doc: &mut Document, made: NodeId, words: &mut Words) -> Read {
    while let Some((name, value)) = words.pair() {
        doc.set(made, name.trim_start_matches('$'), &value);
    }
    ended(words)
}

/// `colocation ID SCORE: DEPENDENT[:ROLE] PRIMARY[:ROLE] [node-attribute=…]`.
pub(super) fn colocation(doc: &mut Document, words: &mut Words) -> Read {
    let id = words.wanted("the id")?;
    let text = words.with_colon().ok_or("a score with a `:` is missing, such as `inf:`")?;
    let made = element(doc, "constraints", "rsc_colocation", &id)?;
    match rule::score(&text) {
        Some(score) => doc.set(made, "score", &score),
        None => return Err(format!("`{text}` is no score; write a number, inf or -inf")),
    }
    let (sets, bracketed) = sets(words)?;
    options(doc, made, words)?;
    match two(&sets, bracketed) {
        Some((dependent, primary)) => {
            side(doc, made, ["rsc", "rsc-role"], &dependent);
            side(doc, made, ["with-rsc", "with-rsc-role"], &primary);
        }
        None => write_sets(doc, made, &id, sets, "role"),
    }
    Ok(())
}

fn side(doc: &mut Document, made: NodeId, names: [&str; 2], member: &Member) {
    doc.set(made, names[0], &member.0);
    if let Some(value) = &member.1 {
        doc.set(made, names[1], value);
    }
}

/// `order ID KIND: FIRST[:ACTION] THEN[:ACTION] [symmetrical=…]`.
pub(super) fn order(doc: &mut Document, words: &mut Words) -> Read {
    let id = words.wanted("the id")?;
    let made = element(doc, "constraints", "rsc_order", &id)?;
    if let Some(text) = words.with_colon() {
        let kinds = ["Mandatory", "Optional", "Serialize"];
        let kind = kinds.iter().find(|kind| kind.eq_ignore_ascii_case(&text));
        match (kind, rule::score(&text)) {
            (Some(kind), _) => doc.set(made, "kind", kind),
            (None, Some(score)) => doc.set(made, "score", &score),
            (None, None) => {
                return Err(format!(
                    "`{text}:` is no kind; write Mandatory, Optional or Serialize"
                ));
            }
        }
    }
    let (sets, bracketed) = sets(words)?;
    options(doc, made, words)?;
    match two(&sets, bracketed) {
        Some((first, then)) => {
            side(doc, made, ["first", "first-action"], &first);
            side(doc, made, ["then", "then-action"], &then);
        }
        None => write_sets(doc, made, &id, sets, "action"),
    }
    Ok(())
}

/// `rsc_ticket ID TICKET: RSC[:ROLE]… [loss-policy=…]`.
pub(super) fn ticket(doc: &mut Document, words: &mut Words) -> Read {
    let id = words.wanted("the id")?;
    let made = element(doc, "constraints", "rsc_ticket", &id)?;
    let ticket = words.with_colon().ok_or("the ticket's name with a `:` is missing")?;
    doc.set(made, "ticket", &ticket);
    let (sets, bracketed) = sets(words)?;
    options(doc, made, words)?;
    match sets.as_slice() {
        [set] if !bracketed && set.members.len() == 1 => {
            for member in &set.members {
                side(doc, made, ["rsc", "rsc-role"], member);
            }
        }
        _ => write_sets(doc, made, &id, sets, "role"),
    }
    Ok(())
}
