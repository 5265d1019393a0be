//! Whatever is no advert is refused by name, nothing panics, and whatever is written is read as
//! it was meant.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;
use wire::checksum;
use wire::vrrp::{
    ADDRESSES_MAX, Advert, AhKey, Auth, Centiseconds, ChecksumForm, Decoded, Dialect, GROUP_V4,
    GROUP_V6, HmacKey, Password, Path4, Refusal, Seal, Signer, Stamp, TTL, TrailerRefusal,
    decode_v4, decode_v6, encode_v4, encode_v6,
};

const US: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const THEM: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const US_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const TO_ALL: Path4 = Path4 { source: US, destination: GROUP_V4, ttl: TTL, id: 1 };
const TO_ONE: Path4 = Path4 { destination: THEM, ..TO_ALL };
const STAMP: Stamp = Stamp { seconds: 1_700_000_000, fraction: 1 << 15, counter: 3 };
/// Where the message starts in a packet of ours without authentication header, and with one.
const MESSAGE: usize = 20;
const MESSAGE_AFTER_AH: usize = 44;

fn v2(auth: Auth) -> Advert {
    let addresses = vec![Ipv4Addr::new(192, 0, 2, 10).into()];
    Advert { vrid: 7, priority: 100, dialect: Dialect::V2 { seconds: 1, auth }, addresses }
}

fn v3() -> Advert {
    let interval = Centiseconds::new(100).expect("12 bits");
    Advert { dialect: Dialect::V3 { interval }, ..v2(Auth::None) }
}

fn v3_v6() -> Advert {
    Advert { addresses: vec![US_V6.into(), "2001:db8::10".parse().expect("an address")], ..v3() }
}

fn plain(advert: &Advert) -> Vec<u8> {
    encode_v4(advert, TO_ALL, ChecksumForm::Plain, Seal::None)
}

fn ah_key() -> AhKey {
    AhKey::new(&Password::new(*b"secret\0\0"))
}

fn hmac_key() -> HmacKey {
    HmacKey::new(9, b"a longer secret")
}

fn hmac_keys() -> BTreeMap<u8, HmacKey> {
    BTreeMap::from([(9, hmac_key())])
}

/// `packet` with its total length and the checksum of the message at its end made right, so that
/// what is wrong with it is something else.
fn repaired(mut packet: Vec<u8>) -> Vec<u8> {
    let length = u16::try_from(packet.len()).expect("short").to_be_bytes();
    packet[2..4].copy_from_slice(&length);
    packet[MESSAGE + 6..MESSAGE + 8].fill(0);
    let checksum = checksum::internet(&[&packet[MESSAGE..]]).to_be_bytes();
    packet[MESSAGE + 6..MESSAGE + 8].copy_from_slice(&checksum);
    packet
}

/// Why `advert` is refused after `change` and [`repaired`].
fn refusal(advert: &Advert, change: impl FnOnce(&mut Vec<u8>)) -> Option<Refusal> {
    let mut packet = plain(advert);
    change(&mut packet);
    decode_v4(&repaired(packet)).err()
}

#[test]
fn what_is_no_whole_ipv4_packet_is_refused() {
    let packet = plain(&v3());
    for length in 0..packet.len() {
        assert_eq!(decode_v4(&packet[..length]), Err(Refusal::NotIpv4), "{length} bytes");
    }
    for (at, value, why) in [
        (0, 0x65, "version 6"),
        (0, 0x44, "4 words"),
        (0, 0x4f, "15 words, more than there are"),
        (3, 19, "shorter than its header"),
        (3, 33, "longer than it is"),
        (6, 0x20, "more fragments follow"),
        (7, 0x01, "not the first fragment"),
    ] {
        let mut packet = packet.clone();
        packet[at] = value;
        assert_eq!(decode_v4(&packet), Err(Refusal::NotIpv4), "{why}");
    }
}

