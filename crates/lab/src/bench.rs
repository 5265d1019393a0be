//! `cargo xtask bench heartbeat`: how long clients wait for the ancestor and for us.
//!
//! Every row of `rows.rs` is measured on a pair of real Heartbeat 3.0.6 and on a pair of ours, one
//! after the other on the same machine, in hosts of the same lab with the same configuration; the
//! client asks every [`crate::INTERVAL`]. Each measurement runs in a world of its own (`acts.rs`,
//! `footprint.rs`, `load.rs`) and prints its samples; here they are gathered, compared with the
//! targets (`verdict.rs`) and written down (`page.rs`).

mod acts;
mod load;
mod page;
mod rows;
mod sample;
mod verdict;
mod vrrp;

use crate::impossible;
use anyhow::{Context, Result, bail, ensure};
use rows::{Job, ROWS, Row};
use sample::Sample;
use sim::scenario::{Maker, Pair, Role};
use std::path::Path;
use std::time::Duration;
use verdict::{Figures, Line};

/// Repetitions, unless others are asked for: the fewest that a median is published of.
const REPETITIONS: usize = 7;

/// How long an idle pair is watched.
const IDLE_TIME: Duration = Duration::from_mins(1);

/// How long the hogs run.
const HOGS_TIME: Duration = Duration::from_mins(1);

/// Most worlds a measurement on real nodes gets: two of the ancestor's scripts that write to its
/// FIFO at once can lose a message, and such a pair never settles (measured:
/// docs/ancestors/heartbeat.md §9). A pair of ours gets one.
const REAL_ATTEMPTS: usize = 3;

/// Where the figures of a whole run go, below the checkout.
const PAGE: &str = "docs/reference/speed.md";

/// Exit code of what can't be measured here, as test programs use it.
const IMPOSSIBLE: i32 = 77;

/// What `--help` prints.
const HELP: &str = "\
cargo xtask bench heartbeat [--rows ROW,…] [--reps N] [--only ours|real]
                            [--idle-seconds N] [--hogs-seconds N]

Measures pairs of real Heartbeat 3.0.6 and of ours in turn; takes half an hour.
A run of all rows on both, with at least 7 repetitions, writes docs/reference/speed.md.
Exit code 1: one of our targets is not met. 77: it can't be measured here.
";

/// What is to be measured.
#[derive(Clone, PartialEq, Debug)]
struct Plan {
    rows: Vec<&'static Row>,
    makers: Vec<Maker>,
    repetitions: usize,
    idle: Duration,
    hogs: Duration,
}

/// The benchmark's command line; returns the exit code.
pub fn main(args: &[String]) -> i32 {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    if let ["vrrp", rest @ ..] = words.as_slice() {
        return vrrp::main(rest);
    }
    if words == ["--help"] || words == ["-h"] {
        print!("{HELP}");
        return 0;
    }
    let plan = match Plan::read(&words) {
        Ok(plan) => plan,
        Err(error) => {
            eprint!("bench: {error:#}\n\n{HELP}");
            return 2;
        }
    };
    for &maker in &plan.makers {
        if let Some(sentence) = impossible(Role::Heartbeat, Pair(maker, maker)) {
            eprintln!("bench: {sentence}");
            return IMPOSSIBLE;
        }
    }
    exit_code(plan.run())
}

/// What a benchmark ends with: 0 when every target of ours that could be judged is met.
fn exit_code(all_met: Result<bool>) -> i32 {
    match all_met {
        Ok(all_met) => i32::from(!all_met),
        Err(error) => {
            eprintln!("bench: {error:#}");
            1
        }
    }
}

impl Plan {
    fn read(words: &[&str]) -> Result<Self> {
        let mut plan = Self {
            rows: ROWS.iter().collect(),
            makers: vec![Maker::Real, Maker::Ours],
            repetitions: REPETITIONS,
            idle: IDLE_TIME,
            hogs: HOGS_TIME,
        };
        let mut words = words.iter();
        while let Some(&option) = words.next() {
            let value = words.next().with_context(|| format!("`{option}` needs a value"))?;
            match option {
                "--rows" => plan.rows = value.split(',').map(rows::named).collect::<Result<_>>()?,
                "--reps" => plan.repetitions = number(value)?.try_into()?,
                "--idle-seconds" => plan.idle = Duration::from_secs(number(value)?),
                "--hogs-seconds" => plan.hogs = Duration::from_secs(number(value)?),
                "--only" => plan.makers = vec![maker(value)?],
                other => bail!("there is no option `{other}`"),
            }
        }
        Ok(plan)
    }

