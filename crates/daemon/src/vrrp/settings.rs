//! keepalived.conf as this process needs it: read with the host's own answers.

use super::running::{Noting, Words};
use super::{KeepalivedOptions, Part, process};
use crate::{both, logs};
use api::Level;
use base::{Places, Severity};
use config::keepalived::{self, Host, Interface, Keepalived, Program, Sources};
use config::{FILE_MAX, File};
use linux::netlink::Netlink;
use linux::process::{User, group_id};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vrrp::Subject;
use vrrp::config::{Config, Instance, Notify};

/// keepalived's exit code for a configuration that can't be read
/// (docs/ancestors/keepalived.md §2.1).
const EXIT_NO_FILE: u8 = 6;
/// And for one with something fatal in it.
const EXIT_UNUSABLE: u8 = 2;
/// Where a script without a path is looked for, and what it gets as its own PATH.
const PATH: &str = crate::environment::PATH;
/// Write permission for everybody, and for the group.
const ALL_WRITE: u32 = 0o002;
const GROUP_WRITE: u32 = 0o020;
/// In such a directory nobody can replace the files of others.
const STICKY: u32 = 0o1000;

/// What the worker runs with.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Settings {
    /// This host's name.
    pub(crate) host: String,
    /// For the machine.
    pub(crate) vrrp: Config,
    /// For the machine of the virtual servers.
    pub(crate) lvs: lvs::config::Config,
    /// Of the role as a whole.
    pub(crate) whole: keepalived::Settings,
    /// The instances sorted by name; those of [`vrrp`](Self::vrrp).
    pub(crate) by_name: Vec<Arc<Instance>>,
    /// What is left out because it can't run as it is written.
    pub(crate) disabled: Vec<String>,
}

impl Settings {
    /// The instance of that name.
    pub(crate) fn instance(&self, name: &str) -> Option<&Instance> {
        self.shared(name).map(Arc::as_ref)
    }

    /// The same, as everybody has it who needs one.
    pub(super) fn shared(&self, name: &str) -> Option<&Arc<Instance>> {
        let place = self.by_name.binary_search_by(|known| known.name.as_str().cmp(name)).ok()?;
        self.by_name.get(place)
    }

    /// Instances and groups with a command that is told of every change.
    pub(crate) fn with_general(&self) -> impl Iterator<Item = Subject> {
        let instances = self.vrrp.instances.iter().filter(|of| of.notify.any.is_some());
        let groups = self.vrrp.groups.iter().filter(|of| of.notify.any.is_some());
        instances
            .map(|of| Subject::Instance(of.name.clone()))
            .chain(groups.map(|of| Subject::Group(of.name.clone())))
    }

    /// Whom to tell of an instance or a group.
    pub(crate) fn notify(&self, of: &Subject) -> Option<&Notify> {
        match of {
            Subject::Instance(name) => self.instance(name).map(|instance| &*instance.notify),
            Subject::Group(name) => {
                let found = self.vrrp.groups.iter().find(|known| known.name == *name);
                found.map(|group| &group.notify)
            }
        }
    }
}

/// Something about the files, as a sentence with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    /// How bad it is.
    pub(crate) level: Level,
    /// The sentence.
    pub(crate) text: String,
}

/// A configuration that can be run.
pub(crate) struct Loaded {
    /// What it says.
    pub(crate) settings: Settings,
    /// What is wrong with it all the same.
    pub(crate) findings: Vec<Finding>,
    /// The files it was read from, for a successor.
    pub(crate) words: Words,
    /// Something in it keepalived would end for.
    is_fatal: bool,
}

/// A configuration that is not run.
pub(crate) struct Refused {
    /// Why.
    pub(crate) findings: Vec<Finding>,
    /// keepalived's exit code for it.
    pub(crate) exit_code: u8,
}

impl Refused {
    /// To the terminal, where no log is.
    pub(crate) fn print(&self) {
        for finding in &self.findings {
            eprintln!("keepalived: {}: {}", logs::word(finding.level), finding.text);
        }
    }
}

/// What a check found.
pub(crate) struct Checked {
    /// Everything.
    pub(crate) findings: Vec<Finding>,
    /// What `keepalived -t` returns.
    pub(crate) exit_code: u8,
}

/// Reads the configuration, to start with it. An instance that can't be run is left out, and said
/// so; the others run.
///
/// # Errors
/// Why nothing can be run.
pub(crate) fn load(options: &KeepalivedOptions) -> Result<Loaded, Refused> {
    let noting = Noting::default();
    let main = main_file(options)?;
    noting.add(&main.path, &main.text);
    let (host, read) = read(options, &main, &noting);
    Ok(loaded(options, host, read, noting.words()))
}

