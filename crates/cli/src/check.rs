//! `handover check`: every error of every file, with place, effect and cure, in one run.

mod explain;
mod keepalived;
mod wanted;

use crate::console::{Console, Machine, Stop};
use crate::exit::Exit;
use crate::render;
use base::{Diagnostic, Places, Severity};
use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use config::{FILE_MAX, File, Heartbeat, Host, Sources, heartbeat};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};
use wanted::Wanted;

/// Where Heartbeat's files are.
pub(crate) const DIRECTORY: &str = "/etc/ha.d";

/// Where handover.toml is when the files are checked in their place.
const HANDOVER_TOML: &str = "/etc/handover/handover.toml";

/// Check Heartbeat's files and keepalived.conf: all errors of all files at once.
#[derive(Parser, Debug)]
#[command(name = "handover check")]
struct Arguments {
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
    /// End with 1 if there is a warning.
    #[arg(long)]
    strict: bool,
    /// Check as this node: users, programs and interfaces of this machine aren't looked at.
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Explain a directive of ha.cf or a keyword of keepalived.conf, or list all of them.
    #[arg(long, value_name = "DIRECTIVE", num_args = 0..=1, default_missing_value = "")]
    explain: Option<String>,
    /// A directory, or files; what isn't named of Heartbeat's is taken from beside the first of
    /// them. Without one: what this machine has in /etc/ha.d and /etc/keepalived.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// The command line, for help and man pages.
pub(crate) fn command() -> clap::Command {
    crate::args::with_epilogue(Arguments::command(), "check")
}

/// Does what `args`, the words behind `handover check`, say.
pub(crate) fn run(args: &[String], console: &mut Console<'_>) -> Result<Exit, Stop> {
    let words = std::iter::once("handover check").chain(args.iter().map(String::as_str));
    let matches = command().try_get_matches_from(words);
    let arguments = match matches.and_then(|found| Arguments::from_arg_matches(&found)) {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            return Err(Stop::Because(error.to_string().trim_end().to_owned(), Exit::Usage));
        }
        Err(help) => {
            write!(console.out, "{help}")?;
            return Ok(Exit::Done);
        }
    };
    if let Some(name) = &arguments.explain {
        return explain::explain(name, console);
    }
    let nothing = |why| Stop::Because(why, Exit::Configuration);
    let wanted = Wanted::of(&arguments.paths).map_err(nothing)?;
    let node = arguments.node.as_deref();
    let heartbeat = match &wanted.heartbeat {
        Some(paths) => Some(check(paths, node, console.machine)?),
        None => None,
    };
    let mut routers = Vec::new();
    for path in &wanted.keepalived {
        routers.push(keepalived::check(path, node, console.machine)?);
    }
    let outcome = Outcome::of(heartbeat, routers);
    if arguments.json {
        outcome.write_json(console)?;
    } else {
        outcome.write_text(console)?;
    }
    Ok(outcome.exit(arguments.strict))
}

/// All that was checked in one run.
struct Outcome {
    heartbeat: Option<Checked>,
    routers: Vec<config::keepalived::Keepalived>,
    /// Every finding, file by file.
    found: Vec<Diagnostic>,
}

impl Outcome {
    fn of(heartbeat: Option<Checked>, routers: Vec<config::keepalived::Keepalived>) -> Self {
        let mut found = heartbeat.as_ref().map_or_else(Vec::new, |checked| checked.found.clone());
        found.extend(routers.iter().flat_map(|read| read.findings.iter().cloned()));
        let haresources = heartbeat.as_ref().and_then(|of| of.sources.haresources.as_ref());
        for (file, read) in
            haresources.iter().flat_map(|file| routers.iter().map(move |r| (file, r)))
        {
            let shared = config::shared_addresses(file, &read.vrrp.instances);
            found.extend(shared.iter().map(|one| one.finding(file)));
        }
        Self { heartbeat, routers, found }
    }

    /// The text of the file a finding is about.
    fn text(&self, finding: &Diagnostic) -> &str {
        let of_heartbeat = self.heartbeat.as_ref().map_or("", |checked| checked.text(finding));
        let mut files = self.routers.iter().flat_map(|read| &read.files);
        match files.find(|file| file.path == finding.file) {
            Some(file) => &file.text,
            None => of_heartbeat,
        }
    }

    fn exit(&self, strict: bool) -> Exit {
        match self.found.iter().map(|finding| finding.severity).max() {
            Some(Severity::Error) => Exit::Configuration,
            Some(Severity::Warning) if strict => Exit::Failed,
            _ => Exit::Done,
        }
    }

