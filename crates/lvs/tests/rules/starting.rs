//! The start: who is in the kernel before the first check.

use crate::world::{World, checker, config, real, real_ip, secs, server};
use base::Machine;
use lvs::Input;
use lvs::config::{CheckerKind, Ipvs};

#[test]
fn all_real_servers_are_added_before_their_first_check() {
    let world = World::new(config(vec![server(vec![real(1, 1), real(2, 2)])]));
    assert_eq!(world.kernel.serving(), [21, 22]);
    assert_eq!(world.lines(), ["VS [10.9.0.100]:tcp:80 UP"]);
}

#[test]
fn with_alpha_a_server_is_added_after_its_first_success() {
    let mut one = real(1, 1);
    one.checkers[0].pace.alpha = true;
    let mut world = World::new(config(vec![server(vec![one])]));
    assert_eq!(world.kernel.serving(), []);
    world.run(secs(1));
    assert_eq!(world.kernel.serving(), [21]);
}

#[test]
fn alpha_holds_until_all_checkers_succeeded() {
    let mut one = real(1, 1);
    one.checkers[0].pace.alpha = true;
    let mut second = checker(real_ip(9), CheckerKind::Tcp);
    second.pace.alpha = true;
    one.checkers.push(second);
    let mut world = World::fresh(config(vec![server(vec![one])]));
    world.kill(9);
    let mut world = world.begun();
    world.run(secs(1));
    assert_eq!(world.kernel.serving(), []);
    world.heal(9);
    world.run(secs(10));
    assert_eq!(world.kernel.serving(), [21]);
}

#[test]
fn a_server_without_checkers_is_up() {
    let mut one = real(1, 1);
    one.checkers.clear();
    let mut world = World::new(config(vec![server(vec![one])]));
    world.run(secs(60));
    assert_eq!(world.kernel.serving(), [21]);
}

#[test]
fn first_checks_are_spread_over_the_warmup() {
    let mut one = real(1, 1);
    one.checkers = (0..50).map(|_| checker(real_ip(1), CheckerKind::Tcp)).collect();
    for (number, checker) in one.checkers.iter_mut().enumerate() {
        checker.pace.warmup = secs(10);
        checker.connection.port = 1000 + number as u16;
        checker.pace.delay_loop = secs(1000);
    }
    let mut world = World::new(config(vec![server(vec![one])]));
    world.run(secs(10));
    assert_eq!(world.checks.len(), 50);
    let early = world.checks.iter().filter(|(at, _)| at.since(base::Instant::ZERO) < secs(5));
    assert!((10..40).contains(&early.count()), "spread");
}

#[test]
fn nothing_happens_before_the_kernel_is_known() {
    let mut world = World::fresh(config(vec![server(vec![real(1, 1)])]));
    assert_eq!(world.director.next_deadline(), None);
    world.give(Input::Tick);
    assert!(world.commands.is_empty() && world.checks.is_empty());
}

#[test]
fn a_machine_without_ip_vs_says_so_once_for_each_virtual_server() {
    let mut other = server(vec![real(2, 1)]);
    other.service = lvs::config::Service::Mark(7);
    let mut world = World::fresh(config(vec![server(vec![real(1, 1)]), other]));
    world.give(Input::Kernel(Err("no family IPVS".into())));
    world.give(Input::Tick);
    world.run(secs(60));
    let errors = world.events.iter().filter(|event| event.level == api::Level::Error);
    assert_eq!(errors.count(), 2);
    assert!(world.commands.is_empty() && world.checks.is_empty());
    let status = world.director.status();
    assert_eq!(status.problem.as_deref(), Some("no family IPVS"));
    let real = &status.servers[0].real[0];
    assert!(!status.servers[0].up && !real.up && !real.checkers[0].up, "nobody is served");
}

#[test]
fn work_begins_when_the_kernel_can_be_used_after_all() {
    let mut world = World::fresh(config(vec![server(vec![real(1, 1)])]));
    world.give(Input::Kernel(Err("no family IPVS".into())));
    world.give(Input::Tick);
    let world = world.begun();
    assert_eq!(world.kernel.serving(), [21]);
    assert_eq!(world.director.status().problem, None);
}

#[test]
fn with_rs_init_notifies_those_that_start_up_are_told() {
    let mut one = real(1, 1);
    one.notify_up = Some(crate::world::command("/up"));
    let mut alpha = real(2, 1);
    alpha.checkers[0].pace.alpha = true;
    let mut config = config(vec![server(vec![one, alpha])]);
    config.init_notifies = true;
    let world = World::new(config);
    assert_eq!(world.ran(), ["/up"]);
    let lines = ["VS [10.9.0.100]:tcp:80 UP", "RS [10.9.0.21]:tcp:80 [10.9.0.100]:tcp:80 UP"];
    assert_eq!(world.lines(), lines);
}

#[test]
fn timeouts_are_set_and_what_is_not_configured_stays() {
    let mut config = config(vec![server(vec![real(1, 1)])]);
    config.ipvs = Ipvs { tcp: Some(secs(100)), ..Ipvs::default() };
    let world = World::new(config);
    let timeouts = world.kernel.timeouts;
    assert_eq!((timeouts.tcp, timeouts.tcp_fin, timeouts.udp), (100, 120, 300));
}

#[test]
fn lvs_flush_empties_the_kernel_first() {
    let before = World::new(config(vec![server(vec![real(3, 1)])]));
    let mut other = server(vec![real(1, 1)]);
    other.service = lvs::config::Service::Address(crate::world::ip("10.9.0.101"), 80);
    let mut config = config(vec![other]);
    config.ipvs.flush = true;
    let mut world = World::fresh(config);
    world.kernel = before.kernel;
    let world = world.begun();
    assert_eq!(world.commands[0], wire::ipvs::Command::Flush);
    assert_eq!(world.kernel.serving(), [21]);
}

#[test]
fn a_director_without_servers_is_not_needed() {
    let world = World::new(config(Vec::new()));
    assert!(!world.director.is_needed());
    assert!(World::new(config(vec![server(vec![real(1, 1)])])).director.is_needed());
}

#[test]
fn with_alpha_the_first_failure_is_told_once() {
    let mut one = real(1, 1);
    one.checkers[0].pace.alpha = true;
    let mut world = World::fresh(config(vec![server(vec![one])]));
    world.kill(1);
    let mut world = world.begun();
    world.run(secs(30));
    let lines = ["RS [10.9.0.21]:tcp:80 [10.9.0.100]:tcp:80 DOWN"];
    assert_eq!(world.lines(), lines);
    world.heal(1);
    world.run(secs(10));
    assert_eq!(world.lines().len(), 3);
}
