//! The pages of our own commands: options from the command line's definition, the rest from here.

use super::render::columns;
use super::{COMMANDS, Page, Part, text};
use crate::exit::Exit;
use clap::{Arg, Command};
use std::fmt::Write as _;

/// How wide help is at most.
pub(crate) const WIDTH: usize = 100;

/// What the definition of a command line can't say.
struct Facts {
    /// The command; empty for the program itself.
    name: &'static str,
    /// A line to write, and what it does.
    examples: &'static [(&'static str, &'static str)],
    /// How it can end.
    exits: &'static [(u8, &'static str)],
    /// What it reads or writes.
    files: &'static [(&'static str, &'static str)],
    /// Other pages.
    see_also: &'static [&'static str],
}

const DONE: (u8, &str) = (Exit::Done.code(), "done");
const FAILED: (u8, &str) =
    (Exit::Failed.code(), "failed or refused; one sentence on stderr says why");
const USAGE: (u8, &str) = (Exit::Usage.code(), "the command line was not understood");
const NOT_RUNNING: (u8, &str) =
    (Exit::NotRunning.code(), "the daemon does not run on this machine");
const ATTENTION: (u8, &str) =
    (Exit::Attention.code(), "with `--strict`: something needs attention");
const CONFIGURATION: (u8, &str) = (Exit::Configuration.code(), "the configuration has errors");

/// The same of virtual routers.
const KEEPALIVED: (&str, &str) = (crate::client::KEEPALIVED_SOCKET, "where keepalived's answers");

/// What most commands speak through.
const SOCKET: (&str, &str) = (
    crate::client::SOCKET,
    "where the daemon answers: everybody may look, root and the group \
     haclient may change",
);

