//! `pacemaker-schedulerd metadata` and its neighbours: which options there are, of which type, with
//! which default, as pcs and other tools ask for them (names, types and defaults of 2.1.5).

use super::options_known::{CONTROLLER, FENCING, INFORMATION_BASE, Known, SCHEDULER};
use super::tool::VERSION;
use super::xml::Builder;
use crate::console::{Console, Stop};
use crate::exit::Exit;

/// Whose version is that of all.
const CONTROLLER_NAME: &str = "pacemaker-controld";
/// The names that answer `metadata`.
pub(super) const NAMES: [&str; 4] =
    ["pacemaker-based", CONTROLLER_NAME, "pacemaker-schedulerd", "pacemaker-fenced"];
/// The version of the format.
const FORMAT: &str = "1.1";
/// How options begin that one should not need; tools look for it.
const ADVANCED: &str = "*** Advanced Use Only *** ";

/// Answers `NAME metadata`, and of the controller `version`, by which crmsh tells what runs here.
///
/// # Errors
/// Only when the streams can't be written.
pub(super) fn run(name: &str, args: &[String], console: &mut Console<'_>) -> Result<Exit, Stop> {
    if name == CONTROLLER_NAME && args.iter().any(|word| word == "version") {
        writeln!(console.out, "CRM Version: {VERSION} (handover)")?;
        return Ok(Exit::Done);
    }
    if !args.iter().any(|word| word == "metadata") {
        let sentence = format!("{name}: only `{name} metadata` is known here");
        return Err(Stop::Because(sentence, Exit::Old(super::tool::code::USAGE)));
    }
    write!(console.out, "{}", of(name))?;
    Ok(Exit::Done)
}

fn of(name: &str) -> String {
    let (long, short, options): (&str, &str, &[Known]) = match name {
        "pacemaker-based" => (
            "Cluster options of the information base's keeper",
            "Options of the information base",
            &INFORMATION_BASE,
        ),
        CONTROLLER_NAME => {
            ("Cluster options of the controller", "Options of the controller", &CONTROLLER)
        }
        "pacemaker-schedulerd" => {
            ("Cluster options of the scheduler", "Options of the scheduler", &SCHEDULER)
        }
        _ => (
            "Parameters that every fence device has, beside those of its agent",
            "Parameters of every fence device",
            &FENCING,
        ),
    };
    let mut xml = Builder::default();
    xml.open("resource-agent", &[("name", name), ("version", VERSION)]);
    xml.text("version", &[], FORMAT);
    xml.text("longdesc", &[("lang", "en")], long);
    xml.text("shortdesc", &[("lang", "en")], short);
    xml.open("parameters", &[]);
    for option in options {
        parameter(option, &mut xml);
    }
    xml.close();
    xml.close();
    format!("<?xml version=\"1.0\"?>\n{}", xml.finish())
}

fn parameter(option: &Known, xml: &mut Builder) {
    xml.open("parameter", &[("name", option.name)]);
    let allowed = if option.values.is_empty() {
        String::new()
    } else {
        format!("  Allowed values: {}", option.values.join(", "))
    };
    let advanced = if option.advanced { ADVANCED } else { "" };
    xml.text("longdesc", &[("lang", "en")], &format!("{}{allowed}", option.what));
    xml.text("shortdesc", &[("lang", "en")], &format!("{advanced}{}", option.what));
    let mut attributes = vec![("type", option.kind)];
    attributes.extend(option.default.map(|default| ("default", default)));
    xml.open("content", &attributes);
    for value in option.values {
        xml.leaf("option", &[("value", value)]);
    }
    xml.close();
    xml.close();
}

#[cfg(test)]
mod tests {
    use super::*;
    use cib::xml::Document;

    #[test]
    fn every_daemon_tells_its_options_with_type_and_default() {
        for name in NAMES {
            let document = Document::parse(of(name)).expect("XML");
            let parameters = document.root().child("parameters").expect("a list");
            assert!(parameters.children().count() > 1, "{name}");
            for option in parameters.children() {
                let kind = option.child("content").and_then(|content| content.get("type"));
                assert!(kind.is_some(), "{name}: {option:?}");
            }
        }
    }

    #[test]
    fn a_choice_lists_what_can_be_chosen() {
        let text = of("pacemaker-schedulerd");
        assert!(text.contains("<content type=\"select\" default=\"stop\">"), "{text}");
        assert!(text.contains("<option value=\"freeze\"/>"), "{text}");
    }
}
