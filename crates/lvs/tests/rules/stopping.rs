//! The end.

use crate::world::{World, command, config, real, secs, server, sorry};
use lvs::config::{Config, Flush, VirtualServer};
use lvs::{ChangedTimeouts, Input};
use wire::ipvs::Command;

fn two() -> VirtualServer {
    server(vec![real(1, 1), real(2, 2)])
}

fn stopped(config: Config, keep: bool) -> World {
    let mut world = World::new(config);
    world.run(secs(1));
    world.forget();
    world.give(Input::Stop { keep });
    world
}

#[test]
fn each_destination_then_the_service_is_removed() {
    let world = stopped(config(vec![two()]), false);
    use Command::{DelDestination, DelService};
    assert!(matches!(world.commands[..], [DelDestination(..), DelDestination(..), DelService(_)]));
    assert!(world.exited && world.kernel.services.is_empty());
    assert!(world.said("Shutting down service [10.9.0.21]:tcp:80 from VS [10.9.0.100]:tcp:80"));
}

#[test]
fn told_to_keep_it_removes_nothing() {
    let mut config = config(vec![two()]);
    config.ipvs.tcp = Some(secs(5));
    let world = stopped(config, true);
    assert!(world.commands.is_empty() && world.exited);
    assert_eq!(world.kernel.serving(), [21, 22]);
}

#[test]
fn lvs_flush_on_stop_empties_the_kernel_at_once() {
    let mut config = config(vec![two()]);
    config.ipvs.flush_on_stop = Flush::All;
    assert_eq!(stopped(config, false).commands, [Command::Flush]);
}

#[test]
fn lvs_flush_on_stop_vs_removes_services_as_a_whole() {
    let mut config = config(vec![two()]);
    config.ipvs.flush_on_stop = Flush::VirtualServers;
    assert!(matches!(stopped(config, false).commands[..], [Command::DelService(_)]));
}

#[test]
fn timeouts_are_put_back() {
    let mut config = config(vec![two()]);
    config.ipvs.tcp = Some(secs(5));
    let world = stopped(config, false);
    assert!(matches!(world.commands.last(), Some(Command::SetTimeouts(_))));
    assert_eq!(world.kernel.timeouts.tcp, 900);
}

/// A kernel with these timeouts, taken over from a director that was killed.
fn taken_over(tcp: u32, changed: Option<ChangedTimeouts>) -> World {
    let mut config = config(vec![two()]);
    config.ipvs.tcp = Some(secs(5));
    let mut world = World::after(config, changed);
    world.kernel.timeouts.tcp = tcp;
    world.begun()
}

#[test]
fn a_successor_puts_back_the_timeouts_its_killed_predecessor_found() {
    let mut config = config(vec![two()]);
    config.ipvs.tcp = Some(secs(5));
    let killed = World::new(config);
    let changed = killed.director.changed_timeouts();
    assert_eq!(changed.map(|changed| (changed.own.tcp, changed.ours.tcp)), Some((900, 5)));

    let mut world = taken_over(5, changed);
    assert_eq!(world.director.changed_timeouts(), changed, "a second crash changes nothing");
    world.give(Input::Stop { keep: false });
    assert_eq!(world.kernel.timeouts.tcp, 900);
    assert_eq!(world.director.changed_timeouts(), None);
}

#[test]
fn timeouts_that_somebody_set_meanwhile_are_the_kernels_own() {
    let changed = taken_over(900, None).director.changed_timeouts();
    let mut world = taken_over(77, changed);
    assert_eq!(world.kernel.timeouts.tcp, 5);
    world.give(Input::Stop { keep: false });
    assert_eq!(world.kernel.timeouts.tcp, 77);
}

#[test]
fn timeouts_nobody_changed_are_not_put_back() {
    let world = stopped(config(vec![two()]), false);
    assert!(!world.commands.iter().any(|c| matches!(c, Command::SetTimeouts(_))));
}

#[test]
fn nobody_is_told_without_omega() {
    let mut server = two();
    server.quorum_down = Some(command("/down"));
    assert!(stopped(config(vec![server]), false).told.is_empty());
}

#[test]
fn with_omega_those_that_are_up_are_told_to_go_down() {
    let mut server = two();
    server.omega = true;
    server.quorum_down = Some(command("/quorum-down"));
    server.real[0].notify_down = Some(command("/down"));
    let mut world = World::new(config(vec![server]));
    world.run(secs(1));
    world.kill(2);
    world.run(secs(10));
    world.forget();
    world.give(Input::Stop { keep: false });
    assert_eq!(world.ran(), ["/down", "/quorum-down"]);
}

#[test]
fn the_sorry_server_goes_as_well() {
    let mut server = two();
    server.sorry = Some(sorry());
    let mut world = World::new(config(vec![server]));
    world.run(secs(1));
    world.kill(1);
    world.kill(2);
    world.run(secs(10));
    world.give(Input::Stop { keep: false });
    assert!(world.kernel.services.is_empty());
}

#[test]
fn checks_that_run_are_given_up_and_nothing_follows_any_more() {
    let mut world = World::new(config(vec![two()]));
    world.give(Input::Tick);
    assert_eq!(world.checks.len(), 2);
    world.give(Input::Stop { keep: false });
    world.forget();
    world.run(secs(60));
    assert!(world.checks.is_empty() && world.commands.is_empty());
}

#[test]
fn one_that_never_began_ends_at_once() {
    let mut world = World::fresh(config(vec![two()]));
    world.give(Input::Stop { keep: false });
    assert!(world.exited && world.commands.is_empty());
}
