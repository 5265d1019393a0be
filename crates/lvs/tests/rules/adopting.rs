//! A successor goes on with what is in the kernel.

use crate::world::{World, config, real, real_ip, secs, server, sorry};
use lvs::config::VirtualServer;

fn two() -> VirtualServer {
    VirtualServer { sorry: Some(sorry()), ..server(vec![real(1, 1), real(2, 2)]) }
}

/// A successor of a director that was killed after `time`, with `dead` servers.
fn successor(before: VirtualServer, after: VirtualServer, dead: &[u8]) -> World {
    let mut first = World::new(config(vec![before]));
    first.run(secs(1));
    for number in dead {
        first.kill(*number);
    }
    first.run(secs(20));
    let mut second = World::fresh(config(vec![after]));
    second.kernel = first.kernel;
    second.dead = first.dead;
    second.begun()
}

#[test]
fn what_is_as_it_should_be_is_not_touched() {
    let world = successor(two(), two(), &[]);
    assert!(world.commands.is_empty());
    assert!(world.is_up(0) && world.is_up(1));
}

#[test]
fn a_server_that_was_taken_out_stays_out_until_it_succeeds() {
    let mut world = successor(two(), two(), &[1]);
    assert!(world.commands.is_empty() && !world.is_up(0));
    world.heal(1);
    world.run(secs(6));
    assert_eq!(world.kernel.serving(), [21, 22]);
}

#[test]
fn with_inhibit_weight_zero_means_down() {
    let mut inhibited = two();
    inhibited.real.iter_mut().for_each(|real| real.inhibit_on_failure = true);
    let world = successor(inhibited.clone(), inhibited, &[1]);
    assert!(world.commands.is_empty() && !world.is_up(0) && world.is_up(1));
}

#[test]
fn a_sorry_server_in_place_means_that_the_quorum_is_lost() {
    let mut world = successor(two(), two(), &[1, 2]);
    assert!(world.commands.is_empty(), "{:?}", world.commands);
    assert_eq!(world.kernel.serving(), [99]);
    world.heal(2);
    world.run(secs(6));
    assert_eq!(world.kernel.serving(), [22]);
}

#[test]
fn with_alpha_those_that_serve_go_on_serving() {
    let mut alpha = two();
    alpha.real.iter_mut().for_each(|real| real.checkers[0].pace.alpha = true);
    let world = successor(two(), alpha, &[]);
    assert!(world.commands.is_empty());
    assert_eq!(world.kernel.serving(), [21, 22]);
}

#[test]
fn what_is_no_longer_configured_goes() {
    let world = successor(two(), server(vec![real(1, 1)]), &[]);
    assert_eq!(world.kernel.serving(), [21]);
    assert_eq!(world.commands.len(), 1);
}

#[test]
fn services_of_others_are_left_alone() {
    let other = VirtualServer { service: lvs::config::Service::Mark(9), ..two() };
    let mut world = successor(other, two(), &[]);
    assert_eq!(world.kernel.services.len(), 2);
    world.give(lvs::Input::Stop { keep: false });
    assert_eq!(world.kernel.services.len(), 1);
}

#[test]
fn a_server_of_configured_weight_zero_is_not_taken_for_dead() {
    let mut idle = two();
    idle.real[0].weight = 0;
    let world = successor(idle.clone(), idle, &[]);
    assert!(world.is_up(0) && world.commands.is_empty());
    assert!(world.kernel.weights().contains(&(real_ip(1).to_string(), 0)));
}
