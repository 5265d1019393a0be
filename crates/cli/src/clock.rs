//! Moments as people read them: local time to the millisecond, and how long ago.

use base::{Instant, WallTime};
use jiff::tz::TimeZone;
use std::time::Duration;

/// How moments are shown; tests use UTC.
#[derive(Clone, Debug)]
pub struct Clock(TimeZone);

impl Clock {
    /// The machine's zone.
    pub fn local() -> Self {
        Self(TimeZone::system())
    }

    /// UTC, the same on every machine.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// `14:03:07.123`.
    pub fn time(&self, wall: WallTime) -> String {
        self.format(wall, "%H:%M:%S%.3f")
    }

    /// `2026-11-21 14:03:07`.
    pub fn date_time(&self, wall: WallTime) -> String {
        self.format(wall, "%F %T")
    }

    /// `Nov 21 14:52:15`, as lines of log files begin.
    pub fn syslog(&self, wall: WallTime) -> String {
        self.format(wall, "%b %d %H:%M:%S")
    }

    fn format(&self, wall: WallTime, pattern: &str) -> String {
        let millis = i64::try_from(wall.as_millis()).unwrap_or(i64::MAX);
        // A clock beyond the year 9999 is shown as its bare number.
        jiff::Timestamp::from_millisecond(millis).map_or_else(
            |_| format!("{} ms", wall.as_millis()),
            |at| at.to_zoned(self.0.clone()).strftime(pattern).to_string(),
        )
    }
}

/// `0.4 s`, `12 s`, `5 min`, `3 h`, `2 d`: as exact as one needs it.
pub fn span(length: Duration) -> String {
    match length.as_secs() {
        0..10 => format!("{:.1} s", length.as_secs_f64()),
        seconds @ 10..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// `0.4 s ago`, or `never`.
pub fn ago(now: Instant, then: Option<Instant>) -> String {
    then.map_or_else(|| "never".to_owned(), |then| format!("{} ago", span(now.since(then))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_as_exact_as_one_needs_them() {
        let shown: Vec<String> =
            [0.36, 11.7, 300.0, 9_000.0, 200_000.0].map(Duration::from_secs_f64).map(span).into();
        assert_eq!(shown, ["0.4 s", "11 s", "5 min", "2 h", "2 d"]);
    }

    #[test]
    fn wall_time_is_shown_to_the_millisecond() {
        let wall = WallTime::from_millis(1_700_000_000_123);
        assert_eq!(Clock::utc().time(wall), "22:13:20.123");
        assert_eq!(Clock::utc().date_time(wall), "2023-11-14 22:13:20");
    }
}
