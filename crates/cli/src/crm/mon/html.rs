//! The status as a page.

use super::{Shown, text};
use crate::crm::options::Options;
use cib::xml::escaped;
use std::fmt::Write as _;

/// The page's title if none is given.
const TITLE: &str = "Cluster Status";

/// Writes the page: the same sections and lines as the text has.
pub(super) fn page(shown: &Shown<'_>, options: &Options) -> String {
    let mut page = String::new();
    if options.has("html-cgi") || options.has("web-cgi") {
        page.push_str("Content-Type: text/html\n\n");
    }
    let title = escaped(options.get("html-title").unwrap_or(TITLE));
    let _ = writeln!(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>{title}</title>");
    page.push_str("<meta charset=\"utf-8\">\n");
    if let Some(sheet) = options.get("html-stylesheet") {
        let _ = writeln!(page, "<link rel=\"stylesheet\" href=\"{}\">", escaped(sheet));
    }
    page.push_str("</head>\n<body>\n");
    let mut depth = 0;
    for line in text::write(shown).lines() {
        let bare = line.trim_start();
        let level = match bare.strip_prefix("* ") {
            Some(_) => (line.len() - bare.len()) / 2,
            None => 0,
        };
        while depth < level {
            page.push_str("<ul>\n");
            depth += 1;
        }
        while depth > level {
            page.push_str("</ul>\n");
            depth -= 1;
        }
        match bare.strip_prefix("* ") {
            Some(item) => {
                let _ = writeln!(page, "<li>{}</li>", escaped(item));
            }
            None if bare.is_empty() => {}
            None => {
                let _ = writeln!(page, "<h2>{}</h2>", escaped(bare.trim_end_matches(':')));
            }
        }
    }
    page.push_str(&"</ul>\n".repeat(depth));
    page.push_str("</body>\n</html>\n");
    page
}
