//! `cibadmin`: reads and changes the information base.

use super::options::{Choice, Given, Takes, switch, valued};
use super::{BAD_CONFIGURATION, DANGEROUS, NO_SUCH, Surroundings, UNSAFE, USAGE};
use super::{text_of, text_of_file};
use crate::cib_file::{CibFile, Unusable};
use crate::console::{Console, Stop};
use crate::exit::Exit;
use cib::acl::{self, Access};
use cib::digest;
use cib::request::{self, Change, Fault, FaultKind, Request, SECTIONS, Verb};
use cib::xml::{Document, Node, Style};
use cib::xpath;

pub(super) const CHOICES: [Choice; 30] = [
    switch('Q', "query", "show it"),
    switch('C', "create", "add an object; fails if it is there"),
    switch('M', "modify", "set attributes of an object, found by its name and id"),
    switch('R', "replace", "put an object in the place of the one of the same name and id"),
    switch('D', "delete", "take the first object away that has the name and all attributes"),
    switch('d', "delete-all", "with --xpath: take all away that it finds; needs --force"),
    switch('P', "patch", "apply a patchset of crm_diff"),
    switch('B', "bump", "begin a new epoch"),
    switch('E', "erase", "empty it; needs --force"),
    switch('u', "upgrade", "bring it into the newest form; needs --force"),
    switch('a', "empty", "show an empty one, of the schema named behind it"),
    switch('5', "md5-sum", "show the digest of the input, as files have it"),
    switch('6', "md5-sum-versioned", "show the digest of the input, as peers compare it"),
    Choice {
        short: 'S',
        long: "show-access",
        takes: Takes::Maybe,
        value: "HOW",
        what: "with --query and --user: show what the user may do; color, text, namespace or auto",
    },
    valued('X', "xml-text", "XML", "the input itself"),
    valued('x', "xml-file", "FILE", "read the input from a file"),
    switch('p', "xml-pipe", "read the input from standard input"),
    valued('o', "scope", "SECTION", "only in this section; `handover` lists them in the manual"),
    valued('A', "xpath", "PATH", "only what this XPath finds"),
    switch('e', "node-path", "with --xpath: show where the elements are found"),
    switch('n', "no-children", "show elements without what is below them"),
    switch('c', "allow-create", "with --modify: add the object if it is not there"),
    switch('f', "force", "do it although it is dangerous"),
    valued('U', "user", "NAME", "with the rights of this user"),
    valued('t', "timeout", "SECONDS", "accepted; a file answers at once"),
    switch('s', "sync-call", "accepted; a file answers at once"),
    switch('l', "local", "accepted; a file is always local"),
    valued('N', "node", "NODE", "accepted; a file is always local"),
    valued('h', "host", "NODE", "the same"),
    switch('m', "master", "accepted"),
];

/// Letters of the commands; of several the last counts.
const COMMANDS: &str = "QCMRDdPBEua56";
/// Commands that need `--force`.
const NEED_FORCE: &str = "Eud";
/// Who may always do everything.
const FREE_USERS: [&str; 2] = ["root", "hacluster"];
/// The feature set and schema of an empty information base.
const EMPTY: (&str, &str) = ("3.16.1", "pacemaker-3.9");

pub(super) fn run(
    given: &Given,
    around: &mut Surroundings<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let command = given.last_of(COMMANDS);
    if command == Some('a') {
        let schema = given.words.first().map_or(EMPTY.1, String::as_str);
        write!(console.out, "{}", empty(schema, "1").root().to_text(Style::Pretty))?;
        return Ok(Exit::Done);
    }
    let (Some(command), None) = (command, given.words.first()) else {
        for word in &given.words {
            writeln!(console.err, "cibadmin: {word} is no option")?;
        }
        writeln!(console.err, "cibadmin: what to do? `cibadmin --help` lists the commands")?;
        return Ok(USAGE);
    };
    if NEED_FORCE.contains(command) && !given.has('f') {
        writeln!(console.err, "{DANGEROUS}")?;
        return Ok(UNSAFE);
    }
    if given.has('S') && !given.has('U') {
        writeln!(console.err, "The supplied command requires -U user specified.")?;
        return Ok(USAGE);
    }
    let input = match input(given, around) {
        Ok(input) => input,
        Err(sentence) => {
            writeln!(console.err, "{sentence}")?;
            return Ok(BAD_CONFIGURATION);
        }
    };
    if matches!(command, '5' | '6') {
        return sum(command, input.as_ref(), console);
    }
    let file = around.places.path().and_then(|path| CibFile::open(&path, command != 'Q'));
    let mut file = match file {
        Ok(file) => file,
        Err(unusable) => return disconnected(&unusable, console),
    };
    if command == 'Q' {
        return query(given, file.document(), console);
    }
    match change(command, given, input.as_ref(), &mut file) {
        Ok(_) => {}
        Err(fault) => return refused(&fault, console),
    }
    match file.save() {
        Ok(()) => Ok(Exit::Done),
        Err(unusable) => {
            writeln!(console.err, "Call failed: {}", unusable.reason)?;
            details(&unusable, console)?;
            Ok(unusable.exit)
        }
    }
}

