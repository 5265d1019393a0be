//! authkeys: the keys that sign messages, and which of them is in use
//! (docs/ancestors/heartbeat.md §5.3; every verdict measured).

use crate::File;
use crate::ha_cf::{REFUSED, REFUSED_EFFECT};
use crate::text::{Word, atoi, lines, quote, words};
use base::{Diagnostic, Severity, Span};
use std::collections::BTreeMap;
use wire::heartbeat::{Key, Keys, Method};

/// The highest number a key can have.
const INDEX_MAX: i64 = 15;

/// Permission bits that let others read the keys.
const READABLE_BY_OTHERS: u32 = 0o044;

/// Permission bits that let others change them.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// A file being read: `auth N` counts for the key lines below it.
struct Reading<'a> {
    file: &'a File,
    found: &'a mut Vec<Diagnostic>,
    /// The number of the `auth` line in force and its place.
    wanted: Option<(u8, Span)>,
    /// The key line that the `auth` line above it named.
    active: Option<u8>,
    keys: BTreeMap<u8, (Key, Span)>,
}

/// Reads the keys; `None` if the file has an error.
pub(crate) fn read(file: &File, found: &mut Vec<Diagnostic>) -> Option<Keys> {
    let before = found.len();
    let mut reading = Reading { file, found, wanted: None, active: None, keys: BTreeMap::new() };
    reading.mode();
    for (start, line) in lines(&file.text) {
        let words = words(line, start, &[' ', '\t']);
        match words.as_slice() {
            [] => {}
            [first, ..] if first.text.starts_with('#') => {}
            [first, ..] if first.text.starts_with('a') => reading.auth_line(&words),
            [first, ..] => reading.key_line(*first, &words),
        }
    }
    reading.finish();
    let Reading { active, keys, .. } = reading;
    if found.iter().skip(before).any(|f| f.severity == Severity::Error) {
        return None;
    }
    Keys::new(active?, keys.into_iter().map(|(index, (key, _))| (index, key)).collect())
}

