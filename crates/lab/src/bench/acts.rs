//! What is done to a pair to measure it, inside a world of its own. Every sample is printed as
//! soon as it is there; one of ours that misses its target is followed, on standard error, by what
//! the nodes tell about that time.

use super::REPETITIONS;
use super::load::Load;
use super::rows::{self, DEADTIME, Job, Target};
use super::sample::Sample;
use crate::client::now;
use crate::events;
use crate::footprint::{Usage, usage};
use crate::stage::Stage;
use anyhow::{Context, Result, bail, ensure};
use api::EventKind;
use base::Instant;
use sim::scenario::{Change, Cluster, Cut, Edit, FileName, Maker, Pair, Seat};
use std::thread::sleep;
use std::time::Duration;

/// Longest that anything is waited for; real nodes need 20 s after a partition and 14 s to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is looked at whether the client is served, and where the address is.
const LOOK: Duration = Duration::from_millis(10);

/// How often the nodes are asked for what they hold, which costs a process each time.
const ASK: Duration = Duration::from_millis(250);

/// The client must have been served that long before an act counts as over.
const STEADY: Duration = Duration::from_secs(1);

/// After a heal: real nodes both keep the address for 2 s before they let go (measured:
/// docs/ancestors/heartbeat.md §3.6), so being in one place has to last longer than that.
const HEALED: Duration = Duration::from_secs(3);

/// The time between beats, over which the moments of power cuts are spread.
const KEEPALIVE: Duration = Duration::from_secs(1);

/// A node that starts asks its peers, for 5 s, to be 2 s more patient with it (measured:
/// docs/ancestors/heartbeat.md §3.1), and they learn the end of that from its next beat. What a
/// killed host costs is asked of a pair that runs.
const UNTIL_RUNNING: Duration = Duration::from_millis(6500);

/// An address is announced again and again for a minute; idle is what comes after that.
const UNTIL_IDLE: Duration = Duration::from_secs(65);

/// Lines of each node's log that a failure quotes.
const LOG_LINES: usize = 25;

const HOME: Seat = Seat(0);
const OTHER: Seat = Seat(1);

/// Measures a job and prints its samples.
///
/// # Errors
/// When the pair does not do in time what it is to be measured at.
pub(super) fn run(job: Job, pair: Pair, repetitions: usize, time: Duration) -> Result<()> {
    let cluster = Cluster::named("director-pair").context("the director pair is missing")?;
    let stage = Stage::new(cluster, pair, &configuration(cluster, job))?;
    let mut acts = Acts { stage, ours: pair == Pair(Maker::Ours, Maker::Ours) };
    let done = acts.play(job, repetitions, time);
    if done.is_err() {
        for seat in Seat::BOTH {
            let host = acts.stage.node(seat);
            eprintln!("the end of {}'s log:", host.name());
            host.log_tail(LOG_LINES).iter().for_each(|line| eprintln!("    {line}"));
        }
    }
    done
}

/// One address, broadcast, md5.
fn configuration(cluster: &Cluster, job: Job) -> Vec<Edit> {
    let [one, two] = [cluster.nodes[0].name, cluster.nodes[1].name];
    let timing = if job == Job::Hogs {
        ["keepalive 100ms", "deadtime 500ms", "warntime 250ms"].map(String::from)
    } else {
        let deadtime = format!("deadtime {}ms", DEADTIME.as_millis());
        [format!("keepalive {}", KEEPALIVE.as_secs()), deadtime, "warntime 1500ms".into()]
    };
    let mut ha_cf = vec!["logfile /var/log/ha-log".into(), "bcast eth0".into()];
    ha_cf.extend(timing);
    ha_cf.extend(["auto_failback on".into(), format!("node {one}"), format!("node {two}")]);
    let group = format!("{one} IPaddr::{}/24/eth0", cluster.address);
    [
        (FileName::HaCf, ha_cf),
        (FileName::Authkeys, vec!["auth 1".into(), "1 md5 the-benchmark".into()]),
        (FileName::Haresources, vec![group]),
    ]
    .map(|(file, lines)| Edit { node: None, file, change: Change::Replace(lines) })
    .into()
}

struct Acts {
    stage: Stage,
    ours: bool,
}

impl Acts {
    fn play(&mut self, job: Job, repetitions: usize, time: Duration) -> Result<()> {
        match job {
            Job::Start => return (0..repetitions).try_for_each(|_| self.start()),
            Job::Idle => return self.idle(time),
            Job::Hogs => return self.hogs(time),
            Job::Power | Job::Standby | Job::Stop | Job::Heal => {}
        }
        self.start_both()?;
        for number in 0..repetitions {
            match job {
                Job::Power => self.power(number)?,
                Job::Standby => self.standby(number)?,
                Job::Stop => self.stop()?,
                _ => self.heal()?,
            }
        }
        Ok(())
    }

