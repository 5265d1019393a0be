//! 4000 routers are no other machine than one.

use crate::world::{World, config, instance, received};
use vrrp::config::{Config, Instance, Vrid};
use vrrp::{Boot, Input, Output, Received};

/// 16 interfaces with 250 routers each.
fn many(priority: u8) -> Config {
    let instance = |n: u16| Instance {
        vrid: Vrid((n % 250 + 1) as u8),
        interface: Some(format!("eth{}", n / 250)),
        ..instance(&format!("VI_{n}"), priority)
    };
    config((0..4000).map(instance).collect())
}

fn start(priority: u8) -> World {
    let mut world = World::new(1);
    world.boot_without_links(0, many(priority), Boot::default());
    for n in 0..16 {
        world.link(0, &format!("eth{n}"), true);
    }
    world.give(0, Input::Tick);
    world
}

#[test]
fn four_thousand_owners_speak_at_once_and_four_thousand_backups_hear_each_its_own() {
    let mut masters = start(255);
    assert_eq!(masters.hosts[0].adverts().len(), 4000);
    masters.hosts[0].forget();
    let mut backups = start(90);
    for second in 1..=10_u8 {
        masters.run(f64::from(second));
        let packets: Vec<Received> = masters.hosts[0]
            .log
            .drain(..)
            .filter_map(|(_, output)| match output {
                Output::Send(advert) => Some(received(&advert)),
                _ => None,
            })
            .collect();
        assert_eq!(packets.len(), 4000);
        backups.run(f64::from(second));
        for mut packet in packets {
            packet.source = std::net::Ipv4Addr::new(192, 0, 2, 99).into();
            let at = packet.bytes.len().min(20);
            packet.bytes[12..16.min(at)].copy_from_slice(&[192, 0, 2, 99]);
            backups.give(0, Input::Packet(packet));
        }
    }
    let status = backups.hosts[0].role.as_ref().expect("it runs").status();
    assert!(status.routers.iter().all(|router| {
        router.state == api::vrrp::RouterState::Backup && router.counters.advert_rcvd == 10
    }));
}
