//! The sync daemon follows its virtual router.

use crate::world::{World, config, real, server};
use lvs::Input;
use lvs::config::{Config, SyncDaemon};
use wire::ipvs::{Command, Daemon, SyncState};

fn daemon(instance: Option<&str>) -> SyncDaemon {
    SyncDaemon {
        interface: "eth0".into(),
        instance: instance.map(str::to_owned),
        id: Some(7),
        maxlen: Some(1400),
        port: None,
        ttl: None,
        group: None,
    }
}

fn with(sync: Option<SyncDaemon>) -> Config {
    let mut config = config(vec![server(vec![real(1, 1)])]);
    config.ipvs.sync = sync;
    config
}

fn states(world: &World) -> Vec<SyncState> {
    world.kernel.daemons.iter().map(|daemon| daemon.state).collect()
}

fn router(world: &mut World, master: bool) {
    world.give(Input::Router { name: "V".into(), master });
}

#[test]
fn it_starts_as_backup_and_becomes_master_with_its_router() {
    let mut world = World::new(with(Some(daemon(Some("V")))));
    assert_eq!(states(&world), [SyncState::Backup]);
    world.forget();
    router(&mut world, true);
    use Command::{DelDaemon, NewDaemon};
    assert!(matches!(
        world.commands[..],
        [DelDaemon { state: SyncState::Backup, sync_id: 7 }, NewDaemon(_)]
    ));
    assert_eq!(states(&world), [SyncState::Master]);
    router(&mut world, false);
    assert_eq!(states(&world), [SyncState::Backup]);
}

#[test]
fn a_router_that_is_master_before_the_start_counts() {
    let mut world = World::fresh(with(Some(daemon(Some("V")))));
    router(&mut world, true);
    assert_eq!(states(&world.begun()), [SyncState::Master]);
}

#[test]
fn another_router_is_not_its() {
    let mut world = World::new(with(Some(daemon(Some("V")))));
    world.give(Input::Router { name: "W".into(), master: true });
    assert_eq!(states(&world), [SyncState::Backup]);
}

#[test]
fn without_an_instance_both_halves_run() {
    let world = World::new(with(Some(daemon(None))));
    assert_eq!(states(&world), [SyncState::Master, SyncState::Backup]);
}

#[test]
fn a_reload_of_the_same_does_not_restart_it() {
    let mut world = World::new(with(Some(daemon(Some("V")))));
    world.forget();
    world.give(Input::Reload(Box::new(with(Some(daemon(Some("V")))))));
    assert!(world.commands.is_empty(), "{:?}", world.commands);
}

#[test]
fn a_reload_with_other_settings_restarts_it_and_one_without_ends_it() {
    let mut world = World::new(with(Some(daemon(Some("V")))));
    world.forget();
    let other = SyncDaemon { ttl: Some(3), ..daemon(Some("V")) };
    world.give(Input::Reload(Box::new(with(Some(other)))));
    assert_eq!(world.commands.len(), 2);
    world.give(Input::Reload(Box::new(with(None))));
    assert!(world.kernel.daemons.is_empty());
}

#[test]
fn it_ends_with_the_director_unless_it_is_kept() {
    for keep in [false, true] {
        let mut world = World::new(with(Some(daemon(Some("V")))));
        world.give(Input::Stop { keep });
        assert_eq!(world.kernel.daemons.len(), usize::from(keep));
    }
}

#[test]
fn a_successor_goes_on_with_the_daemon_that_runs() {
    let first = World::new(with(Some(daemon(Some("V")))));
    let mut second = World::fresh(with(Some(daemon(Some("V")))));
    second.kernel = first.kernel;
    // The kernel tells what it chose itself.
    second.kernel.daemons[0].port = Some(8848);
    let second = second.begun();
    assert!(second.commands.is_empty(), "{:?}", second.commands);
}

#[test]
fn somebody_elses_daemon_is_left_alone() {
    let mut world = World::fresh(with(None));
    let there = Daemon {
        state: SyncState::Master,
        interface: "eth9".into(),
        sync_id: 1,
        max_len: None,
        port: None,
        ttl: None,
        group: None,
    };
    world.kernel.daemons.push(there);
    let mut world = world.begun();
    world.give(Input::Stop { keep: false });
    assert_eq!(world.kernel.daemons.len(), 1);
}

#[test]
fn the_status_tells_which_half_runs() {
    let world = World::new(with(Some(daemon(Some("V")))));
    assert_eq!(world.director.status().sync, ["backup"]);
}
