//! The cables of the lab: a bridge per network, a port per interface, and what can be cut.

use crate::peers::output;
use anyhow::{Context, Result, bail, ensure};
use sim::scenario::{Cluster, Cut, Interface, Machine, Seat};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::process::{Command, Stdio};

/// A machine of the lab by its place in a network: the two nodes, then client and gateway.
pub(crate) const CLIENT: usize = 2;
/// See [`CLIENT`].
pub(crate) const GATEWAY: usize = 3;

/// The preference of the rules that lose one node's packets on the way to the other; the table of
/// local addresses is asked after them.
const CUT_PREFERENCE: u32 = 5;

/// The networks and what is cut in them.
pub(crate) struct Network {
    cluster: &'static Cluster,
    cuts: Vec<Cut>,
    /// First processes of the hosts that are switched on.
    hosts: [Option<u32>; 4],
}

impl Network {
    /// Makes the bridges.
    pub(crate) fn new(cluster: &'static Cluster) -> Result<Self> {
        let mut script = String::new();
        for interface in cluster.nodes[0].interfaces {
            let _ = writeln!(script, "link add br-{} type bridge", interface.name);
            let _ = writeln!(script, "link set br-{} up", interface.name);
        }
        ip(None, &script)?;
        Ok(Self { cluster, cuts: Vec::new(), hosts: [None; 4] })
    }

    /// Plugs a machine in whose first process is `pid`.
    pub(crate) fn plug(&mut self, place: usize, machine: &Machine, pid: u32) -> Result<()> {
        let mut outside = String::new();
        let mut inside = String::from("link set lo up\n");
        for interface in machine.interfaces {
            let (name, port) = (interface.name, port(place, interface.name));
            let mac = format!("02:00:00:00:{:02x}:{:02x}", number(name), place + 1);
            let _ = writeln!(outside, "link add {port} type veth peer name {name} netns {pid}");
            let _ = writeln!(outside, "link set {port} master br-{name}");
            let _ = writeln!(outside, "link set {port} up");
            let _ = writeln!(inside, "link set {name} address {mac}");
            let _ = writeln!(
                inside,
                "addr add {}/{} broadcast {} dev {name}",
                interface.address,
                interface.prefix,
                broadcast(interface)
            );
            let _ = writeln!(inside, "link set {name} up");
        }
        ip(None, &outside)?;
        ip(Some(pid), &inside)?;
        self.hosts[place] = Some(pid);
        let cuts = self.cuts.clone();
        cuts.iter().try_for_each(|cut| self.set(cut, true))
    }

    /// The machine lost its power: its ports go, at once.
    pub(crate) fn unplug(&mut self, place: usize, machine: &Machine) -> Result<()> {
        self.hosts[place] = None;
        for interface in machine.interfaces {
            // With the machine's namespace its end of the cable went, and the port with it.
            let port = port(place, interface.name);
            Command::new("ip").args(["link", "del", &port]).stderr(Stdio::null()).status()?;
        }
        Ok(())
    }

    /// Cuts something.
    pub(crate) fn cut(&mut self, cut: &Cut) -> Result<()> {
        if !self.cuts.contains(cut) {
            self.cuts.push(cut.clone());
        }
        self.set(cut, true)
    }

    /// Mends it.
    pub(crate) fn heal(&mut self, cut: &Cut) -> Result<()> {
        ensure!(self.cuts.contains(cut), "this is not cut");
        self.cuts.retain(|other| other != cut);
        self.set(cut, false)
    }

    /// Mends everything.
    pub(crate) fn heal_all(&mut self) -> Result<()> {
        let cuts = std::mem::take(&mut self.cuts);
        cuts.iter().try_for_each(|cut| self.set(cut, false))
    }

    fn set(&self, cut: &Cut, on: bool) -> Result<()> {
        match cut {
            Cut::Cable { node, link } => self.cable(node.0, link.as_deref(), on),
            Cut::Gateway => self.cable(GATEWAY, None, on),
            Cut::Between { link } => {
                for (node, name) in Seat::BOTH
                    .into_iter()
                    .flat_map(|n| self.links(n, link.as_deref()).map(move |l| (n, l.name)))
                {
                    // Isolated ports of a bridge hear everybody but each other.
                    if self.hosts[node.0].is_some() {
                        let state = if on { "on" } else { "off" };
                        let port = port(node.0, name);
                        output(
                            Command::new("bridge")
                                .args(["link", "set", "dev", &port, "isolated", state]),
                        )?;
                    }
                }
                Ok(())
            }
            Cut::Serial => bail!("the serial cable is no network"),
            Cut::Way { from, link } => self.one_way(*from, link.as_deref(), on),
        }
    }

