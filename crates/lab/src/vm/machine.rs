//! The virtual machine: Debian's kernel under qemu, with this machine's own files as its root
//! (read-only, changes in memory). One boot runs one program and ends.

use super::packages::Tree;
use crate::peers::output;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a kernel may take from its first instruction to the program: emulated, on a machine
/// with six times the work that it can do, 30 s were measured.
const BOOT_TIME: Duration = Duration::from_mins(3);
/// A kernel under hardware virtualisation is up in 3 s; one that hangs there never is.
const BOOT_TIME_KVM: Duration = Duration::from_secs(20);
/// How often the guest's output is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How many lines of the console an error shows.
const CONSOLE_LINES: usize = 12;
/// The guest's memory: the widest run uses a third of it (measured).
const MEMORY_MB: &str = "2048";

/// What the kernel is told: an emulated timer that is late on a busy machine is no broken one.
const KERNEL_WORDS: &str =
    "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check";

/// Chooses how the guest's processor is made: `kvm` or `tcg`. Otherwise it is found out once.
const ACCELERATOR: &str = "HANDOVER_VM_ACCEL";

/// An emulated kernel that a busy machine let starve while it started is started once more.
const EMULATED: [&str; 2] = ["tcg", "tcg"];

/// Modules for the guest's root: the disk's cable, the file system on it, the layer above.
const ROOT_MODULES: [&str; 4] = ["virtio_pci", "9pnet_virtio", "9p", "overlay"];

/// The first process of the guest, which puts its root together. `MODULES` stands for the modules
/// in the order of loading.
const FIRST: &str = r"#!/bin/sh
B=/bin/busybox
$B mkdir -p /proc /sys /dev /lower /layer /new
$B mount -t proc proc /proc
$B mount -t sysfs sys /sys
$B mount -t devtmpfs dev /dev
for m in MODULES; do $B insmod /modules/$m.ko; done
O=trans=virtio,version=9p2000.L,msize=512000
$B mount -t 9p -o $O,cache=loose,ro hostroot /lower
$B mount -t tmpfs -o size=75% layer /layer
$B mkdir -p /layer/up /layer/work
$B mount -t overlay -o lowerdir=/lower,upperdir=/layer/up,workdir=/layer/work overlay /new
for d in run tmp proc sys dev lib/modules vmctl; do $B mkdir -p /new/$d; done
$B mount -t tmpfs run /new/run
$B mount -t 9p -o $O,cache=loose,ro modules /new/lib/modules
$B mount -t 9p -o $O,cache=none vmctl /new/vmctl
for d in proc sys dev; do $B mount --move /$d /new/$d; done
exec $B switch_root /new /vmctl/init
";

/// What follows in the whole root. `BUSYBOX` and `PROGRAM` are filled in.
const SECOND: &str = r"#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
echo up > /vmctl/up
cp BUSYBOX /usr/sbin/modprobe
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
hostname guest
ip link set lo up
PROGRAM > /vmctl/out 2>&1
echo $? > /vmctl/rc
echo o > /proc/sysrq-trigger
sleep 60
";

/// What a run in the guest came to.
pub(crate) struct Ended {
    /// The program's exit code.
    pub(crate) code: i32,
    /// The directory that guest and host share.
    pub(crate) shared: PathBuf,
}

/// Boots, runs a shell line in the guest as root, and powers off. What the line writes is shown as
/// it comes. The files of `shared` are at `/vmctl` in the guest; `name` keeps machines apart that run
/// side by side.
///
/// # Errors
/// When the guest doesn't come up or isn't done after `limit`; the console's last lines are told.
pub(crate) fn run(tree: &Tree, name: &str, line: &str, limit: Duration) -> Result<Ended> {
    let work = tree.base.join(format!("run-{}-{name}", std::process::id()));
    let shared = work.join("shared");
    fs::create_dir_all(&shared)?;
    let initial = initramfs(tree, &work)?;
    let busybox = tree.file("bin/busybox");
    let second = SECOND.replace("BUSYBOX", &busybox.to_string_lossy()).replace("PROGRAM", line);
    executable(&shared.join("init"), &second)?;
    let mut last = None;
    for accelerator in accelerators(tree) {
        for file in ["up", "rc", "out"] {
            fs::remove_file(shared.join(file)).ok();
        }
        let console = work.join("console");
        let mut guest = Guest::start(tree, accelerator, &initial, &shared, &console)?;
        match guest.follow(&shared, accelerator, limit) {
            Ok(code) => {
                fs::write(tree.base.join("accelerator"), accelerator).ok();
                return Ok(Ended { code, shared });
            }
            // A kernel that was up and a program that took too long are no matter of this choice.
            Err(error) if shared.join("up").exists() => return Err(told(error, &console)),
            Err(error) => last = Some(told(error, &console)),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("no way to make a processor")))
}

/// The ways to try, the best first. Some machines offer a `/dev/kvm` under which no ordinary kernel
/// starts, so that what worked is remembered beside the unpacked packages.
fn accelerators(tree: &Tree) -> Vec<&'static str> {
    let remembered = fs::read_to_string(tree.base.join("accelerator")).ok();
    let wanted = std::env::var(ACCELERATOR).ok().or(remembered);
    match wanted.as_deref() {
        Some("kvm") => vec!["kvm"],
        Some("tcg") => EMULATED.to_vec(),
        _ if fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok() => {
            ["kvm"].into_iter().chain(EMULATED).collect()
        }
        _ => EMULATED.to_vec(),
    }
}

