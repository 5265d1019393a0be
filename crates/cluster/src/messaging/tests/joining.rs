//! Start, communication up, and who is a member.

use super::*;

#[test]
fn two_nodes_that_start_together_are_up_within_a_second_of_the_ping_nodes_first_echo() {
    let mut lab = Lab::two();
    lab.start(0, 1);
    lab.start(1, 1);
    lab.run(ms(1500));
    for host in &lab.hosts {
        assert!(host.layer().is_comm_up());
        assert!(host.heard_once(|heard| *heard == Heard::CommunicationUp));
        assert_eq!(host.state_of("node1"), NodeState::Active);
        assert_eq!(host.state_of("node2"), NodeState::Active);
        assert_eq!(host.state_of("gateway"), NodeState::Ping);
    }
}

#[test]
fn the_first_words_are_init_and_up_and_three_pings() {
    let mut lab = Lab::two();
    lab.start(0, 1);
    let states: Vec<_> =
        lab.hosts[0].sent_on(ETH0, "status").iter().map(|m| m.text("st").unwrap()).collect();
    assert_eq!(states, ["init", "up", "up"]);
    assert_eq!(lab.hosts[0].sent_on(PING, "NS_st").len(), 3);
    assert!(lab.hosts[0].sent_on(PING, "status").is_empty());
}

#[test]
fn a_status_has_the_fields_of_the_ancestor_in_its_order() {
    let mut lab = Lab::two();
    lab.start(0, 0x6b01);
    let names = |message: &Message| -> Vec<String> {
        message.fields().iter().map(|f| String::from_utf8_lossy(&f.name).into_owned()).collect()
    };
    let status = lab.hosts[0].sent_on(ETH0, "status")[0].clone();
    let expected = ["t", "st", "dt", "protocol", "src", "srcuuid", "seq", "hg", "ts", "ld", "ttl"];
    assert_eq!(names(&status)[..11], expected);
    assert_eq!(status.text("seq"), Some("1"));
    assert_eq!(status.text("hg"), Some("6b01"));
    assert_eq!(status.text("dt"), Some("1b58"), "deadtime and 2 s while it starts");
    assert_eq!(status.text("ttl"), Some("4"), "hopfudge, two nodes, one pinged host");
    lab.run(secs(6));
    let later = lab.hosts[0].sent_on(ETH0, "status").last().copied().cloned().unwrap();
    assert_eq!(later.text("dt"), Some("1388"));
}

#[test]
fn without_a_peer_communication_is_up_after_initdead() {
    let mut lab = Lab::two();
    lab.start(0, 1);
    lab.run(ms(11_999));
    assert!(!lab.hosts[0].layer().is_comm_up());
    lab.run(ms(2));
    assert!(lab.hosts[0].layer().is_comm_up());
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Dead);
    assert_eq!(
        lab.hosts[0].told(EventKind::NodeDead),
        ["node2: dead: not heard in 12.0 s (initdead 12.0 s)"]
    );
}

#[test]
fn a_node_that_is_heard_but_does_not_answer_is_asked_every_second_and_told() {
    let mut lab = Lab::two();
    lab.lose = Box::new(|packet| packet.is("repnodes"));
    lab.start(0, 1);
    lab.start(1, 1);
    lab.run(ms(11_500));
    assert!(!lab.hosts[0].layer().is_comm_up());
    assert_eq!(lab.hosts[0].sent_on(ETH0, "reqnodes").len(), 12);
    assert!(lab.hosts[0].told(EventKind::Notice)[0].contains("Does it hear this node?"));
}

#[test]
fn a_node_that_leaves_before_communication_is_up_asks_no_more() {
    let mut lab = Lab::two();
    lab.lose = Box::new(|packet| packet.is("repnodes"));
    lab.start(0, 1);
    lab.start(1, 1);
    lab.run(ms(1500));
    lab.act(0, |layer, _, _| layer.leave());
    lab.hosts[0].forget();
    lab.run(secs(5));
    assert!(lab.hosts[0].sent_on(ETH0, "reqnodes").is_empty());
    assert!(lab.hosts[0].sent_on(ETH0, "status").is_empty());
    let next = lab.hosts[0].layer().next_deadline();
    assert!(next.is_none_or(|next| next > lab.now));
}

#[test]
fn a_serial_line_carries_the_classic_format_and_counts_as_a_link() {
    let mut configs = [pair("node1"), pair("node2")];
    for config in &mut configs {
        config.links[1] =
            Link { name: "/dev/ttyS0".into(), medium: Medium::Serial { baud: 19_200 } };
    }
    let lab = Lab::joined_with(configs.to_vec());
    assert_eq!(lab.hosts[0].layer().links_up(&node("node2")), [ETH0, ETH1]);
    for packet in &lab.captured {
        let head: &[u8] = if packet.link == ETH1 { b">>>\n" } else { b"###\n" };
        assert!(packet.bytes.starts_with(head));
    }
}

