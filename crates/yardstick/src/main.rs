//! `yardstick corpus [DIR] [OPTIONS]`: how far the scheduler agrees with Pacemaker's.
#![forbid(unsafe_code)]

use anyhow::{Result, bail};
use std::process::ExitCode;
use yardstick::command;

const HELP: &str = "\
yardstick corpus [DIR] [OPTIONS]     judge Pacemaker's own cases
  --case NAME    only this case          --family NAME  only this family
  --tier N       only this tier          --diff         show what differs
  --list         name every failing case
  --real         judge Debian's crm_simulate 2.1.5 instead of ours
  --write        write docs/reference/scheduler-corpus.md
DIR holds the cases or their archive; if none is named, it is ../shared/scheduler-corpus";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    match args.split_first() {
        Some((first, rest)) if first == "corpus" => command::corpus(rest),
        Some((first, _)) if first == "--help" || first == "help" => {
            println!("{HELP}");
            Ok(())
        }
        _ => bail!("{HELP}"),
    }
}
