//! haresources as a CIB: what Heartbeat's `haresources2cib` made of it, in today's syntax.
//!
//! A line becomes a primitive, or a group if it has several resources, and a location that prefers
//! the line's node with a score of 100. Ids are `IPaddr_192_0_2_1`, `Type_N` and `group_N`.

use std::fmt;

use crate::xml::{Document, NodeId};

/// No more lines than this, and so no more resources than a machine can run.
pub const MAX_LINES: usize = 10_000;

/// The score of the node a line names.
const HOME_SCORE: &str = "100";

/// What the machine knows of agents and nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The nodes of ha.cf.
    pub nodes: Vec<String>,
    /// Scripts in `/etc/init.d`: what is one of them and no known agent is of class lsb.
    pub init_scripts: Vec<String>,
    /// Known agents become class ocf; without it they stay class heartbeat.
    pub ocf: bool,
    /// Resources get a monitor.
    pub monitor: bool,
}

/// What cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub sentence: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.sentence)
    }
}

/// Parameters of agents in the order in which haresources gives them.
const AGENTS: &[(&str, &[&str])] = &[
    ("AudibleAlarm", &["nodelist"]),
    ("Delay", &["startdelay"]),
    ("Filesystem", &["device", "directory", "fstype", "options"]),
    ("ICP", &["driveid", "device"]),
    ("IPaddr", &["ip"]),
    ("IPaddr2", &["ip"]),
    ("IPsrcaddr", &["ipaddress"]),
    ("IPv6addr", &["ipv6addr"]),
    ("LVM", &["volgrpname"]),
    ("LinuxSCSI", &["scsi"]),
    ("MailTo", &["email", "subject"]),
    ("Raid1", &["raidconf", "raiddev"]),
    ("ServeRAID", &["serveraid", "mergegroup"]),
    ("SendArp", &["ip", "nic"]),
    ("VIPArip", &["ip", "nic"]),
    ("WAS", &["config", "port"]),
    ("WAS6", &["profile"]),
    ("WinPopup", &["hostfile"]),
    ("Xinetd", &["service"]),
    ("apache", &["configfile", "httpd", "port"]),
    ("db2", &["instance"]),
    ("ids", &["informixdir", "informixserver", "onconfig"]),
    ("ldirectord", &["configfile"]),
    ("oracle", &["sid", "home", "user"]),
    ("oralsnr", &["sid", "home", "user"]),
    ("pgsql", &["pgctl", "start_opt", "psql", "pgdata"]),
    ("portblock", &["protocol", "portno", "action"]),
    ("rsyncd", &["binpath", "conffile", "bwlimit"]),
];

/// Agents for addresses: they are asked more often.
const ADDRESSES: &[&str] = &["IPaddr", "IPaddr2", "IPsrcaddr", "IPv6addr"];

/// Cluster options that `haresources2cib` wrote and that still mean something.
const OPTIONS: &[(&str, &str)] = &[
    ("symmetric-cluster", "true"),
    ("no-quorum-policy", "stop"),
    ("stonith-enabled", "false"),
    ("stonith-action", "reboot"),
    ("startup-fencing", "true"),
    ("stop-orphan-resources", "true"),
    ("stop-orphan-actions", "true"),
    ("cluster-delay", "60s"),
    ("pe-error-series-max", "-1"),
    ("pe-warn-series-max", "-1"),
    ("pe-input-series-max", "-1"),
];

/// Makes a CIB of a haresources.
///
/// # Errors
/// The lines that mean nothing, all of them.
pub fn to_cib(text: &str, around: &Surroundings) -> Result<Document, Vec<Mistake>> {
    let mut maker = Maker::new(around);
    for (number, line) in logical_lines(text) {
        maker.line = number;
        if number > MAX_LINES {
            maker.complain(format!("there are more than {MAX_LINES} lines"));
            break;
        }
        maker.read(&line);
    }
    if maker.mistakes.is_empty() { Ok(maker.doc) } else { Err(maker.mistakes) }
}

/// Lines joined at `\`, without empty ones, with the number of the first.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut joining = false;
    for (at, line) in text.lines().enumerate() {
        let (part, more) = match line.trim_end().strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line.trim_end(), false),
        };
        match found.last_mut().filter(|_| joining) {
            Some((_, whole)) => whole.push_str(part),
            None if part.trim().is_empty() => {}
            None => found.push((at + 1, part.to_owned())),
        }
        joining = more;
    }
    found
}

struct Maker<'a> {
    around: &'a Surroundings,
    doc: Document,
    resources: NodeId,
    constraints: NodeId,
    /// Numbers resources that are named by their type.
    numbered: u32,
    groups: u32,
    line: usize,
    mistakes: Vec<Mistake>,
}

