//! The quorum and the sorry server.

use crate::world::{World, config, real, secs, server, sorry};
use lvs::config::VirtualServer;
use wire::ipvs::Command;

/// Weights 1, 2 and 3, quorum 3, hysteresis 1: the case that was measured.
fn measured() -> VirtualServer {
    let mut server = server(vec![real(1, 1), real(2, 2), real(3, 3)]);
    (server.quorum, server.hysteresis, server.sorry) = (3, 1, Some(sorry()));
    server
}

fn with_down(down: &[u8]) -> World {
    let mut world = World::new(config(vec![measured()]));
    world.run(secs(1));
    for number in down {
        world.kill(*number);
        world.run(secs(10));
    }
    world
}

#[test]
fn quorum_holds_with_the_heaviest_server_down() {
    assert_eq!(with_down(&[3]).kernel.serving(), [21, 22]);
}

#[test]
fn quorum_is_lost_below_quorum_minus_hysteresis() {
    let world = with_down(&[3, 2]);
    assert_eq!(world.kernel.serving(), [99]);
    assert!(world.said("Lost quorum 3-1=2 > 1 for VS [10.9.0.100]:tcp:80"));
    assert!(world.said("Removing alive servers from the pool for VS [10.9.0.100]:tcp:80"));
}

#[test]
fn quorum_is_back_only_at_quorum_plus_hysteresis() {
    let mut world = with_down(&[3, 2]);
    world.heal(2);
    world.run(secs(10));
    assert_eq!(world.kernel.serving(), [99], "3 is not enough, it takes 4");
    world.heal(3);
    world.run(secs(10));
    assert_eq!(world.kernel.serving(), [21, 22, 23]);
    assert!(world.said("Gained quorum 3+1=4 <= 6 for VS [10.9.0.100]:tcp:80"));
}

#[test]
fn the_sorry_server_is_added_before_the_others_go_and_the_other_way_round() {
    let mut world = with_down(&[3]);
    world.forget();
    world.kill(2);
    world.run(secs(10));
    assert!(matches!(world.commands.first(), Some(Command::NewDestination(..))));
    assert_eq!(world.commands.len(), 3);
    world.forget();
    world.heal(2);
    world.heal(3);
    world.run(secs(10));
    assert!(matches!(world.commands.last(), Some(Command::DelDestination(..))));
    assert_eq!(world.commands.len(), 4);
}

#[test]
fn without_a_sorry_server_those_that_live_go_on() {
    let mut lone = measured();
    lone.sorry = None;
    let mut world = World::new(config(vec![lone]));
    world.run(secs(1));
    world.kill(3);
    world.kill(2);
    world.run(secs(10));
    assert!(!world.director.status().servers[0].up);
    assert_eq!(world.kernel.serving(), [21]);
}

#[test]
fn quorum_is_lost_with_the_last_server_whatever_hysteresis_says() {
    let mut one = server(vec![real(1, 1)]);
    (one.quorum, one.hysteresis) = (1, 5);
    let mut world = World::new(config(vec![one]));
    world.run(secs(1));
    world.kill(1);
    world.run(secs(10));
    assert!(!world.director.status().servers[0].up);
}

#[test]
fn servers_that_come_up_below_the_quorum_wait() {
    let mut world = with_down(&[3, 2]);
    world.forget();
    world.heal(2);
    world.run(secs(10));
    assert!(world.commands.is_empty(), "{:?}", world.commands);
    assert!(world.is_up(1));
}

#[test]
fn quorum_commands_lines_and_mails_go_out_on_both_ways() {
    let mut server = server(vec![real(1, 1)]);
    server.quorum_up = Some(crate::world::command("/up"));
    server.quorum_down = Some(crate::world::command("/down"));
    server.smtp_alert = true;
    let mut world = World::new(config(vec![server])).settled();
    world.kill(1);
    world.run(secs(10));
    world.heal(1);
    world.run(secs(10));
    assert_eq!(world.ran(), ["/down", "/up"]);
    let lines = world.lines();
    assert_eq!(lines[1], "VS [10.9.0.100]:tcp:80 DOWN");
    assert_eq!(lines[3], "VS [10.9.0.100]:tcp:80 UP");
    let mail = world.told[1].mail.as_ref().expect("a mail");
    assert_eq!(mail.subject, "Virtualserver [10.9.0.100]:tcp:80 - DOWN");
}

