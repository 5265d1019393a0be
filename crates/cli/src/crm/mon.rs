//! `crm_mon` on a file: the cluster's status, once, as text, XML or HTML.

mod fields;
mod html;
mod sections;
mod simple;
mod text;
mod xml;

use super::options::{Options, Row, flag, maybe, value};
use super::tool::{self, Answer, Failed, Tool};
use super::xml::Builder;
use crate::cib_file::Whereabouts;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::old;
use cib::xml::Document;
use scheduler::view::{View, Wish, view};
use sections::{Section, Sections};

/// Every option.
pub(super) const ROWS: [Row; 29] = [
    flag('1', "one-shot", "print the status once; on a file it is never printed more than once"),
    value('x', "xml-file", "FILE", "read the information base from this file"),
    value('I', "include", "SECTIONS", "sections to show"),
    value('U', "exclude", "SECTIONS", "sections to leave out"),
    value('\0', "node", "NODE", "only what is on this node"),
    value('\0', "resource", "RESOURCE", "only this resource"),
    flag('n', "group-by-node", "list resources by node"),
    flag('r', "inactive", "show resources that do not run, too"),
    flag('f', "failcounts", "show how often resources failed"),
    flag('o', "operations", "show what was done"),
    flag('t', "timing-details", "the same, with times"),
    flag('c', "tickets", "show tickets"),
    maybe('m', "fence-history", "LEVEL", "accepted; a file has no history of fencing"),
    maybe('L', "neg-locations", "PREFIX", "show what keeps resources off nodes"),
    flag('A', "show-node-attributes", "show node attributes"),
    flag('D', "hide-headers", "no summary"),
    flag('R', "show-detail", "show ids of nodes and every instance"),
    flag('b', "brief", "count resources instead of naming them"),
    flag('j', "pending", "accepted; operations under way are always shown"),
    flag('s', "simple-status", "one line"),
    flag('X', "as-xml", "print an older kind of XML"),
    value('h', "as-html", "FILE", "write HTML into a file"),
    flag('N', "disable-ncurses", "accepted"),
    flag('w', "web-cgi", "HTML with a heading for a web server"),
    flag('\0', "html-cgi", "with --output-as=html: a heading for a web server"),
    value('\0', "html-title", "TITLE", "with --output-as=html: the page's title"),
    value('\0', "html-stylesheet", "URI", "with --output-as=html: a style sheet"),
    value('i', "interval", "TIME", "accepted"),
    flag('Q', "quiet", "leave out when and by whom"),
];

/// Runs `crm_mon`.
///
/// # Errors
/// Only when the streams can't be written.
pub(super) fn run(tool: Tool<'_>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    tool.run(console, work)
}

/// What is shown, and how.
struct Shown<'a> {
    view: &'a View,
    document: &'a Document,
    sections: Sections,
    /// "Now", seconds since 1970.
    now: i64,
    by_node: bool,
    inactive: bool,
    detail: bool,
    brief: bool,
    timing: bool,
    quiet: bool,
    /// The id, or the members of the tag, to which resources are limited.
    resources: Option<Vec<&'a str>>,
    /// How ids of bans must begin.
    ban_prefix: &'a str,
}

fn work(options: &Options, places: &Whereabouts, answer: &mut Answer) -> Result<(), Failed> {
    let as_xml = options.has("as-xml");
    let in_xml = as_xml || options.get("output-as") == Some("xml");
    let sections = Sections::of(options, in_xml)?;
    let places = match options.get("xml-file") {
        Some(file) => &Whereabouts { file: Some(file.into()), ..Whereabouts::default() },
        None => places,
    };
    let file = tool::read(places)?;
    let document = file.document();
    let now = i64::try_from(old::now().as_millis() / 1000).unwrap_or(i64::MAX);
    let wish = Wish {
        inactive: in_xml || options.has("inactive"),
        detail: options.has("show-detail"),
        nameless: false,
        node: options.get("node"),
    };
    let view = view(document, now, wish);
    let shown = Shown {
        view: &view,
        document,
        sections,
        now,
        by_node: options.has("group-by-node"),
        inactive: wish.inactive,
        detail: wish.detail,
        brief: options.has("brief"),
        timing: options.has("timing-details"),
        quiet: options.has("quiet"),
        resources: options.get("resource").map(|name| fields::tagged(document, name)),
        ban_prefix: options.get("neg-locations").unwrap_or_default(),
    };
    if options.has("simple-status") {
        answer.text = simple::line(&shown);
        return Ok(());
    }
    if as_xml {
        let mut builder = Builder::default();
        builder.open("crm_mon", &[("version", tool::VERSION)]);
        xml::write(&shown, &mut builder);
        builder.close();
        answer.text = builder.finish();
    } else if in_xml {
        xml::write(&shown, &mut answer.xml);
    } else if options.get("output-as") == Some("html")
        || options.has("as-html")
        || options.has("web-cgi")
    {
        answer.text = html::page(&shown, options);
    } else {
        answer.text = text::write(&shown);
    }
    Ok(())
}

impl Shown<'_> {
    fn has(&self, section: Section) -> bool {
        self.sections.has(section)
    }
}
