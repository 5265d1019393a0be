//! What the kernel refuses, and what others do to its table.

use crate::world::{EEXIST, ENOENT, ESRCH, World, config, real, secs, server};
use lvs::Input;
use wire::ipvs::Command;

fn one_of(server: lvs::config::VirtualServer) -> World {
    World::fresh(config(vec![server]))
}

#[test]
fn a_service_that_appeared_meanwhile_is_set() {
    let mut world = one_of(server(vec![real(1, 1)]));
    world.give(Input::Kernel(Ok(world.kernel.told())));
    let other = World::new(config(vec![server(vec![real(1, 9)])]));
    world.kernel = other.kernel;
    world.give(Input::Tick);
    assert_eq!(world.kernel.weights(), [("10.9.0.21".to_owned(), 1)]);
    assert!(!world.events.iter().any(|event| event.level == api::Level::Error));
}

#[test]
fn a_destination_that_somebody_removed_is_added_again_when_it_changes() {
    let mut world = World::new(config(vec![server(vec![real(1, 1)])]));
    world.kernel.services.values_mut().for_each(|(_, all)| all.clear());
    world.give(Input::Reload(Box::new(config(vec![server(vec![real(1, 5)])]))));
    assert_eq!(world.kernel.weights(), [("10.9.0.21".to_owned(), 5)]);
}

#[test]
fn a_service_that_somebody_removed_is_added_again_with_all_it_had() {
    let mut world = World::new(config(vec![server(vec![real(1, 1), real(2, 2)])]));
    world.kernel.services.clear();
    let mut changed = server(vec![real(1, 1), real(2, 2)]);
    changed.scheduler = "wlc".into();
    world.give(Input::Reload(Box::new(config(vec![changed]))));
    assert_eq!(world.kernel.serving(), [21, 22]);
}

#[test]
fn what_is_gone_already_need_not_be_removed() {
    let mut world = World::new(config(vec![server(vec![real(1, 1)])]));
    world.kernel.services.clear();
    world.give(Input::Stop { keep: false });
    assert!(world.exited && !world.events.iter().any(|event| event.level == api::Level::Error));
}

#[test]
fn a_scheduler_the_kernel_does_not_have_is_one_error_and_is_tried_again() {
    let mut world = one_of(server(vec![real(1, 1), real(2, 2)]));
    world.refuse = |command| matches!(command, Command::NewService(_)).then_some(ENOENT);
    let mut world = world.begun();
    let errors = world.events.iter().filter(|event| event.level == api::Level::Error);
    assert_eq!(errors.count(), 1, "{:?}", world.events);
    assert!(world.said("scheduler rr"));
    assert!(world.director.status().servers[0].problem.is_some());
    world.refuse = |_| None;
    world.run(secs(31));
    assert_eq!(world.kernel.serving(), [21, 22]);
    assert_eq!(world.director.status().servers[0].problem, None);
}

#[test]
fn a_destination_that_was_refused_is_tried_again() {
    let mut world = one_of(server(vec![real(1, 1)]));
    world.refuse = |command| matches!(command, Command::NewDestination(..)).then_some(22);
    let mut world = world.begun();
    assert_eq!(world.kernel.serving(), []);
    assert!(world.said("invalid argument"));
    world.refuse = |_| None;
    world.run(secs(31));
    assert_eq!(world.kernel.serving(), [21]);
}

#[test]
fn two_that_contradict_each_other_are_not_tried_for_ever() {
    let mut world = one_of(server(vec![real(1, 1)]));
    world.refuse = |command| match command {
        Command::NewService(_) | Command::NewDestination(..) => Some(EEXIST),
        Command::SetService(_) | Command::SetDestination(..) => Some(ESRCH),
        _ => None,
    };
    let world = world.begun();
    assert!(world.commands.len() < 10, "{}", world.commands.len());
}

#[test]
fn an_answer_to_nothing_is_not_heard() {
    let mut world = World::new(config(vec![server(vec![real(1, 1)])]));
    world.forget();
    world.give(Input::Answered { number: 999, result: Err(1) });
    assert!(world.events.is_empty() && world.commands.is_empty());
}