#[test]
fn padding_behind_the_packet_and_options_before_the_message_are_allowed() {
    let packet = plain(&v3());
    let mut padded = packet.clone();
    padded.resize(46, 0xaa);
    assert_eq!(decode_v4(&padded).map(|d| d.advert), Ok(v3()));
    let mut with_options = [&packet[..MESSAGE], &[1, 1, 1, 0], &packet[MESSAGE..]].concat();
    with_options[0] = 0x46;
    with_options[3] += 4;
    assert_eq!(decode_v4(&with_options).map(|d| d.advert), Ok(v3()));
}

#[test]
fn other_protocols_are_refused() {
    assert_eq!(refusal(&v3(), |p| p[9] = 6), Some(Refusal::Protocol(6)));
}

#[test]
fn malformed_authentication_headers_are_refused() {
    let key = ah_key();
    let seal = Seal::Ah { key: &key, sequence: 1 };
    let packet = encode_v4(&v2(Auth::Ah), TO_ALL, ChecksumForm::Plain, seal);
    assert!(decode_v4(&packet).is_ok());
    for (at, value, why) in [(20, 6, "TCP follows"), (21, 5, "it is longer")] {
        let mut packet = packet.clone();
        packet[at] = value;
        assert_eq!(decode_v4(&packet), Err(Refusal::AuthenticationHeader), "{why}");
    }
    for length in MESSAGE..MESSAGE_AFTER_AH {
        let mut packet = packet[..length].to_vec();
        packet[3] = length as u8;
        assert_eq!(decode_v4(&packet), Err(Refusal::AuthenticationHeader), "{length} bytes");
    }
}

#[test]
fn lengths_that_do_not_fit_the_count_are_refused() {
    assert_eq!(refusal(&v3(), |p| p[MESSAGE + 3] = 2), Some(length(16, 12)));
    assert_eq!(refusal(&v3(), |p| p[MESSAGE + 3] = 0), Some(length(8, 12)));
    assert_eq!(refusal(&v2(Auth::None), |p| p[MESSAGE + 3] = 0xff), Some(length(1036, 20)));
    // The authentication data is missing, though the type says there is none.
    assert_eq!(refusal(&v2(Auth::None), |p| p.truncate(32)), Some(length(20, 12)));
    for tail in (1..28).chain([29, 30, 56]) {
        let found = refusal(&v3(), |p| p.resize(p.len() + tail, 1));
        assert_eq!(found, Some(length(12, 12 + tail)), "{tail} bytes more");
    }
    let mut short = plain(&v3())[..MESSAGE + 7].to_vec();
    short[3] = 27;
    assert_eq!(decode_v4(&short), Err(Refusal::TooShort(7)));
}

const fn length(expected: usize, found: usize) -> Refusal {
    Refusal::Length { expected, found }
}

#[test]
fn unknown_versions_types_and_kinds_of_authentication_are_named() {
    for version in (0..16).filter(|v| ![2, 3].contains(v)) {
        let found = refusal(&v3(), |p| p[MESSAGE] = version << 4 | 1);
        assert_eq!(found, Some(Refusal::Version(version)));
    }
    for kind in (0..16).filter(|k| *k != 1) {
        for advert in [v2(Auth::None), v3()] {
            let version = advert.version().number() << 4;
            let found = refusal(&advert, |p| p[MESSAGE] = version | kind);
            assert_eq!(found, Some(Refusal::Type(kind)));
        }
    }
    for auth in 3..=u8::MAX {
        let found = refusal(&v2(Auth::None), |p| p[MESSAGE + 4] = auth);
        assert_eq!(found, Some(Refusal::AuthType(auth)));
    }
}

#[test]
fn ipv6_has_no_authentication_data() {
    let advert = Advert { addresses: v3_v6().addresses, ..v2(Auth::None) };
    let payload = encode_v6(&advert, US_V6, GROUP_V6, None);
    assert_eq!(decode_v6(&payload, US_V6, GROUP_V6).map(|d| d.advert), Ok(advert.clone()));
    let password = Auth::Password(Password::new(*b"secret\0\0"));
    let dialect = Dialect::V2 { seconds: 1, auth: password };
    assert_eq!(encode_v6(&Advert { dialect, ..advert }, US_V6, GROUP_V6, None), payload);
    for auth in 2..=u8::MAX {
        let mut payload = payload.clone();
        payload[4] = auth;
        assert_eq!(decode_v6(&payload, US_V6, GROUP_V6), Err(Refusal::AuthType(auth)));
    }
}

