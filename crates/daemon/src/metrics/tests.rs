//! A scraper against the server: what it gets can be parsed, and bad company costs it nothing.

use super::*;
use crate::journal::Journal;
use api::lvs::{CheckerStatus, LvsStatus, RealServerStatus, VirtualServerStatus};
use api::vrrp::{
    Counters, RefusedStatus, RouterState, RouterStatus, TrackEffect, TrackerStatus, VrrpReport,
    VrrpStatus,
};
use api::{
    GroupState, GroupStatus, Held, Level, LinkState, LinkStatus, NodeKind, NodeState, NodeStatus,
    Placement, RoleStatus,
};
use base::WallTime;
use std::collections::BTreeSet;

/// A role that says the same each time, and counts how often it was asked.
struct Role {
    reply: Reply,
    journal: RefCell<Journal>,
    asked: Cell<usize>,
}

impl Service for Role {
    async fn answer(self: Rc<Self>, _: Request) -> Reply {
        self.asked.set(self.asked.get() + 1);
        self.reply.clone()
    }

    fn journal(&self) -> &RefCell<Journal> {
        &self.journal
    }
}

fn routers() -> Reply {
    let router = RouterStatus {
        name: "VI \"1\"".into(),
        vrid: 51,
        interface: Some("eth0".into()),
        version: 3,
        state: RouterState::Master,
        since: base::Instant::ZERO,
        faults: Vec::new(),
        base_priority: 100,
        effective_priority: 90,
        master: None,
        last_heard: None,
        takes_over_at: None,
        master_interval_us: 1_000_000,
        last_announced: None,
        addresses: Vec::new(),
        tracks: vec![
            TrackEffect {
                kind: "script".into(),
                name: "chk".into(),
                weight: -5,
                reverse: false,
                adds: -5,
                is_fault: false,
            };
            2
        ],
        group: None,
        counters: Counters { advert_sent: 7, ..Counters::default() },
        refused: vec![RefusedStatus {
            reason: "password".into(),
            count: 3,
            from: None,
            at: None,
            why: String::new(),
        }],
    };
    let checker = CheckerStatus {
        kind: "TCP_CHECK".into(),
        target: "10.0.0.2:80".into(),
        up: true,
        since: base::Instant::ZERO,
        last: None,
        last_at: None,
        next_at: None,
        failures: 0,
        done: 20,
        failed: 3,
        time_us: 1_500_000,
        last_us: Some(2_500),
    };
    let real = RealServerStatus {
        name: "[10.0.0.2]:tcp:80".into(),
        ip: std::net::IpAddr::from([10, 0, 0, 2]),
        port: 80,
        forward: "NAT".into(),
        up: true,
        since: base::Instant::ZERO,
        base_weight: 1,
        weight: 1,
        in_kernel: Some(1),
        checkers: vec![checker.clone(), checker],
    };
    let server = VirtualServerStatus {
        name: "[10.0.0.1]:tcp:80".into(),
        services: Vec::new(),
        scheduler: "wlc".into(),
        up: true,
        since: base::Instant::ZERO,
        quorum: 1,
        hysteresis: 0,
        weight: 1,
        suspended: false,
        sorry: None,
        problem: None,
        real: vec![real],
    };
    Reply::Vrrp(Box::new(VrrpReport {
        sessions: vec![("path".into(), true)],
        node: "a".into(),
        version: "0".into(),
        now: base::Instant::from_nanos(2_500_000_000),
        wall: WallTime::default(),
        status: VrrpStatus {
            routers: vec![router],
            trackers: vec![TrackerStatus {
                kind: "script".into(),
                name: "chk".into(),
                good: Some(false),
                value: None,
                running: false,
                said: String::new(),
            }],
            ..VrrpStatus::default()
        },
        lvs: Some(LvsStatus { servers: vec![server], ..LvsStatus::default() }),
        warnings: vec![(Level::Error, "something".into())],
        disabled: vec!["VI_2".into()],
        events: Vec::new(),
    }))
}

