//! Commands: what is run, and as whom (docs/ancestors/keepalived.md §2.2).

use super::Lowering;
use crate::keepalived::findings::Place;
use crate::keepalived::host::Program;
use crate::keepalived::lexer::{Word, command_words};
use crate::keepalived::tree::Node;
use crate::text::quote;
use vrrp::config::Command;

impl Lowering<'_> {
    /// The command of a notify keyword, if it can be run.
    pub(super) fn command(&mut self, node: &Node) -> Option<Command> {
        let command = self.command_of(node.behind(), false)?;
        let at = node.place();
        match self.program(&command) {
            Program::Fine => {
                self.first_script.get_or_insert(at);
                Some(command)
            }
            Program::Missing => {
                let what = format!("{} is not there or not executable", quote(program(&command)));
                let then = [
                    "the line is ignored: nobody is told",
                    "keepalived ignores it without a word",
                    "install the script, or correct its path",
                ];
                self.found.warn(at, "script-missing", what, then);
                None
            }
            Program::Writable => {
                let what = format!("others than root can write to {}", quote(program(&command)));
                let then = [
                    "the line is ignored: nobody is told",
                    "keepalived does the same under enable_script_security",
                    "correct the owner or mode of the script and its directories",
                ];
                self.found.complain(at, "script-insecure", what, then);
                None
            }
        }
    }

    /// A keyword's command; one that was given before stays.
    pub(super) fn set_command(&mut self, node: &Node, slot: &mut Option<Command>) {
        if slot.is_some() {
            let what = format!("`{}` was given before", node.row.name);
            let then = ["this one is ignored", "keepalived keeps the first as well", "remove one"];
            self.found.warn(node.place(), "given-twice", what, then);
            return;
        }
        *slot = self.command(node);
    }

    /// Words as a command: the first, split again if it was quoted; then user and group. `named`:
    /// the user is named elsewhere.
    pub(super) fn command_of(&mut self, words: &[Word], named: bool) -> Option<Command> {
        let first = words.first()?;
        let argv = if first.quoted { command_words(&first.text) } else { vec![first.text.clone()] };
        if argv.is_empty() {
            return None;
        }
        let (user, group) = self.user_of(words.get(1..).unwrap_or(&[]))?;
        let may_run = named || self.may_run_as(user.as_deref(), first.place);
        may_run.then_some(Command { argv, user, group })
    }

    /// User and group as words; `None`, with a finding, if one of them doesn't exist.
    pub(super) fn user_of(&mut self, words: &[Word]) -> Option<(Option<String>, Option<String>)> {
        let text = |at: usize| words.get(at).map(|word| word.text.trim_start_matches(':'));
        let unknown = text(0)
            .filter(|user| !(self.host.user_exists)(user))
            .map(|user| (user, "user"))
            .or_else(|| {
                text(1).filter(|group| !(self.host.group_exists)(group)).map(|g| (g, "group"))
            });
        if let (Some((name, kind)), Some(word)) = (unknown, words.first()) {
            let what = format!("there is no {kind} {}", quote(name));
            let then = [
                "the line is ignored",
                "keepalived takes unquoted words behind a script for user and group, and \
                 ignores the line without a word",
                "put the script and its arguments in double quotes, or create the user",
            ];
            self.found.warn(word.place, "unknown-user", what, then);
            return None;
        }
        Some((text(0).map(str::to_owned), text(1).map(str::to_owned)))
    }

    /// Under script security someone must have been named to run scripts.
    fn may_run_as(&mut self, user: Option<&str>, at: Place) -> bool {
        let scripts = &self.settings.scripts;
        if !scripts.security || user.is_some() || scripts.user.is_some() {
            return true;
        }
        let then = [
            "the script is removed, and what tracks it isn't tracked",
            "keepalived does the same: script security is on, and neither `script_user` nor a \
             user keepalived_script is there",
            "write `script_user USER` into global_defs",
        ];
        let what = "nobody is named to run this script".to_owned();
        self.found.complain(at, "no-script-user", what, then);
        false
    }

    /// What the program is; path permissions count for root's scripts under script security.
    pub(super) fn program(&self, command: &Command) -> Program {
        let scripts = &self.settings.scripts;
        let user = command.user.as_deref().or(scripts.user.as_deref());
        match (self.host.program)(program(command)) {
            Program::Writable if !scripts.security || user.is_some_and(|user| user != "root") => {
                Program::Fine
            }
            other => other,
        }
    }
}

/// The name of what is run.
pub(super) fn program(command: &Command) -> &str {
    command.argv.first().map_or("", String::as_str)
}
