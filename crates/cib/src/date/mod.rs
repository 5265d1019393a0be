//! Dates and durations as Pacemaker reads, reckons and prints them.
//!
//! A subset of ISO 8601 with habits of its own, found by experiment with its `iso8601` tool (2.1.5)
//! and listed in `docs/ancestors/cib.md`.

mod calendar;
mod duration;
mod parse;

pub use duration::{Duration, Period};

use calendar::{days_in_year, days_of_month, first_day_of};
use std::fmt;

/// Seconds of a day; leap seconds do not exist here.
pub(crate) const DAY: i64 = 86_400;
/// From the first moment of the year 1 to that of 1970, in seconds: the tool's own epoch.
const YEAR_ONE_TO_1970: i64 = 62_135_596_800;

/// A moment, and by which clock its fields are read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DateTime {
    /// Seconds since 1970 began in UTC.
    pub epoch: i64,
    /// By how many seconds the clock on the wall is ahead of UTC.
    pub offset: i32,
}

/// The calendar fields of a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fields {
    /// The year, as the months count.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// Day of the month, 1 to 31.
    pub day: i64,
    /// Day of the year, 1 to 366.
    pub ordinal: i64,
    /// The year, as the weeks count (ISO 8601): that of the week's Thursday.
    pub week_year: i64,
    /// Week of the week year, 1 to 53.
    pub week: i64,
    /// 1 is Monday, 7 is Sunday.
    pub weekday: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
}

impl DateTime {
    /// The moment so many seconds after 1970 began, by the clock of UTC.
    pub const fn from_epoch(epoch: i64) -> Self {
        Self { epoch, offset: 0 }
    }

    /// Midnight at the beginning of a day of the year (1 is January 1st), in UTC.
    pub(crate) fn from_ordinal(year: i64, day: i64) -> Self {
        Self::from_epoch((first_day_of(year) + day - 1) * DAY)
    }

    /// The calendar fields by the moment's own clock.
    pub fn fields(self) -> Fields {
        let local = self.epoch + i64::from(self.offset);
        let (days, seconds) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, ordinal) = calendar::year_and_day(days);
        let (month, day) = calendar::month_and_day(year, ordinal);
        let weekday = calendar::weekday(days);
        // The week belongs to the year in which its Thursday lies.
        let (week_year, thursday) = calendar::year_and_day(days - weekday + 4);
        Fields {
            year,
            month,
            day,
            ordinal,
            week_year,
            week: (thursday - 1) / 7 + 1,
            weekday,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
        }
    }

    /// The moment a duration later: years first, keeping the day of the year, then months, keeping
    /// the day of the month if the month has it, then days, then seconds.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let local = self.epoch + i64::from(self.offset);
        let (days, seconds) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, ordinal) = calendar::year_and_day(days);
        let year = year + duration.years;
        let ordinal = ordinal.min(days_in_year(year));
        let (month, day) = calendar::month_and_day(year, ordinal);
        let months = year * 12 + month - 1 + duration.months;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        let day = day.min(days_of_month(year, month));
        let days = first_day_of(year) + calendar::days_before_month(year, month) + day - 1;
        let local = (days + duration.days) * DAY + seconds + duration.seconds;
        Self { epoch: local - i64::from(self.offset), offset: self.offset }
    }

    /// Seconds since the year 1 began, as the tool counts.
    pub const fn seconds_since_year_one(self) -> i64 {
        self.epoch + YEAR_ONE_TO_1970
    }

    /// `2009-335 10:20:30Z`, in UTC.
    pub fn ordinal_text(self) -> String {
        let fields = Self::from_epoch(self.epoch).fields();
        format!("{}-{:03} {}Z", four(fields.year), fields.ordinal, clock(&fields))
    }

    /// `2009-W49-2 10:20:30Z`, in UTC.
    pub fn week_text(self) -> String {
        let fields = Self::from_epoch(self.epoch).fields();
        let (week, weekday) = (fields.week, fields.weekday);
        format!("{}-W{week:02}-{weekday} {}Z", four(fields.week_year), clock(&fields))
    }

    /// `2009-12-01 10:20:30 -05:00`, by the moment's own clock.
    pub fn local_text(self) -> String {
        if self.offset == 0 {
            return self.to_string();
        }
        let minutes = self.offset.abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        format!("{} {sign}{:02}:{:02}", day_and_clock(&self.fields()), minutes / 60, minutes % 60)
    }
}

/// `2009-12-01 10:20:30Z`, in UTC.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", day_and_clock(&Self::from_epoch(self.epoch).fields()))
    }
}

fn day_and_clock(fields: &Fields) -> String {
    let (month, day) = (fields.month, fields.day);
    format!("{}-{month:02}-{day:02} {}", four(fields.year), clock(fields))
}

fn clock(fields: &Fields) -> String {
    format!("{:02}:{:02}:{:02}", fields.hour, fields.minute, fields.second)
}

fn four(year: i64) -> String {
    format!("{year:04}")
}
