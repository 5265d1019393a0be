//! Our commands and the ancestors', by name.
//!
//! [`main`] is given the command line and does what it says, or hands back what only the program
//! itself can do ([`Next`]): start the daemon, run the lab or the simulator. Commands talk to the
//! daemon over its socket ([`client`]) and never start one themselves. Start reading at [`main`].
#![forbid(unsafe_code)]

mod args;
mod check;
pub mod cib_file;
pub mod cl_status;
pub mod client;
pub mod clock;
pub mod console;
mod crm;
mod exit;
mod heartbeat;
pub mod import;
mod install;
mod keepalived;
mod manual;
pub mod old;
mod process;
mod propagate;
mod render;
mod restart;
mod roles;
mod settings;
pub mod simulate;
mod standby;
pub mod status;
pub mod story;
mod suggest;
mod tools;
pub mod vrrp;
mod watch;

pub use args::{ManualPage, formats, manual, old_manual, reference};
pub use exit::Exit;
pub use heartbeat::Start;
pub use keepalived::{Check, KeepalivedStart};

use args::{Command, Handover};
use clap::FromArgMatches as _;
use client::{Client, KEEPALIVED_SOCKET, PATIENCE, SOCKET};
use clock::Clock;
use console::{Console, Machine, Stop, colour_wanted};
use old::Voice;
use roles::Doors;
use standby::Way;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;

/// The names of the ancestors' programs that we answer to.
const OLD_NAMES: [&str; 29] = [
    "heartbeat",
    "keepalived",
    "cl_status",
    "hb_standby",
    "hb_takeover",
    "hb_addnode",
    "hb_delnode",
    "ha_propagate",
    "haresources2cib",
    "crm_simulate",
    "cibadmin",
    "crm_verify",
    "crm_diff",
    "crm_shadow",
    "crm_rule",
    "iso8601",
    "crm_attribute",
    "crm_error",
    "crm_failcount",
    "crm_master",
    "crm_mon",
    "crm_node",
    "crm_resource",
    "crm_standby",
    "crm_ticket",
    "pacemaker-based",
    "pacemaker-controld",
    "pacemaker-fenced",
    "pacemaker-schedulerd",
];

/// What remains to be done when the command line is understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Nothing: end with this code.
    Exit(Exit),
    /// Start the heartbeat daemon.
    Start(Start),
    /// Start the VRRP daemon, or check its configuration.
    Keepalived(Box<KeepalivedStart>),
    /// Run the lab with these arguments.
    Lab(Vec<String>),
    /// Run the simulator with these arguments.
    Sim(Vec<String>),
}

/// Does what a command line says. `args` begins with the name the program was called by; `machine`
/// answers for the one we run on.
pub fn main(args: impl IntoIterator<Item = OsString>, machine: Machine) -> Next {
    let mut out = io::stdout().lock();
    let mut err = io::stderr().lock();
    let mut console = Console { out: &mut out, err: &mut err, colour: colour_wanted(), machine };
    let done = words(args).and_then(|words| dispatch(&words, &mut console));
    // What could not be written any more has no reader.
    let _ = out.flush();
    match done {
        Ok(next) => next,
        Err(Stop::ReaderGone) => Next::Exit(Exit::Done),
        Err(Stop::Because(sentence, exit)) => {
            let _ = writeln!(err, "{sentence}");
            Next::Exit(exit)
        }
    }
}

fn words(args: impl IntoIterator<Item = OsString>) -> Result<Vec<String>, Stop> {
    let word = |arg: OsString| {
        arg.into_string().map_err(|arg| {
            let sentence = format!("not UTF-8: {}", arg.to_string_lossy());
            Stop::Because(sentence, Exit::Usage)
        })
    };
    args.into_iter().map(word).collect()
}

/// By the name we are called, or by the first word.
fn dispatch(words: &[String], console: &mut Console<'_>) -> Result<Next, Stop> {
    let called = words.first().map_or("handover", String::as_str);
    let name = called.rsplit('/').next().unwrap_or(called);
    let rest = words.get(1..).unwrap_or_default();
    if OLD_NAMES.contains(&name) {
        return old(name, called, rest, console);
    }
    match rest.split_first() {
        Some((first, rest)) if OLD_NAMES.contains(&first.as_str()) => {
            old(first, first, rest, console)
        }
        _ => ours(words, console),
    }
}