    fn links(&self, node: Seat, link: Option<&str>) -> impl Iterator<Item = &'static Interface> {
        let all = self.cluster.nodes[node.0].interfaces.iter();
        let chosen: Vec<_> = all.filter(|i| link.is_none_or(|link| link == i.name)).collect();
        chosen.into_iter()
    }

    fn cable(&self, place: usize, link: Option<&str>, on: bool) -> Result<()> {
        if self.hosts[place].is_none() {
            return Ok(());
        }
        let machine = machine(self.cluster, place);
        let mut script = String::new();
        for interface in machine.interfaces {
            if link.is_none_or(|link| link == interface.name) {
                let state = if on { "down" } else { "up" };
                let _ = writeln!(script, "link set {} {state}", port(place, interface.name));
            }
        }
        ip(None, &script)
    }

    /// The hearing node drops what comes from the other one, before its kernel looks whether it
    /// is meant: unicast and broadcast alike, on the interface it came in by. No multicast reaches
    /// it, for that is not looked up by rules.
    fn one_way(&self, from: Seat, link: Option<&str>, on: bool) -> Result<()> {
        let hearing = from.other();
        let Some(pid) = self.hosts[hearing.0] else { return Ok(()) };
        let verb = if on { "add" } else { "del" };
        let mut script = String::new();
        if on {
            local_table_last(pid)?;
        }
        for interface in self.links(from, link) {
            let (port, flood) = (port(hearing.0, interface.name), if on { "off" } else { "on" });
            output(Command::new("bridge").args([
                "link",
                "set",
                "dev",
                &port,
                "mcast_flood",
                flood,
            ]))?;
            let _ = writeln!(
                script,
                "rule {verb} pref {CUT_PREFERENCE} from {} iif {} blackhole",
                interface.address, interface.name
            );
        }
        ip(Some(pid), &script)
    }
}

/// The machine at a place.
pub(crate) fn machine(cluster: &'static Cluster, place: usize) -> &'static Machine {
    match place {
        CLIENT => &cluster.client,
        GATEWAY => &cluster.gateway,
        node => &cluster.nodes[node],
    }
}

/// Linux asks the table of local addresses before any rule of ours, unless it is moved.
fn local_table_last(pid: u32) -> Result<()> {
    let rules = output(&mut inside(pid, &["ip", "rule", "show"]))?;
    if String::from_utf8_lossy(&rules.stdout).lines().any(|rule| rule.starts_with("0:")) {
        ip(Some(pid), "rule add pref 100 table local\nrule del pref 0\n")?;
    }
    Ok(())
}

/// Names of the bridge ports, short enough for the kernel's 15 characters.
fn port(place: usize, link: &str) -> String {
    format!("p{place}-{link}")
}

fn number(link: &str) -> u32 {
    link.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0)
}

/// The address that all of an interface's network hear.
pub(crate) fn broadcast(interface: &Interface) -> std::net::Ipv4Addr {
    let host = u32::MAX.checked_shr(u32::from(interface.prefix)).unwrap_or(0);
    (interface.address.to_bits() | host).into()
}

/// A command in the network namespace of a process.
fn inside(pid: u32, words: &[&str]) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["--target", &pid.to_string(), "--net", "--"]).args(words);
    command
}

/// Has `ip` run a script, here or in the network namespace of a process.
fn ip(pid: Option<u32>, script: &str) -> Result<()> {
    let words = ["ip", "-batch", "-"];
    let mut command = pid.map_or_else(
        || {
            let mut here = Command::new(words[0]);
            here.args(&words[1..]);
            here
        },
        |pid| inside(pid, &words),
    );
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run `ip`: `apt-get install iproute2`")?;
    child.stdin.take().context("ip has no input")?.write_all(script.as_bytes())?;
    let done = child.wait_with_output()?;
    let words = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "ip refused to build the network: {}", words.trim());
    Ok(())
}

/// The nodes whose kernel has `address` as its own.
pub(crate) fn holders(hosts: &[(Seat, u32)], address: IpAddr) -> BTreeSet<Seat> {
    let read = |pid: &u32, file: &str| {
        std::fs::read_to_string(format!("/proc/{pid}/net/{file}")).unwrap_or_default()
    };
    let held = |pid: &u32| match address {
        IpAddr::V4(address) => is_local(&read(pid, "fib_trie"), address),
        IpAddr::V6(address) => {
            let digits = format!("{:032x} ", address.to_bits());
            read(pid, "if_inet6").lines().any(|line| line.starts_with(&digits))
        }
    };
    hosts.iter().filter(|(_, pid)| held(pid)).map(|(seat, _)| *seat).collect()
}

/// Whether a `fib_trie` lists the address as local: a line with the address, then its own line
/// with `/32 host LOCAL`.
fn is_local(table: &str, address: std::net::Ipv4Addr) -> bool {
    let wanted = format!("|-- {address}");
    let mut last = "";
    for line in table.lines().map(str::trim) {
        if line == "/32 host LOCAL" && last == wanted {
            return true;
        }
        if line.starts_with("|--") {
            last = line;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_local_only_with_its_own_host_entry() {
        let table =
            "Local:\n  |-- 10.0.0.1\n     /32 host LOCAL\n  |-- 10.0.0.0\n     /24 link UNICAST\n";
        assert!(is_local(table, "10.0.0.1".parse().expect("an address")));
        assert!(!is_local(table, "10.0.0.0".parse().expect("an address")));
        assert!(!is_local(table, "10.0.0.11".parse().expect("an address")));
    }

    #[test]
    fn broadcast_addresses_fill_the_host_part() {
        let interface = Interface { name: "eth0", address: [172, 16, 100, 7].into(), prefix: 24 };
        assert_eq!(broadcast(&interface).to_string(), "172.16.100.255");
    }
}