impl Reading<'_> {
    fn finding(&self, severity: Severity, code: &str, span: Span, text: String) -> Diagnostic {
        Diagnostic::new(severity, format!("authkeys::{code}"), &self.file.path, span, text)
    }

    fn refuse(&mut self, code: &str, span: Span, text: impl Into<String>, help: &str) {
        let found = self.finding(Severity::Error, code, span, text.into());
        self.found.push(found.effect(REFUSED_EFFECT).compat(REFUSED).help(help));
    }

    fn mode(&mut self) {
        let Some(mode) = self.file.mode else { return };
        if mode & READABLE_BY_OTHERS != 0 {
            let text = format!("others may read the keys: mode {:03o}", mode & 0o777);
            self.refuse("mode", Span::default(), text, "run `chmod 600` on the file");
        } else if mode & WRITABLE_BY_OTHERS != 0 {
            let text = format!("others may change the keys: mode {:03o}", mode & 0o777);
            let found = self.finding(Severity::Warning, "mode", Span::default(), text);
            let found = found.compat("Heartbeat 3.0.6 looks at the right to read only");
            self.found.push(found.help("run `chmod 600` on the file"));
        }
    }

    fn auth_line(&mut self, words: &[Word<'_>]) {
        let help = "write `auth N` with N from 0 to 15, above the line of key N";
        let [first, rest @ ..] = words else { return };
        let number = match (first.text.strip_prefix("auth"), rest) {
            (Some(""), [number, ..]) => *number,
            // `auth1`: C's scanf needs no blank there.
            (Some(wedged), _) if !wedged.is_empty() => Word { text: wedged, span: first.span },
            _ => return self.refuse("auth-line", first.span, "this is no `auth` line", help),
        };
        if !number.text.starts_with(|c: char| c.is_ascii_digit()) {
            let text = format!("{} is no key's number", quote(number.text));
            return self.refuse("auth-line", number.span, text, help);
        }
        match index(number) {
            Some(index) => self.wanted = Some((index, number.span)),
            None => self.bad_index(number),
        }
    }

    fn bad_index(&mut self, number: Word<'_>) {
        let text = format!("{} is no key's number", quote(number.text));
        self.refuse("index", number.span, text, "keys are numbered from 0 to 15");
    }

    fn key_line(&mut self, first: Word<'_>, words: &[Word<'_>]) {
        let digits = first.text.strip_prefix('-').unwrap_or(first.text);
        let (true, [_, method, rest @ ..]) =
            (digits.starts_with(|c: char| c.is_ascii_digit()), words)
        else {
            let help = "write `N METHOD KEY`, for example `1 sha1 a-long-secret`";
            return self.refuse("key-line", first.span, "this is no key", help);
        };
        let Some(index) = index(first) else { return self.bad_index(first) };
        let Some(kind) = method_of(method.text) else {
            let text = format!("{} is no method of signing", quote(method.text));
            return self.refuse("method", method.span, text, "write sha1, md5 or crc");
        };
        let secret = match (kind, rest) {
            (Method::Crc, []) => "",
            (Method::Crc, [word, ..]) => {
                let help = "remove the word, or sign with sha1";
                return self.refuse("crc-key", word.span, "`crc` takes no key", help);
            }
            (_, []) => {
                let text = format!("`{}` needs a key", method.text);
                return self.refuse("no-key", method.span, text, "write the key behind the method");
            }
            (_, [key, stray @ ..]) => {
                self.stray(stray);
                key.text
            }
        };
        let span = Span::new(first.span.start, method.span.end);
        self.insert(index, Key::new(kind, secret), span);
    }

    fn stray(&mut self, stray: &[Word<'_>]) {
        if let Some(word) = stray.first() {
            let text = format!("{} behind the key is ignored", quote(word.text));
            let found = self.finding(Severity::Note, "stray-word", word.span, text);
            let found = found.effect("none: the key is the third word of the line, without blanks");
            self.found.push(found.compat("Heartbeat 3.0.6 ignores it as well"));
        }
    }

    fn insert(&mut self, index: u8, key: Key, span: Span) {
        if let Some((_, first)) = self.keys.insert(index, (key, span)) {
            let text = format!("key {index} stands here for the second time");
            let found = self.finding(Severity::Warning, "key-twice", span, text);
            let found = found.also(first, "first here").effect("this line counts, not the first");
            self.found.push(found.help("remove the one that is not meant"));
        }
        if self.wanted.is_some_and(|(wanted, _)| wanted == index) {
            self.active = Some(index);
        }
    }

    fn finish(&mut self) {
        match (self.wanted, self.active) {
            (None, _) => {
                let text = "no `auth` line names the key to sign with";
                self.refuse("no-auth", Span::default(), text, "begin the file with `auth N`");
            }
            (Some((index, span)), None) => {
                let help = "give that key a line, below its `auth` line";
                let text = format!("key {index} is not in the file");
                self.refuse("no-such-key", span, text, help);
            }
            (Some((index, span)), Some(active)) if index != active => {
                let text = format!("no key below this line has the number {index}");
                let found = self.finding(Severity::Warning, "auth-ignored", span, text);
                let found = found.effect(format!("messages are signed with key {active}"));
                self.found.push(found.help("keep one `auth` line, at the top"));
            }
            (Some(_), Some(active)) => self.crc(active),
        }
    }

    fn crc(&mut self, active: u8) {
        let Some((key, span)) = self.keys.get(&active) else { return };
        if key.method() == Method::Crc {
            let text = "`crc` is no authentication".to_owned();
            let found = self.finding(Severity::Warning, "crc", *span, text);
            let effect = "whoever reaches the network can stop services or take them over";
            let compat = "Heartbeat 3.0.6 accepts it; so do we";
            let help = "use `sha1` with a secret, unless the link is a cable between the nodes";
            self.found.push(found.effect(effect).compat(compat).help(help));
        }
    }
}

/// A key's number.
fn index(number: Word<'_>) -> Option<u8> {
    let value = atoi(number.text);
    (0..=INDEX_MAX).contains(&value).then(|| u8::try_from(value).ok()).flatten()
}

fn method_of(word: &str) -> Option<Method> {
    [Method::Crc, Method::Md5, Method::Sha1].into_iter().find(|method| method.name() == word)
}
