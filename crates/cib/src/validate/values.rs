//! What an attribute may hold.

use crate::value::Score;

/// The kinds of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Anything.
    Text,
    /// An id, an XML name without colon.
    Id,
    /// The id of another element.
    Reference,
    /// A whole number or infinity.
    Score,
    /// `true` or `false`, or 1 or 0.
    Boolean,
    /// A whole number from 0.
    Number,
    /// A whole number from 1.
    Positive,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

pub(super) fn is_reference(kind: Kind) -> bool {
    kind == Kind::Reference
}

/// What is wrong with a value, and the cure.
pub(super) fn check(value: &str, kind: Kind) -> Result<(), (String, String)> {
    let (is_right, cure) = match kind {
        Kind::Text | Kind::Reference => return Ok(()),
        Kind::Id => (
            is_id(value),
            "an id begins with a letter or _ and goes on with letters, digits, . - _",
        ),
        Kind::Score => (is_score(value), "write a whole number, INFINITY or -INFINITY"),
        Kind::Boolean => (is_boolean(value), "write true or false"),
        Kind::Number => (is_number(value), "write a whole number"),
        Kind::Positive => (
            is_number(value) && value.bytes().any(|digit| matches!(digit, b'1'..=b'9')),
            "write a whole number from 1",
        ),
        Kind::OneOf(words) => return one_of(value, words),
    };
    if is_right { Ok(()) } else { Err((format!("\"{value}\" cannot stand here"), cure.into())) }
}

fn one_of(value: &str, words: &[&str]) -> Result<(), (String, String)> {
    if words.contains(&value) {
        return Ok(());
    }
    let what = format!("\"{value}\" is none of {}", words.join(", "));
    let cure = match super::nearest(value, words.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("write one of {}", words.join(", ")),
    };
    Err((what, cure))
}

fn is_id(value: &str) -> bool {
    let starts = |c: char| c.is_alphabetic() || c == '_';
    let goes_on = |c: char| starts(c) || c.is_numeric() || matches!(c, '.' | '-') || !c.is_ascii();
    value.starts_with(starts) && value.chars().all(goes_on)
}

fn is_score(value: &str) -> bool {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    let is_whole = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_whole || (digits == "INFINITY" && Score::parse(value).is_some())
}

fn is_boolean(value: &str) -> bool {
    matches!(value, "true" | "false" | "1" | "0")
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit())
}
