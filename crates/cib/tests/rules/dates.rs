//! Conditions on the date, judged at 2009-12-01 05:10:20Z.

use super::judge;
use cib::date::DateTime;
use cib::rules::{Context, NextChange, passes};
use cib::xml::Document;

/// Seconds since 1970 of a time on that day.
fn at(time: &str) -> i64 {
    let text = format!("2009-12-01 {time}Z");
    DateTime::parse(&text, super::NOW).expect("a time").epoch
}

#[test]
fn dates_hold_until_they_do_not_and_the_change_is_known() {
    for (condition, holds, change) in [
        ("operation='gt' start='2009-12-01 06:00Z'", false, Some(at("06:00:01"))),
        ("operation='gt' start='2009-12-01 05:10:20Z'", false, Some(at("05:10:21"))),
        ("operation='gt' start='2009-12-01 05:10:19Z'", true, None),
        ("operation='gt'", false, None),
        ("operation='gt' start='junk'", false, None),
        ("operation='gt' end='2009-12-01 05:00Z'", false, None),
        ("operation='lt' end='2009-12-01 06:00Z'", true, Some(at("06:00"))),
        ("operation='lt' end='2009-12-01 05:10:20Z'", false, None),
        (
            "operation='in_range' start='2009-12-01 06:00Z' end='2009-12-02'",
            false,
            Some(at("06:00")),
        ),
        (
            "operation='in_range' start='2009-12-01 05:00Z' end='2009-12-01 07:00Z'",
            true,
            Some(at("07:00:01")),
        ),
        (
            "operation='in_range' start='2009-12-01 05:10:20Z' end='2009-12-01 05:10:20Z'",
            true,
            Some(at("05:10:21")),
        ),
        ("operation='in_range' start='2009-12-01 04:00Z' end='2009-12-01 05:00Z'", false, None),
        ("operation='in_range' start='2009-12-01 05:00Z'", true, None),
        ("operation='in_range' end='2009-12-01 07:00Z'", true, Some(at("07:00:01"))),
        ("operation='in_range' start='junk' end='2009-12-01 07:00Z'", true, Some(at("07:00:01"))),
        ("operation='in_range'", false, None),
        ("operation='eq' start='2009-12-01 05:10:20Z'", false, None),
        ("start='2009-12-01 05:10:20Z'", false, None),
    ] {
        assert_eq!(
            judge(&format!("<date_expression {condition}/>")),
            (holds, change),
            "{condition}"
        );
    }
}

#[test]
fn a_duration_from_the_start_stands_in_for_the_end() {
    let within = |start: &str, length: &str| {
        let condition = format!("operation='in_range' start='{start}'");
        judge(&format!("<date_expression {condition}><duration {length}/></date_expression>"))
    };
    assert_eq!(within("2009-12-01", "hours='6'"), (true, Some(at("06:00:01"))));
    assert_eq!(within("2009-12-01", "hours='5'"), (false, None));
    assert_eq!(within("2009-10-30", "months='1' days='1' hours='6'"), (true, Some(at("06:00:01"))));
    assert_eq!(within("2009-12-01", "hours='some'"), (false, None));
    let both = "<date_expression operation='in_range' start='2009-11-29' end='2009-11-30'>\
                <duration days='10'/></date_expression>";
    assert_eq!(judge(both), (false, None), "a written end counts");
}

#[test]
fn each_field_of_a_specification_must_match() {
    for (fields, expected) in [
        ("seconds='20' minutes='10' hours='5' monthdays='1' months='12' years='2009'", true),
        ("weekdays='2' weeks='49' weekyears='2009' yeardays='335'", true),
        ("hours='5' minutes='11'", false),
        ("weekdays='1'", false),
        ("yeardays='336'", false),
        ("hours='5-7'", true),
        ("hours='4-5'", true),
        ("hours='1-4'", false),
        ("hours='6-'", false),
        ("hours='5-'", true),
        ("hours='-5'", true),
        ("hours='-4'", false),
        ("hours='7-3'", false),
        ("hours='1,5'", true),
        ("hours='1-2,6'", false),
        ("hours=' 05 '", true),
        ("hours='x'", true),
        ("hours=''", true),
        ("", true),
    ] {
        let spec = format!(
            "<date_expression operation='date_spec'><date_spec {fields}/></date_expression>"
        );
        assert_eq!(judge(&spec), (expected, None), "{fields}");
    }
    assert_eq!(judge("<date_expression operation='date_spec'/>"), (true, None));
}

#[test]
fn fields_are_read_by_the_clock_at_hand() {
    let text = "<rule><date_expression operation='date_spec'><date_spec hours='0'/></date_expression></rule>";
    let rule = Document::parse(text).expect("well-formed");
    let in_new_york = DateTime { offset: -5 * 3600, ..super::NOW };
    assert!(passes(rule.root(), &Context::at(in_new_york), &mut NextChange::default()));
}

#[test]
fn the_earliest_change_counts_and_judging_stops_where_it_is_decided() {
    let later = "<date_expression operation='lt' end='2009-12-01 08:00Z'/>";
    let sooner = "<date_expression operation='lt' end='2009-12-01 06:00Z'/>";
    assert_eq!(judge(&format!("{later}{sooner}")), (true, Some(at("06:00"))));
    assert_eq!(
        judge(&format!("<rule boolean-op='or'>{later}{sooner}</rule>")),
        (true, Some(at("08:00")))
    );
}
