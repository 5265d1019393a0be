//! The command line of `handover`, and what is made from it: help, man pages, completions.

use crate::install::Ancestor;
use crate::manual::{self, Page};
use crate::{OLD_NAMES, check, import};
use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Keeps services reachable when a machine, a cable or a program fails.
///
/// Its daemons are started by their units, or by `heartbeat` and `keepalived`; these commands look
/// at them and steer them.
/// Start with `handover status`; when something is not where it should be, `handover why NAME`.
#[derive(Debug, Parser)]
#[command(name = "handover", version, max_term_width = 100, propagate_version = false)]
pub(crate) struct Handover {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A process family of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Role {
    /// Nodes, links and groups.
    Heartbeat,
    /// Virtual routers and virtual servers.
    Keepalived,
}

impl Role {
    /// Its name, which is its unit's too.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::Keepalived => "keepalived",
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show where everything is, what needs attention first.
    Status {
        /// Print the whole state as one JSON object.
        #[arg(long)]
        json: bool,
        /// End with 4 when something needs attention.
        #[arg(long)]
        strict: bool,
    },
    /// Show what happens, as it happens.
    Watch {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        /// Also what is only for those who debug handover.
        #[arg(long)]
        all: bool,
    },
    /// Tell why something is where it is or as it is, from packet to script.
    Why {
        /// A group, one of its resources, its address, or a node; a virtual router, sync group,
        /// tracked script, interface or file, a virtual or real server; with a CIB, a resource.
        name: String,
        /// Of a resource in a CIB: only what speaks for and against this node.
        #[arg(value_name = "NODE")]
        node: Option<String>,
        /// Explain where the scheduler puts a resource of this CIB (without it that of the
        /// variable CIB_file); one called .bz2 is unpacked, - is standard input.
        #[arg(long, value_name = "CIB")]
        cib: Option<String>,
        /// The events of the story as a JSON array.
        #[arg(long, conflicts_with = "cib")]
        json: bool,
    },
    /// Tell why a resource of a CIB is not on a node, and the smallest change that brings it there.
    WhyNot {
        /// The resource.
        #[arg(value_name = "RESOURCE")]
        resource: String,
        /// The node.
        #[arg(value_name = "NODE")]
        node: String,
        /// The CIB; without it that of the variable CIB_file.
        #[arg(long, value_name = "CIB")]
        cib: Option<String>,
    },
    /// Show what has happened, oldest first.
    Events {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        /// Also what is only for those who debug handover.
        #[arg(long)]
        all: bool,
        /// Only events after this number.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        after: u64,
        /// Of one role only; without it of each that runs.
        #[arg(long, value_name = "ROLE")]
        role: Option<Role>,
    },
    /// Check Heartbeat's files and keepalived.conf: all errors at once.
    #[command(disable_help_flag = true)]
    Check {
        /// See `handover check --help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run a pair of machines on this one and kill one of them: the demonstration and the tests.
    #[command(disable_help_flag = true)]
    Lab {
        /// See `handover lab --help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Search for faults in simulated clusters.
    #[command(disable_help_flag = true)]
    Sim {
        /// See `handover sim --help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Show what a cluster would do if something happened, from a CIB in a file.
    Simulate {
        /// The CIB; one called .bz2 is unpacked, - is standard input.
        #[arg(value_name = "CIB")]
        cib: String,
        /// What happens, such as `kill node2; standby node3; fail web 2`.
        #[arg(long, value_name = "EVENTS", default_value = "")]
        what_if: String,
        /// Try the failure of each node and of each running resource instead.
        #[arg(long, conflicts_with = "what_if")]
        sweep: bool,
    },
    /// Print the CIB that a haresources, or a configuration of crmsh, means.
    Import {
        /// The file; - is standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Its language; without it the first word tells.
        #[arg(long)]
        language: Option<import::Language>,
        /// The CIB that the objects of crmsh are put into; without it an empty one.
        #[arg(long, value_name = "CIB")]
        cib: Option<PathBuf>,
    },
    /// Put the program, its unit, man pages, completions and old names in place.
    Install {
        /// Below this directory (packages: the build root).
        #[arg(long, default_value = "/", value_name = "DIR")]
        root: PathBuf,
        /// Answer to the names of these ancestors too.
        #[arg(long, value_delimiter = ',', value_name = "ANCESTOR")]
        compat: Vec<Ancestor>,
        /// Replace files that belong to another program.
        #[arg(long)]
        force: bool,
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Stop the daemon and start it again, after an upgrade for instance.
    Restart {
        /// Which one; heartbeat unless named.
        #[arg(value_name = "ROLE", default_value = "heartbeat", hide_default_value = true)]
        role: Role,
        /// Leave groups or addresses in place here and take them over again, instead of handing
        /// over.
        #[arg(long)]
        keep: bool,
    },
}

/// The command line that is parsed: each command's help ends with examples and exit codes.
pub(crate) fn parser() -> clap::Command {
    let mut command = with_epilogue(Handover::command(), "");
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(&name, |sub| with_epilogue(sub, &name));
    }
    command
}

/// A command whose help ends with what its page says.
pub(crate) fn with_epilogue(command: clap::Command, name: &str) -> clap::Command {
    let epilogue = manual::after_help(name);
    command.after_help(epilogue.clone()).after_long_help(epilogue)
}

/// The whole command line. `check`, `lab` and `sim` read their own words; here they are shown with
/// all of them.
pub(crate) fn command() -> clap::Command {
    parser()
        .mut_subcommand("check", |_| check::command().name("check"))
        .mut_subcommand("lab", |lab| manual::lab(&lab))
        .mut_subcommand("sim", |sim| manual::sim(&sim))
}

/// A page of the manual, ready to be installed or committed.
pub struct ManualPage {
    /// Its name, as `man` is asked for it.
    pub name: String,
    /// The manual's part: 5 for files, 8 for commands.
    pub section: u8,
    /// Its text.
    pub text: String,
}

/// The pages for `man`: our commands and the files.
pub fn manual() -> Vec<ManualPage> {
    manual::pages(&command()).iter().map(installed).collect()
}

/// The pages for `man` of the ancestors' commands.
pub fn old_manual() -> Vec<ManualPage> {
    let all = [Ancestor::Heartbeat, Ancestor::Keepalived, Ancestor::Pacemaker];
    all.into_iter().flat_map(old_manual_of).collect()
}

/// Those of one of them.
pub(crate) fn old_manual_of(of: Ancestor) -> Vec<ManualPage> {
    OLD_NAMES
        .iter()
        .filter(|name| Ancestor::of(name) == of)
        .filter_map(|name| manual::old(name))
        .map(|page| installed(&page))
        .collect()
}

fn installed(page: &Page) -> ManualPage {
    let text = manual::roff(page);
    ManualPage { name: page.name.clone(), section: page.section, text }
}

/// The reference pages of the files, in Markdown.
pub fn formats() -> Vec<ManualPage> {
    let page = |page: &Page| {
        let text = manual::markdown(page);
        ManualPage { name: page.name.clone(), section: page.section, text }
    };
    manual::formats().iter().map(page).collect()
}

/// The shells, and what stands before and after a program's name in the path of its completion.
const SHELLS: [(Shell, &str, &str); 3] = [
    (Shell::Bash, "/usr/share/bash-completion/completions/", ""),
    (Shell::Zsh, "/usr/share/zsh/vendor-completions/_", ""),
    (Shell::Fish, "/usr/share/fish/vendor_completions.d/", ".fish"),
];

/// The completions: (installed path, script).
pub(crate) fn completions() -> Vec<(String, String)> {
    completions_of("handover", &mut command())
}

/// The same for `keepalived`.
pub(crate) fn keepalived_completions() -> Vec<(String, String)> {
    completions_of("keepalived", &mut crate::keepalived::completed())
}

fn completions_of(name: &str, command: &mut clap::Command) -> Vec<(String, String)> {
    SHELLS
        .iter()
        .map(|(shell, before, after)| {
            let mut script = Vec::new();
            clap_complete::generate(*shell, command, name, &mut script);
            ([before, name, after].concat(), String::from_utf8_lossy(&script).into_owned())
        })
        .collect()
}

/// The reference page of all commands, in Markdown.
pub fn reference() -> String {
    let mut text = String::from(
        "# Commands\n\nGenerated from the program's own help by `cargo xtask gen`. The same is in \
         the manual: `man handover-status`, `man hb_standby`.\n",
    );
    let mut command = command();
    command.build();
    section(&mut text, "handover", &command.render_long_help().to_string());
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let help = sub.clone().render_long_help().to_string();
        section(&mut text, &format!("handover {}", sub.get_name()), &help);
    }
    text.push_str(
        "\n## The old names\n\nThey keep the words and exit codes they always had. Each works as a \
         link to the program, or as its first word: `handover hb_standby all`.\n",
    );
    for page in OLD_NAMES.iter().filter_map(|name| manual::old(name)) {
        section(&mut text, &page.name, &manual::help(&page));
    }
    text
}

fn section(text: &mut String, title: &str, help: &str) {
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## {title}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
        parser().debug_assert();
    }

    #[test]
    fn the_help_of_each_command_ends_with_examples_and_exit_codes() {
        for name in [
            "", "status", "watch", "why", "why-not", "events", "import", "simulate", "install",
            "restart", "check",
        ] {
            let words = ["handover", name, "--help"];
            let words = words.into_iter().filter(|word| !word.is_empty());
            let help = match name {
                "check" => check::command().render_long_help().to_string(),
                _ => parser().try_get_matches_from(words).expect_err("help").to_string(),
            };
            assert!(help.contains("Examples:\n  handover"), "{help}");
            assert!(help.contains("Exit codes:\n  0 "), "{help}");
        }
    }
}
