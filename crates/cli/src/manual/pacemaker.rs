//! The pages of Pacemaker's tools for an information base in a file.

use super::{COMMANDS, Page, Part, text};
use crate::tools::{interface, options::rows};

/// What the environment says to all of them.
const ENVIRONMENT: &str = "`CIB_file` names the file with the information base; `CIB_shadow` a shadow \
     copy, which wins, in the directory `CIB_shadow_dir` (by default `/var/lib/pacemaker/cib`). A \
     changed file lies beside the old one until that is whole; who changes it at the same time waits.";

/// The page of one of the tools.
pub(super) fn page(name: &str) -> Option<Page> {
    let (dialect, choices) = interface(name)?;
    let Words { about, synopsis, description, exits, examples } = words(name)?;
    let mut body = vec![text(description)];
    if name != "iso8601" && name != "crm_diff" {
        body.push(text(ENVIRONMENT));
    }
    body.push(Part::Heading("Options"));
    body.push(Part::Terms(("option", "meaning"), rows(dialect, choices)));
    Some(Page {
        name: name.to_owned(),
        section: COMMANDS,
        about: about.to_owned(),
        synopsis: synopsis.iter().map(|line| (*line).to_owned()).collect(),
        body,
        exits: exits.iter().map(|(code, meaning)| (*code, (*meaning).to_owned())).collect(),
        files: vec![("/var/lib/pacemaker/cib/shadow.NAME", "shadow copies")],
        examples: examples.to_vec(),
        see_also: vec!["crm_simulate(8)", "handover-simulate(8)", "handover(8)"],
    })
}

/// What a page says besides the options.
struct Words {
    about: &'static str,
    synopsis: &'static [&'static str],
    description: &'static str,
    exits: &'static [(u8, &'static str)],
    examples: &'static [(&'static str, &'static str)],
}

const DONE: (u8, &str) = (0, "done");
const USAGE: (u8, &str) = (64, "the command line was not understood");
const NO_CLUSTER: (u8, &str) = (102, "neither variable is set, and no cluster runs here");

fn words(name: &str) -> Option<Words> {
    Some(match name {
        "cibadmin" => Words {
            about: "read and change the information base",
            synopsis: &["cibadmin COMMAND [-o SECTION|-A PATH] [-X XML|-x FILE|-p] [OPTIONS]"],
            description: "Of several commands the last counts. Sections are `configuration`, \
                 `crm_config`, `nodes`, `resources`, `constraints`, `rsc_defaults`, `op_defaults`, \
                 `acls`, `tags`, `alerts`, `fencing-topology` and `status`. A value `NAME++` or \
                 `NAME+=N` of the attribute NAME counts.",
            exits: &[
                DONE,
                (4, "the user may not do that"),
                USAGE,
                (70, "the command lacks its input, or the section is not there"),
                (76, "the information base is of a later feature set: it can only be read"),
                (78, "the input is no XML, or the result does not conform to its schema"),
                NO_CLUSTER,
                (103, "the input is older than what is there"),
                (105, "there is no such element or file"),
                (107, "`--force` is needed"),
                (108, "it is there already"),
            ],
            examples: &[
                ("cibadmin --query", "show all"),
                ("cibadmin -D -X \'<primitive id=\"old\"/>\'", "delete a resource"),
                ("cibadmin -Q -A \"//nvpair[@name=\'target-role\']\"", "find values"),
            ],
        },
        "crm_verify" => Words {
            about: "check a configuration",
            synopsis: &["crm_verify -L|-x FILE|-p|-X XML [-V]"],
            description: "Names every mistake with its element, its attribute and the cure.",
            exits: &[
                DONE,
                (1, "there is nothing to check, or it is no XML"),
                USAGE,
                (76, "it is no whole configuration"),
                (78, "it has mistakes"),
            ],
            examples: &[
                ("crm_verify -x cib.xml", "check a file"),
                ("crm_verify -L -V", "check the one `CIB_file` names"),
            ],
        },
        "crm_diff" => Words {
            about: "tell what differs between two configurations, or apply it",
            synopsis: &["crm_diff -o OLD -n NEW [-c|-u]", "crm_diff -o OLD -p PATCH [-c]"],
            description: "Writes the difference as a patchset. Documents other than `<cib>` get one of \
                 the first format, as old peers have it.",
            exits: &[
                (0, "no difference; or the patchset was applied"),
                (1, "they differ; or the patchset does not fit"),
                USAGE,
                (65, "the input is missing or no XML"),
                (103, "with `-c`: the patchset leads no further than the document"),
            ],
            examples: &[
                ("crm_diff -o old.xml -n new.xml > patch.xml", "tell what differs"),
                ("crm_diff -o old.xml -p patch.xml", "apply it"),
            ],
        },
        "crm_shadow" => Words {
            about: "work on copies of the configuration",
            synopsis: &["crm_shadow -w|-p|-E|-d|-F", "crm_shadow -c|-e|-C|-D|-r|-s NAME [-b] [-f]"],
            description: "On a terminal, a new or switched copy is worked on in a shell of its own \
                 unless `--batch` is given.",
            exits: &[
                (0, "done; with `--diff`: the copy changes nothing"),
                (1, "`--diff`: the copy changes something"),
                (6, "`EDITOR` is not set"),
                (64, "the command line was not understood, or `--force` is needed"),
                (73, "the copy is there already"),
                NO_CLUSTER,
                (105, "there is no such copy, or none is active"),
            ],
            examples: &[
                ("crm_shadow -b -c try", "copy the configuration"),
                ("CIB_shadow=try crm_shadow -d", "show what was changed since"),
                ("crm_shadow -C try -f", "put it in place"),
            ],
        },
        "crm_rule" => Words {
            about: "tell if a rule about dates has yet to hold, holds, or is past",
            synopsis: &["crm_rule -c -r ID... [-d DATE] [-X XML]"],
            description: "The rule must have one condition on the date; one that lists fields must \
                 name years.",
            exits: &[
                (0, "it holds"),
                (3, "that cannot be told of this rule"),
                USAGE,
                (65, "the date or the XML is wrong"),
                (66, "there is nothing to read"),
                (105, "there is no such rule"),
                (110, "it is past"),
                (111, "it has yet to hold"),
            ],
            examples: &[
                ("crm_rule -c -r maintenance-rule", "now"),
                ("crm_rule -c -r maintenance-rule -d 2027-01-01", "at another time"),
            ],
        },
        "iso8601" => Words {
            about: "show how dates and durations are understood",
            synopsis: &["iso8601 -n|-d DATE|-p PERIOD|-D DURATION [-s|-S|-L|-O|-W]"],
            description: "Dates, periods and durations are read as in rules.",
            exits: &[
                DONE,
                (1, "`--expected`: the result is another"),
                (2, "it is no date, period or duration"),
                USAGE,
            ],
            examples: &[
                ("iso8601 -d 2027-W01-1", "a week\'s Monday"),
                ("iso8601 -d 2027-01-31 -D P1M", "a month later"),
            ],
        },
        _ => return None,
    })
}
