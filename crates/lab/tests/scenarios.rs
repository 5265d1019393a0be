//! Runs every scenario of `scenarios/` on every pair it is for, in namespaces, several at once.
//!
//! Not run by the ordinary harness: this program is started again inside the lab, as the first
//! process of its hosts, as its client and as its web server. Words on the command line choose
//! scenarios and pairs by a part of `name pair`. Where something can't be run the reason is
//! printed; with `CI=true` that is a failure.

use anyhow::{Context, Result, ensure};
use lab::Outcome;
use sim::scenario::{Pair, Role};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Marks the processes of the lab that is killed.
const MARK: &str = "HANDOVER_LAB_MARK";

/// Generous: what is waited for takes well under a second.
const PATIENCE: Duration = Duration::from_secs(30);

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
    match nothing_outlives_a_killed_lab(&wanted).and_then(|()| run(&wanted)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("scenarios: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A lab that is killed without a chance to clean up takes hosts, daemons and networks along.
fn nothing_outlives_a_killed_lab(wanted: &[&str]) -> Result<()> {
    let Some(pair) =
        Pair::ALL.into_iter().find(|&pair| lab::impossible(Role::Heartbeat, pair).is_none())
    else {
        println!("skipped: nothing outlives a killed lab: no pair can be run here");
        return Ok(());
    };
    if !wanted.is_empty() {
        return Ok(());
    }
    let mark = format!("{MARK}={}", std::process::id());
    let mut lab = Command::new(std::env::current_exe()?)
        .args(["lab", "--scenario", "start_together", "--pair", &pair.to_string()])
        .env(MARK, std::process::id().to_string())
        .stdout(Stdio::null())
        .spawn()?;
    // Lab, world, and two processes for each of two nodes, client and gateway.
    let up = wait_for(|| marked(&mark) >= 10);
    lab.kill()?;
    lab.wait()?;
    up.context("the lab's hosts did not come up")?;
    wait_for(|| marked(&mark) == 0).context("processes of a killed lab live on")?;
    println!("passed   nothing outlives a killed lab");
    Ok(())
}

fn wait_for(mut test: impl FnMut() -> bool) -> Result<()> {
    let begin = Instant::now();
    while !test() {
        ensure!(begin.elapsed() < PATIENCE, "not after {} s", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// How many processes have this in their environment.
fn marked(mark: &str) -> usize {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let environments =
        processes.filter_map(|entry| std::fs::read(entry.path().join("environ")).ok());
    environments.filter(|all| all.split(|&b| b == 0).any(|one| one == mark.as_bytes())).count()
}

fn run(wanted: &[&str]) -> Result<bool> {
    let mut scenarios = lab::router_scenarios()?;
    scenarios.extend(lab::scenarios()?);
    for scenario in &mut scenarios {
        let chosen = |pair: &Pair| {
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