impl<'a> Maker<'a> {
    fn new(around: &'a Surroundings) -> Self {
        let mut doc = Document::new("cib");
        let root = doc.root().id();
        let facts = [
            ("admin_epoch", "0"),
            ("epoch", "1"),
            ("num_updates", "0"),
            ("validate-with", "pacemaker-3.9"),
        ];
        for (name, value) in facts {
            doc.set(root, name, value);
        }
        let configuration = doc.append(root, "configuration");
        let options = doc.append(configuration, "crm_config");
        let set = doc.append(options, "cluster_property_set");
        doc.set(set, "id", "cib-bootstrap-options");
        for (name, value) in OPTIONS {
            pair(&mut doc, set, "cib-bootstrap-options", name, value);
        }
        let nodes = doc.append(configuration, "nodes");
        for name in &around.nodes {
            let node = doc.append(nodes, "node");
            doc.set(node, "id", name);
            doc.set(node, "uname", name);
        }
        let resources = doc.append(configuration, "resources");
        let constraints = doc.append(configuration, "constraints");
        doc.append(root, "status");
        let mistakes = Vec::new();
        Self { around, doc, resources, constraints, numbered: 0, groups: 0, line: 0, mistakes }
    }

    fn complain(&mut self, sentence: String) {
        self.mistakes.push(Mistake { line: self.line, sentence });
    }

    fn read(&mut self, line: &str) {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("#rsc_order") {
            return self.order(rest);
        }
        if let Some(rest) = line.strip_prefix("#rsc_colocation") {
            return self.colocation(rest);
        }
        let (before, behind) = match line.split_once('#') {
            Some((before, behind)) => (before, Some(behind.trim())),
            None => (line, None),
        };
        let words: Vec<&str> = before.split_whitespace().collect();
        let Some((node, written)) = words.split_first() else { return };
        if written.is_empty() {
            return self.complain(format!(
                "{node} has no resources; write them behind it, or take the line away"
            ));
        }
        self.whole(node, written, behind);
    }

    /// One line: a resource or a group, perhaps cloned, and where it is at home.
    fn whole(&mut self, node: &str, written: &[&str], behind: Option<&str>) {
        let clone = behind.and_then(|behind| behind.strip_prefix("clone:"));
        let named = behind.filter(|_| clone.is_none()).filter(|name| is_id(name));
        let mut parent = self.resources;
        let mut id = String::new();
        if let Some(name) = clone {
            id = if is_id(name) { name.to_owned() } else { format!("clone_{}", self.numbered + 1) };
            parent = self.element(parent, "clone", &id);
            let meta = self.element(parent, "meta_attributes", &format!("{id}_meta_attrs"));
            let count = self.around.nodes.len().max(1).to_string();
            pair(&mut self.doc, meta, &id, "clone-max", &count);
            pair(&mut self.doc, meta, &id, "clone-node-max", "1");
        }
        if written.len() > 1 {
            self.groups += 1;
            let name = named.map_or_else(|| format!("group_{}", self.groups), str::to_owned);
            parent = self.element(parent, "group", &name);
            if id.is_empty() {
                id = name;
            }
        }
        for word in written {
            let named = named.filter(|_| written.len() == 1);
            if let Some(made) = self.primitive(parent, word, named)
                && id.is_empty()
            {
                id = made;
            }
        }
        if clone.is_none() && !id.is_empty() {
            self.home(&id, node);
        }
    }

    fn element(&mut self, parent: NodeId, name: &str, id: &str) -> NodeId {
        if self.doc.by_id(id).is_some() {
            self.complain(format!("{id} is there twice; a resource has one place"));
        }
        let made = self.doc.append(parent, name);
        self.doc.set(made, "id", id);
        made
    }

    /// One resource: its id, if it means something.
    fn primitive(&mut self, parent: NodeId, word: &str, named: Option<&str>) -> Option<String> {
        let (kind, arguments) = meaning(word);
        if kind.is_empty() {
            self.complain(format!("`{word}` names no agent"));
            return None;
        }
        let address = arguments.first().filter(|_| ADDRESSES.contains(&kind));
        let id = match (named, address) {
            (Some(name), _) => name.to_owned(),
            (None, Some(address)) => {
                let address = address.split('/').next().unwrap_or_default();
                format!("{kind}_{}", address.replace(['.', ':'], "_"))
            }
            (None, None) => {
                self.numbered += 1;
                format!("{kind}_{}", self.numbered)
            }
        };
        let made = self.element(parent, "primitive", &id);
        let known = AGENTS.iter().find(|(name, _)| *name == kind).map(|(_, names)| *names);
        let init_script = self.around.init_scripts.iter().any(|script| script == kind);
        let class = match known {
            Some(_) if self.around.ocf => "ocf",
            None if init_script => "lsb",
            _ => "heartbeat",
        };
        self.doc.set(made, "class", class);
        if class == "ocf" {
            self.doc.set(made, "provider", "heartbeat");
        }
        self.doc.set(made, "type", kind);
        let parameters = parameters(kind, &arguments, if class == "ocf" { known } else { None });
        if !parameters.is_empty() {
            let block = self.element(made, "instance_attributes", &format!("{id}_inst_attr"));
            for (name, value) in parameters {
                pair(&mut self.doc, block, &format!("{id}_attr"), &name, &value);
            }
        }
        if self.around.monitor {
            self.monitor(made, &id, kind);
        }
        Some(id)
    }