#[test]
fn names_are_compared_without_regard_to_case() {
    let mut shouting = pair("NODE2");
    shouting.nodes = vec!["Node1".into(), "NODE2".into()];
    let lab = Lab::joined_with(vec![pair("node1"), shouting]);
    assert_eq!(lab.hosts[0].state_of("NODE2"), NodeState::Active);
    assert_eq!(lab.hosts[1].state_of("node1"), NodeState::Active);
}

#[test]
fn a_message_for_another_node_is_accounted_for_and_not_handed_up() {
    let mut three = [pair("node1"), pair("node2"), pair("node3")];
    for config in &mut three {
        config.nodes.push("node3".into());
    }
    let mut lab = Lab::joined_with(three.to_vec());
    lab.send(0, Message::of_type("hello").with("dest", "NODE3"));
    lab.send(0, Message::of_type("to_all"));
    lab.run(secs(1));
    assert_eq!((lab.hosts[1].count("hello"), lab.hosts[1].count("to_all")), (0, 1));
    assert_eq!((lab.hosts[2].count("hello"), lab.hosts[2].count("to_all")), (1, 1));
    assert!(lab.hosts[1].told(EventKind::PacketsLost).is_empty());
    let sent = lab.hosts[0].sent_on(ETH0, "hello")[0];
    assert_eq!(sent.binary("destuuid"), Some(&[3; 16][..]));
}

#[test]
fn our_own_messages_to_all_are_handed_up_once_although_broadcast_brings_them_back() {
    let mut lab = Lab::joined();
    lab.send(0, Message::of_type("to_all"));
    lab.send(0, Message::of_type("to_other").with("dest", "node2"));
    lab.send(0, Message::of_type("to_me").with("dest", "node1"));
    lab.run(secs(1));
    let own: Vec<_> = lab.hosts[0]
        .heard
        .iter()
        .filter_map(|heard| match heard {
            Heard::Message { from, message } if *from == node("node1") => message.message_type(),
            _ => None,
        })
        .filter(|kind| *kind != "status")
        .collect();
    assert_eq!(own, ["to_all", "to_me"]);
    assert_eq!(lab.hosts[0].layer().links_up(&node("node1")), [ETH0, ETH1]);
}

#[test]
fn nodes_are_added_everywhere_and_removed_only_when_dead() {
    let mut lab = Lab::joined();
    lab.act(0, |layer, step, up| layer.add_nodes(step, &[node("node3")], up).unwrap());
    lab.run(secs(1));
    let names = |lab: &Lab, at: usize| -> Vec<String> {
        lab.hosts[at].layer().nodes().map(|node| node.name).collect()
    };
    assert_eq!(names(&lab, 0), ["node1", "node2", "node3", "gateway"]);
    assert_eq!(names(&lab, 1), ["node1", "node2", "node3", "gateway"]);
    lab.act(0, |layer, step, up| {
        assert!(layer.delete_nodes(step, &[node("node2")], up).is_err(), "it lives");
        assert!(layer.delete_nodes(step, &[node("node3")], up).is_err(), "not yet dead");
    });
    lab.run(secs(13));
    lab.act(0, |layer, step, up| layer.delete_nodes(step, &[node("node3")], up).unwrap());
    lab.run(secs(1));
    assert_eq!(names(&lab, 0), ["node1", "node2", "gateway"]);
    assert_eq!(names(&lab, 1), ["node1", "node2", "gateway"]);
}

#[test]
fn weight_and_site_are_set_on_every_node() {
    let mut lab = Lab::joined();
    lab.send(0, Message::of_type("setweight").with("node", "node2").with("weight", "7"));
    lab.send(0, Message::of_type("setsite").with("node", "node2").with("site", "east"));
    lab.run(secs(1));
    for host in &lab.hosts {
        let status = host.layer().nodes().find(|node| node.name == "node2").unwrap();
        assert_eq!((status.weight, status.site.as_str()), (7, "east"));
    }
}

#[test]
fn a_new_configuration_keeps_what_is_known_and_takes_the_new_timers() {
    let mut lab = Lab::joined();
    for at in [0, 1] {
        let mut config = lab.hosts[at].config.clone();
        config.timing.deadtime = secs(3);
        config.nodes.push("node3".into());
        config.links.remove(0);
        lab.act(at, |layer, _, _| layer.reconfigure(Arc::new(config)));
    }
    let status = lab.hosts[0].layer().nodes().nth(1).unwrap();
    assert_eq!((status.name.as_str(), status.state), ("node2", NodeState::Active));
    assert_eq!(status.links.len(), 1);
    assert_eq!(status.links[0].state, api::LinkState::Up);
    assert_eq!(lab.hosts[0].state_of("node3"), NodeState::Unknown);
}
