//! The directives whose words are single values.

use super::lexer::Statement;
use super::reader::{GenerationMethod, Reader, UuidFrom};
use super::values::{BadTime, FACILITIES, boolean, time};
use super::{programs, reader::REFUSED};
use crate::text::{Word, atoi, is_number, nearest, quote};
use base::{NodeName, Severity};
use cluster::config::AutoFailback;
use std::ops::RangeInclusive;
use std::time::Duration;
use wire::heartbeat::{Compression, Format};

/// The most nodes the ancestor takes (docs/ancestors/heartbeat.md §5.2).
const NODES_MAX: usize = 100;

impl Reader<'_> {
    fn time(&mut self, word: Word<'_>) -> Option<Duration> {
        let (why, help) = match time(word.text) {
            Ok(time) => return Some(time),
            Err(BadTime::NoNumber) => ("not a number", "seconds, as in `2` or `0.5`".to_owned()),
            Err(BadTime::Unit) => ("ha.cf knows no such unit", self.in_seconds(word.text)),
            Err(BadTime::Zero) => ("a time must be more than zero", "`0.5` for 500 ms".to_owned()),
            Err(BadTime::TooLong) => ("longer than a year", "seconds, as in `30`".to_owned()),
        };
        let help = format!("write {help}");
        self.bad_with(word, why, help);
        None
    }

    /// The cure for a time with a unit of other programs, such as `1min`.
    fn in_seconds(&self, word: &str) -> String {
        let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let (number, unit) = word.split_at(end);
        let factor = match unit {
            "s" | "sec" => 1_u64,
            "m" | "min" => 60,
            "h" => 3600,
            _ => return "seconds without a unit, as in `90`, or `500ms`".to_owned(),
        };
        let seconds = number.parse().unwrap_or(1_u64).saturating_mul(factor);
        format!("`{} {seconds}`: seconds have no unit", self.row.name)
    }

    fn boolean(&mut self, word: Word<'_>) -> Option<bool> {
        let value = boolean(word.text);
        if value.is_none() {
            self.bad(word, "neither yes nor no");
        }
        value
    }

    /// A number as the ancestor reads it: what isn't one counts as the digits at its start.
    pub(super) fn integer(&mut self, word: Word<'_>, range: RangeInclusive<i64>) -> Option<i64> {
        let value = atoi(word.text);
        if !range.contains(&value) {
            let why = if is_number(word.text) { "out of range" } else { "not a number" };
            self.bad(word, why);
            return None;
        }
        if !is_number(word.text) {
            let message = format!("{} is no number", quote(word.text));
            let found = self.finding(Severity::Warning, "not-a-number", word.span, message);
            let found = found.effect(format!("it is read as {value}"));
            let help = format!("write `{} {}`", self.row.name, self.row.takes);
            self.add(found.compat("Heartbeat 3.0.6 does the same, silently").help(help));
        }
        Some(value)
    }

    /// One of a few words.
    fn one_of<T: Copy>(&mut self, word: Word<'_>, choices: &[(&str, T)]) -> Option<T> {
        let choice = choices.iter().find(|(name, _)| *name == word.text);
        if choice.is_none() {
            let near = nearest(word.text, choices.iter().map(|(name, _)| *name));
            let why = near.map_or_else(
                || "not one of its words".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.bad(word, why);
        }
        choice.map(|(_, value)| *value)
    }
}

/// Makes the reader of a directive that is a time, kept in one field.
macro_rules! times {
    ($($name:ident),*) => {$(
        pub(super) fn $name(reader: &mut Reader<'_>, word: Word<'_>) {
            if let Some(time) = reader.time(word) {
                reader.draft.$name = Some(time);
            }
        }
    )*};
}
times!(keepalive, deadtime, warntime, initdead, deadping);

pub(super) fn node(reader: &mut Reader<'_>, word: Word<'_>) {
    // Real nodes write names in lower case into their messages and know no others.
    let name = NodeName::from(word.text).folded();
    if reader.draft.nodes.iter().any(|(known, _)| *known == name) {
        return;
    }
    if reader.draft.nodes.len() >= NODES_MAX {
        return reader.bad(word, "there are 100 nodes already");
    }
    reader.draft.nodes.push((name, word.span));
}

pub(super) fn hopfudge(reader: &mut Reader<'_>, word: Word<'_>) {
    reader.draft.hopfudge = reader.integer(word, 0..=255).map(|hops| hops as u32);
}

