//! A document with everything taken away that its fault does not need.

use cib::xml::{Document, Node, NodeId, Style};

/// Elements that are the frame of every CIB.
const FRAME: [&str; 7] =
    ["cib", "configuration", "crm_config", "nodes", "resources", "constraints", "status"];

/// Removes elements, big ones first, as long as `fault` still finds the fault in what is left.
/// A text that is no XML comes back as it is.
pub fn smallest(text: &str, fault: impl Fn(&str) -> bool) -> String {
    let mut text = text.to_owned();
    loop {
        let Ok(document) = Document::parse(text.as_str()) else { return text };
        let mut candidates: Vec<(usize, NodeId)> = document
            .root()
            .descendants()
            .filter(|node| !FRAME.contains(&node.name()))
            .map(|node| (node.descendants().count(), node.id()))
            .collect();
        candidates.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
        let before = text.len();
        let mut current = document;
        for (_, id) in candidates {
            if !attached(&current, id) {
                continue;
            }
            let mut smaller = current.clone();
            smaller.remove(id);
            let written = smaller.root().to_text(Style::Pretty);
            if fault(&written) {
                current = smaller;
                text = written;
            }
        }
        if text.len() >= before {
            return text;
        }
    }
}

fn attached(document: &Document, id: NodeId) -> bool {
    let root = document.root().id();
    document.node(id).ancestors().map(Node::id).any(|ancestor| ancestor == root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_fault_needs_is_left() {
        let text = "<cib><resources><a><b id=\"1\"/></a><c/><d><e/></d></resources></cib>";
        let left = smallest(text, |text| text.contains("<b ") && text.contains("<e/>"));
        let left: String = left.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            left,
            "<cib> <resources> <a> <b id=\"1\"/> </a> <d> <e/> </d> </resources> </cib>"
        );
    }
}
