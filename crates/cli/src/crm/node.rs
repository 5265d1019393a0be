//! `crm_node`: what the membership says. There is no membership in a file: without a cluster the
//! command says so and ends as the real one does.

use super::options::{Row, flag, value};
use super::tool::{Failed, Tool, code};
use crate::console::{Console, Stop};
use crate::exit::Exit;

/// Every option.
pub(super) const ROWS: [Row; 9] = [
    flag('i', "cluster-id", "print this node's id"),
    flag('l', "list", "print all nodes"),
    flag('n', "name", "print this node's name"),
    flag('p', "partition", "print the nodes of this partition"),
    flag('q', "quorum", "print 1 if there is quorum, else 0"),
    value('N', "name-for-id", "ID", "print the name of the node with this id"),
    value('R', "remove", "NAME", "remove a stopped node from the cluster"),
    flag('f', "force", "do what may be dangerous"),
    flag('Q', "quiet", "say less"),
];

/// Runs `crm_node`.
///
/// # Errors
/// Only when the streams can't be written.
pub(super) fn run(tool: Tool<'_>, console: &mut Console<'_>) -> Result<Exit, Stop> {
    tool.run(console, |options, _, _| {
        let commands =
            ["cluster-id", "list", "name", "partition", "quorum", "name-for-id", "remove"];
        if commands.iter().any(|command| options.has(command)) {
            let sentence = "error: Could not connect to controller: Connection refused";
            Err(Failed::new(code::DISCONNECTED, sentence))
        } else {
            Err(Failed::usage("Must supply a command"))
        }
    })
}
