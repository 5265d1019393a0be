//! What if: events that are put into a CIB before planning, as `crm_simulate` puts them.
//!
//! Text and changes are those of 2.1.5, by experiment. Where it aborts (a node that does not
//! exist is taken down, an operation of a clone), the event is refused with a reason.

use crate::execute::Failure;
use crate::status::{Done, NodeName, Status, Task};
use cib::xml::{Document, Node};
use std::fmt::Write as _;

/// Something that happens to the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The partition has quorum, or has lost it.
    Quorum(String),
    /// There is a watchdog, or there is none.
    Watchdog(String),
    /// A node joins; an unknown one is added.
    NodeUp(String),
    /// A node leaves in good order.
    NodeDown(String),
    /// A node is lost while its controller still counts as there.
    NodeFail(String),
    /// A node stays in the cluster and gives its resources away; `crm_simulate` has no word for it.
    NodeStandby(String),
    /// A node takes resources again; `crm_simulate` has no word for it.
    NodeOnline(String),
    /// A ticket is granted.
    TicketGrant(String),
    /// A ticket is revoked.
    TicketRevoke(String),
    /// A ticket goes to standby.
    TicketStandby(String),
    /// A ticket leaves standby.
    TicketActivate(String),
    /// An operation had this result.
    Operation(String),
}

/// What is said of the events.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Injected {
    /// One line for each change.
    pub text: String,
    /// Events that could not happen, and why.
    pub refused: Vec<String>,
}

/// Puts the events into the document, at this moment (epoch seconds). Their order is that of the
/// enum's variants, whatever the order in which they are given; equal ones keep theirs.
pub fn inject(document: &mut Document, events: &[Event], now: i64) -> Injected {
    let mut injected = Injected::default();
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by_key(|event| rank(event));
    for event in sorted {
        if let Err(reason) = one(document, event, now, &mut injected.text) {
            injected.refused.push(reason);
        }
    }
    injected
}

const fn rank(event: &Event) -> usize {
    match event {
        Event::Quorum(_) => 0,
        Event::Watchdog(_) => 1,
        Event::NodeUp(_) => 2,
        Event::NodeDown(_) => 3,
        Event::NodeFail(_) => 4,
        Event::NodeStandby(_) | Event::NodeOnline(_) => 5,
        Event::TicketGrant(_) => 6,
        Event::TicketRevoke(_) => 7,
        Event::TicketStandby(_) => 8,
        Event::TicketActivate(_) => 9,
        Event::Operation(_) => 10,
    }
}

