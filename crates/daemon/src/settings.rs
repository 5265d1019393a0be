//! The configuration as this process needs it: read from `/etc/ha.d`, with the host's own answers.

use crate::agents::{self, Files};
use crate::family::StartOptions;
use crate::logs::{self, Targets};
use crate::perform::Host as HostFiles;
use crate::{both, builtin, environment, paths};
use api::Level;
use base::Severity;
use cluster::Config;
use config::{FILE_MAX, File, GenerationMethod, Sources, UuidFrom};
use linux::netlink::Netlink;
use linux::process::{User, group_id};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

/// Longest parameter file of a STONITH device.
const SMALL_FILE_MAX: u64 = 64 << 10;

/// What the worker runs with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// For the node.
    pub cluster: Config,
    /// What scripts get of it.
    pub environment: BTreeMap<String, String>,
    /// Where to log.
    pub log: Targets,
    /// `debug`.
    pub debug: u8,
    /// `watchdog`.
    pub watchdog: Option<String>,
    /// `realtime`, and not refused on the command line.
    pub realtime: bool,
    /// `rtprio`.
    pub priority: u8,
    /// `uuidfrom`.
    pub uuid_from: UuidFrom,
    /// `hbgenmethod`.
    pub generation_method: GenerationMethod,
    /// Names whose script wins over the built-in resource.
    pub prefer_scripts: BTreeSet<String>,
    /// How often a held address is announced again, if at all.
    pub announce_interval: Option<Duration>,
}

/// Something about the files, as a sentence with its place.
pub(crate) struct Finding {
    /// How bad it is.
    pub(crate) level: Level,
    /// The sentence.
    pub(crate) text: String,
}

impl Finding {
    fn error(text: String) -> Vec<Self> {
        vec![Self { level: Level::Error, text }]
    }

    /// As it is printed where no log is.
    pub(crate) fn print(&self) {
        eprintln!("heartbeat: {}: {}", logs::word(self.level), self.text);
    }
}

/// Reads and checks all files. Findings that are no errors come beside the result.
///
/// # Errors
/// All findings, when one of them is an error: the ancestor would not start either.
pub(crate) fn load(options: &StartOptions) -> Result<(Settings, Vec<Finding>), Vec<Finding>> {
    let sources = sources().map_err(Finding::error)?;
    let node_name = linux::system::node_name();
    let (mut configuration, mut found) = (None, Vec::new());
    with_this_host(&node_name, &mut |host| {
        (configuration, found) = config::heartbeat(&sources, host);
    });
    let mut findings: Vec<Finding> = found
        .iter()
        .filter(|finding| options.verbose || finding.severity != Severity::Note)
        .map(|finding| {
            let source = texts(&sources).find(|file| file.path == finding.file);
            let (line, column) = source.map_or((1, 1), |file| finding.line_column(&file.text));
            let level = match finding.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
                Severity::Note => Level::Info,
            };
            let help = finding.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            let text = format!("{}:{line}:{column}: {}{help}", finding.file, finding.message);
            Finding { level, text }
        })
        .collect();
    let Some(whole) = configuration else { return Err(findings) };
    let shared = both::beside_keepalived(sources.haresources.as_ref());
    findings.extend(shared.into_iter().map(|text| Finding { level: Level::Error, text }));
    Ok((lower(whole, options), findings))
}

/// What this process makes of files that were accepted.
pub(crate) fn lower(whole: config::Heartbeat, options: &StartOptions) -> Settings {
    /// The lowest real-time priority: the ancestor's default.
    const LOWEST: u8 = 1;
    let mut cluster = whole.cluster;
    cluster.manage_resources &= options.manage_resources;
    let log = Targets {
        logfile: whole.logging.logfile.map(Into::into),
        debugfile: whole.logging.debugfile.map(Into::into),
        facility: whole.logging.facility.as_deref().and_then(logs::facility),
        stderr: options.foreground,
    };
    Settings {
        environment: environment::of_configuration(&cluster),
        cluster,
        log,
        debug: whole.logging.debug.saturating_add(options.debug),
        watchdog: whole.watchdog,
        realtime: whole.realtime && options.realtime,
        priority: whole.rtprio.unwrap_or(LOWEST),
        uuid_from: whole.uuid_from,
        generation_method: whole.generation_method,
        prefer_scripts: whole.settings.scripts,
        announce_interval: whole.settings.announce_interval,
    }
}

