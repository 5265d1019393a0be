//! The same command lines with Debian's tools and with ours: code, stdout and the file afterwards
//! must be the same. The lines stand in `lines.txt`.

use super::*;
use crate::console::Console;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use yardstick::oracle::Oracle;

const BASE: &str = include_str!("tests/base.xml");
const LINES: &str = include_str!("tests/lines.txt");

/// What a tool did.
#[derive(PartialEq, Eq, Debug)]
struct Did {
    code: i32,
    out: String,
    file: String,
}

/// Words of a line: blanks part them, double quotes hold them together.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut quoted, mut begun) = (String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// What was printed, without the name by which the tool was called, and what was left, without
/// the moment at which it was written.
fn did(code: i32, out: &[u8], file: &Path) -> Did {
    let without = |text: &str, attribute: &str| {
        let Some((before, rest)) = text.split_once(attribute) else { return text.to_owned() };
        format!("{before}{}", rest.split_once('"').map_or("", |(_, after)| after))
    };
    let out = without(&String::from_utf8_lossy(out), " request=\"");
    let out = without(&out, "last_update time=\"");
    let dated = |line: &&str| !line.starts_with("  * Last updated: ");
    let out: String = out.split_inclusive('\n').filter(dated).collect();
    let left = fs::read_to_string(file).expect("the file");
    Did { code, out, file: without(&left, " cib-last-written=\"") }
}

fn real(oracle: &Oracle, words: &[String], file: &Path) -> Did {
    fs::write(file, BASE).expect("a file");
    let (name, args) = words.split_first().expect("a name");
    let known = oracle.command();
    let directory = Path::new(known.get_program()).parent().expect("a directory");
    let mut command = Command::new(directory.join(name));
    command.env_clear().args(args).stdin(Stdio::null());
    command.envs(known.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let path = format!("{}:/usr/bin:/bin", directory.display());
    command.env("PATH", path).env("CIB_file", file);
    let output = command.output().expect("the real tool");
    did(output.status.code().unwrap_or(-1), &output.stdout, file)
}

fn ours(words: &[String], file: &Path) -> Did {
    fs::write(file, BASE).expect("a file");
    let (name, args) = words.split_first().expect("a name");
    let places = Whereabouts { file: Some(file.into()), ..Whereabouts::default() };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::to_buffers(&mut out, &mut err);
    let exit = within(name, name, args, &places, &mut console).expect("buffers");
    did(i32::from(exit.code()), &out, file)
}

#[test]
fn our_tools_do_on_a_file_what_debians_do() {
    let oracle = match Oracle::ready() {
        Ok(oracle) => oracle,
        Err(error) => {
            assert!(std::env::var("CI").is_err(), "no tools to compare with: {error:#}");
            println!("skipped: no tools to compare with: {error:#}");
            return;
        }
    };
    let directory = tempfile::tempdir().expect("a directory");
    let file: PathBuf = directory.path().join("cib.xml");
    let lines: Vec<&str> = LINES.lines().filter(|line| !line.starts_with('#')).collect();
    let mut wrong = Vec::new();
    for line in &lines {
        let words = words(line);
        let (theirs, mine) = (real(&oracle, &words, &file), ours(&words, &file));
        if theirs != mine {
            wrong.push(format!("{line}\n{}", difference(&theirs, &mine)));
        }
    }
    assert!(lines.len() >= 150, "the table has {} lines", lines.len());
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} of {} differ:\n{}", lines.len(), wrong.join("\n"));
}

/// The lines that only one of them has.
fn difference(theirs: &Did, mine: &Did) -> String {
    let mut text = format!("  code {} {}\n", theirs.code, mine.code);
    for (one, other) in [(&theirs.out, &mine.out), (&theirs.file, &mine.file)] {
        let only = |a: &str, b: &str, mark: &str| {
            let lines = a.lines().filter(|line| !b.lines().any(|have| have == *line));
            lines.map(|line| ["  ", mark, " ", line, "\n"].concat()).collect::<String>()
        };
        text.push_str(&only(one, other, "real"));
        text.push_str(&only(other, one, "ours"));
    }
    text
}

#[test]
fn every_tool_has_a_page_and_no_option_two_meanings() {
    for name in NAMES {
        assert!(crate::manual::old(name).is_some(), "{name}");
        if metadata::NAMES.contains(&name) {
            continue;
        }
        let rows = rows(name);
        for (at, row) in rows.iter().enumerate() {
            let same = |other: &&Row| {
                other.long == row.long || (other.short == row.short && row.short != '\0')
            };
            assert!(rows[..at].iter().find(same).is_none(), "{name} --{}", row.long);
        }
    }
}

#[test]
fn a_lifetime_becomes_a_rule_that_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("cib.xml");
    let did = ours(&words("crm_resource -r vip --ban -N n1 -u PT1H"), &file);
    assert_eq!(did.code, 0, "{}", did.out);
    let made = did.file.contains("<date_expression id=\"cli-ban-vip-on-n1-lifetime\"");
    assert!(made && did.file.contains("value=\"n1\" type=\"string\""), "{}", did.file);
}
