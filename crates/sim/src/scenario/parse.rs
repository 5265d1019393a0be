//! From the text of a scenario file to [`Scenario`], with every error found in one go.

use super::{Change, Cluster, Command, Cut, Edit, Expectation, FileName, PATIENCE};
use super::{Pair, Process, Scenario, Script, Seat, Step};
use base::{Diagnostic, Severity, Span};
use std::net::IpAddr;
use std::time::Duration;

/// Longest scenario file read, in bytes: a hundred times the longest one we have.
const FILE_MAX: usize = 1 << 20;

/// More datagrams a second than this one thread cannot send.
const FLOOD_RATE_MAX: u32 = 100_000;

/// Reads a scenario. `name` is the file's name without `.txt`.
///
/// # Errors
/// Every line that is not understood, with what would have been.
pub fn parse(name: &str, text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    let mut reader = Reader { name, errors: Vec::new() };
    if text.len() > FILE_MAX {
        reader.error(Span::default(), "this file is too long to be a scenario", "split it");
        return Err(reader.errors);
    }
    let scenario = reader.scenario(text);
    match scenario {
        Some(scenario) if reader.errors.is_empty() => Ok(scenario),
        _ => Err(reader.errors),
    }
}

struct Reader<'a> {
    name: &'a str,
    errors: Vec<Diagnostic>,
}

/// A line's command, or what should have been written.
type Parsed<T> = Result<T, String>;

impl Reader<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let file = format!("scenarios/{}.txt", self.name);
        let found = Diagnostic::new(Severity::Error, "scenario::line", file, span, message);
        self.errors.push(found.help(help));
    }

    fn scenario(&mut self, text: &str) -> Option<Scenario> {
        let mut cluster = None;
        let mut pairs = None;
        let mut setup = Vec::new();
        let mut steps = Vec::new();
        for (index, (start, raw)) in lines(text).enumerate() {
            let line = without_comment(raw);
            if line.is_empty() {
                continue;
            }
            let span = Span::new(start, start + raw.len());
            let words: Vec<&str> = line.split_whitespace().collect();
            match (words[0], cluster) {
                ("cluster", None) => match words.get(1).and_then(|word| Cluster::named(word)) {
                    Some(found) => cluster = Some(found),
                    None => self.error(span, "no such cluster", known_clusters()),
                },
                ("cluster", Some(_)) => {
                    self.error(span, "a second `cluster`", "one scenario has one cluster");
                }
                ("pairs", _) => match pair_list(&words[1..]) {
                    Ok(found) => pairs = Some(found),
                    Err(help) => self.error(span, "not a list of pairs", help),
                },
                (_, None) => {
                    self.error(span, "the cluster is not known yet", "begin with `cluster NAME`");
                    return None;
                }
                (_, Some(cluster)) => {
                    match (Line { cluster, line, words: &words }).step(index + 1) {
                        Ok(Step { command: Command::Edit(edit), pairs, .. })
                            if steps.is_empty() && pairs == Pair::KNOWN =>
                        {
                            setup.push(edit);
                        }
                        Ok(step) => steps.push(step),
                        Err(help) => self.error(span, format!("cannot read `{line}`"), help),
                    }
                }
            }
        }
        let Some(cluster) = cluster else {
            self.error(Span::default(), "the scenario has no cluster", known_clusters());
            return None;
        };
        if steps.is_empty() {
            self.error(Span::default(), "nothing happens here", "begin with `start node1 node2`");
        }
        Some(Scenario {
            name: self.name.to_owned(),
            about: heading(text),
            cluster,
            pairs: pairs.unwrap_or_else(|| Pair::ALL.to_vec()),
            setup,
            steps,
        })
    }
}

/// The lines of a text with the byte each begins at.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split('\n').map(move |line| {
        let at = start;
        start += line.len() + 1;
        (at, line)
    })
}

/// A `#` begins a comment at the start of a line or after a blank, unless it is inside quotes.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let mut blank = true;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if blank && !quoted => return line[..at].trim(),
            _ => {}
        }
        blank = c.is_whitespace();
    }
    line.trim()
}

