//! Reading a document from text.
//!
//! `quick-xml` finds the tokens; this module checks what it leaves open (characters and names XML
//! allows, one root, no attribute twice, limits) and fills the arena. A document type without
//! declarations of its own, processing instructions and whatever stands outside the root element
//! are passed over; declarations inside a document type are refused.

use super::names::{CDATA, COMMENT, TEXT, is_name};
use super::{Attribute, Document, NONE, NodeId, Span};
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesRef, BytesStart, Event};
use std::borrow::Cow;
use std::sync::Arc;

/// The longest text that is read, in bytes: positions must fit 32 bits with room for changes, and
/// the information base of 100 nodes with 10,000 resources has half of it.
pub const MAX_BYTES: usize = 1 << 30;
/// How deep elements may lie within each other: four times what the deepest schema allows.
pub const MAX_DEPTH: usize = 256;
/// How many elements, texts and comments: eight times those of the largest known document.
pub const MAX_ELEMENTS: usize = 1 << 24;
/// How many attributes all elements may have together: three times the largest known document.
pub const MAX_ATTRIBUTES: usize = 1 << 26;
/// How many different names elements and attributes may have together. Parameters of agents
/// become names in transition graphs; a hundred resource agents have some two thousand.
pub const MAX_NAMES: usize = 1 << 16;

/// Why a text is no document.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct Error {
    /// The line of the mistake, counted from 1.
    pub line: usize,
    /// The character in that line, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

