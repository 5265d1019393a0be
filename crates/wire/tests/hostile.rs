//! Bytes that kill Heartbeat 3.0.6, and bytes made to kill us, are refused by name; whatever is
//! accepted means the same when it is written and read again.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

use proptest::prelude::*;
use std::collections::BTreeMap;
use wire::heartbeat::{
    Authenticated, Compression, DEPTH_MAX, EXPANDED_MAX, Field, Format, Key, Keys, MESSAGE_MAX,
    Message, Method, Packing, Refused, Value, decode, decode_local, encode, encode_local, pack,
};

fn keys() -> Keys {
    let keys = BTreeMap::from([
        (1, Key::new(Method::Md5, "old")),
        (2, Key::new(Method::Sha1, "new")),
        (3, Key::new(Method::Crc, "")),
    ]);
    Keys::new(1, keys).expect("1 is there")
}

/// The same keys, but another one signs: the other side of a roll-over.
fn keys_after_roll_over() -> Keys {
    let keys =
        BTreeMap::from([(1, Key::new(Method::Md5, "old")), (2, Key::new(Method::Sha1, "new"))]);
    Keys::new(2, keys).expect("2 is there")
}

fn malformed(bytes: &[u8]) -> &'static str {
    match decode_local(bytes) {
        Err(Refused::Malformed(why)) => why,
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

#[test]
fn the_eleven_bytes_that_kill_the_ancestor_are_refused() {
    let killer = b"###\n0:,%%%\n";
    assert_eq!(killer.len(), 11);
    assert_eq!(decode(killer, &keys()), Err(Refused::NoAuth));
    assert_eq!(malformed(killer), "a field without its type");
}

#[test]
fn the_fourteen_bytes_that_kill_the_ancestor_are_refused() {
    let killer = b"###\n3:a=b,%%%\n";
    assert_eq!(killer.len(), 14);
    assert_eq!(decode(killer, &keys()), Err(Refused::NoAuth));
    assert_eq!(malformed(killer), "a field without its type");
}

#[test]
fn a_field_type_beyond_five_is_refused() {
    for digit in (0..=u8::MAX).filter(|d| !(b'0'..=b'5').contains(d)) {
        let netstring = [b"###\n7:(", &[digit][..], b")t=xy,%%%\n"].concat();
        assert!(decode_local(&netstring).is_err(), "({digit})");
    }
    assert_eq!(malformed(b">>>\n(6)t=x\n<<<\n"), "a field of an unknown type");
}

#[test]
fn lengths_that_lie_are_refused() {
    for (length, why) in [
        ("100", "a length beyond the end"),
        ("4294967303", "a length beyond the end"),
        ("99999999999999999999", "a length that is no number"),
        ("-1", "a length that is no number"),
        ("+7", "a length that is no number"),
        ("", "a length that is no number"),
        ("6", "no comma after a field"),
        ("8", "no comma after a field"),
    ] {
        let bytes = format!("###\n{length}:(0)t=ab,%%%\n");
        assert_eq!(malformed(bytes.as_bytes()), why, "{bytes}");
    }
}

#[test]
fn fields_without_a_name_or_an_equals_sign_are_refused() {
    assert_eq!(malformed(b">>>\nabc\n<<<\n"), "a field without `=`");
    assert_eq!(malformed(b">>>\n=abc\n<<<\n"), "a field without a name");
    assert_eq!(malformed(b">>>\n((0)a=abc\n<<<\n"), "a field with an impossible name");
    assert_eq!(malformed(b"###\n6:(0)abc,%%%\n"), "a field without `=`");
    assert_eq!(malformed(b"###\n7:(0)a\nb=,%%%\n"), "a field with an impossible name");
    assert_eq!(malformed(b"###\n4:(0)=,%%%\n"), "a field without a name");
}

#[test]
fn a_nul_ends_a_netstring_text_and_spoils_a_classic_line() {
    let message = decode_local(b"###\n9:(0)t=ab\0c,%%%\n").expect("lengths hold");
    assert_eq!(message.text("t"), Some("ab"));
    assert_eq!(malformed(b">>>\nt=ab\0c\n<<<\n"), "a NUL inside a line");
}

#[test]
fn damaged_base64_is_refused() {
    for bad in ["AAA", "A===", "****", "AAA=AAA=", "AA AA"] {
        let why = malformed(format!(">>>\n(1)u={bad}\n<<<\n").as_bytes());
        assert_eq!(why, "a value that is not base64", "{bad}");
    }
}

#[test]
fn two_messages_run_into_each_other_are_refused_or_one_of_them() {
    // Two writers on the FIFO: the head of the second is a line of the first.
    assert_eq!(malformed(b">>>\nt=a\n>>>\nt=b\n<<<\n<<<\n"), "a field without `=`");
    assert_eq!(malformed(b">>>\nt=a\n"), "no end line");
}

#[test]
fn of_two_fields_with_one_name_the_first_counts() {
    let message = decode_local(b"###\n7:(0)t=on,8:(0)t=two,%%%\n").expect("allowed");
    assert_eq!(message.message_type(), Some("on"));
    assert_eq!(message.fields().len(), 2);
}

#[test]
fn an_empty_value_is_a_value() {
    let message = decode_local(b"###\n8:(0)info=,%%%\n").expect("allowed");
    assert_eq!(message.text("info"), Some(""));
}

#[test]
fn neither_prefix_is_not_ours() {
    for bytes in [&b""[..], b"#", b"hello", b"##\n", b">>", b">>>x\n<<<\n", b"<<<\n", b"%%%\n"] {
        assert!(decode_local(bytes).is_err(), "{}", bytes.escape_ascii());
        assert!(decode(bytes, &keys()).is_err(), "{}", bytes.escape_ascii());
    }
    assert_eq!(decode(b"hello", &keys()), Err(Refused::NotOurs));
}

/// A message nested `depth` deep in each other's field `in`.
fn nested(depth: usize) -> Message {
    (0..depth).fold(Message::of_type("x"), |inner, _| {
        Message::new().with_value("in", Value::Struct(inner))
    })
}

#[test]
fn messages_nest_as_deep_as_the_ancestors_and_no_deeper() {
    for form in [Format::Classic, Format::Netstring] {
        let deepest = nested(DEPTH_MAX);
        assert_eq!(decode_local(&encode_local(&deepest, form)), Ok(deepest), "{form:?}");
    }
    // One deeper, by hand, as our own writer would not.
    let mut deeper = b"###\n%%%\n".to_vec();
    for _ in 0..=DEPTH_MAX {
        let field = [b"(2)in=".as_slice(), &deeper].concat();
        deeper = format!("###\n{}:", field.len()).into_bytes();
        deeper.extend(field);
        deeper.extend(b",%%%\n");
    }
    assert_eq!(decode_local(&deeper), Err(Refused::TooDeep));
}

#[test]
fn a_quarter_megabyte_of_nesting_costs_no_stack() {
    let mut deep = b"###\n%%%\n".to_vec();
    while deep.len() < 60_000 {
        let field = [b"(2)i=".as_slice(), &deep].concat();
        deep = format!("###\n{}:", field.len()).into_bytes();
        deep.extend(field);
        deep.extend(b",%%%\n");
    }
    assert_eq!(decode_local(&deep), Err(Refused::TooDeep));
}

#[test]
fn our_own_too_deep_message_is_cut_not_crashed() {
    for form in [Format::Classic, Format::Netstring] {
        let bytes = encode_local(&nested(DEPTH_MAX + 20), form);
        let read = decode_local(&bytes);
        assert!(matches!(read, Ok(_) | Err(Refused::TooDeep | Refused::Malformed(_))), "{form:?}");
    }
}

#[test]
fn a_message_longer_than_the_ancestors_is_refused_unread() {
    let bytes = vec![b'>'; MESSAGE_MAX + 1];
    assert_eq!(decode(&bytes, &keys()), Err(Refused::TooLong));
    assert_eq!(decode_local(&bytes), Err(Refused::TooLong));
}

#[test]
fn a_wrong_digest_is_refused() {
    for form in [Format::Classic, Format::Netstring] {
        let mut bytes = encode(&Message::of_type("status"), form, Format::Netstring, &keys());
        let at = bytes.windows(6).position(|w| w == b"status").expect("in clear");
        bytes[at] = b'S';
        assert_eq!(decode(&bytes, &keys()), Err(Refused::BadDigest), "{form:?}");
    }
}

#[test]
fn a_key_nobody_has_is_named() {
    for form in [Format::Classic, Format::Netstring] {
        let nine = Keys::new(9, BTreeMap::from([(9, Key::new(Method::Md5, "old"))])).expect("9");
        let bytes = encode(&Message::of_type("status"), form, Format::Classic, &nine);
        assert_eq!(decode(&bytes, &keys()), Err(Refused::UnknownKey(9)), "{form:?}");
    }
}

#[test]
fn unsigned_messages_are_refused() {
    for form in [Format::Classic, Format::Netstring] {
        let bytes = encode_local(&Message::of_type("status"), form);
        assert_eq!(decode(&bytes, &keys()), Err(Refused::NoAuth), "{form:?}");
    }
}

#[test]
fn both_sides_of_a_roll_over_understand_each_other() {
    let (old, new) = (keys(), keys_after_roll_over());
    let message = Message::of_type("status");
    for form in [Format::Classic, Format::Netstring] {
        for (from, to) in [(&old, &new), (&new, &old)] {
            let bytes = encode(&message, form, Format::Classic, from);
            assert_eq!(decode(&bytes, to).expect("verified by its own number").message(), &message);
        }
    }
}

#[test]
fn a_wrong_inner_signature_of_a_netstring_message_is_accepted() {
    let keys = keys();
    let lines = Message::of_type("status").with("auth", "1 0000");
    let unsigned = encode_local(&lines, Format::Netstring);
    let read = decode(&sign_by_crc(&unsigned), &keys).expect("the trailer is right");
    assert_eq!(read.message(), &Message::of_type("status"), "and `auth` is gone");
}

/// `unsigned` with a right trailer by key 3, computed bit by bit as the fact sheet words it.
fn sign_by_crc(unsigned: &[u8]) -> Vec<u8> {
    let mut crc = 0_u32;
    for byte in unsigned {
        crc ^= u32::from(*byte) << 24;
        for _ in 0..8 {
            crc = if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 };
        }
    }
    let trailer = format!("3 {:x}", !crc);
    [unsigned, format!("{}:{trailer},", trailer.len()).as_bytes()].concat()
}