fn cluster() -> Reply {
    let node = NodeStatus {
        name: "b".into(),
        kind: NodeKind::Normal,
        state: NodeState::Dead,
        is_me: false,
        links: vec![LinkStatus { name: "eth0".into(), state: LinkState::Dead, last_heard: None }],
        last_beat: Some(base::Instant::ZERO),
        holds: None,
        is_handover: true,
        config_differs: false,
        weight: 100,
        site: String::new(),
        uuid: None,
    };
    let group = GroupStatus {
        key: "IPaddr::192.0.2.1".into(),
        home: "a".into(),
        resources: Vec::new(),
        state: GroupState::Running,
        placement: Placement::Here,
        because: None,
        failing_checks: vec!["tcp 80".into()],
    };
    Reply::Status(Box::new(RoleStatus {
        node: "a".into(),
        version: "0".into(),
        now: base::Instant::from_nanos(2_500_000_000),
        wall: WallTime::default(),
        held: Held::ALL,
        stable: true,
        auto_failback: "on".into(),
        nodes: vec![node],
        groups: vec![group],
        warnings: Vec::new(),
        refused: vec![("bad_digest".into(), 4)],
        events: Vec::new(),
    }))
}

/// Runs `then` beside a server of that role; `then` gets its port.
fn beside<F: Future<Output = ()>>(reply: Reply, then: impl FnOnce(Rc<Role>, SocketAddr) -> F) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let at = listener.local_addr().expect("its address");
        let role =
            Rc::new(Role { reply, journal: RefCell::new(Journal::new(None)), asked: Cell::new(0) });
        let server = tokio::task::spawn_local(serve(Rc::clone(&role), listener));
        then(role, at).await;
        server.abort();
    });
}

async fn get(at: SocketAddr, question: &str) -> String {
    let mut stream = TcpStream::connect(at).await.expect("connects");
    stream.write_all(question.as_bytes()).await.expect("asks");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads");
    answer
}

