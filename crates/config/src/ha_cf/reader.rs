//! What reading a ha.cf fills in, and how it complains.

use super::directives::Directive;
use super::lexer::Statement;
use crate::text::{Word, quote};
use crate::{Host, Logging};
use base::{Diagnostic, NodeName, Severity, Span};
use cluster::config::{ApiAuth, AutoFailback, Client, Link, StonithDevice};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::heartbeat::{Compression, Format};

/// How a directive takes the words of its line.
#[derive(Clone, Copy)]
pub(crate) enum Read {
    /// Each word is a value of its own; of several the last counts, or all do.
    Each(fn(&mut Reader<'_>, Word<'_>)),
    /// The line is one value.
    Whole(fn(&mut Reader<'_>, &Statement<'_>)),
}

/// How a message number is found at start (`hbgenmethod`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum GenerationMethod {
    /// One more than the number in `hb_generation`.
    #[default]
    File,
    /// The wall clock's seconds.
    Time,
}

/// Where this node's uuid comes from (`uuidfrom`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum UuidFrom {
    /// The file `hb_uuid`, made at the first start.
    #[default]
    File,
    /// The node's name.
    NodeName,
}

/// What the lines said; `None` where no line spoke.
#[derive(Default)]
pub(crate) struct Draft {
    pub nodes: Vec<(NodeName, Span)>,
    pub links: Vec<(Link, Span)>,
    pub keepalive: Option<Duration>,
    pub deadtime: Option<Duration>,
    pub warntime: Option<Duration>,
    pub initdead: Option<Duration>,
    pub deadping: Option<Duration>,
    pub max_rexmit_delay: Option<Duration>,
    pub hopfudge: Option<u32>,
    pub baud: Option<u32>,
    pub udpport: Option<u16>,
    pub auto_failback: Option<AutoFailback>,
    pub logging: Logging,
    pub use_logd: Option<bool>,
    pub watchdog: Option<String>,
    pub stonith: Vec<StonithDevice>,
    pub ipfail: Option<Span>,
    pub clients: Vec<Client>,
    pub apiauth: BTreeMap<String, ApiAuth>,
    pub rtprio: Option<u8>,
    pub realtime: Option<bool>,
    pub generation: GenerationMethod,
    pub uuid_from: UuidFrom,
    pub format: Option<Format>,
    pub compression: Option<Compression>,
    pub compression_threshold: Option<usize>,
    pub traditional_compression: bool,
    pub coredumps: Option<bool>,
    pub coreroot: Option<String>,
    pub memreserve: Option<u32>,
    pub environment: BTreeMap<String, String>,
    pub crm: Option<bool>,
}

/// A directive that was given a value: the last one, and where.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub text: String,
    pub span: Span,
}

/// Reads statements into a [`Draft`] and collects what is wrong with them.
pub(crate) struct Reader<'a> {
    pub(crate) host: &'a Host<'a>,
    pub(crate) file: &'a str,
    pub(crate) draft: Draft,
    pub(crate) given: BTreeMap<&'static str, Given>,
    pub(crate) found: Vec<Diagnostic>,
    /// The row of the directive being read.
    pub(crate) row: &'static Directive,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(host: &'a Host<'a>, file: &'a str, row: &'static Directive) -> Self {
        let (draft, given) = (Draft::default(), BTreeMap::new());
        Self { host, file, draft, given, found: Vec::new(), row }
    }

    /// Adds a finding of this file.
    pub(crate) fn add(&mut self, found: Diagnostic) {
        self.found.push(found);
    }

    /// A finding of this file, to be added when it is complete.
    pub(crate) fn finding(
        &self,
        severity: Severity,
        code: &str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(severity, format!("ha-cf::{code}"), self.file, span, message)
    }

    /// Refuses a value of the directive being read, as the ancestor does.
    pub(crate) fn bad(&mut self, word: Word<'_>, why: impl Into<String>) {
        let help = format!("write `{} {}`", self.row.name, self.row.takes);
        let why = match self.row.range {
            "" => why.into(),
            range => format!("{}; allowed: {range}", why.into()),
        };
        self.bad_with(word, why, help);
    }

    /// The same with a cure of its own.
    pub(crate) fn bad_with(
        &mut self,
        word: Word<'_>,
        why: impl Into<String>,
        help: impl Into<String>,
    ) {
        let message = format!("{} is no value for `{}`", quote(word.text), self.row.name);
        let found = self.finding(Severity::Error, "bad-value", word.span, message);
        self.add(found.label(why).effect(REFUSED_EFFECT).compat(REFUSED).help(help));
    }

    /// Refuses a line of the directive being read that lacks something.
    pub(crate) fn incomplete(&mut self, span: Span, what: &str) {
        let message = format!("`{}` needs {what}", self.row.name);
        let found = self.finding(Severity::Error, "missing-value", span, message);
        let help = format!("write `{} {}`", self.row.name, self.row.takes);
        self.add(found.effect(REFUSED_EFFECT).compat(REFUSED).help(help));
    }

    /// Refuses a second value where only one may be given; true if there was a first.
    pub(crate) fn refuse_second(&mut self, word: Word<'_>) -> bool {
        let Some(first) = self.given.get(self.row.name).map(|given| given.span) else {
            return false;
        };
        let message = format!("`{}` may be given only once", self.row.name);
        let found = self.finding(Severity::Error, "given-twice", word.span, message);
        let found = found.also(first, "first given here").effect(REFUSED_EFFECT).compat(REFUSED);
        self.add(found.help("remove one of the two"));
        true
    }

    /// Accepts a value with a warning about what it does.
    pub(crate) fn warn(
        &mut self,
        code: &str,
        span: Span,
        message: impl Into<String>,
        effect: impl Into<String>,
        help: impl Into<String>,
    ) {
        let found = self.finding(Severity::Warning, code, span, message);
        self.add(found.effect(effect).help(help));
    }
}

/// What every refusal means for the cluster.
pub(crate) const REFUSED_EFFECT: &str = "heartbeat doesn't start on this node";

/// What the ancestor does where we refuse.
pub(crate) const REFUSED: &str = "Heartbeat 3.0.6 refuses it as well (exit 6)";
