//! Conditions on node attributes.

use super::Context;
use crate::value::leading_number;
use crate::xml::Node;
use std::cmp::Ordering;

/// How two values are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Integer,
    Number,
    Version,
}

/// True if the node's attribute stands to the value as the operation says. An attribute the node
/// does not have differs from every value and is neither more nor less than any.
pub(super) fn holds(condition: Node<'_>, context: &Context<'_>) -> bool {
    let (Some(name), Some(operation)) = (condition.get("attribute"), condition.get("operation"))
    else {
        return false;
    };
    let name = context.expand(name);
    let actual = context.node.and_then(|lookup| lookup(&name));
    let operation = operation.to_ascii_lowercase();
    match operation.as_str() {
        "defined" => return actual.is_some(),
        "not_defined" => return actual.is_none(),
        _ => {}
    }
    let wanted = wanted(condition, context).filter(|value| !value.is_empty());
    let (Some(actual), Some(wanted)) = (actual, wanted) else {
        // Nothing equals nothing (measured).
        let are_equal = actual.is_none() && wanted.is_none();
        return match operation.as_str() {
            "eq" => are_equal,
            "ne" => !are_equal,
            _ => false,
        };
    };
    let kind = kind(condition.get("type"), &operation, actual, wanted);
    let order = compare(actual, wanted, kind);
    match operation.as_str() {
        "lt" => order == Ordering::Less,
        "lte" => order != Ordering::Greater,
        "eq" => order == Ordering::Equal,
        "ne" => order != Ordering::Equal,
        "gte" => order != Ordering::Less,
        "gt" => order == Ordering::Greater,
        _ => false,
    }
}

/// The value to compare with: as written, or that of a parameter or meta-attribute so named.
fn wanted<'c>(condition: Node<'c>, context: &'c Context<'_>) -> Option<&'c str> {
    let value = condition.get("value")?;
    match condition.get("value-source") {
        Some("param") => context.parameters.and_then(|lookup| lookup(value)),
        Some("meta") => context.meta.and_then(|lookup| lookup(value)),
        _ => Some(value),
    }
}

/// The type that is written, or the one that goes without saying: strings are equal or not, more
/// and less are a matter of numbers.
fn kind(written: Option<&str>, operation: &str, actual: &str, wanted: &str) -> Type {
    match written.map(str::to_ascii_lowercase).as_deref() {
        Some("string") => Type::String,
        Some("integer") => Type::Integer,
        Some("number") => Type::Number,
        Some("version") => Type::Version,
        _ if matches!(operation, "eq" | "ne") => Type::String,
        _ if actual.contains('.') || wanted.contains('.') => Type::Number,
        _ => Type::Integer,
    }
}

/// Compares as the type says; numbers that are none are compared as strings.
fn compare(actual: &str, wanted: &str, kind: Type) -> Ordering {
    let order = match kind {
        Type::String => None,
        Type::Integer => integers(actual, wanted),
        Type::Number => numbers(actual, wanted),
        Type::Version => Some(versions(actual, wanted)),
    };
    order.unwrap_or_else(|| {
        let bytes = |text: &str| text.to_ascii_lowercase().into_bytes();
        bytes(actual).cmp(&bytes(wanted))
    })
}

/// Whole numbers; what follows the digits does not count, so 5.5 is 5 (measured).
fn integers(actual: &str, wanted: &str) -> Option<Ordering> {
    Some(leading_number(actual)?.0.cmp(&leading_number(wanted)?.0))
}

/// Decimal numbers; what follows does not count (measured).
fn numbers(actual: &str, wanted: &str) -> Option<Ordering> {
    decimal(actual)?.partial_cmp(&decimal(wanted)?)
}

/// The longest beginning of the text that is a decimal number.
fn decimal(text: &str) -> Option<f64> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let signed = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = signed.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &signed[whole..];
    let fraction = match rest.strip_prefix('.') {
        Some(digits) => 1 + digits.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    let mantissa = text.len() - signed.len() + whole + fraction;
    let rest = &text[mantissa..];
    let exponent = match rest.strip_prefix(['e', 'E']) {
        Some(power) => {
            let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
            let count = digits.bytes().take_while(u8::is_ascii_digit).count();
            if count == 0 { 0 } else { rest.len() - digits.len() + count }
        }
        None => 0,
    };
    text[..mantissa + exponent].parse().ok()
}

/// Numbers between dots, from left to right; what a version lacks at its end counts as 0, and so
/// does a part that is no number.
fn versions(actual: &str, wanted: &str) -> Ordering {
    let parts = |text: &str| -> Vec<i64> {
        text.split('.').map(|part| leading_number(part).map_or(0, |(number, _)| number)).collect()
    };
    let (actual, wanted) = (parts(actual), parts(wanted));
    let length = actual.len().max(wanted.len());
    let part = |parts: &[i64], index: usize| parts.get(index).copied().unwrap_or(0);
    (0..length)
        .map(|index| part(&actual, index).cmp(&part(&wanted, index)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}
