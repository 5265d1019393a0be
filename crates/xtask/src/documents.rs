//! What the documents point to exists: relative links, their anchors, and paths between back-ticks.

use crate::crates::quoted;
use anyhow::{Context as _, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Directories without documents of ours.
const SKIPPED: [&str; 2] = ["target", ".git"];

/// How a path of the repository begins when a document names it between back-ticks.
const ROOTS: [&str; 7] =
    ["crates/", "docs/", "scenarios/", "examples/", "fuzz/", ".ci/", "LICENSE"];

/// Checks every Markdown file of the repository.
pub(crate) fn check(root: &Path, wrong: &mut Vec<String>) -> Result<()> {
    for path in documents(root)? {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let name = path.strip_prefix(root).unwrap_or(&path).display();
        for (number, line) in prose(&text) {
            for target in links(line) {
                if let Err(why) = resolve(&path, target) {
                    wrong.push(format!("{name}:{number}: the link to {target}: {why}"));
                }
            }
            for word in quoted(line).filter(|word| is_path(word)) {
                if !root.join(word).exists() {
                    wrong.push(format!("{name}:{number} names {word}, which does not exist"));
                }
            }
        }
    }
    Ok(())
}

/// All Markdown files below a directory.
fn documents(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && !path.is_symlink() && !SKIPPED.iter().any(|skipped| name == *skipped) {
            found.extend(documents(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The numbered lines that are not shown as they are.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

/// The targets of a line's links into this repository: `[words](target)`, outside back-ticks.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split('`')
        .step_by(2)
        .flat_map(|text| {
            text.split("](")
                .skip(1)
                .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        })
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// A path from the root, without gaps to be filled in.
fn is_path(word: &str) -> bool {
    ROOTS.iter().any(|start| word.starts_with(start))
        && !word.contains(|c: char| c.is_whitespace() || "*{}<>…".contains(c))
}

/// Looks for the file a link means, and for the heading behind `#`.
fn resolve(from: &Path, target: &str) -> Result<(), String> {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(f, a)| (f, Some(a)));
    let directory = from.parent().unwrap_or(Path::new("."));
    let path = if file.is_empty() { from.to_owned() } else { directory.join(file) };
    if !path.exists() {
        return Err("there is no such file".to_owned());
    }
    let Some(anchor) = anchor else { return Ok(()) };
    let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    if anchors(&text).iter().any(|known| known == anchor) {
        return Ok(());
    }
    Err(format!("no heading there is called #{anchor}"))
}

/// The anchors of a document's headings, as code hosts make them; of equal ones only the first.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).filter_map(|(_, line)| {
        let words = line.trim_start_matches('#');
        (line.len() > words.len()).then(|| words.strip_prefix(' ')).flatten()
    });
    headings.map(anchor).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_repository_and_examples_of_links_are_not_followed() {
        let line = "[a](b.md#c), [d](https://e.example) and `[f](g)`, then [h](i)";
        assert_eq!(links(line).collect::<Vec<_>>(), ["b.md#c", "i"]);
    }

    #[test]
    fn a_heading_is_reached_by_its_words_in_small_letters() {
        let text = "# Both nodes: say `x`!\n```\n# no heading\n```\n## 3. Check\n#nor this\n";
        assert_eq!(anchors(text), ["both-nodes-say-x", "3-check"]);
    }

    #[test]
    fn a_missing_file_and_a_missing_heading_are_both_told() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let page = dir.path().join("a.md");
        fs::write(&page, "[b](b.md) [c](#there) [d](#nowhere)\n# There\n").expect("write");
        let mut wrong = Vec::new();
        check(dir.path(), &mut wrong).expect("readable");
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].contains("b.md") && wrong[1].contains("#nowhere"), "{wrong:?}");
    }
}
