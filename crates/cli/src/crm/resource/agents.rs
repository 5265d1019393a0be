//! Agents on this machine: which there are, and what they say of themselves.

use super::super::tool::{Answer, Failed, code};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where OCF agents lie; one directory for each provider.
const OCF: &str = "/usr/lib/ocf/resource.d";
/// Where fence agents lie.
const FENCE: &str = "/usr/sbin";
/// What OCF agents are told of their place.
const OCF_ROOT: &str = "/usr/lib/ocf";

/// Answers one of the commands about agents.
pub(super) fn answer(command: &str, of: &str, answer: &mut Answer) -> Result<(), Failed> {
    let names = match command {
        "show-metadata" => return metadata(of, answer),
        "list-standards" => standards(),
        "list-ocf-providers" => providers(),
        "list-ocf-alternatives" => {
            let has = |provider: &String| Path::new(OCF).join(provider).join(of).is_file();
            providers().into_iter().filter(has).collect()
        }
        _ => agents(of),
    };
    if names.is_empty() && command != "list-standards" {
        let (code, sentence) = match command {
            "list-agents" => (code::ERROR, format!("No agents found for {of}")),
            _ => (code::NO_SUCH, "No OCF providers found".to_owned()),
        };
        return Err(Failed::new(code, sentence));
    }
    for name in names {
        let _ = writeln!(answer.text, "{name}");
    }
    Ok(())
}

/// The kinds of agents this machine has.
fn standards() -> Vec<String> {
    let mut found = vec!["ocf", "lsb", "service"];
    if Path::new("/run/systemd/system").exists() {
        found.push("systemd");
    }
    if agents("stonith").is_empty() {
        return found.into_iter().map(str::to_owned).collect();
    }
    found.push("stonith");
    found.into_iter().map(str::to_owned).collect()
}

fn names(directory: &Path, wanted: impl Fn(&fs::DirEntry) -> bool) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(wanted)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

fn providers() -> Vec<String> {
    names(Path::new(OCF), |entry| entry.path().is_dir())
}

fn is_program(entry: &fs::DirEntry) -> bool {
    let file = fs::metadata(entry.path());
    file.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The agents of `ocf:PROVIDER`, of all providers, or the fence agents.
fn agents(of: &str) -> Vec<String> {
    match of.split_once(':') {
        Some(("ocf", provider)) if is_plain(provider) => {
            names(&Path::new(OCF).join(provider), is_program)
        }
        None if of == "ocf" => {
            let of = |provider: &String| names(&Path::new(OCF).join(provider), is_program);
            let mut all: Vec<String> = providers().iter().flat_map(of).collect();
            all.sort();
            all.dedup();
            all
        }
        None if of == "stonith" => {
            let fences = |entry: &fs::DirEntry| {
                entry.file_name().to_string_lossy().starts_with("fence_") && is_program(entry)
            };
            names(Path::new(FENCE), fences)
        }
        _ => Vec::new(),
    }
}

/// A name that stays in its directory.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains('/')
}

/// The program of an agent, and what it is told.
fn program(of: &str) -> Option<(PathBuf, [&'static str; 1])> {
    let parts: Vec<&str> = of.split(':').collect();
    let found = match parts[..] {
        ["ocf", provider, agent] if is_plain(provider) && is_plain(agent) => {
            (Path::new(OCF).join(provider).join(agent), ["meta-data"])
        }
        ["stonith", agent] if agent.starts_with("fence_") && is_plain(agent) => {
            (Path::new(FENCE).join(agent), ["--action=metadata"])
        }
        _ => return None,
    };
    found.0.is_file().then_some(found)
}

/// Prints what an agent says of itself.
fn metadata(of: &str, answer: &mut Answer) -> Result<(), Failed> {
    let failed = || Failed {
        code: code::NO_SUCH,
        said: vec![
            format!("Metadata query for {of} failed: No such device or address"),
            "Error performing operation: No such object".to_owned(),
        ],
    };
    let (path, words) = program(of).ok_or_else(failed)?;
    let mut command = Command::new(path);
    command.args(words).env("OCF_ROOT", OCF_ROOT).stdin(Stdio::null()).stderr(Stdio::null());
    if let Some(agent) = of.strip_prefix("ocf:") {
        let agent = agent.rsplit(':').next().unwrap_or(agent);
        command.env("OCF_RESOURCE_TYPE", agent).env("OCF_RESOURCE_INSTANCE", agent);
    }
    let output = command.output().map_err(|_| failed())?;
    if !output.status.success() {
        return Err(failed());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let _ = writeln!(answer.text, "{}", text.trim_end_matches('\n'));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_name_never_leads_out_of_its_directory() {
        for of in ["ocf:..:x", "ocf:a:../../x", "stonith:fence_/../x", "stonith:reboot", "ocf:a"] {
            assert!(program(of).is_none(), "{of}");
        }
    }
}
