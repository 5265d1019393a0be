//! Weights that scripts and files make.

use crate::world::{World, checker, config, real, real_ip, script, secs, server};
use lvs::Input;
use lvs::config::CheckerKind;

fn with_script() -> World {
    let mut one = real(1, 5);
    one.checkers = vec![checker(real_ip(1), script("/load", true))];
    World::new(config(vec![server(vec![one])]))
}

fn with_file(weight: i32, reverse: bool) -> World {
    let mut one = real(1, 5);
    one.checkers =
        vec![checker(real_ip(1), CheckerKind::File { name: "f".into(), weight, reverse })];
    World::new(config(vec![server(vec![one])]))
}

fn say(world: &mut World, value: i32) -> Vec<(String, u32)> {
    world.give(Input::File { name: "f".into(), value: Some(value) });
    world.kernel.weights()
}

fn is(weights: &[(String, u32)], weight: u32) -> bool {
    weights == [("10.9.0.21".to_owned(), weight)]
}

#[test]
fn exit_twelve_makes_weight_ten() {
    let mut world = with_script();
    world.codes.insert("/load".into(), 12);
    world.run(secs(6));
    assert!(is(&world.kernel.weights(), 10));
    assert!(world.said("Changing weight from 5 to 10 for active service [10.9.0.21]:tcp:80"));
}

#[test]
fn exit_zero_brings_the_configured_weight_back() {
    let mut world = with_script();
    world.codes.insert("/load".into(), 12);
    world.run(secs(6));
    world.codes.clear();
    world.run(secs(10));
    assert!(is(&world.kernel.weights(), 5));
}

#[test]
fn exit_two_makes_weight_zero_and_no_quorum() {
    let mut world = with_script();
    world.codes.insert("/load".into(), 2);
    world.run(secs(6));
    assert!(is(&world.kernel.weights(), 0));
    assert!(!world.director.status().servers[0].up, "a weight of 0 is no quorum");
}

#[test]
fn a_files_number_is_multiplied_and_added() {
    let mut world = with_file(-3, false);
    assert!(is(&say(&mut world, 1), 2), "5 and -3");
    let mut world = with_file(2, false);
    assert!(is(&say(&mut world, 1), 7), "5 and 2");
    let mut world = with_file(2, true);
    assert!(is(&say(&mut world, 1), 3), "5 less 2");
}

#[test]
fn a_weight_never_falls_below_zero() {
    let mut world = with_file(-1, false);
    assert!(is(&say(&mut world, 100), 0));
    assert!(world.is_up(0));
}

#[test]
fn a_weight_never_rises_above_the_kernels_largest() {
    let mut world = with_file(1_000_000, false);
    assert!(is(&say(&mut world, 1_000_000), 65_535));
}

#[test]
fn a_hugely_negative_number_takes_the_server_down() {
    let mut world = with_file(-3, false);
    assert!(is(&say(&mut world, 40_000), 0), "-120000 is a weight of 0");
    let mut world = with_file(i32::MIN, false);
    assert!(say(&mut world, 1).is_empty());
    assert!(!world.is_up(0));
    assert!(is(&say(&mut world, 0), 5));
}

#[test]
fn a_file_told_before_the_start_counts_from_the_start() {
    let mut one = real(1, 5);
    let kind = CheckerKind::File { name: "f".into(), weight: 1, reverse: false };
    one.checkers = vec![checker(real_ip(1), kind)];
    let mut world = World::fresh(config(vec![server(vec![one])]));
    world.give(Input::File { name: "f".into(), value: Some(3) });
    assert!(is(&world.begun().kernel.weights(), 8));
}

#[test]
fn weights_of_files_and_scripts_add_up() {
    let mut one = real(1, 5);
    let kind = CheckerKind::File { name: "f".into(), weight: 1, reverse: false };
    one.checkers = vec![checker(real_ip(1), script("/load", true)), checker(real_ip(1), kind)];
    let mut world = World::new(config(vec![server(vec![one])]));
    world.codes.insert("/load".into(), 22);
    world.run(secs(6));
    assert!(is(&say(&mut world, 4), 24), "20 by the script, 4 by the file");
}

#[test]
fn the_quorum_counts_weights_as_they_are() {
    let mut one = real(1, 5);
    let kind = CheckerKind::File { name: "f".into(), weight: 1, reverse: false };
    one.checkers = vec![checker(real_ip(1), kind)];
    let mut server = server(vec![one]);
    server.quorum = 4;
    let mut world = World::new(config(vec![server]));
    say(&mut world, -2);
    assert!(!world.director.status().servers[0].up);
    assert!(world.said("Lost quorum 4-0=4 > 3"));
}