#[test]
fn auth_may_stand_anywhere_in_a_classic_message() {
    let keys = keys();
    let signed = encode(
        &Message::of_type("status").with("st", "up"),
        Format::Classic,
        Format::Classic,
        &keys,
    );
    let text = String::from_utf8(signed).expect("text");
    let mut lines: Vec<_> = text.lines().collect();
    let auth = lines.remove(3);
    assert!(auth.starts_with("auth="), "{text}");
    lines.insert(1, auth);
    let moved = lines.join("\n") + "\n";
    assert_eq!(decode(moved.as_bytes(), &keys).expect(&moved).message().text("st"), Some("up"));
}

#[test]
fn bytes_behind_the_message_are_ignored() {
    for form in [Format::Classic, Format::Netstring] {
        let mut bytes = encode(&Message::of_type("status"), form, Format::Classic, &keys());
        bytes.extend(b"\0garbage");
        assert!(decode(&bytes, &keys()).is_ok(), "{form:?}");
    }
}

#[test]
fn a_type_five_never_leaves_for_another_node() {
    let asked = Message::new().with_value("body", Value::Uncompressed(Message::of_type("x")));
    for form in [Format::Classic, Format::Netstring] {
        let bytes = encode(&asked, form, Format::Classic, &keys());
        let sent = decode(&bytes, &keys()).expect("signed").into_message();
        assert_eq!(sent.get("body"), Some(&Value::Struct(Message::of_type("x"))), "{form:?}");
        assert_eq!(decode_local(&encode_local(&asked, form)), Ok(asked.clone()), "{form:?}");
    }
}

