//! `yardstick corpus|differential`: how far the scheduler agrees with Pacemaker's.
#![forbid(unsafe_code)]

use anyhow::{Context as _, Result, bail};
use std::process::ExitCode;
use yardstick::{command, differential, generate};

const HELP: &str = "\
yardstick corpus [DIR] [OPTIONS]     judge Pacemaker's own cases
  --case NAME    only this case          --family NAME  only this family
  --tier N       only this tier          --diff         show what differs
  --list         name every failing case
  --real         judge Debian's crm_simulate 2.1.5 instead of ours
  --write        write docs/reference/scheduler-corpus.md
DIR holds the cases or their archive; if none is named, it is ../shared/scheduler-corpus
yardstick differential [OPTIONS]     plans for random CIBs against those of Debian's crm_simulate
  --seeds N      how many (100)          --from SEED    the first (0)
  --shrink       the first difference, as small as it gets
  --count-only   not what differs, only how many
yardstick cib SEED                   print the CIB of a seed";

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
        Some((first, rest)) if first == "differential" => differential::differential(rest),
        Some((first, [seed])) if first == "cib" => {
            println!("{}", generate::cib(seed.parse().context("a seed is a number")?));
            Ok(())
        }
        Some((first, _)) if first == "--help" || first == "help" => {
            println!("{HELP}");
            Ok(())
        }
        _ => bail!("{HELP}"),
    }
}
