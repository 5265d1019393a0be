//! The wires: bridges, and the interfaces of each host on them. A host is a network namespace that
//! stays; what runs in it comes and goes (`host.rs`).

use crate::peers::output;
use anyhow::{Context, Result, ensure};
use linux::namespace;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

/// The network's number on the first bridge; every bridge has a network of 16 bits for itself.
const FIRST_NETWORK: u8 = 100;

/// One of the hosts of a measurement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seat {
    /// Runs the router of higher priority.
    A,
    /// Runs the other one.
    B,
    /// Asks, and listens to adverts.
    Client,
}

impl Seat {
    /// One letter, for names of ports, and for answers.
    pub(super) const fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
            Self::Client => 'c',
        }
    }

    /// Its address on a bridge.
    pub(super) fn address(self, bridge: usize) -> Ipv4Addr {
        let number = match self {
            Self::A => 1,
            Self::B => 2,
            Self::Client => 3,
        };
        Ipv4Addr::new(10, network(bridge), 0, number)
    }

    /// Who sends from this address.
    pub(super) fn of(address: IpAddr) -> Option<Self> {
        let IpAddr::V4(address) = address else { return None };
        match address.octets()[3] {
            1 => Some(Self::A),
            2 => Some(Self::B),
            3 => Some(Self::Client),
            _ => None,
        }
    }
}

fn network(bridge: usize) -> u8 {
    FIRST_NETWORK.saturating_add(u8::try_from(bridge).unwrap_or(u8::MAX))
}

/// The address that a virtual router of this number has on a bridge.
pub(super) fn virtual_address(bridge: usize, vrid: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, network(bridge), 1, vrid)
}

/// The interface of every host on a bridge.
pub(super) fn interface(bridge: usize) -> String {
    format!("eth{bridge}")
}

/// A network namespace, kept by a process that does nothing.
pub(super) struct Place {
    keeper: Child,
}

impl Place {
    fn new() -> Result<Self> {
        let mut keeper = Command::new("unshare")
            .args(["--net", "--", "sh", "-c", "ip link set lo up && echo ready && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start unshare")?;
        let mut line = [0; 6];
        let out = keeper.stdout.as_mut().context("unshare has no output")?;
        std::io::Read::read_exact(out, &mut line).context("a network namespace was not made")?;
        Ok(Self { keeper })
    }

    /// The process to enter its network by.
    pub(super) fn pid(&self) -> u32 {
        self.keeper.id()
    }

    /// Its network, for threads of this process.
    pub(super) fn network(&self) -> Result<OwnedFd> {
        let path = format!("/proc/{}/ns/net", self.pid());
        Ok(std::fs::File::open(&path).with_context(|| path.clone())?.into())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Ends with its input as well; a failure changes nothing.
        self.keeper.kill().ok();
        self.keeper.wait().ok();
    }
}

/// All places and the bridges between them, which are in this process's own network.
pub(super) struct Net {
    bridges: usize,
    places: [Place; 3],
}

impl Net {
    /// So many bridges, with all three hosts on each.
    pub(super) fn new(bridges: usize) -> Result<Self> {
        let mut script = String::new();
        for bridge in 0..bridges {
            let _ = writeln!(script, "link add br{bridge} type bridge mcast_snooping 0");
            let _ = writeln!(script, "link set br{bridge} up");
        }
        ip(None, &script)?;
        let net = Self { bridges, places: [Place::new()?, Place::new()?, Place::new()?] };
        for seat in [Seat::A, Seat::B, Seat::Client] {
            net.plug(seat)?;
        }
        Ok(net)
    }

    /// How many bridges there are.
    pub(super) const fn bridges(&self) -> usize {
        self.bridges
    }

    /// A host's place.
    pub(super) fn place(&self, seat: Seat) -> &Place {
        match seat {
            Seat::A => &self.places[0],
            Seat::B => &self.places[1],
            Seat::Client => &self.places[2],
        }
    }

    /// Plugs a host in, with one address of its own on each bridge.
    pub(super) fn plug(&self, seat: Seat) -> Result<()> {
        let (pid, letter) = (self.place(seat).pid(), seat.letter());
        let (mut outside, mut inside) = (String::new(), String::new());
        for bridge in 0..self.bridges {
            let (name, address) = (interface(bridge), seat.address(bridge));
            let _ = writeln!(
                outside,
                "link add {letter}{bridge} type veth peer name {name} netns {pid}\n\
                 link set {letter}{bridge} master br{bridge} up"
            );
            let _ = writeln!(inside, "link set {name} up\naddr add {address}/16 dev {name}");
        }
        ip(None, &outside)?;
        ip(Some(pid), &inside)
    }

    /// Takes its cables, and with them its interfaces and all their addresses.
    pub(super) fn unplug(&self, seat: Seat) -> Result<()> {
        let letter = seat.letter();
        let lines = (0..self.bridges).map(|bridge| format!("link del {letter}{bridge}\n"));
        ip(None, &lines.collect::<String>())
    }

    /// Runs `make` in a host's network, which is what sockets belong to.
    pub(super) fn inside<T: Send>(
        &self,
        seat: Seat,
        make: impl FnOnce() -> Result<T> + Send,
    ) -> Result<T> {
        namespace::in_network(&self.place(seat).network()?, make)?
    }

    /// The number of addresses a host has.
    pub(super) fn addresses(&self, seat: Seat) -> Result<usize> {
        let pid = self.place(seat).pid().to_string();
        let mut command = Command::new("nsenter");
        command.args(["--target", &pid, "--net", "--", "ip", "-4", "-o", "addr"]);
        let listed = output(&mut command)?.stdout;
        Ok(String::from_utf8_lossy(&listed).lines().filter(|line| !line.contains(" lo ")).count())
    }
}

/// Has `ip` run a script, here or in the network of a process.
fn ip(pid: Option<u32>, script: &str) -> Result<()> {
    let mut command = match pid {
        None => Command::new("ip"),
        Some(pid) => {
            let mut command = Command::new("nsenter");
            command.args(["--target", &pid.to_string(), "--net", "--", "ip"]);
            command
        }
    };
    command.args(["-batch", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot run `ip`")?;
    child.stdin.take().context("ip has no input")?.write_all(script.as_bytes())?;
    let done = child.wait_with_output()?;
    let words = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "ip refused: {}", words.trim());
    Ok(())
}