/// A signed packet whose field or whole is `length` zero bytes, compressed.
fn bomb(algorithm: Compression, length: usize, traditional: bool) -> Result<Message, Refused> {
    let body = Message::new().with_value("z", Value::Binary(vec![0; length]));
    let message = if traditional {
        body
    } else {
        Message::new()
            .with_value("one", Value::Uncompressed(body.clone()))
            .with_value("two", Value::Uncompressed(body))
    };
    let packing = Packing { algorithm, threshold: 0, traditional };
    let packed = pack(message, packing, Format::Netstring, &keys());
    let bytes = encode(&packed, Format::Netstring, Format::Netstring, &keys());
    decode(&bytes, &keys()).expect("small on the wire").expanded().map(Authenticated::into_message)
}

#[test]
fn a_decompression_bomb_is_refused() {
    for algorithm in [Compression::Zlib, Compression::Bz2] {
        for traditional in [true, false] {
            let refused = bomb(algorithm, EXPANDED_MAX, traditional);
            assert_eq!(refused, Err(Refused::Bomb), "{algorithm:?} {traditional}");
            assert!(bomb(algorithm, EXPANDED_MAX / 4, traditional).is_ok(), "{algorithm:?}");
        }
    }
}

#[test]
fn two_fields_share_the_bound_of_one_message() {
    assert_eq!(bomb(Compression::Zlib, EXPANDED_MAX / 2 + 1, false), Err(Refused::Bomb));
}

#[test]
fn unknown_and_false_compression_is_refused() {
    let payload = |bytes: &[u8], algorithm: &str| {
        let message = Message::new()
            .with_value("_compressed_payload", Value::Binary(bytes.to_vec()))
            .with("_compression_algorithm", algorithm);
        let bytes = encode(&message, Format::Netstring, Format::Classic, &keys());
        decode(&bytes, &keys()).expect("signed").expanded().err()
    };
    assert_eq!(payload(b"x", "gzip"), Some(Refused::BadCompression));
    assert_eq!(payload(b"not zlib", "zlib"), Some(Refused::BadCompression));
    assert_eq!(payload(b"not bz2", "bz2"), Some(Refused::BadCompression));
    assert_eq!(payload(b"", "bz2"), Some(Refused::BadCompression));
}

