//! When a rule about dates holds: in future, now, no more (as `crm_rule` 2.1.5 judges).

use super::{NextChange, dates};
use crate::date::DateTime;
use crate::value::leading_number;
use crate::xml::Node;

/// How a rule stands to a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Term {
    /// It has yet to hold.
    Future,
    /// It holds from a moment or to one.
    Now,
    /// It holds: the moment is one of those it lists.
    Met,
    /// It will not hold again.
    Past,
}

/// How the rule stands to the moment.
///
/// # Errors
/// In a sentence, why that cannot be told of such a rule: it must have one condition on the date,
/// and a list of fields must name years.
pub fn term(rule: Node<'_>, now: DateTime) -> Result<Term, &'static str> {
    let mut conditions = rule.descendants().filter(|node| node.is("date_expression"));
    let condition = conditions.next().ok_or("Rule does not have a date expression")?;
    if conditions.next().is_some() {
        return Err("Rule has more than one date expression");
    }
    if condition.get("operation") == Some("date_spec") {
        return listed(condition, now);
    }
    if dates::holds(condition, now, &mut NextChange::default()) {
        return Ok(Term::Now);
    }
    let date = |name| DateTime::parse(condition.get(name)?, now);
    let is_ahead = date("start").is_some_and(|start| now.epoch <= start.epoch);
    Ok(if is_ahead { Term::Future } else { Term::Past })
}

/// Of a list of fields only the years tell future from past.
fn listed(condition: Node<'_>, now: DateTime) -> Result<Term, &'static str> {
    const WHY: &str =
        "Rule must either not use date_spec, or use date_spec with years= but not moon=";
    let spec = condition.child("date_spec").ok_or(WHY)?;
    let years = spec.get("years").filter(|_| spec.get("moon").is_none()).ok_or(WHY)?;
    if dates::holds(condition, now, &mut NextChange::default()) {
        return Ok(Term::Met);
    }
    let ahead = |range: &str| {
        leading_number(range.trim()).is_some_and(|(first, _)| now.fields().year < first)
    };
    Ok(if years.split(',').any(ahead) { Term::Future } else { Term::Past })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Document;

    fn judged(conditions: &str, date: &str) -> Result<Term, &'static str> {
        let rule = Document::parse(format!("<rule id=\"r\">{conditions}</rule>")).expect("a rule");
        let now = DateTime::parse(date, DateTime::from_epoch(0)).expect("a date");
        term(rule.root(), now)
    }

    #[test]
    fn a_range_is_ahead_holds_and_is_past() {
        let range =
            "<date_expression operation=\"in_range\" start=\"2024-01-01\" end=\"2024-02-01\"/>";
        assert_eq!(judged(range, "2023-06-01"), Ok(Term::Future));
        assert_eq!(judged(range, "2024-01-15"), Ok(Term::Now));
        assert_eq!(judged(range, "2025-01-01"), Ok(Term::Past));
    }

    #[test]
    fn listed_years_tell_future_from_past() {
        let spec = "<date_expression operation=\"date_spec\"><date_spec years=\"2024\"/></date_expression>";
        assert_eq!(judged(spec, "2023-06-01"), Ok(Term::Future));
        assert_eq!(judged(spec, "2024-06-01"), Ok(Term::Met));
        assert_eq!(judged(spec, "2025-06-01"), Ok(Term::Past));
    }

    #[test]
    fn what_cannot_be_told_is_said() {
        let hours =
            "<date_expression operation=\"date_spec\"><date_spec hours=\"9\"/></date_expression>";
        assert!(judged(hours, "2024-01-01").is_err());
        assert!(
            judged("<expression attribute=\"a\" operation=\"defined\"/>", "2024-01-01").is_err()
        );
        assert!(judged(&hours.repeat(2), "2024-01-01").is_err());
    }
}
