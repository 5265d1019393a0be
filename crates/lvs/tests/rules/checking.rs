//! When a result counts: retries, recovery, several pages and mail servers.

use crate::world::{World, checker, config, pages, real, real_ip, script, secs, server};
use lvs::Input;
use lvs::config::{CheckerKind, RealServer};

fn one(kind: CheckerKind) -> RealServer {
    let mut one = real(1, 1);
    one.checkers = vec![checker(real_ip(1), kind)];
    one
}

/// The moments of the checks since the last `forget`, in whole seconds.
fn seconds(world: &World) -> Vec<u64> {
    world.checks.iter().map(|(at, _)| at.since(base::Instant::ZERO).as_secs()).collect()
}

fn names(world: &World) -> Vec<&str> {
    world.checks.iter().map(|(_, name)| name.as_str()).collect()
}

#[test]
fn a_server_is_checked_every_delay_loop() {
    let mut world = World::new(config(vec![server(vec![real(1, 1)])]));
    world.run(secs(11));
    assert_eq!(seconds(&world), [0, 5, 10]);
}

#[test]
fn before_the_first_success_one_failure_is_enough() {
    let mut world = World::fresh(config(vec![server(vec![real(1, 1)])]));
    world.kill(1);
    let mut world = world.begun();
    world.run(secs(1));
    assert_eq!((world.kernel.serving(), world.checks.len()), (vec![], 1));
}

#[test]
fn after_it_each_retry_comes_after_its_delay() {
    let mut one = real(1, 1);
    one.checkers[0].pace.retry = 2;
    let mut world = World::new(config(vec![server(vec![one])]));
    world.run(secs(1));
    world.kill(1);
    world.run(secs(7));
    // 5: fails, 6 and 7: retries.
    assert_eq!(seconds(&world), [0, 5, 6, 7]);
    assert!(!world.is_up(0));
    assert_eq!(world.kernel.serving(), []);
}

#[test]
fn it_stays_in_the_kernel_while_retries_are_left() {
    let mut world = World::new(config(vec![server(vec![real(1, 1)])]));
    world.run(secs(1));
    world.kill(1);
    world.run(std::time::Duration::from_millis(4500));
    assert_eq!(world.kernel.serving(), [21]);
    world.run(secs(1));
    assert_eq!(world.kernel.serving(), []);
}

#[test]
fn a_success_between_failures_counts_them_anew() {
    let mut world = World::new(config(vec![server(vec![real(1, 1)])])).settled();
    for _ in 0..5 {
        world.kill(1);
        while world.director.status().servers[0].real[0].checkers[0].failures == 0 {
            world.run(secs(1));
        }
        world.heal(1);
        world.run(secs(2));
    }
    assert!(world.is_up(0) && world.told.is_empty());
}

#[test]
fn without_retries_the_first_failure_counts() {
    let mut one = real(1, 1);
    one.checkers[0].pace.retry = 0;
    let mut world = World::new(config(vec![server(vec![one])]));
    world.run(secs(1));
    world.kill(1);
    world.run(secs(5));
    assert!(!world.is_up(0));
}

#[test]
fn a_server_that_is_down_is_checked_every_delay_loop_and_one_success_brings_it_back() {
    let mut world = World::new(config(vec![server(vec![real(1, 1)])]));
    world.run(secs(1));
    world.kill(1);
    world.run(secs(20));
    world.forget();
    world.run(secs(10));
    assert_eq!(world.checks.len(), 2);
    world.heal(1);
    world.run(secs(5));
    assert!(world.is_up(0));
    assert_eq!(world.kernel.serving(), [21]);
}

#[test]
fn a_server_is_up_while_all_its_checkers_say_so() {
    let mut one = real(1, 1);
    one.checkers.push(checker(real_ip(9), CheckerKind::Tcp));
    let mut world = World::new(config(vec![server(vec![one])]));
    world.run(secs(1));
    world.kill(9);
    world.run(secs(10));
    assert!(!world.is_up(0));
    world.heal(9);
    world.run(secs(5));
    assert!(world.is_up(0));
}

#[test]
fn one_page_is_asked_for_in_each_delay_loop() {
    let mut world =
        World::new(config(vec![server(vec![one(CheckerKind::Http(pages(&["/a", "/b"])))])]));
    world.run(secs(11));
    assert_eq!(names(&world), ["10.9.0.21/a", "10.9.0.21/b", "10.9.0.21/a"]);
}

#[test]
fn any_page_that_fails_takes_the_server_down() {
    let mut world =
        World::new(config(vec![server(vec![one(CheckerKind::Http(pages(&["/a", "/b"])))])]));
    world.run(secs(1));
    world.dead.insert("10.9.0.21/b".into());
    world.run(secs(6));
    assert!(!world.is_up(0));
}

#[test]
fn all_pages_must_pass_before_the_server_is_back() {
    let pages = pages(&["/a", "/b"]);
    let mut world = World::new(config(vec![server(vec![one(CheckerKind::Http(pages))])]));
    world.run(secs(6));
    world.dead.insert("10.9.0.21/a".into());
    world.run(secs(9));
    assert!(!world.is_up(0));
    world.dead.clear();
    world.forget();
    world.run(secs(5));
    assert_eq!((names(&world), world.is_up(0)), (vec!["10.9.0.21/a"], false));
    world.run(secs(5));
    assert!(world.is_up(0));
}

