//! Files to lines: comments, includes, conditional lines, variables, loops
//! (docs/ancestors/keepalived.md §1.1). Every way a short text can become a long one has a limit.

mod includes;
mod sequences;
mod variables;

use super::findings::{Findings, Place};
use super::host::Host;
use super::lexer::is_blank;
use crate::File;
use crate::text::lines;
use base::{Dice, Span};
use variables::Variables;

/// The longest line in bytes that keepalived reads at once (measured); the rest of a longer one
/// is read as the next line.
pub(super) const LINE_MAX: usize = 1024;
/// Files may include files so deep: a file that includes itself ends here.
const INCLUDES_DEEP: usize = 16;
/// So many files are read in all: a pattern can match a whole disk.
const FILES_MAX: usize = 4096;
/// So many lines may come out: 4000 instances of 100 lines, which is more than anyone runs.
const LINES_MAX: usize = 400_000;
/// So many bytes may come out: bounds what nested variables and loops can ask for.
const BYTES_MAX: usize = 32 << 20;
/// So many bytes are read of all files together: comments are read and don't come out.
const READ_MAX: usize = 64 << 20;
/// So many bytes replacing variables may write on its way, whatever is left of them in the end.
const WORK_MAX: usize = 64 << 20;

/// One line as the lexer gets it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// Without comment and outer blanks; never empty.
    pub text: String,
    /// The file it came from.
    pub file: usize,
    /// Its place there.
    pub span: Span,
    /// `text` stands there as it is, no variable was replaced: columns can be told.
    pub exact: bool,
}

impl Line {
    /// The whole line.
    pub(super) fn place(&self) -> Place {
        Place { file: self.file, span: self.span }
    }
}

/// The lines of a file and all it includes.
pub(super) fn lines_of(file: &File, host: &Host<'_>, found: &mut Findings) -> Vec<Line> {
    let mut preprocessor = Preprocessor {
        host,
        found,
        variables: Variables::default(),
        definition: None,
        dice: Dice::new(host.random),
        done: Vec::new(),
        read: 0,
        rounds: 0,
        work: 0,
        bytes: 0,
        full: false,
        checks: includes::Checks::default(),
    };
    preprocessor.file(file.clone(), 0);
    preprocessor.done
}

struct Preprocessor<'a, 'h> {
    host: &'a Host<'h>,
    found: &'a mut Findings,
    variables: Variables,
    /// A multi-line variable whose lines are being read: name and value so far.
    definition: Option<(String, String)>,
    dice: Dice,
    done: Vec<Line>,
    /// Bytes of all files so far.
    read: usize,
    /// Rounds of loops so far, of which some may have left no line.
    rounds: usize,
    /// What replacing variables wrote so far.
    work: usize,
    /// What came out so far.
    bytes: usize,
    full: bool,
    /// What the next include must find.
    checks: includes::Checks,
}

impl Preprocessor<'_, '_> {
    fn file(&mut self, file: File, depth: usize) {
        let index = self.found.files.len();
        let text = file.text.clone();
        self.found.files.push(file);
        self.read = self.read.saturating_add(text.len());
        if self.read > READ_MAX {
            let at = Place { file: index, span: Span::default() };
            return self.overflow(at, "all files together are too long", "include fewer files");
        }
        for (start, line) in lines(&text) {
            for (start, piece) in pieces(start, line) {
                if self.full {
                    return;
                }
                let stripped = without_comment(piece);
                let trimmed = stripped.trim_start_matches(is_blank);
                let start = start.saturating_add(stripped.len().saturating_sub(trimmed.len()));
                let trimmed = trimmed.trim_end_matches(is_blank);
                let span = Span::new(start, start.saturating_add(trimmed.len()));
                self.line(trimmed, Place { file: index, span }, depth);
            }
        }
    }

