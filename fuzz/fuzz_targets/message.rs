//! Datagrams, FIFO and serial bytes: nothing panics, and what is accepted means the same after
//! it was written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use wire::heartbeat::classic_stream::Reader;
use wire::heartbeat::{
    Authenticated, Format, Key, Keys, MESSAGE_MAX, Message, Method, decode, decode_local, encode,
    encode_local, ipc,
};

fuzz_target!(|bytes: &[u8]| {
    let keys = BTreeMap::from([(1, Key::new(Method::Md5, "k")), (3, Key::new(Method::Crc, ""))]);
    let keys = Keys::new(1, keys).expect("1 is there");
    let _ = decode(bytes, &keys).and_then(Authenticated::expanded);
    let _ = ipc::split(bytes);
    if let Ok(message) = decode_local(bytes) {
        round_trip(&message, &keys);
    }
    let (mut reader, mut out) = (Reader::new(), Vec::new());
    reader.push(bytes, &mut out);
    for message in out {
        let _ = decode_local(&message);
    }
});

fn round_trip(message: &Message, keys: &Keys) {
    let local = encode_local(message, Format::Netstring);
    if local.len() <= MESSAGE_MAX {
        assert_eq!(decode_local(&local).as_ref(), Ok(message));
    }
    for msgfmt in [Format::Classic, Format::Netstring] {
        let signed = encode(message, Format::Netstring, msgfmt, keys);
        if signed.len() <= MESSAGE_MAX {
            let read = decode(&signed, keys).expect("we signed it");
            let _ = read.expanded();
        }
    }
}