const FACTS: [Facts; 13] = [
    Facts {
        name: "",
        examples: &[
            ("handover check", "is the configuration right?"),
            ("handover status", "where is everything, and what needs me?"),
            ("handover why 192.0.2.10", "why is that address where it is?"),
            ("handover hb_standby all", "an old name as the first word, where no link has it"),
        ],
        exits: &[DONE, FAILED, USAGE, NOT_RUNNING, ATTENTION, CONFIGURATION],
        files: &[
            ("/etc/ha.d", "the configuration, in Heartbeat's files"),
            ("/etc/keepalived", "the configuration of virtual routers, in keepalived's file"),
            ("/etc/handover/handover.toml", "settings that those files have no word for; optional"),
            ("/var/lib/heartbeat", "the node's identity and generation"),
            ("/var/lib/handover", "what only Handover keeps"),
            SOCKET,
        ],
        see_also: &[
            "handover-status(8)",
            "handover-why(8)",
            "handover-check(8)",
            "handover-install(8)",
            "heartbeat(8)",
            "ha.cf(5)",
            "authkeys(5)",
            "haresources(5)",
            "service_checks(5)",
            "keepalived(8)",
            "keepalived.conf(5)",
            "handover.toml(5)",
        ],
    },
    Facts {
        name: "status",
        examples: &[
            (
                "handover status",
                "nodes and groups, virtual routers and servers; what needs attention stands first",
            ),
            ("handover status --json", "all of it: one object, with a field for each role"),
            ("handover status --strict", "for monitoring: 0 is well, 4 needs you, 3 doesn't run"),
        ],
        exits: &[DONE, FAILED, USAGE, NOT_RUNNING, ATTENTION],
        files: &[SOCKET, KEEPALIVED],
        see_also: &["handover-why(8)", "handover-watch(8)", "cl_status(8)"],
    },
    Facts {
        name: "watch",
        examples: &[("handover watch", "one line an event, until you end it with Ctrl-C")],
        exits: &[DONE, FAILED, USAGE, NOT_RUNNING],
        files: &[SOCKET, KEEPALIVED],
        see_also: &["handover-events(8)", "handover-status(8)"],
    },
    Facts {
        name: "why",
        examples: &[
            ("handover why 192.0.2.10", "the story of the group with this address"),
            ("handover why node2", "why that node is called dead, or alive"),
            ("handover why VI_1", "why a virtual router is MASTER, BACKUP or FAULT"),
            ("handover why web --cib cib.xml", "why a resource of a CIB is where it is"),
        ],
        exits: &[DONE, FAILED, USAGE, NOT_RUNNING],
        files: &[SOCKET, KEEPALIVED, ("/var/lib/pacemaker/cib/cib.xml", "Pacemaker's CIB")],
        see_also: &["handover-why-not(8)", "handover-events(8)", "handover-status(8)"],
    },
    Facts {
        name: "why-not",
        examples: &[
            ("handover why-not web node2 --cib cib.xml", "what keeps it away, and what to change"),
            ("CIB_file=cib.xml handover why-not web node2", "the same"),
        ],
        exits: &[DONE, (1, "the CIB cannot be read, or does not know the resource or node"), USAGE],
        files: &[("/var/lib/pacemaker/cib/cib.xml", "Pacemaker's CIB")],
        see_also: &["handover-why(8)", "handover-simulate(8)"],
    },
    Facts {
        name: "events",
        examples: &[
            ("handover events", "what happened since the daemon started, at most 10,000 events"),
            ("handover events --json > incident.json", "the same with causes, to be kept"),
        ],
        exits: &[DONE, FAILED, USAGE, NOT_RUNNING],
        files: &[
            SOCKET,
            ("/var/lib/handover/events.jsonl", "older events too, one JSON object a line"),
        ],
        see_also: &["handover-why(8)", "handover-watch(8)"],
    },
    Facts {
        name: "lab",
        examples: &[
            ("handover lab", "a failover on this machine, with what a client noticed"),
            ("handover lab --scenario kill_host --pair ours/real", "one scenario with a real peer"),
        ],
        exits: &[
            DONE,
            (1, "something was not as it must be"),
            USAGE,
            (77, "impossible on this machine; the sentence says what is missing"),
        ],
        files: &[("target/peers", "real Heartbeat for pairs with it, unpacked, not installed")],
        see_also: &["handover-sim(8)"],
    },
    Facts {
        name: "sim",
        examples: &[
            ("handover sim --seconds 10", "ten seconds of random faults"),
            ("handover sim --seed 42", "one schedule, with its log"),
            ("handover sim vrrp --seeds 5000", "virtual routers under random faults"),
        ],
        exits: &[DONE, (1, "a promise was broken; how to replay it is printed"), USAGE],
        files: &[("scenarios/", "scenario files, in a source tree")],
        see_also: &["handover-lab(8)"],
    },
    Facts {
        name: "simulate",
        examples: &[
            ("handover simulate cib.xml", "what the cluster will do, and how it ends up"),
            (
                "handover simulate cib.xml --what-if 'kill node2; fail web 2'",
                "and if that happened",
            ),
            ("handover simulate cib.xml --sweep", "which single failures would end a resource"),
        ],
        exits: &[DONE, (1, "the CIB cannot be read, or an event cannot happen"), USAGE],
        files: &[("/var/lib/pacemaker/cib/cib.xml", "Pacemaker's CIB")],
        see_also: &["crm_simulate(8)"],
    },
    Facts {
        name: "import",
        examples: &[
            ("handover import /etc/ha.d/haresources", "the groups as primitives and locations"),
            (
                "handover import cluster.crm --cib cib.xml",
                "what `crm configure load` would make of it",
            ),
        ],
        exits: &[DONE, (1, "the file cannot be read, or has mistakes; no CIB is printed"), USAGE],
        files: &[("/etc/ha.d/ha.cf", "the nodes, if it lies beside haresources")],
        see_also: &["haresources2cib(8)", "cibadmin(8)", "haresources(5)"],
    },
    Facts {
        name: "install",
        examples: &[
            ("handover install --compat heartbeat --dry-run", "what would be put where"),
            ("handover install --compat heartbeat", "the program with all of Heartbeat's names"),
            ("handover install --compat keepalived", "the program, also as `keepalived`"),
            ("handover install --root debian/handover --compat heartbeat", "for a package"),
        ],
        exits: &[DONE, (1, "a file could not be written, or belongs to another program"), USAGE],
        files: &[
            ("/usr/sbin/handover", "the program; every old name is a link to it"),
            (
                "/usr/lib/systemd/system/handover-heartbeat.service",
                "the unit, also heartbeat.service",
            ),
            (
                "/usr/lib/systemd/system/handover-keepalived.service",
                "the unit of virtual routers, also keepalived.service",
            ),
            ("/etc/init.d/heartbeat", "the init script, with `--compat heartbeat`"),
        ],
        see_also: &["heartbeat(8)", "keepalived(8)", "systemctl(1)"],
    },
    Facts {
        name: "restart",
        examples: &[
            ("handover restart --keep", "exchange the program; groups run on here"),
            ("handover restart", "groups go to the other node first"),
            ("handover restart keepalived --keep", "the same for virtual routers"),
        ],
        exits: &[DONE, FAILED, USAGE, NOT_RUNNING, CONFIGURATION],
        files: &[SOCKET, ("/var/lib/handover", "which groups the successor finds in place")],
        see_also: &["heartbeat(8)"],
    },
    Facts {
        name: "check",
        examples: &[
            ("handover check", "this machine's files, in /etc/ha.d and /etc/keepalived"),
            ("handover check ./new --node node2", "files of another node, before they are copied"),
            ("handover check ./keepalived.conf", "a file of keepalived, wherever it lies"),
            ("handover check --explain deadtime", "what a directive means, its default and range"),
        ],
        exits: &[
            (0, "the daemon starts with these files"),
            (1, "with `--strict`: there are warnings; with `--explain`: no such directive"),
            USAGE,
            CONFIGURATION,
        ],
        files: &[
            ("/etc/ha.d", "ha.cf, authkeys, haresources, service_checks"),
            ("/etc/keepalived/keepalived.conf", "and what it includes"),
            ("/etc/handover/handover.toml", "read where it exists"),
        ],
        see_also: &[
            "ha.cf(5)",
            "authkeys(5)",
            "haresources(5)",
            "service_checks(5)",
            "keepalived.conf(5)",
        ],
    },
];

