//! haresources as a CIB.

use cib::haresources::{Surroundings, to_cib};
use cib::validate;
use cib::xml::Document;

fn around() -> Surroundings {
    Surroundings {
        nodes: vec!["node1".to_owned(), "node2".to_owned()],
        init_scripts: vec!["httpd".to_owned()],
        ocf: true,
        monitor: true,
    }
}

fn made(text: &str) -> Document {
    to_cib(text, &around()).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

/// The attributes of the element with this id, as one line.
fn element(doc: &Document, id: &str) -> String {
    let node = doc.node(doc.by_id(id).unwrap_or_else(|| panic!("{id} is not there")));
    let attributes: Vec<String> =
        node.attributes().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{} {}", node.name(), attributes.join(" "))
}

#[test]
fn a_line_of_two_words_is_a_primitive_that_prefers_its_node() {
    let doc = made("node1 192.0.2.21/24/eth0\n");
    let id = "IPaddr_192_0_2_21";
    assert_eq!(
        element(&doc, id),
        format!("primitive id={id} class=ocf provider=heartbeat type=IPaddr")
    );
    assert_eq!(
        element(&doc, &format!("{id}_attr-cidr_netmask")),
        format!("nvpair id={id}_attr-cidr_netmask name=cidr_netmask value=24")
    );
    assert_eq!(
        element(&doc, &format!("{id}_attr-nic")),
        format!("nvpair id={id}_attr-nic name=nic value=eth0")
    );
    assert_eq!(
        element(&doc, &format!("{id}_mon")),
        format!("op id={id}_mon interval=5s name=monitor timeout=5s")
    );
    assert!(element(&doc, &format!("prefered_location_{id}")).ends_with("score=100"));
    assert!(element(&doc, &format!("prefered_location_{id}_expr")).ends_with("value=node1"));
}

#[test]
fn more_resources_on_a_line_are_a_group_in_their_order() {
    let doc = made("node1 IPaddr::192.0.2.1/24/eth0 Filesystem::/dev/sdb1::/srv::ext4 httpd\n");
    let group = doc.node(doc.by_id("group_1").expect("a group"));
    let members: Vec<&str> = group.children().filter_map(|member| member.get("id")).collect();
    assert_eq!(members, ["IPaddr_192_0_2_1", "Filesystem_1", "httpd_2"]);
    assert!(element(&doc, "httpd_2").ends_with("class=lsb type=httpd"));
    assert!(element(&doc, "Filesystem_1_attr-fstype").ends_with("value=ext4"));
    assert!(element(&doc, "rsc_location_group_1").ends_with("rsc=group_1"));
}

#[test]
fn what_is_not_known_keeps_its_script_and_numbers_its_arguments() {
    let doc = made("node1 MyScript::a::b\n");
    assert!(element(&doc, "MyScript_1").ends_with("class=heartbeat type=MyScript"));
    assert!(element(&doc, "MyScript_1_attr-2").ends_with("name=2 value=b"));
}

#[test]
fn comments_name_clone_and_constrain() {
    let text = "node1 IPaddr::192.0.2.1 #web\nnode1 Xinetd::x #clone:all\n\
                #rsc_colocation web all INFINITY\n#rsc_order web start after all\n# nothing\n";
    let doc = made(text);
    assert!(element(&doc, "web").contains("type=IPaddr"));
    assert!(element(&doc, "all-clone-max").ends_with("value=2"));
    assert!(element(&doc, "rsc_colocation_web_all").ends_with("score=INFINITY"));
    assert!(element(&doc, "rsc_order_web_all").contains("first=all"));
}

#[test]
fn the_result_conforms_to_its_schema() {
    let doc = made(
        "node1 192.0.2.1 MailTo::root::a::b httpd\nnode2 IPaddr2::192.0.2.2/24/192.0.2.255/eth1\n",
    );
    let found = validate::validate(&doc);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn lines_without_resources_and_resources_that_stand_twice_are_named() {
    let mistakes = to_cib("node1\n\nnode1 192.0.2.1\nnode2 192.0.2.1\n", &around());
    let lines: Vec<usize> = mistakes.expect_err("two").iter().map(|one| one.line).collect();
    assert_eq!(lines.first(), Some(&1));
    assert_eq!(lines.get(1), Some(&4));
}
