//! The same command lines with Debian's tools and with ours: code, stdout and the file afterwards
//! must be the same. The lines stand in `lines.txt`.

use super::super::*;
use std::fs;
use std::path::Path;
use std::process::Command;
use yardstick::oracle::Oracle;

/// The information bases the lines work on, by name.
const FILES: [(&str, &str); 5] = [
    ("small", include_str!("small.xml")),
    ("rules", include_str!("rules.xml")),
    ("acls", include_str!("acls.xml")),
    ("wrong", include_str!("wrong.xml")),
    ("newer", include_str!("newer.xml")),
];
const LINES: &str = include_str!("lines.txt");

/// What a tool did.
#[derive(PartialEq, Eq, Debug)]
struct Did {
    code: i32,
    out: String,
    file: String,
}

/// Words of a line: blanks part them, quotes of either kind hold them together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The directory of one run, with every file in it and a shadow copy of the first.
fn prepare(directory: &Path) {
    fs::create_dir_all(directory).expect("a directory");
    for (name, text) in FILES {
        fs::write(directory.join(format!("{name}.xml")), text).expect("a file");
    }
    fs::write(directory.join("shadow.copy"), FILES[0].1.replace("score=\"5\"", "score=\"7\""))
        .expect("a shadow");
    fs::write(directory.join("changed.xml"), FILES[0].1.replace("score=\"5\"", "score=\"7\""))
        .expect("a file");
    fs::write(directory.join("patch.xml"), include_str!("patch.xml")).expect("a patchset");
}

/// `FILE[+SHADOW] WORDS`, with what the words `@NAME` mean for this directory.
fn parts(line: &str, directory: &Path) -> (String, Option<String>, Vec<String>) {
    let (file, rest) = line.split_once(' ').expect("a file and a command");
    let (file, shadow) = match file.split_once('+') {
        Some((file, shadow)) => (file, Some(shadow.to_owned())),
        None => (file, None),
    };
    let named = |word: String| match word.strip_prefix('@') {
        Some(name) => directory.join(name).display().to_string(),
        None => word,
    };
    (format!("{file}.xml"), shadow, words(rest).into_iter().map(named).collect())
}

/// What was printed and left, without the directory's name.
fn did(code: i32, out: &[u8], directory: &Path, file: &str) -> Did {
    let place = directory.display().to_string();
    let clean = |text: &str| {
        let line = |line: &str| match line.split_once(" request=\"") {
            Some((before, _)) if line.starts_with("<pacemaker-result") => before.to_owned(),
            _ => line.replace(&place, "DIRECTORY"),
        };
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    };
    let mut left = String::new();
    for name in [file, "shadow.copy", "shadow.new"] {
        left.push_str(&fs::read_to_string(directory.join(name)).unwrap_or_default());
    }
    Did { code, out: clean(&String::from_utf8_lossy(out)), file: left }
}

fn real(oracle: &Oracle, line: &str, directory: &Path) -> Did {
    prepare(directory);
    let (file, shadow, words) = parts(line, directory);
    let (name, args) = words.split_first().expect("a name");
    let mut command: Command = oracle.tool(name);
    command.args(args).current_dir(directory);
    command.env("CIB_file", directory.join(&file)).env("CIB_shadow_dir", directory);
    command.envs(shadow.map(|name| ("CIB_shadow", name)));
    let output = command.output().expect("the real tool");
    did(output.status.code().unwrap_or(-1), &output.stdout, directory, &file)
}

fn ours(line: &str, directory: &Path) -> Did {
    prepare(directory);
    let (file, shadow, words) = parts(line, directory);
    let (name, args) = words.split_first().expect("a name");
    let places = Whereabouts {
        file: Some(directory.join(&file).into()),
        shadow: shadow.map(Into::into),
        shadow_dir: Some(directory.into()),
    };
    let mut around = Surroundings {
        places,
        input: &mut io::empty(),
        editor: None,
        shell: None,
        now: i64::try_from(crate::old::now().as_millis() / 1000).expect("a moment"),
        offset: 0,
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::to_buffers(&mut out, &mut err);
    let exit = within(name, args, &mut around, &mut console).expect("buffers");
    did(i32::from(exit.code()), &out, directory, &file)
}

#[test]
fn our_tools_answer_as_debians_do() {
    let oracle = match Oracle::ready() {
        Ok(oracle) => oracle,
        Err(error) => {
            assert!(std::env::var("CI").is_err(), "no tools to compare with: {error:#}");
            println!("skipped: no tools to compare with: {error:#}");
            return;
        }
    };
    let lines: Vec<&str> =
        LINES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut wrong = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let directory = oracle.scratch().join(format!("real-{number}"));
        let theirs = real(&oracle, line, &directory);
        fs::remove_dir_all(&directory).expect("gone");
        let mine = ours(line, &directory);
        fs::remove_dir_all(&directory).expect("gone");
        if theirs != mine {
            wrong.push(format!("{line}\n  real {theirs:?}\n  ours {mine:?}"));
        }
    }
    assert!(lines.len() >= 150, "the table has {} lines", lines.len());
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} of {} differ:\n{}", lines.len(), wrong.join("\n"));
}

#[test]
fn quotes_hold_words_together() {
    assert_eq!(words("a 'b c'  -X \"<d e='f'/>\""), ["a", "b c", "-X", "<d e='f'/>"]);
    assert_eq!(words("a ''"), ["a", ""]);
}
