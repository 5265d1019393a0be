//! Two ends of BFD sessions on a path that can fail: up within a second, down after the detection
//! time, each packet where RFC 5880 wants it.

use base::{Dice, Instant, Machine};
use std::net::IpAddr;
use std::time::Duration;
use vrrp::bfd::{Input, Output, Received, Session, Sessions};
use wire::bfd::{Control, Diagnostic, State};

const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn session(neighbor: IpAddr) -> Session {
    Session {
        name: "s".into(),
        neighbor,
        source: None,
        min_rx: ms(10),
        min_tx: ms(10),
        idle_tx: ms(1000),
        multiplier: 5,
        passive: false,
        ttl: 255,
        max_hops: Some(0),
        multihop: false,
    }
}

/// Both ends, and what they did.
struct Path {
    now: Instant,
    ends: [Sessions; 2],
    /// Whether packets of each end arrive.
    works: [bool; 2],
    ttl: u8,
    sent: Vec<(Instant, usize, Control)>,
    told: Vec<(Instant, usize, bool, String)>,
}

impl Path {
    fn new(a: Session, b: Session) -> Self {
        Self::with([a, b], 1)
    }

    fn with([a, b]: [Session; 2], seed: u64) -> Self {
        let ends = [Sessions::new(Dice::new(seed)), Sessions::new(Dice::new(!seed))];
        let (sent, told) = (Vec::new(), Vec::new());
        let mut path = Self { now: Instant::ZERO, ends, works: [true; 2], ttl: 255, sent, told };
        path.give(0, Input::Sessions(vec![a]));
        path.give(1, Input::Sessions(vec![b]));
        path
    }

    /// Gives an input to an end; what it sends arrives at once.
    fn give(&mut self, end: usize, input: Input) {
        let mut out = Vec::new();
        self.ends[end].handle(self.now, input, &mut out);
        for output in out {
            match output {
                Output::Changed { up, why, .. } => self.told.push((self.now, end, up, why)),
                Output::Send(packet) => {
                    let control = Control::decode(&packet.bytes).expect("we wrote it");
                    self.sent.push((self.now, end, control));
                    if self.works[end] {
                        let (source, destination) = if end == 0 { (A, B) } else { (B, A) };
                        let bytes = packet.bytes.to_vec();
                        let (ttl, multihop) = (self.ttl, packet.port == 4784);
                        let heard = Received { source, destination, ttl, multihop, bytes };
                        self.give(1 - end, Input::Packet(heard));
                    }
                }
            }
        }
    }

    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let next = (0..2).filter_map(|end| Some((self.ends[end].next_deadline()?, end))).min();
            match next {
                Some((at, end)) if at <= until => {
                    self.now = self.now.max(at);
                    self.give(end, Input::Tick);
                }
                _ => break,
            }
        }
        self.now = until;
    }

    fn is_up(&self, end: usize) -> bool {
        self.ends[end].states()["s"]
    }

    /// What an end sent since a moment.
    fn sent_by(&self, end: usize, since: Instant) -> Vec<(Instant, Control)> {
        let wanted = self.sent.iter().filter(|(at, by, _)| *by == end && *at >= since);
        wanted.map(|(at, _, control)| (*at, *control)).collect()
    }
}

#[test]
fn both_ends_are_up_at_once_when_they_hear_each_other() {
    let mut path = Path::new(session(B), session(A));
    path.run(ms(1));
    assert!(path.is_up(0) && path.is_up(1), "{:?}", path.told);
    assert_eq!(path.told[0].3, "10.0.0.2 has not been heard yet");
}

#[test]
fn a_session_sends_seldom_until_it_is_up_and_then_at_the_agreed_pace() {
    let slow = Session { min_rx: ms(50), ..session(A) };
    let mut path = Path::new(session(B), slow);
    path.works = [false; 2];
    path.run(ms(10_000));
    let alone = path.sent_by(0, Instant::ZERO);
    assert!((10..=14).contains(&alone.len()), "idle_tx less at most 25 %: {}", alone.len());
    assert!(alone.iter().all(|(_, control)| control.min_tx == 1_000_000));
    path.works = [true; 2];
    path.run(ms(1000));
    let from = path.now;
    path.run(ms(10_000));
    let paced = path.sent_by(0, from);
    for pair in paced.windows(2) {
        let gap = pair[1].0.since(pair[0].0);
        assert!((ms(37)..=ms(50)).contains(&gap), "50 ms, as the other end can take: {gap:?}");
    }
    assert!(paced.iter().all(|(_, control)| control.min_tx == 10_000 && !control.poll));
}

