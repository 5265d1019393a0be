//! What is told about scores is what the scores are: on every case of the corpus and on random
//! clusters.

use cib::date::DateTime;
use cib::xml::Document;
use scheduler::why::why;
use scheduler::{moment, plan};
use std::collections::BTreeMap;
use yardstick::corpus::{load, usual_place};
use yardstick::generate;

/// Clusters made up for this.
const SEEDS: u64 = 40;

/// The contributions of so many resources of one document are folded; a few suffice to see a
/// stage that is not written down, and each costs a plan.
const RESOURCES: usize = 6;

/// Folds what is told about resources of a document and compares it with the printed scores.
fn compare(name: &str, document: &Document, now: i64, faults: &mut Vec<String>) {
    let mut printed = BTreeMap::new();
    for line in plan(document, now).scores {
        if let (Some(_), Some(node)) = (line.emitter, line.node) {
            printed.insert((line.resource, node), line.score);
        }
    }
    let mut resources: Vec<&String> = printed.keys().map(|(resource, _)| resource).collect();
    resources.dedup();
    let step = (resources.len() / RESOURCES).max(1);
    for resource in resources.into_iter().step_by(step) {
        let Some(why) = why(document, now, resource) else {
            faults.push(format!("{name}: {resource} is not known"));
            continue;
        };
        for one in &why.placements {
            for node in &one.nodes {
                let key = (one.resource.clone(), node.node.clone());
                let Some(score) = printed.get(&key) else { continue };
                if node.printed() != Some(*score) {
                    let told = &node.contributions;
                    faults.push(format!("{name}: {key:?} is {score}, told was {told:?}"));
                }
            }
        }
    }
}

#[test]
fn contributions_folded_in_their_order_give_the_scores_of_every_case() {
    let place = usual_place();
    if !place.exists() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {}", place.display());
        println!("skipped: no corpus");
        return;
    }
    let mut faults = Vec::new();
    for case in load(&place).expect("the corpus' own format") {
        let document = Document::parse(&*case.input).expect("the corpus' own documents");
        let now = moment(&document).unwrap_or(DateTime::from_epoch(1_700_000_000).epoch);
        compare(&case.name, &document, now, &mut faults);
    }
    assert!(faults.is_empty(), "{} faults, the first: {}", faults.len(), faults[0]);
}

#[test]
fn contributions_folded_in_their_order_give_the_scores_of_random_clusters() {
    let mut faults = Vec::new();
    for seed in 0..SEEDS {
        let document = Document::parse(generate::cib(seed)).expect("the generator's documents");
        compare(&format!("seed {seed}"), &document, 1_700_000_000, &mut faults);
    }
    assert!(faults.is_empty(), "{} faults, the first: {}", faults.len(), faults[0]);
}
