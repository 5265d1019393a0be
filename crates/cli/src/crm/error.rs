//! `crm_error`: what a code means.

use super::codes::{Code, EXIT, LEGACY, RETURN, Row as CodeRow, of, system};
use super::options::{Options, Row, flag};
use super::tool::{Answer, Tool};
use crate::console::{Console, Stop};
use crate::exit::Exit;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Every option.
pub(super) const ROWS: [Row; 4] = [
    flag('n', "name", "print the code's name too"),
    flag('l', "list", "print all codes"),
    flag('X', "exit", "read codes as exit codes"),
    flag('r', "rc", "read codes as return codes of newer programs"),
];

/// Success, which is in no list of errors.
const OK: Code = (0, "pcmk_rc_ok", Cow::Borrowed("OK"));

/// Runs `crm_error`.
///
/// # Errors
/// Only when the streams can't be written.
pub(super) fn run(tool: Tool<'_>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    tool.run(console, |options, _, answer| {
        work(options, answer);
        Ok(())
    })
}

/// The text of an exit code.
pub(super) fn exit_text(code: u8) -> &'static str {
    let found = EXIT.iter().find(|row| row.0 == i32::from(code));
    found.map_or("Unknown exit status", |row| row.2)
}

fn work(options: &Options, answer: &mut Answer) {
    let named = options.has("name");
    if options.has("list") || options.words.is_empty() {
        for (code, name, text) in all(options) {
            if named {
                let _ = writeln!(answer.text, "{code:5}: {name:26}  {text}");
            } else {
                let _ = writeln!(answer.text, "{code:5}: {text}");
            }
            element(code, named.then_some(name), &text, answer);
        }
        return;
    }
    for word in &options.words {
        let (code, name, text) = meaning(options, word);
        if named {
            let _ = writeln!(answer.text, "{name} - {text}");
        } else {
            let _ = writeln!(answer.text, "{text}");
        }
        element(code, named.then_some(name.as_str()), &text, answer);
    }
}

fn element(code: i32, name: Option<&str>, text: &str, answer: &mut Answer) {
    let code = code.to_string();
    let mut attributes = vec![("code", code.as_str())];
    attributes.extend(name.map(|name| ("name", name)));
    attributes.push(("description", text));
    answer.xml.leaf("result-code", &attributes);
}

/// The codes of the kind that is asked for, in order.
fn all(options: &Options) -> Vec<Code> {
    if options.has("exit") {
        return of(&EXIT).collect();
    }
    let newer = options.has("rc");
    let (first, last): (&[CodeRow], &[CodeRow]) =
        if newer { (&RETURN, &[]) } else { (&[], &LEGACY) };
    of(first).chain([OK]).chain(system()).chain(of(last)).collect()
}

fn meaning(options: &Options, word: &str) -> (i32, String, String) {
    let Ok(code) = word.trim().parse::<i32>() else {
        return (-1, "pcmk_rc_error".to_owned(), "Error".to_owned());
    };
    let (exit, newer) = (options.has("exit"), options.has("rc"));
    let wanted = if exit || newer { code } else { code.saturating_abs() };
    let found = all(options).into_iter().find(|row| row.0 == wanted);
    let (name, text) = match found {
        Some((_, name, text)) => (name, text),
        None if exit => ("CRM_EX_UNKNOWN", "Unknown exit status".into()),
        None if newer && code < 0 => ("pcmk_rc_error", "Error".into()),
        None => ("Unknown", format!("Unknown error {code}").into()),
    };
    (code, name.to_owned(), text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(line: &str) -> String {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let options = Options::parse(&ROWS, &words).expect("a command line");
        let mut answer = Answer::default();
        work(&options, &mut answer);
        answer.text
    }

    #[test]
    fn a_number_means_what_its_kind_says() {
        assert_eq!(says("-X 105"), "No such object\n");
        assert_eq!(says("105"), "No buffer space available\n");
        assert_eq!(says("-- -62"), "Timer expired\n");
        assert_eq!(says("-r -n -- -1001"), "pcmk_rc_error - Error\n");
        assert_eq!(says("999"), "Unknown error 999\n");
    }
}
