//! Every frame captured from keepalived 2.2.7 and 2.4.3 is read as it was meant and made again,
//! byte for byte, from what it means.
//!
//! The corpus lies beside the workspace (`../shared`) or where `HANDOVER_SHARED` says. Without
//! it these tests say so and pass, except in CI.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;
use wire::ethernet::{self, Header, Mac};
use wire::vrrp::{
    self, Advert, AhKey, Auth, Centiseconds, ChecksumForm, Decoded, Dialect, HmacKey, Password,
    Path4, Refusal, Seal, Signer, Stamp, TrailerRefusal, Version, decode_v4, decode_v6, encode_v4,
    encode_v6,
};
use wire::{arp, ndisc};

#[derive(Deserialize)]
struct File {
    name: String,
    packets: Vec<Packet>,
}

#[derive(Deserialize)]
struct Packet {
    frame_hex: String,
    decoded: Fields,
    auth_hmac_trailer: Option<TrailerFields>,
}

#[derive(Deserialize)]
struct Fields {
    eth: Ethernet,
    ip: Option<Ip>,
    ah: Option<AhFields>,
    vrrp: Option<Vrrp>,
    arp: Option<Arp>,
    na: Option<Na>,
}

#[derive(Deserialize)]
struct Ethernet {
    src: String,
}

#[derive(Deserialize)]
struct Ip {
    src: IpAddr,
    dst: IpAddr,
    id: Option<u16>,
    ttl: Option<u8>,
}

#[derive(Deserialize)]
struct AhFields {
    spi: String,
    seq: u32,
}

#[derive(Deserialize)]
struct Vrrp {
    version: u8,
    vrid: u8,
    priority: u8,
    count_ip: usize,
    auth_type: Option<u8>,
    adver_int_s: Option<u8>,
    max_adver_int_cs: Option<u16>,
    addresses: Vec<IpAddr>,
    tail_hex: String,
    checksum_valid_as: Vec<String>,
}

#[derive(Deserialize)]
struct Arp {
    spa: Ipv4Addr,
}

#[derive(Deserialize)]
struct Na {
    #[serde(rename = "R")]
    router: u8,
    target: Ipv6Addr,
}

#[derive(Deserialize)]
struct TrailerFields {
    key_id: u8,
    sec: u32,
    subsec: u16,
    ctr: u16,
}

/// What the corpus' README counts, and of that the adverts.
const FRAMES: usize = 140;
const FILES: usize = 33;

fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).expect("hexadecimal") as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Every file of frames; none without corpus.
fn files() -> Vec<File> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("HANDOVER_SHARED").unwrap_or_else(|_| beside.into());
    let path = PathBuf::from(shared).join("vectors/vrrp");
    let Ok(directory) = std::fs::read_dir(&path) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {}", path.display());
        println!("skipped: no corpus");
        return Vec::new();
    };
    let mut names: Vec<_> = directory.map(|entry| entry.expect("an entry").path()).collect();
    names.sort();
    let stem = |n: &PathBuf| n.file_stem().and_then(|n| n.to_str()).map(str::to_owned);
    names.retain(|n| {
        let frames = stem(n).is_some_and(|stem| !stem.starts_with("60-"));
        frames && n.extension().is_some_and(|e| e == "json")
    });
    assert_eq!(names.len(), FILES);
    let read = |n: &PathBuf| std::fs::read_to_string(n).expect("readable");
    names.iter().map(|n| serde_json::from_str(&read(n)).expect("the corpus' own format")).collect()
}

/// Every frame with the name of its file and its place there.
fn frames() -> Vec<(String, Packet)> {
    let named = |file: File| {
        let name = file.name;
        file.packets.into_iter().enumerate().map(move |(n, p)| (format!("{name}[{n}]"), p))
    };
    let frames: Vec<_> = files().into_iter().flat_map(named).collect();
    assert!(frames.is_empty() || frames.len() == FRAMES, "{}", frames.len());
    frames
}

