//! Bans and moves: constraints whose ids tell who made them.

use super::super::options::Options;
use super::super::tool::{Answer, Failed, code};
use super::find;
use crate::cib_file::CibFile;
use crate::old;
use cib::date::{DateTime, Duration};
use cib::xml::{Document, Node, NodeId};
use std::fmt::Write as _;

/// A constraint in the making.
struct Wanted<'a> {
    id: String,
    resource: &'a str,
    role: &'static str,
    node: &'a str,
    score: &'static str,
    /// When it ends.
    until: Option<String>,
}

/// Keeps a resource off a node, or has it run there.
pub(super) fn constrain(
    document: &Document,
    resource: &str,
    prefer: bool,
    options: &Options,
    answer: &mut Answer,
) -> Result<Document, Failed> {
    find(document, resource)?;
    let node = options.get("node").ok_or_else(|| {
        Failed::usage(format!("To keep '{resource}' off a node or move it there, specify the node"))
    })?;
    if !is_node(document, node) {
        let said = vec![
            format!("Node '{node}' not found"),
            "Error performing operation: No such object".to_owned(),
        ];
        return Err(Failed { code: code::NO_SUCH, said });
    }
    let promoted = options.has("promoted") || options.has("master");
    let until = match options.get("lifetime") {
        Some(lifetime) => Some(end_of(lifetime, answer)?),
        None => None,
    };
    let wanted = Wanted {
        id: if prefer {
            format!("cli-prefer-{resource}")
        } else {
            format!("cli-ban-{resource}-on-{node}")
        },
        resource,
        role: if promoted { "Promoted" } else { "Started" },
        node,
        score: if prefer { "INFINITY" } else { "-INFINITY" },
        until,
    };
    if !prefer {
        warn(&wanted, promoted, answer);
    }
    Ok(wanted.put(document))
}

fn is_node(document: &Document, name: &str) -> bool {
    super::super::attribute::node_id(document, name).is_some()
}

/// The end of a lifetime that begins now, as it is written into rules.
fn end_of(lifetime: &str, answer: &mut Answer) -> Result<String, Failed> {
    let duration = Duration::parse(lifetime)
        .ok_or_else(|| Failed::usage(format!("Invalid duration specified: {lifetime}")))?;
    let now = i64::try_from(old::now().as_millis() / 1000).unwrap_or(i64::MAX);
    let end = DateTime::from_epoch(now).plus(duration).fields();
    let text = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}Z",
        end.year, end.month, end.day, end.hour, end.minute, end.second
    );
    let _ = writeln!(answer.text, "Migration will take effect until: {text}");
    Ok(text)
}

fn warn(wanted: &Wanted<'_>, promoted: bool, answer: &mut Answer) {
    let Wanted { id, resource, node, score, .. } = wanted;
    let what = if promoted { "being promoted" } else { "running" };
    let _ = write!(
        answer.text,
        "WARNING: Creating rsc_location constraint '{id}' with a score of {score} for resource \
         {resource} on {node}.\n\tThis will prevent {resource} from {what} on {node} until the \
         constraint is removed using the clear option or by editing the CIB with an appropriate \
         tool\n\tThis will be the case even if {node} is the last node in the cluster\n"
    );
}

impl Wanted<'_> {
    /// The document with the constraint, in the place of one with its id.
    fn put(&self, document: &Document) -> Document {
        let mut changed = document.clone();
        let constraints = constraints(document).map(Node::id);
        let constraints = constraints.unwrap_or_else(|| {
            let root = changed.root().id();
            let part = super::super::nvpair::child_or_new(&mut changed, root, "configuration");
            changed.append(part, "constraints")
        });
        let held = {
            let mut all = changed.node(constraints).children_named("rsc_location");
            all.find(|one| one.get("id") == Some(self.id.as_str())).map(Node::id)
        };
        let before = held.and_then(|held| changed.node(held).next().map(Node::id));
        if let Some(held) = held {
            changed.remove(held);
        }
        let made = changed.insert(constraints, before, "rsc_location");
        changed.set(made, "id", &self.id);
        changed.set(made, "rsc", self.resource);
        changed.set(made, "role", self.role);
        match &self.until {
            None => {
                changed.set(made, "node", self.node);
                changed.set(made, "score", self.score);
            }
            Some(until) => self.rule(&mut changed, made, until),
        }
        changed
    }

    fn rule(&self, document: &mut Document, constraint: NodeId, until: &str) {
        let id = &self.id;
        let mut child = |parent: NodeId, name: &str, attributes: &[(&str, &str)]| {
            let made = document.append(parent, name);
            for (name, value) in attributes {
                document.set(made, name, value);
            }
            made
        };
        let rule = [("id", &*format!("{id}-rule")), ("score", self.score), ("boolean-op", "and")];
        let rule = child(constraint, "rule", &rule);
        let expression = [
            ("id", &*format!("{id}-expr")),
            ("attribute", "#uname"),
            ("operation", "eq"),
            ("value", self.node),
            ("type", "string"),
        ];
        child(rule, "expression", &expression);
        let date = [("id", &*format!("{id}-lifetime")), ("operation", "lt"), ("end", until)];
        child(rule, "date_expression", &date);
    }
}

fn constraints(document: &Document) -> Option<Node<'_>> {
    document.root().child("configuration")?.child("constraints")
}

/// Takes back bans and moves of a resource: those about one node in one change, all of them one by
/// one (measured).
pub(super) fn clear(
    file: &mut CibFile,
    resource: &str,
    options: &Options,
    answer: &mut Answer,
) -> Result<(), Failed> {
    find(file.document(), resource)?;
    let node = options.get("node");
    if let Some(node) = node.filter(|node| !is_node(file.document(), node)) {
        return Err(Failed::new(code::NO_SUCH, format!("Node '{node}' not found")));
    }
    let meant = meant(file.document(), resource, options);
    let mut changed = file.document().clone();
    for (id, constraint) in meant {
        let _ = writeln!(answer.text, "Removing constraint: {id}");
        changed.remove(constraint);
        if node.is_none() {
            file.adopt(changed)?;
            changed = file.document().clone();
        }
    }
    if node.is_some() {
        file.adopt(changed)?;
    }
    file.save()?;
    Ok(())
}

/// The constraints the options mean, by id.
fn meant(document: &Document, resource: &str, options: &Options) -> Vec<(String, NodeId)> {
    let now = i64::try_from(old::now().as_millis() / 1000).unwrap_or(i64::MAX);
    let now = DateTime::from_epoch(now);
    let prefer = format!("cli-prefer-{resource}");
    let ban = format!("cli-ban-{resource}-on-");
    let mut meant = Vec::new();
    let all = constraints(document).into_iter();
    for one in all.flat_map(|all| all.children_named("rsc_location")) {
        let id = one.get("id").unwrap_or_default();
        let banned = id.strip_prefix(&ban);
        let ours = match (options.get("node"), banned) {
            (None, banned) => banned.is_some() || id == prefer,
            (Some(node), Some(banned)) => banned == node,
            (Some(node), None) => {
                id == prefer && (options.has("force") || one.get("node") == Some(node))
            }
        };
        if ours && (!options.has("expired") || has_ended(one, now)) {
            meant.push((id.to_owned(), one.id()));
        }
    }
    meant.sort();
    meant
}

/// True if the constraint's lifetime is over.
fn has_ended(constraint: Node<'_>, now: DateTime) -> bool {
    let mut dates = constraint.descendants().filter(|node| node.is("date_expression"));
    let end = dates.find_map(|date| DateTime::parse(date.get("end")?, now));
    end.is_some_and(|end| end.epoch < now.epoch)
}
