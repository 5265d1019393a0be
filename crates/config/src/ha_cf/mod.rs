//! ha.cf: what it says, line by line, and what its lines mean together.
//!
//! `lexer` cuts lines into words; `directives` is the table of all directives, whose rows name
//! the functions of `media`, `settings` and `programs` that read them into the draft of `reader`;
//! `checks` looks at the whole. Facts: docs/ancestors/heartbeat.md §5.1 and §5.2.

mod checks;
mod directives;
mod lexer;
mod media;
mod programs;
mod reader;
mod settings;
mod values;

pub use directives::{DIRECTIVES, Directive, FOREIGN, directive};
pub(crate) use reader::{Draft, REFUSED, REFUSED_EFFECT, Read, Reader};
pub use reader::{GenerationMethod, UuidFrom};

use crate::text::{Word, nearest, quote};
use crate::{File, Host};
use base::{Diagnostic, Severity};
use lexer::Statement;
use reader::Given;
use std::collections::BTreeMap;

/// What a ha.cf says.
pub(crate) struct HaCf {
    /// Its values.
    pub draft: Draft,
    /// Directives with a value, as written.
    pub parameters: BTreeMap<String, String>,
}

/// Reads a whole ha.cf; what is wrong with it goes to `found`.
pub(crate) fn read(file: &File, host: &Host<'_>, found: &mut Vec<Diagnostic>) -> HaCf {
    let Some(first) = DIRECTIVES.first() else { unreachable!("the table has rows") };
    let mut reader = Reader::new(host, &file.path, first);
    let statements = lexer::statements(&file.text);
    for line in &statements {
        match directive(line.directive.text) {
            Some(row) => {
                reader.row = row;
                take(&mut reader, line);
            }
            None => unknown(&mut reader, line),
        }
    }
    let names: Vec<&str> = statements.iter().map(|line| line.directive.text).collect();
    checks::whole(&mut reader, &names);
    found.append(&mut reader.found);
    let parameters = parameters(&reader);
    HaCf { draft: reader.draft, parameters }
}

/// Hands the words of a line to the function of its row, and notes them.
fn take(reader: &mut Reader<'_>, line: &Statement<'_>) {
    let name = reader.row.name;
    let note = |reader: &mut Reader<'_>, word: Word<'_>| {
        reader.given.insert(name, Given { text: word.text.to_owned(), span: word.span });
    };
    match reader.row.read {
        Read::Whole(read) => {
            read(reader, line);
            note(reader, line.rest);
        }
        Read::Each(read) => {
            for word in &line.words {
                read(reader, *word);
                note(reader, *word);
            }
        }
    }
}

fn unknown(reader: &mut Reader<'_>, line: &Statement<'_>) {
    let name = line.directive.text;
    let message = format!("{} is not a directive of ha.cf", quote(name));
    let found = reader.finding(Severity::Error, "unknown-directive", line.directive.span, message);
    let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == name).map(|(_, who)| *who);
    let known = DIRECTIVES.iter().map(|row| row.name);
    let found = match (foreign, nearest(name, known)) {
        (Some(who), _) => found.label("another program's, or another build's").help(who),
        (None, Some(near)) => found.label(format!("did you mean `{near}`?")),
        (None, None) => found.help("`handover check --explain` lists the directives"),
    };
    reader.add(found.effect(REFUSED_EFFECT).compat(REFUSED));
}

/// Parameters as `cl_status hbparameter` shows them: as written, else the default
/// (docs/ancestors/heartbeat.md §6.6).
fn parameters(reader: &Reader<'_>) -> BTreeMap<String, String> {
    let defaults = DIRECTIVES
        .iter()
        .filter(|row| SHOWN_UNSET.contains(&row.name))
        .map(|row| (row.name.to_owned(), row.default.to_owned()));
    let given = reader
        .given
        .iter()
        .filter(|(name, _)| !NEVER_SHOWN.contains(name))
        .map(|(name, given)| ((*name).to_owned(), given.text.clone()));
    defaults.chain(given).collect()
}

/// Directives that describe things, not values: Heartbeat has no parameter of these names
/// (measured).
const NEVER_SHOWN: [&str; 15] = [
    "node",
    "bcast",
    "mcast",
    "mcast6",
    "ucast",
    "ucast6",
    "serial",
    "ping",
    "ping6",
    "ping_group",
    "stonith",
    "stonith_host",
    "apiauth",
    "respawn",
    "failfast",
];

/// The parameters that have a value without a line: what `heartbeat -D` prints (measured).
const SHOWN_UNSET: [&str; 24] = [
    "cluster",
    "hopfudge",
    "keepalive",
    "deadtime",
    "baud",
    "auto_failback",
    "hbgenmethod",
    "realtime",
    "msgfmt",
    "conn_logd_time",
    "log_badpack",
    "syslogmsgfmt",
    "coredumps",
    "pacemaker",
    "autojoin",
    "uuidfrom",
    "compression",
    "compression_threshold",
    "traditional_compression",
    "max_rexmit_delay",
    "record_config_changes",
    "record_pengine_inputs",
    "enable_config_writes",
    "memreserve",
];
