//! What the network loses, doubles and reorders.

use super::*;
use std::cell::RefCell;
use std::rc::Rc;

/// Loses everything between hosts but what keeps the links up, from now on.
fn deaf(lab: &mut Lab) {
    lab.lose = Box::new(|packet| packet.from == 0 && packet.to == 1);
}

fn numbered(count: u32) -> impl Iterator<Item = Message> {
    (0..count).map(|n| Message::of_type("item").with("n", n.to_string()))
}

/// What host 1 got of the numbered messages, in order of arrival.
fn items(lab: &Lab) -> Vec<u32> {
    let mut got = vec![];
    for heard in &lab.hosts[1].heard {
        if let Heard::Message { message, .. } = heard
            && message.message_type() == Some("item")
        {
            got.push(message.text("n").unwrap().parse().unwrap());
        }
    }
    got
}

fn lose_and_send(lab: &mut Lab, count: u32) {
    deaf(lab);
    numbered(count).for_each(|message| lab.send(0, message));
    lab.heal();
}

#[test]
fn one_lost_message_is_asked_for_and_comes() {
    let mut lab = Lab::joined();
    lose_and_send(&mut lab, 1);
    lab.run(secs(2));
    assert_eq!(items(&lab), [0]);
    assert_eq!(lab.hosts[1].sent_on(ETH0, "NS_rexmit").len(), 1);
    assert_eq!(lab.hosts[1].told(EventKind::PacketsLost).len(), 1);
}

#[test]
fn ten_lost_messages_are_asked_for_one_by_one_and_come_once_each() {
    let mut lab = Lab::joined();
    lose_and_send(&mut lab, 10);
    lab.run(secs(2));
    let mut got = items(&lab);
    got.sort_unstable();
    assert_eq!(got, (0..10).collect::<Vec<_>>());
    let requests = lab.hosts[1].sent_on(ETH0, "NS_rexmit");
    assert_eq!(requests.len(), 10);
    assert!(requests.iter().all(|m| m.text("firstseq") == m.text("lastseq")));
    assert!(requests.iter().all(|m| m.decimal("firstseq").is_some()));
}

#[test]
fn more_than_250_lost_messages_are_given_up_at_once() {
    let mut lab = Lab::joined();
    lose_and_send(&mut lab, 251);
    lab.run(secs(2));
    assert!(items(&lab).is_empty());
    assert!(lab.hosts[1].sent_on(ETH0, "NS_rexmit").is_empty());
    assert!(lab.hosts[1].told(EventKind::PacketsLost)[0].contains("251 lost packet(s)"));
    assert_eq!(lab.hosts[1].state_of("node1"), NodeState::Active);
}

#[test]
fn the_newer_message_is_handed_up_before_the_lost_one_comes() {
    let mut lab = Lab::joined();
    lose_and_send(&mut lab, 1);
    lab.send(0, Message::of_type("item").with("n", "99"));
    lab.run(secs(2));
    assert_eq!(items(&lab), [99, 0]);
}

#[test]
fn messages_that_overtake_each_other_cause_no_request() {
    let mut lab = Lab::joined();
    let kept = Rc::new(RefCell::new(vec![]));
    let keep = Rc::clone(&kept);
    lab.lose = Box::new(move |packet| {
        let first = packet.to == 1 && packet.message.text("n") == Some("0");
        if first {
            keep.borrow_mut().push(packet.clone());
        }
        first
    });
    numbered(2).for_each(|message| lab.send(0, message));
    lab.run(ms(20));
    let late: Vec<Packet> = kept.borrow().clone();
    lab.deliver_again(&late);
    lab.run(secs(2));
    assert_eq!(items(&lab), [1, 0]);
    assert!(lab.hosts[1].sent_on(ETH0, "NS_rexmit").is_empty());
}

#[test]
fn what_is_no_longer_kept_is_refused_and_given_up() {
    let mut lab = Lab::joined();
    lose_and_send(&mut lab, 1);
    // The history keeps 2 MB: these push the lost message out before it is asked for.
    for _ in 0..40 {
        lab.send(0, Message::of_type("bulk").with("data", "x".repeat(60_000)));
    }
    lab.run(secs(5));
    assert!(items(&lab).is_empty());
    let refusal = lab.hosts[0].sent_on(ETH0, "NS_nak_rexmit");
    assert_eq!(refusal.len(), 2, "one for each link on which the request came");
    assert_eq!(refusal[0].text("info"), Some("seqno too low"));
    assert!(lab.hosts[1].told(EventKind::PacketsLost).iter().any(|t| t.contains("for good")));
    assert_eq!(lab.hosts[1].sent_on(ETH0, "NS_rexmit").len(), 1);
}

