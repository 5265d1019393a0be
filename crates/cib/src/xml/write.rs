//! Writing a document as text.

use super::{Content, Node};

/// How the text is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Each element on a line of its own, two blanks deeper than its parent, as Pacemaker's tools
    /// print. Elements that hold text are written on one line.
    Pretty,
    /// Nothing between the elements.
    Compact,
    /// Like compact, but as Pacemaker 2 writes the text it takes digests of (measured with 2.1.5):
    /// `'` as a reference, line ends and tabs in values spelt out as `\n`, `\r` and four blanks,
    /// and no text between the tags. Not to be read again.
    Digest,
}

/// Blanks by which a child stands deeper than its parent.
const INDENT: usize = 2;

/// Writes the node and all below it.
///
/// The text ends in a line end if the style has lines.
pub fn write(node: Node<'_>, style: Style, out: &mut String) {
    write_without(node, &[], style, out);
}

/// Writes the node and all below it, but none of these attributes.
pub(crate) fn write_without(node: Node<'_>, without: &[&str], style: Style, out: &mut String) {
    let mut writer = Writer { style, without, out, depth: 0, inline_from: None };
    writer.open(node);
    let mut last = node;
    for next in node.all_nodes_below() {
        // The walk goes down by one or up by any number: what was left is closed.
        while Some(last.id()) != next.parent().map(Node::id) {
            writer.close(last);
            match last.parent() {
                Some(parent) => last = parent,
                None => break,
            }
        }
        writer.open(next);
        last = next;
    }
    writer.close(last);
    while last.id() != node.id() {
        match last.parent() {
            Some(parent) => last = parent,
            None => break,
        }
        writer.close(last);
    }
}

struct Writer<'o> {
    style: Style,
    /// Names of attributes that are left out.
    without: &'o [&'o str],
    out: &'o mut String,
    depth: usize,
    /// The depth of the outermost element whose content is written without layout.
    inline_from: Option<usize>,
}

impl Writer<'_> {
    fn open(&mut self, node: Node<'_>) {
        self.indent();
        self.depth += 1;
        match node.content() {
            Content::Element(name) => self.open_element(node, name),
            Content::Text(_) if self.style == Style::Digest => {}
            Content::Text(text) => escape_into(text, Place::Text, self.out),
            Content::CData(text) => self.out.extend(["<![CDATA[", text, "]]>"]),
            Content::Comment(text) => self.out.extend(["<!--", text, "-->"]),
        }
    }

    fn open_element(&mut self, node: Node<'_>, name: &str) {
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in node.attributes().filter(|(name, _)| !self.without.contains(name)) {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape_into(value, self.style.place(), self.out);
            self.out.push('"');
        }
        if !self.has_content(node) {
            self.out.push_str("/>");
            return;
        }
        self.out.push('>');
        let is_text =
            |child: Node<'_>| matches!(child.content(), Content::Text(_) | Content::CData(_));
        if self.inline_from.is_none() && node.nodes().any(is_text) {
            self.inline_from = Some(self.depth);
        }
        self.end_line();
    }

    fn close(&mut self, node: Node<'_>) {
        self.depth -= 1;
        if node.is_element() && self.has_content(node) {
            self.indent();
            if self.inline_from == Some(self.depth + 1) {
                self.inline_from = None;
            }
            self.out.extend(["</", node.name(), ">"]);
        }
        self.end_line();
    }

    /// True if something stands between the element's tags in this style.
    fn has_content(&self, node: Node<'_>) -> bool {
        let is_written = |child: Node<'_>| {
            self.style != Style::Digest || !matches!(child.content(), Content::Text(_))
        };
        node.nodes().any(is_written)
    }

    fn has_layout(&self) -> bool {
        self.style == Style::Pretty && self.inline_from.is_none()
    }

    fn indent(&mut self) {
        if self.has_layout() {
            self.out.extend(std::iter::repeat_n(' ', self.depth * INDENT));
        }
    }

    fn end_line(&mut self) {
        if self.has_layout() {
            self.out.push('\n');
        }
    }
}

impl Style {
    const fn place(self) -> Place {
        match self {
            Self::Pretty => Place::Printed,
            Self::Compact => Place::Attribute,
            Self::Digest => Place::Digested,
        }
    }
}

/// Where a text stands: what must be written as a reference depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Attribute,
    /// An attribute as the tools print it: like any, but with a reference for `'`.
    Printed,
    Digested,
    Text,
}

/// The value as it stands between double quotes.
pub fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    escape_into(value, Place::Attribute, &mut out);
    out
}

fn escape_into(text: &str, place: Place, out: &mut String) {
    let mut rest = text;
    while let Some(position) = rest.bytes().position(|byte| reference(byte, place).is_some()) {
        let (clean, from) = rest.split_at(position);
        out.push_str(clean);
        out.push_str(from.bytes().next().and_then(|byte| reference(byte, place)).unwrap_or(""));
        rest = &from[1..];
    }
    out.push_str(rest);
}

/// How a character is written that cannot stand as it is.
const fn reference(byte: u8, place: Place) -> Option<&'static str> {
    match (byte, place) {
        (b'&', _) => Some("&amp;"),
        (b'<', _) => Some("&lt;"),
        (b'>', _) => Some("&gt;"),
        (b'\r', Place::Digested) => Some("\\r"),
        (b'\n', Place::Digested) => Some("\\n"),
        (b'\t', Place::Digested) => Some("    "),
        (b'\r', _) => Some("&#13;"),
        (_, Place::Text) => None,
        (b'\n', _) => Some("&#10;"),
        (b'\t', _) => Some("&#9;"),
        (b'"', _) => Some("&quot;"),
        (b'\'', Place::Printed | Place::Digested) => Some("&apos;"),
        _ => None,
    }
}
