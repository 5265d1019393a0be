//! Runs a scenario on a stage, step by step, and says what was seen.

use crate::client::now;
use crate::flood;
use crate::report::{Outcome, Report, StepReport};
use crate::stage::Stage;
use anyhow::Result;
use sim::scenario::{Command, Expectation, Pair, Scenario, Seat};
use std::collections::BTreeSet;
use std::time::Duration;

/// How often an expectation is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How old the client's last answer may be while a node counts as serving. The machine that the
/// lab runs on may be busy; outages have their own expectation.
const FRESH: Duration = Duration::from_secs(1);

/// How much of the recent past decides who serves.
const RECENT: Duration = Duration::from_millis(300);

/// Lines of each node's log that a failure quotes.
const LOG_LINES: usize = 40;

/// Runs a scenario in this world. Errors of the lab itself are failures of the step they happen in.
pub(crate) fn run(scenario: &Scenario, pair: Pair) -> Report {
    let begin = now();
    let mut report = Report::new(scenario, pair);
    match Stage::new(scenario.cluster, pair, &scenario.setup) {
        Ok(stage) => {
            let runner = Runner { stage, exit: None, output: String::new(), mark: now() };
            runner.steps(scenario, pair, &mut report);
        }
        Err(error) => report.outcome = Outcome::Failed { line: 0, why: format!("{error:#}") },
    }
    report.took = now().since(begin);
    report
}

struct Runner {
    stage: Stage,
    /// How the last `run` ended, and what it wrote.
    exit: Option<i32>,
    output: String,
    /// When the last command that was no `expect` began.
    mark: base::Instant,
}

impl Runner {
    fn steps(mut self, scenario: &Scenario, pair: Pair, report: &mut Report) {
        let begin = now();
        for step in scenario.steps.iter().filter(|step| step.pairs.contains(&pair)) {
            let started = now();
            let done = self.command(&step.command);
            report.steps.push(StepReport {
                line: step.line,
                text: step.text.clone(),
                took: now().since(started),
                outage: self.stage.answers().longest_outage(self.mark, now()),
            });
            let why = match done {
                Ok(None) => continue,
                Ok(Some(why)) => why,
                Err(error) => format!("{error:#}"),
            };
            report.outcome = Outcome::Failed { line: step.line, why };
            for seat in Seat::BOTH {
                let host = self.stage.node(seat);
                report.logs.push((host.name().to_owned(), host.log_tail(LOG_LINES)));
            }
            break;
        }
        report.outage = self.stage.answers().longest_outage(begin, now());
    }

    /// Does what a line says. `Some` is what was seen instead of the expected.
    fn command(&mut self, command: &Command) -> Result<Option<String>> {
        if !matches!(command, Command::Expect { .. } | Command::Hold { .. }) {
            self.mark = now();
        }
        let stage = &mut self.stage;
        match command {
            Command::Start(seats) => seats.iter().try_for_each(|&seat| stage.start(seat))?,
            Command::Stop(seats) => seats.iter().try_for_each(|&seat| stage.stop(seat))?,
            Command::Reload(seats) => seats.iter().try_for_each(|&seat| stage.reload(seat))?,
            Command::KillHost(seat) => {
                stage.kill_host(*seat)?;
            }
            Command::KillDaemon(seat) => stage.kill_daemon(*seat)?,
            Command::KillProcess(seat, process) => stage.node(*seat).kill_process(*process)?,
            Command::Boot(seat) => stage.boot(*seat)?,
            Command::Pause(seat, time) => stage.pause(*seat, *time)?,
            Command::Cut(cut) => stage.cut(cut)?,
            Command::Heal(cut) => stage.heal(cut)?,
            Command::HealAll => stage.heal_all()?,
            Command::Edit(edit) => stage.edit(edit)?,
            Command::Wait(time) => std::thread::sleep(*time),
            Command::Run(seat, words) => {
                let ended = stage.run(*seat, words)?;
                (self.exit, self.output) = (ended.code, ended.output);
            }
            Command::RunOnGateway(words) => {
                let ended = stage.run_on_gateway(words)?;
                (self.exit, self.output) = (ended.code, ended.output);
            }
            Command::Script(script) => stage.put(script)?,
            Command::Flood { rate, during } => return flood::send(stage, *rate, *during),
            Command::Expect { what, within } => return self.wait_for(what, *within),
            Command::Hold { what, during } => return self.hold(what, *during),
        }
        Ok(None)
    }

    fn wait_for(&mut self, what: &Expectation, within: Duration) -> Result<Option<String>> {
        // What can't come true by waiting is looked at once.
        let within = match what {
            Expectation::Exit(_) | Expectation::Output(_) | Expectation::OutageBelow(_) => {
                Duration::ZERO
            }
            _ => within,
        };
        let until = now() + within;
        loop {
            let Some(seen) = self.look(what)? else { return Ok(None) };
            if now() >= until {
                return Ok(Some(format!("after {:.1} s: {seen}", within.as_secs_f64())));
            }
            std::thread::sleep(LOOK);
        }
    }

