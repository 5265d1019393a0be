//! Our node keeps every promise: random schedules, every order of first events, scenario files.
#![expect(clippy::disallowed_methods, reason = "the test is the shell that reads the scenarios")]

use cluster::Node;
use cluster::config::AutoFailback;
use sim::exhaustive::{Situation, exhaust};
use sim::player::{Verdict, play_scenario};
use sim::{Setup, play, search};

#[test]
fn five_hundred_random_schedules_break_no_promise() {
    let report = search::<Node>(1..=500, &mut || true);
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(report.schedules, 500);
}

#[test]
fn one_seed_is_one_story() {
    let schedule = sim::Schedule::random(77);
    let story = || play::<Node>(&schedule, true).log().join("\n");
    assert_eq!(story(), story());
}

#[test]
fn every_order_of_the_first_three_events_is_fine() {
    for auto_failback in [AutoFailback::On, AutoFailback::Off] {
        let setup = Setup { ucast: true, auto_failback, ..Setup::plain() };
        for situation in Situation::ALL {
            let reached = exhaust::<Node>(&setup, situation, 3, &mut || true);
            assert!(reached.failure.is_none() && reached.depth == 3, "{reached}");
        }
    }
}

#[test]
fn every_scenario_that_needs_no_lab_passes_in_virtual_time() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("scenarios/ is part of the repository")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    files.sort();
    let mut passed = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        let name = file.file_stem().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        let scenario = sim::scenario::parse(&name, &text).expect("a scenario");
        match play_scenario::<Node>(&scenario) {
            (Verdict::Passed, _) => passed += 1,
            (Verdict::LabOnly(why), _) => println!("{name}: only in the lab: {why}"),
            (Verdict::Failed { line, text, why }, log) => {
                panic!("{}\n{name}: line {line}: {text}: {why}", log.join("\n"))
            }
        }
    }
    assert!(passed >= 20, "only {passed} scenarios were played");
}
