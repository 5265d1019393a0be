//! `crm_verify`: checks a configuration. Every mistake is named with its element, its attribute and
//! the cure, on stderr.

use super::options::{Choice, Given, OUTPUT_AS, switch, valued};
use super::result::Frame;
use super::{BAD_CONFIGURATION, NOT_CREATED, Surroundings, text_of, text_of_file};
use crate::console::{Console, Stop};
use crate::exit::Exit;
use cib::request;
use cib::value;
use cib::xml::{Document, Style};
use std::fs;

pub(super) const CHOICES: [Choice; 5] = [
    switch('L', "live-check", "check the one `CIB_file` names"),
    valued('x', "xml-file", "FILE", "check a file"),
    switch('p', "xml-pipe", "check standard input"),
    valued('X', "xml-text", "XML", "check this text"),
    valued('S', "save-xml", "FILE", "write what was checked to a file"),
];

/// It is no configuration (`crm_error 76`).
const NO_CIB: Exit = Exit::Old(76);

pub(super) fn run(
    given: &Given,
    args: &[String],
    around: &mut Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let exit = check(given, around, console)?;
    if given.get(OUTPUT_AS) == Some("xml") {
        return Frame::new("crm_verify", args).end(exit, console);
    }
    Ok(exit)
}

/// The text to check; none if no source is named, or why it cannot be read.
fn source(given: &Given, around: &mut Surroundings<'_>) -> Option<Result<String, String>> {
    let failed = |from: &str| format!("Couldn't parse input {from}");
    Some(if given.has('L') {
        match around.places.path() {
            Ok(path) => text_of_file(&path.to_string_lossy())
                .ok_or_else(|| failed(&format!("file: {}", path.display()))),
            Err(none) => Err(format!("CIB query failed: {}", none.reason)),
        }
    } else if let Some(path) = given.get('x') {
        text_of_file(path).ok_or_else(|| failed(&format!("file: {path}")))
    } else if given.has('p') {
        text_of(around.input).ok_or_else(|| failed("from STDIN"))
    } else {
        Ok(given.get('X')?.to_owned())
    })
}

fn check(
    given: &Given,
    around: &mut Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let Some(source) = source(given, around) else {
        let help = "No configuration source specified.  Use --help for usage information.";
        writeln!(console.err, "crm_verify: {help}")?;
        return Ok(Exit::Failed);
    };
    let named = given.get('x').map_or_else(|| "string".to_owned(), |path| format!("file: {path}"));
    let parse = |text: String| {
        Document::parse(text).map_err(|error| format!("Couldn't parse input {named}: {error}"))
    };
    let document = match source.and_then(parse) {
        Ok(document) => document,
        Err(sentence) => {
            writeln!(console.err, "crm_verify: {sentence}")?;
            return Ok(Exit::Failed);
        }
    };
    if !document.root().is("cib") {
        let what =
            "This tool can only check complete configurations (i.e. those starting with <cib>).";
        writeln!(console.err, "crm_verify: {what}")?;
        return Ok(NO_CIB);
    }
    if let Some(path) = given.get('S')
        && let Err(error) = fs::write(path, document.root().to_text(Style::Pretty))
    {
        writeln!(console.err, "crm_verify: Could not write {path}: {error}")?;
        return Ok(NOT_CREATED);
    }
    judge(document, given.has('V'), console)
}

fn judge(mut document: Document, verbose: bool, console: &mut Console<'_>) -> Result<Exit, Stop> {
    let root = document.root().id();
    if document.root().child("status").is_none() {
        document.append(root, "status");
    }
    let unchecked = matches!(document.root().get("validate-with"), None | Some("none"));
    if unchecked {
        writeln!(
            console.err,
            "Schema validation of configuration is disabled (enabling is encouraged and prevents \
             common misconfigurations)"
        )?;
    }
    let mut mistakes = Vec::new();
    if let Err(fault) = request::validate(&document)
        && !unchecked
    {
        mistakes.extend(fault.findings.iter().map(ToString::to_string));
        if mistakes.is_empty() {
            let schema = document.root().get("validate-with").unwrap_or_default();
            mistakes.push(format!("validate-with: \"{schema}\" is no schema"));
        }
    } else if lacks_fencing(&document) {
        mistakes.push(
            "Resource start-up disabled since no STONITH resources have been defined\n\
             Either configure some or disable STONITH with the stonith-enabled option\n\
             NOTE: Clusters with shared data need STONITH to ensure data integrity"
                .to_owned(),
        );
    }
    for mistake in &mistakes {
        writeln!(console.err, "{mistake}")?;
    }
    if mistakes.is_empty() {
        return Ok(Exit::Done);
    }
    writeln!(console.err, "crm_verify: Errors found during check: config not valid")?;
    if !verbose {
        writeln!(console.err, "-V may provide more details")?;
    }
    Ok(BAD_CONFIGURATION)
}

/// True if fencing is wanted, as it is by default, and there is nothing that fences.
fn lacks_fencing(document: &Document) -> bool {
    let all = || document.root().descendants();
    let mut options = all().filter(|node| node.is("nvpair")).filter(|pair| {
        pair.parent().is_some_and(|set| set.is("cluster_property_set"))
            && matches!(pair.get("name"), Some("stonith-enabled" | "fencing-enabled"))
    });
    let wanted = options.next().and_then(|pair| value::boolean(pair.get("value")?)).unwrap_or(true);
    wanted && !all().any(|node| node.is("primitive") && node.get("class") == Some("stonith"))
}