    /// The power of the serving host goes at moments that walk through the time between two beats,
    /// and comes back once the other one holds everything.
    fn power(&mut self, number: usize) -> Result<()> {
        sleep(UNTIL_RUNNING + phase(number));
        let killed = self.stage.kill_host(HOME)?;
        self.answered_by(OTHER, killed)?;
        self.outage("kill", killed)?;
        self.until_held(OTHER, "all")?;
        let booted = now();
        self.stage.boot(HOME)?;
        self.answered_by(HOME, booted)?;
        self.until_home()?;
        self.outage("failback", booted)
    }

    /// There and, with the next repetition, back.
    fn standby(&mut self, number: usize) -> Result<()> {
        let (from, to) = if number.is_multiple_of(2) { (HOME, OTHER) } else { (OTHER, HOME) };
        let begin = now();
        let ended = self.stage.run(from, &["hb_standby".to_owned()])?;
        ensure!(ended.code == Some(0), "hb_standby: {}", ended.output);
        self.answered_by(to, begin)?;
        self.outage("standby", begin)?;
        self.until_held(to, "all")?;
        self.until_held(from, "none")
    }

    fn stop(&mut self) -> Result<()> {
        let begin = now();
        self.stage.stop(HOME)?;
        self.answered_by(OTHER, begin)?;
        self.outage("stop", begin)?;
        let again = now();
        self.stage.start(HOME)?;
        self.answered_by(HOME, again)?;
        self.until_home()
    }

    /// The nodes stop hearing each other while the client hears both; then that is mended.
    fn heal(&mut self) -> Result<()> {
        let cut = Cut::Between { link: None };
        self.stage.cut(&cut)?;
        self.wait("both nodes hold the address", ASK, |acts| Ok(acts.stage.holders().len() == 2))?;
        for seat in Seat::BOTH {
            self.until_held(seat, "all")?;
        }
        let healed = now();
        self.stage.heal(&cut)?;
        let unsettled = self.watch_address(healed)?;
        let outage = self.stage.answers().longest_outage(healed, now());
        self.sample("heal", unsettled.max(outage), healed)?;
        self.until_home()
    }

    /// Until the address is in one place and stays there: how long it took until it no longer was
    /// in two, or the longest time it was in none.
    fn watch_address(&mut self, from: Instant) -> Result<Duration> {
        let (mut in_two, mut nowhere) = (Duration::ZERO, Duration::ZERO);
        let mut held = from;
        let mut alone_since = None;
        while now().since(from) < PATIENCE {
            let count = self.stage.holders().len();
            let at = now();
            match count {
                0 => nowhere = nowhere.max(at.since(held)),
                1 => held = at,
                _ => {
                    held = at;
                    in_two = at.since(from);
                }
            }
            alone_since = if count == 1 { alone_since.or(Some(at)) } else { None };
            if alone_since.is_some_and(|since| at.since(since) >= HEALED) {
                return Ok(in_two.max(nowhere));
            }
            sleep(LOOK);
        }
        bail!("the address did not stay in one place within {} s", PATIENCE.as_secs())
    }

    /// Both nodes are started, wait until the client is served, and are stopped again.
    fn start(&mut self) -> Result<()> {
        self.stage.start(HOME)?;
        ensure!(self.stage.holders().is_empty(), "node1 took the address before it knew of node2");
        let second = now();
        self.stage.start(OTHER)?;
        let first = self.answered_by(HOME, second)?;
        self.sample("start", first.since(second), second)?;
        self.until_home()?;
        self.stage.stop(OTHER)?;
        self.stage.stop(HOME)?;
        self.wait("nobody holds the address", ASK, |acts| Ok(acts.stage.holders().is_empty()))
    }

    fn idle(&mut self, time: Duration) -> Result<()> {
        self.start_both()?;
        self.stage.silence_client()?;
        sleep(UNTIL_IDLE);
        let begin = now();
        let before = self.usages()?;
        sleep(time);
        let after = self.usages()?;
        let seconds = now().since(begin).as_secs_f64();
        let worse = |figure: fn(Usage, Usage) -> f64| {
            figure(before[0], after[0]).max(figure(before[1], after[1]))
        };
        let resident = worse(|_, after| after.resident as f64 / 1024.0);
        let cpu = worse(|before, after| after.cpu.saturating_sub(before.cpu).as_secs_f64());
        let packets = worse(|before, after| after.packets.saturating_sub(before.packets) as f64);
        Sample::print("memory", resident);
        Sample::print("cpu", 100.0 * cpu / seconds);
        Sample::print("packets", packets / seconds);
        Ok(())
    }

