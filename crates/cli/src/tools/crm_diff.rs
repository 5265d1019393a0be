//! `crm_diff`: makes and applies patchsets.

use super::options::{Choice, Given, switch, valued};
use super::{BAD_DATA, Surroundings, text_of, text_of_file};
use crate::console::{Console, Stop};
use crate::exit::Exit;
use cib::patch::{self, Refused};
use cib::request::FaultKind;
use cib::version::Version;
use cib::xml::{Document, Style};

pub(super) const CHOICES: [Choice; 8] = [
    valued('o', "original", "FILE", "the old document"),
    valued('O', "original-string", "XML", "the old document itself"),
    valued('n', "new", "FILE", "the new document"),
    valued('N', "new-string", "XML", "the new document itself"),
    valued('p', "patch", "FILE", "apply this patchset to the old document"),
    switch('c', "cib", "with a digest; when applying, only if versions agree"),
    switch('s', "stdin", "read what is not named from standard input"),
    switch('u', "no-version", "without versions"),
];

/// The documents differ.
const DIFFERENT: Exit = Exit::Old(1);

pub(super) fn run(
    given: &Given,
    around: &mut Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let patching = given.has('p');
    let first = read(given, 'o', 'O', around);
    let second =
        if patching { read(given, 'p', '\0', around) } else { read(given, 'n', 'N', around) };
    let (old, new) = match (first, second) {
        (Err(why), _) => return refuse("first", &why, console),
        (_, Err(why)) => return refuse("second", &why, console),
        (Ok(old), Ok(new)) => (old, new),
    };
    if patching {
        return apply(given, old, new, console);
    }
    let versions = !given.has('u');
    let set = if patch::takes_second_format(&old) {
        patch::create(&old, &new, patch::Options { versions, digest: given.has('c') })
    } else {
        patch::create_v1(&old, &new, patch::Options { versions, digest: true })
    };
    let Some(set) = set else { return Ok(Exit::Done) };
    write!(console.out, "{}", set.root().to_text(Style::Pretty))?;
    Ok(DIFFERENT)
}

fn read(
    given: &Given,
    file: char,
    text: char,
    around: &mut Surroundings<'_>,
) -> Result<Document, String> {
    let written = match (given.get(text), given.get(file)) {
        (Some(text), _) => Some(text.to_owned()),
        (None, Some("-")) => text_of(around.input),
        (None, Some(path)) => {
            Some(text_of_file(path).ok_or_else(|| format!("cannot read {path}"))?)
        }
        (None, None) if given.has('s') => text_of(around.input),
        (None, None) => None,
    };
    let written = written.ok_or_else(|| "it is not named".to_owned())?;
    Document::parse(written).map_err(|error| error.to_string())
}

fn refuse(which: &str, why: &str, console: &mut Console<'_>) -> Result<Exit, Stop> {
    writeln!(console.err, "crm_diff: {why}\nCould not parse the {which} XML fragment")?;
    Ok(BAD_DATA)
}

fn apply(
    given: &Given,
    mut document: Document,
    mut set: Document,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let at = Version::of(document.root());
    let part = |set: &Document, name: &str| {
        set.root().child("version")?.child(name).map(|part| (part.id(), Version::of(part)))
    };
    let target = part(&set, "target");
    let mut fault = None;
    if given.has('c') && target.is_some_and(|(_, target)| target <= at) {
        fault = Some(FaultKind::Old);
    } else if let Some((source, _)) = part(&set, "source").filter(|_| !given.has('c')) {
        for (name, number) in
            [("admin_epoch", at.admin_epoch), ("epoch", at.epoch), ("num_updates", at.num_updates)]
        {
            set.set(source, name, &number.to_string());
        }
    }
    let mut why = None;
    if fault.is_none()
        && let Err(refused) = patch::apply(&mut document, &set)
    {
        fault = Some(match &refused {
            Refused::Version { from, at } if from < at => FaultKind::Old,
            Refused::Path(_) => FaultKind::NotFound,
            _ => FaultKind::Diff,
        });
        why = Some(refused);
    }
    let Some(fault) = fault else {
        write!(console.out, "{}", document.root().to_text(Style::Pretty))?;
        return Ok(Exit::Done);
    };
    if let Some(why) = why {
        writeln!(console.err, "crm_diff: {why}")?;
    }
    writeln!(console.err, "Could not apply patch: {}", fault.sentence())?;
    Ok(Exit::Old(fault.code()))
}