pub(super) fn auto_failback(reader: &mut Reader<'_>, word: Word<'_>) {
    let folded = word.text.to_ascii_lowercase();
    let value = match (folded.as_str(), boolean(&folded)) {
        ("legacy", _) => AutoFailback::Legacy,
        (_, Some(true)) => AutoFailback::On,
        (_, Some(false)) => AutoFailback::Off,
        _ => return reader.bad(word, "none of its words"),
    };
    if value == AutoFailback::Legacy {
        let message = "`auto_failback legacy` is the protocol of Heartbeat 1.x";
        let effect =
            "groups return to their home; hb_standby and ipfail don't work with real peers";
        reader.warn("legacy", word.span, message, effect, "write `auto_failback on`");
    }
    reader.draft.auto_failback = Some(value);
}

pub(super) fn nice_failback(reader: &mut Reader<'_>, word: Word<'_>) {
    if reader.boolean(word).is_none() {
        return;
    }
    let message = "`nice_failback` is obsolete";
    let effect = "`auto_failback legacy` is in force, whatever its value";
    reader.warn("old-name", word.span, message, effect, "write `auto_failback on` or `off`");
    reader.draft.auto_failback.get_or_insert(AutoFailback::Legacy);
}

pub(super) fn logfile(reader: &mut Reader<'_>, word: Word<'_>) {
    reader.draft.logging.logfile = Some(word.text.to_owned());
}

pub(super) fn debugfile(reader: &mut Reader<'_>, word: Word<'_>) {
    reader.draft.logging.debugfile = Some(word.text.to_owned());
}

pub(super) fn logfacility(reader: &mut Reader<'_>, word: Word<'_>) {
    if word.text == "none" {
        reader.draft.logging.facility = None;
    } else if FACILITIES.contains(&word.text) {
        reader.draft.logging.facility = Some(word.text.to_owned());
    } else {
        reader.bad(word, "syslog has no facility of that name");
    }
}

pub(super) fn use_logd(reader: &mut Reader<'_>, word: Word<'_>) {
    let value = reader.boolean(word);
    reader.draft.use_logd = value.or(reader.draft.use_logd);
    if value == Some(true) {
        let message = "there is no logging daemon any more";
        let found = reader.finding(Severity::Note, "no-logd", word.span, message);
        let found = found.effect("messages go to syslog, and to the log files if any are named");
        reader.add(found.help("remove the line, or leave it: both do the same"));
    }
}

pub(super) fn conn_logd_time(reader: &mut Reader<'_>, word: Word<'_>) {
    reader.time(word);
}

pub(super) fn syslogmsgfmt(reader: &mut Reader<'_>, word: Word<'_>) {
    if let Some(value) = reader.boolean(word) {
        reader.draft.logging.syslog_format = value;
    }
}

pub(super) fn log_badpack(reader: &mut Reader<'_>, word: Word<'_>) {
    if let Some(value) = reader.boolean(word) {
        reader.draft.logging.bad_packets = value;
    }
}

pub(super) fn debug(reader: &mut Reader<'_>, word: Word<'_>) {
    if let Some(level) = reader.integer(word, 0..=255) {
        reader.draft.logging.debug = u8::try_from(level).unwrap_or(u8::MAX);
    }
}

pub(super) fn watchdog(reader: &mut Reader<'_>, word: Word<'_>) {
    if !reader.refuse_second(word) {
        if !(reader.host.file_exists)(word.text) {
            let message = format!("this host has no {}", quote(word.text));
            let effect = "a hung node isn't reset by its hardware";
            let help = "`modprobe softdog`, or remove the line";
            reader.warn("no-watchdog", word.span, message, effect, help);
        }
        reader.draft.watchdog = Some(word.text.to_owned());
    }
}

pub(super) fn rtprio(reader: &mut Reader<'_>, word: Word<'_>) {
    let value = reader.integer(word, 1..=99);
    reader.draft.rtprio = value.and_then(|priority| u8::try_from(priority).ok());
}

pub(super) fn realtime(reader: &mut Reader<'_>, word: Word<'_>) {
    reader.draft.realtime = reader.boolean(word);
}

pub(super) fn hbgenmethod(reader: &mut Reader<'_>, word: Word<'_>) {
    let choices = [("file", GenerationMethod::File), ("time", GenerationMethod::Time)];
    if let Some(method) = reader.one_of(word, &choices) {
        reader.draft.generation = method;
    }
}

pub(super) fn uuidfrom(reader: &mut Reader<'_>, word: Word<'_>) {
    let choices = [("file", UuidFrom::File), ("nodename", UuidFrom::NodeName)];
    if let Some(from) = reader.one_of(word, &choices) {
        reader.draft.uuid_from = from;
    }
}

pub(super) fn msgfmt(reader: &mut Reader<'_>, word: Word<'_>) {
    let choices = [("classic", Format::Classic), ("netstring", Format::Netstring)];
    reader.draft.format = reader.one_of(word, &choices);
}

