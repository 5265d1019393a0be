//! Requests on a small document.

use super::*;

const CIB: &str = "<cib validate-with=\"pacemaker-3.9\" admin_epoch=\"0\" epoch=\"4\" num_updates=\"2\">\
    <configuration><crm_config/><nodes><node id=\"1\" uname=\"n1\"/></nodes><resources>\
    <primitive id=\"a\" class=\"ocf\" provider=\"p\" type=\"t\"><meta_attributes id=\"m\">\
    <nvpair id=\"m-n\" name=\"n\" value=\"5\"/></meta_attributes></primitive></resources>\
    <constraints><rsc_location id=\"l\" rsc=\"a\" node=\"n1\" score=\"1\"/></constraints>\
    </configuration><status/></cib>";

fn asked(verb: Verb, section: Option<&str>, data: &str) -> (Document, Result<Change, Fault>) {
    let mut document = Document::parse(CIB).expect("a document");
    let data = Document::parse(data).expect("an object");
    let done = perform(&mut document, &Request::new(verb, section, data.root()));
    (document, done)
}

fn refused(verb: Verb, section: Option<&str>, data: &str) -> FaultKind {
    let (document, done) = asked(verb, section, data);
    let unchanged = Document::parse(CIB).expect("a document");
    assert!(document.root().is_same_as(unchanged.root()));
    done.expect_err("refused").kind
}

fn version(document: &Document) -> String {
    Version::of(document.root()).to_string()
}

const MODIFY: Verb = Verb::Modify { allow_create: false };

#[test]
fn a_changed_configuration_begins_an_epoch_and_a_changed_status_counts_as_an_update() {
    let (document, done) = asked(MODIFY, None, "<primitive id=\"a\" description=\"x\"/>");
    assert_eq!((done.ok(), version(&document).as_str()), (Some(Change::Configuration), "0.5.0"));
    let node = "<node_state id=\"1\" uname=\"n1\"/>";
    let (document, done) = asked(Verb::Create, Some("status"), node);
    assert_eq!((done.ok(), version(&document).as_str()), (Some(Change::Update), "0.4.3"));
    let (document, done) = asked(MODIFY, None, "<primitive id=\"a\" type=\"t\"/>");
    assert_eq!((done.ok(), version(&document).as_str()), (Some(Change::Nothing), "0.4.2"));
}

#[test]
fn an_object_that_modifying_had_to_add_counts_as_an_update() {
    let data = "<primitive id=\"b\" class=\"ocf\" provider=\"p\" type=\"t\"/>";
    assert_eq!(refused(MODIFY, Some("resources"), data), FaultKind::NotFound);
    let allow = Verb::Modify { allow_create: true };
    let (document, done) = asked(allow, Some("resources"), data);
    assert_eq!((done.ok(), version(&document).as_str()), (Some(Change::Update), "0.4.3"));
}

#[test]
fn an_object_that_exists_is_not_created_and_is_shown() {
    let data = "<resources><primitive id=\"a\"/></resources>";
    let (_, done) = asked(Verb::Create, Some("resources"), data);
    let fault = done.expect_err("refused");
    assert_eq!(fault.kind, FaultKind::Exists);
    let shown = fault.failed.expect("shown");
    let update = shown.root().child("failed_update").expect("an update");
    assert_eq!((update.get("id"), update.get("reason")), (Some("a"), Some("File exists")));
}

#[test]
fn a_resource_with_constraints_cannot_be_deleted_and_what_is_not_there_need_not() {
    assert_eq!(refused(Verb::Delete, None, "<primitive id=\"a\"/>"), FaultKind::Schema);
    let (_, done) = asked(Verb::Delete, None, "<primitive id=\"a\" type=\"other\"/>");
    assert_eq!(done.ok(), Some(Change::Nothing));
    let (document, done) = asked(Verb::Delete, Some("constraints"), "<rsc_location rsc=\"a\"/>");
    assert_eq!(done.ok(), Some(Change::Configuration));
    assert!(document.by_id("l").is_none());
}

#[test]
fn values_count() {
    for (asked_value, expected) in [("value++", "6"), ("value+=10", "15"), ("other++", "other++")] {
        let data = format!("<nvpair id=\"m-n\" value=\"{asked_value}\"/>");
        let (document, _) = asked(MODIFY, None, &data);
        let pair = document.node(document.by_id("m-n").expect("the pair"));
        assert_eq!(pair.get("value"), Some(expected));
    }
}

#[test]
fn an_older_document_replaces_nothing() {
    let older = CIB.replace("num_updates=\"2\"", "num_updates=\"1\"");
    assert_eq!(refused(Verb::Replace, None, &older), FaultKind::Old);
    let newer = CIB.replace("epoch=\"4\"", "epoch=\"9\"").replace("score=\"1\"", "score=\"2\"");
    let (document, _) = asked(Verb::Replace, None, &newer);
    assert_eq!(version(&document), "0.10.0");
}

#[test]
fn a_document_of_a_newer_feature_set_is_not_changed() {
    let newer = CIB.replace("<cib ", "<cib crm_feature_set=\"3.19.0\" ");
    let mut document = Document::parse(newer).expect("a document");
    let fault = perform(&mut document, &Request::plain(Verb::Bump)).expect_err("refused");
    assert_eq!(fault.kind, FaultKind::FeatureSet);
}

#[test]
fn bumping_begins_an_epoch_and_erasing_an_administrators_epoch() {
    let mut document = Document::parse(CIB).expect("a document");
    perform(&mut document, &Request::plain(Verb::Bump)).expect("done");
    assert_eq!(version(&document), "0.5.3");
    perform(&mut document, &Request::plain(Verb::Erase)).expect("done");
    assert_eq!(version(&document), "1.6.0");
    assert!(document.by_id("a").is_none());
}