fn texts(sources: &Sources) -> impl Iterator<Item = &File> {
    [&sources.ha_cf, &sources.authkeys]
        .into_iter()
        .chain(&sources.haresources)
        .chain(&sources.service_checks)
        .chain(&sources.handover_toml)
}

fn sources() -> Result<Sources, String> {
    let needed = |name: &str| {
        let path = format!("{}/{name}", paths::CONFIG_DIR);
        read(&path).map_err(|error| format!("cannot open {path}: {error}"))
    };
    let optional = |path: String| match read(&path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot open {path}: {error}")),
    };
    Ok(Sources {
        ha_cf: needed("ha.cf")?,
        authkeys: needed("authkeys")?,
        haresources: optional(format!("{}/haresources", paths::CONFIG_DIR))?,
        service_checks: optional(format!("{}/service_checks", paths::CONFIG_DIR))?,
        handover_toml: optional(paths::HANDOVER_TOML.into())?,
    })
}

fn read(path: &str) -> io::Result<File> {
    let (text, mode) = linux::file::text(Path::new(path), FILE_MAX)?;
    Ok(File { path: path.to_owned(), text, mode: Some(mode) })
}

/// Lets `ask` question this host, as the node of that name: its users, programs and interfaces as
/// the daemon will find them.
pub fn with_this_host(node_name: &str, ask: &mut dyn FnMut(&config::Host<'_>)) {
    let user = |name: &str| matches!(User::by_name(name), Ok(Some(_)));
    let group = |name: &str| matches!(group_id(name), Ok(Some(_)));
    let exists = |path: &str| Path::new(path).exists();
    let device =
        |path: &str| fs::metadata(path).is_ok_and(|meta| meta.file_type().is_char_device());
    let interface =
        |name: &str| Netlink::open().and_then(|mut netlink| netlink.interface(name)).is_ok();
    let resolves =
        |name: &str| [false, true].into_iter().any(|v6| linux::media::resolve(name, v6).is_ok());
    let stonith = |kind: &str| match kind.strip_prefix("external/") {
        Some(name) => HostFiles.is_executable(&Path::new(paths::STONITH_EXTERNAL).join(name)),
        None => Path::new(paths::STONITH_PROGRAM).exists(),
    };
    let text = |path: &str| {
        let mut text = String::new();
        let file = fs::File::open(path).ok()?;
        file.take(SMALL_FILE_MAX).read_to_string(&mut text).ok()?;
        Some(text)
    };
    let resource =
        |name: &str| builtin::is_built_in(name) || agents::locate(name, &HostFiles).is_some();
    ask(&config::Host {
        node_name,
        user_exists: &user,
        group_exists: &group,
        file_exists: &exists,
        is_character_device: &device,
        interface_exists: &interface,
        host_resolves: &resolves,
        stonith_type_exists: &stonith,
        read_file: &text,
        resource_exists: &resource,
        cluster_port: fs::read_to_string("/etc/services").ok().and_then(|text| cluster_port(&text)),
    });
}

/// The port of `ha-cluster/udp` in the text of `/etc/services`.
fn cluster_port(services: &str) -> Option<u16> {
    services.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let name = words.next()?;
        let (port, protocol) = words.next()?.split_once('/')?;
        let named = name == "ha-cluster" || words.any(|alias| alias == "ha-cluster");
        (named && protocol == "udp").then(|| port.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_port_is_found_by_name_or_alias_for_udp_only() {
        let services = "ha-cluster 1/tcp\n# ha-cluster 2/udp\nx 3/udp ha-cluster # y\n";
        assert_eq!(cluster_port(services), Some(3));
        assert_eq!(cluster_port("ha-cluster\t694/udp"), Some(694));
        assert_eq!(cluster_port("other 694/udp"), None);
    }
}
