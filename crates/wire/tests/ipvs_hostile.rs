//! Commands survive the way, the kernel's answers are read, and no bytes make a reader panic.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wire::ipvs::{
    Command, Counters, Daemon, Destination, Encapsulation, Family, Flags, Forward, Info, Malformed,
    Mask, Message, NAME_MAX, Protocol, Reply, Service, ServiceKey, SyncState, Timeouts, Tunnel,
    family_of, family_request, messages, request,
};

/// An attribute, with padding.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = (value.len() + 4) as u16;
    let mut out = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// A message of the kernel: header and attributes.
fn answer(command: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
    [&[command, 1, 0, 0][..], &attributes.concat()].concat()
}

fn service() -> Service {
    Service {
        key: ServiceKey::Address {
            protocol: Protocol::Sctp,
            address: Ipv4Addr::new(192, 0, 2, 10).into(),
            port: 80,
        },
        scheduler: "wlc".into(),
        flags: Flags::PERSISTENT,
        persistence_engine: None,
        timeout: 50,
        mask: Mask::V4(Ipv4Addr::new(255, 255, 255, 0)),
    }
}

fn destination() -> Destination {
    Destination {
        address: "2001:db8::21".parse().expect("an address"),
        port: 8080,
        forward: Forward::Tunnel(Tunnel::Gre { encapsulation: Encapsulation::RemoteChecksum }),
        weight: 3,
        upper: 100,
        lower: 50,
    }
}

/// A command as the kernel repeats it in a dump, with further attributes inside.
fn dumped(command: &Command, inside: u16, more: &[Vec<u8>]) -> Vec<u8> {
    let message = command.encode();
    // The last nested attribute is the one that grows.
    let mut rest = &message[4..];
    while rest.len() > usize::from(u16::from_ne_bytes([rest[0], rest[1]])) {
        rest = &rest[usize::from(u16::from_ne_bytes([rest[0], rest[1]]))..];
    }
    let value = [&rest[4..], &more.concat()].concat();
    answer(message[0], &[attribute(inside | 0x8000, &value)])
}

#[test]
fn services_of_a_dump_come_with_their_counters() {
    let wide = [(1, 7_u64), (2, 1 << 40), (3, 5), (4, 1 << 41), (5, 9)];
    let wide = wide.map(|(kind, count)| attribute(kind, &count.to_ne_bytes())).concat();
    let counters = Counters {
        connections: 7,
        packets_in: 1 << 40,
        packets_out: 5,
        bytes_in: 1 << 41,
        bytes_out: 9,
    };
    let narrow = [(1, 7_u32), (2, 6), (3, 5)];
    let narrow = narrow.map(|(kind, count)| attribute(kind, &count.to_ne_bytes())).concat();
    let bytes = [(4, 8_u64), (5, 9)];
    let bytes = bytes.map(|(kind, count)| attribute(kind, &count.to_ne_bytes())).concat();
    let narrow = [narrow, bytes].concat();
    let old = Counters { packets_in: 6, bytes_in: 8, ..counters };
    let (wide, narrow) = (attribute(12, &wide), attribute(10, &narrow));
    for (more, expected) in
        [(vec![narrow.clone(), wide], counters), (vec![narrow], old), (vec![], Counters::default())]
    {
        let message = dumped(&Command::NewService(service()), 1, &more);
        let read = Reply::decode(&message, Family::V4);
        assert_eq!(read, Ok(Reply::Service(service(), expected)));
    }
}

#[test]
fn destinations_of_a_dump_come_with_their_connections() {
    let more = [(7, 11_u32), (8, 12), (9, 13)];
    let more = more.map(|(kind, count)| attribute(kind, &count.to_ne_bytes()));
    let message = dumped(&Command::NewDestination(service(), destination()), 2, &more);
    let expected = Reply::Destination {
        destination: destination(),
        active: 11,
        inactive: 12,
        persistent: 13,
        counters: Counters::default(),
    };
    assert_eq!(Reply::decode(&message, Family::V4), Ok(expected));
}

