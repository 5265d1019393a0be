//! Tokens as keywords and blocks, with keepalived's leniency: an unknown block's closing brace
//! closes the block around it, and what follows is read one level further out
//! (docs/ancestors/keepalived.md, fact 14).

use super::directives::{Block, Directive, Since, Standing, Takes, directive, directives};
use super::findings::{Findings, Place};
use super::lexer::{Token, Word};
use crate::text::{nearest, quote};
use std::collections::BTreeSet;

/// What stands in the braces behind a keyword.
#[derive(Debug)]
pub(super) enum Body {
    /// There are none.
    Nothing,
    /// One list of words a line.
    Entries(Vec<Vec<Word>>),
    /// Keywords.
    Nodes(Vec<Node>),
}

/// A keyword with all that belongs to it.
#[derive(Debug)]
pub(super) struct Node {
    /// Its row.
    pub row: &'static Directive,
    /// The keyword and the words behind it.
    pub words: Vec<Word>,
    /// What follows in braces.
    pub body: Body,
    /// A keyword in it lacks its parameter.
    pub broken: bool,
}

impl Node {
    /// The keyword; an old name's new one.
    pub(super) fn name(&self) -> &'static str {
        match self.row.standing {
            Standing::OldNameOf(name) => name,
            Standing::Acts | Standing::Inert(_) => self.row.name,
        }
    }

    /// The `at`-th word; the keyword is number 0.
    pub(super) fn word(&self, at: usize) -> Option<&Word> {
        self.words.get(at)
    }

    /// The words behind the keyword.
    pub(super) fn behind(&self) -> &[Word] {
        self.words.get(1..).unwrap_or(&[])
    }

    /// Where the keyword stands.
    pub(super) fn place(&self) -> Place {
        self.words.first().map_or_else(Place::default, |word| word.place)
    }

    /// The keywords in its braces.
    pub(super) fn nodes(&self) -> &[Node] {
        match &self.body {
            Body::Nodes(nodes) => nodes,
            Body::Nothing | Body::Entries(_) => &[],
        }
    }

    /// The lines in its braces.
    pub(super) fn entries(&self) -> &[Vec<Word>] {
        match &self.body {
            Body::Entries(entries) => entries,
            Body::Nothing | Body::Nodes(_) => &[],
        }
    }
}

/// Reads all tokens.
pub(super) fn read(tokens: Vec<Token>, found: &mut Findings) -> Vec<Node> {
    let mut parser =
        Parser { tokens: tokens.into_iter().peekable(), found, names: BTreeSet::new() };
    let mut nodes = Vec::new();
    loop {
        nodes.extend(parser.block(Block::Top, &[]).nodes);
        // A closing brace at the top ends no block; reading goes on behind it.
        if parser.tokens.peek().is_none() {
            return nodes;
        }
    }
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    found: &'a mut Findings,
    /// Instances so far: a second of the same name is skipped unread.
    names: BTreeSet<String>,
}

/// A block's content.
#[derive(Default)]
struct Content {
    nodes: Vec<Node>,
    broken: bool,
}