#[test]
fn a_password_that_keepalived_names_in_ipv6_and_does_not_send_is_none() {
    // What keepalived 2.2.7 sends for `version 2`, `auth_type PASS` and one IPv6 address.
    let source = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x87d, 0xbeff, 0xfe8f, 0x4b8c);
    let address = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x5e, 0x51);
    let fixed = [0x21, 51, 255, 1, 1, 1, 0xcf, 0xe2];
    let payload = [&fixed[..], &address.octets()].concat();
    let read = decode_v6(&payload, source, GROUP_V6).expect("an advert");
    assert_eq!(read.advert.dialect, Dialect::V2 { seconds: 1, auth: Auth::None });
    assert_eq!(read.advert.addresses, [IpAddr::from(address)]);
}

#[test]
fn an_interval_of_nothing_is_refused_and_reserved_bits_are_ignored() {
    let nothing = refusal(&v3(), |p| p[MESSAGE + 4..MESSAGE + 6].copy_from_slice(&[0xf0, 0]));
    assert_eq!(nothing, Some(Refusal::Interval));
    let mut packet = plain(&v3());
    packet[MESSAGE + 4] |= 0xf0;
    assert_eq!(decode_v4(&repaired(packet)).map(|d| d.advert), Ok(v3()));
}

#[test]
fn what_follows_an_advert_is_a_signature_or_refused() {
    let found = refusal(&v3(), |p| {
        let mut trailer = [0; 28];
        trailer[0] = 2;
        p.extend(trailer);
    });
    // The checksum doesn't cover a trailer: that of `repaired` is wrong there.
    assert_eq!(found, Some(Refusal::Checksum));
    let key = hmac_key();
    let signer = Signer { key: &key, stamp: STAMP };
    let mut packet = encode_v4(&v3(), TO_ALL, ChecksumForm::Plain, Seal::Hmac(signer));
    packet[MESSAGE + 12] = 2;
    assert_eq!(decode_v4(&packet), Err(Refusal::Extension(2)));
}

#[test]
fn each_form_of_the_checksum_is_told_from_the_others() {
    use ChecksumForm::{GroupPseudoHeader, Plain, PseudoHeader};
    let form = |advert: &Advert, path, form| {
        let packet = encode_v4(advert, path, form, Seal::None);
        decode_v4(&packet).map(|d| d.checksum)
    };
    for made in [PseudoHeader, GroupPseudoHeader, Plain] {
        assert_eq!(form(&v3(), TO_ONE, made), Ok(made));
        // Version 2 has one form alone.
        assert_eq!(form(&v2(Auth::None), TO_ONE, made), Ok(Plain));
    }
    assert_eq!(form(&v3(), TO_ALL, GroupPseudoHeader), Ok(PseudoHeader), "it is the same then");
    let other_group = Path4 { destination: Ipv4Addr::new(224, 0, 0, 81), ..TO_ALL };
    assert_eq!(form(&v3(), other_group, PseudoHeader), Ok(PseudoHeader));
    assert_eq!(form(&v3(), other_group, GroupPseudoHeader), Err(Refusal::Checksum));
}

#[test]
fn version_two_with_a_pseudo_header_is_refused() {
    let mut packet = plain(&v2(Auth::None));
    let message = packet[MESSAGE..].to_vec();
    let pseudo = [&US.octets()[..], &GROUP_V4.octets(), &[0, 112, 0, 20]].concat();
    let unsummed = [&message[..6], &[0, 0], &message[8..]].concat();
    let checksum = checksum::internet(&[&pseudo, &unsummed]).to_be_bytes();
    packet[MESSAGE + 6..MESSAGE + 8].copy_from_slice(&checksum);
    assert_eq!(decode_v4(&packet), Err(Refusal::Checksum));
}

