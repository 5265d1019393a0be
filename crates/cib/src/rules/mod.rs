//! Rules: whether a part of the configuration counts now and here (Pacemaker Explained, "Rules").
//!
//! [`passes`] judges one `rule` element. Conditions look at dates, at attributes of the node in
//! question, and, where defaults are concerned, at the resource and operation.

mod dates;
mod expression;
mod term;

pub use term::{Term, term};

use crate::date::DateTime;
use crate::xml::Node;
use std::borrow::Cow;

/// Finds the value of an attribute, parameter or meta-attribute by its name.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

/// What rules are judged by. What is not known is absent.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The moment of the judgement, and the clock for dates without one.
    pub now: DateTime,
    /// Attributes of the node, `#uname` and the like included.
    pub node: Option<Lookup<'a>>,
    /// Instance attributes of the resource, for `value-source="param"`.
    pub parameters: Option<Lookup<'a>>,
    /// Meta-attributes of the resource, for `value-source="meta"`.
    pub meta: Option<Lookup<'a>>,
    /// The resource that asks for its defaults.
    pub resource: Option<Agent<'a>>,
    /// The operation that asks for its defaults.
    pub operation: Option<Operation<'a>>,
    /// What the parentheses of a location's `rsc-pattern` matched; the whole match comes first.
    pub submatches: &'a [Option<&'a str>],
}

impl<'a> Context<'a> {
    /// A context in which nothing is known but the time.
    pub const fn at(now: DateTime) -> Self {
        Self {
            now,
            node: None,
            parameters: None,
            meta: None,
            resource: None,
            operation: None,
            submatches: &[],
        }
    }

    /// The context of a node.
    #[must_use]
    pub const fn on_node(self, attributes: Lookup<'a>) -> Self {
        Self { node: Some(attributes), ..self }
    }

    /// Puts what the pattern's parentheses matched in the place of `%0` to `%9`. Of a parenthesis
    /// that matched nothing, nothing is put.
    pub fn expand<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.submatches.is_empty() || !text.contains('%') {
            return Cow::Borrowed(text);
        }
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            expanded.push_str(before);
            let digit = after.chars().next().and_then(|c| c.to_digit(10));
            if let Some(number) = digit {
                let matched = self.submatches.get(number as usize).copied().flatten();
                expanded.push_str(matched.unwrap_or_default());
                rest = &after[1..];
            } else {
                expanded.push('%');
                rest = after;
            }
        }
        expanded.push_str(rest);
        Cow::Owned(expanded)
    }
}

/// What kind of resource it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agent<'a> {
    /// The standard: `ocf`, `systemd`, ...
    pub class: &'a str,
    /// The provider, of standards that have one.
    pub provider: Option<&'a str>,
    /// The agent's name.
    pub kind: &'a str,
}

/// Which operation it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operation<'a> {
    /// `monitor`, `start`, ...
    pub name: &'a str,
    /// Milliseconds between repetitions; 0 if it is not repeated.
    pub interval_ms: u64,
}

/// The next moment at which some judged rule may turn out otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NextChange {
    /// Seconds since 1970; none if time changes nothing.
    pub at: Option<i64>,
}

impl NextChange {
    /// Notes a moment of change; the earliest counts.
    pub fn note(&mut self, epoch: i64) {
        self.at = Some(self.at.map_or(epoch, |known| known.min(epoch)));
    }
}

/// True if the rule holds: all of its conditions, or any with `boolean-op="or"`. A rule without
/// conditions holds. Judging stops at the condition that decides.
pub fn passes(rule: Node<'_>, context: &Context<'_>, next: &mut NextChange) -> bool {
    let is_any = rule.get("boolean-op").is_some_and(|op| op.eq_ignore_ascii_case("or"));
    let mut conditions = rule.children().peekable();
    if conditions.peek().is_none() {
        return true;
    }
    if is_any {
        conditions.any(|condition| holds(condition, context, next))
    } else {
        conditions.all(|condition| holds(condition, context, next))
    }
}

/// True if one condition holds; unknown ones never do.
fn holds(condition: Node<'_>, context: &Context<'_>, next: &mut NextChange) -> bool {
    match condition.name() {
        // Documents have a limited depth (`xml::MAX_DEPTH`), and so has this recursion.
        "rule" => passes(condition, context, next),
        "expression" => expression::holds(condition, context),
        "date_expression" => dates::holds(condition, context.now, next),
        "rsc_expression" => context.resource.is_some_and(|agent| is_kind(condition, agent)),
        "op_expression" => context.operation.is_some_and(|op| is_operation(condition, op)),
        _ => false,
    }
}

/// What the condition does not name may be anything.
fn is_kind(condition: Node<'_>, agent: Agent<'_>) -> bool {
    let is = |name, value: Option<&str>| condition.get(name).is_none_or(|v| Some(v) == value);
    is("class", Some(agent.class)) && is("provider", agent.provider) && is("type", Some(agent.kind))
}

fn is_operation(condition: Node<'_>, operation: Operation<'_>) -> bool {
    let interval = condition.get("interval");
    let has_interval = |text| crate::value::interval_ms(text) == Some(operation.interval_ms);
    condition.get("name").is_none_or(|name| name == operation.name)
        && interval.is_none_or(has_interval)
}

/// True if the element has rules and one of them does not hold.
pub(crate) fn are_unmet(block: Node<'_>, context: &Context<'_>, next: &mut NextChange) -> bool {
    !block.children_named("rule").all(|rule| passes(rule, context, next))
}
