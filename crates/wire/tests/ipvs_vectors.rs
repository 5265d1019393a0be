//! Every message that keepalived 2.2.7 sent to the kernel's load balancer is read as it was
//! meant and made again, byte for byte, from what it means.
//!
//! The corpus lies beside the workspace (`../shared`) or where `HANDOVER_SHARED` says. Without
//! it these tests say so and pass, except in CI. Its bytes are those of a little-endian machine.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]
#![cfg(target_endian = "little")]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use wire::ipvs::{
    Command, Daemon, Destination, Encapsulation, Family, Flags, Forward, Mask, Protocol, Service,
    ServiceKey, SyncState, Timeouts, Tunnel, request,
};

#[derive(Deserialize)]
struct File {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    n: usize,
    cmd: String,
    decoded: String,
    genl_payload_hex: String,
}

const MESSAGES: usize = 95;

fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).expect("hexadecimal") as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// The messages; none without corpus.
fn corpus() -> Vec<Message> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("HANDOVER_SHARED").unwrap_or_else(|_| beside.into());
    let path = PathBuf::from(shared).join("vectors/vrrp/60-ipvs-genl-commands.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {}", path.display());
        println!("skipped: no corpus");
        return Vec::new();
    };
    let file: File = serde_json::from_str(&text).expect("the corpus' own format");
    assert_eq!(file.messages.len(), MESSAGES);
    file.messages
}

/// The words `KEY=VALUE` of one group in the corpus' text: `SERVICE{A=1, B=2} DEST{…}`.
struct Words<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Words<'a> {
    fn of(text: &'a str, group: &str) -> Self {
        let start = text.find(&format!("{group}{{")).expect(group) + group.len() + 1;
        let inside = &text[start..start + text[start..].find('}').expect("a brace")];
        Self(inside.split(", ").map(|word| word.split_once('=').expect(word)).collect())
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).copied()
    }

    fn number<T: TryFrom<u32>>(&self, key: &str) -> Option<T> {
        let number: u32 = self.get(key)?.parse().expect("a number");
        Some(T::try_from(number).unwrap_or_else(|_| panic!("{key}={number}")))
    }

    fn need<T: TryFrom<u32>>(&self, key: &str) -> T {
        self.number(key).unwrap_or_else(|| panic!("no {key}"))
    }

    /// An address in 16 bytes, of the family `2` or `10`.
    fn address(&self, key: &str, family: u32) -> IpAddr {
        let bytes: [u8; 16] = unhex(self.get(key).expect(key)).try_into().expect("16 bytes");
        match family {
            2 => Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).into(),
            10 => Ipv6Addr::from(bytes).into(),
            other => panic!("family {other}"),
        }
    }
}

fn flags(words: &Words<'_>) -> Flags {
    let text = words.get("FLAGS").expect("flags");
    let number = text.strip_prefix("flags=0x").and_then(|t| t.strip_suffix(" mask=0xffffffff"));
    let number = u32::from_str_radix(number.expect(text), 16).expect(text);
    let all = [
        (0x01, Flags::PERSISTENT),
        (0x04, Flags::ONE_PACKET),
        (0x08, Flags::SCHEDULER_1),
        (0x10, Flags::SCHEDULER_2),
        (0x20, Flags::SCHEDULER_3),
    ];
    let set = all.into_iter().filter(|(bit, _)| number & bit != 0);
    set.fold(Flags::NONE, |flags, (_, flag)| flags | flag)
}

fn service(text: &str) -> Service {
    let words = Words::of(text, "SERVICE");
    let af: u32 = words.need("AF");
    let family = if af == 2 { Family::V4 } else { Family::V6 };
    let key = match words.number("FWMARK") {
        Some(mark) => ServiceKey::Mark { family, mark },
        None => ServiceKey::Address {
            protocol: match words.need::<u32>("PROTOCOL") {
                6 => Protocol::Tcp,
                17 => Protocol::Udp,
                other => panic!("protocol {other}"),
            },
            address: words.address("ADDR", af),
            port: words.need("PORT"),
        },
    };
    let mask: u32 = words.need("NETMASK");
    Service {
        key,
        scheduler: words.get("SCHED_NAME").expect("a scheduler").into(),
        flags: flags(&words),
        persistence_engine: words.get("PE_NAME").map(str::to_owned),
        timeout: words.need("TIMEOUT"),
        mask: match family {
            Family::V4 => Mask::V4(mask.to_ne_bytes().into()),
            Family::V6 => Mask::V6(mask),
        },
    }
}

