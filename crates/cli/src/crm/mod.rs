//! Pacemaker's tools by name, on an information base in a file: `crm_attribute`, `crm_resource`,
//! `crm_mon` and their neighbours (texts and codes measured on 2.1.5; `docs/ancestors/pacemaker.md`).

mod attribute;
mod codes;
mod error;
mod metadata;
mod mon;
mod node;
mod nvpair;
mod options;
mod options_known;
mod resource;
mod ticket;
mod tool;
mod wrappers;
mod xml;

use crate::cib_file::Whereabouts;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use options::Row;
use tool::Tool;

/// The tools of this module.
pub(crate) const NAMES: [&str; 13] = [
    "crm_attribute",
    "crm_error",
    "crm_failcount",
    "crm_master",
    "crm_mon",
    "crm_node",
    "crm_resource",
    "crm_standby",
    "crm_ticket",
    "pacemaker-based",
    "pacemaker-controld",
    "pacemaker-fenced",
    "pacemaker-schedulerd",
];

/// Runs the tool of this name; `called` is the name with the path by which it was called.
///
/// # Errors
/// Only when the streams can't be written; everything else is an exit code.
pub(crate) fn run(
    name: &str,
    called: &str,
    args: &[String],
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    within(name, called, args, &Whereabouts::from_env(), console)
}

/// Runs the tool on the information base of these places.
fn within(
    name: &str,
    called: &str,
    args: &[String],
    places: &Whereabouts,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    if metadata::NAMES.contains(&name) {
        return metadata::run(name, args, console);
    }
    let name = NAMES.into_iter().find(|known| *known == name).unwrap_or("crm_error");
    let tool = Tool { name, called, args, rows: rows(name), places };
    match name {
        "crm_attribute" => attribute::run(tool, console),
        "crm_failcount" => wrappers::failcount(tool, console),
        "crm_master" => wrappers::master(tool, console),
        "crm_mon" => mon::run(tool, console),
        "crm_node" => node::run(tool, console),
        "crm_resource" => resource::run(tool, console),
        "crm_standby" => wrappers::standby(tool, console),
        "crm_ticket" => ticket::run(tool, console),
        _ => error::run(tool, console),
    }
}

/// A tool's options.
fn rows(name: &str) -> &'static [Row] {
    match name {
        "crm_attribute" => &attribute::ROWS,
        "crm_failcount" => &wrappers::FAILCOUNT,
        "crm_master" => &wrappers::MASTER,
        "crm_mon" => &mon::ROWS,
        "crm_node" => &node::ROWS,
        "crm_resource" => &resource::ROWS,
        "crm_standby" => &wrappers::STANDBY,
        "crm_ticket" => &ticket::ROWS,
        _ => &error::ROWS,
    }
}

/// A tool's options as the manual shows them.
pub(crate) fn shown(name: &str) -> Vec<(String, String)> {
    options::shown(rows(name))
}

#[cfg(test)]
mod tests;
