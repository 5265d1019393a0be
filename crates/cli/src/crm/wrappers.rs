//! `crm_standby`, `crm_failcount` and `crm_master`: short words for `crm_attribute` and
//! `crm_resource`.

use super::attribute;
use super::options::{Options, Row, flag, value};
use super::tool::{self, Answer, Failed, Tool, code};
use crate::cib_file::Whereabouts;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use std::fmt::Write as _;

/// Options of `crm_standby`.
pub(super) const STANDBY: [Row; 7] = [
    flag('G', "query", "print whether the node is in standby"),
    value('v', "update", "VALUE", "put the node in standby (`on`) or take it out (`off`)"),
    flag('D', "delete", "forget what was set"),
    value('N', "node", "NODE", "the node"),
    value('l', "lifetime", "LIFETIME", "`forever` or until `reboot`"),
    value('i', "id", "ID", "the XML id of the attribute"),
    flag('q', "quiet", "print only the value"),
];
/// Options of `crm_failcount`.
pub(super) const FAILCOUNT: [Row; 7] = [
    flag('G', "query", "print how often the resource failed"),
    flag('D', "delete", "forget failures"),
    value('r', "resource", "RESOURCE", "the resource"),
    value('n', "operation", "OPERATION", "the operation instead of all"),
    value('I', "interval", "INTERVAL", "the operation's interval"),
    value('N', "node", "NODE", "the node"),
    flag('q', "quiet", "print only the value"),
];
/// Options of `crm_master`.
pub(super) const MASTER: [Row; 8] = [
    flag('G', "query", "print the score"),
    value('v', "update", "VALUE", "set the score"),
    flag('D', "delete", "delete the score"),
    value('r', "resource", "RESOURCE", "the resource, else `OCF_RESOURCE_INSTANCE`"),
    value('N', "node", "NODE", "the node"),
    value('l', "lifetime", "LIFETIME", "`forever` or until `reboot`"),
    value('i', "id", "ID", "the XML id of the attribute"),
    flag('q', "quiet", "print only the value"),
];

/// Runs `crm_standby`: without a lifetime it asks and deletes both kinds, and sets for ever.
///
/// # Errors
/// Only when the streams can't be written.
pub(super) fn standby(tool: Tool<'_>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    tool.run(console, |options, places, answer| {
        let asked = |lifetime: &str| [words("standby", options), word("-l", lifetime)].concat();
        match options.get("lifetime") {
            Some(lifetime) => {
                let mut words = asked(lifetime);
                if options.has("query") {
                    words.extend(word("-d", "off"));
                }
                call(&words, places, answer)
            }
            None if options.has("update") => call(&asked("forever"), places, answer),
            None if options.has("delete") => {
                call(&asked("forever"), places, answer)?;
                call(&asked("reboot"), places, answer)
            }
            None => match call(&asked("forever"), places, answer) {
                Err(failed) if failed == Failed::no_such() => {
                    call(&[asked("reboot"), word("-d", "off")].concat(), places, answer)
                }
                done => done,
            },
        }
    })
}

/// Runs `crm_master`.
///
/// # Errors
/// Only when the streams can't be written.
pub(super) fn master(tool: Tool<'_>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    tool.run(console, |options, places, answer| {
        let given = options.get("resource").map(str::to_owned);
        let resource = given.or_else(|| std::env::var("OCF_RESOURCE_INSTANCE").ok());
        let resource = resource.filter(|name| !name.is_empty());
        let resource = resource.ok_or_else(|| Failed::new(code::ERROR, "No resource specified"))?;
        let mut all = words(&format!("master-{resource}"), options);
        all.extend(word("-l", options.get("lifetime").unwrap_or("forever")));
        call(&all, places, answer)
    })
}