    /// Measures everything; true when every target of ours that could be judged is met.
    fn run(&self) -> Result<bool> {
        let machine = page::Machine::look();
        eprintln!("bench: {machine}");
        let mut lines: Vec<Line> = self.rows.iter().map(|row| Line::new(row)).collect();
        for job in Job::ALL {
            if !lines.iter().any(|line| line.row.job == job) {
                continue;
            }
            for &maker in &self.makers {
                let samples = self.measure(job, maker)?;
                for line in &mut lines {
                    let values = samples.iter().filter(|sample| sample.row == line.row.name);
                    let figures = Figures::of(values.map(|sample| sample.value).collect());
                    if line.row.job == job {
                        *line.of(maker) = figures;
                    }
                }
            }
            for line in lines.iter().filter(|line| line.row.job == job) {
                println!("{}", line.sentence(self.judged(job)));
            }
        }
        if self.is_whole() {
            page::save(Path::new(PAGE), &page::text(&machine, &lines, self.repetitions))?;
        }
        let judged = |line: &Line| line.met(self.judged(line.row.job));
        Ok(!lines.iter().any(|line| judged(line) == Some(false)))
    }

    /// A run whose figures are published.
    fn is_whole(&self) -> bool {
        self.rows.len() == ROWS.len()
            && self.makers.len() == 2
            && self.repetitions >= REPETITIONS
            && self.idle >= IDLE_TIME
            && self.hogs >= HOGS_TIME
    }

    /// How many samples a row of this job has.
    fn wanted(&self, job: Job) -> usize {
        if job.is_a_long_look() { 1 } else { self.repetitions }
    }

    /// How many samples of ours a row's verdict asks for.
    fn judged(&self, job: Job) -> usize {
        if self.makers.contains(&Maker::Ours) { self.wanted(job) } else { 0 }
    }

    /// All samples of a job on a pair, from as many worlds as it may take.
    fn measure(&self, job: Job, maker: Maker) -> Result<Vec<Sample>> {
        let attempts = if maker == Maker::Real { REAL_ATTEMPTS } else { 1 };
        let mut samples = Vec::new();
        for _ in 0..attempts {
            let rows = ROWS.iter().filter(|row| row.job == job);
            let have = |row: &Row| samples.iter().filter(|s: &&Sample| s.row == row.name).count();
            let done = rows.map(have).min().unwrap_or(0);
            let missing = self.wanted(job).saturating_sub(done);
            if missing == 0 {
                break;
            }
            eprintln!("bench: {} on {}", job.word(), Pair(maker, maker));
            samples.extend(self.one_world(job, maker, missing)?);
        }
        Ok(samples)
    }

    fn one_world(&self, job: Job, maker: Maker, repetitions: usize) -> Result<Vec<Sample>> {
        let time = match job {
            Job::Hogs => self.hogs,
            _ => self.idle,
        };
        let (pair, count) = (Pair(maker, maker).to_string(), repetitions.to_string());
        let words = ["bench", job.word(), &pair, &count, &time.as_secs().to_string()];
        sample::gather(&words, &format!("{} on {pair}", job.word()))
    }
}

fn number(word: &str) -> Result<u64> {
    let number = word.parse().with_context(|| format!("`{word}` is no number"))?;
    ensure!(number > 0, "less than 1 makes no sense here");
    Ok(number)
}

fn maker(word: &str) -> Result<Maker> {
    match Pair::parse(&format!("{word}/{word}")) {
        Some(Pair(maker, _)) => Ok(maker),
        None => bail!("`{word}` is neither `ours` nor `real`"),
    }
}

/// `lab inside bench JOB PAIR REPETITIONS SECONDS`: measures in this world and prints the samples.
///
/// # Errors
/// When the pair does not do in time what it is to be measured at.
pub(crate) fn inside(words: &[&str]) -> Result<()> {
    if let ["vrrp", rest @ ..] = words {
        return vrrp::inside(rest);
    }
    let [job, pair, repetitions, seconds] = words else { bail!("bench needs four words") };
    let job = Job::parse(job).context("not a job")?;
    let pair = Pair::parse(pair).context("not a pair")?;
    let repetitions: usize = number(repetitions)?.try_into()?;
    let time = Duration::from_secs(number(seconds)?);
    acts::run(job, pair, repetitions, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_options_everything_is_measured_on_both() {
        let plan = Plan::read(&[]).expect("fine");
        assert!(plan.is_whole());
        assert_eq!(plan.wanted(Job::Standby), REPETITIONS);
        assert_eq!(plan.wanted(Job::Idle), 1);
    }

    #[test]
    fn a_part_of_the_rows_is_not_a_whole_run() {
        let plan = Plan::read(&["--rows", "kill,heal", "--reps", "2"]).expect("fine");
        let names: Vec<_> = plan.rows.iter().map(|row| row.name).collect();
        assert_eq!(names, ["kill", "heal"]);
        assert!(!plan.is_whole());
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        for words in [&["--reps"][..], &["--reps", "0"], &["--rows", "speed"], &["--fast", "1"]] {
            assert!(Plan::read(words).is_err(), "{words:?}");
        }
    }
}
