//! What the tools share: how they were called, in which form they answer, how they end.

use super::options::{Options, Row};
use super::xml;
use crate::cib_file::{CibFile, Unusable, Whereabouts};
use crate::console::{Console, Stop};
use crate::exit::Exit;
use std::fs;

/// The version whose outputs these tools give.
pub(super) const VERSION: &str = "2.1.5";
/// The version of the XML outputs.
const API_VERSION: &str = "2.25";

/// Exit codes of Pacemaker's tools, by the names `crm_error` has for them.
pub(super) mod code {
    pub(in super::super) const ERROR: u8 = 1;
    pub(in super::super) const PRIVILEGE: u8 = 4;
    pub(in super::super) const USAGE: u8 = 64;
    pub(in super::super) const SOFTWARE: u8 = 70;
    pub(in super::super) const CANT_CREATE: u8 = 73;
    pub(in super::super) const PROTOCOL: u8 = 76;
    pub(in super::super) const DISCONNECTED: u8 = 102;
    pub(in super::super) const NO_SUCH: u8 = 105;
    pub(in super::super) const MULTIPLE: u8 = 109;
}

/// How a tool failed: its code and what it says on standard error, a sentence a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failed {
    pub(super) code: u8,
    pub(super) said: Vec<String>,
}

impl Failed {
    /// A code and a sentence.
    pub(super) fn new(code: u8, sentence: impl Into<String>) -> Self {
        Self { code, said: vec![sentence.into()] }
    }

    /// A wrong command line.
    pub(super) fn usage(sentence: impl Into<String>) -> Self {
        Self::new(code::USAGE, sentence)
    }

    /// What was asked for is not there.
    pub(super) fn no_such() -> Self {
        Self::new(code::NO_SUCH, "Error performing operation: No such device or address")
    }
}

impl From<Unusable> for Failed {
    fn from(unusable: Unusable) -> Self {
        let mut said = vec![format!("Could not connect to the CIB: {}", unusable.reason)];
        said.extend(unusable.details);
        Self { code: unusable.exit.code(), said }
    }
}

impl From<cib::request::Fault> for Failed {
    fn from(fault: cib::request::Fault) -> Self {
        let mut said = vec![format!("Error performing operation: {}", fault.kind.sentence())];
        said.extend(fault.findings.iter().map(ToString::to_string));
        Self { code: fault.kind.code(), said }
    }
}

/// A tool as it was called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tool<'a> {
    /// Its name.
    pub(super) name: &'static str,
    /// The name with the path by which it was called.
    pub(super) called: &'a str,
    /// Its words.
    pub(super) args: &'a [String],
    /// Its options.
    pub(super) rows: &'static [Row],
    /// Where the information base is.
    pub(super) places: &'a Whereabouts,
}

/// Opens the information base for reading.
///
/// # Errors
/// It cannot be used.
pub(super) fn read(places: &Whereabouts) -> Result<CibFile, Failed> {
    Ok(CibFile::open(&places.path()?, false)?)
}

/// Opens the information base for changing it.
///
/// # Errors
/// It cannot be used.
pub(super) fn edit(places: &Whereabouts) -> Result<CibFile, Failed> {
    Ok(CibFile::open(&places.path()?, true)?)
}

/// What a tool answers: text, or the inside of an XML result.
#[derive(Clone, Default, Debug)]
pub(super) struct Answer {
    /// On standard output, of text.
    pub(super) text: String,
    /// On standard error.
    pub(super) talk: String,
    /// Of XML.
    pub(super) xml: xml::Builder,
    /// How it ends, if nothing failed.
    pub(super) code: u8,
}

impl Tool<'_> {
    /// Reads the command line, answers version and help, and else lets `work` answer.
    ///
    /// # Errors
    /// Only when the streams can't be written.
    pub(super) fn run(
        self,
        console: &mut Console<'_>,
        work: impl FnOnce(&Options, &Whereabouts, &mut Answer) -> Result<(), Failed>,
    ) -> Result<Exit, Stop> {
        let options = match Options::parse(self.rows, self.args) {
            Ok(options) => options,
            Err(sentence) => {
                writeln!(console.err, "{}: {sentence}", self.name)?;
                return Ok(Exit::Old(code::USAGE));
            }
        };
        if options.has("version") {
            writeln!(console.out, "Pacemaker {VERSION}, as Handover knows it")?;
            return Ok(Exit::Done);
        }
        if options.has("help") {
            if let Some(page) = crate::manual::old(self.name) {
                write!(console.out, "{}", crate::manual::help(&page))?;
            }
            return Ok(Exit::Done);
        }
        let as_xml = match options.get("output-as") {
            Some("xml") => true,
            Some("text") | None => false,
            Some("html" | "console") if self.name == "crm_mon" => false,
            Some(other) => {
                writeln!(console.err, "{}: Error creating output format {other}", self.name)?;
                return Ok(Exit::Old(code::USAGE));
            }
        };
        let mut answer = Answer::default();
        let done = work(&options, self.places, &mut answer);
        let (code, said) = match done {
            Ok(()) => (answer.code, Vec::new()),
            Err(failed) => (failed.code, failed.said),
        };
        let said: Vec<String> =
            said.into_iter().map(|line| format!("{}: {line}", self.name)).collect();
        let text = if as_xml { self.result(&answer, code, &said) } else { answer.text };
        if !as_xml {
            write!(console.err, "{}", answer.talk)?;
            for line in &said {
                writeln!(console.err, "{line}")?;
            }
        }
        match options.get("output-to").or(options.get("as-html")).filter(|to| *to != "-") {
            Some(to) => {
                if let Err(error) = fs::write(to, text) {
                    writeln!(console.err, "{}: {to}: {error}", self.name)?;
                    return Ok(Exit::Old(code::CANT_CREATE));
                }
            }
            None => write!(console.out, "{text}")?,
        }
        Ok(Exit::Old(code))
    }

    /// The XML result around an answer.
    fn result(self, answer: &Answer, code: u8, said: &[String]) -> String {
        let words: Vec<String> = self.args.iter().map(|word| quoted(word)).collect();
        let request = format!("{} {}", self.called, words.join(" "));
        let mut result = xml::Builder::default();
        let head = [("api-version", API_VERSION), ("request", request.trim_end())];
        result.open("pacemaker-result", &head);
        result.splice(&answer.xml);
        let number = code.to_string();
        let message = super::error::exit_text(code);
        let status = [("code", number.as_str()), ("message", message)];
        if said.is_empty() {
            result.leaf("status", &status);
        } else {
            result.open("status", &status);
            result.open("errors", &[]);
            for line in said {
                result.text("error", &[], line);
            }
            result.close();
            result.close();
        }
        result.close();
        result.finish()
    }
}

/// A word as it would be written in a shell: quoted if there are blanks in it.
fn quoted(word: &str) -> String {
    if word.contains(|letter: char| letter.is_whitespace()) {
        format!("'{}'", word.replace('\'', "'\\''"))
    } else {
        word.to_owned()
    }
}
