//! Pacemaker's own cases, as far as they can be judged without planning: their graphs are read
//! and written as they stand.

use scheduler::graph;
use yardstick::corpus::{Case, load, usual_place};
use yardstick::verdict::{normal_graph, same_lines};

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
