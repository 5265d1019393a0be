//! `handover lab --scenario nginx-vrrp`: the published nginx pair as it stands. Its nginx dies, its
//! host dies, and the client and the surviving host tell what happened.

use crate::client::now;
use crate::demo::{seconds, served_by, show_logs, signed};
use crate::stage::Stage;
use crate::{events, world};
use anyhow::{Context, Result, bail};
use base::Instant;
use sim::scenario::{Cluster, Maker, Pair, Seat};
use std::time::Duration;

/// The name by which the command line knows it.
pub(crate) const NAME: &str = "nginx-vrrp";

/// The virtual router of the published files.
const ROUTER: &str = "VI_1";

/// How long the client may look on before the next act, so that the output can be read.
const PAUSE: Duration = Duration::from_secs(1);

/// Makes nginx end, and not start again, as with a mistake in its configuration.
const BREAK: &str = "touch /etc/broken-nginx; /etc/init.d/nginx stop";

/// Mends that.
const MEND: &str = "rm /etc/broken-nginx; systemctl start nginx; systemctl start keepalived";

/// Runs in a world of its own; tells on standard output.
///
/// # Errors
/// When something does not happen in time.
pub(crate) fn show() -> Result<()> {
    let program = world::handover_program()?;
    let cluster = Cluster::named(NAME).context("the nginx pair is missing")?;
    println!(
        "Two hosts, a network and a client, made of namespaces; they vanish with this command."
    );
    println!(
        "examples/nginx-vrrp as it stands, run by {} under the name keepalived.",
        program.display()
    );
    let mut stage = Stage::new(cluster, Pair(Maker::Ours, Maker::Ours), &[])?;
    play(&mut stage).inspect_err(|_| show_logs(&mut stage))
}

/// The acts: start; nginx dies and is mended; the power is cut.
fn play(stage: &mut Stage) -> Result<()> {
    let [one, two] = [stage.cluster.nodes[0].name, stage.cluster.nodes[1].name];
    let begin = now();
    println!("\nThe client asks http://{}/ every 10 ms.", stage.cluster.address);
    stage.start(Seat(0))?;
    stage.start(Seat(1))?;
    let first = served_by(stage, begin, one)?;
    println!(
        "Both daemons started; {one} serves after {}: a router listens for three intervals first.",
        seconds(first.at.since(begin))
    );

    let broken = now();
    run(stage, Seat(0), BREAK)?;
    println!("\nnginx on {one} ended, and can't be started any more.");
    let rescued = served_by(stage, broken, two)?;
    std::thread::sleep(PAUSE);
    timeline(stage, broken, "nginx ended", &rescued)?;
    println!("{one}'s check wrote: {}", check_log(stage)?);
    say_outage(stage, broken, "its check looks every three seconds; then comes one skew");

    let mended = now();
    run(stage, Seat(0), MEND)?;
    println!("\nnginx on {one} is mended, and its keepalived started again.");
    let home = served_by(stage, mended, one)?;
    println!(
        "{one} serves again after {}: its priority is higher.",
        seconds(home.at.since(mended))
    );
    std::thread::sleep(PAUSE);
    say_outage(stage, mended, "the address moved between two live hosts");

    let killed = stage.kill_host(Seat(0))?;
    println!("\nPower cut on {one}.");
    let rescued = served_by(stage, killed, two)?;
    std::thread::sleep(PAUSE);
    timeline(stage, killed, "power cut", &rescued)?;
    say_outage(stage, killed, "three intervals and one skew, less what had passed of the first");
    why(stage, two)?;
    stage.stop(Seat(1))
}

fn run(stage: &mut Stage, seat: Seat, script: &str) -> Result<()> {
    let words = ["sh", "-c", script].map(str::to_owned);
    let ended = stage.run(seat, &words)?;
    match ended.code {
        Some(0) => Ok(()),
        code => bail!("`{script}` ended with {code:?}: {}", ended.output),
    }
}

/// The last line of the check's own log.
fn check_log(stage: &mut Stage) -> Result<String> {
    let words = ["tail", "-n", "1", "/var/log/check_ng.log"].map(str::to_owned);
    Ok(stage.run(Seat(0), &words)?.output)
}

fn say_outage(stage: &Stage, from: Instant, why: &str) {
    let outage = stage.answers().longest_outage(from, now());
    println!("The client was without an answer for {}: {why}.", seconds(outage));
}

/// What the second host saw since a moment, by its own events.
fn timeline(
    stage: &mut Stage,
    from: Instant,
    what: &str,
    rescued: &crate::client::Answer,
) -> Result<()> {
    let report = events::router(stage.node(Seat(1)))?;
    let mut moments: Vec<(Instant, String)> = vec![(from, what.to_owned())];
    let seen = report.events.iter().filter(|event| event.at >= from);
    moments.extend(seen.map(|event| (event.at, event.text.clone())));
    moments.push((rescued.at, format!("first answer from {}", rescued.node)));
    moments.sort_by_key(|(at, _)| *at);
    for (at, text) in moments {
        println!("  {:>9}  {text}", signed(at, from));
    }
    Ok(())
}

/// Has the survivor say why the address is where it is.
fn why(stage: &mut Stage, name: &str) -> Result<()> {
    let words = ["handover", "why", ROUTER].map(str::to_owned);
    let told = stage.run(Seat(1), &words)?;
    if told.code != Some(0) {
        bail!("`handover why {ROUTER}` ended with {:?}: {}", told.code, told.output);
    }
    println!("\n{name} says (handover why {ROUTER}):");
    told.output.lines().for_each(|line| println!("    {line}"));
    Ok(())
}
