//! Reload by difference.

use crate::world::{World, checker, config, ip, real, real_ip, secs, server, sorry};
use lvs::Input;
use lvs::config::{CheckerKind, Config, Service, VirtualServer};
use wire::ipvs::Command;

fn three() -> VirtualServer {
    server(vec![real(1, 1), real(2, 2), real(3, 3)])
}

fn running() -> World {
    let mut world = World::new(config(vec![three()]));
    world.run(secs(1));
    world.forget();
    world
}

fn reload(world: &mut World, config: Config) {
    world.give(Input::Reload(Box::new(config)));
}

#[test]
fn the_same_configuration_again_tells_the_kernel_nothing() {
    let mut world = running();
    reload(&mut world, config(vec![three()]));
    assert!(world.commands.is_empty() && world.told.is_empty());
}

#[test]
fn checks_go_on_at_their_pace() {
    let mut world = running();
    reload(&mut world, config(vec![three()]));
    world.run(secs(5));
    assert_eq!(world.checks.len(), 3, "each once, at 5 s");
}

#[test]
fn a_changed_weight_is_set_and_a_removed_server_deleted() {
    let mut world = running();
    let mut changed = three();
    changed.real[0].weight = 9;
    changed.real.pop();
    reload(&mut world, config(vec![changed]));
    let [Command::SetDestination(_, set), Command::DelDestination(_, gone)] = &world.commands[..]
    else {
        panic!("{:?}", world.commands)
    };
    assert_eq!((set.address, set.weight), (real_ip(1), 9));
    assert_eq!(gone.address, real_ip(3));
    assert!(world.told.is_empty(), "nobody went up or down");
}

#[test]
fn a_server_that_is_down_stays_down() {
    let mut world = running();
    world.kill(1);
    world.run(secs(10));
    world.forget();
    let mut changed = three();
    changed.real[0].weight = 9;
    reload(&mut world, config(vec![changed]));
    assert!(world.commands.is_empty() && !world.is_up(0));
}

#[test]
fn a_new_server_is_added_as_up_and_checked_within_its_warmup() {
    let mut world = running();
    let mut more = three();
    more.real.push(real(4, 4));
    reload(&mut world, config(vec![more]));
    assert_eq!(world.kernel.serving(), [21, 22, 23, 24]);
    world.run(std::time::Duration::from_millis(10));
    assert_eq!(world.checks.len(), 1);
}

#[test]
fn a_changed_scheduler_is_set_and_nothing_is_added_anew() {
    let mut world = running();
    reload(&mut world, config(vec![VirtualServer { scheduler: "wrr".into(), ..three() }]));
    assert!(matches!(&world.commands[..], [Command::SetService(s)] if s.scheduler == "wrr"));
}

#[test]
fn a_changed_method_is_set() {
    let mut world = running();
    let mut changed = three();
    changed.real[0].forward = lvs::config::Forward::Direct;
    reload(&mut world, config(vec![changed]));
    assert!(matches!(world.commands[..], [Command::SetDestination(..)]));
}

#[test]
fn a_removed_virtual_server_is_removed_after_the_new_one_stands() {
    let mut world = running();
    let other = VirtualServer { service: Service::Address(ip("10.9.0.101"), 80), ..three() };
    reload(&mut world, config(vec![other]));
    let first_removal =
        world.commands.iter().position(|c| matches!(c, Command::DelDestination(..))).unwrap();
    assert!(world.commands[..first_removal].iter().any(|c| matches!(c, Command::NewService(_))));
    assert!(matches!(world.commands.last(), Some(Command::DelService(_))));
    assert_eq!(world.kernel.serving(), [21, 22, 23]);
}

