//! `crm_simulate`: what the cluster will do, and what comes of it, from a CIB in a file
//! (`docs/ancestors/pacemaker.md`; texts and codes measured on 2.1.5).

mod ask;
mod explain;
mod files;
mod options;

pub use ask::what_if;
pub use explain::{asked, placement, refusal};
pub(crate) use options::rows;

use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::old;
use cib::date::DateTime;
use cib::xml::Document;
use options::Options;
use scheduler::{After, FEATURE_SET, Request, Simulation, graph, parse_result, plain, simulate};
use std::path::Path;

/// The command line is wrong.
const USAGE: Exit = Exit::Old(64);
/// There is nothing to read.
const NO_INPUT: Exit = Exit::Old(66);
/// What was read is no CIB.
const NO_CIB: Exit = Exit::Old(70);
/// The CIB is of a feature set that is not simulated.
const TOO_NEW: Exit = Exit::Old(78);
/// A graph or a drawing could not be written.
const NOT_WRITTEN: Exit = Exit::Old(74);
/// A CIB could not be written.
const NOT_SAVED: Exit = Exit::Old(105);

/// Runs `crm_simulate ARGS`.
///
/// # Errors
/// Only when the streams can't be written; everything else is an exit code.
pub fn run(args: &[String], console: &mut Console<'_>) -> Result<Exit, Stop> {
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(sentence) => return complain(&sentence, USAGE, console),
    };
    if options.version {
        writeln!(console.out, "Pacemaker 3.0.2, as Handover simulates it")?;
        return Ok(Exit::Done);
    }
    if options.help {
        if let Some(page) = crate::manual::old("crm_simulate") {
            write!(console.out, "{}", crate::manual::help(&page))?;
        }
        return Ok(Exit::Done);
    }
    if let Some(directory) = options.get('P') {
        return profile(Path::new(directory), &options, console);
    }
    match files::input(&options) {
        Ok(document) => one(document, &options, console),
        Err((sentence, exit)) => complain(&sentence, exit, console),
    }
}

fn complain(sentence: &str, exit: Exit, console: &mut Console<'_>) -> Result<Exit, Stop> {
    writeln!(console.err, "crm_simulate: {sentence}")?;
    Ok(exit)
}

/// The wall clock (epoch seconds).
fn now() -> i64 {
    i64::try_from(old::now().as_millis() / 1000).unwrap_or(i64::MAX)
}

/// What the options ask of the simulation.
fn request(options: &Options) -> Request {
    let wall = now();
    let moment = options.get('t').map(|written| {
        // Its own reader of dates falls back on what it could read; a wrong date is now.
        let moment =
            DateTime::parse(written, DateTime::from_epoch(wall)).map_or(wall, |date| date.epoch);
        (moment, written.to_owned())
    });
    let failures = options.all('F').filter_map(|text| parse_result(text).ok()).collect();
    let carry_out = options.has('S') || options.has('X');
    Request { moment, wall, events: options.events(), carry_out, failures }
}

fn one(document: Document, options: &Options, console: &mut Console<'_>) -> Result<Exit, Stop> {
    let request = request(options);
    let version = document.root().get("crm_feature_set").unwrap_or_default();
    if is_newer(version) && (request.carry_out || !request.events.is_empty()) {
        let sentence = format!(
            "the CIB is of feature set {version}, and this simulates {FEATURE_SET}: it is only planned \
             for, with --run"
        );
        return complain(&sentence, TOO_NEW, console);
    }
    let simulation = simulate(document, &request);
    write!(console.err, "{}", simulation.notes)?;
    for sentence in &simulation.refused {
        writeln!(console.err, "{sentence}")?;
    }
    print(&simulation, options, console)?;
    match files::save(&simulation, options, console)? {
        Some(exit) => Ok(exit),
        None => Ok(Exit::Done),
    }
}

/// True if executors of this feature set know more than is simulated here.
fn is_newer(version: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        text.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    };
    numbers(version) > numbers(FEATURE_SET)
}

/// Prints what was asked for. With scores everything else loses its headings.
fn print(
    simulation: &Simulation,
    options: &Options,
    console: &mut Console<'_>,
) -> Result<(), Stop> {
    let Simulation { dated, before, input, plan, after, now, .. } = simulation;
    let scores = options.has('s');
    let planned = after.is_some() || options.has('R') || scores || options.has('U');
    let quiet = options.has('Q');
    let bare = scores || options.has('U');
    let shape = |text: &str| if bare { plain(text) } else { text.to_owned() };
    let details = |document: &Document| {
        let mut text = String::new();
        if options.has('A') {
            text.push_str(&scheduler::attributes_of(document, *now));
        }
        if options.has('c') {
            text.push_str(&scheduler::failures_of(document, *now));
        }
        shape(&text)
    };
    let injected = simulation.injected_section();
    if !quiet {
        write!(console.out, "{dated}{}{}", shape(before), details(input))?;
        if planned || !injected.is_empty() {
            writeln!(console.out)?;
        }
        write!(console.out, "{}", shape(&injected))?;
    }
    if scores {
        write!(console.out, "{}", simulation.scores())?;
        if !quiet {
            writeln!(console.out)?;
        }
    }
    if quiet || !planned {
        return Ok(());
    }
    write!(console.out, "{}", shape(&format!("Transition Summary:\n{}", plan.summary)))?;
    if let Some(After { executed, revised, document, .. }) = after {
        let executed = format!("Executing Cluster Transition:\n{executed}");
        let revised = format!("Revised Cluster Status:\n{revised}");
        write!(console.out, "\n{}{dated}\n{}", shape(&executed), shape(&revised))?;
        write!(console.out, "{}", details(document))?;
    }
    Ok(())
}

