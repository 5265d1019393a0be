//! `$NAME=value`, `$NAME`, `${NAME}` and the names that are always there.

use super::super::host::Host;
use super::super::lexer::is_blank;
use base::Dice;
use std::collections::BTreeMap;

/// The longest value, and the longest line that values may make.
pub(super) const VALUE_MAX: usize = 1 << 20;
/// Values name values so deep; more is taken for a circle.
const ROUNDS_MAX: usize = 32;
/// `${_RANDOM}` without limits of its own is up to this (docs/ancestors/keepalived.md §1.1).
const RANDOM_MAX: u64 = 32767;

/// Variables, by name.
#[derive(Default)]
pub(super) struct Variables(BTreeMap<String, String>);

/// Name and value, if the line is a definition.
pub(super) fn definition(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.strip_prefix('$')?.split_once('=')?;
    (is_name(name)).then(|| (name, value.trim_start_matches(is_blank)))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl Variables {
    pub(super) fn define(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    /// `text` with all variables replaced, and how many bytes were written for it; `None` if that
    /// has no end. A loop's own variables come first.
    pub(super) fn expand(
        &self,
        text: &str,
        bindings: &[(String, String)],
        host: &Host<'_>,
        dice: &mut Dice,
    ) -> Option<(String, usize)> {
        let mut text = text.to_owned();
        let mut work = 0_usize;
        for _ in 0..ROUNDS_MAX {
            let mut replaced = false;
            let mut next = String::with_capacity(text.len());
            let mut rest = text.as_str();
            while let Some((before, behind)) = rest.split_once('$') {
                next.push_str(before);
                let value = reference(behind).and_then(|(name, tail)| {
                    self.value(name, bindings, host, dice).map(|value| (value, tail))
                });
                if let Some((value, tail)) = value {
                    next.push_str(&value);
                    rest = tail;
                    replaced = true;
                } else {
                    next.push('$');
                    rest = behind;
                }
                if next.len() > VALUE_MAX {
                    return None;
                }
            }
            next.push_str(rest);
            work = work.saturating_add(text.len()).saturating_add(next.len());
            if !replaced {
                return Some((next, work));
            }
            text = next;
        }
        None
    }

    fn value(
        &self,
        name: &str,
        bindings: &[(String, String)],
        host: &Host<'_>,
        dice: &mut Dice,
    ) -> Option<String> {
        let bound = bindings.iter().rev().find(|(bound, _)| bound == name);
        if let Some(value) = bound.map(|(_, value)| value).or_else(|| self.0.get(name)) {
            return Some(value.clone());
        }
        let mut words = name.split_ascii_whitespace();
        match words.next()? {
            "_PWD" => Some(host.directory.to_owned()),
            "_INSTANCE" => Some(host.config_id.unwrap_or(host.name).to_owned()),
            "_HASH" => Some("#".to_owned()),
            "_BANG" => Some("!".to_owned()),
            "_ENV" => (host.environment)(words.next()?),
            "_RANDOM" => {
                let mut limit = |or| words.next().map_or(Some(or), |word| word.parse().ok());
                let (low, high) = (limit(0)?, limit(RANDOM_MAX)?);
                let span = high.checked_sub(low)?.checked_add(1)?;
                Some(low.saturating_add(dice.below(span.max(1))).to_string())
            }
            _ => None,
        }
    }
}

/// The name behind a `$`, and what follows: `{NAME}`, or a name before a blank or the end.
fn reference(text: &str) -> Option<(&str, &str)> {
    if let Some(inside) = text.strip_prefix('{') {
        return inside.split_once('}');
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, tail) = text.split_at(end);
    let ends = tail.chars().next().is_none_or(|c| is_blank(c) || c == '\n');
    (!name.is_empty() && ends).then_some((name, tail))
}