#[test]
fn with_alpha_and_no_sorry_server_the_first_word_is_that_the_quorum_is_there() {
    let mut one = real(1, 1);
    one.checkers[0].pace.alpha = true;
    let mut server = server(vec![one]);
    server.quorum_down = Some(crate::world::command("/down"));
    let mut world = World::new(config(vec![server]));
    assert_eq!((world.ran(), world.lines()), (vec![], vec![]));
    assert!(!world.said("Starting with quorum down"));
    world.run(secs(1));
    assert_eq!(world.lines().last(), Some(&"VS [10.9.0.100]:tcp:80 UP"));
}

#[test]
fn with_alpha_and_a_sorry_server_clients_go_to_it_at_the_start() {
    let mut one = real(1, 1);
    one.checkers[0].pace.alpha = true;
    let mut server = server(vec![one]);
    server.sorry = Some(sorry());
    let mut world = World::new(config(vec![server]));
    assert_eq!(world.kernel.serving(), [99]);
    assert_eq!(world.lines(), ["VS [10.9.0.100]:tcp:80 DOWN"]);
    assert!(world.said("Starting with quorum down 1-0=1 > 0 for VS [10.9.0.100]:tcp:80"));
    assert!(world.said("Adding sorry server [10.9.0.99]:tcp:80 to VS [10.9.0.100]:tcp:80"));
    world.run(secs(1));
    assert_eq!(world.kernel.serving(), [21]);
}

#[test]
fn with_inhibit_on_failure_a_server_stays_with_weight_zero() {
    let mut one = real(1, 5);
    one.inhibit_on_failure = true;
    let mut world = World::new(config(vec![server(vec![one, real(2, 1)])]));
    world.run(secs(1));
    world.forget();
    world.kill(1);
    world.run(secs(10));
    assert_eq!(world.kernel.weights()[0], ("10.9.0.21".to_owned(), 0));
    assert!(matches!(world.commands[..], [Command::SetDestination(..)]));
    world.heal(1);
    world.run(secs(10));
    assert_eq!(world.kernel.weights()[0], ("10.9.0.21".to_owned(), 5));
}

#[test]
fn with_sorry_server_inhibit_it_is_there_with_weight_zero_while_it_does_not_serve() {
    let mut server = server(vec![real(1, 1)]);
    server.sorry = Some(lvs::config::SorryServer { inhibit: true, ..sorry() });
    let mut world = World::new(config(vec![server]));
    let idle = [("10.9.0.21".to_owned(), 1), ("10.9.0.99".to_owned(), 0)];
    world.run(secs(1));
    assert_eq!(world.kernel.weights(), idle);
    world.kill(1);
    world.run(secs(10));
    assert_eq!(world.kernel.weights(), [("10.9.0.99".to_owned(), 1)]);
    world.heal(1);
    world.run(secs(10));
    assert_eq!(world.kernel.weights(), idle);
}

#[test]
fn the_status_tells_who_serves() {
    let status = with_down(&[3, 2]).director.status();
    let server = &status.servers[0];
    assert!(!server.up && server.sorry.as_ref().is_some_and(|sorry| sorry.in_use));
    assert_eq!((server.weight, server.quorum, server.hysteresis), (1, 3, 1));
    assert_eq!(server.real[0].in_kernel, None, "the sorry server serves for it");
    let last = server.real[2].checkers[0].last.as_deref().unwrap();
    assert!(last.starts_with("TCP_CHECK on service [10.9.0.23]:tcp:80 failed"), "{last}");
}

#[test]
fn the_quorum_is_told_at_the_start() {
    let mut server = server(vec![real(1, 1)]);
    server.quorum_up = Some(crate::world::command("/up"));
    server.smtp_alert = true;
    let world = World::new(config(vec![server]));
    assert_eq!((world.ran(), world.lines()), (vec!["/up"], vec!["VS [10.9.0.100]:tcp:80 UP"]));
    let mail = world.told[0].mail.as_ref().expect("a mail");
    assert_eq!(mail.body, "=> Starting with quorum up 1+0=1 <= 1 <=");
}

#[test]
fn with_inhibit_on_failure_servers_are_disabled_and_enabled() {
    let mut one = real(1, 1);
    one.inhibit_on_failure = true;
    let mut world = World::new(config(vec![server(vec![one])])).settled();
    world.kill(1);
    world.run(secs(10));
    assert!(world.said("Disabling service [10.9.0.21]:tcp:80 of VS [10.9.0.100]:tcp:80"));
    world.heal(1);
    world.run(secs(10));
    assert!(world.said("Enabling service [10.9.0.21]:tcp:80 of VS [10.9.0.100]:tcp:80"));
}
