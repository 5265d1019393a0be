//! The command lines of `handover lab` and `handover sim` for the manual and for completions.
//! The tools read their words themselves; a test of the program compares their own help.

use clap::{Arg, ArgAction, Command};

/// An option, with a value where `value` names one.
fn option(name: &'static str, value: Option<&'static str>, help: &'static str) -> Arg {
    let arg = Arg::new(name).long(name).help(help);
    match value {
        Some(value) => arg.value_name(value),
        None => arg.action(ArgAction::SetTrue),
    }
}

/// `handover lab`.
pub(crate) fn lab(about: &Command) -> Command {
    rewritten("lab", about).args([
        option("list", None, "List the scenarios"),
        option("scenario", Some("NAME"), "Run one scenario, on ours/ours"),
        option("pair", Some("PAIR"), "On this pair: ours/ours, ours/real, real/ours or real/real"),
        option("table", None, "Run everything everywhere and print the table of results"),
        option("bench", Some("OPTIONS"), "How long clients wait; `--bench --help` tells more"),
    ])
}

/// `handover sim`.
pub(crate) fn sim(about: &Command) -> Command {
    rewritten("sim", about).args([
        option("seconds", Some("S"), "Search for this long, in seconds [default: 60]"),
        option("seeds", Some("COUNT"), "Search this many random schedules of faults"),
        option("from", Some("N"), "The first seed [default: 1]"),
        option("seed", Some("N"), "Play one schedule and print its log"),
        option("keep", Some("A,B,.."), "Of that schedule only these steps"),
        option("exhaustive", None, "Every order of a pair's first events, as deep as time allows"),
        Arg::new("FILE").num_args(0..).help(
            "Files of scenarios to play; `vrrp` as the first word: groups of virtual routers",
        ),
    ])
}

/// The same name and sentence, without the words that are handed on.
fn rewritten(name: &'static str, about: &Command) -> Command {
    let sentence = about.get_about().cloned().unwrap_or_default();
    let epilogue = about.get_after_help().cloned().unwrap_or_default();
    Command::new(name)
        .about(sentence)
        .after_help(epilogue.clone())
        .after_long_help(epilogue)
        .max_term_width(super::ours::WIDTH)
}
