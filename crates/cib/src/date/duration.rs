//! Durations and periods.

use super::{DAY, DateTime};
use crate::value::leading_number;
use crate::xml::Node;
use std::fmt;

/// The most days or seconds a duration has: sums of them with any date stay within 64 bits.
const MOST: i64 = 1 << 45;
/// The largest number of a unit that is read.
const MAX_UNITS: i64 = 1 << 31;

/// A length of time in calendar units. Any part may be negative.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Duration {
    /// Years.
    pub years: i64,
    /// Months.
    pub months: i64,
    /// Days; weeks have seven.
    pub days: i64,
    /// Seconds; minutes and hours are so many of them.
    pub seconds: i64,
}

impl Duration {
    /// Reads `P1Y2M3W4DT5H6M7S`: at least one part or a `T`. A later part of the same unit
    /// replaces the former, hours, minutes and seconds add up. Ends at a `/` or a blank.
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.find(['/', ' ', '\t', '\n']).unwrap_or(text.len());
        let mut rest = text[..end].strip_prefix('P')?;
        let mut duration = Self::default();
        let mut is_time = false;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            if let Some(time) = rest.strip_prefix('T') {
                is_time = true;
                rest = time;
                continue;
            }
            let (number, after) = leading_number(rest)?;
            if number.abs() > MAX_UNITS {
                return None;
            }
            match after.bytes().next()? {
                b'Y' => duration.years = number,
                b'M' if !is_time => duration.months = number,
                b'M' => duration.add_seconds(number * 60),
                b'W' => duration.add_days(number * 7),
                b'D' => duration.add_days(number),
                b'H' => duration.add_seconds(number * 3600),
                b'S' => duration.add_seconds(number),
                _ => return None,
            }
            rest = &after[1..];
        }
        Some(duration)
    }

    /// Adds up the attributes of a rule's `duration` element; what is no number counts nothing.
    pub fn of_element(element: Node<'_>) -> Self {
        let number = |name| {
            let (number, _) = leading_number(element.get(name)?)?;
            Some(number.clamp(-MAX_UNITS, MAX_UNITS))
        };
        let count = |name| number(name).unwrap_or(0);
        let mut duration =
            Self { years: count("years"), months: count("months"), ..Self::default() };
        duration.add_days(count("weeks") * 7);
        duration.add_days(count("days"));
        duration.add_seconds(count("hours") * 3600);
        duration.add_seconds(count("minutes") * 60);
        duration.add_seconds(count("seconds"));
        duration
    }

    fn add_days(&mut self, days: i64) {
        self.days = (self.days + days).clamp(-MOST, MOST);
    }

    fn add_seconds(&mut self, seconds: i64) {
        self.seconds = (self.seconds + seconds).clamp(-MOST, MOST);
    }

    /// The same length backwards.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { years: -self.years, months: -self.months, days: -self.days, seconds: -self.seconds }
    }

    /// The length in seconds, as intervals of operations are reckoned (measured with 2.1.5): years
    /// and days count from one, so `P1Y` and `P1D` are 0 and `P1W` is 6 days; a month has 30 days.
    /// Never negative.
    pub fn as_interval_seconds(self) -> u64 {
        let years = (self.years - 1).max(0).saturating_mul(365);
        let days = (self.days - 1).max(0);
        let days = years.saturating_add(self.months.saturating_mul(30)).saturating_add(days);
        let seconds = days.saturating_mul(DAY).saturating_add(self.seconds);
        u64::try_from(seconds).unwrap_or(0)
    }
}

/// As the `iso8601` tool prints it: `1 year  2 months 90 seconds (1 minute 30 seconds)`, each number
/// in a column of its own width.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = |number: i64, name: &str| {
            let plural = if number == 1 { "" } else { "s" };
            format!("{name}{plural}")
        };
        for (number, width, name) in
            [(self.years, 4, "year"), (self.months, 2, "month"), (self.days, 2, "day")]
        {
            if number != 0 {
                write!(f, "{number:width$} {} ", unit(number, name))?;
            }
        }
        if self.seconds == 0 {
            let is_zero = *self == Self::default();
            return if is_zero { f.write_str("0 seconds") } else { Ok(()) };
        }
        write!(f, "{} {}", self.seconds, unit(self.seconds, "second"))?;
        if self.seconds.abs() < 60 {
            return Ok(());
        }
        let parts = [
            (self.seconds / 3600, "hour"),
            (self.seconds / 60 % 60, "minute"),
            (self.seconds % 60, "second"),
        ];
        let words = parts.iter().filter(|(number, _)| *number != 0);
        let words: Vec<_> = words.map(|(n, name)| format!("{n} {}", unit(*n, name))).collect();
        write!(f, " ({})", words.join(" "))
    }
}

/// From one moment to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Period {
    /// Its first moment.
    pub start: DateTime,
    /// Its last moment; nothing says that it comes later.
    pub end: DateTime,
}

impl Period {
    /// Reads `START/END`, where either side may be a duration, or a duration from now on.
    pub fn parse(text: &str, now: DateTime) -> Option<Self> {
        if let Some(duration) = Duration::parse(text) {
            let Some((_, end)) = text.split_once('/') else {
                return Some(Self { start: now, end: now.plus(duration) });
            };
            let end = DateTime::parse(end, now)?;
            return Some(Self { start: end.plus(duration.reversed()), end });
        }
        let (start, end) = text.split_once('/')?;
        let start = DateTime::parse(start, now)?;
        let end = if end.starts_with('P') {
            start.plus(Duration::parse(end)?)
        } else {
            DateTime::parse(end, now)?
        };
        Some(Self { start, end })
    }
}
