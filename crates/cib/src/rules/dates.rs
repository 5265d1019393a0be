//! Conditions on the date.

use super::NextChange;
use crate::date::{DateTime, Duration, Fields};
use crate::value::leading_number;
use crate::xml::Node;

/// True if the moment stands to the condition's dates as its operation says. When that will be
/// otherwise is noted, except for `date_spec`, which names no single moment.
pub(super) fn holds(condition: Node<'_>, now: DateTime, next: &mut NextChange) -> bool {
    let date = |name| DateTime::parse(condition.get(name)?, now);
    match condition.get("operation").map(str::to_ascii_lowercase).as_deref() {
        Some("gt") => date("start").is_some_and(|start| is_after(now, start, next)),
        Some("lt") => date("end").is_some_and(|end| is_before(now, end, next)),
        Some("in_range") => is_in_range(condition, now, next),
        Some("date_spec") => {
            condition.child("date_spec").is_none_or(|spec| matches(spec, &now.fields()))
        }
        _ => false,
    }
}

fn is_after(now: DateTime, start: DateTime, next: &mut NextChange) -> bool {
    let is_after = now.epoch > start.epoch;
    if !is_after {
        next.note(start.epoch + 1);
    }
    is_after
}

fn is_before(now: DateTime, end: DateTime, next: &mut NextChange) -> bool {
    let is_before = now.epoch < end.epoch;
    if is_before {
        next.note(end.epoch);
    }
    is_before
}

/// From the start to the end, both included. One of them may be missing or unreadable, and a
/// duration from the start may stand in for the end.
fn is_in_range(condition: Node<'_>, now: DateTime, next: &mut NextChange) -> bool {
    let date = |name| DateTime::parse(condition.get(name)?, now);
    let start = date("start");
    let after_start = || {
        let length = Duration::of_element(condition.child("duration")?);
        Some(start?.plus(length))
    };
    let end = date("end").or_else(after_start);
    if start.is_none() && end.is_none() {
        return false;
    }
    if let Some(start) = start.filter(|start| now.epoch < start.epoch) {
        next.note(start.epoch);
        return false;
    }
    match end {
        Some(end) if now.epoch > end.epoch => false,
        Some(end) => {
            next.note(end.epoch + 1);
            true
        }
        None => true,
    }
}

/// True if each field the specification names is among those it lists.
fn matches(spec: Node<'_>, now: &Fields) -> bool {
    [
        ("seconds", now.second),
        ("minutes", now.minute),
        ("hours", now.hour),
        ("monthdays", now.day),
        ("weekdays", now.weekday),
        ("yeardays", now.ordinal),
        ("weeks", now.week),
        ("months", now.month),
        ("years", now.year),
        ("weekyears", now.week_year),
    ]
    .iter()
    .all(|(name, value)| spec.get(name).is_none_or(|list| lists(list, *value)))
}

/// True if the value lies in one of the list's ranges, or the list has one that cannot be read:
/// such a field is not asked for (measured).
fn lists(list: &str, value: i64) -> bool {
    list.split(',').any(|range| is_within(range, value).unwrap_or(true))
}

/// `5`, `5-7`, `5-` (and more) or `-7` (and less); none if it is no range.
fn is_within(range: &str, value: i64) -> Option<bool> {
    let range = range.trim();
    if let Some(most) = range.strip_prefix('-') {
        return Some(value <= whole(most)?);
    }
    let (least, rest) = leading_number(range)?;
    match rest.trim_start() {
        "" => Some(value == least),
        "-" => Some(value >= least),
        rest => Some(least <= value && value <= whole(rest.strip_prefix('-')?)?),
    }
}

fn whole(text: &str) -> Option<i64> {
    let (number, rest) = leading_number(text)?;
    rest.trim().is_empty().then_some(number)
}
