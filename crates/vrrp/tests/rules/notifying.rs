//! Who is told what (docs/ancestors/keepalived.md §2.5).

use crate::world::{World, command, config, instance, script, track_script};
use vrrp::config::{Instance, Notify};
use vrrp::{Input, Output};

fn talkative(priority: u8) -> Instance {
    let notify = Notify {
        master: Some(command("/m")),
        backup: Some(command("/b")),
        fault: Some(command("/f")),
        stop: Some(command("/s")),
        deleted: None,
        any: Some(command("/any")),
        rx_lower_priority: Some(command("/lower")),
        priority_changes: false,
    };
    Instance { notify: notify.into(), smtp_alert: true, ..instance("VI_1", priority) }
}

#[test]
fn the_special_command_runs_before_the_general_one() {
    let mut world = World::of(vec![config(vec![talkative(100)])]);
    world.run(5.0);
    world.link(0, "eth0", false);
    world.link(0, "eth0", true);
    world.give(0, Input::Stop { keep: false });
    assert_eq!(
        world.hosts[0].told(),
        [
            "INSTANCE VI_1 BACKUP 100 /b /any",
            "INSTANCE VI_1 MASTER 100 /m /any",
            "INSTANCE VI_1 FAULT 100 /f /any",
            "INSTANCE VI_1 BACKUP 100 /b /any",
            "INSTANCE VI_1 STOP 100 /s /any",
        ]
    );
}

#[test]
fn mail_goes_out_for_backup_at_the_start_too_and_not_for_a_stop() {
    let mut world = World::of(vec![config(vec![talkative(100)])]);
    world.run(5.0);
    world.give(0, Input::Stop { keep: false });
    let mails: Vec<_> = world.hosts[0]
        .log
        .iter()
        .filter_map(|(_, output)| match output {
            Output::Notify(told) => Some((told.what.word(), told.mail)),
            _ => None,
        })
        .collect();
    assert_eq!(mails, [("BACKUP", true), ("MASTER", true), ("STOP", false)]);
}

#[test]
fn a_lower_priority_heard_is_told_to_its_own_command_only() {
    let mut world =
        World::of(vec![config(vec![talkative(100)]), config(vec![instance("VI_1", 90)])]);
    world.separate(0, 1);
    world.run(5.0);
    world.cut.remove(&(1, 0));
    world.hosts[0].forget();
    world.run(5.7);
    assert_eq!(world.hosts[0].told(), ["INSTANCE VI_1 MASTER_RX_LOWER_PRI 100 /lower"]);
}

#[test]
fn changed_priorities_are_told_if_asked_for() {
    for asked in [false, true] {
        let mut instance = instance("VI_1", 100);
        std::sync::Arc::make_mut(&mut instance.notify).priority_changes = asked;
        instance.tracks = vec![track_script("s", -20)];
        let mut config = config(vec![instance]);
        config.scripts = vec![script("s")];
        let mut world = World::of(vec![config]);
        world.run(5.1);
        world.hosts[0].forget();
        world.hosts[0].failing.insert("s".into());
        world.run(6.1);
        let expected: &[&str] = if asked { &["INSTANCE VI_1 MASTER_PRIORITY 80"] } else { &[] };
        assert_eq!(world.hosts[0].told(), expected);
    }
}
