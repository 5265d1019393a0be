//! `ha_suspend`: checks only where the address is.

use crate::world::{World, config, ip, real, secs, server};
use lvs::Input;

fn suspended() -> World {
    let mut server = server(vec![real(1, 1)]);
    server.ha_suspend = true;
    World::new(config(vec![server]))
}

fn tell(world: &mut World, present: bool) {
    world.give(Input::Address { ip: ip("10.9.0.100"), present });
}

#[test]
fn nothing_is_checked_while_the_address_is_elsewhere() {
    let mut world = suspended();
    world.run(secs(30));
    assert!(world.checks.is_empty());
    assert_eq!(world.kernel.serving(), [21], "servers stay as they are");
    assert!(world.director.status().servers[0].suspended);
}

#[test]
fn checks_begin_at_once_when_the_address_comes() {
    let mut world = suspended();
    world.run(secs(3));
    tell(&mut world, true);
    world.run(secs(1));
    assert_eq!(world.checks.len(), 1);
}

#[test]
fn checks_end_when_the_address_goes_and_what_runs_is_given_up() {
    let mut world = suspended();
    tell(&mut world, true);
    world.give(Input::Tick);
    assert_eq!(world.checks.len(), 1, "under way");
    tell(&mut world, false);
    world.run(secs(60));
    assert_eq!(world.checks.len(), 1);
}

#[test]
fn only_addresses_of_those_servers_are_watched() {
    let mut other = server(vec![real(1, 1)]);
    other.service = lvs::config::Service::Address(ip("10.9.0.101"), 80);
    let mut suspendable = server(vec![real(1, 1)]);
    suspendable.ha_suspend = true;
    let world = World::new(config(vec![other, suspendable]));
    assert_eq!(world.director.watched().into_iter().collect::<Vec<_>>(), [ip("10.9.0.100")]);
}
