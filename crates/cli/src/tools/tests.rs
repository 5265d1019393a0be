//! The tools in a directory of their own.

mod beside;

use super::*;
use std::path::Path;

const CIB: &str = "<cib crm_feature_set=\"3.16.1\" validate-with=\"pacemaker-3.9\" epoch=\"3\" \
    num_updates=\"2\" admin_epoch=\"0\"><configuration><crm_config><cluster_property_set id=\"o\">\
    <nvpair id=\"f\" name=\"stonith-enabled\" value=\"false\"/></cluster_property_set></crm_config>\
    <nodes><node id=\"1\" uname=\"a\"/></nodes><resources><primitive id=\"p\" class=\"ocf\" \
    provider=\"heartbeat\" type=\"Dummy\"/></resources><constraints/></configuration><status/></cib>";

/// Runs a command line on the file, and gives its code and both streams.
fn said(directory: &Path, shadow: Option<&str>, line: &[&str]) -> (u8, String, String) {
    let (name, args) = line.split_first().expect("a name");
    let args: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
    let places = Whereabouts {
        file: Some(directory.join("cib.xml").into()),
        shadow: shadow.map(Into::into),
        shadow_dir: Some(directory.into()),
    };
    let mut around = Surroundings {
        places,
        input: &mut io::empty(),
        editor: None,
        shell: None,
        now: 1_700_000_000,
        offset: 0,
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::to_buffers(&mut out, &mut err);
    let exit = within(name, &args, &mut around, &mut console).expect("buffers");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (exit.code(), text(out), text(err))
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("cib.xml"), CIB).expect("a file");
    directory
}

#[test]
fn a_shadow_is_changed_shown_and_committed() {
    let directory = directory();
    let run = |shadow, line: &[&str]| said(directory.path(), shadow, line);
    assert_eq!(run(None, &["crm_shadow", "-b", "-c", "s"]).0, 0);
    assert_eq!(run(None, &["crm_shadow", "-b", "-c", "s"]).0, 73);
    let shadow = Some("s");
    assert_eq!(run(shadow, &["crm_shadow", "-d"]).0, 0);
    let line = ["cibadmin", "-M", "-X", "<primitive id=\"p\" description=\"d\"/>"];
    assert_eq!(run(shadow, &line).0, 0);
    let (code, out, _) = run(shadow, &["crm_shadow", "-d"]);
    assert_eq!(code, 1);
    let expected = "Diff: --- 0.3.2 2\nDiff: +++ 0.4.0 (null)\n+  /cib:  @epoch=4, @num_updates=0\n\
                    +  /cib/configuration/resources/primitive[@id='p']:  @description=d\n";
    assert_eq!(out, expected);
    assert_eq!(run(shadow, &["crm_shadow", "-C", "s"]).0, 64);
    assert_eq!(run(shadow, &["crm_shadow", "-C", "s", "-f"]).0, 0);
    let (_, out, _) = run(None, &["cibadmin", "-Q", "-A", "//primitive"]);
    assert!(out.contains("description=\"d\""), "the change is in the file: {out}");
}

#[test]
fn a_refused_change_names_the_mistake_and_leaves_the_file() {
    let directory = directory();
    let line = ["cibadmin", "-M", "-X", "<primitive id=\"p\" bogus=\"1\"/>"];
    let (code, out, err) = said(directory.path(), None, &line);
    assert_eq!((code, out.as_str()), (78, ""));
    assert!(err.contains("primitive \"p\"") && err.contains("bogus"), "{err}");
    let file = std::fs::read_to_string(directory.path().join("cib.xml")).expect("the file");
    assert_eq!(file, CIB);
}

#[test]
fn a_configuration_without_fencing_is_a_mistake() {
    let directory = directory();
    let path = directory.path().join("cib.xml");
    let path = path.to_str().expect("UTF-8");
    assert_eq!(said(directory.path(), None, &["crm_verify", "-x", path]).0, 0);
    std::fs::write(path, CIB.replace("\"false\"", "\"true\"")).expect("a file");
    let (code, _, err) = said(directory.path(), None, &["crm_verify", "-x", path]);
    assert_eq!(code, 78);
    assert!(err.contains("stonith-enabled"), "{err}");
}

#[test]
fn every_tool_has_a_page_and_no_option_two_meanings() {
    for name in NAMES {
        assert!(crate::manual::old(name).is_some(), "{name}");
        let (_, choices) = interface(name).expect("options");
        for (at, choice) in choices.iter().enumerate() {
            let same = |other: &&Choice| other.short == choice.short || other.long == choice.long;
            assert!(choices[..at].iter().find(same).is_none(), "{name} --{}", choice.long);
        }
    }
}