#[test]
fn an_ipv6_advert_belongs_to_its_ends() {
    let payload = encode_v6(&v3_v6(), US_V6, GROUP_V6, None);
    assert_eq!(decode_v6(&payload, US_V6, GROUP_V6).map(|d| d.advert), Ok(v3_v6()));
    let other = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
    assert_eq!(decode_v6(&payload, other, GROUP_V6), Err(Refusal::Checksum));
    assert_eq!(decode_v6(&payload, US_V6, other), Err(Refusal::Checksum));
}

/// Whether a signed packet is still rightly signed after `change`.
fn ah_survives(path: Path4, change: impl FnOnce(&mut Vec<u8>)) -> bool {
    let key = ah_key();
    let seal = Seal::Ah { key: &key, sequence: 5 };
    let mut packet = encode_v4(&v2(Auth::Ah), path, ChecksumForm::Plain, seal);
    change(&mut packet);
    let read = decode_v4(&packet).expect("an advert");
    let ah = read.ah.expect("signed");
    assert_eq!((ah.spi, ah.sequence), (u32::from(US), 5));
    ah.is_signed_with(&key)
}

#[test]
fn an_authentication_header_covers_what_does_not_change_on_the_way() {
    for path in [TO_ALL, TO_ONE] {
        assert!(ah_survives(path, |_| {}));
        assert!(ah_survives(path, |p| p[1] = 0), "type of service");
        assert!(ah_survives(path, |p| p[6] = 0x40), "don't fragment");
        assert!(ah_survives(path, |p| p[10] ^= 1), "header checksum");
        assert!(!ah_survives(path, |p| p[5] ^= 1), "id");
        assert!(!ah_survives(path, |p| p[19] ^= 1), "destination");
    }
    assert!(ah_survives(TO_ONE, |p| p[8] = 64), "it may have crossed routers");
    assert!(!ah_survives(TO_ALL, |p| p[8] = 64), "it must not have");
}

#[test]
fn a_signature_belongs_to_its_sender() {
    let key = hmac_key();
    let seal = Seal::Hmac(Signer { key: &key, stamp: STAMP });
    let packet = encode_v4(&v3(), TO_ALL, ChecksumForm::Plain, seal);
    let verify = |packet: &[u8]| {
        let trailer = decode_v4(packet).expect("an advert").trailer.expect("signed");
        trailer.verify(&hmac_keys(), None, Duration::ZERO, None)
    };
    assert_eq!(verify(&packet), Ok(STAMP));
    let mut forged = packet.clone();
    forged[12..16].copy_from_slice(&THEM.octets());
    assert_eq!(verify(&forged), Err(TrailerRefusal::BadSignature));
    let mut unknown = packet;
    unknown[MESSAGE + 13] = 8;
    assert_eq!(verify(&unknown), Err(TrailerRefusal::UnknownKey(8)));
}

#[test]
fn ipv6_adverts_are_signed_too() {
    let key = hmac_key();
    let signer = Signer { key: &key, stamp: STAMP };
    let payload = encode_v6(&v3_v6(), US_V6, GROUP_V6, Some(signer));
    let read = decode_v6(&payload, US_V6, GROUP_V6).expect("an advert");
    assert_eq!(read.advert, v3_v6());
    let trailer = read.trailer.expect("signed");
    let now = base::WallTime::from_millis(1_700_000_001_000);
    let verify = |window| trailer.verify(&hmac_keys(), Some(now), window, None);
    let age = Duration::from_millis(500);
    assert_eq!(verify(age), Ok(STAMP));
    assert_eq!(verify(Duration::from_millis(499)), Err(TrailerRefusal::Stale(age)));
}

