//! The rules of the repository, as a test of its text: what ARCHITECTURE.md says is so.

use crate::crates::{PURE, UNSAFE, by_manifest, by_table, quoted};
use crate::{commands, documents, generated};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// A file longer than this is probably more than one idea; a warning, no error.
const LINES_MAX: usize = 500;

/// Words that have no place in finished code, written so that this list does not find itself.
/// One with an owner, `(name)` right behind it, is a promise and may stay.
const BANNED: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("db", "g!("),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
];

/// Checks everything and reports all that is wrong at once.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut wrong = Vec::new();
    architecture(root, &mut wrong)?;
    let files = sources(&root.join("crates"))?;
    for path in &files {
        source(root, path, &mut wrong)?;
    }
    purity(root, &mut wrong)?;
    commands::check(root, &mut wrong)?;
    documents::check(root, &mut wrong)?;
    documents::sentences(root, &files, &mut wrong)?;
    documents::reasons(root, &mut wrong)?;
    documents::files(root, &files, &mut wrong)?;
    wrong.extend(generated::stale(root));
    if wrong.is_empty() {
        eprintln!("tidy: {} source files, nothing to say", files.len());
        return Ok(());
    }
    bail!("tidy:\n  {}", wrong.join("\n  "))
}

/// The crate table equals the manifests, and every path named exists.
fn architecture(root: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).context("ARCHITECTURE.md")?;
    let (table, manifests) = (by_table(&text), by_manifest(root)?);
    for (name, uses) in &manifests {
        match table.get(name) {
            None => wrong.push(format!("ARCHITECTURE.md: the crate table lacks `{name}`")),
            Some(said) if said != uses => wrong.push(format!(
                "crates/{name}/Cargo.toml uses {uses:?}, the table of ARCHITECTURE.md says {said:?}"
            )),
            Some(_) => {}
        }
        if PURE.contains(&name.as_str()) {
            for used in uses.iter().filter(|used| !PURE.contains(&used.as_str())) {
                wrong.push(format!("crates/{name} is pure and must not use `{used}`"));
            }
        }
        if uses.contains("daemon") && name != "handover" {
            wrong.push(format!("crates/{name}: only the program itself may use `daemon`"));
        }
    }
    for name in table.keys().filter(|name| !manifests.contains_key(*name)) {
        wrong.push(format!("ARCHITECTURE.md: there is no crate `{name}`"));
    }
    items(root, &text, wrong)
}

/// Every `Type::Item` that ARCHITECTURE.md names stands in one source file, both words of it.
fn items(root: &Path, text: &str, wrong: &mut Vec<String>) -> Result<()> {
    let texts: Vec<String> = sources(&root.join("crates"))?
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    for named in quoted(text).filter(|word| word.contains("::") && !word.contains(' ')) {
        let words: Vec<&str> = named.rsplit("::").take(2).collect();
        if !texts.iter().any(|text| words.iter().all(|word| has_word(text, word))) {
            wrong.push(format!("ARCHITECTURE.md names `{named}`, which no source file has"));
        }
    }
    Ok(())
}

/// All Rust files below a directory.
fn sources(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn source(root: &Path, path: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let name = path.strip_prefix(root).unwrap_or(path).display();
    if !text.starts_with("//!") {
        wrong.push(format!("{name}: a module begins with `//!`: what it is, who calls it"));
    }
    for (number, line) in text.lines().enumerate() {
        for word in BANNED.iter().filter(|word| banned(line, word)) {
            wrong.push(format!("{name}:{}: {word}", number + 1));
        }
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        eprintln!("tidy: warning: {name} has {lines} lines; is it one idea?");
    }
    Ok(())
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
}

/// Whether a line contains the word as a word of its own, without an owner.
fn banned(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part(before) && (word.ends_with('(') || !(part(after) || after == Some('(')))
    })
}

/// Pure crates say so where clippy and rustc read it.
fn purity(root: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let first = root.join("crates").join(PURE[0]).join("clippy.toml");
    let rules = fs::read_to_string(&first).with_context(|| first.display().to_string())?;
    for name in PURE {
        let path = root.join("crates").join(name).join("clippy.toml");
        if fs::read_to_string(&path).ok().as_ref() != Some(&rules) {
            wrong.push(format!("crates/{name}/clippy.toml differs from that of `{}`", PURE[0]));
        }
    }
    for name in by_manifest(root)?.keys().filter(|name| *name != UNSAFE) {
        let source = root.join("crates").join(name).join("src");
        let files = [source.join("lib.rs"), source.join("main.rs")];
        let texts: Vec<String> =
            files.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
        if !texts.iter().any(|text| text.contains("#![forbid(unsafe_code)]")) {
            wrong.push(format!("crates/{name} lacks #![forbid(unsafe_code)]"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_word_counts_alone_and_without_an_owner() {
        let word = BANNED[0];
        assert!(banned(&format!("// {word}: later"), word));
        assert!(!banned(&format!("// {word}(ann): when the kernel can"), word));
        assert!(!banned(&format!("{word}S_MAX"), word));
        assert!(banned("    db\u{67}!(x)", BANNED[3]));
    }

    #[test]
    fn this_repository_is_tidy() {
        let root = crate::root().expect("the root");
        run(&root).expect("tidy");
    }
}