/// An information base without anything.
pub(super) fn empty(schema: &str, epoch: &str) -> Document {
    let mut document = Document::new("cib");
    let root = document.root().id();
    for (name, value) in [
        ("crm_feature_set", EMPTY.0),
        ("validate-with", schema),
        ("epoch", epoch),
        ("num_updates", "0"),
        ("admin_epoch", "0"),
    ] {
        document.set(root, name, value);
    }
    let configuration = document.append(root, "configuration");
    for name in ["crm_config", "nodes", "resources", "constraints"] {
        document.append(configuration, name);
    }
    document.append(root, "status");
    document
}

/// What the options give as input.
fn input(given: &Given, around: &mut Surroundings<'_>) -> Result<Option<Document>, String> {
    let (text, from) = match given.last_of("Xxp") {
        Some('p') => (text_of(around.input), "STDIN"),
        Some('x') => {
            let path = given.get('x').unwrap_or_default();
            (text_of_file(path), path)
        }
        Some(_) => {
            let text = given.get('X').unwrap_or_default();
            if text.is_empty() {
                return Ok(None);
            }
            (Some(text.to_owned()), "input string")
        }
        None => return Ok(None),
    };
    let failed = |why: &dyn std::fmt::Display| format!("Couldn't parse input from {from}.\n{why}");
    let text = text.ok_or_else(|| failed(&"it cannot be read"))?;
    Document::parse(text).map(Some).map_err(|error| failed(&error))
}

fn sum(command: char, input: Option<&Document>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    let Some(input) = input.map(Document::root) else {
        writeln!(console.err, "Please supply XML to process with -X, -x or -p")?;
        return Ok(USAGE);
    };
    if command == '5' {
        write!(console.err, "Digest: ")?;
        writeln!(console.out, "{}", digest::of_file(input))?;
    } else {
        let version = input.get("crm_feature_set").unwrap_or("(null)");
        write!(console.err, "Versioned ({version}) digest: ")?;
        writeln!(console.out, "{}", digest::of_versioned(input))?;
    }
    Ok(Exit::Done)
}

fn disconnected(unusable: &Unusable, console: &mut Console<'_>) -> Result<Exit, Stop> {
    details(unusable, console)?;
    writeln!(console.err, "Could not connect to the CIB: {}", unusable.reason)?;
    writeln!(console.err, "Init failed, could not perform requested operations")?;
    Ok(unusable.exit)
}

fn details(unusable: &Unusable, console: &mut Console<'_>) -> Result<(), Stop> {
    for detail in &unusable.details {
        writeln!(console.err, "{detail}")?;
    }
    Ok(())
}

/// The scope: the last of `--scope` and `--xpath`.
fn scope(given: &Given) -> Option<&str> {
    given.get(given.last_of("oA")?)
}

/// The user whose rights count, if they are limited.
fn user(given: &Given) -> Option<&str> {
    given.get('U').filter(|user| !FREE_USERS.contains(user))
}

/// The groups a user is in, by `/etc/group`.
fn groups_of(user: &str) -> Vec<String> {
    let text = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let group = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let is_member = fields.nth(2)?.split(',').any(|member| member == user);
        is_member.then(|| name.to_owned())
    };
    text.lines().filter_map(group).collect()
}

