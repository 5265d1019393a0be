//! Clients ask through two directors: every way of forwarding delivers, weights are seen, a dead
//! server gets nothing, a lost quorum brings the sorry server, and connections outlive a director.
//!
//! All hosts are on one cable. Clients live in 192.0.2.0/24, servers in 10.0.0.0/24; a server's
//! answers to clients go back through the director if they come from its own address (NAT), and
//! straight if they come from the virtual one.

use super::client::{self, Loaded, Shares, ask, shares};
use super::director::{Director, ipvsadm};
use super::packages::Tree;
use super::report::Row;
use super::site::{self, Host};
use super::web::Web;
use anyhow::{Context, Result, ensure};
use sim::scenario::Maker;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The address clients ask.
const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100));
/// The same of IPv6.
const VIP6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x100));
/// Ports of the real servers; 81 to 83 are tunnels, which change no port.
const PORTS: [u16; 5] = [80, 81, 82, 83, 90];

/// Until directors and servers are there: emulated, many seconds.
const PATIENCE: Duration = Duration::from_mins(1);
/// A dead server is found by two tries a second apart; a busy machine takes its time as well.
const FOUND: Duration = Duration::from_secs(30);
/// Long enough for the sync daemon, which sends a connection within some seconds.
const SYNCED: Duration = Duration::from_secs(20);
/// The next director misses three adverts and its skew (3.65 s), clients' and servers' TCP try
/// again at doubled distances, so the longest silence is twice that and a busy machine's seconds.
const SILENCE_MAX: Duration = Duration::from_secs(25);

/// The ways of forwarding: name, address, port, requests, and what each server must have answered.
const WAYS: [(&str, IpAddr, u16, [usize; 3]); 8] = [
    ("dr", VIP, 80, [2, 4, 6]),
    ("nat", VIP, 8080, [6, 2, 4]),
    ("tun-ipip", VIP, 81, [4, 4, 4]),
    ("tun-gre", VIP, 82, [4, 4, 4]),
    ("tun-gue", VIP, 83, [4, 4, 4]),
    ("dr-ipv6", VIP6, 80, [4, 4, 4]),
    ("nat-ipv6", VIP6, 8080, [4, 4, 4]),
    ("tun-ipv6", VIP6, 81, [4, 4, 4]),
];

/// A service: address and port, how it forwards and schedules, and more lines; the servers' family,
/// port and weights.
struct Service(&'static str, &'static str, &'static str, u16, [u8; 3]);

/// What both directors serve.
const SERVICES: [Service; 10] = [
    Service("192.0.2.100 80", "DR", "lb_algo wrr", 80, [1, 2, 3]),
    Service("192.0.2.100 8080", "NAT", "lb_algo wrr", 80, [3, 1, 2]),
    Service("192.0.2.100 81", "TUN", "lb_algo rr", 81, [1, 1, 1]),
    Service("192.0.2.100 82", "TUN type gre", "lb_algo rr", 82, [1, 1, 1]),
    Service("192.0.2.100 83", "TUN type gue port 6080", "lb_algo rr", 83, [1, 1, 1]),
    Service("192.0.2.100 90", "DR", "lb_algo rr\npersistence_timeout 300", 90, [1, 1, 1]),
    Service(
        "192.0.2.100 91",
        "NAT",
        "lb_algo rr\nquorum 2\nsorry_server 10.0.0.204 80",
        80,
        [1, 1, 1],
    ),
    Service("2001:db8:1::100 80", "DR", "lb_algo rr", 80, [1, 1, 1]),
    Service("2001:db8:1::100 8080", "NAT", "lb_algo rr", 80, [1, 1, 1]),
    Service("2001:db8:1::100 81", "TUN", "lb_algo rr", 81, [1, 1, 1]),
];

/// Everything that is there.
struct Stage<'a> {
    tree: &'a Tree,
    hosts: Vec<Host>,
    clients: Vec<Host>,
    directors: Vec<Director>,
    webs: Vec<Web>,
}