#[test]
fn a_destination_without_family_has_that_of_its_service() {
    let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    let inside = [
        attribute(1, &address.octets()),
        attribute(2, &80_u16.to_be_bytes()),
        attribute(3, &0x0100_0003_u32.to_ne_bytes()),
        attribute(4, &1_u32.to_ne_bytes()),
    ];
    let message = answer(5, &[attribute(2, &inside.concat())]);
    let Ok(Reply::Destination { destination, .. }) = Reply::decode(&message, Family::V6) else {
        panic!("{:?}", Reply::decode(&message, Family::V6));
    };
    assert_eq!(destination.address, IpAddr::from(address));
    assert_eq!(destination.forward, Forward::Direct, "the kernel's own bits do not count");
}

#[test]
fn the_kernel_tells_version_and_timeouts() {
    let info =
        [attribute(1, &0x0001_0201_u32.to_ne_bytes()), attribute(2, &4096_u32.to_ne_bytes())];
    let expected = Info { version: [1, 2, 1], table_size: 4096 };
    assert_eq!(Reply::decode(&answer(14, &info), Family::V4), Ok(Reply::Info(expected)));
    let timeouts = Timeouts { tcp: 900, tcp_fin: 120, udp: 300 };
    let message = Command::SetTimeouts(timeouts).encode();
    assert_eq!(Reply::decode(&message, Family::V4), Ok(Reply::Timeouts(timeouts)));
}

#[test]
fn the_family_is_asked_for_by_name() {
    let asked = family_request(3);
    let length = (16 + 4 + 12) as u32;
    let header = [&length.to_ne_bytes()[..], &0x10_u16.to_ne_bytes(), &5_u16.to_ne_bytes()];
    let rest = [&3_u32.to_ne_bytes()[..], &[0; 4], &[3, 1, 0, 0]];
    let name = attribute(2, b"IPVS\0");
    assert_eq!(asked, [header.concat(), rest.concat(), name.clone()].concat());
    let told = answer(1, &[name, attribute(1, &0x1c_u16.to_ne_bytes())]);
    assert_eq!(family_of(&told), Ok(0x1c));
    assert_eq!(family_of(&answer(1, &[])), Err(Malformed("no family")));
    assert!(family_of(&[1, 1]).is_err());
}

#[test]
fn dumps_are_requests_for_everything() {
    let key = service().key;
    for (command, flags) in [
        (Command::GetServices, 0x301_u16),
        (Command::GetDestinations(key), 0x301),
        (Command::GetDaemons, 0x301),
        (Command::Flush, 5),
        (Command::GetInfo, 5),
    ] {
        assert_eq!(request(0x1c, 1, &command)[6..8], flags.to_ne_bytes(), "{command:?}");
        assert_eq!(Command::decode(&command.encode()), Ok(command));
    }
}

fn netlink(kind: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() + 16) as u32;
    let header = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[2, 0]].concat();
    let mut out = [&header, &sequence.to_ne_bytes()[..], &[1, 2, 3, 4], payload].concat();
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

#[test]
fn one_read_may_hold_many_messages_and_their_end() {
    let bytes = [
        netlink(0x1c, 4, &[1, 1, 0, 0, 9]),
        netlink(0x1c, 4, &[1, 1, 0, 0]),
        netlink(3, 4, &[]),
        netlink(2, 5, &(-17_i32).to_ne_bytes()),
        netlink(2, 6, &[0; 20]),
        netlink(3, 7, &(-4_i32).to_ne_bytes()),
    ];
    let read: Result<Vec<_>, _> = messages(&bytes.concat()).map(|m| m.map(owned)).collect();
    let expected = [
        (4, Ok(vec![1, 1, 0, 0, 9])),
        (4, Ok(vec![1, 1, 0, 0])),
        (4, Err(0)),
        (5, Err(17)),
        (6, Err(0)),
        (7, Err(4)),
    ];
    assert_eq!(read, Ok(expected.to_vec()));
}

fn owned(message: Message<'_>) -> (u32, Result<Vec<u8>, i32>) {
    match message {
        Message::Answer { sequence, family, payload } => {
            assert_eq!(family, 0x1c);
            (sequence, Ok(payload.to_vec()))
        }
        Message::End { sequence, errno } => (sequence, Err(errno)),
    }
}