/// Frames that hold an advert.
fn adverts() -> impl Iterator<Item = (String, Packet)> {
    frames().into_iter().filter(|(_, p)| p.decoded.vrrp.is_some())
}

impl Packet {
    fn vrrp(&self) -> &Vrrp {
        self.decoded.vrrp.as_ref().expect("an advert")
    }

    fn ip(&self) -> &Ip {
        self.decoded.ip.as_ref().expect("an IP packet")
    }

    fn mac(&self) -> Mac {
        self.decoded.eth.src.parse().expect("a hardware address")
    }

    /// What the frame carries, without padding: keepalived's frames have none.
    fn payload(&self) -> Vec<u8> {
        unhex(&self.frame_hex).split_off(ethernet::HEADER_LEN)
    }

    /// The bytes as a raw socket gives them.
    fn bytes(&self) -> Vec<u8> {
        const IPV6_HEADER: usize = 40;
        let mut payload = self.payload();
        if self.ip().src.is_ipv4() { payload } else { payload.split_off(IPV6_HEADER) }
    }

    /// The advert, made from what the corpus says it means.
    fn advert(&self) -> Advert {
        let vrrp = self.vrrp();
        let dialect = if vrrp.version == 2 {
            let tail = unhex(&vrrp.tail_hex);
            let auth = match vrrp.auth_type {
                Some(0) => Auth::None,
                Some(1) => Auth::Password(Password::new(tail[..8].try_into().expect("8 bytes"))),
                Some(2) => Auth::Ah,
                other => panic!("auth type {other:?}"),
            };
            Dialect::V2 { seconds: vrrp.adver_int_s.expect("seconds"), auth }
        } else {
            let interval = vrrp.max_adver_int_cs.and_then(Centiseconds::new);
            Dialect::V3 { interval: interval.expect("12 bits") }
        };
        let addresses = vrrp.addresses.clone();
        Advert { vrid: vrrp.vrid, priority: vrrp.priority, dialect, addresses }
    }

    fn form(&self) -> ChecksumForm {
        match self.vrrp().checksum_valid_as.as_slice() {
            [one] if one == "no-pseudo-header" => ChecksumForm::Plain,
            [one] if one == "ipv4-pseudo-header(dst=224.0.0.18)" => ChecksumForm::GroupPseudoHeader,
            [one] if one == "ipv4-pseudo-header(real dst)" => ChecksumForm::PseudoHeader,
            [one] if one == "ipv6-pseudo-header" => ChecksumForm::PseudoHeader,
            other => panic!("{other:?}"),
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        let fields = self.auth_hmac_trailer.as_ref()?;
        Some(Stamp { seconds: fields.sec, fraction: fields.subsec, counter: fields.ctr })
    }
}

fn decode(bytes: &[u8], ip: &Ip) -> Result<(), Refusal> {
    decoded(bytes, ip).map(drop)
}

fn decoded<'a>(bytes: &'a [u8], ip: &Ip) -> Result<Decoded<'a>, Refusal> {
    match (ip.src, ip.dst) {
        (IpAddr::V4(_), _) => decode_v4(bytes),
        (IpAddr::V6(source), IpAddr::V6(destination)) => decode_v6(bytes, source, destination),
        mixed => panic!("{mixed:?}"),
    }
}

/// The password of all the corpus' authentication headers.
fn ah_key() -> AhKey {
    AhKey::new(&Password::new(*b"1111\0\0\0\0"))
}

/// The one key of the corpus' signed trailers.
fn hmac_key() -> HmacKey {
    let secret: Vec<u8> = (0..32).collect();
    HmacKey::new(1, &secret)
}

fn hmac_keys() -> BTreeMap<u8, HmacKey> {
    BTreeMap::from([(1, hmac_key())])
}

