//! The program in the guest: everything that is shown there, one after the other.

use super::alike;
use super::packages::Tree;
use super::report::Results;
use super::{RESULTS, site, traffic};
use anyhow::{Context, Result, ensure};
use rustix::process::Pid;
use sim::scenario::Maker;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Modules that no program asks the kernel for: interfaces, and what receives tunnels. Then those
/// that the daemons would ask for, in the middle of a run: they take seconds to load here.
const MODULES: [&str; 23] = [
    "dummy",
    "veth",
    "bridge",
    "ipip",
    "ip_gre",
    "ip6_tunnel",
    "fou",
    "ip_vs",
    "ip_vs_pe_sip",
    "ip_vs_rr",
    "ip_vs_wrr",
    "ip_vs_lc",
    "ip_vs_wlc",
    "ip_vs_lblc",
    "ip_vs_lblcr",
    "ip_vs_dh",
    "ip_vs_sh",
    "ip_vs_mh",
    "ip_vs_sed",
    "ip_vs_nq",
    "ip_vs_fo",
    "ip_vs_ovf",
    "nf_tables",
];

/// Where guest and host share a directory.
const SHARED: &str = "/vmctl";

/// The word for a run with the ancestor in our place: what must be seen then is a matter of these
/// scenarios and not of ours.
const CONTROL: &str = "--real";

/// Words that choose one of the parts and all of it: clients, or tables that are compared.
pub(crate) const PARTS: [&str; 2] = ["--clients", "--tables"];

/// `lab vm BASE WORDS`, in the guest: shows what the words choose, and leaves the results.
///
/// # Errors
/// When the guest can't be made ready.
pub(crate) fn run(base: &str, words: &[&str]) -> Result<()> {
    ensure!(
        rustix::process::getppid().is_some_and(Pid::is_init) && Path::new(SHARED).is_dir(),
        "`lab vm` runs in the virtual machine only; `cargo xtask vm` starts that"
    );
    let tree = Tree::at(Path::new(base))?;
    let loaded = Command::new("modprobe").arg("-a").args(MODULES).status();
    ensure!(loaded.context("no modprobe")?.success(), "the kernel lacks a module");
    println!("the guest is ready");
    fs::create_dir_all("/vmlab")?;
    site::bridge()?;
    let words = words.iter().filter(|word| !word.is_empty());
    let (options, words): (Vec<&str>, Vec<&str>) = words.partition(|word| word.starts_with("--"));
    let maker = if options.contains(&CONTROL) { Maker::Real } else { Maker::Ours };
    let [clients, tables] = PARTS.map(|part| options.contains(&part));
    let chosen = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let mut results = Results::default();
    if clients || !tables {
        results.rows.extend(traffic::run(&tree, maker, &chosen)?);
    }
    if tables || !clients {
        results.rows.extend(alike::run(&tree, &[Maker::Real, maker], &chosen)?);
    }
    let text = serde_json::to_string(&results)?;
    fs::write(Path::new(SHARED).join(RESULTS), text).context("cannot leave the results")
}
