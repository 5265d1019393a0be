//! `cargo xtask bench vrrp`: how long clients wait, what thousands of virtual routers cost and how
//! soon they speak, with keepalived 2.2.7 and with us.
//!
//! Every row of `rows.rs` is measured on a pair of the real one and on a pair of ours, one after
//! the other on the same machine. Each measurement runs in a world of its own (`failover.rs`,
//! `many.rs`, `hogs.rs`) and prints its samples; here they are gathered and judged (`verdict.rs`)
//! and written down (`page.rs`).

mod client;
mod ear;
mod failover;
mod hogs;
mod host;
mod many;
mod net;
mod page;
mod peer;
mod rows;
mod verdict;

use super::sample::{self, Sample};
use super::{IMPOSSIBLE, REPETITIONS};
use crate::world;
use anyhow::{Context, Result, bail, ensure};
use rows::{Job, ROWS, Row};
use sim::scenario::{Maker, Pair};
use std::path::Path;
use std::time::{Duration, Instant};
use verdict::Line;

/// How long the hogs run.
const HOGS_TIME: Duration = Duration::from_mins(1);
/// Where the figures of a whole run go, below the checkout.
const PAGE: &str = "docs/reference/speed-vrrp.md";

/// What `--help` prints.
const HELP: &str = "\
cargo xtask bench vrrp [--rows WORD,…] [--reps N] [--only ours|real] [--hogs-seconds N]

Measures pairs of real keepalived 2.2.7 and of ours in turn; takes a quarter of an hour.
A row is measured when its name contains one of the words.
A run of all rows on both, with at least 7 repetitions, writes docs/reference/speed-vrrp.md.
Exit code 1: one of our targets is not met. 77: it can't be measured here.
";

/// What is to be measured.
#[derive(Clone, PartialEq, Debug)]
struct Plan {
    rows: Vec<Row>,
    makers: Vec<Maker>,
    repetitions: usize,
    hogs: Duration,
}

/// The benchmark's command line; returns the exit code.
pub(super) fn main(words: &[&str]) -> i32 {
    if words == ["--help"] || words == ["-h"] {
        print!("{HELP}");
        return 0;
    }
    let plan = match Plan::read(words) {
        Ok(plan) => plan,
        Err(error) => {
            eprint!("bench: {error:#}\n\n{HELP}");
            return 2;
        }
    };
    let missing = world::missing().or_else(|| {
        let mut makers = plan.makers.iter();
        makers.find_map(|maker| peer::program(*maker).err().map(|error| format!("{error:#}")))
    });
    if let Some(sentence) = missing {
        eprintln!("bench: {sentence}");
        return IMPOSSIBLE;
    }
    super::exit_code(plan.run())
}

impl Plan {
    fn read(words: &[&str]) -> Result<Self> {
        let mut plan = Self {
            rows: ROWS.to_vec(),
            makers: vec![Maker::Real, Maker::Ours],
            repetitions: REPETITIONS,
            hogs: HOGS_TIME,
        };
        let mut words = words.iter();
        while let Some(&option) = words.next() {
            let value = words.next().with_context(|| format!("`{option}` needs a value"))?;
            match option {
                "--rows" => {
                    let asked: Vec<&str> = value.split(',').collect();
                    plan.rows.retain(|row| asked.iter().any(|word| row.name.contains(word)));
                    ensure!(!plan.rows.is_empty(), "no row's name contains `{value}`");
                }
                "--reps" => plan.repetitions = super::number(value)?.try_into()?,
                "--hogs-seconds" => plan.hogs = Duration::from_secs(super::number(value)?),
                "--only" => plan.makers = vec![super::maker(value)?],
                other => bail!("there is no option `{other}`"),
            }
        }
        Ok(plan)
    }

    /// Measures everything; true when every target of ours that could be judged is met.
    fn run(&self) -> Result<bool> {
        let machine = super::page::Machine::look();
        eprintln!("bench: {machine}");
        let began = Instant::now();
        let mut lines: Vec<Line> = self.rows.iter().map(|row| Line::new(*row)).collect();
        for job in rows::jobs(&self.rows) {
            for &maker in &self.makers {
                let seconds = began.elapsed().as_secs();
                let name = if maker == Maker::Ours { "ours" } else { "keepalived" };
                eprintln!("bench: {job:?} on {name}, {seconds} s since the start");
                let samples = self.one_world(job, maker)?;
                for line in lines.iter_mut().filter(|line| line.row.job == job) {
                    line.take(maker, &samples);
                }
            }
            for line in lines.iter().filter(|line| line.row.job == job) {
                println!("{}", line.sentence(self.wanted(job)));
            }
        }
        if self.is_whole() {
            super::page::save(Path::new(PAGE), &page::text(&machine, &lines, self.repetitions))?;
        }
        Ok(!lines.iter().any(|line| line.met(self.wanted(line.row.job)) == Some(false)))
    }

    /// A run whose figures are published.
    fn is_whole(&self) -> bool {
        self.rows == ROWS
            && self.makers.len() == 2
            && self.repetitions >= REPETITIONS
            && self.hogs >= HOGS_TIME
    }

    /// How many samples of ours a row's verdict asks for.
    fn wanted(&self, job: Job) -> usize {
        if self.makers.contains(&Maker::Ours) { job.samples(self.repetitions) } else { 0 }
    }

    /// The samples of a job. What ends early is told, and its rows are not met.
    fn one_world(&self, job: Job, maker: Maker) -> Result<Vec<Sample>> {
        let place = rows::jobs(ROWS).iter().position(|known| *known == job).unwrap_or(0);
        let words = [
            "bench".to_owned(),
            "vrrp".to_owned(),
            place.to_string(),
            Pair(maker, maker).to_string(),
            job.samples(self.repetitions).to_string(),
            self.hogs.as_secs().to_string(),
        ];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        sample::gather(&words, &format!("{job:?}"))
    }
}

/// `lab inside bench vrrp JOB PAIR SAMPLES SECONDS`: measures in this world and prints samples.
///
/// # Errors
/// When the pair does not do in time what it is to be measured at.
pub(super) fn inside(words: &[&str]) -> Result<()> {
    let [job, pair, samples, seconds] = words else { bail!("bench vrrp needs four words") };
    let place: usize = job.parse().context("not a job")?;
    let job = *rows::jobs(ROWS).get(place).context("not a job")?;
    let Pair(maker, _) = Pair::parse(pair).context("not a pair")?;
    let samples: usize = super::number(samples)?.try_into()?;
    let time = Duration::from_secs(super::number(seconds)?);
    match job {
        Job::Failover(case, end) => failover::run(maker, case, end, samples),
        Job::Reload => many::reload(maker, samples),
        Job::Scale => many::scale(maker),
        Job::Start => many::start(maker, samples),
        Job::Hogs => hogs::run(maker, time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_options_everything_is_measured_on_both() {
        assert!(Plan::read(&[]).expect("fine").is_whole());
    }

    #[test]
    fn rows_are_chosen_by_a_part_of_their_names() {
        let plan = Plan::read(&["--rows", "kill,memory"]).expect("fine");
        let names: Vec<_> = plan.rows.iter().map(|row| row.name).collect();
        let expected = ["kill-v2", "kill-v3", "kill-100ms", "kill-10ms", "memory", "memory-backup"];
        assert_eq!(names, expected);
        assert!(!plan.is_whole());
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        for words in [&["--reps"][..], &["--reps", "0"], &["--rows", "x"], &["--fast", "1"]] {
            assert!(Plan::read(words).is_err(), "{words:?}");
        }
    }
}
