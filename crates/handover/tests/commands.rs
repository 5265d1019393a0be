//! The program as an administrator meets it: help of every command, and what an installation puts
//! in place.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// The program, called by its own name.
fn handover(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_handover")).args(words).output().expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn installed() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    let path = root.path().to_str().expect("UTF-8");
    let output = handover(&["install", "--root", path, "--compat", "heartbeat"]);
    assert!(output.status.success(), "{output:?}");
    root
}

#[test]
fn every_command_explains_itself_with_an_example_and_its_exit_codes() {
    let ours = ["status", "watch", "why", "events", "check", "install", "restart", "lab", "sim"];
    let old = [
        "heartbeat",
        "cl_status",
        "hb_standby",
        "hb_takeover",
        "hb_addnode",
        "hb_delnode",
        "ha_propagate",
        "crm_simulate",
    ];
    for name in ours.into_iter().chain(old) {
        let output = handover(&[name, "--help"]);
        let help = said(&output);
        assert_eq!(output.status.code(), Some(0), "{name} --help: {output:?}");
        let example = if ours.contains(&name) { format!("handover {name}") } else { name.into() };
        assert!(help.matches(&example).count() > 1, "{name} --help has no example:\n{help}");
        let lower = help.to_lowercase();
        assert!(
            lower.contains("exit codes") || lower.contains("ends with 0"),
            "{name} --help has no exit codes:\n{help}"
        );
    }
}

/// The words of a text that begin with two dashes.
fn options(text: &str) -> BTreeSet<String> {
    let words = text.replace("\\-", "-").replace("\\fB", " ").replace("\\fR", " ");
    let words = words.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words
        .filter(|word| word.starts_with("--") && word.len() > 2 && *word != "--help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_manual_of_the_tools_has_exactly_the_options_of_their_help() {
    let root = installed();
    for tool in ["lab", "sim"] {
        let page = root.path().join(format!("usr/share/man/man8/handover-{tool}.8"));
        let page = fs::read_to_string(page).expect("the page");
        let help = said(&handover(&[tool, "--help"]));
        assert_eq!(options(&page), options(&help), "handover-{tool}(8) and its help");
    }
}

#[test]
fn an_old_name_answers_at_its_old_path() {
    let root = installed();
    for path in ["usr/libexec/heartbeat/heartbeat", "usr/lib/heartbeat/heartbeat"] {
        let link = root.path().join(path);
        assert_eq!(fs::read_link(&link).expect("a link"), Path::new("/usr/sbin/handover"));
    }
    // The links point into a running system; the name is what counts.
    let name = root.path().join("cl_status");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_handover"), &name).expect("a link");
    let output = Command::new(&name).arg("-h").output().expect("the link runs");
    assert!(said(&output).starts_with("Usage: cl_status"), "{output:?}");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let root = installed();
    let units = root.path().join("usr/lib/systemd/system");
    let alias = fs::read_link(units.join("heartbeat.service")).expect("the alias");
    assert_eq!(alias, Path::new("handover-heartbeat.service"));
    let unit = units.join("handover-heartbeat.service");
    let text = fs::read_to_string(&unit).expect("the unit");
    assert!(text.contains("\nType=notify\n") && text.contains("\nAlias=heartbeat.service\n"));
    // The program lies elsewhere here.
    let here = root.path().join("usr/sbin/handover");
    let text = text.replace("/usr/sbin/handover", here.to_str().expect("UTF-8"));
    fs::write(&unit, text).expect("write");
    let mut verify = Command::new("systemd-analyze");
    let Ok(output) = verify.args(["verify", "--man=no"]).arg(&unit).output() else {
        return println!("skipped: systemd-analyze is missing (apt install systemd)");
    };
    let words = String::from_utf8_lossy(&output.stderr);
    let ours: Vec<&str> =
        words.lines().filter(|line| line.contains("handover-heartbeat")).collect();
    assert!(output.status.success() && ours.is_empty(), "{words}");
}

#[test]
fn the_init_script_refuses_what_it_does_not_know_and_can_be_run() {
    let root = installed();
    let script = root.path().join("etc/init.d/heartbeat");
    let mode = fs::metadata(&script).expect("the script").permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    let text = fs::read_to_string(&script).expect("the script");
    let here = root.path().join("usr/sbin/handover");
    let text = text.replace("/usr/sbin/heartbeat", here.to_str().expect("UTF-8"));
    fs::write(&script, text).expect("write");
    let output = Command::new(&script).arg("dance").output().expect("sh");
    assert_eq!(output.status.code(), Some(2));
    let usage = String::from_utf8_lossy(&output.stderr);
    for word in ["start", "stop", "status", "restart", "reload", "force-reload"] {
        assert!(usage.contains(word), "{usage}");
    }
}

#[test]
fn the_init_script_hands_its_environment_on_and_says_when_the_start_fails() {
    let root = installed();
    let path = |name: &str| root.path().join(name).to_str().expect("UTF-8").to_owned();
    let script = path("etc/init.d/heartbeat");
    let text = fs::read_to_string(&script).expect("the script");
    // A daemon that only says what it was given, and a machine without systemd.
    let text = text.replace("/usr/sbin/heartbeat", &path("daemon"));
    let text = text.replace("/etc/default/heartbeat", &path("defaults"));
    let text = text.replace("/run/systemd/system", &path("no-systemd"));
    fs::write(&script, text).expect("write");
    fs::write(path("defaults"), "WORD='two words'\n").expect("write");
    fs::write(path("daemon"), "#!/bin/sh\necho \"[$WORD] [$*]\"\nexit 6\n").expect("write");
    fs::set_permissions(path("daemon"), fs::Permissions::from_mode(0o755)).expect("mode");
    for (verb, given) in [("start", ""), ("stop", "-k"), ("reload", "-r"), ("status", "-s")] {
        let output = Command::new(&script).arg(verb).output().expect("sh");
        let said = said(&output);
        assert!(said.contains(&format!("[two words] [{given}]")), "{verb}: {said}");
        assert_eq!(output.status.code(), Some(6), "{verb}: {said}");
    }
}

#[test]
fn completions_are_scripts_of_their_shells() {
    let root = installed();
    let shells = [
        ("bash", "usr/share/bash-completion/completions/handover"),
        ("zsh", "usr/share/zsh/vendor-completions/_handover"),
        ("fish", "usr/share/fish/vendor_completions.d/handover.fish"),
    ];
    for (shell, path) in shells {
        let path = root.path().join(path);
        let text = fs::read_to_string(&path).expect("the script");
        for word in ["status", "why", "strict", "explain", "exhaustive"] {
            assert!(text.contains(word), "{shell} doesn't complete {word}");
        }
        match Command::new(shell).arg("-n").arg(&path).output() {
            Ok(output) => assert!(output.status.success(), "{shell}: {output:?}"),
            Err(_) => println!("not tried: {shell} is not installed"),
        }
    }
}
