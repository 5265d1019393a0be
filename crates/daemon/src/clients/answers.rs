//! What clients ask about the cluster, and the words of the answers
//! (docs/ancestors/heartbeat.md §6.2; order of fields and every code measured on 3.0.6).

use api::{LinkState, NodeKind, NodeStatus, RoleStatus};
use cluster::Config;
use wire::heartbeat::{Message, Value};

/// The version that clients of the ancestor's library expect to speak with.
pub(crate) const VERSION: &str = "3.0.6 (node: 958e11be8686759f1b99204c17812f2c2633b169)";

/// Why a question could not be answered.
pub(super) const INVALID: &str = "EINVAL";
const NO_NAME: &str = "no query node name found";

/// What questions are answered from.
pub(super) struct View<'a> {
    /// The cluster now.
    pub(super) status: &'a RoleStatus,
    /// The configuration in force.
    pub(super) config: &'a Config,
}

/// The answers to a question, in order; `None` if it is no question about the cluster.
pub(super) fn answer(kind: &str, request: &Message, view: &View<'_>) -> Option<Vec<Message>> {
    let one = |answer: Result<Message, &str>| {
        vec![match answer {
            Ok(message) => message.with("result", "OK"),
            Err(why) => refused(kind).with("info", why),
        }]
    };
    Some(match kind {
        "nodelist" => node_list(view.status),
        "iflist" => match named(request, view.status) {
            Some(node) => link_list(node),
            None => one(Err(INVALID)),
        },
        "nodestatus" | "nodetype" | "nodeweight" | "nodesite" => {
            one(named(request, view.status).map(|node| about(kind, node)).ok_or(INVALID))
        }
        "ifstatus" => one(link_state(request, view.status).ok_or(INVALID)),
        "numnodes" => one(Ok(response(kind).with("numnodes", members(view.status).to_string()))),
        "getparm" => one(parameter_asked(request, view.config).ok_or(INVALID)),
        "getrsc" => {
            let status = view.status;
            let held = if status.stable { status.held.word() } else { "transition" };
            one(Ok(response(kind).with("rsc_hold", held)))
        }
        "getuuid" => one(uuid_of_name(request, view.status).ok_or(NO_NAME)),
        "getnodename" => one(name_of_uuid(request, view.status).ok_or(NO_NAME)),
        _ => return None,
    })
}

/// An answer without its content yet.
pub(super) fn response(kind: &str) -> Message {
    Message::of_type("hbapi-resp").with("reqtype", kind)
}

/// The answer to a request that can't be met.
pub(super) fn refused(kind: &str) -> Message {
    response(kind).with("result", "badreq")
}

/// What `getparm` and `cl_status hbparameter` tell.
pub(crate) fn parameter(config: &Config, name: &str) -> Option<String> {
    match name {
        "hbversion" => Some(VERSION.to_owned()),
        _ => config.parameters.get(name).cloned(),
    }
}

/// The node of that name, in upper or lower case.
pub(super) fn find<'a>(status: &'a RoleStatus, name: &str) -> Option<&'a NodeStatus> {
    status.nodes.iter().find(|node| node.name.eq_ignore_ascii_case(name))
}

fn named<'a>(request: &Message, status: &'a RoleStatus) -> Option<&'a NodeStatus> {
    find(status, request.text("node")?)
}

fn members(status: &RoleStatus) -> usize {
    status.nodes.iter().filter(|node| node.kind == NodeKind::Normal).count()
}

const fn kind_word(node: &NodeStatus) -> &'static str {
    match node.kind {
        NodeKind::Normal => "normal",
        NodeKind::Ping => "ping",
    }
}

const fn link_word(state: LinkState) -> &'static str {
    match state {
        LinkState::Up => "up",
        LinkState::Dead => "dead",
    }
}

fn node_list(status: &RoleStatus) -> Vec<Message> {
    walk(status.nodes.iter().map(|node| {
        response("nodelist")
            .with("node", &node.name)
            .with("nodetype", kind_word(node))
            .with("st", node.state.word())
    }))
}

fn link_list(node: &NodeStatus) -> Vec<Message> {
    if node.links.is_empty() {
        return vec![refused("iflist").with("info", INVALID)];
    }
    walk(node.links.iter().map(|link| {
        response("iflist").with("ifname", &link.name).with("st", link_word(link.state))
    }))
}

/// Several answers to one question: all but the last say that more come.
fn walk(answers: impl ExactSizeIterator<Item = Message>) -> Vec<Message> {
    let last = answers.len().saturating_sub(1);
    let result = |at| if at == last { "OK" } else { "ok/more" };
    answers.enumerate().map(|(at, message)| message.with("result", result(at))).collect()
}

fn about(kind: &str, node: &NodeStatus) -> Message {
    let answer = response(kind);
    match kind {
        "nodestatus" => answer.with("st", node.state.word()),
        "nodetype" => answer.with("nodetype", kind_word(node)),
        "nodeweight" => answer.with("weight", node.weight.to_string()),
        _ => answer.with("site", &node.site),
    }
}

fn link_state(request: &Message, status: &RoleStatus) -> Option<Message> {
    let node = named(request, status)?;
    let name = request.text("ifname")?;
    let link = node.links.iter().find(|link| link.name == name)?;
    Some(response("ifstatus").with("st", link_word(link.state)))
}

/// A parameter that nobody set and that has no default is no error: the answer has no value.
fn parameter_asked(request: &Message, config: &Config) -> Option<Message> {
    let answer = response("getparm");
    Some(match parameter(config, request.text("pname")?) {
        Some(value) => answer.with("pvalue", value),
        None => answer,
    })
}

fn uuid_of_name(request: &Message, status: &RoleStatus) -> Option<Message> {
    let uuid = find(status, request.text("queryname")?).and_then(|node| node.uuid);
    let answer = response("getuuid");
    Some(match uuid {
        Some(uuid) => answer.with_value("queryuuid", Value::Binary(uuid.to_vec())),
        None => answer,
    })
}

fn name_of_uuid(request: &Message, status: &RoleStatus) -> Option<Message> {
    let uuid = request.binary("queryuuid")?;
    let node = status.nodes.iter().find(|node| node.uuid.is_some_and(|known| known == uuid));
    let answer = response("getnodename");
    Some(match node {
        Some(node) => answer.with("queryname", &node.name),
        None => answer,
    })
}
