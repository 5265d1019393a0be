//! A cluster set up in the lab: two nodes, a client that asks all the time, a pinged gateway, and
//! what can be done to them.

use crate::client::{self, Record, now};
use crate::daemon::Daemon;
use crate::host::{Ended, Host};
use crate::network::{self, CLIENT, GATEWAY, Network};
use crate::peers::Peer;
use crate::serial::Serial;
use crate::{httpd, peers, world};
use anyhow::{Context, Result, bail, ensure};
use base::Instant;
use rustix::process::Signal;
use sim::scenario::Service;
use sim::scenario::{
    Cluster, ConfigFiles, Cut, Edit, FileName, Pair, Role, SERIAL_PORT, Script, Seat,
};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::process::Child;
use std::time::Duration;

/// Longest a daemon may take to start or to reload: it returns once its files are checked.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Longest a stop may take: scripts that fail to stop are tried for ten seconds each, and a stop
/// waits for what is under way.
const STOP_LIMIT: Duration = Duration::from_mins(2);

/// Longest a command of a scenario or a question to a daemon may take; `cl_status` gives up
/// by itself after 5 s.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);

/// Heartbeat's program, on hosts of either maker.
const DAEMON: &str = "/usr/libexec/heartbeat/heartbeat";

/// Where nginx-vrrp's configuration has its check script, the log of that, and the script.
const CHECK_NGINX: &str = "usr/local/sbin/check_ng.sh";
const CHECK_NGINX_LOG: &str = "var/log/check_ng.log";
const CHECK_NGINX_SCRIPT: &str = include_str!("../../../examples/nginx-vrrp/check_ng.sh");

/// The whole lab of one run. Dropping it changes nothing: the world ends with its process.
pub(crate) struct Stage {
    pub(crate) cluster: &'static Cluster,
    nodes: [Host; 2],
    gateway: Host,
    client: Host,
    network: Network,
    files: [ConfigFiles; 2],
    serial: Option<Serial>,
    answers: Record,
    asking: Option<Child>,
}

impl Stage {
    /// Builds hosts and networks and lets the client ask. No daemon runs yet.
    pub(crate) fn new(cluster: &'static Cluster, pair: Pair, setup: &[Edit]) -> Result<Self> {
        let host = |seat: Seat| {
            let daemon = Daemon { role: cluster.role, maker: pair.maker(seat) };
            Host::new(cluster.nodes[seat.0].name, Some(daemon))
        };
        let mut stage = Self {
            cluster,
            nodes: [host(Seat(0))?, host(Seat(1))?],
            gateway: Host::new(cluster.gateway.name, None)?,
            client: Host::new(cluster.client.name, None)?,
            network: Network::new(cluster)?,
            files: Seat::BOTH.map(|seat| cluster.files(seat)),
            serial: None,
            answers: Record::default(),
            asking: None,
        };
        stage.furnish(setup)?;
        if stage.files.iter().any(|files| files.ha_cf.contains(SERIAL_PORT)) {
            stage.serial = Some(Serial::new()?);
        }
        for seat in Seat::BOTH {
            stage.power_on(seat)?;
        }
        let pid = stage.client.power_on()?;
        stage.network.plug(CLIENT, &cluster.client, pid)?;
        let pid = stage.gateway.power_on()?;
        stage.network.plug(GATEWAY, &cluster.gateway, pid)?;
        stage.let_client_ask()?;
        Ok(stage)
    }

    fn furnish(&mut self, setup: &[Edit]) -> Result<()> {
        let program = world::own_program()?;
        let program = program.to_string_lossy();
        for seat in Seat::BOTH {
            for edit in setup {
                self.files[seat.0].apply(edit, seat);
            }
            self.nodes[seat.0].configure(&self.files[seat.0])?;
            let servers: &[httpd::Server] = match self.cluster.role {
                Role::Heartbeat => &[httpd::HTTPD, httpd::LISTENER],
                Role::Keepalived => &[httpd::NGINX],
            };
            for server in servers {
                let script = httpd::init_script(*server, &program);
                self.nodes[seat.0].write(&format!("etc/init.d/{}", server.name), &script, 0o755)?;
            }
            if self.cluster.role == Role::Keepalived {
                let own = world::own_program()?;
                self.nodes[seat.0].link(&own, httpd::NGINX_PROGRAM)?;
                self.nodes[seat.0].write(CHECK_NGINX, CHECK_NGINX_SCRIPT, 0o755)?;
                // Its own, whatever this machine has there.
                self.nodes[seat.0].write(CHECK_NGINX_LOG, "", 0o644)?;
            }
        }
        Ok(())
    }

