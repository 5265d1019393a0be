//! Access control: what a user may read and change (Pacemaker Explained, "Access Control Lists";
//! the order in which permissions count was measured with `cibadmin --user` of 2.1.5).
//!
//! A permission marks elements. What is below a mark follows it, a deeper mark counts more, but
//! reading below what may be written stays writing. Nothing is allowed that no permission names.

use crate::patch;
use crate::value;
use crate::xml::{Document, Node, NodeId, Style, escaped};
use crate::xpath;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What may be done with an element.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Mode {
    Denied,
    Readable,
    Writable,
}

/// How [`Access::show`] tells what may be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// By lines between the elements.
    Text,
    /// By colours of a terminal.
    Colour,
    /// By name spaces.
    Namespace,
}

/// True if the configuration limits what users may do.
pub fn is_enabled(document: &Document) -> bool {
    let sets = document.root().child("configuration").and_then(|c| c.child("crm_config"));
    let mut pairs = sets.into_iter().flat_map(Node::children).flat_map(Node::children);
    let option = pairs.find(|pair| pair.get("name") == Some("enable-acl"));
    option.and_then(|pair| value::boolean(pair.get("value")?)).unwrap_or(false)
}

/// What one user may do: the permissions, as paths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    permissions: Vec<(String, Mode)>,
}

impl Access {
    /// Of a user who is in these groups.
    pub fn of(document: &Document, user: &str, groups: &[String]) -> Self {
        let mut permissions = Vec::new();
        let configuration = document.root().child("configuration");
        if let Some(acls) = configuration.and_then(|configuration| configuration.child("acls")) {
            let is_meant = |target: &Node<'_>| {
                let name = target.get("name").or_else(|| target.get("id")).unwrap_or_default();
                match target.name() {
                    "acl_target" => name == user,
                    "acl_group" => groups.iter().any(|group| group == name),
                    _ => false,
                }
            };
            let roles = acls.children().filter(is_meant).flat_map(Node::children);
            for role in roles.filter_map(|role| role.get("id")) {
                let same = |held: &Node<'_>| held.is("acl_role") && held.get("id") == Some(role);
                let held = acls.children().find(same);
                permissions.extend(held.into_iter().flat_map(Node::children).filter_map(read));
            }
        }
        Self { permissions }
    }

    /// What each element may be used for, by the nodes' numbers.
    fn modes(&self, document: &Document) -> BTreeMap<NodeId, Mode> {
        let mut marks: BTreeMap<NodeId, Mode> = BTreeMap::new();
        for (path, mode) in &self.permissions {
            for node in xpath::elements(document.root(), path) {
                let held = marks.entry(node).or_insert(*mode);
                // Of two marks on one element, refusing counts most, then writing.
                *held = match (*held, *mode) {
                    (Mode::Denied, _) | (_, Mode::Denied) => Mode::Denied,
                    (one, other) => one.max(other),
                };
            }
        }
        let mut modes: BTreeMap<NodeId, Mode> = BTreeMap::new();
        let root = document.root();
        for node in std::iter::once(root).chain(root.descendants()) {
            let above = node.parent().and_then(|parent| modes.get(&parent.id()));
            let above = above.copied().unwrap_or(Mode::Denied);
            let mode = match marks.get(&node.id()) {
                None => above,
                Some(Mode::Denied) => Mode::Denied,
                Some(mode) => above.max(*mode),
            };
            modes.insert(node.id(), mode);
        }
        modes
    }

    /// The document as the user sees it; none if there is nothing to see. Of elements around what
    /// may be read, only the id is left.
    pub fn readable(&self, document: &Document) -> Option<Document> {
        let modes = self.modes(document);
        let is_seen = |node: &Node<'_>| modes.get(&node.id()) > Some(&Mode::Denied);
        let root = document.root();
        if !std::iter::once(root).chain(root.descendants()).any(|node| is_seen(&node)) {
            return None;
        }
        let mut shown = document.clone();
        let hidden: Vec<_> =
            std::iter::once(root).chain(root.descendants()).filter(|node| !is_seen(node)).collect();
        // The deepest first: what has nothing left below goes.
        for node in hidden.into_iter().rev() {
            if shown.node(node.id()).children().next().is_none() {
                shown.remove(node.id());
                continue;
            }
            for (name, _) in node.attributes().filter(|(name, _)| *name != "id") {
                shown.unset(node.id(), name);
            }
        }
        Some(shown)
    }

    /// True if the user may turn the old document into the new.
    pub fn allows(&self, old: &Document, new: &Document) -> bool {
        let options = patch::Options { versions: false, digest: false };
        let Some(set) = patch::create(old, new, options) else { return true };
        let (before, after) = (self.modes(old), self.modes(new));
        let may = |modes: &BTreeMap<NodeId, Mode>, node: Option<NodeId>| {
            node.is_some_and(|node| modes.get(&node) == Some(&Mode::Writable))
        };
        set.root().children_named("change").all(|change| {
            let path = change.get("path").unwrap_or_default();
            let at = |document: &Document| patch::find(document, path);
            match change.get("operation") {
                Some("delete") => may(&before, at(old)),
                Some("create") => {
                    let position = change.get("position").and_then(|text| text.parse().ok());
                    let made = at(new)
                        .and_then(|parent| new.node(parent).nodes().nth(position?).map(Node::id));
                    // Comments follow what they are in.
                    let made = made.filter(|made| new.node(*made).is_element());
                    may(&after, made.or_else(|| at(new)))
                }
                _ => may(&after, at(new)),
            }
        })
    }

    /// The whole document, with what the user may do at each element where that changes.
    pub fn show(&self, document: &Document, how: Shown) -> String {
        let modes = self.modes(document);
        let mut out = String::new();
        Painter { modes: &modes, how, out: &mut out }.element(document.root(), 0);
        out
    }
}

