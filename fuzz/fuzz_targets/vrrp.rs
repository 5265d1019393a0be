//! Packets on protocols 112 and 51: nothing panics, and what is accepted means the same after it
//! was written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;
use wire::vrrp::{
    AhKey, Decoded, GROUP_V6, HmacKey, Password, Path4, Seal, Signer, decode_v4, decode_v6,
    encode_v4, encode_v6,
};

const SOURCE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

fuzz_target!(|bytes: &[u8]| {
    let ah = AhKey::new(&Password::new(*b"secret\0\0"));
    let keys = BTreeMap::from([(9, HmacKey::new(9, b"a longer secret"))]);
    if let Ok(read) = decode_v4(bytes) {
        round_trip_v4(&read, &ah, &keys);
    }
    if let Ok(read) = decode_v6(bytes, SOURCE, GROUP_V6) {
        let written = encode_v6(&read.advert, SOURCE, GROUP_V6, signer(&read, &keys));
        let again = decode_v6(&written, SOURCE, GROUP_V6).expect("we wrote it");
        assert_eq!(again.advert, read.advert);
    }
});

fn round_trip_v4(read: &Decoded<'_>, key: &AhKey, keys: &BTreeMap<u8, HmacKey>) {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (read.source, read.destination) else {
        panic!("IPv4 has no other addresses");
    };
    let _ = read.ah.map(|ah| ah.is_signed_with(key));
    let seal = match (signer(read, keys), read.ah) {
        (Some(signer), _) => Seal::Hmac(signer),
        (None, Some(ah)) => Seal::Ah { key, sequence: ah.sequence },
        (None, None) => Seal::None,
    };
    let path = Path4 { source, destination, ttl: read.ttl.expect("IPv4 has one"), id: 1 };
    let written = encode_v4(&read.advert, path, read.checksum, seal);
    let again = decode_v4(&written).expect("we wrote it");
    assert_eq!((&again.advert, again.ttl), (&read.advert, read.ttl));
}

/// What signs the advert again as it was.
fn signer<'a>(read: &Decoded<'_>, keys: &'a BTreeMap<u8, HmacKey>) -> Option<Signer<'a>> {
    let trailer = read.trailer?;
    let _ = trailer.verify(keys, None, Duration::MAX, None);
    keys.get(&9).map(|key| Signer { key, stamp: trailer.stamp })
}
