//! `cl_status`: the old command, its output and its exit codes
//! (`docs/ancestors/heartbeat.md §6.6`; every sentence and code here measured on 3.0.6).

use crate::client::{Ask, AskError};
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::old::{BadOption, Parsed, Voice, parse};
use crate::suggest;
use api::{LinkState, NodeKind, NodeState, NodeStatus, Reply, Request, RoleStatus};

/// Asked for something that is not up, or could not ask at all.
const FAIL: Exit = Exit::Old(1);
/// The command line is wrong, or names no such node.
const BAD_PARAMETER: Exit = Exit::Old(11);
/// The daemon did not answer within 5 s.
const TIMEOUT: Exit = Exit::Old(12);
/// The daemon had no answer.
const NO_ANSWER: Exit = Exit::Old(13);

/// How long `clientstatus` waits for another node when no timeout is given, in milliseconds.
const CLIENT_TIMEOUT_MS: u64 = 500;

/// The sub-commands with their options, parameters and one sentence each.
const COMMANDS: [(&str, &str, &str, &str); 10] = [
    ("clientstatus", "m", "<node-name> <client-id> [<timeout>]", "whether a client is signed on"),
    ("hblinkstatus", "m", "<node-name> <link-name>", "whether a heartbeat link is up"),
    ("hbstatus", "vm", "[-v]", "whether heartbeat runs on this machine; -v: all nodes and links"),
    ("listnodes", "pnvm", "[-p|-n] [-v]", "the nodes; -p ping nodes, -n members, -v with status"),
    ("listhblinks", "vm", "<node-name>", "the heartbeat links to a node; -v: with status"),
    ("nodestatus", "m", "<node-name>", "a node's status"),
    ("nodeweight", "m", "<node-name>", "a node's weight"),
    ("nodesite", "m", "<node-name>", "a node's site"),
    ("nodetype", "m", "<node-name>", "whether a node is normal or ping"),
    ("rscstatus", "m", "", "which resources this node holds"),
];
/// The eleventh, whose option has a value.
const HBPARAMETER: (&str, &str, &str, &str) =
    ("hbparameter", "mp:", "-p <parameter-name>", "the value of a parameter of ha.cf");

/// The voice `cl_status` complains in.
pub fn voice() -> Voice {
    Voice::new("cl_status")
}

/// Runs `cl_status ARGS`.
///
/// # Errors
/// Only when the streams can't be written; everything else is an exit code.
pub fn run(
    args: &[String],
    ask: &mut dyn Ask,
    voice: &Voice,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let Some((command, rest)) = args.split_first() else {
        usage(console)?;
        return Ok(Exit::Done);
    };
    if command == "-h" {
        usage(console)?;
        return Ok(Exit::Done);
    }
    let Some((_, letters, ..)) = commands().find(|(name, ..)| name == command) else {
        let hint = suggest::hint(command, commands().map(|(name, ..)| name));
        voice.say(console, "ERROR", &format!("{command}: invalid sub-command.{hint}"))?;
        return Ok(BAD_PARAMETER);
    };
    let mut this = Run { ask, voice, console, command };
    if command != "hbstatus" {
        // The old command signs on before it reads the rest of its line.
        match this.status() {
            Ok(status) => return this.answer(parse(letters, rest), &status),
            Err(error) => return this.no_sign_on(&error),
        }
    }
    match (this.status(), parse(letters, rest)) {
        (_, Err(bad)) => this.bad_option(&bad),
        (Ok(status), Ok(parsed)) => this.hbstatus(&parsed, &status),
        (Err(AskError::NotRunning(_)), Ok(_)) => {
            writeln!(this.console.out, "Heartbeat is stopped on this machine.")?;
            Ok(FAIL)
        }
        (Err(error), Ok(_)) => this.no_sign_on(&error),
    }
}

/// Every sub-command: its name, its letters, its parameters and one sentence.
pub(crate) fn commands()
-> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
    COMMANDS.into_iter().chain([HBPARAMETER])
}

fn usage(console: &mut Console<'_>) -> Result<(), Stop> {
    writeln!(console.out, "Usage: cl_status <sub-command> [<options>] [<parameters>]\n")?;
    writeln!(console.out, "Sub-commands:")?;
    for (name, _, parameters, what) in commands() {
        writeln!(console.out, "{name} {parameters}\n\t{what}")?;
    }
    writeln!(console.out, "Option of all: -m, a sentence instead of a word")?;
    Ok(())
}

/// One run of one sub-command.
struct Run<'a, 'c> {
    ask: &'a mut dyn Ask,
    voice: &'a Voice,
    console: &'a mut Console<'c>,
    command: &'a str,
}

