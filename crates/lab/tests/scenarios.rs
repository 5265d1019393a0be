//! Runs every scenario of `scenarios/` on every pair it is for, in namespaces, several at once.
//!
//! Not run by the ordinary harness: this program is started again inside the lab, as the first
//! process of its hosts, as its client and as its web server. Words on the command line choose
//! scenarios and pairs by a part of `name pair`. Where something can't be run the reason is
//! printed; with `CI=true` that is a failure.

use lab::Outcome;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("lab", rest)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return ExitCode::from(u8::try_from(lab::main(rest)).unwrap_or(1));
    }
    // `cargo test -- --list` asks every test program.
    if words.iter().any(|word| word == "--list") {
        println!("0 tests, 0 benchmarks");
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&str> =
        words.iter().filter(|word| !word.starts_with('-')).map(String::as_str).collect();
    match run(&wanted) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("scenarios: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(wanted: &[&str]) -> Result<bool, anyhow::Error> {
    let mut scenarios = lab::scenarios()?;
    for scenario in &mut scenarios {
        let chosen = |pair: &sim::scenario::Pair| {
            let title = format!("{} {pair}", scenario.name);
            wanted.iter().all(|word| title.contains(word))
        };
        let kept: Vec<_> = scenario.pairs.iter().copied().filter(|pair| chosen(pair)).collect();
        scenario.pairs = kept;
    }
    let reports = lab::run_all(&scenarios, &|report| println!("{report}"))?;
    let count = |test: fn(&Outcome) -> bool| reports.iter().filter(|r| test(&r.outcome)).count();
    let failed = count(|outcome| matches!(outcome, Outcome::Failed { .. }));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped { .. }));
    println!("{} runs, {failed} failed, {skipped} skipped", reports.len());
    let must_run = std::env::var("CI").is_ok_and(|ci| ci == "true");
    if must_run && skipped > 0 {
        println!("CI=true: what is skipped here counts as failed");
    }
    Ok(failed == 0 && !(must_run && skipped > 0))
}
