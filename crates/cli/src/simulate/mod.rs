//! `crm_simulate`: what the cluster will do, and what comes of it, from a CIB in a file
//! (`docs/ancestors/pacemaker.md`; texts and codes measured on 2.1.5).

mod files;
mod options;

pub(crate) use options::rows;

use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::old;
use cib::date::DateTime;
use cib::xml::Document;
use options::Options;
use scheduler::{Request, Simulation, graph, parse_result, plain, simulate};
use std::path::Path;

/// The command line is wrong.
const USAGE: Exit = Exit::Old(64);
/// There is nothing to read.
const NO_INPUT: Exit = Exit::Old(66);
/// What was read is no CIB.
const NO_CIB: Exit = Exit::Old(70);
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
        Ok(document) => one(&document, &options, console),
        Err((sentence, exit)) => complain(&sentence, exit, console),
    }
}

fn complain(sentence: &str, exit: Exit, console: &mut Console<'_>) -> Result<Exit, Stop> {
    writeln!(console.err, "crm_simulate: {sentence}")?;
    Ok(exit)
}

/// What the options ask of the simulation.
fn request(options: &Options) -> Request {
    let wall = i64::try_from(old::now().as_millis() / 1000).unwrap_or(i64::MAX);
    let moment = options.get('t').map(|written| {
        // Its own reader of dates falls back on what it could read; a wrong date is now.
        let moment =
            DateTime::parse(written, DateTime::from_epoch(wall)).map_or(wall, |date| date.epoch);
        (moment, written.to_owned())
    });
    let failures = options.all('F').filter_map(|text| parse_result(text).ok()).collect();
    Request { moment, wall, events: options.events(), failures }
}

fn one(document: &Document, options: &Options, console: &mut Console<'_>) -> Result<Exit, Stop> {
    let simulation = simulate(document, &request(options));
    for sentence in &simulation.refused {
        writeln!(console.err, "{sentence}")?;
    }
    print(&simulation, options, console)?;
    match files::save(&simulation, options, console)? {
        Some(exit) => Ok(exit),
        None => Ok(Exit::Done),
    }
}

fn print(
    simulation: &Simulation,
    options: &Options,
    console: &mut Console<'_>,
) -> Result<(), Stop> {
    let scores = options.has('s');
    let simulated = options.has('S') || options.has('X');
    let planned = simulated || options.has('R') || scores || options.has('U');
    let quiet = options.has('Q');
    // With scores everything else loses its headings.
    let shape = |text: &str| if scores || options.has('U') { plain(text) } else { text.to_owned() };
    let details = |document: &Document| -> String {
        let mut text = String::new();
        if options.has('A') {
            text.push_str(&scheduler::attributes_of(document, simulation.now));
        }
        if options.has('c') {
            text.push_str(&scheduler::failures_of(document, simulation.now));
        }
        text
    };
    if !quiet {
        let Simulation { dated, before, input, .. } = simulation;
        write!(console.out, "{dated}{}{}", shape(before), shape(&details(input)))?;
        if planned || !simulation.injected.is_empty() {
            writeln!(console.out)?;
        }
        write!(console.out, "{}", shape(&simulation.injected_section()))?;
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
    let summary = format!("Transition Summary:\n{}", simulation.plan.summary);
    write!(console.out, "{}", shape(&summary))?;
    if simulated {
        let executed = format!("Executing Cluster Transition:\n{}", simulation.executed);
        let revised = format!("Revised Cluster Status:\n{}", simulation.revised);
        let dated = &simulation.dated;
        write!(console.out, "\n{}{dated}\n{}", shape(&executed), shape(&revised))?;
        write!(console.out, "{}", shape(&details(&simulation.output)))?;
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
        assert!(out.contains("\n\nStart ") && out.ends_with("( n1 )\n"), "{out}");
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
    fn what_cannot_be_read_is_said_in_one_line() {
        let (exit, _, err) = said("-x /no/such/file");
        assert_eq!(exit, NO_CIB);
        assert!(err.starts_with("crm_simulate: /no/such/file: "), "{err}");
        assert_eq!(said("--bogus").0, USAGE);
        assert_eq!(said("-x CIB -G /no/such/place -Q").0, NOT_WRITTEN);
        assert_eq!(said("-x CIB -Q -O /no/such/place").0, NOT_SAVED);
    }
}
