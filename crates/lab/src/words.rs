//! The command line of `handover lab`, and the words by which the lab calls itself inside.

use crate::table::Table;
use crate::{
    bench, client, demo, demo_vrrp, events, flood, httpd, init, library, runner, vm, world,
};
use anyhow::{Context, Result, bail};
use sim::scenario::Pair;
use std::path::Path;

/// What `handover lab --help` prints.
const HELP: &str = "\
handover lab                        show a failover of the web pair on this machine
handover lab --scenario nginx-vrrp  … of the nginx pair under keepalived's configuration
handover lab --list                 list the scenarios
handover lab --scenario NAME        run one scenario on ours/ours
handover lab --scenario NAME --pair real/real
                                    … on another pair: ours/ours, ours/real, real/ours, real/real
handover lab --table [heartbeat|keepalived]
                                    run everything everywhere and print the result tables
handover lab --bench OPTIONS        how long clients wait, on pairs of the ancestor and of ours;
                                    `--bench --help` tells more

Hosts are namespaces of this machine; nothing is installed and nothing outlives the command.
Works as root, and where user namespaces are allowed as an ordinary user (pairs of ours only).

Exit codes: 0 all as it must be, 1 something was not, 2 not understood, 77 impossible here.
";

/// `handover lab ARGS`; returns the exit code: 0 fine, 1 something failed, 2 not understood, 77
/// impossible here (the sentence on standard error says why).
pub fn main(args: &[String]) -> i32 {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match act(&words) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("handover lab: {error:#}");
            1
        }
    }
}

/// Exit code of what can't be done here, as test programs use it.
const IMPOSSIBLE: i32 = 77;

fn act(words: &[&str]) -> Result<i32> {
    match words {
        ["init", spec] => init::run(Path::new(spec)).map(|()| 0),
        ["ask", role, request] => events::run(role, request).map(|()| 0),
        ["flood", plan] => flood::run(plan).map(|()| 0),
        ["flood-routers", plan] => flood::run_adverts(plan).map(|()| 0),
        ["client", kind, address] => client::run(kind, address).map(|()| 0),
        ["httpd", port, pid_file] => httpd::run(port, pid_file).map(|()| 0),
        ["vm", base, rest @ ..] => vm::inside(base, rest).map(|()| 0),
        ["inside", rest @ ..] => {
            world::settle()?;
            inside(rest)
        }
        [] | ["--demo"] => demonstrate("demo"),
        ["--scenario", demo_vrrp::NAME] => demonstrate(demo_vrrp::NAME),
        ["--list"] => {
            for scenario in library::scenarios()?.into_iter().chain(library::router_scenarios()?) {
                println!("{:28} {}", scenario.name, scenario.about);
            }
            Ok(0)
        }
        ["--scenario", name] => one(name, "ours/ours"),
        ["--scenario", name, "--pair", pair] | ["--pair", pair, "--scenario", name] => {
            one(name, pair)
        }
        ["--table"] => tables(&Table::ALL),
        ["--table", "heartbeat"] => tables(&[Table::Heartbeat]),
        ["--table", "keepalived"] => tables(&[Table::Keepalived]),
        ["--bench", rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(ToString::to_string).collect();
            Ok(bench::main(&rest))
        }
        ["--help" | "-h"] => {
            print!("{HELP}");
            Ok(0)
        }
        other => {
            eprint!("handover lab: cannot read `{}`\n\n{HELP}", other.join(" "));
            Ok(2)
        }
    }
}

fn tables(tables: &[Table]) -> Result<i32> {
    for table in tables {
        println!("{}", table.make()?);
    }
    Ok(0)
}

/// Shows a demonstration in a world of its own.
fn demonstrate(which: &str) -> Result<i32> {
    if let Some(sentence) = world::missing() {
        eprintln!("handover lab: {sentence}");
        return Ok(IMPOSSIBLE);
    }
    world::run(&[which])
}

fn inside(words: &[&str]) -> Result<i32> {
    match words {
        ["demo"] => demo::show().map(|()| 0),
        [demo_vrrp::NAME] => demo_vrrp::show().map(|()| 0),
        ["bench", rest @ ..] => bench::inside(rest).map(|()| 0),
        ["scenario", file, pair] => {
            let pair = Pair::parse(pair).context("not a pair")?;
            let report = runner::run(&library::scenario(file)?, pair);
            println!("{}", serde_json::to_string(&report)?);
            Ok(0)
        }
        other => bail!("the lab does not know `{}`", other.join(" ")),
    }
}

fn one(name: &str, pair: &str) -> Result<i32> {
    let Some(pair) = Pair::parse(pair) else {
        let known = Pair::KNOWN.map(|pair| pair.to_string()).join(", ");
        eprintln!("handover lab: `{pair}` is no pair; pairs are {known}");
        return Ok(2);
    };
    let report = crate::run(name, pair)?;
    println!("{report}");
    for step in report.steps.iter().filter(|_| !report.failed()) {
        println!("  {:3}  {:8.2} s  {}", step.line, step.took.as_secs_f64(), step.text);
    }
    Ok(i32::from(report.failed()))
}