/// One of the old names; `called` is the name with its path.
fn old(name: &str, called: &str, args: &[String], console: &mut Console<'_>) -> Result<Next, Stop> {
    if let ([word], Some(page)) = (args, manual::old(name))
        && word == "--help"
    {
        write!(console.out, "{}", manual::help(&page))?;
        return Ok(Next::Exit(Exit::Done));
    }
    let mut patient = Client::new(SOCKET, None);
    let exit = match name {
        "heartbeat" => return heartbeat::run(args, console),
        "keepalived" => return keepalived::run(args, console),
        "cl_status" => {
            let mut client = Client::new(SOCKET, Some(PATIENCE));
            cl_status::run(args, &mut client, &cl_status::voice(), console)
        }
        "hb_standby" => {
            standby::run(Way::Give, args, &mut patient, &Voice::new("hb_standby"), console)
        }
        "hb_takeover" => {
            standby::run(Way::Take, args, &mut patient, &Voice::new("hb_takeover"), console)
        }
        "crm_simulate" => simulate::run(args, console),
        "haresources2cib" => import::haresources2cib(args, console),
        name if tools::NAMES.contains(&name) => tools::run(name, args, console),
        name if crm::NAMES.contains(&name) => crm::run(name, called, args, console),
        "hb_addnode" => standby::nodes(true, args, &mut patient, console),
        "hb_delnode" => standby::nodes(false, args, &mut patient, console),
        _ => {
            let (directory, me) = (Path::new(check::DIRECTORY), old::host_name());
            let nodes = settings::nodes(directory, console)?;
            propagate::run(args, directory, &nodes, &me, &mut propagate::spawn, console)
        }
    };
    exit.map(Next::Exit)
}

/// One of our own commands.
fn ours(words: &[String], console: &mut Console<'_>) -> Result<Next, Stop> {
    let matches = args::parser().try_get_matches_from(words);
    let parsed = match matches.and_then(|found| Handover::from_arg_matches(&found)) {
        Ok(parsed) => parsed,
        Err(error) => return explain(&error, console),
    };
    let clock = Clock::local();
    let mut doors = Doors {
        heartbeat: &mut Client::new(SOCKET, Some(PATIENCE)),
        keepalived: &mut Client::new(KEEPALIVED_SOCKET, Some(PATIENCE)),
    };
    let exit = match parsed.command {
        Command::Status { json, strict } => roles::show(&mut doors, json, strict, &clock, console),
        Command::Why { name, node, cib, json } => match simulate::asked(cib.as_deref()) {
            Some(cib) => simulate::placement(&cib, &name, node.as_deref(), console),
            None => roles::why(&mut doors, &name, json, &clock, console),
        },
        Command::WhyNot { resource, node, cib } => match simulate::asked(cib.as_deref()) {
            Some(cib) => simulate::refusal(&cib, &resource, &node, console),
            None => Err(Stop::failed("name a CIB: --cib FILE, or the variable CIB_file")),
        },
        Command::Watch { json, all } => {
            let options = watch::Options { json, all, follow: true, after: 0 };
            watch::run(&watch::SOCKETS, options, &clock, console)
        }
        Command::Events { json, all, after, role } => {
            let options = watch::Options { json, all, follow: false, after };
            let sockets = watch::SOCKETS.iter().filter(|of| role.is_none_or(|role| of.0 == role));
            watch::run(&sockets.copied().collect::<Vec<_>>(), options, &clock, console)
        }
        Command::Check { args } => check::run(&args, console),
        Command::Lab { args } => return Ok(Next::Lab(args)),
        Command::Sim { args } => return Ok(Next::Sim(args)),
        Command::Import { file, language, cib } => {
            import::run(&file, language, cib.as_deref(), console)
        }
        Command::Simulate { cib, what_if, sweep } => {
            simulate::what_if(&cib, &what_if, sweep, console)
        }
        Command::Install { root, compat, force, dry_run } => {
            install::run(&install::Options { root, compat, force, dry_run }, console)
        }
        Command::Restart { role, keep } => {
            let socket = watch::SOCKETS.iter().find(|of| of.0 == role).map_or(SOCKET, |of| of.1);
            return restart::run(role, keep, &mut Client::new(socket, None), console);
        }
    };
    exit.map(Next::Exit)
}

/// Help goes to stdout, complaints with what was meant to stderr.
fn explain(error: &clap::Error, console: &mut Console<'_>) -> Result<Next, Stop> {
    let text = error.render();
    let ansi = console.colour;
    let text = if ansi { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        write!(console.err, "{text}")?;
        return Ok(Next::Exit(Exit::Usage));
    }
    write!(console.out, "{text}")?;
    Ok(Next::Exit(Exit::Done))
}

fn print_json(value: &impl serde::Serialize, console: &mut Console<'_>) -> Result<(), Stop> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Stop::failed(e.to_string()))?;
    writeln!(console.out, "{text}")?;
    Ok(())
}
