//! What the documents tell the reader to run can be run: scripts exist, commands and their options
//! are in the manual.

use crate::documents::documents;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Documents that tell what is or was elsewhere: the ancestor's commands, and the log of changes.
const SKIPPED: [&str; 1] = ["docs/ancestors"];

/// The manual: page by name.
type Manual = BTreeMap<String, String>;

/// Checks every command in every document.
pub(crate) fn check(root: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let pages = cli::manual().into_iter().chain(cli::old_manual());
    let manual: Manual = pages.map(|page| (page.name, page.text)).collect();
    for path in documents(root)? {
        let name = path.strip_prefix(root).unwrap_or(&path);
        if SKIPPED.iter().any(|skipped| name.starts_with(skipped)) {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        for (number, command) in commands(&text) {
            if let Err(why) = understood(root, &manual, command) {
                wrong.push(format!("{}:{number}: `{command}`: {why}", name.display()));
            }
        }
    }
    Ok(())
}

/// The commands of a document with their lines: those of `sh` and `console` blocks, and those
/// between back-ticks.
fn commands(text: &str) -> Vec<(usize, &str)> {
    let (mut found, mut block) = (Vec::new(), None);
    for (index, line) in text.lines().enumerate() {
        match (block, line.strip_prefix("```")) {
            (None, Some(kind)) => block = Some(matches!(kind, "sh" | "console")),
            (Some(_), Some(_)) => block = None,
            (Some(false), None) => {}
            (Some(true), None) => {
                let line = line.split(" #").next().unwrap_or_default();
                let line = line.trim_start_matches("$ ");
                found.extend(line.split("&&").map(|part| (index + 1, part.trim())));
            }
            (None, None) => {
                found.extend(line.split('`').skip(1).step_by(2).map(|words| (index + 1, words)));
            }
        }
    }
    found
}

/// Whether a command of ours has that sub-command and those options; others are not judged.
fn understood(root: &Path, manual: &Manual, command: &str) -> Result<(), String> {
    let mut words = command.split_whitespace().peekable();
    let Some(program) = words.next() else { return Ok(()) };
    if program.starts_with("./") && !root.join(program).is_file() {
        return Err("there is no such script".to_owned());
    }
    let mut name = program.rsplit('/').next().unwrap_or(program).to_owned();
    if name == "handover"
        && let Some(word) = words.next_if(|word| word.starts_with(char::is_lowercase))
    {
        name = if manual.contains_key(word) { word.to_owned() } else { format!("handover-{word}") };
        if !manual.contains_key(&name) {
            return Err(format!("handover has no command {word}"));
        }
    }
    let Some(page) = manual.get(&name) else { return Ok(()) };
    let page = page.replace("\\-", "-");
    let has = |word: &str| {
        page.split(|c: char| c.is_whitespace() || ",[]|\\".contains(c))
            .any(|known| known.trim_start_matches("fB") == word)
    };
    for word in words.take_while(|word| !matches!(*word, "|" | ">" | "…")) {
        let option = word.split(['=', '…']).next().unwrap_or_default();
        if option.starts_with('-') && !has(option) {
            return Err(format!("{name} has no option {option}"));
        }
        if name == "cl_status" && option.starts_with(char::is_lowercase) {
            return if has(option) { Ok(()) } else { Err(format!("cl_status has no {option}")) };
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(command: &str) -> Result<(), String> {
        let pages = cli::manual().into_iter().chain(cli::old_manual());
        let manual = pages.map(|page| (page.name, page.text)).collect();
        understood(Path::new("/nonexistent"), &manual, command)
    }

    #[test]
    fn commands_that_exist_are_understood() {
        for command in [
            "handover status --strict",
            "target/release/handover lab",
            "handover hb_standby all",
            "cl_status hblinkstatus node2 eth0",
            "heartbeat -k",
            "ha_propagate --all",
            "handover why NAME",
            "rm -rf /somewhere/else",
        ] {
            assert_eq!(judged(command), Ok(()), "{command}");
        }
    }

    #[test]
    fn commands_and_options_that_do_not_exist_are_told() {
        for command in [
            "handover dance",
            "handover status --loudly",
            "cl_status weather",
            "heartbeat -q",
            "./no-such-script",
        ] {
            assert!(judged(command).is_err(), "{command}");
        }
    }

    #[test]
    fn commands_are_found_in_blocks_and_between_back_ticks() {
        let text = "See `a b`.\n```sh\n# on node1\nc d && e\n```\n```text\nf\n```\n```console\n$ g # h\n```\n";
        let found: Vec<&str> = commands(text).into_iter().map(|(_, command)| command).collect();
        assert_eq!(found, ["a b", "# on node1", "c d", "e", "g"]);
    }
}