    /// One line of a file: include, condition, definition, loop, or a line to keep.
    fn line(&mut self, text: &str, at: Place, depth: usize) {
        if let Some((name, value)) = self.definition.take() {
            return self.define(name, value, text, at);
        }
        if text.is_empty() || self.include(text, at, depth) {
            return;
        }
        let Some(text) = self.condition(text) else { return };
        self.note_checks(text);
        if let Some((name, value)) = variables::definition(text) {
            return self.define(name.to_owned(), String::new(), value, at);
        }
        self.keep(text, at);
    }

    /// Adds a line to a variable's value; a backslash at its end asks for another.
    fn define(&mut self, name: String, value: String, line: &str, at: Place) {
        let more = line.strip_suffix('\\');
        let mut value = value;
        value.push_str(more.unwrap_or(line).trim_end_matches(is_blank));
        if value.len() > variables::VALUE_MAX {
            return self.overflow(at, "the value of a variable is too long", "shorten it");
        }
        match more {
            Some(_) => {
                value.push('\n');
                self.definition = Some((name, value));
            }
            None => self.variables.define(name, value),
        }
    }

    /// The line behind `@id` or `@^id`, if it is for us; any other line as it is.
    fn condition<'t>(&self, text: &'t str) -> Option<&'t str> {
        let Some(condition) = text.strip_prefix('@') else { return Some(text) };
        let (id, rest) = condition.split_once(is_blank).unwrap_or((condition, ""));
        let ours = self.host.config_id.unwrap_or(self.host.name);
        let kept = match id.strip_prefix('^') {
            Some(other) => other != ours,
            None => id == ours,
        };
        let rest = rest.trim_start_matches(is_blank);
        (kept && !rest.is_empty()).then_some(rest)
    }

    /// Expands loops and variables, and keeps what comes out.
    fn keep(&mut self, text: &str, at: Place) {
        let room = LINES_MAX.saturating_sub(self.rounds);
        let Some(rounds) = sequences::rounds(text, room) else {
            return self.overflow(at, "the loop makes too many lines", "shorten the loop");
        };
        self.rounds = self.rounds.saturating_add(rounds.len());
        for (bindings, body) in rounds {
            let expanded = self.variables.expand(body, &bindings, self.host, &mut self.dice);
            let Some((expanded, work)) = expanded else {
                let why = "the variables name each other without end";
                return self.overflow(at, why, "let no variable name itself through others");
            };
            self.work = self.work.saturating_add(work);
            if self.work > WORK_MAX {
                let why = "the variables are too long for so many uses";
                return self.overflow(at, why, "shorten their values");
            }
            // Everything that is left after conditions and loops stands at the line's end.
            let start = at.span.end.saturating_sub(expanded.len());
            let exact = expanded == body;
            let span = if exact { Span::new(start, at.span.end) } else { at.span };
            for piece in expanded.split('\n') {
                let piece = piece.trim_matches(is_blank);
                if !piece.is_empty() {
                    self.push(Line { text: piece.to_owned(), file: at.file, span, exact });
                }
            }
        }
    }

    fn push(&mut self, line: Line) {
        self.bytes = self.bytes.saturating_add(line.text.len());
        if self.done.len() >= LINES_MAX || self.bytes > BYTES_MAX {
            let why = "the configuration is too long";
            return self.overflow(line.place(), why, "shorten it, or its loops");
        }
        self.done.push(line);
    }

    fn overflow(&mut self, at: Place, why: &str, cure: &str) {
        if !std::mem::replace(&mut self.full, true) {
            self.found.disable(
                at,
                "too-long",
                why.to_owned(),
                ["nothing from here on is read", "keepalived has no such limit", cure],
            );
        }
    }
}

/// A line as keepalived's buffer cuts it.
fn pieces(start: usize, line: &str) -> Vec<(usize, &str)> {
    let (mut found, mut rest, mut at) = (Vec::new(), line, start);
    while rest.len() > LINE_MAX {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(LINE_MAX));
        found.push((at, head));
        at = at.saturating_add(head.len());
        rest = tail;
    }
    found.push((at, rest));
    found
}

