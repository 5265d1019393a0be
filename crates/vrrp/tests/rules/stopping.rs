//! The end (docs/ancestors/keepalived.md §0/19, §2.6).

use crate::world::{World, config, instance};
use vrrp::{Boot, Inherited, Input, Output};

#[test]
fn a_stop_says_goodbye_releases_tells_and_exits_in_that_order() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 255)])]);
    world.run(1.0);
    world.hosts[0].forget();
    world.give(0, Input::Stop { keep: false });
    let order: Vec<_> = world.hosts[0]
        .log
        .iter()
        .filter_map(|(_, output)| match output {
            Output::Send(_) => Some("send"),
            Output::Release { .. } => Some("release"),
            Output::Notify(_) => Some("notify"),
            Output::Exit => Some("exit"),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["send", "release", "notify", "exit"]);
    assert_eq!(world.hosts[0].adverts(), [(1000, 0)]);
}

#[test]
fn a_stop_that_keeps_says_nothing_and_leaves_addresses() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 255)])]);
    world.run(1.0);
    world.hosts[0].forget();
    world.give(0, Input::Stop { keep: true });
    assert!(world.hosts[0].adverts().is_empty() && world.hosts[0].told().is_empty());
    assert_eq!((world.masters("VI_1"), world.hosts[0].exited), (vec![0], true));
}

#[test]
fn nothing_follows_after_the_end() {
    let mut world = World::of(vec![config(vec![instance("VI_1", 255)])]);
    let mut role = world.hosts[0].role.take().expect("it runs");
    let mut out = Vec::new();
    let mut give = |input| {
        out.clear();
        base::Machine::handle(&mut role, world.now, input, &mut out);
        (out.len(), base::Machine::next_deadline(&role))
    };
    assert!(give(Input::Stop { keep: false }).0 > 0);
    assert_eq!(give(Input::Tick), (0, None));
    assert_eq!(give(Input::Stop { keep: false }), (0, None));
}

#[test]
fn what_a_killed_process_left_is_removed_at_the_start_but_not_an_owners() {
    let released = |world: &World| {
        let release = |output: &Output| matches!(output, Output::Release { .. });
        world.hosts[0].log.iter().filter(|(_, output)| release(output)).count()
    };
    assert_eq!(released(&World::of(vec![config(vec![instance("VI_1", 100)])])), 1);
    assert_eq!(released(&World::of(vec![config(vec![instance("VI_1", 255)])])), 0);
    let mut heir = World::new(1);
    let left = Inherited { instance: "VI_1".into(), ah_sequence: 0 };
    heir.boot(
        0,
        config(vec![instance("VI_1", 100)]),
        Boot { inherited: vec![left], ..Boot::default() },
    );
    assert_eq!(released(&heir), 0);
}