fn destination(text: &str) -> Destination {
    let words = Words::of(text, "DEST");
    let encapsulation = match words.number("TUN_FLAGS").unwrap_or(0_u32) {
        0 => Encapsulation::Plain,
        1 => Encapsulation::Checksum,
        other => panic!("tunnel flags {other}"),
    };
    let tunnel = || match words.need::<u32>("TUN_TYPE") {
        0 => Tunnel::Ipip,
        1 => Tunnel::Gue { port: words.need("TUN_PORT"), encapsulation },
        other => panic!("tunnel type {other}"),
    };
    Destination {
        address: words.address("ADDR", words.need("ADDR_FAMILY")),
        port: words.need("PORT"),
        forward: match words.need::<u32>("FWD_METHOD") {
            0 => Forward::Nat,
            2 => Forward::Tunnel(tunnel()),
            3 => Forward::Direct,
            other => panic!("method {other}"),
        },
        weight: words.need("WEIGHT"),
        upper: words.need("U_THRESH"),
        lower: words.need("L_THRESH"),
    }
}

fn state(words: &Words<'_>) -> SyncState {
    if words.need::<u32>("STATE") == 1 { SyncState::Master } else { SyncState::Backup }
}

fn daemon(text: &str) -> Daemon {
    let words = Words::of(text, "DAEMON");
    Daemon {
        state: state(&words),
        interface: words.get("MCAST_IFN").expect("an interface").into(),
        sync_id: words.need("SYNC_ID"),
        max_len: words.number("SYNC_MAXLEN"),
        port: words.number("MCAST_PORT"),
        ttl: words.number("MCAST_TTL"),
        group: words.get("MCAST_GROUP").map(|group| group.parse().expect("an address")),
    }
}

fn timeouts(text: &str) -> Timeouts {
    let group = format!("T{{{}}}", text.replace(' ', ", "));
    let words = Words::of(&group, "T");
    Timeouts {
        tcp: words.need("TIMEOUT_TCP"),
        tcp_fin: words.need("TIMEOUT_TCP_FIN"),
        udp: words.need("TIMEOUT_UDP"),
    }
}

impl Message {
    /// The command, made from what the corpus says it means.
    fn command(&self) -> Command {
        let text = self.decoded.as_str();
        match self.cmd.as_str() {
            "GET_INFO" => Command::GetInfo,
            "GET_CONFIG" => Command::GetTimeouts,
            "SET_CONFIG" => Command::SetTimeouts(timeouts(text)),
            "NEW_SERVICE" => Command::NewService(service(text)),
            "DEL_SERVICE" => Command::DelService(service(text)),
            "NEW_DEST" => Command::NewDestination(service(text), destination(text)),
            "SET_DEST" => Command::SetDestination(service(text), destination(text)),
            "DEL_DEST" => Command::DelDestination(service(text), destination(text)),
            "NEW_DAEMON" => Command::NewDaemon(daemon(text)),
            "DEL_DAEMON" => {
                let words = Words::of(text, "DAEMON");
                Command::DelDaemon { state: state(&words), sync_id: words.need("SYNC_ID") }
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn every_message_is_read_as_it_was_meant() {
    for message in corpus() {
        let read = Command::decode(&unhex(&message.genl_payload_hex));
        assert_eq!(read, Ok(message.command()), "{}: {}", message.n, message.decoded);
    }
}

#[test]
fn every_message_is_made_again_byte_for_byte() {
    for message in corpus() {
        let made = message.command().encode();
        assert_eq!(made, unhex(&message.genl_payload_hex), "{}: {}", message.n, message.decoded);
    }
}

#[test]
fn every_message_goes_out_as_a_request_that_is_acknowledged() {
    for message in corpus() {
        let (family, sequence) = (0x1c_u16, 7_u32);
        let made = request(family, sequence, &message.command());
        let payload = unhex(&message.genl_payload_hex);
        let length = (payload.len() + 16) as u32;
        let header = [
            &length.to_le_bytes()[..],
            &family.to_le_bytes(),
            &5_u16.to_le_bytes(),
            &sequence.to_le_bytes(),
            &[0; 4],
        ];
        assert_eq!(made, [&header.concat()[..], &payload].concat(), "{}", message.n);
    }
}

#[test]
fn destinations_name_their_service_without_what_persistence_has() {
    let corpus = corpus();
    let services = corpus.iter().filter(|m| m.cmd == "NEW_SERVICE").map(|m| service(&m.decoded));
    let parents: Vec<_> = services.map(|s| s.of_destinations()).collect();
    for message in corpus.iter().filter(|m| m.cmd.ends_with("_DEST")) {
        assert!(parents.contains(&service(&message.decoded)), "{}", message.n);
    }
}

#[test]
fn cut_messages_are_refused_or_lack_what_was_cut() {
    for message in corpus() {
        let whole = unhex(&message.genl_payload_hex);
        let command = message.command();
        for length in 0..whole.len() {
            let read = Command::decode(&whole[..length]);
            let padding = whole[length..].iter().all(|b| *b == 0) && whole.len() - length < 4;
            let optional = matches!(command, Command::SetTimeouts(_) | Command::NewDaemon(_));
            let differs = read.as_ref() != Ok(&command);
            assert!(padding || (optional && differs) || read.is_err(), "{} {length}", message.n);
        }
    }
}
