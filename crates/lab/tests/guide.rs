//! The guides "From Heartbeat to Handover" and "From keepalived to Handover" do what they say: their
//! commands run in the lab.
//!
//! A comment `<!-- lab … -->` in a guide holds lines of the scenario language: the pair that the
//! text speaks of, and what must be seen after a command. One with a `cluster` line begins a new
//! scenario. A block ```` ```sh ```` begins with `# on node1` or `# on node2`; each further line is
//! run there and must end with 0. Other blocks are not run. Where the lab can't run, the reason is
//! printed; with `CI=true` that is a failure.

use lab::Outcome;
use sim::scenario::{Maker, Pair, Scenario, parse};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const HEARTBEAT: &str = "docs/guide/from-heartbeat-to-handover.md";
const KEEPALIVED: &str = "docs/guide/from-keepalived-to-handover.md";

/// Parts that say nothing else are about a pair of ours.
const OURS: Pair = Pair(Maker::Ours, Maker::Ours);

/// Commands in each guide, at least: fewer mean that blocks are no longer found.
const COMMANDS_MIN: usize = 20;

#[test]
fn every_command_of_heartbeats_guide_does_what_the_text_says() {
    run(HEARTBEAT);
}

#[test]
fn every_command_of_keepaliveds_guide_does_what_the_text_says() {
    run(KEEPALIVED);
}

fn run(guide: &str) {
    let scenarios = scenarios_of(guide, &text_of(guide));
    let place = tempfile::tempdir().expect("a directory");
    for (index, text) in scenarios.iter().enumerate() {
        let scenario = understood(text);
        let path = place.path().join(format!("part_{}_of_the_guide.txt", index + 1));
        fs::write(&path, text).expect("the scenario is written");
        // A part is told for one situation; `pairs` says which, ours on both nodes without it.
        let pair = if text.contains("\npairs ") { scenario.pairs[0] } else { OURS };
        let report = lab::run(&path.to_string_lossy(), pair).expect("the lab runs");
        println!("{report}");
        if let Outcome::Skipped { .. } = report.outcome {
            let must_run = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!must_run, "CI=true: what is skipped counts as failed");
        }
        assert!(!report.failed(), "{text}");
    }
}

#[test]
fn guides_are_made_of_parts_that_the_lab_understands() {
    for guide in [HEARTBEAT, KEEPALIVED] {
        let scenarios = scenarios_of(guide, &text_of(guide));
        for text in &scenarios {
            understood(text);
        }
        let commands = scenarios.join("\n").lines().filter(|line| line.starts_with("run ")).count();
        assert!(commands >= COMMANDS_MIN, "only {commands} commands were found in {guide}");
    }
}

fn text_of(guide: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(guide);
    fs::read_to_string(path).expect("the guide")
}

fn understood(text: &str) -> Scenario {
    parse("guide", text).unwrap_or_else(|found| panic!("{found:?} in\n{text}"))
}

/// Where a line of the guide stands.
enum Place<'a> {
    Text,
    Lab,
    Commands { node: &'a str },
    OtherBlock,
}

/// The scenarios that a guide's blocks and comments make, in order.
fn scenarios_of(name: &str, guide: &str) -> Vec<String> {
    let mut scenarios: Vec<String> = Vec::new();
    let mut place = Place::Text;
    for line in guide.lines() {
        place = match (place, line) {
            (Place::Text, "<!-- lab") => Place::Lab,
            (Place::Lab, "-->") | (Place::Commands { .. } | Place::OtherBlock, "```") => {
                Place::Text
            }
            (Place::Lab, line) => {
                if line.starts_with("cluster ") {
                    scenarios.push(format!("# A part of {name}.\n"));
                }
                let current = scenarios.last_mut().expect("`cluster` stands first");
                writeln!(current, "{line}").expect("memory");
                Place::Lab
            }
            (Place::Text, "```sh") => Place::Commands { node: "" },
            (Place::Text, line) if line.starts_with("```") => Place::OtherBlock,
            (Place::Commands { node: "" }, line) => {
                let node = line.strip_prefix("# on ").expect("a block says where it is run");
                Place::Commands { node }
            }
            (Place::Commands { node }, command) => {
                let current = scenarios.last_mut().expect("a pair is told before commands");
                writeln!(current, "run {command} on {node}\nexpect exit 0").expect("memory");
                Place::Commands { node }
            }
            (same, _) => same,
        };
    }
    scenarios
}
