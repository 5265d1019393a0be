//! `ha_propagate`: copies ha.cf and authkeys to the other nodes over ssh, and says per node what
//! it did. (The ancestor's script fails on a current Python before it copies anything:
//! `docs/ancestors/heartbeat.md §7`.)

use crate::console::{Console, Stop};
use crate::exit::Exit;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// What is copied, with the mode it needs.
const FILES: [&str; 2] = ["ha.cf", "authkeys"];

/// What `--all` copies too: must be the same on all nodes, where it exists.
const MORE_FILES: [&str; 2] = ["haresources", "service_checks"];

/// The directory, here and there.
const DIRECTORY: &str = "/etc/ha.d";

/// How long ssh may take to reach a node, in seconds: a dead node must not hold up the others.
const CONNECT_SECONDS: u32 = 10;

/// Runs one program to its end and returns what it complained of; tests hand in a fake.
pub(crate) type Runner<'a> = &'a mut dyn FnMut(&str, &[String]) -> Result<(), String>;

/// Runs `ha_propagate ARGS` for these nodes, of which `me` is left out.
///
/// # Errors
/// A usage error, or when the streams can't be written.
pub(crate) fn run(
    args: &[String],
    directory: &Path,
    nodes: &[String],
    me: &str,
    runner: Runner<'_>,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let all = match args {
        [] => false,
        [word] if word == "--all" => true,
        [word] if word == "-h" => {
            writeln!(console.out, "{HELP}")?;
            return Ok(Exit::Done);
        }
        _ => return Err(Stop::Because(HELP.to_owned(), Exit::Usage)),
    };
    let mut files: Vec<&str> = FILES.to_vec();
    if all {
        files.extend(MORE_FILES.iter().filter(|name| directory.join(name).exists()));
    }
    let others: Vec<&String> = nodes.iter().filter(|node| !node.eq_ignore_ascii_case(me)).collect();
    if others.is_empty() {
        return Err(Stop::failed("ha.cf names no other node: nothing to do"));
    }
    let mut exit = Exit::Done;
    for node in others {
        match copy(node, directory, &files, runner) {
            Ok(()) => writeln!(console.out, "{node}: copied {}", files.join(", "))?,
            Err(why) => {
                writeln!(console.out, "{node}: NOT copied: {why}")?;
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}

const HELP: &str = "Usage: ha_propagate [--all]\n\
    Copies /etc/ha.d/ha.cf and authkeys to every other node of ha.cf, as root over ssh.\n\
    --all: haresources and service_checks too.\n\
    A ha.cf with ucast lines that differ per node must not be copied.";

/// Copies to names beside the real ones, then puts all in place at once: a connection that breaks
/// leaves the old files.
fn copy(node: &str, directory: &Path, files: &[&str], runner: Runner<'_>) -> Result<(), String> {
    let options = ["-o".to_owned(), format!("ConnectTimeout={CONNECT_SECONDS}")];
    for name in files {
        let mut args = options.to_vec();
        args.extend(["-p".to_owned(), "-q".to_owned(), "--".to_owned()]);
        args.push(directory.join(name).display().to_string());
        args.push(format!("root@{node}:{DIRECTORY}/.{name}.new"));
        runner("scp", &args)?;
    }
    let moves: Vec<String> = files.iter().map(|name| format!("mv -f .{name}.new {name}")).collect();
    let mut args = options.to_vec();
    args.extend([format!("root@{node}"), format!("cd {DIRECTORY} && {}", moves.join(" && "))]);
    runner("ssh", &args)
}

/// Runs a program; its last line on stderr is the reason when it fails.
///
/// # Errors
/// The reason in one sentence.
pub(crate) fn spawn(program: &str, args: &[String]) -> Result<(), String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                format!("{program} is missing; get it with: apt install openssh-client")
            }
            _ => format!("{program}: {error}"),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last = words.trim().lines().last().unwrap_or("no reason given");
    Err(format!("{program}: {last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_node_is_served_and_a_dead_one_is_named() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::to_buffers(&mut out, &mut err);
        let mut calls = Vec::new();
        let mut runner = |program: &str, args: &[String]| {
            calls.push(format!("{program} {}", args.last().map_or("", String::as_str)));
            if args.iter().any(|arg| arg.contains("@b:")) {
                Err("ssh: no route to host".to_owned())
            } else {
                Ok(())
            }
        };
        let nodes = ["Me", "a", "b"].map(str::to_owned);
        let exit = run(&[], Path::new("/etc/ha.d"), &nodes, "me", &mut runner, &mut console);
        assert_eq!(exit.expect("streams"), Exit::Failed);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "a: copied ha.cf, authkeys\nb: NOT copied: ssh: no route to host\n"
        );
        assert_eq!(
            calls,
            [
                "scp root@a:/etc/ha.d/.ha.cf.new",
                "scp root@a:/etc/ha.d/.authkeys.new",
                "ssh cd /etc/ha.d && mv -f .ha.cf.new ha.cf && mv -f .authkeys.new authkeys",
                "scp root@b:/etc/ha.d/.ha.cf.new",
            ]
        );
    }
}