#[test]
fn more_addresses_than_fit_and_those_of_another_family_are_left_out() {
    let many = (0..300_u32).map(|n| IpAddr::from(Ipv4Addr::from(n)));
    let mixed: Vec<_> = many.flat_map(|v4| [v4, US_V6.into()]).collect();
    let packet = plain(&Advert { addresses: mixed, ..v3() });
    let read = decode_v4(&packet).expect("an advert").advert;
    let fitting: Vec<IpAddr> =
        (0..ADDRESSES_MAX as u32).map(|n| Ipv4Addr::from(n).into()).collect();
    assert_eq!(read.addresses, fitting);
}

#[test]
fn secrets_and_signatures_are_not_printed() {
    let key = ah_key();
    let seal = Seal::Ah { key: &key, sequence: 5 };
    let packet = encode_v4(&v2(Auth::Ah), TO_ALL, ChecksumForm::Plain, seal);
    let printed = format!("{:?} {key:?}", decode_v4(&packet).expect("an advert"));
    assert!(printed.contains("sequence: 5") && !printed.contains("icv"), "{printed}");
    let key = hmac_key();
    let seal = Seal::Hmac(Signer { key: &key, stamp: STAMP });
    let packet = encode_v4(&v3(), TO_ALL, ChecksumForm::Plain, seal);
    let printed = format!("{:?}", decode_v4(&packet).expect("an advert"));
    assert!(printed.contains("key: 9") && !printed.contains("mac"), "{printed}");
}

#[test]
fn the_fuzz_corpus_is_survived_and_each_seed_is_an_advert() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/vrrp");
    let mut files = 0;
    for file in std::fs::read_dir(corpus).expect("the corpus is committed") {
        let path = file.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("readable");
        survive(&bytes);
        let v6 = decode_v6(&bytes, US_V6, GROUP_V6);
        assert!(decode_v4(&bytes).is_ok() || v6.is_ok(), "{}", path.display());
        files += 1;
    }
    assert!(files >= 12, "{files} files");
}

/// Reads the bytes in every way; what is accepted must mean the same when written again.
fn survive(bytes: &[u8]) {
    let (ah_key, hmac_key) = (ah_key(), hmac_key());
    let checked = |read: &Decoded<'_>| {
        let _ = read.ah.map(|ah| ah.is_signed_with(&ah_key));
        let _ = read.trailer.map(|t| t.verify(&hmac_keys(), None, Duration::MAX, None));
        let stamp = read.trailer.map(|t| t.stamp);
        stamp.map(|stamp| Signer { key: &hmac_key, stamp })
    };
    if let Ok(read) = decode_v4(bytes) {
        let seal = match (checked(&read), read.ah) {
            (Some(signer), _) => Seal::Hmac(signer),
            (None, Some(ah)) => Seal::Ah { key: &ah_key, sequence: ah.sequence },
            (None, None) => Seal::None,
        };
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (read.source, read.destination) else {
            panic!("{read:?}");
        };
        let path = Path4 { source, destination, ttl: read.ttl.expect("IPv4 has one"), id: 1 };
        let written = encode_v4(&read.advert, path, read.checksum, seal);
        let again = decode_v4(&written).expect("we wrote it");
        assert_eq!((&again.advert, again.ttl), (&read.advert, read.ttl));
    }
    if let Ok(read) = decode_v6(bytes, US_V6, GROUP_V6) {
        let written = encode_v6(&read.advert, US_V6, GROUP_V6, checked(&read));
        let again = decode_v6(&written, US_V6, GROUP_V6).expect("we wrote it");
        assert_eq!(again.advert, read.advert);
    }
}

fn auth() -> impl Strategy<Value = Auth> {
    let password = any::<[u8; 8]>().prop_map(|bytes| Auth::Password(Password::new(bytes)));
    prop_oneof![Just(Auth::None), password, Just(Auth::Ah)]
}

fn dialect(auth: impl Strategy<Value = Auth>) -> impl Strategy<Value = Dialect> {
    let v2 = (any::<u8>(), auth).prop_map(|(seconds, auth)| Dialect::V2 { seconds, auth });
    let centiseconds = (1..=4095_u16).prop_map(|c| Centiseconds::new(c).expect("12 bits"));
    prop_oneof![v2, centiseconds.prop_map(|interval| Dialect::V3 { interval })]
}