#[test]
fn a_service_that_moves_to_a_group_is_not_added_anew() {
    let mut world = running();
    let grouped = VirtualServer { service: Service::Group("G".into()), ..three() };
    let mut config = config(vec![grouped]);
    let member = lvs::config::GroupMember::Range(ip("10.9.0.100"), ip("10.9.0.100"), 80);
    config.groups = vec![lvs::config::ServerGroup { name: "G".into(), members: vec![member] }];
    reload(&mut world, config);
    assert!(world.commands.is_empty(), "{:?}", world.commands);
}

#[test]
fn a_removed_servers_check_is_given_up() {
    let mut world = World::new(config(vec![three()]));
    // The first checks are under way.
    world.give(Input::Tick);
    let mut fewer = three();
    fewer.real.truncate(1);
    reload(&mut world, config(vec![fewer]));
    world.run(secs(1));
    assert_eq!(world.kernel.serving(), [21]);
}

#[test]
fn a_checker_that_changes_begins_anew_and_its_server_stays() {
    let mut world = running();
    let mut changed = three();
    changed.real[0].checkers = vec![checker(real_ip(9), CheckerKind::Tcp)];
    reload(&mut world, config(vec![changed]));
    assert!(world.commands.is_empty() && world.is_up(0));
    world.kill(9);
    world.run(secs(1));
    assert!(!world.is_up(0), "before its first success one failure is enough");
}

#[test]
fn without_the_checker_that_failed_a_server_is_up_again_and_told() {
    let mut world = running();
    world.kill(1);
    world.run(secs(10));
    world.forget();
    let mut changed = three();
    changed.real[0].checkers.clear();
    reload(&mut world, config(vec![changed]));
    assert_eq!(world.lines(), ["RS [10.9.0.21]:tcp:80 [10.9.0.100]:tcp:80 UP"]);
    assert_eq!(world.kernel.serving(), [21, 22, 23]);
}

#[test]
fn a_shorter_delay_loop_counts_at_once() {
    let mut world = running();
    let mut faster = three();
    for real in &mut faster.real {
        real.checkers[0].pace.delay_loop = secs(1);
    }
    reload(&mut world, config(vec![faster]));
    world.run(secs(3));
    assert_eq!(world.checks.len(), 6, "each one and two seconds after the reload");
}

#[test]
fn a_higher_quorum_can_be_lost_by_a_reload() {
    let mut world = running();
    reload(&mut world, config(vec![VirtualServer { quorum: 7, sorry: Some(sorry()), ..three() }]));
    assert_eq!(world.kernel.serving(), [99]);
    assert_eq!(world.lines(), ["VS [10.9.0.100]:tcp:80 DOWN"]);
}

#[test]
fn timeouts_that_are_no_longer_configured_are_put_back() {
    let mut with = config(vec![three()]);
    with.ipvs.tcp = Some(secs(100));
    let mut world = World::new(with.clone());
    world.forget();
    with.ipvs.tcp = None;
    with.ipvs.udp = Some(secs(30));
    reload(&mut world, with);
    assert_eq!(world.commands.len(), 1);
    assert_eq!((world.kernel.timeouts.tcp, world.kernel.timeouts.udp), (900, 30));
}

#[test]
fn a_reload_before_the_start_only_replaces() {
    let mut world = World::fresh(config(vec![three()]));
    reload(&mut world, config(vec![server(vec![real(2, 1)])]));
    assert_eq!(world.begun().kernel.serving(), [22]);
}

#[test]
fn weight_zero_drains_a_server_before_it_is_taken_out() {
    let mut world = running();
    let mut draining = three();
    draining.real[0].weight = 0;
    reload(&mut world, config(vec![draining]));
    assert!(matches!(&world.commands[..], [Command::SetDestination(_, d)] if d.weight == 0));
    assert!(world.is_up(0), "it is well, and its connections go on");
    world.forget();
    reload(&mut world, config(vec![server(vec![real(2, 2), real(3, 3)])]));
    assert!(
        matches!(&world.commands[..], [Command::DelDestination(_, d)] if d.address == real_ip(1))
    );
}