#[test]
fn the_page_that_failed_is_asked_for_until_it_is_well_then_all_from_the_first() {
    let mut http = pages(&["/a", "/b"]);
    http.fast_recovery = true;
    let mut world = World::new(config(vec![server(vec![one(CheckerKind::Http(http))])]));
    world.dead.insert("10.9.0.21/b".into());
    world.run(secs(20));
    assert!(!world.is_up(0));
    world.dead.clear();
    world.forget();
    world.run(secs(5));
    assert_eq!(names(&world), ["10.9.0.21/b", "10.9.0.21/a", "10.9.0.21/b"]);
    assert!(world.is_up(0));
}

#[test]
fn with_fast_recovery_the_pages_follow_without_a_pause_at_the_start_too() {
    let mut http = pages(&["/a", "/b", "/c"]);
    http.fast_recovery = true;
    let mut world = World::new(config(vec![server(vec![one(CheckerKind::Http(http))])]));
    world.run(secs(1));
    assert_eq!(names(&world), ["10.9.0.21/a", "10.9.0.21/b", "10.9.0.21/c"]);
    world.run(secs(5));
    assert_eq!(world.checks.len(), 4, "afterwards one in each delay_loop");
}

#[test]
fn any_page_that_fails_before_all_passed_once_takes_the_server_down_at_once() {
    let pages = pages(&["/a", "/b"]);
    let mut world = World::new(config(vec![server(vec![one(CheckerKind::Http(pages))])]));
    world.run(secs(1));
    world.dead.insert("10.9.0.21/b".into());
    world.run(secs(5));
    assert!(!world.is_up(0), "without a retry");
}

#[test]
fn a_script_that_exits_with_one_takes_the_server_down() {
    let mut world = World::new(config(vec![server(vec![one(script("/check", false))])]));
    world.run(secs(1));
    world.codes.insert("/check".into(), 1);
    world.run(secs(10));
    assert!(!world.is_up(0));
}

#[test]
fn a_bfd_session_that_goes_down_counts_at_once() {
    let mut world =
        World::new(config(vec![server(vec![one(CheckerKind::Bfd { name: "b".into() })])]));
    assert!(world.is_up(0), "not told yet: up without alpha");
    world.give(Input::Bfd { name: "b".into(), up: true });
    world.give(Input::Bfd { name: "b".into(), up: false });
    assert_eq!(world.kernel.serving(), []);
    world.give(Input::Bfd { name: "b".into(), up: true });
    assert_eq!(world.kernel.serving(), [21]);
    assert!(world.checks.is_empty(), "it is told, and does not check");
}

#[test]
fn with_alpha_a_bfd_session_must_come_up_first() {
    let mut bfd = one(CheckerKind::Bfd { name: "b".into() });
    bfd.checkers[0].pace.alpha = true;
    let mut world = World::new(config(vec![server(vec![bfd])]));
    assert_eq!(world.kernel.serving(), []);
    world.give(Input::Bfd { name: "b".into(), up: true });
    assert_eq!(world.kernel.serving(), [21]);
}

#[test]
fn another_session_or_file_is_nobodys() {
    let mut world =
        World::new(config(vec![server(vec![one(CheckerKind::Bfd { name: "b".into() })])]));
    world.give(Input::Bfd { name: "other".into(), up: false });
    assert!(world.is_up(0));
}

#[test]
fn a_question_that_can_not_be_asked_fails_without_a_check() {
    let dns = CheckerKind::Dns { kind: "A".into(), name: "a..b".into() };
    let mut world = World::new(config(vec![server(vec![one(dns)])]));
    world.run(secs(11));
    assert!(!world.is_up(0) && world.checks.is_empty());
    assert!(world.said("is no name"));
}

#[test]
fn a_result_of_a_check_nobody_asked_for_is_not_heard() {
    let mut world = World::new(config(vec![server(vec![real(1, 1)])]));
    world.give(Input::Checked { run: 999, outcome: lvs::Outcome::TimedOut });
    assert!(world.is_up(0));
}

#[test]
fn a_thousand_servers_are_checked_and_only_changes_are_told() {
    let many = (0..1000_u16).map(|number| {
        let [high, low] = number.to_be_bytes();
        let mut one = real(1, 1);
        one.ip = [10, 10, high, low].into();
        one.checkers[0].connection.ip = one.ip;
        one
    });
    let mut world = World::new(config(vec![server(many.collect())]));
    world.run(secs(1));
    world.forget();
    world.dead.insert("10.10.3.7".into());
    world.run(secs(20));
    assert!(world.checks.len() >= 4000);
    assert_eq!((world.commands.len(), world.told.len()), (1, 1));
}

#[test]
fn checks_are_counted_with_their_failures_and_their_time() {
    let mut world = World::new(config(vec![server(vec![real(1, 1)])]));
    world.run(secs(60));
    let of = |world: &World| world.director.status().servers[0].real[0].checkers[0].clone();
    let well = of(&world);
    assert!(well.done > 0 && well.failed == 0, "{well:?}");
    let latency = well.last_us.expect("one came back");
    assert_eq!(well.time_us, latency * well.done, "each took as long as the network");
    world.dead.insert("10.9.0.21".into());
    world.run(secs(60));
    let dead = of(&world);
    assert!(dead.failed > 0 && dead.done >= dead.failed + well.done, "{dead:?}");
}
