//! What the commands say, word for word, of a host with virtual routers and a virtual server: its
//! script has failed, a rival's adverts are refused.

use api::lvs::{
    CheckerStatus, LvsStatus, RealServerStatus, SorryServerStatus, VirtualServerStatus,
};
use api::vrrp::{
    Counters, RefusedStatus, RouterState, RouterStatus, SyncGroupStatus, TrackEffect,
    TrackerStatus, VrrpReport, VrrpStatus,
};
use api::{Event, EventKind, Level, Subject};
use base::{Instant, WallTime};
use cli::clock::Clock;
use cli::vrrp::status;
use cli::vrrp::story::{Topic, tell, topic, unknown, walk};
use std::net::IpAddr;

const START: u64 = 1_700_000_000_000;

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn ip(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn event(id: u64, cause: u64, millis: u64, kind: EventKind, subject: Subject, text: &str) -> Event {
    Event {
        id,
        cause: (cause != 0).then_some(cause),
        at: at(millis),
        wall: WallTime::from_millis(START + millis),
        level: if kind == EventKind::Tracker { Level::Warning } else { Level::Info },
        kind,
        subject,
        text: text.to_owned(),
    }
}

fn router(name: &str, vrid: u8, state: RouterState) -> RouterStatus {
    RouterStatus {
        name: name.to_owned(),
        vrid,
        interface: Some("eth0".to_owned()),
        version: 2,
        state,
        since: at(60_000),
        faults: Vec::new(),
        base_priority: 100,
        effective_priority: 100,
        master: None,
        last_heard: None,
        takes_over_at: None,
        master_interval_us: 1_000_000,
        last_announced: None,
        addresses: vec![format!("192.0.2.{vrid}/24")],
        tracks: Vec::new(),
        group: None,
        counters: Counters::default(),
        refused: Vec::new(),
    }
}

fn script(adds: i64, is_fault: bool) -> TrackEffect {
    TrackEffect {
        kind: "script".to_owned(),
        name: "chk_nginx".to_owned(),
        weight: if is_fault { 0 } else { -20 },
        reverse: false,
        adds,
        is_fault,
    }
}

fn routers() -> Vec<RouterStatus> {
    let master = RouterStatus {
        last_announced: Some(at(63_000)),
        refused: vec![RefusedStatus {
            reason: "password".to_owned(),
            count: 12,
            from: Some(ip(9)),
            at: Some(at(74_000)),
            why: "it has another password".to_owned(),
        }],
        ..router("VI_1", 51, RouterState::Master)
    };
    let backup = RouterStatus {
        effective_priority: 80,
        master: Some(ip(8)),
        last_heard: Some(at(74_600)),
        takes_over_at: Some(at(78_200)),
        tracks: vec![script(-20, false)],
        ..router("VI_2", 52, RouterState::Backup)
    };
    let fault = RouterStatus {
        faults: vec!["script chk_nginx is not well".to_owned()],
        tracks: vec![script(0, true)],
        group: Some("G1".to_owned()),
        ..router("VI_long", 53, RouterState::Fault)
    };
    vec![master, backup, fault]
}

fn balanced() -> LvsStatus {
    let checker = CheckerStatus {
        kind: "TCP_CHECK".to_owned(),
        target: "10.0.0.2:80".to_owned(),
        up: false,
        since: at(70_000),
        last: Some("connection refused".to_owned()),
        last_at: Some(at(74_000)),
        next_at: Some(at(80_000)),
        failures: 4,
        done: 20,
        failed: 3,
        time_us: 1_500_000,
        last_us: Some(2_500),
    };
    let real = |last: u8, up: bool, checkers: Vec<CheckerStatus>| RealServerStatus {
        name: format!("[10.0.0.{last}]:tcp:80"),
        ip: IpAddr::from([10, 0, 0, last]),
        port: 80,
        forward: "DR".to_owned(),
        up,
        since: at(70_000),
        base_weight: 2,
        weight: 2,
        in_kernel: up.then_some(2),
        checkers,
    };
    LvsStatus {
        servers: vec![VirtualServerStatus {
            name: "[192.0.2.51]:tcp:80".to_owned(),
            services: vec!["[192.0.2.51]:tcp:80".to_owned()],
            scheduler: "wlc".to_owned(),
            up: true,
            since: at(5_000),
            quorum: 2,
            hysteresis: 1,
            weight: 2,
            suspended: false,
            sorry: Some(SorryServerStatus { name: "[10.0.0.9]:tcp:80".to_owned(), in_use: false }),
            problem: None,
            real: vec![real(2, false, vec![checker]), real(3, true, Vec::new())],
        }],
        sync: vec!["master".to_owned()],
        problem: None,
    }
}

fn report() -> VrrpReport {
    let of = |name: &str| Subject::Router(name.to_owned());
    let tracker = Subject::Tracker("chk_nginx".to_owned());
    let script = "script chk_nginx is not well: exit code 3";
    VrrpReport {
        sessions: Vec::new(),
        node: "gw1".to_owned(),
        version: "0.1.0".to_owned(),
        now: at(75_000),
        wall: WallTime::from_millis(START + 75_000),
        status: VrrpStatus {
            routers: routers(),
            groups: vec![SyncGroupStatus {
                name: "G1".to_owned(),
                state: RouterState::Fault,
                members: vec!["VI_long".to_owned()],
                faults: vec!["VI_long: script chk_nginx is not well".to_owned()],
            }],
            trackers: vec![TrackerStatus {
                kind: "script".to_owned(),
                name: "chk_nginx".to_owned(),
                good: Some(false),
                value: None,
                running: false,
                said: "exit code 3".to_owned(),
            }],
            refused: vec![RefusedStatus {
                reason: "unknown_router".to_owned(),
                count: 1,
                from: Some(ip(7)),
                at: Some(at(10_000)),
                why: "no virtual router 99 is configured on eth0".to_owned(),
            }],
        },
        lvs: Some(balanced()),
        warnings: vec![(Level::Error, "VI_long is in FAULT: script chk_nginx".to_owned())],
        disabled: vec!["VI_4".to_owned()],
        events: vec![
            event(1, 0, 1_000, EventKind::Started, Subject::Cluster, "VRRP starts"),
            event(
                2,
                1,
                1_001,
                EventKind::RouterState,
                of("VI_long"),
                "VI_long is BACKUP: it starts",
            ),
            event(3, 0, 60_000, EventKind::Tracker, tracker, script),
            event(4, 3, 60_000, EventKind::RouterState, of("VI_long"), "VI_long is FAULT: script"),
            event(
                5,
                4,
                60_001,
                EventKind::ScriptFailed,
                of("VI_long"),
                "notify_fault: exit code 1",
            ),
            event(
                6,
                0,
                70_000,
                EventKind::RouterState,
                of("VI_1"),
                "VI_1 is MASTER: none is heard",
            ),
        ],
    }
}

#[test]
fn status_shows_states_sums_refusals_and_servers() {
    insta::assert_snapshot!("routers", status::render(&report(), &Clock::utc(), false));
}

#[test]
fn why_tells_a_routers_story_from_the_scripts_exit_code() {
    let report = report();
    let found = topic(&report, "VI_long").expect("it is there");
    insta::assert_snapshot!("why-router", tell(&report, found, &Clock::utc(), false));
}

#[test]
fn why_finds_everything_by_its_name_or_address() {
    let report = report();
    for (word, kind) in [
        ("VI_1", "router"),
        ("192.0.2.52", "router"),
        ("192.0.2.52/24", "router"),
        ("G1", "group"),
        ("VI_4", "disabled"),
        ("chk_nginx", "tracker"),
        ("[192.0.2.51]:tcp:80", "server"),
        ("192.0.2.51:80", "server"),
        ("10.0.0.2", "real"),
    ] {
        let found = match topic(&report, word) {
            Ok(Topic::Router(_)) => "router",
            Ok(Topic::Group(_)) => "group",
            Ok(Topic::Tracker(_)) => "tracker",
            Ok(Topic::Server(_)) => "server",
            Ok(Topic::Real(..)) => "real",
            Ok(Topic::Disabled(_)) => "disabled",
            Err(_) => "nothing",
        };
        assert_eq!(found, kind, "{word}");
        let told = tell(&report, topic(&report, word).expect("found"), &Clock::utc(), false);
        assert!(!told.is_empty());
    }
}

#[test]
fn why_suggests_what_was_meant() {
    let report = report();
    let known = topic(&report, "chk_ngin").expect_err("a slip");
    let sentence = unknown("chk_ngin", &known);
    assert!(sentence.contains("did you mean chk_nginx?"), "{sentence}");
}

#[test]
fn a_story_holds_the_cause_the_state_and_what_followed() {
    let report = report();
    let found = topic(&report, "VI_long").expect("it is there");
    let ids: Vec<_> = walk(&report.events, found).iter().map(|event| event.id).collect();
    assert_eq!(ids, [2, 3, 4, 5]);
}