/// Shows all of it with directors of this maker.
///
/// # Errors
/// When hosts or daemons can't be started.
pub(crate) fn run(tree: &Tree, maker: Maker, chosen: &dyn Fn(&str) -> bool) -> Result<Vec<Row>> {
    if !ACTS.iter().any(|(name, _, _)| chosen(name)) && !WAYS.iter().any(|(name, ..)| chosen(name))
    {
        return Ok(Vec::new());
    }
    let mut stage = set_up(tree, maker)?;
    let mut rows = Vec::new();
    for (name, address, port, right) in WAYS.into_iter().filter(|(name, ..)| chosen(name)) {
        let about = format!("12 requests to port {port} are answered in the weights' proportion");
        let done = |stage: &mut Stage| delivers(stage, address, port, right);
        rows.push(act(&mut stage, name, &about, &done));
    }
    for (name, about, work) in ACTS.into_iter().filter(|(name, ..)| chosen(name)) {
        rows.push(act(&mut stage, name, about, &work));
    }
    site::remove(&stage.hosts)?;
    Ok(rows)
}

/// How something is done; tells what was seen.
type Work = fn(&mut Stage) -> Result<String>;

/// What happens: its name, what it shows, and how it is done. The last one ends a director.
const ACTS: [(&str, &str, Work); 7] = [
    ("persistence", "a client stays with its server", persistence),
    ("server-ends", "a dead server gets nothing, and its share again when it is back", server_ends),
    (
        "server-loses-power",
        "a server whose host is silent gets nothing, and its share again when it is back",
        server_loses_power,
    ),
    ("quorum", "below the quorum the sorry server answers, above it the real ones", quorum),
    ("sync", "the backup director knows the master's connections", sync),
    (
        "worker-killed",
        "kill -9 of the process that directs while clients download by DR and NAT: IPVS stays as \
         it is, the successor goes on with it, both downloads end whole",
        worker_killed,
    ),
    (
        "director-killed",
        "the master loses its power while clients download by DR and NAT: both downloads end whole, \
         the persistent client keeps its server",
        director_killed,
    ),
];

fn act(
    stage: &mut Stage,
    name: &str,
    about: &str,
    work: &dyn Fn(&mut Stage) -> Result<String>,
) -> Row {
    let mut row = Row::new("clients", name, about);
    let began = Instant::now();
    match work(stage) {
        Ok(seen) => row.seen = seen,
        Err(error) => {
            let logs = stage.directors.iter().map(|d| format!("\n{}", d.log_tail()));
            row.fail(format!("{error:#}{}", logs.collect::<String>()));
        }
    }
    let verdict = if row.passed() { "yes" } else { "NO" };
    println!("{:>4} s  {name}: {verdict} {}", began.elapsed().as_secs(), row.seen);
    row
}