/// The path and mode of a permission.
fn read(permission: Node<'_>) -> Option<(String, Mode)> {
    if !permission.is("acl_permission") {
        return None;
    }
    let mode = match permission.get("kind")? {
        "read" => Mode::Readable,
        "write" => Mode::Writable,
        _ => Mode::Denied,
    };
    let attribute = permission.get("attribute").map(|name| format!("[@{name}]"));
    let path = if let Some(path) = permission.get("xpath") {
        path.to_owned()
    } else if let Some(id) = permission.get("reference") {
        let quote = if id.contains('\'') { '"' } else { '\'' };
        format!("//*[@id={quote}{id}{quote}]")
    } else {
        format!("//{}{}", permission.get("object-type")?, attribute.unwrap_or_default())
    };
    Some((path, mode))
}

/// True where the mode is another than that of the element around.
fn changes(node: Node<'_>, modes: &BTreeMap<NodeId, Mode>) -> bool {
    node.parent().is_none_or(|parent| modes.get(&parent.id()) != modes.get(&node.id()))
}

const NAMESPACE: &str = "http://clusterlabs.org/ns/pacemaker/access/";

impl Mode {
    const fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Readable => "readable",
            Self::Writable => "writable",
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Denied => "~DENIED~",
            Self::Readable => "READABLE",
            Self::Writable => "WRITABLE",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Denied => "\x1b[31m",
            Self::Readable => "\x1b[34m",
            Self::Writable => "\x1b[32m",
        }
    }
}

/// Ends a colour.
const PLAIN: &str = "\x1b[0m";

struct Painter<'p> {
    modes: &'p BTreeMap<NodeId, Mode>,
    how: Shown,
    out: &'p mut String,
}