#[test]
fn a_request_replayed_again_and_again_is_refused_50_times_at_most() {
    let mut lab = Lab::joined();
    lose_and_send(&mut lab, 1);
    let requests = Rc::new(RefCell::new(vec![]));
    let keep = Rc::clone(&requests);
    lab.lose = Box::new(move |packet| {
        if packet.message.message_type() == Some("NS_rexmit") {
            keep.borrow_mut().push(packet.clone());
        }
        packet.message.message_type() == Some("NS_nak_rexmit")
    });
    for _ in 0..40 {
        lab.send(0, Message::of_type("bulk").with("data", "x".repeat(60_000)));
    }
    lab.run(secs(1));
    let request: Packet = requests.borrow().first().expect("it was asked for").clone();
    let before = lab.hosts[0].sent_on(ETH0, "NS_nak_rexmit").len();
    for _ in 0..200 {
        lab.deliver_again(std::slice::from_ref(&request));
    }
    let refused = lab.hosts[0].sent_on(ETH0, "NS_nak_rexmit").len() - before;
    assert!((1..=50).contains(&refused), "{refused}");
}

#[test]
fn a_message_on_two_links_is_handed_up_once() {
    let mut lab = Lab::joined();
    numbered(3).for_each(|message| lab.send(0, message));
    lab.run(secs(1));
    assert_eq!(items(&lab), [0, 1, 2]);
    assert_eq!(lab.hosts[1].layer().refused().count(), 0);
}

#[test]
fn one_message_in_ten_is_acknowledged_and_so_are_our_own() {
    let mut lab = Lab::joined();
    numbered(100).for_each(|message| lab.send(0, message));
    lab.run(ms(500));
    let acks = |at: usize, dest: &str| -> usize {
        let sent = lab.hosts[at].sent_on(ETH0, "NS_ackmsg");
        sent.iter().filter(|m| m.text("dest") == Some(dest)).count()
    };
    assert_eq!(acks(1, "node1"), 10);
    assert_eq!(acks(0, "node1"), 10);
}

#[test]
fn no_acknowledgement_leaves_while_something_older_is_missing() {
    let mut lab = Lab::joined();
    lab.lose = Box::new(|packet| packet.message.text("n") == Some("0") && packet.to == 1);
    numbered(20).for_each(|message| lab.send(0, message));
    lab.run(ms(1000));
    assert!(lab.hosts[1].sent_on(ETH0, "NS_ackmsg").is_empty());
    lab.heal();
    lab.run(ms(1000));
    assert!(!lab.hosts[1].sent_on(ETH0, "NS_ackmsg").is_empty());
}

#[test]
fn clients_wait_while_250_messages_are_not_acknowledged() {
    let mut lab = Lab::joined();
    lab.lose = Box::new(|packet| packet.is("NS_ackmsg"));
    numbered(260).for_each(|message| lab.send(0, message));
    lab.run(ms(100));
    assert!(!lab.hosts[0].layer().clients_may_send());
    lab.heal();
    numbered(10).for_each(|message| lab.send(0, message));
    lab.run(ms(100));
    assert!(lab.hosts[0].layer().clients_may_send());
}

#[test]
fn the_window_does_not_close_when_nobody_else_lives() {
    let mut lab = Lab::joined();
    lab.kill(1);
    lab.run(secs(8));
    numbered(600).for_each(|message| lab.send(0, message));
    assert!(lab.hosts[0].layer().clients_may_send());
}

#[test]
fn a_message_that_fits_no_datagram_is_refused_and_takes_no_number() {
    let mut lab = Lab::joined();
    lab.send(0, Message::of_type("bulk").with("data", "x".repeat(66_000)));
    lab.send(0, Message::of_type("item").with("n", "1"));
    lab.run(secs(2));
    assert_eq!(items(&lab), [1]);
    assert!(lab.hosts[0].told(EventKind::Notice)[0].contains("was not sent"));
    assert!(lab.hosts[1].told(EventKind::PacketsLost).is_empty());
}

#[test]
fn a_heavily_lossy_network_delivers_everything_once() {
    let mut lab = Lab::joined();
    let dice = RefCell::new(Dice::new(42));
    lab.lose = Box::new(move |_| dice.borrow_mut().percent(30));
    for message in numbered(100) {
        lab.send(0, message);
        lab.run(ms(50));
    }
    lab.run(secs(10));
    let mut got = items(&lab);
    got.sort_unstable();
    assert_eq!(got, (0..100).collect::<Vec<_>>());
}

#[test]
fn whole_messages_are_compressed_and_come_out_as_they_were() {
    let mut configs = [pair("node1"), pair("node2")];
    for config in &mut configs {
        config.traditional_compression = true;
    }
    let mut lab = Lab::joined_with(configs.to_vec());
    lab.send(0, Message::of_type("bulk").with("data", "x".repeat(100_000)));
    lab.run(secs(1));
    let got = lab.hosts[1].heard.iter().find_map(|heard| match heard {
        Heard::Message { message, .. } if message.message_type() == Some("bulk") => Some(message),
        _ => None,
    });
    assert_eq!(got.unwrap().text("data").map(str::len), Some(100_000));
}
