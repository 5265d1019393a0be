//! The configurations of `scenarios/lvs`: read, and made ready for a daemon.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;

/// What `TCP` stands for in these files. A server that ended refuses at once, and an address
/// without a host is told by the kernel: the time is for a machine too busy to answer.
const TCP: &str = "TCP_CHECK {
            connect_port 80
            connect_timeout 60
            retry 1
            delay_before_retry 1
        }";

/// Where the files are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/lvs");

/// One configuration.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The file's name without its ending.
    pub(crate) name: String,
    /// What it shows: the comment at its head.
    pub(crate) about: String,
    /// The configuration at the start.
    pub(crate) first: String,
    /// And from the reload on.
    pub(crate) second: String,
    /// Options for the daemon.
    pub(crate) options: Vec<String>,
    /// Words for `ipvsadm` before the daemon starts.
    pub(crate) before: Vec<String>,
    /// Steps at which ours leaves something else on purpose, with the reason.
    pub(crate) differs: Vec<(String, String)>,
}

impl Case {
    /// Why ours may differ at this step, if it may.
    pub(crate) fn reason(&self, step: &str) -> Option<&str> {
        self.differs.iter().find(|(at, _)| at == step).map(|(_, why)| why.as_str())
    }

    /// Whether it touches the kernel's timeouts or its sync daemon.
    pub(crate) fn more(&self) -> bool {
        self.first.contains("lvs_timeouts") || self.first.contains("lvs_sync_daemon")
    }
}

/// All of them, by name.
///
/// # Errors
/// When one can't be read or has no comment at its head.
pub(crate) fn all() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(Path::new(FOLDER)).with_context(|| format!("cannot read {FOLDER}"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "conf") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path)?;
            cases.push(parse(&name, &text).with_context(|| path.display().to_string())?);
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn parse(name: &str, text: &str) -> Result<Case> {
    let about = text.lines().next().unwrap_or_default().trim_start_matches('#').trim().to_owned();
    ensure!(!about.is_empty() && text.starts_with('#'), "no comment at its head");
    let words = |key: &str| -> Vec<String> {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    Ok(Case {
        name: name.to_owned(),
        about,
        first: lines(text, '-'),
        second: lines(text, '+'),
        options: words("# options:"),
        before: words("# before:"),
        differs: text
            .lines()
            .filter_map(|line| line.strip_prefix("# differs at ")?.split_once(": "))
            .map(|(step, why)| (step.to_owned(), why.to_owned()))
            .collect(),
    })
}

/// The lines of one time: those without a mark and those with this one.
fn lines(text: &str, mark: char) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let Some(line) = (match line.chars().next() {
            Some(first) if first == mark => Some(&line[1..]),
            Some('-' | '+') => None,
            _ => Some(line),
        }) else {
            continue;
        };
        out.push_str(if line.trim() == "TCP" { TCP } else { line });
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_choose_the_lines_of_before_and_after_the_reload() {
        let text = "# About\n# options: -I -S 1\n# differs at reload: a defect\na\n-b\n+c\nTCP\n";
        let case = parse("x", text).expect("understood");
        assert_eq!(case.about, "About");
        assert_eq!(case.options, ["-I", "-S", "1"]);
        assert_eq!((case.reason("reload"), case.reason("stop")), (Some("a defect"), None));
        assert!(case.first.contains("a\nb\nTCP_CHECK {"));
        assert!(case.second.contains("a\nc\nTCP_CHECK {"));
    }

    #[test]
    fn every_file_says_what_it_shows() {
        let cases = all().expect("readable");
        let steps = super::super::alike::STEPS;
        for (step, why) in cases.iter().flat_map(|case| &case.differs) {
            assert!(steps.contains(&step.as_str()) && !why.is_empty(), "{step}: {why}");
        }
        assert!(cases.len() >= 12, "{}", cases.len());
        for case in cases {
            assert!(case.about.ends_with('.'), "{}", case.name);
        }
    }
}
