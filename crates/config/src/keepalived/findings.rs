//! What is wrong with a keepalived.conf, and what `keepalived -t` would return for it.

use crate::File;
use base::{Diagnostic, Severity, Span};

/// At most so many findings are kept: a file of garbage has one for each line.
const FINDINGS_MAX: usize = 1000;
/// So many errors are kept beyond that: one that nobody sees disables an instance in silence, and
/// lets a reload through.
const ERRORS_MAX: usize = 50;

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
    /// The first that ended the reading.
    ended: Option<Verdict>,
    /// The first that counts, if nothing ended it.
    first: Option<Verdict>,
    /// Errors behind [`FINDINGS_MAX`] findings.
    late_errors: usize,
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
        match verdict {
            Verdict::Silent => {}
            Verdict::Missing | Verdict::NoFile => self.ended = self.ended.or(Some(verdict)),
            Verdict::Complaint | Verdict::Security => self.first = self.first.or(Some(verdict)),
        }
        if self.is_full() {
            if severity < Severity::Error || self.late_errors >= ERRORS_MAX {
                self.dropped = self.dropped.saturating_add(1);
                return;
            }
            self.late_errors = self.late_errors.saturating_add(1);
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
    }

    /// No more findings are kept: looking for good advice is wasted work.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= FINDINGS_MAX
    }

    /// What `keepalived -t` returns. What ends the reading decides; else the first that counts.
    pub(super) fn exit_code(&self) -> u8 {
        match self.ended.or(self.first) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_behind_a_thousand_warnings_is_kept_and_the_first_complaint_decides() {
        let mut found = Findings::default();
        let at = Place::default();
        for _ in 0..FINDINGS_MAX {
            found.warn(at, "w", "w".to_owned(), ["", "", ""]);
        }
        assert_eq!(found.exit_code(), 0);
        for _ in 0..FINDINGS_MAX {
            found.disable(at, "e", "e".to_owned(), ["", "", ""]);
        }
        assert_eq!(found.exit_code(), 5);
        found.missing(at, "m", "m".to_owned(), ["", "", ""]);
        assert_eq!(found.exit_code(), 2, "whatever came before");
        let (kept, _) = found.into_parts();
        assert_eq!(kept.len(), FINDINGS_MAX + ERRORS_MAX + 1);
        assert_eq!(
            kept.last().map(|last| last.message.as_str()),
            Some("951 more findings are not shown")
        );
    }
}
