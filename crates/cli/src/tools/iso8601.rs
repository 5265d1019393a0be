//! `iso8601`: shows how dates, periods and durations are understood.

use super::options::{Choice, Given, switch, valued};
use super::{Surroundings, USAGE};
use crate::console::{Console, Stop};
use crate::exit::Exit;
use cib::date::{DateTime, Duration, Period};

pub(super) const CHOICES: [Choice; 10] = [
    switch('n', "now", "the current moment"),
    valued('d', "date", "DATE", "a date, with or without a time of day"),
    valued('p', "period", "PERIOD", "START/END, or one of them a duration"),
    valued('D', "duration", "DURATION", "a duration, counted from the date if there is one"),
    valued('E', "expected", "TEXT", "end with 1 if the last result is another"),
    switch('s', "seconds", "in seconds since the year 0"),
    switch('S', "epoch", "in seconds since 1970"),
    switch('L', "local", "by the clock the date was given in"),
    switch('O', "ordinal", "as day of the year"),
    switch('W', "week", "as day of the week"),
];

/// What was given is no date, period or duration (`crm_error 2`).
const BAD_PARAMETER: Exit = Exit::Old(2);

/// How moments are shown.
fn show(given: &Given, moment: DateTime) -> String {
    match given.last_of("sSLOW") {
        Some('s') => moment.seconds_since_year_one().to_string(),
        Some('S') => moment.epoch.to_string(),
        Some('L') => moment.local_text(),
        Some('O') => moment.ordinal_text(),
        Some('W') => moment.week_text(),
        _ => moment.to_string(),
    }
}

pub(super) fn run(
    given: &Given,
    around: &Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let now = DateTime { epoch: around.now, offset: around.offset };
    let mut moment = None;
    let mut last = None;
    if given.has('n') {
        let text = show(given, now);
        writeln!(console.out, "Current date/time: {text}")?;
    }
    if let Some(written) = given.get('d') {
        let is_now = written == "now";
        let Some(date) = (if is_now { Some(now) } else { read(written, now) }) else {
            return refuse("date/time", written, console);
        };
        let text = show(given, date);
        writeln!(console.out, "{}: {text}", if is_now { "Current date/time" } else { "Date" })?;
        moment = Some(date);
        last = Some(text);
    }
    if let Some(written) = given.get('D') {
        let Some(duration) = Duration::parse(written) else {
            return refuse("duration", written, console);
        };
        writeln!(console.out, "Duration: {duration}")?;
        if let Some(moment) = moment {
            let text = show(given, moment.plus(duration));
            writeln!(console.out, "Duration ends at: {text}")?;
            last = Some(text);
        }
    }
    if let Some(written) = given.get('p') {
        let Some(Period { start, end }) = Period::parse(written, now) else {
            return refuse("interval", written, console);
        };
        let text = format!("{} to {}", show(given, start), show(given, end));
        writeln!(console.out, "Period: {text}")?;
        last = Some(text);
    }
    if !given.words.is_empty() {
        return Ok(USAGE);
    }
    Ok(match given.get('E') {
        Some(expected) if last.as_deref() != Some(expected) => Exit::Old(1),
        _ => Exit::Done,
    })
}

fn read(written: &str, now: DateTime) -> Option<DateTime> {
    if written == "epoch" {
        return Some(DateTime::from_epoch(0));
    }
    DateTime::parse(written, now)
}

fn refuse(what: &str, written: &str, console: &mut Console<'_>) -> Result<Exit, Stop> {
    writeln!(console.err, "iso8601: Invalid {what} specified: {written}")?;
    Ok(BAD_PARAMETER)
}
