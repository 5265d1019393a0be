//! `handover why RESOURCE [NODE] --cib CIB` and `handover why-not RESOURCE NODE`: the scheduler's
//! reasons, told to people.

use super::{files, now};
use crate::console::{Console, Paint, Stop};
use crate::exit::Exit;
use crate::suggest;
use cib::value::Score;
use cib::xml::{Document, Node};
use scheduler::moment;
use scheduler::why::{self, Effect, NodeScore, Placement};
use std::fmt::Write as _;
use std::path::Path;

/// The column in which reasons begin: wider than any score with its sign.
const SCORE_WIDTH: usize = 11;

/// The CIB that is asked: the one named, else that of `CIB_file`; none if neither is there.
pub fn asked(named: Option<&str>) -> Option<String> {
    let from_env = || std::env::var("CIB_file").ok().filter(|path| !path.is_empty());
    named.map(str::to_owned).or_else(from_env)
}

fn read(cib: &str) -> Result<(Document, i64), Stop> {
    let read = if cib == "-" { files::standard_input() } else { files::read(Path::new(cib)) };
    let document = read.map_err(|(sentence, _)| Stop::failed(sentence))?;
    let at = moment(&document).unwrap_or_else(now);
    Ok((document, at))
}

/// Tells why a resource is where it is, for all nodes or for one.
///
/// # Errors
/// A CIB that cannot be read, a resource or node that is not in it, streams that can't be written.
pub fn placement(
    cib: &str,
    resource: &str,
    node: Option<&str>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let (document, at) = read(cib)?;
    let Some(found) = why::why(&document, at, resource) else {
        return Err(Stop::failed(no_resource(&document, cib, resource)));
    };
    if let Some(node) = node {
        known_node(&document, cib, node)?;
    }
    let several = found.placements.len() > 1;
    let told: Vec<&Placement> =
        found.placements.iter().filter(|one| one.primitive || !several).collect();
    for (place, one) in told.iter().enumerate() {
        if place > 0 {
            writeln!(console.out)?;
        }
        let text = tell(one, node, console.colour);
        write!(console.out, "{text}")?;
    }
    Ok(Exit::Done)
}

fn tell(one: &Placement, node: Option<&str>, colour: bool) -> String {
    let mut text = headline(one, colour);
    for circumstance in &one.circumstances {
        let _ = writeln!(text, "  {circumstance}");
    }
    for score in one.nodes.iter().filter(|score| node.is_none_or(|node| score.node == node)) {
        node_story(score, &mut text);
    }
    text
}

fn headline(one: &Placement, colour: bool) -> String {
    let name = Paint::Bold.on(colour, &one.resource);
    let runs = match one.runs_on.as_slice() {
        [] => "runs nowhere".to_owned(),
        nodes => format!("runs on {}", nodes.join(", ")),
    };
    let stays = |node: &String| one.runs_on.as_slice() == std::slice::from_ref(node);
    match &one.goes_to {
        Some((node, role)) if stays(node) => format!("{name} {runs} and stays there ({role})\n"),
        Some((node, role)) => format!("{name} {runs}; it goes to {node} ({role})\n"),
        None if one.runs_on.is_empty() => format!("{name} {runs}, and will not\n"),
        None => format!("{name} {runs}; it will be stopped\n"),
    }
}

fn node_story(score: &NodeScore, text: &mut String) {
    let total = score.score().map_or_else(|| "not allowed".to_owned(), |total| total.to_string());
    let state = score.unusable.map(|state| format!("; {state}")).unwrap_or_default();
    let _ = writeln!(text, "  {}: {total}{state}", score.node);
    for one in &score.contributions {
        let effect = match one.effect {
            Effect::Add(Score::ZERO) | Effect::Becomes(Some(Score::ZERO)) => "0".to_owned(),
            Effect::Add(score) if score > Score::ZERO => format!("+{score}"),
            Effect::Add(score) => score.to_string(),
            Effect::Becomes(Some(score)) => format!("= {score}"),
            Effect::Becomes(None) => "not allowed".to_owned(),
        };
        let _ = writeln!(text, "    {effect:>SCORE_WIDTH$}  {}", one.reason);
    }
    if score.contributions.is_empty() {
        let _ = writeln!(
            text,
            "    {:>SCORE_WIDTH$}  symmetric-cluster=false, and no location names it here",
            ""
        );
    }
}

/// Tells why a resource is not on a node, and what would bring it there.
///
/// # Errors
/// As [`placement`].
pub fn refusal(
    cib: &str,
    resource: &str,
    node: &str,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let (document, at) = read(cib)?;
    known_node(&document, cib, node)?;
    let Some(found) = why::why_not(&document, at, resource, node) else {
        return Err(Stop::failed(no_resource(&document, cib, resource)));
    };
    writeln!(console.out, "{}", found.because)?;
    match found.remedies.as_deref() {
        _ if found.there => {}
        None => {
            writeln!(
                console.out,
                "No change of a few constraints or states would bring it there."
            )?;
        }
        Some([one]) => writeln!(console.out, "To have it there: {one}")?,
        Some(several) => {
            writeln!(console.out, "To have it there, all of:")?;
            for one in several {
                writeln!(console.out, "  {one}")?;
            }
        }
    }
    Ok(Exit::Done)
}

fn no_resource(document: &Document, cib: &str, resource: &str) -> String {
    const KINDS: &[&str] = &["primitive", "group", "clone", "master", "bundle"];
    let all = document.root().descendants();
    let known = all.filter(|one| KINDS.contains(&one.name())).filter_map(|one| one.get("id"));
    let hint = suggest::hint(resource, known);
    format!("{cib}: no resource is called {resource}{hint}; `crm_resource --list` names them")
}

/// # Errors
/// The node is not there.
fn known_node(document: &Document, cib: &str, node: &str) -> Result<(), Stop> {
    let all: Vec<Node<'_>> = document.root().descendants().collect();
    let named = |kind: &'static str| {
        all.iter().filter(move |one| one.is(kind)).filter_map(|one| one.get("uname"))
    };
    let guests =
        all.iter().filter(|one| one.is("nvpair") && one.get("name") == Some("remote-node"));
    let guests = guests.filter_map(|one| one.get("value"));
    let remotes = all.iter().filter(|one| one.is("primitive") && one.get("type") == Some("remote"));
    let remotes = remotes.filter_map(|one| one.get("id"));
    let known: Vec<&str> =
        named("node").chain(named("node_state")).chain(guests).chain(remotes).collect();
    if known.contains(&node) {
        return Ok(());
    }
    let hint = suggest::hint(node, known.iter().copied());
    Err(Stop::failed(format!("{cib}: no node is called {node}{hint}")))
}
