//! What the documents point to exists: relative links, their anchors, paths between back-ticks, and
//! the program's sentences that the guide for the night explains.

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

/// The page that explains sentences of the program, each as ``**`sentence`**``.
const EXPLAINS: &str = "docs/guide/when-it-fails.md";

/// Shorter pieces of a sentence would be found anywhere.
const PIECE_MIN: usize = 6;

/// Every sentence that the guide explains is one that the program says.
pub(crate) fn sentences(root: &Path, sources: &[PathBuf], wrong: &mut Vec<String>) -> Result<()> {
    let text = fs::read_to_string(root.join(EXPLAINS)).context(EXPLAINS)?;
    let code: String = sources
        .iter()
        .filter(|path| !path.starts_with(root.join("crates/xtask")))
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|code| joined(&code))
        .collect();
    for sentence in text.split("**`").skip(1).filter_map(|rest| rest.split_once("`**")) {
        for piece in pieces(sentence.0) {
            if !code.contains(piece.as_str()) {
                let sentence = sentence.0;
                wrong.push(format!("{EXPLAINS}: the program never says `{piece}` ({sentence})"));
            }
        }
    }
    Ok(())
}

/// The page that names every file.
const NAMES_FILES: &str = "docs/reference/files.md";

/// Beginnings of the paths that an administrator may want to know of.
const PLACES: [&str; 4] = ["/etc/", "/run/", "/usr/", "/var/"];

/// Every path that the daemon's code names is in the list of files, itself or a directory of it.
pub(crate) fn files(root: &Path, sources: &[PathBuf], wrong: &mut Vec<String>) -> Result<()> {
    let page = fs::read_to_string(root.join(NAMES_FILES)).context(NAMES_FILES)?;
    let listed: Vec<&str> = page.lines().flat_map(quoted).collect();
    for source in sources.iter().filter(|path| path.starts_with(root.join("crates/daemon/src"))) {
        let code = fs::read_to_string(source).with_context(|| source.display().to_string())?;
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for path in code.flat_map(|line| line.split('"').skip(1).step_by(2)) {
            let is_path = PLACES.iter().any(|place| path.starts_with(place));
            let covers = |listed: &&str| {
                listed.starts_with(path) || (listed.ends_with('/') && path.starts_with(*listed))
            };
            if is_path && !listed.iter().any(covers) {
                wrong.push(format!("{NAMES_FILES} lacks {path}, of {}", source.display()));
            }
        }
    }
    Ok(())
}

/// Where the reasons stand for which a packet can be refused, each a word in quotes.
const REASONS: [&str; 2] =
    ["crates/wire/src/heartbeat/refused.rs", "crates/cluster/src/messaging/refusals.rs"];

/// Every reason that `handover status` may show is explained in the guide.
pub(crate) fn reasons(root: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let guide = fs::read_to_string(root.join(EXPLAINS)).context(EXPLAINS)?;
    for path in REASONS {
        let code = fs::read_to_string(root.join(path)).context(path)?;
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| line.contains("const ") || line.contains("=> \""));
        let words = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
        for word in words.filter(|word| is_reason(word)) {
            if !guide.contains(&format!("`{word}`")) {
                wrong.push(format!("{EXPLAINS}: packets are refused as `{word}`: what is that?"));
            }
        }
    }
    Ok(())
}

fn is_reason(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

/// Source text with string literals that go on in the next line made whole.
fn joined(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut goes_on = false;
    for line in code.lines() {
        let line = if goes_on { line.trim_start() } else { line };
        goes_on = line.ends_with('\\');
        out.push_str(line.strip_suffix('\\').unwrap_or(line));
        if !goes_on {
            out.push('\n');
        }
    }
    out
}

/// The parts of a sentence between what stands for a name, a number or a reason: `…`, numbers and
/// words in capitals.
fn pieces(sentence: &str) -> Vec<String> {
    let (mut found, mut piece) = (Vec::new(), Vec::new());
    for word in sentence.split_whitespace().chain(["…"]) {
        let letters: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        let filled_in = word.contains('…')
            || (!letters.is_empty() && letters.chars().all(|c| c.is_uppercase() || c.is_numeric()));
        if filled_in {
            found.push(piece.join(" "));
            piece.clear();
        } else {
            piece.push(word);
        }
    }
    found.retain(|piece| piece.len() >= PIECE_MIN);
    found
}

/// All Markdown files below a directory.
pub(crate) fn documents(directory: &Path) -> Result<Vec<PathBuf>> {
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
    fn a_sentence_is_known_by_what_stands_between_names() {
        let found = pieces("KEY can't run here: RESOURCE: REASON");
        assert_eq!(found, ["can't run here:"]);
        assert_eq!(pieces("late beat: N s (deadtime is 5)"), ["late beat:", "s (deadtime is"]);
        assert_eq!(joined("\"one \\\n     line\"\n"), "\"one line\"\n");
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
