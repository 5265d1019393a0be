//! `crm_rule`: if a rule about dates has yet to hold, holds, or is past.

use super::options::{Choice, Given, OUTPUT_AS, switch, valued};
use super::result::Frame;
use super::{BAD_DATA, NO_INPUT, NO_SUCH, Surroundings, USAGE, text_of};
use crate::cib_file::CibFile;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use cib::date::DateTime;
use cib::rules::{self, Term};
use cib::xml::{Document, Node};

pub(super) const CHOICES: [Choice; 4] = [
    switch('c', "check", "say if the rules are in effect"),
    valued('X', "xml-text", "XML", "the configuration itself; - for standard input"),
    valued('d', "date", "DATE", "as of this moment, not now"),
    valued('r', "rule", "ID", "the rule; may be given several times"),
];

/// The rule is past (`crm_error 110`).
const EXPIRED: u8 = 110;
/// The rule has yet to hold (`crm_error 111`).
const NOT_YET: u8 = 111;
/// What is asked cannot be answered (`crm_error 3`).
const UNIMPLEMENTED: u8 = 3;

pub(super) fn run(
    given: &Given,
    args: &[String],
    around: &mut Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let xml = match given.get(OUTPUT_AS) {
        None | Some("text") => false,
        Some("xml") => true,
        Some(format) => {
            let what = "Unknown output format";
            writeln!(console.err, "crm_rule: Error creating output format {format}: {what}")?;
            return Ok(Exit::Failed);
        }
    };
    if !given.has('c') {
        writeln!(console.err, "crm_rule: No mode operation given")?;
        return Ok(USAGE);
    }
    if !given.has('r') {
        writeln!(console.err, "crm_rule: --check requires use of --rule=")?;
        return Ok(USAGE);
    }
    let clock = DateTime::from_epoch(around.now);
    let written = given.get('d');
    let dated = written.map_or(Some(clock), |written| DateTime::parse(written, clock));
    let Some(now) = dated else {
        let written = written.unwrap_or_default();
        writeln!(console.err, "crm_rule: Invalid date specified: '{written}'")?;
        return Ok(BAD_DATA);
    };
    let document = match document(given, around) {
        Ok(document) => document,
        Err((sentence, exit)) => {
            writeln!(console.err, "{sentence}")?;
            return Ok(exit);
        }
    };
    judge(given, args, &document, now, xml, console)
}

fn document(given: &Given, around: &mut Surroundings<'_>) -> Result<Document, (String, Exit)> {
    let Some(text) = given.get('X') else {
        let absent = |_| ("CIB query failed: Input file not available".to_owned(), NO_INPUT);
        let path = around.places.path().map_err(absent)?;
        let file = CibFile::open(&path, false);
        return file.map(CibFile::into_document).map_err(|no| (no.reason, no.exit));
    };
    if text == "-" {
        let text = text_of(around.input).unwrap_or_default();
        let wrong =
            |error| (format!("crm_rule: Couldn't parse input from stdin\n{error}"), BAD_DATA);
        return Document::parse(text).map_err(wrong);
    }
    Document::parse(text).map_err(|error| {
        (format!("crm_rule: Couldn't parse input string: {text}\n{error}"), BAD_DATA)
    })
}

/// Says of each rule how it stands; the last that is not in effect decides how it ends.
fn judge(
    given: &Given,
    args: &[String],
    document: &Document,
    now: DateTime,
    xml: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let mut frame = Frame::new("crm_rule", args);
    let mut exit = Exit::Done;
    for id in given.all('r') {
        let mut all = document.root().descendants();
        let rule = all.find(|node| node.is("rule") && node.get("id") == Some(id));
        let (code, sentence) = stands(rule, now);
        if xml {
            let root = frame.document.root().id();
            let check = frame.document.append(root, "rule-check");
            frame.document.set(check, "rule-id", id);
            frame.document.set(check, "rc", &code.to_string());
        }
        if matches!(code, 0 | EXPIRED | NOT_YET) {
            if !xml {
                writeln!(console.out, "Rule {id} {sentence}")?;
            }
        } else {
            let said = format!("Could not determine whether rule {id} is in effect: {sentence}");
            if xml {
                frame.error(said);
            } else {
                writeln!(console.err, "{said}")?;
            }
        }
        if code != 0 {
            exit = Exit::Old(code);
        }
    }
    if xml { frame.end(exit, console) } else { Ok(exit) }
}

fn stands(rule: Option<Node<'_>>, now: DateTime) -> (u8, &'static str) {
    let Some(rule) = rule else { return (NO_SUCH.code(), "Rule not found") };
    match rules::term(rule, now) {
        Ok(Term::Future) => (NOT_YET, "has not yet taken effect"),
        Ok(Term::Now) => (0, "is still in effect"),
        Ok(Term::Met) => (0, "satisfies conditions"),
        Ok(Term::Past) => (EXPIRED, "is expired"),
        Err(sentence) => (UNIMPLEMENTED, sentence),
    }
}