#[test]
fn a_new_pace_is_asked_for_by_a_poll_until_it_is_answered() {
    let mut path = Path::new(session(B), session(A));
    path.run(ms(500));
    let from = path.now;
    path.works[1] = false;
    path.give(0, Input::Sessions(vec![Session { min_tx: ms(20), ..session(B) }]));
    path.run(ms(30));
    let asking = path.sent_by(0, from);
    assert!(asking.len() >= 3 && asking.iter().all(|(_, control)| control.poll));
    let gaps: Vec<_> = asking.windows(2).map(|pair| pair[1].0.since(pair[0].0)).collect();
    assert!(gaps.iter().all(|gap| *gap <= ms(10)), "the old promise counts meanwhile: {gaps:?}");
    path.works[1] = true;
    path.run(ms(20));
    let answered = path.now;
    path.run(ms(200));
    let settled = path.sent_by(0, answered + ms(20));
    assert!(settled.iter().all(|(_, control)| !control.poll));
    let slower = |pair: &[(Instant, Control)]| pair[1].0.since(pair[0].0) >= ms(15);
    assert!(settled.windows(2).all(slower));
    assert!(path.is_up(0) && path.is_up(1));
}

#[test]
fn silence_for_the_detection_time_takes_a_session_down_and_no_less_does() {
    let mut path = Path::new(session(B), Session { multiplier: 4, min_tx: ms(30), ..session(A) });
    path.run(ms(2000));
    path.works[1] = false;
    let last = path.sent_by(1, Instant::ZERO).last().expect("sent").0;
    // Four packets of 30 ms each (RFC 5880 §6.8.4).
    path.run((last + ms(119)).since(path.now));
    assert!(path.is_up(0));
    path.run(ms(2));
    assert!(!path.is_up(0));
    let [.., ours, theirs] = &path.told[..] else { panic!("both are told") };
    assert_eq!((ours.2, ours.3.as_str()), (false, "10.0.0.2 was not heard for 120 ms"));
    assert_eq!(theirs.3, "10.0.0.1 says it is down: detection time expired");
    let down = path.sent_by(0, last + ms(119));
    assert_eq!(down[0].1.state, State::Down, "said at once");
    assert_eq!(down[0].1.diagnostic, Diagnostic::EXPIRED);
    assert!(!path.is_up(1), "the other end heard it");
}

#[test]
fn one_way_silence_is_seen_by_both_and_heals() {
    let mut path = Path::new(session(B), session(A));
    path.run(ms(100));
    path.works[0] = false;
    path.run(ms(100));
    assert!(!path.is_up(0) && !path.is_up(1));
    path.works[0] = true;
    path.run(ms(1100));
    assert!(path.is_up(0) && path.is_up(1));
}

#[test]
fn a_passive_end_says_nothing_first() {
    let passive = Session { passive: true, ..session(A) };
    let mut path = Path::new(Session { passive: true, ..session(B) }, passive.clone());
    path.run(ms(5000));
    assert_eq!(path.sent, []);
    let mut path = Path::new(session(B), passive);
    path.run(ms(10));
    assert!(path.is_up(0) && path.is_up(1));
}

#[test]
fn what_crossed_a_router_does_not_count_unless_it_may() {
    let mut path = Path::new(session(B), session(A));
    path.ttl = 254;
    path.run(ms(3000));
    assert!(!path.is_up(0) && path.ends[0].dropped() > 0);
    for hops in [Some(1), None] {
        let far = |neighbor| Session { max_hops: hops, ..session(neighbor) };
        let mut path = Path::new(far(B), far(A));
        path.ttl = 254;
        path.run(ms(10));
        assert!(path.is_up(0), "{hops:?}");
        path.ttl = 253;
        path.run(ms(100));
        assert_eq!(path.is_up(0), hops.is_none());
    }
}

