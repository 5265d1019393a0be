//! The same configurations given to ours and to the ancestor: after each step both must have left
//! the same in their kernels. Some run at once, on hosts of their own, beside the same real servers.

use super::cases::{self, Case};
use super::director::{self, Director};
use super::packages::Tree;
use super::report::{Row, Step};
use super::site::{self, Host};
use super::web::Web;
use anyhow::{Result, anyhow};
use sim::scenario::Maker;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

/// The steps, as the table has them.
pub(crate) const STEPS: [&str; 6] =
    ["start", "one server ends", "all end", "all return", "reload", "stop"];

/// How many configurations run at once: a dozen daemons that check every second are what two
/// emulated processors do with ease.
const AT_ONCE: usize = 6;
/// Tables that so many looks found the same are settled: a check finds a dead server within two
/// tries, a second apart. Looks are counted and not seconds, for on a busy machine they take longer
/// as everything does.
const QUIET: usize = 10;
/// How long settling may take, under emulation on a busy machine.
const SETTLING: Duration = Duration::from_mins(3);
/// How long ours may take longer than the ancestor to come to the same, or the other way round.
const LATER: Duration = Duration::from_mins(2);
/// How long is waited between two looks at the tables.
const LOOK: Duration = Duration::from_millis(500);

/// What scripts of the configurations were told, in a world's own `/run`.
const TOLD: &str = "run/told";

/// Scripts and files that the configurations name.
const FILES: [(&str, &str); 6] = [
    ("/vmlab/told.sh", "#!/bin/sh\necho \"$@\" >> /run/told\n"),
    ("/vmlab/weight.sh", "#!/bin/sh\nread -r code < /vmlab/weight\nexit $code\n"),
    ("/vmlab/weight", "0\n"),
    ("/vmlab/other-weight.sh", "#!/bin/sh\nread -r code < /vmlab/other-weight\nexit $code\n"),
    ("/vmlab/other-weight", "0\n"),
    ("/vmlab/number", "0\n"),
];

/// One configuration on its hosts.
struct Pair {
    case: Case,
    directors: Vec<Director>,
    row: Row,
}

