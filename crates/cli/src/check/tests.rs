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

/// A mistake of each kind: a typo, a script that stands too late, a bad VRID.
const BAD_CONF: &str = "\
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priorty 150
    virtual_ipaddress {
        192.0.2.1/24
    }
    debug 2
    track_script {
        chk
    }
}
vrrp_instance VI_2 {
    interface eth0
    virtual_router_id 300
    virtual_ipaddress {
        192.0.2.2
    }
}
vrrp_script chk {
    script \"/usr/bin/true\"
}
";

#[test]
fn everything_said_about_a_bad_keepalived_conf() {
    let place = tempfile::tempdir().expect("a directory");
    let path = place.path().join("keepalived.conf");
    fs::write(&path, BAD_CONF).expect("write");
    let (exit, out) = run_check(&[&path.display().to_string()]);
    assert_eq!(exit, Exit::Configuration);
    insta::assert_snapshot!(out.replace(&place.path().display().to_string(), "DIR"));
}

#[test]
fn a_password_behind_a_misspelt_keyword_is_not_shown() {
    let place = tempfile::tempdir().expect("a directory");
    let path = place.path().join("keepalived.conf");
    let text = "vrrp_instance a {\n authentication {\n  auth_pas S3CRET\n  auth_pass S3CRETlong\n \
                }\n}\n";
    fs::write(&path, text).expect("write");
    let (_, out) = run_check(&[&path.display().to_string()]);
    assert!(out.contains("auth_pas ******") && out.contains("long-password"), "{out}");
    assert!(!out.contains("S3CRET"), "{out}");
}

#[test]
fn a_keyword_of_keepalived_is_explained_in_every_block_it_stands_in() {
    let (exit, out) = run_check(&["--explain", "weight"]);
    assert_eq!(exit, Exit::Done);
    for block in ["vrrp_script", "track_file", "real_server"] {
        assert!(out.contains(&format!("written in: keepalived.conf, in {block}")), "{out}");
    }
    let (_, out) = run_check(&["--explain", "init_fail"]);
    assert!(out.contains("without effect: the first result alone decides"), "{out}");
    let (_, all) = run_check(&["--explain"]);
    assert!(all.contains("keepalived.conf, in vrrp_instance") && all.contains("deadtime"));
}

#[test]
fn an_address_of_both_roles_is_an_error() {
    let place = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| fs::write(place.path().join(name), text).expect(name);
    write("ha.cf", "logfacility daemon\nbcast eth0\nnode a b\nauto_failback on\n");
    write("authkeys", "auth 1\n1 sha1 secret\n");
    write("haresources", "a 192.0.2.1 httpd\n");
    write(
        "keepalived.conf",
        "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 5\n \
                              virtual_ipaddress {\n 192.0.2.1\n }\n}\n",
    );
    let (exit, out) = run_check(&[&place.path().display().to_string(), "--node", "a"]);
    assert_eq!(exit, Exit::Configuration, "{out}");
    assert!(out.contains("both::same-address") && out.contains("haresources:1:3"), "{out}");
    assert_eq!(out.matches("error[").count(), 1, "{out}");
}
