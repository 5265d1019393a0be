//! What is wrong with a keepalived.conf, and what `keepalived -t` would return for it.

use crate::File;
use base::{Diagnostic, Severity, Span};

/// At most so many findings are kept: a file of garbage has one for each line.
const FINDINGS_MAX: usize = 1000;

/// Somewhere in one of the files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Place {
    /// Index of the file, the main one is 0.
    pub file: usize,
    /// The bytes.
    pub span: Span,
}

/// What a finding makes of `keepalived -t`'s exit code (measured, 2.2.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    /// Nothing: 2.2.7 says at most a word about it.
    Silent,
    /// 5.
    Complaint,
    /// 6, if nothing was complained about before.
    Security,
    /// 2, whatever else was found: reading ends there.
    Missing,
    /// 6, whatever else was found: an `includea` that finds no file.
    NoFile,
}

/// Effect, what keepalived does, cure.
pub(super) type Consequence<'a> = [&'a str; 3];

/// All findings of one reading.
#[derive(Default)]
pub(super) struct Findings {
    /// The files, as they were read.
    pub files: Vec<File>,
    found: Vec<Diagnostic>,
    verdicts: Vec<Verdict>,
    dropped: usize,
}

impl Findings {
    /// Harmless here and there; `keepalived -t` complains.
    pub(super) fn complain(&mut self, at: Place, code: &str, what: String, then: Consequence<'_>) {
        self.add(Severity::Warning, Verdict::Complaint, at, code, what, then);
    }

    /// An instance, group or server can't run; keepalived ends altogether.
    pub(super) fn disable(&mut self, at: Place, code: &str, what: String, then: Consequence<'_>) {
        self.add(Severity::Error, Verdict::Complaint, at, code, what, then);
    }

    /// A keyword without its parameter: keepalived stops reading and ends with 2.
    pub(super) fn missing(&mut self, at: Place, code: &str, what: String, then: Consequence<'_>) {
        self.add(Severity::Error, Verdict::Missing, at, code, what, then);
    }

    /// A file that had to be there isn't: keepalived ends with 6.
    pub(super) fn no_file(&mut self, at: Place, code: &str, what: String, then: Consequence<'_>) {
        self.add(Severity::Error, Verdict::NoFile, at, code, what, then);
    }

    /// Scripts without script security.
    pub(super) fn security(&mut self, at: Place, code: &str, what: String, then: Consequence<'_>) {
        self.add(Severity::Warning, Verdict::Security, at, code, what, then);
    }

    /// Probably not as meant, though `keepalived -t` is content.
    pub(super) fn warn(&mut self, at: Place, code: &str, what: String, then: Consequence<'_>) {
        self.add(Severity::Warning, Verdict::Silent, at, code, what, then);
    }

    /// Worth knowing; `keepalived -t` is content.
    pub(super) fn note(&mut self, at: Place, code: &str, what: String, then: Consequence<'_>) {
        self.add(Severity::Note, Verdict::Silent, at, code, what, then);
    }

    fn add(
        &mut self,
        severity: Severity,
        verdict: Verdict,
        at: Place,
        code: &str,
        what: String,
        [effect, compat, help]: Consequence<'_>,
    ) {
        if self.is_full() {
            self.dropped = self.dropped.saturating_add(1);
            if !matches!(verdict, Verdict::Missing | Verdict::NoFile) {
                return;
            }
        }
        let file = self.files.get(at.file).map_or("", |file| file.path.as_str());
        let code = format!("keepalived::{code}");
        let mut found = Diagnostic::new(severity, code, file, at.span, what);
        for (text, field) in
            [(effect, &mut found.effect), (compat, &mut found.compat), (help, &mut found.help)]
        {
            if !text.is_empty() {
                *field = Some(text.to_owned());
            }
        }
        self.found.push(found);
        self.verdicts.push(verdict);
    }

    /// No more findings are kept: looking for good advice is wasted work.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= FINDINGS_MAX
    }

    /// What `keepalived -t` returns. What ends the reading decides; else the first that counts.
    pub(super) fn exit_code(&self) -> u8 {
        let ends = |verdict: &&Verdict| matches!(verdict, Verdict::Missing | Verdict::NoFile);
        let counts = |verdict: &&Verdict| **verdict != Verdict::Silent;
        let decides = self.verdicts.iter().find(ends).or_else(|| self.verdicts.iter().find(counts));
        match decides {
            None | Some(Verdict::Silent) => 0,
            Some(Verdict::Missing) => 2,
            Some(Verdict::Complaint) => 5,
            Some(Verdict::Security | Verdict::NoFile) => 6,
        }
    }

    /// Everything, in the order it was found.
    pub(super) fn into_parts(mut self) -> (Vec<Diagnostic>, Vec<File>) {
        if self.dropped > 0 {
            let file = self.files.first().map_or("", |file| file.path.as_str());
            let what = format!("{} more findings are not shown", self.dropped);
            let (code, span) = ("keepalived::more", Span::default());
            self.found.push(Diagnostic::new(Severity::Warning, code, file, span, what));
        }
        (self.found, self.files)
    }
}