/// How long planning takes, for every CIB of a directory.
fn profile(directory: &Path, options: &Options, console: &mut Console<'_>) -> Result<Exit, Stop> {
    let repeat: u32 = options.get('N').and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
    writeln!(console.out, "Timings:")?;
    for path in files::inputs_of(directory) {
        let shown = path.display();
        let document = match files::read(&path) {
            Ok(document) => document,
            Err((sentence, _)) => {
                writeln!(console.err, "crm_simulate: {shown}: {sentence}")?;
                continue;
            }
        };
        let started = old::now();
        let request = request(options);
        for _ in 0..repeat {
            let moment = request.moment.as_ref().map_or(request.wall, |(moment, _)| *moment);
            scheduler::plan(&document, scheduler::moment(&document).unwrap_or(moment));
        }
        let spent = old::now().as_millis().saturating_sub(started.as_millis());
        let seconds = spent as f64 / 1000.0;
        writeln!(console.out, "  * Testing {shown} ... {seconds:.2} secs")?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIB: &str = "<cib execution-date=\"0\" have-quorum=\"1\"><configuration><crm_config>\
        <cluster_property_set id=\"o\"><nvpair id=\"f\" name=\"stonith-enabled\" value=\"false\"/>\
        </cluster_property_set></crm_config><nodes><node id=\"1\" uname=\"n1\"/></nodes><resources>\
        <primitive id=\"a\" class=\"ocf\" provider=\"p\" type=\"t\"/></resources><constraints/></configuration>\
        <status><node_state id=\"1\" uname=\"n1\" crmd=\"online\" join=\"member\" expected=\"member\" \
        in_ccm=\"true\"/></status></cib>";

    fn said(words: &str) -> (Exit, String, String) {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("cib.xml");
        std::fs::write(&file, CIB).expect("a file");
        let words = words.replace("CIB", &file.to_string_lossy());
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = run(&words, &mut Console::to_buffers(&mut out, &mut err)).expect("buffers");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (exit, text(out), text(err))
    }

    #[test]
    fn a_status_alone_is_shown_without_other_options() {
        let (exit, out, err) = said("-x CIB");
        assert_eq!((exit, err.as_str()), (Exit::Done, ""));
        let expected = "Using the original execution date of: 1970-01-01 00:00:00Z\n\
                        Current cluster status:\n  * Node List:\n    * Online: [ n1 ]\n\n  \
                        * Full List of Resources:\n    * a\t(ocf:p:t):\t Stopped\n";
        assert_eq!(out, expected);
    }

    #[test]
    fn with_scores_headings_and_bullets_are_gone() {
        let (_, out, _) = said("-x CIB -sR");
        assert!(out.contains("\na\t(ocf:p:t):\t Stopped\n\npcmk__primitive_assign: a"), "{out}");
        assert!(out.ends_with("\n\nStart      a       (    n1 )\n"), "{out}");
        let (_, out, _) = said("-x CIB -sSQ");
        assert_eq!(out, "pcmk__primitive_assign: a allocation score on n1: 0\n");
    }

    #[test]
    fn a_failure_on_the_way_is_shown() {
        let (exit, out, _) = said("-x CIB -S -F a_start_0@n1=1");
        assert_eq!(exit, Exit::Done);
        assert!(out.contains("\nPretending action 2 failed with rc=1\n"), "{out}");
        assert!(out.contains("    * a\t(ocf:p:t):\t FAILED n1\n"), "{out}");
    }

    #[test]
    fn a_cib_of_a_later_feature_set_is_not_simulated() {
        assert!(is_newer("3.20.6") && is_newer("3.21") && is_newer("4.0"));
        assert!(!is_newer("3.20.5") && !is_newer("3.9.9") && !is_newer(""));
    }

    #[test]
    fn what_cannot_be_read_is_said_in_one_line() {
        let (exit, _, err) = said("-x /no/such/file");
        assert_eq!(exit, NO_CIB);
        assert!(err.starts_with("crm_simulate: /no/such/file: "), "{err}");
        assert_eq!(said("--bogus").0, USAGE);
        assert_eq!(said("-x CIB -G /no/such/place -Q").0, NOT_WRITTEN);
        assert_eq!(said("-x CIB -Q -O /no/such/place").0, NOT_SAVED);
    }
}