    fn monitor(&mut self, made: NodeId, id: &str, kind: &str) {
        let often = ADDRESSES.contains(&kind);
        let (interval, timeout) = if often { ("5s", "5s") } else { ("120s", "60s") };
        let operations = self.doc.append(made, "operations");
        let op = self.element(operations, "op", &format!("{id}_mon"));
        for (name, value) in [("interval", interval), ("name", "monitor"), ("timeout", timeout)] {
            self.doc.set(op, name, value);
        }
    }

    /// Prefers the line's node.
    fn home(&mut self, id: &str, node: &str) {
        let location =
            self.element(self.constraints, "rsc_location", &format!("rsc_location_{id}"));
        self.doc.set(location, "rsc", id);
        let rule = self.element(location, "rule", &format!("prefered_location_{id}"));
        self.doc.set(rule, "score", HOME_SCORE);
        let expression = self.element(rule, "expression", &format!("prefered_location_{id}_expr"));
        for (name, value) in [("attribute", "#uname"), ("operation", "eq"), ("value", node)] {
            self.doc.set(expression, name, value);
        }
    }

    /// `#rsc_order A ACTION before|after B`.
    fn order(&mut self, rest: &str) {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let [one, action, kind, other] = words.as_slice() else {
            return self.complain("write #rsc_order A start before B".to_owned());
        };
        let id = format!("rsc_order_{one}_{other}");
        let order = self.element(self.constraints, "rsc_order", &id);
        let (first, then) = if *kind == "before" { (one, other) } else { (other, one) };
        let (first_action, then_action) =
            if *kind == "before" { (*action, "start") } else { ("start", *action) };
        for (name, value) in [
            ("first", *first),
            ("first-action", first_action),
            ("then", *then),
            ("then-action", then_action),
        ] {
            self.doc.set(order, name, value);
        }
    }

    /// `#rsc_colocation A B SCORE`.
    fn colocation(&mut self, rest: &str) {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let [one, other, score] = words.as_slice() else {
            return self.complain("write #rsc_colocation A B INFINITY".to_owned());
        };
        let id = format!("rsc_colocation_{one}_{other}");
        let colocation = self.element(self.constraints, "rsc_colocation", &id);
        for (name, value) in [("rsc", *one), ("with-rsc", *other), ("score", *score)] {
            self.doc.set(colocation, name, value);
        }
    }
}

fn pair(doc: &mut Document, block: NodeId, owner: &str, name: &str, value: &str) {
    let pair = doc.append(block, "nvpair");
    doc.set(pair, "id", &format!("{owner}-{name}"));
    doc.set(pair, "name", name);
    doc.set(pair, "value", value);
}

/// Whether a comment at a line's end is a name for what stands before it.
fn is_id(text: &str) -> bool {
    let ok = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(ok)
}

/// The agent and its arguments; a bare address is an IPaddr.
fn meaning(word: &str) -> (&str, Vec<&str>) {
    if !word.contains("::")
        && word.split('/').next().is_some_and(|part| part.split('.').count() == 4)
    {
        return ("IPaddr", vec![word]);
    }
    let mut parts = word.split("::");
    (parts.next().unwrap_or_default(), parts.collect())
}

/// Names and values of an agent's parameters; what is too much is joined into the last.
fn parameters(kind: &str, arguments: &[&str], names: Option<&[&str]>) -> Vec<(String, String)> {
    if let Some(written) = arguments.first().filter(|_| matches!(kind, "IPaddr" | "IPaddr2"))
        && names.is_some()
    {
        return address(written);
    }
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        let numbered = arguments.iter().enumerate();
        return numbered.map(|(at, value)| ((at + 1).to_string(), (*value).to_owned())).collect();
    };
    let mut found: Vec<(String, String)> = Vec::new();
    for (at, value) in arguments.iter().enumerate() {
        match (names.get(at), found.last_mut()) {
            (Some(name), _) => found.push(((*name).to_owned(), (*value).to_owned())),
            (None, Some((_, last))) => {
                last.push(' ');
                last.push_str(value);
            }
            (None, None) => {}
        }
    }
    found
}

/// `ADDRESS[/PREFIX][/NIC][/BROADCAST]` in any order behind the address.
fn address(written: &str) -> Vec<(String, String)> {
    let mut parts = written.split('/');
    let mut found = vec![("ip", parts.next().unwrap_or_default())];
    for part in parts.filter(|part| !part.is_empty()) {
        let name = if part.parse::<u32>().is_ok() {
            "cidr_netmask"
        } else if part.split('.').count() == 4 && part.starts_with(|c: char| c.is_ascii_digit()) {
            "broadcast"
        } else {
            "nic"
        };
        found.push((name, part));
    }
    found.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
