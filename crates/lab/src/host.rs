//! A host of the lab: switched on and off, given files, made to run commands.

use crate::daemon::Daemon;
use crate::init::{LAYERED, Spec};
use crate::peers::Peer;
use crate::world;
use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use sim::scenario::{ConfigFiles, FileName, Maker, Process, Role};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where commands are looked for on a host; the ancestor's helpers are not on anybody's path.
const PATH: &str =
    "/usr/share/heartbeat:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How often a command that runs is looked at.
const POLL: Duration = Duration::from_millis(10);

/// Longest a signal may take to be sent.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// Longest output of a command that is kept, in bytes: what fits a report.
const OUTPUT_MAX: usize = 16 << 10;

/// Directories of a host that packages and installations make; its own, whatever this machine has
/// there.
const DIRECTORIES: [&str; 6] = [
    "etc/ha.d/resource.d",
    "etc/init.d",
    "etc/keepalived",
    "var/log/frr",
    "var/lib/handover/keepalived",
    "var/lib/heartbeat/cores",
];

/// The account Heartbeat's clients run under, and FRR's. Debian's packages would have made them.
const PASSWD_LINES: [&str; 2] = [
    "hacluster:x:994:994::/var/lib/heartbeat:/usr/sbin/nologin\n",
    "frr:x:993:993::/nonexistent:/usr/sbin/nologin\n",
];
/// And their groups.
const GROUP_LINES: [&str; 3] = ["haclient:x:994:\n", "frr:x:993:\n", "frrvty:x:992:frr\n"];

/// A machine that can be on or off.
pub(crate) struct Host {
    name: String,
    dir: PathBuf,
    daemon: Option<Daemon>,
    running: Option<Running>,
    commands: u32,
}

struct Running {
    /// `unshare`, whose only child is the host's first process; its input is the host's lifeline.
    shell: Child,
    pid: u32,
}

/// What a command did.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// Its exit code; `None` when it had to be ended because its time was over.
    pub(crate) code: Option<i32>,
    /// What it wrote, errors included.
    pub(crate) output: String,
}

impl Host {
    /// Describes a host; nothing runs yet. `daemon` is what it has, if any, whose packages are
    /// fetched if they are not here.
    pub(crate) fn new(name: &str, daemon: Option<Daemon>) -> Result<Self> {
        let dir = Path::new(world::WORK).join(name);
        for layer in LAYERED {
            fs::create_dir_all(dir.join(layer))?;
        }
        let spec = Spec {
            name: name.to_owned(),
            layers: dir.clone(),
            programs: daemon.and_then(Daemon::peer).map(Peer::ensure).transpose()?,
            user_xattr: !world::is_root(),
        };
        fs::write(dir.join("spec.json"), serde_json::to_vec(&spec)?)?;
        let host = Self { name: name.to_owned(), dir, daemon, running: None, commands: 0 };
        host.furnish()?;
        Ok(host)
    }

    /// What an installation would have put on the host's disk.
    fn furnish(&self) -> Result<()> {
        self.append_accounts("passwd", &PASSWD_LINES)?;
        self.append_accounts("group", &GROUP_LINES)?;
        for dir in DIRECTORIES {
            fs::create_dir_all(self.dir.join(dir))?;
        }
        let Some(daemon) = self.daemon else { return Ok(()) };
        if daemon.role == Role::Keepalived {
            self.write("usr/local/sbin/systemctl", &daemon.systemctl(), 0o755)?;
        } else if daemon.maker == Maker::Real {
            // The old path that published files name; Debian moved the program (measured:
            // docs/ancestors/heartbeat.md §5.2).
            let moved = Path::new("/usr/libexec/heartbeat/ipfail");
            link(moved, &self.dir.join("usr/lib/heartbeat/ipfail"))?;
        }
        for name in daemon.names() {
            link(&world::handover_program()?, &self.dir.join(name))?;
        }
        Ok(())
    }

    fn append_accounts(&self, file: &str, lines: &[&str]) -> Result<()> {
        let mut text = fs::read_to_string(Path::new("/etc").join(file))?;
        for line in lines {
            let name = line.split_inclusive(':').next().unwrap_or(line);
            if !text.lines().any(|old| old.starts_with(name)) {
                text.push_str(line);
            }
        }
        fs::write(self.dir.join("etc").join(file), text)?;
        Ok(())
    }