/// The comment that the file begins with, as one paragraph.
fn heading(text: &str) -> String {
    let comments = text.lines().map_while(|line| line.strip_prefix('#'));
    comments.map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn known_clusters() -> String {
    let names: Vec<_> = Cluster::ALL.iter().map(|cluster| cluster.name).collect();
    format!("clusters are {}", names.join(", "))
}

fn pair_list(words: &[&str]) -> Parsed<Vec<Pair>> {
    let named = words.iter().flat_map(|word| word.split(',')).filter(|word| !word.is_empty());
    let mut chosen = Vec::new();
    for word in named {
        match Pair::parse(word) {
            _ if word == "all" => chosen.extend(Pair::ALL),
            Some(pair) => chosen.push(pair),
            None => return Err(format!("`{word}`: write `all`, or some of {}", all_pairs())),
        }
    }
    let pairs: Vec<_> = Pair::KNOWN.into_iter().filter(|pair| chosen.contains(pair)).collect();
    if pairs.is_empty() {
        Err(format!("write `all`, or some of {}", all_pairs()))
    } else {
        Ok(pairs)
    }
}

fn all_pairs() -> String {
    Pair::KNOWN.map(|pair| pair.to_string()).join(", ")
}

/// One line, split, with the cluster whose names it may use.
struct Line<'a> {
    cluster: &'static Cluster,
    line: &'a str,
    words: &'a [&'a str],
}

impl<'a> Line<'a> {
    fn step(&self, line: usize) -> Parsed<Step> {
        let (pairs, rest) = match self.words {
            ["when", pairs, rest @ ..] => (pair_list(&[pairs])?, rest),
            words => (Pair::KNOWN.to_vec(), words),
        };
        let command = Line { words: rest, ..*self }.command()?;
        Ok(Step { line, text: self.line.to_owned(), pairs, command })
    }

    fn command(&self) -> Parsed<Command> {
        Ok(match self.words {
            ["start", nodes @ ..] => Command::Start(self.seats(nodes)?),
            ["stop", nodes @ ..] => Command::Stop(self.seats(nodes)?),
            ["reload", nodes @ ..] => Command::Reload(self.seats(nodes)?),
            ["kill", "host", node] => Command::KillHost(self.seat(node)?),
            ["kill", "daemon", node] => Command::KillDaemon(self.seat(node)?),
            ["kill", "process", process, "on", node] => {
                Command::KillProcess(self.seat(node)?, named_process(process)?)
            }
            ["boot", node] => Command::Boot(self.seat(node)?),
            ["pause", node, time] => Command::Pause(self.seat(node)?, duration(time)?),
            ["cut", what @ ..] => Command::Cut(self.cut(what)?),
            ["heal", "all"] => Command::HealAll,
            ["heal", what @ ..] => Command::Heal(self.cut(what)?),
            ["wait", time] => Command::Wait(duration(time)?),
            ["flood", rate, "for", time] => {
                Command::Flood { rate: per_second(rate)?, during: duration(time)? }
            }
            ["run", words @ .., "on", "gateway"] if !words.is_empty() => {
                Command::RunOnGateway(words.iter().map(|&w| w.to_owned()).collect())
            }
            ["run", words @ .., "on", node] if !words.is_empty() => {
                Command::Run(self.seat(node)?, words.iter().map(|&w| w.to_owned()).collect())
            }
            ["set" | "drop" | "head" | "write", ..] => Command::Edit(self.edit(None)?),
            ["script", path, rest @ ..] => Command::Script(script(None, path, rest)?),
            ["on", node, "script", path, rest @ ..] => {
                Command::Script(script(Some(self.seat(node)?), path, rest)?)
            }
            ["on", node, rest @ ..] => {
                Command::Edit(Line { words: rest, ..*self }.edit(Some(self.seat(node)?))?)
            }
            ["expect", rest @ .., "within", time] => {
                Command::Expect { what: self.expectation(rest)?, within: duration(time)? }
            }
            ["expect", rest @ .., "for", time] => {
                Command::Hold { what: self.expectation(rest)?, during: duration(time)? }
            }
            ["expect", rest @ ..] => {
                Command::Expect { what: self.expectation(rest)?, within: PATIENCE }
            }
            _ => {
                return Err(
                    "commands are start, stop, reload, kill host, kill daemon, kill process \
                            … on, boot, pause, cut, heal, wait, run … on, set, head, drop, write, \
                            script, on NODE set …, expect, when PAIR …"
                        .into(),
                );
            }
        })
    }

