//! Times, booleans and numbers as ha.cf writes them (docs/ancestors/heartbeat.md §5.1).

use std::time::Duration;

/// The longest time that is accepted: a year. Longer ones are slips, and would only overflow.
const TIME_MAX: Duration = Duration::from_hours(365 * 24);

/// Why a word is no time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BadTime {
    /// It isn't a number at its start.
    NoNumber,
    /// A unit that ha.cf doesn't know; `s` and `min` are the usual ones.
    Unit,
    /// Zero: no timer may be.
    Zero,
    /// Longer than a year.
    TooLong,
}

/// A number, with a fraction perhaps, in seconds, or in `ms` or `us` where it says so.
pub(crate) fn time(word: &str) -> Result<Duration, BadTime> {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    let nanos_per_unit: u64 = match unit.to_ascii_lowercase().as_str() {
        "" => 1_000_000_000,
        "ms" | "msec" => 1_000_000,
        "us" | "usec" => 1_000,
        _ if number.is_empty() => return Err(BadTime::NoNumber),
        _ => return Err(BadTime::Unit),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // A second point ends the number (measured: `1.2.3` is accepted).
    let fraction = fraction.split_once('.').map_or(fraction, |(fraction, _)| fraction);
    if whole.is_empty() && fraction.is_empty() {
        return Err(BadTime::NoNumber);
    }
    let whole: u64 =
        if whole.is_empty() { 0 } else { whole.parse().map_err(|_| BadTime::TooLong)? };
    let whole = whole.checked_mul(nanos_per_unit).ok_or(BadTime::TooLong)?;
    let time = Duration::from_nanos(whole.saturating_add(part(fraction, nanos_per_unit)));
    match time {
        Duration::ZERO => Err(BadTime::Zero),
        time if time > TIME_MAX => Err(BadTime::TooLong),
        time => Ok(time),
    }
}

/// The digits behind the point, as nanoseconds; finer ones than that are dropped.
fn part(digits: &str, nanos_per_unit: u64) -> u64 {
    let mut worth = nanos_per_unit;
    digits.bytes().fold(0, |sum: u64, digit| {
        worth = worth.checked_div(10).unwrap_or(0);
        sum.saturating_add(worth.saturating_mul(u64::from(digit.saturating_sub(b'0'))))
    })
}

/// The words for yes and no, in any case.
pub(crate) fn boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "y" | "1" => Some(true),
        "false" | "off" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// The facilities of syslog(3) by their names in ha.cf.
pub(crate) const FACILITIES: [&str; 20] = [
    "auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user",
    "uucp", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_unless_they_say_milli_or_micro() {
        for (word, micros) in
            [("1", 1_000_000), ("0.5", 500_000), ("500ms", 500_000), ("20us", 20), (".25", 250_000)]
        {
            assert_eq!(time(word), Ok(Duration::from_micros(micros)), "{word}");
        }
    }

    #[test]
    fn what_is_no_time_says_why() {
        for (word, why) in [
            ("1s", BadTime::Unit),
            ("1min", BadTime::Unit),
            ("abc", BadTime::NoNumber),
            ("-1", BadTime::NoNumber),
            ("0", BadTime::Zero),
            ("99999999999999999999", BadTime::TooLong),
        ] {
            assert_eq!(time(word), Err(why), "{word}");
        }
    }
}
