//! A daemon that directs: keepalived, ours or the ancestor's, in a world of its own on a host.

use super::packages::Tree;
use super::site::{self, Host};
use crate::world;
use anyhow::{Context, Result, bail, ensure};
use sim::scenario::Maker;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where directors have their configuration and their log; in the guest's memory.
const WORK: &str = "/vmlab";

/// How long a daemon may take to start, or to stop: under emulation, many at once.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the first process of a director's world does: files of its own where the daemons keep
/// theirs, a reader of the FIFO, then the daemon, whose end it waits for. Over `/tmp` lies a layer
/// only, for the programs themselves may stand below it. `$1` is the director's directory, `$2` the
/// program, the rest its words.
const WORLD: &str = r#"set -e
mount -t tmpfs own /run
mkdir -p /run/bin /run/own/tmp /run/own/work /var/lib/handover
mount -t tmpfs own /var/lib/handover
mount -t overlay -o lowerdir=/tmp,upperdir=/run/own/tmp,workdir=/run/own/work own /tmp
ln -s "$2" /run/bin/keepalived
dir=$1; shift 2
if grep -q /run/lvs.fifo $dir/keepalived.conf; then
    mkfifo -m 600 /run/lvs.fifo
    cat 0<> /run/lvs.fifo >> /run/told &
fi
/run/bin/keepalived -n -l -D -G -f $dir/keepalived.conf "$@" &
echo $! > $dir/pid
wait $!
while read -r _; do :; done"#;

/// A director that runs.
pub(crate) struct Director {
    host: Host,
    maker: Maker,
    dir: PathBuf,
    world: Option<Child>,
}

impl Director {
    /// Starts a daemon with this configuration and these options on a host.
    ///
    /// # Errors
    /// When it can't be started.
    pub(crate) fn start(
        tree: &Tree,
        host: &Host,
        maker: Maker,
        config: &str,
        options: &[&str],
    ) -> Result<Self> {
        let dir = Path::new(WORK).join(host.name());
        fs::create_dir_all(&dir)?;
        fs::write(dir.join("keepalived.conf"), config)?;
        fs::remove_file(dir.join("pid")).ok();
        let log = fs::OpenOptions::new().create(true).append(true).open(dir.join("log"))?;
        let program = match maker {
            Maker::Ours => world::handover_program()?,
            Maker::Real => tree.file("usr/sbin/keepalived"),
            Maker::Frr => bail!("FRR has no virtual servers"),
        };
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"]);
        command.args(["--mount-proc", "--", "bash", "-c", WORLD, "bash"]).arg(&dir).arg(program);
        command.args(options).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        if maker == Maker::Real {
            command.env("LD_LIBRARY_PATH", tree.loader_path());
        }
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let child = host.inside(|| command.spawn().context("cannot run unshare"))?;
        Ok(Self { host: host.clone(), maker, dir, world: Some(child) })
    }

    /// Whose daemon it is.
    pub(crate) fn maker(&self) -> Maker {
        self.maker
    }

    /// The host it runs on.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// Sends the daemon a signal, as an administrator would.
    ///
    /// # Errors
    /// When it doesn't run.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let pid = self.pid().with_context(|| {
            format!("{}'s daemon does not run:\n{}", self.host.name(), self.log_tail())
        })?;
        let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status()?;
        ensure!(status.success(), "cannot send {name} to {pid}");
        Ok(())
    }

    /// Puts another configuration in place and has it read.
    ///
    /// # Errors
    /// When the daemon doesn't run.
    pub(crate) fn reload(&self, config: &str) -> Result<()> {
        fs::write(self.dir.join("keepalived.conf"), config)?;
        self.signal("HUP")
    }

    /// Waits until the daemon, which was asked to, has stopped.
    ///
    /// # Errors
    /// When it doesn't.
    pub(crate) fn ended(&self) -> Result<()> {
        if !site::wait_for(PATIENCE, || self.pid().is_none()) {
            bail!("{} does not stop:\n{}", self.host.name(), self.log_tail());
        }
        Ok(())
    }

    /// The power goes: no process of it is left, and nobody hears it any more.
    ///
    /// # Errors
    /// When the cable can't be pulled.
    pub(crate) fn power_off(&mut self) -> Result<()> {
        site::cable(&self.host, false)?;
        self.end();
        Ok(())
    }

    /// Kills the process that directs, which the daemon replaces by a successor.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn kill_worker(&self) -> Result<()> {
        let inner = self.worker().context("no process directs")?;
        let daemon = self.pid().context("no daemon runs")?;
        let worker = children(daemon).into_iter().find(|pid| {
            let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let numbers = text.lines().find_map(|line| line.strip_prefix("NSpid:"));
            numbers.is_some_and(|all| all.split_whitespace().last() == Some(inner.as_str()))
        });
        let worker =
            worker.with_context(|| format!("process {inner} is no child of the daemon"))?;
        let status = Command::new("kill").args(["-KILL", &worker.to_string()]).status()?;
        ensure!(status.success(), "cannot kill {worker}");
        Ok(())
    }

    /// The process that directs, as it is numbered in the director's world.
    pub(crate) fn worker(&self) -> Option<String> {
        let text = self.read("run/checkers.pid").trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// The daemon, as this world numbers it, while it runs.
    fn pid(&self) -> Option<u32> {
        let outer = self.world.as_ref()?.id();
        let first = children(outer).into_iter().next()?;
        children(first).into_iter().find(|pid| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            !["bash", "cat"].contains(&name.trim())
        })
    }

    /// The last lines of its log.
    pub(crate) fn log_tail(&self) -> String {
        const LINES: usize = 40;
        let text = self.log();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// Its whole log.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.dir.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A file of its world; empty when there is none.
    pub(crate) fn read(&self, name: &str) -> String {
        let first = self.world.as_ref().and_then(|world| children(world.id()).into_iter().next());
        let path = first.map(|pid| format!("/proc/{pid}/root/{name}")).unwrap_or_default();
        fs::read_to_string(path).unwrap_or_default()
    }

    /// Its virtual servers by `ipvsadm -Sn`; with `more`, its timeouts and its sync daemons too.
    ///
    /// # Errors
    /// What `ipvsadm` says.
    pub(crate) fn rules(&self, tree: &Tree, more: bool) -> Result<String> {
        let mut text = ipvsadm(tree, &self.host, &["-Sn"])?;
        if more {
            text.push_str(&ipvsadm(tree, &self.host, &["-L", "--timeout"])?);
            text.push_str(&ipvsadm(tree, &self.host, &["-L", "--daemon"])?);
        }
        Ok(text)
    }

    fn end(&mut self) {
        if let Some(mut child) = self.world.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Drop for Director {
    fn drop(&mut self) {
        self.end();
    }
}

/// What `ipvsadm` prints on a host.
///
/// # Errors
/// What it says.
pub(crate) fn ipvsadm(tree: &Tree, host: &Host, words: &[&str]) -> Result<String> {
    host.inside(|| {
        let mut command = Command::new(tree.file("sbin/ipvsadm"));
        command.args(words).env("LD_LIBRARY_PATH", tree.loader_path());
        let output = crate::peers::output(&mut command)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    })
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}
