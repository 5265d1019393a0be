//! What instances can track: scripts, files, processes, BFD sessions, delays of interfaces.

use super::Lowering;
use super::commands::program;
use super::global::{default, default_time, text};
use crate::keepalived::directives::Block;
use crate::keepalived::findings::Place;
use crate::keepalived::host::Program;
use crate::keepalived::settings::{BfdSession, ParamMatch, TrackFile, TrackProcess};
use crate::keepalived::tree::Node;
use crate::keepalived::values;
use crate::text::quote;
use std::time::Duration;
use vrrp::config::{LinkDelay, Script};

/// Weights of scripts lie in this range; 2.2.7 complains beyond it and uses them (measured).
const SCRIPT_WEIGHT: i64 = 253;
/// Weights of processes lie in this range.
const PROCESS_WEIGHT: i64 = 254;
/// The longest delay of an interface (docs/ancestors/keepalived.md §1.3).
const LINK_DELAY_MAX: u64 = 255;

/// A script, with what trackers of it take over.
pub(super) struct ScriptDraft {
    pub script: Script,
    pub weight: i32,
    pub reverse: bool,
    /// Its program can be run.
    pub usable: bool,
}

impl Lowering<'_> {
    pub(super) fn script(&mut self, block: &Node) {
        let name = text(block).unwrap_or_default();
        let Some(script) = self.script_values(block, &name) else { return };
        let what = script.script.command.clone();
        let usable = match self.program(&what) {
            Program::Fine => {
                self.first_script.get_or_insert(block.place());
                true
            }
            Program::Missing => {
                let why = "is not there, or not executable";
                self.scripts_later.push((block.place(), program(&what).to_owned(), why));
                false
            }
            Program::Writable => {
                let why = "can be written to by others than root";
                self.scripts_later.push((block.place(), program(&what).to_owned(), why));
                false
            }
        };
        self.scripts.push(ScriptDraft { usable, ..script });
    }

    fn script_values(&mut self, block: &Node, name: &str) -> Option<ScriptDraft> {
        let (mut command, mut user) = (None, None);
        let mut interval = default_time(Block::Script, "interval");
        let mut timeout = None;
        let (mut fall, mut rise) =
            (default(Block::Script, "fall") as u32, default(Block::Script, "rise") as u32);
        let (mut weight, mut reverse) = (0, false);
        let named = block.nodes().iter().any(|node| node.name() == "user");
        for node in block.nodes() {
            match node.name() {
                "script" => command = Some(self.script_command(node, named)),
                "interval" => {
                    if let Some(value) = values::number(node, self.found) {
                        interval = values::micros(value);
                        self.fraction(node, value);
                    }
                }
                "timeout" => {
                    let value = values::number(node, self.found);
                    if value == Some(0) {
                        values::refuse(node, self.found);
                    }
                    timeout = value.map(|value| values::micros(value.max(1_000_000)));
                }
                "fall" => fall = values::number(node, self.found).map_or(fall, |v| v as u32),
                "rise" => rise = values::number(node, self.found).map_or(rise, |v| v as u32),
                "weight" => (weight, reverse) = self.own_weight(node, SCRIPT_WEIGHT),
                "user" => user = self.user_of(node.behind()).or(user),
                _ => {}
            }
        }
        let Some(command) = command else {
            self.no_script(block, name);
            return None;
        };
        let mut command = command?;
        if let Some((user, group)) = user {
            (command.user, command.group) = (user, group);
        }
        let timeout = timeout.unwrap_or(interval);
        let script = Script { name: name.to_owned(), command, interval, timeout, fall, rise };
        Some(ScriptDraft { script, weight, reverse, usable: true })
    }

    /// `script` alone takes no user behind it: a user has its own keyword.
    fn script_command(&mut self, node: &Node, named: bool) -> Option<vrrp::config::Command> {
        let first = node.behind().get(..1)?;
        let mut command = self.command_of(first, named)?;
        // Unquoted words behind the program are its arguments here.
        command.argv.extend(node.behind().iter().skip(1).map(|word| word.text.clone()));
        Some(command)
    }

    fn fraction(&mut self, node: &Node, value: i64) {
        if value.wrapping_rem(1_000_000) != 0 {
            let what = "this interval is no whole number of seconds".to_owned();
            let then = [
                "it is used as written",
                "2.2.7 knows whole seconds alone (0.5 is 1, with a complaint); newer ones use it",
                "",
            ];
            self.found.complain(node.place(), "fraction", what, then);
        }
    }

    fn no_script(&mut self, block: &Node, name: &str) {
        let what = format!("the script {} has no `script` line", quote(name));
        let then = [
            "it is removed, and what tracks it isn't tracked",
            "keepalived does the same",
            "add `script \"COMMAND\"`",
        ];
        self.found.complain(block.place(), "no-script", what, then);
    }

    /// A tracked thing's own weight. Beyond the range it is used all the same, with a warning.
    fn own_weight(&mut self, node: &Node, limit: i64) -> (i32, bool) {
        let Some((value, reverse)) = values::weight(&node.words, 1) else {
            self.weight_range(node, limit, "the default counts");
            return (0, false);
        };
        if value.unsigned_abs() > limit.unsigned_abs() {
            self.weight_range(node, limit, "it is used as it is; priorities end at 1 and 254");
        }
        (value.clamp(i32::MIN.into(), i32::MAX.into()) as i32, reverse == Some(true))
    }

    fn weight_range(&mut self, node: &Node, limit: i64, effect: &str) {
        let at = node.word(1).map_or_else(|| node.place(), |word| word.place);
        let what = "this weight is none, or out of its range".to_owned();
        let cure = format!("allowed: -{limit} to {limit}");
        let then = [effect, "keepalived says so and does the same", cure.as_str()];
        self.found.warn(at, "weight-range", what, then);
    }

    pub(super) fn track_file(&mut self, block: &Node) {
        let name = text(block).unwrap_or_default();
        let (mut path, mut init) = (None, None);
        let (mut weight, mut reverse) = (default(Block::TrackFile, "weight") as i32, false);
        for node in block.nodes() {
            match node.name() {
                "file" => path = text(node),
                "weight" => (weight, reverse) = self.own_weight(node, i32::MAX.into()),
                _ => {
                    let number = node.behind().iter().find_map(|word| word.text.parse().ok());
                    let over = node.behind().iter().any(|word| word.text == "overwrite");
                    init = Some((number.unwrap_or(0), over));
                }
            }
        }
        match path {
            Some(path) => {
                self.settings.track_files.push(TrackFile { name, path, weight, reverse, init });
            }
            None => self.lacks(block, "file"),
        }
    }

    fn lacks(&mut self, block: &Node, keyword: &str) {
        let what = format!("this `{}` has no `{keyword}` line", block.row.name);
        let then = ["it is removed", "keepalived does the same", "add the line"];
        self.found.complain(block.place(), "incomplete", what, then);
    }

    pub(super) fn track_process(&mut self, block: &Node) {
        let mut process = TrackProcess {
            name: text(block).unwrap_or_default(),
            process: Vec::new(),
            param_match: None,
            weight: 0,
            reverse: false,
            quorum: default(Block::TrackProcess, "quorum") as u16,
            quorum_max: None,
            fork_delay: Duration::ZERO,
            terminate_delay: Duration::ZERO,
            full_command: false,
        };
        for node in block.nodes() {
            let number =
                if node.row.takes.needs_word() { values::number(node, self.found) } else { None };
            match node.name() {
                "process" => process.process = node.behind().iter().flat_map(parts).collect(),
                "param_match" => {
                    process.param_match = match values::choice(node, self.found) {
                        Some("initial") => Some(ParamMatch::Initial),
                        Some(_) => Some(ParamMatch::Partial),
                        None => None,
                    }
                }
                "weight" => {
                    (process.weight, process.reverse) = self.own_weight(node, PROCESS_WEIGHT);
                }
                "quorum" => process.quorum = number.map_or(process.quorum, |n| n as u16),
                "quorum_max" => process.quorum_max = number.map(|n| n as u16),
                "delay" => {
                    let delay = values::micros(number.unwrap_or(0));
                    (process.fork_delay, process.terminate_delay) = (delay, delay);
                }
                "fork_delay" => process.fork_delay = values::micros(number.unwrap_or(0)),
                "terminate_delay" => process.terminate_delay = values::micros(number.unwrap_or(0)),
                _ => process.full_command = true,
            }
        }
        if process.process.is_empty() {
            self.lacks(block, "process");
        } else {
            self.settings.track_processes.push(process);
        }
    }

    pub(super) fn bfd(&mut self, block: &Node) {
        let number = |name| default(Block::Bfd, name) as u64;
        let millis = |name| Duration::from_millis(number(name));
        let (mut neighbor, mut source) = (None, None);
        let (mut min_rx, mut min_tx, mut idle_tx) =
            (millis("min_rx"), millis("min_tx"), millis("idle_tx"));
        let (mut multiplier, mut ttl, mut hops) = (number("multiplier") as u8, None, Some(0));
        let (mut weight, mut reverse) = (0, false);
        let (mut passive, mut multihop, mut vrrp, mut checker) = (false, false, false, false);
        for node in block.nodes() {
            let value =
                if node.row.takes.needs_word() { values::number(node, self.found) } else { None };
            let time = value.map(|value| Duration::from_millis(value as u64));
            match node.name() {
                "neighbor_ip" => neighbor = values::address(node, self.found),
                "source_ip" => source = values::address(node, self.found),
                "min_rx" => min_rx = time.unwrap_or(min_rx),
                "min_tx" => min_tx = time.unwrap_or(min_tx),
                "idle_tx" => idle_tx = time.unwrap_or(idle_tx),
                "multiplier" => multiplier = value.map_or(multiplier, |value| value as u8),
                "ttl" | "hoplimit" => ttl = value.map(|value| value as u8).or(ttl),
                "max_hops" => {
                    hops = value.filter(|hops| (0..255).contains(hops)).map(|hops| hops as u8);
                }
                "weight" => (weight, reverse) = self.own_weight(node, SCRIPT_WEIGHT),
                "passive" => passive = true,
                "vrrp" => vrrp = true,
                "checker" => checker = true,
                _ => multihop = values::switch(node, self.found).unwrap_or(false),
            }
        }
        let Some(neighbor) = neighbor else { return self.lacks(block, "neighbor_ip") };
        let usual = if neighbor.is_ipv4() { "ttl" } else { "hoplimit" };
        // Without either word both are told.
        let (vrrp, checker) = (vrrp || !checker, checker || !vrrp);
        self.settings.bfd_sessions.push(BfdSession {
            name: text(block).unwrap_or_default(),
            neighbor,
            source,
            min_rx,
            min_tx,
            idle_tx,
            multiplier,
            passive,
            ttl: ttl.unwrap_or(number(usual) as u8),
            max_hops: hops,
            weight,
            reverse,
            vrrp,
            checker,
            multihop,
        });
    }

    pub(super) fn up_down_delays(&mut self, block: &Node) {
        for entry in block.entries() {
            let second = |at: usize| {
                let value: u64 = entry.get(at)?.text.parse().ok()?;
                (value <= LINK_DELAY_MAX).then_some(Duration::from_secs(value))
            };
            let (Some(name), Some(down)) = (entry.first(), second(1)) else {
                let at = entry.first().map_or_else(Place::default, |word| word.place);
                let then = [
                    "the line is ignored",
                    "keepalived does the same",
                    "write `INTERFACE DOWN [UP]`, at most 255 seconds",
                ];
                let what = "this delay is none".to_owned();
                self.found.complain(at, "bad-delay", what, then);
                continue;
            };
            let up = second(2).unwrap_or(down);
            self.link_delays.push(LinkDelay { interface: name.text.clone(), down, up });
        }
    }
}

/// A word, or the words of a quoted command.
fn parts(word: &crate::keepalived::lexer::Word) -> Vec<String> {
    if word.quoted {
        crate::keepalived::lexer::command_words(&word.text)
    } else {
        vec![word.text.clone()]
    }
}
