//! Silence, death, restart, return.

use super::*;

fn died(host: &Host, name: &str) -> bool {
    host.heard_once(
        |heard| matches!(heard, Heard::Node { node, now: NodeState::Dead, .. } if *node == name),
    )
}

#[test]
fn a_killed_node_is_dead_after_its_own_dead_time() {
    let mut lab = Lab::joined();
    let beat = lab.hosts[0].layer().last_beat(&node("node2")).unwrap();
    lab.kill(1);
    lab.run((beat + secs(5)).since(lab.now + ms(1)));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Active);
    lab.run(ms(1));
    assert!(died(&lab.hosts[0], "node2"));
    assert_eq!(
        lab.hosts[0].told(EventKind::NodeDead),
        ["node2: dead: no beat for 5.0 s (limit 5.0 s), last on eth0"]
    );
}

#[test]
fn a_death_follows_from_the_silence_of_the_last_link() {
    let mut lab = Lab::joined();
    lab.kill(1);
    lab.run(secs(6));
    let events = &lab.hosts[0].events;
    let death = events.iter().find(|e| e.kind == EventKind::NodeDead).unwrap();
    let silence = events.iter().find(|e| Some(e.id) == death.cause).unwrap();
    assert_eq!(silence.kind, EventKind::LinkDown);
}

#[test]
fn the_dead_time_that_counts_is_the_one_the_peer_advertises() {
    let mut patient = pair("node2");
    patient.timing.deadtime = secs(9);
    let mut lab = Lab::joined_with(vec![pair("node1"), patient]);
    lab.kill(1);
    lab.run(secs(7));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Active);
    lab.run(secs(2));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Dead);
}

#[test]
fn a_node_can_ask_for_patience_before_something_slow() {
    let mut lab = Lab::joined();
    let until = lab.now + secs(60);
    lab.act(1, |layer, _, _| layer.advertise_deadtime_extra(secs(30), until));
    lab.run(secs(2));
    lab.kill(1);
    lab.run(secs(30));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Active);
    lab.run(secs(6));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Dead);
}

#[test]
fn one_silent_link_is_told_and_the_node_lives() {
    let mut lab = Lab::joined();
    lab.lose = Box::new(|packet| packet.link == ETH1);
    lab.run(secs(20));
    let host = &lab.hosts[0];
    assert_eq!(host.state_of("node2"), NodeState::Active);
    assert!(host.heard_once(|heard| matches!(heard, Heard::Link { link: ETH1, up: false, .. })));
    assert_eq!(host.layer().links_up(&node("node2")), [ETH0]);
    lab.heal();
    lab.run(secs(2));
    assert_eq!(lab.hosts[0].layer().links_up(&node("node2")), [ETH0, ETH1]);
    let text = lab.hosts[0].told(EventKind::LinkDown)[0].to_owned();
    assert_eq!(text, "node2: link eth1 dead: nothing heard for 5.0 s (limit 5.0 s)");
}

#[test]
fn a_late_beat_is_told_and_nobody_dies_of_it() {
    let mut lab = Lab::joined();
    lab.cut();
    lab.run(secs(3));
    lab.heal();
    lab.run(secs(2));
    let late = lab.hosts[0].told(EventKind::LateBeat);
    assert_eq!(late.len(), 1);
    assert!(late[0].starts_with("node2: late beat:"), "{late:?}");
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Active);
}

#[test]
fn a_restart_within_the_dead_time_is_told_as_such() {
    let mut lab = Lab::joined();
    lab.kill(1);
    lab.run(secs(2));
    lab.start(1, 2);
    lab.run(secs(3));
    let host = &lab.hosts[0];
    assert!(host.heard_once(|heard| matches!(heard, Heard::Restarted { .. })));
    assert!(host.told(EventKind::NodeDead).is_empty());
    assert_eq!(host.state_of("node2"), NodeState::Active);
}

#[test]
fn a_restart_after_the_dead_time_is_a_plain_return() {
    let mut lab = Lab::joined();
    lab.kill(1);
    lab.run(secs(8));
    lab.start(1, 2);
    lab.run(secs(3));
    let host = &lab.hosts[0];
    assert!(
        !host.heard.iter().any(|h| matches!(h, Heard::Restarted { .. } | Heard::Healed { .. }))
    );
    assert_eq!(host.state_of("node2"), NodeState::Active);
}