fn advert<A: Into<IpAddr>>(
    dialect: impl Strategy<Value = Dialect>,
    address: impl Strategy<Value = A>,
) -> impl Strategy<Value = Advert> {
    let addresses = prop::collection::vec(address.prop_map(Into::into), 0..20);
    (any::<u8>(), any::<u8>(), dialect, addresses).prop_map(
        |(vrid, priority, dialect, addresses)| Advert { vrid, priority, dialect, addresses },
    )
}

fn stamp() -> impl Strategy<Value = Stamp> {
    any::<(u32, u16, u16)>().prop_map(|(seconds, fraction, counter)| Stamp {
        seconds,
        fraction,
        counter,
    })
}

proptest! {
    #[test]
    fn ipv4_adverts_survive_the_way(
        advert in advert(dialect(auth()), any::<Ipv4Addr>()),
        (to_all, form, seal) in (any::<bool>(), 0..3, 0..3),
        (ttl, id, sequence, stamp) in (any::<u8>(), any::<u16>(), any::<u32>(), stamp()),
    ) {
        let form = [ChecksumForm::PseudoHeader, ChecksumForm::GroupPseudoHeader, ChecksumForm::Plain]
            [form as usize];
        let path = Path4 { ttl, id, ..if to_all { TO_ALL } else { TO_ONE } };
        let (ah_key, hmac_key) = (ah_key(), hmac_key());
        let seal = match seal {
            0 => Seal::None,
            1 => Seal::Ah { key: &ah_key, sequence },
            _ => Seal::Hmac(Signer { key: &hmac_key, stamp }),
        };
        let packet = encode_v4(&advert, path, form, seal);
        let read = decode_v4(&packet);
        prop_assert!(read.is_ok(), "{read:?}");
        let read = read.expect("checked");
        prop_assert_eq!(&read.advert, &advert);
        prop_assert_eq!((read.source, read.destination), (path.source.into(), path.destination.into()));
        prop_assert_eq!(read.ttl, Some(ttl));
        let signed = match seal {
            Seal::None => read.ah.is_none() && read.trailer.is_none(),
            Seal::Ah { .. } => read.ah.is_some_and(|ah| {
                ah.sequence == sequence && ah.is_signed_with(&ah_key)
            }),
            Seal::Hmac(_) => read.trailer.is_some_and(|trailer| {
                trailer.verify(&hmac_keys(), None, Duration::ZERO, None) == Ok(stamp)
            }),
        };
        prop_assert!(signed);
    }

    #[test]
    fn ipv6_adverts_survive_the_way(
        advert in advert(dialect(Just(Auth::None)), any::<Ipv6Addr>()),
        (source, destination) in any::<(Ipv6Addr, Ipv6Addr)>(),
        stamp in prop::option::of(stamp()),
    ) {
        let key = hmac_key();
        let signer = stamp.map(|stamp| Signer { key: &key, stamp });
        let payload = encode_v6(&advert, source, destination, signer);
        let read = decode_v6(&payload, source, destination);
        prop_assert!(read.is_ok(), "{read:?}");
        let read = read.expect("checked");
        prop_assert_eq!(&read.advert, &advert);
        let verified = read.trailer.map(|t| t.verify(&hmac_keys(), None, Duration::ZERO, None));
        prop_assert_eq!(verified, stamp.map(Ok));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survive(&bytes);
        for protocol in [112, 51] {
            let mut packet = plain(&v3())[..MESSAGE].to_vec();
            packet[9] = protocol;
            packet.extend(&bytes);
            packet.resize(packet.len().max(MESSAGE + 8), 0);
            survive(&repaired(packet));
        }
    }

    #[test]
    fn damaged_adverts_never_panic(
        advert in advert(dialect(auth()), any::<Ipv4Addr>()),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut packet = plain(&advert);
        for (at, byte) in cuts {
            let at = at.index(packet.len());
            packet[at] = byte;
        }
        survive(&packet);
        survive(&repaired(packet));
    }
}
