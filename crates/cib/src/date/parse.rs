//! Reading dates.

use super::calendar::{
    days_before_month, days_in_year, days_of_month, first_monday_of, weeks_in_year,
};
use super::{DAY, DateTime};

/// The last year that is read: days and seconds of later ones are nobody's maintenance window.
const MAX_YEAR: i64 = 99_999;

impl DateTime {
    /// Reads a date, with or without a time, or a time of today; `now` says which day that is and
    /// whose clock counts for times that name none.
    ///
    /// Dates are `2009-12-01`, `20091201`, `2009-335` (day of the year) and `2009-W49-2` (week and
    /// weekday), of which UTC's midnight is meant. A time follows a `T` or one blank, such as
    /// `10:20:30`, `10:20` or `102030`; then `Z`, or a blank and an offset such as `-05:00`. An
    /// offset without that blank is not seen, nor is any text after a complete date (measured).
    pub fn parse(text: &str, now: Self) -> Option<Self> {
        if let Some(time) = time_of_today(text) {
            let today = (now.epoch + i64::from(now.offset)).div_euclid(DAY);
            return at_time(today * DAY, time, now.offset);
        }
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (midnight, rest) = date(text)?;
        match rest.bytes().next() {
            Some(b'T' | b' ') => at_time(midnight, &rest[1..], now.offset),
            _ => Some(Self::from_epoch(midnight)),
        }
    }
}

/// The time of a text that has no date: behind a `T`, or hours of two digits and a colon.
fn time_of_today(text: &str) -> Option<&str> {
    match text.strip_prefix('T') {
        Some(time) => Some(time),
        None if text.as_bytes().get(2) == Some(&b':') => Some(text),
        None => None,
    }
}

/// A date's midnight in seconds since 1970, and what follows the date.
fn date(text: &str) -> Option<(i64, &str)> {
    if let Some((year, rest)) = number(text, usize::MAX)
        && let Some(rest) = rest.strip_prefix("-W")
    {
        return week_date(year, rest);
    }
    let parts = dashed(text);
    let (year, month, day, rest) = match parts {
        Some((year, second, Some((third, rest)), _)) => (year, second, third, rest),
        Some((year, ordinal, None, rest)) => return ordinal_date(year, ordinal, rest),
        None => {
            let (year, rest) = number(text, 4)?;
            let (month, rest) = number(rest, 2)?;
            let (day, rest) = number(rest, 2)?;
            (year, month, day, rest)
        }
    };
    // Day 0 is the last of the month before (measured).
    let is_month = (1..=12).contains(&month) && year <= MAX_YEAR;
    if !is_month || day > days_of_month(year, month) {
        return None;
    }
    let ordinal = days_before_month(year, month) + day;
    Some((DateTime::from_ordinal(year, ordinal).epoch, rest))
}

/// Two or three numbers with hyphens between them.
#[expect(clippy::type_complexity, reason = "the parts of one pattern, taken apart at once")]
fn dashed(text: &str) -> Option<(i64, i64, Option<(i64, &str)>, &str)> {
    let (first, rest) = number(text, usize::MAX)?;
    let (second, rest) = number(rest.strip_prefix('-')?, usize::MAX)?;
    let third = rest.strip_prefix('-').and_then(|rest| number(rest, usize::MAX));
    Some((first, second, third, rest))
}

fn ordinal_date(year: i64, day: i64, rest: &str) -> Option<(i64, &str)> {
    let is_day = year <= MAX_YEAR && (1..=days_in_year(year)).contains(&day);
    is_day.then(|| (DateTime::from_ordinal(year, day).epoch, rest))
}

/// Week 0 is the one before the first (measured).
fn week_date(year: i64, rest: &str) -> Option<(i64, &str)> {
    let (week, rest) = number(rest, usize::MAX)?;
    let (weekday, rest) = number(rest.strip_prefix('-')?, usize::MAX)?;
    if year > MAX_YEAR || week > weeks_in_year(year) || !(1..=7).contains(&weekday) {
        return None;
    }
    let days = first_monday_of(year) + (week - 1) * 7 + weekday - 1;
    Some((days * DAY, rest))
}

/// Adds the time of day, read by the clock that is named behind it or else the one at hand.
fn at_time(midnight: i64, text: &str, own_offset: i32) -> Option<DateTime> {
    if text.starts_with(' ') {
        // A second blank before the time hides it (measured).
        return Some(DateTime::from_epoch(midnight));
    }
    let seconds = if text.is_empty() { 0 } else { clock(text)? };
    let zone = text.find(['Z', ' ']).and_then(|at| text.get(at..));
    let offset = match zone {
        Some(zone) => zone_offset(zone)?,
        None => i64::from(own_offset),
    };
    let epoch = midnight.checked_add(seconds)?.checked_sub(offset)?;
    Some(DateTime { epoch, offset: i32::try_from(offset).ok()? })
}

/// Hours, minutes and seconds of up to two digits each, with colons or without, in seconds. What
/// is missing is zero; 24 hours are the next midnight.
fn clock(text: &str) -> Option<i64> {
    let next = |rest| match number(after_colon(rest), 2) {
        Some((value, rest)) => (value, rest),
        None => (0, ""),
    };
    let (hours, rest) = number(text.strip_prefix('+').unwrap_or(text), 2)?;
    let (minutes, rest) = next(rest);
    let (seconds, _) = next(rest);
    let is_time = hours < 24 && minutes < 60 && seconds < 60;
    let is_midnight = hours == 24 && minutes == 0 && seconds == 0;
    (is_time || is_midnight).then_some(hours * 3600 + minutes * 60 + seconds)
}

fn after_colon(text: &str) -> &str {
    text.strip_prefix(':').unwrap_or(text)
}

/// `Z`, or blanks and an offset from UTC, in seconds. Words that are no offset mean UTC.
fn zone_offset(zone: &str) -> Option<i64> {
    let text = zone.trim_start_matches(' ');
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.starts_with(|c: char| c.is_ascii_digit()) {
        clock(digits).map(|seconds| sign * seconds)
    } else {
        Some(0)
    }
}

/// A number of at most so many digits, and what follows.
fn number(text: &str, most: usize) -> Option<(i64, &str)> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(digits);
    Some((digits.parse().ok()?, rest))
}
