//! `handover import` and `haresources2cib`: configurations in other languages as a CIB.

use crate::cib_file;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::old;
use cib::haresources::{self, Surroundings};
use cib::xml::{Document, Style};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Where Heartbeat's CIB lay, and where `haresources2cib` puts it.
const HEARTBEAT_CIB: &str = "/var/lib/heartbeat/crm/cib.xml";

/// Where `haresources2cib` reads if nothing is named.
const HARESOURCES: &str = "/etc/ha.d/haresources";

/// Heartbeat's own file, for its nodes.
const HA_CF: &str = "/etc/ha.d/ha.cf";

/// Where scripts of class lsb lie.
const INIT_SCRIPTS: &str = "/etc/init.d";

/// No configuration written by people is longer (bytes).
const MAX_BYTES: u64 = 64 << 20;

/// What a CIB is that nothing was put into yet.
const EMPTY: &str = "<cib admin_epoch=\"0\" epoch=\"1\" num_updates=\"0\" \
                     validate-with=\"pacemaker-3.9\"><configuration><crm_config/><nodes/>\
                     <resources/><constraints/></configuration><status/></cib>";

/// The languages that are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Language {
    /// Heartbeat's haresources.
    Haresources,
    /// What `crm configure show` prints and `crm configure load` reads.
    Crmsh,
}

/// Runs `handover import FILE`.
///
/// # Errors
/// A file that cannot be read or has mistakes, streams that can't be written.
pub fn run(
    file: &Path,
    language: Option<Language>,
    base: Option<&Path>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let text = read(file).map_err(Stop::failed)?;
    let language = language.unwrap_or_else(|| guess(&text));
    let name = file.display();
    let made = match language {
        Language::Haresources => {
            let beside = file.parent().unwrap_or(Path::new("")).join("ha.cf");
            let around = surroundings(&beside, true, true);
            haresources::to_cib(&text, &around)
                .map_err(|mistakes| Stop::failed(told(&name, &mistakes)))?
        }
        Language::Crmsh => {
            let mut doc = match base {
                Some(base) => Document::parse(read(base).map_err(Stop::failed)?)
                    .map_err(|error| Stop::failed(format!("{}: {error}", base.display())))?,
                None => Document::parse(EMPTY).map_err(|error| Stop::failed(error.to_string()))?,
            };
            cib::crmsh::load(&mut doc, &text)
                .map_err(|mistakes| Stop::failed(told(&name, &mistakes)))?;
            doc
        }
    };
    for finding in cib::validate::validate(&made) {
        writeln!(console.err, "{name}: {finding}")?;
    }
    write!(console.out, "{}", made.root().to_text(Style::Pretty))?;
    Ok(Exit::Done)
}

/// All mistakes of a file, a line each.
fn told(name: &impl std::fmt::Display, mistakes: &[impl std::fmt::Display]) -> String {
    let lines: Vec<String> = mistakes.iter().map(|one| format!("{name}: {one}")).collect();
    format!("{}\nno CIB was made", lines.join("\n"))
}

/// The language of a text: objects of crmsh begin with their kind, haresources with a node.
fn guess(text: &str) -> Language {
    const KINDS: &[&str] = &[
        "node",
        "primitive",
        "group",
        "clone",
        "ms",
        "location",
        "colocation",
        "order",
        "property",
        "rsc_defaults",
        "op_defaults",
        "rsc_template",
        "bundle",
        "tag",
        "role",
        "xml",
        "alert",
    ];
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.into_iter().next().and_then(|line| line.split_whitespace().next());
    let crmsh = first.is_some_and(|word| KINDS.contains(&word));
    if crmsh { Language::Crmsh } else { Language::Haresources }
}

fn read(path: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut text = String::new();
    let mut from: Box<dyn std::io::Read> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(fs::File::open(path).map_err(failed)?),
    };
    let length = from.by_ref().take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if length as u64 > MAX_BYTES {
        return Err(format!("{}: longer than {MAX_BYTES} bytes", path.display()));
    }
    Ok(text)
}

/// What this machine knows of nodes and scripts.
fn surroundings(ha_cf: &Path, ocf: bool, monitor: bool) -> Surroundings {
    let text = fs::read_to_string(ha_cf).unwrap_or_default();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let nodes = lines
        .filter_map(|line| line.trim().strip_prefix("node"))
        .filter(|rest| rest.starts_with(char::is_whitespace));
    let nodes = nodes.flat_map(str::split_whitespace).map(str::to_owned).collect();
    let scripts = fs::read_dir(INIT_SCRIPTS).into_iter().flatten().flatten();
    let init_scripts = scripts.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    Surroundings { nodes, init_scripts, ocf, monitor }
}

/// Runs `haresources2cib [--no-ocf] [--stdout] [--no-monitor] [-c FILE] [HARESOURCES]`.
///
/// # Errors
/// Only when the streams can't be written; everything else is an exit code.
pub fn haresources2cib(args: &[String], console: &mut Console<'_>) -> Result<Exit, Stop> {
    let (mut stdout, mut ocf, mut monitor) = (false, true, true);
    let (mut ha_cf, mut file) = (PathBuf::from(HA_CF), PathBuf::from(HARESOURCES));
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--stdout" => stdout = true,
            "--no-ocf" => ocf = false,
            "--no-monitor" => monitor = false,
            "-c" | "--config" => match rest.next() {
                Some(path) => ha_cf = path.into(),
                None => return complain("-c needs the path of ha.cf", console),
            },
            "-h" | "--help" => {
                if let Some(page) = crate::manual::old("haresources2cib") {
                    write!(console.out, "{}", crate::manual::help(&page))?;
                }
                return Ok(Exit::Done);
            }
            option if option.starts_with('-') => {
                return complain(&format!("{option} is unknown; see --help"), console);
            }
            path => file = path.into(),
        }
    }
    let around = surroundings(&ha_cf, ocf, monitor);
    let name = file.display();
    let text = match read(&file) {
        Ok(text) => text,
        Err(sentence) => return complain(&sentence, console),
    };
    let made = match haresources::to_cib(&text, &around) {
        Ok(made) => made,
        Err(mistakes) => return complain(&told(&name, &mistakes), console),
    };
    if stdout {
        write!(console.out, "{}", made.root().to_text(Style::Pretty))?;
        return Ok(Exit::Done);
    }
    let target = Path::new(HEARTBEAT_CIB);
    let signature = target.with_extension("xml.sig");
    if let Some(there) = [target, &signature].into_iter().find(|path| path.exists()) {
        let sentence = format!(
            "{} is there already and stays as it is; remove {HEARTBEAT_CIB} and {} first if the cluster \
             shall begin anew",
            there.display(),
            signature.display()
        );
        return complain(&sentence, console);
    }
    match cib_file::write(target, &made) {
        Ok(()) => Ok(Exit::Done),
        Err(error) => complain(&format!("{HEARTBEAT_CIB}: {error}"), console),
    }
}

fn complain(sentence: &str, console: &mut Console<'_>) -> Result<Exit, Stop> {
    old::Voice::new("haresources2cib").say(console, "ERROR", sentence)?;
    Ok(Exit::Old(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_tells_the_language() {
        assert_eq!(guess("# x\n\nprimitive a Dummy\n"), Language::Crmsh);
        assert_eq!(guess("node1 192.0.2.1\n"), Language::Haresources);
    }
}
