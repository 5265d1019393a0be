//! The scenario files: found, read and checked.

use anyhow::{Context, Result, bail};
use sim::scenario::{Scenario, parse};
use std::fs;
use std::path::{Path, PathBuf};

/// Where scenario files are: in the current directory's checkout, or the one this was built from.
fn folder() -> PathBuf {
    let here = PathBuf::from("scenarios");
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    if here.is_dir() { here } else { built }
}

/// The part of that folder for virtual routers; their scenarios' names begin with it.
const ROUTERS: &str = "vrrp";

/// A scenario by its name, or by the path of its file.
///
/// # Errors
/// When there is no such file, or it is not understood; every line that is wrong is named.
pub fn scenario(name: &str) -> Result<Scenario> {
    let file = path(name);
    if !file.is_file() {
        bail!("there is no scenario {name}; `handover lab --list` names them");
    }
    read(&file)
}

/// The file of a scenario.
pub(crate) fn path(name: &str) -> PathBuf {
    let direct = PathBuf::from(name);
    if direct.is_file() { direct } else { folder().join(format!("{name}.txt")) }
}

/// All scenarios of Heartbeat clusters, by name.
///
/// # Errors
/// When one of them can't be read.
pub fn scenarios() -> Result<Vec<Scenario>> {
    all_in(&folder())
}

/// All scenarios of virtual routers, by name.
///
/// # Errors
/// When one of them can't be read.
pub fn router_scenarios() -> Result<Vec<Scenario>> {
    all_in(&folder().join(ROUTERS))
}

fn all_in(folder: &Path) -> Result<Vec<Scenario>> {
    let entries = fs::read_dir(folder).with_context(|| {
        format!("there are no scenarios in {}: run this in a checkout", folder.display())
    })?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

fn read(file: &Path) -> Result<Scenario> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if file.parent().is_some_and(|folder| folder.ends_with(ROUTERS)) {
        name = format!("{ROUTERS}/{name}");
    }
    match parse(&name, &text) {
        Ok(scenario) => Ok(scenario),
        Err(found) => {
            let lines = found.iter().map(|diagnostic| {
                let (line, _) = diagnostic.line_column(&text);
                let help = diagnostic.help.as_deref().unwrap_or_default();
                format!("{}:{line}: {}; {help}", diagnostic.file, diagnostic.message)
            });
            bail!(lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_scenario_file_is_understood_and_says_what_it_is_about() {
        let [clusters, routers] = [super::scenarios(), super::router_scenarios()];
        let (clusters, routers) = (clusters.expect("readable"), routers.expect("readable"));
        assert!(!clusters.is_empty() && !routers.is_empty());
        for scenario in clusters.into_iter().chain(routers) {
            assert!(!scenario.about.is_empty(), "{} has no comment at its head", scenario.name);
        }
    }
}
