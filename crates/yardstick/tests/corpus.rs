//! Pacemaker's own cases, as far as they can be judged without planning: their graphs are read
//! and written as they stand.

use cib::xml::Document;
use scheduler::{World, execute, graph};
use yardstick::board;
use yardstick::command::judge;
use yardstick::corpus::{Case, load, usual_place};
use yardstick::subject::Subject;
use yardstick::verdict::{line_differences, normal_graph, same_lines, section};

/// Every case; none without a corpus, which is an error in CI.
fn cases() -> Vec<Case> {
    let place = usual_place();
    if !place.exists() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {}", place.display());
        println!("skipped: no corpus");
        return Vec::new();
    }
    load(&place).expect("the corpus' own format")
}

#[test]
fn every_graph_is_read_and_written_as_it_stands() {
    for case in cases() {
        let read =
            graph::read(&case.graph).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let mut text = String::new();
        graph::write(&read, &mut text);
        assert!(same_lines(&normal_graph(&case.graph), &normal_graph(&text)), "{}", case.name);
        let again = graph::read(&text).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let differences = graph::differences(&read, &again);
        assert!(differences.is_empty(), "{}:\n{differences}", case.name);
    }
}

#[test]
fn every_graph_is_carried_out_in_the_expected_order() {
    for case in cases() {
        let graph = graph::read(&case.graph).expect("read above");
        let mut document = Document::parse(case.input.as_str()).expect("an input");
        let execution = execute(&graph, &mut document, &World::default());
        let expected = section(&case.summary, "Executing Cluster Transition:");
        let found: Vec<&str> = execution.text.lines().collect();
        assert!(execution.complete, "{}", case.name);
        assert!(
            same_lines(&expected.join("\n"), &execution.text),
            "{}:\n{}",
            case.name,
            line_differences(&expected.join("\n"), &found.join("\n")).join("\n")
        );
    }
}

#[test]
fn every_case_that_the_scoreboard_lists_as_passing_passes() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/scheduler-corpus.md");
    let page = std::fs::read_to_string(page).expect("the scoreboard");
    let board = board::parse(&page);
    for case in cases().iter().filter(|case| board.passing.contains(&case.name)) {
        let (verdict, words) = judge(&Subject::Ours, case);
        assert!(verdict.passed(), "{} passed before:\n{words}", case.name);
    }
}