    /// What `uname -n` prints on it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// True for a node of ours.
    pub(crate) fn is_ours(&self) -> bool {
        self.daemon.is_some_and(|daemon| daemon.maker == Maker::Ours)
    }

    /// Switches it on and returns its first process, as this world numbers it.
    pub(crate) fn power_on(&mut self) -> Result<u32> {
        let spec = self.dir.join("spec.json");
        let mut command = Command::new("unshare");
        command.args(["--fork", "--kill-child", "--pid", "--mount", "--net", "--uts", "--ipc"]);
        command
            .args(["--mount-proc", "--"])
            .arg(world::own_program()?)
            .args(["lab", "init"])
            .arg(spec);
        let complaints = self.dir.join("complaints");
        let mut shell = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&complaints)?)
            .spawn()
            .context("cannot start a host")?;
        let mut first = String::new();
        let out = shell.stdout.take().context("the host has no output")?;
        BufReader::new(out).read_line(&mut first)?;
        if first.trim() != "ready" {
            shell.kill().ok();
            shell.wait().ok();
            let words = fs::read_to_string(&complaints).unwrap_or_default();
            bail!("the host {} did not come up: {}", self.name, words.trim());
        }
        let list = format!("/proc/{0}/task/{0}/children", shell.id());
        let children = fs::read_to_string(&list).with_context(|| format!("cannot read {list}"))?;
        let pid = children.split_whitespace().next().and_then(|pid| pid.parse().ok());
        let pid: u32 = pid.with_context(|| format!("{} has no first process", self.name))?;
        self.running = Some(Running { shell, pid });
        Ok(pid)
    }

    /// Takes its power away: every process ends now, without a word.
    pub(crate) fn power_off(&mut self) -> Result<()> {
        if let Some(mut running) = self.running.take() {
            // A host that ended itself, by reboot(2), has no first process any more.
            signal(running.pid, Signal::KILL).ok();
            running.shell.wait().context("cannot wait for the host's end")?;
        }
        Ok(())
    }

    /// Its first process, while it is on.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.pid)
    }

    /// A file of the host, as seen from here; `path` begins below `/etc`, `/usr` or `/var` and is
    /// one that was written by the host or by us.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.dir.join(path)
    }

    /// A path inside the running host, `/run` included.
    pub(crate) fn live(&self, path: &str) -> Option<PathBuf> {
        self.pid().map(|pid| PathBuf::from(format!("/proc/{pid}/root/{path}")))
    }

    /// Puts the configuration where the host sees it whether it runs or not.
    pub(crate) fn configure(&self, files: &ConfigFiles) -> Result<()> {
        for file in FileName::ALL {
            let text = files.text(file);
            if !text.is_empty() {
                let folder = file.folder().trim_start_matches('/');
                // FRR reads its own as another user.
                let mode = if file == FileName::FrrConf { 0o644 } else { 0o600 };
                self.write(&format!("{folder}/{file}"), text, mode)?;
            }
        }
        Ok(())
    }

    /// Writes a file with these permission bits. A running host gets it through its own mounts,
    /// because a layer must not be changed beneath them.
    pub(crate) fn write(&self, path: &str, text: &str, mode: u32) -> Result<()> {
        let target = self.live(path).unwrap_or_else(|| self.file(path));
        if let Some(dir) = target.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write(&target, text).with_context(|| format!("cannot write {}", target.display()))?;
        fs::set_permissions(&target, fs::Permissions::from_mode(mode))?;
        Ok(())
    }

    /// Makes a name for something of this machine, unless the host has it already.
    pub(crate) fn link(&self, target: &Path, name: &str) -> Result<()> {
        let name = name.trim_start_matches('/');
        let name = self.live(name).unwrap_or_else(|| self.file(name));
        if name.is_symlink() { Ok(()) } else { link(target, &name) }
    }

    /// A command that will run on the host, with a clean environment.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, words: &[S]) -> Result<Command> {
        let pid = self.pid().with_context(|| format!("{} is switched off", self.name))?;
        let mut command = Command::new("nsenter");
        command.args(["--target", &pid.to_string()]);
        command.args(["--mount", "--uts", "--ipc", "--net", "--pid", "--wd=/", "--"]).args(words);
        command.env_clear().env("PATH", PATH).env("LANG", "C");
        Ok(command)
    }

    /// Runs a command on the host to its end, for at most `limit`.
    pub(crate) fn run<S: AsRef<OsStr>>(&mut self, words: &[S], limit: Duration) -> Result<Ended> {
        self.commands += 1;
        // A file and not a pipe: a daemon that keeps its output open must not hold us up.
        let path = self.dir.join(format!("out.{}", self.commands));
        let out = fs::File::create(&path)?;
        let mut child = self
            .command(words)?
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .context("cannot run nsenter")?;
        let until = Instant::now() + limit;
        let code = loop {
            match child.try_wait()? {
                Some(status) => break Some(status.code().unwrap_or(-1)),
                None if Instant::now() >= until => {
                    child.kill().ok();
                    child.wait().ok();
                    break None;
                }
                None => std::thread::sleep(POLL),
            }
        };
        let mut bytes = fs::read(&path)?;
        bytes.truncate(OUTPUT_MAX);
        fs::remove_file(&path).ok();
        Ok(Ended { code, output: String::from_utf8_lossy(&bytes).trim().to_owned() })
    }

    /// Sends a signal to every process of the daemon, and says how many there were.
    pub(crate) fn signal_daemon(&self, number: Signal) -> Result<usize> {
        let daemon = self.daemon_processes()?;
        for &pid in &daemon {
            signal(pid, number).ok();
        }
        Ok(daemon.len())
    }

    /// Every process of the daemon, as this world numbers them.
    pub(crate) fn daemon_processes(&self) -> Result<Vec<u32>> {
        let host = self.pid().with_context(|| format!("{} is switched off", self.name))?;
        let space = fs::read_link(format!("/proc/{host}/ns/pid"))?;
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let here = fs::read_link(format!("/proc/{pid}/ns/pid")).is_ok_and(|ns| ns == space);
            if here && self.is_daemon(pid) {
                found.push(pid);
            }
        }
        Ok(found)
    }

    /// Ends one process of the family with signal 9.
    pub(crate) fn kill_process(&mut self, process: Process) -> Result<()> {
        let router = self.daemon.is_some_and(|daemon| daemon.role == Role::Keepalived);
        // Both makers' routers leave the numbers of these two in files.
        let file = match process {
            Process::Parent if router => Some("keepalived"),
            Process::Worker if router => Some("vrrp"),
            _ => None,
        };
        if let Some(file) = file {
            let kill = format!("kill -9 \"$(cat /run/{file}.pid)\"");
            let ended = self.run(&["sh", "-c", &kill], KILL_LIMIT)?;
            ensure!(ended.code == Some(0), "{}: {}", self.name, ended.output);
            return Ok(());
        }
        let name = format!("internal-{}", process.word());
        let plays = |pid: &u32| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            words.split(|&byte| byte == 0).nth(1) == Some(name.as_bytes())
        };
        let found: Vec<u32> = self.daemon_processes()?.into_iter().filter(plays).collect();
        match found[..] {
            [pid] => signal(pid, Signal::KILL),
            _ => bail!("{} has {} processes `{name}`", self.name, found.len()),
        }
    }

    fn is_daemon(&self, pid: u32) -> bool {
        let Ok(program) = fs::read_link(format!("/proc/{pid}/exe")) else { return false };
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        self.daemon.is_some_and(|daemon| daemon.owns(&program, &words))
    }

    /// The end of its daemon's log, newest last.
    pub(crate) fn log_tail(&self, lines: usize) -> Vec<String> {
        let text = self.log();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].iter().map(|&line| line.to_owned()).collect()
    }

    /// Its daemon's whole log.
    pub(crate) fn log(&self) -> String {
        let Some(daemon) = self.daemon else { return String::new() };
        let bytes = fs::read(self.file(daemon.log())).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn link(target: &Path, name: &Path) -> Result<()> {
    if let Some(dir) = name.parent() {
        fs::create_dir_all(dir)?;
    }
    symlink(target, name).with_context(|| format!("cannot link {}", name.display()))
}

fn signal(pid: u32, number: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no such process")?;
    kill_process(pid, number).context("cannot send a signal")
}
