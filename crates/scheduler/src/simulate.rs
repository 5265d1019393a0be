//! The simulation: events, a plan, its execution in memory, and what people read of it.

use crate::execute::{Execution, Failure, World, execute};
use crate::inject::{Event, Injected, inject};
use crate::plan::{self, Plan};
use cib::date::DateTime;
use cib::xml::Document;
use std::fmt::Write as _;

/// What a simulation is asked for.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Request {
    /// The moment to plan for (epoch seconds) and how it was written; without one it is the
    /// document's `execution-date`, else `wall`.
    pub moment: Option<(i64, String)>,
    /// The wall clock (epoch seconds).
    pub wall: i64,
    /// What happens before planning.
    pub events: Vec<Event>,
    /// Carry the plan out in memory.
    pub carry_out: bool,
    /// Operations that fail then.
    pub failures: Vec<Failure>,
}

/// What a simulation gives: sections of text, the plan, the documents before and after.
#[derive(Debug)]
pub struct Simulation {
    /// The moment planned for (epoch seconds).
    pub now: i64,
    /// The sentence about the moment; empty when it is that of the wall clock.
    pub dated: String,
    /// What is to be said on standard error about the document itself.
    pub notes: &'static str,
    /// Headline and status before anything happens.
    pub before: String,
    /// What was made to happen, one line each.
    pub injected: String,
    /// Events that could not happen, and why.
    pub refused: Vec<String>,
    /// The document that was planned for: after the events.
    pub input: Document,
    /// The plan.
    pub plan: Plan,
    /// What came of it, if it was carried out.
    pub after: Option<After>,
}

/// The sentence about a document that asks not to be held against a schema.
const UNCHECKED: &str = "Schema validation of configuration is disabled (support for validate-with \
                         set to \"none\" is deprecated and will be removed in a future release)\n";

/// A plan that was carried out.
#[derive(Debug)]
pub struct After {
    /// What was done, one line for each action.
    pub executed: String,
    /// True if the whole plan was carried out.
    pub complete: bool,
    /// The status then.
    pub revised: String,
    /// The document then.
    pub document: Document,
}

/// Makes the events happen and plans; carries the plan out on a copy of the document if that is
/// asked for.
pub fn simulate(cib: Document, request: &Request) -> Simulation {
    let recorded = plan::moment(&cib);
    let dated = match (&request.moment, recorded) {
        (Some((_, written)), _) => format!("Setting effective cluster time: {written}\n"),
        (None, Some(epoch)) => {
            let date = DateTime::from_epoch(epoch).local_text();
            format!("Using the original execution date of: {date}\n")
        }
        (None, None) => String::new(),
    };
    let now = request.moment.as_ref().map(|(moment, _)| *moment).or(recorded);
    let now = now.unwrap_or(request.wall);
    let unchecked = cib.root().get("validate-with") == Some("none");
    let mut input = cib;
    let mut before = None;
    let mut events = Injected::default();
    if !request.events.is_empty() {
        before = Some(plan::plan(&input, now).status);
        events = inject(&mut input, &request.events, now);
    }
    let plan = plan::plan(&input, now);
    let after = request.carry_out.then(|| {
        let mut document = input.clone();
        let world = World { failures: request.failures.clone(), now };
        let Execution { text, complete } = execute(&plan.graph, &mut document, &world);
        let revised = plan::status_of(&document, now, false);
        After { executed: text, complete, revised, document }
    });
    Simulation {
        now,
        dated,
        notes: if unchecked { UNCHECKED } else { "" },
        before: before.unwrap_or_else(|| plan.status.clone()),
        injected: events.text,
        refused: events.refused,
        input,
        plan,
        after,
    }
}

impl Simulation {
    /// The scores, one a line.
    pub fn scores(&self) -> String {
        let mut text = String::new();
        for line in &self.plan.scores {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// All of it, as `crm_simulate` prints it.
    pub fn text(&self) -> String {
        let Self { dated, before, .. } = self;
        let (injected, summary) = (self.injected_section(), &self.plan.summary);
        let mut text = format!("{dated}{before}\n{injected}Transition Summary:\n{summary}");
        if let Some(After { executed, revised, .. }) = &self.after {
            let _ = write!(
                text,
                "\nExecuting Cluster Transition:\n{executed}{dated}\nRevised Cluster Status:\n{revised}"
            );
        }
        text
    }

    /// The section about events, with an empty line behind it; empty if there were none.
    pub fn injected_section(&self) -> String {
        if self.injected.is_empty() {
            return String::new();
        }
        format!("Performing Requested Modifications:\n{}\n", self.injected)
    }
}

/// The same text without headings, bullets and indentation, as `crm_simulate` prints it together
/// with scores.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        let item = line.trim_start();
        let item = item.strip_prefix("* ").unwrap_or(item);
        // A heading is a line that others stand below.
        if line.trim_end().ends_with(':') && !line.contains("):") {
            continue;
        }
        let node_lists =
            ["Online: [", "OFFLINE: [", "RemoteOnline: [", "RemoteOFFLINE: [", "GuestOnline: ["];
        let list = node_lists.iter().find(|list| item.starts_with(**list));
        let item = list.map_or(item, |list| &item[list.len() - 1..]);
        if !item.is_empty() || !plain.ends_with("\n\n") {
            plain.push_str(item);
            plain.push('\n');
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn plain_text_has_neither_headings_nor_bullets() {
        let fancy = "Current cluster status:\n  * Node List:\n    * Online: [ a b ]\n\n  \
                     * Full List of Resources:\n    * Clone Set: c [r]:\n      * Started: [ a ]\n    \
                     * x\t(ocf:p:t):\t Stopped\n";
        assert_eq!(plain(fancy), "[ a b ]\n\nStarted: [ a ]\nx\t(ocf:p:t):\t Stopped\n");
    }
}
