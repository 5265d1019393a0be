//! `crm_shadow`: copies of the configuration to work on.

use super::options::{Choice, Given, switch, valued};
use super::patch_text::difference;
use super::{DANGEROUS, NO_SUCH, NOT_CONFIGURED, NOT_CREATED, Surroundings, USAGE, cibadmin};
use crate::cib_file::{CibFile, Unusable, write as write_document};
use crate::console::{Console, Stop};
use crate::exit::Exit;
use cib::request::{Request, Verb};
use cib::xml::{Document, Style};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

pub(super) const CHOICES: [Choice; 15] = [
    switch('w', "which", "show the name of the active copy"),
    switch('p', "display", "show the active copy"),
    switch('E', "edit", "edit the active copy with $EDITOR"),
    switch('d', "diff", "show what the active copy changes; ends with 1 if it changes something"),
    switch('F', "file", "show the file of the active copy"),
    valued('c', "create", "NAME", "copy the configuration"),
    valued('e', "create-empty", "NAME", "make a copy without anything"),
    valued('C', "commit", "NAME", "put the copy's configuration in place; needs --force"),
    valued('D', "delete", "NAME", "remove the copy; needs --force"),
    valued('r', "reset", "NAME", "copy the configuration anew"),
    valued('s', "switch", "NAME", "work on this copy"),
    switch('f', "force", "do it although it is dangerous"),
    switch('b', "batch", "start no shell"),
    switch('a', "all", "with --commit: the status too"),
    valued('v', "validate-with", "SCHEMA", "with --create-empty: of this schema"),
];

/// Shadow copies are for their owner and group.
const MODE: u32 = 0o640;

pub(super) fn run(
    given: &Given,
    around: &Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let active = around.places.shadow.as_ref().map(|name| name.to_string_lossy().into_owned());
    let command = given.last_of("wpEdFceCDrs");
    if command.is_none() && given.has('f') && given.words.is_empty() {
        writeln!(console.err, "No shadow instance provided")?;
        return Ok(NO_SUCH);
    }
    let (Some(command), None) = (command, given.words.first()) else {
        writeln!(console.err, "crm_shadow: what to do? `crm_shadow --help` lists the commands")?;
        return Ok(USAGE);
    };
    if "wpEdF".contains(command) {
        let Some(active) = active else {
            writeln!(console.err, "No active shadow configuration defined")?;
            return Ok(NO_SUCH);
        };
        return ask(command, &active, around, console);
    }
    let name = given.get(command).unwrap_or_default();
    let force = given.has('f');
    if matches!(command, 'C' | 'D') && !force {
        writeln!(console.err, "{DANGEROUS}")?;
        return Ok(USAGE);
    }
    let other = active.as_deref().filter(|active| *active != name);
    if let Some(active) = other.filter(|_| !force && matches!(command, 'e' | 'r')) {
        writeln!(
            console.err,
            "The supplied shadow instance ({name}) is not the same as the active one ({active}).\n  \
             To prevent accidental destruction of the cluster, the --force flag is required in order \
             to proceed."
        )?;
        return Ok(USAGE);
    }
    match command {
        'c' | 'r' => copy(command, name, given, around, console),
        'e' => make_empty(name, given, around, console),
        'C' => commit(name, given, around, console),
        'D' => delete(name, around, console),
        _ => switch_to(name, given, around, console),
    }
}

/// The commands about the active copy.
fn ask(
    command: char,
    active: &str,
    around: &Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let path = around.places.shadow_file(active);
    match command {
        'w' => writeln!(console.out, "{active}")?,
        'F' => writeln!(console.out, "{}", path.display())?,
        'p' => {
            if !path.exists() {
                return absent(active, &io::ErrorKind::NotFound.into(), console);
            }
            match CibFile::open(&path, false) {
                Ok(file) => {
                    write!(console.out, "{}", file.document().root().to_text(Style::Pretty))?;
                }
                Err(unusable) => return disconnected(&unusable, console),
            }
        }
        'E' => return edit(active, &path, around, console),
        _ => {
            let original = match original(around) {
                Ok(file) => file,
                Err(unusable) => return disconnected(&unusable, console),
            };
            let shadow = match CibFile::open(&path, false) {
                Ok(file) => file,
                Err(unusable) => return disconnected(&unusable, console),
            };
            if let Some(text) = difference(original.document(), shadow.document()) {
                write!(console.out, "{text}")?;
                return Ok(Exit::Failed);
            }
        }
    }
    Ok(Exit::Done)
}

fn edit(
    active: &str,
    path: &Path,
    around: &Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    if let Err(error) = fs::metadata(path) {
        return absent(active, &error, console);
    }
    let Some(editor) = &around.editor else {
        writeln!(console.err, "No value for EDITOR defined")?;
        return Ok(NOT_CONFIGURED);
    };
    console.out.flush()?;
    match Command::new(editor).arg(path).status() {
        Ok(_) => Ok(Exit::Done),
        Err(error) => {
            writeln!(
                console.err,
                "Could not invoke EDITOR ({editor} {}): {error}",
                path.display()
            )?;
            Ok(Exit::Failed)
        }
    }
}

/// What the copies are copies of: the file, or a cluster that is not here.
fn original(around: &Surroundings<'_>) -> Result<CibFile, Unusable> {
    let mut places = around.places.clone();
    places.shadow = None;
    CibFile::open(&places.path()?, false)
}