#[test]
fn a_malformed_netlink_message_ends_the_read() {
    let good = netlink(0x1c, 4, &[1, 1, 0, 0]);
    let whole = netlink(0x1c, 4, &[1, 1, 0, 0, 1, 2, 3, 4]);
    for length in 1..whole.len() {
        let read: Vec<_> = messages(&whole[..length]).collect();
        assert!(matches!(read.as_slice(), [Err(_)]), "{length}: {read:?}");
    }
    for length in [0, 15, 25, u32::MAX] {
        let mut lying = whole.clone();
        lying[..4].copy_from_slice(&length.to_ne_bytes());
        let bytes = [good.clone(), lying, good.clone()].concat();
        let cut = messages(&bytes).map(|m| m.is_ok()).collect::<Vec<_>>();
        let inside = length == 25;
        assert!(inside || cut == [true, false], "{length}: {cut:?}");
    }
    // An error without its number is no acknowledgement.
    assert!(messages(&netlink(2, 4, &[])).all(|m| m.is_err()));
    assert!(messages(&netlink(1, 4, &[])).all(|m| m.is_err()));
}

#[test]
fn what_no_service_has_is_refused_by_name() {
    let af = attribute(1, &2_u16.to_ne_bytes());
    let of = |inside: &[Vec<u8>]| {
        Command::decode(&answer(8, &[attribute(1, &inside.concat())])).expect_err("refused").0
    };
    assert_eq!(of(&[]), "a service without family");
    assert_eq!(of(&[attribute(1, &7_u16.to_ne_bytes())]), "an unknown address family");
    assert_eq!(of(std::slice::from_ref(&af)), "a service without protocol");
    let protocol = |number: u16| attribute(2, &number.to_ne_bytes());
    let (address, port) = (attribute(3, &[1; 16]), attribute(4, &[0, 80]));
    assert_eq!(of(&[af.clone(), protocol(6)]), "a service without address");
    assert_eq!(of(&[af.clone(), protocol(6), address.clone()]), "a service without port");
    assert_eq!(of(&[af, protocol(1), address, port]), "an unknown protocol");
    assert_eq!(Command::decode(&[8, 2, 0, 0]), Err(Malformed("an unknown version")));
    assert_eq!(Command::decode(&[99, 1, 0, 0]), Err(Malformed("an unknown command")));
    assert_eq!(Command::decode(&[8, 1, 0]), Err(Malformed("shorter than its header")));
    let nobody = Reply::decode(&[17, 1, 0, 0], Family::V4);
    assert_eq!(nobody, Err(Malformed("an unknown answer")));
}

#[test]
fn the_fuzz_corpus_is_survived_and_each_seed_is_a_command() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/ipvs");
    let mut files = 0;
    for file in std::fs::read_dir(corpus).expect("the corpus is committed") {
        let path = file.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("readable");
        survive(&bytes);
        assert!(cfg!(target_endian = "big") || Command::decode(&bytes).is_ok(), "{path:?}");
        files += 1;
    }
    assert!(files >= 12, "{files} files");
}

/// Reads the bytes in every way; what is accepted must mean the same when written again.
fn survive(bytes: &[u8]) {
    if let Ok(command) = Command::decode(bytes) {
        assert_eq!(Command::decode(&command.encode()), Ok(command));
    }
    for family in [Family::V4, Family::V6] {
        let _ = Reply::decode(bytes, family);
    }
    let _ = family_of(bytes);
    assert!(messages(bytes).count() <= bytes.len());
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::char::range('!', '~'), 1..=NAME_MAX)
        .prop_map(|chars| chars.into_iter().collect())
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<Ipv4Addr>().prop_map(IpAddr::V4), any::<Ipv6Addr>().prop_map(IpAddr::V6)]
}

