//! Scores, booleans, intervals, roles and names.

use cib::value::{
    MAX_INTERVAL_MS, Role, Score, boolean, interval_ms, ms_to_s, numeric_name_order,
    without_instance_number,
};
use proptest::prelude::*;
use std::cmp::Ordering;

#[test]
fn scores_are_read_as_the_scheduler_reads_them() {
    for (text, score) in [
        ("5", Some(5)),
        ("-5", Some(-5)),
        ("+5", Some(5)),
        ("1.0", Some(1)),
        ("-1.9", Some(-1)),
        (" 5", Some(5)),
        ("5%", Some(5)),
        ("0005", Some(5)),
        ("1e3", Some(1)),
        ("0x10", Some(0)),
        ("999999", Some(999_999)),
        ("1000000", Some(1_000_000)),
        ("2147483648", Some(1_000_000)),
        ("-1000001", Some(-1_000_000)),
        ("-99999999999999999999", Some(-1_000_000)),
        ("INFINITY", Some(1_000_000)),
        ("+INFINITY", Some(1_000_000)),
        ("-INFINITY", Some(-1_000_000)),
        ("infinity", None),
        ("INFINITYx", None),
        ("red", None),
        ("--5", None),
        ("- 5", None),
        ("", None),
    ] {
        assert_eq!(Score::parse(text).map(Score::get), score, "{text:?}");
    }
}

#[test]
fn never_wins_over_always() {
    let (always, never, one) = (Score::INF, Score::NEG_INF, Score::new(1));
    assert_eq!(always + never, never);
    assert_eq!(never + always, never);
    assert_eq!(always + -one, always);
    assert_eq!(never + one, never);
    assert_eq!(Score::new(999_999) + one, always);
    assert_eq!(-always, never);
    let printed = [always, never, -one].map(|score| score.to_string());
    assert_eq!(printed, ["INFINITY", "-INFINITY", "-1"]);
}

proptest! {
    #[test]
    fn sums_stay_between_the_infinities(left in any::<i64>(), right in -1_000_000_i64..1_000_000) {
        let (left, right) = (Score::new(left), Score::new(right));
        let sum = left + right;
        prop_assert_eq!(sum, right + left);
        prop_assert!(Score::NEG_INF <= sum && sum <= Score::INF);
        prop_assert_eq!(Score::parse(&sum.to_string()), Some(sum));
    }

    #[test]
    fn the_order_of_names_is_an_order(names in prop::collection::vec("[aB01:9-]{0,5}", 3)) {
        let order = |a: usize, b: usize| numeric_name_order(&names[a], &names[b]);
        prop_assert_eq!(order(0, 1), order(1, 0).reverse());
        if order(0, 1) != Ordering::Greater && order(1, 2) != Ordering::Greater {
            prop_assert_ne!(order(0, 2), Ordering::Greater);
        }
    }
}

#[test]
fn yes_and_no_have_five_words_each() {
    for text in ["true", "TRUE", "on", "Yes", "y", "1"] {
        assert_eq!(boolean(text), Some(true), "{text}");
    }
    for text in ["false", "Off", "no", "N", "0"] {
        assert_eq!(boolean(text), Some(false), "{text}");
    }
    for text in ["", " true", "t", "2", "enabled"] {
        assert_eq!(boolean(text), None, "{text}");
    }
}

#[test]
fn intervals_are_read_as_the_scheduler_reads_them() {
    for (text, milliseconds) in [
        ("5", Some(5000)),
        ("5s", Some(5000)),
        ("5000ms", Some(5000)),
        ("5msec", Some(5)),
        ("5 s", Some(5000)),
        ("1.5s", Some(1000)),
        ("1.9ms", Some(1)),
        ("5.ms", Some(5)),
        ("2m", Some(120_000)),
        ("5 minutes", Some(300_000)),
        ("1hr", Some(3_600_000)),
        ("5hours", Some(18_000_000)),
        ("2us", Some(0)),
        ("2500usec", Some(2)),
        ("  7s", Some(7000)),
        ("5MS", Some(5)),
        ("0", Some(0)),
        ("4294967295s", Some(MAX_INTERVAL_MS)),
        ("99999999999999999999", Some(MAX_INTERVAL_MS)),
        ("PT5M", Some(300_000)),
        ("PT1H30M", Some(5_400_000)),
        ("P1D", Some(0)),
        ("P2D", Some(86_400_000)),
        ("P1DT1H", Some(3_600_000)),
        ("P1W", Some(518_400_000)),
        ("P1M", Some(2_592_000_000)),
        ("P1M2D", Some(2_678_400_000)),
        ("P1Y", Some(0)),
        ("P2Y", Some(MAX_INTERVAL_MS)),
        ("P1Y1M", Some(2_592_000_000)),
        ("P-1D", Some(0)),
        ("", None),
        ("-1", None),
        ("+5s", None),
        (".5s", None),
        ("5x", None),
        ("5d", None),
        ("5u", None),
        ("1e3", None),
        ("INFINITY", None),
        ("P", None),
        ("PT1.5S", None),
        ("p1d", None),
    ] {
        assert_eq!(interval_ms(text), milliseconds, "{text:?}");
    }
}

#[test]
fn milliseconds_become_whole_seconds_but_never_none() {
    let seconds = [0, 1, 499, 999, 1000, 1499, 1500, 2500].map(ms_to_s);
    assert_eq!(seconds, [0, 1, 1, 1, 1, 1, 2, 3]);
}

#[test]
fn roles_are_ordered_and_old_names_are_known() {
    assert!(Role::Unknown < Role::Stopped && Role::Stopped < Role::Started);
    assert!(Role::Started < Role::Unpromoted && Role::Unpromoted < Role::Promoted);
    assert_eq!(Role::parse("MASTER"), Some(Role::Promoted));
    assert_eq!(Role::parse("slave"), Some(Role::Unpromoted));
    assert_eq!(Role::parse("#default"), Some(Role::Unknown));
    assert_eq!(Role::parse("boss"), None);
    assert_eq!(Role::Promoted.to_string(), "Promoted");
}

#[test]
fn digits_in_names_count_as_numbers() {
    let mut names = vec!["node10", "Node2", "node1", "node02b", "node2a", "a", "node"];
    names.sort_by(|a, b| numeric_name_order(a, b));
    assert_eq!(names, ["a", "node", "node1", "Node2", "node2a", "node02b", "node10"]);
    assert_eq!(numeric_name_order("NODE1", "node1"), Ordering::Equal);
}

#[test]
fn only_a_number_after_the_last_colon_is_an_instance() {
    let names = ["web:3", "web", "web:", "web:x", "a:b:0"].map(without_instance_number);
    assert_eq!(names, ["web", "web", "web:", "web:x", "a:b"]);
}
