//! The manual is complete, readable by `man`, and says what the readers of the files do.

use super::formats::{
    AUTHKEYS_EXAMPLE, CHECK_OPTIONS, HANDOVER_TOML_EXAMPLE, HARESOURCES_EXAMPLE,
    SERVICE_CHECKS_EXAMPLE, SETTINGS,
};
use super::keepalived::KEEPALIVED_CONF_EXAMPLE;
use super::*;
use crate::OLD_NAMES;
use base::Severity;
use config::{File, Heartbeat, Host, Sources, heartbeat};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Everything that can be asked of `man`.
fn all() -> Vec<Page> {
    let mut all = pages(&crate::args::command());
    all.extend(OLD_NAMES.iter().filter_map(|name| old(name)));
    all
}

#[test]
fn every_command_and_every_file_has_a_page() {
    let all = all();
    let names: Vec<&str> = all.iter().map(|page| page.name.as_str()).collect();
    let commands = [
        "status", "watch", "why", "events", "simulate", "lab", "sim", "install", "restart", "check",
    ];
    for name in commands {
        assert!(names.contains(&format!("handover-{name}").as_str()), "{name}");
    }
    for name in OLD_NAMES {
        assert!(names.contains(&name), "{name}");
    }
    for name in [
        "handover",
        "ha.cf",
        "authkeys",
        "haresources",
        "service_checks",
        "keepalived.conf",
        "handover.toml",
    ] {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn a_page_has_the_sections_that_readers_look_for() {
    for page in all() {
        let roff = roff(&page);
        let mut wanted = vec!["NAME", "SYNOPSIS", "DESCRIPTION", "FILES", "EXAMPLES", "SEE ALSO"];
        if page.section == COMMANDS {
            wanted.push("EXIT STATUS");
        }
        for heading in wanted {
            let (bare, quoted) = (format!("\n.SH {heading}\n"), format!("\n.SH \"{heading}\"\n"));
            assert!(
                roff.contains(&bare) || roff.contains(&quoted),
                "{} lacks {heading}:\n{roff}",
                page.name
            );
        }
        assert!(!page.examples.is_empty(), "{}", page.name);
    }
}

#[test]
fn see_also_names_pages_that_exist() {
    let known: Vec<String> =
        all().iter().map(|page| format!("{}({})", page.name, page.section)).collect();
    let foreign = ["systemctl(1)", "ssh(1)"];
    for page in all() {
        for other in &page.see_also {
            let is_known = known.iter().any(|name| name == other) || foreign.contains(other);
            assert!(is_known, "{} sends its reader to {other}", page.name);
        }
    }
}

#[test]
fn man_renders_every_page_without_a_warning() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for page in all() {
        let path = dir.path().join(format!("{}.{}", page.name, page.section));
        std::fs::write(&path, roff(&page)).expect("write");
        let mut man = Command::new("man");
        man.args(["--warnings", "--local-file"]).arg(&path).env("LC_ALL", "C.UTF-8");
        let Ok(shown) = man.env("MANWIDTH", "80").stdin(Stdio::null()).output() else {
            return println!("skipped: man is not installed (apt install man-db)");
        };
        let (text, said) =
            (String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
        assert!(shown.status.success() && said.trim().is_empty(), "{}: {said}", page.name);
        assert!(text.contains("SYNOPSIS"), "{}:\n{text}", page.name);
    }
}

#[test]
fn the_help_of_an_old_name_has_an_example_and_the_exit_codes() {
    for name in OLD_NAMES {
        let help = help(&old(name).expect("a page"));
        assert!(help.contains("\nUsage: ") && help.contains("\nExit codes:\n  0 "), "{help}");
        assert!(help.contains("\nExamples:\n  "), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }
}

#[test]
fn the_page_of_keepalived_conf_has_every_keyword_of_its_table() {
    let text = markdown(&formats().into_iter().find(|p| p.name == "keepalived.conf").expect("it"));
    for row in config::keepalived::directives() {
        let written = format!("| `{}` |", row.written().replace('`', "'").replace('|', "\\|"));
        assert!(text.contains(&written), "{written}");
    }
    let conf = File::new("keepalived.conf", KEEPALIVED_CONF_EXAMPLE);
    let read = config::keepalived::keepalived(&conf, &config::keepalived::Host::assumed("a"));
    assert!(read.findings.is_empty(), "{:?}", read.findings);
    assert_eq!(read.vrrp.instances.len(), 1);
}

#[test]
fn every_option_that_does_nothing_says_why() {
    let page = old("keepalived").expect("a page");
    let text = markdown(&page);
    for (name, says_nothing) in crate::keepalived::options() {
        assert!(text.contains(&format!("--{name}")), "{name}");
        assert_eq!(says_nothing, crate::keepalived::unused(name).is_some(), "{name}");
    }
}

/// The files that the manual shows, with `service_checks` and handover.toml as given.
fn read(service_checks: &str, handover_toml: &str) -> Heartbeat {
    let sources = Sources {
        ha_cf: File::new("ha.cf", "logfacility daemon\nbcast eth0\nnode alpha beta\n"),
        authkeys: File::new("authkeys", AUTHKEYS_EXAMPLE),
        haresources: Some(File::new("haresources", HARESOURCES_EXAMPLE)),
        service_checks: Some(File::new("service_checks", service_checks)),
        handover_toml: Some(File::new("handover.toml", handover_toml)),
    };
    let (heartbeat, found) = heartbeat(&sources, &Host::assumed("alpha"));
    let files = ["authkeys", "haresources", "service_checks", "handover.toml"];
    let wrong: Vec<_> = found
        .iter()
        .filter(|finding| {
            finding.severity == Severity::Error
                || (finding.severity == Severity::Warning && files.contains(&finding.file.as_str()))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    heartbeat.expect("a configuration")
}

#[test]
fn the_files_shown_are_right() {
    let heartbeat = read(SERVICE_CHECKS_EXAMPLE, HANDOVER_TOML_EXAMPLE);
    assert_eq!(heartbeat.cluster.groups.len(), 2);
    assert_eq!(heartbeat.cluster.checks.len(), 4);
    assert_eq!(heartbeat.settings.announce_interval, Some(Duration::from_mins(1)));
}

#[test]
fn the_defaults_of_a_check_are_those_of_the_manual() {
    let plain = &read("tcp 80\n", "").cluster.checks[0];
    let mut written = String::from("tcp 80");
    for (option, default, _) in &CHECK_OPTIONS[..3] {
        let name = option.split(' ').next().expect("a name");
        let value = default.split(',').next().expect("a value");
        written.push_str(&[" ", name, " ", value].concat());
    }
    let spelled = &read(&written, "").cluster.checks[0];
    assert_eq!(
        (plain.interval, plain.timeout, plain.failures, plain.restart, &plain.group),
        (spelled.interval, spelled.timeout, spelled.failures, false, &None)
    );
}

#[test]
fn the_settings_of_the_manual_are_all_there_are() {
    let sources = Sources {
        handover_toml: Some(File::new("handover.toml", "nonsense = 1\n")),
        ..Sources::default()
    };
    let (_, found) = heartbeat(&sources, &Host::assumed("alpha"));
    let about = found.iter().find(|finding| finding.code == "handover-toml::unknown-key");
    let help = about.and_then(|finding| finding.help.clone()).expect("what the settings are");
    let (_, known) = help.split_once("the settings are ").expect("a list");
    let mut known: Vec<&str> = known.split(", ").collect();
    let mut said: Vec<&str> =
        SETTINGS.iter().filter_map(|(written, ..)| written.split(' ').next()).collect();
    known.sort_unstable();
    said.sort_unstable();
    assert_eq!(said, known);
}
