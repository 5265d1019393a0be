//! haresources: the groups, their homes and their resources
//! (docs/ancestors/heartbeat.md §5.4, §3.11).

use crate::ha_cf::{REFUSED, REFUSED_EFFECT};
use crate::text::{Word, lines, nearest, quote, words};
use crate::{File, Host};
use base::{Diagnostic, GroupKey, NodeName, Severity, Span};
use cluster::config::{Group, Resource};
use std::net::Ipv4Addr;

/// The resource that a bare address stands for.
const BARE_ADDRESS: &str = "IPaddr";

/// Reads the groups; `nodes` are those of ha.cf. What is wrong goes to `found`.
pub(crate) fn read(
    file: &File,
    nodes: &[NodeName],
    host: &Host<'_>,
    found: &mut Vec<Diagnostic>,
) -> Vec<Group> {
    let mut reading = Reading { file, nodes, host, found, groups: Vec::new() };
    for line in logical_lines(&file.text) {
        reading.line(&line);
    }
    reading.keys_inside_other_lines();
    reading.groups.into_iter().map(|(group, _)| group).collect()
}

/// The words of each line; a line that ends in a backslash goes on in the next one.
pub(crate) fn logical_lines(text: &str) -> Vec<Vec<Word<'_>>> {
    let (mut found, mut current) = (Vec::new(), Vec::new());
    for (start, line) in lines(text) {
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        let (line, goes_on) = match line.trim_end().strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        current.append(&mut words(line, start, &[' ', '\t']));
        if !goes_on {
            found.push(std::mem::take(&mut current));
        }
    }
    found.push(current);
    found.retain(|words| !words.is_empty());
    found
}

/// What a word means: `name::arg::arg`, or a bare address.
pub fn resource(word: &str) -> Resource {
    let (name, args) = if is_bare_address(word) {
        (BARE_ADDRESS.to_owned(), vec![word.to_owned()])
    } else {
        let mut parts = word.split("::").map(str::to_owned);
        (parts.next().unwrap_or_default(), parts.collect())
    };
    Resource { written: word.to_owned(), name, args }
}

/// The pattern of the old scripts: `[0-9]*.[0-9]*.[0-9]*.[0-9]*`.
fn is_bare_address(word: &str) -> bool {
    let mut rest = word;
    for part in 0..4 {
        if part > 0 {
            // The next point that a digit follows.
            let Some(at) = rest.match_indices('.').map(|(at, _)| at).find(|at| {
                rest.as_bytes().get(at.saturating_add(1)).is_some_and(u8::is_ascii_digit)
            }) else {
                return false;
            };
            rest = rest.get(at.saturating_add(1)..).unwrap_or("");
        }
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
    }
    true
}

struct Reading<'a> {
    file: &'a File,
    nodes: &'a [NodeName],
    host: &'a Host<'a>,
    found: &'a mut Vec<Diagnostic>,
    /// The groups with the places of their keys.
    groups: Vec<(Group, Span)>,
}