#[test]
fn every_advert_is_read_as_it_was_meant() {
    for (name, packet) in adverts() {
        let bytes = packet.bytes();
        let read = decoded(&bytes, packet.ip()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(read.advert, packet.advert(), "{name}");
        assert_eq!(read.advert.addresses.len(), packet.vrrp().count_ip, "{name}");
        assert_eq!(read.advert.version().number(), packet.vrrp().version, "{name}");
        assert_eq!(read.checksum, packet.form(), "{name}");
        let Ip { src, dst, ttl, .. } = packet.ip();
        assert_eq!((read.source, read.destination, read.ttl), (*src, *dst, *ttl), "{name}");
        assert_eq!(read.ah.is_some(), packet.decoded.ah.is_some(), "{name}");
        assert_eq!(read.trailer.map(|t| t.stamp), packet.stamp(), "{name}");
    }
}

#[test]
fn every_advert_is_made_again_byte_for_byte() {
    let (ah_key, hmac_key) = (ah_key(), hmac_key());
    for (name, packet) in adverts() {
        let signer = packet.stamp().map(|stamp| Signer { key: &hmac_key, stamp });
        let made = match (packet.ip().src, packet.ip().dst) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let ip = packet.ip();
                let (id, ttl) = (ip.id.expect("an id"), ip.ttl.expect("a TTL"));
                let ah = packet.decoded.ah.as_ref();
                let seal = match (ah, signer) {
                    (Some(ah), _) => Seal::Ah { key: &ah_key, sequence: ah.seq },
                    (None, Some(signer)) => Seal::Hmac(signer),
                    (None, None) => Seal::None,
                };
                let path = Path4 { source, destination, ttl, id };
                encode_v4(&packet.advert(), path, packet.form(), seal)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                encode_v6(&packet.advert(), source, destination, signer)
            }
            mixed => panic!("{name}: {mixed:?}"),
        };
        assert_eq!(made, packet.bytes(), "{name}");
    }
}

#[test]
fn authentication_headers_are_right_under_their_password_alone() {
    let other = AhKey::new(&Password::new(*b"1112\0\0\0\0"));
    let mut seen = 0;
    for (name, packet) in adverts() {
        let Some(fields) = &packet.decoded.ah else { continue };
        let bytes = packet.bytes();
        let ah = decode_v4(&bytes).expect(&name).ah.expect(&name);
        assert_eq!(ah.sequence, fields.seq, "{name}");
        assert_eq!(format!("{:#x}", ah.spi), fields.spi, "{name}");
        assert!(ah.is_signed_with(&ah_key()), "{name}");
        assert!(!ah.is_signed_with(&other), "{name}");
        seen += 1;
    }
    assert!(seen == 5 || files().is_empty(), "{seen}");
}

#[test]
fn trailers_count_under_their_key_in_their_time_and_once() {
    let window = Duration::from_secs(5);
    let mut seen = 0;
    for (name, packet) in adverts() {
        let Some(stamp) = packet.stamp() else { continue };
        let bytes = packet.bytes();
        let trailer = decode_v4(&bytes).expect(&name).trailer.expect(&name);
        assert_eq!(Some(trailer.key), packet.auth_hmac_trailer.map(|t| t.key_id), "{name}");
        let at = |seconds: u32| Some(base::WallTime::from_millis(u64::from(seconds) * 1000));
        let keys = hmac_keys();
        for now in [None, at(stamp.seconds), at(stamp.seconds + 5), at(stamp.seconds - 4)] {
            assert_eq!(trailer.verify(&keys, now, window, None), Ok(stamp), "{name} {now:?}");
        }
        let stale = trailer.verify(&keys, at(stamp.seconds + 7), window, None);
        assert!(matches!(stale, Err(TrailerRefusal::Stale(_))), "{name}: {stale:?}");
        let early = trailer.verify(&keys, at(stamp.seconds - 6), window, None);
        assert!(matches!(early, Err(TrailerRefusal::Early(_))), "{name}: {early:?}");
        let again = trailer.verify(&keys, None, window, Some(stamp));
        assert_eq!(again, Err(TrailerRefusal::Replayed), "{name}");
        let nobody = trailer.verify(&BTreeMap::new(), None, window, None);
        assert_eq!(nobody, Err(TrailerRefusal::UnknownKey(1)), "{name}");
        let other = BTreeMap::from([(1, HmacKey::new(1, b"other"))]);
        let refused = trailer.verify(&other, None, window, None);
        assert_eq!(refused, Err(TrailerRefusal::BadSignature), "{name}");
        seen += 1;
    }
    assert!(seen == 3 || files().is_empty(), "{seen}");
}

