//! Pacemaker's tools for an information base in a file, by their names.
//!
//! What they print and how they end is that of 2.1.5, measured tool by tool. Diagnostics on stderr
//! say more where the ancestor's do not name the cause.

mod cibadmin;
mod crm_diff;
mod crm_rule;
mod crm_shadow;
mod crm_verify;
mod iso8601;
pub(crate) mod options;
mod patch_text;
mod result;

use crate::cib_file::Whereabouts;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use options::{Choice, Dialect};
use std::io::{self, Read};

/// The tools' names.
pub(crate) const NAMES: [&str; 6] =
    ["cibadmin", "crm_verify", "crm_diff", "crm_shadow", "crm_rule", "iso8601"];

/// The command line is wrong (`crm_error 64`).
const USAGE: Exit = Exit::Old(64);
/// The input is wrong (`crm_error 65`).
const BAD_DATA: Exit = Exit::Old(65);
/// There is no input (`crm_error 66`).
const NO_INPUT: Exit = Exit::Old(66);
/// Something is not set up (`crm_error 6`).
const NOT_CONFIGURED: Exit = Exit::Old(6);
/// An output could not be created (`crm_error 73`).
const NOT_CREATED: Exit = Exit::Old(73);
/// The configuration is wrong (`crm_error 78`).
const BAD_CONFIGURATION: Exit = Exit::Old(78);
/// There is no such object (`crm_error 105`).
const NO_SUCH: Exit = Exit::Old(105);
/// Too dangerous without `--force` (`crm_error 107`).
const UNSAFE: Exit = Exit::Old(107);

/// What is said of a command that needs `--force`.
const DANGEROUS: &str = "The supplied command is considered dangerous.  To prevent accidental \
                         destruction of the cluster, the --force flag is required in order to proceed.";

/// What a tool finds around it.
pub(crate) struct Surroundings<'s> {
    /// Where the information base is.
    pub(crate) places: Whereabouts,
    /// Standard input.
    pub(crate) input: &'s mut dyn Read,
    /// `EDITOR`.
    pub(crate) editor: Option<String>,
    /// `SHELL`, if a new one may be started: both streams are a terminal.
    pub(crate) shell: Option<String>,
    /// The wall clock (epoch seconds).
    pub(crate) now: i64,
    /// By how many seconds our local time is ahead of UTC now.
    pub(crate) offset: i32,
}

/// How a tool reads its command line, and its options.
pub(crate) fn interface(name: &str) -> Option<(Dialect, &'static [Choice])> {
    Some(match name {
        "cibadmin" => (Dialect::Getopt, &cibadmin::CHOICES),
        "crm_verify" => (Dialect::Glib, &crm_verify::CHOICES),
        "crm_diff" => (Dialect::Glib, &crm_diff::CHOICES),
        "crm_shadow" => (Dialect::Getopt, &crm_shadow::CHOICES),
        "crm_rule" => (Dialect::Glib, &crm_rule::CHOICES),
        "iso8601" => (Dialect::Glib, &iso8601::CHOICES),
        _ => return None,
    })
}

/// Runs the tool with what this process finds around it.
///
/// # Errors
/// Only when the streams can't be written; everything else is an exit code.
pub(crate) fn run(name: &str, args: &[String], console: &mut Console<'_>) -> Result<Exit, Stop> {
    use std::io::IsTerminal as _;
    let interactive = io::stdin().is_terminal() && io::stdout().is_terminal();
    let now = crate::old::now().as_millis() / 1000;
    let mut surroundings = Surroundings {
        places: Whereabouts::from_env(),
        input: &mut io::stdin().lock(),
        editor: std::env::var("EDITOR").ok(),
        shell: std::env::var("SHELL").ok().filter(|_| interactive),
        now: i64::try_from(now).unwrap_or(i64::MAX),
        offset: jiff::Zoned::now().offset().seconds(),
    };
    within(name, args, &mut surroundings, console)
}

/// Runs the tool in these surroundings.
///
/// # Errors
/// Only when the streams can't be written; everything else is an exit code.
pub(crate) fn within(
    name: &str,
    args: &[String],
    around: &mut Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let Some((dialect, choices)) = interface(name) else { return Ok(USAGE) };
    let given = match options::parse(dialect, choices, args) {
        Ok(given) => given,
        Err(sentence) => {
            writeln!(console.err, "{name}: {sentence}")?;
            return Ok(USAGE);
        }
    };
    if given.has('?') {
        if let Some(page) = crate::manual::old(name) {
            write!(console.out, "{}", crate::manual::help(&page))?;
        }
        return Ok(Exit::Done);
    }
    if given.has('$') {
        writeln!(
            console.out,
            "Pacemaker 2.1.5\nas Handover {} does it",
            env!("CARGO_PKG_VERSION")
        )?;
        return Ok(Exit::Done);
    }
    let Some(path) = given.get(options::OUTPUT_TO).filter(|path| *path != "-") else {
        return dispatch(name, &given, args, around, console);
    };
    let mut file = match std::fs::File::create(path) {
        Ok(file) => file,
        Err(error) => {
            writeln!(console.err, "{name}: Could not create {path}: {error}")?;
            return Ok(NOT_CREATED);
        }
    };
    let machine = console.machine;
    let mut console = Console { out: &mut file, err: console.err, colour: false, machine };
    dispatch(name, &given, args, around, &mut console)
}

fn dispatch(
    name: &str,
    given: &options::Given,
    args: &[String],
    around: &mut Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    match name {
        "cibadmin" => cibadmin::run(given, around, console),
        "crm_verify" => crm_verify::run(given, args, around, console),
        "crm_diff" => crm_diff::run(given, around, console),
        "crm_shadow" => crm_shadow::run(given, around, console),
        "crm_rule" => crm_rule::run(given, args, around, console),
        _ => iso8601::run(given, around, console),
    }
}

/// Reads all of a stream as text; nothing if it is none.
fn text_of(from: &mut dyn Read) -> Option<String> {
    let mut text = String::new();
    from.take(cib::xml::MAX_BYTES as u64).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Reads a file as text, unpacked if it is called so.
fn text_of_file(path: &str) -> Option<String> {
    let file = std::fs::File::open(path).ok()?;
    if std::path::Path::new(path).extension().is_some_and(|end| end == "bz2") {
        return text_of(&mut bzip2::read::MultiBzDecoder::new(file));
    }
    text_of(&mut io::BufReader::new(file))
}

#[cfg(test)]
mod tests;
