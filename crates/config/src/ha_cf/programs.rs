//! The lines that start programs or name fencing devices (docs/ancestors/heartbeat.md §6.1-6.5).

use super::lexer::Statement;
use super::reader::Reader;
use crate::text::{Word, words};
use base::{Severity, Span};
use cluster::config::{ApiAuth, Client, StonithDevice};

/// The longest client name the ancestor keeps, in bytes (docs/ancestors/heartbeat.md §5.2).
const CLIENT_NAME_MAX: usize = 31;

pub(super) fn respawn(reader: &mut Reader<'_>, line: &Statement<'_>) {
    child(reader, line, false);
}

pub(super) fn failfast(reader: &mut Reader<'_>, line: &Statement<'_>) {
    child(reader, line, true);
}

fn child(reader: &mut Reader<'_>, line: &Statement<'_>, failfast: bool) {
    let words = line.blank_words();
    let [user, program, ..] = words.as_slice() else {
        return reader.incomplete(line.span(), "a user and the full path of a program");
    };
    if program.text.rsplit('/').next() == Some("ipfail") {
        return ipfail(reader, *program);
    }
    let mut good = true;
    if !(reader.host.user_exists)(user.text) {
        reader.bad(*user, "this host has no such user");
        good = false;
    }
    if !program.text.starts_with('/') {
        reader.bad(*program, "this is not a full path");
        good = false;
    } else if !(reader.host.file_exists)(program.text) {
        reader.bad(*program, "there is no such program on this host");
        good = false;
    }
    if good {
        let from = program.span.start.saturating_sub(line.rest.span.start);
        let command = line.rest.text.get(from..).unwrap_or(program.text).to_owned();
        reader.draft.clients.push(Client { user: user.text.to_owned(), command, failfast });
    }
}

/// ipfail is part of the daemon: its line selects it, wherever it points.
fn ipfail(reader: &mut Reader<'_>, program: Word<'_>) {
    if !(reader.host.file_exists)(program.text) {
        let message = "ipfail is built in; nothing needs to be at this path";
        let found = reader.finding(Severity::Note, "ipfail-built-in", program.span, message);
        let found = found.effect("ping nodes decide which node keeps the resources");
        reader.add(found.compat("Heartbeat 3.0.6 refuses to start when the program is missing"));
    }
    reader.draft.ipfail = Some(program.span);
}

pub(super) fn apiauth(reader: &mut Reader<'_>, line: &Statement<'_>) {
    let words = line.blank_words();
    let [client, lists @ ..] = words.as_slice() else {
        return reader.incomplete(line.span(), "a client's name and uid= or gid= lists");
    };
    if client.text.len() > CLIENT_NAME_MAX {
        return reader.bad(*client, "a client's name has at most 31 characters");
    }
    if reader.draft.apiauth.contains_key(client.text) {
        return reader.bad(*client, "this client has an `apiauth` line already");
    }
    if lists.is_empty() {
        return reader.incomplete(line.span(), "uid= or gid= behind the client's name");
    }
    let mut auth = ApiAuth::default();
    for list in lists {
        names(reader, *list, &mut auth);
    }
    reader.draft.apiauth.insert(client.text.to_owned(), auth);
}

/// One `uid=a,b` or `gid=a,b`.
fn names(reader: &mut Reader<'_>, list: Word<'_>, auth: &mut ApiAuth) {
    let (exists, target) = match list.text.split_once('=') {
        Some(("uid", _)) => (reader.host.user_exists, &mut auth.users),
        Some(("gid", _)) => (reader.host.group_exists, &mut auth.groups),
        _ => return reader.bad(list, "neither a uid= nor a gid= list"),
    };
    if !target.is_empty() {
        return reader.bad(list, "a second list of the same kind");
    }
    let start = list.span.start.saturating_add("uid=".len());
    for name in words(list.text.get("uid=".len()..).unwrap_or(""), start, &[',']) {
        if !exists(name.text) && !name.text.bytes().all(|b| b.is_ascii_digit()) {
            reader.bad(name, "this host has no such user or group");
        }
        target.push(name.text.to_owned());
    }
    if target.is_empty() {
        reader.bad(list, "an empty list");
    }
}