fn disconnected(unusable: &Unusable, console: &mut Console<'_>) -> Result<Exit, Stop> {
    for detail in &unusable.details {
        writeln!(console.err, "{detail}")?;
    }
    writeln!(console.err, "Could not connect to CIB: {}", unusable.reason)?;
    Ok(unusable.exit)
}

fn absent(name: &str, error: &io::Error, console: &mut Console<'_>) -> Result<Exit, Stop> {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "No such file or directory".to_owned(),
        _ => error.to_string(),
    };
    writeln!(console.err, "Could not access shadow instance '{name}': {why}")?;
    Ok(NO_SUCH)
}

/// Says that a copy is there already and stays.
fn exists(name: &str, console: &mut Console<'_>) -> Result<Exit, Stop> {
    writeln!(
        console.err,
        "A shadow instance '{name}' already exists.\n  To prevent accidental destruction of the \
         cluster, the --force flag is required in order to proceed."
    )?;
    Ok(NOT_CREATED)
}

fn copy(
    command: char,
    name: &str,
    given: &Given,
    around: &Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let path = around.places.shadow_file(name);
    if command == 'c' && path.exists() && !given.has('f') {
        return exists(name, console);
    }
    if command == 'r'
        && let Err(error) = fs::metadata(&path)
    {
        return absent(name, &error, console);
    }
    match original(around) {
        Ok(file) => put(name, file.document(), given, around, console),
        Err(unusable) => disconnected(&unusable, console),
    }
}

fn make_empty(
    name: &str,
    given: &Given,
    around: &Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    if around.places.shadow_file(name).exists() && !given.has('f') {
        return exists(name, console);
    }
    let schema = given.get('v').unwrap_or("pacemaker-3.9");
    writeln!(console.out, "Created new {schema} configuration")?;
    put(name, &cibadmin::empty(schema, "0"), given, around, console)
}

/// Writes a copy and says how to work on it.
fn put(
    name: &str,
    document: &Document,
    given: &Given,
    around: &Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let path = around.places.shadow_file(name);
    let new = !path.exists();
    let written = write_document(&path, document).and_then(|()| {
        if new { fs::set_permissions(&path, fs::Permissions::from_mode(MODE)) } else { Ok(()) }
    });
    if let Err(error) = written {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "No such file or directory".to_owned(),
            _ => error.to_string(),
        };
        writeln!(console.err, "Could not create the shadow instance '{name}': {why}")?;
        return Ok(NO_SUCH);
    }
    let line = "A new shadow instance was created.  To begin using it paste the following into your \
                shell:";
    begin(name, line, given, around, console)
}

/// Starts a shell that works on the copy, or says how to have one.
fn begin(
    name: &str,
    line: &str,
    given: &Given,
    around: &Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    writeln!(console.out, "Setting up shadow instance")?;
    let Some(shell) = around.shell.as_ref().filter(|_| !given.has('b')) else {
        writeln!(console.out, "{line}\n  CIB_shadow={name} ; export CIB_shadow")?;
        return Ok(Exit::Done);
    };
    writeln!(console.out, "Type Ctrl-D to exit the crm_shadow shell")?;
    console.out.flush()?;
    match Command::new(shell).env("CIB_shadow", name).env("PS1", "shadow[$CIB_shadow] # ").status()
    {
        Ok(_) => Ok(Exit::Done),
        Err(error) => Err(Stop::failed(format!("Could not start {shell}: {error}"))),
    }
}

fn switch_to(
    name: &str,
    given: &Given,
    around: &Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    if let Err(error) = fs::metadata(around.places.shadow_file(name)) {
        return absent(name, &error, console);
    }
    let line = "To switch to the named shadow instance, paste the following into your shell:";
    begin(name, line, given, around, console)
}

/// Removes a copy; one that is not there is gone already.
fn delete(name: &str, around: &Surroundings<'_>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    match fs::remove_file(around.places.shadow_file(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            writeln!(console.err, "Could not remove shadow instance '{name}': {error}")?;
            return Ok(Exit::Failed);
        }
        _ => remember(console)?,
    }
    Ok(Exit::Done)
}

fn remember(console: &mut Console<'_>) -> Result<(), Stop> {
    writeln!(
        console.out,
        "Please remember to unset the CIB_shadow variable by pasting the following into your \
         shell:\n  unset CIB_shadow"
    )?;
    Ok(())
}

/// Puts the copy's configuration, or all of it, in the place of the original's.
fn commit(
    name: &str,
    given: &Given,
    around: &Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let mut places = around.places.clone();
    places.shadow = None;
    let opened = places.path().and_then(|path| CibFile::open(&path, true));
    let mut target = match opened {
        Ok(file) => file,
        Err(unusable) => return disconnected(&unusable, console),
    };
    let path = around.places.shadow_file(name);
    if let Err(error) = fs::metadata(&path) {
        return absent(name, &error, console);
    }
    let shadow = match CibFile::open(&path, false) {
        Ok(file) => file,
        Err(unusable) => return disconnected(&unusable, console),
    };
    let root = shadow.document().root();
    let all = given.has('a');
    let (section, data) = match root.child("configuration").filter(|_| !all) {
        Some(configuration) => ("configuration", configuration),
        None => ("cib", root),
    };
    let done = target.perform(&Request::new(Verb::Replace, Some(section), data));
    if let Err(fault) = done {
        let shown = format!("Could not commit shadow instance '{name}' to the CIB: {fault}");
        writeln!(console.err, "{shown}")?;
        return Ok(Exit::Old(fault.kind.code()));
    }
    if let Err(unusable) = target.save() {
        return disconnected(&unusable, console);
    }
    remember(console)?;
    Ok(Exit::Done)
}