fn set_up(tree: &Tree, maker: Maker) -> Result<Stage<'_>> {
    let list = |addresses: &[&str]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut hosts = site::hosts(&[
        ("c1", list(&["192.0.2.10/24", "2001:db8:1::10/64"])),
        ("c2", list(&["192.0.2.11/24", "2001:db8:1::11/64"])),
        ("a", list(&["192.0.2.1/24", "10.0.0.1/24", "2001:db8:1::1/64", "2001:db8::1/64"])),
        ("b", list(&["192.0.2.2/24", "10.0.0.2/24", "2001:db8:1::2/64", "2001:db8::2/64"])),
        ("s1", list(&["10.0.0.201/24", "2001:db8::201/64"])),
        ("s2", list(&["10.0.0.202/24", "2001:db8::202/64"])),
        ("s3", list(&["10.0.0.203/24", "2001:db8::203/64"])),
        ("sorry", list(&["10.0.0.204/24", "2001:db8::204/64"])),
    ])?;
    let all = hosts.clone();
    let servers = hosts.split_off(4);
    let machines = hosts.split_off(2);
    let mut webs = Vec::new();
    for server in &servers {
        furnish_server(server)?;
        webs.push(Web::start(server, &PORTS));
    }
    let mut directors = Vec::new();
    for (host, priority) in machines.iter().zip([100, 90]) {
        host.sysctl(&[
            ("net/ipv4/ip_forward", "1"),
            ("net/ipv6/conf/all/forwarding", "1"),
            ("net/ipv4/conf/all/send_redirects", "0"),
            ("net/ipv4/conf/eth0/send_redirects", "0"),
        ])?;
        directors.push(Director::start(tree, host, maker, &config(priority), &[])?);
    }
    let stage = Stage { tree, hosts: all, clients: hosts, directors, webs };
    let all_up = || {
        let answered = ask(&stage.clients[0], VIP, 91).is_ok();
        answered && holds(stage.directors[0].host(), VIP)
    };
    ensure!(
        site::wait_for(PATIENCE, all_up),
        "the first director does not serve:\n{}",
        stage.directors[0].log_tail()
    );
    Ok(stage)
}

/// A real server: it has the virtual addresses, tells nobody, and takes tunnels apart.
fn furnish_server(host: &Host) -> Result<()> {
    host.sysctl(&[
        ("net/ipv4/conf/all/arp_ignore", "1"),
        ("net/ipv4/conf/all/arp_announce", "2"),
        // The director would tell it a way past itself, as all are on one cable.
        ("net/ipv6/conf/all/accept_redirects", "0"),
        ("net/ipv6/conf/eth0/accept_redirects", "0"),
    ])?;
    host.ip("addr add 192.0.2.100/32 dev lo\n\
         addr add 2001:db8:1::100/128 dev lo\n\
         link set tunl0 up\n\
         link set gre0 up\n\
         link set ip6tnl0 up\n\
         fou add port 6080 gue\n\
         route add 192.0.2.0/24 dev eth0\n\
         route add 192.0.2.0/24 via 10.0.0.254 table 100\n\
         rule add from 10.0.0.0/24 to 192.0.2.0/24 lookup 100\n")?;
    host.ip6(
        "route add 2001:db8:1::/64 dev eth0\n\
         route add 2001:db8:1::/64 via 2001:db8::fe table 100\n\
         rule add from 2001:db8::/64 to 2001:db8:1::/64 lookup 100\n",
    )
}

/// A director's configuration.
fn config(priority: u8) -> String {
    let mut text = format!(
        "global_defs {{\n lvs_sync_daemon eth0 V id 7\n}}\n\
         vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n \
         virtual_ipaddress {{\n 192.0.2.100/32\n 10.0.0.254/32\n }}\n \
         virtual_ipaddress_excluded {{\n 2001:db8:1::100/128\n 2001:db8::fe/128\n }}\n}}\n"
    );
    for Service(address, method, more, port, weights) in SERVICES {
        let _ = write!(
            text,
            "virtual_server {address} {{\n delay_loop 1\n lb_kind {method}\n protocol TCP\n {more}\n"
        );
        for (number, weight) in weights.iter().enumerate() {
            let server = if address.contains(':') { "2001:db8::20" } else { "10.0.0.20" };
            let _ = write!(
                text,
                "real_server {server}{} {port} {{\n weight {weight}\n TCP_CHECK {{\n \
                 connect_port 80\n connect_timeout 2\n retry 1\n delay_before_retry 1\n }}\n}}\n",
                number + 1
            );
        }
        text.push_str("}\n");
    }
    text
}

/// Whether an address is on a host.
fn holds(host: &Host, address: IpAddr) -> bool {
    let list = host.run(&["ip", "-o", "addr", "show", "to", &address.to_string()]);
    list.is_ok_and(|list| !list.trim().is_empty())
}