    fn seat(&self, word: &str) -> Parsed<Seat> {
        let [one, two] = &self.cluster.nodes;
        self.cluster.seat(word).ok_or_else(|| {
            format!(
                "`{word}` is no node here: write node1 or node2, or {} or {}",
                one.name, two.name
            )
        })
    }

    fn seats(&self, words: &[&str]) -> Parsed<Vec<Seat>> {
        if words.is_empty() {
            return Err("name one node or both".into());
        }
        words.iter().map(|word| self.seat(word)).collect()
    }

    fn each_once(&self, words: &[&str]) -> Parsed<Vec<Seat>> {
        let mut seats = self.seats(words)?;
        seats.sort_unstable();
        seats.dedup();
        Ok(seats)
    }

    fn link(&self, words: &[&str]) -> Parsed<Option<String>> {
        match words {
            [] => Ok(None),
            [link] if self.cluster.has_link(link) => Ok(Some((*link).to_owned())),
            _ => Err("name one interface of the nodes, or none for all of them".into()),
        }
    }

    fn cut(&self, words: &[&str]) -> Parsed<Cut> {
        let [what, link @ ..] = words else {
            return Err("write `cut node1 [eth0]`, `cut node1->node2 [eth0]`, \
                        `cut node1<->node2 [eth0]`, `cut gateway` or `cut serial`"
                .into());
        };
        if *what == "gateway" && link.is_empty() {
            return Ok(Cut::Gateway);
        }
        if *what == "serial" && link.is_empty() {
            return Ok(Cut::Serial);
        }
        let link = self.link(link)?;
        if let Some((one, other)) = what.split_once("<->") {
            self.two_nodes(one, other)?;
            return Ok(Cut::Between { link });
        }
        if let Some((from, to)) = what.split_once("->") {
            return Ok(Cut::Way { from: self.two_nodes(from, to)?, link });
        }
        Ok(Cut::Cable { node: self.seat(what)?, link })
    }

    fn two_nodes(&self, one: &str, other: &str) -> Parsed<Seat> {
        let (from, to) = (self.seat(one)?, self.seat(other)?);
        if from == to { Err("these are the same node".into()) } else { Ok(from) }
    }

    fn edit(&self, node: Option<Seat>) -> Parsed<Edit> {
        let help = "write `set FILE LINE`, `head FILE LINE | LINE`, `drop FILE WORD` or `write FILE \
                    LINE | LINE`; files are ha.cf, authkeys, haresources, service_checks, \
                    handover.toml, keepalived.conf, frr.conf";
        let [verb, file, rest @ ..] = self.words else { return Err(help.into()) };
        let file = FileName::parse(file).ok_or(help)?;
        let line = rest.join(" ");
        let change = match (*verb, rest) {
            ("set", [_, ..]) if file == FileName::KeepalivedConf => {
                Change::Append(split_lines(rest).join("\n"))
            }
            ("set", [_, ..]) => Change::Append(line),
            ("head", [_, ..]) => Change::Prepend(split_lines(rest)),
            ("drop", [word]) => Change::Drop((*word).to_owned()),
            ("write", _) => Change::Replace(split_lines(rest)),
            _ => return Err(help.into()),
        };
        Ok(Edit { node, file, change })
    }