impl Parser<'_> {
    /// Keywords up to the closing brace or the end; `opened` by these words.
    fn block(&mut self, block: Block, opened: &[Word]) -> Content {
        let mut content = Content::default();
        while let Some(token) = self.tokens.next() {
            match token {
                Token::Close(at) if block == Block::Top => return self.extra_brace(at, content),
                Token::Close(_) => return content,
                Token::Open(at) => self.unexpected_brace(at),
                Token::Words(words) => match self.keyword(block, words) {
                    Ok(Some(node)) => {
                        content.broken |= node.broken;
                        content.nodes.push(node);
                    }
                    Ok(None) => {}
                    Err(Broken) => content.broken = true,
                },
            }
        }
        if block != Block::Top {
            self.missing_brace(opened);
        }
        content
    }

    fn keyword(&mut self, block: Block, words: Vec<Word>) -> Result<Option<Node>, Broken> {
        let Some(first) = words.first() else { return Ok(None) };
        let Some(row) = directive(block, &first.text) else {
            self.unknown(block, first);
            return Ok(None);
        };
        let nameless = matches!(row.takes, Takes::Block(_, form) if !form.is_empty());
        if words.len() < 2 && nameless && row.name == "vrrp_instance" {
            self.nameless(row, first.place);
            self.skip();
            return Ok(None);
        }
        if words.len() < 2 && (row.takes.needs_word() || nameless) {
            self.incomplete(row, first.place);
            if nameless {
                self.skip();
            }
            return Err(Broken);
        }
        self.standing(row, first.place);
        let (body, broken) = match row.takes {
            Takes::Block(inner, _) => {
                let name = words.get(1).map_or("", |word| word.text.as_str());
                if row.name == "vrrp_instance" && !self.names.insert(name.to_owned()) {
                    self.second(&words);
                    self.skip();
                    return Ok(None);
                }
                self.open();
                let content = self.block(inner, &words);
                (Body::Nodes(content.nodes), content.broken)
            }
            Takes::Entries(_) => {
                // A group of addresses has a name; other lists have none.
                let behind = if row.name == "virtual_server_group" { 2 } else { 1 };
                (Body::Entries(self.entries(&words, behind)), false)
            }
            _ => (Body::Nothing, false),
        };
        Ok(Some(Node { row, words, body, broken }))
    }

    fn open(&mut self) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Open(_))).is_some()
    }

    /// Lines up to the closing brace. Without an opening one the next block is swallowed
    /// (measured with `track_interface eth0`).
    fn entries(&mut self, words: &[Word], behind: usize) -> Vec<Vec<Word>> {
        if let Some(extra) = words.get(behind) {
            let what = format!("`{}` takes its entries in braces", words_name(words));
            let then = [
                "these words are ignored, and the lines that follow are taken for entries up to \
                 the next closing brace",
                "keepalived does the same",
                "write `NAME { ENTRY }`",
            ];
            self.found.complain(extra.place, "entries-without-braces", what, then);
        }
        self.open();
        let mut entries = Vec::new();
        for token in self.tokens.by_ref() {
            match token {
                Token::Close(_) => return entries,
                Token::Open(place) => {
                    entries.push(vec![Word { text: "{".to_owned(), quoted: false, place }]);
                }
                Token::Words(words) => entries.push(words),
            }
        }
        self.missing_brace(words);
        entries
    }

    /// Passes over a block unread.
    fn skip(&mut self) {
        if !self.open() {
            return;
        }
        let mut depth = 1_usize;
        for token in self.tokens.by_ref() {
            match token {
                Token::Open(_) => depth = depth.saturating_add(1),
                Token::Close(_) => depth = depth.saturating_sub(1),
                Token::Words(_) => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn unknown(&mut self, block: Block, word: &Word) {
        if self.found.is_full() {
            // It is counted; good advice would be wasted work.
            return self.found.complain(word.place, "", String::new(), ["", "", ""]);
        }
        let what = format!("{} is no keyword here", quote(&word.text));
        let cure = advice(block, &word.text);
        let effect = match self.tokens.peek() {
            Some(Token::Open(_)) => {
                "the line is ignored; its block's closing brace closes the block around it, and \
                 what follows is read one level further out"
            }
            _ => "the line is ignored",
        };
        let then = [effect, "keepalived does the same", cure.as_str()];
        self.found.complain(word.place, "unknown-keyword", what, then);
    }

    fn unexpected_brace(&mut self, at: Place) {
        let then = [
            "it is ignored; the next closing brace closes the block around it",
            "keepalived does the same",
            "remove the block, or correct its keyword",
        ];
        self.found.complain(at, "unexpected-brace", "no block begins here".to_owned(), then);
    }

    fn extra_brace(&mut self, at: Place, content: Content) -> Content {
        let then = ["it is ignored", "keepalived does the same", "remove it"];
        self.found.complain(at, "extra-brace", "this brace closes no block".to_owned(), then);
        content
    }

    fn missing_brace(&mut self, opened: &[Word]) {
        let then = [
            "all that follows was read as part of it",
            "keepalived does the same",
            "add the closing brace, here or in a block within",
        ];
        let what = format!("no brace closes the block `{}`", words_name(opened));
        let at = opened.first().map_or_else(Place::default, |word| word.place);
        self.found.complain(at, "missing-brace", what, then);
    }

    fn incomplete(&mut self, row: &Directive, at: Place) {
        let what = format!("`{}` needs a value", row.name);
        let then = [
            "the instance or server it belongs to is disabled; all others run",
            "keepalived ends with exit code 2, and nothing runs",
            "write the value, or remove the line",
        ];
        self.found.missing(at, "missing-value", what, then);
    }

    fn nameless(&mut self, row: &Directive, at: Place) {
        let what = format!("`{}` needs a name", row.name);
        let then = ["the block is ignored", "keepalived does the same", "give it a name"];
        self.found.complain(at, "nameless", what, then);
    }

    fn second(&mut self, words: &[Word]) {
        let name = words.get(1);
        let what = format!("the instance {} is there already", quote(name.map_or("", |w| &w.text)));
        let then =
            ["this one is ignored", "keepalived does the same", "give one of them another name"];
        let at = words.first().map_or_else(Place::default, |word| word.place);
        self.found.complain(at, "given-twice", what, then);
    }

    /// What is to be said about a keyword wherever it is used.
    fn standing(&mut self, row: &Directive, at: Place) {
        if let Standing::Inert(why) = row.standing {
            let what = format!("`{}` is read and does nothing", row.name);
            self.found.note(at, "does-nothing", what, [why, "", "remove the line"]);
        }
        if row.since == Since::V2_4 && !matches!(row.standing, Standing::Inert(_)) {
            let what = format!("`{}` is newer than keepalived 2.2.7", row.name);
            let then = ["it acts here", "2.2.7 says it is unknown and ignores it", ""];
            self.found.note(at, "newer", what, then);
        }
    }
}

/// What may have been meant by a word that is no keyword in its block.
fn advice(block: Block, word: &str) -> String {
    /// What editors and web pages leave in a file, and no eye sees there.
    const UNSEEN: [char; 3] = ['\u{feff}', '\u{a0}', '\u{200b}'];
    if let Some(unseen) = word.chars().find(|c| UNSEEN.contains(c)) {
        return format!(
            "remove the character U+{:04X} from it, which can't be seen",
            unseen as u32
        );
    }
    let elsewhere = directives().find(|row| row.name == word).map(|row| row.block.name());
    let here = directives().filter(|row| row.block == block).map(|row| row.name);
    match (elsewhere, nearest(word, here)) {
        (Some(""), _) => {
            "it stands outside of all blocks: is a closing brace missing above?".to_owned()
        }
        (Some(name), _) => format!("it belongs into a block {name}"),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => "`handover check --explain` lists the keywords".to_owned(),
    }
}

/// A keyword lacks its parameter.
struct Broken;

fn words_name(words: &[Word]) -> &str {
    words.first().map_or("", |word| word.text.as_str())
}