    fn hold(&mut self, what: &Expectation, during: Duration) -> Result<Option<String>> {
        let begin = now();
        while now().since(begin) < during {
            if let Some(seen) = self.look(what)? {
                let after = now().since(begin).as_secs_f64();
                return Ok(Some(format!("no longer true after {after:.1} s: {seen}")));
            }
            std::thread::sleep(LOOK);
        }
        Ok(None)
    }

    /// `None` when it is as expected, else what is there instead.
    fn look(&mut self, what: &Expectation) -> Result<Option<String>> {
        match what {
            Expectation::ServiceOn(seat) => Ok(self.service_on(*seat)),
            Expectation::NoService => Ok(self.no_service()),
            Expectation::Holders(seats) => {
                let held = self.stage.holders();
                let wanted: BTreeSet<_> = seats.iter().copied().collect();
                Ok((held != wanted).then(|| holders_sentence(&held)))
            }
            Expectation::OneHolder => {
                let held = self.stage.holders();
                Ok((held.len() != 1).then(|| holders_sentence(&held)))
            }
            Expectation::NodeStatus { at, node, state } => {
                self.told(*at, &["nodestatus", node], state)
            }
            Expectation::LinkStatus { at, node, link, state } => {
                self.told(*at, &["hblinkstatus", node, link], state)
            }
            Expectation::Resources { at, held } => self.told(*at, &["rscstatus"], held),
            Expectation::Running(seat, runs) => {
                let seen = self.stage.runs(*seat)?;
                let state = if seen { "runs" } else { "does not run" };
                Ok((seen != *runs).then(|| format!("the daemon {state} on {seat}")))
            }
            Expectation::Log { node, text } => {
                let seen = self.stage.node(*node).log().contains(text.as_str());
                Ok((!seen).then(|| format!("{node}'s log does not have it")))
            }
            Expectation::AddressOn { address, seats } => {
                let held = self.stage.holders_of(*address);
                let wanted: BTreeSet<_> = seats.iter().copied().collect();
                Ok((held != wanted).then(|| holders_sentence(&held)))
            }
            Expectation::File { node, path, text } => {
                let host = self.stage.node(*node);
                let file = host.live(path.trim_start_matches('/'));
                let seen = file.and_then(|file| std::fs::read_to_string(file).ok());
                let seen = seen.unwrap_or_default();
                Ok((!seen.contains(text.as_str())).then(|| format!("{path} has `{seen}`")))
            }
            Expectation::Output(text) => {
                let seen = self.output.contains(text.as_str());
                Ok((!seen).then(|| format!("the command wrote `{}`", self.output)))
            }
            Expectation::Exit(code) => Ok((self.exit != Some(*code)).then(|| match self.exit {
                Some(other) => format!("the exit code was {other}: {}", self.output),
                None => "the command did not end".into(),
            })),
            Expectation::OutageBelow(limit) => {
                let outage = self.stage.answers().longest_outage(self.mark, now());
                let seen = || format!("the client waited {:.2} s", outage.as_secs_f64());
                Ok((outage >= *limit).then(seen))
            }
        }
    }

    fn service_on(&self, seat: Seat) -> Option<String> {
        let answers = self.stage.answers().since(now() - FRESH);
        let Some(last) = answers.last() else { return Some("the client gets no answer".into()) };
        let recent = answers.iter().filter(|answer| answer.at >= last.at - RECENT);
        let others: BTreeSet<_> =
            recent.map(|answer| &answer.node).filter(|node| *node != self.name(seat)).collect();
        (!others.is_empty()).then(|| format!("the client is answered by {others:?}"))
    }

    fn no_service(&self) -> Option<String> {
        let answers = self.stage.answers().since(now() - FRESH);
        answers.last().map(|last| format!("the client is answered by {}", last.node))
    }

    fn name(&self, seat: Seat) -> &'static str {
        self.stage.cluster.nodes[seat.0].name
    }

    /// Compares what a node's `cl_status` prints with what it should.
    fn told(&mut self, at: Seat, words: &[&str], wanted: &str) -> Result<Option<String>> {
        let output = self.stage.cl_status(at, words)?.output;
        let same = output.lines().any(|line| line.trim() == wanted);
        Ok((!same).then(|| format!("{at} says `{output}`")))
    }
}

fn holders_sentence(held: &BTreeSet<Seat>) -> String {
    if held.is_empty() {
        return "nobody has the address".into();
    }
    let names: Vec<_> = held.iter().map(ToString::to_string).collect();
    format!("the address is on {}", names.join(" and "))
}