    fn usages(&mut self) -> Result<[Usage; 2]> {
        Ok([usage(self.stage.node(HOME))?, usage(self.stage.node(OTHER))?])
    }

    fn hogs(&mut self, time: Duration) -> Result<()> {
        self.start_both()?;
        let begin = now();
        let before = self.deaths(begin)?;
        let load = Load::start()?;
        sleep(time);
        drop(load);
        let deaths = self.deaths(begin)? - before;
        self.explain_if(deaths > 0, begin);
        Sample::print("hogs", deaths as f64);
        Ok(())
    }

    /// How often a node was declared dead: ours tell by an event, the ancestor by its log.
    fn deaths(&mut self, from: Instant) -> Result<usize> {
        let mut count = 0;
        for seat in Seat::BOTH {
            let host = self.stage.node(seat);
            count += if self.ours {
                let told = events::events(host)?;
                told.iter().filter(|e| e.kind == EventKind::NodeDead && e.at >= from).count()
            } else {
                host.log().lines().filter(|line| line.ends_with(": is dead")).count()
            };
        }
        Ok(count)
    }

    fn start_both(&mut self) -> Result<()> {
        let begin = now();
        self.stage.start(HOME)?;
        self.stage.start(OTHER)?;
        self.answered_by(HOME, begin)?;
        self.until_home()
    }

    /// The first answer of a node after a moment, and after it [`STEADY`] of service.
    fn answered_by(&mut self, seat: Seat, from: Instant) -> Result<Instant> {
        let name = self.stage.cluster.nodes[seat.0].name;
        let mut first = None;
        self.wait(&format!("the client is served by {seat}"), LOOK, |acts| {
            let answers = acts.stage.answers().since(from);
            first = answers.iter().find(|answer| answer.node == name).map(|answer| answer.at);
            Ok(first.is_some())
        })?;
        sleep(STEADY);
        first.context("no answer")
    }

    /// Everything is where it belongs, and both nodes say so.
    fn until_home(&mut self) -> Result<()> {
        Seat::BOTH.into_iter().try_for_each(|seat| self.until_held(seat, "local"))
    }

    fn until_held(&mut self, seat: Seat, wanted: &str) -> Result<()> {
        self.wait(&format!("{seat} holds {wanted}"), ASK, |acts| {
            Ok(acts.stage.cl_status(seat, &["rscstatus"])?.output.trim() == wanted)
        })
    }

    fn wait(
        &mut self,
        what: &str,
        pause: Duration,
        mut test: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<()> {
        let begin = now();
        while !test(self)? {
            ensure!(now().since(begin) < PATIENCE, "after {} s not: {what}", PATIENCE.as_secs());
            sleep(pause);
        }
        Ok(())
    }

    /// The client's longest wait since an act is a sample.
    fn outage(&mut self, row: &str, from: Instant) -> Result<()> {
        let outage = self.stage.answers().longest_outage(from, now());
        self.sample(row, outage, from)
    }

    fn sample(&mut self, row: &str, value: Duration, from: Instant) -> Result<()> {
        let value = value.as_secs_f64();
        Sample::print(row, value);
        let missed = match rows::named(row)?.target {
            Target::Each(limit) | Target::Median(limit) => value > limit,
            Target::TheAncestors => false,
        };
        self.explain_if(missed, from);
        Ok(())
    }

    /// What our nodes tell about the time since a moment.
    fn explain_if(&mut self, missed: bool, from: Instant) {
        if !(missed && self.ours) {
            return;
        }
        for seat in Seat::BOTH {
            for event in events::events(self.stage.node(seat)).unwrap_or_default() {
                if event.at >= from {
                    let after = event.at.since(from).as_secs_f64();
                    eprintln!("    {seat} +{after:.3} s  {}", event.text);
                }
            }
        }
    }
}

/// How long the n-th power cut is put off.
fn phase(number: usize) -> Duration {
    let step = KEEPALIVE / u32::try_from(REPETITIONS).unwrap_or(1);
    step * u32::try_from(number % REPETITIONS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_cuts_walk_through_the_time_between_beats() {
        let moments: Vec<_> = (0..REPETITIONS).map(phase).collect();
        assert!(moments.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(moments.iter().all(|moment| *moment < KEEPALIVE));
        assert_eq!(phase(REPETITIONS), Duration::ZERO);
    }
}