/// The line up to a `#` or `!` that stands outside double quotes.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let end = line.find(|c| {
        quoted ^= c == '"';
        !quoted && (c == '#' || c == '!')
    });
    end.and_then(|end| line.get(..end)).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let mut found = Findings::default();
        let host = Host { config_id: Some("node1"), ..Host::assumed("host") };
        let lines = lines_of(&File::new("k.conf", text), &host, &mut found);
        for line in lines.iter().filter(|line| line.exact) {
            assert_eq!(text.get(line.span.range()), Some(line.text.as_str()));
        }
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn comments_end_lines_outside_quotes_alone() {
        assert_eq!(texts("a # b\n! c\n\"x#y!\" z!\n"), ["a", "\"x#y!\" z"]);
        assert_eq!(texts("auth_pass a\\#b"), ["auth_pass a\\"]);
    }

    #[test]
    fn conditional_lines_stay_for_their_id_alone() {
        assert_eq!(texts("@node1 a\n@node2 b\n@^node1 c\n@^node2 d\n"), ["a", "d"]);
    }

    #[test]
    fn variables_are_replaced_at_use_and_unknown_ones_stay() {
        let text = "$A=${B}2\n$B=1\nx $A y\nz${A}z\n$A.b $C ${C}\n";
        assert_eq!(texts(text), ["x 12 y", "z12z", "$A.b $C ${C}"]);
    }

    #[test]
    fn a_value_of_several_lines_makes_several_lines() {
        assert_eq!(texts("$A=one \\\n two \\\n three\n$A\n"), ["one", "two", "three"]);
    }

    #[test]
    fn loops_count_and_nest() {
        assert_eq!(texts("~SEQ(n,1,2,5) a$n\n"), ["a1", "a3", "a5"]);
        assert_eq!(texts("~SEQ(n,3,-1,2) a${n}\n"), ["a3", "a2"]);
        assert_eq!(texts("~SEQx(n,9,1,11) a$n\n"), ["a9", "aa", "ab"]);
        assert_eq!(texts("~LST(n,p,q) ~SEQ(m,1,1,2) ${n}$m\n"), ["p1", "p2", "q1", "q2"]);
        assert_eq!(texts("~LST({a,b},{1,2},{3,4}) ${a}-$b\n"), ["1-2", "3-4"]);
    }

    #[test]
    fn what_grows_without_end_is_cut() {
        assert!(texts("~SEQ(n,1,1,2000000000) $n\n").is_empty());
        assert!(texts("$A=$B $B\n$B=$A $A\nx $A y\n").is_empty());
        assert!(texts("~SEQ(a,1,1,1000) ~SEQ(b,1,1,1000) x\n").is_empty());
        assert!(texts("~SEQ(a,1,0,5) x\n").len() < 3);
    }

    #[test]
    fn what_leaves_no_line_is_cut_as_well() {
        let empty_rounds = "~SEQ(n,1,60000) $Y\n".repeat(10);
        let long_value = format!("$X=\\\n{}\n", "${Y}${Y}\\\n".repeat(20_000));
        for text in [empty_rounds, long_value + &"$X\n".repeat(1000)] {
            let mut found = Findings::default();
            let file = File::new("k.conf", format!("$Y=\n{text}"));
            assert!(lines_of(&file, &Host::assumed("host"), &mut found).len() < LINES_MAX);
            assert_eq!(found.into_parts().0.len(), 1);
        }
    }

    #[test]
    fn files_that_are_too_long_together_are_read_no_further() {
        let comments = "# a comment\n".repeat(READ_MAX / 12 + 1);
        let mut found = Findings::default();
        let file = File::new("k.conf", comments + "x\n");
        assert!(lines_of(&file, &Host::assumed("host"), &mut found).is_empty());
        assert!(found.into_parts().0.iter().any(|one| one.code == "keepalived::too-long"));
    }

    #[test]
    fn a_line_too_long_is_two() {
        assert_eq!(texts(&"x".repeat(1500)).len(), 2);
    }
}