#[test]
fn any_flipped_bit_of_an_advert_is_noticed() {
    let (ah_key, hmac_keys) = (ah_key(), hmac_keys());
    for (name, packet) in adverts().filter(|(n, _)| !n.contains("timeline")) {
        let bytes = packet.bytes();
        let header = if packet.ip().src.is_ipv4() { 20 } else { 0 };
        for bit in header * 8..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(read) = decoded(&bytes, packet.ip()) else { continue };
            let signed = match (read.ah, read.trailer) {
                (Some(ah), _) => ah.is_signed_with(&ah_key),
                (_, Some(t)) => t.verify(&hmac_keys, None, Duration::MAX, None).is_ok(),
                (None, None) => true,
            };
            assert!(!signed, "{name}: bit {bit}");
        }
    }
}

#[test]
fn cut_adverts_are_refused() {
    for (name, packet) in adverts().filter(|(n, _)| !n.contains("timeline")) {
        let bytes = packet.bytes();
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length], packet.ip()).is_err(), "{name}: {length} bytes");
        }
    }
}

#[test]
fn announcements_are_those_of_the_corpus() {
    let mut seen = (0, 0);
    for (name, packet) in frames() {
        let (frame, mac) = (unhex(&packet.frame_hex), packet.mac());
        if let Some(Arp { spa }) = packet.decoded.arp {
            let made = arp::Packet::virtual_router(mac, spa);
            assert_eq!(arp::Packet::parse(&frame), Some(made), "{name}");
            assert_eq!(made.frame(), frame, "{name}");
            seen.0 += 1;
        }
        if let Some(Na { target, router }) = packet.decoded.na {
            let made = ndisc::Packet::unsolicited(mac, target, router == 1);
            assert_eq!(ndisc::Packet::parse(&frame), Some((mac, made)), "{name}");
            assert_eq!(made.frame(mac), frame, "{name}");
            seen.1 += 1;
        }
    }
    assert!(seen.0 >= 3 && seen.1 == 3 || files().is_empty(), "{seen:?}");
}

#[test]
fn adverts_go_to_the_group_under_its_own_hardware_address() {
    for (name, packet) in adverts() {
        let frame = unhex(&packet.frame_hex);
        let (header, _) = Header::parse(&frame).expect(&name);
        match packet.ip().dst {
            IpAddr::V4(vrrp::GROUP_V4) => {
                assert_eq!(header.destination, Mac([1, 0, 0x5e, 0, 0, 0x12]), "{name}");
            }
            IpAddr::V6(vrrp::GROUP_V6) => {
                assert_eq!(header.destination, ndisc::multicast_mac(vrrp::GROUP_V6), "{name}");
            }
            _ => {}
        }
    }
}

#[test]
fn version_two_over_ipv6_is_the_extension_of_keepalived() {
    for (name, packet) in adverts().filter(|(n, _)| n.starts_with("15-")) {
        let bytes = packet.bytes();
        let read = decoded(&bytes, packet.ip()).expect(&name);
        assert_eq!(read.advert.version(), Version::V2, "{name}");
        assert!(read.source.is_ipv6(), "{name}");
    }
}
