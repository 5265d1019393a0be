//! Rules: `SCORE: EXPRESSION [and|or EXPRESSION]…`.

use super::ids::free;
use super::line::Words;
use crate::value::Score;
use crate::xml::{Document, NodeId};

/// Binary operations of expressions.
const OPERATIONS: &[&str] = &["lt", "gt", "lte", "gte", "eq", "ne"];

/// What a date specification is made of; other pairs behind it are no longer its own.
const DATE_SPEC: &[&str] = &[
    "hours",
    "monthdays",
    "weekdays",
    "yeardays",
    "yearsdays",
    "months",
    "weeks",
    "years",
    "weekyears",
    "moon",
    "seconds",
    "minutes",
];

/// A score as crmsh writes it into the CIB; none if it is the name of an attribute.
pub(super) fn score(text: &str) -> Option<String> {
    let (sign, bare) = match text.split_at_checked(1) {
        Some(("-", rest)) => ("-", rest),
        Some(("+", rest)) => ("", rest),
        _ => ("", text),
    };
    if bare.eq_ignore_ascii_case("inf") || bare.eq_ignore_ascii_case("infinity") {
        return Some(format!("{sign}INFINITY"));
    }
    let number = bare.chars().all(|c| c.is_ascii_digit()) && !bare.is_empty();
    (number && Score::parse(text).is_some()).then(|| text.to_owned())
}

/// Reads a rule behind the word `rule` and puts it into an element. Without a score it is
/// INFINITY.
pub(super) fn read(
    doc: &mut Document,
    parent: NodeId,
    base: &str,
    words: &mut Words,
) -> Result<(), String> {
    let rule = doc.append(parent, "rule");
    let mut given = None;
    while let Some((name, value)) = words.pair() {
        match name.trim_start_matches('$') {
            "role" => doc.set(rule, "role", &value),
            "id" => given = Some(value),
            other => return Err(format!("a rule has no `{other}`; it has $role, $id and a score")),
        }
    }
    match words.with_colon() {
        Some(text) => match score(&text) {
            Some(score) => doc.set(rule, "score", &score),
            None => doc.set(rule, "score-attribute", &text),
        },
        None => doc.set(rule, "score", "INFINITY"),
    }
    let id = given.unwrap_or_else(|| free(doc, &format!("{base}-rule")));
    let mut operator = None;
    loop {
        expression(doc, rule, &id, words)?;
        let Some(word) = words.one_of(&["and", "or"]) else { break };
        if operator.as_ref().is_some_and(|have| *have != word) {
            return Err("`and` and `or` stand in one rule: which is meant first can't be said; \
                        write two rules"
                .to_owned());
        }
        operator = Some(word);
    }
    if operator.as_deref() == Some("or") {
        doc.set(rule, "boolean-op", "or");
    }
    doc.set(rule, "id", &id);
    Ok(())
}

fn expression(
    doc: &mut Document,
    rule: NodeId,
    rule_id: &str,
    words: &mut Words,
) -> Result<(), String> {
    let first = words.wanted("an expression")?;
    let id = free(doc, &format!("{rule_id}-expression"));
    if first == "date" {
        return date(doc, rule, &id, words);
    }
    let made = doc.append(rule, "expression");
    if first == "defined" || first == "not_defined" {
        let attribute = words.wanted("the attribute that is defined or not")?;
        doc.set(made, "operation", &first);
        doc.set(made, "attribute", &attribute);
        doc.set(made, "id", &id);
        return Ok(());
    }
    let operation = words.wanted("an operation such as `eq`")?;
    let (kind, operation) = match operation.split_once(':') {
        Some((kind, operation)) => (Some(kind.to_owned()), operation.to_owned()),
        None => (None, operation),
    };
    if !OPERATIONS.contains(&operation.as_str()) {
        let all = OPERATIONS.join(", ");
        return Err(format!(
            "`{operation}` is no operation; there are {all}, defined and not_defined"
        ));
    }
    let value = words.wanted("what the attribute is compared with")?;
    doc.set(made, "operation", &operation);
    doc.set(made, "attribute", &first);
    if let Some(kind) = kind {
        doc.set(made, "type", &kind);
    }
    doc.set(made, "value", &value);
    doc.set(made, "id", &id);
    Ok(())
}

fn date(doc: &mut Document, rule: NodeId, id: &str, words: &mut Words) -> Result<(), String> {
    let made = doc.append(rule, "date_expression");
    let operation = words.wanted("what is said of the date")?;
    match operation.as_str() {
        "lt" | "gt" => {
            let moment = words.wanted("a date")?;
            doc.set(made, "operation", &operation);
            doc.set(made, if operation == "lt" { "end" } else { "start" }, &moment);
        }
        "in" | "in_range" => {
            doc.set(made, "operation", "in_range");
            while let Some((name, value)) = words.pair() {
                doc.set(made, &name, &value);
            }
            if words.one_of(&["duration"]).is_some() {
                parts(doc, made, "duration", id, words);
            }
        }
        "spec" | "date_spec" => {
            doc.set(made, "operation", "date_spec");
            parts(doc, made, "date_spec", id, words);
        }
        _ => {
            return Err(format!(
                "`date {operation}` means nothing; write `date lt`, `date gt`, `date \
                                in start=… end=…` or `date spec hours=…`"
            ));
        }
    }
    doc.set(made, "id", id);
    Ok(())
}

/// The parts of a date specification or a duration.
fn parts(doc: &mut Document, parent: NodeId, name: &str, id: &str, words: &mut Words) {
    let made = doc.append(parent, name);
    let own = |word: &str| word.split_once('=').is_some_and(|(name, _)| DATE_SPEC.contains(&name));
    while words.peek().is_some_and(own) {
        let Some((name, value)) = words.pair() else { break };
        doc.set(made, &name, &value);
    }
    doc.set(made, "id", &format!("{id}-{name}"));
}
