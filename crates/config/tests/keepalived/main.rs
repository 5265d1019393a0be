//! keepalived.conf: held to what keepalived 2.2.7 does with the same text, to what the text
//! means, and to hostile text.

mod balancer;
mod cases;
mod hostile;
mod meaning;
mod network;
mod verdicts;

use base::{Diagnostic, Severity};
use cases::expand;
use config::File;
use config::keepalived::{Host, Interface, Keepalived, Program, Sources, keepalived};
use std::collections::BTreeSet;

/// The host on which the verdicts were measured: lo, eth0 and eth1, no name service.
fn measured_host(sources: &dyn Sources) -> Host<'_> {
    Host {
        config_id: Some("node1"),
        sources,
        interface: &|name| match name {
            "lo" => Interface::Loopback,
            "eth0" | "eth1" => Interface::Present,
            _ => Interface::Missing,
        },
        user_exists: &|name| ["root", "nobody"].contains(&name),
        group_exists: &|name| ["root", "nogroup"].contains(&name),
        program: &|name| match name {
            "/bin/true" | "/bin/false" | "true" => Program::Fine,
            "/open/x.sh" => Program::Writable,
            _ => Program::Missing,
        },
        resolve: &|_| None,
        ..Host::assumed("node1")
    }
}

/// Files that can be included, by path; a pattern matches by its text before `*`.
struct Files(Vec<(&'static str, &'static str)>);

impl Sources for Files {
    fn read(&self, path: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == path).map(|(_, text)| (*text).to_owned())
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let stem = pattern.split('*').next().unwrap_or(pattern);
        let matches = |path: &str| path == pattern || (pattern != stem && path.starts_with(stem));
        let paths = self.0.iter().map(|(path, _)| *path);
        paths.filter(|path| matches(path)).map(str::to_owned).collect()
    }
}

fn read(text: &str) -> Keepalived {
    read_with(text, &Files(Vec::new()))
}

fn read_with(text: &str, files: &Files) -> Keepalived {
    keepalived(&File::new("/etc/keepalived/keepalived.conf", text), &measured_host(files))
}

fn codes(found: &[Diagnostic]) -> Vec<&str> {
    let short = |found: &'_ Diagnostic| -> usize { found.code.find("::").map_or(0, |at| at + 2) };
    found.iter().map(|found| &found.code[short(found)..]).collect()
}

/// The lines that warnings and errors point at.
fn complained_lines(read: &Keepalived, text: &str) -> BTreeSet<usize> {
    let counts = |found: &&Diagnostic| found.severity > Severity::Note;
    read.findings.iter().filter(counts).map(|found| found.line_column(text).0).collect()
}