/// What a worker before this one ran with, once more. `None`: these are not its files.
pub(crate) fn load_again(options: &KeepalivedOptions, words: Words) -> Option<Loaded> {
    let path = options.file.to_string_lossy().into_owned();
    let text = words.read(&path)?;
    let (host, read) = read(options, &File::new(path, text), &words);
    Some(loaded(options, host, read, words))
}

fn loaded(options: &KeepalivedOptions, host: String, mut read: Keepalived, words: Words) -> Loaded {
    leave_out(&mut read, options.part);
    let (is_fatal, mut findings) = (read.is_fatal(), findings(&read));
    let shared = both::beside_haresources(&read.vrrp.instances);
    findings.extend(shared.into_iter().map(|text| Finding { level: Level::Error, text }));
    let by_name = sorted(&read.vrrp);
    let disabled = read.disabled;
    let (mut vrrp, lvs, whole) = (read.vrrp, read.lvs, read.settings);
    let up = linux::rt::now().since(base::Instant::ZERO);
    vrrp.startup_delay = process::startup_delay(vrrp.startup_delay, whole.delay_after_boot, up);
    let settings = Settings { host, vrrp, lvs, whole, by_name, disabled };
    Loaded { settings, findings, words, is_fatal }
}

/// The instances by name.
pub(super) fn sorted(config: &Config) -> Vec<Arc<Instance>> {
    let mut by_name = config.instances.clone();
    by_name.sort_by(|one, other| one.name.cmp(&other.name));
    by_name
}

/// Leaves out what isn't to be run.
fn leave_out(read: &mut Keepalived, part: Part) {
    match part {
        Part::All => {}
        Part::Routers => read.lvs = lvs::config::Config::default(),
        Part::Servers => {
            read.vrrp.instances.clear();
            read.vrrp.groups.clear();
            read.vrrp.scripts.clear();
            read.settings.static_addresses.clear();
            read.settings.static_routes.clear();
            read.settings.static_rules.clear();
        }
    }
}

/// Reads the configuration, to go on with it: nothing in it may be fatal for anything. `strictly`:
/// nothing may be complained about at all (`reload_check_config`).
///
/// # Errors
/// What is.
pub(crate) fn reload(options: &KeepalivedOptions, strictly: bool) -> Result<Loaded, Refused> {
    let loaded = load(options)?;
    let complaint = |found: &Finding| found.level >= Level::Warning;
    if loaded.is_fatal || (strictly && loaded.findings.iter().any(complaint)) {
        return Err(Refused { findings: loaded.findings, exit_code: EXIT_UNUSABLE });
    }
    Ok(loaded)
}

/// Reads the configuration, to say what is wrong with it.
pub(crate) fn check(options: &KeepalivedOptions) -> Checked {
    match main_file(options) {
        Ok(main) => {
            let (_, read) = read(options, &main, &Files);
            Checked { findings: findings(&read), exit_code: read.exit_code }
        }
        // keepalived checks a file that is not there without complaint; here it is told. One that
        // can't be read is as bad as at a start.
        Err(refused) => Checked {
            findings: refused.findings,
            exit_code: if options.file.exists() { refused.exit_code } else { 0 },
        },
    }
}

fn main_file(options: &KeepalivedOptions) -> Result<File, Refused> {
    let path = options.file.to_string_lossy().into_owned();
    let text = text(&path).map_err(|error| Refused {
        findings: vec![Finding {
            level: Level::Error,
            text: format!("cannot read {path}: {error}"),
        }],
        exit_code: EXIT_NO_FILE,
    })?;
    Ok(File::new(path, text))
}

/// This host's name, and what the files say to it.
fn read(options: &KeepalivedOptions, main: &File, files: &dyn Sources) -> (String, Keepalived) {
    let name = linux::system::node_name();
    let short = name.split('.').next().unwrap_or(&name).to_owned();
    let read = with_host(&short, options, files, |host| keepalived::keepalived(main, host));
    (name, read)
}

fn text(path: &str) -> io::Result<String> {
    linux::file::text(Path::new(path), FILE_MAX).map(|(text, _)| text)
}

fn findings(read: &Keepalived) -> Vec<Finding> {
    let mut places: BTreeMap<&str, Places<'_>> = BTreeMap::new();
    read.findings
        .iter()
        .map(|found| {
            let text = || {
                let source = read.files.iter().find(|file| file.path == found.file);
                Places::of(source.map_or("", |file| &file.text))
            };
            let places = places.entry(&found.file).or_insert_with(text);
            let (line, column) = places.line_column(found.span.start);
            let level = match found.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
                Severity::Note => Level::Info,
            };
            let more = [&found.effect, &found.help].into_iter().flatten();
            let more = more.fold(String::new(), |text, next| text + "; " + next);
            Finding {
                level,
                text: format!("{}:{line}:{column}: {}{more}", found.file, found.message),
            }
        })
        .collect()
}

