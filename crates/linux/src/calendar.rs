//! Dates of the calendar and seconds since 1970, in this host's time zone or in UTC.

use std::io;

/// A moment as people write it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Date {
    /// With its century.
    pub year: i32,
    /// From 1.
    pub month: i32,
    /// Of the month, from 1. One beyond its end is of the next month.
    pub day: i32,
    /// Of the day.
    pub hour: i32,
    /// Of the hour.
    pub minute: i32,
    /// Of the minute.
    pub second: i32,
}

/// What `tm_year` counts from (ctime(3)).
const YEAR: i32 = 1900;

/// Seconds since 1970 of a date. Of a local time that comes twice a year it is one of both.
///
/// # Errors
/// When the C library knows no such moment.
pub fn seconds(date: Date, utc: bool) -> io::Result<i64> {
    // SAFETY: `tm` is plain C data of numbers and a pointer, for which zero is a value.
    let mut broken: libc::tm = unsafe { std::mem::zeroed() };
    broken.tm_year = date.year.saturating_sub(YEAR);
    broken.tm_mon = date.month.saturating_sub(1);
    broken.tm_mday = date.day;
    (broken.tm_hour, broken.tm_min, broken.tm_sec) = (date.hour, date.minute, date.second);
    // The zone decides whether it is summer.
    broken.tm_isdst = -1;
    // SAFETY: `broken` is valid, and nobody else has it.
    let found =
        unsafe { if utc { libc::timegm(&raw mut broken) } else { libc::mktime(&raw mut broken) } };
    if found == -1 {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    Ok(found)
}

/// The date of so many seconds since 1970.
///
/// # Errors
/// When its year doesn't fit into a number of the C library.
pub fn date(seconds: i64, utc: bool) -> io::Result<Date> {
    // SAFETY: as above.
    let mut broken: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both are valid for the call.
    let found = unsafe {
        if utc {
            libc::gmtime_r(&raw const seconds, &raw mut broken)
        } else {
            libc::localtime_r(&raw const seconds, &raw mut broken)
        }
    };
    if found.is_null() {
        return Err(io::Error::last_os_error());
    }
    Ok(Date {
        year: broken.tm_year.saturating_add(YEAR),
        month: broken.tm_mon + 1,
        day: broken.tm_mday,
        hour: broken.tm_hour,
        minute: broken.tm_min,
        second: broken.tm_sec,
    })
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_becomes_seconds_and_again_a_date() {
        let moon = Date { year: 1969, month: 7, day: 20, hour: 20, minute: 17, second: 40 };
        let new_year = Date { year: 2026, month: 1, day: 1, ..Date::default() };
        assert_eq!(seconds(new_year, true).expect("exists"), 1_767_225_600);
        assert_eq!(date(1_767_225_600, true).expect("exists"), new_year);
        assert_eq!(new_year.to_string(), "2026-01-01 00:00:00");
        assert!(seconds(moon, true).expect("exists") < 0);
        let local = date(1_767_225_600, false).expect("exists");
        assert_eq!(seconds(local, false).expect("exists"), 1_767_225_600);
    }

    #[test]
    fn the_day_after_the_last_of_a_month_is_the_first_of_the_next() {
        let beyond = Date { year: 2026, month: 2, day: 29, hour: 1, ..Date::default() };
        let found = date(seconds(beyond, true).expect("exists"), true).expect("exists");
        assert_eq!(found.to_string(), "2026-03-01 01:00:00");
    }
}
