//! The small values of a configuration: scores, booleans, intervals, roles, names of nodes.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, AddAssign, Neg};

/// How much a resource wants something, from minus to plus infinity.
///
/// Infinity is 1,000,000 (Pacemaker Explained, "Score math"): what reaches it stays there, and
/// minus infinity wins over everything, plus infinity included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Score(i32);

impl Score {
    /// Always, if nothing says never.
    pub const INF: Self = Self(1_000_000);
    /// Never.
    pub const NEG_INF: Self = Self(-1_000_000);
    /// Neither for nor against.
    pub const ZERO: Self = Self(0);

    /// A score of this size, at most infinite.
    pub const fn new(value: i64) -> Self {
        if value >= Self::INF.0 as i64 {
            Self::INF
        } else if value <= Self::NEG_INF.0 as i64 {
            Self::NEG_INF
        } else {
            Self(value as i32)
        }
    }

    /// The number, from -1,000,000 to 1,000,000.
    pub const fn get(self) -> i32 {
        self.0
    }

    /// True if nothing can be added to it that counts, plus or minus.
    pub const fn is_infinite(self) -> bool {
        self.0 == Self::INF.0 || self.0 == Self::NEG_INF.0
    }

    /// Reads `INFINITY`, `+INFINITY`, `-INFINITY` in capitals, or a number. Whatever follows the
    /// digits is ignored, so that `1.0` is 1 and `5%` is 5 (measured with 2.1.5). None if there is
    /// no number; most callers take zero then.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "INFINITY" | "+INFINITY" => return Some(Self::INF),
            "-INFINITY" => return Some(Self::NEG_INF),
            _ => {}
        }
        let (number, _) = leading_number(text)?;
        Some(Self::new(number))
    }
}

impl Add for Score {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        if self == Self::NEG_INF || other == Self::NEG_INF {
            Self::NEG_INF
        } else if self == Self::INF || other == Self::INF {
            Self::INF
        } else {
            Self::new(i64::from(self.0) + i64::from(other.0))
        }
    }
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Neg for Score {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::INF => f.write_str("INFINITY"),
            Self::NEG_INF => f.write_str("-INFINITY"),
            Self(number) => write!(f, "{number}"),
        }
    }
}

/// The number a text begins with, behind white space and a sign, and what follows it. A number
/// that does not fit becomes the largest or smallest that does.
pub(crate) fn leading_number(text: &str) -> Option<(i64, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if digits.is_empty() {
        return None;
    }
    let value = digits.parse().unwrap_or(i64::MAX);
    Some((if negative { -value } else { value }, rest))
}

/// Reads a yes or no, in any case: `true on yes y 1` and `false off no n 0`. None for anything
/// else, which most callers take for false.
pub fn boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(&["true", "on", "yes", "y", "1"]) {
        Some(true)
    } else if is_one_of(&["false", "off", "no", "n", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// The longest interval, in milliseconds: Pacemaker keeps them in 32 bits.
pub const MAX_INTERVAL_MS: u64 = u32::MAX as u64;

/// Reads an interval or timeout, in milliseconds: a number of seconds, a number with one of the
/// units `ms msec us usec s sec m min h hr`, or an ISO 8601 duration. None if it is none of these.
///
/// Measured with 2.1.5: a fraction is cut off; blanks may stand before the unit; whatever begins
/// with a unit is taken for it (`5 minutes`, `5hours`); too long becomes [`MAX_INTERVAL_MS`].
/// Durations have quirks, see [`crate::date::Duration::as_interval_seconds`].
pub fn interval_ms(text: &str) -> Option<u64> {
    if text.starts_with('P') {
        let seconds = crate::date::Duration::parse(text)?.as_interval_seconds();
        return Some(seconds.saturating_mul(1000).min(MAX_INTERVAL_MS));
    }
    let trimmed = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    if !trimmed.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (number, rest) = leading_number(trimmed)?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let unit = rest.trim_start_matches(|c: char| c.is_ascii_whitespace()).to_ascii_lowercase();
    // Longer units first: "ms" would else be taken for minutes.
    let units =
        [("ms", 1, 1), ("us", 1, 1000), ("s", 1000, 1), ("m", 60_000, 1), ("h", 3_600_000, 1)];
    let (factor, divisor) = match units.iter().find(|(name, ..)| unit.starts_with(name)) {
        Some((_, factor, divisor)) => (*factor, *divisor),
        None if unit.is_empty() => (1000, 1),
        None => return None,
    };
    let milliseconds = number.unsigned_abs().saturating_mul(factor) / divisor;
    Some(milliseconds.min(MAX_INTERVAL_MS))
}

/// Milliseconds as whole seconds: rounded half up, but never down to zero.
pub const fn ms_to_s(milliseconds: u64) -> u64 {
    match milliseconds {
        0 => 0,
        1..1000 => 1,
        _ => (milliseconds + 500) / 1000,
    }
}

/// What a resource instance does on a node, in the order in which it gets there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Role {
    /// Nothing is known or wanted.
    #[default]
    Unknown,
    /// Not active.
    Stopped,
    /// Active, of a kind that cannot be promoted.
    Started,
    /// Active in the default role of a promotable clone.
    Unpromoted,
    /// Active in the special role of a promotable clone.
    Promoted,
}

impl Role {
    /// Reads a role in any case, old names (`Slave`, `Master`) included. `#default` stands for
    /// no role.
    pub fn parse(text: &str) -> Option<Self> {
        let roles = [
            ("Unknown", Self::Unknown),
            ("#default", Self::Unknown),
            ("Stopped", Self::Stopped),
            ("Started", Self::Started),
            ("Unpromoted", Self::Unpromoted),
            ("Slave", Self::Unpromoted),
            ("Promoted", Self::Promoted),
            ("Master", Self::Promoted),
        ];
        let found = roles.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        found.map(|(_, role)| *role)
    }

    /// The role's name today.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Stopped => "Stopped",
            Self::Started => "Started",
            Self::Unpromoted => "Unpromoted",
            Self::Promoted => "Promoted",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The order of node names: without case, and runs of digits as numbers, so `node2` comes before
/// `node10`.
pub fn numeric_name_order(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    loop {
        let (Some(a), Some(b)) = (left.first(), right.first()) else {
            return left.len().cmp(&right.len());
        };
        if a.is_ascii_digit() && b.is_ascii_digit() {
            let (left_digits, left_rest) = digits(left);
            let (right_digits, right_rest) = digits(right);
            let by_size = left_digits.len().cmp(&right_digits.len());
            match by_size.then_with(|| left_digits.cmp(right_digits)) {
                Ordering::Equal => (left, right) = (left_rest, right_rest),
                unequal => return unequal,
            }
        } else {
            match a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()) {
                Ordering::Equal => (left, right) = (&left[1..], &right[1..]),
                unequal => return unequal,
            }
        }
    }
}

/// The run of digits a text begins with, without leading zeros, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (run, rest) = text.split_at(end);
    let zeros = run.iter().take_while(|digit| **digit == b'0').count();
    (&run[zeros..], rest)
}

/// The name of a clone instance without its number: `web` of `web:3`. A text after the last colon
/// that is no number belongs to the name.
pub fn without_instance_number(id: &str) -> &str {
    match id.rsplit_once(':') {
        Some((base, number))
            if !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()) =>
        {
            base
        }
        _ => id,
    }
}