    fn let_client_ask(&mut self) -> Result<()> {
        let program = world::own_program()?.to_string_lossy().into_owned();
        let address = self.cluster.address.to_string();
        let words = [&program, "lab", "client", client::word(self.cluster.service), &address];
        let (answers, child) = Record::start(self.client.command(&words)?)?;
        self.answers = answers;
        self.asking = Some(child);
        Ok(())
    }

    /// Switches the client off: what the nodes send from now on is their own.
    pub(crate) fn silence_client(&mut self) -> Result<()> {
        self.client.power_off()?;
        self.network.unplug(CLIENT, &self.cluster.client)
    }

    /// A node's host.
    pub(crate) fn node(&mut self, seat: Seat) -> &mut Host {
        &mut self.nodes[seat.0]
    }

    /// The text of a node's file, as it is by now.
    pub(crate) fn text(&self, seat: Seat, file: FileName) -> &str {
        self.files[seat.0].text(file)
    }

    /// The client's host.
    pub(crate) fn client(&self) -> &Host {
        &self.client
    }

    /// What the client heard.
    pub(crate) fn answers(&self) -> &Record {
        &self.answers
    }

    fn power_on(&mut self, seat: Seat) -> Result<()> {
        let pid = self.nodes[seat.0].power_on()?;
        if let (Some(serial), Some(name)) = (&self.serial, self.nodes[seat.0].live(SERIAL_PORT)) {
            symlink(serial.port(seat.0), name).context("cannot plug the serial cable in")?;
        }
        self.network.plug(seat.0, network::machine(self.cluster, seat.0), pid)?;
        match (self.cluster.role, self.cluster.service) {
            // As on any web server, nginx starts with its host.
            (Role::Keepalived, Service::Page) => self.act(seat, &["systemctl", "start", "nginx"]),
            _ => Ok(()),
        }
    }

    /// Runs a command that must do what it is told.
    fn act(&mut self, seat: Seat, words: &[&str]) -> Result<()> {
        let ended = self.nodes[seat.0].run(words, STOP_LIMIT)?;
        must(&ended, &words.join(" "))
    }

    /// Switches a node on and starts its daemon.
    pub(crate) fn boot(&mut self, seat: Seat) -> Result<()> {
        ensure!(self.nodes[seat.0].pid().is_none(), "{seat} is switched on already");
        self.power_on(seat)?;
        self.start(seat)
    }

    /// Takes a node's power away.
    pub(crate) fn kill_host(&mut self, seat: Seat) -> Result<Instant> {
        let at = now();
        self.nodes[seat.0].power_off()?;
        self.network.unplug(seat.0, network::machine(self.cluster, seat.0))?;
        Ok(at)
    }

    /// Starts a node's daemon.
    pub(crate) fn start(&mut self, seat: Seat) -> Result<()> {
        if self.cluster.role == Role::Keepalived {
            return self.act(seat, &["systemctl", "start", "keepalived"]);
        }
        let ended = self.nodes[seat.0].run(&[DAEMON], START_LIMIT)?;
        must(&ended, "heartbeat")
    }

    /// Stops a node's daemon as an administrator would.
    pub(crate) fn stop(&mut self, seat: Seat) -> Result<()> {
        if self.cluster.role == Role::Keepalived {
            return self.act(seat, &["systemctl", "stop", "keepalived"]);
        }
        let ended = self.nodes[seat.0].run(&[DAEMON, "-k"], STOP_LIMIT)?;
        must(&ended, "heartbeat -k")
    }

    /// Has a node's daemon read its files again.
    pub(crate) fn reload(&mut self, seat: Seat) -> Result<()> {
        if self.cluster.role == Role::Keepalived {
            return self.act(seat, &["systemctl", "reload", "keepalived"]);
        }
        let ended = self.nodes[seat.0].run(&[DAEMON, "-r"], START_LIMIT)?;
        must(&ended, "heartbeat -r")
    }

    /// Ends every process of a node's daemon at once.
    pub(crate) fn kill_daemon(&mut self, seat: Seat) -> Result<()> {
        let count = self.nodes[seat.0].signal_daemon(Signal::KILL)?;
        ensure!(count > 0, "no daemon runs on {seat}");
        Ok(())
    }

