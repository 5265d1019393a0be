//! Packets that must not count: unsigned, replayed, forged, from nobody we know.

use super::*;
use wire::heartbeat::encode;

fn signed(message: &Message, keys: &Keys) -> Vec<u8> {
    encode(message, Format::Netstring, Format::Classic, keys)
}

/// A status of node2 as its generation 1 would send it.
fn status_of(src: &str, generation: u64, seq: u64) -> Message {
    Message::of_type("status")
        .with("st", "active")
        .with("dt", "1388")
        .with("protocol", "1")
        .with("src", src)
        .with("seq", format!("{seq:x}"))
        .with("hg", format!("{generation:x}"))
        .with("ts", "6553f100")
}

#[test]
fn another_key_is_refused_counted_and_told_once_a_minute() {
    let mut stranger = pair("node2");
    stranger.keys = one_key("another");
    let mut lab = Lab::new(vec![pair("node1"), stranger]);
    lab.start(0, 1);
    lab.start(1, 1);
    lab.run(secs(50));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Dead);
    assert!(lab.hosts[0].refused("bad_digest") > 50);
    let told = lab.hosts[0].told(EventKind::PacketsRefused);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("192.0.2.1:694"), "{told:?}");
}

#[test]
fn keys_are_exchanged_one_node_after_the_other_without_a_lost_beat() {
    let mut lab = Lab::joined();
    let both = [(1, "secret"), (2, "newer")];
    for (at, key) in [(0, 1), (1, 1), (0, 2), (1, 2)] {
        let config = &mut lab.hosts[at].config;
        config.keys = keys(key, &both);
        let config = Arc::new(config.clone());
        lab.act(at, |layer, _, _| layer.reconfigure(config));
        lab.run(secs(10));
    }
    for host in &lab.hosts {
        assert!(host.told(EventKind::LateBeat).is_empty());
        assert!(host.told(EventKind::PacketsRefused).is_empty());
        assert!(host.told(EventKind::PacketsLost).is_empty());
    }
}

#[test]
fn while_two_keys_are_configured_datagrams_are_classic_for_the_ancestors_sake() {
    let mut config = pair("node1");
    let one_key = Lab::joined();
    config.keys = keys(1, &[(1, "secret"), (2, "newer")]);
    let two_keys = Lab::joined_with(vec![config, pair("node2")]);
    assert!(one_key.captured.iter().all(|packet| packet.bytes.starts_with(b"###\n")));
    let of_first = two_keys.captured.iter().filter(|packet| packet.from == 0);
    assert!(of_first.clone().count() > 0);
    assert!(of_first.clone().all(|packet| packet.bytes.starts_with(b">>>\n")));
}

#[test]
fn captured_packets_do_not_revive_a_dead_node() {
    let mut lab = Lab::joined();
    lab.run(secs(30));
    lab.kill(1);
    lab.run(secs(10));
    lab.hosts[0].forget();
    let captured: Vec<_> = lab.captured.iter().filter(|p| p.to == 0).cloned().collect();
    assert!(captured.len() > 40);
    lab.deliver_again(&captured);
    lab.run(ms(100));
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Dead);
    assert!(lab.hosts[0].layer().links_up(&node("node2")).is_empty());
    assert_eq!(lab.hosts[0].count("status"), 0);
    assert!(lab.hosts[0].refused("old_sequence") > 40);
}

#[test]
fn captured_packets_do_not_keep_a_dying_node_or_link_alive() {
    let mut lab = Lab::joined();
    lab.run(secs(5));
    lab.kill(1);
    let last: Vec<_> = lab.captured.iter().rev().filter(|p| p.to == 0).take(8).cloned().collect();
    for _ in 0..60 {
        lab.run(ms(100));
        lab.deliver_again(&last);
    }
    assert_eq!(lab.hosts[0].state_of("node2"), NodeState::Dead);
    assert!(lab.hosts[0].layer().links_up(&node("node2")).is_empty());
}

#[test]
fn packets_of_an_earlier_generation_are_refused_as_replays() {
    let mut lab = Lab::joined();
    lab.kill(1);
    lab.run(secs(2));
    lab.start(1, 2);
    lab.run(secs(3));
    lab.hosts[0].forget();
    lab.inject(0, &signed(&status_of("node2", 1, 5000), &one_key("secret")));
    assert_eq!(lab.hosts[0].refused("old_generation"), 1);
    assert!(lab.hosts[0].told(EventKind::PacketsRefused)[0].contains("replay"));
    assert!(lab.hosts[0].heard.is_empty());
}