fn key() -> impl Strategy<Value = ServiceKey> {
    let protocol = prop::sample::select(vec![Protocol::Tcp, Protocol::Udp, Protocol::Sctp]);
    let by_address = (protocol, address(), any::<u16>())
        .prop_map(|(protocol, address, port)| ServiceKey::Address { protocol, address, port });
    let family = prop::sample::select(vec![Family::V4, Family::V6]);
    let by_mark =
        (family, any::<u32>()).prop_map(|(family, mark)| ServiceKey::Mark { family, mark });
    prop_oneof![by_address, by_mark]
}

fn any_service() -> impl Strategy<Value = Service> {
    let flags = [
        Flags::PERSISTENT,
        Flags::ONE_PACKET,
        Flags::SCHEDULER_1,
        Flags::SCHEDULER_2,
        Flags::SCHEDULER_3,
    ];
    let flags = prop::sample::subsequence(flags.to_vec(), 0..=5)
        .prop_map(|flags| flags.into_iter().fold(Flags::NONE, |all, flag| all | flag));
    (key(), name(), flags, prop::option::of(name()), any::<u32>(), any::<u32>()).prop_map(
        |(key, scheduler, flags, persistence_engine, timeout, mask)| {
            let mask = match key.family() {
                Family::V4 => Mask::V4(mask.into()),
                Family::V6 => Mask::V6(mask),
            };
            Service { key, scheduler, flags, persistence_engine, timeout, mask }
        },
    )
}

fn any_destination() -> impl Strategy<Value = Destination> {
    let encapsulation = || {
        prop::sample::select(vec![
            Encapsulation::Plain,
            Encapsulation::Checksum,
            Encapsulation::RemoteChecksum,
        ])
    };
    let gue = (any::<u16>(), encapsulation())
        .prop_map(|(port, encapsulation)| Tunnel::Gue { port, encapsulation });
    let gre = encapsulation().prop_map(|encapsulation| Tunnel::Gre { encapsulation });
    let tunnel = prop_oneof![Just(Tunnel::Ipip), gue, gre].prop_map(Forward::Tunnel);
    let others = vec![Forward::Nat, Forward::Local, Forward::Direct, Forward::Bypass];
    let forward = prop_oneof![prop::sample::select(others), tunnel];
    (address(), any::<u16>(), forward, any::<[u32; 3]>()).prop_map(
        |(address, port, forward, [weight, upper, lower])| Destination {
            address,
            port,
            forward,
            weight,
            upper,
            lower,
        },
    )
}

fn any_daemon() -> impl Strategy<Value = Daemon> {
    let state = prop::sample::select(vec![SyncState::Master, SyncState::Backup]);
    let options = (
        any::<Option<u16>>(),
        any::<Option<u16>>(),
        any::<Option<u8>>(),
        prop::option::of(address()),
    );
    (state, name(), any::<u8>(), options).prop_map(
        |(state, interface, sync_id, (max_len, port, ttl, group))| Daemon {
            state,
            interface,
            sync_id,
            max_len,
            port,
            ttl,
            group,
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    let destination = || (any_service(), any_destination());
    prop_oneof![
        any_service().prop_map(Command::NewService),
        any_service().prop_map(Command::SetService),
        any_service().prop_map(Command::DelService),
        destination().prop_map(|(s, d)| Command::NewDestination(s, d)),
        destination().prop_map(|(s, d)| Command::SetDestination(s, d)),
        destination().prop_map(|(s, d)| Command::DelDestination(s, d)),
        key().prop_map(Command::GetDestinations),
        any_daemon().prop_map(Command::NewDaemon),
        (any_daemon()).prop_map(|d| Command::DelDaemon { state: d.state, sync_id: d.sync_id }),
        any::<[u32; 3]>().prop_map(|[tcp, tcp_fin, udp]| {
            Command::SetTimeouts(Timeouts { tcp, tcp_fin, udp })
        }),
    ]
}

proptest! {
    #[test]
    fn commands_survive_the_way(command in command()) {
        prop_assert_eq!(Command::decode(&command.encode()), Ok(command));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survive(&bytes);
        for command in 0..20 {
            survive(&[&[command, 1, 0, 0], &bytes[..]].concat());
        }
    }

    #[test]
    fn damaged_commands_never_panic(
        command in command(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = request(0x1c, 1, &command);
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        survive(&bytes);
        survive(&bytes[16..]);
    }
}