#[test]
fn after_a_cut_heals_both_nodes_are_told_and_neither_forgets_the_other() {
    let mut lab = Lab::joined();
    lab.cut();
    lab.run(secs(20));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Dead);
    lab.heal();
    lab.run(secs(2));
    for host in &lab.hosts {
        assert!(host.heard_once(|heard| matches!(heard, Heard::Healed { .. })));
        assert_eq!(host.state_of("node1"), NodeState::Active);
        assert_eq!(host.state_of("node2"), NodeState::Active);
        assert!(host.told(EventKind::PacketsLost).is_empty());
    }
}

#[test]
fn a_node_that_said_farewell_and_fell_silent_is_dead() {
    let mut lab = Lab::joined();
    lab.send(1, Message::of_type("shutdone").with("st", "dead"));
    lab.act(1, |layer, _, _| layer.leave());
    lab.run(secs(7));
    assert_eq!(lab.hosts[0].count("shutdone"), 1);
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Dead);
    assert_eq!(lab.hosts[1].state_of("node2"), NodeState::Dead);
}

#[test]
fn a_ping_node_dies_of_silence_and_returns_with_an_echo() {
    let mut lab = Lab::joined();
    lab.lose = Box::new(|packet| packet.link == PING);
    lab.run(secs(7));
    assert!(died(&lab.hosts[0], "gateway"));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Active);
    lab.heal();
    lab.run(secs(2));
    assert_eq!(lab.hosts[0].state_of("gateway"), NodeState::Ping);
}

/// Host 0 doesn't run for so long; what comes for it meanwhile is lost, and the clock is the first
/// thing it looks at.
fn oversleep(lab: &mut Lab, duration: Duration) {
    let sleeper = lab.hosts[0].layer.take();
    let end = lab.now + duration;
    lab.run(duration);
    assert_eq!(lab.now, end);
    lab.hosts[0].layer = sleeper;
    lab.act(0, Messaging::tick);
}

#[test]
fn a_node_that_overslept_waits_one_beat_before_it_buries_others() {
    let mut lab = Lab::joined();
    oversleep(&mut lab, secs(60));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Active);
    lab.run(secs(10));
    assert!(lab.hosts[0].told(EventKind::NodeDead).is_empty());
    assert!(lab.hosts[0].told(EventKind::LateBeat)[0].contains("did not run for"));
}

#[test]
fn the_dead_gain_at_most_one_beat_from_our_oversleeping() {
    let mut lab = Lab::joined();
    lab.kill(1);
    oversleep(&mut lab, secs(60));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Active);
    lab.run(ms(1000));
    assert!(died(&lab.hosts[0], "node2"));
}

#[test]
fn a_node_that_always_comes_late_still_buries_the_dead() {
    let mut lab = Lab::joined();
    lab.kill(1);
    for _ in 0..5 {
        oversleep(&mut lab, ms(1900));
    }
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Dead);
}

#[test]
fn time_never_stands_still_for_a_caller_that_follows_the_deadlines() {
    let mut lab = Lab::joined();
    lab.lose = Box::new(|packet| packet.link == ETH1 || packet.is("NS_rexmit"));
    lab.kill(1);
    oversleep(&mut lab, ms(4800));
    for _ in 0..200 {
        let next = lab.hosts[0].layer().next_deadline().unwrap();
        lab.now = lab.now.max(next);
        lab.act(0, Messaging::tick);
        let then = lab.hosts[0].layer().next_deadline().unwrap();
        assert!(then > lab.now, "{then} is not after {}", lab.now);
    }
}

#[test]
fn two_media_of_one_interface_are_one_link_whichever_of_them_hears() {
    let both = |me: &str| {
        let mut config = pair(me);
        let second = config.links[0].clone();
        config.links.insert(1, second);
        config
    };
    let lab = Lab::joined_with(vec![both("node1"), both("node2")]);
    let nodes: Vec<_> = lab.hosts[0].layer().nodes().collect();
    let peer = nodes.iter().find(|node| node.name == "node2").unwrap();
    assert_eq!(peer.links.iter().filter(|link| link.name == "eth0").count(), 1);
}
