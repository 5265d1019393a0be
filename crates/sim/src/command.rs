//! `handover sim`: the command line of the simulator. Clock, files and terminal are the caller's.

use crate::exhaustive::{Situation, exhaust};
use crate::hunt::{Report, Trial};
use crate::player::{Verdict, play_scenario};
use crate::run::play;
use crate::scenario::parse;
use crate::schedule::Schedule;
use crate::search::search;
use crate::setup::Setup;
use cluster::Node;
use std::time::Duration;

/// What the simulator needs of the real world.
pub trait Shell {
    /// Real time since some fixed moment.
    fn elapsed(&mut self) -> Duration;

    /// The text of a file.
    ///
    /// # Errors
    /// The reason why there is none, in one sentence.
    fn read(&mut self, path: &str) -> Result<String, String>;

    /// Prints one or more lines.
    fn say(&mut self, text: &str);
}

/// How long a search goes on without `--seconds` or `--seeds`.
const SECONDS_DEFAULT: u64 = 60;

/// What `handover sim --help` prints.
pub const HELP: &str = "\
handover sim: the cluster in a simulator, with faults, in virtual time

  handover sim [--seconds S] [--from N]   random fault schedules, from seed N (1), for S s (60)
  handover sim --seeds COUNT [--from N]   this many random fault schedules
  handover sim --seed N [--keep A,B,..]   one schedule, with its log; only those of its steps
  handover sim --exhaustive [--seconds S] every order of a pair's first events, as deep as it goes
  handover sim FILE...                    scenario files
  handover sim vrrp [OPTIONS]             groups of virtual routers instead; --exhaustive is not for them

Ends with 0 when every promise was kept, 1 when one was broken, 2 when it was called wrongly.
";

/// What was asked for.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) seed: Option<u64>,
    pub(crate) keep: Option<Vec<usize>>,
    seeds: Option<u64>,
    seconds: Option<u64>,
    from: Option<u64>,
    exhaustive: bool,
    help: bool,
    files: Vec<String>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut number = || {
                let word = args.next().ok_or_else(|| format!("{arg} needs a number"))?;
                word.parse::<u64>().map_err(|_| format!("{arg}: `{word}` is no number"))
            };
            match arg.as_str() {
                "--seed" => options.seed = Some(number()?),
                "--seeds" => options.seeds = Some(number()?),
                "--seconds" => options.seconds = Some(number()?),
                "--from" => options.from = Some(number()?),
                "--exhaustive" => options.exhaustive = true,
                "--keep" => {
                    let list = args.next().ok_or("--keep needs step numbers, e.g. 0,3")?;
                    let steps = list.split(',').filter(|s| !s.is_empty()).map(str::parse);
                    let steps = steps.collect::<Result<_, _>>();
                    options.keep = Some(steps.map_err(|_| format!("--keep: `{list}`: 0,3,4"))?);
                }
                "--help" | "-h" => options.help = true,
                file if !file.starts_with('-') => options.files.push(file.to_owned()),
                other => return Err(format!("{other} is no option of this command")),
            }
        }
        Ok(options)
    }

    /// The seeds to search, and for how long.
    pub(crate) fn range(&self) -> (std::ops::Range<u64>, Option<Duration>) {
        let from = self.from.unwrap_or(1);
        let count = self.seeds.unwrap_or(u64::MAX - from);
        let limit = match (self.seconds, self.seeds) {
            (Some(seconds), _) => Some(Duration::from_secs(seconds)),
            (None, None) => Some(Duration::from_secs(SECONDS_DEFAULT)),
            (None, Some(_)) => None,
        };
        (from..from.saturating_add(count), limit)
    }
}

/// The word before the options that asks for virtual routers.
const VRRP: &str = "vrrp";

