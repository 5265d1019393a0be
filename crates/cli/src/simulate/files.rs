//! What `crm_simulate` reads and writes.

use super::options::Options;
use super::{NO_CIB, NO_INPUT, NOT_SAVED, NOT_WRITTEN, Simulation, graph};
use crate::console::{Console, Stop};
use crate::exit::Exit;
use bzip2::read::MultiBzDecoder;
use cib::xml::{Document, MAX_BYTES, Style};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Why there is no document, and how that ends.
type Refusal = (String, Exit);

/// The document that the options name.
pub(super) fn input(options: &Options) -> Result<Document, Refusal> {
    if options.has('p') {
        return standard_input();
    }
    match options.get('x') {
        Some("-") => standard_input(),
        Some(path) => read(Path::new(path)),
        None if options.has('L') => match std::env::var_os("CIB_file") {
            Some(path) => read(Path::new(&path)),
            None => Err(("CIB query failed: Input file not available".to_owned(), NO_INPUT)),
        },
        None => {
            Err(("no input: name a file with --xml-file, or use --xml-pipe".to_owned(), NO_CIB))
        }
    }
}

/// Reads standard input.
pub(super) fn standard_input() -> Result<Document, Refusal> {
    parse("standard input", &mut io::stdin().lock())
}

/// Reads a file; one called `.bz2` is unpacked.
pub(super) fn read(path: &Path) -> Result<Document, Refusal> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| (format!("{name}: {error}"), NO_CIB))?;
    if path.extension().is_some_and(|extension| extension == "bz2") {
        return parse(&name, &mut MultiBzDecoder::new(file));
    }
    parse(&name, &mut io::BufReader::new(file))
}

fn parse(name: &str, from: &mut dyn Read) -> Result<Document, Refusal> {
    let refused = |why: &dyn std::fmt::Display| (format!("{name}: {why}"), NO_CIB);
    let mut bytes = Vec::new();
    // One byte more than is allowed tells too much from just enough.
    let mut limited = from.take(MAX_BYTES as u64 + 1);
    limited.read_to_end(&mut bytes).map_err(|error| refused(&error))?;
    let text = String::from_utf8(bytes).map_err(|_| refused(&"it is not UTF-8"))?;
    let document = Document::parse(text).map_err(|error| refused(&error))?;
    if !document.root().is("cib") {
        let sentence = format!("{name}: <{}> is no cib", document.root().name());
        return Err((sentence, NO_INPUT));
    }
    Ok(document)
}

/// The CIBs of a directory, by name.
pub(super) fn inputs_of(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|end| end == "xml" || end == "bz2"))
        .collect();
    files.sort();
    files
}

/// Writes what the options ask for; the exit code of what could not be written.
pub(super) fn save(
    simulation: &Simulation,
    options: &Options,
    console: &mut Console<'_>,
) -> Result<Option<Exit>, Stop> {
    let mut in_place = Vec::new();
    if options.has('X') {
        in_place.extend(options.get('x').filter(|path| *path != "-"));
    }
    let document = |document: &Document| document.root().to_text(Style::Pretty);
    let mut texts: Vec<(&str, String, Exit)> = Vec::new();
    if let Some(path) = options.get('I') {
        texts.push((path, document(&simulation.input), NOT_SAVED));
    }
    if let Some(path) = options.get('G') {
        let mut text = String::new();
        graph::write(&simulation.plan.graph, &mut text);
        texts.push((path, text, NOT_WRITTEN));
    }
    if let Some(path) = options.get('D') {
        let mut text = String::new();
        graph::dot(&simulation.plan.graph, &mut text);
        texts.push((path, text, NOT_WRITTEN));
    }
    let result = simulation.after.as_ref().map_or(&simulation.input, |after| &after.document);
    for path in options.get('O').into_iter().chain(in_place) {
        texts.push((path, document(result), NOT_SAVED));
    }
    for (path, text, exit) in texts {
        if path == "-" {
            write!(console.out, "{text}")?;
        } else if let Err(error) = fs::write(path, text) {
            writeln!(console.err, "crm_simulate: Could not create '{path}': {error}")?;
            return Ok(Some(exit));
        }
    }
    Ok(None)
}
