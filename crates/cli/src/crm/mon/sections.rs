//! The sections of a status, and which of them are asked for.

use crate::crm::options::Options;
use crate::crm::tool::Failed;

/// A part of the status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Section {
    Attributes,
    Bans,
    Counts,
    Dc,
    Failcounts,
    Failures,
    Fencing,
    Maintenance,
    Nodes,
    Operations,
    Options,
    Resources,
    Stack,
    Tickets,
    Times,
}

use Section::{
    Attributes, Bans, Counts, Dc, Failcounts, Failures, Fencing, Maintenance, Nodes, Operations,
    Options as ClusterOptions, Resources, Stack, Tickets, Times,
};

/// The parts of the heading.
const SUMMARY: [Section; 5] = [Stack, Dc, Times, Counts, Maintenance];
/// What is shown if nothing else is asked for.
const USUAL: [Section; 9] =
    [Stack, Dc, Times, Counts, Maintenance, Nodes, Resources, Failures, Fencing];
/// Everything.
const ALL: [Section; 15] = [
    Attributes,
    Bans,
    Counts,
    Dc,
    Failcounts,
    Failures,
    Fencing,
    Maintenance,
    Nodes,
    Operations,
    Resources,
    Stack,
    Tickets,
    Times,
    ClusterOptions,
];
/// Every name, in the order in which they are listed, and its sections.
const NAMES: [(&str, &[Section]); 19] = [
    ("attributes", &[Attributes]),
    ("bans", &[Bans]),
    ("counts", &[Counts]),
    ("dc", &[Dc]),
    ("failcounts", &[Failcounts]),
    ("failures", &[Failures]),
    ("fencing", &[Fencing]),
    ("fencing-failed", &[Fencing]),
    ("fencing-pending", &[Fencing]),
    ("fencing-succeeded", &[Fencing]),
    ("maint-mode", &[Maintenance]),
    ("nodes", &[Nodes]),
    ("operations", &[Operations]),
    ("options", &[ClusterOptions]),
    ("resources", &[Resources]),
    ("stack", &[Stack]),
    ("summary", &SUMMARY),
    ("tickets", &[Tickets]),
    ("times", &[Times]),
];

/// The sections asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sections(Vec<Section>);

impl Sections {
    /// Reads the options from left to right, as far as they choose sections.
    ///
    /// # Errors
    /// A section that there is not.
    pub(super) fn of(options: &Options, in_xml: bool) -> Result<Self, Failed> {
        let usual: &[Section] = if in_xml { &ALL } else { &USUAL };
        let mut sections = Self(usual.to_vec());
        for (option, value) in options.given() {
            match option {
                "include" => sections.change(value.unwrap_or_default(), true, usual)?,
                "exclude" => sections.change(value.unwrap_or_default(), false, usual)?,
                "failcounts" => sections.add(&[Failcounts]),
                "operations" | "timing-details" => sections.add(&[Operations]),
                "tickets" => sections.add(&[Tickets]),
                "neg-locations" => sections.add(&[Bans]),
                "show-node-attributes" => sections.add(&[Attributes]),
                "hide-headers" => sections.remove(&SUMMARY),
                _ => {}
            }
        }
        Ok(sections)
    }

    /// True if the section is asked for.
    pub(super) fn has(&self, section: Section) -> bool {
        self.0.contains(&section)
    }

    fn add(&mut self, sections: &[Section]) {
        self.0.extend(sections);
    }

    fn remove(&mut self, sections: &[Section]) {
        self.0.retain(|section| !sections.contains(section));
    }

    fn change(&mut self, list: &str, include: bool, usual: &[Section]) -> Result<(), Failed> {
        for word in list.split(',') {
            // Options are among all sections only of XML (measured).
            let all = if usual.len() == ALL.len() { &ALL[..] } else { &ALL[..ALL.len() - 1] };
            let name = word.split_once(':').map_or(word, |(name, _)| name);
            let known =
                NAMES.iter().find(|(known, _)| *known == name).map(|(_, sections)| *sections);
            match (word, include, known) {
                ("all", true, _) | ("none", false, _) => self.0 = all.to_vec(),
                ("none", true, _) | ("all", false, _) => self.0.clear(),
                ("default", true, _) => self.add(usual),
                (_, true, Some(sections)) => self.add(sections),
                (_, false, Some(sections)) => self.remove(sections),
                _ => return Err(unknown(include)),
            }
        }
        Ok(())
    }
}

/// Says which sections there are.
fn unknown(include: bool) -> Failed {
    let option = if include { "--include" } else { "--exclude" };
    let mut names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    names.extend(["all", "none"]);
    names.extend(include.then_some("default"));
    names.sort_unstable();
    let names = names.join(", ").replace("bans", "bans[:PREFIX]");
    Failed::usage(format!("{option} options: {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::mon::ROWS;

    fn of(line: &str) -> Result<Sections, Failed> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Sections::of(&Options::parse(&ROWS, &words).expect("a command line"), false)
    }

    #[test]
    fn sections_are_chosen_from_left_to_right() {
        let sections = of("--include=none,nodes,bans:cli --exclude nodes").expect("sections");
        assert_eq!(sections, Sections(vec![Bans]));
        assert!(of("--exclude=all -A").expect("sections").has(Attributes));
        assert!(!of("-D").expect("sections").has(Stack));
    }

    #[test]
    fn an_unknown_section_is_answered_with_those_there_are() {
        let failed = of("--include=x").expect_err("no such section");
        assert!(failed.said[0].starts_with("--include options: all, attributes, bans[:PREFIX], c"));
    }
}