/// The state of a node: `in_ccm`, `crmd`, `join`, `expected`.
type State = [&'static str; 4];
const UP: State = ["true", "online", "member", "member"];
const DOWN: State = ["false", "offline", "down", "down"];
const FAILED: State = ["false", "online", "member", "member"];

fn one(document: &mut Document, event: &Event, now: i64, text: &mut String) -> Result<(), String> {
    let mut line = |words: String| {
        let _ = writeln!(text, "  * {words}");
    };
    let (ticket, name, value) = match event {
        Event::Quorum(value) => {
            line(format!("Setting quorum: {value}"));
            let mut status = Status::open(document);
            status.set_root("have-quorum", value);
            status.close();
            return Ok(());
        }
        Event::Watchdog(value) => {
            line(format!("Setting watchdog: {value}"));
            set_option(document, "have-watchdog", value);
            return Ok(());
        }
        Event::NodeUp(name) => {
            line(format!("Bringing node {name} online"));
            if node_id(document, name).is_none() {
                add_node(document, name);
            }
            return node(document, name, UP);
        }
        Event::NodeDown(name) => {
            line(format!("Taking node {name} offline"));
            return node(document, name, DOWN);
        }
        Event::NodeFail(name) => {
            line(format!("Failing node {name}"));
            return node(document, name, FAILED);
        }
        Event::NodeStandby(name) => {
            line(format!("Putting node {name} in standby"));
            return standby(document, name, "on");
        }
        Event::NodeOnline(name) => {
            line(format!("Bringing node {name} back from standby"));
            return standby(document, name, "off");
        }
        Event::Operation(specification) => {
            line(format!("Injecting {specification} into the configuration"));
            return operation(document, specification, now, text);
        }
        Event::TicketGrant(ticket) => {
            line(format!("Granting ticket {ticket}"));
            (ticket, "granted", "true")
        }
        Event::TicketRevoke(ticket) => {
            line(format!("Revoking ticket {ticket}"));
            (ticket, "granted", "false")
        }
        Event::TicketStandby(ticket) => {
            line(format!("Making ticket {ticket} standby"));
            (ticket, "standby", "true")
        }
        Event::TicketActivate(ticket) => {
            line(format!("Activating ticket {ticket}"));
            (ticket, "standby", "false")
        }
    };
    let mut status = Status::open(document);
    status.set_ticket(ticket, name, value);
    status.close();
    Ok(())
}

fn node(document: &mut Document, name: &str, state: State) -> Result<(), String> {
    let id = node_id(document, name).ok_or_else(|| format!("There is no node {name}"))?;
    let node = NodeName { name, id: &id };
    let mut status = Status::open(document);
    if state == DOWN {
        status.forget(node);
    }
    let names = ["in_ccm", "crmd", "join", "expected"];
    let mut attributes: Vec<(&str, &str)> = names.into_iter().zip(state).collect();
    attributes.push(("crm-debug-origin", "crm_simulate"));
    status.set_state(node, &attributes);
    status.close();
    Ok(())
}

/// Sets the permanent attribute that keeps resources away from a node.
fn standby(document: &mut Document, name: &str, value: &str) -> Result<(), String> {
    let nodes = part(document, "nodes");
    let named = |node: &Node<'_>| node.get("uname").is_some_and(|n| n.eq_ignore_ascii_case(name));
    let node = document.node(nodes).children_named("node").find(named);
    let (node, id) = node
        .and_then(|node| Some((node.id(), node.get("id")?.to_owned())))
        .ok_or_else(|| format!("There is no node {name}"))?;
    let blocks = document.node(node).children_named("instance_attributes");
    let held = blocks
        .flat_map(|block| block.children_named("nvpair"))
        .find(|pair| pair.get("name") == Some("standby"))
        .map(Node::id);
    let pair = held.unwrap_or_else(|| {
        let block = document.node(node).child("instance_attributes").map(Node::id);
        let block = block.unwrap_or_else(|| {
            let block = document.append(node, "instance_attributes");
            document.set(block, "id", &format!("nodes-{id}"));
            block
        });
        let pair = document.append(block, "nvpair");
        document.set(pair, "id", &format!("nodes-{id}-standby"));
        document.set(pair, "name", "standby");
        pair
    });
    document.set(pair, "value", value);
    configuration_changed(document);
    Ok(())
}

/// The id of a node that is configured, has a state, or is a remote one.
fn node_id(document: &Document, name: &str) -> Option<String> {
    let root = document.root();
    let named = |node: &Node<'_>| node.get("uname").is_some_and(|n| n.eq_ignore_ascii_case(name));
    let nodes = root.child("configuration").and_then(|part| part.child("nodes"));
    let configured = nodes.into_iter().flat_map(Node::children).find(named);
    let states = root.child("status").into_iter().flat_map(Node::children);
    let known = configured.or_else(|| states.filter(|node| node.is("node_state")).find(named));
    let id = known.and_then(|node| node.get("id")).map(str::to_owned);
    id.or_else(|| is_remote(root, name).then(|| name.to_owned()))
}

/// True if a resource makes a remote or guest node of this name.
fn is_remote(root: Node<'_>, name: &str) -> bool {
    root.descendants().any(|node| match node.name() {
        "primitive" => {
            node.get("id") == Some(name)
                && node.get("provider") == Some("pacemaker")
                && node.get("type") == Some("remote")
        }
        "nvpair" => node.get("name") == Some("remote-node") && node.get("value") == Some(name),
        _ => false,
    })
}

/// A part of the configuration, made if it is not there.
pub(crate) fn part(document: &mut Document, name: &str) -> cib::xml::NodeId {
    let root = document.root().id();
    let mut at = root;
    for name in ["configuration", name] {
        let held = document.node(at).child(name).map(Node::id);
        at = held.unwrap_or_else(|| document.append(at, name));
    }
    at
}

fn add_node(document: &mut Document, name: &str) {
    let nodes = part(document, "nodes");
    let node = document.append(nodes, "node");
    document.set(node, "id", name);
    document.set(node, "uname", name);
    configuration_changed(document);
}

/// A change of the configuration is a new epoch.
fn configuration_changed(document: &mut Document) {
    let root = document.root();
    let epoch = root.get("epoch").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let root = root.id();
    document.set(root, "epoch", &epoch.saturating_add(1).to_string());
    document.set(root, "num_updates", "0");
}

/// Sets an option of the cluster where it stands, else in the ordinary set of options.
pub(crate) fn set_option(document: &mut Document, name: &str, value: &str) {
    const SET: &str = "cib-bootstrap-options";
    let options = part(document, "crm_config");
    let (held, set) = {
        let sets = document.node(options).children_named("cluster_property_set");
        let mut pairs = sets.clone().flat_map(|set| set.children_named("nvpair"));
        let mut named = sets.filter(|set| set.get("id") == Some(SET)).map(Node::id);
        let held = pairs.find(|pair| pair.get("name") == Some(name)).map(Node::id);
        (held, named.next())
    };
    let pair = held.unwrap_or_else(|| {
        let set = set.unwrap_or_else(|| {
            let set = document.append(options, "cluster_property_set");
            document.set(set, "id", SET);
            set
        });
        let pair = document.append(set, "nvpair");
        document.set(pair, "id", &format!("{SET}-{name}"));
        document.set(pair, "name", name);
        pair
    });
    document.set(pair, "value", value);
    configuration_changed(document);
}

/// An operation's result as people write it: `RESOURCE_OPERATION_INTERVAL@NODE=RESULT`.
///
/// # Errors
/// How many of the three parts could be read, in the words of `crm_simulate`.
pub fn parse_result(specification: &str) -> Result<Failure, String> {
    let fields = |number: u32| {
        format!("Invalid operation spec: {specification}.  Only found {number} fields")
    };
    let (key, rest) = specification.split_once('@').ok_or_else(|| fields(1))?;
    let (node, result) = rest.split_once('=').ok_or_else(|| fields(2))?;
    let result = result.parse().map_err(|_| fields(2))?;
    let parts = key.rsplit_once('_').and_then(|(rest, interval)| {
        let interval_ms = interval.parse().ok()?;
        let (resource, operation) = split_operation(rest)?;
        Some((resource, operation, interval_ms))
    });
    let (resource, operation, interval_ms) =
        parts.ok_or_else(|| format!("Invalid operation key: {key}"))?;
    Ok(Failure {
        resource: resource.to_owned(),
        operation: operation.to_owned(),
        interval_ms,
        node: node.to_owned(),
        result,
    })
}

/// A resource's name may hold underscores, and so do two operations.
fn split_operation(text: &str) -> Option<(&str, &str)> {
    for operation in ["migrate_to", "migrate_from"] {
        if let Some(resource) = text.strip_suffix(operation).and_then(|text| text.strip_suffix('_'))
        {
            return Some((resource, operation));
        }
    }
    text.rsplit_once('_')
}

/// A probe that finds nothing running.
const NOT_RUNNING: i32 = 7;

fn operation(
    document: &mut Document,
    specification: &str,
    now: i64,
    text: &mut String,
) -> Result<(), String> {
    let wish = parse_result(specification)?;
    let id =
        node_id(document, &wish.node).ok_or_else(|| format!("There is no node {}", wish.node))?;
    let unknown = || format!("Invalid resource name: {}", wish.resource);
    let primitive = primitive(document, &wish.resource).ok_or_else(unknown)?;
    let get = |name| document.node(primitive).get(name).map(str::to_owned);
    let (class, agent) = (get("class").ok_or_else(unknown)?, get("type").ok_or_else(unknown)?);
    let provider = get("provider");
    let node = NodeName { name: &wish.node, id: &id };
    let mut status = Status::open(document);
    let found_stopped = wish.operation == "monitor" && wish.interval_ms == 0;
    if wish.result != 0 && !(found_stopped && wish.result == NOT_RUNNING) {
        let task = Task {
            resource: &wish.resource,
            operation: &wish.operation,
            interval_ms: wish.interval_ms,
        };
        text.push_str(&status.note_failure(node, &task, now));
    }
    status.record(&Done {
        node,
        printed: &wish.resource,
        id: &wish.resource,
        class: &class,
        provider: provider.as_deref(),
        agent: &agent,
        operation: &wish.operation,
        interval_ms: wish.interval_ms,
        notification: None,
        migration: None,
        wanted: 0,
        result: wish.result,
        reason: if wish.result == 0 { "" } else { "Simulated action result" },
        digest: None,
        feature_set: crate::FEATURE_SET,
        now,
    });
    status.close();
    Ok(())
}

/// The primitive of a name that the scheduler uses: a primitive outside of clones, or `ID:N` for
/// instance N of one inside. A template gives class and agent where the primitive has none.
fn primitive(document: &Document, name: &str) -> Option<cib::xml::NodeId> {
    let resources = document.root().child("configuration")?.child("resources")?;
    let cloned = |node: Node<'_>| {
        node.ancestors().any(|parent| matches!(parent.name(), "clone" | "master" | "bundle"))
    };
    let find = |id: &str, inside: bool| {
        let mut primitives = resources.descendants().filter(|node| node.is("primitive"));
        primitives.find(|node| node.get("id") == Some(id) && cloned(*node) == inside)
    };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let instance = || {
        let (id, instance) = name.rsplit_once(':')?;
        number(instance).then(|| find(id, true)).flatten()
    };
    let found = find(name, false).or_else(instance)?;
    let Some(template) = found.get("template") else { return Some(found.id()) };
    let mut templates = resources.children_named("template");
    templates.find(|node| node.get("id") == Some(template)).map(Node::id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cib::xml::Style;

    const CIB: &str = "<cib epoch=\"3\" num_updates=\"5\" have-quorum=\"1\"><configuration><crm_config/>\
        <nodes><node id=\"1\" uname=\"n1\"/></nodes><resources>\
        <primitive id=\"my_rsc\" class=\"ocf\" provider=\"p\" type=\"t\"/>\
        <clone id=\"c\"><primitive id=\"a\" class=\"lsb\" type=\"x\"/></clone></resources></configuration>\
        <status><node_state id=\"1\" uname=\"n1\" crmd=\"online\"><lrm id=\"1\"/></node_state></status></cib>";

    fn after(events: &[Event]) -> (Injected, String) {
        let mut document = Document::parse(CIB).expect("a CIB");
        let injected = inject(&mut document, events, 40);
        (injected, document.root().to_text(Style::Compact))
    }

    #[test]
    fn events_happen_in_an_order_of_their_own() {
        let (injected, text) = after(&[
            Event::TicketStandby("t".to_owned()),
            Event::NodeFail("n1".to_owned()),
            Event::TicketGrant("t".to_owned()),
            Event::Quorum("0".to_owned()),
        ]);
        let expected = "  * Setting quorum: 0\n  * Failing node n1\n  * Granting ticket t\n  \
                        * Making ticket t standby\n";
        assert_eq!(injected.text, expected);
        assert!(text.contains("num_updates=\"9\" have-quorum=\"0\""), "{text}");
        assert!(
            text.contains("<ticket_state id=\"t\" granted=\"true\" standby=\"true\"/>"),
            "{text}"
        );
        assert!(text.contains("crmd=\"online\" in_ccm=\"false\" join=\"member\""), "{text}");
    }

    #[test]
    fn a_node_taken_down_is_forgotten_and_an_unknown_one_refused() {
        let (_, text) = after(&[Event::NodeDown("n1".to_owned())]);
        assert!(!text.contains("<lrm"), "{text}");
        assert!(text.contains("num_updates=\"7\""), "{text}");
        let (injected, _) = after(&[Event::NodeDown("n7".to_owned())]);
        assert_eq!(injected.refused, ["There is no node n7"]);
    }

    #[test]
    fn an_unknown_node_that_comes_up_is_a_change_of_the_configuration() {
        let (_, text) = after(&[Event::NodeUp("n7".to_owned())]);
        assert!(text.contains("epoch=\"4\" num_updates=\"2\""), "{text}");
        assert!(text.contains("<node id=\"n7\" uname=\"n7\"/>"), "{text}");
    }

    #[test]
    fn a_watchdog_is_an_option_of_the_cluster() {
        let (_, text) = after(&[Event::Watchdog("1".to_owned())]);
        let option = "<nvpair id=\"cib-bootstrap-options-have-watchdog\" name=\"have-watchdog\" value=\"1\"/>";
        assert!(text.contains(option), "{text}");
        assert!(text.contains("epoch=\"4\" num_updates=\"0\""), "{text}");
    }

    #[test]
    fn a_failed_monitor_is_counted_and_a_probe_that_finds_nothing_is_not() {
        let (injected, text) = after(&[Event::Operation("my_rsc_monitor_10000@n1=7".to_owned())]);
        assert_eq!(injected.text.lines().count(), 3, "{}", injected.text);
        assert!(text.contains("name=\"fail-count-my_rsc#monitor_10000\" value=\"1\""), "{text}");
        assert!(text.contains("id=\"my_rsc_last_failure_0\""), "{text}");
        assert!(!text.contains("id=\"my_rsc_monitor_10000\""), "{text}");
        let (injected, text) = after(&[Event::Operation("a:1_monitor_0@n1=7".to_owned())]);
        assert_eq!(injected.text.lines().count(), 1, "{}", injected.text);
        assert!(text.contains("<lrm_resource id=\"a:1\" class=\"lsb\" type=\"x\">"), "{text}");
    }

    #[test]
    fn of_two_histories_of_one_name_none_is_written_to() {
        let entry = "<lrm_resource id=\"my_rsc\"/>";
        let both = format!("<lrm id=\"1\"><lrm_resources>{entry}{entry}</lrm_resources></lrm>");
        let mut document = Document::parse(CIB.replace("<lrm id=\"1\"/>", &both)).expect("a CIB");
        let event = Event::Operation("my_rsc_monitor_10000@n1=0".to_owned());
        inject(&mut document, &[event], 40);
        let text = document.root().to_text(Style::Compact);
        assert!(text.contains(&format!("{entry}{entry}<lrm_resource id=\"my_rsc\"")), "{text}");
    }

    #[test]
    fn a_result_is_read_with_names_that_hold_underscores() {
        let result = parse_result("a_b_migrate_to_0@n=1").expect("a result");
        assert_eq!((result.resource.as_str(), result.operation.as_str()), ("a_b", "migrate_to"));
        let fields = |text| parse_result(text).map(|_| ());
        assert_eq!(fields("x"), Err("Invalid operation spec: x.  Only found 1 fields".to_owned()));
        assert_eq!(
            fields("x@y"),
            Err("Invalid operation spec: x@y.  Only found 2 fields".to_owned())
        );
        assert_eq!(
            after(&[Event::Operation("a_start_0@n1=0".to_owned())]).0.refused,
            ["Invalid resource name: a"]
        );
    }
}