/// Runs every configuration that `chosen` says yes to, with these makers; of two, the first is the
/// one that is right. With one, its tables are only collected.
///
/// # Errors
/// When hosts or daemons can't be started.
pub(crate) fn run(
    tree: &Tree,
    makers: &[Maker],
    chosen: &dyn Fn(&str) -> bool,
) -> Result<Vec<Row>> {
    let mut cases = cases::all()?;
    cases.retain(|case| chosen(&case.name));
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    for (path, text) in FILES {
        fs::create_dir_all("/vmlab")?;
        fs::write(path, text)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    let servers = site::hosts(&servers())?;
    let serving = servers.iter().take(servers.len() - 1);
    let webs: Vec<Web> = serving.map(|host| Web::start(host, &[80])).collect();
    println!("the real servers are ready");
    let mut rows = Vec::new();
    for some in cases.chunks(AT_ONCE) {
        let first = rows.len() * makers.len() + 1;
        rows.extend(together(tree, some, makers, first, &webs)?);
    }
    site::remove(&servers)?;
    Ok(rows)
}

/// Takes some configurations through all steps, on hosts numbered from `first` on.
fn together(
    tree: &Tree,
    cases: &[Case],
    makers: &[Maker],
    first: usize,
    webs: &[Web],
) -> Result<Vec<Row>> {
    for web in webs {
        web.set(true);
    }
    say(["0", "0", "0"])?;
    let mut pairs = start(tree, cases, makers, first)?;
    println!("{} daemons were started", pairs.len() * makers.len());
    step(tree, &mut pairs, 0)?;
    webs[0].set(false);
    say(["12", "12", "-1"])?;
    step(tree, &mut pairs, 1)?;
    webs[1].set(false);
    webs[2].set(false);
    say(["1", "0", "-250"])?;
    step(tree, &mut pairs, 2)?;
    for web in webs {
        web.set(true);
    }
    say(["0", "2", "1"])?;
    step(tree, &mut pairs, 3)?;
    for pair in &mut pairs {
        for director in &pair.directors {
            if let Err(error) = director.reload(&pair.case.second) {
                pair.row.fail(format!("{error:#}"));
            }
        }
    }
    step(tree, &mut pairs, 4)?;
    stop(&mut pairs);
    step(tree, &mut pairs, 5)?;
    let hosts = pairs.iter().flat_map(|pair| pair.directors.iter().map(|d| d.host().clone()));
    let hosts: Vec<Host> = hosts.collect();
    let rows = pairs.into_iter().map(|pair| pair.row).collect();
    site::remove(&hosts)?;
    Ok(rows)
}

/// What the configurations' scripts answer from now on, and the number of the file.
fn say(numbers: [&str; 3]) -> Result<()> {
    for (name, number) in ["weight", "other-weight", "number"].iter().zip(numbers) {
        // In one step, for a script may be reading.
        fs::write("/vmlab/next", format!("{number}\n"))?;
        fs::rename("/vmlab/next", format!("/vmlab/{name}"))?;
    }
    Ok(())
}

/// The real servers. The last one refuses all connections: where nobody answers for an address,
/// Linux now and then reports a connection that never was, and keepalived believes it.
fn servers() -> Vec<(&'static str, Vec<String>)> {
    let names = [("s1", 201), ("s2", 202), ("s3", 203), ("s4", 204)];
    let addresses = |n: u32| vec![format!("10.0.0.{n}/24"), format!("2001:db8::{n}/64")];
    names.into_iter().map(|(name, number)| (name, addresses(number))).collect()
}

fn start(tree: &Tree, cases: &[Case], makers: &[Maker], first: usize) -> Result<Vec<Pair>> {
    let mut wanted = Vec::new();
    for number in first..first + cases.len() * makers.len() {
        wanted.push((
            format!("d{number}"),
            vec![format!("10.0.0.{number}/24"), format!("2001:db8::d:{number}/64")],
        ));
    }
    let wanted: Vec<(&str, Vec<String>)> =
        wanted.iter().map(|(name, addresses)| (name.as_str(), addresses.clone())).collect();
    let hosts = site::hosts(&wanted)?;
    std::thread::scope(|scope| {
        let begun: Vec<_> = cases
            .iter()
            .zip(hosts.chunks(makers.len()))
            .map(|(case, hosts)| scope.spawn(move || pair(tree, case, makers, hosts)))
            .collect();
        let joined = begun.into_iter().map(ScopedJoinHandle::join);
        joined
            .map(|pair| pair.map_err(|_| anyhow!("a thread that starts daemons panicked"))?)
            .collect()
    })
}

/// Starts a daemon of each maker on a host each.
fn pair(tree: &Tree, case: &Case, makers: &[Maker], hosts: &[Host]) -> Result<Pair> {
    let mut directors = Vec::new();
    for (&maker, host) in makers.iter().zip(hosts) {
        host.ip("link add vrrp0 type dummy\nlink set vrrp0 multicast on arp on up\n\
             addr add 10.8.0.1/24 dev vrrp0\n")?;
        if !case.before.is_empty() {
            let words: Vec<&str> = case.before.iter().map(String::as_str).collect();
            director::ipvsadm(tree, host, &words)?;
        }
        let options: Vec<&str> = case.options.iter().map(String::as_str).collect();
        directors.push(Director::start(tree, host, maker, &case.first, &options)?);
    }
    let row = Row::new("same table", &case.name, &case.about);
    Ok(Pair { case: case.clone(), directors, row })
}

/// All are asked first and waited for then.
fn stop(pairs: &mut [Pair]) {
    for pair in pairs.iter() {
        for director in &pair.directors {
            director.signal("TERM").ok();
        }
    }
    for pair in pairs {
        for director in &pair.directors {
            if let Err(error) = director.ended() {
                pair.row.fail(format!("{error:#}"));
            }
        }
    }
}

/// Waits until nothing moves any more, and compares.
fn step(tree: &Tree, pairs: &mut [Pair], step: usize) -> Result<()> {
    let began = Instant::now();
    if step == 0 {
        let there = || tables(pairs).is_ok_and(|all| all.iter().all(|one| one.contains("->")));
        site::wait_for(SETTLING, there);
    }
    let (mut before, mut quiet, settling) = (tables(pairs)?, 0, Instant::now());
    while quiet < QUIET && settling.elapsed() < SETTLING {
        std::thread::sleep(LOOK);
        let now = tables(pairs)?;
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
    let until = Instant::now() + LATER;
    let all = pairs.len();
    let mut other = Vec::new();
    for pair in pairs.iter_mut() {
        if !compare(tree, pair, step, until)? {
            other.push(pair.case.name.as_str());
        }
    }
    let alike = all - other.len();
    println!(
        "{:>4} s  {}: {alike} of {all} configurations alike; not: {other:?}",
        began.elapsed().as_secs(),
        STEPS[step]
    );
    Ok(())
}

/// What the kernel shows of all hosts, quickly.
fn tables(pairs: &[Pair]) -> Result<Vec<String>> {
    pairs.iter().flat_map(|pair| &pair.directors).map(|director| director.host().table()).collect()
}

fn compare(tree: &Tree, pair: &mut Pair, step: usize, until: Instant) -> Result<bool> {
    loop {
        let mut states = Vec::new();
        for director in &pair.directors {
            states.push(state(tree, director, pair.case.more(), step)?);
        }
        let right = states.first().cloned().unwrap_or_default();
        let differs = states.iter().position(|state| *state != right);
        let reason = pair.case.reason(STEPS[step]).map(str::to_owned);
        if let (Some(_), Some(why)) = (differs, reason) {
            let seen = std::mem::take(&mut pair.row.seen);
            pair.row.seen = format!("{seen}{}At {}: {why}.", gap(&seen), STEPS[step]);
            pair.row.steps.push(Step::Ours);
            return Ok(true);
        }
        if let Some(wrong) = differs.filter(|_| Instant::now() >= until) {
            let director = &pair.directors[wrong];
            pair.row.fail(format!(
                "{}: {:?} has\n{}where {:?} has\n{}the logs end with:\n{}{}",
                STEPS[step],
                director.maker(),
                indented(&states[wrong]),
                pair.directors[0].maker(),
                indented(&right),
                indented(&director.log_tail()),
                indented(&pair.directors[0].log_tail())
            ));
        }
        if differs.is_none() || Instant::now() >= until {
            let same = differs.is_none();
            pair.row.steps.push(if same { Step::Same } else { Step::Different });
            return Ok(same);
        }
        std::thread::sleep(LOOK);
    }
}

/// What is compared: the rules, and what scripts and FIFOs were told, in any order. A daemon that
/// stops leaves its scripts little time, so that then only the FIFO's lines are sure to come.
fn state(tree: &Tree, director: &Director, more: bool, step: usize) -> Result<String> {
    let mut text = director.rules(tree, more)?;
    let mut told: Vec<String> = director.read(TOLD).lines().map(str::to_owned).collect();
    told.retain(|line| STEPS[step] != "stop" || line.starts_with("RS ") || line.starts_with("VS "));
    told.sort();
    for line in told {
        text.push_str("told: ");
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// What parts a sentence from those before it.
fn gap(before: &str) -> &'static str {
    if before.is_empty() { "" } else { " " }
}

fn indented(text: &str) -> String {
    text.lines().flat_map(|line| ["    ", line, "\n"]).collect()
}