#[test]
fn a_short_message_stays_as_it_is() {
    let short = Message::of_type("status").with_value("b", Value::Uncompressed(Message::new()));
    for traditional in [true, false] {
        let packing = Packing { algorithm: Compression::Zlib, threshold: 2048, traditional };
        assert_eq!(pack(short.clone(), packing, Format::Classic, &keys()), short);
    }
}

#[test]
fn the_fuzz_corpus_is_survived() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/message");
    let mut files = 0;
    for file in std::fs::read_dir(corpus).expect("the corpus is committed") {
        let bytes = std::fs::read(file.expect("an entry").path()).expect("readable");
        survive(&bytes);
        files += 1;
    }
    assert!(files >= 10, "{files} files");
}

/// Reads the bytes in every way; what is accepted must mean the same when written again.
fn survive(bytes: &[u8]) {
    if let Ok(read) = decode(bytes, &keys()) {
        let _ = read.expanded();
    }
    if let Ok(message) = decode_local(bytes) {
        for form in [Format::Classic, Format::Netstring] {
            let written = encode_local(&message, form);
            let again = decode_local(&written);
            if form == Format::Netstring && written.len() <= MESSAGE_MAX {
                assert_eq!(again.as_ref(), Ok(&message), "{}", bytes.escape_ascii());
            }
        }
    }
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    "[a-zA-Z_][a-zA-Z0-9_]{0,8}"
        .prop_filter("`auth` is the signature's", |n| n != "auth")
        .prop_map(String::into_bytes)
}

/// Texts without NUL and without the bytes that classic line ends are written as.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(b'\n'), 32..=255_u8], 0..20)
}

fn value() -> impl Strategy<Value = Value> {
    let flat = prop_oneof![
        text().prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Binary),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Compressed),
        prop::collection::vec(text(), 0..4).prop_map(Value::List),
    ];
    flat.prop_recursive(4, 30, 4, |inner| {
        let fields = prop::collection::vec((name(), inner), 0..4);
        let message = fields.prop_map(|fields| {
            fields.into_iter().map(|(name, value)| Field { name, value }).collect::<Message>()
        });
        (message, any::<bool>()).prop_map(|(message, asked)| {
            if asked { Value::Uncompressed(message) } else { Value::Struct(message) }
        })
    })
}

fn message() -> impl Strategy<Value = Message> {
    prop::collection::vec((name(), value()), 0..6)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| Field { name, value }).collect())
}

proptest! {
    #[test]
    fn messages_survive_the_way_through_local_programs(message in message()) {
        for form in [Format::Classic, Format::Netstring] {
            let read = decode_local(&encode_local(&message, form));
            prop_assert_eq!(read.as_ref(), Ok(&message));
        }
    }

    #[test]
    fn signed_messages_survive_the_way_to_other_nodes(message in message()) {
        let classic = encode(&message, Format::Classic, Format::Classic, &keys());
        let read = decode(&classic, &keys()).map(Authenticated::into_message);
        for msgfmt in [Format::Classic, Format::Netstring] {
            let netstring = encode(&message, Format::Netstring, msgfmt, &keys());
            let other = decode(&netstring, &keys()).map(Authenticated::into_message);
            prop_assert_eq!(&read, &other);
        }
        prop_assert!(read.is_ok());
    }

    #[test]
    fn packed_messages_expand_to_what_they_were(message in message(), traditional: bool) {
        let plain = encode(&message, Format::Netstring, Format::Netstring, &keys());
        let plain = decode(&plain, &keys()).map(Authenticated::into_message);
        prop_assume!(message.fields().iter().all(|f| !matches!(f.value, Value::Compressed(_))));
        for algorithm in [Compression::Zlib, Compression::Bz2] {
            let packing = Packing { algorithm, threshold: 0, traditional };
            let packed = pack(message.clone(), packing, Format::Classic, &keys());
            let bytes = encode(&packed, Format::Netstring, Format::Classic, &keys());
            let read = decode(&bytes, &keys()).and_then(Authenticated::expanded).map(Authenticated::into_message);
            prop_assert_eq!(&read, &plain);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survive(&bytes);
        survive(&[b"###\n", &bytes[..]].concat());
        survive(&[b">>>\n", &bytes[..]].concat());
    }

    #[test]
    fn damaged_messages_never_panic(
        message in message(),
        classic: bool,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let form = if classic { Format::Classic } else { Format::Netstring };
        let mut bytes = encode_local(&message, form);
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        survive(&bytes);
    }
}