impl Run<'_, '_> {
    fn status(&mut self) -> Result<RoleStatus, AskError> {
        match self.ask.ask(&Request::Status)? {
            Reply::Status(status) => Ok(*status),
            Reply::Refused { text } => Err(AskError::Broken(text)),
            other => Err(AskError::Broken(format!("unexpected answer: {other:?}"))),
        }
    }

    fn answer(
        &mut self,
        parsed: Result<Parsed, BadOption>,
        status: &RoleStatus,
    ) -> Result<Exit, Stop> {
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(bad) => return self.bad_option(&bad),
        };
        let human = parsed.has('m');
        let words: Vec<&str> = parsed.words.iter().map(String::as_str).collect();
        match (self.command, words.as_slice()) {
            ("listnodes", _) => self.list_nodes(&parsed, status),
            ("rscstatus", _) => self.rscstatus(human, status),
            ("hbparameter", _) => self.hbparameter(human, parsed.value('p')),
            ("nodestatus" | "nodetype" | "nodeweight" | "nodesite", [node, ..]) => {
                self.node(human, node, status)
            }
            ("listhblinks", [node, ..]) => self.list_links(&parsed, node, status),
            ("hblinkstatus", [node, link, ..]) => self.link(human, node, link, status),
            ("clientstatus", [node, client, rest @ ..]) => {
                let timeout = rest.first().and_then(|word| word.parse().ok());
                self.client(node, client, timeout.unwrap_or(CLIENT_TIMEOUT_MS))
            }
            ("hblinkstatus" | "clientstatus", _) => {
                writeln!(self.console.err, "No enough parameter.")?;
                Ok(BAD_PARAMETER)
            }
            _ => {
                writeln!(self.console.err, "Not enough parameters.")?;
                Ok(BAD_PARAMETER)
            }
        }
    }

    fn hbstatus(&mut self, parsed: &Parsed, status: &RoleStatus) -> Result<Exit, Stop> {
        if parsed.has('v') {
            writeln!(self.console.out, "version:\t{}", status.version)?;
            writeln!(self.console.out, "managed by:\t\"haresources\"")?;
            return self.list_nodes(parsed, status);
        }
        writeln!(self.console.out, "Heartbeat is running on this machine.")?;
        Ok(Exit::Done)
    }

    /// The old daemon lists in the reverse order of ha.cf (measured).
    fn list_nodes(&mut self, parsed: &Parsed, status: &RoleStatus) -> Result<Exit, Stop> {
        for node in status.nodes.iter().rev() {
            let other = match node.kind {
                NodeKind::Normal => 'p',
                NodeKind::Ping => 'n',
            };
            if parsed.has(other) {
                continue;
            }
            if !parsed.has('v') {
                writeln!(self.console.out, "{}", node.name)?;
                continue;
            }
            let (name, kind) = (&node.name, kind(node));
            writeln!(self.console.out, "\n{name}\t{}\t(nodetype: {kind})", word(node.state))?;
            for link in &node.links {
                writeln!(self.console.out, "\t{}\t{}", link.name, link_word(link.state))?;
            }
        }
        Ok(Exit::Done)
    }

    fn rscstatus(&mut self, human: bool, status: &RoleStatus) -> Result<Exit, Stop> {
        let held = if status.stable { status.held.word() } else { "transition" };
        if !human {
            writeln!(self.console.out, "{held}")?;
        } else if status.stable {
            writeln!(self.console.out, "This node is holding {held} resources.")?;
        } else {
            writeln!(self.console.out, "Resources are in transition.")?;
        }
        Ok(Exit::Done)
    }

    fn node(&mut self, human: bool, name: &str, status: &RoleStatus) -> Result<Exit, Stop> {
        let Some(node) = find(status, name) else {
            let sentence = match self.command {
                "nodeweight" => "Error. Maybe due to incorrect node name.",
                _ => "Error. May be due to incorrect node name",
            };
            writeln!(self.console.err, "{sentence}")?;
            return Ok(BAD_PARAMETER);
        };
        let (word, sentence) = match self.command {
            "nodestatus" => (word(node.state).to_owned(), "The cluster node {} is {}"),
            "nodetype" => (kind(node).to_owned(), "The node {}'s type: {}"),
            "nodeweight" => (node.weight.to_string(), "The cluster node {} weight is {}"),
            _ => (node.site.clone(), "The cluster node {} site is {}"),
        };
        if human {
            let sentence = sentence.replacen("{}", name, 1).replacen("{}", &word, 1);
            writeln!(self.console.out, "{sentence}")?;
        } else {
            writeln!(self.console.out, "{word}")?;
        }
        let dead = self.command == "nodestatus" && !node.state.is_alive();
        Ok(if dead { FAIL } else { Exit::Done })
    }

    fn list_links(
        &mut self,
        parsed: &Parsed,
        name: &str,
        status: &RoleStatus,
    ) -> Result<Exit, Stop> {
        let Some(node) = find(status, name) else {
            self.voice.say(self.console, "ERROR", "Cannot start heartbeat link interface walk.")?;
            self.voice.say(self.console, "ERROR", "REASON: EINVAL")?;
            return Ok(NO_ANSWER);
        };
        if parsed.has('m') {
            writeln!(self.console.out, "\tthis node has the following heartbeat links:")?;
        }
        for link in &node.links {
            if parsed.has('v') {
                writeln!(self.console.out, "\t{}\t{}", link.name, link_word(link.state))?;
            } else {
                writeln!(self.console.out, "\t{}", link.name)?;
            }
        }
        Ok(Exit::Done)
    }

    fn link(
        &mut self,
        human: bool,
        name: &str,
        link: &str,
        status: &RoleStatus,
    ) -> Result<Exit, Stop> {
        let found = find(status, name).and_then(|n| n.links.iter().find(|l| l.name == link));
        let Some(found) = found else {
            self.voice.say(self.console, "ERROR", "Cannot get heartbeat link status")?;
            self.voice.say(self.console, "ERROR", "REASON: ")?;
            return Ok(NO_ANSWER);
        };
        let word = link_word(found.state);
        if human {
            writeln!(self.console.out, "The node {name}'s heartbeat link {link} is {word}")?;
        } else {
            writeln!(self.console.out, "{word}")?;
        }
        Ok(if found.state == LinkState::Up { Exit::Done } else { FAIL })
    }

    fn client(&mut self, node: &str, client: &str, timeout_ms: u64) -> Result<Exit, Stop> {
        let (node, name) = (node.to_owned(), client.to_owned());
        let request = Request::ClientStatus { node, client: name, timeout_ms };
        match self.ask.ask(&request) {
            Ok(Reply::Parameter { value: Some(value) }) => {
                writeln!(self.console.out, "{value}")?;
                Ok(if value == "online" { Exit::Done } else { FAIL })
            }
            Ok(_) => {
                let sentence = format!("Cannot get heartbeat client {client}'s status");
                self.voice.say(self.console, "ERROR", &sentence)?;
                self.voice.say(self.console, "ERROR", "REASON: No timely response.")?;
                Ok(NO_ANSWER)
            }
            Err(error) => self.no_sign_on(&error),
        }
    }

    fn hbparameter(&mut self, human: bool, name: Option<&str>) -> Result<Exit, Stop> {
        let Some(name) = name else {
            self.voice.say(self.console, "ERROR", "parameter name required")?;
            return Ok(BAD_PARAMETER);
        };
        match self.ask.ask(&Request::Parameter { name: name.to_owned() }) {
            Ok(Reply::Parameter { value: Some(value) }) => {
                if human {
                    writeln!(self.console.out, "Heartbeat parameter {name}'s value: {value}")?;
                } else {
                    writeln!(self.console.out, "{value}")?;
                }
                Ok(Exit::Done)
            }
            Ok(_) => {
                let sentence = format!("Cannot get parameter {name}'s value");
                self.voice.say(self.console, "ERROR", &sentence)?;
                self.voice.say(self.console, "ERROR", "REASON: ")?;
                Ok(FAIL)
            }
            Err(error) => self.no_sign_on(&error),
        }
    }

    fn no_sign_on(&mut self, error: &AskError) -> Result<Exit, Stop> {
        if let AskError::Late(_) = error {
            self.voice.say(self.console, "ERROR", &error.to_string())?;
            return Ok(TIMEOUT);
        }
        self.voice.say(self.console, "ERROR", "Cannot signon with heartbeat")?;
        let reason = match error {
            AskError::NotRunning(_) => {
                "hb_api_signon: Can't initiate connection to heartbeat".to_owned()
            }
            other => other.to_string(),
        };
        self.voice.say(self.console, "ERROR", &format!("REASON: {reason}"))?;
        Ok(FAIL)
    }

    fn bad_option(&mut self, bad: &BadOption) -> Result<Exit, Stop> {
        writeln!(self.console.err, "{}: {bad}", self.command)?;
        Ok(BAD_PARAMETER)
    }
}

/// The node of that name; names are compared without regard to case.
fn find<'a>(status: &'a RoleStatus, name: &str) -> Option<&'a NodeStatus> {
    status.nodes.iter().find(|node| node.name.eq_ignore_ascii_case(name))
}

const fn kind(node: &NodeStatus) -> &'static str {
    match node.kind {
        NodeKind::Normal => "normal",
        NodeKind::Ping => "ping",
    }
}

/// A node not heard yet: the old daemon calls it by the word it starts with.
const fn word(state: NodeState) -> &'static str {
    match state {
        NodeState::Unknown => "init",
        other => other.word(),
    }
}

const fn link_word(state: LinkState) -> &'static str {
    match state {
        LinkState::Up => "up",
        LinkState::Dead => "dead",
    }
}
