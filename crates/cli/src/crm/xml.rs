//! XML results, written as they are made: two blanks a level.

use cib::xml::escaped;
use std::fmt::Write as _;

/// Elements in the making.
#[derive(Clone, Default, Debug)]
pub(super) struct Builder {
    text: String,
    /// Names of the open elements, and whether something stands in them.
    open: Vec<(String, bool)>,
}

impl Builder {
    /// Opens an element.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.open.push((name.to_owned(), false));
    }

    /// Closes the innermost element.
    pub(super) fn close(&mut self) {
        let Some((name, filled)) = self.open.pop() else { return };
        if filled {
            self.indent();
            let _ = writeln!(self.text, "</{name}>");
        } else {
            self.text.push_str("/>\n");
        }
    }

    /// An element without anything in it.
    pub(super) fn leaf(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.text.push_str("/>\n");
    }

    /// An element with text.
    pub(super) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.begin(name, attributes);
        let _ = writeln!(self.text, ">{}</{name}>", content(text));
    }

    /// What another builder holds, at this depth.
    pub(super) fn splice(&mut self, other: &Self) {
        if other.text.is_empty() {
            return;
        }
        self.fill();
        for line in other.text.split_inclusive('\n') {
            self.indent();
            self.text.push_str(line);
        }
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.fill();
        self.indent();
        let _ = write!(self.text, "<{name}");
        for (name, value) in attributes {
            let _ = write!(self.text, " {name}=\"{}\"", escaped(value));
        }
    }

    /// The innermost element gets something in it.
    fn fill(&mut self) {
        if let Some((_, filled)) = self.open.last_mut()
            && !*filled
        {
            *filled = true;
            self.text.push_str(">\n");
        }
    }

    fn indent(&mut self) {
        for _ in 0..self.open.len() {
            self.text.push_str("  ");
        }
    }
}

/// Text between tags: quotes need no escape there.
fn content(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_with_nothing_in_it_is_closed_at_once() {
        let mut inner = Builder::default();
        inner.open("a", &[("x", "<1>")]);
        inner.close();
        inner.open("b", &[]);
        inner.text("c", &[], "a & \"b\"");
        inner.close();
        let mut outer = Builder::default();
        outer.open("r", &[]);
        outer.splice(&inner);
        outer.close();
        let expected =
            "<r>\n  <a x=\"&lt;1&gt;\"/>\n  <b>\n    <c>a &amp; \"b\"</c>\n  </b>\n</r>\n";
        assert_eq!(outer.finish(), expected);
    }
}
