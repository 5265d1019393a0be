//! The configuration of the corpus, read and given to a director: the kernel is told, byte for
//! byte, what keepalived 2.2.7 told it, through start, failures, reload and stop.
//!
//! The corpus lies beside the workspace (`../shared`) or where `HANDOVER_SHARED` says. Without
//! it these tests say so and pass, except in CI. Its bytes are those of a little-endian machine.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]
#![cfg(target_endian = "little")]

use crate::read;
use base::{Dice, Instant, Machine, WallTime};
use lvs::{Boot, Director, Input, Kernel, Outcome, Output, Probe};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use wire::ipvs::{Command, Timeouts};

/// The kernel's own timeouts where the corpus was made (message 52 puts them back).
const KERNELS: Timeouts = Timeouts { tcp: 900, tcp_fin: 120, udp: 300 };

struct Corpus {
    config: String,
    messages: Vec<(String, Vec<u8>)>,
}

impl Corpus {
    fn read() -> Option<Self> {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
        let shared = std::env::var("HANDOVER_SHARED").unwrap_or_else(|_| beside.into());
        let path = PathBuf::from(shared).join("vectors/vrrp/60-ipvs-genl-commands.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {}", path.display());
            println!("skipped: no corpus");
            return None;
        };
        let file: Value = serde_json::from_str(&text).expect("JSON");
        let message = |message: &Value| {
            let text = |name: &str| message[name].as_str().expect(name).to_owned();
            let hex = text("genl_payload_hex");
            let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
            (text("cmd"), (0..hex.len()).step_by(2).map(byte).collect())
        };
        let messages = file["messages"].as_array().expect("messages").iter().map(message);
        Some(Self {
            config: file["config"].as_str().expect("a configuration").to_owned(),
            messages: messages.collect(),
        })
    }

    /// Some of keepalived's messages, without the questions, which are the shell's.
    fn told(&self, range: std::ops::RangeInclusive<usize>) -> Vec<Vec<u8>> {
        let asks = |name: &str| name.starts_with("GET_");
        let messages = self.messages[range].iter().filter(|(name, _)| !asks(name));
        messages.map(|(_, bytes)| bytes.clone()).collect()
    }
}

struct Run {
    director: Director,
    now: Instant,
    dead: BTreeSet<IpAddr>,
    told: Vec<Vec<u8>>,
    under_way: BTreeMap<u64, Outcome>,
}

impl Run {
    fn give(&mut self, input: Input) {
        let mut out = Vec::new();
        self.director.handle(self.now, input, &mut out);
        for output in out {
            match output {
                Output::Ipvs { number, command } => {
                    self.told.push(command.encode());
                    self.give(Input::Answered { number, result: Ok(()) });
                }
                Output::Check(check) => {
                    let Probe::Talk { connection, mut conversation, .. } = check.probe else {
                        panic!("only TCP")
                    };
                    let outcome = match conversation.connected() {
                        _ if self.dead.contains(&connection.ip) => Outcome::TimedOut,
                        lvs::check::Step::Done(verdict) => Outcome::Said(verdict),
                        step => panic!("only TCP: {step:?}"),
                    };
                    self.under_way.insert(check.run, outcome);
                }
                _ => {}
            }
        }
    }

    /// One round of checks.
    fn round(&mut self) {
        self.now += Duration::from_secs(3);
        self.give(Input::Tick);
        for (run, outcome) in std::mem::take(&mut self.under_way) {
            self.give(Input::Checked { run, outcome });
        }
    }

    /// What was told since the last call.
    fn take(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.told)
    }
}

fn sorted(mut messages: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    messages.sort();
    messages
}

/// In words, for a message that can be read.
fn words(messages: &[Vec<u8>]) -> Vec<String> {
    let word = |bytes: &Vec<u8>| format!("{:?}", Command::decode(bytes));
    messages.iter().map(word).collect()
}

fn same(ours: Vec<Vec<u8>>, theirs: Vec<Vec<u8>>) {
    assert_eq!(words(&ours), words(&theirs));
    assert_eq!(ours, theirs);
}

/// The beginning: without the corpus `None`.
fn begun() -> Option<(Corpus, Run)> {
    let corpus = Corpus::read()?;
    let lvs = read(&corpus.config).lvs;
    let director = Director::new(lvs, Boot { dice: Dice::new(1), changed: None });
    let mut run = Run {
        director,
        now: Instant::ZERO,
        dead: BTreeSet::new(),
        told: Vec::new(),
        under_way: BTreeMap::new(),
    };
    run.give(Input::Ambient { wall: WallTime::default() });
    let kernel = Kernel { timeouts: KERNELS, ..Kernel::default() };
    run.give(Input::Kernel(Ok(kernel)));
    run.give(Input::Tick);
    for (run_number, outcome) in std::mem::take(&mut run.under_way) {
        run.give(Input::Checked { run: run_number, outcome });
    }
    Some((corpus, run))
}

#[test]
fn the_start_is_keepaliveds_message_for_message() {
    let Some((corpus, mut run)) = begun() else { return };
    let told = run.take();
    // The sync daemon is the VRRP process's there; here it comes between start and first success.
    let (daemon, told): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|m| matches!(Command::decode(m), Ok(Command::NewDaemon(_))));
    same(told, corpus.told(0..=31));
    same(daemon, corpus.told(87..=87));
}

#[test]
fn failures_and_recoveries_are_keepaliveds_messages() {
    let Some((corpus, mut run)) = begun() else { return };
    run.take();
    for (dies, last) in
        [("10.9.0.23", true), ("10.9.0.22", true), ("10.9.0.22", false), ("10.9.0.23", false)]
    {
        let ip = dies.parse().expect("an address");
        if last {
            run.dead.insert(ip)
        } else {
            run.dead.remove(&ip)
        };
        run.round();
        run.round();
    }
    // At the sorry server we add before we remove, and keepalived the other way round.
    same(sorted(run.take()), sorted(corpus.told(32..=51)));
}

#[test]
fn a_reload_and_the_stop_are_keepaliveds_messages() {
    let Some((corpus, mut run)) = begun() else { return };
    run.take();
    let third = "real_server 10.9.0.23 80 {";
    let from = corpus.config.find(third).expect("the third server");
    let to = from + corpus.config[from..].find("\n }\n").expect("its end") + 3;
    let changed = [&corpus.config[..from], &corpus.config[to..]].concat();
    let changed = changed.replacen("weight 1\n", "weight 9\n", 1);
    run.give(Input::Reload(Box::new(read(&changed).lvs)));
    // keepalived sets the timeouts back and forth (52, 54); we leave them alone.
    same(sorted(run.take()), sorted(corpus.told(55..=56)));
    run.give(Input::Stop { keep: false });
    let told = run.take();
    let (daemon, told): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|m| matches!(Command::decode(m), Ok(Command::DelDaemon { .. })));
    same(told, corpus.told(57..=85));
    // It was a backup here: message 88 is what ends it.
    same(daemon, corpus.told(88..=88));
}

#[test]
fn the_sync_daemon_follows_its_router_with_keepaliveds_messages() {
    let Some((corpus, mut run)) = begun() else { return };
    run.take();
    run.give(Input::Router { name: "V".into(), master: true });
    same(run.take(), corpus.told(88..=89));
    let again = read(&corpus.config).lvs;
    run.give(Input::Reload(Box::new(again)));
    same(run.take(), Vec::new());
    run.give(Input::Stop { keep: false });
    same(run.take()[..1].to_vec(), corpus.told(94..=94));
}
