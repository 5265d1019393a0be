//! Mistakes in configurations, and what is said of them.

#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

use cib::upgrade::to_generation_3;
use cib::validate::validate;
use cib::xml::Document;

#[path = "../support/corpus.rs"]
mod corpus;

/// What is found in a configuration with this in one of its sections.
fn findings(section: &str, inside: &str) -> Vec<String> {
    let mut names = vec!["crm_config", "nodes", "resources", "constraints"];
    if !names.contains(&section) {
        names.push(section);
    }
    let content = |name| if name == section { inside } else { "" };
    let sections: Vec<_> =
        names.iter().map(|name| format!("<{name}>{}</{name}>", content(*name))).collect();
    let sections = sections.concat();
    let text = format!(
        "<cib admin_epoch='0' epoch='1' num_updates='0' validate-with='pacemaker-3.9'>\
         <configuration>{sections}</configuration><status><what x='y'/></status></cib>"
    );
    let document = Document::parse(text).expect("well-formed");
    validate(&document).iter().map(ToString::to_string).collect()
}

const DUMMY: &str = "<primitive id='p' class='ocf' provider='pacemaker' type='Dummy'/>";

#[test]
fn every_mistake_is_named_with_its_cure() {
    for (section, inside, finding) in [
        (
            "resources",
            "<primitve id='p'/>",
            "primitve \"p\": may not stand in resources; did you mean primitive?",
        ),
        (
            "resources",
            "<primitive id='p' class='ocf' provider='x' typ='D' type='D'/>",
            "primitive \"p\", attribute typ: primitive has no such attribute; did you mean type?",
        ),
        (
            "resources",
            "<primitive id='p' class='ocf' type='D'/>",
            "primitive \"p\": provider is missing; say whose agent it is, such as provider=\"heartbeat\"",
        ),
        ("resources", "<primitive class='lsb' type='D'/>", "primitive: id is missing; add id"),
        (
            "resources",
            "<primitive id='p' type='D'/>",
            "primitive \"p\": class or template is missing; add class or template",
        ),
        (
            "resources",
            "<primitive id='1p' class='lsb' type='D'/>",
            "primitive \"1p\", attribute id: \"1p\" cannot stand here; \
             an id begins with a letter or _ and goes on with letters, digits, . - _",
        ),
        (
            "resources",
            "<primitive id='p' class='lsb' type='D'><operations><op id='o' name='start' interval='0' \
             on-fail='resart'/></operations></primitive>",
            "op \"o\", attribute on-fail: \"resart\" is none of ignore, block, demote, stop, restart, \
             standby, fence, restart-container; did you mean restart?",
        ),
        ("resources", "<group id='g'/>", "group \"g\": primitive is missing; add primitive"),
        (
            "constraints",
            "<rsc_location id='l' rsc='web' node='n' score='1'/>",
            "rsc_location \"l\", attribute rsc: nothing has the id \"web\"; \
             name something that is configured, or remove this",
        ),
        (
            "resources",
            "<clone id='c'><primitive id='p' class='lsb' type='x'/><group id='g'/></clone>",
            "group \"g\": clone has one already; keep one primitive or group and remove the others",
        ),
        (
            "constraints",
            "<rsc_ticket id='t' ticket='x' rsc-pattern='.*'/>",
            "rsc_ticket \"t\": rsc or resource_set is missing; add rsc or resource_set",
        ),
        (
            "crm_config",
            "<cluster_property_set id='s' score='1.5'/>",
            "cluster_property_set \"s\", attribute score: \"1.5\" cannot stand here; \
             write a whole number, INFINITY or -INFINITY",
        ),
        (
            "fencing-topology",
            "<fencing-level id='f' index='0' target='n' devices='d'/>",
            "fencing-level \"f\", attribute index: \"0\" cannot stand here; write a whole number from 1",
        ),
        (
            "nodes",
            "<node id='1' uname='n' online='maybe'/>",
            "node \"1\", attribute online: node has no such attribute; \
             it has id, uname, type, description, score",
        ),
    ] {
        let found = findings(section, inside);
        assert!(found.contains(&finding.to_owned()), "{inside}: {found:#?}");
    }
}

#[test]
fn an_id_belongs_to_one_element() {
    let twice = format!("{DUMMY}<group id='p'>{}</group>", DUMMY.replace("'p'", "'q'"));
    assert_eq!(
        findings("resources", &twice),
        ["group \"p\", attribute id: \"p\" is the id of another primitive already; \
          give each element an id of its own"]
    );
}

#[test]
fn a_misspelt_reference_finds_its_neighbour() {
    let inside = "<rsc_location id='webserver1' rsc='webserver2' node='n' score='1'/>";
    assert_eq!(
        findings("constraints", inside),
        ["rsc_location \"webserver1\", attribute rsc: nothing has the id \"webserver2\"; \
          did you mean \"webserver1\"?"]
    );
}

#[test]
fn what_is_right_passes() {
    assert_eq!(findings("resources", DUMMY), Vec::<String>::new());
    let blocks = "<cluster_property_set id='s' score='-INFINITY'><nvpair id='n' name='anything' value=''/>\
        <nvpair id-ref='n'/></cluster_property_set><cluster_property_set id-ref='s'/>";
    assert_eq!(findings("crm_config", blocks), Vec::<String>::new());
}

#[test]
fn something_else_than_a_cib_is_refused_at_its_root() {
    let document = Document::parse("<cid/>").expect("well-formed");
    let found: Vec<_> = validate(&document).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["cid: is not the root of a CIB; the root is called cib"]);
}

/// `xmllint` finds every input of the corpus valid but one, which has `kind="foo"` on purpose.
#[test]
fn the_corpus_is_valid_where_pacemakers_schemas_say_so() {
    let Some(inputs) = corpus::inputs() else { return };
    let mut invalid = Vec::new();
    for (name, text) in inputs {
        let mut document = Document::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        to_generation_3(&mut document);
        invalid.extend(validate(&document).iter().map(|finding| format!("{name}: {finding}")));
    }
    let is_known = |finding: &&String| finding.contains("attribute kind: \"foo\" is none of");
    assert!(invalid.iter().all(|finding| is_known(&finding)), "{invalid:#?}");
    assert!(invalid.len() <= 1, "{invalid:#?}");
}