pub(super) fn compression(reader: &mut Reader<'_>, word: Word<'_>) {
    let choices = [("zlib", Compression::Zlib), ("bz2", Compression::Bz2)];
    reader.draft.compression = reader.one_of(word, &choices);
}

pub(super) fn compression_threshold(reader: &mut Reader<'_>, word: Word<'_>) {
    /// Messages end at 256 KiB, so a larger threshold would mean the same as this one.
    const KIB_MAX: i64 = 1 << 20;
    let kib = reader.integer(word, 1..=KIB_MAX).and_then(|kib| usize::try_from(kib).ok());
    reader.draft.compression_threshold = kib.map(|kib| kib.saturating_mul(1024));
}

pub(super) fn traditional_compression(reader: &mut Reader<'_>, word: Word<'_>) {
    if let Some(value) = reader.boolean(word) {
        reader.draft.traditional_compression = value;
    }
}

pub(super) fn max_rexmit_delay(reader: &mut Reader<'_>, word: Word<'_>) {
    let millis = reader.integer(word, 1..=i64::from(u32::MAX));
    let millis = millis.and_then(|millis| u64::try_from(millis).ok());
    reader.draft.max_rexmit_delay = millis.map(Duration::from_millis);
}

pub(super) fn autojoin(reader: &mut Reader<'_>, word: Word<'_>) {
    let joins = [("none", false), ("other", true), ("any", true)];
    // Case doesn't matter here, unlike in the other lists of words (measured).
    let folded = word.text.to_ascii_lowercase();
    if reader.one_of(Word { text: &folded, span: word.span }, &joins) == Some(true) {
        reader.bad_with(
            word,
            "groups have homes, so all nodes of a haresources cluster are named",
            "write `autojoin none` and name every node with `node`",
        );
    }
}

pub(super) fn crm(reader: &mut Reader<'_>, line: &Statement<'_>) {
    let words = &line.words;
    let Some(word) = words.first().copied() else { return };
    if let Some(first) = reader.given.get("crm").or(reader.given.get("pacemaker")).cloned() {
        let message = "`crm` and `pacemaker` are one directive, and may be given only once";
        let found = reader.finding(Severity::Error, "given-twice", word.span, message);
        let found = found.also(first.span, "first given here").compat(REFUSED);
        return reader.add(found.help("remove one of the two"));
    }
    let other = ["minimal", "manual", "respawn", "ccm-only", "valgrind"].contains(&word.text);
    match boolean(word.text) {
        Some(false) => reader.draft.crm = Some(false),
        None if !other => reader.bad(word, "none of its words"),
        _ => {
            reader.draft.crm = Some(true);
            let message = "this version runs clusters of haresources, and this file asks for a CRM";
            let found = reader.finding(Severity::Error, "crm-mode", line.span(), message);
            let found = found.effect(super::reader::REFUSED_EFFECT);
            let compat = "Heartbeat 3.0.6 starts the programs of a Pacemaker built for it, or ends";
            let help = "list the resources in haresources and remove this line, or keep Pacemaker";
            reader.add(found.compat(compat).help(help));
        }
    }
}

pub(super) fn crm_daemon_dir(reader: &mut Reader<'_>, word: Word<'_>) {
    // Measured: Debian's package refuses every directory, for none holds the programs.
    if !(reader.host.file_exists)(&format!("{}/crmd", word.text.trim_end_matches('/'))) {
        reader.bad_with(word, "Pacemaker's daemons aren't there", "remove the line");
    }
}

/// A boolean that only Pacemaker reads.
pub(super) fn for_pacemaker(reader: &mut Reader<'_>, word: Word<'_>) {
    reader.boolean(word);
}

pub(super) fn coredumps(reader: &mut Reader<'_>, word: Word<'_>) {
    reader.draft.coredumps = reader.boolean(word);
}

pub(super) fn coreroot(reader: &mut Reader<'_>, word: Word<'_>) {
    reader.draft.coreroot = Some(word.text.to_owned());
}

pub(super) fn memreserve(reader: &mut Reader<'_>, word: Word<'_>) {
    let kib = reader.integer(word, 1..=i64::from(u32::MAX));
    reader.draft.memreserve = kib.and_then(|kib| u32::try_from(kib).ok());
}

/// A name that is shown and has no other meaning.
pub(super) fn shown_only(_: &mut Reader<'_>, _: Word<'_>) {}

pub(super) fn quorum_server(reader: &mut Reader<'_>, word: Word<'_>) {
    programs::not_built(reader, word.span, "remove the line; a pair has no quorum server");
}

pub(super) fn use_apphbd(reader: &mut Reader<'_>, word: Word<'_>) {
    if reader.boolean(word) == Some(true) {
        programs::not_built(reader, word.span, "watch applications with a line in service_checks");
    }
}
