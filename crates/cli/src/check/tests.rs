//! What `handover check` prints and how it ends.

use super::*;

/// Runs `handover check` with these words and returns its exit and output.
fn run_check(words: &[&str]) -> (Exit, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::to_buffers(&mut out, &mut err);
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let exit = match run(&words, &mut console) {
        Ok(exit) | Err(Stop::Because(_, exit)) => exit,
        Err(Stop::ReaderGone) => panic!("a buffer has a reader"),
    };
    (exit, String::from_utf8(out).expect("text"))
}

fn example(name: &str) -> String {
    format!("{}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_example_of_haresources_passes() {
    for (path, node) in [
        ("web-pair", "node1.anyisalin.com"),
        ("web-pair", "node2.anyisalin.com"),
        ("director-pair", "loadb1"),
        ("port-check-pair/ha.cf.srva", "SrvA"),
        ("port-check-pair/ha.cf.srvb", "srvb"),
    ] {
        let (exit, out) = run_check(&[&example(path), "--node", node]);
        assert_eq!(exit, Exit::Done, "{path} as {node}:\n{out}");
    }
}

#[test]
fn a_crm_cluster_is_refused_with_one_error() {
    let (exit, out) = run_check(&[&example("crm-web"), "--node", "snn.abc.com"]);
    assert_eq!(exit, Exit::Configuration);
    assert_eq!(out.matches("error[").count(), 1, "{out}");
}

#[test]
fn warnings_count_only_when_asked_for() {
    let path = example("web-pair");
    let words = [path.as_str(), "--node", "node1.anyisalin.com", "--strict"];
    assert_eq!(run_check(&words).0, Exit::Failed);
}

#[test]
fn everything_said_about_the_web_pair() {
    let (_, out) = run_check(&[&example("web-pair"), "--node", "node1.anyisalin.com"]);
    insta::assert_snapshot!(out.replace(&example(""), "examples/"));
}

#[test]
fn everything_said_about_a_bad_pair() {
    let place = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| fs::write(place.path().join(name), text).expect(name);
    write("ha.cf", "bcast eth0\nudpport 700\nkeepalive 1s\ndeadtme 10\nnode a b\n");
    write("authkeys", "auth 2\n1 crc\n");
    write("haresources", "c 10.0.0.9 httpd\n");
    let path = place.path().display().to_string();
    let (exit, out) = run_check(&[&path, "--node", "a"]);
    assert_eq!(exit, Exit::Configuration);
    insta::assert_snapshot!(out.replace(&path, "DIR"));
}

#[test]
fn json_has_line_and_column() {
    let (_, out) = run_check(&[&example("web-pair"), "--node", "node1.anyisalin.com", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["starts"], true);
    let codes: Vec<_> = report["findings"].as_array().expect("a list").iter().collect();
    let stray = codes.iter().find(|f| f["code"] == "authkeys::stray-word").expect("the stray word");
    assert_eq!((&stray["line"], &stray["column"]), (&2.into(), &41.into()));
}

#[test]
fn a_directive_is_explained_from_its_row() {
    let (exit, out) = run_check(&["--explain", "keepalive"]);
    assert_eq!(exit, Exit::Done);
    assert!(out.contains("default: 1000ms") && out.contains("unit: seconds"), "{out}");
    assert_eq!(run_check(&["--explain", "keepalives"]).0, Exit::Failed);
}

#[test]
fn a_directory_without_ha_cf_is_a_configuration_error() {
    let place = tempfile::tempdir().expect("a directory");
    assert_eq!(run_check(&[&place.path().display().to_string()]).0, Exit::Configuration);
}