    fn expectation(&self, words: &[&'a str]) -> Parsed<Expectation> {
        Ok(match words {
            ["service", "on", node] => Expectation::ServiceOn(self.seat(node)?),
            ["no", "service"] => Expectation::NoService,
            ["no", "holder"] => Expectation::Holders(Vec::new()),
            ["one", "holder"] => Expectation::OneHolder,
            ["address", "on", nodes @ ..] => Expectation::Holders(self.each_once(nodes)?),
            ["address", address, "on", nodes @ ..] => Expectation::AddressOn {
                address: ip_address(address)?,
                seats: self.each_once(nodes)?,
            },
            ["no", "address", address] => {
                Expectation::AddressOn { address: ip_address(address)?, seats: Vec::new() }
            }
            [at, "sees", node, state] => Expectation::NodeStatus {
                at: self.seat(at)?,
                node: self.node_name(node),
                state: (*state).to_owned(),
            },
            [at, "sees", node, link, state @ ("up" | "dead")] => Expectation::LinkStatus {
                at: self.seat(at)?,
                node: self.node_name(node),
                link: (*link).to_owned(),
                state: (*state).to_owned(),
            },
            [at, "holds", held @ ("none" | "local" | "foreign" | "all" | "transition")] => {
                Expectation::Resources { at: self.seat(at)?, held: (*held).to_owned() }
            }
            ["daemon", "on", node] => Expectation::Running(self.seat(node)?, true),
            ["no", "daemon", "on", node] => Expectation::Running(self.seat(node)?, false),
            ["log", node, ..] => Expectation::Log { node: self.seat(node)?, text: self.quoted()? },
            ["file", node, path, _, ..] => Expectation::File {
                node: self.seat(node)?,
                path: (*path).to_owned(),
                text: self.quoted()?,
            },
            ["output", _, ..] => Expectation::Output(self.quoted()?),
            ["exit", code] => {
                Expectation::Exit(code.parse().map_err(|_| format!("`{code}` is no exit code"))?)
            }
            ["outage", "below", time] => Expectation::OutageBelow(duration(time)?),
            _ => {
                return Err("what can be expected: service on NODE, no service, one holder, no \
                            holder, address [ADDRESS] on NODES, no address ADDRESS, NODE sees NODE [LINK] STATE, NODE holds \
                            none|local|foreign|all, [no] daemon on NODE, log NODE \"TEXT\", file NODE \
                            PATH \"TEXT\", output \"TEXT\", exit CODE, outage below TIME"
                    .into());
            }
        })
    }

    /// The name the cluster uses for a word: `node2` becomes node2's own name, others stay.
    fn node_name(&self, word: &str) -> String {
        let seat = self.cluster.seat(word);
        seat.map_or_else(|| word.to_owned(), |seat| self.cluster.nodes[seat.0].name.to_owned())
    }

    fn quoted(&self) -> Parsed<String> {
        // Up to the last one, so that a text may have quotes in it.
        let text = self.line.split_once('"').and_then(|(_, rest)| Some(rest.rsplit_once('"')?.0));
        text.filter(|text| !text.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| "put the text into \"quotes\"".into())
    }
}

/// The lines of `LINE | LINE`; a bar inside a word, as in a shell's `||`, is none between lines.
fn split_lines(words: &[&str]) -> Vec<String> {
    let lines = words.split(|word| *word == "|").map(|line| line.join(" "));
    lines.filter(|line| !line.is_empty()).collect()
}

fn script(node: Option<Seat>, path: &str, rest: &[&str]) -> Parsed<Script> {
    let lines = split_lines(rest);
    let is_own = ["/etc/", "/usr/", "/var/"].iter().any(|dir| path.starts_with(dir));
    if !is_own || path.contains("/../") || lines.is_empty() {
        return Err("write `script PATH LINE | LINE`, with a path below /etc, /usr or /var".into());
    }
    Ok(Script { node, path: path.to_owned(), lines })
}

fn named_process(word: &str) -> Parsed<Process> {
    Process::ALL.into_iter().find(|process| process.word() == word).ok_or_else(|| {
        format!("`{word}` is no process of the family: write parent, worker or executor")
    })
}

fn ip_address(word: &str) -> Parsed<IpAddr> {
    word.parse().map_err(|_| format!("`{word}` is no address"))
}

/// `10000/s`.
fn per_second(word: &str) -> Parsed<u32> {
    let number = word.strip_suffix("/s").and_then(|number| number.parse().ok());
    let rate = number.filter(|rate| (1..=FLOOD_RATE_MAX).contains(rate));
    rate.ok_or_else(|| format!("`{word}` is no rate: write 1/s to {FLOOD_RATE_MAX}/s"))
}

/// `500ms`, `2s`, `1.5s` or `3min`.
fn duration(word: &str) -> Parsed<Duration> {
    let units = [("ms", 0.001), ("min", 60.0), ("s", 1.0)];
    let unit = units.into_iter().find_map(|(unit, scale)| Some((word.strip_suffix(unit)?, scale)));
    let seconds = unit.and_then(|(number, scale)| Some(number.parse::<f64>().ok()? * scale));
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| format!("`{word}` is no time: write 500ms, 2s or 3min"))
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