fn told(shares: &Shares) -> String {
    let all: Vec<String> = shares.iter().map(|(name, count)| format!("{name} {count}")).collect();
    all.join(", ")
}

fn delivers(stage: &mut Stage, address: IpAddr, port: u16, right: [usize; 3]) -> Result<String> {
    let found = shares(&stage.clients[0], address, port, right.iter().sum())?;
    let counts = ["s1", "s2", "s3"].map(|name| found.get(name).copied().unwrap_or(0));
    ensure!(counts == right, "answered by {}, not in the proportion {right:?}", told(&found));
    Ok(told(&found))
}

fn persistence(stage: &mut Stage) -> Result<String> {
    let mut seen = Vec::new();
    for client in &stage.clients {
        let found = shares(client, VIP, 90, 6)?;
        ensure!(found.len() == 1, "{} was answered by {}", client.name(), told(&found));
        seen.push(format!("{} by {}", client.name(), told(&found)));
    }
    Ok(seen.join(", "))
}

/// Waits until requests are answered by exactly these servers.
fn answered_by(stage: &Stage, port: u16, names: &[&str], limit: Duration) -> Result<Duration> {
    let began = Instant::now();
    let mut last = String::new();
    let so = || {
        let found = shares(&stage.clients[0], VIP, port, 6);
        last = found.as_ref().map_or_else(|error| format!("{error:#}"), told);
        found.is_ok_and(|found| found.keys().eq(names.iter()))
    };
    let right = site::wait_for(limit, so);
    ensure!(right, "port {port} is not answered by {names:?} but: {last}");
    Ok(began.elapsed())
}

fn server_ends(stage: &mut Stage) -> Result<String> {
    stage.webs[2].set(false);
    let gone = answered_by(stage, 80, &["s1", "s2"], FOUND)?;
    // Each service has checks of its own.
    answered_by(stage, 8080, &["s1", "s2"], FOUND)?;
    let found = shares(&stage.clients[1], VIP, 8080, 8)?;
    ensure!(found.get("s1") == Some(&6), "the rest is not shared 3 to 1: {}", told(&found));
    stage.webs[2].set(true);
    let back = answered_by(stage, 80, &["s1", "s2", "s3"], FOUND)?;
    Ok(format!("without it after {gone:.0?}, with it after {back:.0?}"))
}

fn server_loses_power(stage: &mut Stage) -> Result<String> {
    let silent = stage.hosts.iter().find(|host| host.name() == "s3").context("no third server")?;
    site::cable(silent, false)?;
    let gone = answered_by(stage, 80, &["s1", "s2"], FOUND)?;
    answered_by(stage, 8080, &["s1", "s2"], FOUND)?;
    site::cable(silent, true)?;
    let back = answered_by(stage, 80, &["s1", "s2", "s3"], FOUND)?;
    answered_by(stage, 8080, &["s1", "s2", "s3"], FOUND)?;
    Ok(format!("without it after {gone:.0?}, with it after {back:.0?}"))
}

fn quorum(stage: &mut Stage) -> Result<String> {
    stage.webs[1].set(false);
    stage.webs[2].set(false);
    let lost = answered_by(stage, 91, &["sorry"], FOUND)?;
    answered_by(stage, 80, &["s1"], FOUND)?;
    stage.webs[1].set(true);
    stage.webs[2].set(true);
    let back = answered_by(stage, 91, &["s1", "s2", "s3"], FOUND)?;
    answered_by(stage, 80, &["s1", "s2", "s3"], FOUND)?;
    Ok(format!("sorry after {lost:.0?}, the real ones after {back:.0?}"))
}