/// A mistake and the byte at which it was noticed.
struct Mistake {
    at: usize,
    what: String,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// Where and why the text is not well-formed XML, or which limit it exceeds.
    pub fn parse(text: impl Into<String>) -> Result<Self, Error> {
        let text = Arc::new(text.into());
        if text.len() > MAX_BYTES {
            let what = format!("the text is longer than {MAX_BYTES} bytes");
            return Err(Error { line: 1, column: 1, what });
        }
        let mut parser = Parser::new(&text);
        match parser.run() {
            Ok(()) => Ok(parser.document),
            Err(Mistake { at, what }) => {
                let before = text.get(..at.min(text.len())).unwrap_or_default();
                let line_start = before.rfind('\n').map_or(0, |end| end + 1);
                let line = 1 + before.matches('\n').count();
                let column = 1 + before[line_start..].chars().count();
                Err(Error { line, column, what })
            }
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    document: Document,
    /// The elements that are not closed yet, outermost first.
    open: Vec<NodeId>,
    /// Character data that goes on, and where it began.
    pending: Option<(usize, Cow<'t, str>)>,
    /// For each name the number of the element that had such an attribute last.
    seen: Vec<u32>,
    has_root: bool,
}

impl<'t> Parser<'t> {
    fn new(text: &'t Arc<String>) -> Self {
        let mut document = Document::empty(String::new());
        document.source = Arc::clone(text);
        // Closed elements have two angle brackets, empty ones have one: enough room for most texts
        // without growing, and never more than the text's own size.
        let count = |wanted: u8| text.bytes().filter(|byte| *byte == wanted).count();
        let closing = text.matches("</").count();
        let nodes = (count(b'<') - closing).min(MAX_ELEMENTS);
        document.records.reserve_exact(nodes);
        document.attributes.reserve_exact(count(b'=').min(MAX_ATTRIBUTES));
        Self { text, document, open: Vec::new(), pending: None, seen: Vec::new(), has_root: false }
    }

    fn run(&mut self) -> Result<(), Mistake> {
        let text = self.text;
        if let Some(at) = text.bytes().position(|b| b < b' ' && !matches!(b, b'\n' | b'\t' | b'\r'))
        {
            return Err(mistake(at, "a control character that XML does not allow"));
        }
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        loop {
            let at = reader.buffer_position() as usize;
            let event = reader.read_event().map_err(|error| Mistake {
                at: reader.error_position() as usize,
                what: error.to_string(),
            })?;
            match event {
                Event::Text(text) => self.add_text(at, text.into_inner())?,
                Event::GeneralRef(reference) => self.add_reference(at, &reference)?,
                other => {
                    self.end_text()?;
                    if !self.markup(at, other)? {
                        break;
                    }
                }
            }
        }
        match self.open.last() {
            None if self.has_root => Ok(()),
            None => Err(mistake(text.len(), "there is no element")),
            Some(open) => {
                let name = self.document.node(*open).name();
                let what = format!("the text ends before </{name}>");
                Err(Mistake { at: text.len(), what })
            }
        }
    }

    /// Takes one piece of markup; false at the end of the text.
    fn markup(&mut self, at: usize, event: Event<'t>) -> Result<bool, Mistake> {
        match event {
            Event::Start(tag) => self.start(at, &tag, true)?,
            Event::Empty(tag) => self.start(at, &tag, false)?,
            Event::End(_) => drop(self.open.pop()),
            Event::CData(data) => self.add_content(at, CDATA, &data.into_inner())?,
            Event::Comment(comment) => {
                let comment = comment.into_inner();
                if comment.ends_with('-') {
                    return Err(mistake(at, "a comment that ends in \"--->\""));
                }
                if !self.open.is_empty() {
                    self.add_content(at, COMMENT, &comment)?;
                }
            }
            Event::DocType(declaration) if declaration.contains('[') => {
                return Err(mistake(
                    at,
                    "a document type with declarations of its own is not read",
                ));
            }
            Event::Eof => return Ok(false),
            _ => {}
        }
        Ok(true)
    }

    fn start(&mut self, at: usize, tag: &BytesStart<'t>, stays_open: bool) -> Result<(), Mistake> {
        if self.open.is_empty() && self.has_root {
            return Err(mistake(at, "a second element beside the first"));
        }
        if self.open.len() >= MAX_DEPTH {
            let what = format!("elements lie more than {MAX_DEPTH} deep");
            return Err(Mistake { at, what });
        }
        let node = self.add_node(at, tag.name().0)?;
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| attribute_mistake(at, &error))?;
            self.attribute(at, node, attribute.key.0, &attribute.value)?;
        }
        if stays_open {
            self.open.push(node);
        }
        Ok(())
    }

    fn add_node(&mut self, at: usize, name: &str) -> Result<NodeId, Mistake> {
        let name = self.name(at, name)?;
        self.check_room(at)?;
        let node = self.document.add_record(name);
        match self.open.last() {
            Some(parent) => self.document.link(node, *parent, None),
            None => self.document.root = node,
        }
        self.has_root = true;
        Ok(node)
    }

    fn check_room(&self, at: usize) -> Result<(), Mistake> {
        if self.document.records.len() < MAX_ELEMENTS {
            return Ok(());
        }
        Err(Mistake { at, what: format!("there are more than {MAX_ELEMENTS} elements") })
    }

    fn name(&mut self, at: usize, text: &str) -> Result<super::Name, Mistake> {
        let known = self.document.names.count();
        let name = self.document.names.intern(text);
        if (name.0 as usize) < known {
            return Ok(name);
        }
        if !is_name(text) {
            return Err(Mistake { at, what: format!("\"{text}\" is no name") });
        }
        if known >= MAX_NAMES {
            return Err(Mistake { at, what: format!("there are more than {MAX_NAMES} names") });
        }
        Ok(name)
    }

    fn attribute(&mut self, at: usize, node: NodeId, key: &str, raw: &str) -> Result<(), Mistake> {
        let name = self.name(at, key)?;
        let index = name.0 as usize;
        if self.seen.len() <= index {
            self.seen.resize(index + 1, NONE);
        }
        if self.seen[index] == node.0 {
            return Err(Mistake { at, what: format!("the attribute {key} is given twice") });
        }
        self.seen[index] = node.0;
        if self.document.attributes.len() >= MAX_ATTRIBUTES {
            let what = format!("there are more than {MAX_ATTRIBUTES} attributes");
            return Err(Mistake { at, what });
        }
        let value = self.value(at, raw)?;
        self.document.attributes.push(Attribute { name, value });
        self.document.record_mut(node).attributes += 1;
        Ok(())
    }

    /// The value between the quotes: white space becomes blanks, references are resolved
    /// (XML 1.0 §3.3.3).
    fn value(&mut self, at: usize, raw: &str) -> Result<Span, Mistake> {
        if raw.contains('<') {
            return Err(mistake(at, "\"<\" in an attribute must be written \"&lt;\""));
        }
        if !raw.bytes().any(|byte| matches!(byte, b'&' | b'\n' | b'\t' | b'\r')) {
            return Ok(self.keep(raw));
        }
        let plain = raw.replace("\r\n", " ").replace(['\n', '\t', '\r'], " ");
        let value = resolve(at, &plain)?;
        Ok(self.document.append_text(&value))
    }

    /// A piece of the source by its position, anything else by a copy.
    fn keep(&mut self, text: &str) -> Span {
        let start = (text.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        if start <= self.text.len() && start + text.len() <= self.text.len() {
            Span { start: start as u32, length: text.len() as u32 }
        } else {
            self.document.append_text(text)
        }
    }

    fn add_text(&mut self, at: usize, text: Cow<'t, str>) -> Result<(), Mistake> {
        let text = if text.contains('\r') { unix_lines(&text).into() } else { text };
        match &mut self.pending {
            Some((_, before)) => before.to_mut().push_str(&text),
            None => self.pending = Some((at, text)),
        }
        self.check_outside(at)
    }

    fn add_reference(&mut self, at: usize, reference: &BytesRef<'t>) -> Result<(), Mistake> {
        let written = format!("&{};", &**reference);
        let resolved = resolve(at, &written)?.into_owned();
        match &mut self.pending {
            Some((_, before)) => before.to_mut().push_str(&resolved),
            None => self.pending = Some((at, resolved.into())),
        }
        self.check_outside(at)
    }

    fn check_outside(&self, at: usize) -> Result<(), Mistake> {
        let is_blank = |(_, text): &(usize, Cow<'_, str>)| is_layout(text);
        if self.open.is_empty() && !self.pending.as_ref().is_none_or(is_blank) {
            return Err(mistake(at, "text outside the root element"));
        }
        Ok(())
    }

    fn end_text(&mut self) -> Result<(), Mistake> {
        match self.pending.take() {
            Some((at, text)) if !is_layout(&text) => self.add_content(at, TEXT, &text),
            _ => Ok(()),
        }
    }

    fn add_content(&mut self, at: usize, kind: super::Name, text: &str) -> Result<(), Mistake> {
        let Some(parent) = self.open.last().copied() else {
            return Err(mistake(at, "text outside the root element"));
        };
        self.check_room(at)?;
        let node = self.document.add_record(kind);
        let value = if text.contains('\r') && kind != TEXT {
            self.document.append_text(&unix_lines(text))
        } else {
            self.keep(text)
        };
        self.document.put_attribute(node, Attribute { name: kind, value });
        self.document.link(node, parent, None);
        Ok(())
    }
}

/// What is wrong with an attribute, at its place inside the tag that begins at `at`.
fn attribute_mistake(at: usize, error: &AttrError) -> Mistake {
    let (position, what) = match *error {
        AttrError::ExpectedEq(position) => (position, "\"=\" must follow an attribute's name"),
        AttrError::ExpectedValue(position) => (position, "the attribute's value is missing"),
        AttrError::UnquotedValue(position) => (position, "an attribute's value must be in quotes"),
        AttrError::ExpectedQuote(position, _) => (position, "the closing quote is missing"),
        AttrError::Duplicated(position, _) => (position, "the attribute is given twice"),
    };
    // Positions count from behind the "<".
    mistake(at + 1 + position, what)
}

fn mistake(at: usize, what: &str) -> Mistake {
    Mistake { at, what: what.into() }
}

/// True for white space between elements.
fn is_layout(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\n' | b'\t' | b'\r'))
}

/// Line ends as XML passes them on (XML 1.0 §2.11).
fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Resolves references to characters and to the five entities every XML document has.
fn resolve(at: usize, text: &str) -> Result<Cow<'_, str>, Mistake> {
    let resolved = unescape(text).map_err(|error| Mistake { at, what: error.to_string() })?;
    let forbidden = |c: char| {
        c < ' ' && !matches!(c, '\n' | '\t' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if resolved.contains(forbidden) {
        return Err(mistake(at, "a reference to a character that XML does not allow"));
    }
    Ok(resolved)
}