/// Runs `crm_failcount`.
///
/// # Errors
/// Only when the streams can't be written.
pub(super) fn failcount(tool: Tool<'_>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    tool.run(console, |options, places, answer| {
        let resource = options.get("resource");
        let resource = resource.ok_or_else(|| Failed::usage("error: resource name required"))?;
        let node = options.get("node").ok_or_else(|| Failed::usage("error: node name required"))?;
        if options.has("delete") {
            let _ = writeln!(
                answer.text,
                "Dry run: skipping clean-up of {resource} on {node} due to CIB_file"
            );
            return Ok(());
        }
        if !options.has("query") {
            return Err(Failed::usage("error: command required"));
        }
        let file = tool::read(places)?;
        let operation = options.get("operation").map(|operation| {
            let interval = options.get("interval").unwrap_or("0");
            (operation, cib::value::interval_ms(interval).unwrap_or(0))
        });
        let count = counted(file.document(), resource, node, operation)?;
        let name = match operation {
            Some((operation, interval)) => format!("{resource}#{operation}_{interval}"),
            None => resource.to_owned(),
        };
        if options.has("quiet") {
            let _ = writeln!(answer.text, "{count}");
        } else {
            let _ = writeln!(answer.text, "scope=status  name=fail-count-{name} value={count}");
        }
        Ok(())
    })
}

/// How often a resource, or one of its operations, failed on a node.
fn counted(
    document: &cib::xml::Document,
    resource: &str,
    node: &str,
    operation: Option<(&str, u64)>,
) -> Result<cib::value::Score, Failed> {
    let id = attribute::node_id(document, node).ok_or_else(|| {
        Failed::new(code::NO_SUCH, format!("Could not map name={node} to a UUID"))
    })?;
    let prefix = match operation {
        Some((operation, interval)) => format!("fail-count-{resource}#{operation}_{interval}"),
        None => format!("fail-count-{resource}#"),
    };
    let states = document.root().child("status").into_iter();
    let states = states.flat_map(|status| status.children_named("node_state"));
    let pairs = states.filter(|state| state.get("id") == Some(id.as_str())).flat_map(|state| {
        let attributes = state.child("transient_attributes").into_iter();
        attributes.flat_map(|all| all.descendants().filter(|node| node.is("nvpair")))
    });
    let mut sum = cib::value::Score::ZERO;
    for pair in pairs {
        let name = pair.get("name").unwrap_or_default();
        let meant = if operation.is_some() { name == prefix } else { name.starts_with(&prefix) };
        if meant {
            sum += pair.get("value").and_then(cib::value::Score::parse).unwrap_or_default();
        }
    }
    Ok(sum)
}

fn word(option: &str, value: &str) -> Vec<String> {
    vec![option.to_owned(), value.to_owned()]
}

/// What `crm_attribute` is told.
fn words(name: &str, options: &Options) -> Vec<String> {
    let mut words = word("-n", name);
    for (option, long) in [("-v", "update"), ("-N", "node"), ("-i", "id")] {
        if let Some(value) = options.get(long) {
            words.extend(word(option, value));
        }
    }
    for (option, long) in [("-D", "delete"), ("-G", "query"), ("-q", "quiet")] {
        if options.has(long) {
            words.push(option.to_owned());
        }
    }
    words
}

fn call(words: &[String], places: &Whereabouts, answer: &mut Answer) -> Result<(), Failed> {
    let options = Options::parse(&attribute::ROWS, words).map_err(Failed::usage)?;
    attribute::work(&options, places, answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cib::xml::Document;

    #[test]
    fn failures_of_all_operations_add_up() {
        let text = "<cib><configuration><nodes><node id=\"1\" uname=\"n1\"/></nodes>\
                    </configuration><status><node_state id=\"1\"><transient_attributes><a>\
                    <nvpair name=\"fail-count-r#start_0\" value=\"2\"/>\
                    <nvpair name=\"fail-count-r#monitor_1000\" value=\"3\"/>\
                    <nvpair name=\"fail-count-rr#start_0\" value=\"9\"/>\
                    </a></transient_attributes></node_state></status></cib>";
        let document = Document::parse(text).expect("a document");
        let of = |operation| counted(&document, "r", "n1", operation).map(cib::value::Score::get);
        assert_eq!(of(None), Ok(5));
        assert_eq!(of(Some(("monitor", 1000))), Ok(3));
        assert_eq!(counted(&document, "r", "n9", None).map_err(|no| no.code), Err(code::NO_SUCH));
    }
}
