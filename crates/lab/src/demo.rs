//! `handover lab`: the web pair on this machine, its first node's power cut, and what happened
//! then, as the client and the surviving node saw it.

use crate::client::{Answer, now};
use crate::host::Host;
use crate::stage::Stage;
use crate::{events, world};
use anyhow::{Context, Result, bail};
use api::{Event, EventKind, NodeState, RoleStatus};
use base::Instant;
use sim::scenario::{Change, Cluster, Edit, FileName, Maker, Pair, Seat};
use std::time::Duration;

/// What the demonstration adds to ha.cf, and why.
const ADDED: [(&str, &str); 4] = [
    ("keepalive 500ms", "a deadtime of 2 s asks for beats closer than the file's 1 s"),
    ("deadtime 2", "the file sets none, and Heartbeat's default is 30 s"),
    ("warntime 1", "it belongs to the deadtime"),
    ("auto_failback on", "the file sets none; this brings the service home again"),
];

/// Longest the demonstration waits for anything: a start waits 12 s for a missing peer.
const PATIENCE: Duration = Duration::from_secs(45);

/// How long the client may look on before the next act, so that the output can be read.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a node must have run before its power is cut: for its first 5 s a node announces a
/// deadtime 2 s longer than the file's (measured with 3.0.6, docs/ancestors/heartbeat.md §3.1; ours
/// do the same).
const SETTLED: Duration = Duration::from_secs(6);

/// Lines of each node's log that a failure shows.
const LOG_LINES: usize = 20;

/// Runs in a world of its own; tells on standard output.
///
/// # Errors
/// When something does not happen in time.
pub(crate) fn show() -> Result<()> {
    let program = world::handover_program()?;
    let cluster = Cluster::named("web-pair").context("the web pair is missing")?;
    let [one, two] = [cluster.nodes[0].name, cluster.nodes[1].name];
    println!(
        "Two hosts, a network and a client, made of namespaces; they vanish with this command."
    );
    println!(
        "examples/web-pair as it stands, run by {}, with these lines added to ha.cf:",
        program.display()
    );
    for (line, reason) in ADDED {
        println!("    {line:18} # {reason}");
    }
    let setup = ADDED.map(|(line, _)| Edit {
        node: None,
        file: FileName::HaCf,
        change: Change::Append(line.to_owned()),
    });
    let mut stage = Stage::new(cluster, Pair(Maker::Ours, Maker::Ours), &setup)?;
    play(&mut stage, [one, two]).inspect_err(|_| show_logs(&mut stage))
}

/// What the nodes said last, for whoever has to find out why the demonstration failed.
pub(crate) fn show_logs(stage: &mut Stage) {
    for seat in Seat::BOTH {
        let host = stage.node(seat);
        eprintln!("The end of {}'s log:", host.name());
        host.log_tail(LOG_LINES).iter().for_each(|line| eprintln!("    {line}"));
    }
}

/// The acts: start, power cut, power back.
fn play(stage: &mut Stage, [one, two]: [&str; 2]) -> Result<()> {
    let begin = now();
    println!("\nThe client asks http://{}/ every 10 ms.", stage.cluster.address);
    stage.start(Seat(0))?;
    stage.start(Seat(1))?;
    let first = served_by(stage, begin, one)?;
    println!("Both daemons started; {one} served after {}.", seconds(first.at.since(begin)));
    ready(stage, Seat(1))?;
    println!("Waiting until {one} announces the file's deadtime; it adds 2 s for its first 5 s.");
    std::thread::sleep(SETTLED.saturating_sub(now().since(begin)));

    let killed = stage.kill_host(Seat(0))?;
    println!("\nPower cut on {one}.");
    let rescued = served_by(stage, killed, two)?;
    std::thread::sleep(PAUSE);
    timeline(stage.node(Seat(1)), one, killed, &rescued)?;
    let outage = stage.answers().longest_outage(killed, now());
    println!("\nThe client was without an answer for {}.", seconds(outage));

    println!("\nPower back on {one}.");
    let booted = now();
    stage.boot(Seat(0))?;
    let home = served_by(stage, booted, one)?;
    std::thread::sleep(PAUSE);
    let outage = stage.answers().longest_outage(booted, now());
    println!(
        "{one} serves again after {}; moving back cost the client {}.",
        seconds(home.at.since(booted)),
        seconds(outage)
    );
    for seat in Seat::BOTH {
        stage.stop(seat)?;
    }
    Ok(())
}

/// Waits for the first answer of `node` after a moment.
pub(crate) fn served_by(stage: &Stage, from: Instant, node: &str) -> Result<Answer> {
    while now().since(from) < PATIENCE {
        let answers = stage.answers().since(from);
        if let Some(answer) = answers.into_iter().find(|answer| answer.node == node) {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    bail!("the client was not served by {node} within {}", seconds(PATIENCE))
}

/// Waits until a node takes part and knows that its peer does.
fn ready(stage: &mut Stage, seat: Seat) -> Result<()> {
    let begin = now();
    let mut seen = String::new();
    while now().since(begin) < PATIENCE {
        match events::status(stage.node(seat)) {
            Ok(status) if status.stable && all_active(&status) => return Ok(()),
            Ok(status) => seen = format!("stable: {}, nodes: {:?}", status.stable, states(&status)),
            Err(error) => seen = format!("{error:#}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("{seat} did not become a stable member within {}: {seen}", seconds(PATIENCE))
}

fn all_active(status: &RoleStatus) -> bool {
    status.nodes.iter().all(|node| node.state == NodeState::Active)
}

fn states(status: &RoleStatus) -> Vec<&'static str> {
    status.nodes.iter().map(|node| node.state.word()).collect()
}

/// The moments that a failover is made of, from the survivor's own events.
fn timeline(host: &Host, dead: &str, killed: Instant, rescued: &Answer) -> Result<()> {
    let told = events::events(host)?;
    let status = events::status(host)?;
    let mut moments: Vec<(Instant, String)> = vec![(killed, "power cut".into())];
    let last_beat = status.nodes.iter().find(|node| node.name == dead).and_then(|n| n.last_beat);
    moments.extend(last_beat.map(|at| (at, format!("last beat heard from {dead}"))));
    for kind in [
        EventKind::NodeDead,
        EventKind::AddressUp,
        EventKind::Announced,
        EventKind::ScriptStarted,
        EventKind::GroupStarted,
    ] {
        let found = told.iter().find(|event| event.kind == kind && event.at >= killed);
        moments.extend(found.map(|event: &Event| (event.at, event.text.clone())));
    }
    moments.push((rescued.at, format!("first answer from {}", rescued.node)));
    moments.sort_by_key(|(at, _)| *at);
    for (at, text) in moments {
        println!("  {:>9}  {text}", signed(at, killed));
    }
    Ok(())
}

/// A moment as the time since another one.
pub(crate) fn signed(at: Instant, zero: Instant) -> String {
    if at >= zero {
        format!("+{}", seconds(at.since(zero)))
    } else {
        format!("-{}", seconds(zero.since(at)))
    }
}

/// A time in words.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}