/// An error with the console's last words.
fn told(error: anyhow::Error, console: &Path) -> anyhow::Error {
    let text = String::from_utf8_lossy(&fs::read(console).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(CONSOLE_LINES)..].join("\n  ");
    error.context(format!("the virtual machine's console ended with:\n  {end}"))
}

struct Guest {
    qemu: Child,
    began: Instant,
}

impl Guest {
    fn start(
        tree: &Tree,
        accelerator: &str,
        initial: &Path,
        shared: &Path,
        console: &Path,
    ) -> Result<Self> {
        // Under hardware virtualisation it may end with words of its own; then the other way is
        // tried, and nobody has to be told.
        let (processor, how, errors) = match accelerator {
            "kvm" => ("host", "kvm", Stdio::null()),
            _ => ("max", "tcg,thread=multi,tb-size=512", Stdio::inherit()),
        };
        let share = |path: &Path, tag: &str, more: &str| {
            let path = path.display().to_string().replace(',', ",,");
            format!("local,path={path},mount_tag={tag},security_model=none{more}")
        };
        let kernel = tree.file(&format!("boot/vmlinuz-{}", tree.version));
        let modules = tree.file("lib/modules");
        let qemu = Command::new("qemu-system-x86_64")
            .args(["-accel", how, "-cpu", processor, "-machine", "q35", "-smp", "2"])
            .args(["-m", MEMORY_MB, "-display", "none", "-monitor", "none", "-no-reboot"])
            .args(["-nic", "none", "-serial", &format!("file:{}", console.display())])
            .arg("-kernel")
            .arg(kernel)
            .arg("-initrd")
            .arg(initial)
            .args(["-append", KERNEL_WORDS])
            .args(["-virtfs", &share(Path::new("/"), "hostroot", ",readonly=on,multidevs=remap")])
            .args(["-virtfs", &share(&modules, "modules", ",readonly=on")])
            .args(["-virtfs", &share(shared, "vmctl", "")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .context("cannot start qemu-system-x86_64")?;
        Ok(Self { qemu, began: Instant::now() })
    }

    /// Shows what the program writes, until the machine is off; returns the program's exit code.
    fn follow(&mut self, shared: &Path, accelerator: &str, limit: Duration) -> Result<i32> {
        let boot_time = if accelerator == "kvm" { BOOT_TIME_KVM } else { BOOT_TIME };
        let mut shown = 0;
        loop {
            let ended = self.qemu.try_wait().context("cannot wait for qemu")?;
            shown += show(&shared.join("out"), shown);
            if let Some(status) = ended {
                let code = fs::read_to_string(shared.join("rc"));
                let code = code.with_context(|| {
                    format!("the virtual machine ended before its program did ({status})")
                })?;
                return code.trim().parse().context("the guest left no exit code");
            }
            let up = shared.join("up").exists();
            if !up && self.began.elapsed() > boot_time {
                bail!("no kernel came up within {} s ({accelerator})", boot_time.as_secs());
            }
            if self.began.elapsed() > limit {
                bail!("the guest's program was not done after {} s", limit.as_secs());
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.qemu.kill().ok();
        self.qemu.wait().ok();
    }
}

/// Prints what a file has from `from` on; returns how many bytes that were.
fn show(file: &Path, from: u64) -> u64 {
    let Ok(mut file) = fs::File::open(file) else { return 0 };
    let mut text = Vec::new();
    if file.seek(SeekFrom::Start(from)).is_err() || file.read_to_end(&mut text).is_err() {
        return 0;
    }
    std::io::stderr().write_all(&text).ok();
    text.len() as u64
}

/// Packs the guest's first file system: a busybox, the modules for the root, and `/init`.
fn initramfs(tree: &Tree, work: &Path) -> Result<PathBuf> {
    let (root, busybox) = (work.join("initial"), tree.file("bin/busybox"));
    fs::create_dir_all(root.join("bin"))?;
    fs::create_dir_all(root.join("modules"))?;
    fs::copy(&busybox, root.join("bin/busybox"))?;
    if !root.join("bin/sh").exists() {
        symlink("busybox", root.join("bin/sh"))?;
    }
    let mut names = Vec::new();
    for module in in_order(tree, &ROOT_MODULES)? {
        let name = stem(&module).to_owned();
        fs::copy(tree.modules().join(&module), root.join(format!("modules/{name}.ko")))?;
        names.push(name);
    }
    executable(&root.join("init"), &FIRST.replace("MODULES", &names.join(" ")))?;
    let image = work.join("initial.cpio");
    let pack = format!("find . | '{}' cpio -o -H newc > ../initial.cpio", busybox.display());
    output(Command::new("sh").args(["-c", &pack]).current_dir(&root))?;
    Ok(image)
}

/// The files of these modules and of all they need, in the order of loading.
fn in_order(tree: &Tree, wanted: &[&str]) -> Result<Vec<String>> {
    let list = fs::read_to_string(tree.modules().join("modules.dep"))
        .context("the unpacked kernel has no list of modules")?;
    let mut files: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for name in wanted {
        let line = list.lines().find_map(|line| {
            let (file, needs) = line.split_once(':')?;
            (stem(file) == *name).then_some((file, needs))
        });
        let (file, needs) = line.with_context(|| format!("the kernel has no module {name}"))?;
        // What stands last is needed first.
        for file in needs.split_whitespace().rev().chain([file]) {
            if seen.insert(file.to_owned()) {
                files.push(file.to_owned());
            }
        }
    }
    ensure!(!files.is_empty(), "no modules");
    Ok(files)
}

/// A module's name, of its file.
fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.split('.').next().unwrap_or(name)
}

fn executable(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
