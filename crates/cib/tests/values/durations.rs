//! Durations and periods, against answers of the `iso8601` tool of Pacemaker 2.1.5.

use cib::date::{DateTime, Duration, Period};

const NOW: DateTime = DateTime::from_epoch(1_795_305_120);

fn date(text: &str) -> DateTime {
    DateTime::parse(text, NOW).expect("a date")
}

fn duration(text: &str) -> Duration {
    Duration::parse(text).expect("a duration")
}

#[test]
fn durations_are_read_and_printed_as_the_real_tool_does() {
    for (text, printed) in [
        ("P1Y", "   1 year "),
        ("P1M", " 1 month "),
        ("P1D", " 1 day "),
        ("P1W", " 7 days "),
        ("P1W1D", " 8 days "),
        ("PT1H", "3600 seconds (1 hour)"),
        ("PT1H1H", "7200 seconds (2 hours)"),
        ("PT1M", "60 seconds (1 minute)"),
        ("PT1S", "1 second"),
        (
            "P1Y2M3DT4H5M6S",
            "   1 year  2 months  3 days 14706 seconds (4 hours 5 minutes 6 seconds)",
        ),
        ("PT", "0 seconds"),
        ("P0D", "0 seconds"),
        ("P-1D", "-1 days "),
        ("P1D/2009", " 1 day "),
        ("P1D P2D", " 1 day "),
        ("P1D2M", " 2 months  1 day "),
        ("P1Y1Y", "   1 year "),
        ("P1H", "3600 seconds (1 hour)"),
        ("PT1D", " 1 day "),
        ("PT10M30S", "630 seconds (10 minutes 30 seconds)"),
        ("P1DT0S", " 1 day "),
    ] {
        assert_eq!(duration(text).to_string(), printed, "{text}");
    }
    for text in
        ["", "P", "P1", "PT5", "1D", "p1d", "-P1D", "PT1.5H", "P0001-02-03T04:05:06", "P1DX"]
    {
        assert_eq!(Duration::parse(text), None, "{text:?}");
    }
}

#[test]
fn durations_are_added_years_first_keeping_the_day_of_the_year() {
    for (start, length, end) in [
        ("2009-01-31", "P1M", "2009-02-28 00:00:00Z"),
        ("2008-01-31", "P1M", "2008-02-29 00:00:00Z"),
        ("2009-01-31", "P25M", "2011-02-28 00:00:00Z"),
        ("2009-01-31", "P2M", "2009-03-31 00:00:00Z"),
        ("2009-01-31", "P1M1D", "2009-03-01 00:00:00Z"),
        ("2009-01-31", "P1M2W", "2009-03-14 00:00:00Z"),
        ("2009-12-31 23:59:59Z", "PT61S", "2010-01-01 00:01:00Z"),
        ("2009-12-31 23:59:59Z", "P13M", "2011-01-31 23:59:59Z"),
        ("2008-03-01", "P1Y", "2009-03-02 00:00:00Z"),
        ("2008-03-01", "P1Y1M", "2009-04-02 00:00:00Z"),
        ("2008-03-01", "P12M", "2009-03-01 00:00:00Z"),
        ("2008-02-29", "P1Y", "2009-03-01 00:00:00Z"),
        ("2008-02-29", "P-1Y-1M", "2007-02-01 00:00:00Z"),
        ("2008-02-29", "P1M30D", "2008-04-28 00:00:00Z"),
        ("2008-12-31", "P1Y", "2009-12-31 00:00:00Z"),
        ("2008-12-31", "P-2M", "2008-10-31 00:00:00Z"),
        ("2009-03-01", "P-1D", "2009-02-28 00:00:00Z"),
        ("2009-03-01", "PT-1H", "2009-02-28 23:00:00Z"),
    ] {
        assert_eq!(date(start).plus(duration(length)).to_string(), end, "{start} + {length}");
    }
}

#[test]
fn periods_take_a_duration_on_either_side() {
    for (text, answer) in [
        ("2005-040/2005-043", Some(("2005-02-09 00:00:00Z", "2005-02-12 00:00:00Z"))),
        ("2009-12-01/P1M", Some(("2009-12-01 00:00:00Z", "2010-01-01 00:00:00Z"))),
        ("P1M/2009-03-31", Some(("2009-02-28 00:00:00Z", "2009-03-31 00:00:00Z"))),
        ("P1Y/2009-03-01", Some(("2008-02-29 00:00:00Z", "2009-03-01 00:00:00Z"))),
        ("P1Y2M3DT4H5M6S/2009-03-31", Some(("2008-01-26 19:54:54Z", "2009-03-31 00:00:00Z"))),
        ("2009-12-02/2009-12-01", Some(("2009-12-02 00:00:00Z", "2009-12-01 00:00:00Z"))),
        ("PT1H", Some(("2026-11-21 23:52:00Z", "2026-11-22 00:52:00Z"))),
        ("2009-12-01", None),
        ("2009-12-01/", None),
        ("/2009-12-01", None),
    ] {
        let period = Period::parse(text, NOW);
        let printed = period.map(|period| (period.start.to_string(), period.end.to_string()));
        let answer = answer.map(|(start, end)| (start.to_owned(), end.to_owned()));
        assert_eq!(printed, answer, "{text}");
    }
}

#[test]
fn endless_durations_stay_within_bounds() {
    let long = format!("P{}", "2147483648Y2147483648M".repeat(3) + "T" + &"9999999H".repeat(1000));
    let end = date("2009-12-01").plus(duration(&long));
    assert!(end.fields().year > 99_999);
    assert_eq!(Duration::parse("P99999999999D"), None);
}
