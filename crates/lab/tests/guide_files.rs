//! The configuration files that the guides show are right: `handover check` finds nothing in them.
//!
//! A line that begins with a path below `/etc/ha.d`, in backquotes, names the file of the next
//! ```` ```text ```` block.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

#[test]
fn nothing_is_wrong_with_the_first_pair_and_its_service_checks() {
    let program = match lab::handover_program() {
        Ok(program) => program,
        Err(why) => {
            let must_run = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!must_run, "CI=true: what is skipped counts as failed: {why:#}");
            return println!("skipped: {why:#}");
        }
    };
    let place = tempfile::tempdir().expect("a directory");
    let mut names = Vec::new();
    for guide in ["first-pair", "service-checks"] {
        for (name, text) in files_of(&read(guide)) {
            let path = place.path().join(&name);
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
            names.push(name);
        }
    }
    assert_eq!(names, ["ha.cf", "authkeys", "haresources", "service_checks"]);
    for node in ["alpha", "beta"] {
        let mut check = Command::new(&program);
        let said = check.arg("check").arg(place.path()).args(["--strict", "--node", node]).output();
        let said = said.expect("the check runs");
        assert!(said.status.success(), "as {node}:\n{}", String::from_utf8_lossy(&said.stdout));
    }
}

fn read(guide: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    fs::read_to_string(docs.join(guide).with_extension("md")).expect("the guide")
}

/// The files a guide shows: name and text.
fn files_of(guide: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut named: Option<String> = None;
    let mut block: Option<String> = None;
    for line in guide.lines() {
        match &mut block {
            Some(text) if line == "```" => {
                files.extend(named.take().map(|name| (name, std::mem::take(text))));
                block = None;
            }
            Some(text) => {
                text.push_str(line);
                text.push('\n');
            }
            None if line == "```text" && named.is_some() => block = Some(String::new()),
            None => {
                let name = line.strip_prefix("`/etc/ha.d/").and_then(|rest| rest.split_once('`'));
                named = name.map(|(name, _)| name.to_owned()).or(named);
            }
        }
    }
    files
}