#[test]
fn an_old_echo_does_not_revive_a_ping_node() {
    let mut lab = Lab::joined();
    let old = {
        let (_, ping) =
            lab.hosts[0].sent.iter().rfind(|(link, _)| *link == PING).cloned().unwrap_or_else(
                || {
                    lab.run(secs(1));
                    lab.hosts[0].sent.iter().rfind(|(link, _)| *link == PING).cloned().unwrap()
                },
            );
        signed(&ping, &one_key("secret"))
    };
    lab.lose = Box::new(|packet| packet.link == PING);
    lab.run(secs(20));
    lab.act(0, |layer, step, up| layer.datagram(step, PING, "192.0.2.1", &old, up));
    assert_eq!(lab.hosts[0].state_of("gateway"), NodeState::Dead);
    assert_eq!(lab.hosts[0].refused("old_ping"), 1);
}

#[test]
fn a_member_is_not_believed_on_a_ping_link() {
    let mut lab = Lab::joined();
    let bytes = signed(&status_of("node2", 1, 5000), &one_key("secret"));
    lab.act(0, |layer, step, up| layer.datagram(step, PING, "192.0.2.1", &bytes, up));
    assert_eq!(lab.hosts[0].refused("wrong_link"), 1);
}

#[test]
fn a_node_that_is_not_configured_is_counted_and_not_listened_to() {
    let mut lab = Lab::joined();
    lab.inject(0, &signed(&status_of("node9", 1, 1), &one_key("secret")));
    assert_eq!(lab.hosts[0].refused("unknown_node"), 1);
    assert!(lab.hosts[0].told(EventKind::PacketsRefused)[0].contains("node9"));
    assert!(lab.hosts[0].heard.is_empty());
}

#[test]
fn with_autojoin_a_stranger_becomes_a_member() {
    let mut open = pair("node1");
    open.autojoin = true;
    let mut lab = Lab::joined_with(vec![open, pair("node2")]);
    lab.inject(0, &signed(&status_of("node9", 1, 1), &one_key("secret")));
    assert_eq!(lab.hosts[0].state_of("node9"), NodeState::Active);
}

#[test]
fn somebody_who_speaks_with_our_name_is_told() {
    let mut lab = Lab::joined();
    lab.inject(0, &signed(&status_of("node1", 1, 5000), &one_key("secret")));
    lab.inject(0, &signed(&status_of("NODE1", 0, 1), &one_key("secret")));
    assert_eq!(lab.hosts[0].refused("our_name"), 2);
    assert!(lab.hosts[0].heard.is_empty());
}

#[test]
fn signed_messages_without_the_common_fields_are_refused() {
    let mut lab = Lab::joined();
    for field in ["t", "src", "ts", "seq"] {
        let mut message = status_of("node2", 1, 5000);
        message.remove(field);
        lab.inject(0, &signed(&message, &one_key("secret")));
    }
    let mut zero = status_of("node2", 1, 5000);
    zero.set("ts", "0");
    lab.inject(0, &signed(&zero, &one_key("secret")));
    assert_eq!(lab.hosts[0].refused("incomplete"), 5);
}

#[test]
fn a_signed_lie_never_makes_us_panic() {
    let types = [
        "status",
        "NS_st",
        "NS_ackmsg",
        "NS_rexmit",
        "NS_nak_rexmit",
        "reqnodes",
        "repnodes",
        "addnode",
        "delnode",
        "setweight",
        "setsite",
        "anything",
    ];
    let values = [
        "",
        "0",
        "1",
        "-1",
        "ffffffffffffffff",
        "18446744073709551615",
        "9223372036854775807",
        "x",
        "node1",
        "node2 node2 \u{1} ",
        "NODE1",
        "gateway",
    ];
    let names = [
        "t",
        "st",
        "dt",
        "dest",
        "ackseq",
        "firstseq",
        "lastseq",
        "nodelist",
        "delnodelist",
        "node",
        "weight",
        "site",
        "seq",
        "hg",
        "ts",
    ];
    let mut lab = Lab::joined();
    let mut dice = Dice::new(9);
    for round in 0..1_500 {
        let kind = types[dice.below(types.len() as u64) as usize];
        let mut message = status_of("node2", 1, 1000 + round);
        message.set("t", kind);
        message.set("dest", "node1");
        for _ in 0..dice.below(4) {
            let name = names[dice.below(names.len() as u64) as usize];
            message.set(name, values[dice.below(values.len() as u64) as usize]);
        }
        lab.inject(0, &signed(&message, &one_key("secret")));
        lab.hosts[0].forget();
        lab.air.clear();
        if round % 10 == 0 {
            let step = dice.between(ms(0), ms(300));
            lab.now += step;
            lab.act(0, Messaging::tick);
        }
    }
    assert!(lab.hosts[0].layer().nodes().count() <= 100);
}
