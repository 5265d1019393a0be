//! `crm_resource` on a file: bans and moves, parameters, and what agents say of themselves.

mod agents;
mod location;
mod parameter;

use super::options::{Options, Row, flag, value};
use super::tool::{self, Answer, Failed, Tool, code};
use crate::cib_file::Whereabouts;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use cib::xml::{Document, Node};

/// Every option.
pub(super) const ROWS: [Row; 26] = [
    value('r', "resource", "RESOURCE", "the resource"),
    flag('B', "ban", "keep the resource off a node"),
    flag('M', "move", "have the resource run on a node"),
    flag('U', "clear", "take back bans and moves"),
    flag('e', "expired", "with --clear: only those whose time is over"),
    value('u', "lifetime", "DURATION", "with --ban and --move: for so long"),
    flag('\0', "promoted", "about the promoted role"),
    flag('\0', "master", "the same"),
    value('g', "get-parameter", "NAME", "print a parameter as it is configured"),
    value('p', "set-parameter", "NAME", "set a parameter"),
    value('d', "delete-parameter", "NAME", "delete a parameter"),
    value('v', "parameter-value", "VALUE", "the value for --set-parameter"),
    flag('m', "meta", "meta-attributes instead of parameters"),
    flag('z', "utilization", "utilization instead of parameters"),
    value('s', "set-name", "ID", "the XML id of the block"),
    value('i', "nvpair", "ID", "the XML id of the pair"),
    flag('D', "delete", "delete a resource from the configuration, with --resource-type"),
    value('t', "resource-type", "ELEMENT", "how the resource's element is called"),
    flag('\0', "list-standards", "print the kinds of agents"),
    flag('\0', "list-ocf-providers", "print who provides OCF agents"),
    value('\0', "list-agents", "KIND", "print the agents of `ocf:PROVIDER`"),
    value('\0', "list-ocf-alternatives", "AGENT", "print who provides an OCF agent"),
    value('\0', "show-metadata", "AGENT", "print an agent's metadata"),
    value('N', "node", "NODE", "the node"),
    flag('f', "force", "do what may be dangerous"),
    flag('Q', "quiet", "say less"),
];

/// Runs `crm_resource`.
///
/// # Errors
/// Only when the streams can't be written.
pub(super) fn run(tool: Tool<'_>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    tool.run(console, work)
}

/// Commands; of several the last counts.
const COMMANDS: [&str; 12] = [
    "ban",
    "move",
    "clear",
    "get-parameter",
    "set-parameter",
    "delete-parameter",
    "delete",
    "list-standards",
    "list-ocf-providers",
    "list-agents",
    "list-ocf-alternatives",
    "show-metadata",
];

fn work(options: &Options, places: &Whereabouts, answer: &mut Answer) -> Result<(), Failed> {
    let mut given = options.given().rev();
    let command = given.find(|(name, _)| COMMANDS.contains(name));
    let Some((command, value)) = command else {
        return Err(Failed::usage("a command is needed: see --help"));
    };
    let value = value.unwrap_or_default();
    if command.starts_with("list-") || command == "show-metadata" {
        return agents::answer(command, value, answer);
    }
    let id = options.get("resource");
    let id = id.ok_or_else(|| Failed::usage("Must supply a resource id with -r"))?;
    if command == "get-parameter" {
        return parameter::get(tool::read(places)?.document(), id, value, options, answer);
    }
    let mut file = tool::edit(places)?;
    if command == "set-parameter" {
        return parameter::set(&mut file, id, value, options, answer);
    }
    if command == "clear" {
        return location::clear(&mut file, id, options, answer);
    }
    let document = file.document();
    let changed = match command {
        "ban" | "move" => location::constrain(document, id, command == "move", options, answer)?,
        "delete" => delete(document, id, options)?,
        _ => parameter::delete(document, id, value, options, answer)?,
    };
    file.adopt(changed)?;
    file.save()?;
    Ok(())
}

/// The elements that are resources.
const ELEMENTS: [&str; 6] = ["primitive", "group", "clone", "master", "bundle", "template"];

/// A resource's element.
fn find<'d>(document: &'d Document, id: &str) -> Result<Node<'d>, Failed> {
    let configuration = document.root().child("configuration");
    let resources = configuration.and_then(|part| part.child("resources"));
    let mut all = resources.into_iter().flat_map(Node::descendants);
    let found = all.find(|node| ELEMENTS.contains(&node.name()) && node.get("id") == Some(id));
    found.ok_or_else(|| Failed {
        code: code::NO_SUCH,
        said: vec![
            format!("Resource '{id}' not found"),
            "Error performing operation: No such object".to_owned(),
        ],
    })
}

/// Takes a resource of the named kind out; of another kind nothing is changed (measured).
fn delete(document: &Document, id: &str, options: &Options) -> Result<Document, Failed> {
    let resource = find(document, id)?;
    let kind = options
        .get("resource-type")
        .ok_or_else(|| Failed::new(code::NO_SUCH, "You need to specify a resource type with -t"))?;
    let mut changed = document.clone();
    if resource.is(kind) {
        changed.remove(resource.id());
    }
    Ok(changed)
}
