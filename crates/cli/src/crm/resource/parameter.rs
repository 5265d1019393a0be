//! Parameters, meta-attributes and utilization of a resource, as they are configured.

use super::super::nvpair::Wanted;
use super::super::options::Options;
use super::super::tool::{Answer, Failed, code};
use super::find;
use crate::cib_file::CibFile;
use cib::xml::{Document, Node};
use std::fmt::Write as _;

/// How the block is called that the options are about.
fn block(options: &Options) -> &'static str {
    if options.has("utilization") {
        "utilization"
    } else if options.has("meta") {
        "meta_attributes"
    } else {
        "instance_attributes"
    }
}

fn wanted<'a>(resource: Node<'_>, name: &'a str, options: &'a Options) -> Wanted<'a> {
    Wanted {
        parent: resource.id(),
        block: block(options),
        set: options.get("set-name"),
        id: options.get("nvpair"),
        name: Some(name),
    }
}

fn several(name: &str) -> Failed {
    Failed::new(code::MULTIPLE, format!("Multiple attributes match name={name}"))
}

/// Prints a value. Meta-attributes are inherited from groups, clones and defaults.
pub(super) fn get(
    document: &Document,
    id: &str,
    name: &str,
    options: &Options,
    answer: &mut Answer,
) -> Result<(), Failed> {
    let resource = find(document, id)?;
    let mut places = vec![resource];
    if options.has("meta") {
        places.extend(resource.ancestors().skip(1).take_while(|node| node.get("id").is_some()));
        let configuration = document.root().child("configuration");
        places.extend(configuration.and_then(|part| part.child("rsc_defaults")));
    }
    let value = places.into_iter().find_map(|place| {
        let found = wanted(place, name, options).find(document);
        found.first().and_then(|pair| pair.get("value"))
    });
    match value {
        Some(value) => {
            let _ = writeln!(answer.text, "{value}");
            answer.xml.open("list", &[("name", "attributes"), ("count", "1")]);
            answer.xml.text("item", &[("name", name)], value);
            answer.xml.close();
        }
        None => {
            let _ = writeln!(answer.talk, "Attribute '{name}' not found for '{id}'");
        }
    }
    Ok(())
}

/// Sets a value. A meta-attribute of a clone's primitive is set at the clone, one of a group also
/// where its members have it (measured).
pub(super) fn set(
    file: &mut CibFile,
    id: &str,
    name: &str,
    options: &Options,
    answer: &mut Answer,
) -> Result<(), Failed> {
    let value = options.get("parameter-value");
    let value =
        value.ok_or_else(|| Failed::usage("You need to supply a value with the -v option"))?;
    let resource = find(file.document(), id)?;
    let targets = targets(resource, name, options, answer);
    for target in targets {
        let document = file.document();
        let changed = update(document, find(document, &target)?, name, value, options, answer)?;
        file.adopt(changed)?;
    }
    file.save()?;
    Ok(())
}

/// The resources a value is set at, in this order.
fn targets(resource: Node<'_>, name: &str, options: &Options, answer: &mut Answer) -> Vec<String> {
    let id = |node: Node<'_>| node.get("id").unwrap_or_default().to_owned();
    if !options.has("meta") || options.has("force") {
        return vec![id(resource)];
    }
    if let Some(parent) = resource.parent().filter(|parent| parent.is("clone")) {
        let (child, clone) = (id(resource), id(parent));
        let _ = writeln!(
            answer.text,
            "Performing update of '{name}' on '{clone}', the parent of '{child}'"
        );
        return vec![clone];
    }
    let mut targets: Vec<String> = Vec::new();
    if resource.is("group") {
        let members = resource.children_named("primitive");
        let have = members
            .filter(|member| !wanted(*member, name, options).find(member.document()).is_empty());
        targets.extend(have.map(id));
    }
    targets.push(id(resource));
    targets
}

fn update(
    document: &Document,
    resource: Node<'_>,
    name: &str,
    value: &str,
    options: &Options,
    answer: &mut Answer,
) -> Result<Document, Failed> {
    let id = resource.get("id").unwrap_or_default();
    let wanted = wanted(resource, name, options);
    let found = wanted.find(document);
    let mut changed = document.clone();
    match found[..] {
        [pair] => {
            changed.set(pair.id(), "value", value);
            let pair = pair.get("id").unwrap_or_default();
            let _ = writeln!(answer.text, "Set '{id}' option: id={pair} name={name} value={value}");
        }
        [] => {
            let of_kind = format!("{id}-{}", block(options));
            let set = options.get("set-name").unwrap_or(&of_kind);
            let pair = wanted.add(&mut changed, set, name, value);
            let pair = changed.node(pair).get("id").unwrap_or_default();
            let _ = writeln!(
                answer.text,
                "Set '{id}' option: id={pair} set={set} name={name} value={value}"
            );
        }
        _ => return Err(several(name)),
    }
    Ok(changed)
}

/// Deletes a value; the block stays.
pub(super) fn delete(
    document: &Document,
    id: &str,
    name: &str,
    options: &Options,
    answer: &mut Answer,
) -> Result<Document, Failed> {
    let found = wanted(find(document, id)?, name, options).find(document);
    let mut changed = document.clone();
    match found[..] {
        [] => {}
        [pair] => {
            changed.remove(pair.id());
            let pair = pair.get("id").unwrap_or_default();
            let _ = writeln!(answer.text, "Deleted '{id}' option: id={pair} name={name}");
        }
        _ => return Err(several(name)),
    }
    Ok(changed)
}
