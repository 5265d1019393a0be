//! The Gregorian calendar, also for days before it was introduced. Days are counted from 1970-01-01,
//! which is 0.

/// Days of the months before the first of each month, in a year without February 29th.
const BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
/// From 0000-01-01 to 1970-01-01.
const YEAR_ZERO_TO_1970: i64 = 719_528;
/// Days of 400 years: after them everything repeats.
const CYCLE: i64 = 146_097;

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) const fn days_in_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

/// The number of a year's first day.
pub(super) const fn first_day_of(year: i64) -> i64 {
    let past = year - 1;
    // The year 0 is a leap year; it is not among the multiples counted for years after it.
    let leaps = past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) + 1;
    365 * year + leaps - YEAR_ZERO_TO_1970
}

/// The year of a day and its number in the year, from 1.
pub(super) fn year_and_day(days: i64) -> (i64, i64) {
    // Never more than a year off: the mean year is what the cycle says.
    let mut year = ((days + YEAR_ZERO_TO_1970) * 400).div_euclid(CYCLE);
    while first_day_of(year) > days {
        year -= 1;
    }
    while first_day_of(year + 1) <= days {
        year += 1;
    }
    (year, days - first_day_of(year) + 1)
}

/// How many days of the year come before a month (1 to 12).
pub(super) fn days_before_month(year: i64, month: i64) -> i64 {
    let common = BEFORE.get(month as usize - 1).copied().unwrap_or(0);
    common + i64::from(month > 2 && is_leap(year))
}

pub(super) fn days_of_month(year: i64, month: i64) -> i64 {
    let next = if month == 12 { days_in_year(year) } else { days_before_month(year, month + 1) };
    next - days_before_month(year, month)
}

/// Month and day of the month of a day of the year (from 1).
pub(super) fn month_and_day(year: i64, ordinal: i64) -> (i64, i64) {
    let is_past = |month: &i64| days_before_month(year, *month) < ordinal;
    let month = (1..=12).rev().find(is_past).unwrap_or(1);
    (month, ordinal - days_before_month(year, month))
}

/// 1 is Monday, 7 is Sunday. Day 0 was a Thursday.
pub(super) const fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// How many weeks a year has (ISO 8601): 53 if January 1st or December 31st is a Thursday.
pub(super) const fn weeks_in_year(year: i64) -> i64 {
    let (first, last) = (first_day_of(year), first_day_of(year + 1) - 1);
    if weekday(first) == 4 || weekday(last) == 4 { 53 } else { 52 }
}

/// The number of the Monday with which a year's first week begins: the week of January 4th.
pub(super) const fn first_monday_of(year: i64) -> i64 {
    let fourth = first_day_of(year) + 3;
    fourth - (weekday(fourth) - 1)
}