impl Painter<'_> {
    /// One element and what is below it; documents have a limited depth (`xml::MAX_DEPTH`).
    fn element(&mut self, node: Node<'_>, depth: usize) {
        let mode = self.modes.get(&node.id()).copied().unwrap_or(Mode::Denied);
        let indent = "  ".repeat(depth);
        let marked = changes(node, self.modes);
        if marked && self.how == Shown::Text {
            if depth > 0 {
                let _ = writeln!(self.out, "{indent}");
            }
            let _ = writeln!(self.out, "{indent}vvv---[ {} ]---vvv", mode.sign());
        }
        let (paint, plain) = match self.how {
            Shown::Colour => (mode.colour(), PLAIN),
            _ => ("", ""),
        };
        let name = if marked && self.how == Shown::Namespace {
            format!("pcmk-access-{}:{}", mode.word(), node.name())
        } else {
            node.name().to_owned()
        };
        let _ = write!(self.out, "{indent}{paint}<{name}");
        for (name, value) in node.attributes() {
            let _ = write!(self.out, " {name}=\"{}\"", escaped(value));
        }
        if depth == 0 && self.how == Shown::Namespace {
            for word in ["writable", "readable", "denied"] {
                let _ = write!(self.out, " xmlns:pcmk-access-{word}=\"{NAMESPACE}{word}\"");
            }
        }
        if node.nodes().next().is_none() {
            let _ = writeln!(self.out, "/>{plain}");
            return;
        }
        self.out.push_str(">\n");
        for child in node.nodes() {
            if child.is_element() {
                self.element(child, depth + 1);
            } else {
                let text = child.to_text(Style::Pretty);
                let _ = writeln!(self.out, "{indent}  {}", text.trim_end());
            }
        }
        let _ = writeln!(self.out, "{indent}{paint}</{name}>{plain}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(permissions: &str) -> Document {
        let text = format!(
            "<cib><configuration><crm_config><cluster_property_set id=\"o\"><nvpair id=\"e\" \
             name=\"enable-acl\" value=\"true\"/></cluster_property_set></crm_config><nodes>\
             <node id=\"1\" uname=\"a\"/></nodes><resources><primitive id=\"p\" type=\"t\"><operations>\
             <op id=\"m\" name=\"monitor\"/></operations></primitive></resources><acls>\
             <acl_target id=\"bob\"><role id=\"r\"/></acl_target><acl_group id=\"staff\">\
             <role id=\"r\"/></acl_group><acl_role id=\"r\">{permissions}</acl_role></acls>\
             </configuration></cib>"
        );
        Document::parse(text).expect("a document")
    }

    fn seen(permissions: &str) -> Option<String> {
        let document = document(permissions);
        let shown = Access::of(&document, "bob", &[]).readable(&document)?;
        Some(shown.root().to_text(Style::Compact))
    }

    const WRITE: &str = "<acl_permission id=\"w\" kind=\"write\" reference=\"p\"/>";
    const DENY_OP: &str = "<acl_permission id=\"d\" kind=\"deny\" xpath=\"//op\"/>";

    #[test]
    fn only_what_a_permission_names_is_seen_and_around_it_only_ids() {
        let op = "<acl_permission id=\"x\" kind=\"read\" object-type=\"op\" attribute=\"name\"/>";
        let expected = "<cib><configuration><resources><primitive id=\"p\"><operations>\
                        <op id=\"m\" name=\"monitor\"/></operations></primitive></resources>\
                        </configuration></cib>";
        assert_eq!(seen(op).as_deref(), Some(expected));
        assert_eq!(seen(""), None);
        let without = seen(&[WRITE, DENY_OP].concat()).expect("something");
        assert!(without.contains("<operations/>") && !without.contains("<op "), "{without}");
    }

    #[test]
    fn a_user_changes_only_what_may_be_written() {
        let old = document(&[WRITE, DENY_OP].concat());
        let changed = |id: &str, name: &str| {
            let mut new = old.clone();
            let node = new.by_id(id).expect("the element");
            new.set(node, name, "changed");
            new
        };
        let access = Access::of(&old, "bob", &[]);
        assert!(access.allows(&old, &changed("p", "type")));
        assert!(!access.allows(&old, &changed("m", "name")), "denied below what may be written");
        assert!(!access.allows(&old, &changed("1", "uname")));
        let mut without = old.clone();
        without.remove(old.by_id("p").expect("the resource"));
        assert!(access.allows(&old, &without));
        let mut with = old.clone();
        let nodes = with.node(with.by_id("1").expect("the node")).parent().map(Node::id);
        with.append(nodes.expect("the nodes"), "node");
        assert!(!access.allows(&old, &with), "made where nothing may be written");
    }

    #[test]
    fn groups_have_roles_too() {
        let document = document(WRITE);
        let access = |user: &str, groups: &[String]| Access::of(&document, user, groups);
        assert_eq!(access("eve", &["staff".to_owned()]), access("bob", &[]));
        assert_eq!(access("eve", &[]).readable(&document).map(|_| ()), None);
    }

    #[test]
    fn what_may_be_done_is_shown_where_it_changes() {
        let document = document(&[WRITE, DENY_OP].concat());
        let shown = Access::of(&document, "bob", &[]).show(&document, Shown::Text);
        let signs: Vec<_> = shown.lines().filter(|line| line.contains("vvv")).collect();
        assert_eq!(signs.len(), 3, "{shown}");
        assert!(shown.starts_with("vvv---[ ~DENIED~ ]---vvv\n<cib>\n"), "{shown}");
        let names = Access::of(&document, "bob", &[]).show(&document, Shown::Namespace);
        assert!(names.contains("<pcmk-access-writable:primitive id=\"p\""), "{names}");
    }
}