fn sync(stage: &mut Stage) -> Result<String> {
    let load = client::load(&stage.clients[0], VIP, 8080);
    let backup = stage.directors[1].host();
    let mut last = String::new();
    let known = site::wait_for(SYNCED, || {
        last = ipvsadm(stage.tree, backup, &["-Lcn"]).unwrap_or_default();
        last.lines().any(|line| line.contains("192.0.2.100:8080") && line.contains("ESTABLISHED"))
    });
    load.join().ok().context("the client panicked")??;
    ensure!(known, "the backup director knows none of these:\n{last}");
    let role = ipvsadm(stage.tree, backup, &["-L", "--daemon"])?;
    ensure!(role.contains("backup sync daemon"), "the backup director is {role}");
    Ok("established on both".to_owned())
}

/// Two clients' downloads, by DR and by NAT.
fn loads(stage: &Stage) -> Vec<JoinHandle<Result<Loaded>>> {
    [80, 8080].map(|port| client::load(&stage.clients[0], VIP, port)).into()
}

/// Whether a director comes to know both downloads; the file takes twelve seconds.
fn knows_loads(stage: &Stage, director: usize) -> bool {
    site::wait_for(SYNCED, || {
        let host = stage.directors[director].host();
        let list = ipvsadm(stage.tree, host, &["-Lcn"]).unwrap_or_default();
        [":80 ", ":8080 "].iter().all(|port| {
            let known = |line: &str| line.contains(port) && line.contains("ESTABLISHED");
            list.lines().any(known)
        })
    })
}

/// The longest silence of downloads that all ended whole.
fn longest_silence(loads: Vec<JoinHandle<Result<Loaded>>>) -> Result<Duration> {
    let mut longest = Duration::ZERO;
    for load in loads {
        let loaded = load.join().ok().context("a client panicked")??;
        longest = longest.max(loaded.silence);
    }
    Ok(longest)
}

fn worker_killed(stage: &mut Stage) -> Result<String> {
    let director = &stage.directors[0];
    let (rules, worker) = (director.rules(stage.tree, false)?, director.worker());
    let loads = loads(stage);
    ensure!(knows_loads(stage, 0), "the downloads do not go through the first director");
    director.kill_worker()?;
    let killed = Instant::now();
    // The successor has looked at everything when it says so of each service.
    let mut other = None;
    let there = site::wait_for(PATIENCE, || {
        let now = director.rules(stage.tree, false).unwrap_or_default();
        if now != rules {
            other.get_or_insert(now);
        }
        let seen = director.log().matches("is in the kernel already").count();
        director.worker() != worker && seen >= SERVICES.len()
    });
    let (after, silence) = (killed.elapsed(), longest_silence(loads)?);
    ensure!(there, "no successor went on with what was there");
    ensure!(other.is_none(), "IPVS did not stay as it was, but had {}", other.unwrap_or_default());
    let answered = shares(&stage.clients[1], VIP, 80, 6)?;
    ensure!(director.rules(stage.tree, false)? == rules, "IPVS is not as it was before");
    ensure!(answered.len() == 3, "afterwards only these answer: {}", told(&answered));
    Ok(format!("a successor after {after:.1?}, downloads stood still for {silence:.1?}"))
}

fn director_killed(stage: &mut Stage) -> Result<String> {
    let before = ask(&stage.clients[0], VIP, 90)?;
    let loads = loads(stage);
    let both = knows_loads(stage, 1);
    stage.directors[0].power_off()?;
    let killed = Instant::now();
    let taken = site::wait_for(PATIENCE, || ask(&stage.clients[1], VIP, 80).is_ok());
    let outage = killed.elapsed();
    let silence = longest_silence(loads)?;
    ensure!(both, "the connections were not known on the backup director");
    ensure!(taken, "the other director answers nobody");
    ensure!(silence < SILENCE_MAX, "a download stood still for {silence:.0?}");
    let after = ask(&stage.clients[0], VIP, 90)?;
    ensure!(before == after, "the persistent client moved from {before} to {after}");
    Ok(format!("new clients after {outage:.1?}, downloads stood still for {silence:.1?}"))
}
