//! The command line of `handover`, and what is made from it: help, man pages, completions.

use crate::check;
use crate::exit::Exit;
use crate::install::Ancestor;
use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Keeps services reachable when a machine, a cable or a program fails.
///
/// The daemon is started by its unit or by `heartbeat`; these commands look at it and steer it.
/// Start with `handover status`; when something is not where it should be, `handover why NAME`.
#[derive(Debug, Parser)]
#[command(name = "handover", version, max_term_width = 100, after_help = AFTER_HELP)]
#[command(after_long_help = AFTER_HELP, propagate_version = false)]
pub(crate) struct Handover {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "The old names heartbeat, cl_status, hb_standby, hb_takeover, \
hb_addnode, hb_delnode and ha_propagate work as links to this program, or as its first word: \
handover hb_standby all";

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
    /// Tell why a group, an address, a script or a node is where it is, from packet to script.
    Why {
        /// A group, one of its resources, its address, or a node.
        name: String,
        /// The events of the story as a JSON array.
        #[arg(long)]
        json: bool,
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
    },
    /// Check ha.cf, authkeys, haresources and service_checks: all errors at once.
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
        /// Leave groups running here and take them over again, instead of handing over.
        #[arg(long)]
        keep: bool,
    },
}

/// The whole command line. `check` reads its own words; here it is shown with all of them.
fn command() -> clap::Command {
    Handover::command().mut_subcommand("check", |_| check::command().name("check"))
}

/// The man pages: (name, roff).
pub fn manual() -> Vec<(String, String)> {
    let command = command();
    let mut pages = vec![("handover".to_owned(), page(command.clone(), "handover"))];
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = format!("handover-{}", sub.get_name());
        pages.push((name.clone(), page(sub.clone(), &name)));
    }
    pages
}

fn page(command: clap::Command, name: &str) -> String {
    let command = command.display_name(name.to_owned()).bin_name(name.replacen('-', " ", 1));
    let man = clap_mangen::Man::new(command).title(name).section("8");
    let mut roff = Vec::new();
    // Writing to memory can't fail.
    let _ = man.render(&mut roff);
    roff.extend_from_slice(b".SH \"EXIT CODES\"\n");
    for (exit, meaning) in Exit::MEANINGS {
        roff.extend_from_slice(format!(".TP\n{}\n{meaning}\n", exit.code()).as_bytes());
    }
    String::from_utf8_lossy(&roff).into_owned()
}

/// The completions: (installed path, script).
pub(crate) fn completions() -> Vec<(&'static str, String)> {
    let shells = [
        (Shell::Bash, "/usr/share/bash-completion/completions/handover"),
        (Shell::Zsh, "/usr/share/zsh/vendor-completions/_handover"),
        (Shell::Fish, "/usr/share/fish/vendor_completions.d/handover.fish"),
    ];
    shells
        .into_iter()
        .map(|(shell, path)| {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "handover", &mut script);
            (path, String::from_utf8_lossy(&script).into_owned())
        })
        .collect()
}

/// The reference page of all commands, in Markdown.
pub fn reference() -> String {
    let mut text =
        String::from("# Commands\n\nGenerated from the program's own help by `cargo xtask gen`.\n");
    let mut command = command();
    command.build();
    section(&mut text, &mut command, "handover");
    let names: Vec<String> = command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        if let Some(sub) = command.find_subcommand_mut(&name) {
            section(&mut text, sub, &format!("handover {name}"));
        }
    }
    text.push_str("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (exit, meaning) in Exit::MEANINGS {
        let _ = writeln!(text, "| {} | {meaning} |", exit.code());
    }
    text.push_str("\nThe old names keep the exit codes they always had.\n");
    text
}

fn section(text: &mut String, command: &mut clap::Command, title: &str) {
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## {title}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn each_command_has_a_man_page_with_the_exit_codes() {
        let pages = manual();
        assert!(pages.iter().any(|(name, _)| name == "handover-why"));
        assert!(pages.iter().all(|(_, roff)| roff.contains("EXIT CODES")));
    }
}