    /// Keeps a node's daemon from running for a while.
    pub(crate) fn pause(&mut self, seat: Seat, time: Duration) -> Result<()> {
        let count = self.nodes[seat.0].signal_daemon(Signal::STOP)?;
        ensure!(count > 0, "no daemon runs on {seat}");
        std::thread::sleep(time);
        self.nodes[seat.0].signal_daemon(Signal::CONT)?;
        Ok(())
    }

    /// Cuts something.
    pub(crate) fn cut(&mut self, cut: &Cut) -> Result<()> {
        match (&self.serial, cut) {
            (Some(serial), Cut::Serial) => serial.set_cut(true),
            _ => self.network.cut(cut)?,
        }
        Ok(())
    }

    /// Mends it.
    pub(crate) fn heal(&mut self, cut: &Cut) -> Result<()> {
        match (&self.serial, cut) {
            (Some(serial), Cut::Serial) => serial.set_cut(false),
            _ => self.network.heal(cut)?,
        }
        Ok(())
    }

    /// Mends everything.
    pub(crate) fn heal_all(&mut self) -> Result<()> {
        if let Some(serial) = &self.serial {
            serial.set_cut(false);
        }
        self.network.heal_all()
    }

    /// Changes files of the nodes it is for.
    pub(crate) fn edit(&mut self, edit: &Edit) -> Result<()> {
        for seat in Seat::BOTH {
            if self.files[seat.0].apply(edit, seat) {
                self.nodes[seat.0].configure(&self.files[seat.0])?;
            }
        }
        Ok(())
    }

    /// Runs a command on a node.
    pub(crate) fn run(&mut self, seat: Seat, words: &[String]) -> Result<Ended> {
        self.nodes[seat.0].run(words, COMMAND_LIMIT)
    }

    /// Runs a command on the gateway.
    pub(crate) fn run_on_gateway(&mut self, words: &[String]) -> Result<Ended> {
        self.gateway.run(words, COMMAND_LIMIT)
    }

    /// Puts a script on the nodes it is for.
    pub(crate) fn put(&mut self, script: &Script) -> Result<()> {
        let text = format!("#!/bin/sh\n{}\n", script.lines.join("\n"));
        let path = script.path.trim_start_matches('/');
        let nodes = Seat::BOTH.into_iter().filter(|seat| script.node.is_none_or(|n| n == *seat));
        let programs = peers::are_named_in(script).then(|| Peer::Heartbeat.ensure()).transpose()?;
        for seat in nodes {
            self.nodes[seat.0].write(path, &text, 0o755)?;
            if let Some(programs) = &programs {
                self.nodes[seat.0].link(programs, peers::SHOWN_AT)?;
            }
        }
        Ok(())
    }

    /// Asks a node's `cl_status`; a node that is off answers nothing.
    pub(crate) fn cl_status(&mut self, seat: Seat, words: &[&str]) -> Result<Ended> {
        if self.nodes[seat.0].pid().is_none() {
            return Ok(Ended { code: Some(1), output: "switched off".into() });
        }
        let all: Vec<&str> = ["cl_status"].iter().chain(words).copied().collect();
        self.nodes[seat.0].run(&all, COMMAND_LIMIT)
    }

    /// The nodes whose kernel has the floating address.
    pub(crate) fn holders(&self) -> BTreeSet<Seat> {
        self.holders_of(self.cluster.address.into())
    }

    /// The nodes whose kernel has this address.
    pub(crate) fn holders_of(&self, address: IpAddr) -> BTreeSet<Seat> {
        let hosts = Seat::BOTH.into_iter().filter_map(|s| Some((s, self.nodes[s.0].pid()?)));
        network::holders(&hosts.collect::<Vec<_>>(), address)
    }

    /// Whether a node's daemon runs.
    pub(crate) fn runs(&mut self, seat: Seat) -> Result<bool> {
        if self.nodes[seat.0].pid().is_none() {
            return Ok(false);
        }
        match self.cluster.role {
            Role::Heartbeat => Ok(self.cl_status(seat, &["hbstatus"])?.code == Some(0)),
            Role::Keepalived => Ok(!self.nodes[seat.0].daemon_processes()?.is_empty()),
        }
    }
}

fn must(ended: &Ended, what: &str) -> Result<()> {
    match ended.code {
        Some(0) => Ok(()),
        Some(code) => bail!("`{what}` ended with {code}: {}", ended.output),
        None => Err(anyhow::anyhow!("{}", ended.output)).context(format!("`{what}` did not end")),
    }
}
