//! Timelines captured from two routers of keepalived 2.2.7: in the place of either we do the same
//! at the same moments.
//!
//! The corpus lies beside the workspace (`../shared`) or where `HANDOVER_SHARED` says. Without
//! it these tests say so and pass, except in CI.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

use crate::world::{World, address, config, instance};
use base::Instant;
use serde_json::Value;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use vrrp::{Boot, Input, Received};

/// How far moments may be apart: keepalived's own timers were late by this much on the machine
/// that was measured.
const TOLERANCE: Duration = Duration::from_millis(30);

/// An advert that was captured.
struct Captured {
    at: Duration,
    priority: u64,
    packet: Received,
}

/// The adverts of one file; `None` without corpus.
fn adverts(file: &str) -> Option<Vec<Captured>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("HANDOVER_SHARED").unwrap_or_else(|_| beside.into());
    let path = PathBuf::from(shared).join("vectors/vrrp").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {}", path.display());
        println!("skipped: no corpus");
        return None;
    };
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let packets = file["packets"].as_array().expect("packets");
    Some(packets.iter().filter(|p| p["decoded"]["kind"] == "vrrp").map(captured).collect())
}

fn captured(packet: &Value) -> Captured {
    let hex = packet["frame_hex"].as_str().expect("hexadecimal");
    let byte = |pair| u8::from_str_radix(pair, 16).expect("hexadecimal");
    let frame: Vec<u8> = (0..hex.len() / 2).map(|n| byte(&hex[2 * n..2 * n + 2])).collect();
    let ip = |name: &str| -> IpAddr {
        packet["decoded"]["ip"][name].as_str().expect("text").parse().expect("an address")
    };
    Captured {
        at: Duration::from_secs_f64(packet["t_rel_s"].as_f64().expect("a moment")),
        priority: packet["decoded"]["vrrp"]["priority"].as_u64().expect("a priority"),
        packet: Received {
            interface: "eth0".into(),
            source: ip("src"),
            destination: ip("dst"),
            ttl: frame[22],
            bytes: frame[14..].to_vec(),
        },
    }
}

/// Stands in for the router at `ours`, started at `start`, hears what the other said, and says
/// what was captured of the real one.
fn stands_in(file: &str, ours: &str, priority: u8, start: f64) -> Option<World> {
    let adverts = adverts(file)?;
    let ours: IpAddr = ours.parse().expect("an address");
    let mut router = instance("V", priority);
    router.addresses = vec![address("192.168.188.100")];
    let mut world = World::new(1);
    world.run(start);
    world.hosts[0].ipv4 = ours;
    world.boot(0, config(vec![router]), Boot::default());
    for heard in adverts.iter().filter(|advert| advert.packet.source != ours) {
        world.run_to(Instant::ZERO + heard.at, |_| {});
        world.give(0, Input::Packet(heard.packet.clone()));
    }
    let end = adverts.last().expect("there are some").at + TOLERANCE;
    world.run_to((Instant::ZERO + end).max(world.now), |_| {});
    let said = world.hosts[0].adverts();
    for real in adverts.iter().filter(|advert| advert.packet.source == ours) {
        let moment = real.at.as_millis() as u64;
        let found = said.iter().any(|(at, _)| at.abs_diff(moment) <= TOLERANCE.as_millis() as u64);
        assert!(found, "{file}: nothing at {moment} among {said:?}");
    }
    Some(world)
}

#[test]
fn a_preemption_happens_when_keepalived_does_it() {
    if let Some(world) = stands_in("50-preempt-timeline.json", "192.168.188.11", 100, 6.01) {
        assert_eq!(world.state(0, "V"), "MASTER");
    }
}

#[test]
fn a_split_brain_heals_as_with_keepalived() {
    let file = "51-splitbrain-heal-timeline.json";
    let Some(adverts) = adverts(file) else { return };
    // What 90 said during the cut never arrived, all else did.
    let ours: IpAddr = "192.168.188.11".parse().expect("an address");
    let mut router = instance("V", 100);
    router.addresses = vec![address("192.168.188.100")];
    let mut world = World::new(1);
    world.run(0.045);
    world.hosts[0].ipv4 = ours;
    world.boot(0, config(vec![router]), Boot::default());
    let theirs = |advert: &&Captured| advert.packet.source != ours && advert.at.as_secs() >= 14;
    let heard = adverts.iter().find(theirs).expect("one arrived");
    world.run_to(Instant::ZERO + heard.at, |_| {});
    world.hosts[0].forget();
    world.give(0, Input::Packet(heard.packet.clone()));
    world.run(19.5);
    let real: Vec<_> = adverts
        .iter()
        .filter(|advert| advert.priority == 100 && advert.at >= heard.at)
        .map(|advert| advert.at.as_millis() as u64)
        .collect();
    for ((ours, _), real) in world.hosts[0].adverts().iter().zip(real) {
        assert!(ours.abs_diff(real) <= 30, "{ours} and {real}");
    }
    let announced = world.hosts[0].announcements();
    assert!(announced.len() == 10 && announced[0] == 14_305 && announced[5] == 19_305);
}

#[test]
fn a_backup_of_a_weakened_master_takes_over_and_yields_when_keepalived_does() {
    if let Some(world) = stands_in("52-track-weight-timeline.json", "192.168.188.12", 90, 0.05) {
        assert_eq!(world.state(0, "V"), "BACKUP");
    }
}
