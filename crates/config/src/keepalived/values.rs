//! Words as numbers, switches and addresses, as keepalived reads them
//! (docs/ancestors/keepalived.md §1.1).

use super::findings::Findings;
use super::lexer::Word;
use super::tree::Node;
use super::{Takes, directives::Directive};
use crate::text::quote;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Keywords that refuse a number with anything behind it; others use the number before it
/// (docs/ancestors/keepalived.md §1.1, measured).
const STRICT: [&str; 4] = ["virtual_router_id", "priority", "unicast_ttl", "persistence_timeout"];

/// A number with at most six decimals, in millionths; anything else is `None`.
pub(super) fn millionths(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let six: String = part.chars().chain("000000".chars()).take(6).collect();
    let part: i64 = six.parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(part)?.checked_mul(sign)
}

/// A whole number from the first to the last byte.
pub(super) fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.strip_prefix('+').unwrap_or(text).parse().ok())
        .flatten()
}

/// The part of `text` that a number begins with.
fn leading(text: &str) -> &str {
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && *c == '-')))
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or("")
}

/// Millionths for people.
pub(super) fn shown(value: i64) -> String {
    let (whole, part) = (value.wrapping_div(1_000_000), value.wrapping_rem(1_000_000).abs());
    if part == 0 {
        return whole.to_string();
    }
    format!("{whole}.{part:06}").trim_end_matches('0').to_owned()
}

/// A time of so many millionths of a second.
pub(super) fn micros(value: i64) -> Duration {
    Duration::from_micros(value.try_into().unwrap_or(0))
}

/// How a word becomes a number.
type Read = fn(&str) -> Option<i64>;

/// The number of a keyword that takes one; a finding and `None` if it has no sound one.
/// Decimals come in millionths.
pub(super) fn number(node: &Node, found: &mut Findings) -> Option<i64> {
    let word = node.word(1)?;
    let (min, max, read): (i64, i64, Read) = match node.row.takes {
        Takes::Number { min, max } => (min, max, whole),
        Takes::Decimal { min, max } => (min, max, millionths),
        _ => return None,
    };
    let inside = |value: &i64| (min..=max).contains(value);
    if let Some(value) = read(&word.text).filter(inside) {
        return Some(value);
    }
    let kept = if STRICT.contains(&node.row.name) {
        None
    } else if read(&word.text).is_none() {
        read(leading(&word.text)).filter(inside)
    } else {
        None
    };
    let effect = match kept {
        Some(_) => "the number it begins with counts".to_owned(),
        None => ignored(node.row),
    };
    bad(word, node.row, &effect, found);
    kept
}

/// What an ignored value means.
fn ignored(row: &Directive) -> String {
    match row.default {
        "" => "the line is ignored".to_owned(),
        default => format!("the line is ignored; without others the default {default} counts"),
    }
}

/// A word that is no value of its keyword.
pub(super) fn bad(word: &Word, row: &Directive, effect: &str, found: &mut Findings) {
    let what = format!("{} is no value for `{}`", quote(&word.text), row.name);
    let range = row.range();
    let cure = match (range.as_str(), row.unit) {
        ("", _) => format!("look at `handover check --explain {}`", row.name),
        (range, "") => format!("allowed: {range}"),
        (range, unit) => format!("allowed: {range} {unit}"),
    };
    let then = [effect, "keepalived says so and goes on in the same way", cure.as_str()];
    found.complain(word.place, "bad-value", what, then);
}

/// A line that is ignored for its value.
pub(super) fn refuse(node: &Node, found: &mut Findings) {
    if let Some(word) = node.word(1) {
        bad(word, node.row, &ignored(node.row), found);
    }
}

/// On or off; nothing means on. `None`, with a finding, for other words.
pub(super) fn switch(node: &Node, found: &mut Findings) -> Option<bool> {
    let Some(word) = node.word(1) else { return Some(true) };
    match word.text.as_str() {
        "on" | "true" | "yes" => Some(true),
        "off" | "false" | "no" => Some(false),
        _ => {
            refuse(node, found);
            None
        }
    }
}

/// One of the words of a choice.
pub(super) fn choice(node: &Node, found: &mut Findings) -> Option<&'static str> {
    let (Takes::Choice(words), Some(word)) = (node.row.takes, node.word(1)) else { return None };
    let chosen = words.iter().find(|choice| **choice == word.text);
    if chosen.is_none() {
        refuse(node, found);
    }
    chosen.copied()
}

/// The address of a keyword that takes one.
pub(super) fn address(node: &Node, found: &mut Findings) -> Option<IpAddr> {
    let word = node.word(1)?;
    let address = word.text.parse().ok();
    if address.is_none() {
        refuse(node, found);
    }
    address
}

/// The network bits of a dotted mask or a length.
pub(super) fn mask(text: &str) -> Option<u8> {
    if let Ok(length) = text.parse::<u8>() {
        return (length <= 128).then_some(length);
    }
    match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(mask) => {
            let bits = u32::from(mask);
            (bits.leading_ones() == bits.count_ones()).then_some(bits.leading_ones() as u8)
        }
        IpAddr::V6(mask) => {
            let bits = u128::from(mask);
            (bits.leading_ones() == bits.count_ones()).then_some(bits.leading_ones() as u8)
        }
    }
}

/// A weight of `weight NUMBER [reverse|noreverse]`, whose words begin at `at`.
pub(super) fn weight(words: &[Word], at: usize) -> Option<(i64, Option<bool>)> {
    let value = whole(&words.get(at)?.text)?;
    let reverse = match words.get(at.saturating_add(1)).map(|word| word.text.as_str()) {
        Some("reverse") => Some(true),
        Some("noreverse") => Some(false),
        _ => None,
    };
    Some((value, reverse))
}

/// The address `steps` after this one.
pub(super) fn following(address: IpAddr, steps: u32) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(v4) => Ipv4Addr::from(u32::from(v4).checked_add(steps)?).into(),
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6).checked_add(steps.into())?).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_their_first_to_their_last_letter() {
        for (text, value) in [
            ("1", Some(1_000_000)),
            ("0.000001", Some(1)),
            (".5", Some(500_000)),
            ("-2", Some(-2_000_000)),
            ("1.0000009", Some(1_000_000)),
            ("1x", None),
            ("", None),
            (".", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(millionths(text), value, "{text}");
        }
        assert_eq!(
            [whole("12"), whole("-3"), whole("1.5"), whole("x")],
            [Some(12), Some(-3), None, None]
        );
        assert_eq!([shown(500_000), shown(2_000_000)], ["0.5", "2"]);
    }

    #[test]
    fn masks_are_lengths_or_dotted() {
        assert_eq!(
            [mask("24"), mask("255.255.255.0"), mask("255.0.255.0")],
            [Some(24), Some(24), None]
        );
    }
}