pub(super) fn stonith(reader: &mut Reader<'_>, line: &Statement<'_>) {
    let words = line.blank_words();
    let [kind, file, ..] = words.as_slice() else {
        return reader.incomplete(line.span(), "a device type and its configuration file");
    };
    if !known_type(reader, *kind) {
        return;
    }
    let Some(text) = (reader.host.read_file)(file.text) else {
        return reader.bad(*file, "this file can't be read");
    };
    let parameters = parameters_of(&text);
    reader.draft.stonith.push(StonithDevice { kind: kind.text.to_owned(), parameters });
}

/// The words of the first line that is no comment: such a file holds one device.
fn parameters_of(text: &str) -> Vec<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    line.unwrap_or("").split_whitespace().map(str::to_owned).collect()
}

pub(super) fn stonith_host(reader: &mut Reader<'_>, line: &Statement<'_>) {
    let words = line.blank_words();
    let Some((host, device)) = words.split_first() else {
        return reader.incomplete(line.span(), "a node or `*`, a device type and its parameters");
    };
    if host.text != "*" && !host.text.eq_ignore_ascii_case(reader.host.node_name) {
        return;
    }
    let Some((kind, parameters)) = device.split_first() else {
        return reader.incomplete(line.span(), "a device type and its parameters");
    };
    if !known_type(reader, *kind) {
        return;
    }
    if parameters.is_empty() {
        return reader.incomplete(line.span(), "the parameters of the device");
    }
    let parameters = parameters.iter().map(|word| word.text.to_owned()).collect();
    reader.draft.stonith.push(StonithDevice { kind: kind.text.to_owned(), parameters });
}

fn known_type(reader: &mut Reader<'_>, kind: Word<'_>) -> bool {
    let known = (reader.host.stonith_type_exists)(kind.text);
    if !known {
        let help = "`stonith -L` lists the types; external/NAME runs a plugin of that name";
        reader.bad_with(kind, "this host has no such STONITH plugin", help);
    }
    known
}

pub(super) fn env(reader: &mut Reader<'_>, word: Word<'_>) {
    match word.text.split_once('=') {
        Some(("", _)) => reader.bad(word, "there is no name before the `=`"),
        Some((name, value)) => {
            reader.draft.environment.insert(name.to_owned(), value.to_owned());
        }
        None => {
            let (name, span) = (word.text.to_owned(), word.span);
            let found = reader.finding(Severity::Warning, "env", span, "`env` without a value");
            let found = found.effect(format!("scripts get an empty HA_{name}"));
            let found = found.compat("Heartbeat 3.0.6 accepts it and passes what lies behind it");
            reader.add(found.help(format!("write `env {name}=VALUE`")));
            reader.draft.environment.insert(name, String::new());
        }
    }
}

/// ipfail compares ping nodes between two nodes that share out resources by themselves.
pub(super) fn ipfail_can_work(reader: &mut Reader<'_>, legacy: bool, pings: usize) {
    let Some(span) = reader.draft.ipfail else { return };
    let mut warn = |message: &str, help: &str| {
        let effect = "ipfail never moves anything";
        reader.warn("ipfail", span, message, effect, help);
    };
    if legacy {
        warn("ipfail doesn't work with `auto_failback legacy`", "set `auto_failback on` or `off`");
    }
    if pings == 0 {
        warn("ipfail has no ping node to compare", "add `ping ROUTER`");
    }
}

/// Says that something is known and does nothing here.
pub(super) fn not_built(reader: &mut Reader<'_>, span: Span, instead: &str) {
    let message =
        format!("`{}` has no effect: that part of Heartbeat isn't built", reader.row.name);
    reader.warn("not-built", span, message, "everything else works without it", instead);
}
