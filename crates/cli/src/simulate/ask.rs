//! `handover simulate`: what would happen, told to people.

use super::{files, now};
use crate::console::{Console, Stop};
use crate::exit::Exit;
use scheduler::{Request, Simulation, moment, what_if};
use std::path::Path;

/// Runs `handover simulate CIB`.
///
/// # Errors
/// Only when the streams can't be written; everything else is an exit code.
pub fn what_if(
    cib: &str,
    events: &str,
    sweep: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let read = if cib == "-" { files::standard_input() } else { files::read(Path::new(cib)) };
    let document = match read {
        Ok(document) => document,
        Err((sentence, _)) => return Err(Stop::failed(sentence)),
    };
    let mut request = Request { wall: now(), ..Request::default() };
    if sweep {
        return losses(&what_if::sweep(&document, &request), console);
    }
    let at = moment(&document).unwrap_or(request.wall);
    request.events = what_if::events(&document, at, events).map_err(Stop::failed)?;
    let transitions = what_if::settle(document, request);
    for transition in &transitions {
        if let Some(sentence) = transition.refused.first() {
            return Err(Stop::failed(sentence.clone()));
        }
    }
    story(&transitions, console)?;
    Ok(Exit::Done)
}

fn story(transitions: &[Simulation], console: &mut Console<'_>) -> Result<(), Stop> {
    let nothing = transitions.iter().all(|transition| transition.plan.graph.synapses().is_empty());
    for transition in transitions {
        if !transition.injected.is_empty() {
            write!(console.out, "What happens:\n{}\n", transition.injected)?;
        }
        if !transition.plan.summary.is_empty() {
            write!(console.out, "What the cluster does:\n{}\n", transition.plan.summary)?;
        }
    }
    if nothing {
        writeln!(console.out, "The cluster has nothing to do.\n")?;
    }
    if let Some(after) = transitions.last().and_then(|last| last.after.as_ref()) {
        write!(console.out, "How it ends up:\n{}", after.revised)?;
        if !after.complete {
            writeln!(console.out, "The last transition could not be finished.")?;
        }
    }
    if transitions.len() == what_if::MOST_TRANSITIONS {
        let most = what_if::MOST_TRANSITIONS;
        writeln!(console.out, "It has not come to rest after {most} transitions.")?;
    }
    Ok(())
}

fn losses(losses: &[what_if::Loss], console: &mut Console<'_>) -> Result<Exit, Stop> {
    let survived = losses.iter().filter(|loss| loss.lost.is_empty()).count();
    for loss in losses.iter().filter(|loss| !loss.lost.is_empty()) {
        writeln!(console.out, "{}: {} would run nowhere", loss.event, loss.lost.join(", "))?;
    }
    writeln!(console.out, "{survived} of {} single failures cost no resource", losses.len())?;
    Ok(Exit::Done)
}