    /// The places of the files that findings are about, by the files' names.
    fn places(&self) -> BTreeMap<&str, Places<'_>> {
        let mut all = BTreeMap::new();
        for finding in &self.found {
            all.entry(finding.file.as_str()).or_insert_with(|| Places::of(self.text(finding)));
        }
        all
    }

    fn write_text(&self, console: &mut Console<'_>) -> Result<(), Stop> {
        let places = self.places();
        for finding in &self.found {
            let Some(places) = places.get(finding.file.as_str()) else { continue };
            let drawn = render::finding(finding, places, console.colour);
            writeln!(console.out, "{drawn}\n")?;
        }
        let disabled: Vec<&str> =
            self.routers.iter().flat_map(|read| &read.disabled).map(String::as_str).collect();
        if !disabled.is_empty() {
            writeln!(console.out, "disabled: {}", disabled.join(", "))?;
        }
        writeln!(console.out, "{}", render::summary(&self.found))?;
        Ok(())
    }

    fn write_json(&self, console: &mut Console<'_>) -> Result<(), Stop> {
        let places = self.places();
        let findings = self
            .found
            .iter()
            .map(|finding| {
                let places = places.get(finding.file.as_str());
                let at = places.map(|places| places.line_column(finding.span.start));
                let (line, column) = at.unwrap_or((1, 1));
                Placed { line, column, finding }
            })
            .collect();
        let disabled = self.routers.iter().flat_map(|read| &read.disabled).collect();
        // keepalived starts with whatever can run.
        let starts = self.heartbeat.as_ref().is_none_or(|checked| checked.heartbeat.is_some());
        let report = Report { starts, disabled, findings };
        let text =
            serde_json::to_string_pretty(&report).map_err(|e| Stop::failed(e.to_string()))?;
        writeln!(console.out, "{text}")?;
        Ok(())
    }
}

/// What came of checking.
pub(crate) struct Checked {
    sources: Sources,
    /// Every finding, file by file.
    pub found: Vec<Diagnostic>,
    /// The configuration, if there is no error.
    pub heartbeat: Option<Heartbeat>,
}

impl Checked {
    /// The text of the file a finding is about.
    pub(crate) fn text(&self, finding: &Diagnostic) -> &str {
        let sources = &self.sources;
        let others = [&sources.haresources, &sources.service_checks, &sources.handover_toml];
        [&sources.ha_cf, &sources.authkeys]
            .into_iter()
            .chain(others.into_iter().flatten())
            .find(|file| file.path == finding.file)
            .map_or("", |file| &file.text)
    }
}

/// Checks a directory or files. In Heartbeat's own directory this machine answers for users,
/// programs, interfaces and the mode of authkeys; elsewhere, or as another node, all is assumed.
pub(crate) fn check(
    paths: &[PathBuf],
    node: Option<&str>,
    machine: Machine,
) -> Result<Checked, Stop> {
    let name = crate::old::host_name();
    let mut sources = read_sources(paths)?;
    let here = node.is_none_or(|node| node.eq_ignore_ascii_case(&name))
        && Path::new(&sources.ha_cf.path).parent() == Some(Path::new(DIRECTORY));
    let (mut configuration, mut found) = (None, Vec::new());
    if here {
        (machine.heartbeat)(&name, &mut |host| (configuration, found) = heartbeat(&sources, host));
    } else {
        sources.authkeys.mode = None;
        (configuration, found) = heartbeat(&sources, &Host::assumed(node.unwrap_or(&name)));
    }
    Ok(Checked { sources, found, heartbeat: configuration })
}

/// Reads what the paths name, and from beside the first of them what they don't.
fn read_sources(paths: &[PathBuf]) -> Result<Sources, Stop> {
    let first = paths.first().map_or(Path::new(DIRECTORY), PathBuf::as_path);
    let directory = if first.is_dir() {
        first
    } else {
        first.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
    };
    for path in paths {
        if !path.is_dir() && !KINDS.iter().any(|kind| is_kind(path, kind)) {
            let sentence = format!(
                "{} is none of {} and doesn't end in .conf: name a file so that its kind can be \
                 told",
                path.display(),
                KINDS.join(", ")
            );
            return Err(Stop::Because(sentence, Exit::Usage));
        }
    }
    let place = |kind: &str| {
        let named = paths.iter().find(|path| !path.is_dir() && is_kind(path, kind));
        named.cloned().unwrap_or_else(|| directory.join(kind))
    };
    let mut toml = place("handover.toml");
    if !toml.exists() && directory == Path::new(DIRECTORY) {
        toml = PathBuf::from(HANDOVER_TOML);
    }
    Ok(Sources {
        ha_cf: needed(&place("ha.cf"))?,
        authkeys: needed(&place("authkeys"))?,
        haresources: optional(&place("haresources"))?,
        service_checks: optional(&place("service_checks"))?,
        handover_toml: optional(&toml)?,
    })
}

/// The kinds of files by their names; more may follow, as in `ha.cf.node1`.
const KINDS: [&str; 5] = ["ha.cf", "authkeys", "haresources", "service_checks", "handover.toml"];

fn is_kind(path: &Path, kind: &str) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(kind))
}

fn needed(path: &Path) -> Result<File, Stop> {
    read(path).map_err(|error| {
        let sentence = format!("cannot read {}: {error}", path.display());
        Stop::Because(sentence, Exit::Configuration)
    })
}

fn optional(path: &Path) -> Result<Option<File>, Stop> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => needed(path).map(Some),
        Ok(file) => Ok(Some(file)),
    }
}

fn read(path: &Path) -> io::Result<File> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is no ordinary file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_MAX {
        let text = format!("longer than {} MiB, so it is no configuration", FILE_MAX >> 20);
        return Err(io::Error::other(text));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mode = Some(about.permissions().mode());
    Ok(File { path: path.display().to_string(), text, mode })
}

/// A finding with the place people count in.
#[derive(Serialize)]
struct Placed<'a> {
    line: usize,
    column: usize,
    #[serde(flatten)]
    finding: &'a Diagnostic,
}

#[derive(Serialize)]
struct Report<'a> {
    /// Whether the daemon would start.
    starts: bool,
    /// What keepalived.conf names and can't run as it is written.
    disabled: Vec<&'a String>,
    findings: Vec<Placed<'a>>,
}

#[cfg(test)]
mod tests;
