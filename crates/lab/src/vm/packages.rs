//! What the guest is made of: Debian's kernel, a busybox for its first minute, and the ancestor's
//! tools, fetched by `apt-get download` and unpacked under `target/vm`. Nothing is installed.

use crate::peers::{output, target_dir, tool_exists};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the newest kernel of the stable release as its first dependency.
const KERNEL_NAME: &str = "linux-image-amd64";

/// Beside the kernel: the guest's first shell and module loader, the ancestor and its table tool,
/// and those of their libraries that a base system lacks.
const PACKAGES: [&str; 10] = [
    "busybox-static",
    "ipvsadm",
    "keepalived",
    "libnftnl11",
    "libnl-3-200",
    "libnl-genl-3-200",
    "libpci3",
    "libpopt0",
    "libsnmp40",
    "libwrap0",
];

/// Where Debian's emulator is, which is not unpacked but installed.
const EMULATOR: &str = "qemu-system-x86_64";

/// Where the unpacked libraries are.
const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

/// Written last: the kernel's version.
const STAMP: &str = "version";

/// The unpacked packages.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// `target/vm`: scratch files of the machine may lie here.
    pub(crate) base: PathBuf,
    /// The kernel's version, as its files are named.
    pub(crate) version: String,
}

impl Tree {
    /// A file of the packages.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.base.join("root").join(name)
    }

    /// What the loader has to search for the ancestor's programs.
    pub(crate) fn loader_path(&self) -> String {
        LIBRARIES.map(|dir| self.file(dir).display().to_string()).join(":")
    }

    /// The kernel's modules.
    pub(crate) fn modules(&self) -> PathBuf {
        self.file("lib/modules").join(&self.version)
    }

    /// The tree that was unpacked at `base` before; inside the guest nothing can be fetched.
    ///
    /// # Errors
    /// When nothing was.
    pub(crate) fn at(base: &Path) -> Result<Self> {
        let version = fs::read_to_string(base.join(STAMP))
            .with_context(|| format!("no unpacked kernel at {}", base.display()))?;
        Ok(Self { base: base.to_owned(), version: version.trim().to_owned() })
    }
}

/// Why no machine can be started here, in one sentence that says how to change that.
pub fn missing() -> Option<String> {
    if !cfg!(target_arch = "x86_64") {
        return Some("the virtual machine runs on x86-64 only, whose kernel it boots".to_owned());
    }
    let lacks = [(EMULATOR, "qemu-system-x86"), ("apt-get", "apt"), ("dpkg", "dpkg")];
    lacks.into_iter().find(|(tool, _)| !tool_exists(tool)).map(|(tool, package)| {
        format!(
            "the virtual machine needs `{tool}`, which is not installed here: \
             `apt-get install {package}` on Debian 12 (./test.sh does it)"
        )
    })
}

/// The packages, fetched on the first call (71 MB) and kept.
///
/// # Errors
/// One sentence that says what is missing and how to get it.
pub(crate) fn ensure() -> Result<Tree> {
    if let Some(sentence) = missing() {
        bail!(sentence);
    }
    let base = target_dir()?.join("vm");
    fs::create_dir_all(&base).with_context(|| format!("cannot create {}", base.display()))?;
    let base = base.canonicalize()?;
    if base.join(STAMP).exists() {
        return Tree::at(&base);
    }
    // Unpacked beside and moved, so that what is cut short is not taken for the whole.
    let work = base.join(format!("work-{}", std::process::id()));
    let version = fetch(&work).and_then(|version| {
        let root = base.join("root");
        if !root.exists() {
            fs::rename(work.join("root"), &root).context("cannot move the unpacked packages")?;
        }
        fs::write(base.join(STAMP), &version).context("cannot write the stamp")?;
        Ok(version)
    });
    fs::remove_dir_all(&work).ok();
    Ok(Tree { base, version: version? })
}

/// Downloads and unpacks into `work/root`; returns the kernel's version.
fn fetch(work: &Path) -> Result<String> {
    let (debs, root) = (work.join("debs"), work.join("root"));
    fs::create_dir_all(&debs)?;
    fs::create_dir_all(&root)?;
    let kernel = kernel_package()?;
    let mut download = Command::new("apt-get");
    download.args(["download", "-q"]).arg(&kernel).args(PACKAGES).current_dir(&debs);
    output(&mut download).context(
        "cannot download Debian's kernel and keepalived; with a network connection, \
         `apt-get update` refreshes the list of packages",
    )?;
    for entry in fs::read_dir(&debs)? {
        output(Command::new("dpkg").arg("-x").arg(entry?.path()).arg(&root))?;
    }
    let version = kernel.trim_start_matches("linux-image-").to_owned();
    // An installation of the kernel would have made these lists of what needs what.
    output(Command::new(root.join("bin/busybox")).args(["depmod", "-b"]).arg(&root).arg(&version))?;
    Ok(version)
}

fn kernel_package() -> Result<String> {
    let listed = output(Command::new("apt-cache").args(["depends", KERNEL_NAME]))
        .context("apt knows no kernel: run `apt-get update` on Debian 12")?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut named = text.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let name = named.next().context("Debian's kernel package names no kernel")?;
    Ok(name.to_owned())
}