impl Reading<'_> {
    fn finding(&self, severity: Severity, code: &str, span: Span, text: String) -> Diagnostic {
        Diagnostic::new(severity, format!("haresources::{code}"), &self.file.path, span, text)
    }

    fn line(&mut self, words: &[Word<'_>]) {
        let Some((node, resources)) = words.split_first() else { return };
        let Some(home) = self.home(*node) else { return };
        let Some(key) = resources.first().copied() else {
            let text = format!("{} has no resources on this line", quote(node.text));
            let found = self.finding(Severity::Warning, "no-resources", node.span, text);
            let found = found.effect("the line does nothing").compat("the same in Heartbeat 3.0.6");
            return self
                .found
                .push(found.help("write the resources behind the node, or remove it"));
        };
        for word in resources {
            self.check(*word);
        }
        let resources = resources.iter().map(|word| resource(word.text)).collect();
        let group = Group { key: GroupKey::from(key.text), home, resources };
        self.add(group, key.span);
    }

    /// The member that the line's first word names, as ha.cf writes it.
    fn home(&mut self, word: Word<'_>) -> Option<NodeName> {
        let home = self.nodes.iter().find(|node| node.as_str().eq_ignore_ascii_case(word.text));
        if home.is_none() && !self.nodes.is_empty() {
            let text = format!("{} is not a node of ha.cf", quote(word.text));
            let found = self.finding(Severity::Error, "unknown-node", word.span, text);
            let folded: Vec<_> = self.nodes.iter().map(NodeName::folded).collect();
            let near = nearest(word.text, folded.iter().map(NodeName::as_str));
            let found = match near {
                Some(near) => found.label(format!("did you mean `{near}`?")),
                None => found.label("a line begins with the home of its group"),
            };
            let help = "name a node as ha.cf does; a line is continued with `\\` at its end";
            self.found.push(found.effect(REFUSED_EFFECT).compat(REFUSED).help(help));
        }
        home.cloned()
    }

    /// Looks at one resource: can it be run, and does an address look like one?
    fn check(&mut self, word: Word<'_>) {
        let resource = resource(word.text);
        if !(self.host.resource_exists)(&resource.name) {
            let text = format!("no script, agent or unit is called {}", quote(&resource.name));
            let found = self.finding(Severity::Warning, "no-script", word.span, text);
            let found = found.effect("its group can't start on this node");
            let found = found.compat("Heartbeat 3.0.6 starts, and gives the group up later");
            let help = "looked in /etc/ha.d/resource.d, /etc/init.d, the OCF agents and units";
            self.found.push(found.help(help));
        }
        if !["IPaddr", "IPaddr2"].contains(&resource.name.as_str()) {
            return;
        }
        let address = resource.args.first().map_or("", String::as_str);
        if !is_address(address) {
            let text = format!("{} is no IPv4 address", quote(address));
            let found = self.finding(Severity::Warning, "address", word.span, text);
            let found = found.effect("its group can't start");
            let help = "write ADDRESS/BITS/INTERFACE, as in 192.0.2.21/24/eth0";
            self.found.push(found.compat("Heartbeat 3.0.6 starts with it").help(help));
        }
    }

    /// Two lines with one key are one group: each node would otherwise run its own half.
    fn add(&mut self, group: Group, span: Span) {
        let Some((first, place)) = self.groups.iter_mut().find(|(known, _)| known.key == group.key)
        else {
            return self.groups.push((group, span));
        };
        let (place, home) = (*place, first.home.clone());
        for resource in group.resources {
            if !first.resources.contains(&resource) {
                first.resources.push(resource);
            }
        }
        let text =
            format!("the group {} stands here for the second time", quote(group.key.as_str()));
        let found = self.finding(Severity::Warning, "key-twice", span, text);
        let found = found.also(place, "first here");
        let found = found.effect(format!("both lines are one group, whose home is {home}"));
        let found = found.compat("Heartbeat 3.0.6 may run it on both nodes at once");
        self.found.push(found.help("a group is named by its first resource: make them differ"));
    }

    /// The ancestor looks a key up as a word of any line, so such groups moved together.
    fn keys_inside_other_lines(&mut self) {
        let mut findings = Vec::new();
        for (group, span) in &self.groups {
            let inside = self.groups.iter().find(|(other, _)| {
                other.key != group.key
                    && other.resources.iter().any(|r| r.written == group.key.as_str())
            });
            if let Some((other, place)) = inside {
                let key = quote(group.key.as_str());
                let text = format!("{key} is a group, and a resource of another group");
                let found = self.finding(Severity::Warning, "key-inside", *span, text);
                let found = found.also(*place, format!("in the group {}", other.key));
                let found = found.effect("both groups start and stop it");
                let compat = "Heartbeat 3.0.6 moves both groups when it is asked for one";
                findings.push(found.compat(compat).help("let each resource be in one group"));
            }
        }
        self.found.append(&mut findings);
    }
}

/// `a.b.c.d` with anything behind a slash.
fn is_address(word: &str) -> bool {
    word.split('/').next().is_some_and(|address| address.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_address_is_an_ipaddr() {
        for word in ["10.0.0.9", "10.0.0.9/24", "10.0.0.9/24/eth0/10.0.0.255"] {
            let resource = resource(word);
            assert_eq!((resource.name.as_str(), resource.args), ("IPaddr", vec![word.to_owned()]));
        }
        for word in ["httpd", "IPaddr::10.0.0.9", "10.0.0", "1.2.x.3.y"] {
            assert_ne!(resource(word).args, [word], "{word}");
        }
    }

    #[test]
    fn arguments_stand_behind_double_colons() {
        let drbd = resource("Filesystem::/dev/drbd0::/srv::ext4");
        assert_eq!(drbd.name, "Filesystem");
        assert_eq!(drbd.args, ["/dev/drbd0", "/srv", "ext4"]);
    }

    #[test]
    fn a_backslash_continues_a_line_and_a_comment_ends_it() {
        let lines = logical_lines("node1 a \\\n b # c \\\nnode2 d\\\n");
        let shape: Vec<Vec<&str>> =
            lines.iter().map(|words| words.iter().map(|word| word.text).collect()).collect();
        assert_eq!(shape, [vec!["node1", "a", "b"], vec!["node2", "d"]]);
    }
}