fn query(given: &Given, document: &Document, console: &mut Console<'_>) -> Result<Exit, Stop> {
    let mut filtered = None;
    if let Some(user) = user(given).filter(|_| acl::is_enabled(document)) {
        let access = Access::of(document, user, &groups_of(user));
        if given.has('S') {
            return show_access(given, document, &access, user, console);
        }
        filtered = access.readable(document);
        if filtered.is_none() {
            return refused(&FaultKind::Rights.into(), console);
        }
    }
    let document = filtered.as_ref().unwrap_or(document);
    let found = if given.has('A') {
        let found = xpath::elements(document.root(), scope(given).unwrap_or_default());
        found.into_iter().map(|id| document.node(id)).collect()
    } else {
        Vec::from_iter(request::section(document, scope(given)))
    };
    if found.is_empty() {
        writeln!(console.err, "Call failed: {}", FaultKind::NotFound.sentence())?;
        return Ok(NO_SUCH);
    }
    if given.has('e') {
        for node in found.iter().filter(|_| given.has('A')) {
            writeln!(console.out, "{}", xpath::path(document, node.id()))?;
        }
        return Ok(Exit::Done);
    }
    write!(console.out, "{}", answer(&found, given.has('n')).root().to_text(Style::Pretty))?;
    Ok(Exit::Done)
}

/// One element as it is, several below `<xpath-query>`.
fn answer(found: &[Node<'_>], bare: bool) -> Document {
    let mut document = Document::new("xpath-query");
    let root = document.root().id();
    for node in found {
        if bare {
            let copy = document.append(root, node.name());
            for (name, value) in node.attributes() {
                document.set(copy, name, value);
            }
        } else {
            document.import(root, None, *node);
        }
    }
    let only = document.root().children().next().filter(|_| found.len() == 1);
    let only = only.map(Document::copy_of);
    only.unwrap_or(document)
}

fn show_access(
    given: &Given,
    document: &Document,
    access: &Access,
    user: &str,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let how = match given.get('S') {
        Some("namespace") => acl::Shown::Namespace,
        Some("color") => acl::Shown::Colour,
        Some("text") => acl::Shown::Text,
        _ if console.colour => acl::Shown::Colour,
        _ => acl::Shown::Text,
    };
    writeln!(console.out, "<!-- ACLs as evaluated for user {user} -->")?;
    write!(console.out, "{}", access.show(document, how))?;
    Ok(Exit::Done)
}

/// Carries a changing command out.
fn change(
    command: char,
    given: &Given,
    input: Option<&Document>,
    file: &mut CibFile,
) -> Result<Change, Fault> {
    let path = given.has('A');
    let verb = match command {
        'C' => Verb::Create,
        'M' if path => Verb::ModifyPath,
        'M' => Verb::Modify { allow_create: given.has('c') },
        'R' if path => Verb::ReplacePath,
        'R' => Verb::Replace,
        'D' | 'd' if path => Verb::DeletePath { all: command == 'd' },
        'D' | 'd' => Verb::Delete,
        'P' => Verb::Patch,
        'u' => Verb::Upgrade,
        'E' => Verb::Erase,
        _ => Verb::Bump,
    };
    let section = scope(given);
    // To a new object a section that is none is the whole.
    let section = match verb {
        Verb::Create => section.map(|name| if SECTIONS.contains(&name) { name } else { "cib" }),
        _ => section,
    };
    let request = Request { verb, section, data: input.map(Document::root) };
    let Some(user) = user(given).filter(|_| acl::is_enabled(file.document())) else {
        return file.perform(&request);
    };
    let mut result = file.document().clone();
    request::perform(&mut result, &request)?;
    if !Access::of(file.document(), user, &groups_of(user)).allows(file.document(), &result) {
        return Err(FaultKind::Rights.into());
    }
    file.perform(&request)
}

/// Says why nothing was changed: the sentence, the document that was refused with its mistakes on
/// stderr, what could not be added on stdout.
fn refused(fault: &Fault, console: &mut Console<'_>) -> Result<Exit, Stop> {
    if let Some(document) = &fault.refused {
        let text = document.root().to_text(Style::Pretty);
        for (number, line) in text.lines().enumerate() {
            writeln!(console.err, "{:4} {line}", number + 1)?;
        }
    }
    for finding in &fault.findings {
        writeln!(console.err, "{finding}")?;
    }
    writeln!(console.err, "Call failed: {fault}")?;
    if let Some(failed) = &fault.failed {
        write!(console.out, "{}", failed.root().to_text(Style::Pretty))?;
    }
    Ok(Exit::Old(fault.kind.code()))
}