fn facts(name: &str) -> Option<&'static Facts> {
    FACTS.iter().find(|facts| facts.name == name)
}

/// What stands below the options in `--help`.
pub(crate) fn after_help(name: &str) -> String {
    let Some(facts) = facts(name) else { return String::new() };
    let mut out = String::from("Examples:\n");
    columns(&mut out, facts.examples.iter().copied());
    out.push_str("\nExit codes:\n");
    for (code, meaning) in facts.exits {
        let _ = writeln!(out, "  {code:<3} {}", meaning.replace('`', ""));
    }
    out.trim_end().to_owned()
}

/// A page for the program and one for each of its commands.
pub(crate) fn ours(command: &Command) -> Vec<Page> {
    let mut built = command.clone();
    built.build();
    let mut pages = vec![page(&built, "", "handover")];
    let named = built.get_subcommands().filter(|sub| sub.get_name() != "help");
    pages.extend(
        named.map(|sub| page(sub, sub.get_name(), &format!("handover {}", sub.get_name()))),
    );
    pages
}

fn page(command: &Command, name: &str, called: &str) -> Page {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let long = command.get_long_about().map_or_else(|| about.clone(), ToString::to_string);
    let mut body: Vec<Part> = long.split("\n\n").map(text).collect();
    let end = if long.ends_with('.') { "" } else { "." };
    if let Some(Part::Text(last)) = body.last_mut() {
        last.push_str(end);
    }
    let options: Vec<&Arg> = command.get_arguments().filter(|arg| !arg.is_hide_set()).collect();
    if name.is_empty() {
        body.push(Part::Heading("Commands"));
        let subs = command.get_subcommands().filter(|sub| sub.get_name() != "help");
        let row = |sub: &Command| {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            (sub.get_name().to_owned(), about)
        };
        body.push(Part::Terms(("command", "what it does"), subs.map(row).collect()));
    }
    if !options.is_empty() {
        body.push(Part::Heading("Options"));
        let rows = options.iter().map(|arg| (spelled(arg), explained(arg))).collect();
        body.push(Part::Terms(("option", "meaning"), rows));
    }
    let usage = command.clone().bin_name(called).render_usage().to_string();
    let facts = facts(name);
    Page {
        name: called.replace(' ', "-"),
        section: COMMANDS,
        about: about.trim_end_matches('.').to_owned(),
        synopsis: vec![usage.trim_start_matches("Usage: ").to_owned()],
        body,
        exits: facts.map_or(&[][..], |f| f.exits).iter().map(|(c, w)| (*c, (*w).into())).collect(),
        files: facts.map_or(Vec::new(), |f| f.files.to_vec()),
        examples: facts.map_or(Vec::new(), |f| f.examples.to_vec()),
        see_also: facts.map_or(Vec::new(), |f| {
            let parent = (!name.is_empty()).then_some("handover(8)");
            parent.into_iter().chain(f.see_also.iter().copied()).collect()
        }),
    }
}

