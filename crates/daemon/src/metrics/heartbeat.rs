//! The figures of the heartbeat role: nodes, links, groups.

use super::text::Kind::{Counter, Gauge};
use super::text::Text;
use api::{GroupState, LinkState, NodeKind, RoleStatus};

/// The page.
pub(super) fn page(status: &RoleStatus) -> String {
    let mut text = Text::default();
    super::keepalived::about_daemon(&mut text, "heartbeat", &status.version, &status.warnings);
    nodes(&mut text, status);
    groups(&mut text, status);
    let name = "handover_heartbeat_packets_refused_total";
    let mut family = text.family(name, Counter, "Packets refused since start, by reason.");
    for (reason, count) in &status.refused {
        family.sample(&[("reason", reason)], count);
    }
    text.into_string()
}

fn nodes(text: &mut Text, status: &RoleStatus) {
    let name = "handover_heartbeat_node_up";
    let mut family = text.family(name, Gauge, "Whether a node is heard.");
    for node in &status.nodes {
        let kind = match node.kind {
            NodeKind::Normal => "normal",
            NodeKind::Ping => "ping",
        };
        let labels = [("node", node.name.as_str()), ("kind", kind), ("state", node.state.word())];
        family.sample(&labels, u8::from(node.state.is_alive()));
    }
    let name = "handover_heartbeat_node_silent_seconds";
    let mut family = text.family(name, Gauge, "How long ago a node's last status came.");
    for node in status.nodes.iter().filter(|node| !node.is_me) {
        if let Some(beat) = node.last_beat {
            family.sample(&[("node", &node.name)], status.now.since(beat).as_secs_f64());
        }
    }
    let name = "handover_heartbeat_link_up";
    let mut family = text.family(name, Gauge, "Whether a node is heard on a link.");
    for node in status.nodes.iter().filter(|node| !node.is_me) {
        for link in &node.links {
            let labels = [("node", node.name.as_str()), ("link", link.name.as_str())];
            family.sample(&labels, u8::from(link.state == LinkState::Up));
        }
    }
}

fn groups(text: &mut Text, status: &RoleStatus) {
    let name = "handover_heartbeat_stable";
    let help = "Whether no group is on its way.";
    text.family(name, Gauge, help).sample(&[], u8::from(status.stable));
    let name = "handover_heartbeat_group_running";
    let mut family = text.family(name, Gauge, "Whether a group runs on this node.");
    for group in &status.groups {
        family.sample(&[("group", &group.key)], u8::from(group.state == GroupState::Running));
    }
    let name = "handover_heartbeat_group_failed";
    let mut family = text.family(name, Gauge, "Whether a group could not be started on this node.");
    for group in &status.groups {
        let failed = matches!(group.state, GroupState::Failed { .. });
        family.sample(&[("group", &group.key)], u8::from(failed));
    }
    let name = "handover_heartbeat_group_failing_checks";
    let mut family = text.family(name, Gauge, "How many service checks of a group fail.");
    for group in &status.groups {
        family.sample(&[("group", &group.key)], group.failing_checks.len());
    }
}
