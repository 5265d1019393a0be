//! Hosts in namespaces, joined by a bridge that has one too; nothing outside them is touched.

mod peer;

pub(crate) use peer::Maker;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The address that moves.
pub(crate) const VIP: &str = "10.0.0.100";
/// Where a host keeps its configuration.
const CONFIG: &str = "/etc/keepalived/keepalived.conf";
/// How often something waited for is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// True, with a printed reason, when these can't be run here; with `CI=true` that fails.
pub(crate) fn cannot_run(makers: &[Maker]) -> bool {
    let why = if rustix::process::geteuid().is_root() {
        makers.iter().find_map(|maker| maker.program().err())
    } else {
        Some("namespaces with networks take root".to_owned())
    };
    if let Some(why) = &why {
        println!("skipped: {why}");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI=true: skipped is failed: {why}");
    }
    why.is_some()
}

/// Waits until something is so, for at most `limit`.
pub(crate) fn wait_for(limit: Duration, mut so: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + limit;
    loop {
        if so() {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(LOOK);
    }
}

/// True when something is so for the whole time.
pub(crate) fn while_all(time: Duration, mut so: impl FnMut() -> bool) -> bool {
    !wait_for(time, || !so())
}

/// A process that holds namespaces open, and takes everything in them with it.
struct Space(Child);

impl Space {
    /// `preparation` is run by a shell inside; the space is ready when it has ended.
    fn new(spaces: &[&str], preparation: &str) -> Self {
        // bash buries processes that lost their parents, and ends when nobody holds its input.
        let wait = "exec bash -c 'while read -r _; do :; done'";
        let script = format!("set -e\n{preparation}\necho ready\n{wait}");
        let mut child = Command::new("unshare")
            .args(spaces)
            .args(["--", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare runs");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("reads");
        assert_eq!(line.trim(), "ready", "the space was not prepared: {preparation}");
        Self(child)
    }

    /// The process inside, as this world numbers it.
    fn pid(&self) -> u32 {
        let outer = self.0.id();
        let list = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"));
        let child = list.ok().and_then(|list| list.split_whitespace().next()?.parse().ok());
        child.unwrap_or(outer)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid().to_string(), "--all", "--wd=/", "--"]).args(words);
        command.env_clear().env("PATH", "/run/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The bridge.
pub(crate) struct Net {
    space: Space,
    interface: &'static str,
}

impl Net {
    /// For hosts whose interface is `eth0`.
    pub(crate) fn new() -> Self {
        Self::with("eth0")
    }

    /// For hosts whose interface is called so.
    pub(crate) fn with(interface: &'static str) -> Self {
        let made = "ip link add br0 type bridge mcast_snooping 0\nip link set br0 up";
        Self { space: Space::new(&["--net"], made), interface }
    }

    /// Lets no multicast through any more, or again.
    pub(crate) fn cut(&self, cut: bool) {
        for port in ["port-a", "port-b"] {
            let flood = if cut { "off" } else { "on" };
            let words = ["ip", "link", "set", port, "type", "bridge_slave", "mcast_flood", flood];
            assert!(self.space.command(&words).status().expect("ip runs").success());
        }
    }
}

/// A host with a router.
pub(crate) struct Router {
    space: Space,
    maker: Maker,
    daemon: Option<Child>,
    log: PathBuf,
    _dir: tempfile::TempDir,
}

impl Router {
    /// Switches a host on, plugged in, with this configuration.
    pub(crate) fn new(net: &Net, name: &str, number: u8, maker: Maker, config: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let shared = dir.path().display();
        let link = maker.links();
        let interface = net.interface;
        let space = Space::new(
            &[
                "--net",
                "--mount",
                "--pid",
                "--uts",
                "--ipc",
                "--fork",
                "--kill-child",
                "--mount-proc",
            ],
            &format!(
                "mount -t tmpfs run /run\nmkdir -p /run/bin /run/log\n\
                 mount --bind {shared} /run/log\n\
                 mkdir /run/etc /run/etc.work /run/var\n\
                 mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc.work /etc\n\
                 mkdir -p /etc/keepalived\n\
                 mount --bind /run/var /var/lib\n\
                 mkdir /run/tmp /run/tmp.work\n\
                 mount -t overlay overlay -o lowerdir=/tmp,upperdir=/run/tmp,workdir=/run/tmp.work /tmp\n\
                 rm -f /tmp/keepalived*.* /tmp/keepalived.stats\n\
                 {link}\n\
                 ip link set lo up\nhostname {name}"
            ),
        );
        let pid = space.pid();
        let port = format!("port-{name}");
        let words = format!("link add {port} type veth peer name {interface} netns {pid}");
        let mut add = net.space.command(&["ip", "link", "del", &port]);
        // The port of a host of that name that was switched off may still be there.
        add.stderr(Stdio::null()).status().ok();
        let ip = |words: &str| {
            let words: Vec<&str> = ["ip"].into_iter().chain(words.split(' ')).collect();
            // `netns PID` means this world's numbers, so the process namespace stays outside.
            let mut command = Command::new("nsenter");
            command.args(["--target", &net.space.pid().to_string(), "--net", "--"]).args(words);
            assert!(command.status().expect("ip runs").success());
        };
        ip(&words);
        ip(&format!("link set {port} master br0 up"));
        let router = Self { space, maker, daemon: None, log: dir.path().join("log"), _dir: dir };
        router.run(&["ip", "link", "set", interface, "up"]);
        let address = format!("10.0.0.{number}/24");
        router.run(&["ip", "addr", "add", &address, "dev", interface]);
        router.configure(config);
        router
    }

    /// A process in its namespaces, as this world numbers it.
    pub(crate) fn pid(&self) -> u32 {
        self.space.pid()
    }

    /// Puts a configuration in place.
    pub(crate) fn configure(&self, text: &str) {
        self.write(CONFIG, text, false);
    }

    /// Starts the daemon in the foreground, with its log in a file.
    pub(crate) fn start(&mut self) {
        let log = fs::OpenOptions::new().append(true).create(true).open(&self.log).expect("opens");
        let mut command = self.space.command(&["keepalived", "-n", "-l", "-D", "-G", "-f", CONFIG]);
        self.maker.environment(&mut command);
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("clones"))
            .stderr(log)
            .spawn()
            .expect("nsenter runs");
        self.daemon = Some(child);
        assert!(wait_for(Duration::from_secs(15), || self.parent().is_some()), "{}", self.log());
    }

    /// Asks the daemon to stop.
    pub(crate) fn stop(&self) {
        self.signal("TERM");
    }

    /// Sends the parent a signal.
    pub(crate) fn signal(&self, name: &str) {
        let parent = self.parent().expect("a parent runs");
        self.run(&["kill", &format!("-{name}"), &parent]);
    }

    /// Whether the daemon runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.daemon.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Takes the power away.
    pub(crate) fn power_off(self) {
        drop(self);
    }

    /// Whether an address is on this host.
    pub(crate) fn holds(&self, address: &str) -> bool {
        let path = format!("/proc/{}/net/fib_trie", self.pid());
        let table = fs::read_to_string(path).unwrap_or_default();
        table.lines().any(|line| line.trim_start().trim_start_matches("|-- ") == address)
    }

    /// Runs a command on the host; returns what it wrote.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        let output = self.space.command(words).stdin(Stdio::null()).output().expect("runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A command on the host that was not started yet.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        self.space.command(words)
    }

    /// The text of a file of the host.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(format!("/proc/{}/root{path}", self.space.pid())).ok()
    }

    /// Writes a file of the host.
    pub(crate) fn write(&self, path: &str, text: &str, executable: bool) {
        let mut child = self
            .space
            .command(&[
                "sh",
                "-c",
                "mkdir -p \"$(dirname \"$0\")\" && cat > \"$0\" && chmod $1 \"$0\"",
                path,
            ])
            .arg(if executable { "755" } else { "644" })
            .stdin(Stdio::piped())
            .spawn()
            .expect("sh runs");
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("writes");
        assert!(child.wait().expect("ends").success(), "{path} is written");
    }

    /// The daemon's log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The parent's number, on the host.
    pub(crate) fn parent(&self) -> Option<String> {
        self.number("/run/keepalived.pid")
    }

    /// The worker's number, on the host.
    pub(crate) fn worker(&self) -> Option<String> {
        self.number("/run/vrrp.pid")
    }

    fn number(&self, file: &str) -> Option<String> {
        let text = self.read(file)?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The executor's number, on the host.
    pub(crate) fn executor(&self) -> Option<String> {
        let found = self.run(&["pgrep", "-f", "internal-executor"]);
        found.lines().next().map(str::to_owned)
    }

    /// nginx and its check, as nginx-vrrp has them; `systemctl` knows what the check asks of it.
    pub(crate) fn furnish_nginx(&self, check: &str) {
        self.run(&["mkdir", "-p", "/run/local/sbin", "/run/log.d"]);
        self.run(&["mount", "--bind", "/run/local", "/usr/local"]);
        self.write("/usr/local/sbin/check_ng.sh", check, true);
        self.run(&["cp", "/bin/sleep", "/run/bin/nginx"]);
        let start = "#!/bin/sh\n[ -e /run/broken ] || setsid /run/bin/nginx 1000 >/dev/null 2>&1 &\nsleep 0.2\n";
        self.write("/etc/init.d/nginx", start, true);
        let stop =
            "#!/bin/sh\n[ \"$*\" = \"stop keepalived\" ] && kill $(cat /run/keepalived.pid)\n";
        self.write("/usr/local/sbin/systemctl", stop, true);
    }

    /// nginx ends, and can't be started.
    pub(crate) fn break_nginx(&self) {
        self.write("/run/broken", "", false);
        self.run(&["pkill", "-x", "nginx"]);
    }

    /// nginx can be started again.
    pub(crate) fn mend_nginx(&self) {
        self.run(&["rm", "/run/broken"]);
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // The space's end ends it; what is left is to bury it.
        self.space.0.kill().ok();
        if let Some(mut child) = self.daemon.take() {
            child.wait().ok();
        }
    }
}