/// `-h, --help`, `--node NAME`, `[PATH]...`.
fn spelled(arg: &Arg) -> String {
    let names: Vec<String> = (arg.get_short().map(|short| format!("-{short}")).into_iter())
        .chain(arg.get_long().map(|long| format!("--{long}")))
        .collect();
    if names.is_empty() {
        return arg.to_string();
    }
    let takes = arg.get_num_args().is_some_and(|count| count.takes_values());
    let value = arg.get_value_names().filter(|_| takes).and_then(|names| names.first());
    let may_lack = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
    match value {
        Some(value) if may_lack => format!("{} [{value}]", names.join(", ")),
        Some(value) => format!("{} {value}", names.join(", ")),
        None => names.join(", "),
    }
}

/// The sentence of an option, its values and its default.
fn explained(arg: &Arg) -> String {
    let mut words = arg.get_help().map(ToString::to_string).unwrap_or_default();
    words.truncate(words.trim_end_matches('.').len());
    let takes = arg.get_num_args().is_some_and(|count| count.takes_values());
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|_| takes)
        .map(|value| value.get_name().to_owned())
        .collect();
    if !values.is_empty() {
        let _ = write!(words, "; one of: {}", values.join(", "));
    }
    if let (true, Some(default)) = (takes, arg.get_default_values().first()) {
        let _ = write!(words, " (default: {})", default.to_string_lossy());
    }
    words.push('.');
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_command_belongs_to_one() {
        let pages = ours(&crate::args::command());
        assert_eq!(pages.len(), FACTS.len());
        for page in pages {
            assert!(!page.examples.is_empty(), "{} has no example", page.name);
            assert!(!page.exits.is_empty(), "{} has no exit codes", page.name);
        }
    }

    #[test]
    fn no_two_codes_share_a_number_or_a_meaning() {
        let codes = [DONE, FAILED, USAGE, NOT_RUNNING, ATTENTION, CONFIGURATION];
        assert!(codes.is_sorted_by(|a, b| a.0 < b.0 && a.1 != b.1), "{codes:?}");
    }

    #[test]
    fn an_option_is_spelled_as_it_is_written() {
        let arg = Arg::new("node").long("node").value_name("NAME").num_args(1);
        assert_eq!(spelled(&arg), "--node NAME");
        let arg = Arg::new("json").long("json").action(clap::ArgAction::SetTrue);
        assert_eq!(spelled(&arg), "--json");
    }
}