/// Files of this host.
pub(crate) struct Files;

impl Sources for Files {
    fn read(&self, path: &str) -> Option<String> {
        text(path).ok()
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        linux::file::matching(pattern)
    }
}

/// Lets `ask` question this host as the daemon does with no options: its files, interfaces, users
/// and programs.
pub fn with_keepalived_host(ask: &mut dyn FnMut(&Host<'_>)) {
    let name = linux::system::node_name();
    let short = name.split('.').next().unwrap_or(&name);
    with_host(short, &KeepalivedOptions::default(), &Files, |host| ask(host));
}

/// Lets `ask` question this host.
fn with_host<T>(
    name: &str,
    options: &KeepalivedOptions,
    files: &dyn Sources,
    ask: impl FnOnce(&Host<'_>) -> T,
) -> T {
    let directory = std::env::current_dir().unwrap_or_default().to_string_lossy().into_owned();
    // Thousands of instances ask about a few interfaces.
    let known = RefCell::new(BTreeMap::new());
    let interface = |name: &str| {
        *known.borrow_mut().entry(name.to_owned()).or_insert_with(|| {
            match Netlink::open().and_then(|mut netlink| netlink.interface(name)) {
                Ok(found) if found.loopback => Interface::Loopback,
                Ok(_) => Interface::Present,
                Err(_) => Interface::Missing,
            }
        })
    };
    ask(&Host {
        name,
        config_id: options.config_id.as_deref(),
        directory: &directory,
        random: linux::rt::now().as_nanos(),
        sources: files,
        environment: &|name| std::env::var(name).ok(),
        interface: &interface,
        user_exists: &|name| matches!(User::by_name(name), Ok(Some(_))),
        group_exists: &|name| matches!(group_id(name), Ok(Some(_))),
        program: &program,
        resolve: &resolve,
    })
}

fn resolve(name: &str) -> Option<IpAddr> {
    (name, 0).to_socket_addrs().ok()?.next().map(|address| address.ip())
}

/// What a script's program is: a path, or a name to look for.
fn program(name: &str) -> Program {
    let is_executable = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let found: Option<PathBuf> = if name.contains('/') {
        Some(PathBuf::from(name)).filter(|path| is_executable(path))
    } else {
        PATH.split(':').map(|dir| Path::new(dir).join(name)).find(|path| is_executable(path))
    };
    match found.and_then(|path| path.canonicalize().ok()) {
        None => Program::Missing,
        Some(path) if path.ancestors().any(others_can_write) => Program::Writable,
        Some(_) => Program::Fine,
    }
}

/// Whether somebody other than root and its group can replace what is there.
fn others_can_write(path: &Path) -> bool {
    let Ok(meta) = fs::metadata(path) else { return true };
    let mode = meta.permissions().mode();
    let open = mode & ALL_WRITE != 0 || (mode & GROUP_WRITE != 0 && meta.gid() != 0);
    meta.uid() != 0 || (open && !(meta.is_dir() && mode & STICKY != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(path: &Path) -> KeepalivedOptions {
        KeepalivedOptions { file: path.to_owned(), ..KeepalivedOptions::default() }
    }

    #[test]
    fn a_missing_file_does_not_start_and_does_not_end_what_runs() {
        let missing = options(Path::new("/no/such/keepalived.conf"));
        assert_eq!(load(&missing).err().map(|refused| refused.exit_code), Some(EXIT_NO_FILE));
        assert!(reload(&missing, false).is_err());
        assert_eq!(check(&missing).exit_code, 0);
    }

    #[test]
    fn one_bad_instance_is_left_out_at_start_and_refused_on_reload() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keepalived.conf");
        let instance = |name: &str, interface: &str, vrid: u8| {
            format!(
                "vrrp_instance {name} {{\n interface {interface}\n virtual_router_id {vrid}\n \
                 virtual_ipaddress {{\n 192.0.2.{vrid}\n }}\n}}\n"
            )
        };
        let text = format!(
            "global_defs {{\n dynamic_interfaces\n}}\n{}{}",
            instance("good", "eth-good", 1),
            instance("bad", "lo", 2),
        );
        fs::write(&path, text).unwrap();
        let loaded = load(&options(&path)).ok().unwrap();
        let names: Vec<_> = loaded.settings.vrrp.instances.iter().map(|i| &*i.name).collect();
        assert_eq!(names, ["good"]);
        assert!(reload(&options(&path), false).is_err());
    }

    #[test]
    fn a_successor_runs_what_ran_whatever_the_file_says_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keepalived.conf");
        let with = |router_id: &str| format!("global_defs {{\n router_id {router_id}\n}}\n");
        fs::write(&path, with("before")).unwrap();
        let ran = load(&options(&path)).ok().unwrap();
        fs::write(&path, with("after")).unwrap();
        let again = load_again(&options(&path), ran.words.clone()).unwrap();
        assert_eq!(again.settings, ran.settings);
        assert_ne!(load(&options(&path)).ok().unwrap().settings, ran.settings);
        let other = options(&dir.path().join("other.conf"));
        assert!(load_again(&other, ran.words).is_none());
    }

    #[test]
    fn a_reload_that_is_checked_takes_no_complaint() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keepalived.conf");
        fs::write(&path, "global_defs {\n no_such_keyword\n}\n").unwrap();
        assert!(reload(&options(&path), false).is_ok());
        assert!(reload(&options(&path), true).is_err());
        fs::write(&path, "global_defs {\n router_id a\n}\n").unwrap();
        assert!(reload(&options(&path), true).is_ok());
    }

    #[test]
    fn what_is_not_to_be_run_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keepalived.conf");
        let text = "global_defs {\n dynamic_interfaces\n}\nstatic_ipaddress {\n 192.0.2.9 dev lo\n}\n\
                    vrrp_instance a {\n interface eth-a\n virtual_router_id 1\n virtual_ipaddress {\n \
                    192.0.2.1\n }\n}\nvirtual_server 192.0.2.1 80 {\n lb_algo rr\n lb_kind NAT\n \
                    real_server 192.0.2.2 80 {\n weight 1\n }\n}\n";
        fs::write(&path, text).unwrap();
        let counts = |part| {
            let loaded = load(&KeepalivedOptions { part, ..options(&path) }).ok().unwrap();
            let Settings { vrrp, lvs, whole, .. } = loaded.settings;
            (vrrp.instances.len(), whole.static_addresses.len(), lvs.servers.len())
        };
        assert_eq!(counts(Part::All), (1, 1, 1));
        assert_eq!(counts(Part::Routers), (1, 1, 0));
        assert_eq!(counts(Part::Servers), (0, 0, 1));
    }

    #[test]
    fn programs_are_found_by_path_or_name_and_must_be_roots_own() {
        assert_eq!(program("/no/such/program"), Program::Missing);
        assert_ne!(program("true"), Program::Missing);
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("check.sh");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        assert_eq!(program(&script.to_string_lossy()), Program::Missing, "not executable");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(program(&script.to_string_lossy()), Program::Writable);
    }

    #[test]
    fn scripts_are_judged_as_the_real_keepalived_judges_them() {
        /// Debian's user and group for nobody.
        const OTHER: u32 = 65_534;
        if !rustix::process::geteuid().is_root() {
            println!("skipped: giving files to others takes root");
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let directory = |name: &str, mode: u32| {
            let path = place.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let (safe, open, sticky) =
            (directory("safe", 0o755), directory("open", 0o777), directory("sticky", 0o1777));
        let theirs = directory("theirs", 0o755);
        std::os::unix::fs::chown(&theirs, Some(OTHER), None).unwrap();
        let script = |path: PathBuf, mode: u32, owner: u32, group: u32| {
            fs::write(&path, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            std::os::unix::fs::chown(&path, Some(owner), Some(group)).unwrap();
            path
        };
        let good = script(safe.join("good"), 0o755, 0, 0);
        let exposed = script(open.join("exposed"), 0o755, 0, 0);
        let (to_exposed, to_good) = (safe.join("to-exposed"), open.join("to-good"));
        std::os::unix::fs::symlink(&exposed, &to_exposed).unwrap();
        std::os::unix::fs::symlink(&good, &to_good).unwrap();
        for (path, expected, why) in [
            (good, Program::Fine, "root's alone"),
            (script(safe.join("a"), 0o777, 0, 0), Program::Writable, "everybody may write"),
            (exposed, Program::Writable, "everybody may replace it"),
            (script(sticky.join("b"), 0o755, 0, 0), Program::Fine, "in a sticky directory"),
            (script(safe.join("c"), 0o755, OTHER, 0), Program::Writable, "somebody else's"),
            (script(theirs.join("d"), 0o755, 0, 0), Program::Writable, "somebody's directory"),
            (script(safe.join("e"), 0o775, 0, 0), Program::Fine, "root's group may write"),
            (script(safe.join("f"), 0o775, 0, OTHER), Program::Writable, "a group may write"),
            (script(safe.join("g"), 0o644, 0, 0), Program::Missing, "not executable"),
            (to_exposed, Program::Writable, "what a link leads to counts"),
            (to_good, Program::Fine, "the same"),
            (safe.join("none"), Program::Missing, "not there"),
        ] {
            assert_eq!(program(&path.to_string_lossy()), expected, "{}: {why}", path.display());
        }
    }
}