/// Runs the command; the exit code.
pub fn main(args: &[String], shell: &mut dyn Shell) -> i32 {
    let (about_routers, args) = match args.split_first() {
        Some((first, rest)) if first == VRRP => (true, rest),
        _ => (false, args),
    };
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(error) => {
            shell.say(&format!("handover sim: {error}\n{HELP}"));
            return 2;
        }
    };
    if options.help {
        shell.say(HELP);
        0
    } else if about_routers {
        crate::vrrp::command(&options, shell)
    } else if !options.files.is_empty() {
        scenarios(&options.files, shell)
    } else if let Some(seed) = options.seed {
        one(seed, options.keep.as_deref(), shell)
    } else if options.exhaustive {
        exhaustive(options.seconds.unwrap_or(SECONDS_DEFAULT), shell)
    } else {
        many(&options, shell)
    }
}

fn one(seed: u64, keep: Option<&[usize]>, shell: &mut dyn Shell) -> i32 {
    let mut schedule = Schedule::random(seed);
    if let Some(keep) = keep {
        schedule = schedule.keeping(keep);
    }
    shell.say(&schedule.to_string());
    let world = play::<Node>(&schedule, true);
    for line in world.log() {
        shell.say(line);
    }
    match world.violation() {
        None => {
            shell.say(&format!("seed {seed}: every promise kept"));
            0
        }
        Some(violation) => {
            shell.say(&format!("seed {seed}: {violation}"));
            1
        }
    }
}

fn many(options: &Options, shell: &mut dyn Shell) -> i32 {
    let (seeds, limit) = options.range();
    let begun = shell.elapsed();
    let report = search::<Node>(seeds, &mut || {
        limit.is_none_or(|limit| shell.elapsed().saturating_sub(begun) < limit)
    });
    let took = shell.elapsed().saturating_sub(begun);
    shell.say(&summary(&report, took));
    i32::from(!report.failures.is_empty())
}

/// What a search found, in words.
pub(crate) fn summary<T: Trial>(report: &Report<T>, took: Duration) -> String {
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    let rate = report.schedules as f64 / took.as_secs_f64().max(0.001) * 60.0;
    format!(
        "{}{} schedules in {:.1} s, {rate:.0} a minute; {} broke a promise",
        failures.concat(),
        report.schedules,
        took.as_secs_f64(),
        report.failures.len()
    )
}

/// Deeper than any budget of minutes goes.
const DEPTH_MAX: usize = 64;

fn exhaustive(seconds: u64, shell: &mut dyn Shell) -> i32 {
    let share = Duration::from_secs(seconds) / Situation::ALL.len() as u32;
    let mut broken = false;
    for situation in Situation::ALL {
        let begun = shell.elapsed();
        let setup = Setup { ucast: true, ..Setup::plain() };
        let reached = exhaust::<Node>(&setup, situation, DEPTH_MAX, &mut || {
            shell.elapsed().saturating_sub(begun) < share
        });
        shell.say(&reached.to_string());
        broken |= reached.failure.is_some();
    }
    i32::from(broken)
}

fn scenarios(files: &[String], shell: &mut dyn Shell) -> i32 {
    let mut code = 0;
    for file in files {
        let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".txt");
        let read = shell.read(file).and_then(|text| {
            parse(name, &text).map_err(|found| {
                let first = found.first();
                first.map_or_else(String::new, |d| {
                    format!("{file}:{}: {}", d.line_column(&text).0, d.message)
                })
            })
        });
        let scenario = match read {
            Ok(scenario) => scenario,
            Err(error) => {
                shell.say(&error);
                code = 2;
                continue;
            }
        };
        let (verdict, log) = play_scenario::<Node>(&scenario);
        match verdict {
            Verdict::Passed => shell.say(&format!("{name}: passed")),
            Verdict::LabOnly(why) => shell.say(&format!("{name}: only in the lab: {why}")),
            Verdict::Failed { line, text, why } => {
                for line in &log {
                    shell.say(line);
                }
                shell.say(&format!("{name}: line {line}: {text}: not so; {why}"));
                code = code.max(1);
            }
        }
    }
    code
}