async fn page(at: SocketAddr) -> String {
    let answer = get(at, "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("headers end");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("version=0.0.4"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    body.to_owned()
}

/// Every line of the page as the format wants it; returns the samples with their labels.
fn parsed(page: &str) -> Vec<(String, f64)> {
    let (mut samples, mut seen) = (Vec::new(), BTreeSet::new());
    let (mut family, mut families) = (String::new(), BTreeSet::new());
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.split(' ');
            let (what, name) = (words.next().expect("a word"), words.next().expect("a name"));
            match what {
                "HELP" => {
                    family = name.to_owned();
                    assert!(families.insert(family.clone()), "{name} twice");
                }
                "TYPE" => {
                    let kind = words.next().expect("a kind");
                    assert_eq!(name, family);
                    assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
                }
                other => panic!("# {other}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let name = series.split('{').next().expect("a name");
        assert_eq!(name, family, "{line}");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        assert!(seen.insert(series.to_owned()), "{series} twice");
        samples.push((series.to_owned(), value.parse().expect("a number")));
    }
    samples
}

fn value(samples: &[(String, f64)], series: &str) -> f64 {
    let found = samples.iter().find(|(name, _)| name == series);
    found.unwrap_or_else(|| panic!("{series} is missing: {samples:?}")).1
}

#[test]
fn a_scraper_gets_the_figures_of_virtual_routers_and_servers() {
    beside(routers(), async |_, at| {
        let samples = parsed(&page(at).await);
        let of = |series: &str| value(&samples, series);
        let state = r#"handover_vrrp_state{instance="VI \"1\"",vrid="51",interface="eth0"}"#;
        assert!((of(state) - 2.0).abs() < f64::EPSILON);
        assert!((of(r#"handover_vrrp_priority{instance="VI \"1\""}"#) - 90.0).abs() < 0.1);
        let sent = r#"handover_vrrp_adverts_sent_total{instance="VI \"1\""}"#;
        assert!((of(sent) - 7.0).abs() < 0.1);
        let refused =
            r#"handover_vrrp_adverts_refused_total{instance="VI \"1\"",reason="password"}"#;
        assert!((of(refused) - 3.0).abs() < 0.1);
        let adds = r#"handover_vrrp_tracker_adds{instance="VI \"1\"",kind="script",name="chk"}"#;
        assert!((of(adds) + 10.0).abs() < 0.1, "the instance's and its group's");
        let up = r#"handover_lvs_virtual_server_up{virtual_server="[10.0.0.1]:tcp:80"}"#;
        assert!((of(up) - 1.0).abs() < 0.1);
        assert!((of(r#"handover_vrrp_disabled{name="VI_2"}"#) - 1.0).abs() < 0.1);
        assert!((of(r#"handover_bfd_session_up{session="path"}"#) - 1.0).abs() < 0.1);
        let of_check = |family: &str| {
            let mut found =
                samples.iter().filter(|(name, _)| name.split('{').next() == Some(family));
            found.next().unwrap_or_else(|| panic!("{family} is missing")).1
        };
        assert!((of_check("handover_lvs_checks_total") - 20.0).abs() < 0.1);
        assert!((of_check("handover_lvs_checks_failed_total") - 3.0).abs() < 0.1);
        assert!((of_check("handover_lvs_checks_seconds_total") - 1.5).abs() < 0.01);
        assert!((of_check("handover_lvs_check_last_seconds") - 0.0025).abs() < 1e-6);
    });
}

#[test]
fn a_scraper_gets_the_figures_of_a_cluster() {
    beside(cluster(), async |_, at| {
        let samples = parsed(&page(at).await);
        let of = |series: &str| value(&samples, series);
        let dead = r#"handover_heartbeat_node_up{node="b",kind="normal",state="dead"}"#;
        assert!(of(dead).abs() < 0.1);
        assert!((of(r#"handover_heartbeat_node_silent_seconds{node="b"}"#) - 2.5).abs() < 0.01);
        let running = r#"handover_heartbeat_group_running{group="IPaddr::192.0.2.1"}"#;
        assert!((of(running) - 1.0).abs() < 0.1);
        let refused = r#"handover_heartbeat_packets_refused_total{reason="bad_digest"}"#;
        assert!((of(refused) - 4.0).abs() < 0.1);
    });
}

#[test]
fn many_scrapes_cost_the_role_one_question_a_second() {
    beside(routers(), async |role, at| {
        for _ in 0..20 {
            page(at).await;
        }
        assert!(role.asked.get() <= 3, "{}", role.asked.get());
    });
}

#[test]
fn a_slow_scraper_keeps_nobody_waiting_and_too_many_are_turned_away() {
    beside(routers(), async |_, at| {
        let mut slow = Vec::new();
        for _ in 0..CLIENTS_MAX - 1 {
            let mut stream = TcpStream::connect(at).await.expect("connects");
            stream.write_all(b"GET /met").await.expect("begins to ask");
            slow.push(stream);
        }
        page(at).await;
        // One more than there is room for, beside the slow ones, gets no answer.
        slow.push(TcpStream::connect(at).await.expect("connects"));
        let mut late = TcpStream::connect(at).await.expect("connects");
        let mut byte = [0];
        assert!(matches!(late.read(&mut byte).await, Ok(0) | Err(_)));
    });
}

#[test]
fn other_questions_and_endless_ones_are_refused() {
    beside(routers(), async |_, at| {
        assert!(get(at, "GET / HTTP/1.1\r\n\r\n").await.contains("404 Not Found"));
        assert!(get(at, "POST /metrics HTTP/1.1\r\n\r\n").await.contains("405 Method"));
        let mut stream = TcpStream::connect(at).await.expect("connects");
        let endless = vec![b'x'; QUESTION_MAX + 1024];
        let _ = stream.write_all(&endless).await;
        let mut byte = [0];
        assert!(matches!(stream.read(&mut byte).await, Ok(0) | Err(_)));
    });
}