#[test]
fn several_hops_have_a_port_of_their_own() {
    let far = |neighbor| Session { multihop: true, max_hops: None, ..session(neighbor) };
    let mut path = Path::new(far(B), far(A));
    path.run(ms(10));
    assert!(path.is_up(0) && path.is_up(1));
    let mut mixed = Path::new(far(B), session(A));
    mixed.run(ms(3000));
    assert!(!mixed.is_up(0) && !mixed.is_up(1));
}

#[test]
fn strangers_and_forgers_change_nothing() {
    let mut path = Path::new(session(B), session(A));
    path.run(ms(100));
    let (_, control) = *path.sent_by(1, Instant::ZERO).last().expect("sent");
    let from = |source, control: Control| {
        let bytes = control.encode().to_vec();
        Input::Packet(Received { source, destination: A, ttl: 255, multihop: false, bytes })
    };
    let down = Control { state: State::Down, ..control };
    path.give(0, from("10.0.0.9".parse().expect("address"), down));
    path.give(0, from(B, Control { yours: control.yours ^ 1, ..down }));
    path.give(
        0,
        Input::Packet(Received {
            source: B,
            destination: A,
            ttl: 255,
            multihop: false,
            bytes: vec![0; 24],
        }),
    );
    assert!(path.is_up(0));
    assert_eq!(path.ends[0].dropped(), 3);
}

#[test]
fn a_flood_of_polls_is_not_answered_one_for_one() {
    let mut path = Path::new(session(B), session(A));
    path.run(ms(100));
    let (_, control) = *path.sent_by(1, Instant::ZERO).last().expect("sent");
    let bytes = Control { poll: true, ..control }.encode().to_vec();
    let poll = Received { source: B, destination: A, ttl: 255, multihop: false, bytes };
    let before = path.sent.len();
    (0..1000).for_each(|_| path.give(0, Input::Packet(poll.clone())));
    let answers = &path.sent[before..];
    assert_eq!(answers.len(), 1);
    assert!(answers[0].2.is_final && !answers[0].2.poll);
}

#[test]
fn an_end_that_stops_says_so_and_a_reload_keeps_what_stays() {
    let mut path = Path::new(session(B), session(A));
    path.run(ms(100));
    let told = path.told.len();
    path.give(0, Input::Sessions(vec![session(B)]));
    assert!(path.is_up(0));
    assert_eq!(path.told[told..].iter().filter(|(_, _, up, _)| !up).count(), 0);
    path.give(0, Input::Sessions(vec![Session { name: "t".into(), ..session(B) }]));
    assert!(!path.is_up(1), "the session of the other name said goodbye");
    assert_eq!(
        path.told.last().expect("told").3,
        "10.0.0.1 says it is down: administratively down"
    );
    path.run(ms(2000));
    assert!(path.ends[0].states()["t"] && path.is_up(1), "the new one is found");
    path.give(0, Input::Stop);
    assert!(!path.is_up(1));
    assert_eq!(path.ends[0].next_deadline(), None);
}

#[test]
fn an_end_that_wants_no_packets_gets_none() {
    let mut path = Path::new(session(B), session(A));
    path.run(ms(100));
    let (_, control) = *path.sent_by(1, Instant::ZERO).last().expect("sent");
    path.works = [false; 2];
    let bytes = Control { min_rx: 0, ..control }.encode().to_vec();
    path.give(
        0,
        Input::Packet(Received { source: B, destination: A, ttl: 255, multihop: false, bytes }),
    );
    let from = path.now;
    path.run(ms(45));
    assert_eq!(path.sent_by(0, from), []);
}

#[test]
fn on_a_path_that_loses_packets_sessions_come_back_whatever_happens() {
    for seed in 0..200 {
        let mut dice = Dice::new(seed);
        let mut path = Path::with([session(B), session(A)], seed);
        for _ in 0..50 {
            path.works = [dice.percent(60), dice.percent(60)];
            path.run(dice.between(ms(0), ms(400)));
        }
        path.works = [true; 2];
        path.run(ms(2000));
        assert!(path.is_up(0) && path.is_up(1), "seed {seed}");
        let from = path.told.len();
        path.run(ms(5000));
        assert_eq!(path.told.len(), from, "seed {seed}: it stays up");
    }
}
